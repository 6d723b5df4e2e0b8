//! The command line. Each command reads the configuration, calls the room that does the work, and
//! says what came of it: to people, on standard error; to scripts, by the exit code (0 done, 1
//! refused or failed, 2 a wrong command line).

mod audit;
mod check;
mod columns;
mod demo;
mod key;
mod logging;
mod serve;
mod token;

use std::error::Error;
use std::process::ExitCode;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Parser, Subcommand};

use crate::assembly::Faults;

/// A virtual SQL gateway: Postgres on the wire, Cedar policies on every row and column
#[derive(Parser)]
#[command(name = "portcullis", version, styles = STYLES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a small company and serve it; nothing else is needed
    Demo(demo::Options),
    /// Serve clients
    Serve(serve::Options),
    /// Check configuration, sources, policies and coverage
    Check(check::Options),
    /// Print the Cedar schema of the sources
    Schema(check::SchemaOptions),
    /// Prove the audit log, or read it
    #[command(subcommand)]
    Audit(audit::Command),
    /// Make the keys that a configuration for development names and lacks
    Key(key::Options),
    /// Sign a development token, to be used as a password
    Token(token::Options),
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Cyan.on_default().bold())
    .usage(AnsiColor::Cyan.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::White.on_default().dimmed());

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    logging::start(match &cli.command {
        // It speaks for itself.
        Command::Demo(_) => "error",
        _ => "warn,portcullis=info",
    });
    let outcome = match cli.command {
        Command::Demo(options) => demo::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Check(options) => check::check(&options),
        Command::Schema(options) => check::schema(&options),
        Command::Audit(command) => audit::run(&command),
        Command::Key(options) => key::run(&options),
        Command::Token(options) => token::run(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref::<Faults>() {
                // One may be several lines: those of a policy are shown.
                Some(Faults(faults)) => faults.iter().for_each(|fault| eprintln!("error: {fault}")),
                None => error.to_string().lines().for_each(|line| eprintln!("error: {line}")),
            }
            ExitCode::FAILURE
        }
    }
}

/// Where asynchronous work runs. Planning walks deep trees on its stacks, which the bounds on
/// statements are made for.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build()
}

const STACK_BYTES: usize = 16 << 20;

/// Ready when the process is asked to end.
async fn interrupted() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// From here on a file that may not grow any more (`RLIMIT_FSIZE`) is an error of whoever writes to
/// it, as a full disk is, and no end of the process.
fn survive_full_files() -> std::io::Result<()> {
    /// `SIGXFSZ`, alike on Linux and the BSDs.
    const FILE_SIZE_EXCEEDED: i32 = 25;
    // What was registered stays so, whether anybody listens or not.
    let kind = tokio::signal::unix::SignalKind::from_raw(FILE_SIZE_EXCEEDED);
    tokio::signal::unix::signal(kind).map(drop)
}

/// `1 record`, `12 records`
fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// What a command ends with. An error is printed, a line for each of its lines.
type Outcome = Result<ExitCode, Box<dyn Error>>;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    /// The README's table has every command, and each line of it can be typed.
    #[test]
    fn the_readme_knows_the_commands() {
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("\n| command | does |\n").unwrap();
        let rows =
            table.lines().take_while(|line| line.starts_with("| `") || line.starts_with("|-"));
        let mut told = BTreeSet::new();
        for row in rows.filter_map(|line| line.strip_prefix("| `")) {
            let (command, _) = row.split_once('`').unwrap();
            let words: Vec<&str> = command.split(' ').collect();
            if let Err(error) = super::Cli::try_parse_from(&words) {
                panic!("{command}: {error}");
            }
            let depth = if words[1] == "audit" { 2 } else { 1 };
            told.insert(words[1..=depth].join(" "));
        }
        let mut known = BTreeSet::new();
        for command in super::Cli::command().get_subcommands() {
            let name = command.get_name().to_owned();
            let nested = command.get_subcommands().map(|one| format!("{name} {}", one.get_name()));
            known.extend(nested);
            if !command.has_subcommands() {
                known.insert(name);
            }
        }
        assert_eq!(told, known);
    }
}
