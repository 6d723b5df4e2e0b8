//! Decimals as `numeric`: text with all digits of the scale, and the binary form to the base
//! 10,000 of `numeric_send`.

use arrow::array::ArrayRef;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, i256,
};
use bytes::{BufMut, BytesMut};

use super::cells::{Write, Writer, Written, integers, primitives, unsupported};
use super::error::EncodeError;

/// A decimal, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    negative: bool,
    /// Without leading zeros; empty for zero. ASCII.
    digits: Vec<u8>,
    /// Behind the point. Negative: zeros that follow the digits.
    scale: i32,
}

impl Digits {
    fn new(shown: &str, scale: i32) -> Self {
        let (negative, digits) = match shown.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, shown),
        };
        let digits = digits.trim_start_matches('0').as_bytes().to_vec();
        Self { negative: negative && !digits.is_empty(), digits, scale }
    }

    /// The digits before the point and those behind it, with zeros where places are empty.
    fn parts(&self) -> (Vec<u8>, Vec<u8>) {
        let mut digits = self.digits.clone();
        let scale = match usize::try_from(self.scale) {
            Ok(scale) => scale,
            Err(_) => {
                let zeros = if digits.is_empty() { 0 } else { self.scale.unsigned_abs() as usize };
                digits.resize(digits.len() + zeros, b'0');
                0
            }
        };
        let missing = scale.saturating_sub(digits.len());
        let mut behind = vec![b'0'; missing];
        let whole = digits.len() - (scale - missing);
        behind.extend(digits.drain(whole..));
        (digits, behind)
    }
}

/// Decimals of any width, and integers.
pub(super) fn decimals(
    array: &ArrayRef,
    write: impl Fn(&Digits, &mut BytesMut) -> Written + Copy + Send + Sync + 'static,
) -> Result<Writer, EncodeError> {
    fn of(
        scale: i8,
        write: impl Fn(&Digits, &mut BytesMut) -> Written + Copy + Send + Sync + 'static,
    ) -> impl Write<i128> {
        move |value: i128, out: &mut BytesMut| {
            write(&Digits::new(&value.to_string(), scale.into()), out)
        }
    }
    match *array.data_type() {
        DataType::Decimal32(_, scale) => {
            primitives::<Decimal32Type, _>(array, |v| Ok(v.into()), of(scale, write))
        }
        DataType::Decimal64(_, scale) => {
            primitives::<Decimal64Type, _>(array, |v| Ok(v.into()), of(scale, write))
        }
        DataType::Decimal128(_, scale) => {
            primitives::<Decimal128Type, _>(array, Ok, of(scale, write))
        }
        DataType::Decimal256(_, scale) => {
            primitives::<Decimal256Type, _>(array, Ok, move |v: i256, out: &mut BytesMut| {
                write(&Digits::new(&v.to_string(), scale.into()), out)
            })
        }
        DataType::UInt64 => {
            primitives::<arrow::datatypes::UInt64Type, _>(array, |v| Ok(v.into()), of(0, write))
        }
        _ if array.data_type().is_integer() => {
            let write = of(0, write);
            integers(array, move |v: i64, out: &mut BytesMut| write(v.into(), out))
        }
        _ => Err(unsupported(array, "numeric")),
    }
}

pub(super) fn text(value: &Digits, out: &mut BytesMut) -> Written {
    let (whole, behind) = value.parts();
    if value.negative {
        out.put_u8(b'-');
    }
    if whole.is_empty() {
        out.put_u8(b'0');
    }
    out.put_slice(&whole);
    if !behind.is_empty() {
        out.put_u8(b'.');
        out.put_slice(&behind);
    }
    Ok(())
}

/// Digits to the base 10,000, the place of the first of them, the sign, the scale.
pub(super) fn binary(value: &Digits, out: &mut BytesMut) -> Written {
    const NEGATIVE: u16 = 0x4000;
    let (mut whole, mut behind) = value.parts();
    let scale = behind.len();
    // Groups of four are counted from the point, outwards.
    let missing = whole.len().next_multiple_of(4) - whole.len();
    whole.splice(..0, std::iter::repeat_n(b'0', missing));
    behind.resize(scale.next_multiple_of(4), b'0');
    let before_point = whole.len() / 4;
    whole.append(&mut behind);

    let group = |four: &[u8]| four.iter().fold(0_u16, |sum, d| sum * 10 + u16::from(d - b'0'));
    let groups: Vec<u16> = whole.chunks(4).map(group).collect();
    let leading = groups.iter().take_while(|&&group| group == 0).count();
    let trailing = groups.iter().rev().take_while(|&&group| group == 0).count();
    let kept = groups.get(leading..groups.len().saturating_sub(trailing)).unwrap_or_default();
    let weight = if kept.is_empty() { 0 } else { before_point as i16 - leading as i16 - 1 };

    out.put_u16(kept.len() as u16);
    out.put_i16(weight);
    out.put_u16(if value.negative { NEGATIVE } else { 0 });
    out.put_u16(scale as u16);
    kept.iter().for_each(|&group| out.put_u16(group));
    Ok(())
}
