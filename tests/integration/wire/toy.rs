//! A backend that answers a handful of words, to put the wire to the test without any SQL.
//!
//! | statement | does |
//! |---|---|
//! | `begin`, `start transaction`, `commit`, `rollback` | what they say |
//! | `set NAME VALUE` | changes a setting that is reported; a rollback undoes it |
//! | `rows N` | N rows of `n int4, t text`, in batches of three |
//! | `echo TYPE…` | takes one parameter of each type and gives them back as a row |
//! | `types` | one row with a value of each type |
//! | `fail CODE` | an error from `execute` |
//! | `break N` | N rows, then an error |
//! | `odd` | a column of a type that cannot be sent |
//! | `stall N` | N rows, then nothing, for ever |
//! | `nothing` | batches without rows, for ever and always ready |
//! | `think` | never gets as far as an answer |
//! | `endless` | rows of a kilobyte without end |
//! | `shape` | columns that are others each time they are asked for |
//! | `declare NAME STATEMENT`, `declare binary NAME STATEMENT` | a cursor over the statement's rows |
//! | `fetch NAME REACH`, `move NAME REACH` | rows of it; the reach is a number, `all`, `+N`, `=N`, `same` or `back` |
//! | `close NAME`, `close` | closes it, or all |
//! | `copy binary STATEMENT`, `copy csv STATEMENT`, `copy quoting:COLUMN STATEMENT` | its rows as data |

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use futures::stream::{self, StreamExt};
use portcullis::error::{ClientError, SqlState};
use portcullis::values::{CopyFormat, CopyLines, Forced, Quoting};
use portcullis::wire::{
    Answer, Backend, BatchStream, Conversation, Course, Description, Fetch, Login, Meter, Reach,
    Rendering, StatementKind, Stop, Visitor,
};
use portcullis_connector_api::catalog::PG_TYPE_KEY;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// What the tests may look at.
#[derive(Default)]
pub struct Log {
    /// Errors that the wire reported, with the statement concerned.
    pub refused: Mutex<Vec<String>>,
    /// Why statements did not come to their answers, and sessions to their ends.
    pub ends: Mutex<Vec<String>>,
    /// Who was turned away, and why.
    pub turned_away: Mutex<Vec<String>>,
    /// `began`, `committed`, `rolled back`
    pub transactions: Mutex<Vec<String>>,
    /// Batches that `endless` has given.
    pub batches: AtomicU64,
    /// The meter of the last result.
    pub meter: Mutex<Option<Arc<Meter>>>,
    /// What clients logged in with: user, database, application name.
    pub logins: Mutex<Vec<String>>,
}

/// The backend. The token is the word `sesame`; `brief` is a token that is about to expire.
pub struct Toy {
    pub log: Arc<Log>,
    /// One permit for each statement that has begun to wait.
    pub waiting: Arc<Semaphore>,
    /// How long after the login results may take.
    pub patience: Option<Duration>,
}

impl Default for Toy {
    fn default() -> Self {
        Self { log: Arc::default(), waiting: Arc::new(Semaphore::new(0)), patience: None }
    }
}

#[async_trait]
impl Backend for Toy {
    type Conversation = Talk;

    async fn login(&self, login: Login) -> Result<Talk, ClientError> {
        let application = login.parameters.get("application_name").cloned().unwrap_or_default();
        let entry = format!("{} {} {application}", login.user, login.database);
        self.log.logins.lock().unwrap().push(entry);
        let lifetime = match login.token.as_str() {
            "sesame" => 3_600,
            "brief" => 0,
            _ => {
                let user = login.user;
                let message = format!("password authentication failed for user \"{user}\"");
                return Err(
                    ClientError::new(SqlState::INVALID_PASSWORD, message).internal("never shown")
                );
            }
        };
        Ok(Talk {
            expires_at: SystemTime::now() + Duration::from_secs(lifetime),
            log: Arc::clone(&self.log),
            waiting: Arc::clone(&self.waiting),
            prepared: BTreeMap::new(),
            patience: self.patience,
            settings: [("TimeZone".to_owned(), "UTC".to_owned())].into(),
            before: None,
            described: 0,
        })
    }

