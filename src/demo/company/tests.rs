use std::collections::BTreeSet;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};

use super::*;

/// Of all rows of [`SEED`]. Another value means that the company has changed: then its users see
/// other numbers than the README shows, so change both knowingly.
const FINGERPRINT: &str = "6e612aafaeb37cd114ca909b2b0994f89e430decb7a32980128231c313fc854e";

fn company() -> Company {
    Company::new(Path::new("nowhere"), SEED)
}

fn fingerprint(company: &Company) -> String {
    let mut hash = Sha256::new();
    let Company { dir: _, products, customers, orders, events, tickets } = company;
    for row in customers {
        hash.update(format!("{row:?}\n"));
    }
    hash.update(format!("{products:?}{orders:?}{events:?}{tickets:?}"));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_seed_decides_everything() {
    assert_eq!(fingerprint(&company()), FINGERPRINT);
    assert_ne!(fingerprint(&Company::new(Path::new("nowhere"), SEED + 1)), FINGERPRINT);
}

#[test]
fn every_row_belongs_to_somebody() {
    let company = company();
    let customer = |id: i64| &company.customers()[usize::try_from(id).unwrap() - 1];
    assert!(company.customers().iter().zip(1..).all(|(row, id)| row.id == id));
    for order in company.orders() {
        let customer = customer(order.customer_id);
        assert_eq!(order.org, customer.org);
        assert!(order.card.is_none() || order.card == customer.card);
        assert!(order.amount_cents > 0 && company.product(order.product).is_some());
    }
    for ticket in company.tickets() {
        let customer = customer(ticket.customer_id);
        assert_eq!((ticket.org, ticket.region), (customer.org, customer.region));
        assert!(ticket.closed_at.is_none_or(|closed| closed > ticket.opened_at));
    }
    for event in company.events() {
        assert!(event.customer_id.is_none_or(|id| customer(id).org == event.org));
    }
}

#[test]
fn the_company_is_large_and_uneven_enough() {
    let company = company();
    let counts = [
        company.customers().len(),
        company.orders().len(),
        company.events().len(),
        company.tickets().len(),
        company.products().len(),
    ];
    assert_eq!(counts, [8_000, 120_000, 30_000, 5_000, 60]);
    for tenant in Tenant::ALL {
        let share = company.orders().iter().filter(|order| order.org == tenant).count();
        assert!((45_000..75_000).contains(&share), "{tenant:?}: {share}");
    }
    let tarn = || company.customers().iter().filter(|row| row.org == Tenant::Tarn);
    assert!((80..130).contains(&tarn().filter(|row| row.protected).count()));
    assert!((300..600).contains(&tarn().filter(|row| row.phone.is_none()).count()));
    assert!(tarn().any(|row| row.name.contains('\'')) && tarn().any(|row| row.name.contains('ö')));
    let regions: BTreeSet<&str> = tarn().map(|row| row.region).collect();
    assert_eq!(regions.len(), 4);
    // The best customer buys far more than the one in the middle.
    let orders_of = |id| company.orders().iter().filter(|order| order.customer_id == id).count();
    assert!(orders_of(1) > 5 * orders_of(4_000).max(1));
}

#[test]
fn keys_are_unique() {
    let company = company();
    let all = company.customers();
    let count =
        |column: fn(&Customer) -> &str| all.iter().map(column).collect::<BTreeSet<_>>().len();
    assert_eq!(count(|row| &row.email), all.len());
    assert_eq!(count(|row| &row.account), all.len());
    let cards: Vec<&str> = all.iter().filter_map(|row| row.card.as_deref()).collect();
    assert_eq!(cards.iter().collect::<BTreeSet<_>>().len(), cards.len());
    let skus: BTreeSet<&str> = company.products().iter().map(|row| row.sku.as_str()).collect();
    assert_eq!(skus.len(), company.products().len());
    let events: BTreeSet<&str> = company.events().iter().map(|row| row.id.as_str()).collect();
    assert_eq!(events.len(), company.events().len());
}

#[test]
fn nobody_real_is_in_it() {
    for row in company().customers() {
        let domain = row.email.split_once('@').unwrap().1;
        assert!(["example.com", "example.org", "example.net"].contains(&domain), "{domain}");
        assert!(row.email.is_ascii());
        let Some(card) = &row.card else { continue };
        assert!(card.starts_with("400000") || card.starts_with("555555"));
        // ISO/IEC 7812-1, annex B, as its text says it: double every second digit from the right.
        let sum: u32 = card
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, digit)| {
                let digit = u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 };
                if digit > 9 { digit - 9 } else { digit }
            })
            .sum();
        assert_eq!((card.len(), sum % 10), (16, 0), "{card}");
    }
}

