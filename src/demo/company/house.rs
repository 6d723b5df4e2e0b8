//! What makes a gateway of the company's data: configuration, policies, keys.

use std::fs;
use std::path::Path;

use super::Progress;
use crate::demo::DemoError;
use crate::identity::development::{generate_key_file, generate_secret_file};

const CONFIG: &str = include_str!("portcullis.toml");
const POLICIES: [(&str, &str); 2] = [
    ("rows.cedar", include_str!("policies/rows.cedar")),
    ("columns.cedar", include_str!("policies/columns.cedar")),
];

pub(super) fn write(dir: &Path, progress: &mut dyn Progress) -> Result<(), DemoError> {
    progress.begin("policies       Cedar");
    let policies = dir.join("policies");
    fs::create_dir_all(&policies).map_err(DemoError::at(&policies))?;
    for (name, text) in POLICIES {
        let path = policies.join(name);
        fs::write(&path, text).map_err(DemoError::at(&path))?;
    }
    let path = dir.join("portcullis.toml");
    fs::write(&path, CONFIG).map_err(DemoError::at(&path))?;
    progress.done(0);

    progress.begin("keys           Ed25519");
    let keys = dir.join("keys");
    fs::create_dir_all(&keys).map_err(DemoError::at(&keys))?;
    // Never the same twice: a key that everybody can read in the source would be no key.
    let signing_key = keys.join("jwks.json");
    remove(&signing_key)?;
    generate_key_file(&signing_key)?;
    let token_key = keys.join("token.key");
    remove(&token_key)?;
    generate_secret_file(&token_key)?;
    progress.done(0);
    Ok(())
}

/// Removes a file, if there is one.
fn remove(path: &Path) -> Result<(), DemoError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DemoError::at(path)(error))
        }
        _ => Ok(()),
    }
}