    fn turned_away(&self, visitor: &Visitor, error: &ClientError) {
        let user = visitor.user.as_deref().unwrap_or("-");
        let code = error.sqlstate.code();
        self.log.turned_away.lock().unwrap().push(format!("{code} {user}"));
    }
}

pub struct Talk {
    expires_at: SystemTime,
    log: Arc<Log>,
    waiting: Arc<Semaphore>,
    prepared: BTreeMap<String, Option<String>>,
    settings: BTreeMap<String, String>,
    before: Option<BTreeMap<String, String>>,
    described: usize,
    patience: Option<Duration>,
}

#[async_trait]
impl Conversation for Talk {
    type Statement = String;

    fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let fixed = [("server_version", "15.0"), ("client_encoding", "UTF8")];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        fixed.into_iter().chain(self.settings.clone()).collect()
    }

    async fn split(&mut self, text: &str) -> Result<Vec<String>, ClientError> {
        text.split(';').map(str::trim).filter(|one| !one.is_empty()).map(checked).collect()
    }

    fn rendering(&self) -> Rendering {
        Rendering { time_zone: self.settings["TimeZone"].parse().unwrap_or(chrono_tz::UTC) }
    }

    fn kind(&self, statement: &String) -> StatementKind {
        match statement.split(' ').next() {
            Some("begin" | "start") => StatementKind::Begin,
            Some("commit") => StatementKind::Commit,
            Some("rollback") => StatementKind::Rollback,
            _ => StatementKind::Plain,
        }
    }

    fn course(&self, statement: &String) -> Course {
        let words: Vec<_> = statement.split(' ').collect();
        let fetch = |name: &str, far: &str, silent| {
            let count = || far[1..].parse().unwrap();
            let reach = match far.chars().next() {
                Some('a') => Reach::All,
                Some('s') => Reach::Same,
                Some('b') => Reach::Back,
                Some('+') => Reach::Relative(count()),
                Some('=') => Reach::Absolute(count()),
                _ => Reach::Next(far.parse().unwrap()),
            };
            Course::Fetch(Fetch { name: name.to_owned(), reach, silent })
        };
        match words[..] {
            ["declare", "binary", name, ..] => {
                Course::Declare { name: name.to_owned(), binary: true }
            }
            ["declare", name, ..] => Course::Declare { name: name.to_owned(), binary: false },
            ["copy", "binary", ..] => Course::Copy(CopyFormat::Binary),
            ["copy", ..] => Course::Copy(CopyFormat::Lines(CopyLines {
                delimiter: b',',
                null: String::new(),
                header: true,
                csv: Some(Quoting { quote: b'"', escape: b'"', forced: forced(&words) }),
            })),
            ["fetch", name, far] => fetch(name, far, false),
            ["move", name, far] => fetch(name, far, true),
            ["close"] => Course::Close(None),
            ["close", name] => Course::Close(Some(name.to_owned())),
            _ => Course::Answer,
        }
    }

    async fn prepare(
        &mut self,
        name: &str,
        text: &str,
        _declared: &[u32],
    ) -> Result<(), ClientError> {
        if !name.is_empty() && self.prepared.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(ClientError::new(SqlState::DUPLICATE_PREPARED_STATEMENT, message));
        }
        let statement = self.split(text).await?.pop();
        self.prepared.insert(name.to_owned(), statement);
        Ok(())
    }

    fn prepared(&self, name: &str) -> Result<Option<String>, ClientError> {
        self.prepared.get(name).cloned().ok_or_else(|| {
            let message = format!("prepared statement \"{name}\" does not exist");
            ClientError::new(SqlState::INVALID_SQL_STATEMENT_NAME, message)
        })
    }

    fn close(&mut self, name: &str) {
        self.prepared.remove(name);
    }

    async fn describe(&mut self, statement: &String) -> Result<Description, ClientError> {
        let shown = declared(statement) == statement;
        let statement = declared(statement);
        let (word, rest) = statement.split_once(' ').unwrap_or((statement, ""));
        let parameters: Vec<_> = match word {
            "echo" => rest.split(' ').enumerate().map(|(n, name)| typed(n, name)).collect(),
            _ => Vec::new(),
        };
        let columns = match word {
            "rows" | "break" | "stall" | "nothing" => Some(numbered()),
            "echo" => Some(Schema::new(parameters.clone()).into()),
            "types" => Some(all_types().0),
            "odd" => Some(odd()),
            "endless" => Some(Schema::new(vec![Field::new("t", DataType::Utf8, true)]).into()),
            "shape" => {
                self.described += 1;
                Some(shape(self.described))
            }
            _ => None,
        };
        Ok(Description { parameters, columns: columns.filter(|_| shown) })
    }

    async fn execute(
        &mut self,
        statement: &String,
        parameters: Vec<ScalarValue>,
    ) -> Result<Answer, ClientError> {
        let statement = &declared(statement).to_owned();
        let (word, rest) = statement.split_once(' ').unwrap_or((statement, ""));
        let count = || rest.parse::<i32>().unwrap();
        let done = |tag: &str, changed: Vec<(String, String)>| {
            Ok(Answer::Done { tag: tag.to_owned(), changed })
        };
        match word {
            "begin" => done("BEGIN", vec![]),
            "start" => done("START TRANSACTION", vec![]),
            "commit" => done("COMMIT", vec![]),
            "rollback" => done("ROLLBACK", vec![]),
            "set" => {
                let (name, value) = rest.split_once(' ').unwrap();
                self.settings.insert(name.to_owned(), value.to_owned());
                done("SET", vec![(name.to_owned(), value.to_owned())])
            }
            "rows" => Ok(self.rows(numbered(), stream::iter(batches(count())).boxed())),
            "break" => {
                let error = ClientError::new(SqlState::DIVISION_BY_ZERO, "division by zero");
                let all = batches(count()).into_iter().chain([Err(error)]);
                Ok(self.rows(numbered(), stream::iter(all).boxed()))
            }
            "stall" => {
                let waiting = Arc::clone(&self.waiting);
                let never = stream::once(async move {
                    waiting.add_permits(1);
                    std::future::pending().await
                });
                Ok(self.rows(numbered(), stream::iter(batches(count())).chain(never).boxed()))
            }
            "nothing" => {
                let waiting = Arc::clone(&self.waiting);
                let mut begun = false;
                let empty = stream::repeat_with(move || {
                    if !std::mem::replace(&mut begun, true) {
                        waiting.add_permits(1);
                    }
                    Ok(RecordBatch::new_empty(numbered()))
                });
                Ok(self.rows(numbered(), empty.boxed()))
            }
            "think" => {
                self.waiting.add_permits(1);
                std::future::pending().await
            }
            "endless" => {
                let schema = self.describe(statement).await?.columns.unwrap();
                let text: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1_000); 100]));
                let batch = RecordBatch::try_new(Arc::clone(&schema), vec![text]).unwrap();
                let log = Arc::clone(&self.log);
                let endless = stream::repeat_with(move || {
                    log.batches.fetch_add(1, Ordering::Relaxed);
                    Ok(batch.clone())
                });
                Ok(self.rows(schema, endless.boxed()))
            }
            "echo" => {
                let schema = self.describe(statement).await?.columns.unwrap();
                let arrays = parameters.iter().map(|value| value.to_array().unwrap()).collect();
                let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
                Ok(self.rows(schema, stream::iter([Ok(batch)]).boxed()))
            }
            "types" => {
                let (schema, batch) = all_types();
                Ok(self.rows(schema, stream::iter([Ok(batch)]).boxed()))
            }
            "odd" => Ok(self.rows(odd(), stream::empty().boxed())),
            "shape" => {
                let schema = self.describe(statement).await?.columns.unwrap();
                Ok(self.rows(schema, stream::empty().boxed()))
            }
            _ => Err(ClientError::new(SqlState::INSUFFICIENT_PRIVILEGE, "it fails")
                .detail("as it was told")
                .hint("Tell it something else.")
                .at(Some(1))
                .internal("never shown")),
        }
    }

    fn transaction_began(&mut self) {
        self.log.transactions.lock().unwrap().push("began".to_owned());
        self.before = Some(self.settings.clone());
    }

    fn transaction_ended(&mut self, committed: bool) -> Vec<(String, String)> {
        let how = if committed { "committed" } else { "rolled back" };
        self.log.transactions.lock().unwrap().push(how.to_owned());
        let before = self.before.take().expect("a transaction that ends has begun");
        if committed {
            return Vec::new();
        }
        let now = std::mem::replace(&mut self.settings, before);
        let restored = self.settings.iter().filter(|(name, value)| now.get(*name) != Some(value));
        restored.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    async fn refused(&mut self, statement: Option<&String>, error: ClientError) -> ClientError {
        let statement = statement.map_or("-", String::as_str);
        let code = error.sqlstate.code();
        self.log.refused.lock().unwrap().push(format!("{code} {statement}"));
        error
    }

    async fn stopped(&mut self, statement: Option<&String>, why: &Stop) {
        let statement = statement.map_or("-", String::as_str);
        self.log.ends.lock().unwrap().push(format!("{statement}: {}", said(why)));
    }

    fn ended(&mut self, why: &Stop) {
        self.log.ends.lock().unwrap().push(format!("session: {}", said(why)));
    }
}

