//! Names from OIDs, OIDs from names, and what a name alone finds.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result as PlanResult, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::text::quote_ident;
use super::{Args, Cell, Function, Outcome, evaluate};
use crate::error::{ClientError, SqlState};
use crate::guard::system::SystemCatalog;
use crate::guard::system::cells::array;
use crate::guard::system::csv::Rows;
use crate::guard::system::rewrite::ARRAY_OF;
use crate::guard::system::types;

/// A function of PostgreSQL's own, as `pg_proc` tells it.
pub(super) struct Routine {
    name: String,
    pub(super) arguments: Vec<u32>,
    pub(super) result: u32,
    pub(super) returns_set: bool,
}

struct Routines {
    by_oid: HashMap<u32, Routine>,
    by_name: HashMap<String, Vec<u32>>,
}

static ROUTINES: LazyLock<Routines> = LazyLock::new(|| {
    let rows = Rows::parse(include_str!("../data/pg_proc.csv"));
    let mut by_oid = HashMap::new();
    let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
    for row in rows.iter() {
        let number = |column| row.get(column).parse().unwrap_or(0);
        let arguments = row.get("proargtypes").split(' ').filter_map(|oid| oid.parse().ok());
        let routine = Routine {
            name: row.get("proname").to_owned(),
            arguments: arguments.collect(),
            result: number("prorettype"),
            returns_set: row.get("proretset") == "t",
        };
        by_name.entry(routine.name.clone()).or_default().push(number("oid"));
        by_oid.insert(number("oid"), routine);
    }
    Routines { by_oid, by_name }
});

/// The function of this OID.
pub(super) fn routine(oid: u32) -> Option<&'static Routine> {
    ROUTINES.by_oid.get(&oid)
}

/// How many functions have this name.
fn namesakes(name: &str) -> &'static [u32] {
    ROUTINES.by_name.get(name).map_or(&[], Vec::as_slice)
}

/// The function that gives the text of a value of a `reg…` type; no client would call it by
/// accident. Its first argument is the type's name.
pub const NAME_OF_REG: &str = "name of reg";

/// The function that reads the text of a value of a `reg…` type, to its OID.
pub const REG_BY_NAME: &str = "reg by name";

/// What a value of one of the `reg…` types is as text: the name, qualified and quoted where it
/// must be; the number where it names nothing.
fn name_of_reg(catalog: &SystemCatalog, type_name: &str, oid: u32) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let objects = catalog.objects();
    let known = match type_name {
        "regclass" => objects.tables.get(&oid).map(|table| {
            let name = quote_ident(&table.name);
            match objects.schemas.get(&table.schema) {
                Some(schema) if objects.is_table_visible(oid) != Some(true) => {
                    format!("{}.{name}", quote_ident(schema))
                }
                _ => name,
            }
        }),
        "regtype" => types::by_oid(oid).map(|_| types::format(oid, None)),
        "regproc" => routine(oid).map(|routine| match namesakes(&routine.name) {
            [_] => quote_ident(&routine.name),
            _ => format!("pg_catalog.{}", quote_ident(&routine.name)),
        }),
        "regprocedure" => routine(oid).map(|routine| {
            let arguments: Vec<_> =
                routine.arguments.iter().map(|oid| types::format(*oid, None)).collect();
            format!("{}({})", quote_ident(&routine.name), arguments.join(","))
        }),
        "regnamespace" => objects.schemas.get(&oid).map(|name| quote_ident(name)),
        "regrole" => objects.roles.get(&oid).map(|name| quote_ident(name)),
        "regcollation" => {
            COLLATIONS.iter().find(|(known, _)| *known == oid).map(|(_, name)| quote_ident(name))
        }
        _ => None,
    };
    known.unwrap_or_else(|| oid.to_string())
}

/// The collations that exist here.
const COLLATIONS: [(u32, &str); 3] = [(100, "default"), (950, "C"), (951, "POSIX")];

