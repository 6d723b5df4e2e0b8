//! Decimals as `numeric`: text with all digits of the scale, and the binary form to the base
//! 10,000 of `numeric_send`.

use std::fmt::Display;
use std::io::{Cursor, Write as _};

use arrow::array::ArrayRef;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, UInt64Type,
};
use bytes::{BufMut, BytesMut};

use super::cells::{Write, Writer, Written, integers, primitives};
use super::error::EncodeError;

/// The digits of the longest decimal, and its sign.
const LONGEST: usize = 80;

/// A decimal, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits<'a> {
    negative: bool,
    /// Without leading zeros; empty for zero. ASCII.
    digits: &'a [u8],
    /// How many of them stand behind the point. Negative: so many zeros follow them.
    scale: i32,
}

impl Digits<'_> {
    /// Takes a whole number apart, and hands it on.
    fn with(value: impl Display, scale: i8, then: impl FnOnce(Digits<'_>) -> Written) -> Written {
        let mut room = Cursor::new([0; LONGEST]);
        // No decimal is longer than the room.
        let _ = write!(room, "{value}");
        let length = usize::try_from(room.position()).unwrap_or_default();
        let shown = room.get_ref().get(..length).unwrap_or_default();
        let (negative, shown) = match shown.split_first() {
            Some((b'-', shown)) => (true, shown),
            _ => (false, shown),
        };
        let digits = if shown == b"0" { b"" } else { shown };
        then(Digits { negative, digits, scale: scale.into() })
    }

    /// The digit that counts so many tens; 0 where there is none.
    fn at(&self, power: i32) -> u16 {
        usize::try_from(power + self.scale)
            .ok()
            .and_then(|from_right| self.digits.get(self.digits.len().checked_sub(from_right + 1)?))
            .map_or(0, |digit| u16::from(digit - b'0'))
    }
}

/// Decimals of any width, and integers.
pub(super) fn decimals(
    array: &ArrayRef,
    write: impl for<'a> Write<Digits<'a>>,
) -> Result<Writer, EncodeError> {
    fn of<T: Display>(scale: i8, write: impl for<'a> Write<Digits<'a>>) -> impl Write<T> {
        move |value: T, out: &mut BytesMut| Digits::with(value, scale, |digits| write(digits, out))
    }
    match *array.data_type() {
        DataType::Decimal32(_, scale) => {
            primitives::<Decimal32Type, _>(array, Ok, of(scale, write))
        }
        DataType::Decimal64(_, scale) => {
            primitives::<Decimal64Type, _>(array, Ok, of(scale, write))
        }
        DataType::Decimal128(_, scale) => {
            primitives::<Decimal128Type, _>(array, Ok, of(scale, write))
        }
        DataType::Decimal256(_, scale) => {
            primitives::<Decimal256Type, _>(array, Ok, of(scale, write))
        }
        DataType::UInt64 => primitives::<UInt64Type, _>(array, Ok, of(0, write)),
        _ => integers(array, of(0, write)),
    }
}

pub(super) fn text(value: Digits<'_>, out: &mut BytesMut) -> Written {
    if value.negative {
        out.put_u8(b'-');
    }
    let Digits { digits, scale, .. } = value;
    let behind = usize::try_from(scale).unwrap_or(0);
    let (whole, fraction) =
        digits.split_at_checked(digits.len().saturating_sub(behind)).unwrap_or((digits, b""));
    if whole.is_empty() {
        out.put_u8(b'0');
    } else {
        out.put_slice(whole);
        out.put_bytes(b'0', usize::try_from(-scale).unwrap_or(0));
    }
    if behind > 0 {
        out.put_u8(b'.');
        out.put_bytes(b'0', behind - fraction.len());
        out.put_slice(fraction);
    }
    Ok(())
}

/// Digits to the base 10,000 without zeros at either end, how many tens of thousands the first
/// of them counts, the sign, the scale.
pub(super) fn binary(value: Digits<'_>, out: &mut BytesMut) -> Written {
    const NEGATIVE: u16 = 0x4000;
    let length = value.digits.len() as i32;
    let zeros = value.digits.iter().rev().take_while(|&&digit| digit == b'0').count() as i32;
    let (first, last) = match length {
        0 => (0, 1),
        _ => ((length - 1 - value.scale).div_euclid(4), (zeros - value.scale).div_euclid(4)),
    };
    out.put_u16((first - last + 1) as u16);
    out.put_i16(first as i16);
    out.put_u16(if value.negative { NEGATIVE } else { 0 });
    out.put_u16(value.scale.max(0) as u16);
    for group in (last..=first).rev() {
        let tens = (0..4).rev().map(|place| value.at(group * 4 + place));
        out.put_u16(tens.fold(0, |sum, digit| sum * 10 + digit));
    }
    Ok(())
}
