//! The customer database, `crm.db`: customers, and what the tenants share.

use std::fs;

use rusqlite::{Connection, params};

use super::{COUNTRIES, Company, Progress};
use crate::demo::DemoError;
use crate::demo::text;

const SCHEMA: &str = "
CREATE TABLE customers (
    id           INTEGER       NOT NULL PRIMARY KEY,
    org_id       TEXT          NOT NULL,
    account      UUID          NOT NULL,
    name         TEXT          NOT NULL,
    email        TEXT          NOT NULL,
    phone        TEXT,
    born_on      DATE,
    street       TEXT          NOT NULL,
    postcode     TEXT          NOT NULL,
    town         TEXT          NOT NULL,
    country      TEXT          NOT NULL,
    region       TEXT          NOT NULL,
    card         TEXT,
    credit_limit NUMERIC(12,2),
    newsletter   BOOLEAN       NOT NULL,
    protected    BOOLEAN       NOT NULL,
    joined_at    TIMESTAMPTZ   NOT NULL
);
CREATE INDEX customers_org ON customers (org_id, region);
CREATE TABLE countries (
    code     TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    region   TEXT NOT NULL,
    currency TEXT NOT NULL
);
CREATE TABLE products (
    sku          TEXT          NOT NULL PRIMARY KEY,
    name         TEXT          NOT NULL,
    category     TEXT          NOT NULL,
    price        NUMERIC(10,2) NOT NULL,
    weight_g     INTEGER       NOT NULL,
    discontinued BOOLEAN       NOT NULL
);
";

pub(super) fn write(company: &Company, progress: &mut dyn Progress) -> Result<(), DemoError> {
    let path = company.dir().join("crm.db");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(DemoError::at(&path)(error));
        }
        _ => {}
    }
    let mut store = Connection::open(&path)?;
    let work = store.transaction()?;
    work.execute_batch(SCHEMA)?;

    progress.begin("crm.customers  SQLite");
    let mut insert =
        work.prepare("INSERT INTO customers VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?;
    for row in company.customers() {
        insert.execute(params![
            row.id,
            row.org.id(),
            row.account,
            row.name,
            row.email,
            row.phone,
            row.born_on.map(text::date),
            row.street,
            row.postcode,
            row.town,
            row.country,
            row.region,
            row.card,
            row.credit_limit_cents.map(text::money),
            row.newsletter,
            row.protected,
            text::instant(row.joined_at),
        ])?;
    }
    drop(insert);
    progress.done(company.customers().len() as u64);

    progress.begin("crm.products   SQLite");
    let mut insert = work.prepare("INSERT INTO products VALUES (?,?,?,?,?,?)")?;
    for row in company.products() {
        let price = text::money(row.price_cents);
        insert.execute(params![
            row.sku,
            row.name,
            row.category,
            price,
            row.weight_g,
            row.discontinued
        ])?;
    }
    drop(insert);
    progress.done(company.products().len() as u64);

    progress.begin("crm.countries  SQLite");
    let mut insert = work.prepare("INSERT INTO countries VALUES (?,?,?,?)")?;
    for row in COUNTRIES {
        insert.execute(params![row.code, row.name, row.region, row.currency])?;
    }
    drop(insert);
    work.commit()?;
    progress.done(COUNTRIES.len() as u64);
    Ok(())
}