/// The OID that a text means as a value of one of the `reg…` types.
///
/// # Errors
/// PostgreSQL's, where the text names nothing; the same for what is hidden.
pub fn reg_by_name(
    catalog: &SystemCatalog,
    type_name: &str,
    text: &str,
) -> Result<u32, ClientError> {
    let text = text.trim();
    if text == "-" {
        return Ok(0);
    }
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let objects = catalog.objects();
    if type_name == "regtype" {
        return types::by_sql_name(text).map(|found| found.oid).ok_or_else(|| {
            let message = format!("type \"{text}\" does not exist");
            ClientError::new(SqlState::UNDEFINED_OBJECT, message)
        });
    }
    let bare = text.split('(').next().unwrap_or_default();
    let parts = split_name(if type_name == "regprocedure" { bare } else { text })?;
    // A name may begin with that of the database.
    let parts = match parts.split_first() {
        Some((database, rest)) if rest.len() == 2 && *database == catalog.visible().database => {
            rest
        }
        _ => &parts,
    };
    let (schema, name) = match parts {
        [name] => (None, name.as_str()),
        [schema, name] => (Some(schema.as_str()), name.as_str()),
        _ => {
            let message = format!("improper qualified name (too many dotted names): \"{text}\"");
            return Err(ClientError::new(SqlState::SYNTAX_ERROR, message));
        }
    };
    let shown = parts.join(".");
    let absent = |state, what: &str| ClientError::new(state, format!("{what} does not exist"));
    if let Some(schema) = schema
        && objects.schema(schema).is_none()
    {
        return Err(absent(SqlState::INVALID_SCHEMA_NAME, &format!("schema \"{schema}\"")));
    }
    let undefined = SqlState::UNDEFINED_OBJECT;
    match type_name {
        "regclass" => objects
            .table(schema, name)
            .ok_or_else(|| absent(SqlState::UNDEFINED_TABLE, &format!("relation \"{shown}\""))),
        "regproc" | "regprocedure" if schema.is_none_or(|schema| schema == "pg_catalog") => {
            let given = text.split_once('(').map(|(_, arguments)| arguments.trim_end_matches(')'));
            let fits = |oid: &&u32| match given {
                None => true,
                Some(given) => routine(**oid).is_some_and(|routine| {
                    let given = given.split(',').map(str::trim).filter(|part| !part.is_empty());
                    let given = given.map(|name| types::by_sql_name(name).map_or(0, |t| t.oid));
                    given.eq(routine.arguments.iter().copied())
                }),
            };
            let found: Vec<_> = namesakes(name).iter().filter(fits).collect();
            match found.as_slice() {
                [oid] => Ok(**oid),
                [] => Err(absent(SqlState::UNDEFINED_FUNCTION, &format!("function \"{text}\""))),
                _ => Err(ClientError::new(
                    SqlState::AMBIGUOUS_FUNCTION,
                    format!("more than one function named \"{text}\""),
                )),
            }
        }
        "regproc" | "regprocedure" => {
            Err(absent(SqlState::UNDEFINED_FUNCTION, &format!("function \"{text}\"")))
        }
        "regnamespace" => objects
            .schema(name)
            .ok_or_else(|| absent(SqlState::INVALID_SCHEMA_NAME, &format!("schema \"{name}\""))),
        "regrole" => {
            objects.role(name).ok_or_else(|| absent(undefined, &format!("role \"{name}\"")))
        }
        "regcollation" => {
            COLLATIONS.iter().find(|(_, known)| *known == name).map(|(oid, _)| *oid).ok_or_else(
                || {
                    let what = format!("collation \"{shown}\" for encoding \"UTF8\"");
                    absent(undefined, &what)
                },
            )
        }
        other => Err(ClientError::new(
            SqlState::FEATURE_NOT_SUPPORTED,
            format!("names of type {other} are not supported"),
        )),
    }
}

/// The parts of a dotted name: folded to lower case, or as they are between double quotes.
fn split_name(text: &str) -> Result<Vec<String>, ClientError> {
    let invalid = || ClientError::new(SqlState::INVALID_NAME, "invalid name syntax");
    let mut parts = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        let mut part = String::new();
        if letters.next_if_eq(&'"').is_some() {
            loop {
                match letters.next() {
                    Some('"') if letters.next_if_eq(&'"').is_none() => break,
                    Some(letter) => part.push(letter),
                    None => return Err(invalid()),
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| *letter != '.') {
                part.extend(letter.to_lowercase());
            }
        }
        if part.is_empty() {
            return Err(invalid());
        }
        parts.push(part);
        match letters.next() {
            None => return Ok(parts),
            Some('.') => {}
            Some(_) => return Err(invalid()),
        }
    }
}

