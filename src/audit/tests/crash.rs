//! The machine stops, at any step of a commit, and with any part of what was not synced lost.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, oneshot};

use super::*;
use crate::audit::disk::Disk;
use crate::audit::folder::segment_name;
use crate::audit::line::Payload;
use crate::audit::queue::{Caller, Entry as Queued, Seat, Waiting};
use crate::audit::{recover, writer::Writer};

/// A file as programs see it, and what of it is on the disk for certain.
#[derive(Clone, Default, PartialEq)]
struct SimFile {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

impl SimFile {
    fn of(bytes: Vec<u8>) -> Self {
        Self { seen: bytes.clone(), synced: bytes }
    }

    /// What may be on the disk after a crash.
    fn after_crash(&self) -> Vec<Vec<u8>> {
        let mut states = vec![self.synced.clone()];
        if self.seen != self.synced {
            states.push(self.seen.clone());
        }
        if let Some(rest) = self.seen.strip_prefix(&self.synced[..])
            && !rest.is_empty()
        {
            let with = |more: &[u8]| [&self.synced[..], more].concat();
            let half = rest.len() / 2;
            states.push(with(&rest[..1]));
            states.push(with(&rest[..half]));
            states.push(with(&rest[..rest.len() - 1]));
            // The length reached the disk, the data did not.
            states.push(with(&vec![0; rest.len()]));
            states.push(with(&[&vec![0; half], &rest[half..]].concat()));
        }
        states
    }
}

type Segments = BTreeMap<u64, Vec<u8>>;

/// A disk in memory.
#[derive(Clone)]
struct Sim {
    segments: BTreeMap<u64, SimFile>,
    current: u64,
    /// Block by block.
    head: [SimFile; 2],
    /// The intents whose callers have heard that they are durable.
    acknowledged: Vec<u64>,
}

impl Sim {
    /// Every folder that a crash may leave: its segments, and its head.
    fn after_crash(&self) -> Vec<(Segments, Vec<u8>)> {
        let heads = |block: &SimFile| {
            let mut states = vec![block.synced.clone()];
            if block.seen != block.synced {
                states.push(block.seen.clone());
                states.push([&block.seen[..150], &block.synced[150..]].concat());
                states.push([&block.synced[..150], &block.seen[150..]].concat());
            }
            states
        };
        let mut folders = vec![BTreeMap::new()];
        for (number, file) in &self.segments {
            folders = folders
                .iter()
                .flat_map(|folder| {
                    file.after_crash().into_iter().map(|state| {
                        let mut folder = folder.clone();
                        folder.insert(*number, state);
                        folder
                    })
                })
                .collect();
        }
        let mut all = Vec::new();
        for folder in &folders {
            for first in heads(&self.head[0]) {
                for second in heads(&self.head[1]) {
                    all.push((folder.clone(), [&first[..], &second].concat()));
                }
            }
        }
        all
    }
}

/// Keeps the state after each step.
struct SimDisk(Arc<Mutex<Vec<Sim>>>);

impl SimDisk {
    fn step(&self, change: impl FnOnce(&mut Sim)) -> io::Result<()> {
        let mut steps = self.0.lock().unwrap();
        let mut next = steps.last().unwrap().clone();
        change(&mut next);
        steps.push(next);
        Ok(())
    }
}

impl Sim {
    fn segment(&mut self) -> &mut SimFile {
        self.segments.get_mut(&self.current).unwrap()
    }
}

impl Disk for SimDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step(|sim| sim.segment().seen.extend_from_slice(bytes))
    }
    fn sync(&mut self) -> io::Result<()> {
        self.step(|sim| sim.segment().synced = sim.segment().seen.clone())
    }
    fn truncate(&mut self, _: u64) -> io::Result<()> {
        panic!("nothing failed");
    }
    fn rotate(&mut self, segment: u64) -> io::Result<()> {
        self.step(|sim| {
            sim.current = segment;
            sim.segments.insert(segment, SimFile::default());
        })
    }
    fn write_head(&mut self, offset: u64, copy: &[u8]) -> io::Result<()> {
        self.step(|sim| sim.head[usize::from(offset != 0)].seen = copy.to_vec())
    }
    fn sync_head(&mut self) -> io::Result<()> {
        self.step(|sim| sim.head.iter_mut().for_each(|block| block.synced = block.seen.clone()))
    }
}

