//! psql, the real one.

use super::*;

fn psql(address: &str, password: &str, arguments: &[&str]) -> Ended {
    let mut command = Command::new("psql");
    command.args(["-X", "-d", address]).args(arguments).env("PGPASSWORD", password);
    command.env("PGCLIENTENCODING", "UTF8").env("LC_ALL", "C.UTF-8").output().unwrap().into()
}

/// The commands and their answers, errors with their SQLSTATE.
fn transcript(address: &str, password: &str, name: &str) {
    let folder = data("clients/psql");
    let script = folder.join(name).with_extension("sql");
    let output = Command::new("sh")
        .args([
            "-c",
            "exec psql -X -a -v VERBOSITY=verbose -d \"$1\" <\"$2\" 2>&1",
            "psql",
            address,
        ])
        .arg(script)
        .env("PGPASSWORD", password)
        .env("PGCLIENTENCODING", "UTF8")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_said(&said, &folder.join(name).with_extension("out"));
}

#[test]
fn psql_shows_each_what_they_may_see() {
    let world = World::new();
    let (address, password) = world.analyst();
    transcript(&address, &password, "analyst");
    let password = world.house.token("otis", &[]);
    transcript(&world.served.address("otis"), &password, "other");
}

/// What differs between versions of psql: only the facts in it are looked at.
#[test]
fn psql_knows_where_it_is() {
    let world = World::new();
    let (address, password) = world.analyst();
    let said = psql(&address, &password, &["-c", "\\conninfo"]);
    for fact in ["portcullis", "ines", &world.served.port.to_string()] {
        assert!(said.out.contains(fact), "{said:?}");
    }
    let said = psql(&address, &password, &["-At", "-c", "\\l"]);
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    assert!(said.out.starts_with("portcullis|"), "{said:?}");
    let said = psql(&address, &password, &["-At", "-c", "\\du"]);
    assert_eq!(said.out.lines().count(), 2, "{said:?}");
    assert!(said.out.lines().any(|line| line.starts_with("ines|")), "{said:?}");
    assert!(said.out.contains("\nportcullis|Cannot login"), "{said:?}");
}

#[test]
fn psql_lists_what_there_is() {
    let world = World::new();
    let (address, password) = world.analyst();
    let ask = |command| psql(&address, &password, &["-At", "-c", command]);
    let all = "box|arrays|table|portcullis\nbox|countries|table|portcullis\n\
               box|many|table|portcullis\nbox|people|table|portcullis\n\
               box|types|table|portcullis\nlake|visits|table|portcullis\n";
    let said = ask("\\d");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), all, ""), "{said:?}");
    // The words in which psql says so, and where, are not the same in each version.
    let said = ask("\\dv");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.out.contains("box") && !said.err.contains("ERROR"), "{said:?}");

    let said = ask("\\d+ box.people");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let columns: Vec<&str> =
        said.out.lines().filter_map(|line| line.split('|').next()).take(5).collect();
    assert_eq!(columns, ["id", "org_id", "name", "country", "email"], "{said:?}");
    for fact in ["\nid|integer||not null|", "\nname|character varying||not null|"] {
        assert!(format!("\n{}", said.out).contains(fact), "{fact}: {said:?}");
    }
    assert!(!said.out.contains("note"), "{said:?}");
    let said = ask("\\d+ box.secrets");
    let told = format!("{}{}", said.out, said.err);
    assert!(told.starts_with("Did not find any relation named \"box.secrets\"."), "{said:?}");
}

#[test]
fn psql_under_tls() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let world = World::prepared(
        "tls = { cert = \"server.crt\", key = \"server.key\", required = true }",
        |house| {
            house.file("server.crt", &cert.pem());
            house.file("server.key", &signing_key.serialize_pem());
        },
    );
    let (address, password) = world.analyst();
    let ask = |more: &str| {
        let query = "SELECT count(*) FROM box.people";
        psql(&format!("{address} {more}"), &password, &["-At", "-c", query])
    };
    let root = world.house.path("server.crt");
    let verified = format!("host=localhost sslmode=verify-full sslrootcert={}", root.display());

    for taken in ["sslmode=require", "sslmode=prefer", &verified] {
        let said = ask(taken);
        assert_eq!((said.code, said.out.as_str()), (Some(0), "3\n"), "{taken}: {said:?}");
    }
    let said = psql(&format!("{address} sslmode=require"), &password, &["-c", "\\conninfo"]);
    assert!(said.out.contains("TLSv1.3"), "{said:?}");

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    world.house.file("other.crt", &other.cert.pem());
    let stranger = verified.replace("server.crt", "other.crt");
    let elsewhere = verified.replace("host=localhost", "host=127.0.0.1");
    for (refused, why) in [
        ("sslmode=disable", "encrypt"),
        (&stranger, "certificate verify failed"),
        (&elsewhere, "does not match host name"),
    ] {
        let said = ask(refused);
        assert_eq!(said.code, Some(2), "{refused}: {said:?}");
        assert!(said.err.contains(why), "{refused}: {said:?}");
        assert!(said.out.is_empty(), "{refused}: {said:?}");
    }
    assert_eq!(ask("sslmode=require").out, "3\n");
}
