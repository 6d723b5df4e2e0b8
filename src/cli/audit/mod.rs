//! `portcullis audit`

mod show;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::audit::{self, Report};

use super::{Outcome, counted};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Walk the chain of records, of a live folder too; exit 1 and the place where it breaks
    Verify {
        /// The folder of the log
        dir: PathBuf,
        /// The key of the log; by default the file beside the folder, DIR.key
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Tell the last statements and events: who, what was filtered and masked, how it ended
    Show {
        /// The folder of the log
        dir: PathBuf,
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        last: usize,
    },
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Verify { dir, key } => {
            let key = key.clone().unwrap_or_else(|| audit::default_key_file(dir));
            Ok(verify(dir, &key, &mut io::stdout().lock())?)
        }
        Command::Show { dir, last } => {
            show::show(dir, *last, &mut io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Why nothing can be said of the log.
#[derive(Debug, thiserror::Error)]
enum ShowError {
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

/// Verifies the log in `dir`, and tells the result in a few lines.
fn verify(dir: &Path, key: &Path, out: &mut impl Write) -> Result<ExitCode, ShowError> {
    let report = audit::verify(dir, key)?;
    let shown = dir.display();
    let records = counted(report.records, "record");
    let Some(fault) = &report.fault else {
        let segments = counted(report.segments, "segment");
        let live = if report.live { ", a gateway is writing" } else { "" };
        writeln!(out, "{shown}: whole")?;
        writeln!(out, "  {records} in {segments}{live}")?;
        details(&report, out)?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(out, "{shown}: BROKEN")?;
    writeln!(out, "  {fault}")?;
    writeln!(out, "  whole up to there: {records}")?;
    Ok(ExitCode::FAILURE)
}

fn details(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if let (Some(first), Some(last)) = (&report.first, &report.last) {
        writeln!(out, "  from {first} to {last}")?;
    }
    if let Some(hash) = report.hash {
        writeln!(out, "  head {} {hash}", report.records)?;
    }
    for remnant in &report.remnants {
        writeln!(
            out,
            "  {remnant} holds what lay past the last counted record at a start: after a crash, or added"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::audit::AuditLog;

    #[tokio::test]
    async fn the_result_is_told_in_a_few_lines() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("audit");
        let key = audit::default_key_file(&dir);
        let log = AuditLog::open(&dir, &key).unwrap();
        log.event("start", json!({ "shared": [] })).await.unwrap();
        drop(log);
        let run = || {
            let mut out = Vec::new();
            let code = verify(&dir, &key, &mut out).unwrap();
            (code, String::from_utf8(out).unwrap().replace(dir.to_str().unwrap(), "DIR"))
        };
        let (code, whole) = run();
        assert_eq!(code, ExitCode::SUCCESS);
        let report = audit::verify(&dir, &key).unwrap();
        let (first, last) = (report.first.unwrap(), report.last.unwrap());
        assert_eq!(
            whole,
            format!(
                "DIR: whole\n  2 records in 1 segment\n  from {first} to {last}\n  head 2 {}\n",
                report.hash.unwrap()
            )
        );

        let path = dir.join("audit-000001.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("start", "stirt")).unwrap();
        let byte = text.lines().next().unwrap().len() + 1;
        assert_eq!(
            run(),
            (
                ExitCode::FAILURE,
                format!(
                    "DIR: BROKEN\n  audit-000001.jsonl, line 2, byte {byte}: the record was \
                     changed: its hash is that of another text\n  whole up to there: 1 record\n"
                )
            )
        );
        fs::remove_file(&key).unwrap();
        let error = verify(&dir, &key, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("audit.key\" is missing"), "{error}");
    }

    #[test]
    fn a_folder_without_a_log_is_told_apart_from_none() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("audit");
        let told = |dir: &Path| {
            let verified = verify(dir, &audit::default_key_file(dir), &mut Vec::new());
            let shown = show::show(dir, 20, &mut Vec::new());
            [verified.unwrap_err(), shown.unwrap_err()]
                .map(|error| error.to_string().replace(dir.to_str().unwrap(), "DIR"))
        };
        let missing = "there is no folder \"DIR\"";
        assert_eq!(told(&dir), [missing, missing]);
        fs::create_dir(&dir).unwrap();
        let none = "there is no audit log in \"DIR\"";
        assert_eq!(told(&dir), [none, none]);
    }
}
