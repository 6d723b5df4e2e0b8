//! The options of a `COPY … TO`: what was said, and what it comes to. The messages are PostgreSQL's.

use super::copy::OptionValue;
use super::error::SqlError;
use crate::error::SqlState;
use crate::values::{CopyFormat, CopyLines, Forced, Quoting};

/// What was said.
#[derive(Default)]
pub(super) struct Options {
    format: Option<Kind>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<bool>,
    quote: Option<String>,
    escape: Option<String>,
    forced: Option<Forced>,
    encoding: Option<()>,
    freeze: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Csv,
    Binary,
}

impl Options {
    /// `BINARY`
    pub fn binary(&mut self) -> Result<(), SqlError> {
        once(&mut self.format, Kind::Binary)
    }

    /// An option that is a text.
    pub fn set_text(&mut self, option: &str, text: String) -> Result<(), SqlError> {
        self.set(option, OptionValue::Text(text))
    }

    /// An option, whose name is in lower case.
    pub fn set(&mut self, option: &str, value: OptionValue) -> Result<(), SqlError> {
        match option {
            "format" => {
                let kind = match text(option, value)?.as_str() {
                    "text" => Kind::Text,
                    "csv" => Kind::Csv,
                    "binary" => Kind::Binary,
                    other => {
                        return Err(invalid(format!("COPY format \"{other}\" not recognized")));
                    }
                };
                once(&mut self.format, kind)
            }
            "delimiter" => once(&mut self.delimiter, text(option, value)?),
            "null" => once(&mut self.null, text(option, value)?),
            "quote" => once(&mut self.quote, text(option, value)?),
            "escape" => once(&mut self.escape, text(option, value)?),
            "header" => once(&mut self.header, header(value)?),
            "force_quote" => once(&mut self.forced, columns(option, value)?),
            "encoding" => {
                let encoding = text(option, value)?.to_ascii_lowercase();
                if !["utf8", "utf-8", "unicode"].contains(&encoding.as_str()) {
                    return Err(SqlError::Unsupported("an encoding other than UTF8".to_owned()));
                }
                once(&mut self.encoding, ())
            }
            "force_not_null" => Err(beyond("COPY force not null only available using COPY FROM")),
            "force_null" => Err(beyond("COPY force null only available using COPY FROM")),
            // Of what is read there is nothing to be frozen.
            "freeze" => once(&mut self.freeze, boolean(option, value)?),
            other => Err(syntax(format!("option \"{other}\" not recognized"))),
        }
    }

    /// What they come to.
    ///
    /// # Errors
    /// Where they do not go together.
    pub fn format(self) -> Result<CopyFormat, SqlError> {
        match self.format.unwrap_or(Kind::Text) {
            Kind::Binary => self.binary_format(),
            kind => self.lines(kind == Kind::Csv).map(CopyFormat::Lines),
        }
    }

    fn binary_format(self) -> Result<CopyFormat, SqlError> {
        if self.delimiter.is_some() {
            return Err(syntax("cannot specify DELIMITER in BINARY mode".to_owned()));
        }
        if self.null.is_some() {
            return Err(syntax("cannot specify NULL in BINARY mode".to_owned()));
        }
        if self.header == Some(true) {
            return Err(beyond("cannot specify HEADER in BINARY mode"));
        }
        self.no_quoting()?;
        Ok(CopyFormat::Binary)
    }

    fn lines(mut self, csv: bool) -> Result<CopyLines, SqlError> {
        let delimiter = match self.delimiter.take() {
            Some(delimiter) => {
                byte(&delimiter, "COPY delimiter must be a single one-byte character")?
            }
            None if csv => b',',
            None => b'\t',
        };
        let null = self.null.take().unwrap_or_else(|| if csv { "" } else { "\\N" }.to_owned());
        if [b'\r', b'\n'].contains(&delimiter) {
            return Err(invalid("COPY delimiter cannot be newline or carriage return"));
        }
        if null.contains(['\r', '\n']) {
            return Err(invalid("COPY null representation cannot use newline or carriage return"));
        }
        let means_itself = |byte: u8| !b"\\.".contains(&byte) && !byte.is_ascii_lowercase();
        if !csv && (!means_itself(delimiter) || delimiter.is_ascii_digit()) {
            let delimiter = char::from(delimiter);
            return Err(invalid(format!("COPY delimiter cannot be \"{delimiter}\"")));
        }
        let header = self.header.unwrap_or_default();
        let quoting = match csv {
            true => Some(self.quoting(delimiter)?),
            false => {
                self.no_quoting()?;
                None
            }
        };
        if null.as_bytes().contains(&delimiter) {
            return Err(beyond("COPY delimiter must not appear in the NULL specification"));
        }
        if let Some(quoting) = &quoting
            && null.as_bytes().contains(&quoting.quote)
        {
            return Err(beyond("CSV quote character must not appear in the NULL specification"));
        }
        Ok(CopyLines { delimiter, null, header, csv: quoting })
    }