/// `to_regclass` and the like: NULL where the name finds nothing.
fn to_reg(catalog: &SystemCatalog, args: &Args<'_>, type_name: &str) -> Outcome {
    let text = args.text(0).unwrap_or_default();
    if text.trim().parse::<i64>().is_ok() {
        return Ok(Cell::Null);
    }
    Ok(reg_by_name(catalog, type_name, &text).map_or(Cell::Null, |oid| Cell::Int(oid.into())))
}

/// What is PostgreSQL's own is always found by its name.
fn own(known: bool) -> Outcome {
    Ok(if known { Cell::Bool(true) } else { Cell::Null })
}

fn no_such(_: &SystemCatalog, _: &Args<'_>) -> Outcome {
    Ok(Cell::Null)
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format_type", 2..=2, "text", |_, args| {
        if *args.get(0) == Cell::Null {
            return Ok(Cell::Null);
        }
        let modifier = match args.get(1) {
            Cell::Null => None,
            _ => Some(args.int(1)?),
        };
        Ok(Cell::text(types::format(args.oid(0)?, modifier)))
    })
    .taking_null(),
    Function::new("pg_get_userbyid", 1..=1, "name", |catalog, args| {
        let oid = args.oid(0)?;
        let name = catalog.objects().roles.get(&oid).cloned();
        Ok(Cell::Text(name.unwrap_or_else(|| format!("unknown (OID={oid})"))))
    }),
    Function::new("pg_table_is_visible", 1..=1, "bool", |catalog, args| {
        let visible = catalog.objects().is_table_visible(args.oid(0)?);
        Ok(visible.map_or(Cell::Null, Cell::Bool))
    }),
    Function::new("pg_type_is_visible", 1..=1, "bool", |catalog, args| {
        let found = types::by_oid(args.oid(0)?);
        let path = catalog.objects().path(catalog.visible(), true);
        Ok(found.map_or(Cell::Null, |found| {
            let schema = catalog.objects().schemas.get(&found.namespace);
            Cell::Bool(schema.is_some_and(|schema| path.contains(schema)))
        }))
    }),
    Function::new("pg_function_is_visible", 1..=1, "bool", |_, args| {
        own(routine(args.oid(0)?).is_some())
    }),
    Function::new("pg_collation_is_visible", 1..=1, "bool", |_, args| {
        let oid = args.oid(0)?;
        own(COLLATIONS.iter().any(|(known, _)| *known == oid))
    }),
    Function::new("pg_operator_is_visible", 1..=1, "bool", |_, args| {
        own(args.oid(0)? < super::super::objects::FIRST_OID)
    }),
    Function::new("pg_opclass_is_visible", 1..=1, "bool", |_, args| {
        own(args.oid(0)? < super::super::objects::FIRST_OID)
    }),
    Function::new("pg_opfamily_is_visible", 1..=1, "bool", no_such),
    Function::new("pg_conversion_is_visible", 1..=1, "bool", no_such),
    Function::new("pg_statistics_obj_is_visible", 1..=1, "bool", no_such),
    Function::new("pg_ts_config_is_visible", 1..=1, "bool", no_such),
    Function::new("pg_ts_dict_is_visible", 1..=1, "bool", no_such),
    Function::new("pg_ts_parser_is_visible", 1..=1, "bool", no_such),
    Function::new("pg_ts_template_is_visible", 1..=1, "bool", no_such),
    Function::new(NAME_OF_REG, 2..=2, "text", |catalog, args| {
        let type_name = args.text(0).unwrap_or_default();
        Ok(Cell::Text(name_of_reg(catalog, &type_name, args.oid(1)?)))
    }),
    Function::new(REG_BY_NAME, 2..=2, "oid", |catalog, args| {
        let (type_name, text) = (args.text(0), args.text(1).unwrap_or_default());
        let oid = reg_by_name(catalog, &type_name.unwrap_or_default(), &text)?;
        Ok(Cell::Int(oid.into()))
    }),
    Function::new("to_regclass", 1..=1, "regclass", |c, args| to_reg(c, args, "regclass")),
    Function::new("to_regtype", 1..=1, "regtype", |c, args| to_reg(c, args, "regtype")),
    Function::new("to_regproc", 1..=1, "regproc", |c, args| to_reg(c, args, "regproc")),
    Function::new("to_regprocedure", 1..=1, "regprocedure", |c, args| {
        to_reg(c, args, "regprocedure")
    }),
    Function::new("to_regnamespace", 1..=1, "regnamespace", |c, args| {
        to_reg(c, args, "regnamespace")
    }),
    Function::new("to_regrole", 1..=1, "regrole", |c, args| to_reg(c, args, "regrole")),
    Function::new("to_regcollation", 1..=1, "regcollation", |c, args| {
        to_reg(c, args, "regcollation")
    }),
];

