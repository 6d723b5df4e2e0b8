//! `encode` and `decode`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type};

use super::{Function, Outcome, Types, internal, is_text};
use crate::error::{ClientError, SqlState};
use crate::values::unescaped;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "encode", types: encoded, body: |a, _| encode(a) },
    Function { name: "decode", types: decoded, body: |a, _| decode(a) },
];

/// `substring(bytea from place for count)`.
pub static SUBSTRING: Function =
    Function { name: "substring of bytes", types: placed, body: |a, _| substring(a) };

fn placed(arguments: &[DataType]) -> Option<Types> {
    let (bytes, numbers) = arguments.split_first()?;
    let number = |of: &DataType| of.is_integer() || of.is_null();
    let known = bytes.is_binary() && (1..=2).contains(&numbers.len()) && numbers.iter().all(number);
    let mut taken = vec![DataType::Binary];
    taken.extend(numbers.iter().map(|_| DataType::Int64));
    known.then_some((taken, DataType::Binary))
}

/// Bytes from a place, which is counted from one and may stand before the first.
fn substring(arguments: &[ArrayRef]) -> Outcome {
    let numbers = |at: usize| arguments.get(at).map(|numbers| numbers.as_primitive::<Int64Type>());
    let (Some(bytes), Some(places), counts) = (arguments.first(), numbers(1), numbers(2)) else {
        return Err(internal("substring has two arguments"));
    };
    let mut out = BinaryBuilder::new();
    for (row, (bytes, place)) in bytes.as_binary::<i32>().iter().zip(places.iter()).enumerate() {
        let count = match counts {
            Some(counts) if counts.is_null(row) => None,
            Some(counts) => Some(counts.value(row)),
            None => Some(i64::MAX),
        };
        let (Some(bytes), Some(place), Some(count)) = (bytes, place, count) else {
            out.append_null();
            continue;
        };
        if count < 0 {
            let message = "negative substring length not allowed";
            return Err(ClientError::new(SqlState::SUBSTRING_ERROR, message));
        }
        let bound = |place: i64| {
            let before = place.saturating_sub(1).max(0);
            usize::try_from(before).unwrap_or(usize::MAX).min(bytes.len())
        };
        let (first, end) = (bound(place), bound(place.saturating_add(count)));
        out.append_value(bytes.get(first..end.max(first)).unwrap_or_default());
    }
    Ok(Arc::new(out.finish()))
}

/// Letters of a line of base64, as in RFC 2045.
const LINE: usize = 76;

#[derive(Clone, Copy)]
enum Form {
    Hex,
    Base64,
    Escape,
}

impl Form {
    fn named(name: &str) -> Result<Self, ClientError> {
        match name.to_ascii_lowercase().as_str() {
            "hex" => Ok(Self::Hex),
            "base64" => Ok(Self::Base64),
            "escape" => Ok(Self::Escape),
            _ => Err(invalid(format!("unrecognized encoding: \"{name}\""))),
        }
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ClientError {
    ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

fn encoded(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [bytes, form] if is_text(form) && (is_text(bytes) || bytes.is_binary()) => {
            Some((vec![DataType::Binary, DataType::Utf8], DataType::Utf8))
        }
        _ => None,
    }
}

fn decoded(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [text, form] if is_text(form) && is_text(text) => {
            Some((vec![DataType::Utf8, DataType::Utf8], DataType::Binary))
        }
        _ => None,
    }
}

fn encode(arguments: &[ArrayRef]) -> Outcome {
    let [bytes, forms] = arguments else { return Err(internal("encode has two arguments")) };
    let mut out = StringBuilder::new();
    for (bytes, form) in bytes.as_binary::<i32>().iter().zip(forms.as_string::<i32>()) {
        let (Some(bytes), Some(form)) = (bytes, form) else {
            out.append_null();
            continue;
        };
        out.append_value(match Form::named(form)? {
            Form::Hex => hexadecimal(bytes),
            Form::Base64 => in_lines(&STANDARD.encode(bytes)),
            Form::Escape => escaped(bytes),
        });
    }
    Ok(Arc::new(out.finish()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' + value - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn in_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / LINE);
    let mut rest = text;
    while let Some((line, after)) =
        rest.split_at_checked(LINE).filter(|(_, after)| !after.is_empty())
    {
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(rest);
    out
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            0 | 0x80.. => out.push_str(&format!("\\{byte:03o}")),
            plain => out.push(plain.into()),
        }
    }
    out
}

fn decode(arguments: &[ArrayRef]) -> Outcome {
    let [texts, forms] = arguments else { return Err(internal("decode has two arguments")) };
    let mut out = BinaryBuilder::new();
    for (text, form) in texts.as_string::<i32>().iter().zip(forms.as_string::<i32>()) {
        let (Some(text), Some(form)) = (text, form) else {
            out.append_null();
            continue;
        };
        out.append_value(match Form::named(form)? {
            Form::Hex => from_hex(text)?,
            Form::Base64 => from_base64(text)?,
            Form::Escape => from_escaped(text)?,
        });
    }
    Ok(Arc::new(out.finish()))
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

fn from_hex(text: &str) -> Result<Vec<u8>, ClientError> {
    let digits = text.bytes().filter(|byte| !is_space(byte)).map(|byte| {
        let digit = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digit.ok_or_else(|| invalid("invalid hexadecimal digit"))
    });
    let digits: Vec<u8> = digits.collect::<Result<_, _>>()?;
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Ok(high << 4 | low),
        _ => Err(invalid("invalid hexadecimal data: odd number of digits")),
    };
    digits.chunks(2).map(pair).collect()
}

fn from_base64(text: &str) -> Result<Vec<u8>, ClientError> {
    let letters: Vec<u8> = text.bytes().filter(|byte| !is_space(byte)).collect();
    STANDARD.decode(letters).map_err(|_| invalid("invalid base64 end sequence"))
}

fn from_escaped(text: &str) -> Result<Vec<u8>, ClientError> {
    unescaped(text).ok_or_else(|| {
        let message = "invalid input syntax for type bytea";
        ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, message)
    })
}
