//! Noise: whatever the bytes, there is an answer or an error and never a panic.

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use super::*;
use crate::wire::framing::{Frame, Frames};
use crate::wire::frontend::Message;

const SEED: u64 = 20_260_719;

#[test]
fn random_bodies_of_messages() {
    let mut random = StdRng::seed_from_u64(SEED);
    for _ in 0..50_000 {
        let tag = *b"QPBDECHSXFdcf!".get(random.random_range(0..14)).unwrap();
        let mut body = vec![0; random.random_range(0..40)];
        random.fill_bytes(&mut body);
        // Zeros make strings and counts that fit.
        for byte in &mut body {
            if random.random_bool(0.5) {
                *byte = random.random_range(0..3);
            }
        }
        let _ = Message::read(Frame { tag, body: Bytes::from(body) }, 100);
    }
}

#[tokio::test]
async fn random_frames() {
    let mut random = StdRng::seed_from_u64(SEED);
    for _ in 0..5_000 {
        let mut bytes = vec![0; random.random_range(0..60)];
        random.fill_bytes(&mut bytes);
        if random.random_bool(0.5) && bytes.len() > 5 {
            bytes[1..4].fill(0);
        }
        let mut frames = Frames::new(bytes.as_slice());
        while frames.next(|tag| (tag != b'!').then_some(1_000)).await.is_ok() {}
    }
}

#[test]
fn random_parameters_of_every_type() {
    let mut random = StdRng::seed_from_u64(SEED);
    let seeds = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wire/values.txt"));
    for line in seeds.lines() {
        let [_, pg_type, text, binary] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        for field in values::carriers(pg_type, text) {
            for (format, value) in
                [(Format::Text, text.as_bytes().to_vec()), (Format::Binary, unhex(binary))]
            {
                for _ in 0..50 {
                    let value = disturbed(&value, &mut random);
                    // What is taken can be sent again, unless it is out of PostgreSQL's range.
                    if let Ok(scalar) = decoded(&field, &value, format, utc()) {
                        let _ = encoded(&field, &scalar, Format::Text, utc());
                        let _ = encoded(&field, &scalar, Format::Binary, utc());
                    }
                }
            }
        }
    }
}

/// A value with a byte or two changed, left out or doubled.
fn disturbed(value: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut value = value.to_vec();
    for _ in 0..random.random_range(1..3) {
        let at = random.random_range(0..=value.len());
        match random.random_range(0..3) {
            0 if at < value.len() => {
                value.remove(at);
            }
            1 if at < value.len() => value[at] = random.random(),
            _ => value.insert(at, *b"0-:. {}\"\\\xff9eE".get(random.random_range(0..13)).unwrap()),
        }
    }
    value
}

#[test]
fn extreme_values() {
    use arrow::datatypes::{IntervalMonthDayNano, i256};
    let utc_name: Option<std::sync::Arc<str>> = Some("UTC".into());
    for wide in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
        let narrow = (wide >> 32) as i32;
        let days = IntervalMonthDayNano::new(narrow, narrow, wide);
        let values = [
            ScalarValue::Date32(Some(narrow)),
            ScalarValue::Date64(Some(wide)),
            ScalarValue::Time64Nanosecond(Some(wide)),
            ScalarValue::Time32Second(Some(narrow)),
            ScalarValue::TimestampSecond(Some(wide), utc_name.clone()),
            ScalarValue::TimestampMillisecond(Some(wide), None),
            ScalarValue::TimestampMicrosecond(Some(wide), utc_name.clone()),
            ScalarValue::TimestampNanosecond(Some(wide), utc_name.clone()),
            ScalarValue::DurationSecond(Some(wide)),
            ScalarValue::DurationNanosecond(Some(wide)),
            ScalarValue::IntervalYearMonth(Some(narrow)),
            ScalarValue::IntervalMonthDayNano(Some(days)),
            ScalarValue::Decimal128(Some(i128::from(wide) * i128::from(i64::MAX)), 38, -38),
            ScalarValue::Decimal256(Some(i256::MIN), 76, 76),
            ScalarValue::Float64(Some(f64::from_bits(wide as u64))),
            ScalarValue::Float32(Some(f32::from_bits(narrow as u32))),
        ];
        for value in values {
            let field = field("c", value.data_type(), None);
            for zone in [chrono_tz::UTC, chrono_tz::Pacific::Kiritimati, chrono_tz::Etc::GMTPlus12]
            {
                for format in [Format::Text, Format::Binary] {
                    let _ = encoded(&field, &value, format, Rendering { time_zone: zone });
                }
            }
        }
    }
}
