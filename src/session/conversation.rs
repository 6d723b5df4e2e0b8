//! A logged-in connection, as the wire talks to it.

use std::collections::HashMap;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use datafusion::common::ScalarValue;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use super::census::Counted;
use super::course;
use super::gateway::Gateway;
use super::parameter;
use super::query::Call;
use super::record::{Asked, Ledger};
use super::settings::Settings;
use super::shown::{text_rows, text_schema};
use super::trace::{Spans, Trace};
use super::work::{Begun, Declared};
use crate::audit::Subject;
use crate::error::{ClientError, SqlState};
use crate::federate::{Holder, Lane};
use crate::guard::TenantScope;
use crate::guard::system::SessionFacts;
use crate::identity::Principal;
use crate::share::Place;
use crate::sql::{self, Command, Query, Statement};
use crate::wire::{
    Answer, Conversation, Course, Description, Login, Rendering, StatementKind, Stop,
};

/// How many statements a session may keep by SQL's PREPARE and by name.
const MAX_PREPARED: usize = 1_000;

/// How many words, values and signs they may have together: a tree takes some hundred bytes for each.
const MAX_PREPARED_TOKENS: usize = 200_000;

/// One connection.
pub struct Session {
    gateway: Arc<Gateway>,
    principal: Arc<Principal>,
    scope: TenantScope,
    id: String,
    client: SocketAddr,
    process_id: i32,
    settings: Settings,
    prepared: HashMap<String, Option<Prepared>>,
    ledger: Ledger,
    spans: Spans,
    _counted: Counted,
    _place: Place<Holder>,
}

/// What `EXECUTE` runs: the query, its declared types, and the values of its parameters.
struct Executed {
    query: Query,
    declared: Declared,
    values: Vec<ScalarValue>,
    /// Its PREPARE.
    text: Arc<str>,
}

/// A statement with the parameter types that were declared for it.
#[derive(Clone, Debug)]
pub struct Prepared {
    statement: Arc<Statement>,
    declared: Declared,
    trace: Trace,
}

impl Prepared {
    fn new(statement: Statement, declared: Declared, span: Span) -> Self {
        let kind = statement.command.kind();
        span.in_scope(|| tracing::debug!(kind, position = statement.position, "parsed"));
        Self { statement: Arc::new(statement), declared, trace: Trace::read_in(span) }
    }

    pub(in crate::session) fn asked(&self) -> Asked<'_> {
        Asked::from(&*self.statement)
    }
}

impl Session {
    pub(in crate::session) fn new(
        gateway: Arc<Gateway>,
        principal: Principal,
        scope: TenantScope,
        place: Place<Holder>,
        login: &Login,
    ) -> Result<Self, ClientError> {
        let settings = Settings::new(&login.user, &login.parameters);
        if let Some(options) = login.parameters.get("options") {
            settings.apply_options(options)?;
        }
        let id = Uuid::new_v4().to_string();
        Ok(Self {
            spans: Spans::new(&id),
            _counted: gateway.census().enter(),
            gateway,
            principal: Arc::new(principal),
            scope,
            id,
            client: login.client,
            process_id: login.process_id,
            settings,
            prepared: HashMap::new(),
            ledger: Ledger::new(),
            _place: place,
        })
    }

    pub(in crate::session) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    pub(in crate::session) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(in crate::session) fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    pub(in crate::session) fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    pub(in crate::session) fn scope(&self) -> &TenantScope {
        &self.scope
    }

    /// Whose share its statements take.
    pub(in crate::session) fn holder(&self) -> Holder {
        holder(&self.scope)
    }

    pub(in crate::session) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(in crate::session) fn client(&self) -> SocketAddr {
        self.client
    }

    pub(in crate::session) fn application_name(&self) -> Option<String> {
        let (_, name) = self.settings.show("application_name").ok()?;
        (!name.is_empty()).then_some(name)
    }

    /// What the system catalog's functions tell of the session.
    pub(in crate::session) fn facts(&self) -> SessionFacts {
        SessionFacts {
            backend_pid: self.process_id,
            client: Some(self.client),
            server: None,
            settings: Arc::new(self.settings.clone()),
        }
    }

    /// Whose statements these are, for the audit record.
    pub(in crate::session) fn subject(&self) -> Subject {
        Subject {
            principal: self.principal.person.user.clone(),
            agent: self.principal.agent.as_ref().map(|agent| agent.user.clone()),
            tenant: Some(self.scope.own().to_string()),
            session: self.id.clone(),
            client: Some(self.client.ip()),
            application_name: self.application_name(),
        }
    }

