//! `INTERVAL '…'` in the one spelling that the planner reads as PostgreSQL means it.

use sqlparser::ast::{DateTimeField, Expr, Interval, Value};

use crate::error::{ClientError, SqlState};
use crate::values::interval;

/// Spells an interval anew. One that is no literal is left to the planner.
///
/// # Errors
/// 22007 where it is none, 0A000 where its fields would cut it.
pub(super) fn spell(written: &mut Interval) -> Result<(), ClientError> {
    let Expr::Value(value) = written.value.as_mut() else { return Ok(()) };
    let Value::SingleQuotedString(text) = &mut value.value else { return Ok(()) };
    let number = !text.trim().is_empty()
        && text.trim().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-'));
    let whole = match (&written.leading_field, &written.last_field) {
        (None, None) => text.clone(),
        // `'3' DAY`; a number with a second hyphen would be years and months, and of a fraction the
        // field would cut all but that of seconds.
        (Some(field), None)
            if number
                && !text.trim().trim_start_matches('-').contains('-')
                && (!text.contains('.') || *field == DateTimeField::Second) =>
        {
            format!("{} {field}", text.trim())
        }
        (Some(DateTimeField::Year), Some(DateTimeField::Month))
        | (Some(DateTimeField::Day), Some(DateTimeField::Second))
        | (Some(DateTimeField::Hour), Some(DateTimeField::Second)) => text.clone(),
        _ => {
            let message = "an interval that is cut to its fields is not supported";
            return Err(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                .hint("Write all of it as the text, such as INTERVAL '1 day 2 hours'."));
        }
    };
    let (months, days, nanos) = interval(&whole)?;
    *text = format!("{months} months {days} days {nanos} nanoseconds");
    (written.leading_field, written.last_field) = (None, None);
    (written.leading_precision, written.fractional_seconds_precision) = (None, None);
    Ok(())
}
