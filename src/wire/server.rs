//! The listener: takes connections within the limits, and ends them all at a shutdown.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{ReadHalf, WriteHalf, split};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, field, info_span};

use super::backend::{Backend, Visitor};
use super::cancel::Registry;
use super::failure::Failure;
use super::framing::Frames;
use super::login::{LoggedIn, LoginDesk};
use super::options::Options;
use super::reply::{Replies, Severity, hang_up};
use super::signals::Phase;
use super::startup::{self, Duplex, Opening, Startup, StartupError, Stream};
use crate::error::{ClientError, SqlState};
use crate::share::{Place, Shares, network};

/// How long sessions have to say goodbye once everything must end.
const FAREWELL: Duration = Duration::from_secs(2);

/// A server of the Postgres protocol in front of a backend.
pub struct Server<B> {
    shared: Arc<Shared<B>>,
    phase: watch::Sender<Phase>,
}

/// What all connections share.
struct Shared<B> {
    backend: Arc<B>,
    options: Options,
    cancels: Arc<Registry>,
    /// Places for clients that have not logged in yet, by their networks.
    handshakes: Shares<IpAddr>,
    /// Places for sessions.
    sessions: Arc<Semaphore>,
    phase: watch::Receiver<Phase>,
    connections: AtomicU64,
}

/// A client that was let in: its place, and both directions of its connection.
struct Admitted<C> {
    login: LoggedIn<C>,
    frames: Frames<ReadHalf<Stream>>,
    replies: Replies<WriteHalf<Stream>>,
    _place: OwnedSemaphorePermit,
}

impl<B: Backend> Server<B> {
    /// A server that is not listening yet.
    pub fn new(options: Options, backend: Arc<B>) -> Self {
        let (phase, watched) = watch::channel(Phase::Serving);
        let shared = Shared {
            backend,
            cancels: Arc::default(),
            handshakes: Shares::new(
                options.limits.max_handshakes,
                options.limits.max_handshakes_per_address,
            ),
            sessions: Arc::new(Semaphore::new(options.limits.max_connections)),
            phase: watched,
            connections: AtomicU64::new(1),
            options,
        };
        Self { shared: Arc::new(shared), phase }
    }

    /// Takes connections until `shutdown` is ready. Then no new ones are taken, idle sessions
    /// end with 57P01, running statements may go on for `shutdown_grace_ms`, and this returns
    /// when all have ended.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "a connection ended in a panic");
                },
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        // Answers are written whole, so there is nothing to be gathered.
                        let _ = stream.set_nodelay(true);
                        self.take(&mut connections, stream, peer);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        // Out of file descriptors, most likely: it will not pass at once.
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        drop(listener);
        self.phase.send_replace(Phase::Draining);
        let grace = self.shared.options.limits.shutdown_grace();
        if timeout(grace, all_ended(&mut connections)).await.is_err() {
            self.phase.send_replace(Phase::Stopping);
            let _ = timeout(FAREWELL, all_ended(&mut connections)).await;
        }
        connections.shutdown().await;
    }

    fn take(&self, connections: &mut JoinSet<()>, stream: impl Duplex + 'static, peer: SocketAddr) {
        let Some(place) = self.shared.handshakes.try_take(&network(peer.ip())) else {
            tracing::warn!(%peer, "too many clients that have not logged in");
            self.shared.backend.turned_away(&Visitor::unknown(peer), &crowded());
            return;
        };
        let shared = Arc::clone(&self.shared);
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        let span = info_span!("connection", number, %peer, user = field::Empty);
        let attended = async move { shared.attend(stream, peer, place).await };
        connections.spawn(attended.instrument(span));
    }
}

