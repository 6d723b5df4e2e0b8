//! One world: a gateway over the sources with its hidden rows.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis::demo::answer::Answer;
use portcullis::identity::development::generate_key_file;

use super::parts;
use crate::gateway::Gateway;

/// The folder of the test's data.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/worlds")
}

pub struct World(Gateway);

impl World {
    pub async fn open(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        furnish(folder.path(), name);
        Self(Gateway::open(folder).await)
    }

    /// What somebody of this tenant is told.
    pub async fn ask_as(&self, tenant: &str, query: &str) -> Answer {
        self.0.client(tenant).await.ask(query).await
    }
}

fn furnish(folder: &Path, world: &str) {
    let texts = ["lake/sales.csv", "lake/events.json", "lake/letters.csv", "desk.sql"];
    for name in ["portcullis.toml", "policies/rules.cedar"].into_iter().chain(texts) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = fs::read_to_string(data().join(name)).unwrap();
        fs::write(&path, with_hidden_rows(&text, world, &path)).unwrap();
    }
    parts::write(&folder.join("lake/parts.parquet"), world);
    let desk = rusqlite::Connection::open(folder.join("desk.db")).unwrap();
    desk.execute_batch(&fs::read_to_string(folder.join("desk.sql")).unwrap()).unwrap();
    generate_key_file(&folder.join("jwks.json")).unwrap();
}

/// The text with the world's hidden rows in their places, and the bytes that a text file cannot
/// show: `~` is the byte FF, `␀` the byte 00, `{huge}` a megabyte.
fn with_hidden_rows(text: &str, world: &str, path: &Path) -> Vec<u8> {
    let hidden = data().join(world).join(path.file_name().unwrap());
    let hidden = fs::read_to_string(hidden).unwrap_or_default();
    let mut hidden = hidden.split("---\n");
    let mut parts = text.split("{hidden}\n");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        whole.push_str(hidden.next().unwrap_or_default());
        whole.push_str(part);
    }
    assert_eq!(hidden.next().unwrap_or_default(), "", "{} has more hidden rows", path.display());
    if path.extension().is_some_and(|extension| extension == "toml" || extension == "cedar") {
        return whole.into_bytes();
    }
    let whole = whole.replace('␀', "\0").replace("{huge}", &"x".repeat(1 << 20));
    let bytes = whole.into_bytes();
    bytes.split(|byte| *byte == b'~').collect::<Vec<_>>().join(&b"\xff"[..])
}
