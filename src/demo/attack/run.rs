//! Tries the attacks, one after the other.

use std::fs;
use std::io::Write;

use super::{Attack, Entry, Leak, PlainFilter, Tried, Way, attacks, summary};
use crate::demo::DemoError;
use crate::demo::answer::Answer;
use crate::demo::client::Client;
use crate::demo::screen::Screen;
use crate::demo::stage::Stage;

/// Tries and shows every attack. Gives how many of them got something out of Portcullis.
///
/// # Errors
/// Where the demonstration itself breaks down; an attack that is refused is no error.
pub async fn run(stage: &Stage, screen: &mut Screen<impl Write>) -> Result<usize, DemoError> {
    let attacks = attacks(stage.company())?;
    let mut trails = stage.trails()?;
    let mut all = Vec::new();
    for (attack, number) in attacks.iter().zip(1..) {
        let answer = on_plain(stage, attack).await?;
        let plain = judged(attack, answer)?;
        let answer = on_portcullis(stage, attack).await?;
        let guarded = judged(attack, answer)?;
        let trail = trails.new_ones().await?.pop();
        let tried = Tried { attack, plain, guarded, trail };
        tried.show(number, screen).map_err(DemoError::Screen)?;
        all.push(tried);
    }
    summary(&all, screen).map_err(DemoError::Screen)?;
    Ok(all.iter().filter(|tried| tried.guarded.1).count())
}

/// The plain filter is opened anew each time: some attacks leave nothing of it.
async fn on_plain(stage: &Stage, attack: &Attack) -> Result<Answer, DemoError> {
    let plain = PlainFilter::open(stage.company(), attack.told).await?;
    Ok(match attack.way {
        Way::Here => plain.run(&attack.sql).await,
        Way::AtSource => plain.run_at_source(&attack.sql).await,
    })
}

async fn on_portcullis(stage: &Stage, attack: &Attack) -> Result<Answer, DemoError> {
    let badges = stage.badges();
    let (user, token) = match &attack.entry {
        Entry::Own(person) => (person.user, badges.good(person)?),
        Entry::Borrowed { token, user } => (user.user, badges.good(token)?),
        Entry::Unsigned(person) => (person.user, badges.unsigned(person)?),
        Entry::Expired(person) => (person.user, badges.expired(person)?),
    };
    Ok(match Client::login(stage.address(), user, &token).await {
        Ok(client) => {
            let answer = client.ask(&attack.sql).await;
            client.leave().await;
            answer
        }
        Err(refused) => refused,
    })
}

/// Judges an answer, and takes away what the attack may have left on the disk.
fn judged(attack: &Attack, answer: Answer) -> Result<(Answer, bool), DemoError> {
    let leaks = attack.gives_away(&answer);
    if let Leak::File(path) = &attack.leak
        && leaks
    {
        fs::remove_file(path).map_err(DemoError::at(path))?;
    }
    Ok((answer, leaks))
}
