//! Real clients against the real gateway.

use std::process::Command;

use super::python;

#[test]
fn the_pinned_clients_are_there() {
    let script = "import asyncpg, duckdb, psycopg\n\
                  for client in psycopg, asyncpg, duckdb: print(client.__name__, client.__version__)";
    let output = Command::new(python::interpreter()).args(["-c", script]).output().unwrap();
    let pinned = include_str!("../../tools/requirements.txt");
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.lines().count(), 3, "{}", String::from_utf8_lossy(&output.stderr));
    for line in found.lines() {
        let pin = line.replace(' ', "==");
        assert!(pinned.lines().any(|line| line == pin), "{pin}");
    }
}
