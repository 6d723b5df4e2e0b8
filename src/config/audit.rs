//! `[audit]`

use std::path::PathBuf;

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
            // Beside the folder, not in it: a copy of the folder is not to carry the key along.
            None => {
                let mut beside = dir.clone().into_os_string();
                beside.push(".key");
                beside.into()
            }
        };
        Some(Self { dir, key_file })
    }
}
