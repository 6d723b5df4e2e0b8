//! What a role may do. Everyone may read what they see and do nothing else; what is hidden is as
//! absent here as anywhere.

use super::{Args, Cell, Function, Outcome, names};
use crate::error::{ClientError, SqlState};
use crate::guard::system::SystemCatalog;

/// The arguments without the role that may stand before the object.
struct Question<'a> {
    catalog: &'a SystemCatalog,
    args: &'a Args<'a>,
    first: usize,
}

impl<'a> Question<'a> {
    /// `length` arguments follow the role, which must exist where it is named.
    fn new(
        catalog: &'a SystemCatalog,
        args: &'a Args<'a>,
        length: usize,
    ) -> Result<Self, ClientError> {
        let first = args.len().saturating_sub(length);
        if let (1.., Cell::Text(role)) = (first, args.get(0))
            && role != "public"
            && catalog.objects().role(role).is_none()
        {
            let message = format!("role \"{role}\" does not exist");
            return Err(ClientError::new(SqlState::UNDEFINED_OBJECT, message));
        }
        Ok(Self { catalog, args, first })
    }

    /// The table that is asked about; `None` where an OID names none.
    fn table(&self) -> Result<Option<u32>, ClientError> {
        let oid = match self.args.get(self.first) {
            Cell::Text(name) => names::reg_by_name(self.catalog, "regclass", name)?,
            _ => self.args.oid(self.first)?,
        };
        Ok(self.catalog.objects().tables.contains_key(&oid).then_some(oid))
    }

    /// Whether one of the privileges that the last argument lists is `granted`; all must be ones
    /// that such an object can have.
    fn any(&self, granted: &[&str], known: &[&str]) -> Outcome {
        let asked = self.args.text(self.args.len().saturating_sub(1)).unwrap_or_default();
        let mut any = false;
        for one in asked.split(',') {
            let upper = one.trim().to_uppercase();
            let plain = upper.strip_suffix(" WITH GRANT OPTION").unwrap_or(&upper);
            if !known.contains(&plain) && !granted.contains(&plain) {
                let message = format!("unrecognized privilege type: \"{}\"", one.trim());
                return Err(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
            }
            any |= plain == upper && granted.contains(&plain);
        }
        Ok(Cell::Bool(any))
    }
}

/// Privileges of tables that nobody has here.
const WRITES: [&str; 7] =
    ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "RULE"];

fn table(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let question = Question::new(catalog, args, 2)?;
    match question.table()? {
        Some(_) => question.any(&["SELECT"], &WRITES),
        None => Ok(Cell::Null),
    }
}

fn column(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let question = Question::new(catalog, args, 3)?;
    let Some(oid) = question.table()? else {
        return Ok(Cell::Null);
    };
    let Some(table) = catalog.objects().tables.get(&oid) else {
        return Ok(Cell::Null);
    };
    let attributes = super::super::tables::attributes_of(oid, table);
    let known = match args.get(question.first + 1) {
        Cell::Text(name) => {
            if !attributes.iter().any(|attribute| attribute.name == name) {
                let message =
                    format!("column \"{name}\" of relation \"{}\" does not exist", table.name);
                return Err(ClientError::new(SqlState::UNDEFINED_COLUMN, message));
            }
            true
        }
        _ => {
            let number = args.int(question.first + 1)?;
            attributes.iter().any(|attribute| attribute.number == number)
        }
    };
    if known { question.any(&["SELECT"], &WRITES) } else { Ok(Cell::Null) }
}

fn schema(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let question = Question::new(catalog, args, 2)?;
    let known = match args.get(question.first) {
        Cell::Text(name) => {
            names::reg_by_name(catalog, "regnamespace", name)?;
            true
        }
        _ => catalog.objects().schemas.contains_key(&args.oid(question.first)?),
    };
    if known { question.any(&["USAGE"], &["CREATE"]) } else { Ok(Cell::Null) }
}

fn database(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let question = Question::new(catalog, args, 2)?;
    let known = match args.get(question.first) {
        Cell::Text(name) if *name != catalog.visible().database => {
            let message = format!("database \"{name}\" does not exist");
            return Err(ClientError::new(SqlState::INVALID_CATALOG_NAME, message));
        }
        Cell::Text(_) => true,
        _ => args.oid(question.first)? == catalog.objects().database,
    };
    if known {
        question.any(&["CONNECT"], &["CREATE", "TEMP", "TEMPORARY"])
    } else {
        Ok(Cell::Null)
    }
}

fn function(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let question = Question::new(catalog, args, 2)?;
    let known = match args.get(question.first) {
        Cell::Text(name) => {
            let oid = names::reg_by_name(catalog, "regprocedure", name)?;
            names::routine(oid).is_some()
        }
        _ => names::routine(args.oid(question.first)?).is_some(),
    };
    if known { question.any(&["EXECUTE"], &[]) } else { Ok(Cell::Null) }
}

fn type_(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let question = Question::new(catalog, args, 2)?;
    if let Cell::Text(name) = args.get(question.first) {
        names::reg_by_name(catalog, "regtype", name)?;
    }
    question.any(&["USAGE"], &[])
}

/// Languages may be used; there are no servers, wrappers or sequences to be used.
fn language(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    Question::new(catalog, args, 2)?.any(&["USAGE"], &[])
}

fn nothing(_: &SystemCatalog, _: &Args<'_>) -> Outcome {
    Ok(Cell::Null)
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("has_table_privilege", 2..=3, "bool", table),
    Function::new("has_any_column_privilege", 2..=3, "bool", table),
    Function::new("has_column_privilege", 3..=4, "bool", column),
    Function::new("has_schema_privilege", 2..=3, "bool", schema),
    Function::new("has_database_privilege", 2..=3, "bool", database),
    Function::new("has_function_privilege", 2..=3, "bool", function),
    Function::new("has_type_privilege", 2..=3, "bool", type_),
    Function::new("has_language_privilege", 2..=3, "bool", language),
    Function::new("has_tablespace_privilege", 2..=3, "bool", |catalog, args| {
        Question::new(catalog, args, 2)?.any(&[], &["CREATE"])
    }),
    Function::new("has_sequence_privilege", 2..=3, "bool", nothing),
    Function::new("has_server_privilege", 2..=3, "bool", nothing),
    Function::new("has_foreign_data_wrapper_privilege", 2..=3, "bool", nothing),
    Function::new("pg_has_role", 2..=3, "bool", |catalog, args| {
        let question = Question::new(catalog, args, 2)?;
        let role = match args.get(question.first) {
            Cell::Text(name) => names::reg_by_name(catalog, "regrole", name)?,
            _ => args.oid(question.first)?,
        };
        question.any(&["MEMBER", "USAGE", "SET"], &[])?;
        let name = catalog.objects().roles.get(&role);
        Ok(Cell::Bool(name.is_some_and(|name| *name == catalog.visible().user)))
    }),
    // Rows are always filtered here.
    Function::new("row_security_active", 1..=1, "bool", |catalog, args| {
        let question = Question::new(catalog, args, 1)?;
        Ok(question.table()?.map_or(Cell::Null, |_| Cell::Bool(true)))
    }),
    Function::new("acldefault", 2..=2, "_aclitem", nothing),
];