impl Talk {
    fn rows(&self, schema: SchemaRef, batches: BatchStream) -> Answer {
        let meter = Arc::new(Meter::default());
        *self.log.meter.lock().unwrap() = Some(Arc::clone(&meter));
        let deadline = self.patience.map(|patience| Instant::now() + patience);
        Answer::Rows { schema, batches, tag: "SELECT", meter, deadline }
    }
}

/// A reason in a word and its SQLSTATE.
pub fn said(why: &Stop) -> String {
    match why {
        Stop::Closed => "closed".to_owned(),
        Stop::Cancelled(error) => format!("cancelled {}", error.sqlstate.code()),
        Stop::Gone(error) => format!("gone {}", error.sqlstate.code()),
        Stop::Session(error) => format!("session {}", error.sqlstate.code()),
        Stop::Failed(error) => format!("failed {}", error.sqlstate.code()),
    }
}

fn checked(statement: &str) -> Result<String, ClientError> {
    // Real clients write some of the words in capitals.
    let (word, rest) = statement.split_at(statement.find(' ').unwrap_or(statement.len()));
    let lower = word.to_lowercase();
    let known = [
        "begin", "start", "commit", "rollback", "set", "rows", "echo", "types", "fail", "break",
        "nothing", "odd", "stall", "think", "endless", "shape", "declare", "fetch", "move",
        "close", "copy",
    ];
    if known.contains(&lower.as_str()) {
        return Ok(lower + rest);
    }
    let message = format!("syntax error at or near \"{word}\"");
    Err(ClientError::new(SqlState::SYNTAX_ERROR, message).at(Some(1)))
}

