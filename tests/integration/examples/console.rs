//! Runs the console blocks of a document, in its folder's copy, as one session of bash.
//!
//! A block begins with ` ```console `. A line with `$ ` is a command; the lines below it, up to the
//! next command, are what it must print. `…` stands for anything within a line, and alone on a
//! line for any lines. A command that serves goes on in the background, and what it prints need
//! not be shown. `6432` is replaced by a free port. A token that is cut, `PGPASSWORD=eyJ…`, is
//! taken from the line that the demonstration prints for the user.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A document, and a copy of the folder that its commands run in.
pub struct Document {
    name: String,
    text: String,
    folder: TempDir,
    port: u16,
}

/// A command and what it must print.
struct Step {
    command: String,
    expected: Vec<String>,
}

/// Before the output of each step; no program prints it by chance.
const MARK: char = '\u{1e}';

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Document {
    /// The README of an example.
    pub fn of_example(name: &str) -> Self {
        let from = repository().join("examples").join(name);
        let document = Self::new(name, &from.join("README.md"));
        copy(&from, document.folder.path());
        let config = document.folder.path().join("portcullis.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, document.moved(&text)).unwrap();
        document
    }

    /// The README of the repository, whose commands make what they need.
    pub fn readme() -> Self {
        Self::new("README.md", &repository().join("README.md"))
    }

    fn new(name: &str, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        Self { name: name.to_owned(), text, folder, port: free }
    }

    fn moved(&self, text: &str) -> String {
        text.replace("6432", &self.port.to_string())
    }

    /// Runs all commands. Panics where one prints something else.
    pub fn is_true(&self) {
        let steps = steps(&self.text);
        assert!(!steps.is_empty(), "{} shows no commands", self.name);
        let output = self.run(&steps);
        let mut sections = output.split(MARK).skip(1);
        let mut wrong = String::new();
        for step in &steps {
            let found = sections.next().unwrap_or("(did not run)");
            let found = found.replace(&self.port.to_string(), "6432");
            let found: Vec<&str> = found.lines().map(str::trim_end).collect();
            let served = is_server(&step.command) && step.expected.is_empty();
            if !served && !matches(&step.expected, trimmed(&found)) {
                let found = trimmed(&found).join("\n");
                writeln!(wrong, "$ {}\n{found}\n", step.command).unwrap();
            }
        }
        assert!(wrong.is_empty(), "{} is not true; really:\n\n{wrong}", self.name);
    }

    fn run(&self, steps: &[Step]) -> String {
        let mut script =
            "set -u\nserver=\ntrap '[ -z \"$server\" ] || kill $server' EXIT\n".to_owned();
        for step in steps {
            writeln!(script, "printf '{MARK}'").unwrap();
            let command = self.moved(&prepared(&step.command));
            if is_server(&step.command) {
                let port = self.port;
                writeln!(
                    script,
                    "{command} > served.txt 2>&1 &\nserver=$!\n\
                     for _ in $(seq 600); do\n\
                     (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break\n\
                     kill -0 $server || break\nsleep 0.1\ndone\nsleep 1\ncat served.txt"
                )
                .unwrap();
            } else {
                writeln!(script, "{{ {command}\n}} 2>&1").unwrap();
            }
        }
        let path = self.folder.path().join("session.sh");
        fs::write(&path, script).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap().to_owned();
        let mut paths = vec![program];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut bash = Command::new("timeout");
        bash.args(["300", "bash", "session.sh"])
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("LC_ALL", "C.UTF-8")
            .env("PSQLRC", "/dev/null")
            .env("PAGER", "cat")
            .env_remove("RUST_LOG");
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGOPTIONS"] {
            bash.env_remove(name);
        }
        let output = bash.output().unwrap();
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut continued) = (false, false);
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            line if continued => {
                let step = steps.last_mut().expect("a command first");
                step.command = format!("{}\n{line}", step.command);
                continued = line.ends_with('\\');
            }
            line => match line.strip_prefix("$ ") {
                Some(command) => {
                    steps.push(Step { command: command.to_owned(), expected: Vec::new() });
                    continued = command.ends_with('\\');
                }
                None => {
                    let step = steps.last_mut().expect("a command first");
                    step.expected.push(line.trim_end().to_owned());
                }
            },
        }
    }
    for step in &mut steps {
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    steps
}

fn is_server(command: &str) -> bool {
    command.ends_with("portcullis serve") || command.contains("-- demo")
}

/// The command as it is run here, where the program is built already.
fn prepared(command: &str) -> String {
    let command = command
        .replace("cargo run --release -- demo", "portcullis demo --listen 127.0.0.1:6432")
        .replace("target/release/portcullis", "portcullis")
        // An outcome is written a moment after the client has its answer.
        .replace("portcullis audit", "sleep 0.5; portcullis audit");
    match command.strip_prefix("PGPASSWORD=eyJ… ") {
        None => command,
        Some(rest) => {
            let user = rest.split(" -U ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
            format!(
                "PGPASSWORD=$(sed -n 's/^PGPASSWORD=\\([^ ]*\\) psql .* -U {user} .*/\\1/p' \
                 served.txt | head -n 1) {rest}"
            )
        }
    }
}

fn trimmed<'a>(lines: &'a [&'a str]) -> &'a [&'a str] {
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    &lines[..end]
}

fn matches(expected: &[String], found: &[&str]) -> bool {
    match (expected.split_first(), found.split_first()) {
        (None, None) => true,
        (Some((line, rest)), _) if line == "…" => {
            (0..=found.len()).any(|skipped| matches(rest, &found[skipped..]))
        }
        (Some((line, rest)), Some((first, others))) => {
            line_matches(line, first) && matches(rest, others)
        }
        _ => false,
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    match expected.split_once('…') {
        None => expected == found,
        Some((before, after)) => found.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap();
        // What somebody left who tried the example by hand.
        if name == "keys" || name == "audit" || name == "audit.key" {
            continue;
        }
        let target = to.join(name);
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_document_that_is_not_true_is_noticed() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let cases = [
        ("a\nb", "a\nb", true),
        ("a\nb", "a", false),
        ("a", "a\nb", false),
        ("a …d", "a b c d", true),
        ("a …d", "a b c", false),
        ("…\nz", "a\nb\nz", true),
        ("…\nz", "a\nb", false),
    ];
    for (expected, found, is_true) in cases {
        let found: Vec<&str> = found.lines().collect();
        assert_eq!(matches(&lines(expected), &found), is_true, "{expected} {found:?}");
    }
}
