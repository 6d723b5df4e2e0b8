//! Random policies, callers and rows, from a seed. The policies stay within what loads; most of
//! them do, and the rest is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use portcullis_connector_api::Value;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::evaluate::Row;
use super::world::World;
use crate::identity::{AttributeValue, Identity};
use crate::policy::schema::{
    ColumnShape, ColumnType, GeneratedSchema, TableShape, columns_comparable,
};

/// One table with a column of each kind, each with and without NULL, and a second table that
/// shares some of its columns.
pub(super) static WORLD: LazyLock<World> = LazyLock::new(|| {
    World::parse(
        r#"
        tags = ["pci", "pii"]

        [attributes]
        org = "string"
        region = "string?"
        clearance = "long"
        regions = "set"
        admin = "bool"

        [tables]
        "crm.orders" = [
            "org text not null", "region text", "note varchar #pii", "ref uuid",
            "qty int2", "level int4", "other int4 not null", "total int8 not null",
            "amount numeric(6,2) #pci", "price numeric(12,4) not null", "whole numeric(4,0)",
            "flag bool", "active bool not null", "day date", "due date not null",
            "at timestamptz #pii #pci", "made timestamp not null", "score float8 #pii",
            "code text not null",
        ]
        "crm.people" = ["org text not null", "region text", "level int4"]
        "#,
    )
});

const TEXTS: [&str; 10] = [
    "",
    "a",
    "EU",
    "CH",
    "äcme",
    "acme",
    "ACME",
    "a*b_%\\'",
    "0190a0b0-0000-7000-8000-00000000000a",
    "日本",
];
const LONGS: [i64; 12] =
    [0, 1, -1, 7, 32767, 32768, -32768, -32769, 2147483648, -2147483648, i64::MAX, i64::MIN];
const DECIMALS: [&str; 9] = [
    "0.0",
    "1.5",
    "1.2345",
    "-1.23",
    "9999.99",
    "9999.9999",
    "10000.0",
    "-10000.0",
    "922337203685477.5807",
];
const TIMES: [&str; 6] = [
    "1970-01-01",
    "2024-06-01",
    "2024-06-01T12:00:00Z",
    "2024-06-01T12:00:00.123Z",
    "2024-05-31T23:59:59.999Z",
    "1969-12-31T23:59:59.999Z",
];
const PATTERNS: [&str; 8] = ["*", "a*", "*e", "*c*m*", "\\**", "", "EU", "**%_*"];
const ACTIONS: [&str; 5] = ["reveal", "mask_partial", "mask_token", "mask_null", "select"];

