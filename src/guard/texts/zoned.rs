//! Between moments and what a clock of the session's zone shows.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;

use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;
use crate::values::{Rendering, Zone};

/// What a clock shows.
pub(super) const CLOCK: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Whether a cast asks for the session's zone.
pub(super) fn matters(source: &DataType, target: &DataType) -> bool {
    use DataType::{Date32, Time64, Timestamp};
    matches!(
        (source, target),
        (Timestamp(_, Some(_)), Timestamp(_, None) | Date32 | Time64(_))
            | (Timestamp(_, None) | Date32, Timestamp(_, Some(_)))
    )
}

/// Moments as what a clock shows, or the other way round.
///
/// # Errors
/// 22008 past the range of timestamps.
pub(super) fn moved(
    values: &ArrayRef,
    target: &DataType,
    rendering: Rendering,
) -> Result<ArrayRef> {
    let zone = Zone::Named(rendering.time_zone);
    let of_moments = matches!(values.data_type(), DataType::Timestamp(_, Some(_)));
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let micros = cast(values, if of_moments { &utc } else { &CLOCK })?;
    let moved = micros.as_primitive::<TimestampMicrosecondType>().try_unary(|micros| {
        let moved = if of_moments { zone.local_us(micros) } else { zone.moment_us(micros) };
        moved.ok_or_else(|| {
            let message = "timestamp out of range";
            external(ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, message))
        })
    });
    let moved: TimestampMicrosecondArray = moved?;
    let zone = match target {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let moved: ArrayRef = Arc::new(moved.with_timezone_opt(zone));
    Ok(cast(&moved, target)?)
}
