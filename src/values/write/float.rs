//! Floating point as text: the shortest digits that read back as the same value, laid out as
//! PostgreSQL does since version 12.

use std::fmt::{Arguments, LowerExp};
use std::io::{Cursor, Write as _};

use bytes::{BufMut, BytesMut};

/// Decimal exponents from which `float4` is written with an exponent.
const FLOAT4_LIMIT: i32 = 6;

/// The same for `float8`.
const FLOAT8_LIMIT: i32 = 15;

/// Below this decimal exponent both are written with one.
const SMALL_LIMIT: i32 = -4;

/// No value needs more digits.
const MOST_DIGITS: usize = 17;

pub(super) fn float4(value: f32, out: &mut BytesMut) {
    if special(value.into(), out) {
        return;
    }
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 23) & 0xff, bits & 0x7f_ffff);
    let binary = Binary::new(exponent.into(), fraction.into(), 23, -150);
    lay_out(&shortest(value, &binary, |text| text.parse() == Ok(value)), FLOAT4_LIMIT, out);
}

pub(super) fn float8(value: f64, out: &mut BytesMut) {
    if special(value, out) {
        return;
    }
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & 0xf_ffff_ffff_ffff);
    let binary = Binary::new(exponent, fraction, 52, -1_075);
    lay_out(&shortest(value, &binary, |text| text.parse() == Ok(value)), FLOAT8_LIMIT, out);
}

fn special(value: f64, out: &mut BytesMut) -> bool {
    let name: &[u8] = match value {
        _ if value.is_nan() => b"NaN",
        f64::INFINITY => b"Infinity",
        f64::NEG_INFINITY => b"-Infinity",
        _ => return false,
    };
    out.put_slice(name);
    true
}

/// The shortest digits that read back as the value, as `-1.234e-7`.
///
/// Rust and PostgreSQL differ in two corners. Digits exactly half-way to a neighbour are rounded
/// to the value where it is even; Rust takes them, PostgreSQL does not, so that its digits read
/// back right under any rounding. And where two results of the same length are equally near,
/// PostgreSQL takes the even one, Rust the larger.
fn shortest<T: LowerExp>(value: T, binary: &Binary, reads_back: impl Fn(&str) -> bool) -> Form {
    let form = Form::of(format_args!("{value:e}"));
    let decimal = Decimal::of(form.text());
    // How many digits stand behind the point in what is tried instead: one more and so on, or
    // as many, which are rounded to the even digit.
    let behind = if binary.is_half_way(&decimal) {
        decimal.length..MOST_DIGITS
    } else if binary.is_below_by_half_a_digit(&decimal) {
        decimal.length - 1..decimal.length
    } else {
        return form;
    };
    behind
        .map(|behind| Form::of(format_args!("{value:.behind$e}")))
        .find(|form| reads_back(form.text()) && !binary.is_half_way(&Decimal::of(form.text())))
        .unwrap_or(form)
}

/// A number in Rust's spelling with an exponent, without an allocation.
struct Form {
    /// A sign, 17 digits, a point, and an exponent of five characters.
    room: [u8; 32],
    length: usize,
}

impl Form {
    fn of(number: Arguments<'_>) -> Self {
        let mut cursor = Cursor::new([0; 32]);
        // The longest number fits, so this does not fail.
        let _ = cursor.write_fmt(number);
        let length = usize::try_from(cursor.position()).unwrap_or_default();
        Self { room: cursor.into_inner(), length }
    }

    fn text(&self) -> &str {
        self.room
            .get(..self.length)
            .and_then(|form| std::str::from_utf8(form).ok())
            .unwrap_or_default()
    }

    /// Sign, first digit, further digits, exponent.
    fn parts(&self) -> (bool, &str, &str, i32) {
        parts(self.text())
    }
}

fn parts(text: &str) -> (bool, &str, &str, i32) {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (negative, first, rest, exponent.parse().unwrap_or_default())
}

