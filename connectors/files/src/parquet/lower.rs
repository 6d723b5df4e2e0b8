//! From predicates to what DataFusion's reader prunes and filters by.
//!
//! The result admits every row that the predicate admits, and perhaps more: the guard applies
//! the predicate again. There is no NOT in a predicate, so each part may be loosened by itself.
//! Floats are not compared here at all: the reader tells the two zeros apart, orders NaN by its
//! sign, and writers leave NaN out of the statistics, so that rows would be missed.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, in_list, is_not_null, is_null, lit,
};
use portcullis_connector_api::decode::text;
use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::{
    ColumnName, CompareOp, LikePattern, Predicate, SqlType, Table, Value,
};

use crate::parquet::footer::Footer;
use crate::parquet::types::FileColumn;

/// Whether a predicate can keep anything from being read.
pub fn helps(table: &Table, predicate: &Predicate) -> bool {
    let sql_type = |name: &ColumnName| table.column(name.as_str()).map(|column| &column.sql_type);
    match predicate {
        Predicate::True => false,
        Predicate::False => true,
        Predicate::Compare { column, .. } | Predicate::In { column, .. } => {
            sql_type(column).is_some_and(ordered)
        }
        Predicate::CompareColumns { left, right, .. } => {
            sql_type(left).is_some_and(ordered) && sql_type(left) == sql_type(right)
        }
        Predicate::NotIn { column, .. } | Predicate::Like { column, .. } => {
            sql_type(column).is_some()
        }
        Predicate::IsNull(column) | Predicate::IsNotNull(column) => sql_type(column).is_some(),
        Predicate::And(parts) => parts.iter().any(|part| helps(table, part)),
        Predicate::Or(parts) => parts.iter().all(|part| helps(table, part)),
    }
}

fn ordered(sql_type: &SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::Bool
            | SqlType::Int2
            | SqlType::Int4
            | SqlType::Int8
            | SqlType::Numeric { .. }
            | SqlType::Text
            | SqlType::Varchar
            | SqlType::Uuid
            | SqlType::Date
            | SqlType::Timestamp
            | SqlType::Timestamptz
    )
}

type Expr = Arc<dyn PhysicalExpr>;

/// The condition over a file's stored columns; `None` where it would admit every row.
pub fn lower(predicate: &Predicate, footer: &Footer) -> Result<Option<Expr>> {
    let place = |name: &ColumnName| footer.column(name.as_str()).filter(|column| !column.int96);
    Ok(match predicate {
        Predicate::True => None,
        Predicate::False => Some(lit(false)),
        Predicate::Compare { column, op, value } => match place(column) {
            Some(column) => Stored::new(column, footer).compare(*op, value)?,
            None => None,
        },
        Predicate::CompareColumns { left, op, right } => match place(left).zip(place(right)) {
            Some((left, right)) => {
                let (left, right) = (Stored::new(left, footer), Stored::new(right, footer));
                let same = left.data_type == right.data_type && left.is_ordered();
                same.then(|| binary(left.expr, operator(*op), right.expr))
            }
            None => None,
        },
        Predicate::In { column, values } => match place(column) {
            Some(column) => Stored::new(column, footer).is_in(values, footer)?,
            None => None,
        },
        Predicate::NotIn { column, values } => match place(column) {
            Some(column) => Some(Stored::new(column, footer).is_not_in(values, footer)?),
            None => None,
        },
        Predicate::IsNull(column) => footer
            .column(column.as_str())
            .map(|column| is_null(Stored::new(column, footer).expr))
            .transpose()?,
        Predicate::IsNotNull(column) => footer
            .column(column.as_str())
            .map(|column| is_not_null(Stored::new(column, footer).expr))
            .transpose()?,
        Predicate::Like { column, pattern, negated } => match place(column) {
            Some(column) => Some(Stored::new(column, footer).like(pattern, *negated)?),
            None => None,
        },
        Predicate::And(parts) => {
            let parts = parts.iter().map(|part| lower(part, footer));
            let kept: Vec<Expr> = parts.filter_map(Result::transpose).collect::<Result<_>>()?;
            kept.into_iter().reduce(|all, part| binary(all, Operator::And, part))
        }
        Predicate::Or(parts) => {
            let parts: Option<Vec<Expr>> =
                parts.iter().map(|part| lower(part, footer)).collect::<Result<_>>()?;
            parts.map(|parts| {
                parts
                    .into_iter()
                    .reduce(|any, part| binary(any, Operator::Or, part))
                    .unwrap_or_else(|| lit(false))
            })
        }
    })
}

