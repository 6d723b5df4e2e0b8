//! From the first byte to the startup packet: TLS, and which version of the protocol is spoken.
//!
//! Packets before the login are read to the byte, never further. So nothing that was sent in the
//! clear can be waiting in a buffer when TLS begins (CVE-2021-23214).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::fields::Fields;
use super::framing::{FrameError, body_length};
use super::options::Tls;
use super::prefixed::Prefixed;
use super::tls::ALPN;
use crate::error::{ClientError, SqlState};

/// PostgreSQL's limit for packets of clients that nobody knows yet.
const MAX_PACKET_BYTES: usize = 10_000;

/// The newest version that is spoken here, and the major version of all that are.
const NEWEST_MINOR: u16 = 2;
const MAJOR: u16 = 3;

// In place of a version, these ask for something else.
const CANCEL_REQUEST: (u16, u16) = (1234, 5678);
const SSL_REQUEST: (u16, u16) = (1234, 5679);
const GSS_REQUEST: (u16, u16) = (1234, 5680);

/// The first byte of a TLS handshake record; of a startup packet's length it never is.
const TLS_HANDSHAKE: u8 = 0x16;

/// A connection's bytes, in the clear or not.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection, whatever carries it.
pub(super) type Stream = Box<dyn Duplex>;

/// What a client wants, once it may say so.
pub(super) enum Opening {
    /// A session.
    Session(Stream, Startup),
    /// To cancel what another session is doing.
    Cancel { number: i32, secret: Bytes },
}

/// The startup packet.
#[derive(Debug, PartialEq)]
pub(super) struct Startup {
    /// The minor version to be spoken.
    pub(super) minor: u16,
    /// Whether the client asked for something that is not spoken here, and must be told.
    pub(super) negotiate: bool,
    /// The protocol options that it asked for; none is known.
    pub(super) unknown_options: Vec<String>,
    /// `user`, `database` and the settings.
    pub(super) parameters: BTreeMap<String, String>,
    /// Whether the connection is under TLS.
    pub(super) encrypted: bool,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartupError {
    /// The client is told, and the connection ends.
    #[error("{1}")]
    Refused(Box<dyn Duplex>, ClientError),
    /// TLS did not come about, so there is no way to tell the client.
    #[error("no TLS: {0}")]
    Tls(io::Error),
    /// There is nobody to be told.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

impl std::fmt::Debug for dyn Duplex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Duplex")
    }
}

/// Talks with a client up to its startup packet.
///
/// # Errors
/// Where the client breaks the protocol, or wants to send its token in the clear.
pub(super) async fn open(
    stream: impl Duplex + 'static,
    peer: SocketAddr,
    tls: Option<&Tls>,
) -> Result<Opening, StartupError> {
    let mut stream: Stream = Box::new(stream);
    let mut encrypted = false;
    let mut asked_for_gss = false;
    let mut asked_for_tls = false;

    let mut first = [0];
    stream.read_exact(&mut first).await?;
    if let ([TLS_HANDSHAKE], Some(tls)) = (first, tls) {
        let accepted = direct_tls(Prefixed::new(first[0], stream), tls).await;
        stream = accepted.map_err(StartupError::Tls)?;
        encrypted = true;
        asked_for_tls = true;
    } else {
        stream = Box::new(Prefixed::new(first[0], stream));
    }
    loop {
        let mut packet = match read_packet(&mut stream).await {
            Ok(packet) => packet,
            Err(FrameError::Io(error)) => return Err(error.into()),
            Err(_) => return Err(refused(stream, "invalid length of startup packet")),
        };
        let version = match (packet.u16(), packet.u16()) {
            (Ok(major), Ok(minor)) => (major, minor),
            _ => return Err(refused(stream, "invalid length of startup packet")),
        };
        match version {
            SSL_REQUEST if !asked_for_tls && packet.is_empty() => {
                asked_for_tls = true;
                match tls {
                    Some(tls) => {
                        stream.write_all(b"S").await?;
                        let acceptor = TlsAcceptor::from(tls.config.clone());
                        let accepted = acceptor.accept(stream).await;
                        stream = Box::new(accepted.map_err(StartupError::Tls)?);
                        encrypted = true;
                    }
                    None => stream.write_all(b"N").await?,
                }
            }
            GSS_REQUEST if !asked_for_gss && packet.is_empty() => {
                asked_for_gss = true;
                stream.write_all(b"N").await?;
            }
            CANCEL_REQUEST => {
                return match packet.i32() {
                    Ok(number) => Ok(Opening::Cancel { number, secret: packet.rest() }),
                    Err(_) => Err(refused(stream, "invalid length of cancel request packet")),
                };
            }
            (MAJOR, minor) => {
                let startup = match Startup::read(minor, packet, encrypted) {
                    Ok(startup) => startup,
                    Err(error) => return Err(StartupError::Refused(stream, error)),
                };
                return match check_encryption(encrypted, peer, tls) {
                    Ok(()) => Ok(Opening::Session(stream, startup)),
                    Err(error) => Err(StartupError::Refused(stream, error)),
                };
            }
            (major, minor) => {
                let error = ClientError::new(
                    SqlState::FEATURE_NOT_SUPPORTED,
                    format!(
                        "unsupported frontend protocol {major}.{minor}: server supports \
                         {MAJOR}.0 to {MAJOR}.{NEWEST_MINOR}"
                    ),
                );
                return Err(StartupError::Refused(stream, error));
            }
        }
    }
}

