//! `portcullis check` and `portcullis schema`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use portcullis_connector_api::ColumnName;

use super::{Outcome, columns, counted, runtime};
use crate::assembly::{SourceState, Survey, listener_options, survey};
use crate::config::Config;
use crate::guard::TableTenancy;
use crate::policy::PolicyStore;

/// Options of `check`
#[derive(Args)]
pub(super) struct Options {
    /// The configuration
    #[arg(long, default_value = "portcullis.toml")]
    config: PathBuf,
}

/// Options of `schema`
#[derive(Args)]
pub(super) struct SchemaOptions {
    /// The configuration
    #[arg(long, default_value = "portcullis.toml")]
    config: PathBuf,

    /// Print the columns that were inferred, as the configuration would declare them
    #[arg(long)]
    columns: bool,
}

/// Words in a column's name that sound like personal data.
const PERSONAL: &[&str] =
    &["address", "birth", "card", "email", "iban", "passport", "phone", "salary", "ssn", "surname"];

pub(super) fn schema(options: &SchemaOptions) -> Outcome {
    let config = Config::load(&options.config)?;
    let survey = runtime()?.block_on(survey(&config))?;
    if options.columns {
        print!("{}", columns::sections(&config, &survey));
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}", survey.schema.text());
    for note in survey.schema.notes() {
        eprintln!("note: {note}");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn check(options: &Options) -> Outcome {
    let config = Config::load(&options.config)?;
    listener_options(&config)?;
    let survey = runtime()?.block_on(survey(&config))?;
    print_tables(&survey);
    let mut faults: Vec<String> = survey.uncovered.iter().map(ToString::to_string).collect();
    let mut warnings = Vec::new();
    for source @ SourceState { name, required, unreachable, notes, .. } in &survey.sources {
        warnings.extend(notes.iter().map(|note| format!("source \"{name}\": {note}")));
        warnings.extend(source.inferred_tables());
        if let Some(error) = unreachable {
            let text = format!("source \"{name}\": {error}");
            if *required { faults.push(text) } else { warnings.push(text) }
        }
    }
    warnings.extend(survey.schema.notes().iter().map(ToString::to_string));
    warnings.extend(untagged(&survey));
    match PolicyStore::open(&config.policies.dir, survey.schema) {
        Ok(policies) => {
            let policies = policies.current();
            warnings.extend(policies.warnings().iter().map(ToString::to_string));
            if policies.permit_tokens() && config.policies.token_key.is_none() {
                faults.push("a policy permits mask_token, and [policies] has no token_key".into());
            }
        }
        Err(found) if survey.uncovered.is_empty() => {
            faults.extend(found.iter().map(ToString::to_string));
        }
        // They may speak of these tables.
        Err(_) => warnings.push("policies are checked when every table is covered".to_owned()),
    }
    for warning in &warnings {
        println!("warning: {warning}");
    }
    for fault in &faults {
        println!("error: {fault}");
    }
    let count = |found: &[String], what| counted(found.len() as u64, what);
    println!("{}, {}", count(&faults, "fault"), count(&warnings, "warning"));
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_tables(survey: &Survey) {
    let rows: Vec<[String; 3]> = survey
        .estate
        .tables()
        .map(|(_, table)| {
            let tenancy = match &table.tenancy {
                TableTenancy::Shared => "shared".to_owned(),
                TableTenancy::Column(column) => format!("tenant in {column}"),
            };
            let columns = format!("{} columns", table.table.columns.len());
            [format!("{}.{}", table.schema, table.name), tenancy, columns]
        })
        .collect();
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(String::len).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    for [table, tenancy, columns] in &rows {
        println!("{table:first$}  {tenancy:second$}  {columns}");
    }
}

/// Columns that sound like personal data and carry no tag, a warning for each table.
fn untagged(survey: &Survey) -> Vec<String> {
    let mut found = Vec::new();
    for (_, table) in survey.estate.tables() {
        let tagged = |column: &ColumnName| {
            table.columns.get(column).is_some_and(|rules| !rules.tags.is_empty())
        };
        let personal = |column: &ColumnName| {
            let name = column.as_str().to_lowercase();
            PERSONAL.iter().any(|word| name.contains(word))
        };
        let columns = table.table.columns.iter().map(|column| &column.name);
        let suspect = columns.filter(|column| personal(column) && !tagged(column));
        let suspect: Vec<String> = suspect.map(|column| format!("\"{column}\"")).collect();
        let (columns, what) = match suspect.len() {
            0 => continue,
            1 => ("column", "sounds like personal data and has no tag"),
            _ => ("columns", "sound like personal data and have no tag"),
        };
        let (schema, table, suspect) = (&table.schema, &table.name, suspect.join(", "));
        found.push(format!("{columns} {suspect} of \"{schema}.{table}\" {what}"));
    }
    found
}
