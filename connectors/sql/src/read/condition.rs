//! Expressions become conditions.

use portcullis_connector_api::{CompareOp, Predicate};
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, UnaryOperator, Value as Literal,
};

use super::expression::plain_call;
use super::{Reader, Scope, stray};
use crate::dialect::LikeSyntax;
use crate::error::SqlError;
use crate::pushdown::{comparable, fence, to_fence};
use crate::shape::shape_at;
use crate::write::{Usage, pair_usage, usage};

impl Reader<'_> {
    pub(super) fn condition(
        &mut self,
        scope: &Scope,
        expression: &Expr,
    ) -> Result<Predicate<usize>, SqlError> {
        match expression {
            Expr::Nested(inner) => match self.fenced(scope, inner)? {
                Some(comparison) => Ok(comparison),
                None => self.condition(scope, inner),
            },
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let parts = spine(expression, op)
                    .into_iter()
                    .map(|part| self.condition(scope, part))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(match op {
                    BinaryOperator::And => Predicate::And(parts),
                    _ => Predicate::Or(parts),
                })
            }
            Expr::Value(literal) if literal.value == Literal::Boolean(false) => {
                Ok(Predicate::False)
            }
            leaf => {
                let comparison = self.leaf(scope, leaf)?;
                if to_fence(self.dialect, &scope.shapes, &comparison)?.is_empty() {
                    Ok(comparison)
                } else {
                    stray("a comparison without its fence")
                }
            }
        }
    }

    /// `(comparison AND column BETWEEN … AND …)`, where that is what the comparison needs.
    fn fenced(
        &mut self,
        scope: &Scope,
        inner: &Expr,
    ) -> Result<Option<Predicate<usize>>, SqlError> {
        let parts = spine(inner, &BinaryOperator::And);
        let [comparison, fences @ ..] = parts.as_slice() else { return Ok(None) };
        let between = |part: &&Expr| matches!(part, Expr::Between { .. });
        let plain = !matches!(comparison, Expr::Nested(_) | Expr::Between { .. });
        if !plain || fences.is_empty() || !fences.iter().all(between) {
            return Ok(None);
        }
        // Reading marks the arguments as used; where this is another form, they are not yet.
        let used = self.used.clone();
        let comparison = self.leaf(scope, comparison)?;
        let wanted = to_fence(self.dialect, &scope.shapes, &comparison)?;
        if wanted.is_empty() {
            self.used = used;
            return Ok(None);
        }
        let mut columns = Vec::new();
        for part in fences {
            columns.push(self.within(scope, part)?);
        }
        if columns == wanted { Ok(Some(comparison)) } else { stray("another fence") }
    }

    /// `column BETWEEN least AND greatest`
    fn within(&mut self, scope: &Scope, expression: &Expr) -> Result<usize, SqlError> {
        let Expr::Between { expr, negated: false, low, high } = expression else {
            return stray("another kind of fence");
        };
        let column = self.operand(scope, expr, Usage::Ordered)?;
        let shape = shape_at(&scope.shapes, column)?;
        let bounds = (self.value(&shape, low)?, self.value(&shape, high)?);
        if fence(self.dialect, &shape) == Some(bounds) {
            Ok(column)
        } else {
            stray("a fence elsewhere")
        }
    }

    fn leaf(&mut self, scope: &Scope, leaf: &Expr) -> Result<Predicate<usize>, SqlError> {
        match leaf {
            Expr::BinaryOp { left, op, right } => self.comparison(scope, left, op, right),
            Expr::Between { .. } => Ok(Predicate::IsNotNull(self.within(scope, leaf)?)),
            Expr::IsNull(column) => {
                Ok(Predicate::IsNull(self.operand(scope, column, Usage::Carried)?))
            }
            Expr::IsNotNull(column) => {
                let column = self.operand(scope, column, Usage::Carried)?;
                if fence(self.dialect, &shape_at(&scope.shapes, column)?).is_some() {
                    return stray("IS NOT NULL without a fence");
                }
                Ok(Predicate::IsNotNull(column))
            }
            Expr::InList { expr, list, negated } => {
                let column = self.operand(scope, expr, Usage::Equated)?;
                let shape = shape_at(&scope.shapes, column)?;
                let values = list
                    .iter()
                    .map(|value| self.value(&shape, value))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(match negated {
                    true => Predicate::NotIn { column, values },
                    false => Predicate::In { column, values },
                })
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None }
                if self.dialect.like() == LikeSyntax::Operator =>
            {
                let column = self.operand(scope, expr, Usage::Equated)?;
                self.matched(scope, column, pattern, *negated)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.glob(scope, expr, true),
            call @ Expr::Function(_) => self.glob(scope, call, false),
            _ => stray("a condition of another form"),
        }
    }

    fn glob(
        &mut self,
        scope: &Scope,
        call: &Expr,
        negated: bool,
    ) -> Result<Predicate<usize>, SqlError> {
        let (Expr::Function(call), LikeSyntax::Glob) = (call, self.dialect.like()) else {
            return stray("a condition of another form");
        };
        let ("glob", list) = plain_call(call)? else {
            return stray("a function that is not allowed");
        };
        let [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(pattern)),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(column)),
        ] = list.args.as_slice()
        else {
            return stray("a call with other arguments");
        };
        if list.duplicate_treatment.is_some() {
            return stray("a call with other arguments");
        }
        let column = self.operand(scope, column, Usage::Carried)?;
        self.matched(scope, column, pattern, negated)
    }

    fn matched(
        &mut self,
        scope: &Scope,
        column: usize,
        pattern: &Expr,
        negated: bool,
    ) -> Result<Predicate<usize>, SqlError> {
        let shape = shape_at(&scope.shapes, column)?;
        if !shape.is_text() || !comparable(&shape, &shape) {
            return stray("a pattern for what is no text");
        }
        Ok(Predicate::Like { column, pattern: self.pattern(pattern)?, negated })
    }

    fn comparison(
        &mut self,
        scope: &Scope,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Predicate<usize>, SqlError> {
        let op = match op {
            BinaryOperator::Eq => CompareOp::Eq,
            BinaryOperator::NotEq => CompareOp::NotEq,
            BinaryOperator::Lt => CompareOp::Lt,
            BinaryOperator::LtEq => CompareOp::LtEq,
            BinaryOperator::Gt => CompareOp::Gt,
            BinaryOperator::GtEq => CompareOp::GtEq,
            _ => return stray("an operator that is not allowed"),
        };
        if is_placeholder(right) {
            let column = self.operand(scope, left, usage(op))?;
            let value = self.value(&shape_at(&scope.shapes, column)?, right)?;
            return Ok(Predicate::Compare { column, op, value });
        }
        let (left, right) = self.pair(scope, left, op, right)?;
        Ok(Predicate::CompareColumns { left, op, right })
    }

    /// `left = right`, of a join.
    pub(super) fn equality(
        &mut self,
        scope: &Scope,
        pair: &Expr,
    ) -> Result<(usize, usize), SqlError> {
        match pair {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                self.pair(scope, left, CompareOp::Eq, right)
            }
            _ => stray("a join condition that is no equality"),
        }
    }

    /// Two columns; how they must be collated depends on both, so one way is tried after the
    /// other.
    fn pair(
        &mut self,
        scope: &Scope,
        left: &Expr,
        op: CompareOp,
        right: &Expr,
    ) -> Result<(usize, usize), SqlError> {
        for tried in [usage(op), Usage::Ordered] {
            let columns = self
                .operand(scope, left, tried)
                .and_then(|left| Ok((left, self.operand(scope, right, tried)?)));
            if let Ok((left, right)) = columns {
                let shapes = (shape_at(&scope.shapes, left)?, shape_at(&scope.shapes, right)?);
                let alike = |usage: Usage| {
                    usage.collates(&shapes.0) == tried.collates(&shapes.0)
                        && usage.collates(&shapes.1) == tried.collates(&shapes.1)
                };
                if comparable(&shapes.0, &shapes.1) && alike(pair_usage(op, &shapes.0, &shapes.1)) {
                    return Ok((left, right));
                }
            }
        }
        stray("a comparison of columns that differs there")
    }
}

/// The operands of a chain of one operator, which the grammar hangs to the left.
pub(super) fn spine<'e>(expression: &'e Expr, chain: &BinaryOperator) -> Vec<&'e Expr> {
    let mut parts = Vec::new();
    let mut rest = expression;
    while let Expr::BinaryOp { left, op, right } = rest
        && op == chain
    {
        parts.push(&**right);
        rest = left;
    }
    parts.push(rest);
    parts.reverse();
    parts
}

fn is_placeholder(expression: &Expr) -> bool {
    match expression {
        Expr::Cast { expr, .. } => is_placeholder(expr),
        Expr::Value(literal) => matches!(literal.value, Literal::Placeholder(_)),
        _ => false,
    }
}
