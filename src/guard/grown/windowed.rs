//! An aggregate whose result grows with what it is given, as a window computes it: once for each row,
//! so that a hundred thousand rows may each hold a list of all.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature};

use super::bounded::too_large;
use super::bytes::array_bytes;

/// The most that one call may make of all rows.
const MAX_BYTES: u64 = 256 << 20;

/// Whether the results of the aggregate of this name grow with what it is given.
pub fn aggregate_grows(name: &str) -> bool {
    matches!(name, "array_agg" | "string_agg")
}

/// An aggregate in a window, within the bound.
#[derive(Debug)]
pub(super) struct Windowed {
    function: Arc<AggregateUDF>,
    /// By all partitions of the rows together.
    made: Arc<AtomicU64>,
}

impl Windowed {
    /// In place of the function; none where its results do not grow.
    pub fn of(function: &Arc<AggregateUDF>) -> Option<Arc<AggregateUDF>> {
        let grows = aggregate_grows(function.name()) && !function.inner().is::<Self>();
        let bounded = || Self { function: Arc::clone(function), made: Arc::default() };
        grows.then(|| Arc::new(AggregateUDF::from(bounded())))
    }

    fn counted(&self, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        let (name, made) = (self.function.name().to_owned(), Arc::clone(&self.made));
        Box::new(Counted { inner, name, made, rows: 0 })
    }
}

impl PartialEq for Windowed {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
    }
}

impl Eq for Windowed {}

impl Hash for Windowed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
    }
}

impl AggregateUDFImpl for Windowed {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.function.return_type(arguments)
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        self.function.return_field(arguments)
    }

    fn is_nullable(&self) -> bool {
        self.function.is_nullable()
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(self.counted(self.function.accumulator(arguments)?))
    }

    fn create_sliding_accumulator(
        &self,
        arguments: AccumulatorArgs,
    ) -> Result<Box<dyn Accumulator>> {
        Ok(self.counted(self.function.create_sliding_accumulator(arguments)?))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.function.state_fields(arguments)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.function.order_sensitivity()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(arguments)
    }

    fn default_value(&self, of: &DataType) -> Result<ScalarValue> {
        self.function.default_value(of)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.function.supports_null_handling_clause()
    }
}

#[derive(Debug)]
struct Counted {
    inner: Box<dyn Accumulator>,
    name: String,
    made: Arc<AtomicU64>,
    /// That came since the last result. Where a frame is a whole partition, there is one result for
    /// all of them.
    rows: u64,
}

impl Accumulator for Counted {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows += values.first().map_or(0, |values| values.len() as u64);
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.inner.evaluate()?;
        let rows = std::mem::take(&mut self.rows).max(1);
        let bytes = match &result {
            // The list alone, and not what it shares with others.
            ScalarValue::List(list) => array_bytes(&(Arc::clone(list) as ArrayRef)),
            other => other.size() as u64,
        };
        let bytes = bytes.saturating_mul(rows);
        let before = self.made.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > MAX_BYTES {
            return Err(too_large(&self.name, "A window", MAX_BYTES));
        }
        Ok(result)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}
