//! What a client that nobody knows yet can do, from near and from far.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::wire::startup::{Opening, StartupError, open};

const NEAR: &str = "127.0.0.1:5000";
const FAR: &str = "192.0.2.7:5000";

/// What comes of some bytes: `session`, `cancel`, `broken`, or the SQLSTATE of a refusal.
async fn opened(peer: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let (mut client, server) = duplex(64 * 1024);
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let peer: SocketAddr = peer.parse().unwrap();
    let outcome = match open(server, peer, None).await {
        Ok(Opening::Session(..)) => "session".to_owned(),
        Ok(Opening::Cancel { .. }) => "cancel".to_owned(),
        Err(StartupError::Refused(_, error)) => error.sqlstate.code().to_owned(),
        Err(StartupError::Tls(_)) => "no TLS".to_owned(),
        Err(StartupError::Broken(_)) => "broken".to_owned(),
    };
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    (outcome, answer)
}

fn packet(version: u32, body: &[u8]) -> Vec<u8> {
    let length = (8 + body.len()) as u32;
    [&length.to_be_bytes()[..], &version.to_be_bytes(), body].concat()
}

#[tokio::test]
async fn a_token_is_not_taken_in_the_clear_from_afar() {
    let startup = packet(196_608, b"user\0alice\0\0");
    assert_eq!(opened(NEAR, &startup).await.0, "session");
    assert_eq!(opened("[::1]:5000", &startup).await.0, "session");
    assert_eq!(opened("[::ffff:127.0.0.1]:5000", &startup).await.0, "session");
    assert_eq!(opened(FAR, &startup).await.0, "28000");
}

#[tokio::test]
async fn one_question_of_each_kind_is_answered() {
    let (ssl, gss) = (packet(80_877_103, b""), packet(80_877_104, b""));
    let startup = packet(196_608, b"user\0alice\0\0");
    let ask = |packets: &[&[u8]]| packets.concat();
    assert_eq!(
        opened(NEAR, &ask(&[&gss, &ssl, &startup])).await,
        ("session".to_owned(), b"NN".to_vec())
    );
    assert_eq!(opened(NEAR, &ask(&[&ssl, &ssl])).await, ("0A000".to_owned(), b"N".to_vec()));
    assert_eq!(opened(NEAR, &ask(&[&gss, &gss])).await, ("0A000".to_owned(), b"N".to_vec()));
}

#[tokio::test]
async fn hostile_packets() {
    let startup = |body: &[u8]| packet(196_608, body);
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("nothing", vec![], "broken"),
        ("half a length", vec![0, 0], "broken"),
        ("length 0", vec![0; 8], "08P01"),
        ("length 3", [3_u32.to_be_bytes(), [0; 4]].concat(), "08P01"),
        ("length 4", [4_u32.to_be_bytes(), [0; 4]].concat(), "08P01"),
        ("length 7", [7_u32.to_be_bytes(), [0; 4]].concat(), "08P01"),
        ("negative length", vec![0xff; 8], "08P01"),
        ("300 MB", [300_000_000_u32.to_be_bytes(), [0; 4]].concat(), "08P01"),
        ("past 10 kB", packet(196_608, &[b'x'; 10_000]), "08P01"),
        ("cut short", startup(b"user\0alice\0\0")[..12].to_vec(), "broken"),
        ("no end", startup(b"user\0alice\0"), "08P01"),
        ("value without its end", startup(b"user\0alice"), "08P01"),
        ("name without a value", startup(b"user\0\0"), "08P01"),
        ("bytes after the end", startup(b"user\0alice\0\0\0"), "08P01"),
        ("not UTF-8", startup(b"user\0ali\xffce\0\0"), "22021"),
        ("the user twice", startup(b"user\0alice\0user\0bob\0\0"), "08P01"),
        ("version 2", packet(131_072, b""), "0A000"),
        ("version 4", packet(262_144, b"user\0alice\0\0"), "0A000"),
        ("a TLS hello where there is no TLS", vec![0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3], "08P01"),
        ("cancel without a number", packet(80_877_102, b""), "08P01"),
        ("cancel", packet(80_877_102, b"\0\0\0\x01key!"), "cancel"),
    ];
    for (name, bytes, outcome) in cases {
        assert_eq!(opened(NEAR, bytes).await.0, *outcome, "{name}");
    }
}