pub(super) struct Generator {
    random: StdRng,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_ratio(percent, 100)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        *from.choose(&mut self.random).unwrap()
    }

    pub fn number(&mut self, below: usize) -> usize {
        self.random.random_range(0..below)
    }

    /// A file of one to six policies.
    pub fn policies(&mut self, schema: &GeneratedSchema) -> String {
        let table = schema.table(&"crm".into(), &"orders".into()).unwrap();
        let count = self.random.random_range(1..=6);
        (0..count).map(|_| self.policy(table)).collect::<Vec<_>>().join("\n")
    }

    fn policy(&mut self, table: &TableShape) -> String {
        let effect = if self.chance(65) { "permit" } else { "forbid" };
        let principal = self.pick(&[
            "principal",
            "principal",
            "principal",
            "principal is User",
            "principal is Agent",
            "principal in Role::\"staff\"",
            "principal == User::\"alice\"",
        ]);
        let (action, of_column) = match self.random.random_range(0..10) {
            0..=4 => ("action == Action::\"select\"".to_owned(), false),
            5..=6 => (format!("action == Action::\"{}\"", self.pick(&ACTIONS[..4])), true),
            7 => ("action in Action::\"read\"".to_owned(), true),
            8 => ("action in [Action::\"reveal\", Action::\"mask_token\"]".to_owned(), true),
            _ => ("action".to_owned(), false),
        };
        let resource = if self.chance(90) { "resource is crm::orders" } else { "resource" };
        let all_tables = resource == "resource";
        let mut text = format!("{effect} ({principal}, {action}, {resource})");
        for keyword in ["when", "unless"] {
            if self.chance(if keyword == "when" { 75 } else { 25 }) {
                let condition = if all_tables {
                    // Only what every table has, or behind a test for the type.
                    if self.chance(50) {
                        format!(
                            "resource is crm::orders && {}",
                            self.condition(table, of_column, 2)
                        )
                    } else {
                        self.known(of_column)
                    }
                } else {
                    self.condition(table, of_column, 3)
                };
                text.push_str(&format!("\n{keyword} {{ {condition} }}"));
            }
        }
        text + ";"
    }

    fn condition(&mut self, table: &TableShape, of_column: bool, depth: u32) -> String {
        let deeper = if depth == 0 { 0 } else { self.random.random_range(0..10) };
        let below = |this: &mut Self| this.condition(table, of_column, depth - 1);
        match deeper {
            5 | 6 => format!("({} && {})", below(self), below(self)),
            7 => format!("({} || {})", below(self), below(self)),
            8 => format!("!({})", below(self)),
            9 => format!("(if {} then {} else {})", below(self), below(self), below(self)),
            4 => self.known(of_column),
            _ => self.on_row(table),
        }
    }

    fn on_row(&mut self, table: &TableShape) -> String {
        let columns: Vec<_> =
            table.columns.iter().filter(|column| column.attribute.is_some()).collect();
        let column = self.pick(&columns);
        let name = column.name.as_str();
        if self.chance(10) {
            return format!("resource has {name}");
        }
        let atom = self.atom(table, column);
        if !column.optional {
            return atom;
        }
        match self.random.random_range(0..6) {
            0 => format!("(if resource has {name} then {atom} else {})", self.known(false)),
            1 => format!("!(resource has {name} && {atom})"),
            _ => format!("(resource has {name} && {atom})"),
        }
    }

    /// A condition on this column, which is there.
    fn atom(&mut self, table: &TableShape, column: &ColumnShape) -> String {
        let this = format!("resource.{}", column.name);
        let kind = column.attribute.unwrap();
        if self.chance(15) {
            let others: Vec<_> = table
                .columns
                .iter()
                .filter(|other| !other.optional)
                .filter(|other| columns_comparable(&other.sql_type, &column.sql_type))
                .collect();
            if !others.is_empty() {
                let other = self.pick(&others);
                let op = if kind == ColumnType::Long { self.long_op() } else { "==" };
                return format!("{this} {op} resource.{}", other.name);
            }
        }
        match kind {
            ColumnType::Bool => match self.random.random_range(0..5) {
                0 => this,
                2 => format!("[true].contains({this})"),
                3 => format!("[principal.admin, false].contains({this})"),
                1 => format!("{this} == principal.admin"),
                _ => format!("{this} != false"),
            },
            ColumnType::Long => {
                let value = self.long();
                match self.random.random_range(0..4) {
                    0 => {
                        let values = [self.long(), self.long(), value].join(", ");
                        format!("[{values}].contains({this})")
                    }
                    1 => format!("{value} {} {this}", self.long_op()),
                    _ => format!("{this} {} {value}", self.long_op()),
                }
            }
            ColumnType::Text => match self.random.random_range(0..6) {
                0 => format!("principal.regions.contains({this})"),
                1 => {
                    format!("[{}, {}, {}].contains({this})", self.text(), self.text(), self.text())
                }
                2 if column.sql_type != portcullis_connector_api::SqlType::Uuid => {
                    format!("{this} like {}", quoted(self.pick(&PATTERNS), false))
                }
                3 => format!("{this} == principal.org"),
                4 => format!("{this} != {}", self.text()),
                _ => format!("{this} == {}", self.text()),
            },
            ColumnType::Decimal => {
                let value = format!("decimal(\"{}\")", self.pick(&DECIMALS));
                let method = self.pick(&[
                    "lessThan",
                    "lessThanOrEqual",
                    "greaterThan",
                    "greaterThanOrEqual",
                ]);
                match self.random.random_range(0..5) {
                    0 => format!("{this} == {value}"),
                    1 => format!("{value}.{method}({this})"),
                    2 => format!("[{value}, decimal(\"1.5\")].contains({this})"),
                    _ => format!("{this}.{method}({value})"),
                }
            }
            ColumnType::Datetime => {
                let value = match self.random.random_range(0..4) {
                    0 => "context.now".to_owned(),
                    1 => "context.now.offset(duration(\"-12h\"))".to_owned(),
                    _ => format!("datetime(\"{}\")", self.pick(&TIMES)),
                };
                match self.random.random_range(0..4) {
                    0 => format!("{value} {} {this}", self.long_op()),
                    1 => format!("[{value}, datetime(\"1970-01-01\")].contains({this})"),
                    _ => format!("{this} {} {value}", self.long_op()),
                }
            }
        }
    }

    fn long_op(&mut self) -> &'static str {
        self.pick(&["==", "!=", "<", "<=", ">", ">="])
    }

    fn long(&mut self) -> String {
        if self.chance(20) {
            "principal.clearance".to_owned()
        } else {
            self.pick(&LONGS).to_string()
        }
    }

    fn text(&mut self) -> String {
        quoted(self.pick(&TEXTS), true)
    }

    /// A condition that does not depend on the row.
    fn known(&mut self, of_column: bool) -> String {
        if of_column && self.chance(60) {
            return self
                .pick(&[
                    "context.tags.isEmpty()",
                    "context.tags.contains(Tag::\"pii\")",
                    "context.tags.containsAny([Tag::\"pci\", Tag::\"pii\"])",
                    "context.tags.containsAll([Tag::\"pci\", Tag::\"pii\"])",
                    "context.column == \"note\"",
                    "[\"at\", \"score\"].contains(context.column)",
                    "context.column like \"*o*\"",
                ])
                .to_owned();
        }
        self.pick(&[
            "true",
            "principal.admin",
            "principal.clearance > 3",
            "principal in Role::\"staff\"",
            "principal in [Role::\"auditor\", Role::\"staff\"]",
            "context has agent",
            "(context has agent && context.agent == \"bot\")",
            "context.client_ip.isInRange(ip(\"10.0.0.0/8\"))",
            "(principal has region && principal.region == \"EU\")",
            "(principal has region && [\"EU\", \"CH\"].contains(principal.region))",
            "principal.regions.containsAny([\"EU\", \"acme\"])",
            "principal.org like \"a*\"",
            "context.now > datetime(\"2020-01-01\")",
        ])
        .to_owned()
    }

    pub fn identity(&mut self, user: &str) -> Identity {
        let mut roles = BTreeSet::new();
        for role in ["staff", "auditor"] {
            if self.chance(50) {
                roles.insert(role.to_owned());
            }
        }
        let regions =
            (0..self.random.random_range(0..4)).map(|_| self.pick(&TEXTS).to_owned()).collect();
        let mut attributes = BTreeMap::from([
            ("org".to_owned(), AttributeValue::Text(self.pick(&TEXTS).to_owned())),
            ("clearance".to_owned(), AttributeValue::Long(self.pick(&LONGS))),
            ("admin".to_owned(), AttributeValue::Bool(self.chance(50))),
            ("regions".to_owned(), AttributeValue::Set(regions)),
        ]);
        if self.chance(50) {
            let region = AttributeValue::Text(self.pick(&TEXTS).to_owned());
            attributes.insert("region".to_owned(), region);
        }
        Identity { issuer: String::new(), user: user.to_owned(), roles, attributes }
    }

    /// A row of the table. Values that constants of the policies name come often.
    pub fn row(&mut self, table: &TableShape) -> Row {
        use portcullis_connector_api::SqlType;
        let mut row = Row::new();
        for column in &table.columns {
            let null = column.optional && self.chance(25);
            let long = self.pick(&LONGS);
            let nudge = self.random.random_range(-1..=1_i64);
            let time = self.pick(&[0, 1_717_200_000_000, 1_717_243_200_000, 1_717_243_200_123]);
            let micros = time * 1000 + self.pick(&[-1000, -1, 0, 1, 999, 1000]);
            let value = match &column.sql_type {
                SqlType::Bool => Value::Bool(self.chance(50)),
                SqlType::Int2 => Value::Int(long.clamp(i16::MIN.into(), i16::MAX.into())),
                SqlType::Int4 => Value::Int(long.clamp(i32::MIN.into(), i32::MAX.into())),
                SqlType::Int8 => Value::Int(long.saturating_add(nudge)),
                SqlType::Numeric { precision, scale } => {
                    let most = 10_i128.pow((*precision).into()) - 1;
                    let unscaled = self.pick(&[0, 15, 150, 15000, -123, 123, 12345, 999999, most]);
                    Value::Decimal { unscaled: unscaled.min(most), scale: *scale }
                }
                SqlType::Date => Value::Date(self.pick(&[0, -1, 19874, 19875, 19876])),
                SqlType::Timestamp => Value::Timestamp(micros),
                SqlType::Timestamptz => Value::Timestamptz(micros),
                SqlType::Float8 => Value::Float(0.5),
                SqlType::Uuid => Value::text(self.pick(&[
                    "0190a0b0-0000-7000-8000-00000000000a",
                    "00000000-0000-0000-0000-000000000000",
                ])),
                _ => Value::text(self.pick(&TEXTS)),
            };
            row.insert(column.name.clone(), (!null).then_some(value));
        }
        row
    }
}

/// As Cedar writes it. `\*` of a pattern is a literal star.
fn quoted(text: &str, literal: bool) -> String {
    let text = if literal { text.replace('\\', "\\\\").replace('"', "\\\"") } else { text.into() };
    format!("\"{text}\"")
}
