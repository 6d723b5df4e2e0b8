//! Whether the gateway answers as it should.

use std::sync::Arc;
use std::time::Duration;

use portcullis_connector_api::SourceName;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::config::Config;
use crate::session::Gateway;

/// For so long an answer about the sources holds: whoever asks more often learns nothing new, and
/// puts no load on them.
const SOURCES_HOLD: Duration = Duration::from_secs(5);

/// A source that has not answered by then is unreachable.
const SOURCE_PATIENCE: Duration = Duration::from_secs(2);

/// A gateway, as its operators see it.
#[derive(Debug)]
pub struct Observed {
    gateway: Arc<Gateway>,
    max_connections: u32,
    /// All that the configuration names, and whether each is required.
    sources: Vec<(SourceName, bool)>,
    looked: Mutex<Option<(Instant, Vec<SourceName>)>>,
}

/// The state of what a statement needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether new clients should come: `audit` and `policies` are well, and every source that
    /// is `required` can be reached.
    pub ready: bool,
    /// `ok`, or `failing`: the last record could not be written, and statements are refused.
    pub audit: &'static str,
    /// `ok`, or `broken`: the files in the folder cannot be put in force, and the set before them
    /// still is.
    pub policies: &'static str,
    /// The sources that cannot be reached now, or were never taken up, by name.
    pub unreachable: Vec<String>,
    /// The tables that could not be read when they were looked at, as `source.table`.
    pub damaged: Vec<String>,
}

impl Observed {
    /// The gateway that this configuration started.
    pub fn new(config: &Config, gateway: Arc<Gateway>) -> Self {
        let sources =
            config.sources.iter().map(|source| (source.name.clone(), source.required)).collect();
        let max_connections = config.server.max_connections;
        Self { gateway, max_connections, sources, looked: Mutex::default() }
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(super) fn max_connections(&self) -> u32 {
        self.max_connections
    }

    /// Looks at everything. Of those who ask at the same time one looks, and the others get what
    /// it saw.
    pub async fn readiness(&self) -> Readiness {
        let unreachable = self.unreachable().await;
        let audit = !self.audit_fails().await;
        let policies = self.gateway.policies().faults().is_empty();
        let lacking =
            self.sources.iter().any(|(name, required)| *required && unreachable.contains(name));
        Readiness {
            ready: audit && policies && !lacking,
            audit: if audit { "ok" } else { "failing" },
            policies: if policies { "ok" } else { "broken" },
            unreachable: unreachable.iter().map(ToString::to_string).collect(),
            damaged: self.gateway.estate().damaged().iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether the last record could not be written. Then no statement comes that could try
    /// again, so this does.
    async fn audit_fails(&self) -> bool {
        let audit = self.gateway.audit();
        audit.counts().failing && audit.event("readiness", json!({})).await.is_err()
    }

    async fn unreachable(&self) -> Vec<SourceName> {
        let mut looked = self.looked.lock().await;
        if let Some((at, seen)) = &*looked
            && at.elapsed() < SOURCES_HOLD
        {
            return seen.clone();
        }
        let seen = self.look().await;
        *looked = Some((Instant::now(), seen.clone()));
        seen
    }

    async fn look(&self) -> Vec<SourceName> {
        let estate = self.gateway.estate();
        let known = estate.sources();
        let looks = self.sources.iter().map(|(name, _)| async move {
            // One that could not be reached at the start is not known until it is taken up.
            let source = known.iter().find(|source| source.name == *name)?;
            let reached = timeout(SOURCE_PATIENCE, source.connector.reach()).await;
            match reached {
                Ok(Ok(())) => Some(name),
                Ok(Err(error)) => {
                    tracing::warn!(source = %name, %error, "cannot be reached");
                    None
                }
                Err(_) => {
                    tracing::warn!(source = %name, "has not answered in time");
                    None
                }
            }
        });
        let reached = futures::future::join_all(looks).await;
        let names = self.sources.iter().map(|(name, _)| name);
        names.filter(|name| !reached.contains(&Some(name))).cloned().collect()
    }
}
