//! Bad input and bad luck: what each is told, and that the gateway goes on.

mod audit;
mod configuration;
mod endings;
mod lanes;
mod login;
mod memory;
mod names;
mod nesting;
mod policies;
mod shares;
mod sources;
mod watch;

use std::path::Path;

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
