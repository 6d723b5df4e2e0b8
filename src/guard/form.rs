//! The forms of a partial mask.

use std::fmt;
use std::str::FromStr;

/// How much of a value `mask_partial` leaves. The form belongs to the column, keeps the column's
/// type, and gives NULL for a value that it does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PartialForm {
    /// `last4`: the last four characters alone; NULL under eight
    Last4,
    /// `first1`: the first character and `***`
    First1,
    /// `email`: `a***@example.com`
    Email,
    /// `domain`: `example.com`
    Domain,
    /// `year`: the first day of the year
    Year,
    /// `month`: the first day of the month
    Month,
    /// `zip3`: three characters and `**`
    Zip3,
    /// `ip24`: the last octet of an IPv4 address is 0
    Ip24,
    /// `bucket:N`: rounded down to a multiple of N, which is at least 1
    Bucket(i64),
    /// `constant:…`: the text behind the colon, read as the column's type
    Constant(String),
}

/// A form that does not exist, or is not complete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// No form has this name.
    #[error(
        "is no form of a partial mask; the forms are last4, first1, email, domain, year, month, \
         zip3, ip24, bucket:N and constant:TEXT"
    )]
    Unknown,
    /// What follows `bucket:` is not a size.
    #[error("needs a whole number from 1 behind the colon, such as bucket:100")]
    BucketSize,
    /// U+0000 cannot be in a value that a client is sent.
    #[error("holds NUL")]
    Nul,
}

impl FromStr for PartialForm {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, FormError> {
        if let Some(size) = text.strip_prefix("bucket:") {
            return match size.parse() {
                Ok(size) if size >= 1 => Ok(Self::Bucket(size)),
                _ => Err(FormError::BucketSize),
            };
        }
        if let Some(constant) = text.strip_prefix("constant:") {
            return match constant.contains('\0') {
                true => Err(FormError::Nul),
                false => Ok(Self::Constant(constant.to_owned())),
            };
        }
        Ok(match text {
            "last4" => Self::Last4,
            "first1" => Self::First1,
            "email" => Self::Email,
            "domain" => Self::Domain,
            "year" => Self::Year,
            "month" => Self::Month,
            "zip3" => Self::Zip3,
            "ip24" => Self::Ip24,
            "bucket" => return Err(FormError::BucketSize),
            _ => return Err(FormError::Unknown),
        })
    }
}

/// As the configuration writes it.
impl fmt::Display for PartialForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last4 => f.write_str("last4"),
            Self::First1 => f.write_str("first1"),
            Self::Email => f.write_str("email"),
            Self::Domain => f.write_str("domain"),
            Self::Year => f.write_str("year"),
            Self::Month => f.write_str("month"),
            Self::Zip3 => f.write_str("zip3"),
            Self::Ip24 => f.write_str("ip24"),
            Self::Bucket(size) => write!(f, "bucket:{size}"),
            Self::Constant(text) => write!(f, "constant:{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_what_it_writes() {
        let forms =
            "last4 first1 email domain year month zip3 ip24 bucket:500 constant:a:b constant:";
        for text in forms.split(' ') {
            assert_eq!(text.parse::<PartialForm>().map(|form| form.to_string()), Ok(text.into()));
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (text, error) in [
            ("", FormError::Unknown),
            ("Last4", FormError::Unknown),
            ("last4:", FormError::Unknown),
            ("bucket", FormError::BucketSize),
            ("bucket:0", FormError::BucketSize),
            ("bucket:-5", FormError::BucketSize),
            ("bucket:1.5", FormError::BucketSize),
            ("constant:a\0b", FormError::Nul),
        ] {
            assert_eq!(text.parse::<PartialForm>(), Err(error), "{text:?}");
        }
    }
}
