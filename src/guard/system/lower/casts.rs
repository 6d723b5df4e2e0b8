//! Casts that look up names, and literals of arrays.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use super::hints;
use arrow::datatypes::{DataType, Field};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::{Cast, Placeholder, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, ScalarUDF, cast,
    lit,
};
use portcullis_connector_api::catalog::PG_TYPE_KEY;

use crate::error::{ClientError, SqlState};
use crate::guard::system::functions::{
    NAME_OF_REG, OpenCoalesce, REG_BY_NAME, Shown, named, reg_by_name,
};
use crate::guard::system::{Catalog, types};
use crate::guard::texts;
use crate::guard::typing::{is_quantified, open_array};
use crate::values::{Reader, Rendering};

/// Rewrites the casts of every node, subqueries included.
pub fn lower(catalog: Catalog<'_>, plan: LogicalPlan) -> Result<LogicalPlan> {
    let lowered = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let projection = matches!(node, LogicalPlan::Projection(_));
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| rewrite(catalog, expr, &schema))?;
            Ok(expr.update_data(|expr| {
                let expr = name.restore(expr);
                if projection { hints::write(expr, &schema) } else { expr }
            }))
        })?;
        node.map_data(super::refresh)
    })?;
    Ok(lowered.data)
}

/// Gives the columns of a result the types that PostgreSQL would give them: `reg…` values stand
/// with their names, an OID is marked as one, and there are no unsigned counts.
pub fn present(catalog: Catalog<'_>, plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut any = false;
    let fields = plan.schema().fields().clone();
    let exprs = plan.schema().columns().into_iter().zip(&fields).map(|(column, field)| {
        let (relation, name) = (column.relation.clone(), column.name.clone());
        let expr = Expr::Column(column);
        let (shown, hint) = match (reg_of(field), types::hint(field), field.data_type()) {
            (Some(reg), ..) => {
                (ScalarUDF::from(Shown::new(catalog(), reg)).call(vec![expr]), Some(reg))
            }
            (None, None, DataType::UInt32) => (expr, Some("oid")),
            (None, None, DataType::UInt64) => (cast(expr, DataType::Int64), None),
            _ => return expr,
        };
        any = true;
        let hint = hint.map(|hint| HashMap::from([(PG_TYPE_KEY.to_owned(), hint.to_owned())]));
        shown.alias_qualified_with_metadata(relation, name, hint.map(FieldMetadata::from))
    });
    let exprs: Vec<_> = exprs.collect();
    if any { LogicalPlanBuilder::from(plan).project(exprs)?.build() } else { Ok(plan) }
}

fn reg_of(field: &Field) -> Option<&str> {
    types::hint(field).filter(|hint| types::is_reg(hint) && *field.data_type() == DataType::UInt32)
}

