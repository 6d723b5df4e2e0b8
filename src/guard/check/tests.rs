//! The check is given plans that no other part of the guard would make: were one to, this must
//! see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;

use chrono::Utc;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DFSchemaRef, JoinType};
use datafusion::datasource::MemTable;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::provider_as_source;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use datafusion::logical_expr::{
    Extension, LogicalPlanBuilder, UserDefinedLogicalNodeCore, col, exists, lit,
};
use datafusion::physical_plan::joins::CrossJoinExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::streaming::StreamingTableExec;
use datafusion::physical_plan::union::UnionExec;

use super::*;
use crate::guard::barrier::{Passing, Show};
use crate::guard::system::{SessionFacts, Setting, Settings};
use crate::guard::{Authority, Estate, Guard, SessionCatalog, Tenant, TenantScope, numbers};
use crate::identity::{Attributes, Identity, Principal};
use crate::policy::{Policies, RequestFacts, schema};
use crate::sql;

type Exec = Arc<dyn ExecutionPlan>;

fn columns() -> SchemaRef {
    Schema::new(vec![Field::new("n", DataType::Int64, true)]).into()
}

/// A scan of Parquet files, as the engine itself would make it.
fn parquet() -> Exec {
    let source = Arc::new(ParquetSource::new(columns()));
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source).build();
    DataSourceExec::from_data_source(config)
}

/// A leaf that the check has never heard of.
fn unheard_of() -> Exec {
    Arc::new(StreamingTableExec::try_new(columns(), vec![], None, [], false, None).unwrap())
}

fn barrier(input: Exec) -> Exec {
    let passing = Passing {
        source: "crm".into(),
        label: "crm.t".to_owned(),
        show: Show::AsTheyCome,
        fetch: None,
    };
    Arc::new(BarrierExec::new(passing, input))
}

fn beside(left: Exec, right: Exec) -> Exec {
    Arc::new(CrossJoinExec::new(left, right))
}

fn below(input: Exec) -> Exec {
    Arc::new(GlobalLimitExec::new(input, 0, Some(1)))
}

fn told<T: fmt::Debug>(refused: Result<T>) -> String {
    match refused.unwrap_err() {
        datafusion::error::DataFusionError::External(error) => {
            assert!(
                matches!(error.downcast_ref(), Some(GuardError::Unguarded(_))),
                "refused for another reason: {error}"
            );
            error.to_string()
        }
        other => panic!("refused for another reason: {other}"),
    }
}

#[test]
fn a_leaf_without_a_barrier_is_refused() {
    for (leaf, name) in
        [(parquet as fn() -> Exec, "DataSourceExec"), (unheard_of, "StreamingTableExec")]
    {
        let expected = format!("a plan holds a {name}, which did not pass the guard");
        for plan in [leaf(), below(leaf()), below(below(leaf()))] {
            assert_eq!(told(physical(&plan)), expected);
        }
        for plan in [barrier(leaf()), barrier(below(leaf())), below(barrier(leaf()))] {
            physical(&plan).unwrap();
        }
    }
}

#[test]
fn a_barrier_guards_what_stands_beneath_it_and_not_what_stands_beside_it() {
    let guarded = || barrier(parquet());
    for plan in [
        beside(guarded(), parquet()),
        beside(parquet(), guarded()),
        beside(guarded(), below(unheard_of())),
        beside(beside(guarded(), guarded()), beside(guarded(), parquet())),
        UnionExec::try_new(vec![guarded(), guarded(), parquet()]).unwrap(),
    ] {
        assert!(told(physical(&plan)).contains("Exec"));
    }
    physical(&beside(guarded(), beside(guarded(), below(guarded())))).unwrap();
}

#[test]
fn what_holds_nothing_of_a_source_needs_no_barrier() {
    let memory = MemorySourceConfig::try_new_exec(&[vec![]], columns(), None).unwrap();
    let leaves: [Exec; 3] =
        [memory, Arc::new(EmptyExec::new(columns())), Arc::new(PlaceholderRowExec::new(columns()))];
    for leaf in leaves {
        physical(&leaf).unwrap();
        assert!(told(physical(&beside(leaf, parquet()))).contains("DataSourceExec"));
    }
}

#[derive(Debug)]
struct NoSettings;

impl Settings for NoSettings {
    fn all(&self) -> Vec<Setting> {
        Vec::new()
    }
}

/// The plan of a query that reads no source.
fn guarded(query: &str) -> GuardedPlan {
    let identity = Identity {
        issuer: "i".to_owned(),
        user: "u".to_owned(),
        roles: BTreeSet::new(),
        attributes: BTreeMap::new(),
    };
    let schema = schema::generate(&[], &Attributes::default(), &BTreeSet::new()).unwrap();
    let authority = Authority {
        estate: Arc::new(Estate::default()),
        policies: Arc::new(Policies::new(Vec::new(), Arc::new(schema)).unwrap()),
        principal: Arc::new(Principal {
            person: identity,
            agent: None,
            expires_at: SystemTime::now(),
        }),
        facts: RequestFacts {
            now: SystemTime::now(),
            client_ip: [127, 0, 0, 1].into(),
            application_name: None,
        },
        scope: TenantScope::One(Tenant::Text("acme".to_owned())),
        token_secret: None,
    };
    let settings = Arc::new(NoSettings);
    let session = SessionFacts { backend_pid: 1, client: None, server: None, settings };
    let catalog = SessionCatalog::new(authority, "portcullis", &[], session);
    let statement = sql::parse(query, &sql::Limits::default()).unwrap().remove(0);
    let sql::Command::Query(query) = statement.command else { panic!("no query") };
    Guard::default().plan(&catalog, &query, &[], Vec::new(), Utc::now()).unwrap()
}

