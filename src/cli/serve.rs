//! `portcullis serve`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::{Outcome, runtime};
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
    let listener = TcpListener::bind(config.server.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.server.listen))?;
    tracing::info!(listen = %listener.local_addr()?, "serving");
    let server = Server::new(listener_options, Arc::new(Arc::clone(&gateway)));
    server.serve(listener, super::interrupted()).await;
    gateway.audit().close().await?;
    Ok(ExitCode::SUCCESS)
}
