//! The names of a result's columns.
//!
//! A column without an alias is called by its column, its function, its type or its construct, as
//! PostgreSQL calls it. DataFusion wants the names of one SELECT to differ and PostgreSQL does
//! not, so a name that comes again carries a mark that [`label`] takes off.

use std::collections::HashSet;

use sqlparser::ast::{CastKind, DataType, Expr, Select, SelectItem, SetExpr, TimezoneInfo};

use super::parts;
use crate::sql::{fold, quoted};

/// Stands between a name and what makes it unique; it cannot occur in a client's name.
const MARK: char = '\u{0}';

/// What an expression is called that has nothing to be called by.
const NAMELESS: &str = "?column?";

/// The name that a client is told for a column of a plan.
pub fn label(name: &str) -> &str {
    name.split_once(MARK).map_or(name, |(label, _)| label)
}

/// What the columns of a SELECT are called; `None` for a wildcard.
pub struct Names(Vec<Option<String>>);

impl Names {
    /// Figures them out from a SELECT as it was written.
    pub fn of(select: &Select) -> Self {
        let names = select.projection.iter().map(|item| match item {
            SelectItem::UnnamedExpr(expr) => {
                Some(figure(expr).map_or_else(|| NAMELESS.to_owned(), |(name, _)| name))
            }
            SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
            _ => None,
        });
        Self(names.collect())
    }

    /// Gives them to the columns.
    pub fn give(self, select: &mut Select) {
        let mut taken = HashSet::new();
        let items = select.projection.iter_mut().zip(self.0);
        for (position, (item, name)) in items.enumerate() {
            let (expr, name, named) = match (&mut *item, name) {
                (SelectItem::UnnamedExpr(expr), Some(name)) => {
                    let column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                    (expr, name, column)
                }
                (SelectItem::ExprWithAlias { expr, .. }, Some(name)) => (expr, name, true),
                _ => continue,
            };
            let first = taken.insert(name.clone());
            if first && named {
                continue;
            }
            let unique = if first { name } else { format!("{name}{MARK}{position}") };
            let expr = super::take(expr);
            *item = SelectItem::ExprWithAlias { expr, alias: quoted(&unique) };
        }
    }
}

/// Whether a name may give way to that of an enclosing construct.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Weak,
    Strong,
}

fn figure(expr: &Expr) -> Option<(String, Strength)> {
    let strong = |name: &str| Some((name.to_owned(), Strength::Strong));
    let weak = |name: &str| Some((name.to_owned(), Strength::Weak));
    match expr {
        Expr::Identifier(name) => strong(&fold(name)),
        Expr::CompoundIdentifier(parts) => strong(&fold(parts.last()?)),
        Expr::Function(function) => strong(&parts(&function.name).pop()?),
        Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, .. } => {
            match figure(expr) {
                Some((name, Strength::Strong)) => strong(&name),
                _ => weak(&type_name(data_type)),
            }
        }
        Expr::TypedString(typed) => weak(&type_name(&typed.data_type)),
        Expr::Interval(_) => weak("interval"),
        Expr::Nested(expr) | Expr::Collate { expr, .. } => figure(expr),
        Expr::Case { else_result, .. } => match else_result.as_deref().and_then(figure) {
            Some((name, Strength::Strong)) => strong(&name),
            _ => weak("case"),
        },
        Expr::Subquery(query) => {
            let SetExpr::Select(select) = query.body.as_ref() else { return None };
            match select.projection.first()? {
                SelectItem::ExprWithAlias { alias, .. } => strong(&fold(alias)),
                SelectItem::UnnamedExpr(expr) => figure(expr),
                _ => None,
            }
        }
        Expr::CompoundFieldAccess { root, .. } => figure(root),
        Expr::Exists { negated: false, .. } => strong("exists"),
        Expr::Array(_) => strong("array"),
        Expr::Tuple(_) => strong("row"),
        Expr::Extract { .. } => strong("extract"),
        Expr::Position { .. } => strong("position"),
        Expr::Substring { shorthand: true, .. } => strong("substr"),
        Expr::Substring { .. } => strong("substring"),
        Expr::Overlay { .. } => strong("overlay"),
        Expr::Ceil { .. } => strong("ceil"),
        Expr::Floor { .. } => strong("floor"),
        Expr::AtTimeZone { .. } => strong("timezone"),
        Expr::Trim { trim_where, .. } => strong(match trim_where {
            Some(sqlparser::ast::TrimWhereField::Leading) => "ltrim",
            Some(sqlparser::ast::TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        }),
        _ => None,
    }
}

/// PostgreSQL's internal name of a type, as it was written.
fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Custom(name, _) => return parts(name).pop().unwrap_or_default(),
        DataType::Array(
            sqlparser::ast::ArrayElemTypeDef::SquareBracket(item, _)
            | sqlparser::ast::ArrayElemTypeDef::AngleBracket(item)
            | sqlparser::ast::ArrayElemTypeDef::Parenthesis(item),
        ) => return type_name(item),
        DataType::Boolean | DataType::Bool => "bool",
        DataType::SmallInt(_) | DataType::Int2(_) => "int2",
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => "int4",
        DataType::BigInt(_) | DataType::Int8(_) => "int8",
        DataType::Real | DataType::Float4 => "float4",
        DataType::Float(_) | DataType::Float8 | DataType::Double(_) | DataType::DoublePrecision => {
            "float8"
        }
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => "numeric",
        DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::CharVarying(_) => {
            "varchar"
        }
        DataType::Char(_) | DataType::Character(_) => "bpchar",
        DataType::Timestamp(_, zone) => match zone {
            TimezoneInfo::Tz | TimezoneInfo::WithTimeZone => "timestamptz",
            _ => "timestamp",
        },
        DataType::Time(_, zone) => match zone {
            TimezoneInfo::Tz | TimezoneInfo::WithTimeZone => "timetz",
            _ => "time",
        },
        DataType::Interval { .. } => "interval",
        other => return other.to_string().to_lowercase(),
    };
    name.to_owned()
}