/// TLS from the first byte on, as PostgreSQL 17 has it: the client must say by ALPN that it does
/// not take this for another protocol's server (CVE-2024-10977's class, ALPACA).
async fn direct_tls(stream: impl Duplex + 'static, tls: &Tls) -> Result<Stream, io::Error> {
    let stream = TlsAcceptor::from(tls.config.clone()).accept(stream).await?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(io::Error::other("direct TLS without the protocol's ALPN"));
    }
    Ok(Box::new(stream))
}

/// A length that counts itself, and what follows it.
async fn read_packet(stream: &mut Stream) -> Result<Fields, FrameError> {
    let claimed = stream.read_i32().await?;
    let length = body_length(claimed, MAX_PACKET_BYTES)?;
    // At most 10 kB, so it may be allocated before it is there.
    let mut body = BytesMut::zeroed(length);
    stream.read_exact(&mut body).await?;
    Ok(Fields::new(body.freeze()))
}

impl Startup {
    /// Reads names and values up to an empty name, which must be the end.
    fn read(minor: u16, mut packet: Fields, encrypted: bool) -> Result<Self, ClientError> {
        let layout = || {
            ClientError::new(
                SqlState::PROTOCOL_VIOLATION,
                "invalid startup packet layout: expected terminator as last byte",
            )
        };
        let text = |packet: &mut Fields| {
            packet.text().map_err(|error| match error.sqlstate {
                SqlState::PROTOCOL_VIOLATION => layout(),
                _ => error,
            })
        };
        let mut parameters = BTreeMap::new();
        let mut unknown_options = Vec::new();
        loop {
            let name = text(&mut packet)?;
            if name.is_empty() {
                break;
            }
            let value = text(&mut packet)?;
            if name.starts_with("_pq_.") {
                unknown_options.push(name);
                continue;
            }
            match parameters.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(value);
                }
                // Which of the two is meant would be a guess.
                Entry::Occupied(taken) => {
                    let name = taken.key();
                    let message =
                        format!("parameter \"{name}\" stands twice in the startup packet");
                    return Err(ClientError::new(SqlState::PROTOCOL_VIOLATION, message));
                }
            }
        }
        packet.end().map_err(|_| layout())?;
        let negotiate = minor > NEWEST_MINOR || !unknown_options.is_empty();
        Ok(Self {
            minor: minor.min(NEWEST_MINOR),
            negotiate,
            unknown_options,
            parameters,
            encrypted,
        })
    }

    /// The version to be spoken, as NegotiateProtocolVersion carries it.
    pub(super) fn version(&self) -> i32 {
        (i32::from(MAJOR) << 16) | i32::from(self.minor)
    }
}

/// A token is a secret: it crosses a network under TLS only.
fn check_encryption(
    encrypted: bool,
    peer: SocketAddr,
    tls: Option<&Tls>,
) -> Result<(), ClientError> {
    let local = peer.ip().to_canonical().is_loopback();
    let error = ClientError::new(SqlState::INVALID_AUTHORIZATION, "connection is not encrypted");
    match tls {
        _ if encrypted => Ok(()),
        None if local => Ok(()),
        Some(tls) if local && !tls.required => Ok(()),
        Some(_) => Err(error.hint("Connect with sslmode=require or sslmode=verify-full.")),
        None => Err(error
            .detail("A token is not taken in the clear, except on the gateway's own machine.")
            .hint("The gateway needs a certificate before it can be used over a network.")),
    }
}

fn refused(stream: Stream, message: &'static str) -> StartupError {
    StartupError::Refused(stream, ClientError::new(SqlState::PROTOCOL_VIOLATION, message))
}
