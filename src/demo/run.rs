//! The command: makes the company where it is absent, and shows what was asked for.

use std::future::Future;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::company::{Company, build};
use super::people::PEOPLE;
use super::progress::Shown;
use super::screen::{Ink, Screen};
use super::stage::Stage;
use super::{DemoError, attack, tour, welcome};

/// Greets, and makes the company in `dir` unless it is there.
///
/// # Errors
/// Where the folder cannot be used.
pub fn prepare(dir: &Path, screen: &mut Screen<impl Write>) -> Result<Company, DemoError> {
    welcome::greet(screen).map_err(DemoError::Screen)?;
    let where_to = format!("The company lies in {}", dir.display());
    screen.text(1, Ink::Plain, &where_to).map_err(DemoError::Screen)?;
    build(dir, &mut Shown::on(screen))
}

/// Serves until `ended` is ready.
///
/// # Errors
/// Where the gateway does not start.
pub async fn serve(
    company: Company,
    listen: SocketAddr,
    ended: impl Future<Output = ()>,
    screen: &mut Screen<impl Write>,
) -> Result<(), DemoError> {
    let stage = Stage::open(company, listen, "audit").await?;
    let mut passes = Vec::new();
    for person in PEOPLE {
        passes.push((person, stage.badges().good(&person)?));
    }
    let program = std::env::args().next().unwrap_or_else(|| "portcullis".to_owned());
    welcome::invite(stage.company(), stage.address(), &passes, &program, screen)
        .map_err(DemoError::Screen)?;
    ended.await;
    stage.close().await
}

/// Takes the tour. Gives whether all answers were as expected.
///
/// # Errors
/// Where the gateway does not start, or the tour cannot be shown.
pub async fn show_tour(
    company: Company,
    screen: &mut Screen<impl Write>,
) -> Result<bool, DemoError> {
    screen.gap().map_err(DemoError::Screen)?;
    let stage = Stage::open(company, anywhere(), "audit-tour").await?;
    let as_expected = tour::run(&stage, screen).await?;
    stage.close().await?;
    Ok(as_expected)
}

/// Attacks. Gives how many attacks got something out of Portcullis.
///
/// # Errors
/// Where the gateway does not start, or the attacks cannot be shown.
pub async fn show_attacks(
    company: Company,
    screen: &mut Screen<impl Write>,
) -> Result<usize, DemoError> {
    screen.gap().map_err(DemoError::Screen)?;
    let stage = Stage::open(company, anywhere(), "audit-attack").await?;
    let given_away = attack::run(&stage, screen).await?;
    stage.close().await?;
    Ok(given_away)
}

/// Any free port on this machine.
fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
