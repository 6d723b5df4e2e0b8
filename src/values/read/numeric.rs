//! Decimals of any length, as they come in a parameter.

use std::fmt;

use arrow::datatypes::i256;

use super::error::DecodeError;

/// More digits than any type here holds.
const MAX_DIGITS: i64 = 1_000;

/// A decimal: `digits` is a whole number, `scale` of whose digits stand behind the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// ASCII digits without leading zeros; empty for zero.
    digits: String,
    scale: i64,
}

impl Decimal {
    fn new(negative: bool, digits: &str, scale: i64) -> Self {
        Self { negative, digits: digits.trim_start_matches('0').to_owned(), scale }
    }

    /// Reads `-12.34e5`.
    ///
    /// # Errors
    /// 22P02 where it is no number, 0A000 for NaN and the infinities.
    pub(super) fn parse(value: &str) -> Result<Self, DecodeError> {
        let syntax = || DecodeError::syntax("numeric", value);
        let trimmed = value.trim_ascii();
        let (negative, unsigned) = match trimmed.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        if ["nan", "infinity", "inf"].iter().any(|name| unsigned.eq_ignore_ascii_case(name)) {
            return Err(DecodeError::Unsupported("a numeric that is no number"));
        }
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().map_err(|_| syntax())?),
            None => (unsigned, 0_i64),
        };
        let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{behind}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(syntax());
        }
        if exponent.abs() > MAX_DIGITS {
            return Err(DecodeError::Range { spoken: "numeric", value: value.to_owned() });
        }
        Ok(Self::new(negative, &digits, behind.len() as i64 - exponent))
    }

    /// Reads the form of `numeric_send`.
    ///
    /// # Errors
    /// 22P03 where it is malformed, 0A000 for NaN and the infinities.
    pub(super) fn receive(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut words = bytes.chunks(2).map(|pair| match *pair {
            [high, low] => Ok(u16::from_be_bytes([high, low])),
            _ => Err(DecodeError::Binary),
        });
        let mut next = || words.next().unwrap_or(Err(DecodeError::Binary));
        let (count, weight, sign, scale) = (next()?, next()? as i16, next()?, next()?);
        let negative = match sign {
            0x0000 => false,
            0x4000 => true,
            0xc000 | 0xd000 | 0xf000 => {
                return Err(DecodeError::Unsupported("a numeric that is no number"));
            }
            _ => return Err(DecodeError::Binary),
        };
        if bytes.len() != 8 + 2 * usize::from(count) || scale > 0x3fff {
            return Err(DecodeError::Binary);
        }
        let mut digits = String::with_capacity(4 * usize::from(count));
        for _ in 0..count {
            let group = next()?;
            if group > 9_999 {
                return Err(DecodeError::Binary);
            }
            digits.push_str(&format!("{group:04}"));
        }
        // What the groups leave open is zeros; what they hold past the scale is cut off.
        let behind = (i64::from(count) - 1 - i64::from(weight)) * 4;
        let mut decimal = Self::new(negative, &digits, behind);
        if behind > i64::from(scale) {
            let kept = decimal.digits.len() as i64 - (behind - i64::from(scale));
            decimal.digits.truncate(usize::try_from(kept).unwrap_or(0));
            decimal.scale = scale.into();
        }
        Ok(decimal)
    }

    /// To so many places behind the point, halves away from zero.
    pub(super) fn rounded(mut self, places: i8) -> Self {
        let surplus = self.scale - i64::from(places);
        let Ok(surplus @ 1..) = usize::try_from(surplus) else { return self };
        self.scale = places.into();
        // More is cut off than there is.
        let Some(kept) = self.digits.len().checked_sub(surplus) else {
            self.digits.clear();
            return self;
        };
        let cut = self.digits.split_off(kept);
        if cut.starts_with(|digit| digit >= '5') {
            let nines = self.digits.bytes().rev().take_while(|digit| *digit == b'9').count();
            self.digits.truncate(kept - nines);
            match self.digits.pop() {
                Some(digit) => self.digits.push((digit as u8 + 1) as char),
                None => self.digits.push('1'),
            }
            self.digits.extend(std::iter::repeat_n('0', nines));
        }
        self
    }

    /// The value times 10 to the power `scale`, where it has at most `precision` digits and is
    /// whole.
    pub(super) fn unscaled(&self, precision: u8, scale: i8) -> Option<i256> {
        let zeros = i64::from(scale) - self.scale;
        let mut digits = self.digits.clone();
        match usize::try_from(zeros) {
            _ if digits.is_empty() => return Some(i256::ZERO),
            Ok(zeros) if zeros + digits.len() > usize::from(precision) => return None,
            Ok(zeros) => digits.extend(std::iter::repeat_n('0', zeros)),
            Err(_) => {
                let surplus = usize::try_from(zeros.unsigned_abs()).ok()?;
                let kept = digits.len().checked_sub(surplus)?;
                if digits.split_off(kept).bytes().any(|digit| digit != b'0') {
                    return None;
                }
            }
        }
        if digits.len() > usize::from(precision) {
            return None;
        }
        let value = i256::from_string(&digits)?;
        Some(if self.negative { value.wrapping_neg() } else { value })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        match self.scale {
            0 => write!(f, "{sign}{digits}"),
            scale => write!(f, "{sign}{digits}e{}", -scale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let rounded = |text: &str, places| {
            let value = Decimal::parse(text).unwrap().rounded(places);
            value.unscaled(38, places).unwrap().to_i128().unwrap()
        };
        assert_eq!(rounded("1.555", 2), 156);
        assert_eq!(rounded("-1.545", 2), -155);
        assert_eq!(rounded("1.5449", 2), 154);
        assert_eq!(rounded("9.999", 2), 1000);
        assert_eq!(rounded("0.995", 2), 100);
        assert_eq!(rounded("0.005", 2), 1);
        assert_eq!(rounded("0.0005", 2), 0);
        assert_eq!(rounded("5e-1", 0), 1);
        assert_eq!(rounded("1e2", 1), 1000);
    }
}
