//! Sources that cannot be reached, and files that are damaged.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::*;
use crate::postgres;

/// A way to a server that can be closed and opened, at one address.
struct Way {
    port: u16,
    server: u16,
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Way {
    /// Closed.
    fn to(server: u16) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        Self { port, server, open: Arc::default() }
    }

    fn open(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        *self.open.lock().unwrap() = Some(Vec::new());
        let (open, server) = (Arc::clone(&self.open), self.server);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) =
                    (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
                let mut open = open.lock().unwrap();
                let Some(open) = open.as_mut() else { return };
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server.try_clone().unwrap(), client.try_clone().unwrap()),
                ] {
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                open.extend([client, server]);
            }
        });
    }

    /// Ends every connection, and lets none in any more.
    fn close(&self) {
        let ended = self.open.lock().unwrap().take();
        for connection in ended.into_iter().flatten() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // The listener goes when it has looked once more.
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {}
    }
}

const BOX: &str = "CREATE TABLE people (id integer PRIMARY KEY, org_id text NOT NULL, name text);
    INSERT INTO people VALUES (1, 'acme', 'Ines'), (2, 'other', 'Leo');";

/// The lake, and a PostgreSQL behind the way, of which analysts alone may see something.
fn two_sources(more: &str) -> (House, Way) {
    let url = postgres::shared().database(BOX);
    let way = Way::to(postgres::shared().port());
    let house = house(&format!(
        "{LAKE}\n[sources.box]\nkind = \"postgres\"\nurl = {{ file = \"box.url\" }}\n{more}"
    ));
    let server = format!(":{}/", way.server);
    house.file("box.url", &url.replace(&server, &format!(":{}/", way.port)));
    let policies =
        POLICIES.replacen("select\", resource);", "select\", resource is lake::visits);", 1);
    let analysts = "permit (principal in Role::\"analyst\", action == Action::\"select\", \
                    resource is box::people);";
    house.file("policies/house.cedar", &format!("{policies}\n@id(\"box\")\n{analysts}\n"));
    (house, way)
}