/// What a copy is to quote.
fn forced(words: &[&str]) -> Forced {
    let names = words[1].strip_prefix("quoting:").map(|name| vec![name.to_owned()]);
    Forced::Columns(names.unwrap_or_default())
}

/// The statement that a cursor or a copy is over; itself, if it is none.
fn declared(statement: &str) -> &str {
    if let Some(rest) = statement.strip_prefix("copy ") {
        return rest.split_once(' ').map_or("", |(_, over)| over);
    }
    let Some(rest) = statement.strip_prefix("declare ") else { return statement };
    let rest = rest.strip_prefix("binary ").unwrap_or(rest);
    rest.split_once(' ').map_or("", |(_, over)| over)
}

fn numbered() -> SchemaRef {
    let n = Field::new("n", DataType::Int32, true);
    Schema::new(vec![n, Field::new("t", DataType::Utf8, true)]).into()
}

/// Rows numbered from 1 in batches of three; every third text is NULL.
fn batches(count: i32) -> Vec<Result<RecordBatch, ClientError>> {
    let numbers: Vec<i32> = (1..=count).collect();
    let batch = |numbers: &[i32]| {
        let text = |n: &i32| (n % 3 != 0).then(|| format!("row {n}"));
        let texts: ArrayRef = Arc::new(numbers.iter().map(text).collect::<StringArray>());
        let numbers: ArrayRef = Arc::new(Int32Array::from(numbers.to_vec()));
        Ok(RecordBatch::try_new(numbered(), vec![numbers, texts]).unwrap())
    };
    numbers.chunks(3).map(batch).collect()
}

