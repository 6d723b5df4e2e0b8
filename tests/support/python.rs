//! The Python environment with the clients of `tests/tools/requirements.txt`.
//!
//! Used as a module by the tests of several crates, so not every crate uses all of it.
#![allow(dead_code, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, str};

/// Names an interpreter that has the clients, for whoever keeps an environment of their own.
pub const VARIABLE: &str = "PORTCULLIS_TEST_PYTHON";

/// The interpreter: the one that the environment variable names, or that of the environment that
/// `tests/tools/install` makes. A test without it fails.
pub fn interpreter() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(find);
    &FOUND
}

fn find() -> PathBuf {
    if let Some(named) = env::var_os(VARIABLE) {
        let named = PathBuf::from(named);
        assert!(named.exists(), "{VARIABLE} names {}, which is not there", named.display());
        return named;
    }
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let tools = above
        .map(|folder| folder.join("tests/tools"))
        .find(|tools| tools.join("venv").exists())
        .expect("the folder tests/tools of the repository");
    let output = Command::new(tools.join("venv")).output().expect("tests/tools/venv runs");
    let venv = PathBuf::from(str::from_utf8(&output.stdout).expect("a path").trim_end());
    assert!(
        output.status.success() && venv.join("complete").exists(),
        "no Python environment in {}: run {}",
        venv.display(),
        tools.join("install").display()
    );
    venv.join("bin/python")
}
