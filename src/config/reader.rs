//! Reads TOML key by key, and remembers where each value stood.
//!
//! A [`Section`] is asked for its keys by name and type. What is wrong is noted with its line,
//! and reading goes on, so that one run shows all faults. A section that has been read knows
//! which keys were asked for; any other key in it is a fault that names the nearest of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Fault};
use super::found::Found;
use super::nearest::nearest;

/// Gives the value of an environment variable.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// One configuration file.
pub(super) struct Document<'a> {
    path: &'a Path,
    text: &'a str,
    environment: Environment<'a>,
    faults: RefCell<Vec<Fault>>,
    #[cfg(test)]
    pub(super) asked: RefCell<BTreeSet<String>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str, environment: Environment<'a>) -> Self {
        Self {
            path,
            text,
            environment,
            faults: RefCell::default(),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    /// Reads the whole document.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Section<'_>) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let table = match DeTable::parse(self.text) {
            Ok(table) => table,
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let place = span.start;
                // Elsewhere the text at fault may be part of a credential.
                let doubled = match error.message() {
                    "duplicate key" => self.text.get(span).map(|key| format!(" \"{key}\"")),
                    _ => None,
                };
                let doubled = doubled.unwrap_or_default();
                self.fault(place, format!("not TOML: {}{doubled}", error.message()));
                return Err(ConfigError::Faulty(self.faults.take()));
            }
        };
        let root = Section::new(self, Vec::new(), false, 0, Some(table.get_ref()));
        let value = read(&root);
        root.finish();
        let mut faults = self.faults.take();
        faults.sort();
        faults.dedup();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(ConfigError::Faulty(faults)),
        }
    }

    /// The value of an environment variable.
    pub(super) fn environment(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    /// A path of the configuration: relative ones are relative to its file.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// Notes a fault at a place, in bytes from the beginning.
    pub(super) fn fault(&self, place: usize, message: String) {
        let before = self.text.as_bytes().iter().take(place);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        self.faults.borrow_mut().push(Fault { path: self.path.to_owned(), line, message });
    }
}

/// A table of the document, perhaps an absent one.
pub(super) struct Section<'a> {
    pub(super) document: &'a Document<'a>,
    name: Vec<String>,
    listed: bool,
    place: usize,
    entries: Option<&'a DeTable<'a>>,
    asked: RefCell<BTreeSet<&'static str>>,
    lenient: Cell<bool>,
}

impl<'a> Section<'a> {
    fn new(
        document: &'a Document<'a>,
        name: Vec<String>,
        listed: bool,
        place: usize,
        entries: Option<&'a DeTable<'a>>,
    ) -> Self {
        Self {
            document,
            name,
            listed,
            place,
            entries,
            asked: RefCell::default(),
            lenient: Cell::new(false),
        }
    }

    /// As a person would look for it in the file.
    fn label(&self) -> String {
        match (self.name.as_slice(), self.listed) {
            ([], _) => "the top level".to_owned(),
            (name, true) => format!("[[{}]]", dotted(name)),
            (name, false) => format!("[{}]", dotted(name)),
        }
    }

    /// Notes a fault of the section as a whole.
    pub(super) fn fault(&self, message: impl Display) {
        self.document.fault(self.place, format!("{} {message}", self.label()));
    }

    /// Unknown keys are no fault: what they mean hangs on a key that is itself at fault.
    pub(super) fn forgive_unknown_keys(&self) {
        self.lenient.set(true);
    }

