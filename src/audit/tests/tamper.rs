//! Whatever is changed in a folder at rest, `verify` finds it.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use chrono::Utc;

use super::*;
use crate::audit::error::AuditError;
use crate::audit::hash::Hash;
use crate::audit::line::{self, Link, Payload};

/// A log of about 35 records in some segments, with one crash in its history.
async fn victim() -> Place {
    let place = Place::new();
    let open = || AuditLog::open_with(&place.dir, &place.key, 6000).unwrap();
    let log = open();
    fill(&log, 8).await;
    drop(log);
    let last = place.file(&segments(&place).pop().unwrap());
    write(&last, &[&read(&last)[..], b"{\"v\":1,\"seq\":99,"].concat());
    let log = open();
    fill(&log, 7).await;
    drop(log);
    let report = place.report();
    assert_eq!(report.fault, None);
    assert_eq!(report.remnants.len(), 1);
    assert!((30..50).contains(&report.records), "{report:?}");
    assert!(report.segments >= 3, "{report:?}");
    place
}

fn segments(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(&place.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    names.sort();
    names
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

#[tokio::test]
async fn any_changed_byte_is_found_where_it_stands() {
    let place = victim().await;
    let remnant = place.report().remnants;
    let names = [segments(&place), remnant, vec!["head".to_owned()]].concat();
    for name in names {
        let path = place.file(&name);
        let text = read(&path);
        let mut file = fs::File::options().write(true).open(&path).unwrap();
        let mut put = |at: usize, byte: u8| {
            file.seek(SeekFrom::Start(at as u64)).unwrap();
            file.write_all(&[byte]).unwrap();
        };
        let mut line = 1;
        for (at, byte) in text.iter().copied().enumerate() {
            put(at, byte ^ [0x01, 0x20, 0x80][at % 3]);
            let fault = place.report().fault.unwrap_or_else(|| panic!("{name}, byte {at}"));
            put(at, byte);
            assert_eq!(fault.file, name, "byte {at}: {fault}");
            if name.ends_with(".jsonl") {
                assert_eq!(fault.line, Some(line), "byte {at}: {fault}");
            }
            line += u64::from(byte == b'\n');
        }
    }
    place.assert_whole();
}

#[tokio::test]
async fn any_change_of_lines_is_found() {
    let place = victim().await;
    for name in segments(&place) {
        let path = place.file(&name);
        let text = read(&path);
        let lines = lines(&text);
        let check = |changed: &[&[u8]], what: &str, at: usize| {
            write(&path, &changed.concat());
            let report = place.report();
            assert!(report.fault.is_some(), "{name}, line {at}: {what}");
        };
        for at in 0..lines.len() {
            let (before, from) = lines.split_at(at);
            let (this, after) = (from[0], &from[1..]);
            check(&[before, after].concat(), "deleted", at);
            check(&[before, &[this, this], after].concat(), "doubled", at);
            check(&[before, &[b"\n"], from].concat(), "an empty line inserted", at);
            check(&[before, &[b" "], from].concat(), "a space inserted", at);
            check(before, "cut before it", at);
            check(&[before, &[&this[..this.len() / 2]]].concat(), "cut in the middle", at);
            check(&[before, &[&this[..this.len() - 1]]].concat(), "cut before its end", at);
            check(&[before, &[&this[..this.len() / 2], b"\n"], after].concat(), "halved", at);
            if let Some((next, rest)) = after.split_first() {
                check(&[before, &[next, this], rest].concat(), "swapped", at);
            }
        }
        check(&[&text, b"\n"], "a newline added", lines.len());
        write(&path, &text);
    }
    place.assert_whole();
}

#[tokio::test]
async fn files_that_are_missing_added_or_moved_are_found() {
    let place = victim().await;
    let names = segments(&place);
    let found = |what: &str| place.report().fault.unwrap_or_else(|| panic!("{what}")).file;

    for name in names.iter().chain(&place.report().remnants).chain(&["head".to_owned()]) {
        let away = place.dir.with_extension("away");
        fs::rename(place.file(name), &away).unwrap();
        assert_eq!(found("a file is missing"), *name);
        fs::rename(&away, place.file(name)).unwrap();
    }
    let next = format!("audit-{:06}.jsonl", names.len() + 1);
    for added in [
        &next,
        "audit-000009.jsonl",
        "audit-1.jsonl",
        "AUDIT-2.JSONL",
        "recovered-3.part",
        "recovered-9999.part",
        "audit-000001.jsonl.bak",
    ] {
        for text in [Vec::new(), read(&place.file(&names[0]))] {
            write(&place.file(added), &text);
            assert_eq!(found("a file is added"), *added);
            fs::remove_file(place.file(added)).unwrap();
        }
    }
    let [one, two] = [place.file(&names[0]), place.file(&names[1])];
    let (first, second) = (read(&one), read(&two));
    write(&one, &second);
    write(&two, &first);
    found("segments are swapped");

    // The chain is unbroken by these, but the records are not where they were written.
    let (rest, last) = first.split_at(first.len() - lines(&first).pop().unwrap().len());
    write(&one, rest);
    write(&two, &[last, &second].concat());
    found("a record is moved to the next segment");
    let (opening, rest) = second.split_at(lines(&second)[0].len());
    write(&one, &[&first, opening].concat());
    write(&two, rest);
    found("a record is moved to the segment before");
    write(&one, &first);
    write(&two, &second);
    place.assert_whole();
}

#[tokio::test]
async fn an_older_head_or_a_head_of_other_length_is_found() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 3).await;
    drop(log);
    let (head, segment) = (place.file("head"), place.file("audit-000001.jsonl"));
    let (old_head, old_segment) = (read(&head), read(&segment));
    let log = place.open();
    fill(&log, 3).await;
    drop(log);
    let (new_head, new_segment) = (read(&head), read(&segment));
    place.assert_whole();

    write(&head, &old_head);
    assert!(place.report().fault.is_some(), "records past the head");
    write(&head, &new_head);
    write(&segment, &old_segment);
    assert!(place.report().fault.is_some(), "a tail cut off at a whole commit");
    assert!(matches!(AuditLog::open(&place.dir, &place.key), Err(AuditError::Damaged { .. })));
    write(&segment, &new_segment);
    for changed in [&new_head[..4096], &new_head[..8191], &[&new_head[..], b"\n"].concat(), b""] {
        write(&head, changed);
        assert_eq!(place.report().fault.unwrap().file, "head");
    }
    write(&head, &new_head);
    place.assert_whole();
}

