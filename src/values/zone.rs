//! Time zones by name or by what they are ahead of UTC.

use chrono_tz::{TZ_VARIANTS, Tz};

use super::calendar::{DAY_US, offset_s, utc_us};

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Seconds ahead of UTC.
    Offset(i32),
    /// One of the IANA database, with its rules.
    Named(Tz),
}

/// Abbreviations that mean the same hours all year, as PostgreSQL's default list has them. They come
/// before the names: `CET` is an hour, and no place with a summer.
const ABBREVIATIONS: [(&str, i32); 26] = [
    ("utc", 0),
    ("uct", 0),
    ("gmt", 0),
    ("z", 0),
    ("zulu", 0),
    ("wet", 0),
    ("west", 1),
    ("bst", 1),
    ("cet", 1),
    ("met", 1),
    ("cest", 2),
    ("mest", 2),
    ("eet", 2),
    ("eest", 3),
    ("jst", 9),
    ("kst", 9),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("akst", -9),
    ("hst", -10),
];

impl Zone {
    /// The zone of a name or an abbreviation, without case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let short = ABBREVIATIONS.iter().find(|(short, _)| name.eq_ignore_ascii_case(short));
        if let Some((_, hours)) = short {
            return Some(Self::Offset(hours * 3_600));
        }
        let mut known = TZ_VARIANTS.iter();
        known.find(|zone| zone.name().eq_ignore_ascii_case(name)).copied().map(Self::Named)
    }

    /// The time on a clock of this zone, at a moment: both in microseconds since 1970. `None` past
    /// what is counted.
    pub(crate) fn local_us(self, moment: i64) -> Option<i64> {
        let offset = match self {
            Self::Offset(seconds) => seconds,
            Self::Named(zone) => offset_s(zone, moment),
        };
        moment.checked_add(i64::from(offset) * 1_000_000)
    }

    /// The moment at which a clock of this zone shows a time.
    pub(crate) fn moment_us(self, local: i64) -> Option<i64> {
        // No zone is further than a day away.
        let within = 2 * DAY_US;
        if !(i64::MIN + within..=i64::MAX - within).contains(&local) {
            return None;
        }
        Some(match self {
            Self::Offset(seconds) => local - i64::from(seconds) * 1_000_000,
            Self::Named(zone) => utc_us(zone, local),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_is_no_place_with_a_summer() {
        let july = 1_719_828_000_000_000;
        let ahead = |name: &str| {
            Zone::named(name).map(|zone| (zone.local_us(july).unwrap() - july) / 3_600_000_000)
        };
        assert_eq!(ahead("CET"), Some(1));
        assert_eq!(ahead("europe/zurich"), Some(2));
        assert_eq!(ahead("America/New_York"), Some(-4));
        assert_eq!(ahead("Utc"), Some(0));
        assert_eq!(Zone::named("Mars/Olympus"), None);
        let zurich = Zone::named("Europe/Zurich").unwrap();
        assert_eq!(zurich.moment_us(zurich.local_us(july).unwrap()), Some(july));
        assert_eq!(zurich.moment_us(i64::MAX), None);
    }
}
