//! The gateway as a whole: what all sessions share, put together from a checked configuration's
//! parts.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde_json::json;

use super::census::{Census, SessionCounts};
use super::conversation::{Session, holder};
use super::refusals::{self, Refusals};
use crate::audit::{AuditError, AuditLog};
use crate::error::{ClientError, SqlState};
use crate::federate::{Holder, Resources};
use crate::guard::{
    Authority, CoverageFault, Estate, Guard, SessionCatalog, TableTenancy, Tenancy, TokenSecret,
};
use crate::identity::Verifier;
use crate::policy::{PolicyStore, RequestFacts};
use crate::share::Shares;
use crate::sql::Limits;
use crate::wire::{Backend, Login, Visitor};

/// What a gateway is made of.
#[derive(Debug)]
pub struct Parts {
    /// The one database that clients see.
    pub database: String,
    /// Who is let in.
    pub verifier: Verifier,
    /// Every table there is at the start.
    pub estate: Arc<Estate>,
    /// What may be seen of them.
    pub policies: Arc<PolicyStore>,
    /// How principals belong to tenants.
    pub tenancy: Tenancy,
    /// For `mask_token`.
    pub token_secret: Option<TokenSecret>,
    /// Where it is recorded.
    pub audit: AuditLog,
    /// What running queries may use.
    pub resources: Resources,
    /// What a statement's text may be.
    pub statement_limits: Limits,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// How many rows a statement may return.
    pub max_rows: u64,
    /// How many sessions there may be at once.
    pub max_sessions: usize,
    /// How much of these one tenant may have.
    pub tenant_share_percent: u8,
}