#[test]
fn other_tools_read_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(&dir.path().join("demo"), &mut Silent).unwrap();

    let store = rusqlite::Connection::open(company.dir().join("crm.db")).unwrap();
    let (rows, limit, newest): (i64, f64, String) = store
        .query_row(
            "SELECT count(*), sum(credit_limit), max(joined_at) FROM customers WHERE org_id = 'tarn'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let tarn = || company.customers().iter().filter(|row| row.org == Tenant::Tarn);
    assert_eq!(usize::try_from(rows).unwrap(), tarn().count());
    let cents: i64 = tarn().filter_map(|row| row.credit_limit_cents).sum();
    assert!((limit * 100.0 - cents as f64).abs() < 1.0);
    assert_eq!(newest, crate::demo::text::instant(tarn().map(|row| row.joined_at).max().unwrap()));

    let mut rows = 0;
    for year in ["2023", "2024", "2025"] {
        let path = company.dir().join(format!("lake/orders/{year}.parquet"));
        let file = std::fs::File::open(path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        assert!(reader.metadata().num_row_groups() > 1);
        rows += reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>();
    }
    assert_eq!(rows, company.orders().len());

    let events = std::fs::read_to_string(company.dir().join("lake/events.json")).unwrap();
    assert_eq!(events.lines().count(), company.events().len());
    for (line, event) in events.lines().zip(company.events()) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["id"], event.id.as_str());
        assert_eq!(value["customer_id"].as_i64(), event.customer_id);
    }

    let tickets = std::fs::read_to_string(company.dir().join("lake/tickets.csv")).unwrap();
    assert_eq!(tickets.lines().count(), company.tickets().len() + 1);
    assert!(tickets.contains("\"Question about care, \"\"hand wash\"\" or not?\""));
}

#[test]
fn a_folder_is_made_once_and_edits_stay() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let key = std::fs::read(dir.path().join("keys/jwks.json")).unwrap();
    let policy = dir.path().join("policies/rows.cedar");
    std::fs::write(&policy, "// changed\n").unwrap();

    build(dir.path(), &mut Silent).unwrap();
    assert_eq!(std::fs::read_to_string(&policy).unwrap(), "// changed\n");
    assert_eq!(std::fs::read(dir.path().join("keys/jwks.json")).unwrap(), key);

    // Another version's company, or one cut short, is made again, with new keys.
    std::fs::write(dir.path().join(STAMP), "unfinished\n").unwrap();
    std::fs::remove_file(dir.path().join("crm.db")).unwrap();
    build(dir.path(), &mut Silent).unwrap();
    assert!(company.dir().join("crm.db").exists());
    assert_ne!(std::fs::read_to_string(&policy).unwrap(), "// changed\n");
    assert_ne!(std::fs::read(dir.path().join("keys/jwks.json")).unwrap(), key);
}

#[test]
fn a_foreign_folder_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
    let error = build(dir.path(), &mut Silent).unwrap_err();
    assert!(matches!(error, DemoError::Foreign(_)), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_alone_and_never_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let made = || {
        let dir = tempfile::tempdir().unwrap();
        let company = build(dir.path(), &mut Silent).unwrap();
        let read = |name| {
            let path = company.dir().join("keys").join(name);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::read_to_string(path).unwrap()
        };
        (read("jwks.json"), read("token.key"))
    };
    let (first, second) = (made(), made());
    assert_ne!(first.0, second.0);
    assert_ne!(first.1, second.1);
    let key: serde_json::Value = serde_json::from_str(&first.0).unwrap();
    assert_eq!(key["keys"][0]["d"].as_str().unwrap().len(), 43);
    assert_eq!(first.1.trim_end().len(), 43);
}
