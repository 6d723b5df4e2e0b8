//! `portcullis serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Outcome, runtime};
use crate::admin::{self, Observed};
use crate::assembly;
use crate::config::Config;
use crate::wire::Server;

/// Options of `serve`
#[derive(Args)]
pub(super) struct Options {
    /// The configuration
    #[arg(long, default_value = "portcullis.toml")]
    config: PathBuf,
}

pub(super) fn run(options: &Options) -> Outcome {
    let config = Config::load(&options.config)?;
    runtime()?.block_on(serve(&config))
}

async fn serve(config: &Config) -> Outcome {
    let listener_options = assembly::listener_options(config)?;
    super::survive_full_files()?;
    let gateway = assembly::start(config).await?;
    let listener = listen(config.server.listen).await?;
    let operators = match config.server.admin {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    tracing::info!(listen = %listener.local_addr()?, "serving");
    let server = Server::new(listener_options, Arc::new(Arc::clone(&gateway)));
    let (end, ended) = oneshot::channel::<()>();
    let attending = operators.map(|operators| {
        if let Ok(address) = operators.local_addr() {
            tracing::info!(admin = %address, "health, readiness and metrics");
            if !address.ip().is_loopback() {
                tracing::warn!("others can reach these: nobody is asked who they are");
            }
        }
        let observed = Arc::new(Observed::new(config, Arc::clone(&gateway)));
        tokio::spawn(admin::serve(operators, observed, async move { drop(ended.await) }))
    });
    server.serve(listener, super::interrupted()).await;
    drop(end);
    if let Some(attending) = attending {
        attending.await?;
    }
    gateway.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let listening = TcpListener::bind(address).await;
    listening.map_err(|error| format!("cannot listen on {address}: {error}"))
}