#[test]
fn only_what_gives_the_columns_of_the_guarded_plan_is_sealed() {
    let plan = guarded("SELECT 1::int8 AS n");
    let empty =
        |fields: Vec<Field>| -> Exec { Arc::new(EmptyExec::new(Schema::new(fields).into())) };
    let number = || Field::new("n", DataType::Int64, false);
    let sealed = SealedPlan::seal(&plan, empty(vec![number()])).unwrap();
    assert_eq!(sealed.schema().fields().len(), 1);
    for other in [
        vec![],
        vec![number(), number()],
        vec![Field::new("n", DataType::Utf8, false)],
        vec![Field::new("salary", DataType::Int64, false)],
    ] {
        let said = told(SealedPlan::seal(&plan, empty(other)));
        assert_eq!(said, "a plan holds other columns, which did not pass the guard");
    }
    assert!(told(SealedPlan::seal(&plan, parquet())).contains("DataSourceExec"));
}

/// A scan that no permit was asked for.
fn scan() -> LogicalPlanBuilder {
    let table = MemTable::try_new(columns(), vec![vec![]]).unwrap();
    LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None).unwrap()
}

fn one() -> LogicalPlanBuilder {
    LogicalPlanBuilder::empty(true)
}

#[test]
fn a_scan_that_passed_no_permit_is_refused_wherever_it_stands() {
    let scan_of_a_source =
        LogicalPlanBuilder::scan("t", Arc::new(LogicalTableSource::new(columns())), None).unwrap();
    let beside = |left: LogicalPlanBuilder, right: LogicalPlanBuilder| {
        left.cross_join(right.build().unwrap()).unwrap()
    };
    let values = || LogicalPlanBuilder::values(vec![vec![lit(1_i64)]]).unwrap();
    let inner = Arc::new(scan().build().unwrap());
    for plan in [
        scan(),
        scan_of_a_source,
        scan().filter(col("n").gt(lit(1_i64))).unwrap(),
        beside(scan(), values()),
        beside(values(), scan()),
        values().union(scan().build().unwrap()).unwrap(),
        values().filter(exists(inner)).unwrap(),
    ] {
        let said = told(logical(&plan.build().unwrap()));
        assert_eq!(said, "a plan holds a scan of t, which did not pass the guard");
    }
    logical(&beside(values(), one()).build().unwrap()).unwrap();
}

/// An operator of somebody else's.
#[derive(Debug, PartialEq, Eq, PartialOrd, Hash)]
struct Foreign(LogicalPlan);

impl UserDefinedLogicalNodeCore for Foreign {
    fn name(&self) -> &'static str {
        "Foreign"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.0]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.0.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign")
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        Ok(Self(inputs.remove(0)))
    }
}

#[test]
fn operators_that_are_not_known_are_refused() {
    let foreign = || {
        let node = Arc::new(Foreign(one().build().unwrap()));
        LogicalPlan::Extension(Extension { node })
    };
    let beneath = LogicalPlanBuilder::from(foreign()).limit(0, Some(1)).unwrap().build().unwrap();
    for plan in [foreign(), beneath] {
        let said = told(logical(&plan));
        assert_eq!(said, "a plan holds Foreign, which did not pass the guard");
    }
    let explain = one().explain(false, false).unwrap().build().unwrap();
    assert_eq!(told(logical(&explain)), "a plan holds Explain, which did not pass the guard");
}

#[test]
fn arithmetic_of_the_engine_is_refused_wherever_it_stands() {
    let values = || LogicalPlanBuilder::values(vec![vec![lit(1_i64)]]).unwrap();
    let n = || col("column1");
    let within = values().filter((n() + lit(1_i64)).gt(lit(2_i64))).unwrap().build().unwrap();
    let on = vec![n() * lit(2_i64)];
    let other = values().alias("other").unwrap().build().unwrap();
    let left = values().alias("mine").unwrap();
    let plans = [
        (values().project(vec![n() + lit(1_i64)]), "+"),
        (values().project(vec![n() - lit(1_i64)]), "-"),
        (values().project(vec![n() / lit(1_i64)]), "/"),
        (values().project(vec![n() % lit(1_i64)]), "%"),
        (values().project(vec![-n()]), "-"),
        (values().filter((n() * lit(2_i64)).eq(lit(2_i64)).is_true()), "*"),
        (values().sort(on.into_iter().map(|by| by.sort(true, true))), "*"),
        (values().aggregate([n() + lit(1_i64)], Vec::<Expr>::new()), "+"),
        (
            left.join_on(
                other,
                JoinType::Left,
                [col("mine.column1").lt(col("other.column1") + lit(1_i64))],
            ),
            "+",
        ),
        (values().filter(exists(Arc::new(within))), "+"),
    ];
    for (plan, operator) in plans {
        let plan = plan.unwrap().build().unwrap();
        let expected =
            format!("a plan holds the engine's own {operator}, which did not pass the guard");
        assert_eq!(told(logical(&plan)), expected, "{plan}");
        // What the guard makes of it is not.
        logical(&numbers::meant(plan).unwrap()).unwrap();
    }
    logical(&values().filter(n().gt(lit(1_i64))).unwrap().build().unwrap()).unwrap();
}
