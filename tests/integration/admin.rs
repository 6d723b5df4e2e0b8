//! The operators' listener, in front of a real gateway.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use portcullis::admin::{self, Observed, Readiness};
use portcullis::assembly;
use portcullis::config::Config;
use portcullis::session::Gateway;
use portcullis::wire::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::house::House;

/// A table of which one row is the caller's, and an archive that is no database.
const SOURCES: &str = r#"
[sources.notes]
kind = "files"
path = "notes"
required = true
[sources.archive]
kind = "sqlite"
path = "archive.db"
"#;

const POLICIES: &str = r#"
permit (principal, action == Action::"select", resource is notes::letters);
permit (principal, action == Action::"reveal", resource);
"#;

/// A gateway in this process, so that what it knows can be asked for.
struct Place {
    house: House,
    config: Config,
    gateway: Arc<Gateway>,
}

impl Place {
    async fn open() -> Self {
        let house = House::new(SOURCES);
        house.file("notes/letters.csv", "org_id,text\nacme,secret-a\nother,secret-b\n");
        house.file("archive.db", "this is no database, and long enough to be read as one");
        house.file("policies/all.cedar", POLICIES);
        let config = house.loaded();
        let gateway = assembly::start(&config).await.unwrap();
        Self { house, config, gateway }
    }

    /// With nothing remembered of the sources.
    fn observed(&self) -> Arc<Observed> {
        Arc::new(Observed::new(&self.config, Arc::clone(&self.gateway)))
    }

    async fn readiness(&self) -> Readiness {
        self.observed().readiness().await
    }
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Sends these bytes and gives all that comes back.
async fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(port: u16, path: &str) -> String {
    ask(port, &format!("GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_names_nobody() {
    let place = Place::open().await;
    let (for_clients, clients) = listener().await;
    let (for_operators, operators) = listener().await;
    let (end, ended) = oneshot::channel::<()>();
    let (end_admin, ended_admin) = oneshot::channel::<()>();
    let options = assembly::listener_options(&place.config).unwrap();
    let server = Server::new(options, Arc::new(Arc::clone(&place.gateway)));
    let serving = tokio::spawn(server.serve(for_clients, async move { drop(ended.await) }));
    let admin = admin::serve(for_operators, place.observed(), async move {
        drop(ended_admin.await);
    });
    let attending = tokio::spawn(admin);

    let health = get(operators, "/healthz").await;
    assert!(
        health.starts_with("HTTP/1.1 200 OK\r\n") && health.ends_with("\r\n\r\nok\n"),
        "{health}"
    );
    assert!(get(operators, "/nothing").await.starts_with("HTTP/1.1 404 Not Found\r\n"));
    // A body is not read, and does not take the answer with it.
    let posted = format!("POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}", "x".repeat(9));
    assert!(ask(operators, &posted).await.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    let long = format!("GET /healthz HTTP/1.1\r\nCookie: {}", "x".repeat(9000));
    assert!(ask(operators, &long).await.starts_with("HTTP/1.1 431 "));

    let token = place.house.token("ada", &[]);
    let login = async |token: &str| {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(clients).user("ada").password(token).dbname("portcullis");
        config.connect(NoTls).await
    };
    assert!(login("no token").await.is_err());
    let (client, connection) = login(&token).await.unwrap();
    let driver = tokio::spawn(connection);
    assert_eq!(client.query("SELECT text FROM notes.letters", &[]).await.unwrap().len(), 1);
    assert!(client.simple_query("SELECT * FROM notes.diaries").await.is_err());

    let metrics = get(operators, "/metrics").await;
    for line in [
        "portcullis_sessions 1",
        "portcullis_sessions_max 500",
        "portcullis_logins_total{outcome=\"accepted\"} 1",
        "portcullis_logins_total{outcome=\"refused\"} 1",
        "portcullis_statements_total{outcome=\"ok\"} 1",
        "portcullis_statements_total{outcome=\"refused\"} 1",
        "portcullis_statements_total{outcome=\"failed\"} 0",
        "portcullis_rows_total 1",
        "portcullis_statement_duration_seconds_count 2",
        "portcullis_audit_failing 0",
        "portcullis_policies_generation 1",
        "portcullis_policies_broken 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    let readiness = get(operators, "/readyz").await;
    for page in [&metrics, &readiness] {
        for secret in
            ["ada", "acme", "secret", "letters", "SELECT", place.house.path("").to_str().unwrap()]
        {
            assert!(!page.contains(secret), "{secret}: {page}");
        }
    }

    drop(client);
    drop(driver.await);
    for _ in 0..100 {
        if get(operators, "/metrics").await.contains("\nportcullis_sessions 0\n") {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(get(operators, "/metrics").await.contains("\nportcullis_sessions 0\n"));
    drop((end, end_admin));
    serving.await.unwrap();
    attending.await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", operators)).await.is_err());
    place.gateway.audit().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_policies_and_required_sources() {
    let place = Place::open().await;
    let well = Readiness {
        ready: true,
        audit: "ok",
        policies: "ok",
        // It was no database at the start; nobody said that it is required.
        unreachable: vec!["archive".to_owned()],
        damaged: Vec::new(),
    };
    assert_eq!(place.readiness().await, well);

    let file = place.house.path("policies/all.cedar");
    fs::write(&file, "permit (principal").unwrap();
    let broken = Readiness { ready: false, policies: "broken", ..well.clone() };
    assert_eq!(settled(&place, &broken).await, broken);
    fs::write(&file, POLICIES).unwrap();
    assert_eq!(settled(&place, &well).await, well);

    fs::rename(place.house.path("notes"), place.house.path("elsewhere")).unwrap();
    let lacking = Readiness {
        ready: false,
        unreachable: vec!["notes".to_owned(), "archive".to_owned()],
        damaged: Vec::new(),
        ..well.clone()
    };
    assert_eq!(place.readiness().await, lacking);
    let (for_operators, operators) = listener().await;
    tokio::spawn(admin::serve(for_operators, place.observed(), std::future::pending()));
    let answer = get(operators, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    let body = "{\"ready\":false,\"audit\":\"ok\",\"policies\":\"ok\",\
                \"unreachable\":[\"notes\",\"archive\"],\"damaged\":[]}\n";
    assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");

    fs::rename(place.house.path("elsewhere"), place.house.path("notes")).unwrap();
    assert_eq!(place.readiness().await, well);
    // What was seen holds for a moment, so that asking is cheap.
    assert_eq!(get(operators, "/readyz").await, answer);
}

/// What is seen once the gateway has looked at its policies again.
async fn settled(place: &Place, expected: &Readiness) -> Readiness {
    let mut found = place.readiness().await;
    for _ in 0..100 {
        if found == *expected {
            break;
        }
        sleep(Duration::from_millis(50)).await;
        found = place.readiness().await;
    }
    found
}
