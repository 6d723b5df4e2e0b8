//! The planner's extensions: PostgreSQL's catalog types in casts, and operators between a column
//! and a literal whose type is open.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, TableReference};
use datafusion::functions_nested::expr_fn::array_element;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr, TypePlanner,
};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, Operator};
use sqlparser::ast::{
    BinaryOperator, DataType as SqlType, ExactNumberInfo, ObjectNamePart, TimezoneInfo,
};

use super::types;
use crate::guard::numbers::{narrow, operation};
use crate::guard::typing::checked;
use crate::sql::fold;

/// Plans the types that only the catalog has, such as `oid`, `name`, `"char"` and `regclass`,
/// those that are texts to the engine, and whatever is spelled with `pg_catalog`. Other types are left to whoever asks next.
#[derive(Debug)]
pub struct CatalogTypes;

impl TypePlanner for CatalogTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        Ok(field_of(sql_type))
    }
}

/// The field that carries a type that the engine does not know; `None` for any other type.
pub fn field_of(sql_type: &SqlType) -> Option<FieldRef> {
    match sql_type {
        SqlType::Numeric(ExactNumberInfo::None)
        | SqlType::Decimal(ExactNumberInfo::None)
        | SqlType::Dec(ExactNumberInfo::None) => {
            let any = types::with_hint(types::unnamed("numeric").as_ref().clone(), "numeric");
            Some(any.into())
        }
        SqlType::Regclass => Some(types::unnamed("regclass")),
        SqlType::Uuid => Some(types::unnamed("uuid")),
        SqlType::JSON => Some(types::unnamed("json")),
        SqlType::JSONB => Some(types::unnamed("jsonb")),
        // In microseconds, as everywhere here; the engine's own choice ends in 2262.
        SqlType::Timestamp(None, zone) => Some(types::unnamed(match zone {
            TimezoneInfo::WithTimeZone | TimezoneInfo::Tz => "timestamptz",
            TimezoneInfo::None | TimezoneInfo::WithoutTimeZone => "timestamp",
        })),
        SqlType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            Some(types::unnamed("time"))
        }
        SqlType::Varchar(None) | SqlType::CharacterVarying(None) => Some(types::unnamed("varchar")),
        SqlType::Custom(name, modifiers) if modifiers.is_empty() => {
            let mut parts = name.0.iter().filter_map(ObjectNamePart::as_ident);
            let (first, second) = (parts.next()?, parts.next());
            let found = match second {
                None => types::by_name(&fold(first)).filter(|found| is_own(&found.name)),
                Some(name) if fold(first) == "pg_catalog" => match name.quote_style {
                    Some(_) => types::by_name(&name.value),
                    None => types::by_sql_name(&name.value),
                },
                Some(name) if fold(first) == "information_schema" => types::by_name(&fold(name)),
                Some(_) => None,
            };
            found.map(|found| types::unnamed(&found.name))
        }
        _ => None,
    }
}

/// Types that only the catalog has.
fn is_own(name: &str) -> bool {
    types::is_reg(name)
        || matches!(
            name,
            "oid"
                | "name"
                | "char"
                | "xid"
                | "cid"
                | "tid"
                | "xid8"
                | "int2vector"
                | "oidvector"
                | "aclitem"
                | "pg_node_tree"
                | "pg_lsn"
                | "cstring"
        )
}

/// Plans arithmetic and subscripts, and gives a literal beside an OID, a `reg…` value, an interval or an array the
/// type of that other side, as PostgreSQL does.
#[derive(Debug)]
pub struct OpenLiterals;

impl ExprPlanner for OpenLiterals {
    /// An element of what an aggregate has gathered is an element as any other. The engine would ask
    /// another aggregate for it, which takes no number but a constant of its own type.
    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        _: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { field_access, expr } = access;
        Ok(match (field_access, expr) {
            (GetFieldAccess::ListIndex { key }, expr @ Expr::AggregateFunction(_)) => {
                PlannerResult::Planned(array_element(expr, *key))
            }
            (field_access, expr) => {
                PlannerResult::Original(RawFieldAccessExpr { field_access, expr })
            }
        })
    }

    /// `a.k` of no table `a`, where there is a column `a`. Nothing has fields here, so it is a column
    /// that does not exist.
    fn plan_compound_identifier(
        &self,
        field: &Field,
        _: Option<&TableReference>,
        names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let name = names.last().map_or("", String::as_str);
        let missing = Column::new(Some(TableReference::bare(field.name().as_str())), name);
        Ok(PlannerResult::Planned(Expr::Column(missing)))
    }

    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        // Before a parameter takes its type from the literal beside it.
        let (left, right) = (narrow(left), narrow(right));
        let arithmetic = match op {
            BinaryOperator::Plus => Some(Operator::Plus),
            BinaryOperator::Minus => Some(Operator::Minus),
            BinaryOperator::Multiply => Some(Operator::Multiply),
            BinaryOperator::Divide => Some(Operator::Divide),
            BinaryOperator::Modulo => Some(Operator::Modulo),
            _ => None,
        };
        if let Some(op) = arithmetic {
            return operation(left, op, right, schema).map(PlannerResult::Planned);
        }
        let (left, right) = match operator(&op) {
            Some(op) => checked(left, op, right, schema)?,
            None => (left, right),
        };
        let comparison = matches!(
            op,
            BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
        );
        let (left, right) = match (is_open(&left), is_open(&right)) {
            (true, false) if comparison => (typed_like(left, &right, schema), right),
            (false, true) if comparison => {
                let right = typed_like(right, &left, schema);
                (left, right)
            }
            _ => (left, right),
        };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }
}

/// The operators whose operands are looked at here.
fn operator(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        BinaryOperator::StringConcat => Operator::StringConcat,
        BinaryOperator::PGRegexMatch => Operator::RegexMatch,
        BinaryOperator::PGRegexIMatch => Operator::RegexIMatch,
        BinaryOperator::PGRegexNotMatch => Operator::RegexNotMatch,
        BinaryOperator::PGRegexNotIMatch => Operator::RegexNotIMatch,
        BinaryOperator::PGLikeMatch => Operator::LikeMatch,
        BinaryOperator::PGILikeMatch => Operator::ILikeMatch,
        BinaryOperator::PGNotLikeMatch => Operator::NotLikeMatch,
        BinaryOperator::PGNotILikeMatch => Operator::NotILikeMatch,
        _ => return None,
    })
}

fn is_open(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Utf8View(Some(_)), metadata)
            if metadata.is_none()
    )
}

fn typed_like(literal: Expr, other: &Expr, schema: &DFSchema) -> Expr {
    let Ok((_, field)) = other.to_field(schema) else { return literal };
    if !matches!(field.data_type(), DataType::UInt32 | DataType::List(_) | DataType::Interval(_)) {
        return literal;
    }
    let target = field.as_ref().clone().with_name("").with_nullable(true);
    Expr::Cast(Cast::new_from_field(Box::new(literal), Arc::new(target)))
}