async fn all_ended(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

impl<B: Backend> Shared<B> {
    /// One connection, from its first byte to its last.
    async fn attend(&self, stream: impl Duplex + 'static, peer: SocketAddr, place: Place<IpAddr>) {
        let limit = self.options.limits.login_timeout();
        let mut visitor = Visitor::unknown(peer);
        let Ok(admitted) = timeout(limit, self.welcome(stream, &mut visitor)).await else {
            tracing::info!("no login within {} ms", limit.as_millis());
            self.backend.turned_away(&visitor, &too_slow());
            return;
        };
        drop(place);
        if let Some(Admitted { login, frames, replies, _place }) = admitted {
            tracing::info!("session began");
            self.desk().serve(login, frames, replies).await;
            tracing::info!("session ended");
        }
    }

    /// Up to the login. Clients that are not let in are told why, and are gone then.
    async fn welcome(
        &self,
        stream: impl Duplex + 'static,
        visitor: &mut Visitor,
    ) -> Option<Admitted<B::Conversation>> {
        let peer = visitor.client;
        let write_timeout = self.options.limits.write_timeout();
        let halves = |stream| {
            let (reading, writing) = split(stream);
            (Frames::new(reading), Replies::new(writing, write_timeout))
        };
        let opening = startup::open(stream, peer, self.options.tls.as_ref()).await;
        let (mut frames, mut replies, failure) = match opening {
            Ok(Opening::Session(stream, startup)) => {
                let (mut frames, mut replies) = halves(stream);
                visitor.user = startup.parameters.get("user").cloned();
                visitor.database = startup.parameters.get("database").cloned();
                tracing::Span::current().record("user", visitor.user.as_deref());
                let failure = match Arc::clone(&self.sessions).try_acquire_owned() {
                    Ok(_place) => {
                        match self.log_in(&mut frames, &mut replies, startup, visitor).await {
                            Ok(login) => return Some(Admitted { login, frames, replies, _place }),
                            Err(failure) => failure,
                        }
                    }
                    Err(_) => self.turn_away(visitor, too_many()),
                };
                (frames, replies, failure)
            }
            Ok(Opening::Cancel { number, secret }) => {
                // Whether they matched is told to nobody.
                self.cancels.cancel(number, &secret);
                return None;
            }
            Err(StartupError::Refused(stream, error)) => {
                let (frames, replies) = halves(stream);
                (frames, replies, self.turn_away(visitor, error))
            }
            Err(StartupError::Tls(error)) => {
                tracing::info!(%error, "no TLS");
                self.turn_away(visitor, no_tls().internal(error));
                return None;
            }
            Err(StartupError::Broken(error)) => {
                tracing::debug!(%error, "no startup");
                return None;
            }
        };
        if let Failure::Statement(error) | Failure::Session(error) = &failure {
            let internal = error.internal.as_deref();
            tracing::info!(sqlstate = error.sqlstate.code(), internal, "refused: {error}");
            replies.put_error(Severity::Fatal, error);
        }
        hang_up(&mut frames, &mut replies).await;
        None
    }

    async fn log_in(
        &self,
        frames: &mut Frames<ReadHalf<Stream>>,
        replies: &mut Replies<WriteHalf<Stream>>,
        startup: Startup,
        visitor: &Visitor,
    ) -> Result<LoggedIn<B::Conversation>, Failure> {
        let desk = self.desk();
        match desk.ask(frames, replies, startup, visitor.client).await {
            Ok(asked) => desk.let_in(asked, replies).await.map_err(Failure::Session),
            Err(Failure::Statement(error) | Failure::Session(error)) => {
                Err(self.turn_away(visitor, error))
            }
            // As psql does, to ask its user for the password.
            Err(gone) => Err(gone),
        }
    }

    /// What the backend decides it records itself; of all else it is told.
    fn turn_away(&self, visitor: &Visitor, error: ClientError) -> Failure {
        self.backend.turned_away(visitor, &error);
        Failure::Session(error)
    }

    fn desk(&self) -> LoginDesk<'_, B> {
        LoginDesk {
            backend: &self.backend,
            cancels: &self.cancels,
            phase: &self.phase,
            limits: &self.options.limits,
        }
    }
}

fn too_many() -> ClientError {
    ClientError::new(SqlState::TOO_MANY_CONNECTIONS, "sorry, too many clients already")
}

// These are for the record; the client is not told.

fn crowded() -> ClientError {
    let message = "too many clients that have not logged in";
    ClientError::new(SqlState::TOO_MANY_CONNECTIONS, message)
}

fn too_slow() -> ClientError {
    ClientError::new(SqlState::QUERY_CANCELED, "canceling authentication due to timeout")
}

fn no_tls() -> ClientError {
    ClientError::new(SqlState::PROTOCOL_VIOLATION, "the TLS handshake failed")
}
