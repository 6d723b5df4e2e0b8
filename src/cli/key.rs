//! `portcullis key`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::Outcome;
use crate::config::{Config, DevelopmentKeys};
use crate::identity::development::{SigningError, generate_key_file, generate_secret_file};

#[derive(clap::Args)]
pub(super) struct Options {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "portcullis.toml")]
    config: PathBuf,
}

/// Why no key is made.
#[derive(Debug, thiserror::Error)]
enum KeyError {
    #[error(
        "the configuration marks no issuer as one for development (`development = true`): an \
         identity provider makes its own keys"
    )]
    NoDevelopmentIssuer,
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error("cannot make the folder \"{}\": {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

pub(super) fn run(options: &Options) -> Outcome {
    let keys = Config::load_development_keys(&options.config)?;
    make(&keys, &mut io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the keys that are absent. Those that are there are left as they are.
fn make(keys: &DevelopmentKeys, out: &mut impl Write) -> Result<(), KeyError> {
    if keys.issuers.is_empty() {
        return Err(KeyError::NoDevelopmentIssuer);
    }
    for (issuer, path) in &keys.issuers {
        let what = format!("signs tokens of \"{issuer}\"");
        one(path, &what, generate_key_file, out)?;
    }
    match &keys.token_key {
        Some(path) => one(path, "is the key for mask_token", generate_secret_file, out),
        None => Ok(()),
    }
}

fn one(
    path: &Path,
    what: &str,
    generate: fn(&Path) -> Result<(), SigningError>,
    out: &mut impl Write,
) -> Result<(), KeyError> {
    let shown = path.display();
    if path.exists() {
        writeln!(out, "kept {shown}: it {what}")?;
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|source| KeyError::Folder { path: folder.to_owned(), source })?;
    }
    generate(path)?;
    writeln!(out, "made {shown}: it {what}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn keys(configuration: &str) -> (tempfile::TempDir, DevelopmentKeys) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("portcullis.toml");
        fs::write(&path, configuration).unwrap();
        let keys = Config::load_development_keys(&path).unwrap();
        (dir, keys)
    }

    #[test]
    fn absent_keys_are_made_and_others_kept() {
        let (dir, keys) = keys(
            "[[identity.jwt]]\nissuer = \"https://a.example\"\njwks = \"keys/jwks.json\"\n\
             development = true\n\
             [[identity.jwt]]\nissuer = \"https://b.example\"\njwks = \"b.json\"\n\
             [policies]\ntoken_key = { file = \"keys/token.key\" }\n",
        );
        let run = || {
            let mut out = Vec::new();
            make(&keys, &mut out).unwrap();
            String::from_utf8(out).unwrap().replace(dir.path().to_str().unwrap(), "DIR")
        };
        let told = "DIR/keys/jwks.json: it signs tokens of \"https://a.example\"\n\
                    VERB DIR/keys/token.key: it is the key for mask_token\n";
        assert_eq!(run(), format!("made {}", told.replace("VERB", "made")));
        let made = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        let before = (made("keys/jwks.json"), made("keys/token.key"));
        assert!(before.1.trim().len() >= 32);
        assert_eq!(run(), format!("kept {}", told.replace("VERB", "kept")));
        assert_eq!(before, (made("keys/jwks.json"), made("keys/token.key")));
        assert!(!dir.path().join("b.json").exists(), "b has an identity provider");
    }

    #[test]
    fn nothing_is_made_for_an_identity_provider() {
        let (dir, keys) = keys(
            "[[identity.jwt]]\nissuer = \"https://b.example\"\njwks = \"b.json\"\n\
             [policies]\ntoken_key = { file = \"token.key\" }\n",
        );
        let error = make(&keys, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, KeyError::NoDevelopmentIssuer), "{error}");
        assert!(!dir.path().join("token.key").exists());
    }
}
