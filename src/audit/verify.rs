//! Proves a folder whole, also while a gateway writes to it.
//!
//! The folder is looked at once: which files, how long. Then the head is read until it counts
//! all that was seen, which in a folder that is being written takes a moment, since records
//! reach the file before the head does. What the head counts does not change any more, so it can
//! be walked over in peace; what was written after the look is the next verification's business.
//! In a folder at rest there is nothing to wait for: the head counts every byte, or it is wrong.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::AuditError;
use super::folder::{self, Listing, remnant_name, segment_name};
use super::hash::Hash;
use super::head::{self, Head, Heads};
use super::key::Key;
use super::walk::{Fault, Stop, Walk};

/// How long a live writer may take to count in the head what it has written. More than the idle
/// time of an outcome and a slow disk's sync together.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at the head.
const PAUSE: Duration = Duration::from_millis(2);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many records hold together, from the first on.
    pub records: u64,
    /// In how many segments.
    pub segments: u64,
    /// The time of the first of these records, as it stands there.
    pub first: Option<String>,
    /// The time of the last.
    pub last: Option<String>,
    /// The hash of the last record; with `records`, what to note elsewhere.
    pub hash: Option<Hash>,
    /// The files that hold what crashes left.
    pub remnants: Vec<String>,
    /// Whether a gateway was writing.
    pub live: bool,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

/// Verifies the log in `dir` with the key in `key_file`.
///
/// Finds any changed, missing, added or moved byte, record, segment or remnant, up to the last
/// committed record; see the limits in [`super`].
///
/// # Errors
/// Where the files or the key cannot be read. A log that does not hold together is no error: it
/// is the report's `fault`.
pub fn verify(dir: &Path, key_file: &Path) -> Result<Report, AuditError> {
    verify_within(dir, key_file, PATIENCE)
}

pub(super) fn verify_within(
    dir: &Path,
    key_file: &Path,
    patience: Duration,
) -> Result<Report, AuditError> {
    let missing = || AuditError::KeyMissing { key_file: key_file.to_owned(), dir: dir.to_owned() };
    // The folder first: where there is no log, a missing key is not the news.
    let logged = folder::holds_log(dir)?;
    let key = Key::load(key_file)?;
    let key =
        key.ok_or_else(|| if logged { missing() } else { AuditError::NoLog(dir.to_owned()) })?;
    let Snapshot { head, listing, live, fault } = snapshot(dir, &key, patience)?;

    let mut walk = Walk::from_start(dir);
    let mut segments = 0;
    let walked = head.map_or(Ok(()), |head| {
        for segment in 1..head.segment {
            walk.whole(segment)?;
            segments += 1;
        }
        walk.up_to(&head)?;
        segments += u64::from(head != Head::START);
        remnants(dir, &walk, &listing)
    });
    let found = match walked {
        Ok(()) => None,
        Err(Stop::Fault(fault)) => Some(fault),
        Err(stop @ Stop::Io(..)) => return Err(stop.error(dir)),
    };
    Ok(Report {
        records: walk.records(),
        segments,
        hash: walk.hash(),
        remnants: walk.remnants.iter().map(|remnant| remnant.file.clone()).collect(),
        first: walk.first,
        last: walk.last,
        live,
        // What the walk found is nearer to the cause than what the look at the folder did.
        fault: found.or(fault),
    })
}

/// A head, and a look at the folder that it has to answer for.
struct Snapshot {
    head: Option<Head>,
    listing: Listing,
    live: bool,
    fault: Option<Fault>,
}

