//! Conditions become text.

use portcullis_connector_api::{CompareOp, Predicate, SqlType, Value};

use super::{Argument, Scope, Usage, Writer};
use crate::dialect::LikeSyntax;
use crate::error::SqlError;
use crate::pushdown::{comparable, fence, to_fence};
use crate::shape::{Comparison, Shape, shape_at};

impl Writer<'_> {
    /// Writes a condition; `nested` where AND or OR must stand in parentheses.
    pub(super) fn condition(
        &mut self,
        scope: &Scope<'_>,
        condition: &Predicate<usize>,
        nested: bool,
    ) -> Result<(), SqlError> {
        let (parts, word) = match condition {
            Predicate::True => {
                self.push("TRUE");
                return Ok(());
            }
            Predicate::False => {
                self.push("FALSE");
                return Ok(());
            }
            Predicate::And(parts) => (parts, " AND "),
            Predicate::Or(parts) => (parts, " OR "),
            leaf => return self.fenced(scope, leaf),
        };
        self.push(if nested { "(" } else { "" });
        for (at, part) in parts.iter().enumerate() {
            self.push(if at == 0 { "" } else { word });
            self.condition(scope, part, true)?;
        }
        self.push(if nested { ")" } else { "" });
        Ok(())
    }

    /// A comparison, and beside it that its columns hold what can be decoded.
    fn fenced(&mut self, scope: &Scope<'_>, leaf: &Predicate<usize>) -> Result<(), SqlError> {
        let columns = to_fence(self.dialect, &scope.shapes, leaf)?;
        self.push(if columns.is_empty() { "" } else { "(" });
        self.leaf(scope, leaf)?;
        for &column in &columns {
            self.push(" AND ");
            self.within(scope, column)?;
        }
        self.push(if columns.is_empty() { "" } else { ")" });
        Ok(())
    }

    fn leaf(&mut self, scope: &Scope<'_>, leaf: &Predicate<usize>) -> Result<(), SqlError> {
        match leaf {
            Predicate::Compare { column, op, value } => {
                self.comparable_operand(scope, *column, usage(*op))?;
                self.push(&format!(" {} ", op.sql()));
                self.value(scope, *column, value)
            }
            Predicate::CompareColumns { left, op, right } => self.pair(scope, *left, *op, *right),
            Predicate::In { column, values } => self.list(scope, *column, " IN (", values),
            Predicate::NotIn { column, values } => self.list(scope, *column, " NOT IN (", values),
            Predicate::IsNull(column) => {
                self.operand(scope, *column, Usage::Carried)?;
                self.push(" IS NULL");
                Ok(())
            }
            Predicate::IsNotNull(column) => {
                if fence(self.dialect, &shape_at(&scope.shapes, *column)?).is_some() {
                    return self.within(scope, *column);
                }
                self.operand(scope, *column, Usage::Carried)?;
                self.push(" IS NOT NULL");
                Ok(())
            }
            Predicate::Like { column, pattern, negated } => {
                let shape = shape_at(&scope.shapes, *column)?;
                if !shape.is_text() || self.dialect.pattern(pattern).is_none() {
                    return Err(SqlError::unsupported("such a pattern"));
                }
                let argument = Argument::Pattern(pattern.clone());
                match self.dialect.like() {
                    LikeSyntax::Operator => {
                        self.comparable_operand(scope, *column, Usage::Equated)?;
                        self.push(if *negated { " NOT LIKE " } else { " LIKE " });
                        self.bind(argument, &SqlType::Text)
                    }
                    LikeSyntax::Glob => {
                        self.push(if *negated { "NOT glob(" } else { "glob(" });
                        self.bind(argument, &SqlType::Text)?;
                        self.push(", ");
                        self.comparable_operand(scope, *column, Usage::Carried)?;
                        self.push(")");
                        Ok(())
                    }
                }
            }
            Predicate::True | Predicate::False | Predicate::And(_) | Predicate::Or(_) => {
                Err(SqlError::unsupported("a condition out of place"))
            }
        }
    }

    fn list(
        &mut self,
        scope: &Scope<'_>,
        column: usize,
        words: &str,
        values: &[Value],
    ) -> Result<(), SqlError> {
        self.comparable_operand(scope, column, Usage::Equated)?;
        self.push(words);
        for (at, value) in values.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.value(scope, column, value)?;
        }
        self.push(")");
        Ok(())
    }

    /// Two columns compared. Text is collated by bytes on both sides unless the source's plain
    /// equality will do for both.
    pub(super) fn pair(
        &mut self,
        scope: &Scope<'_>,
        left: usize,
        op: CompareOp,
        right: usize,
    ) -> Result<(), SqlError> {
        let (left_shape, right_shape) =
            (shape_at(&scope.shapes, left)?, shape_at(&scope.shapes, right)?);
        if !comparable(&left_shape, &right_shape) {
            let (left, right) = (left_shape.sql_type, right_shape.sql_type);
            return Err(SqlError::Unsupported(format!("{left} {} {right}", op.sql())));
        }
        let usage = pair_usage(op, &left_shape, &right_shape);
        self.operand(scope, left, usage)?;
        self.push(&format!(" {} ", op.sql()));
        self.operand(scope, right, usage)
    }

    fn value(&mut self, scope: &Scope<'_>, column: usize, value: &Value) -> Result<(), SqlError> {
        let shape = shape_at(&scope.shapes, column)?;
        let sql_type = self.dialect.bind_type(&shape.sql_type, value).ok_or_else(|| {
            SqlError::Unsupported(format!("such a value beside {}", shape.sql_type))
        })?;
        self.bind(Argument::Value(value.clone(), sql_type.clone()), &sql_type)
    }

    /// `column BETWEEN least AND greatest`
    fn within(&mut self, scope: &Scope<'_>, column: usize) -> Result<(), SqlError> {
        let shape = shape_at(&scope.shapes, column)?;
        let (least, greatest) = fence(self.dialect, &shape)
            .ok_or_else(|| SqlError::unsupported("a fence without a range"))?;
        self.operand(scope, column, Usage::Ordered)?;
        self.push(" BETWEEN ");
        self.value(scope, column, &least)?;
        self.push(" AND ");
        self.value(scope, column, &greatest)
    }
}

/// How the column of a comparison with a constant is used.
pub(crate) fn usage(op: CompareOp) -> Usage {
    match op {
        CompareOp::Eq | CompareOp::NotEq => Usage::Equated,
        _ => Usage::Ordered,
    }
}

/// How both columns of a comparison are used; two columns may have two collations.
pub(crate) fn pair_usage(op: CompareOp, left: &Shape, right: &Shape) -> Usage {
    let plain = |shape: &Shape| shape.comparison == Comparison::Plain;
    if plain(left) && plain(right) { usage(op) } else { Usage::Ordered }
}
