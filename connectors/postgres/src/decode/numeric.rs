//! The binary form of `numeric`, exactly.

/// The value times 10^`scale`, rounded half away from zero as PostgreSQL rounds; none for NaN,
/// infinity, and values of more than `precision` digits.
///
/// The form is: number of groups, weight of the first, sign, display scale, then the groups of
/// four decimal digits, each 16 bits, the most significant first.
pub(crate) fn decimal(cell: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (header, groups) = cell.split_first_chunk::<8>()?;
    let [_, _, weight_high, weight_low, sign_high, sign_low, _, _] = *header;
    let weight = i16::from_be_bytes([weight_high, weight_low]);
    let negative = match u16::from_be_bytes([sign_high, sign_low]) {
        0x0000 => false,
        0x4000 => true,
        _ => return None,
    };
    // The power of ten that the last digit of a group stands for, after scaling.
    let mut power = 4 * i32::from(weight) + i32::from(scale);
    let mut unscaled: i128 = 0;
    for group in groups.chunks_exact(2) {
        let group = i128::from(u16::from_be_bytes(group.try_into().ok()?));
        match u32::try_from(power) {
            Ok(_) if group == 0 => {}
            Ok(power) => {
                let value = 10_i128.checked_pow(power)?.checked_mul(group)?;
                unscaled = unscaled.checked_add(value)?;
            }
            // The group lies across the last digit that is kept, or right behind it; its first
            // digit behind decides, and no later group can change that.
            Err(_) if power >= -4 => {
                let unit = 10_i128.checked_pow(power.unsigned_abs())?;
                let round = i128::from(group % unit >= unit / 2);
                unscaled = unscaled.checked_add(group / unit + round)?;
                break;
            }
            Err(_) => break,
        }
        power -= 4;
    }
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    (unscaled < limit).then_some(if negative { -unscaled } else { unscaled })
}

#[cfg(test)]
mod tests {
    use super::decimal;

    fn bytes(weight: i16, sign: u16, groups: &[u16]) -> Vec<u8> {
        let count = u16::try_from(groups.len()).unwrap_or(u16::MAX);
        let mut bytes = count.to_be_bytes().to_vec();
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(0_u16.to_be_bytes());
        groups.iter().for_each(|group| bytes.extend(group.to_be_bytes()));
        bytes
    }

    #[test]
    fn rounds_half_away_from_zero() {
        for (weight, groups, scale, expected) in [
            (0, &[1, 5000][..], 0, 2),
            (0, &[1, 4999, 9999], 0, 1),
            (0, &[1, 2345], 2, 123),
            (0, &[1, 2350], 2, 124),
            (0, &[1, 2345], 4, 12_345),
            (-1, &[5000], 0, 1),
            (-1, &[4999], 0, 0),
            (-2, &[9999], 0, 0),
            (-2, &[5000], 4, 1),
            (1, &[1, 0, 1], 4, 100_000_001),
            (0, &[9999, 9999, 9999], 4, 100_000_000),
        ] {
            assert_eq!(decimal(&bytes(weight, 0, groups), 38, scale), Some(expected));
            assert_eq!(decimal(&bytes(weight, 0x4000, groups), 38, scale), Some(-expected));
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(decimal(&bytes(0, 0, &[100]), 2, 0), None);
        assert_eq!(decimal(&bytes(0, 0, &[99, 9999]), 4, 2), None);
        assert_eq!(decimal(&bytes(0, 0xC000, &[]), 38, 0), None);
        assert_eq!(decimal(&bytes(0, 0xD000, &[]), 38, 0), None);
        assert_eq!(decimal(&bytes(20, 0, &[1]), 38, 10), None);
        assert_eq!(decimal(&[0, 1], 38, 0), None);
    }
}
