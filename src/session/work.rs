//! The part of a query's way that computes, up to where it can run: names resolved, permits asked
//! for, plan guarded and split.
//!
//! It is apart from the session, since it is done on the statement's lane, and its session looks
//! meanwhile whether the client still waits. How long it may take is bounded as running is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use arrow::datatypes::{FieldRef, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;

use super::conversation::Session;
use super::gateway::Gateway;
use super::record::Learned;
use crate::error::ClientError;
use crate::federate::{self, Holder, Lane, Prepared as Ready};
use crate::guard::system::Setting;
use crate::guard::{
    Described, GuardedPlan, SessionCatalog, client_error, planning_error, running_error,
};
use crate::policy::RequestFacts;
use crate::sql::Query;

/// A statement whose turn it is.
#[derive(Clone, Debug)]
pub(in crate::session) struct Begun {
    /// When it was asked.
    pub started: Instant,
    /// What it computes on.
    pub lane: Lane,
}

/// The declared types of a query's parameters, by position.
pub(in crate::session) type Declared = Arc<[Option<FieldRef>]>;

/// What was learned of a statement so far. It is there however the work on it ends.
#[derive(Clone, Default)]
pub(in crate::session) struct Lessons(Arc<Mutex<Learned>>);

impl Lessons {
    fn learn(&self, what: impl FnOnce(&mut Learned)) {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn take(&self) -> Learned {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A query, and all that the work on it needs of its session.
pub(in crate::session) struct Work {
    gateway: Arc<Gateway>,
    holder: Holder,
    catalog: SessionCatalog,
    query: Query,
    declared: Declared,
}

impl Session {
    /// Waits until a statement of the session may be planned and run.
    ///
    /// # Errors
    /// 53300 where that takes too long, 57014 past the statement's time.
    pub(in crate::session) async fn begin(&self) -> Result<Begun, ClientError> {
        let (started, deadline) = (Instant::now(), self.deadline());
        let lane = self.gateway().resources().lane(&self.holder(), deadline).await?;
        Ok(Begun { started, lane })
    }

    /// The work on a query, under the policies in force now.
    pub(in crate::session) fn work(&self, query: &Query, declared: &Declared) -> Work {
        Work {
            gateway: Arc::clone(self.gateway()),
            holder: self.holder(),
            catalog: self.catalog(),
            query: query.clone(),
            declared: Arc::clone(declared),
        }
    }

    /// What the session may see, under the policies in force now.
    fn catalog(&self) -> SessionCatalog {
        let facts = RequestFacts {
            now: SystemTime::now(),
            client_ip: self.client().ip(),
            application_name: self.application_name(),
        };
        self.gateway().catalog(self, facts)
    }

    /// The settings as the session is told them.
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub(in crate::session) async fn shown_settings(&self) -> Result<Vec<Setting>, ClientError> {
        let lane = self.begin().await?.lane;
        let catalog = self.catalog();
        lane.work(async move { catalog.settings() }).await
    }

    /// The parameters and columns of a query.
    pub(in crate::session) async fn describe_query(
        &self,
        query: &Query,
        declared: &Declared,
    ) -> Result<Described, ClientError> {
        let lane = self.begin().await?.lane;
        let work = self.work(query, declared);
        lane.work(async move { work.describe() }).await?
    }
}

impl Work {
    pub fn describe(&self) -> Result<Described, ClientError> {
        self.gateway
            .guard()
            .describe(&self.catalog, &self.query, &self.declared)
            .map_err(|error| planning_error(&self.query, &error))
    }

    /// The values of expressions that read no table, each as the type of its field.
    pub fn constants(
        &self,
        expressions: &[sqlparser::ast::Expr],
        fields: &[FieldRef],
    ) -> Result<Vec<ScalarValue>, ClientError> {
        self.gateway
            .guard()
            .constants(&self.catalog, expressions, fields)
            .map_err(|error| client_error(&error))
    }

    /// Whether its caller may see how a plan is guarded.
    pub fn may_explain_guard(&self) -> bool {
        let authority = self.catalog.authority();
        authority.policies.may_explain_guard(&authority.principal, &authority.facts)
    }

    /// A plan as its author knows it.
    pub fn explained(&self, plan: &GuardedPlan) -> Vec<String> {
        plan.explained(&self.catalog)
    }

    pub fn plan(
        &self,
        values: Vec<ScalarValue>,
        lessons: &Lessons,
    ) -> Result<GuardedPlan, ClientError> {
        let Self { catalog, query, .. } = self;
        let authority = catalog.authority();
        let policy_set = authority.policies.hash().to_owned();
        lessons.learn(|learned| learned.policy_set = Some(policy_set));
        let parameters = if values.is_empty() { Vec::new() } else { self.describe()?.parameters };
        let now: DateTime<Utc> = authority.facts.now.into();
        let plan = self.gateway.guard().plan(catalog, query, &parameters, values, now);
        let plan = plan.map_err(|error| planning_error(query, &error))?;
        lessons.learn(|learned| learned.tables = plan.touched().to_vec());
        Ok(plan)
    }

    pub async fn split(
        &self,
        plan: &GuardedPlan,
        lane: Lane,
        lessons: &Lessons,
    ) -> Result<Ready, ClientError> {
        let (guard, resources) = (self.gateway.guard(), self.gateway.resources());
        let ready = federate::prepare(guard, plan, resources, Arc::clone(&self.holder), lane)
            .await
            .map_err(|error| running_error(&self.query, &error))?;
        lessons.learn(|learned| learned.sent = ready.sent().to_vec());
        Ok(ready)
    }

    /// All of it.
    pub async fn make_ready(
        self,
        values: Vec<ScalarValue>,
        lane: Lane,
        lessons: Lessons,
    ) -> Result<(Ready, SchemaRef), ClientError> {
        let plan = self.plan(values, &lessons)?;
        Ok((self.split(&plan, lane, &lessons).await?, plan.schema()))
    }
}
