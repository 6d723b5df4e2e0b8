//! The 22 queries of TPC-H over Parquet, asked through the gateway as one of twenty tenants.
//!
//! What is measured is the processor time of the whole process, the client included, in milliseconds:
//! on a shared machine time by the clock says little. For each query the mean of all rounds is told,
//! one line each, so that two builds can be held against each other (`benches/barrier/run`).
//!
//! | variable | means | default |
//! |---|---|---|
//! | `TPCH_DIR` | where the data lie, and stay; made there where it is empty | a temporary folder |
//! | `TPCH_SCALE` | of 1 there are 6,000,000 line items | 0.1 |
//! | `TPCH_ROUNDS` | how often each query is asked | 5 |

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that fails is to say where"
)]

#[path = "../caller/mod.rs"]
mod caller;
#[path = "../../tests/integration/tpch/data.rs"]
mod data;
mod lake;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::assembly;
use portcullis::config::Config;
use portcullis::identity::development::generate_key_file;
use portcullis::wire::Server;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use caller::log_in;

const TENANT: &str = "t14";

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn main() {
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let dir = setting("TPCH_DIR").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let scale = setting("TPCH_SCALE").map_or(0.1, |scale| scale.parse().unwrap());
    let rounds = setting("TPCH_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    if !dir.join("lake").exists() {
        lake::make(&dir, scale);
    }
    // The log and the keys are of this run alone.
    let config = furnish(&dir, temporary.path());
    // As the command line makes it: planning walks deep trees.
    let runtime =
        Builder::new_multi_thread().enable_all().thread_stack_size(16 << 20).build().unwrap();
    runtime.block_on(measure(&config, rounds));
}

fn furnish(data: &Path, dir: &Path) -> Config {
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
    let lake = format!("path = {:?}", data.join("lake"));
    write("portcullis.toml", &include_str!("portcullis.toml").replace("path = \"lake\"", &lake));
    fs::create_dir(dir.join("policies")).unwrap();
    let policies = include_str!("../../tests/data/tpch/policies/analysts.cedar");
    write("policies/analysts.cedar", policies);
    write("token.key", "a key that guards nothing, of a measurement\n");
    generate_key_file(&dir.join("jwks.json")).unwrap();
    Config::load(&dir.join("portcullis.toml")).unwrap()
}

async fn measure(config: &Config, rounds: u32) {
    let options = assembly::listener_options(config).unwrap();
    let gateway = assembly::start(config).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::new(options, Arc::new(gateway));
    tokio::spawn(server.serve(listener, std::future::pending()));
    let client = log_in(port, config, TENANT).await;
    client.batch_execute("SET search_path = lake").await.unwrap();
    for (name, sql) in queries() {
        let (before, mut rows) = (usage::processor_time(), 0);
        for _ in 0..rounds {
            rows = client.query(&sql, &[]).await.unwrap().len();
        }
        let each = (usage::processor_time() - before) / rounds;
        println!("{name}\t{:.2}\t{rows}", each.as_secs_f64() * 1000.0);
    }
}

fn queries() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tpch/queries");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(&file).unwrap())
    };
    files.into_iter().map(read).collect()
}
