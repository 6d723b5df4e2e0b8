//! The log of the program, on standard error.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt as _;

/// In colour where that is a terminal. `RUST_LOG` chooses what, and `default` where it is not set;
/// neither lets in what others than we say below a warning.
pub(in crate::cli) fn start(default: &str) {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let written = layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(chosen.and(filter_fn(may_be_said)));
    registry().with(written).init();
}

/// What libraries tell for their own debugging may hold anything that passes through them: queries
/// with their parameters, what came from a source, the bytes of a connection. We know only of our
/// own events that they hold nothing of that.
fn may_be_said(event: &Metadata<'_>) -> bool {
    let room = event.target().split("::").next().unwrap_or_default();
    let ours = room == "portcullis" || room.starts_with("portcullis_connector_");
    ours || *event.level() <= Level::WARN
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_others_only_warnings_are_let_in() {
        let kept = Kept::default();
        let writer = kept.clone();
        let written = layer()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .with_filter(EnvFilter::new("trace").and(filter_fn(may_be_said)));
        tracing::subscriber::with_default(registry().with(written), || {
            tracing::debug!(target: "tokio_postgres::query", "their debugging");
            tracing::info!(target: "portcullis_impostor", "their news");
            tracing::warn!(target: "rustls::conn", "their warning");
            tracing::trace!(target: "portcullis::wire", "our detail");
            tracing::debug!(target: "portcullis_connector_postgres::pool", "our debugging");
        });
        let kept = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let said: Vec<&str> = kept.lines().filter_map(|line| line.rsplit(": ").next()).collect();
        assert_eq!(said, ["their warning", "our detail", "our debugging"]);
    }
}