/// `ARRAY(query)`, until the plan is lowered.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ArrayOf(Signature);

impl Default for ArrayOf {
    fn default() -> Self {
        Self(Signature::any(1, Volatility::Stable))
    }
}

impl ScalarUDFImpl for ArrayOf {
    fn name(&self) -> &'static str {
        ARRAY_OF
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, arguments: &[DataType]) -> PlanResult<DataType> {
        let item = arguments.first().cloned().unwrap_or(DataType::Null);
        Ok(DataType::new_list(item, true))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> PlanResult<FieldRef> {
        let Some(argument) = args.arg_fields.first() else {
            return internal_err!("ARRAY(query) has no query");
        };
        let item = argument.as_ref().clone().with_name("item").with_nullable(true);
        Ok(Field::new(self.name(), DataType::List(item.into()), true).into())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        internal_err!("ARRAY(query) was not lowered")
    }
}

/// The `reg…` values of a result as clients want them: the OID where they ask for binary, the name
/// where they ask for text.
#[derive(Clone, Debug)]
pub struct Shown {
    catalog: Arc<SystemCatalog>,
    type_name: String,
    signature: Signature,
}

impl Shown {
    /// For values of this `reg…` type.
    pub fn new(catalog: Arc<SystemCatalog>, type_name: &str) -> Self {
        let signature = Signature::any(1, Volatility::Stable);
        Self { catalog, type_name: type_name.to_owned(), signature }
    }

    fn parts() -> Fields {
        vec![types::field("oid", "oid", true), types::field("name", "text", true)].into()
    }
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.catalog, &other.catalog) && self.type_name == other.type_name
    }
}

impl Eq for Shown {}

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.type_name.hash(state);
    }
}

impl ScalarUDFImpl for Shown {
    fn name(&self) -> &'static str {
        "shown reg"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Struct(Self::parts()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let [oids] = args.args.as_slice() else {
            return internal_err!("a reg value is shown by itself");
        };
        let oids = oids.to_array(args.number_rows)?;
        let cells: Vec<_> = (0..oids.len()).map(|row| Cell::at(&oids, row)).collect();
        let names: Vec<_> = cells
            .iter()
            .map(|cell| match cell {
                Cell::Int(oid) => {
                    let oid = u32::try_from(*oid).unwrap_or(0);
                    Cell::Text(name_of_reg(&self.catalog, &self.type_name, oid))
                }
                _ => Cell::Null,
            })
            .collect();
        let parts = Self::parts();
        let nulls: NullBuffer = cells.iter().map(|cell| *cell != Cell::Null).collect();
        let columns = parts.iter().zip([cells, names]).map(|(field, cells)| array(field, &cells));
        let columns = columns.collect::<PlanResult<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(StructArray::try_new(parts, columns, Some(nulls))?)))
    }
}

/// `pg_typeof`: the type of an expression, whatever its value.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeOf(Signature);

impl Default for TypeOf {
    fn default() -> Self {
        Self(Signature::any(1, Volatility::Stable))
    }
}

impl ScalarUDFImpl for TypeOf {
    fn name(&self) -> &'static str {
        "pg_typeof"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::UInt32)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> PlanResult<FieldRef> {
        Ok(types::field(self.name(), "regtype", false).into())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let oid = args.arg_fields.first().and_then(|field| types::of_field(field).0);
        let oid = oid.map_or(Cell::Int(0), |found| Cell::Int(found.oid.into()));
        evaluate(&args, &types::unnamed("regtype"), |_| Ok(oid.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn names_are_split_as_postgresql_splits_them() {
        let split = |text| split_name(text).ok();
        let parts = |parts: &[&str]| Some(parts.iter().map(|part| (*part).to_owned()).collect());
        assert_eq!(split("Crm.Customers"), parts(&["crm", "customers"]));
        assert_eq!(split("\"Odd.\"\"Name\".x"), parts(&["Odd.\"Name", "x"]));
        assert_eq!(split("a..b"), None);
        assert_eq!(split("\"open"), None);
        assert_eq!(split(""), None);
    }
}