/// A constant in a column's stored type.
enum Constant {
    /// It has this counterpart.
    Is(ScalarValue),
    /// No stored value equals it.
    Nowhere,
    /// Nothing is known.
    Unknown,
}

/// A column as it is stored.
struct Stored {
    expr: Expr,
    data_type: DataType,
    sql_type: SqlType,
}

impl Stored {
    fn new(column: &FileColumn, footer: &Footer) -> Self {
        let data_type = footer
            .schema
            .fields()
            .get(column.at)
            .map_or(DataType::Null, |field| field.data_type().clone());
        let expr = Arc::new(Column::new(&column.name, column.at));
        Self { expr, data_type, sql_type: column.sql_type.clone() }
    }

    /// Whether stored values of this type compare as the decoded ones do.
    fn is_ordered(&self) -> bool {
        ordered(&self.sql_type)
            && !matches!(
                self.data_type,
                DataType::Timestamp(TimeUnit::Nanosecond, _) | DataType::Date64
            )
    }

    fn compare(&self, op: CompareOp, value: &Value) -> Result<Option<Expr>> {
        if let DataType::Timestamp(TimeUnit::Nanosecond, zone) = &self.data_type {
            return Ok(self.compare_nanos(op, value, zone.clone()));
        }
        Ok(match self.constant(value) {
            Constant::Is(constant) => Some(binary(self.expr.clone(), operator(op), lit(constant))),
            Constant::Nowhere if op == CompareOp::Eq => Some(lit(false)),
            Constant::Nowhere if op == CompareOp::NotEq => Some(is_not_null(self.expr.clone())?),
            Constant::Nowhere | Constant::Unknown => None,
        })
    }

    /// Nanoseconds lose digits when they are decoded, so a microsecond is added on each side.
    fn compare_nanos(&self, op: CompareOp, value: &Value, zone: Option<Arc<str>>) -> Option<Expr> {
        let (Value::Timestamp(micros) | Value::Timestamptz(micros)) = value else { return None };
        let bound = |micros: i64, op: Operator| {
            let nanos = micros.checked_mul(1000)?;
            let nanos = ScalarValue::TimestampNanosecond(Some(nanos), zone.clone());
            Some(binary(self.expr.clone(), op, lit(nanos)))
        };
        let least = bound(micros.checked_sub(1)?, Operator::GtEq);
        let most = bound(micros.checked_add(1)?, Operator::LtEq);
        match op {
            CompareOp::Eq => Some(binary(least?, Operator::And, most?)),
            CompareOp::Lt | CompareOp::LtEq => most,
            CompareOp::Gt | CompareOp::GtEq => least,
            CompareOp::NotEq => None,
        }
    }

    fn is_in(&self, values: &[Value], footer: &Footer) -> Result<Option<Expr>> {
        let mut list = Vec::with_capacity(values.len());
        for value in values {
            match self.constant(value) {
                Constant::Is(constant) => list.push(lit(constant)),
                Constant::Nowhere => {}
                Constant::Unknown => return Ok(None),
            }
        }
        if list.is_empty() {
            return Ok(Some(lit(false)));
        }
        in_list(self.expr.clone(), list, &false, &footer.schema).map(Some)
    }

    fn is_not_in(&self, values: &[Value], footer: &Footer) -> Result<Expr> {
        let list: Vec<Expr> = values
            .iter()
            .filter_map(|value| match self.constant(value) {
                Constant::Is(constant) => Some(lit(constant)),
                Constant::Nowhere | Constant::Unknown => None,
            })
            .collect();
        if list.is_empty() {
            return is_not_null(self.expr.clone());
        }
        in_list(self.expr.clone(), list, &true, &footer.schema)
    }

    /// The text before the first wildcard is a range.
    fn like(&self, pattern: &LikePattern, negated: bool) -> Result<Expr> {
        let bytes = |bytes: &[u8]| lit(ScalarValue::BinaryView(Some(bytes.to_vec())));
        let present = is_not_null(self.expr.clone())?;
        if negated || self.data_type != DataType::BinaryView {
            return Ok(present);
        }
        match pattern.0.as_slice() {
            [] => Ok(binary(self.expr.clone(), Operator::Eq, bytes(b""))),
            [LikePiece::Literal(text)] => {
                Ok(binary(self.expr.clone(), Operator::Eq, bytes(text.as_bytes())))
            }
            [LikePiece::Literal(prefix), ..] => {
                let least = binary(self.expr.clone(), Operator::GtEq, bytes(prefix.as_bytes()));
                // UTF-8 has no byte 0xff, so the next prefix needs no carry.
                let mut next = prefix.as_bytes().to_vec();
                if let Some(last) = next.last_mut() {
                    *last = last.saturating_add(1);
                }
                let most = binary(self.expr.clone(), Operator::Lt, bytes(&next));
                Ok(binary(least, Operator::And, most))
            }
            _ => Ok(present),
        }
    }

