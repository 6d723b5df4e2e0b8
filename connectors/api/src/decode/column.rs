//! One column of a batch, while it is filled.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanArray, BooleanBufferBuilder, BooleanBuilder, Date32Builder,
    Decimal128Builder, Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder,
    StringViewBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};

use crate::catalog::{Column, SqlType};
use crate::decode::text;
use crate::error::ConnectorError;

/// Takes the cells of one column and decodes them.
pub struct CellBuilder {
    column: String,
    sql_type: SqlType,
    values: Values,
    /// For a fallible column, which cells could not be decoded.
    marks: Option<BooleanBufferBuilder>,
    /// Whether a cell of a column that is not fallible could not be decoded.
    broken: bool,
    bytes: usize,
}

enum Values {
    Bool(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Numeric(Decimal128Builder, u8, i8),
    Text(StringViewBuilder),
    Bytea(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

macro_rules! each_builder {
    ($values:expr, $builder:ident => $result:expr) => {
        match $values {
            Values::Bool($builder) => $result,
            Values::Int2($builder) => $result,
            Values::Int4($builder) => $result,
            Values::Int8($builder) => $result,
            Values::Float4($builder) => $result,
            Values::Float8($builder) => $result,
            Values::Numeric($builder, _, _) => $result,
            Values::Text($builder) => $result,
            Values::Bytea($builder) => $result,
            Values::Date($builder) => $result,
            Values::Time($builder) => $result,
            Values::Timestamp($builder) => $result,
        }
    };
}

impl CellBuilder {
    /// A builder for this column.
    ///
    /// # Errors
    /// [`ConnectorError::Unsupported`] for intervals and arrays, which have no text form here.
    pub fn new(column: &Column) -> Result<Self, ConnectorError> {
        let values = match &column.sql_type {
            SqlType::Bool => Values::Bool(BooleanBuilder::new()),
            SqlType::Int2 => Values::Int2(Int16Builder::new()),
            SqlType::Int4 => Values::Int4(Int32Builder::new()),
            SqlType::Int8 => Values::Int8(Int64Builder::new()),
            SqlType::Float4 => Values::Float4(Float32Builder::new()),
            SqlType::Float8 => Values::Float8(Float64Builder::new()),
            SqlType::Numeric { precision, scale } => {
                let builder = Decimal128Builder::new().with_data_type(column.sql_type.arrow_type());
                Values::Numeric(builder, *precision, *scale)
            }
            SqlType::Text | SqlType::Varchar | SqlType::Uuid | SqlType::Json | SqlType::Jsonb => {
                Values::Text(StringViewBuilder::new())
            }
            SqlType::Bytea => Values::Bytea(BinaryBuilder::new()),
            SqlType::Date => Values::Date(Date32Builder::new()),
            SqlType::Time => Values::Time(Time64MicrosecondBuilder::new()),
            SqlType::Timestamp | SqlType::Timestamptz => Values::Timestamp(
                TimestampMicrosecondBuilder::new().with_data_type(column.sql_type.arrow_type()),
            ),
            SqlType::Interval | SqlType::Array(_) => {
                return Err(ConnectorError::Unsupported(format!(
                    "column \"{}\" is of a type that this kind of source does not hold",
                    column.name
                )));
            }
        };
        Ok(Self {
            column: column.name.to_string(),
            sql_type: column.sql_type.clone(),
            values,
            marks: column.fallible.then(|| BooleanBufferBuilder::new(0)),
            broken: false,
            bytes: 0,
        })
    }

    /// The type that cells are decoded to.
    pub fn sql_type(&self) -> &SqlType {
        &self.sql_type
    }

    /// A cell without a value.
    pub fn null(&mut self) {
        self.absent(false);
    }

    /// A cell that cannot be decoded.
    pub fn bad(&mut self) {
        self.absent(true);
    }

    /// A cell that the source holds as text.
    pub fn text(&mut self, value: &str) {
        self.bytes += value.len();
        let taken = match &mut self.values {
            Values::Bool(builder) => put(text::boolean(value), |it| builder.append_value(it)),
            Values::Int2(builder) => {
                let small = text::integer(value).and_then(|it| it.try_into().ok());
                put(small, |it| builder.append_value(it))
            }
            Values::Int4(builder) => {
                let small = text::integer(value).and_then(|it| it.try_into().ok());
                put(small, |it| builder.append_value(it))
            }
            Values::Int8(builder) => put(text::integer(value), |it| builder.append_value(it)),
            Values::Float4(builder) => put(text::float4(value), |it| builder.append_value(it)),
            Values::Float8(builder) => put(text::float8(value), |it| builder.append_value(it)),
            Values::Numeric(builder, precision, scale) => {
                put(text::numeric(value, *precision, *scale), |it| builder.append_value(it))
            }
            Values::Text(builder) => match self.sql_type {
                SqlType::Uuid => put(text::uuid(value), |it| builder.append_value(it)),
                SqlType::Json | SqlType::Jsonb => {
                    put(text::is_json(value).then_some(value), |it| builder.append_value(it))
                }
                // PostgreSQL's text cannot hold U+0000.
                _ => {
                    let whole = !value.as_bytes().contains(&0);
                    put(whole.then_some(value), |it| builder.append_value(it))
                }
            },
            Values::Bytea(builder) => put(text::bytea(value), |it| builder.append_value(it)),
            Values::Date(builder) => put(text::date(value), |it| builder.append_value(it)),
            Values::Time(builder) => put(text::time(value), |it| builder.append_value(it)),
            Values::Timestamp(builder) => {
                let micros = match self.sql_type {
                    SqlType::Timestamptz => text::timestamptz(value),
                    _ => text::timestamp(value),
                };
                put(micros, |it| builder.append_value(it))
            }
        };
        self.settle(taken);
    }

    /// A cell that the source holds as an integer. Dates and times are not guessed from numbers:
    /// their unit and origin are unknown.
    pub fn integer(&mut self, value: i64) {
        self.bytes += size_of::<i64>();
        let taken = match &mut self.values {
            Values::Bool(builder) => {
                put((value == 0 || value == 1).then_some(value == 1), |it| builder.append_value(it))
            }
            Values::Int2(builder) => put(value.try_into().ok(), |it| builder.append_value(it)),
            Values::Int4(builder) => put(value.try_into().ok(), |it| builder.append_value(it)),
            Values::Int8(builder) => put(Some(value), |it| builder.append_value(it)),
            #[expect(clippy::cast_precision_loss, reason = "PostgreSQL rounds int8 to floats too")]
            Values::Float4(builder) => put(Some(value as f32), |it| builder.append_value(it)),
            #[expect(clippy::cast_precision_loss, reason = "PostgreSQL rounds int8 to floats too")]
            Values::Float8(builder) => put(Some(value as f64), |it| builder.append_value(it)),
            Values::Numeric(builder, precision, scale) => {
                let unscaled = u32::try_from(*scale)
                    .ok()
                    .and_then(|scale| 10_i128.checked_pow(scale))
                    .and_then(|factor| factor.checked_mul(value.into()))
                    .filter(|unscaled| text::fits(*unscaled, *precision));
                put(unscaled, |it| builder.append_value(it))
            }
            Values::Text(builder) => {
                let plain = self.sql_type != SqlType::Uuid;
                put(plain.then(|| value.to_string()), |it| builder.append_value(it))
            }
            Values::Bytea(_) | Values::Date(_) | Values::Time(_) | Values::Timestamp(_) => false,
        };
        self.settle(taken);
    }

    /// A cell that the source holds as a floating-point number. It becomes an integer only where
    /// it is one, and is rounded to the scale of a `numeric`.
    pub fn float(&mut self, value: f64) {
        self.bytes += size_of::<f64>();
        match &mut self.values {
            Values::Float8(builder) => {
                builder.append_value(value);
                self.settle(true);
            }
            #[expect(clippy::cast_possible_truncation, reason = "an overflow shows as infinity")]
            Values::Float4(builder) => {
                let narrow = value as f32;
                let fits = narrow.is_finite() == value.is_finite();
                let taken = put(fits.then_some(narrow), |it| builder.append_value(it));
                self.settle(taken);
            }
            Values::Numeric(builder, precision, scale) => {
                let digits = usize::try_from(*scale).unwrap_or(0);
                let unscaled = text::numeric(&format!("{value:.digits$}"), *precision, *scale);
                let taken = put(unscaled, |it| builder.append_value(it));
                self.settle(taken);
            }
            Values::Bool(_) | Values::Int2(_) | Values::Int4(_) | Values::Int8(_) => {
                match whole(value) {
                    Some(integer) => self.integer(integer),
                    None => self.bad(),
                }
            }
            Values::Text(builder) => {
                let plain = matches!(
                    self.sql_type,
                    SqlType::Text | SqlType::Varchar | SqlType::Json | SqlType::Jsonb
                ) && value.is_finite();
                let taken = put(plain.then(|| value.to_string()), |it| builder.append_value(it));
                self.settle(taken);
            }
            Values::Bytea(_) | Values::Date(_) | Values::Time(_) | Values::Timestamp(_) => {
                self.bad();
            }
        }
    }

    /// A cell that the source holds as bytes: a value of `bytea`, and of nothing else.
    pub fn bytes(&mut self, value: &[u8]) {
        self.bytes += value.len();
        match &mut self.values {
            Values::Bytea(builder) => {
                builder.append_value(value);
                self.settle(true);
            }
            _ => self.bad(),
        }
    }

    /// How many bytes of cells it was given since the last batch, roughly.
    pub(super) fn size(&self) -> usize {
        self.bytes
    }

    /// The column and, where it is fallible, its marks; begins a new batch.
    pub(super) fn finish(&mut self) -> Result<(ArrayRef, Option<ArrayRef>), ConnectorError> {
        if self.broken {
            return Err(ConnectorError::BadCell {
                column: self.column.clone(),
                sql_type: self.sql_type.to_string(),
            });
        }
        self.bytes = 0;
        let values = each_builder!(&mut self.values, builder => Arc::new(builder.finish()) as _);
        let marks = self
            .marks
            .as_mut()
            .map(|marks| Arc::new(BooleanArray::new(marks.finish(), None)) as ArrayRef);
        Ok((values, marks))
    }

    fn absent(&mut self, bad: bool) {
        each_builder!(&mut self.values, builder => builder.append_null());
        self.mark(bad);
    }

    /// Marks the cell that was just appended, or appends a bad one where nothing was.
    fn settle(&mut self, taken: bool) {
        if taken { self.mark(false) } else { self.bad() }
    }

    fn mark(&mut self, bad: bool) {
        match &mut self.marks {
            Some(marks) => marks.append(bad),
            None => self.broken |= bad,
        }
    }
}

fn put<T>(value: Option<T>, append: impl FnOnce(T)) -> bool {
    value.map(append).is_some()
}

/// The integer that a float is, if it is one.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked just before")]
fn whole(value: f64) -> Option<i64> {
    /// 2^63, the first float past the largest `int8`.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (value.trunc() == value && (-LIMIT..LIMIT).contains(&value)).then_some(value as i64)
}
