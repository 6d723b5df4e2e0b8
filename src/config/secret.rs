//! Values that are never shown.

use std::fmt;
use std::fs;

use super::reader::Section;

/// A credential. It has no `Display`, and `Debug` does not show it; whoever uses it has to say so.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the credential.
    pub fn new(credential: impl Into<String>) -> Self {
        Self(credential.into())
    }

    /// The credential itself, for the one place that presents it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// As [`Secret::read`], but takes a plain text too, unless `is_secret` finds a credential in it.
    pub(super) fn read_unless(
        section: &Section<'_>,
        key: &'static str,
        is_secret: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let found = section.value(key)?;
        if !found.value.is_str() {
            return Self::read(section, key);
        }
        let text = found.text()?.filled()?;
        if is_secret(text.value) {
            return text.fault(
                "holds a password; write { env = \"…\" } or { file = \"…\" } and keep it out of \
                 this file",
            );
        }
        Some(Self::new(text.value))
    }

    /// Reads `key = { env = "…" }` or `key = { file = "…" }`. Of a file, the line end at its end
    /// does not count.
    pub(super) fn read(section: &Section<'_>, key: &'static str) -> Option<Self> {
        section.optional_table(key, |secret| match (secret.text("env"), secret.text("file")) {
            (Some(name), None) => match secret.document.environment(name.value) {
                Some(value) if !value.is_empty() => Some(Self(value)),
                _ => name.fault(format!(
                    "names the environment variable \"{}\", which is not set",
                    name.value.escape_debug()
                )),
            },
            (None, Some(file)) => {
                let path = file.path();
                match fs::read_to_string(&path) {
                    Ok(text) => match text.trim_end_matches(['\n', '\r']) {
                        "" => file.fault(format!("names \"{}\", which is empty", path.display())),
                        value => Some(Self::new(value)),
                    },
                    Err(error) => file.fault(format!(
                        "names \"{}\", which cannot be read: {error}",
                        path.display()
                    )),
                }
            }
            (Some(_), Some(_)) => {
                secret.fault("takes one of \"env\" and \"file\", not both");
                None
            }
            (None, None) => {
                if !secret.has("env") && !secret.has("file") {
                    secret.fault("takes \"env\" or \"file\"");
                }
                None
            }
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
