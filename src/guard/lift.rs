//! Which conditions of a query may cross the guard.
//!
//! Exactly those that can be said as a [`Predicate`]: a plain, wholly revealed column compared
//! with a constant or a column of the same type. (A constant may have more digits than the column:
//! `total > 10.005`.) What cannot be said there stays above the
//! barrier and sees only rows and values that the caller may see.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column as PlanColumn, ScalarValue};
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::{CompareOp, LikePattern, Predicate, SqlType, Value};

/// What the lifting asks of the columns that a condition names.
pub trait PlainColumns {
    /// What the predicate calls a column.
    type Name: Clone + PartialEq;

    /// The column's name there and its type; `None` where it is masked or does not exist.
    fn plain(&self, column: &PlanColumn) -> Option<(Self::Name, &SqlType)>;
}

/// The predicate that admits exactly the rows for which `expr` is true.
pub fn lift<C: PlainColumns>(expr: &Expr, columns: &C) -> Option<Predicate<C::Name>> {
    Lifting { columns }.admits(expr, true)
}

struct Lifting<'a, C> {
    columns: &'a C,
}

impl<C: PlainColumns> Lifting<'_, C> {
    /// The rows for which `expr` is `truth`; rows for which it is NULL are never among them.
    fn admits(&self, expr: &Expr, truth: bool) -> Option<Predicate<C::Name>> {
        match expr {
            Expr::Not(inner) => self.admits(inner, !truth),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                self.binary(left, *op, right, truth)
            }
            Expr::IsNull(inner) => self.null_test(inner, truth),
            Expr::IsNotNull(inner) => self.null_test(inner, !truth),
            Expr::Column(_) => {
                let (column, sql_type) = self.column(expr)?;
                (*sql_type == SqlType::Bool).then(|| Predicate::Compare {
                    column,
                    op: CompareOp::Eq,
                    value: Value::Bool(truth),
                })
            }
            Expr::Literal(ScalarValue::Boolean(value), _) => Some(match value {
                Some(value) if *value == truth => Predicate::True,
                _ => Predicate::False,
            }),
            Expr::InList(InList { expr, list, negated }) => {
                let (column, sql_type) = self.column(expr)?;
                let values =
                    list.iter().map(|item| constant(item, sql_type)).collect::<Option<Vec<_>>>()?;
                Some(if *negated == truth {
                    Predicate::NotIn { column, values }
                } else {
                    Predicate::In { column, values }
                })
            }
            Expr::Between(Between { expr, negated, low, high }) => {
                let inside = *negated != truth;
                let (above, below) = if inside {
                    (Operator::GtEq, Operator::LtEq)
                } else {
                    (Operator::Lt, Operator::Gt)
                };
                let low = self.compare(expr, above, low)?;
                let high = self.compare(expr, below, high)?;
                Some(if inside { low.and(high) } else { Predicate::any([low, high]) })
            }
            Expr::Like(like) => self.like(like, truth),
            _ => None,
        }
    }

    fn binary(
        &self,
        left: &Expr,
        op: Operator,
        right: &Expr,
        truth: bool,
    ) -> Option<Predicate<C::Name>> {
        match (op, truth) {
            (Operator::And, true) | (Operator::Or, false) => {
                Some(self.admits(left, truth)?.and(self.admits(right, truth)?))
            }
            (Operator::Or, true) | (Operator::And, false) => {
                Some(Predicate::any([self.admits(left, truth)?, self.admits(right, truth)?]))
            }
            (op, true) => self.compare(left, op, right),
            (op, false) => self.compare(left, op.negate()?, right),
        }
    }

    fn compare(&self, left: &Expr, op: Operator, right: &Expr) -> Option<Predicate<C::Name>> {
        let op = compare_op(op)?;
        match (left, right) {
            (Expr::Column(_), Expr::Column(_)) => {
                let ((left, sql_type), (right, other)) = (self.column(left)?, self.column(right)?);
                (sql_type == other && is_comparable(sql_type))
                    .then_some(Predicate::CompareColumns { left, op, right })
            }
            (Expr::Column(_) | Expr::Cast(_), _) => self.compare_constant(left, op, right),
            (_, Expr::Column(_) | Expr::Cast(_)) => {
                self.compare_constant(right, op.swapped(), left)
            }
            _ => None,
        }
    }

    fn compare_constant(
        &self,
        column: &Expr,
        op: CompareOp,
        value: &Expr,
    ) -> Option<Predicate<C::Name>> {
        let (column, sql_type) = self.widened(column)?;
        if let Expr::Literal(value, _) = value
            && value.is_null()
        {
            return Some(Predicate::False);
        }
        let value = constant(value, &sql_type)?;
        Some(Predicate::Compare { column, op, value })
    }

    fn null_test(&self, inner: &Expr, is_null: bool) -> Option<Predicate<C::Name>> {
        let (name, _) = self.column(inner)?;
        Some(if is_null { Predicate::IsNull(name) } else { Predicate::IsNotNull(name) })
    }

    /// A pattern that is a prefix or has no wildcard at all: other patterns take time that
    /// depends on the value.
    fn like(&self, like: &Like, truth: bool) -> Option<Predicate<C::Name>> {
        let (column, sql_type) = self.column(&like.expr)?;
        let Value::Text(pattern) = constant(&like.pattern, &SqlType::Text)? else { return None };
        let is_text = matches!(sql_type, SqlType::Text | SqlType::Varchar);
        if !is_text || like.case_insensitive || like.escape_char.is_some_and(|c| c != '\\') {
            return None;
        }
        Some(Predicate::Like {
            column,
            pattern: prefix_pattern(&pattern)?,
            negated: like.negated == truth,
        })
    }

    /// A column, perhaps under a cast that the type coercion put there because the constant has
    /// more digits, and the type that it is compared in.
    fn widened(&self, expr: &Expr) -> Option<(C::Name, SqlType)> {
        let Expr::Cast(cast) = expr else {
            return self.column(expr).map(|(name, sql_type)| (name, sql_type.clone()));
        };
        let (name, sql_type) = self.column(&cast.expr)?;
        let wide = match (sql_type, cast.field.data_type()) {
            (SqlType::Int2, DataType::Int32) => SqlType::Int4,
            (SqlType::Int2 | SqlType::Int4, DataType::Int64) => SqlType::Int8,
            (SqlType::Numeric { precision, scale }, DataType::Decimal128(wider, finer))
                if finer >= scale && whole(*wider, *finer) >= whole(*precision, *scale) =>
            {
                SqlType::Numeric { precision: *wider, scale: *finer }
            }
            _ => return None,
        };
        Some((name, wide))
    }

    fn column(&self, expr: &Expr) -> Option<(C::Name, &SqlType)> {
        match expr {
            Expr::Column(column) => self.columns.plain(column),
            _ => None,
        }
    }
}

