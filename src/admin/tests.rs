use crate::audit::Counts;
use crate::session::SessionCounts;

use super::metrics::Metrics;
use super::request::{Page, Request, parse};
use super::server::{Response, refused};

const REQUESTS: &str = include_str!("../../tests/data/admin/requests.txt");
const METRICS: &str = include_str!("../../tests/data/admin/metrics.txt");

/// The bytes that a head's text stands for.
fn bytes(lines: &[&str]) -> Vec<u8> {
    let text = lines.join("\r\n");
    let (text, end) = match text.strip_suffix('\\') {
        Some(text) => (text, ""),
        None => (text.as_str(), "\r\n\r\n"),
    };
    let mut bytes = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => bytes.push(match rest.next() {
                Some('n') => b'\n',
                Some('t') => b'\t',
                Some('0') => 0,
                Some('x') => {
                    let digits: String = rest.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).unwrap()
                }
                other => panic!("\\{other:?}"),
            }),
            '*' if rest.peek().is_some_and(char::is_ascii_digit) => {
                let mut digits = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                let (last, times) = (*bytes.last().unwrap(), digits.parse::<usize>().unwrap());
                bytes.resize(bytes.len() + times - 1, last);
            }
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

#[test]
fn requests_become_what_the_cases_say() {
    let (mut head, mut cases, mut wrong) = (Vec::new(), 0, Vec::new());
    for line in REQUESTS.lines().filter(|line| !line.starts_with('#') && !line.starts_with("==")) {
        let Some(expected) = line.strip_prefix("-> ") else {
            head.extend((!line.is_empty()).then_some(line));
            continue;
        };
        let found = match parse(&bytes(&head)) {
            Err(refusal) => refusal.status().to_owned(),
            Ok(Request { page, head_only }) => {
                let page = match page {
                    Page::Health => "health",
                    Page::Readiness => "readiness",
                    Page::Metrics => "metrics",
                };
                format!("{page}{}", if head_only { ", head only" } else { "" })
            }
        };
        if found != expected {
            wrong.push(format!("{head:?}: {found}, not {expected}"));
        }
        head.clear();
        cases += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases > 30, "the cases are gone");
}

#[test]
fn metrics_are_written_as_prometheus_reads_them() {
    let mut within = [0; 12];
    (within[0], within[1], within[11]) = (4, 5, 6);
    let metrics = Metrics {
        sessions: SessionCounts { open: 3, accepted: 7, refused: 2 },
        max_sessions: 500,
        statements: Counts {
            ok: 10,
            refused: 3,
            failed: 2,
            stopped: 1,
            rows: 4711,
            bytes: 99_000,
            within,
            total_us: 123_456_700,
            unwritten: 1,
            failing: false,
        },
        policies_generation: 2,
        policies_broken: true,
    };
    let expected = METRICS.replace("VERSION", env!("CARGO_PKG_VERSION"));
    assert_eq!(metrics.text(), expected);
}

#[test]
fn a_response_is_whole() {
    let response = refused(parse(b"PUT / HTTP/1.1\r\n\r\n").unwrap_err());
    let bytes = String::from_utf8(response.bytes(false)).unwrap();
    assert_eq!(
        bytes,
        "HTTP/1.1 405 Method Not Allowed\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: 23\r\nallow: GET, HEAD\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n405 Method Not Allowed\n"
    );
    let ok = Response { status: "200 OK", kind: "text/plain", body: "ok\n".to_owned() };
    let head = String::from_utf8(ok.bytes(true)).unwrap();
    assert!(head.contains("content-length: 3\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}
