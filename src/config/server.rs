//! `[server]`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::found::Found;
use super::reader::Section;

/// Where the gateway listens.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// The address for clients.
    pub listen: SocketAddr,
    /// The address for health, readiness and metrics; none where absent.
    pub admin: Option<SocketAddr>,
    /// The name of the one database.
    pub database: String,
    /// Without it, `listen` is a loopback address.
    pub tls: Option<Tls>,
    /// How many clients may be connected at once.
    pub max_connections: u32,
    /// How many of them may be there without having logged in.
    pub max_handshakes: usize,
    /// How many of these may come from one address.
    pub max_handshakes_per_address: usize,
    /// How long a client may take to log in.
    pub login_timeout: Duration,
}

/// The certificate, and whether everyone has to use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tls {
    /// The certificate chain, in PEM.
    pub cert: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
    /// Whether clients on the loopback interface need TLS too. All others always do.
    pub required: bool,
}

impl Server {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let tls = section.optional_table("tls", |tls| {
            let cert = tls.required_text("cert").and_then(Found::file);
            let key = tls.required_text("key").and_then(Found::file);
            let required = tls.flag("required");
            Some(Tls { cert: cert?, key: key?, required })
        });
        let listen = match section.text("listen") {
            Some(listen) => address(listen).and_then(|listen| {
                if listen.value.ip().is_loopback() || section.has("tls") {
                    return Some(listen.value);
                }
                listen.fault(
                    "is not a loopback address, and there is no \"tls\": tokens would travel in \
                     the clear",
                )
            }),
            None => Some(SocketAddr::from(([127, 0, 0, 1], 6432))),
        };
        let admin = section.text("admin").and_then(address).map(|admin| admin.value);
        let database = match section.text("database") {
            Some(name) => name.filled()?.value.to_owned(),
            None => "portcullis".to_owned(),
        };
        let max_connections = section.number("max_connections", 1..=100_000, 500);
        let max_handshakes = section.number("max_handshakes", 1..=10_000, 100);
        let quarter = (max_handshakes / 4).max(1);
        let per_address = section.number("max_handshakes_per_address", 1..=10_000, quarter);
        let login_timeout_ms = section.number("login_timeout_ms", 100..=300_000, 15_000);
        Some(Self {
            listen: listen?,
            admin,
            database,
            tls,
            max_connections: u32::try_from(max_connections).ok()?,
            max_handshakes: usize::try_from(max_handshakes).ok()?,
            max_handshakes_per_address: usize::try_from(per_address).ok()?,
            login_timeout: Duration::from_millis(login_timeout_ms),
        })
    }
}

fn address<'a>(text: Found<'a, &'a str>) -> Option<Found<'a, SocketAddr>> {
    text.parse(|text| {
        text.parse().map_err(|_| "must be an address and a port, such as \"127.0.0.1:6432\"")
    })
}
