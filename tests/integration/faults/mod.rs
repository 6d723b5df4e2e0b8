//! Bad input and bad luck: what each is told, and that the gateway goes on.

mod audit;
mod canaries;
mod configuration;
mod endings;
mod excess;
mod lanes;
mod login;
mod memory;
mod names;
mod nesting;
mod policies;
mod shares;
mod sources;
mod watch;

use std::fmt::Write as _;
use std::path::Path;

use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use crate::house::{House, Served};

const LAKE: &str = "
[sources.lake]
kind = \"files\"
path = \"lake\"
";

const POLICIES: &str = r#"@id("rows")
permit (principal, action == Action::"select", resource);

@id("nobody")
forbid (principal, action == Action::"select", resource is lake::secrets);

@id("columns")
permit (principal, action == Action::"reveal", resource)
unless { ["note", "size"].contains(context.column) };
"#;

/// Five visits, of which two are another tenant's, and a table that nobody may see.
fn lake() -> House {
    house(LAKE)
}

fn house(sources: &str) -> House {
    let house = House::new(sources);
    house.file("policies/house.cedar", POLICIES);
    house.file(
        "lake/visits.csv",
        "id,org_id,note\n1,acme,a\n2,acme,b\n3,acme,c\n4,other,d\n5,other,e\n",
    );
    house.file("lake/secrets.csv", "id,org_id,secret\n1,acme,nobody reads this\n");
    house
}

/// What a client is told.
#[derive(Debug, PartialEq)]
struct Told {
    sqlstate: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl Told {
    fn assert(&self, sqlstate: &str, message: &str) {
        assert_eq!((self.sqlstate.as_str(), self.message.as_str()), (sqlstate, message));
    }
}

fn told(error: &tokio_postgres::Error) -> Told {
    let error = error.as_db_error().unwrap_or_else(|| panic!("no answer: {error:?}"));
    Told {
        sqlstate: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
    }
}

/// A session, kept open.
struct Session(tokio_postgres::Client);

impl Session {
    async fn open(served: &Served, user: &str, token: &str) -> Result<Self, Told> {
        Self::with(served, user, token, "portcullis").await
    }

    async fn with(served: &Served, user: &str, token: &str, database: &str) -> Result<Self, Told> {
        let mut config = Config::new();
        config.host("127.0.0.1").port(served.port).user(user).password(token).dbname(database);
        let (client, connection) = config.connect(NoTls).await.map_err(|error| told(&error))?;
        tokio::spawn(connection);
        Ok(Self(client))
    }

    /// The rows as text, cells apart by `|`.
    async fn ask(&self, sql: &str) -> Result<Vec<String>, Told> {
        let messages = self.0.simple_query(sql).await.map_err(|error| told(&error))?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("~"));
                Some(cells.collect::<Vec<_>>().join("|"))
            }
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }
}

/// A block of a transcript: comments, a statement, and what comes back.
struct Block<'a> {
    /// All but the answer.
    asked: Vec<&'a str>,
    statement: String,
    /// Whether any answer will do.
    open: bool,
}

impl<'a> Block<'a> {
    fn all(text: &'a str) -> Vec<Self> {
        let is_asked =
            |line: &&str| !["! ", "= ", "? ", "  "].iter().any(|mark| line.starts_with(mark));
        let block = |text: &'a str| {
            let asked: Vec<_> = text.lines().filter(is_asked).collect();
            let lines = asked.iter().filter(|line| !line.starts_with("-- ")).copied();
            let statement = lines.collect::<Vec<_>>().join("\n");
            assert!(statement.ends_with(';'), "nothing is asked: {text}");
            let open = text.lines().any(|line| line.starts_with("? "));
            Self { asked, statement, open }
        };
        text.trim_end().split("\n\n").map(block).collect()
    }

    /// The block with this answer.
    fn answered(&self, answer: &str) -> String {
        format!("{}\n{answer}", self.asked.join("\n"))
    }
}

/// The answer in the form of the transcripts: rows behind `= `, or an error with its detail and hint.
async fn transcribed(session: &Session, statement: &str) -> String {
    let error = match session.0.simple_query(statement).await {
        Ok(messages) => {
            let mut text = String::new();
            for message in messages {
                if let SimpleQueryMessage::Row(row) = message {
                    let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL"));
                    writeln!(text, "= {}", cells.collect::<Vec<_>>().join(" | ")).unwrap();
                }
            }
            return if text.is_empty() { "= done\n".to_owned() } else { text };
        }
        Err(error) => error,
    };
    let error = error.as_db_error().unwrap_or_else(|| panic!("{statement:.200}: {error:?}"));
    let place = match error.position() {
        Some(ErrorPosition::Original(place)) => format!(" @{place}"),
        _ => String::new(),
    };
    let mut text = format!("! {}{place} {}\n", error.code().code(), error.message());
    for (name, more) in [("detail", error.detail()), ("hint", error.hint())] {
        if let Some(more) = more {
            writeln!(text, "  {name}: {more}").unwrap();
        }
    }
    text
}

/// Somebody logs in anew and is answered.
async fn assert_serves(house: &House, served: &Served) {
    let session = Session::open(served, "ines", &house.token("ines", &[])).await.unwrap();
    assert_eq!(session.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["3"]);
}

/// The audit log holds together, and somewhere in it stands each of these.
fn assert_on_record(house: &House, served: Served, facts: &[&str]) {
    assert_eq!(served.stop(), Some(0));
    let audit = house.path("audit");
    let verified = house.program().args(["audit", "verify"]).arg(&audit).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let records = records(&audit);
    for fact in facts {
        assert!(records.contains(fact), "{fact}: {records}");
    }
}

fn records(audit: &Path) -> String {
    let mut files: Vec<_> =
        std::fs::read_dir(audit).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}
