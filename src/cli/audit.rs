//! `portcullis audit verify DIR [--key FILE]`

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::audit::{self, Report};

/// Verifies the log in `dir` and tells the result in a few lines. Without `key` the key lies
/// where the configuration's default puts it, beside the folder.
///
/// Gives exit code 0 where the log is whole, 1 where it is not or cannot be read.
///
/// # Errors
/// Where `out` cannot be written.
pub fn verify(dir: &Path, key: Option<&Path>, out: &mut impl Write) -> io::Result<ExitCode> {
    let key = key.map_or_else(|| audit::default_key_file(dir), Path::to_owned);
    let shown = dir.display();
    let report = match audit::verify(dir, &key) {
        Ok(report) => report,
        Err(error) => {
            writeln!(out, "{shown}: cannot be verified")?;
            writeln!(out, "  {error}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let records = counted(report.records, "record");
    let segments = counted(report.segments, "segment");
    match &report.fault {
        Some(fault) => {
            writeln!(out, "{shown}: BROKEN")?;
            writeln!(out, "  {fault}")?;
            writeln!(out, "  {records} before that hold together")?;
            Ok(ExitCode::FAILURE)
        }
        None => {
            let live = if report.live { ", a gateway is writing" } else { "" };
            writeln!(out, "{shown}: whole")?;
            writeln!(out, "  {records} in {segments}{live}")?;
            details(&report, out)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn details(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if let (Some(first), Some(last)) = (&report.first, &report.last) {
        writeln!(out, "  from {first} to {last}")?;
    }
    if let Some(hash) = report.hash {
        writeln!(out, "  head {} {hash}", report.records)?;
    }
    for remnant in &report.remnants {
        writeln!(out, "  after a crash, unfinished records were set aside in {remnant}")?;
    }
    Ok(())
}

/// `1 record`, `12 records`
fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
