//! A real PostgreSQL server for tests: its own data folder, a free port, gone when the test
//! process ends, however it ends.
//!
//! Used as a module by the tests of several crates, so not every crate uses all of it.
#![allow(dead_code, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The superuser of every test server, who logs in by SCRAM.
pub const USER: &str = "keeper";
/// The superuser's password; holds characters that a URL must escape.
pub const PASSWORD: &str = "S3cret-%/x";
const PASSWORD_IN_URL: &str = "S3cret-%25%2Fx";

/// The server that the tests of one process share.
pub fn shared() -> &'static Server {
    static SHARED: LazyLock<Server> = LazyLock::new(Server::start);
    &SHARED
}

/// A running server.
pub struct Server {
    port: u16,
    bin: PathBuf,
    folder: PathBuf,
    /// Waits for the end of its input, then stops the server and removes the folder.
    keeper: Child,
}

/// A database that goes with this value, whoever is connected to it.
pub struct Database<'a> {
    server: &'a Server,
    name: String,
    url: String,
}

impl Database<'_> {
    /// Its URL, with the superuser and the password.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // Where a test has failed, its own words matter more, and all databases go soon.
        if !std::thread::panicking() {
            self.server.run("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// A certificate and its key, both PEM, for a server that is to offer TLS.
pub struct Identity<'a> {
    pub certificate: &'a str,
    pub key: &'a str,
}

impl Server {
    /// Starts a server without TLS. Its databases order text by the rules of English, so that
    /// a test sees where a collation by bytes was forgotten.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// Starts a server; where there is an identity it offers TLS.
    pub fn with(identity: Option<&Identity<'_>>) -> Self {
        let bin = programs();
        let folder = tempfile::Builder::new()
            .prefix("portcullis-postgres-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let owner = owner();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a file in the temporary folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
            own(&path, owner.as_ref());
        };
        file("password", PASSWORD);
        let mut settings = String::from(
            "fsync=off\nfull_page_writes=off\nsynchronous_commit=off\nmax_connections=200\n\
             listen_addresses='127.0.0.1'\n",
        );
        if let Some(identity) = identity {
            file("server.crt", identity.certificate);
            file("server.key", identity.key);
            settings.push_str(&format!(
                "ssl=on\nssl_cert_file='{0}/server.crt'\nssl_key_file='{0}/server.key'\n",
                folder.display()
            ));
        }
        own(&folder, owner.as_ref());
        // Between the choice of a free port and the server's own bind another process may take
        // it; then the next attempt chooses again.
        for _ in 0..5 {
            let port = free_port();
            let settings =
                format!("{settings}port={port}\nunix_socket_directories='{}'\n", folder.display());
            file("settings", &settings);
            if let Some(keeper) = keep(&bin, &folder, owner.is_some()) {
                return Self { port, bin, folder, keeper };
            }
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start in {}:\n{log}", folder.display());
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with the Unix socket.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of a database, with the superuser and the password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database of its own, runs the script in it, and gives its URL.
    pub fn database(&self, script: &str) -> String {
        self.url(&self.named(script))
    }

    /// The same, for as long as the value is kept.
    pub fn passing(&self, script: &str) -> Database<'_> {
        let name = self.named(script);
        Database { server: self, url: self.url(&name), name }
    }

    fn named(&self, script: &str) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        self.run(&name, script);
        name
    }

    /// Runs a script in a database, each statement by itself.
    pub fn run(&self, database: &str, script: &str) {
        let mut psql = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database)])
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql starts");
        let mut input = psql.stdin.take().expect("psql has an input");
        // psql stops reading at the first error, which is reported below.
        let _ = input.write_all(script.as_bytes());
        drop(input);
        let output = psql.wait_with_output().expect("psql ends");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "psql failed: {errors}");
    }

    /// Stops the server at once, as a crash would.
    pub fn stop(mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().expect("the keeper ends");
    }
}

/// Makes the data folder where it is missing, and starts the server under a keeper.
fn keep(bin: &Path, folder: &Path, as_postgres: bool) -> Option<Child> {
    const SCRIPT: &str = r#"
        cd "$2" || exit 1
        if [ ! -d data ]; then
            "$1/initdb" -D data -U "$3" --pwfile=password -A scram-sha-256 -E UTF8 --no-sync \
                --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US >log 2>&1 || exit 1
        fi
        cat settings >data/postgresql.auto.conf
        "$1/pg_ctl" -D data -l log -w -t 60 start >/dev/null 2>&1 || exit 1
        echo ready
        read -r _
        "$1/pg_ctl" -D data -m immediate stop >/dev/null 2>&1
        rm -rf "$2"
    "#;
    let mut command = if as_postgres {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    let mut keeper = command
        .args(["-c", SCRIPT, "keeper"])
        .args([bin, folder])
        .arg(USER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell starts");
    let output = keeper.stdout.take().expect("the keeper has an output");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("the keeper's answer");
    if line == "ready\n" {
        return Some(keeper);
    }
    let _ = keeper.wait();
    None
}

/// What an expression means is what this version means by it (`docs/sql.md`).
const PREFERRED: u32 = 15;

/// The programs of the server whose meaning we promise, or else of the newest that is installed.
fn programs() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .collect();
    versions.sort_by_key(|(version, _)| (*version == PREFERRED, *version));
    match versions.pop() {
        Some((_, bin)) => bin,
        None => panic!("no PostgreSQL server: install Debian's package \"postgresql\""),
    }
}

/// The user and group `postgres` where we are root, as whom the server refuses to run.
fn owner() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| {
        let both = id(&["-u", "postgres"]).zip(id(&["-g", "postgres"]));
        both.expect("a user \"postgres\", which Debian's package makes")
    })
}

fn own(path: &Path, owner: Option<&(u32, u32)>) {
    if let Some((user, group)) = owner {
        chown(path, Some(*user), Some(*group)).expect("a change of owner");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
