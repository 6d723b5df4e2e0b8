//! The key that signs the head.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::{hmac, rand};

use super::error::AuditError;
use super::folder;
use super::hash::{hex, unhex};

/// 64 digits and a newline.
const FILE_BYTES: usize = 65;

/// An HMAC-SHA-256 key (RFC 2104). Never shown: it has no `Debug` and no `Display`.
pub(super) struct Key(hmac::Key);

impl Key {
    /// Reads the key, or `None` where there is no such file.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not 64 lower-case hexadecimal digits and a newline.
    /// A key has one spelling, so that a changed byte of its file does not go unnoticed.
    pub(super) fn load(file: &Path) -> Result<Option<Self>, AuditError> {
        let mut text = Vec::with_capacity(FILE_BYTES + 1);
        let limit = u64::try_from(FILE_BYTES + 1).unwrap_or(u64::MAX);
        match File::open(file) {
            Ok(open) => {
                open.take(limit).read_to_end(&mut text).map_err(AuditError::io("read", file))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AuditError::io("read", file)(error)),
        };
        let digits = text.strip_suffix(b"\n").and_then(unhex);
        let bytes = digits.ok_or_else(|| AuditError::KeyFormat(file.to_owned()))?;
        warn_if_shared(file);
        Ok(Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))))
    }

    /// Makes a new random key and its file, which only the owner may read. There must be none:
    /// it would be replaced.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(super) fn create(file: &Path) -> Result<Self, AuditError> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| {
            AuditError::io("make", file)(io::Error::other("the system gives no random bytes"))
        })?;
        let text = format!("{}\n", hex(&bytes));
        folder::write_whole(file, &mut [&mut text.as_bytes()])
            .map_err(AuditError::io("write", file))?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The code of a message, in hexadecimal.
    pub(super) fn mac(&self, message: &[u8]) -> String {
        hex(hmac::sign(&self.0, message).as_ref())
    }
}

/// Whoever can read the key can forge the log.
fn warn_if_shared(file: &Path) {
    #[cfg(unix)]
    if let Ok(metadata) = file.metadata() {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            tracing::warn!(key_file = %file.display(), "the audit key can be read by other users");
        }
    }
}