    fn parse(&self, text: &str) -> Result<Vec<Statement>, ClientError> {
        Ok(sql::parse(text, self.gateway.statement_limits())?)
    }

    fn keep(&mut self, name: String, prepared: Option<Prepared>) -> Result<(), ClientError> {
        if !name.is_empty() && self.prepared.contains_key(&name) {
            return Err(ClientError::new(
                SqlState::DUPLICATE_PREPARED_STATEMENT,
                format!("prepared statement \"{name}\" already exists"),
            ));
        }
        if self.prepared.len() >= MAX_PREPARED {
            return Err(ClientError::new(
                SqlState::CONFIGURATION_LIMIT_EXCEEDED,
                format!("a session keeps at most {MAX_PREPARED} prepared statements"),
            )
            .hint("DEALLOCATE those that are not needed any more."));
        }
        let size = |prepared: &Prepared| prepared.statement.tokens;
        let kept = self.prepared.values().flatten().chain(&prepared).map(size).sum::<usize>();
        if kept > MAX_PREPARED_TOKENS {
            return Err(ClientError::new(
                SqlState::CONFIGURATION_LIMIT_EXCEEDED,
                format!(
                    "a session's prepared statements have at most {MAX_PREPARED_TOKENS} words, \
                     values and signs"
                ),
            )
            .hint("DEALLOCATE those that are not needed any more."));
        }
        self.prepared.insert(name, prepared);
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Option<Prepared>, ClientError> {
        self.prepared.get(name).cloned().ok_or_else(|| {
            ClientError::new(
                SqlState::INVALID_SQL_STATEMENT_NAME,
                format!("prepared statement \"{name}\" does not exist"),
            )
        })
    }

    /// The query behind `EXECUTE name`, its declared types, and the values given.
    async fn executed(
        &self,
        name: &str,
        values: &[sqlparser::ast::Expr],
        lane: &Lane,
    ) -> Result<Executed, ClientError> {
        let prepared = self.find(name)?;
        let Some(Prepared { statement, declared, .. }) = prepared else {
            return Err(not_a_query(name));
        };
        let Command::Query(query) = &statement.command else { return Err(not_a_query(name)) };
        let (work, given, named) = (self.work(query, &declared), values.to_vec(), name.to_owned());
        let computed = lane.work(async move {
            let parameters = work.describe()?.parameters;
            if parameters.len() != given.len() {
                return Err(wrong_number(&named, parameters.len(), given.len()));
            }
            let values = work.constants(&given, &parameters)?;
            Ok((parameters.into_iter().map(Some).collect(), values))
        });
        let (declared, values) = computed.await??;
        let text = Arc::clone(&statement.text);
        Ok(Executed { query: query.clone(), declared, values, text })
    }

    async fn prepare_one(
        &mut self,
        name: &str,
        text: &str,
        declared: &[u32],
        span: &Span,
    ) -> Result<(), ClientError> {
        let declared: Declared = declared
            .iter()
            .map(|oid| parameter::of_oid(*oid))
            .collect::<Result<Vec<_>, _>>()?
            .into();
        let mut statements = self.parse(text)?;
        let statement = statements.pop();
        if !statements.is_empty() {
            return Err(ClientError::new(
                SqlState::SYNTAX_ERROR,
                "cannot insert multiple commands into a prepared statement",
            ));
        }
        let prepared = statement.map(|statement| Prepared::new(statement, declared, span.clone()));
        // What cannot be planned is refused at once, not when it is first run.
        if let Some(Prepared { statement, declared, .. }) = &prepared
            && let Some(query) = statement.command.query()
        {
            self.describe_query(query, declared).await?;
        }
        self.keep(name.to_owned(), prepared)
    }

    async fn describe_one(&self, prepared: &Prepared) -> Result<Description, ClientError> {
        let rows = |names: &[&str]| Description {
            parameters: Vec::new(),
            columns: Some(text_schema(names)),
        };
        Ok(match &prepared.statement.command {
            Command::Query(query) => {
                let described = self.describe_query(query, &prepared.declared).await?;
                Description { parameters: described.parameters, columns: Some(described.columns) }
            }
            Command::Declare { query, .. } | Command::Copy { query, .. } => {
                let described = self.describe_query(query, &prepared.declared).await?;
                Description { parameters: described.parameters, columns: None }
            }
            Command::Execute { name, values } => {
                let lane = self.begin().await?.lane;
                let executed = self.executed(name, values, &lane).await?;
                let work = self.work(&executed.query, &executed.declared);
                let described = lane.work(async move { work.describe() }).await??;
                Description { parameters: Vec::new(), columns: Some(described.columns) }
            }
            Command::Explain(_) => rows(&["QUERY PLAN"]),
            Command::Show(name) => rows(&[self.settings.show(name)?.0]),
            Command::ShowAll => rows(&["name", "setting", "description"]),
            _ => Description { parameters: Vec::new(), columns: None },
        })
    }

    async fn answer(
        &mut self,
        prepared: &Prepared,
        values: Vec<ScalarValue>,
    ) -> Result<Answer, ClientError> {
        let asked = prepared.asked();
        match &prepared.statement.command {
            Command::Query(_)
            | Command::Declare { .. }
            | Command::Copy { .. }
            | Command::Execute { .. }
            | Command::Explain(_) => match self.begin().await {
                Ok(begun) => self.compute(prepared, values, begun).await,
                Err(error) => Err(self.record_refusal(asked, error).await),
            },
            _ => match self.command(&prepared.statement).await {
                Ok(answer) => {
                    tracing::debug!("answered without a source");
                    Ok(answer)
                }
                Err(error) => Err(self.record_refusal(asked, error).await),
            },
        }
    }

    /// A statement whose turn it is.
    async fn compute(
        &mut self,
        prepared: &Prepared,
        values: Vec<ScalarValue>,
        begun: Begun,
    ) -> Result<Answer, ClientError> {
        let asked = prepared.asked();
        match &prepared.statement.command {
            Command::Query(query)
            | Command::Declare { query, .. }
            | Command::Copy { query, .. } => {
                let call = Call { asked, query, declared: &prepared.declared, values };
                self.run(call, begun).await
            }
            Command::Execute { name, values } => {
                match self.executed(name, values, &begun.lane).await {
                    Ok(Executed { query, declared, values, text }) => {
                        let asked = Asked { prepared: Some(&*text), ..asked };
                        let call = Call { asked, query: &query, declared: &declared, values };
                        self.run(call, begun).await
                    }
                    Err(error) => Err(self.record_refusal(asked, error).await),
                }
            }
            Command::Explain(explain) => self.explain(asked, explain, begun).await,
            _ => Err(ClientError::new(SqlState::INTERNAL_ERROR, "internal error")),
        }
    }

    /// Commands that touch no source.
    async fn command(&mut self, statement: &Statement) -> Result<Answer, ClientError> {
        let done = |tag: &str, changed| Ok(Answer::Done { tag: tag.to_owned(), changed });
        match &statement.command {
            Command::Set { name, value, local } => {
                done("SET", self.settings.set(name, value, *local)?)
            }
            Command::Reset(name) => {
                done("RESET", self.settings.set(name, &sql::SetValue::Default, false)?)
            }
            Command::ResetAll => done("RESET", self.settings.reset_all()),
            Command::Begin => done("BEGIN", Vec::new()),
            Command::Commit => done("COMMIT", Vec::new()),
            Command::Rollback => done("ROLLBACK", Vec::new()),
            Command::Prepare { name, types, query } => {
                let declared = types.iter().map(parameter::of_name);
                let declared: Declared = declared.collect::<Result<Vec<_>, _>>()?.into();
                // A query that cannot be planned is refused now, as PostgreSQL does.
                self.describe_query(query, &declared).await?;
                let statement = Statement {
                    command: Command::Query(query.clone()),
                    position: None,
                    ..statement.clone()
                };
                let prepared = Prepared::new(statement, declared, self.spans.next());
                self.keep(name.clone(), Some(prepared))?;
                done("PREPARE", Vec::new())
            }
            Command::Deallocate(name) => {
                self.find(name)?;
                self.prepared.remove(name);
                done("DEALLOCATE", Vec::new())
            }
            Command::DeallocateAll => {
                self.prepared.clear();
                done("DEALLOCATE ALL", Vec::new())
            }
            Command::DiscardAll => {
                self.prepared.clear();
                done("DISCARD ALL", self.settings.reset_all())
            }
            Command::Nothing(tag) => done(tag, Vec::new()),
            Command::Show(name) => {
                let (name, value) = self.settings.show(name)?;
                let value = match name {
                    // Its default is made of what the session may see.
                    "search_path" if value.is_empty() => {
                        let mut all = self.shown_settings().await?.into_iter();
                        all.find(|setting| setting.name == name).map_or(value, |found| found.value)
                    }
                    _ => value,
                };
                text_rows(&[name], vec![vec![value]], "SHOW")
            }
            Command::ShowAll => {
                let mut columns = vec![Vec::new(), Vec::new(), Vec::new()];
                for setting in self.shown_settings().await? {
                    let row = [setting.name, setting.value, setting.description];
                    columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
                }
                text_rows(&["name", "setting", "description"], columns, "SHOW")
            }
            // Those that are computed, and those that the wire does.
            Command::Query(_)
            | Command::Declare { .. }
            | Command::Copy { .. }
            | Command::Execute { .. }
            | Command::Explain(_)
            | Command::Fetch(_)
            | Command::Close(_) => {
                Err(ClientError::new(SqlState::INTERNAL_ERROR, "internal error"))
            }
        }
    }
}

/// Those of a tenant share what they may take.
pub(in crate::session) fn holder(scope: &TenantScope) -> Holder {
    scope.own().to_string().into()
}

fn wrong_number(name: &str, expected: usize, given: usize) -> ClientError {
    ClientError::new(
        SqlState::SYNTAX_ERROR,
        format!("wrong number of parameters for prepared statement \"{name}\""),
    )
    .detail(format!("expected {expected} parameters but got {given}"))
}

fn not_a_query(name: &str) -> ClientError {
    ClientError::new(
        SqlState::FEATURE_NOT_SUPPORTED,
        format!("prepared statement \"{name}\" is not a query"),
    )
}

#[async_trait]
impl Conversation for Session {
    type Statement = Prepared;

