//! The listener: one request for each connection, few connections at a time, none for long.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::metrics::Metrics;
use super::readiness::Observed;
use super::request::{MAX_HEAD_BYTES, Page, Refusal, Request, is_whole, parse};

/// Connections at a time; the next one waits to be accepted.
const MAX_CONNECTIONS: usize = 16;

/// For a connection as a whole, the look at the sources included.
const PATIENCE: Duration = Duration::from_secs(10);

/// For a client that was answered, to close: data that nobody has read would otherwise take the
/// answer with it (RFC 9112, section 9.6).
const FAREWELL: Duration = Duration::from_millis(500);

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: &'static str,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// Answers until `ended` is ready. Then nobody is answered any more: whoever asks for the health
/// of a gateway that is ending finds nobody.
pub async fn serve(
    listener: TcpListener,
    observed: Arc<Observed>,
    ended: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(ended);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut ended => return,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let observed = Arc::clone(&observed);
                connections.spawn(async move {
                    let _place = place;
                    // A client that goes away or says nothing is no event.
                    drop(timeout(PATIENCE, attend(stream, &observed)).await);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for operators could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn attend(mut stream: TcpStream, observed: &Observed) -> io::Result<()> {
    let Some(head) = head(&mut stream).await? else { return Ok(()) };
    let (response, head_only) = match parse(&head) {
        Ok(request) => (answer(request, observed).await, request.head_only),
        Err(refusal) => (refused(refusal), false),
    };
    stream.write_all(&response.bytes(head_only)).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    let drained = async { while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    drop(timeout(FAREWELL, drained).await);
    Ok(())
}

/// The head of a request, as far as the bound allows; none where the client left before its end.
async fn head(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !is_whole(&head) && head.len() < MAX_HEAD_BYTES {
        match stream.read(&mut part).await? {
            0 => return Ok(None),
            read => head.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
    }
    Ok(Some(head))
}

async fn answer(request: Request, observed: &Observed) -> Response {
    match request.page {
        Page::Health => text("200 OK", "ok\n".to_owned()),
        Page::Readiness => {
            let readiness = observed.readiness().await;
            let status = if readiness.ready { "200 OK" } else { "503 Service Unavailable" };
            let body = serde_json::to_string(&readiness).unwrap_or_default();
            Response { status, kind: "application/json", body: body + "\n" }
        }
        Page::Metrics => {
            let gateway = observed.gateway();
            let policies = gateway.policies();
            let metrics = Metrics {
                sessions: gateway.sessions(),
                max_sessions: observed.max_connections(),
                statements: gateway.audit().counts(),
                policies_generation: policies.current().generation(),
                policies_broken: !policies.faults().is_empty(),
            };
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            Response { status: "200 OK", kind, body: metrics.text() }
        }
    }
}

pub(super) fn refused(refusal: Refusal) -> Response {
    text(refusal.status(), format!("{}\n", refusal.status()))
}

fn text(status: &'static str, body: String) -> Response {
    Response { status, kind: "text/plain; charset=utf-8", body }
}

impl Response {
    pub(super) fn bytes(&self, head_only: bool) -> Vec<u8> {
        let Self { status, kind, body } = self;
        let length = body.len();
        // A 405 has to say what would be taken (RFC 9110, section 15.5.6).
        let allow = if status.starts_with("405") { "allow: GET, HEAD\r\n" } else { "" };
        let mut bytes = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{allow}\
             cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        .into_bytes();
        if !head_only {
            bytes.extend_from_slice(body.as_bytes());
        }
        bytes
    }
}
