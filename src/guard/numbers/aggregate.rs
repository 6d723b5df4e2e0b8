//! `sum` and `avg` with the types that PostgreSQL gives them, exact in between.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Int64Type, i256,
};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF,
    Signature, Volatility,
};

use super::decimal::{rounded, within};
use super::fault::told;
use super::types::{DIGITS, QUOTIENT_SCALE, SqlNumber};

/// The most digits of values whose sums the engine can keep in 128 bits, whatever their number.
const DIGITS_IN_128_BITS: u8 = 26;

/// `sum` or `avg`. Whole and numeric values are added up without rounding; floats and intervals are
/// left to the engine.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Exact {
    average: bool,
    sum: Arc<AggregateUDF>,
    engine: Arc<AggregateUDF>,
    signature: Signature,
}

impl Exact {
    /// In place of the engine's function. `sum` is the engine's sum.
    pub fn of(engine: Arc<AggregateUDF>, sum: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
        let average = engine.name() != sum.name();
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(AggregateUDF::from(Self { average, sum, engine, signature }))
    }

    /// What is added up, and what comes out, of a type as `coerce_types` gives it; `None` where
    /// that is the engine's business.
    fn exact(&self, of: &DataType) -> Option<Widths> {
        let number = SqlNumber::of(of)?;
        let (precision, scale) = number.digits()?;
        if !self.average && matches!(number, SqlNumber::Int2 | SqlNumber::Int4) {
            let long = DataType::Int64;
            return Some(Widths { summed: long.clone(), scale: 0, result: long, result_scale: 0 });
        }
        let summed = if precision <= DIGITS_IN_128_BITS {
            DataType::Decimal128(precision, scale)
        } else {
            DataType::Decimal256(precision, scale)
        };
        let result_scale = if self.average { scale.max(QUOTIENT_SCALE) } else { scale };
        let result = DataType::Decimal128(DIGITS, result_scale);
        Some(Widths { summed, scale, result, result_scale })
    }

    fn sum_args<'a>(&self, widths: &Widths, args: &AccumulatorArgs<'a>) -> AccumulatorArgs<'a> {
        let total = Arc::new(Field::new("total", widths.total(), true));
        AccumulatorArgs { return_field: total, ..args.clone() }
    }
}

/// The types on the way of an exact aggregate.
#[derive(Clone, Debug)]
struct Widths {
    summed: DataType,
    scale: i8,
    result: DataType,
    result_scale: i8,
}

impl Widths {
    /// The type of the running total.
    fn total(&self) -> DataType {
        match self.summed {
            DataType::Int64 => DataType::Int64,
            DataType::Decimal128(..) => DataType::Decimal128(DIGITS, self.scale),
            _ => DataType::Decimal256(76, self.scale),
        }
    }

    /// The values as they are added up.
    fn widen(&self, values: &ArrayRef) -> Result<ArrayRef> {
        Ok(cast(values, &self.summed)?)
    }

    /// The results for totals; of an average, each divided by its count.
    fn finish(&self, totals: &ArrayRef, counts: Option<&Int64Array>) -> Result<ArrayRef> {
        if *totals.data_type() == DataType::Int64 {
            return Ok(Arc::clone(totals));
        }
        let one = |at: usize, total: i256| -> Result<Option<i128>, ArrowError> {
            let value = match counts.map(|counts| counts.value(at)) {
                Some(0) => return Ok(None),
                Some(count) => {
                    let shift = u32::try_from(self.result_scale - self.scale).unwrap_or(0);
                    let shifted = i256::from_i128(10).checked_pow(shift);
                    let dividend = shifted.and_then(|unit| total.checked_mul(unit));
                    dividend.map(|dividend| rounded(dividend, i256::from_i128(count.into())))
                }
                None => Some(total),
            };
            within(value.and_then(i256::to_i128).unwrap_or(i128::MAX)).map(Some)
        };
        let values = (0..totals.len()).map(|at| {
            if totals.is_null(at) {
                return Ok(None);
            }
            match totals.data_type() {
                DataType::Decimal128(..) => {
                    one(at, i256::from_i128(totals.as_primitive::<Decimal128Type>().value(at)))
                }
                _ => one(at, totals.as_primitive::<Decimal256Type>().value(at)),
            }
        });
        let values = values.collect::<Result<arrow::array::Decimal128Array, ArrowError>>();
        let values = values.map_err(|error| told(error.into(), &self.result))?;
        Ok(Arc::new(values.with_precision_and_scale(DIGITS, self.result_scale)?))
    }
}