    fn constant(&self, value: &Value) -> Constant {
        match (value, &self.data_type) {
            (Value::Bool(value), DataType::Boolean) => Constant::Is((*value).into()),
            (Value::Int(value), stored) if stored.is_integer() => integer((*value).into(), stored),
            (Value::Decimal { unscaled, scale }, DataType::UInt64) => {
                match rescaled(*unscaled, *scale, 0) {
                    Some(whole) => integer(whole, &DataType::UInt64),
                    None => Constant::Unknown,
                }
            }
            (Value::Decimal { unscaled, scale }, DataType::Decimal128(precision, own)) => {
                match rescaled(*unscaled, *scale, *own) {
                    Some(unscaled) if text::fits(unscaled, *precision) => {
                        Constant::Is(ScalarValue::Decimal128(Some(unscaled), *precision, *own))
                    }
                    _ => Constant::Unknown,
                }
            }
            (Value::Text(value), DataType::BinaryView)
                if matches!(self.sql_type, SqlType::Text | SqlType::Varchar) =>
            {
                Constant::Is(ScalarValue::BinaryView(Some(value.as_bytes().to_vec())))
            }
            (Value::Text(value), DataType::FixedSizeBinary(16))
                if self.sql_type == SqlType::Uuid =>
            {
                let canonical = text::uuid(value).filter(|canonical| **canonical == **value);
                let bytes = canonical
                    .and_then(|uuid| text::bytea(&format!("\\x{}", uuid.replace('-', ""))));
                match bytes {
                    Some(bytes) => Constant::Is(ScalarValue::FixedSizeBinary(16, Some(bytes))),
                    None => Constant::Unknown,
                }
            }
            (Value::Date(days), DataType::Date32) => Constant::Is(ScalarValue::Date32(Some(*days))),
            (
                Value::Timestamp(micros) | Value::Timestamptz(micros),
                DataType::Timestamp(unit, zone),
            ) => match unit {
                TimeUnit::Microsecond => {
                    Constant::Is(ScalarValue::TimestampMicrosecond(Some(*micros), zone.clone()))
                }
                TimeUnit::Millisecond if micros % 1000 == 0 => Constant::Is(
                    ScalarValue::TimestampMillisecond(Some(micros / 1000), zone.clone()),
                ),
                TimeUnit::Second if micros % 1_000_000 == 0 => Constant::Is(
                    ScalarValue::TimestampSecond(Some(micros / 1_000_000), zone.clone()),
                ),
                _ => Constant::Unknown,
            },
            _ => Constant::Unknown,
        }
    }
}

fn integer(value: i128, stored: &DataType) -> Constant {
    macro_rules! fit {
        ($variant:ident) => {
            value
                .try_into()
                .map_or(Constant::Nowhere, |value| Constant::Is(ScalarValue::$variant(Some(value))))
        };
    }
    match stored {
        DataType::Int8 => fit!(Int8),
        DataType::Int16 => fit!(Int16),
        DataType::Int32 => fit!(Int32),
        DataType::Int64 => fit!(Int64),
        DataType::UInt8 => fit!(UInt8),
        DataType::UInt16 => fit!(UInt16),
        DataType::UInt32 => fit!(UInt32),
        DataType::UInt64 => fit!(UInt64),
        _ => Constant::Unknown,
    }
}

/// The same number at another scale, where that is exact.
fn rescaled(unscaled: i128, from: i8, to: i8) -> Option<i128> {
    let shift = i32::from(to) - i32::from(from);
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        return unscaled.checked_mul(factor);
    }
    (unscaled.checked_rem(factor)? == 0).then_some(unscaled.checked_div(factor)?)
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Arc::new(BinaryExpr::new(left, op, right))
}

fn operator(op: CompareOp) -> Operator {
    match op {
        CompareOp::Eq => Operator::Eq,
        CompareOp::NotEq => Operator::NotEq,
        CompareOp::Lt => Operator::Lt,
        CompareOp::LtEq => Operator::LtEq,
        CompareOp::Gt => Operator::Gt,
        CompareOp::GtEq => Operator::GtEq,
    }
}