/// Looks at the folder, and reads the head until it counts all that was seen.
fn snapshot(dir: &Path, key: &Key, patience: Duration) -> Result<Snapshot, AuditError> {
    let deadline = Instant::now() + patience;
    let head_path = dir.join(folder::HEAD);
    let mut seen: Option<Listing> = None;
    loop {
        // In this order: a writer that ends after the first question has committed everything
        // by the second, and a head that is read last counts at least what it did before.
        let live = folder::is_live(dir)?;
        let now = folder::list(dir)?;
        let heads = Heads::read(&head_path, key).map_err(AuditError::io("read", &head_path))?;

        let listing = seen.map_or_else(|| now.clone(), |seen| seen.still_in(&now));
        let (head, unsound) = newest(&heads);
        let fault = unsound.or_else(|| head.and_then(|head| uncounted(&listing, &head)));
        // A gateway that has just started may have been at work in a folder that seemed at rest.
        let settled = !live && !folder::is_live(dir)?;
        if fault.is_none() || settled || Instant::now() >= deadline {
            return Ok(Snapshot { head, listing, live, fault });
        }
        seen = Some(listing);
        thread::sleep(PAUSE);
    }
}

/// The head that counts most, and what is wrong with the file.
fn newest(heads: &Heads) -> (Option<Head>, Option<Fault>) {
    let fault = |what: &str| Some(Fault::of_file(folder::HEAD, what));
    match heads {
        Heads::Missing => (None, fault("the head is missing")),
        Heads::Worthless => (None, fault(head::WORTHLESS)),
        Heads::Damaged { whole, damaged } => {
            let what = format!("copy {} of the head was changed, or torn by a crash", damaged + 1);
            (Some(*whole), fault(&what))
        }
        Heads::Whole(first, second) if first.link.seq >= second.link.seq => (Some(*first), None),
        Heads::Whole(_, second) => (Some(*second), None),
    }
}

/// What lies in the folder and is not counted by the head.
fn uncounted(listing: &Listing, head: &Head) -> Option<Fault> {
    if let Some(stray) = listing.strays.first() {
        return Some(Fault::of_file(stray.clone(), "this file is not of the log"));
    }
    let what = "bytes past the last record that the head counts: \
        added, or left by a crash (the next start sets them aside)";
    if listing.segments.get(&head.segment).is_some_and(|length| *length > head.bytes) {
        let fault = Fault::of_file(segment_name(head.segment), what);
        return Some(Fault { byte: head.bytes, ..fault });
    }
    if let Some((segment, _)) = listing.segments.range(head.segment + 1..).next() {
        return Some(Fault::of_file(segment_name(*segment), what));
    }
    let (remnant, _) = listing.remnants.range(head.link.seq + 1..).next()?;
    Some(Fault::of_file(remnant_name(*remnant), "no record tells of this file"))
}

/// Holds the remnants against the records that tell of them.
fn remnants(dir: &Path, walk: &Walk<'_>, listing: &Listing) -> Result<(), Stop> {
    for remnant in &walk.remnants {
        let path = dir.join(&remnant.file);
        let fault = |what: &str| Err(Stop::Fault(Fault::of_file(remnant.file.clone(), what)));
        let (hash, bytes) = match File::open(&path).and_then(Hash::of_reader) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return fault("the file is missing, and a record tells of it");
            }
            Err(error) => return Err(Stop::Io(path, error)),
        };
        if bytes != remnant.bytes || hash.to_string() != remnant.sha256 {
            return fault("the file was changed since its record was written");
        }
    }
    let told = |seq: &u64| walk.remnants.iter().any(|told| told.file == remnant_name(*seq));
    match listing.remnants.keys().find(|seq| !told(seq)) {
        Some(seq) => {
            Err(Stop::Fault(Fault::of_file(remnant_name(*seq), "no record tells of this file")))
        }
        None => Ok(()),
    }
}

impl Listing {
    /// What was seen before and is still there: a write that failed is taken back.
    fn still_in(&self, now: &Self) -> Self {
        let common = |before: &u64, now: Option<&u64>| now.map(|now| *before.min(now));
        let segments = self.segments.iter();
        let segments =
            segments.filter_map(|(at, before)| Some((*at, common(before, now.segments.get(at))?)));
        let remnants = self.remnants.iter();
        let remnants =
            remnants.filter_map(|(at, before)| Some((*at, common(before, now.remnants.get(at))?)));
        let (segments, remnants) = (segments.collect(), remnants.collect());
        Self { segments, remnants, strays: now.strays.clone() }
    }
}
