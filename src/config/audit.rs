//! `[audit]`

use std::path::PathBuf;

use crate::audit::default_key_file;

use super::reader::Section;

/// Where the audit record is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// The folder of the record.
    pub dir: PathBuf,
    /// The key of the chain's head.
    pub key_file: PathBuf,
}

impl Audit {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let dir = match section.text("dir") {
            Some(dir) => dir.filled()?.path(),
            None => section.document.resolve("audit"),
        };
        let key_file = match section.text("key_file") {
            Some(file) => file.filled()?.path(),
            None => default_key_file(&dir),
        };
        Some(Self { dir, key_file })
    }
}