    fn quoting(&mut self, delimiter: u8) -> Result<Quoting, SqlError> {
        let quote = match &self.quote {
            Some(quote) => byte(quote, "COPY quote must be a single one-byte character")?,
            None => b'"',
        };
        if quote == delimiter {
            return Err(invalid("COPY delimiter and quote must be different"));
        }
        let escape = match &self.escape {
            Some(escape) => byte(escape, "COPY escape must be a single one-byte character")?,
            None => quote,
        };
        let forced = self.forced.take().unwrap_or_else(|| Forced::Columns(Vec::new()));
        Ok(Quoting { quote, escape, forced })
    }

    fn no_quoting(&self) -> Result<(), SqlError> {
        if self.quote.is_some() {
            return Err(beyond("COPY quote available only in CSV mode"));
        }
        if self.escape.is_some() {
            return Err(beyond("COPY escape available only in CSV mode"));
        }
        if self.forced.is_some() {
            return Err(beyond("COPY force quote available only in CSV mode"));
        }
        Ok(())
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), SqlError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(syntax("conflicting or redundant options".to_owned())),
    }
}

fn text(option: &str, value: OptionValue) -> Result<String, SqlError> {
    match value {
        OptionValue::Text(text) => Ok(text),
        OptionValue::Number(number) => Ok(number.to_string()),
        OptionValue::All => Ok("*".to_owned()),
        OptionValue::None => Err(syntax(format!("{option} requires a parameter"))),
        OptionValue::Names(_) => {
            Err(syntax(format!("argument to option \"{option}\" must be a text")))
        }
    }
}

fn header(value: OptionValue) -> Result<bool, SqlError> {
    match value {
        OptionValue::Text(word) if word.eq_ignore_ascii_case("match") => {
            Err(beyond("cannot use \"match\" with HEADER in COPY TO"))
        }
        value => boolean("header", value),
    }
}

fn boolean(option: &str, value: OptionValue) -> Result<bool, SqlError> {
    let on = match value {
        OptionValue::None | OptionValue::Number(1) => Some(true),
        OptionValue::Number(0) => Some(false),
        OptionValue::Text(word) => match word.to_ascii_lowercase().as_str() {
            "true" | "on" => Some(true),
            "false" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    };
    on.ok_or_else(|| syntax(format!("{option} requires a Boolean value")))
}

fn columns(option: &str, value: OptionValue) -> Result<Forced, SqlError> {
    match value {
        OptionValue::All => Ok(Forced::All),
        OptionValue::Names(names) => Ok(Forced::Columns(names)),
        _ => {
            Err(invalid(format!("argument to option \"{option}\" must be a list of column names")))
        }
    }
}

/// A character of one byte.
fn byte(text: &str, otherwise: &'static str) -> Result<u8, SqlError> {
    match *text.as_bytes() {
        [byte] => Ok(byte),
        _ => Err(beyond(otherwise)),
    }
}

fn syntax(message: String) -> SqlError {
    SqlError::Syntax { message, position: None }
}

fn invalid(message: impl Into<String>) -> SqlError {
    SqlError::CopyOption { sqlstate: SqlState::INVALID_PARAMETER_VALUE, message: message.into() }
}

fn beyond(message: &str) -> SqlError {
    SqlError::CopyOption { sqlstate: SqlState::FEATURE_NOT_SUPPORTED, message: message.to_owned() }
}
