//! What is said when the demonstration serves: who can come in, and what they might ask.

use std::io::{self, Write};
use std::net::SocketAddr;

use super::company::{Company, Tenant};
use super::expected::Showcase;
use super::people::Person;
use super::screen::{Ink, Line, Screen};

/// Queries worth trying. The second joins SQLite with Parquet.
const WORTH_TRYING: [&str; 3] = ["customers", "revenue", "desk"];

/// Shows whose demonstration this is.
///
/// # Errors
/// Where the screen takes no more.
pub fn greet(screen: &mut Screen<impl Write>) -> io::Result<()> {
    let shops = Tenant::ALL.map(Tenant::title).join(" and ");
    screen.title(
        "Portcullis",
        &format!(
            "{shops} share one platform, but not their customers. Five people ask the same \
             questions; policies decide what each may see."
        ),
    )?;
    screen.gap()
}

/// Shows one line to paste for each of the people, and what to ask then. `program` is how this
/// one was called.
///
/// # Errors
/// Where the screen takes no more.
pub fn invite(
    company: &Company,
    address: SocketAddr,
    passes: &[(Person, String)],
    program: &str,
    screen: &mut Screen<impl Write>,
) -> io::Result<()> {
    screen.gap()?;
    screen.heading("Come in")?;
    let (host, port) = (address.ip(), address.port());
    for (person, token) in passes {
        screen.gap()?;
        let name = format!("  {}", person.name());
        let line = Line::new().add(Ink::Strong, name);
        screen.line(&line.add(Ink::Plain, format!(", {}", describe(person))))?;
        screen.text(2, Ink::Faint, &format!("sees {}", person.sees))?;
        let user = person.user;
        let line = format!("PGPASSWORD={token} psql -h {host} -p {port} -U {user} portcullis");
        screen.line(&Line::new().add(Ink::Plain, line))?;
    }
    screen.gap()?;
    screen.heading("Worth trying")?;
    for showcase in WORTH_TRYING.iter().filter_map(|name| Showcase::named(name)) {
        screen.gap()?;
        screen.text(2, Ink::Faint, showcase.title)?;
        screen.sql(4, &format!("{};", showcase.sql))?;
    }
    screen.gap()?;
    screen.heading("And then")?;
    screen.gap()?;
    let dir = company.dir().display();
    screen.text(2, Ink::Plain, &format!("Change a policy in {dir}/policies and ask again."))?;
    for (what, command) in [
        ("Prove the record:", format!("audit verify {dir}/audit")),
        ("All at once:", format!("demo --tour --dir {dir}")),
        ("What it withstands:", format!("demo --attack --dir {dir}")),
    ] {
        let line = Line::new().add(Ink::Plain, format!("  {what}")).pad(22);
        screen.line(&line.add(Ink::Key, format!("{program} {command}")))?;
    }
    screen.gap()?;
    let listening = format!("Serving on {address}. Control-C ends it.");
    screen.line(&Line::new().add(Ink::Good, format!("  {listening}")))?;
    screen.flush()
}

fn describe(person: &Person) -> String {
    let shop = person.tenant.title();
    match (person.agent, person.region) {
        (Some(_), _) => format!("an agent that acts for {0} of {shop}: {0} logs in", person.user),
        (None, Some(region)) => format!("{} of {shop}, for the region {region}", person.work),
        (None, None) => format!("{} of {shop}", person.work),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;
    use crate::demo::company::SEED;
    use crate::demo::people::PEOPLE;
    use crate::demo::screen::{WIDTH, width};

    #[test]
    fn one_line_for_each_person_and_no_other_speaks_of_psql() {
        let company = Company::new(Path::new("house"), SEED);
        let passes = PEOPLE.map(|person| (person, format!("eyJ.{}.sig", person.name())));
        let mut bytes = Vec::new();
        let mut screen = Screen::new(&mut bytes, false);
        greet(&mut screen).unwrap();
        invite(
            &company,
            ([127, 0, 0, 1], 6432).into(),
            &passes,
            "target/release/portcullis",
            &mut screen,
        )
        .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("psql ")).collect();
        let expected = PEOPLE.map(|person| {
            format!(
                "PGPASSWORD=eyJ.{}.sig psql -h 127.0.0.1 -p 6432 -U {} portcullis",
                person.name(),
                person.user
            )
        });
        assert_eq!(lines, expected);
        assert!(text.lines().all(|line| width(line) <= WIDTH || line.starts_with("PGPASSWORD=")));
        assert!(text.contains("    JOIN crm.customers AS c ON c.id = o.customer_id\n"));
    }
}
