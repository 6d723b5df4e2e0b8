//! Columns, placeholders and calls become what they stand for.

use portcullis_connector_api::subplan::AggregateFunction;
use portcullis_connector_api::{LikePattern, SqlType, Value};
use sqlparser::ast::{
    CastKind, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, ObjectName, ObjectNamePart, Value as Literal,
};

use super::{Reader, Scope, stray};
use crate::error::SqlError;
use crate::pushdown::comparable;
use crate::shape::{Shape, shape_at};
use crate::write::{Argument, Usage, called};

impl<'a> Reader<'a> {
    /// The position that an expression names. Its cast and collation must be those that the
    /// column needs in this place.
    pub(super) fn operand(
        &mut self,
        scope: &Scope,
        expression: &Expr,
        usage: Usage,
    ) -> Result<usize, SqlError> {
        let (inner, collated) = match expression {
            Expr::Collate { expr, collation } => {
                self.collation(collation)?;
                match &**expr {
                    Expr::Nested(inner) if matches!(**inner, Expr::Cast { .. }) => (&**inner, true),
                    inner => (inner, true),
                }
            }
            expression => (expression, false),
        };
        let (name, cast) = match inner {
            Expr::Cast { .. } => {
                let (inner, cast) = cast(inner)?;
                (inner, Some(cast))
            }
            inner => (inner, None),
        };
        let position = self.column(scope, name)?;
        let shape = shape_at(&scope.shapes, position)?;
        let wanted = if shape.cast { self.dialect.cast(&shape.sql_type) } else { None };
        if cast.as_deref() != wanted || collated != usage.collates(&shape) {
            return stray("a column with another cast or collation");
        }
        if usage != Usage::Carried && !comparable(&shape, &shape) {
            return stray("a comparison that differs there");
        }
        Ok(position)
    }

    fn column(&self, scope: &Scope, name: &Expr) -> Result<usize, SqlError> {
        let Expr::CompoundIdentifier(parts) = name else {
            return stray("an expression that is no column");
        };
        let [alias, column] = parts.as_slice() else {
            return stray("a column of another form");
        };
        let input = scope.inputs.iter().position(|(input, _)| *input == alias.value);
        let (Some(input), None) = (input, alias.quote_style) else {
            return stray("a column of an unknown input");
        };
        let first = scope.inputs.get(input).map_or(0, |(_, first)| *first);
        let end = scope.inputs.get(input + 1).map_or(scope.shapes.len(), |(_, next)| *next);
        let position = match (&scope.table, column.quote_style) {
            (Some(table), Some('"')) => {
                table.columns.iter().position(|known| known.name.as_str() == column.value)
            }
            (None, None) => column
                .value
                .strip_prefix('c')
                .filter(|digits| *digits == "0" || !digits.starts_with('0'))
                .and_then(|digits| digits.parse::<usize>().ok())
                .and_then(|at| first.checked_add(at)),
            _ => None,
        };
        match position {
            Some(position) if position < end => Ok(position),
            _ => stray("an unknown column"),
        }
    }

    fn collation(&self, collation: &ObjectName) -> Result<(), SqlError> {
        match collation.0.as_slice() {
            [ObjectNamePart::Identifier(name)]
                if name.quote_style == Some('"') && name.value == self.dialect.bytewise() =>
            {
                Ok(())
            }
            _ => stray("another collation"),
        }
    }

    /// The constant behind a placeholder, bound under the type that its column asks for.
    pub(super) fn value(&mut self, shape: &Shape, expression: &Expr) -> Result<Value, SqlError> {
        match self.argument(expression)? {
            (Argument::Value(value, sql_type), cast) => {
                let wanted = self.dialect.bind_type(&shape.sql_type, value);
                let right = wanted.as_ref() == Some(sql_type);
                if !right || cast.as_deref() != self.dialect.cast(sql_type) {
                    return stray("a value bound under another type");
                }
                Ok(value.clone())
            }
            _ => stray("a placeholder of another kind"),
        }
    }