/// A decimal without its sign: `digits` times 10 to the power `power`.
struct Decimal {
    digits: u128,
    power: i64,
    /// How many digits are written.
    length: usize,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (_, first, rest, exponent) = parts(text);
        let digit = |sum: u128, byte: u8| sum * 10 + u128::from(byte.wrapping_sub(b'0'));
        let digits = first.bytes().chain(rest.bytes()).fold(0, digit);
        let length = first.len() + rest.len();
        Self { digits, power: i64::from(exponent) - rest.len() as i64, length }
    }

    /// Whether it is exactly `odd` times 2 to the power `twos`, for an odd number of less than
    /// 57 bits.
    fn equals(&self, odd: u128, twos: i64) -> bool {
        // digits * 5^power * 2^power = odd * 2^twos. Past 5^27 so few digits do not suffice.
        let Ok(fives @ ..=27) = u32::try_from(self.power.unsigned_abs()) else { return false };
        let fives = 5_u128.pow(fives);
        let (left, right) = match self.power {
            ..0 => (self.digits, odd * fives),
            _ => (self.digits * fives, odd),
        };
        let shift = left.trailing_zeros();
        left > 0 && left >> shift == right && i64::from(shift) + self.power == twos
    }
}

/// A floating-point number without its sign: `mantissa` times 2 to the power `exponent`.
struct Binary {
    mantissa: u64,
    exponent: i64,
    /// Whether the neighbour below is only half as far away as the one above.
    lowest_of_its_power: bool,
}

impl Binary {
    /// Takes the fields of the format, how many bits its fraction has, and one less than the
    /// exponent of the smallest numbers.
    fn new(exponent: u64, fraction: u64, fraction_bits: u32, smallest: i64) -> Self {
        let normal = exponent > 0;
        Self {
            mantissa: if normal { fraction | (1 << fraction_bits) } else { fraction },
            exponent: smallest + (exponent as i64).max(1),
            lowest_of_its_power: exponent > 1 && fraction == 0,
        }
    }

    /// Whether a decimal lies exactly between this number and a neighbour.
    fn is_half_way(&self, decimal: &Decimal) -> bool {
        let twice = 2 * u128::from(self.mantissa);
        let below = match self.lowest_of_its_power {
            true => decimal.equals(2 * twice - 1, self.exponent - 2),
            false => decimal.equals(twice.saturating_sub(1), self.exponent - 1),
        };
        below || decimal.equals(twice + 1, self.exponent - 1)
    }

    /// Whether this number is exactly half of the last digit less than a decimal that ends in an
    /// odd digit, so that the even digit below is as near.
    fn is_below_by_half_a_digit(&self, decimal: &Decimal) -> bool {
        if decimal.digits.is_multiple_of(2) {
            return false;
        }
        let exact =
            Decimal { digits: decimal.digits * 10 - 5, power: decimal.power - 1, length: 0 };
        let shift = self.mantissa.trailing_zeros();
        exact.equals(u128::from(self.mantissa >> shift), self.exponent + i64::from(shift))
    }
}

fn lay_out(form: &Form, limit: i32, out: &mut BytesMut) {
    let (negative, first, rest, exponent) = form.parts();
    if negative {
        out.put_u8(b'-');
    }
    if (SMALL_LIMIT..limit).contains(&exponent) {
        plain(first, rest, exponent, out);
    } else {
        out.put_slice(first.as_bytes());
        if !rest.is_empty() {
            out.put_u8(b'.');
            out.put_slice(rest.as_bytes());
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ =
            std::fmt::Write::write_fmt(out, format_args!("e{sign}{:02}", exponent.unsigned_abs()));
    }
}

fn plain(first: &str, rest: &str, exponent: i32, out: &mut BytesMut) {
    match usize::try_from(exponent) {
        // The point stands after `exponent` further digits.
        Ok(whole) => {
            out.put_slice(first.as_bytes());
            let (before, after) = rest.split_at_checked(whole).unwrap_or((rest, ""));
            out.put_slice(before.as_bytes());
            out.put_bytes(b'0', whole - before.len());
            if !after.is_empty() {
                out.put_u8(b'.');
                out.put_slice(after.as_bytes());
            }
        }
        Err(_) => {
            out.put_slice(b"0.");
            out.put_bytes(b'0', exponent.unsigned_abs() as usize - 1);
            out.put_slice(first.as_bytes());
            out.put_slice(rest.as_bytes());
        }
    }
}
