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
            demo::show_tour(company, &mut screen).await?;
            return Ok(ExitCode::SUCCESS);
        }
        if options.attack {
            let given_away = demo::show_attacks(company, &mut screen).await?;
            let held = given_away == 0;
            return Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        demo::serve(company, options.listen, interrupted(), &mut screen).await?;
        Ok(ExitCode::SUCCESS)
    })
}
