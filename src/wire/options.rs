//! What the listener is told: TLS, and the limits of a connection.

use std::sync::Arc;
use std::time::Duration;

/// How connections are taken.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// TLS, where the configuration has it. Without it a token is taken from loopback only.
    pub tls: Option<Tls>,
    /// Limits of all connections, and of each.
    pub limits: Limits,
}

/// TLS for clients.
#[derive(Clone, Debug)]
pub struct Tls {
    /// As [`crate::wire::tls_config`] makes it.
    pub config: Arc<rustls::ServerConfig>,
    /// Whether loopback must use it too; others always must.
    pub required: bool,
}

/// Limits, each with a default that suits a gateway of moderate size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions at a time; one more gets 53300.
    pub max_connections: usize,
    /// Connections at a time that have not logged in yet; one more is closed at once.
    pub max_handshakes: usize,
    /// How many of these may come from one client: an IPv4 address, or an IPv6 network of 64 bits.
    pub max_handshakes_per_address: usize,
    /// From the first byte to the end of the login, TLS included.
    pub login_timeout_ms: u64,
    /// From one statement's end to the next message's; 0 for none. A session ends with its
    /// token in any case.
    pub idle_timeout_ms: u64,
    /// How long a client may take no byte of a running statement's rows, and how long it may take over
    /// all else that it is being sent.
    pub write_timeout_ms: u64,
    /// How long running statements may go on after a shutdown was asked for.
    pub shutdown_grace_ms: u64,
    /// Of one message of a logged-in client.
    pub max_message_bytes: usize,
    /// Of one password message: a token is a few kilobytes.
    pub max_password_bytes: usize,
    /// Named prepared statements of a session, of those prepared by Parse messages.
    pub max_statements: usize,
    /// Portals of a session at a time.
    pub max_portals: usize,
    /// Parameters of one Bind or Parse message.
    pub max_parameters: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 500,
            max_handshakes: 100,
            max_handshakes_per_address: 25,
            login_timeout_ms: 15_000,
            idle_timeout_ms: 3_600_000,
            write_timeout_ms: 60_000,
            shutdown_grace_ms: 10_000,
            max_message_bytes: 16 * 1024 * 1024,
            max_password_bytes: 64 * 1024,
            max_statements: 1_000,
            max_portals: 100,
            max_parameters: 32_767,
        }
    }
}

impl Limits {
    pub(super) fn login_timeout(&self) -> Duration {
        Duration::from_millis(self.login_timeout_ms)
    }

    /// `None` where idle sessions are left alone.
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        (self.idle_timeout_ms > 0).then(|| Duration::from_millis(self.idle_timeout_ms))
    }

    pub(super) fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }

    pub(super) fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }
}
