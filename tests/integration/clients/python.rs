//! psycopg and asyncpg. PostgreSQL itself, with what the caller may see and no more, must give
//! the very answers that are expected of the gateway.

use super::*;

fn same_as_postgres(name: &str) {
    let expected = data("clients").join(name).with_extension("txt");
    let script = format!("{name}.py");

    let world = World::new();
    let (address, password) = world.analyst();
    let said = python(&script, &address, &password);
    assert!(said.err.is_empty(), "{}\n{}\n{}", said.out, said.err, world.served.log());

    let server = postgres::shared();
    let url = server.database(&(text("clients/house.sql") + &text("clients/seen.sql")));
    let database = url.rsplit('/').next().unwrap();
    let (port, user) = (server.port(), postgres::USER);
    let address = format!("host=127.0.0.1 port={port} user={user} dbname={database}");
    let oracle = python(&script, &address, postgres::PASSWORD);
    assert!(oracle.err.is_empty(), "{}", oracle.err);

    assert_said(&oracle.out, &expected);
    assert_said(&said.out, &expected);
}

#[test]
fn psycopg_cannot_tell_it_from_postgresql() {
    same_as_postgres("with_psycopg");
}

#[test]
fn asyncpg_cannot_tell_it_from_postgresql() {
    same_as_postgres("with_asyncpg");
}

#[test]
fn the_clients_are_those_that_are_pinned() {
    let script = "import asyncpg, duckdb, psycopg\n\
                  for client in psycopg, asyncpg, duckdb: print(client.__name__, client.__version__)";
    let output = Command::new(crate::python::interpreter()).args(["-c", script]).output().unwrap();
    let pinned = text("tools/requirements.txt");
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.lines().count(), 3, "{}", String::from_utf8_lossy(&output.stderr));
    for line in found.lines() {
        let pin = line.replace(' ', "==");
        assert!(pinned.lines().any(|line| line == pin), "{pin}");
    }
}
