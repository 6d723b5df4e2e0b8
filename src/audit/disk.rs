//! What the writer does to the files, so that tests can make it fail, or stop at any step.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::folder::{self, segment_name};

/// The files of a log, open for writing.
pub(super) trait Disk: Send + 'static {
    /// Adds to the end of the segment. After an error any part of it may stand there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until what was added is durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the segment back to this length.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// Goes on with this segment, which is new and empty, or empty since an attempt that failed.
    fn rotate(&mut self, segment: u64) -> io::Result<()>;

    /// Overwrites a part of the head.
    fn write_head(&mut self, offset: u64, copy: &[u8]) -> io::Result<()>;

    /// Waits until the head is durable.
    fn sync_head(&mut self) -> io::Result<()>;
}

/// The files themselves.
pub(super) struct Files {
    dir: PathBuf,
    segment: File,
    /// How long the segment is unless an append failed, or someone else wrote to it.
    length: u64,
    /// Someone else wrote to the segment. Nothing is written any more: to cut the segment back
    /// would destroy what they wrote. The next start looks into it.
    intruded: bool,
    head: File,
    /// Holds the folder's lock.
    _lock: File,
}

impl Files {
    /// `segment` is open for appending and `length` bytes long; `head` is open for writing.
    pub(super) fn new(dir: PathBuf, segment: File, length: u64, head: File, lock: File) -> Self {
        Self { dir, segment, length, intruded: false, head, _lock: lock }
    }

    fn refuse_if_intruded(&self) -> io::Result<()> {
        if self.intruded {
            return Err(io::Error::other("the segment was changed by someone else"));
        }
        Ok(())
    }
}

impl Disk for Files {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.intruded |= self.segment.metadata()?.len() != self.length;
        self.refuse_if_intruded()?;
        still_there(&self.segment)?;
        self.segment.write_all(bytes)?;
        self.length += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.segment.sync_data()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        // To make it longer would be to invent records, of zeros.
        self.intruded |= self.segment.metadata()?.len() < bytes;
        self.refuse_if_intruded()?;
        self.segment.set_len(bytes)?;
        self.length = bytes;
        Ok(())
    }

    fn rotate(&mut self, segment: u64) -> io::Result<()> {
        let path = self.dir.join(segment_name(segment));
        let file = folder::private().create(true).append(true).open(path)?;
        if file.metadata()?.len() != 0 {
            return Err(io::Error::other("the next segment exists already"));
        }
        folder::sync(&self.dir)?;
        self.segment = file;
        self.length = 0;
        Ok(())
    }

    fn write_head(&mut self, offset: u64, copy: &[u8]) -> io::Result<()> {
        still_there(&self.head)?;
        self.head.seek(SeekFrom::Start(offset))?;
        self.head.write_all(copy)
    }

    fn sync_head(&mut self) -> io::Result<()> {
        self.head.sync_data()
    }
}

/// An open file that was removed takes bytes, and loses them.
fn still_there(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0 {
        return Err(io::Error::other("the file was removed from the audit folder"));
    }
    let _ = file;
    Ok(())
}
