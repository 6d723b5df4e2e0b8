//! PostgreSQL's spellings, turned into ones that DataFusion's planner takes.
//!
//! The tree is changed in place and means the same afterwards: `OPERATOR(pg_catalog.~)` is `~`,
//! `pg_catalog.f(x)` is `f(x)`, a function in FROM is the unnesting of an array or a subquery,
//! `ARRAY(query)` is the function [`ARRAY_OF`] of a scalar subquery, and every column of a result
//! has the name that PostgreSQL would give it.

mod from;
mod intervals;
mod labels;
mod numbers;
mod patterns;
mod rows;
mod subscripts;

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CharacterLength, DataType, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentList, FunctionArguments, LimitClause, ObjectName,
    ObjectNamePart, Query, Select, TableFactor, UnaryOperator, Value, ValueWithSpan, VisitMut,
    VisitorMut,
};

use super::Catalog;
use crate::error::{ClientError, SqlState};
use crate::guard::calls;
use crate::sql::{fold, quoted};

pub use from::{SECOND_TERM, SERIES_OF};
pub use labels::label;

/// The name of the function that stands for `ARRAY(query)`; no client would call it by accident.
pub const ARRAY_OF: &str = "array of";

/// Rewrites a query and all that is nested in it.
///
/// # Errors
/// 42704 for a collation other than those that order by bytes, 42883 for an unknown operator.
pub fn rewrite(catalog: Catalog<'_>, query: &mut Query) -> Result<(), ClientError> {
    match query.visit(&mut Rewriter { catalog, names: Vec::new(), scopes: Vec::new() }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Rewriter<'a> {
    catalog: Catalog<'a>,
    /// What the columns of the enclosing SELECTs are called, as they were written.
    names: Vec<labels::Names>,
    /// What the enclosing SELECTs read, the innermost last.
    scopes: Vec<from::Scope>,
}

impl VisitorMut for Rewriter<'_> {
    type Break = ClientError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<ClientError> {
        self.scopes.push(from::Scope::of(select));
        self.names.push(labels::Names::of(select));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<ClientError> {
        self.scopes.pop();
        if let Some(names) = self.names.pop() {
            names.give(select);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<ClientError> {
        from::values(&mut query.body);
        if let Some(with) = query.with.as_mut().filter(|with| with.recursive) {
            with.cte_tables.iter_mut().for_each(|cte| from::apart(&mut cte.query.body));
        }
        match limits(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<ClientError> {
        from::rewrite(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<ClientError> {
        if let Expr::UnaryOp { op: UnaryOperator::Minus, expr: power } = expr
            && let Some(base) = base_of(power)
        {
            let negated = UnaryOperator::Minus;
            *base = Expr::UnaryOp { op: negated, expr: Box::new(take(base)) };
            *expr = take(power);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<ClientError> {
        match self.expression(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Rewriter<'_> {
    fn expression(&self, expr: &mut Expr) -> Result<(), ClientError> {
        rows::rewrite(expr)?;
        match expr {
            Expr::Collate { expr: inner, collation } => {
                check_collation(collation)?;
                *expr = take(inner);
            }
            Expr::BinaryOp { left, op, right } => {
                if let BinaryOperator::PGCustomBinaryOperator(parts) = op {
                    *op = operator(parts)?;
                }
                if *op == BinaryOperator::PGExp {
                    *expr = call("power", vec![take(left), take(right)]);
                } else if let Some((negated, any_case)) = patterns::operator(op) {
                    let (text, pattern) = (Box::new(take(left)), Box::new(take(right)));
                    *expr = if any_case {
                        Expr::ILike { negated, any: false, expr: text, pattern, escape_char: None }
                    } else {
                        Expr::Like { negated, any: false, expr: text, pattern, escape_char: None }
                    };
                }
            }
            Expr::Extract { field, expr: of, .. } => {
                let field = field.to_string();
                let function = calls::extract_of(field.trim_matches(['\'', '"']));
                let function = function.ok_or_else(|| unknown_field(&field))?;
                *expr = call(function, vec![take(of)]);
            }
            Expr::Interval(interval) => intervals::spell(interval)?,
            Expr::AtTimeZone { timestamp, time_zone } => {
                *expr = call("timezone", vec![take(time_zone), take(timestamp)]);
            }
            // By place or by pattern, which their types tell.
            Expr::Substring { expr: of, substring_from, substring_for, shorthand, .. } => {
                let one = || Expr::value(Value::Number("1".to_owned(), false));
                let from = substring_from.as_deref_mut().map_or_else(one, take);
                let length = substring_for.as_deref_mut().map(take);
                let name = if *shorthand { "substr" } else { "substring" };
                *expr = call(name, [take(of), from].into_iter().chain(length).collect());
            }
            Expr::Position { expr: wanted, r#in } => {
                *expr = call("strpos", vec![take(r#in), take(wanted)]);
            }
            // What is too long is cut, as an explicit cast does.
            Expr::Cast { expr: inner, data_type, .. } => {
                let length = match data_type {
                    DataType::Varchar(Some(CharacterLength::IntegerLength { length, .. }))
                    | DataType::CharacterVarying(Some(CharacterLength::IntegerLength {
                        length,
                        ..
                    })) => *length,
                    DataType::Char(length) | DataType::Character(length) => {
                        let length = characters(length.as_ref())?;
                        let text = take(inner);
                        **inner = call(calls::CHARACTERS, vec![as_varchar(text), length]);
                        let name = ObjectName::from(vec![quoted("pg_catalog"), quoted("bpchar")]);
                        *data_type = DataType::Custom(name, Vec::new());
                        return Ok(());
                    }
                    DataType::Float8
                    | DataType::Float(_)
                    | DataType::Float4
                    | DataType::Real
                    | DataType::Double(_)
                    | DataType::DoublePrecision => {
                        numbers::exponent(inner);
                        return Ok(());
                    }
                    _ => return Ok(()),
                };
                let text = as_varchar(take(inner));
                let length = Expr::value(Value::Number(length.to_string(), false));
                **inner = call("left", vec![text, length]);
                *data_type = DataType::Varchar(None);
            }
            // The planner looks at types before the literal has one.
            Expr::UnaryOp { op: UnaryOperator::Not, expr: operand }
                if matches!(
                    operand.as_ref(),
                    Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(_), .. })
                ) =>
            {
                **operand = Expr::Cast {
                    kind: sqlparser::ast::CastKind::Cast,
                    expr: Box::new(take(operand)),
                    data_type: DataType::Boolean,
                    array: false,
                    format: None,
                };
            }
            // The planner would put the sign before the first of its numbers alone.
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand }
                if matches!(operand.as_ref(), Expr::Interval(_)) =>
            {
                **operand = Expr::Nested(Box::new(take(operand)));
            }
            Expr::UnaryOp { op, expr: operand } => {
                if *op == UnaryOperator::Minus
                    && let Some(text) = numbers::wide_text(operand)
                {
                    text.insert(0, '-');
                    *expr = take(operand);
                    return Ok(());
                }
                let name = match op {
                    UnaryOperator::PGAbs => "abs",
                    UnaryOperator::PGSquareRoot => "sqrt",
                    UnaryOperator::PGCubeRoot => "cbrt",
                    UnaryOperator::BitwiseNot => calls::bitwise_not(),
                    _ => return Ok(()),
                };
                *expr = call(name, vec![take(operand)]);
            }
            Expr::Function(function) => {
                self::function(function);
                since_midnight(function);
                if let Some((left, right)) = modulo(function) {
                    *expr = Expr::Nested(Box::new(Expr::BinaryOp {
                        left: Box::new(left),
                        op: BinaryOperator::Modulo,
                        right: Box::new(right),
                    }));
                    return Ok(());
                }
                if let Some(series) = from::subscripts(function) {
                    *expr = series;
                }
            }
            Expr::Identifier(name) if name.quote_style.is_none() => {
                let lower = name.value.to_lowercase();
                match lower.as_str() {
                    // Words that PostgreSQL reads as calls, and that no column can be called.
                    "current_schema" | "current_catalog" | "current_role" | "current_user"
                    | "session_user" | "user" => *expr = call(&lower, Vec::new()),
                    "tableoid" => self.table_oid(None, expr),
                    _ => {}
                }
            }
            Expr::CompoundIdentifier(parts) => {
                if let [qualifier, name] = parts.as_slice()
                    && name.value.eq_ignore_ascii_case("tableoid")
                {
                    let qualifier = fold(qualifier);
                    self.table_oid(Some(&qualifier), expr);
                }
            }
            // The pattern is spelled anew with the one escape that the planner knows.
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Some(escape) = escape_char.take_if(|escape| !patterns::is_backslash(escape))
                {
                    **pattern = patterns::escaped(take(pattern), escape);
                }
            }
            Expr::Value(ValueWithSpan { value, .. }) => match value {
                Value::Number(text, _) if calls::is_wide(text) => {
                    let text = Value::SingleQuotedString(std::mem::take(text));
                    *expr = call(calls::WIDE, vec![Expr::value(text)]);
                }
                Value::UnicodeStringLiteral(text) if text.contains('\0') => {
                    let message = "invalid Unicode escape value";
                    return Err(ClientError::new(SqlState::SYNTAX_ERROR, message));
                }
                Value::UnicodeStringLiteral(text) => {
                    *value = Value::SingleQuotedString(std::mem::take(text));
                }
                _ => {}
            },
            Expr::SimilarTo { negated, expr: text, pattern, escape_char } => {
                let mut arguments = vec![take(pattern)];
                arguments.extend(escape_char.take().map(Expr::Value));
                let matches = BinaryOperator::PGRegexMatch;
                let op = if *negated { BinaryOperator::PGRegexNotMatch } else { matches };
                let right = Box::new(call(calls::SIMILAR, arguments));
                *expr = Expr::BinaryOp { left: Box::new(take(text)), op, right };
            }
            Expr::CompoundFieldAccess { access_chain, .. } => {
                for access in access_chain {
                    if let AccessExpr::Subscript(subscript) = access {
                        subscripts::bound(subscript);
                    }
                }
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                if let Some(compared) = quantified(left, compare_op, right, false) {
                    *expr = compared;
                }
            }
            Expr::AllOp { left, compare_op, right } => {
                if let Some(compared) = quantified(left, compare_op, right, true) {
                    *expr = compared;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The system column `tableoid` of a table in scope becomes the table's number.
    fn table_oid(&self, qualifier: Option<&str>, expr: &mut Expr) {
        let found = self.scopes.iter().rev().find_map(|scope| scope.relation(qualifier));
        let oid = found
            .and_then(|(schema, name)| (self.catalog)().objects().table(schema.as_deref(), &name));
        if let Some(oid) = oid {
            *expr = Expr::Cast {
                kind: sqlparser::ast::CastKind::Cast,
                expr: Box::new(Expr::value(Value::Number(oid.to_string(), false))),
                data_type: DataType::Custom(quoted("oid").into(), Vec::new()),
                array: false,
                format: None,
            };
        }
    }
}

/// What a power is of: a sign binds tighter than `^`, which the parser does not know.
fn base_of(power: &mut Expr) -> Option<&mut Expr> {
    let Expr::BinaryOp { left, op: BinaryOperator::PGExp, .. } = power else { return None };
    let mut base = left.as_mut();
    while let Expr::BinaryOp { op: BinaryOperator::PGExp, .. } = base {
        let Expr::BinaryOp { left, .. } = base else { break };
        base = left.as_mut();
    }
    Some(base)
}

/// A comparison with each element of an array, or each row of a subquery; `None` where the
/// operator is none of the six, which is left to the planner.
fn quantified(left: &mut Expr, op: &BinaryOperator, right: &mut Expr, all: bool) -> Option<Expr> {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    if !matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq) {
        return None;
    }
    let array = match (right, op, all) {
        (Expr::Subquery(subquery), Eq, false) | (Expr::Subquery(subquery), NotEq, true) => {
            return Some(Expr::InSubquery {
                subquery: subquery.clone(),
                expr: Box::new(take(left)),
                negated: all,
            });
        }
        (subquery @ Expr::Subquery(_), ..) => call(ARRAY_OF, vec![take(subquery)]),
        (array, ..) => take(array),
    };
    let name = format!("{op} {}", if all { "all" } else { "any" });
    Some(call(&name, vec![array, take(left)]))
}

fn unknown_field(field: &str) -> ClientError {
    let field = field.to_lowercase();
    if field.starts_with("timezone") {
        let message = format!("unit \"{field}\" is not supported");
        return ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message);
    }
    let message = format!("unit \"{field}\" not recognized");
    ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

/// The length of `character(n)`; one where it is not said.
fn characters(length: Option<&CharacterLength>) -> Result<Expr, ClientError> {
    let length = match length {
        Some(CharacterLength::IntegerLength { length, .. }) => *length,
        Some(CharacterLength::Max) | None => 1,
    };
    if length == 0 {
        let message = "length for type character must be at least 1";
        return Err(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
    }
    Ok(Expr::value(Value::Number(length.to_string(), false)))
}

fn as_varchar(text: Expr) -> Expr {
    Expr::Cast {
        kind: sqlparser::ast::CastKind::Cast,
        expr: Box::new(text),
        data_type: DataType::Varchar(None),
        array: false,
        format: None,
    }
}

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`, and a parameter as a limit is a `bigint`.
fn limits(query: &mut Query) -> Result<(), ClientError> {
    if let Some(fetch) = query.fetch.take() {
        if fetch.with_ties || fetch.percent {
            let message = "FETCH FIRST with PERCENT or WITH TIES is not supported";
            return Err(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message));
        }
        let one = || Expr::value(Value::Number("1".to_owned(), false));
        let count = fetch.quantity.unwrap_or_else(one);
        let offset = match query.limit_clause.take() {
            Some(LimitClause::LimitOffset { offset, .. }) => offset,
            _ => None,
        };
        query.limit_clause =
            Some(LimitClause::LimitOffset { limit: Some(count), offset, limit_by: Vec::new() });
    }
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
        let counts = limit.iter_mut().chain(offset.as_mut().map(|offset| &mut offset.value));
        for count in counts {
            if matches!(count, Expr::Value(value) if matches!(value.value, Value::Placeholder(_))) {
                *count = Expr::Cast {
                    kind: sqlparser::ast::CastKind::Cast,
                    expr: Box::new(take(count)),
                    data_type: DataType::BigInt(None),
                    array: false,
                    format: None,
                };
            }
        }
    }
    Ok(())
}

/// Text is ordered by its bytes everywhere, which is what these collations say.
fn check_collation(collation: &ObjectName) -> Result<(), ClientError> {
    let parts = parts(collation);
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema == "pg_catalog" => name,
        _ => &collation.to_string(),
    };
    if matches!(name.as_str(), "default" | "C" | "POSIX" | "ucs_basic") {
        return Ok(());
    }
    let message = format!("collation \"{name}\" for encoding \"UTF8\" does not exist");
    Err(ClientError::new(SqlState::UNDEFINED_OBJECT, message))
}

/// The operator that `OPERATOR(pg_catalog.…)` names.
fn operator(parts: &[String]) -> Result<BinaryOperator, ClientError> {
    let symbol = match parts {
        [symbol] => Some(symbol),
        [schema, symbol] if schema.eq_ignore_ascii_case("pg_catalog") => Some(symbol),
        _ => None,
    };
    let operator = symbol.and_then(|symbol| {
        Some(match symbol.as_str() {
            "=" => BinaryOperator::Eq,
            "<>" | "!=" => BinaryOperator::NotEq,
            "<" => BinaryOperator::Lt,
            "<=" => BinaryOperator::LtEq,
            ">" => BinaryOperator::Gt,
            ">=" => BinaryOperator::GtEq,
            "+" => BinaryOperator::Plus,
            "-" => BinaryOperator::Minus,
            "*" => BinaryOperator::Multiply,
            "/" => BinaryOperator::Divide,
            "%" => BinaryOperator::Modulo,
            "^" => BinaryOperator::PGExp,
            "||" => BinaryOperator::StringConcat,
            "~" => BinaryOperator::PGRegexMatch,
            "~*" => BinaryOperator::PGRegexIMatch,
            "!~" => BinaryOperator::PGRegexNotMatch,
            "!~*" => BinaryOperator::PGRegexNotIMatch,
            "~~" => BinaryOperator::PGLikeMatch,
            "~~*" => BinaryOperator::PGILikeMatch,
            "!~~" => BinaryOperator::PGNotLikeMatch,
            "!~~*" => BinaryOperator::PGNotILikeMatch,
            _ => return None,
        })
    });
    operator.ok_or_else(|| {
        let message = format!("operator does not exist: {}", parts.join("."));
        ClientError::new(SqlState::UNDEFINED_FUNCTION, message)
    })
}

fn function(function: &mut Function) {
    if let [schema, name] = function.name.0.as_slice()
        && schema.as_ident().is_some_and(|schema| fold(schema) == "pg_catalog")
    {
        function.name = ObjectName(vec![name.clone()]);
    }
    // The parser reads `ARRAY(query)` as a function whose arguments are a query.
    if let FunctionArguments::Subquery(query) = &function.args
        && parts(&function.name) == ["array"]
    {
        let query = Expr::Subquery(query.clone());
        if let Expr::Function(array) = call(ARRAY_OF, vec![query]) {
            *function = array;
        }
    }
}

/// `age(moment)` is that at the beginning of today.
fn since_midnight(function: &mut Function) {
    if let FunctionArguments::List(list) = &mut function.args
        && list.args.len() == 1
        && parts(&function.name) == ["age"]
    {
        let today = call("current_date", Vec::new());
        list.args.insert(0, FunctionArg::Unnamed(FunctionArgExpr::Expr(today)));
    }
}

/// The operands of `mod(a, b)`, which is `a % b`.
fn modulo(function: &Function) -> Option<(Expr, Expr)> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(left)),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(right)),
        ] if parts(&function.name) == ["mod"] => {
            let nested = |side: &Expr| Expr::Nested(Box::new(side.clone()));
            Some((nested(left), nested(right)))
        }
        _ => None,
    }
}

/// A call by position.
fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments =
        arguments.into_iter().map(|one| FunctionArg::Unnamed(FunctionArgExpr::Expr(one)));
    Expr::Function(Function {
        name: quoted(name).into(),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn parts(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(ObjectNamePart::as_ident).map(fold).collect()
}

/// Takes an expression out of its place.
fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}