    pub(super) fn pattern(&mut self, expression: &Expr) -> Result<LikePattern, SqlError> {
        match self.argument(expression)? {
            (Argument::Pattern(pattern), cast)
                if cast.as_deref() == self.dialect.cast(&SqlType::Text) =>
            {
                Ok(pattern.clone())
            }
            _ => stray("a placeholder of another kind"),
        }
    }

    pub(super) fn rows(&mut self, expression: &Expr) -> Result<u64, SqlError> {
        match self.argument(expression)? {
            (Argument::Rows(rows), cast)
                if cast.as_deref() == self.dialect.cast(&SqlType::Int8) =>
            {
                Ok(*rows)
            }
            _ => stray("a placeholder of another kind"),
        }
    }

    /// The argument of a placeholder, which is thereby used, and the cast it stands under.
    fn argument(&mut self, expression: &Expr) -> Result<(&'a Argument, Option<String>), SqlError> {
        let (inner, cast) = match expression {
            Expr::Cast { .. } => {
                let (inner, cast) = cast(expression)?;
                (inner, Some(cast))
            }
            inner => (inner, None),
        };
        let Expr::Value(literal) = inner else {
            return stray("an expression that is no placeholder");
        };
        let Literal::Placeholder(placeholder) = &literal.value else {
            return stray("a literal");
        };
        let at = placeholder
            .strip_prefix(self.dialect.placeholder())
            .filter(|digits| !digits.starts_with('0'))
            .and_then(|digits| digits.parse::<usize>().ok())
            .and_then(|number| number.checked_sub(1));
        let slot = at.and_then(|at| Some((self.used.get_mut(at)?, self.arguments.get(at)?)));
        match slot {
            Some((used, argument)) if !*used => {
                *used = true;
                Ok((argument, cast))
            }
            _ => stray("a placeholder without a value, or used twice"),
        }
    }

    /// An aggregate and the position of its argument.
    pub(super) fn call(
        &mut self,
        scope: &Scope,
        call: &Function,
    ) -> Result<(AggregateFunction, Option<usize>), SqlError> {
        let (name, list) = plain_call(call)?;
        let function = match (name, list.duplicate_treatment) {
            ("count", None) => AggregateFunction::Count,
            ("count", Some(DuplicateTreatment::Distinct)) => AggregateFunction::CountDistinct,
            ("min", None) => AggregateFunction::Min,
            ("max", None) => AggregateFunction::Max,
            ("sum", None) => AggregateFunction::Sum,
            _ => return stray("a function that is not allowed"),
        };
        match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]
                if function == AggregateFunction::Count =>
            {
                Ok((function, None))
            }
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => {
                let column = self.operand(scope, argument, called(function).1)?;
                if !self.dialect.aggregates(function, &shape_at(&scope.shapes, column)?) {
                    return stray("an aggregate that differs there");
                }
                Ok((function, Some(column)))
            }
            _ => stray("a call with other arguments"),
        }
    }
}

/// A call by a plain name, with nothing but arguments in its parentheses.
pub(super) fn plain_call(call: &Function) -> Result<(&str, &FunctionArgumentList), SqlError> {
    let Function {
        name: ObjectName(name),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group,
    } = call
    else {
        return stray("a call with additions");
    };
    match name.as_slice() {
        [ObjectNamePart::Identifier(name)]
            if name.quote_style.is_none() && within_group.is_empty() && list.clauses.is_empty() =>
        {
            Ok((&name.value, list))
        }
        _ => stray("a call with additions"),
    }
}

/// `expression::name`, with the name in lower case.
fn cast(expression: &Expr) -> Result<(&Expr, String), SqlError> {
    match expression {
        Expr::Cast { kind: CastKind::DoubleColon, expr, data_type, array: false, format: None } => {
            Ok((expr, data_type.to_string().to_ascii_lowercase()))
        }
        _ => stray("a cast of another form"),
    }
}