    fn expires_at(&self) -> SystemTime {
        self.principal.expires_at
    }

    fn parameters(&self) -> Vec<(String, String)> {
        self.settings.reported()
    }

    async fn split(&mut self, text: &str) -> Result<Vec<Prepared>, ClientError> {
        let span = self.spans.next();
        match self.parse(text) {
            Ok(statements) => {
                // The first has the span of the text, which most texts are.
                let spans = iter::once(span).chain(iter::repeat_with(|| self.spans.next()));
                let prepared = statements.into_iter().zip(spans);
                Ok(prepared.map(|(one, span)| Prepared::new(one, Arc::new([]), span)).collect())
            }
            Err(error) => Err(self.record_refusal(Asked::text(text), error).instrument(span).await),
        }
    }

    fn rendering(&self) -> Rendering {
        Rendering { time_zone: self.settings.time_zone() }
    }

    fn kind(&self, prepared: &Prepared) -> StatementKind {
        match prepared.statement.command {
            Command::Begin => StatementKind::Begin,
            Command::Commit => StatementKind::Commit,
            Command::Rollback => StatementKind::Rollback,
            _ => StatementKind::Plain,
        }
    }

    fn course(&self, prepared: &Prepared) -> Course {
        course::of(&prepared.statement.command)
    }

