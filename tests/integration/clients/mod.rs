//! Real clients against the real program, in front of a real PostgreSQL.

mod demonstration;
mod logged;
mod psql;
mod python;
mod record;
mod tenants;
mod tokio_client;

use std::fs;
use std::path::Path;
use std::process::Command;

use portcullis::audit;
use tokio_postgres::{Client, NoTls};

use crate::house::{Ended, House, Served, data};
use crate::postgres;

/// The house of `tests/clients/`: PostgreSQL and a folder behind it, the gateway serving.
struct World {
    house: House,
    served: Served,
}

impl World {
    fn new() -> Self {
        Self::prepared("", |_| {})
    }

    /// With more keys in `[server]`, and whatever else is put into the house.
    fn prepared(server: &str, prepare: impl FnOnce(&House)) -> Self {
        let house = Self::house(server, prepare);
        let served = house.serve();
        Self { house, served }
    }

    /// The same before it serves.
    fn house(server: &str, prepare: impl FnOnce(&House)) -> House {
        let house = House::new(&format!("{server}\n{}", text("clients/house.toml")));
        let url = postgres::shared().database(&text("clients/house.sql"));
        house.file("box.url", &url);
        house.file("policies/house.cedar", &text("clients/house.cedar"));
        house.file(
            "lake/visits.csv",
            "person,org_id,at\n1,acme,2024-05-01\n1,acme,2024-05-02\n3,acme,2024-05-03\n\
             4,other,2024-05-04\n",
        );
        prepare(&house);
        house
    }

    /// A session of tokio-postgres.
    async fn session(&self, user: &str, token: &str, application_name: &str) -> Client {
        let mut config: tokio_postgres::Config = self.served.address(user).parse().unwrap();
        config.password(token).application_name(application_name);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Ends the gateway, and gives what it put on record.
    fn record(self) -> Vec<audit::Record> {
        assert_eq!(self.served.stop(), Some(0));
        let records = audit::records(&self.house.path("audit")).unwrap();
        records.map(|record| record.unwrap()).collect()
    }

    /// The address and password of an analyst.
    fn analyst(&self) -> (String, String) {
        (self.served.address("ines"), self.house.token("ines", &["analyst"]))
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(data(path)).unwrap()
}

/// Runs a Python script of `tests/clients/` as somebody.
fn python(script: &str, address: &str, password: &str) -> Ended {
    let mut command = Command::new(crate::python::interpreter());
    command.arg(data("clients").join(script)).arg(address).env("PGPASSWORD", password);
    command.env("PYTHONIOENCODING", "utf-8").output().unwrap().into()
}

/// Compares what a client said with the file of what it should say. Where they differ the new
/// text is written beside the target folder's other temporary files, to be looked at.
fn assert_said(found: &str, expected: &Path) {
    let wanted = fs::read_to_string(expected).unwrap_or_default();
    if found == wanted {
        return;
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(expected.file_name().unwrap());
    fs::write(&kept, found).unwrap();
    let diff = Command::new("diff").arg("-uN").arg(expected).arg(&kept).output().unwrap();
    panic!("{}", String::from_utf8_lossy(&diff.stdout));
}
