//! `[sources.*]`

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use portcullis_connector_api::SourceName;

use super::found::Found;
use super::reader::Section;
use super::secret::Secret;
use super::tables::TableRules;

/// One source, and what is declared about its tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name, which is the schema that clients see.
    pub name: SourceName,
    /// How to reach it.
    pub kind: SourceKind,
    /// Whether the gateway does not start while it is unreachable.
    pub required: bool,
    /// The tables that the configuration speaks of, in its order.
    pub tables: Vec<TableRules>,
}

/// The kinds of source, each with what it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceKind {
    /// `kind = "postgres"`
    Postgres(PostgresSource),
    /// `kind = "sqlite"`
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// `kind = "files"`
    Files {
        /// The folder that holds a file or a folder for each table.
        path: PathBuf,
    },
}

/// A PostgreSQL server.
#[derive(Clone, Debug, PartialEq)]
pub struct PostgresSource {
    /// The connection string.
    pub url: Secret,
    /// How far TLS is used.
    pub tls: TlsMode,
    /// The authorities that [`TlsMode::VerifyFull`] trusts, in PEM; where absent, the usual ones.
    pub root_cert: Option<PathBuf>,
    /// The remote schema that is exposed under the source's own name.
    pub schema: String,
    /// Further remote schemas; `billing` of the source `crm` becomes `crm_billing`.
    pub schemas: Vec<String>,
    /// The most connections at once.
    pub connections: u16,
    /// How long a query waits for a connection.
    pub connect_timeout: Duration,
}

/// libpq's `sslmode`, in so far as it makes sense for a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// `disable`: never
    Disable,
    /// `prefer`: where the server offers it
    Prefer,
    /// `require`: always, with whatever certificate
    Require,
    /// `verify-full`: always, with a certificate that is trusted and names the host
    VerifyFull,
}

const KINDS: &str = "postgres, sqlite, files";

/// Schemas that are the gateway's own, or that clients take for PostgreSQL's.
const TAKEN_NAMES: [&str; 3] = ["portcullis", "information_schema", "pg_catalog"];

/// Words that Cedar does not take as a namespace.
const CEDAR_WORDS: [&str; 10] =
    ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"];

/// Reads the sources. Tags are handed to `tags`, with their places.
pub(super) fn read<'a>(root: &Section<'a>, tags: &mut Vec<Found<'a, &'a str>>) -> Vec<Source> {
    let mut schemas = BTreeSet::new();
    let sources = root.named_tables("sources", |name, section| {
        let source = source(name, section, tags)?;
        for schema in source.schemas() {
            if !schemas.insert(schema.clone()) {
                name.fault::<()>(format!(
                    "would be seen as the schema \"{schema}\", as another source's already is"
                ));
            }
        }
        Some(source)
    });
    if !root.has("sources") {
        root.fault("lacks [sources.NAME]: there is nothing to ask");
    }
    sources
}

impl Source {
    /// The schemas that clients see.
    pub fn schemas(&self) -> Vec<String> {
        let further = match &self.kind {
            SourceKind::Postgres(postgres) => postgres.schemas.as_slice(),
            SourceKind::Sqlite { .. } | SourceKind::Files { .. } => &[],
        };
        let own = self.name.as_str().to_owned();
        let further = further.iter().map(|schema| format!("{}_{schema}", self.name));
        [own].into_iter().chain(further).collect()
    }
}

fn source<'a>(
    name: &Found<'a, &'a str>,
    section: &Section<'a>,
    tags: &mut Vec<Found<'a, &'a str>>,
) -> Option<Source> {
    check_name(name);
    let required = section.flag("required");
    // Of a kind that is itself at fault, nothing is taken amiss.
    let known =
        section.text("kind").is_some_and(|kind| matches!(kind.value, "postgres" | "sqlite"));
    let tables =
        section.named_tables("tables", |name, table| TableRules::read(name, table, !known, tags));
    let kind = kind(section);
    Some(Source { name: name.value.into(), kind: kind?, required, tables })
}