/// See the module.
#[derive(Debug)]
pub struct Gateway {
    parts: Parts,
    estate: RwLock<Arc<Estate>>,
    guard: Guard,
    census: Arc<Census>,
    refusals: Refusals,
    sessions: Shares<Holder>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A table cannot be guarded.
    #[error(transparent)]
    Coverage(#[from] CoverageFault),
    /// The start cannot be recorded.
    #[error("the start cannot be recorded: {0}")]
    Audit(#[from] crate::audit::AuditError),
}

impl Gateway {
    /// Puts the parts together and records the start, with the tables that belong to no tenant.
    ///
    /// # Errors
    /// Where the start cannot be recorded.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, Fault> {
        let shared = shared(&parts.estate);
        let policies = parts.policies.current();
        let details = json!({ "shared": shared, "policy_set": policies.hash() });
        parts.audit.event("start", details).await?;
        let estate = RwLock::new(Arc::clone(&parts.estate));
        let sessions = Shares::with_percent(parts.max_sessions, parts.tenant_share_percent);
        let gateway = Arc::new(Self {
            sessions,
            parts,
            estate,
            guard: Guard::default(),
            census: Arc::default(),
            refusals: Refusals::default(),
        });
        tokio::spawn(count_refusals(Arc::downgrade(&gateway)));
        Ok(gateway)
    }

    /// Every table there is, from the next statement on: a source has answered that did not
    /// before. Records it, with the tables that belong to no tenant; where it cannot be
    /// recorded, all stays as it is.
    ///
    /// # Errors
    /// Where it cannot be recorded.
    pub async fn replace_estate(&self, estate: Arc<Estate>) -> Result<(), AuditError> {
        let sources = estate.sources().iter().map(|source| source.name.to_string());
        let absent = estate.absent().iter().map(|source| source.name.to_string());
        let details = json!({
            "sources": sources.collect::<Vec<_>>(),
            "absent": absent.collect::<Vec<_>>(),
            "shared": shared(&estate),
            "policy_set": self.parts.policies.current().hash(),
        });
        self.parts.audit.event("sources", details).await?;
        *self.estate.write().unwrap_or_else(PoisonError::into_inner) = estate;
        Ok(())
    }

    pub(in crate::session) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The audit log.
    pub fn audit(&self) -> &AuditLog {
        &self.parts.audit
    }

    /// Every table there is now, with its source.
    pub fn estate(&self) -> Arc<Estate> {
        Arc::clone(&self.estate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many sessions there are, and were.
    pub fn sessions(&self) -> SessionCounts {
        self.census.read()
    }

    pub(in crate::session) fn census(&self) -> &Arc<Census> {
        &self.census
    }

    /// The policies.
    pub fn policies(&self) -> &Arc<PolicyStore> {
        &self.parts.policies
    }

    pub(in crate::session) fn resources(&self) -> &Resources {
        &self.parts.resources
    }

    pub(in crate::session) fn statement_limits(&self) -> &Limits {
        &self.parts.statement_limits
    }

    pub(in crate::session) fn statement_timeout(&self) -> Duration {
        self.parts.statement_timeout
    }

    pub(in crate::session) fn max_rows(&self) -> u64 {
        self.parts.max_rows
    }

    pub(in crate::session) fn catalog(
        &self,
        session: &Session,
        facts: RequestFacts,
    ) -> SessionCatalog {
        let authority = Authority {
            estate: self.estate(),
            policies: self.parts.policies.current(),
            principal: Arc::clone(session.principal()),
            facts,
            scope: session.scope().clone(),
            token_secret: self.parts.token_secret.clone(),
        };
        let path = session.settings().search_path();
        SessionCatalog::new(authority, &self.parts.database, &path, session.facts())
    }

    /// Records a login that was refused, within the bounds of [`Refusals`].
    fn refuse(&self, visitor: &Visitor, application_name: Option<&String>, error: &ClientError) {
        if !self.refusals.admit(visitor.client.ip()) {
            return;
        }
        let details = json!({
            "user": visitor.user.as_deref().map(brief),
            "database": visitor.database.as_deref().map(brief),
            "client": visitor.client.ip().to_string(),
            "application_name": application_name.map(|name| brief(name)),
            "sqlstate": error.sqlstate.code(),
            "message": brief(&error.message),
            "internal": error.internal.as_deref().map(brief),
        });
        self.audit().note("login_refused", details);
    }

    /// Records how many logins were refused and not recorded one by one.
    fn record_refusals(&self) {
        for (client, count) in self.refusals.turn() {
            let client = client.map_or("others".to_owned(), |client| client.to_string());
            self.audit().note("logins_refused", json!({ "client": client, "count": count }));
        }
    }

    /// Makes all that was recorded durable; nothing is answered any more.
    ///
    /// # Errors
    /// Where it cannot be made durable.
    pub async fn close(&self) -> Result<(), AuditError> {
        self.record_refusals();
        self.audit().close().await
    }

    fn admit(self: &Arc<Self>, login: &Login) -> Result<Session, ClientError> {
        let principal = self
            .parts
            .verifier
            .verify(&login.user, &login.token, SystemTime::now())
            .map_err(|error| error.for_client(&login.user))?;
        if login.database != self.parts.database {
            return Err(ClientError::new(
                SqlState::INVALID_CATALOG_NAME,
                format!("database \"{}\" does not exist", login.database),
            )
            .hint(format!("The database is called \"{}\".", self.parts.database)));
        }
        let scope = self.parts.tenancy.scope(&principal).ok_or_else(|| {
            ClientError::new(SqlState::INVALID_AUTHORIZATION, "the token names no tenant")
        })?;
        let place = self.sessions.try_take(&holder(&scope)).ok_or_else(|| {
            ClientError::new(
                SqlState::TOO_MANY_CONNECTIONS,
                "your tenant has too many sessions already",
            )
            .hint("End sessions that are not needed, or keep them in a pool.")
        })?;
        Session::new(Arc::clone(self), principal, scope, place, login)
    }
}

/// Texts in the record of somebody who was not let in are no longer than this, in bytes.
const BRIEF_BYTES: usize = 256;

fn brief(text: &str) -> &str {
    let end = (0..=text.len().min(BRIEF_BYTES)).rfind(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

async fn count_refusals(gateway: Weak<Gateway>) {
    loop {
        tokio::time::sleep(refusals::INTERVAL).await;
        let Some(gateway) = gateway.upgrade() else { return };
        gateway.record_refusals();
    }
}

/// The tables that belong to no tenant.
fn shared(estate: &Estate) -> Vec<String> {
    let shared = estate.tables().filter(|(_, table)| table.tenancy == TableTenancy::Shared);
    shared.map(|(_, table)| format!("{}.{}", table.schema, table.name)).collect()
}

/// What the wire serves: a gateway that sessions can hold on to.
#[async_trait]
impl Backend for Arc<Gateway> {
    type Conversation = Session;

    async fn login(&self, login: Login) -> Result<Session, ClientError> {
        let admitted: Result<Session, ClientError> = match self.admit(&login) {
            Ok(mut session) => session.record_begin().await.map(|()| session),
            Err(error) => {
                let visitor = Visitor {
                    client: login.client,
                    user: Some(login.user),
                    database: Some(login.database),
                };
                self.refuse(&visitor, login.parameters.get("application_name"), &error);
                Err(error)
            }
        };
        self.census.login(admitted.is_ok());
        admitted
    }

    fn turned_away(&self, visitor: &Visitor, error: &ClientError) {
        self.refuse(visitor, None, error);
        self.census.login(false);
    }
}
