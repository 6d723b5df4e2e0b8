//! The command line. Each command reads the configuration, calls the room that does the work, and
//! says what came of it: to people, on standard error; to scripts, by the exit code (0 done, 1
//! refused or failed, 2 a wrong command line).

mod audit;
mod token;

use std::error::Error;
use std::process::ExitCode;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Parser, Subcommand};

/// A virtual SQL gateway: Postgres on the wire, Cedar policies on every row and column
#[derive(Parser)]
#[command(name = "portcullis", version, styles = STYLES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prove the audit log
    #[command(subcommand)]
    Audit(audit::Command),
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
    let outcome = match Cli::parse().command {
        Command::Audit(command) => audit::run(&command),
        Command::Token(options) => token::run(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            for line in error.to_string().lines() {
                eprintln!("error: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// What a command ends with. An error is printed, a line for each of its lines.
type Outcome = Result<ExitCode, Box<dyn Error>>;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
