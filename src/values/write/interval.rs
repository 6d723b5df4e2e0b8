//! Intervals as text, in the style `postgres` of the setting IntervalStyle.

use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};

use super::cells::Written;
use super::datetime::{fraction, two};
use crate::values::calendar::DAY_US;

/// An interval as PostgreSQL keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) months: i32,
    pub(super) days: i32,
    pub(super) micros: i64,
}

impl Interval {
    /// The time between two timestamps: whole days, and the rest. `None` past the range of days.
    pub(super) fn elapsed(micros: i64) -> Option<Self> {
        let days = i32::try_from(micros / DAY_US).ok()?;
        Some(Self { months: 0, days, micros: micros % DAY_US })
    }
}

/// Parts that are zero are left out; a positive part after a negative one shows its sign.
pub(super) fn text(value: Interval, out: &mut BytesMut) -> Written {
    let mut empty = true;
    let mut after_negative = false;
    let parts = [(value.months / 12, "year"), (value.months % 12, "mon"), (value.days, "day")];
    for (amount, unit) in parts {
        if amount == 0 {
            continue;
        }
        let space = if empty { "" } else { " " };
        let sign = if after_negative && amount > 0 { "+" } else { "" };
        let plural = if amount == 1 { "" } else { "s" };
        let _ = write!(out, "{space}{sign}{amount} {unit}{plural}");
        after_negative = amount < 0;
        empty = false;
    }
    if empty || value.micros != 0 {
        let space = if empty { "" } else { " " };
        let sign = match value.micros {
            ..0 => "-",
            _ if after_negative => "+",
            _ => "",
        };
        let micros = value.micros.unsigned_abs();
        let _ = write!(out, "{space}{sign}{:02}", micros / 3_600_000_000);
        out.put_u8(b':');
        two(micros / 60_000_000 % 60, out);
        out.put_u8(b':');
        two(micros / 1_000_000 % 60, out);
        fraction(micros % 1_000_000, out);
    }
    Ok(())
}

pub(super) fn binary(value: Interval, out: &mut BytesMut) -> Written {
    out.put_i64(value.micros);
    out.put_i32(value.days);
    out.put_i32(value.months);
    Ok(())
}
