//! What makes a gateway of the company's data: configuration, policies, keys.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Progress};
use crate::demo::DemoError;
use crate::identity::development::generate_key_file;

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
    write_secret(&keys.join("token.key"), &token_key()?)?;
    progress.done(0);
    Ok(())
}

/// 256 bits for `mask_token`.
fn token_key() -> Result<String, DemoError> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| DemoError::Key)?;
    Ok(format!("{}\n", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Writes a file that its owner alone may read.
fn write_secret(path: &Path, text: &str) -> Result<(), DemoError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    remove(path)?;
    let mut file = options.open(path).map_err(DemoError::at(path))?;
    file.write_all(text.as_bytes()).map_err(DemoError::at(path))
}

/// Removes a file, if there is one.
fn remove(path: &Path) -> Result<(), DemoError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(DemoError::at(path)(error)),
        _ => Ok(()),
    }
}
