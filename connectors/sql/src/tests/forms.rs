//! The text of each form, compared with `postgres.txt` and `sqlite.txt`.

use super::{customers, orders, plans, postgres};
use crate::dialect::Dialect;
use crate::normal::normal;
use crate::statement::Statement;
use crate::write::write;
use crate::{SqlError, Sqlite};

/// What becomes of every plan, in the format of the files.
fn report(dialect: &dyn Dialect) -> String {
    let mut report = String::new();
    for (name, plan) in plans() {
        let plan = normal(dialect, &plan).unwrap();
        let outcome =
            write(dialect, &plan).and_then(|written| Statement::checked(dialect, written, &plan));
        let lines = match outcome {
            Ok(statement) => {
                let values = statement.binds().iter().map(|bind| bind.value.to_string());
                let values = values.collect::<Vec<_>>().join(", ");
                let values = if values.is_empty() { values } else { format!("\n  {values}") };
                format!("{}{values}", statement.text())
            }
            Err(error @ SqlError::Unsupported(_)) => format!("refused: {error}"),
            Err(error) => panic!("{name}: {error}"),
        };
        report.push_str(&format!("-- {name}\n{lines}\n\n"));
    }
    report
}

#[test]
fn postgres_says_every_form() {
    let report = report(&postgres(&[&customers(), &orders()]));
    assert_eq!(report, include_str!("postgres.txt"), "\n{report}");
}

#[test]
fn sqlite_says_the_forms_it_has() {
    let report = report(&Sqlite);
    assert_eq!(report, include_str!("sqlite.txt"), "\n{report}");
}
