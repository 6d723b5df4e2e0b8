//! The settings of a session: what clients may `SET`, and what they are told by `SHOW`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono_tz::{TZ_VARIANTS, Tz};

use super::path;
use crate::error::{ClientError, SqlState};
use crate::guard::system::{Setting, Settings as SystemSettings};
use crate::sql::SetValue;

/// One setting that exists.
struct Known {
    name: &'static str,
    default: &'static str,
    /// What clients may set it to.
    rule: Rule,
    description: &'static str,
}

#[derive(Clone, Copy)]
enum Rule {
    /// It tells something and cannot be changed.
    Fixed,
    /// Only this value means anything here; others are refused (22023).
    Only(&'static [&'static str]),
    /// Any text; nothing here depends on it.
    Any,
    /// A time zone of the IANA database.
    TimeZone,
    /// Names of schemas.
    Names,
    /// Milliseconds, 0 for the gateway's own limit.
    Milliseconds,
    /// Turning it off is refused (42501).
    AlwaysOn,
}

const ON: &[&str] = &["on", "true", "yes", "1"];

/// Names as PostgreSQL spells them.
const KNOWN: &[Known] = &[
    known("application_name", "", Rule::Any, "what the client calls itself"),
    known("bytea_output", "hex", Rule::Only(&["hex"]), "how bytea is written"),
    known("client_encoding", "UTF8", Rule::Only(&["utf8", "utf-8", "unicode"]), "always UTF8"),
    known("client_min_messages", "notice", Rule::Any, "has no effect"),
    known("DateStyle", "ISO, MDY", Rule::Only(&["iso", "iso, mdy", "iso,mdy"]), "always ISO"),
    known("default_table_access_method", "heap", Rule::Fixed, "as clients expect it"),
    known("default_transaction_isolation", "read committed", Rule::Any, "has no effect"),
    known("default_transaction_read_only", "on", Rule::Only(ON), "the gateway only reads"),
    known("extra_float_digits", "1", Rule::Any, "floats are always written exactly"),
    known("idle_in_transaction_session_timeout", "0", Rule::Milliseconds, "has no effect"),
    known("in_hot_standby", "off", Rule::Fixed, "always off"),
    known("integer_datetimes", "on", Rule::Fixed, "always on"),
    known("IntervalStyle", "postgres", Rule::Only(&["postgres"]), "how intervals are written"),
    known("is_superuser", "off", Rule::Fixed, "nobody is"),
    known("lock_timeout", "0", Rule::Milliseconds, "has no effect"),
    known("max_identifier_length", "63", Rule::Fixed, "as clients expect it"),
    known("max_index_keys", "32", Rule::Fixed, "as clients expect it"),
    known("row_security", "on", Rule::AlwaysOn, "cannot be turned off"),
    known("search_path", "", Rule::Names, "schemas for unqualified names"),
    known("server_encoding", "UTF8", Rule::Fixed, "always UTF8"),
    known("server_version", SERVER_VERSION, Rule::Fixed, "the PostgreSQL that is spoken"),
    known("server_version_num", "150000", Rule::Fixed, "the same as a number"),
    known("session_authorization", "", Rule::Fixed, "the user of the session"),
    known("standard_conforming_strings", "on", Rule::Only(ON), "always on"),
    known("statement_timeout", "0", Rule::Milliseconds, "how long a statement may run"),
    known("synchronize_seqscans", "on", Rule::Any, "has no effect"),
    known("TimeZone", "UTC", Rule::TimeZone, "the zone of timestamptz as text"),
    known("transaction_isolation", "read committed", Rule::Fixed, "as sources give it"),
    known("transaction_read_only", "on", Rule::Only(ON), "the gateway only reads"),
];

/// The PostgreSQL whose protocol, types and meaning are followed.
pub(in crate::session) const SERVER_VERSION: &str = "15.0";

/// Those whose changes a client is told of.
const REPORTED: &[&str] = &[
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

const fn known(
    name: &'static str,
    default: &'static str,
    rule: Rule,
    description: &'static str,
) -> Known {
    Known { name, default, rule, description }
}

fn find(name: &str) -> Result<&'static Known, ClientError> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        ClientError::new(
            SqlState::UNDEFINED_OBJECT,
            format!("unrecognized configuration parameter \"{name}\""),
        )
    })
}

