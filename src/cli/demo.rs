//! `portcullis demo`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Outcome, interrupted, runtime};
use crate::demo;
use crate::demo::screen::Screen;

/// Options of `demo`
#[derive(Args)]
pub(super) struct Options {
    /// The folder of the company; made where it is absent
    #[arg(long, value_name = "DIR", default_value = "portcullis-demo")]
    dir: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6432")]
    listen: SocketAddr,
    /// Show one query as each of the people, side by side, and end
    #[arg(long, conflicts_with = "attack")]
    tour: bool,
    /// Try attacks on a plain filter and on the gateway, and end
    #[arg(long)]
    attack: bool,
}

pub(super) fn run(options: &Options) -> Outcome {
    let mut screen = Screen::stdout();
    let company = demo::prepare(&options.dir, &mut screen)?;
    runtime()?.block_on(async {
        if options.tour {
            return Ok(verdict(demo::show_tour(company, &mut screen).await?));
        }
        if options.attack {
            return Ok(verdict(demo::show_attacks(company, &mut screen).await? == 0));
        }
        demo::serve(company, options.listen, interrupted(), &mut screen).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// What scripts are told of a show.
fn verdict(as_expected: bool) -> ExitCode {
    if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
