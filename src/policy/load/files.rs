//! The files of a policy folder.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::fault::PolicyFault;
use crate::policy::schema::GeneratedSchema;

/// The largest policy file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// The most policy files in a folder.
const MAX_FILES: usize = 1_000;

/// The text of a policy file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyFile {
    /// The name within the folder, `rows.cedar`; what stands before `.cedar` begins the ids of
    /// its policies.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// The texts of a folder's policy files.
///
/// # Errors
/// Where the folder or one of the files cannot be read, or they are too large or too many.
pub(super) fn read(dir: &Path) -> Result<Vec<PolicyFile>, Vec<PolicyFault>> {
    let folder = dir.display().to_string();
    let of_dir = |error: std::io::Error| vec![PolicyFault::of_file(folder.clone(), error)];
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(of_dir)? {
        let entry = entry.map_err(of_dir)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".cedar") || name.starts_with('.') {
            continue;
        }
        if files.len() == MAX_FILES {
            let reason = format!("holds more than {MAX_FILES} policy files");
            return Err(vec![PolicyFault::of_file(folder, reason)]);
        }
        match read_file(&entry.path()) {
            Ok(text) => files.push(PolicyFile { name, text }),
            Err(error) => faults.push(PolicyFault::of_file(name, error)),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

fn read_file(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > MAX_FILE_BYTES {
        let reason = format!("is larger than {MAX_FILE_BYTES} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, reason));
    }
    std::fs::read_to_string(path)
}

/// SHA-256, in hexadecimal, of the schema and the files, which are sorted.
pub(super) fn hash(files: &[PolicyFile], schema: &GeneratedSchema) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        // With its length before it, no text can pass for the end of another.
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    };
    add(schema.text());
    for file in files {
        add(&file.name);
        add(&file.text);
    }
    format!("{:x}", hasher.finalize())
}
