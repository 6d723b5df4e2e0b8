//! `x = ANY (array)` and `x = ALL (array)`, with the three truth values that they have.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DFSchema, Result, ScalarValue, internal_err};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast, lit,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};

use super::common::{brought, field_of};
use super::compare::{no_operator, together};
use super::kind::{Kind, Operand};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::{external, open_text};

/// A comparison with the elements of an array: the array first, then what it is compared with.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Quantified {
    op: Operator,
    all: bool,
    name: &'static str,
    signature: Signature,
}

const NAMES: [(&str, Operator, bool); 12] = [
    ("= any", Operator::Eq, false),
    ("<> any", Operator::NotEq, false),
    ("< any", Operator::Lt, false),
    ("<= any", Operator::LtEq, false),
    ("> any", Operator::Gt, false),
    (">= any", Operator::GtEq, false),
    ("= all", Operator::Eq, true),
    ("<> all", Operator::NotEq, true),
    ("< all", Operator::Lt, true),
    ("<= all", Operator::LtEq, true),
    ("> all", Operator::Gt, true),
    (">= all", Operator::GtEq, true),
];

/// Whether this is the name of one; no client would call it by accident.
pub(in crate::guard) fn is_quantified(name: &str) -> bool {
    NAMES.iter().any(|(known, ..)| *known == name)
}

/// `x = ANY ($1)`: a parameter of an open type is an array of what it is compared with.
pub(in crate::guard) fn open_array(args: &mut [Expr], schema: &DFSchema) -> bool {
    let [Expr::Placeholder(array), item] = args else { return false };
    if array.field.is_some() {
        return false;
    }
    let Some(item) = Operand::of(item, schema) else { return false };
    let item = field_of(&item).with_name("item");
    array.field = Some(Arc::new(Field::new("", DataType::List(item.into()), true)));
    true
}

impl Quantified {
    /// All of them, by name.
    pub fn functions() -> impl Iterator<Item = (&'static str, Arc<ScalarUDF>)> {
        NAMES.into_iter().map(|(name, op, all)| {
            let signature = Signature::user_defined(Volatility::Immutable);
            let function = Self { op, all, name, signature };
            (name, Arc::new(ScalarUDF::from(function)))
        })
    }

    fn of(function: &ScalarUDF) -> Option<&Self> {
        let inner: &dyn std::any::Any = function.inner().as_ref();
        inner.downcast_ref()
    }
}

/// The operands in the types that PostgreSQL compares them in.
pub(super) fn operands(
    function: &ScalarUDF,
    args: Vec<Expr>,
    schema: &DFSchema,
) -> Result<Vec<Expr>> {
    let [array, item] = <[Expr; 2]>::try_from(args)
        .or_else(|_| internal_err!("an array is compared with one value"))?;
    let (Some(many), Some(one)) = (Operand::of(&array, schema), Operand::of(&item, schema)) else {
        return Ok(vec![array, item]);
    };
    if open_text(&array).is_some() {
        let element = if one.kind == Kind::Unknown {
            Field::new("item", DataType::Utf8, true)
        } else {
            field_of(&one).with_name("item")
        };
        return Ok(vec![cast(array, DataType::List(element.into())), item]);
    }
    let DataType::List(element) = many.field.data_type() else {
        return if many.kind == Kind::Unknown || many.kind == Kind::Other {
            Ok(vec![array, item])
        } else {
            Err(not_an_array())
        };
    };
    let each = Operand { kind: Kind::of_field(element), field: Arc::clone(element) };
    let op = Quantified::of(function).map_or("=".to_owned(), |own| own.op.to_string());
    let to = together(&one, &each).ok_or_else(|| no_operator(&one, &op, &each))?;
    let Some(to) = to else { return Ok(vec![array, item]) };
    let item = brought(item, &to, schema)?;
    let same = each.kind == Kind::Unknown || each.field.data_type() == to.field.data_type();
    let array = if same {
        array
    } else {
        cast(array, DataType::List(field_of(&to).with_name("item").into()))
    };
    Ok(vec![array, item])
}

fn not_an_array() -> datafusion::error::DataFusionError {
    let message = "op ANY/ALL (array) requires array on right side";
    external(ClientError::new(SqlState::WRONG_OBJECT_TYPE, message))
}