/// The values of one session. Cheap to clone; clones share the values.
#[derive(Clone, Debug)]
pub(in crate::session) struct Settings {
    values: Arc<RwLock<Values>>,
}

#[derive(Clone, Debug, Default)]
struct Values {
    /// What `RESET` brings back, where it differs from the general default.
    defaults: BTreeMap<&'static str, String>,
    /// What `SET` changed.
    set: BTreeMap<&'static str, String>,
    /// What `SET LOCAL` changed.
    local: BTreeMap<&'static str, String>,
    /// `set` as it was when the transaction began.
    before: Option<BTreeMap<&'static str, String>>,
}

impl Values {
    fn get(&self, known: &'static Known) -> &str {
        let changed = self.local.get(known.name).or_else(|| self.set.get(known.name));
        changed.or_else(|| self.defaults.get(known.name)).map_or(known.default, String::as_str)
    }
}

impl Settings {
    /// The settings of a new session. Startup parameters that are not settings are passed over,
    /// as are values that a setting does not take: a client is not turned away for them.
    pub fn new(user: &str, startup: &BTreeMap<String, String>) -> Self {
        let mut values = Values::default();
        values.defaults.insert("session_authorization", user.to_owned());
        for (name, value) in startup {
            if let Ok(known) = find(name)
                && let Ok(value) = check(known, value)
            {
                values.defaults.insert(known.name, value);
            }
        }
        Self { values: Arc::new(RwLock::new(values)) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Values> {
        self.values.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present value.
    ///
    /// # Errors
    /// 42704 where there is no such setting.
    pub fn show(&self, name: &str) -> Result<(&'static str, String), ClientError> {
        let known = find(name)?;
        Ok((known.name, self.read().get(known).to_owned()))
    }

    /// Changes a value; gives what clients are told of it.
    ///
    /// # Errors
    /// 42704, 55P02-like refusals of fixed ones, 22023 for a value that it cannot have.
    pub fn set(
        &self,
        name: &str,
        value: &SetValue,
        local: bool,
    ) -> Result<Vec<(String, String)>, ClientError> {
        let known = find(name)?;
        let value = match value {
            SetValue::Text(text) => Some(check(known, text)?),
            SetValue::Default => None,
        };
        self.change(known, |values| {
            let layer = if local { &mut values.local } else { &mut values.set };
            match value {
                Some(value) => layer.insert(known.name, value),
                None => layer.remove(known.name),
            };
        })
    }

    /// Takes the `options` of the startup packet: `-c name=value` and `--name=value`. A blank or
    /// backslash in a value stands behind a backslash, as in PostgreSQL.
    ///
    /// # Errors
    /// 22023 for any other option; else as [`Settings::set`].
    pub fn apply_options(&self, options: &str) -> Result<(), ClientError> {
        let refused = || {
            ClientError::new(
                SqlState::INVALID_PARAMETER_VALUE,
                "the startup parameter \"options\" takes settings alone: -c name=value",
            )
        };
        let words = words(options);
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let assignment = match word {
                "-c" => words.next(),
                word => word.strip_prefix("-c").or_else(|| word.strip_prefix("--")),
            };
            let (name, value) =
                assignment.and_then(|pair| pair.split_once('=')).ok_or_else(refused)?;
            self.set(&name.replace('-', "_"), &SetValue::Text(value.to_owned()), false)?;
        }
        Ok(())
    }

    /// Brings all values back.
    pub fn reset_all(&self) -> Vec<(String, String)> {
        self.changing(|values| {
            values.set.clear();
            values.local.clear();
        })
    }

    /// Remembers what a rollback brings back.
    pub fn transaction_began(&self) {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        values.before = Some(values.set.clone());
    }

    /// Ends what was local, and undoes what a rollback undoes.
    pub fn transaction_ended(&self, committed: bool) -> Vec<(String, String)> {
        self.changing(|values| {
            values.local.clear();
            if let Some(before) = values.before.take()
                && !committed
            {
                values.set = before;
            }
        })
    }

    /// The values that a client is told of after its login.
    pub fn reported(&self) -> Vec<(String, String)> {
        let values = self.read();
        let reported = KNOWN.iter().filter(|known| REPORTED.contains(&known.name));
        reported.map(|known| (known.name.to_owned(), values.get(known).to_owned())).collect()
    }

    /// The zone in which `timestamptz` is written.
    pub fn time_zone(&self) -> Tz {
        self.show("TimeZone").ok().and_then(|(_, zone)| zone.parse().ok()).unwrap_or(Tz::UTC)
    }

    /// The schemas for unqualified names; empty for the default.
    pub fn search_path(&self) -> Vec<String> {
        let path = self.show("search_path").map(|(_, path)| path).unwrap_or_default();
        path::read(&path).unwrap_or_default()
    }

    /// The session's own limit in milliseconds, where it has one.
    pub fn statement_timeout_ms(&self) -> Option<u64> {
        let (_, value) = self.show("statement_timeout").ok()?;
        milliseconds(&value).filter(|limit| *limit > 0)
    }

    fn change(
        &self,
        known: &'static Known,
        change: impl FnOnce(&mut Values),
    ) -> Result<Vec<(String, String)>, ClientError> {
        match known.rule {
            Rule::Fixed => Err(ClientError::new(
                SqlState::CANT_CHANGE_RUNTIME_PARAM,
                format!("parameter \"{}\" cannot be changed", known.name),
            )),
            _ => Ok(self.changing(change)),
        }
    }

    fn changing(&self, change: impl FnOnce(&mut Values)) -> Vec<(String, String)> {
        let before = self.reported();
        change(&mut self.values.write().unwrap_or_else(PoisonError::into_inner));
        let after = self.reported();
        after.into_iter().filter(|pair| !before.contains(pair)).collect()
    }
}

impl SystemSettings for Settings {
    fn all(&self) -> Vec<Setting> {
        let values = self.read();
        let setting = |known: &'static Known| Setting {
            name: known.name.to_owned(),
            value: values.get(known).to_owned(),
            default: values.defaults.get(known.name).map_or(known.default, |v| v).to_owned(),
            description: known.description.to_owned(),
        };
        KNOWN.iter().map(setting).collect()
    }
}

/// The value as it will be shown, where the setting can have it.
fn check(known: &Known, value: &str) -> Result<String, ClientError> {
    let refused = || {
        ClientError::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"{}\": \"{value}\"", known.name),
        )
    };
    if value.len() > MAX_VALUE_BYTES || value.contains('\0') {
        return Err(refused());
    }
    match known.rule {
        Rule::Any | Rule::Fixed => Ok(value.to_owned()),
        Rule::Names => path::read(value).map(|names| path::written(&names)).ok_or_else(refused),
        Rule::Only(allowed) => {
            let asked = value.trim().to_ascii_lowercase();
            if allowed.contains(&asked.as_str()) {
                Ok(known.default.to_owned())
            } else {
                Err(refused().hint(format!("It is always {:?} here.", known.default)))
            }
        }
        Rule::TimeZone => zone(value).ok_or_else(refused),
        Rule::Milliseconds => {
            milliseconds(value).map(|limit| limit.to_string()).ok_or_else(refused)
        }
        Rule::AlwaysOn if ON.contains(&value.trim().to_ascii_lowercase().as_str()) => {
            Ok("on".to_owned())
        }
        Rule::AlwaysOn => Err(ClientError::new(
            SqlState::INSUFFICIENT_PRIVILEGE,
            format!("permission denied: \"{}\" cannot be turned off", known.name),
        )),
    }
}

/// Longer values are refused, so that a session stays small.
const MAX_VALUE_BYTES: usize = 1024;

fn zone(value: &str) -> Option<String> {
    let value = value.trim();
    let zone = match value {
        "0" | "+00" | "+00:00" | "Z" | "z" => "UTC",
        other => other,
    };
    let known = TZ_VARIANTS.iter().find(|known| known.name().eq_ignore_ascii_case(zone))?;
    Some(known.name().to_owned())
}

/// `100`, `100ms`, `2s`, `1min`, `1h`
fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(digits)?;
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    u64::from_str(number).ok()?.checked_mul(factor).filter(|ms| *ms <= i32::MAX as u64)
}

/// Splits at blanks that do not stand behind a backslash.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let word = words.last_mut();
        match (character, word) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (blank, _) if blank.is_whitespace() => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
