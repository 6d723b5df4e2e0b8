//! Limits, interruptions and endings, seen from both sides.

use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// The startup packet of alice.
const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0alice\0\0";

/// Plays a few lines against a running server.
async fn play(running: &Running, lines: &str) {
    let text = format!("== here\n{lines}");
    for dialogue in dialogue::parse(&text) {
        dialogue.play("lines", running.address, &running.waiting).await;
    }
}

fn with(limits: Limits) -> Options {
    Options { limits, ..Options::default() }
}

#[tokio::test]
async fn a_client_that_never_reads_holds_back_the_source_and_is_cut_off() {
    let limits = Limits { write_timeout_ms: 200, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    let mut client = TcpStream::connect(running.address).await.unwrap();
    client.write_all(STARTUP).await.unwrap();
    client.write_all(b"p\0\0\0\x0bsesame\0Q\0\0\0\x0cendless\0").await.unwrap();
    // The server's task for this client ends by itself, without a byte being read.
    let sessions_end = async {
        while Arc::strong_count(&running.log) > 2
            || running.log.batches.load(Ordering::Relaxed) == 0
        {
            tokio::task::yield_now().await;
        }
    };
    sessions_end.await;
    // 100 kB each. What the sockets' buffers take is some megabytes; an unbounded server would
    // have produced thousands in that time.
    let batches = running.log.batches.load(Ordering::Relaxed);
    assert!(batches < 400, "{batches} batches were read for a client that reads nothing");
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn rows_are_metered_as_they_are_sent() {
    let running = Running::start(Options::default()).await;
    play(
        &running,
        "> login
         > parse \"\" \"rows 5\"
         > bind \"\" \"\" : :
         > execute \"\" 4
         > sync
         < parsed
         < bound
         < row \"1\" \"row 1\"
         < row \"2\" \"row 2\"
         < row \"3\" null
         < row \"4\" \"row 4\"
         < suspended
         < ready I",
    )
    .await;
    let meter = running.log.meter.lock().unwrap().clone().unwrap();
    // Tag, length, count: 7. A text row holds 4 + 1 and 4 + 5 bytes, one with NULL 4 + 1 and 4.
    assert_eq!(meter.read(), (4, 3 * (7 + 5 + 9) + (7 + 5 + 4)));
}

#[tokio::test]
async fn what_the_wire_refuses_is_reported() {
    let running = Running::start(with(small())).await;
    play(
        &running,
        "> login
         > query \"begin; fail; rows 1\"
         < complete BEGIN
         < error ERROR 42501 \"it fails\" D \"as it was told\" H \"Tell it something else.\" P \"1\"
         < ready E
         > query \"rows 1\"
         < error ERROR 25P02 \"current transaction is aborted, commands ignored until end of transaction block\"
         < ready E
         > query \"rollback; odd\"
         < complete ROLLBACK
         < error ERROR 0A000 \"column \\\"odd\\\" has a type that cannot be sent\" H \"Cast it to a type of PostgreSQL, such as text.\"
         < ready I
         > describe P none
         > sync
         < error ERROR 34000 \"portal \\\"none\\\" does not exist\"
         < ready I
         > frame Q 100001 \"\"
         < error FATAL 08P01 \"invalid message length\" D \"A message of this kind can have at most 100000 bytes.\"
         < closed",
    )
    .await;
    let refused = running.log.refused.lock().unwrap().clone();
    assert_eq!(refused, ["25P02 rows 1", "0A000 odd", "34000 -", "08P01 -"]);
    let transactions = running.log.transactions.lock().unwrap().clone();
    assert_eq!(transactions, ["began", "rolled back", "began", "rolled back"]);
}

#[tokio::test]
async fn one_session_too_many_is_told_so() {
    let running = Running::start(with(Limits { max_connections: 1, ..Limits::default() })).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    first.write_all(STARTUP).await.unwrap();
    // Its place is taken once the password is asked for.
    let mut question = [0; 9];
    first.read_exact(&mut question).await.unwrap();
    play(
        &running,
        "> startup 0 user=bob
         < error FATAL 53300 \"sorry, too many clients already\"
         < closed",
    )
    .await;
    drop(first);
    // Its place is free as soon as the server has noticed.
    let mut second = Vec::new();
    while second.first() != Some(&b'R') {
        second.clear();
        let mut client = TcpStream::connect(running.address).await.unwrap();
        client.write_all(STARTUP).await.unwrap();
        client.shutdown().await.unwrap();
        client.read_to_end(&mut second).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_does_not_log_in_is_cut_off() {
    let limits = Limits { login_timeout_ms: 50, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    play(&running, "< closed").await;
    play(
        &running,
        "> startup 0 user=alice
         < authentication 3
         < closed",
    )
    .await;
}

#[tokio::test]
async fn an_idle_session_ends() {
    let limits = Limits { idle_timeout_ms: 50, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    play(
        &running,
        "> login
         < error FATAL 57P05 \"terminating connection due to idle-session timeout\"
         < closed",
    )
    .await;
}

#[tokio::test]
async fn a_shutdown_ends_idle_sessions_at_once_and_the_others_in_the_end() {
    let limits = Limits { shutdown_grace_ms: 50, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    let Running { address, waiting, stop, server, .. } = running;
    let told = "< error FATAL 57P01 \"terminating connection due to administrator command\"
         < closed";
    let play = |lines: String| {
        let waiting = Arc::clone(&waiting);
        async move {
            for dialogue in dialogue::parse(&lines) {
                dialogue.play("lines", address, &waiting).await;
            }
        }
    };
    let idle = tokio::spawn(play(format!("== idle\n> login\n{told}")));
    let busy = tokio::spawn(play(format!("== busy\n> login\n> query \"think\"\n{told}")));
    // Both are there: one thinks, the other has logged in or is about to.
    waiting.acquire().await.unwrap().forget();
    stop.send(()).unwrap();
    server.await.unwrap();
    busy.await.unwrap();
    // The idle one may have come too late to be let in.
    let _ = idle.await;
    assert!(TcpStream::connect(address).await.is_err());
}