    async fn prepare(
        &mut self,
        name: &str,
        text: &str,
        declared: &[u32],
    ) -> Result<(), ClientError> {
        let span = self.spans.next();
        let preparing = async {
            match self.prepare_one(name, text, declared, &span).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.record_refusal(Asked::text(text), error).await),
            }
        };
        preparing.instrument(span.clone()).await
    }

    fn prepared(&self, name: &str) -> Result<Option<Prepared>, ClientError> {
        self.find(name)
    }

    fn close(&mut self, name: &str) {
        self.prepared.remove(name);
    }

    async fn describe(&mut self, prepared: &Prepared) -> Result<Description, ClientError> {
        let span = prepared.trace.before(&self.spans);
        let describing = async {
            match self.describe_one(prepared).await {
                Ok(description) => Ok(description),
                Err(error) => Err(self.record_refusal(prepared.asked(), error).await),
            }
        };
        describing.instrument(span).await
    }

    async fn execute(
        &mut self,
        prepared: &Prepared,
        values: Vec<ScalarValue>,
    ) -> Result<Answer, ClientError> {
        let span = prepared.trace.begin(&self.spans);
        self.answer(prepared, values).instrument(span).await
    }

    fn transaction_began(&mut self) {
        self.settings.transaction_began();
    }

    fn transaction_ended(&mut self, committed: bool) -> Vec<(String, String)> {
        self.settings.transaction_ended(committed)
    }

    async fn refused(&mut self, prepared: Option<&Prepared>, error: ClientError) -> ClientError {
        let span = prepared.map_or_else(|| self.spans.next(), |prepared| prepared.trace.latest());
        let asked = prepared.map_or(Asked::text(""), Prepared::asked);
        self.record_refusal(asked, error).instrument(span).await
    }

    async fn stopped(&mut self, prepared: Option<&Prepared>, why: &Stop) {
        let span = prepared.map_or_else(|| self.spans.next(), |prepared| prepared.trace.latest());
        self.record_stop(prepared, why).instrument(span).await;
    }

    fn ended(&mut self, why: &Stop) {
        self.record_end(why);
    }
}