    /// Whether the key is there, whatever it holds. Does not make it a known one.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.contains_key(key))
    }

    fn get(&self, key: &'static str) -> Option<Found<'a, &'a DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        #[cfg(test)]
        self.document.asked.borrow_mut().insert(format!("{} {key}", self.label()));
        let (name, value) = self.entries?.get_key_value(key)?;
        Some(Found {
            document: self.document,
            label: format!("\"{key}\" in {}", self.label()),
            place: name.span().start,
            value: value.get_ref(),
        })
    }

    /// A key that must be there.
    pub(super) fn required<T>(&self, key: &'static str, found: Option<T>) -> Option<T> {
        if found.is_none() && !self.has(key) {
            self.fault(format!("lacks \"{key}\""));
        }
        found
    }

    /// A text that may be absent.
    pub(super) fn text(&self, key: &'static str) -> Option<Found<'a, &'a str>> {
        self.get(key)?.text()
    }

    /// A text that must be there and must not be empty.
    pub(super) fn required_text(&self, key: &'static str) -> Option<Found<'a, &'a str>> {
        self.required(key, self.text(key))?.filled()
    }

    /// `true` or `false`; false where absent.
    pub(super) fn flag(&self, key: &'static str) -> bool {
        self.get(key)
            .and_then(|found| match found.value {
                DeValue::Boolean(flag) => Some(*flag),
                _ => found.mistyped("true or false"),
            })
            .unwrap_or(false)
    }

    /// A whole number within the range; the default where absent.
    pub(super) fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        self.get(key)
            .and_then(|found| {
                let (least, most) = (range.start(), range.end());
                let number = found.integer()?.and_then(|number| u64::try_from(number).ok());
                number
                    .filter(|number| range.contains(number))
                    .or_else(|| found.fault(format!("must be from {least} to {most}")))
            })
            .unwrap_or(default)
    }

    /// Any value; its type is looked at later.
    pub(super) fn value(&self, key: &'static str) -> Option<Found<'a, &'a DeValue<'a>>> {
        self.get(key)
    }

    /// Texts; none where absent.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<Found<'a, &'a str>>> {
        match self.get(key) {
            Some(found) => found.texts(),
            None => Some(Vec::new()),
        }
    }

    /// A table within this one; where it is absent, `read` finds no key in it.
    pub(super) fn table<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Section<'a>) -> Option<T>,
    ) -> Option<T> {
        let found = self.get(key);
        let (place, entries) = match &found {
            Some(found) => (found.place, Some(found.table()?)),
            None => (self.place, None),
        };
        self.enter(key, false, place, entries, read)
    }

    /// The folder that the absent `key` stands for, beside the configuration file.
    pub(super) fn default_folder(&self, key: &str, default: &str) -> Option<PathBuf> {
        let folder = self.document.resolve(default);
        if !folder.is_dir() {
            self.fault(format!(
                "lacks \"{key}\", and the folder \"{}\" does not exist either",
                folder.display()
            ));
            return None;
        }
        Some(folder)
    }

    /// As [`Section::table`], but `read` is not called where the table is absent.
    pub(super) fn optional_table<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Section<'a>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(key) {
            let _ = self.get(key);
            return None;
        }
        self.table(key, read)
    }

    /// The tables of `[[…]]`, in their order; none where absent.
    pub(super) fn tables<T>(
        &self,
        key: &'static str,
        mut read: impl FnMut(&Section<'a>) -> Option<T>,
    ) -> Vec<T> {
        let Some(found) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = found.value else {
            found.mistyped::<()>("an array of tables, written [[…]]");
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                let found = Found { place: item.span().start, ..found.with(item.get_ref()) };
                self.enter(key, true, found.place, Some(found.table()?), &mut read)
            })
            .collect()
    }

    /// The tables within the table `key`, whose names are up to the user, in the order of the
    /// file.
    pub(super) fn named_tables<T>(
        &self,
        key: &'static str,
        mut read: impl FnMut(&Found<'a, &'a str>, &Section<'a>) -> Option<T>,
    ) -> Vec<T> {
        let Some(found) = self.get(key) else { return Vec::new() };
        let Some(table) = found.table() else { return Vec::new() };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let parent = self.within(key);
        entries
            .into_iter()
            .filter_map(|(name, value)| {
                let mut path = parent.clone();
                path.push(name.get_ref().to_string());
                let place = name.span().start;
                let found = Found {
                    document: self.document,
                    label: format!("[{}]", dotted(&path)),
                    place,
                    value: value.get_ref(),
                };
                let entries = found.table()?;
                let key = found.with(name.get_ref().as_ref());
                let section = Section::new(self.document, path, false, place, Some(entries));
                let value = read(&key, &section);
                section.finish();
                value
            })
            .collect()
    }

    fn within(&self, key: &str) -> Vec<String> {
        self.name.iter().cloned().chain([key.to_owned()]).collect()
    }

    fn enter<T>(
        &self,
        key: &str,
        listed: bool,
        place: usize,
        entries: Option<&'a DeTable<'a>>,
        read: impl FnOnce(&Section<'a>) -> Option<T>,
    ) -> Option<T> {
        let section = Section::new(self.document, self.within(key), listed, place, entries);
        let value = read(&section);
        section.finish();
        value
    }

    /// Notes the keys that nobody asked for.
    fn finish(&self) {
        if self.lenient.get() {
            return;
        }
        let asked = self.asked.borrow();
        for (name, _) in self.entries.into_iter().flat_map(|entries| entries.iter()) {
            let key: &str = name.get_ref();
            if asked.contains(key) {
                continue;
            }
            let help = match nearest(key, asked.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => {
                    format!("known: {}", asked.iter().copied().collect::<Vec<_>>().join(", "))
                }
            };
            self.document.fault(
                name.span().start,
                format!("unknown key {} in {}; {help}", in_quotes(key), self.label()),
            );
        }
    }
}

fn dotted(name: &[String]) -> String {
    name.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
}

/// The key as TOML would have it.
fn quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !key.is_empty() && key.chars().all(bare) {
        true => key.to_owned(),
        false => in_quotes(key),
    }
}

fn in_quotes(key: &str) -> String {
    format!("\"{}\"", key.escape_debug())
}
