//! Which tables a folder holds, and how their files are opened.
//!
//! Nothing is opened by a name that came from outside: tables are found by listing the folder.
//! A symbolic link is followed only while it stays within the folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use portcullis_connector_api::{ConnectorError, TableFault, TableName};

/// The formats that tables come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet
    Parquet,
    /// RFC 4180, with a header
    Csv,
    /// One JSON object a line
    Json,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The files of one table, in the order of their names.
#[derive(Clone, Debug)]
pub struct TableFiles {
    /// The table.
    pub name: TableName,
    /// The format of all of them.
    pub format: Format,
    /// The files; at least one.
    pub files: Vec<DataFile>,
}

impl TableFiles {
    /// What the audit record says was read.
    pub fn sent(&self) -> String {
        match self.files.as_slice() {
            [file] => format!("read {}", file.label),
            files => format!("read {} files of {}/", files.len(), self.name),
        }
    }
}

/// One file.
#[derive(Clone, Debug)]
pub struct DataFile {
    path: PathBuf,
    root: PathBuf,
    table: TableName,
    /// Its path within the folder.
    pub label: String,
}

impl DataFile {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// [`ConnectorError::Configuration`] where it leads out of the folder or is no plain file,
    /// [`ConnectorError::Failed`] where it cannot be read.
    pub fn open(&self) -> Result<File, ConnectorError> {
        let failed = |error: io::Error| {
            ConnectorError::Failed(format!(
                "table \"{}\" cannot be read: {}",
                self.table,
                error.kind()
            ))
        };
        let path = fs::canonicalize(&self.path).map_err(failed)?;
        if !path.starts_with(&self.root) {
            return Err(ConnectorError::Configuration(format!(
                "a symbolic link of table \"{}\" leads out of the folder",
                self.table
            )));
        }
        // A pipe would block whoever opens it.
        if !fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(ConnectorError::Configuration(format!(
                "table \"{}\" holds what is no plain file",
                self.table
            )));
        }
        File::open(path).map_err(failed)
    }

    /// Damage of this file, told with the table's name.
    pub fn damaged(&self, why: impl std::fmt::Display) -> ConnectorError {
        ConnectorError::Damaged(format!("table \"{}\": {why}", self.table))
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// Tables whose files were found.
    pub tables: Vec<TableFiles>,
    /// Folders that are no tables, with the reason.
    pub faults: Vec<TableFault>,
}

fn unreachable(error: io::Error) -> ConnectorError {
    ConnectorError::Unreachable(format!("the folder cannot be read: {}", error.kind()))
}

/// Looks whether the folder can be read.
///
/// # Errors
/// [`ConnectorError::Unreachable`] where it cannot.
pub fn touch(root: &Path) -> Result<(), ConnectorError> {
    fs::read_dir(root).map(drop).map_err(unreachable)
}

/// Lists the folder.
///
/// # Errors
/// [`ConnectorError::Unreachable`] where the folder cannot be read, and
/// [`ConnectorError::Configuration`] where two entries would be one table.
pub fn list(root: &Path) -> Result<Listing, ConnectorError> {
    let root = fs::canonicalize(root).map_err(unreachable)?;
    let mut listing = Listing::default();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (label, path) in entries(&root).map_err(unreachable)? {
        let directory = path.is_dir();
        let stem = if directory { path.file_name() } else { path.file_stem() };
        let Some(name) = stem.and_then(|stem| stem.to_str()).map(str::to_owned) else { continue };
        let table = TableName::from(name.as_str());
        let found = if directory {
            match folder(&root, &path, &table) {
                Ok(None) => continue,
                Ok(Some(files)) => Ok(files),
                Err(error) => Err(error),
            }
        } else {
            let Some(format) = Format::of(&path) else { continue };
            let file =
                DataFile { path, root: root.clone(), table: table.clone(), label: label.clone() };
            Ok(TableFiles { name: table.clone(), format, files: vec![file] })
        };
        if let Some(other) = seen.insert(name, label.clone()) {
            return Err(ConnectorError::Configuration(format!(
                "\"{other}\" and \"{label}\" would both be table \"{table}\""
            )));
        }
        match found {
            Ok(files) => listing.tables.push(files),
            Err(error) => listing.faults.push(TableFault { table, error }),
        }
    }
    Ok(listing)
}

/// Finds one table by listing the folder again.
///
/// # Errors
/// Those of [`list`], and [`ConnectorError::Failed`] where the table is gone.
pub fn find(root: &Path, name: &TableName) -> Result<TableFiles, ConnectorError> {
    let listing = list(root)?;
    if let Some(fault) = listing.faults.into_iter().find(|fault| fault.table == *name) {
        return Err(fault.error);
    }
    let mut tables = listing.tables.into_iter();
    tables
        .find(|table| table.name == *name)
        .ok_or_else(|| ConnectorError::Failed(format!("table \"{name}\" is not there any more")))
}

/// The files of a folder that is a table; none where it holds no data.
fn folder(
    root: &Path,
    path: &Path,
    table: &TableName,
) -> Result<Option<TableFiles>, ConnectorError> {
    let resolved = fs::canonicalize(path).map_err(|error| {
        ConnectorError::Failed(format!("table \"{table}\" cannot be read: {}", error.kind()))
    })?;
    if !resolved.starts_with(root) {
        return Err(ConnectorError::Configuration(format!(
            "table \"{table}\" is a symbolic link that leads out of the folder"
        )));
    }
    let found = entries(&resolved).map_err(|error| {
        ConnectorError::Failed(format!("table \"{table}\" cannot be read: {}", error.kind()))
    })?;
    let mut format = None;
    let mut files = Vec::new();
    for (label, path) in found {
        if path.is_dir() {
            return Err(ConnectorError::Configuration(format!(
                "table \"{table}\" holds a folder, \"{label}\"; partitioned layouts are not supported"
            )));
        }
        let Some(own) = Format::of(&path) else { continue };
        if *format.get_or_insert(own) != own {
            return Err(ConnectorError::Configuration(format!(
                "table \"{table}\" holds files of more than one format"
            )));
        }
        let label = format!("{table}/{label}");
        files.push(DataFile { path, root: root.to_owned(), table: table.clone(), label });
    }
    Ok(format.map(|format| TableFiles { name: table.clone(), format, files }))
}

/// The entries of a folder by name, without those that are hidden or that a writer keeps for
/// itself (`_SUCCESS`, `.part.crc`). A name that is not UTF-8 cannot be a table's.
fn entries(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with(['.', '_'])
        {
            entries.insert(name, entry.path());
        }
    }
    Ok(entries)
}
