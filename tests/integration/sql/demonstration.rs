//! The demonstration, as `portcullis demo` serves it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// A running demonstration; it ends with the value.
pub struct Demonstration {
    process: Child,
    /// By the person's name: the token.
    tokens: HashMap<String, String>,
    port: u16,
    _folder: TempDir,
}

impl Demonstration {
    /// Makes the company and serves it on a free port.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["demo", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder.path().join("company"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut tokens = HashMap::new();
        let mut port = None;
        let mut name = String::new();
        // The line before a `psql` line but one begins with the person's name.
        let mut before = [String::new(), String::new()];
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        for line in lines.by_ref() {
            let line = line.unwrap();
            if let Some(rest) = line.strip_prefix("PGPASSWORD=") {
                let (token, _) = rest.split_once(' ').unwrap();
                name.clear();
                name.push_str(before[0].trim().split([',', ' ']).next().unwrap());
                tokens.insert(name.clone(), token.to_owned());
            }
            if let Some((_, rest)) = line.split_once("Serving on 127.0.0.1:") {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                port = digits.parse().ok();
                break;
            }
            before = [std::mem::take(&mut before[1]), line];
        }
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.expect("the demonstration says where it listens");
        Self { process, tokens, port, _folder: folder }
    }

    /// Opens a session as one of the people.
    pub async fn connect(&self, name: &str) -> Client {
        let token = self.tokens.get(name).unwrap_or_else(|| panic!("nobody is called {name}"));
        // An agent logs in as the person for whom it acts.
        let user = if name == "scout" { "ada" } else { name };
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).dbname("portcullis").user(user).password(token);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
