//! Watching the record while it is written, and clients that do as no driver would.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpSocket;

use super::*;

/// The records of a house, as they are now.
pub fn lines(house: &House) -> Vec<Value> {
    let whole = |line: &str| serde_json::from_str(line).ok();
    records(&house.path("audit")).lines().filter_map(whole).collect()
}

/// Waits until a record is as wanted.
pub async fn recorded(house: &House, wanted: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            if let Some(found) = lines(house).into_iter().find(&wanted) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("a record")
}

/// The outcome of the statement with this text, once it is there.
pub async fn outcome(house: &House, query: &str) -> Value {
    let intent = recorded(house, |line| line["query"] == query).await;
    let outcome = |line: &Value| line["kind"] == "outcome" && line["id"] == intent["seq"];
    recorded(house, outcome).await
}

pub async fn session_end(house: &House, user: &str) -> Value {
    recorded(house, |line| line["name"] == "session_end" && line["details"]["principal"] == user)
        .await["details"]
        .clone()
}

pub fn assert_holds(record: &Value, facts: Value) {
    for (name, fact) in facts.as_object().unwrap() {
        assert_eq!(&record[name], fact, "{name} of {record}");
    }
}

pub fn framed(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag], &length[..], body].concat()
}

/// A session without any driver, up to its first ReadyForQuery.
pub async fn raw(served: &Served, user: &str, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Systems take tens of megabytes for a client that does not read.
    socket.set_recv_buffer_size(1 << 16).unwrap();
    let client = socket.connect(([127, 0, 0, 1], served.port).into()).await.unwrap();
    let mut client = client.into_std().unwrap();
    client.set_nonblocking(false).unwrap();
    let startup = format!("\0\x03\0\0user\0{user}\0database\0portcullis\0\0");
    client.write_all(&framed(0, startup.as_bytes())[1..]).unwrap();
    client.write_all(&framed(b'p', format!("{token}\0").as_bytes())).unwrap();
    until_ready(&mut client);
    client
}

/// Reads up to the next ReadyForQuery.
pub fn until_ready(client: &mut TcpStream) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"Z\0\0\0\x05I") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
}