impl AggregateUDFImpl for Exact {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn aliases(&self) -> &[String] {
        self.engine.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [argument] = arguments else {
            return internal_err!("{} has one argument", self.name());
        };
        Ok(vec![match SqlNumber::of(argument) {
            Some(SqlNumber::Float4 | SqlNumber::Float8) => DataType::Float64,
            Some(number) => number.arrow(),
            None if *argument == DataType::Null => DataType::Float64,
            None if matches!(argument, DataType::Interval(_)) => argument.clone(),
            None => return plan_err!("No function matches {}({argument})", self.name()),
        }])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let [argument] = arguments else {
            return internal_err!("{} has one argument", self.name());
        };
        match (self.exact(argument), argument) {
            (Some(widths), _) => Ok(widths.result),
            (None, DataType::Interval(_)) => Ok(argument.clone()),
            (None, _) => self.engine.return_type(arguments),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let Some(widths) = self.widths(&args) else { return self.engine.accumulator(args) };
        if self.average && args.is_distinct {
            return Ok(Box::new(super::distinct::Average::new(widths.finisher())));
        }
        let inner = self.sum.accumulator(self.sum_args(&widths, &args))?;
        Ok(Box::new(ExactTotal { inner, widths, count: self.average.then_some(0) }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let Some(widths) = self.widths(&args) else {
            return self.engine.create_sliding_accumulator(args);
        };
        if args.is_distinct {
            return self.accumulator(args);
        }
        let inner = self.sum.create_sliding_accumulator(self.sum_args(&widths, &args))?;
        Ok(Box::new(ExactTotal { inner, widths, count: self.average.then_some(0) }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let input = args.input_fields.first().map(|field| field.data_type().clone());
        let Some(widths) = input.and_then(|input| self.exact(&input)) else {
            return self.engine.state_fields(args);
        };
        let name = |what: &str| format!("{}[{what}]", args.name);
        if args.is_distinct {
            let of = if self.average { widths.result.clone() } else { widths.total() };
            let item = Field::new_list_field(of, true);
            return Ok(vec![Arc::new(Field::new_list(name("distinct"), item, true))]);
        }
        let total = Arc::new(Field::new(name("total"), widths.total(), true));
        let count =
            self.average.then(|| Arc::new(Field::new(name("count"), DataType::Int64, true)));
        Ok(std::iter::once(total).chain(count).collect())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        match self.widths(&args) {
            Some(_) => !args.is_distinct,
            None => self.engine.groups_accumulator_supported(args),
        }
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(widths) = self.widths(&args) else {
            return self.engine.create_groups_accumulator(args);
        };
        let inner = self.sum.create_groups_accumulator(self.sum_args(&widths, &args))?;
        Ok(Box::new(ExactTotals { inner, widths, counts: self.average.then(Vec::new) }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

impl Exact {
    fn widths(&self, args: &AccumulatorArgs) -> Option<Widths> {
        let input = args.expr_fields.first()?;
        self.exact(input.data_type())
    }
}

impl Widths {
    fn finisher(self) -> super::distinct::Finisher {
        super::distinct::Finisher { scale: self.scale, result_scale: self.result_scale }
    }
}

/// A total of one group, and of an average how many values it is of.
#[derive(Debug)]
struct ExactTotal {
    inner: Box<dyn Accumulator>,
    widths: Widths,
    count: Option<i64>,
}

impl Accumulator for ExactTotal {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return internal_err!("a total is of one column") };
        if let Some(count) = &mut self.count {
            *count += known(values);
        }
        self.inner.update_batch(&[self.widths.widen(values)?])
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return internal_err!("a total is of one column") };
        if let Some(count) = &mut self.count {
            *count -= known(values);
        }
        self.inner.retract_batch(&[self.widths.widen(values)?])
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let total = self.inner.evaluate()?.to_array()?;
        let counts = self.count.map(|count| Int64Array::from(vec![count]));
        let result = self.widths.finish(&total, counts.as_ref())?;
        ScalarValue::try_from_array(&result, 0)
    }

    fn size(&self) -> usize {
        self.inner.size() + size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = self.inner.state()?;
        state.extend(self.count.map(|count| ScalarValue::Int64(Some(count))));
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (totals, counts) = states.split_at(1.min(states.len()));
        if let (Some(count), [counts]) = (&mut self.count, counts) {
            *count += counts.as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
        }
        self.inner.merge_batch(totals)
    }
}

fn known(values: &ArrayRef) -> i64 {
    i64::try_from(values.len() - values.null_count()).unwrap_or(i64::MAX)
}

/// The totals of many groups.
struct ExactTotals {
    inner: Box<dyn GroupsAccumulator>,
    widths: Widths,
    counts: Option<Vec<i64>>,
}

impl ExactTotals {
    fn taken(&mut self, emit_to: EmitTo) -> Option<Int64Array> {
        let counts = self.counts.as_mut()?;
        Some(Int64Array::from(emit_to.take_needed(counts)))
    }
}

impl GroupsAccumulator for ExactTotals {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let [values] = values else { return internal_err!("a total is of one column") };
        if let Some(counts) = &mut self.counts {
            counts.resize(total, 0);
            for (at, group) in groups.iter().enumerate() {
                let admitted = filter.is_none_or(|filter| filter.is_valid(at) && filter.value(at));
                if admitted
                    && values.is_valid(at)
                    && let Some(count) = counts.get_mut(*group)
                {
                    *count += 1;
                }
            }
        }
        self.inner.update_batch(&[self.widths.widen(values)?], groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = self.inner.evaluate(emit_to)?;
        let counts = self.taken(emit_to);
        self.widths.finish(&totals, counts.as_ref())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut state = self.inner.state(emit_to)?;
        state.extend(self.taken(emit_to).map(|counts| Arc::new(counts) as ArrayRef));
        Ok(state)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let (totals, states) = values.split_at(1.min(values.len()));
        if let (Some(counts), [more]) = (&mut self.counts, states) {
            counts.resize(total, 0);
            let more = more.as_primitive::<Int64Type>();
            for (group, more) in groups.iter().zip(more.iter()) {
                if let Some(count) = counts.get_mut(*group) {
                    *count += more.unwrap_or(0);
                }
            }
        }
        self.inner.merge_batch(totals, groups, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let [values] = values else { return internal_err!("a total is of one column") };
        let mut state = self.inner.convert_to_state(&[self.widths.widen(values)?], filter)?;
        if self.counts.is_some() {
            let counts = (0..values.len()).map(|at| {
                let admitted = filter.is_none_or(|filter| filter.is_valid(at) && filter.value(at));
                i64::from(admitted && values.is_valid(at))
            });
            state.push(Arc::new(Int64Array::from_iter_values(counts)));
        }
        Ok(state)
    }

    fn size(&self) -> usize {
        let counts = self.counts.as_ref().map_or(0, Vec::capacity) * size_of::<i64>();
        self.inner.size() + counts + size_of::<Self>()
    }
}
