//! One value of the configuration, and where it stood.

use std::fmt::Display;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::reader::Document;

/// A value, and where it stood.
#[derive(Clone)]
pub(super) struct Found<'a, T> {
    pub(super) document: &'a Document<'a>,
    /// Names the key and its section, as a sentence about the value begins.
    pub(super) label: String,
    /// In bytes from the beginning of the file.
    pub(super) place: usize,
    /// The value.
    pub(super) value: T,
}

impl<'a, T> Found<'a, T> {
    /// Notes a fault of this value. `message` continues a sentence that begins with the key.
    pub(super) fn fault<U>(&self, message: impl Display) -> Option<U> {
        self.document.fault(self.place, format!("{} {message}", self.label));
        None
    }

    /// Another value at the same place.
    pub(super) fn with<U>(&self, value: U) -> Found<'a, U> {
        Found { document: self.document, label: self.label.clone(), place: self.place, value }
    }

    /// Turns the value into another, or notes why that cannot be.
    pub(super) fn parse<U, E: Display>(
        self,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<Found<'a, U>> {
        let at = self.with(());
        match parse(self.value) {
            Ok(value) => Some(at.with(value)),
            Err(error) => at.fault(error),
        }
    }
}

impl<'a> Found<'a, &'a DeValue<'a>> {
    /// Notes that the value is not of the type that is expected here.
    pub(super) fn mistyped<U>(&self, expected: &str) -> Option<U> {
        let article = match self.value {
            DeValue::Integer(_) | DeValue::Array(_) => "an",
            _ => "a",
        };
        self.fault(format!("must be {expected}, not {article} {}", self.value.type_str()))
    }

    /// Its text.
    pub(super) fn text(self) -> Option<Found<'a, &'a str>> {
        match self.value {
            DeValue::String(text) => Some(self.with(text.as_ref())),
            _ => self.mistyped("a string"),
        }
    }

    /// Its texts, none of them empty.
    pub(super) fn texts(self) -> Option<Vec<Found<'a, &'a str>>> {
        let DeValue::Array(items) = self.value else {
            return self.mistyped("an array of strings");
        };
        items
            .iter()
            .map(|item| {
                let item = Found { place: item.span().start, ..self.with(item.get_ref()) };
                match item.value {
                    DeValue::String(_) => item.text()?.filled(),
                    _ => item.fault("must be an array of strings, and of nothing else"),
                }
            })
            .collect()
    }

    /// Its whole number; `Some(None)` for one past 64 bits.
    pub(super) fn integer(&self) -> Option<Option<i64>> {
        match self.value {
            DeValue::Integer(number) => {
                Some(i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            _ => self.mistyped("a whole number"),
        }
    }

    /// Its table.
    pub(super) fn table(&self) -> Option<&'a DeTable<'a>> {
        match self.value {
            DeValue::Table(table) => Some(table),
            _ => self.mistyped("a table"),
        }
    }
}

impl<'a> Found<'a, &'a str> {
    /// The text, where it is not empty and holds no NUL.
    pub(super) fn filled(self) -> Option<Self> {
        match self.value {
            "" => self.fault("must not be empty"),
            text if text.contains('\0') => self.fault("holds NUL"),
            _ => Some(self),
        }
    }

    /// The path, relative to the configuration file.
    pub(super) fn path(&self) -> PathBuf {
        self.document.resolve(self.value)
    }

    /// The path of a file that exists.
    pub(super) fn file(self) -> Option<PathBuf> {
        let path = self.path();
        match path.is_file() {
            true => Some(path),
            false => {
                self.fault(format!("names the file \"{}\", which does not exist", path.display()))
            }
        }
    }

    /// The path of a folder that exists.
    pub(super) fn folder(self) -> Option<PathBuf> {
        let path = self.path();
        match path.is_dir() {
            true => Some(path),
            false => {
                self.fault(format!("names the folder \"{}\", which does not exist", path.display()))
            }
        }
    }
}
