//! The wire against a toy backend: dialogues from `tests/wire/*.pt`, and what text cannot say.

mod dialogue;
mod limits;
mod tls;
mod toy;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis::wire::{Limits, Options, Server};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

use toy::{Log, Toy};

/// A running server.
struct Running {
    address: SocketAddr,
    log: Arc<Log>,
    waiting: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Running {
    async fn start(options: Options) -> Self {
        Self::patient(options, None).await
    }

    /// With a deadline for results, so long after the login.
    async fn patient(options: Options, patience: Option<Duration>) -> Self {
        let toy = Toy { patience, ..Toy::default() };
        let (log, waiting) = (Arc::clone(&toy.log), Arc::clone(&toy.waiting));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new(options, Arc::new(toy));
        let server = tokio::spawn(server.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { address, log, waiting, stop, server }
    }
}

/// Small limits, so that the dialogues can reach them.
fn small() -> Limits {
    Limits {
        max_message_bytes: 100_000,
        max_statements: 3,
        max_portals: 3,
        max_parameters: 4,
        ..Limits::default()
    }
}

#[tokio::test]
async fn dialogues() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for path in files.iter().filter(|path| path.extension().is_some_and(|ext| ext == "pt")) {
        let text = std::fs::read_to_string(path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy();
        for dialogue in dialogue::parse(&text) {
            // A server of its own, so that what one dialogue left cannot help another.
            let running = Running::start(Options { limits: small(), ..Options::default() }).await;
            dialogue.play(&file, running.address, &running.waiting).await;
        }
    }
}
