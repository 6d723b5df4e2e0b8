//! Files as a source: Parquet, CSV and newline-delimited JSON.