fn rewrite(catalog: Catalog<'_>, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(cast) => cast_to(catalog, cast, schema),
        Expr::ScalarFunction(ScalarFunction { func, mut args }) if is_quantified(func.name()) => {
            let changed = open_array(&mut args, schema);
            let compared = Expr::ScalarFunction(ScalarFunction { func, args });
            Ok(Transformed::new_transformed(compared, changed))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            let left = shown(catalog, *left, schema)?;
            let right = shown(catalog, *right, schema)?;
            let changed = left.transformed || right.transformed;
            let (left, right) = (Box::new(left.data), Box::new(right.data));
            let concat = BinaryExpr { left, op: Operator::StringConcat, right };
            Ok(Transformed::new_transformed(Expr::BinaryExpr(concat), changed))
        }
        Expr::ScalarFunction(ScalarFunction { func, args })
            if func.inner().as_ref().type_id() == TypeId::of::<OpenCoalesce>() =>
        {
            let list = args.iter().find_map(|arg| {
                let field = arg.to_field(schema).ok()?.1;
                matches!(field.data_type(), DataType::List(_)).then_some(field)
            });
            let args = args.into_iter().map(|arg| match (&list, &arg) {
                (Some(list), Expr::Literal(..)) => {
                    let target = list.as_ref().clone().with_name("").with_nullable(true);
                    let cast = Cast::new_from_field(Box::new(arg), target.into());
                    cast_to(catalog, cast, schema).map(|arg| arg.data)
                }
                _ => Ok(arg),
            });
            Ok(Transformed::yes(coalesce(args.collect::<Result<_>>()?)))
        }
        Expr::ScalarFunction(ScalarFunction { func, args })
            if matches!(func.name(), "format" | "quote_ident" | "concat" | "concat_ws") =>
        {
            let mut changed = false;
            let args = args.into_iter().map(|arg| {
                let arg = shown(catalog, arg, schema)?;
                changed |= arg.transformed;
                let arg = texts::shown(arg.data, schema, &|| catalog().rendering())?;
                changed |= arg.transformed;
                Ok(arg.data)
            });
            let args = args.collect::<Result<Vec<_>>>()?;
            let function = Expr::ScalarFunction(ScalarFunction { func, args });
            Ok(Transformed::new_transformed(function, changed))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// A `reg…` value as its text; anything else as it is.
fn shown(catalog: Catalog<'_>, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let (_, field) = expr.to_field(schema)?;
    match reg_of(&field) {
        Some(reg) => Ok(Transformed::yes(call(catalog, NAME_OF_REG, vec![lit(reg), expr])?)),
        None => Ok(Transformed::no(expr)),
    }
}

fn cast_to(catalog: Catalog<'_>, cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Cast { expr, field: target } = cast;
    let is_text = |data_type: &DataType| {
        matches!(data_type, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
    };
    // A parameter of an open type has the type that it is cast to.
    if let Expr::Placeholder(Placeholder { id, field: None }) = expr.as_ref() {
        let typed = Placeholder::new_with_field(id.clone(), Some(Arc::clone(&target)));
        let cast = Cast::new_from_field(Box::new(Expr::Placeholder(typed)), target);
        return Ok(Transformed::yes(Expr::Cast(cast)));
    }
    if let Some(kind) = types::hint(&target).and_then(Written::named)
        && let Some(text) = kind.read(&expr, schema)?
    {
        let cast = Cast::new_from_field(Box::new(lit(text)), target);
        return Ok(Transformed::yes(Expr::Cast(cast)));
    }
    // What the session's zone matters to is read when that is known.
    if let (Expr::Literal(value, _), DataType::List(item)) = (expr.as_ref(), target.data_type())
        && let Some(Some(text)) = value.try_as_str()
        && !matches!(item.data_type(), DataType::Timestamp(_, Some(_)))
        && let Some(reader) = Reader::of(&target, Rendering { time_zone: chrono_tz::UTC })
    {
        let list = reader.read(text).map_err(|error| external(error.told()))?;
        let metadata = FieldMetadata::new_from_field(&target);
        return Ok(Transformed::yes(Expr::Literal(list, Some(metadata))));
    }
    let (_, source) = expr.to_field(schema)?;
    if is_text(target.data_type()) && reg_of(&source).is_some() {
        let text = shown(catalog, *expr, schema)?.data;
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(text), target))));
    }
    if let Some(reg) = reg_of(&target)
        && is_text(source.data_type())
    {
        let oid = match expr.as_ref() {
            Expr::Literal(value, _) => match value.try_as_str() {
                Some(Some(text)) => lit(reg_by_name(&catalog(), reg, text).map_err(external)?),
                _ => lit(ScalarValue::UInt32(None)),
            },
            _ => call(catalog, REG_BY_NAME, vec![lit(reg), *expr])?,
        };
        return Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(oid), target))));
    }
    if *target.data_type() == DataType::UInt32
        && let Expr::Literal(value, _) = expr.as_ref()
        && let Some(Some(text)) = value.try_as_str()
    {
        let oid = text.trim().parse::<u32>().map_err(|_| {
            let message = format!("invalid input syntax for type oid: \"{text}\"");
            external(ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, message))
        })?;
        let cast = Cast::new_from_field(Box::new(lit(oid)), target);
        return Ok(Transformed::yes(Expr::Cast(cast)));
    }
    // A cast to a plain type would keep what is written on its argument.
    if target.name().is_empty() && target.metadata().is_empty() && types::hint(&source).is_some() {
        let target = target.as_ref().clone().with_name(target.data_type().to_string());
        let cast = Cast::new_from_field(expr, target.into());
        return Ok(Transformed::yes(Expr::Cast(cast)));
    }
    Ok(Transformed::no(Expr::Cast(Cast::new_from_field(expr, target))))
}

/// A type whose values are carried as their text, of a form that not every text has.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    Uuid,
    Json,
    Jsonb,
}

impl Written {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "uuid" => Self::Uuid,
            "json" => Self::Json,
            "jsonb" => Self::Jsonb,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
        }
    }

    /// What is cast must have the form for certain: a parameter, which was read as the type, a
    /// value of the type, NULL, or a literal. Gives a literal's text, as the type writes it.
    fn read(self, expr: &Expr, schema: &DFSchema) -> Result<Option<String>> {
        let source = expr.to_field(schema)?.1;
        let is_json = |kind| matches!(kind, Self::Json | Self::Jsonb);
        let same = |hint| hint == self || is_json(hint) && is_json(self);
        if types::hint(&source).and_then(Self::named).is_some_and(same) {
            return Ok(None);
        }
        let name = self.name();
        let text = match expr {
            Expr::Literal(value, _) if value.is_null() => return Ok(None),
            Expr::Literal(value, _) => value.try_as_str().flatten(),
            _ => None,
        };
        let Some(text) = text else {
            let message = format!("a cast to {name} of anything but a literal is not supported");
            return Err(external(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)));
        };
        let read = match self {
            Self::Uuid => uuid::Uuid::try_parse(text).ok().map(|id| id.to_string()),
            Self::Json | Self::Jsonb => {
                serde_json::from_str::<serde::de::IgnoredAny>(text).ok().map(|_| text.to_owned())
            }
        };
        read.map(Some).ok_or_else(|| {
            let message = format!("invalid input syntax for type {name}");
            external(ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, message))
        })
    }
}

fn external(error: ClientError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn call(catalog: Catalog<'_>, name: &str, args: Vec<Expr>) -> Result<Expr> {
    let function = named(&catalog(), name)
        .ok_or_else(|| DataFusionError::Internal(format!("no function \"{name}\"")))?;
    Ok(function.call(args))
}
