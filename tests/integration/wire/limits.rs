//! Limits, interruptions and endings, seen from both sides.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

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
async fn a_statement_past_the_limit_is_thrown_away_and_the_session_goes_on() {
    let limits = Limits { max_message_bytes: 20_000, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    let told = "a message with a statement or its parameters has at most 20000 bytes";
    let hint = "The administrator sets this bound by limits.max_statement_bytes.";
    let error = format!("< error ERROR 54000 \"{told}\" H \"{hint}\"");
    let body = "x".repeat(19_997);
    let lines = format!(
        "> login
         > frame Q 20001 \"{body}\"
         {error}
         < ready I
         > frame P 20001 \"{body}\"
         {error}
         > query \"\"
         > sync
         < ready I
         > query \"\"
         < empty
         < ready I"
    );
    play(&running, &lines).await;
    // Of one that nobody could mean, nothing is waited for.
    let lines = "> login
         > frame Q 67108865 \"\"
         < error FATAL 08P01 \"invalid message length\" \
           D \"A message of this kind can have at most 20000 bytes.\"
         < closed";
    play(&running, lines).await;
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
         > frame Q 100000000 \"\"
         < error FATAL 08P01 \"invalid message length\" D \"A message of this kind can have at most 100000 bytes.\"
         < closed",
    )
    .await;
    let refused = running.log.refused.lock().unwrap().clone();
    assert_eq!(refused, ["25P02 rows 1", "34000 -", "08P01 -"]);
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

/// What a client does, why its last result was not taken to its end, and what the conversation was
/// told besides.
const ENDINGS: &[(&str, Option<&str>, &[&str])] = &[
    ("> query \"rows 5\"\n> terminate", None, &["session: closed"]),
    (
        "> query \"stall 1\"\n> waiting\n> cancel\n< columns n:23:4:-1:0 t:25:-1:-1:0\n\
         < row \"1\" \"row 1\"\n\
         < error ERROR 57014 \"canceling statement due to user request\"\n< ready I\n> terminate",
        Some("cancelled 57014"),
        &["session: closed"],
    ),
    (
        "> query \"think\"\n> waiting\n> cancel\n\
         < error ERROR 57014 \"canceling statement due to user request\"\n< ready I\n> terminate",
        None,
        &["think: cancelled 57014", "session: closed"],
    ),
    ("> query \"stall 1\"\n> waiting\n> end", Some("gone 08006"), &["session: gone 08006"]),
    ("> query \"think\"\n> waiting\n> end", None, &["think: gone 08006", "session: gone 08006"]),
    (
        "> parse \"\" \"rows 5\"\n> bind p \"\" : :\n> execute p 1\n> close P p\n> sync\n> terminate",
        Some("closed"),
        &["session: closed"],
    ),
    (
        "> parse \"\" \"rows 5\"\n> bind p \"\" : :\n> execute p 1\n> sync\n> terminate",
        Some("closed"),
        &["session: closed"],
    ),
    (
        "> parse \"\" \"rows 5\"\n> bind p \"\" : :\n> execute p 1\n> flush\n> end",
        Some("gone 08006"),
        &["session: gone 08006"],
    ),
    ("> query \"odd\"\n> terminate", Some("failed 0A000"), &["session: closed"]),
    ("> frame Q 100000000 \"\"", None, &["session: session 08P01"]),
];

#[tokio::test]
async fn whoever_makes_the_rows_is_told_why_they_are_not_taken() {
    for (lines, stop, ends) in ENDINGS {
        let running = Running::start(with(small())).await;
        play(&running, &format!("> login\n{lines}")).await;
        let told = async {
            while running.log.ends.lock().unwrap().len() < ends.len() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(dialogue::PATIENCE, told).await.expect(lines);
        assert_eq!(*running.log.ends.lock().unwrap(), *ends, "{lines}");
        let meter = running.log.meter.lock().unwrap().clone();
        let stopped = meter.and_then(|meter| meter.stopped().map(toy::said));
        assert_eq!(stopped.as_deref(), *stop, "{lines}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_waited_for_until_the_deadline() {
    let running = Running::patient(Options::default(), Some(Duration::from_millis(100))).await;
    let mut client = TcpStream::connect(running.address).await.unwrap();
    client.write_all(STARTUP).await.unwrap();
    client.write_all(b"p\0\0\0\x0bsesame\0Q\0\0\0\x0cendless\0").await.unwrap();
    let meter = async {
        loop {
            let meter = running.log.meter.lock().unwrap().clone();
            match meter.filter(|meter| meter.stopped().is_some()) {
                Some(meter) => return meter,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let meter = tokio::time::timeout(dialogue::PATIENCE, meter).await.unwrap();
    assert_eq!(meter.stopped().map(toy::said).as_deref(), Some("failed 57014"));
    // The statement is over; the session is not: its client finds the end when it reads again.
    let (rows, _) = meter.read();
    client.write_all(b"Q\0\0\0\x0brows 1\0X\0\0\0\x04").await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert_eq!(text.matches(&"x".repeat(1_000)).count() as u64, rows);
    assert!(text.contains("C57014\0Mcanceling statement due to statement timeout"));
    assert!(answer.ends_with(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I"));
}

/// What is sent before any login, and what is on record of it.
const VISITORS: &[(&str, &[&str])] = &[
    (
        "> raw \"\\x00\\x00\\x00\\x01\"\n< error FATAL 08P01 \"invalid length of startup packet\"\n< closed",
        &["08P01 -"],
    ),
    (
        "> startup 0 database=portcullis\n\
         < error FATAL 28000 \"no PostgreSQL user name specified in startup packet\"\n< closed",
        &["28000 -"],
    ),
    (
        "> startup 0 user=alice\n< authentication 3\n> password \"\"\n\
         < error FATAL 28P01 \"empty password returned by client\" H \"The password is a token.\"\n\
         < closed",
        &["28P01 alice"],
    ),
    // Who knocks and goes, or asks its user for a password first, was not refused.
    ("> end\n< closed", &[]),
    ("> startup 0 user=alice\n< authentication 3\n> end\n< closed", &[]),
];

#[tokio::test]
async fn who_is_turned_away_is_on_record() {
    for (lines, turned_away) in VISITORS {
        let running = Running::start(with(small())).await;
        play(&running, lines).await;
        assert_eq!(*running.log.turned_away.lock().unwrap(), *turned_away, "{lines}");
    }
    let limits = Limits { login_timeout_ms: 50, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    play(&running, "> startup 0 user=alice\n< authentication 3\n< closed").await;
    assert_eq!(*running.log.turned_away.lock().unwrap(), ["57014 alice"]);
}

/// A connection from an address of this machine.
async fn connect_from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether a client is asked for its password.
async fn is_asked(client: &mut TcpStream) -> bool {
    let asked = client.write_all(STARTUP).await;
    let mut question = [0; 9];
    asked.is_ok() && client.read_exact(&mut question).await.is_ok()
}

#[tokio::test]
async fn clients_of_one_address_do_not_keep_others_from_logging_in() {
    let limits = Limits { max_handshakes: 4, max_handshakes_per_address: 3, ..Limits::default() };
    let running = Running::start(with(limits)).await;
    let (here, there) = ([127, 0, 0, 1], [127, 0, 0, 2]);
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(connect_from(here, running.address).await);
    }
    // Connections are taken in their order, so these are known of.
    assert!(!is_asked(&mut connect_from(here, running.address).await).await);
    assert_eq!(*running.log.turned_away.lock().unwrap(), ["53300 -"]);
    let mut other = connect_from(there, running.address).await;
    assert!(is_asked(&mut other).await);
    // All together are bounded too.
    assert!(!is_asked(&mut connect_from(there, running.address).await).await);

    // Once logged in, a client leaves its place to the next.
    other.write_all(b"p\0\0\0\x0bsesame\0").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"Z\0\0\0\x05I") {
        other.read_buf(&mut answer).await.unwrap();
    }
    while !is_asked(&mut connect_from(there, running.address).await).await {
        tokio::task::yield_now().await;
    }
}