fn odd() -> SchemaRef {
    let inner = Field::new("a", DataType::Int32, true);
    Schema::new(vec![Field::new("odd", DataType::Struct(vec![inner].into()), true)]).into()
}

fn shape(columns: usize) -> SchemaRef {
    let field = |n| Field::new(format!("c{n}"), DataType::Int32, true);
    Schema::new((0..columns).map(field).collect::<Vec<_>>()).into()
}

/// A field for the name of a PostgreSQL type.
fn typed(position: usize, name: &str) -> FieldRef {
    let (item, array) = match name.strip_suffix("[]") {
        Some(item) => (item, true),
        None => (name, false),
    };
    let data_type = match item {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" => DataType::Int64,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        "numeric" => DataType::Decimal128(38, 10),
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "interval" => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => DataType::Utf8View,
    };
    let mut field = Field::new(format!("c{position}"), data_type, true);
    if ["varchar", "uuid", "json", "jsonb"].contains(&item) {
        field = field.with_metadata([(PG_TYPE_KEY.to_owned(), item.to_owned())].into());
    }
    if array {
        let item = field.with_name("item");
        field = Field::new(format!("c{position}"), DataType::List(item.into()), true);
    }
    field.into()
}

/// One value of each type, for clients that decode them.
fn all_types() -> (SchemaRef, RecordBatch) {
    let names = [
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "text",
        "varchar",
        "bytea",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "json",
        "jsonb",
        "numeric",
        "int4[]",
        "text[]",
        "timestamptz[]",
    ];
    let fields: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Arc::new(typed(n, name).as_ref().clone().with_name(*name)))
        .collect();
    let text = |value: &str| ScalarValue::Utf8View(Some(value.to_owned()));
    let micros = 1_709_210_096_789_000;
    let interval = arrow::datatypes::IntervalMonthDayNano::new(14, 3, 14_706_789_000_000);
    let list = |n: usize, items: &[ScalarValue]| {
        let DataType::List(item) = fields[n].data_type() else { panic!("no list") };
        let values = ScalarValue::iter_to_array(items.iter().cloned()).unwrap();
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([items.len()]);
        let list = arrow::array::ListArray::new(Arc::clone(item), offsets, values, None);
        ScalarValue::List(Arc::new(list))
    };
    let utc: Option<Arc<str>> = Some("UTC".into());
    let values = [
        ScalarValue::Boolean(Some(true)),
        ScalarValue::Int16(Some(-2)),
        ScalarValue::Int32(Some(4)),
        ScalarValue::Int64(Some(8_000_000_000)),
        ScalarValue::Float32(Some(0.5)),
        ScalarValue::Float64(Some(0.1)),
        text("Grüße"),
        text("varchar"),
        ScalarValue::Binary(Some(vec![0, 255, 16])),
        ScalarValue::Date32(Some(19_782)),
        ScalarValue::Time64Microsecond(Some(45_296_700_000)),
        ScalarValue::TimestampMicrosecond(Some(micros), None),
        ScalarValue::TimestampMicrosecond(Some(micros), utc.clone()),
        ScalarValue::IntervalMonthDayNano(Some(interval)),
        text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        text("{\"a\": 1}"),
        text("{\"a\": 1}"),
        ScalarValue::Decimal128(Some(123_456_789_000_000), 38, 10),
        list(18, &[ScalarValue::Int32(Some(1)), ScalarValue::Int32(None)]),
        list(19, &[text("a \"b\""), text("NULL")]),
        list(20, &[ScalarValue::TimestampMicrosecond(Some(micros), utc)]),
    ];
    let schema: SchemaRef = Schema::new(fields).into();
    let arrays = values.iter().map(|value| value.to_array().unwrap()).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
    (schema, batch)
}