/// Runs groups of statements on a simulated disk; its state after each step.
fn history(place: &Place) -> Vec<Sim> {
    drop(place.open());
    let opened = recover::open(&place.dir, &place.key).unwrap();
    let head = read(&place.file("head"));
    let (first, second) = head.split_at(4096);
    let segment = SimFile::of(read(&place.file(&segment_name(1))));
    let steps = Arc::new(Mutex::new(vec![Sim {
        segments: [(1, segment)].into(),
        current: 1,
        head: [SimFile::of(first.to_vec()), SimFile::of(second.to_vec())],
        acknowledged: Vec::new(),
    }]));
    let mut writer = Writer::new(SimDisk(steps.clone()), opened.signer, opened.durable, 2500);

    let shares = Arc::new(Semaphore::new(1000));
    let share = || shares.clone().try_acquire_owned().unwrap();
    let (queue, entries) = channel();
    for group in 0..6 {
        let mut replies = Vec::new();
        for number in 0..=group % 3 {
            let payload = Payload::intent(&intent(&format!("SELECT {group}, {number}")));
            let (reply, granted) = oneshot::channel();
            let seat = Seat { place: share(), queue: queue.clone(), tally: Arc::default() };
            let caller = Caller::Statement(seat, reply);
            queue.send(Queued::Record(Waiting { payload, space: share(), caller })).unwrap();
            replies.push(granted);
        }
        writer.take(entries.recv().unwrap(), &entries);
        for mut granted in replies {
            let pending = granted.try_recv().unwrap().unwrap();
            steps.lock().unwrap().last_mut().unwrap().acknowledged.push(pending.id());
            pending.finish(outcome());
        }
        if group % 2 == 0 {
            // Outcomes are written behind, and not synced.
            writer.take(entries.recv().unwrap(), &entries);
        }
    }
    let history = steps.lock().unwrap().clone();
    assert!(history.last().unwrap().segments.len() >= 3);
    history
}

#[tokio::test]
async fn whatever_a_crash_leaves_opens_with_all_that_was_acknowledged() {
    let origin = Place::new();
    let mut crashes = 0;
    for (step, sim) in history(&origin).into_iter().enumerate() {
        for (segments, head) in sim.after_crash() {
            crashes += 1;
            let place = Place::new();
            fs::create_dir(&place.dir).unwrap();
            fs::copy(&origin.key, &place.key).unwrap();
            for (number, bytes) in &segments {
                write(&place.file(&segment_name(*number)), bytes);
            }
            write(&place.file("head"), &head);

            let what = format!("step {step}, crash {crashes}");
            let log = AuditLog::open(&place.dir, &place.key)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            drop(log);
            assert_eq!(place.report().fault, None, "{what}");
            let records = place.records();
            for id in &sim.acknowledged {
                let record = &records[usize::try_from(*id).unwrap() - 1];
                assert!(matches!(&record.entry, Entry::Intent(_)), "{what}: {id} is lost");
            }
            // Nothing of what was seen is thrown away.
            let kept = fs::read_dir(&place.dir)
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.file_name() != "head")
                .map(|entry| entry.metadata().unwrap().len())
                .sum::<u64>();
            let seen = segments.values().map(Vec::len).sum::<usize>();
            assert!(kept >= seen as u64, "{what}: {kept} of {seen} bytes");
        }
    }
    assert!(crashes > 200, "{crashes} crashes are too few to tell");
}

/// The recovery may itself be cut short.
#[tokio::test]
async fn a_recovery_that_is_cut_short_is_done_again() {
    let tail = b"{\"v\":1,\"seq\":6,\"time\":";
    for (remnant, beside, successor) in [
        (None, None, Some(&b""[..])),
        (None, None, Some(&tail[..])),
        (None, Some(&tail[..5]), None),
        (Some(&tail[..]), None, None),
        (Some(&tail[..]), Some(&tail[..5]), Some(&b""[..])),
    ] {
        for tail in [&tail[..], b""] {
            let place = Place::new();
            let log = place.open();
            fill(&log, 1).await;
            drop(log);
            let whole = place.report();
            assert_eq!(whole.records, 4);
            let segment = place.file("audit-000001.jsonl");
            write(&segment, &[&read(&segment)[..], tail].concat());
            for (name, bytes) in [
                ("recovered-5.part", remnant),
                ("recovered-5.part.new", beside),
                ("audit-000002.jsonl", successor),
            ] {
                if let Some(bytes) = bytes {
                    write(&place.file(name), bytes);
                }
            }
            drop(place.open());
            let report = place.report();
            assert_eq!(report.fault, None);
            let left = [remnant.unwrap_or_default(), tail, successor.unwrap_or_default()].concat();
            if left.is_empty() {
                assert_eq!(report.records, 4);
            } else {
                assert_eq!(report.records, 5);
                assert_eq!(report.remnants, ["recovered-5.part"]);
                assert_eq!(read(&place.file("recovered-5.part")), left);
            }
            drop(place.open());
            assert_eq!(place.report().records, report.records, "and it is done once");
        }
    }
}

/// A start may be cut short as well.
#[test]
fn a_first_start_that_is_cut_short_is_done_again() {
    let whole = Place::new();
    drop(whole.open());
    for step in 0..4 {
        let place = Place::new();
        fs::create_dir(&place.dir).unwrap();
        write(&place.key.with_extension("key.new"), b"0123");
        if step > 0 {
            fs::copy(&whole.key, &place.key).unwrap();
        }
        if step > 1 {
            let key = crate::audit::key::Key::load(&whole.key).unwrap().unwrap();
            write(&place.file("head"), &crate::audit::head::new_file(&key));
        }
        if step > 2 {
            write(&place.file("audit-000001.jsonl"), b"");
        }
        drop(place.open());
        place.assert_whole();
        assert_eq!(place.report().records, 1);
    }
}
