//! TLS: as clients ask for it, as attackers do, and the files it is made from.

use std::fs;

use portcullis::wire::{Tls, tls_config};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;

const SSL_REQUEST: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0alice\0\0";

struct Authority {
    folder: tempfile::TempDir,
    root: CertificateDer<'static>,
}

impl Authority {
    /// A certificate for `localhost`, in files.
    fn new() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server.crt"), cert.pem()).unwrap();
        fs::write(folder.path().join("server.key"), signing_key.serialize_pem()).unwrap();
        Self { folder, root: cert.der().clone() }
    }

    fn server(&self, required: bool) -> Options {
        let file = |name| self.folder.path().join(name);
        let config = tls_config(&file("server.crt"), &file("server.key")).unwrap();
        Options { tls: Some(Tls { config, required }), ..Options::default() }
    }

    /// As `sslmode=verify-full`: the chain and the name are checked.
    fn client(&self, alpn: Option<&[u8]>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.into_iter().map(<[u8]>::to_vec).collect();
        TlsConnector::from(Arc::new(config))
    }
}

fn localhost() -> ServerName<'static> {
    "localhost".try_into().unwrap()
}

#[tokio::test]
async fn a_session_under_tls() {
    let authority = Authority::new();
    let running = Running::start(authority.server(true)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(SSL_REQUEST).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    let mut stream = authority.client(None).connect(localhost(), stream).await.unwrap();
    stream.write_all(STARTUP).await.unwrap();
    stream.write_all(b"p\0\0\0\x0bsesame\0Q\0\0\0\x0brows 1\0X\0\0\0\x04").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";
    assert!(answer.ends_with(end), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_noticed_by_the_client() {
    let authority = Authority::new();
    let running = Running::start(authority.server(true)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(SSL_REQUEST).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    let other = "elsewhere".try_into().unwrap();
    authority.client(None).connect(other, stream).await.unwrap_err();
}

#[tokio::test]
async fn direct_tls_needs_the_name_of_the_protocol() {
    let authority = Authority::new();
    let running = Running::start(authority.server(true)).await;
    let connect = async |alpn| {
        let stream = TcpStream::connect(running.address).await.unwrap();
        let mut stream = authority.client(alpn).connect(localhost(), stream).await?;
        stream.write_all(STARTUP).await?;
        stream.read_u8().await
    };
    assert_eq!(connect(Some(b"postgresql".as_slice())).await.unwrap(), b'R');
    connect(None).await.unwrap_err();
    connect(Some(b"http/1.1".as_slice())).await.unwrap_err();
    assert_eq!(*running.log.turned_away.lock().unwrap(), ["08P01 -", "08P01 -"]);
}

#[tokio::test]
async fn what_was_sent_in_the_clear_is_not_taken_for_what_comes_under_tls() {
    let authority = Authority::new();
    let running = Running::start(authority.server(true)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    // An attacker in the middle puts a login and a query before the client's handshake.
    let query = b"p\0\0\0\x0bsesame\0Q\0\0\0\x0brows 1\0";
    stream.write_all(&[SSL_REQUEST, STARTUP, query].concat()).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    // A TLS alert at most; no message of the protocol, and nobody was logged in.
    assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    assert!(running.log.logins.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_clear_is_refused_where_tls_is_required() {
    let authority = Authority::new();
    let refused = "== refused
        > startup 0 user=alice
        < error FATAL 28000 \"connection is not encrypted\" H \"Connect with sslmode=require or sslmode=verify-full.\"
        < closed";
    let taken = "== taken
        > startup 0 user=alice
        < authentication 3";
    for (required, lines) in [(true, refused), (false, taken)] {
        let running = Running::start(authority.server(required)).await;
        for dialogue in dialogue::parse(lines) {
            dialogue.play("lines", running.address, &running.waiting).await;
        }
    }
}

#[test]
fn files_that_are_wrong_are_named() {
    let authority = Authority::new();
    let file = |name: &str| authority.folder.path().join(name);
    fs::write(file("empty"), "").unwrap();
    fs::write(file("cut"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    let other = Authority::new();
    let other_key = other.folder.path().join("server.key");
    let cases = [
        (file("none.crt"), file("server.key"), "cannot read \"", "none.crt\""),
        (file("server.crt"), file("none.key"), "cannot read \"", "none.key\""),
        (file("empty"), file("server.key"), "\"", "empty\" holds no certificate"),
        (file("server.crt"), file("empty"), "\"", "empty\" holds no private key"),
        (file("server.crt"), file("server.crt"), "\"", "server.crt\" holds no private key"),
        (file("cut"), file("server.key"), "\"", "cut\" is damaged: "),
        (file("server.crt"), other_key, "\"", "cannot be used together: "),
    ];
    for (cert, key, start, part) in cases {
        let error = tls_config(&cert, &key).unwrap_err().to_string();
        assert!(error.starts_with(start) && error.contains(part), "{error}");
    }
}