/// Whoever knows the format but not the key can make a chain that is right in itself.
#[tokio::test]
async fn a_chain_made_anew_without_the_key_is_found() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 3).await;
    drop(log);
    let path = place.file("audit-000001.jsonl");
    let original = read(&path);

    let (_, hash) = line::split(lines(&original).pop().unwrap()).unwrap();
    let mut link = Link { seq: lines(&original).len() as u64, hash };
    let mut longer = original.clone();
    link.extend(&mut longer, Utc::now(), &Payload::intent(&intent("SELECT 'added'")));
    write(&path, &longer);
    let fault = place.report().fault.unwrap();
    assert_eq!((fault.file.as_str(), fault.byte), ("audit-000001.jsonl", original.len() as u64));

    // As many records and as many bytes as before, and every hash right.
    let mut rewritten = Vec::new();
    let mut prev = Hash::NONE.to_string();
    for line in lines(&original) {
        let (hashed, _) = line::split(line).unwrap();
        let text = std::str::from_utf8(hashed).unwrap().replace("SELECT 1", "SELECT 9");
        let (text, _) = text.split_once(r#","prev":"#).unwrap();
        let text = format!(r#"{text},"prev":"{prev}""#);
        prev = Hash::of(text.as_bytes()).to_string();
        rewritten.extend_from_slice(format!("{text},\"hash\":\"{prev}\"}}\n").as_bytes());
    }
    assert_eq!(rewritten.len(), original.len());
    write(&path, &rewritten);
    let report = place.report();
    assert_eq!(report.fault.unwrap().what, "the head was signed over other records than these");
    assert!(matches!(AuditLog::open(&place.dir, &place.key), Err(AuditError::Damaged { .. })));
    write(&path, &original);
    place.assert_whole();
}

/// A line of a record with another text, and the hash that fits it.
fn rehashed(line: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let (hashed, _) = line::split(line).unwrap();
    let text = change(std::str::from_utf8(hashed).unwrap());
    let hash = Hash::of(text.as_bytes());
    format!("{text},\"hash\":\"{hash}\"}}\n").into_bytes()
}

/// What is wrong is told by its name and place, not only by the head in the end.
#[tokio::test]
async fn a_fault_is_told_as_what_it_is() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 2).await;
    drop(log);
    let path = place.file("audit-000001.jsonl");
    let original = read(&path);
    let lines = lines(&original);
    assert_eq!(lines.len(), 6);
    let third = |change: &dyn Fn(&str) -> String| {
        [&lines[..2].concat(), &rehashed(lines[2], change)[..], &lines[3..].concat()].concat()
    };
    let replaced = |from: &'static str, to: &'static str| {
        move |text: &str| {
            assert!(text.contains(from), "{text}");
            text.replace(from, to)
        }
    };
    for (text, line, what) in [
        (third(&|text| text.to_owned()), None, ""),
        (
            third(&replaced("SELECT 0", "SELECT 5")),
            Some(4),
            "the record does not follow from the one before it",
        ),
        (
            third(&replaced(r#""seq":3"#, r#""seq":5"#)),
            Some(3),
            "record 5 stands where record 3 ought to be",
        ),
        (
            third(&replaced(r#"{"v":1"#, r#"{"v":2"#)),
            Some(3),
            "the record has the unknown version 2",
        ),
        (
            third(&replaced(
                r#""kind":"intent""#,
                r#""kind":"log","name":"segment","details":{"segment":1}"#,
            )),
            Some(3),
            "the record belongs to another segment",
        ),
        (
            third(&replaced(r#","prev":""#, r#","prev":"0"#)),
            Some(3),
            "the record names no hash before it",
        ),
        (lines[..4].concat(), Some(5), "the log ends with record 4, the head counts 6"),
        (lines[..1].concat(), Some(2), "the log ends with record 1, the head counts 6"),
        (original[..original.len() - 1].to_vec(), Some(6), "the line is cut off"),
    ] {
        write(&path, &text);
        let fault = place.report().fault;
        let told = fault.as_ref().map_or("", |fault| &fault.what);
        assert_eq!((fault.as_ref().and_then(|fault| fault.line), told), (line, what));
    }
    write(&path, &original);
    place.assert_whole();
}

#[tokio::test]
async fn a_gateway_does_not_go_on_from_a_log_that_was_changed() {
    let place = victim().await;
    let name = segments(&place).pop().unwrap();
    let path = place.file(&name);
    let text = read(&path);
    for at in (0..text.len()).step_by(101) {
        let mut changed = text.clone();
        changed[at] ^= 1;
        write(&path, &changed);
        let error = AuditLog::open(&place.dir, &place.key).unwrap_err();
        assert!(matches!(&error, AuditError::Damaged { fault, .. } if fault.file == name));
    }
    write(&path, &text);

    fs::remove_file(place.file("audit-000001.jsonl")).unwrap();
    assert!(matches!(AuditLog::open(&place.dir, &place.key), Err(AuditError::Damaged { .. })));
}
