//! The files of the folder: their names, and what is there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::AuditError;

/// The signed count of what is committed.
pub(super) const HEAD: &str = "head";

/// Locked by whoever writes; empty.
const LOCK: &str = "lock";

/// How often, and how far apart, a folder in use is asked for: `verify` looks at the lock for a
/// moment, and must not keep a gateway from starting.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Where the key of a folder lies unless somebody says otherwise: beside the folder, not in it,
/// so that a copy of the folder does not carry the key along.
pub fn default_key_file(dir: &Path) -> PathBuf {
    let named = match dir.file_name() {
        Some(_) => dir.to_owned(),
        // `.` and `..` have no name of their own.
        None => dir.canonicalize().unwrap_or_else(|_| dir.to_owned()),
    };
    let mut name = named.file_name().unwrap_or(OsStr::new("audit")).to_owned();
    name.push(".key");
    named.with_file_name(name)
}

/// The name of a segment. Segments count from 1.
pub(super) fn segment_name(segment: u64) -> String {
    format!("audit-{segment:06}.jsonl")
}

/// The name of the file that holds what a crash left from this record on.
pub(super) fn remnant_name(seq: u64) -> String {
    format!("recovered-{seq}.part")
}

/// What lies in a folder, at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// The segments and their lengths in bytes.
    pub(super) segments: BTreeMap<u64, u64>,
    /// The remnants, by the record that they start from.
    pub(super) remnants: BTreeMap<u64, u64>,
    /// What looks like a file of the log and cannot be one.
    pub(super) strays: Vec<String>,
}

/// Lists a folder.
pub(super) fn list(dir: &Path) -> Result<Listing, AuditError> {
    let mut listing = Listing::default();
    let entries = fs::read_dir(dir).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AuditError::NoFolder(dir.to_owned()),
        _ => AuditError::io("list", dir)(error),
    })?;
    for entry in entries {
        let entry = entry.map_err(AuditError::io("list", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !looks_like_ours(&name) {
            continue;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Gone since: a remnant being moved to its name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(AuditError::io("read", &entry.path())(error)),
        };
        let number = |prefix: &str, suffix: &str, spell: fn(u64) -> String| {
            let number = name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok()?;
            (spell(number) == name && number > 0 && metadata.is_file()).then_some(number)
        };
        if let Some(segment) = number("audit-", ".jsonl", segment_name) {
            listing.segments.insert(segment, metadata.len());
        } else if let Some(seq) = number("recovered-", ".part", remnant_name) {
            listing.remnants.insert(seq, metadata.len());
        } else {
            listing.strays.push(name);
        }
    }
    listing.strays.sort();
    Ok(listing)
}

/// Whether there is a log in a folder, or what is left of one.
pub(super) fn holds_log(dir: &Path) -> Result<bool, AuditError> {
    let Listing { segments, remnants, strays } = list(dir)?;
    let nothing = segments.is_empty() && remnants.is_empty() && strays.is_empty();
    Ok(!nothing || dir.join(HEAD).exists())
}

/// Whether a reader of the folder might take the file for a part of the log.
fn looks_like_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if name.ends_with(".part.new") {
        // Of a remnant that is being written, or was when the machine stopped.
        return false;
    }
    name.starts_with("audit-") || name.starts_with("recovered-") || name.ends_with(".jsonl")
}

/// Makes the folder where it is missing, for its owner alone, and takes its lock, which the file
/// that is returned holds until it is closed.
pub(super) fn lock(dir: &Path) -> Result<File, AuditError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(AuditError::io("make", dir))?;
    let path = dir.join(LOCK);
    let open = private().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(AuditError::io("open", &path))?;
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Err(AuditError::Locked(dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(AuditError::io("lock", &path)(error)),
        }
    }
    Ok(file)
}

/// Whether someone holds the lock now.
pub(super) fn is_live(dir: &Path) -> Result<bool, AuditError> {
    let path = dir.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(AuditError::io("open", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(AuditError::io("lock", &path)(error)),
    }
}

/// For files that only the gateway's own user may read.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes or replaces a file with what these readers give, one after the other: durable, and at
/// no moment only a part of it.
pub(super) fn write_whole(path: &Path, parts: &mut [&mut dyn Read]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = private().create(true).write(true).truncate(true).open(&beside)?;
    for part in parts {
        io::copy(part, &mut file)?;
    }
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync(path.parent().unwrap_or(Path::new("")))
}

/// Makes the folder's own entries durable: files that were made, renamed or removed.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir)?.sync_all()
}