impl ScalarUDFImpl for Quantified {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [array, item] = arguments else {
            return internal_err!("an array is compared with one value");
        };
        let element = match array {
            DataType::List(element) | DataType::LargeList(element) => element.data_type(),
            // A literal in quotes, read as an array once the types are known; [`operands`] has
            // refused anything else.
            _ => return Ok(vec![DataType::new_list(item.clone(), true), item.clone()]),
        };
        let (item, element) = BinaryTypeCoercer::new(item, &self.op, element).get_input_types()?;
        Ok(vec![DataType::new_list(element, true), item])
    }

    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let negated = match (self.op, self.all) {
            (Operator::Eq, false) => false,
            (Operator::NotEq, true) => true,
            _ => return Ok(ExprSimplifyResult::Original(args)),
        };
        let [Expr::Literal(ScalarValue::List(array), _), item] = args.as_slice() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        if array.is_null(0) {
            return Ok(ExprSimplifyResult::Simplified(lit(ScalarValue::Boolean(None))));
        }
        let elements = array.value(0);
        if elements.is_empty() {
            return Ok(ExprSimplifyResult::Simplified(lit(negated)));
        }
        let list = (0..elements.len())
            .map(|at| Ok(lit(ScalarValue::try_from_array(&elements, at)?)))
            .collect::<Result<Vec<_>>>()?;
        let list = InList { expr: Box::new(item.clone()), list, negated };
        Ok(ExprSimplifyResult::Simplified(Expr::InList(list)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let [array, item] = arguments.args.as_slice() else {
            return internal_err!("an array is compared with one value");
        };
        let found = self.compare(&array.to_array(rows)?, &item.to_array(rows)?)?;
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

impl Quantified {
    fn compare(&self, arrays: &ArrayRef, items: &ArrayRef) -> Result<BooleanArray> {
        let Some(arrays) = arrays.as_list_opt::<i32>() else {
            return internal_err!("an array is of another type");
        };
        let length = |row: usize| {
            if arrays.is_null(row) {
                0
            } else {
                u64::try_from(arrays.value_length(row)).unwrap_or(0)
            }
        };
        let start = |row: usize| {
            arrays.value_offsets().get(row).and_then(|at| u64::try_from(*at).ok()).unwrap_or(0)
        };
        let rows = 0..arrays.len();
        let elements: UInt64Array =
            rows.clone().flat_map(|row| start(row)..start(row) + length(row)).collect();
        let repeated: UInt64Array = rows
            .clone()
            .flat_map(|row| {
                std::iter::repeat_n(row as u64, usize::try_from(length(row)).unwrap_or(0))
            })
            .collect();
        let pairs =
            self.pairs(&take(items, &repeated, None)?, &take(arrays.values(), &elements, None)?)?;
        let mut verdicts = pairs.iter();
        let mut found = BooleanBuilder::with_capacity(arrays.len());
        for row in rows {
            if arrays.is_null(row) {
                found.append_null();
                continue;
            }
            // What settles it is the first that is true of ANY, false of ALL.
            let mut verdict = Some(self.all);
            for _ in 0..length(row) {
                match verdicts.next().flatten() {
                    Some(one) if one != self.all => verdict = Some(one),
                    None if verdict == Some(self.all) => verdict = None,
                    _ => {}
                }
            }
            found.append_option(verdict);
        }
        Ok(found.finish())
    }

    fn pairs(&self, items: &ArrayRef, elements: &ArrayRef) -> Result<BooleanArray> {
        let rows = items.len();
        let field = |name, of: &ArrayRef| Field::new(name, of.data_type().clone(), true);
        let batch = RecordBatch::try_new_with_options(
            Arc::new(Schema::new(vec![field("l", items), field("r", elements)])),
            vec![Arc::clone(items), Arc::clone(elements)],
            &RecordBatchOptions::new().with_row_count(Some(rows)),
        )?;
        let side = |name, at| Arc::new(Column::new(name, at)) as Arc<dyn PhysicalExpr>;
        let compared = BinaryExpr::new(side("l", 0), self.op, side("r", 1)).evaluate(&batch)?;
        Ok(compared.into_array(rows)?.as_boolean().clone())
    }
}
