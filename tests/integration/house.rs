//! A gateway in a folder of its own, served by the real program.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use portcullis::config::Config;
use portcullis::identity::development::{Grant, SigningKey, generate_key_file};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What every house says of itself. `[server]` stands last, so that a house can add to it.
const SETTINGS: &str = r#"
[[identity.jwt]]
issuer = "https://login.example"
audience = "portcullis"
jwks = "keys/jwks.json"
development = true

[identity.attributes]
org_id = { claim = "org_id", type = "string" }

[tenancy]
attribute = "org_id"
column = "org_id"

[policies]
dir = "policies"
token_key = { file = "keys/token.key" }

[audit]
dir = "audit"

[server]
listen = "127.0.0.1:0"
"#;

/// A folder with a configuration, keys and policies.
pub struct House {
    dir: TempDir,
}

impl House {
    /// With this added to the configuration: keys of `[server]` first, then further sections.
    pub fn new(more: &str) -> Self {
        Self::of(&format!("{SETTINGS}{more}"))
    }

    /// With a configuration that names its keys as every house does.
    pub fn of(config: &str) -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        house.file("portcullis.toml", config);
        house.file("keys/token.key", "a key for the tokens of a test, no more\n");
        generate_key_file(&house.path("keys/jwks.json")).unwrap();
        fs::create_dir(house.path("policies")).unwrap();
        house
    }

    /// The folder, which is removed when it is dropped.
    pub fn into_folder(self) -> TempDir {
        self.dir
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.path("portcullis.toml")
    }

    /// A token of the tenant `acme`, with these roles.
    pub fn token(&self, user: &str, roles: &[&str]) -> String {
        let now = SystemTime::now();
        let claims = json!({ "org_id": "acme", "roles": roles });
        self.signed(user, claims, now, now + Duration::from_secs(3600))
    }

    /// The same, held by an agent that has these roles itself.
    pub fn agent_token(
        &self,
        (user, roles): (&str, &[&str]),
        (agent, agent_roles): (&str, &[&str]),
    ) -> String {
        let claims = json!({
            "org_id": "acme", "roles": roles, "act": { "sub": agent, "roles": agent_roles },
        });
        let now = SystemTime::now();
        self.signed(user, claims, now, now + Duration::from_secs(3600))
    }

    pub fn signed(
        &self,
        user: &str,
        claims: Value,
        issued_at: SystemTime,
        expires_at: SystemTime,
    ) -> String {
        let identity = Config::load_identity(&self.config()).unwrap();
        let key = SigningKey::of(&identity.issuers[0]).unwrap();
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        let user = user.to_owned();
        key.sign(&Grant { user, claims, agent: None, issued_at, expires_at }).unwrap()
    }

    /// The configuration, as the program reads it.
    pub fn loaded(&self) -> Config {
        Config::load(&self.config()).unwrap()
    }

    /// The program, in this folder.
    pub fn program(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.dir.path()).env_remove("RUST_LOG");
        command
    }

    /// Runs a command that ends by itself, with this house's configuration. One that serves where
    /// it should not ends too, with the exit code 124.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new("timeout");
        command.args(["60", PROGRAM]).args(arguments).arg("--config").arg(self.config());
        command.current_dir(self.dir.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        command.output().unwrap().into()
    }

    /// Serves until the value is dropped.
    pub fn serve(&self) -> Served {
        Served::start(self, None, &[])
    }

    /// The same on a small file system of its own at this folder, which goes with the gateway.
    pub fn serve_on_a_small_disk(&self, folder: &str) -> Served {
        let path = self.path(folder);
        Served::start(self, None, &FullDisk::within(path.to_str().unwrap()))
    }

    /// The same with this in `RUST_LOG`.
    pub fn serve_logging(&self, what: &str) -> Served {
        Served::start(self, Some(what), &[])
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A running gateway. Ends with this value, or with the test process.
pub struct Served {
    pub port: u16,
    pub process: u32,
    keeper: Child,
    log: Arc<Log>,
}

/// What the gateway has logged so far.
#[derive(Default)]
struct Log {
    text: Mutex<(String, bool)>,
    grown: Condvar,
}

impl Served {
    fn start(house: &House, logged: Option<&str>, within: &[&str]) -> Self {
        // The shell outlives the test by no more than the end of its input takes.
        const KEEPER: &str = "\"$@\" <&- >&- & exec 2>&-; echo $!; read -r _; kill $!; wait $!";
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args(within)
            .args([PROGRAM, "serve", "--config"])
            .arg(house.config())
            .env_remove("RUST_LOG")
            .envs(logged.map(|what| ("RUST_LOG", what)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let (told, output) = (Arc::clone(&log), keeper.stderr.take().unwrap());
        thread::spawn(move || told.follow(output));
        let mut process = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut process).unwrap();
        let process = process.trim().parse().unwrap();
        let line = log.wait_for("serving listen=");
        let port = line.rsplit(':').next().unwrap().trim().parse().unwrap();
        Self { port, process, keeper, log }
    }

    /// Waits until a line of the log holds this, and gives that line.
    pub fn logs(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    /// All that was logged so far.
    pub fn log(&self) -> String {
        self.log.text.lock().unwrap().0.clone()
    }

    /// The connection string of libpq, without the password.
    pub fn address(&self, user: &str) -> String {
        format!("host=127.0.0.1 port={} user={user} dbname=portcullis", self.port)
    }

    /// Asks the gateway to end, and gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A small file system that only a gateway has, seen from outside.
pub struct FullDisk(PathBuf);

impl FullDisk {
    const MOUNT: &str = "mount -t tmpfs -o size=256k,mode=700 tmpfs \"$0\" && exec \"$@\"";

    /// What runs a command with such a disk at this folder. Whoever may have users of their own
    /// may have a file system, without being root.
    fn within(folder: &str) -> [&str; 7] {
        ["unshare", "-Urm", "--", "sh", "-c", Self::MOUNT, folder]
    }

    /// Whether the system lets us.
    pub fn possible() -> bool {
        let folder = tempfile::tempdir().unwrap();
        let [program, arguments @ ..] = Self::within(folder.path().to_str().unwrap());
        let tried = Command::new(program).args(arguments).arg("true").output();
        tried.is_ok_and(|tried| tried.status.success())
    }

    /// The disk that a gateway has at this folder.
    pub fn of(served: &Served, folder: &Path) -> Self {
        let root = PathBuf::from(format!("/proc/{}/root", served.process));
        Self(root.join(folder.strip_prefix("/").unwrap()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Takes what room there is.
    pub fn fill(&self) {
        let mut ballast = File::create(self.0.join("ballast")).unwrap();
        let full = loop {
            if let Err(error) = ballast.write_all(&[0; 512]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    pub fn make_room(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Log {
    fn follow(&self, output: impl Read) {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut text = self.text.lock().unwrap();
            text.0 += &line;
            text.0.push('\n');
            self.grown.notify_all();
        }
        self.text.lock().unwrap().1 = true;
        self.grown.notify_all();
    }

    fn wait_for(&self, wanted: &str) -> String {
        let mut text = self.text.lock().unwrap();
        loop {
            if let Some(line) = text.0.lines().find(|line| line.contains(wanted)) {
                return line.to_owned();
            }
            assert!(!text.1, "the gateway ended:\n{}", text.0);
            text = self.grown.wait(text).unwrap();
        }
    }
}

/// A file of the tests, by its path below `tests/`.
pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}
