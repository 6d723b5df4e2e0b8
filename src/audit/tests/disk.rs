//! The files of a log, with what a test does before each step of the writer.

use std::io;

use super::Place;
use crate::audit::disk::{Disk, Files};
use crate::audit::log::AuditLog;
use crate::audit::{recover, writer::Writer};

/// One step, as [`Disk`] has them.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Append(&'a [u8]),
    Sync,
    Truncate(u64),
    Rotate(u64),
    WriteHead(u64, &'a [u8]),
    SyncHead,
}

impl Step<'_> {
    /// Takes it.
    pub(super) fn on(self, files: &mut Files) -> io::Result<()> {
        match self {
            Self::Append(bytes) => files.append(bytes),
            Self::Sync => files.sync(),
            Self::Truncate(bytes) => files.truncate(bytes),
            Self::Rotate(segment) => files.rotate(segment),
            Self::WriteHead(offset, copy) => files.write_head(offset, copy),
            Self::SyncHead => files.sync_head(),
        }
    }
}

/// A log on files of which each step is taken by `step`.
pub(super) fn log_with<F>(place: &Place, segment_bytes: u64, step: F) -> AuditLog
where
    F: FnMut(Step<'_>, &mut Files) -> io::Result<()> + Send + 'static,
{
    drop(place.open());
    let opened = recover::open(&place.dir, &place.key).unwrap();
    let disk = Stepped { files: opened.files, step };
    AuditLog::start(Writer::new(disk, opened.signer, opened.durable, segment_bytes)).unwrap()
}

struct Stepped<F> {
    files: Files,
    step: F,
}

impl<F> Disk for Stepped<F>
where
    F: FnMut(Step<'_>, &mut Files) -> io::Result<()> + Send + 'static,
{
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (self.step)(Step::Append(bytes), &mut self.files)
    }
    fn sync(&mut self) -> io::Result<()> {
        (self.step)(Step::Sync, &mut self.files)
    }
    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        (self.step)(Step::Truncate(bytes), &mut self.files)
    }
    fn rotate(&mut self, segment: u64) -> io::Result<()> {
        (self.step)(Step::Rotate(segment), &mut self.files)
    }
    fn write_head(&mut self, offset: u64, copy: &[u8]) -> io::Result<()> {
        (self.step)(Step::WriteHead(offset, copy), &mut self.files)
    }
    fn sync_head(&mut self) -> io::Result<()> {
        (self.step)(Step::SyncHead, &mut self.files)
    }
}
