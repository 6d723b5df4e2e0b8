//! The partial forms, from their description in the documentation.

/// A value under its form; none where it does not fit.
pub(super) type Form = fn(&str) -> Option<String>;

pub(super) fn first1(value: &str) -> Option<String> {
    value.chars().next().map(|first| format!("{first}***"))
}

pub(super) fn email(value: &str) -> Option<String> {
    let (local, domain) = value.split_once('@')?;
    Some(format!("{}***@{domain}", local.chars().next()?))
}

pub(super) fn last4(value: &str) -> Option<String> {
    let letters: Vec<char> = value.chars().collect();
    let start = letters.len().checked_sub(4)?;
    (letters.len() >= 8).then(|| letters.iter().skip(start).collect())
}

pub(super) fn zip3(value: &str) -> Option<String> {
    let kept: String = value.chars().take(3).collect();
    (kept.chars().count() == 3).then(|| format!("{kept}**"))
}

/// Of a date in ISO 8601.
pub(super) fn year(value: &str) -> Option<String> {
    value.split_once('-').map(|(year, _)| format!("{year}-01-01"))
}

pub(super) fn ip24(value: &str) -> Option<String> {
    value.rsplit_once('.').map(|(network, _)| format!("{network}.0"))
}