/// Digits before the point.
fn whole(precision: u8, scale: i8) -> i16 {
    i16::from(precision) - i16::from(scale)
}

/// Reads `abc%`, `a\%c%` and `abc`; `None` for any other pattern.
fn prefix_pattern(pattern: &str) -> Option<LikePattern> {
    let mut literal = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => literal.push(characters.next()?),
            '_' => return None,
            '%' if characters.as_str().is_empty() => {
                let start = (!literal.is_empty()).then_some(LikePiece::Literal(literal));
                return Some(LikePattern(start.into_iter().chain([LikePiece::AnyText]).collect()));
            }
            '%' => return None,
            other => literal.push(other),
        }
    }
    Some(LikePattern(vec![LikePiece::Literal(literal)]))
}

fn compare_op(op: Operator) -> Option<CompareOp> {
    Some(match op {
        Operator::Eq => CompareOp::Eq,
        Operator::NotEq => CompareOp::NotEq,
        Operator::Lt => CompareOp::Lt,
        Operator::LtEq => CompareOp::LtEq,
        Operator::Gt => CompareOp::Gt,
        Operator::GtEq => CompareOp::GtEq,
        _ => return None,
    })
}

/// Types whose comparison cannot fail and means the same everywhere. Floats are not among them:
/// the engines disagree on zero's sign.
fn is_comparable(sql_type: &SqlType) -> bool {
    matches!(
        sql_type,
        SqlType::Bool
            | SqlType::Int2
            | SqlType::Int4
            | SqlType::Int8
            | SqlType::Numeric { .. }
            | SqlType::Text
            | SqlType::Varchar
            | SqlType::Date
            | SqlType::Timestamp
            | SqlType::Timestamptz
    )
}

/// A literal that has exactly the column's type. The type coercion has made it so where that
/// loses nothing; otherwise a cast stands over the column, and the condition stays above.
fn constant(expr: &Expr, sql_type: &SqlType) -> Option<Value> {
    let Expr::Literal(literal, _) = expr else { return None };
    Some(match (literal, sql_type) {
        (ScalarValue::Boolean(Some(value)), SqlType::Bool) => Value::Bool(*value),
        (ScalarValue::Int16(Some(value)), SqlType::Int2) => Value::Int((*value).into()),
        (ScalarValue::Int32(Some(value)), SqlType::Int4) => Value::Int((*value).into()),
        (ScalarValue::Int64(Some(value)), SqlType::Int8) => Value::Int(*value),
        (
            ScalarValue::Decimal128(Some(unscaled), _, scale),
            SqlType::Numeric { scale: of_column, .. },
        ) if scale == of_column => Value::Decimal { unscaled: *unscaled, scale: *scale },
        (
            ScalarValue::Utf8(Some(text))
            | ScalarValue::Utf8View(Some(text))
            | ScalarValue::LargeUtf8(Some(text)),
            SqlType::Text | SqlType::Varchar,
        ) => Value::text(text.as_str()),
        (ScalarValue::Date32(Some(days)), SqlType::Date) => Value::Date(*days),
        (ScalarValue::TimestampMicrosecond(Some(micros), None), SqlType::Timestamp) => {
            Value::Timestamp(*micros)
        }
        (ScalarValue::TimestampMicrosecond(Some(micros), Some(_)), SqlType::Timestamptz) => {
            Value::Timestamptz(*micros)
        }
        _ => return None,
    })
}
