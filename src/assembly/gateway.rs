//! The gateway, started.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::json;

use super::Faults;
use super::survey::Inquiry;
use crate::audit::AuditLog;
use crate::config::{self, Config};
use crate::federate::{Bounds, Resources};
use crate::guard::{Tenancy, TokenSecret};
use crate::identity::Verifier;
use crate::policy::{PolicyStore, Reload};
use crate::session::{Gateway, Parts};
use crate::sql::Limits;
use crate::wire;

/// How often the policies' folder is looked at.
const POLICY_WATCH: Duration = Duration::from_millis(250);

/// How long to wait before a source that did not answer is asked again.
const SOURCE_WATCH: Duration = Duration::from_secs(1);

/// In how many rounds of these a source is asked at least once whose table cannot be read: to ask it may
/// be to read all of it.
const DAMAGE_WATCH_ROUNDS: u64 = 60;

/// Asks the sources, loads the policies, opens the audit log, and starts to watch the policies.
/// Nothing listens yet.
///
/// # Errors
/// Every fault that keeps the gateway from starting.
pub async fn start(config: &Config) -> Result<Arc<Gateway>, Faults> {
    let inquiry = Inquiry::begin(config).await?;
    let survey = inquiry.survey()?;
    let mut faults: Vec<String> = survey.uncovered.iter().map(ToString::to_string).collect();
    for source in &survey.sources {
        for note in &source.notes {
            tracing::warn!(source = %source.name, "{note}");
        }
        for warning in source.inferred_tables() {
            tracing::warn!("{warning}");
        }
        match &source.unreachable {
            Some(error) if source.required => {
                faults.push(format!("required source \"{}\": {error}", source.name));
            }
            Some(error) => {
                tracing::warn!(source = %source.name, %error, "left out until it answers");
            }
            None => {}
        }
    }
    let policies = PolicyStore::open(&config.policies.dir, Arc::clone(&survey.schema));
    let policies = match policies {
        Ok(policies) if faults.is_empty() => Arc::new(policies),
        Ok(_) => return Err(Faults(faults)),
        Err(found) => {
            // Policies that speak of a table that is not covered are no fault of their own.
            if survey.uncovered.is_empty() {
                faults.extend(found.iter().map(ToString::to_string));
            }
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
        resources: resources(&config.limits)?,
        statement_limits: Limits {
            max_statement_bytes: config.limits.max_statement_bytes,
            max_tokens: config.limits.max_statement_tokens,
            max_depth: config.limits.max_expression_depth,
            max_operators: config.limits.max_operators,
        },
        statement_timeout: config.limits.statement_timeout,
        max_rows: config.limits.max_rows,
        max_sessions: usize::try_from(config.server.max_connections).map_err(Faults::of)?,
        tenant_share_percent: config.limits.tenant_share_percent,
    })
    .await
    .map_err(Faults::of)?;
    tokio::spawn(watch(Arc::clone(&policies), Arc::clone(&gateway)));
    tokio::spawn(latecomers(inquiry, policies, Arc::downgrade(&gateway)));
    Ok(gateway)
}

fn resources(limits: &config::Limits) -> Result<Resources, Faults> {
    let memory_bytes = usize::try_from(limits.memory_bytes).map_err(Faults::of)?;
    let bounds = Bounds {
        statements: limits.max_running_statements,
        share_percent: limits.tenant_share_percent,
        patience: limits.busy_wait,
    };
    Resources::new(memory_bytes, bounds).map_err(Faults::of)
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

/// Asks the sources that are not in force again and again, and takes each up when it can be. So it does,
/// less and less often, with those of which a table cannot be read.
async fn latecomers(mut inquiry: Inquiry, policies: Arc<PolicyStore>, gateway: Weak<Gateway>) {
    let mut said = String::new();
    let mut rounds = 0_u64;
    loop {
        let (missing, damaged) = (inquiry.missing(), inquiry.damaged());
        if missing.is_empty() && damaged.is_empty() {
            return;
        }
        tokio::time::sleep(SOURCE_WATCH).await;
        for name in missing {
            let Some(gateway) = gateway.upgrade() else { return };
            if inquiry.ask_again(&name).await.is_none() {
                continue;
            }
            match take_up(&inquiry, &policies, &gateway).await {
                Ok(()) => tracing::info!(source = %name, "answers now, and is taken up"),
                Err(why) => {
                    inquiry.leave_out(&name);
                    let why = why.to_string();
                    if why != said {
                        tracing::error!(source = %name, "answers now, but is left out: {why}");
                        said = why;
                    }
                }
            }
        }
        rounds += 1;
        if rounds.is_power_of_two() || rounds.is_multiple_of(DAMAGE_WATCH_ROUNDS) {
            for name in damaged {
                let Some(gateway) = gateway.upgrade() else { return };
                let Some(mended) = inquiry.mended(&name).await else { continue };
                match take_up(&mended, &policies, &gateway).await {
                    Ok(()) => {
                        tracing::info!(source = %name, "tables can be read now, and are taken up");
                        (inquiry, rounds) = (mended, 0);
                    }
                    Err(why) => {
                        let why = why.to_string();
                        if why != said {
                            tracing::error!(source = %name, "tables can be read now, but are left out: {why}");
                            said = why;
                        }
                    }
                }
            }
        }
        let Some(gateway) = gateway.upgrade() else { return };
        if let Err(why) = tell(&inquiry, &gateway).await {
            tracing::error!("why sources are absent is not told: {why}");
        }
    }
}

/// Puts what is known now in force: first for the policies, for whom a table that has no source
/// yet does no harm, then for the sessions.
async fn take_up(
    inquiry: &Inquiry,
    policies: &Arc<PolicyStore>,
    gateway: &Gateway,
) -> Result<(), Faults> {
    let survey = inquiry.survey()?;
    if !survey.uncovered.is_empty() {
        return Err(Faults(survey.uncovered.iter().map(ToString::to_string).collect()));
    }
    let store = Arc::clone(policies);
    let reload = tokio::task::spawn_blocking(move || {
        let reload = store.reload_with(survey.schema);
        if matches!(reload, Reload::Refused(_)) {
            // The files are as good as they were for the sources that there are.
            store.reload();
        }
        reload
    });
    let reload = reload.await;
    if let Reload::Refused(faults) = reload.map_err(Faults::of)? {
        return Err(Faults(faults.iter().map(ToString::to_string).collect()));
    }
    gateway.replace_estate(survey.estate).await.map_err(Faults::of)
}

/// Lets sessions know why a source is absent, where that is another reason than before.
async fn tell(inquiry: &Inquiry, gateway: &Gateway) -> Result<(), Faults> {
    if gateway.estate().absent() == inquiry.absent() {
        return Ok(());
    }
    gateway.replace_estate(inquiry.survey()?.estate).await.map_err(Faults::of)
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
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).map_err(Faults::of);
    let limits = wire::Limits {
        max_connections: usize::try_from(config.server.max_connections).map_err(Faults::of)?,
        max_handshakes: config.server.max_handshakes,
        max_handshakes_per_address: config.server.max_handshakes_per_address,
        login_timeout_ms: milliseconds(config.server.login_timeout)?,
        idle_timeout_ms: milliseconds(config.limits.idle_session_timeout)?,
        max_message_bytes: config.limits.max_statement_bytes.saturating_add(MESSAGE_MARGIN_BYTES),
        ..wire::Limits::default()
    };
    Ok(wire::Options { tls, limits })
}

/// What a message may hold beside the statement: names, and the values of parameters.
const MESSAGE_MARGIN_BYTES: usize = 1 << 20;