fn assert_discreet(told: &Told, way: &Way) {
    let text = format!("{told:?}");
    let (ours, theirs) = (way.port.to_string(), way.server.to_string());
    for secret in ["127.0.0.1", &ours, &theirs, postgres::USER, "S3cret"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Asks again while the answer is an error with this message; gives the first other one.
async fn ask_past(session: &Session, query: &str, message: &str) -> Result<Vec<String>, Told> {
    // Only so that a gateway that never says anything else ends the test.
    const ENDLESS: Duration = Duration::from_secs(120);
    let asking = async {
        loop {
            match session.ask(query).await {
                Err(told) if told.message == message => {}
                answer => return answer,
            }
        }
    };
    tokio::time::timeout(ENDLESS, asking).await.unwrap()
}

/// Asks until the answer is no error of a source that is out of reach.
async fn ask_until_reached(session: &Session, query: &str) -> Vec<String> {
    ask_past(session, query, UNREACHABLE).await.unwrap()
}

const UNREACHABLE: &str = "source \"box\" cannot be reached";
const LEFT_OUT: &str = "source \"box\" is left out";

const PEOPLE: &str = "SELECT name FROM box.people";
const BOTH: &str = "SELECT p.name FROM box.people p JOIN lake.visits v ON v.id = p.id";

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_goes_away_is_named_and_the_others_go_on() {
    let (house, way) = two_sources("");
    way.open();
    let served = house.serve();
    let token = house.token("ines", &["analyst"]);
    let session = Session::open(&served, "ines", &token).await.unwrap();
    assert_eq!(session.ask(BOTH).await.unwrap(), ["Ines"]);

    way.close();
    for query in [PEOPLE, BOTH, "SELECT count(*) FROM box.people"] {
        let told = session.ask(query).await.unwrap_err();
        told.assert("08006", UNREACHABLE);
        assert_discreet(&told, &way);
    }
    assert_serves(&house, &served).await;
    assert_eq!(session.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["3"]);

    way.open();
    assert_eq!(ask_until_reached(&session, BOTH).await, ["Ines"]);
    assert!(!served.log().contains("S3cret"), "{}", served.log());
    assert_on_record(&house, served, &["source \\\"box\\\" cannot be reached"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_comes_late_is_taken_up() {
    let (house, way) = two_sources("");
    let served = house.serve();
    served.logs("left out until it answers");
    let token = house.token("ines", &["analyst"]);
    let session = Session::open(&served, "ines", &token).await.unwrap();
    let other = Session::open(&served, "otis", &house.token("otis", &[])).await.unwrap();
    for query in [PEOPLE, "SELECT * FROM box.nothing", BOTH] {
        let told = session.ask(query).await.unwrap_err();
        told.assert("08006", UNREACHABLE);
        assert_discreet(&told, &way);
        // Whom no policy lets in is not told that there is such a source.
        let told = other.ask(query).await.unwrap_err();
        let name = if query.contains("nothing") { "nothing" } else { "people" };
        told.assert("42P01", &format!("relation \"box.{name}\" does not exist"));
        assert_discreet(&told, &way);
    }
    assert_serves(&house, &served).await;

    way.open();
    assert_eq!(ask_until_reached(&session, BOTH).await, ["Ines"]);
    assert_eq!(ask_until_reached(&session, PEOPLE).await, ["Ines"]);
    let told = session.ask("SELECT * FROM box.nothing").await.unwrap_err();
    told.assert("42P01", "relation \"box.nothing\" does not exist");
    let told = other.ask(PEOPLE).await.unwrap_err();
    told.assert("42P01", "relation \"box.people\" does not exist");
    assert_serves(&house, &served).await;
    assert_on_record(&house, served, &["\"sources\":[\"lake\",\"box\"]"]);
}

/// It was not there to be looked at when the gateway started; it must not slip in.
#[tokio::test(flavor = "multi_thread")]
async fn a_latecomer_that_is_not_covered_stays_outside() {
    let (house, way) = two_sources("[sources.box.tables.people]\ntenant_column = \"owner\"\n");
    let served = house.serve();
    let token = house.token("ines", &["analyst"]);
    let session = Session::open(&served, "ines", &token).await.unwrap();
    way.open();
    let line = served.logs("is left out");
    assert!(line.contains("source \"box\" has no column \"owner\" in table \"people\""), "{line}");
    let told = ask_past(&session, PEOPLE, UNREACHABLE).await.unwrap_err();
    told.assert("55000", LEFT_OUT);
    assert_discreet(&told, &way);
    let other = Session::open(&served, "otis", &house.token("otis", &[])).await.unwrap();
    let told = other.ask(PEOPLE).await.unwrap_err();
    told.assert("42P01", "relation \"box.people\" does not exist");

    way.close();
    let told = ask_past(&session, PEOPLE, LEFT_OUT).await.unwrap_err();
    told.assert("08006", UNREACHABLE);
    assert_serves(&house, &served).await;
}

#[test]
fn without_a_required_source_nothing_is_served() {
    let (house, _way) = two_sources("required = true\n");
    let ended = house.run(&["serve"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("error: required source \"box\": unreachable: "), "{ended:?}");
    assert!(!ended.err.contains("serving") && !ended.err.contains("S3cret"), "{ended:?}");
    let ended = house.run(&["check"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("error: source \"box\": unreachable: "), "{ended:?}");
}

/// A Parquet file of three visits, written by DuckDB.
fn parquet(house: &House) {
    let script = "import duckdb, sys\n\
                  duckdb.sql(\"COPY (SELECT n::int AS id, 'acme' AS org_id FROM range(3) t(n)) \
                  TO '\" + sys.argv[1] + \"' (FORMAT parquet)\")";
    let mut command = std::process::Command::new(crate::python::interpreter());
    let path = house.path("lake/parts.parquet");
    assert!(command.args(["-c", script]).arg(path).status().unwrap().success());
}

fn cut(house: &House) {
    let path = house.path("lake/parts.parquet");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length / 2).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_that_is_cut_short_spoils_itself_alone() {
    let house = lake();
    parquet(&house);
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let query = "SELECT sum(id) FROM lake.parts";
    assert_eq!(session.ask(query).await.unwrap(), ["3"]);

    cut(&house);
    for query in [query, "SELECT p.id FROM lake.parts p JOIN lake.visits v ON v.id = p.id"] {
        let told = session.ask(query).await.unwrap_err();
        told.assert("XX001", "stored data of source \"lake\" cannot be read");
        assert!(!format!("{told:?}").contains(house.path("").to_str().unwrap()), "{told:?}");
    }
    assert_serves(&house, &served).await;
    parquet(&house);
    assert_eq!(session.ask(query).await.unwrap(), ["3"]);
    assert_on_record(&house, served, &["XX001"]);
}

/// It is told as damage that comes later, and taken up when it can be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_that_was_cut_short_before_the_start_is_left_out_until_it_is_whole() {
    const DAMAGED: &str = "stored data of source \"lake\" cannot be read";
    let house = lake();
    parquet(&house);
    cut(&house);
    let checked = house.run(&["check"]);
    assert!(checked.out.contains("warning: source \"lake\": "), "{checked:?}");
    let served = house.serve();
    let line = served.logs("parts");
    assert!(line.contains("WARN"), "{line}");
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let query = "SELECT sum(id) FROM lake.parts";
    for query in [query, "SELECT sum(id) FROM parts"] {
        session.ask(query).await.unwrap_err().assert("XX001", DAMAGED);
    }
    let told = session.ask("SELECT sum(id) FROM lake.part").await.unwrap_err();
    told.assert("42P01", "relation \"lake.part\" does not exist");
    assert_serves(&house, &served).await;

    parquet(&house);
    assert_eq!(ask_past(&session, query, DAMAGED).await.unwrap(), ["3"]);
    served.logs("tables can be read now, and are taken up");
    assert_serves(&house, &served).await;
}

/// Whom no policy lets in is not told that there is such a table.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_is_absent_for_those_who_may_not_see_it() {
    let house = lake();
    parquet(&house);
    cut(&house);
    let head = "principal, action == Action::\"select\", resource";
    let own = "principal == User::\"ines\", action == Action::\"select\", resource is lake::parts";
    let some = POLICIES.replacen(&format!("permit ({head})"), &format!("permit ({own})"), 1);
    let some = format!("{some}\n@id(\"visits\")\npermit ({head} is lake::visits);\n");
    house.file("policies/house.cedar", &some);
    let served = house.serve();
    for (user, sqlstate) in [("ines", "XX001"), ("otis", "42P01")] {
        let session = Session::open(&served, user, &house.token(user, &[])).await.unwrap();
        assert_eq!(session.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["3"]);
        let told = session.ask("SELECT sum(id) FROM lake.parts").await.unwrap_err();
        assert_eq!(told.sqlstate, sqlstate, "{user}: {told:?}");
    }
}

/// What `schema --columns` prints stands in the configuration as it is, and then no row of anybody
/// has a say.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_inferred_can_be_declared_as_printed() {
    const WARNING: &str = "warning: the columns of \"lake.visits\" are inferred from all its rows";
    let house = lake();
    let checked = house.run(&["check"]);
    assert!(checked.out.contains(WARNING), "{checked:?}");
    let printed = house.run(&["schema", "--columns"]).out;
    let visits = "[sources.lake.tables.visits]\ncolumns_only = true\n\n\
                  [sources.lake.tables.visits.columns]\nid = { type = \"int8\" }\n\
                  org_id = { type = \"text\" }\nnote = { type = \"text\" }\n";
    assert!(printed.contains(visits), "{printed}");
    let config = std::fs::read_to_string(house.config()).unwrap();
    house.file("portcullis.toml", &format!("{config}\n{printed}"));
    let checked = house.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(!checked.out.contains("are inferred"), "{checked:?}");
    assert_eq!(house.run(&["schema", "--columns"]).out, "");

    house.file("lake/visits.csv", "id,org_id,note\nx,other,d\n1,acme,a\n2,acme,b\n3,acme,c\n");
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    assert_eq!(session.ask("SELECT id + 1 FROM lake.visits").await.unwrap(), ["2", "3", "4"]);
    assert_serves(&house, &served).await;
}
