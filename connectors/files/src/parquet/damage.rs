//! Files in which damage was met.
//!
//! A scan meets a damaged page only where its columns and conditions lead it there, by the
//! statistics of rows that the caller may not see: who asks often enough could read these from
//! which questions fail. So the first scan that meets damage ends the file for everybody and every
//! question, until somebody writes it anew.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;

/// What tells a file from the one that stood there before: its length, and when it was written.
type Stamp = (u64, Option<SystemTime>);

/// The damaged files, by their path within the folder; as many as the folder has files.
#[derive(Debug, Default)]
pub struct Damage(Mutex<BTreeMap<String, Stamp>>);

impl Damage {
    /// Whether this very file is known to be damaged.
    pub fn is_known(&self, label: &str, about: &Metadata) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let damaged = known.get(label).is_some_and(|known| *known == stamp(about));
        if !damaged {
            known.remove(label);
        }
        damaged
    }

    /// Remembers the file, if the error is of what it holds and not of reaching it.
    pub fn note(&self, label: &str, about: &Metadata, error: &DataFusionError) {
        if is_of_content(error.find_root()) {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(label.to_owned(), stamp(about));
        }
    }
}

fn is_of_content(error: &DataFusionError) -> bool {
    match error {
        DataFusionError::IoError(_) | DataFusionError::ResourcesExhausted(_) => false,
        // The bytes could not be had.
        DataFusionError::ParquetError(error) => !matches!(**error, ParquetError::External(_)),
        _ => true,
    }
}

fn stamp(about: &Metadata) -> Stamp {
    (about.len(), about.modified().ok())
}
