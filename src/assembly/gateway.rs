//! The gateway, started.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Faults;
use super::survey::survey;
use crate::audit::AuditLog;
use crate::config::Config;
use crate::federate::Resources;
use crate::guard::{Tenancy, TokenSecret};
use crate::identity::Verifier;
use crate::policy::{PolicyStore, Reload};
use crate::session::{Gateway, Parts};
use crate::sql::Limits;
use crate::wire;

/// How often the policies' folder is looked at.
const POLICY_WATCH: Duration = Duration::from_millis(250);

/// Asks the sources, loads the policies, opens the audit log, and starts to watch the policies.
/// Nothing listens yet.
///
/// # Errors
/// Every fault that keeps the gateway from starting.
pub async fn start(config: &Config) -> Result<Arc<Gateway>, Faults> {
    let survey = survey(config).await?;
    let mut faults: Vec<String> = survey.uncovered.iter().map(ToString::to_string).collect();
    for source in &survey.sources {
        for note in &source.notes {
            tracing::warn!(source = %source.name, "{note}");
        }
        match &source.unreachable {
            Some(error) if source.required => {
                faults.push(format!("required source \"{}\": {error}", source.name));
            }
            Some(error) => {
                tracing::warn!(source = %source.name, %error, "left out until the next start");
            }
            None => {}
        }
    }
    let policies = PolicyStore::open(&config.policies.dir, Arc::clone(&survey.schema));
    let policies = match policies {
        Ok(policies) if faults.is_empty() => Arc::new(policies),
        Ok(_) => return Err(Faults(faults)),
        Err(found) => {
            faults.extend(found.iter().map(ToString::to_string));
            return Err(Faults(faults));
        }
    };
    let token_secret = config.policies.token_key.as_ref();
    if token_secret.is_none() && policies.current().permit_tokens() {
        return Err(Faults::of("a policy permits mask_token, and [policies] has no token_key"));
    }
    let gateway = Gateway::start(Parts {
        database: config.server.database.clone(),
        verifier: Verifier::new(
            config.identity.issuers.clone(),
            config.identity.attributes.clone(),
        )
        .map_err(Faults::of)?,
        estate: Arc::clone(&survey.estate),
        policies: Arc::clone(&policies),
        tenancy: Tenancy {
            attribute: config.tenancy.attribute.clone(),
            cross_tenant_roles: config.tenancy.cross_tenant_roles.clone(),
        },
        token_secret: token_secret.map(|key| TokenSecret::new(key.reveal().as_bytes())),
        audit: AuditLog::open(&config.audit.dir, &config.audit.key_file).map_err(Faults::of)?,
        resources: Resources::new(usize::try_from(config.limits.memory_bytes).map_err(Faults::of)?)
            .map_err(Faults::of)?,
        statement_limits: Limits {
            max_statement_bytes: config.limits.max_statement_bytes,
            max_depth: config.limits.max_expression_depth,
            max_operators: config.limits.max_operators,
        },
        statement_timeout: config.limits.statement_timeout,
        max_rows: config.limits.max_rows,
    })
    .await
    .map_err(Faults::of)?;
    tokio::spawn(watch(policies, Arc::clone(&gateway)));
    Ok(gateway)
}

async fn watch(policies: Arc<PolicyStore>, gateway: Arc<Gateway>) {
    let told = move |reload: &Reload| {
        let details = match reload {
            Reload::Unchanged => return,
            Reload::Replaced(policies) => {
                tracing::info!(policy_set = policies.hash(), "policies replaced");
                json!({ "policy_set": policies.hash() })
            }
            Reload::Refused(faults) => {
                let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                for fault in &faults {
                    tracing::error!("policies not replaced: {fault}");
                }
                json!({ "refused": faults })
            }
        };
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            if let Err(error) = gateway.audit().event("policies", details).await {
                tracing::error!(%error, "a change of policies could not be recorded");
            }
        });
    };
    policies.watch(POLICY_WATCH, told).await;
}

/// How the listener takes connections.
///
/// # Errors
/// Where the certificate or its key cannot be used.
pub fn listener_options(config: &Config) -> Result<wire::Options, Faults> {
    let tls = match &config.server.tls {
        Some(tls) => Some(wire::Tls {
            config: wire::tls_config(&tls.cert, &tls.key).map_err(Faults::of)?,
            required: tls.required,
        }),
        None => None,
    };
    let idle = config.limits.idle_session_timeout.as_millis();
    let limits = wire::Limits {
        max_connections: usize::try_from(config.server.max_connections).map_err(Faults::of)?,
        idle_timeout_ms: u64::try_from(idle).map_err(Faults::of)?,
        max_message_bytes: config.limits.max_statement_bytes.saturating_add(MESSAGE_MARGIN_BYTES),
        ..wire::Limits::default()
    };
    Ok(wire::Options { tls, limits })
}

/// What a message may hold beside the statement: names, and the values of parameters.
const MESSAGE_MARGIN_BYTES: usize = 16 << 20;