fn kind(section: &Section<'_>) -> Option<SourceKind> {
    let kind = section.required_text("kind");
    match kind.as_ref().map(|kind| kind.value) {
        Some("postgres") => postgres(section).map(SourceKind::Postgres),
        Some("sqlite") => {
            let path = section.required_text("path")?.file()?;
            Some(SourceKind::Sqlite { path })
        }
        Some("files") => {
            let path = section.required_text("path")?.folder()?;
            Some(SourceKind::Files { path })
        }
        unknown => {
            section.forgive_unknown_keys();
            if let (Some(kind), Some(unknown)) = (kind, unknown) {
                let unknown = unknown.escape_debug();
                kind.fault::<()>(format!("is \"{unknown}\"; the known kinds are {KINDS}"));
            }
            None
        }
    }
}

fn postgres(section: &Section<'_>) -> Option<PostgresSource> {
    let url = section.required("url", Secret::read_unless(section, "url", holds_password));
    let tls = match section.text("tls") {
        None => Some(TlsMode::Prefer),
        Some(mode) => match mode.value {
            "disable" => Some(TlsMode::Disable),
            "prefer" => Some(TlsMode::Prefer),
            "require" => Some(TlsMode::Require),
            "verify-full" => Some(TlsMode::VerifyFull),
            _ => mode.fault("must be one of disable, prefer, require, verify-full"),
        },
    };
    let schema = match section.text("schema") {
        Some(schema) => schema.filled().map(|schema| schema.value.to_owned()),
        None => Some("public".to_owned()),
    };
    let schemas = section.texts("schemas").map(|schemas| {
        let mut seen = BTreeSet::from([schema.clone().unwrap_or_default()]);
        let fresh = schemas.into_iter().filter(|name| {
            let fresh = seen.insert(name.value.to_owned());
            if !fresh {
                name.fault::<()>(format!("names the schema \"{}\" a second time", name.value));
            }
            fresh
        });
        fresh.map(|schema| schema.value.to_owned()).collect()
    });
    let root_cert = section.text("root_cert").and_then(Found::file);
    let connections = section.number("connections", 1..=1000, 16);
    let connect_timeout_ms = section.number("connect_timeout_ms", 1..=300_000, 10_000);
    Some(PostgresSource {
        url: url?,
        tls: tls?,
        root_cert,
        schema: schema?,
        schemas: schemas?,
        connections: u16::try_from(connections).ok()?,
        connect_timeout: Duration::from_millis(connect_timeout_ms),
    })
}

/// A source's name is written in SQL without quotes, and is a namespace of Cedar.
fn check_name(name: &Found<'_, &str>) {
    let mut letters = name.value.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    let goes_on = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !begins || !goes_on || name.value.len() > 63 {
        name.fault::<()>(
            "must be named with at most 63 small letters, digits and _, a letter first",
        );
    } else if TAKEN_NAMES.contains(&name.value)
        || CEDAR_WORDS.contains(&name.value)
        || name.value.starts_with("pg_")
    {
        name.fault::<()>("has a name that is reserved");
    }
}

/// Whether a connection string holds a password, in either of libpq's notations.
fn holds_password(url: &str) -> bool {
    let url = percent_decoded(url).to_ascii_lowercase();
    let named = url.match_indices("password").any(|(at, word)| {
        let rest = url.get(at + word.len()..).unwrap_or_default();
        rest.trim_start().starts_with('=')
    });
    let authority = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    // A password may itself hold "/", "?" and "@": so look before the last "@".
    let user = authority.rsplit_once('@').map(|(user, _)| user).unwrap_or_default();
    named || user.contains(':')
}

/// Decodes `%41`; leaves what is no such sequence as it is.
fn percent_decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (digits, piece.get(2..)) {
            (Some(byte), Some(rest)) if byte.is_ascii() => {
                decoded.push(char::from(byte));
                decoded.push_str(rest);
            }
            _ => {
                decoded.push('%');
                decoded.push_str(piece);
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_seen_in_every_notation() {
        for url in [
            "postgres://me:secret@db/crm",
            "postgres://me:a/b?c@d@db/crm",
            "postgresql://db/crm?user=me&password=x",
            "postgresql://db/crm?pass%77ord=x",
            "host=db user=me password=x",
            "host=db PASSWORD = 'x y'",
            "postgres://db/crm?sslpassword=x",
        ] {
            assert!(holds_password(url), "{url}");
        }
        for url in [
            "postgres://me@db:5432/crm",
            "postgresql:///crm?host=/var/run/postgresql",
            "host=db user=me dbname=password_vault",
            "postgres://db/100%",
        ] {
            assert!(!holds_password(url), "{url}");
        }
    }
}
