//! Asks as each of the people, and shows what they heard.

use std::io::Write;

use super::{Heard, SCENES, check, decisions, scene};
use crate::demo::DemoError;
use crate::demo::client::Client;
use crate::demo::expected::Showcase;
use crate::demo::people::{PEOPLE, Person};
use crate::demo::screen::{Ink, Screen};
use crate::demo::stage::Stage;
use crate::demo::trail::Trails;

/// Shows every scene. Gives whether all answers were as expected.
///
/// # Errors
/// Where the demonstration itself breaks down; a query that is refused is no error.
pub async fn run(stage: &Stage, screen: &mut Screen<impl Write>) -> Result<bool, DemoError> {
    let legend = "A dot stands for a row that is not there for that person. What the log tells of \
                  each query, policies included, follows the first scene.";
    screen.text(1, Ink::Faint, legend).and_then(|()| screen.gap()).map_err(DemoError::Screen)?;
    let mut trails = stage.trails()?;
    let mut all_expected = true;
    let scenes = SCENES.iter().filter_map(|name| Showcase::named(name));
    for (showcase, number) in scenes.zip(1..) {
        let mut heard = Vec::new();
        for person in PEOPLE {
            heard.push(ask(stage, person, showcase.sql, &mut trails).await?);
        }
        scene(number, showcase, &heard, screen).map_err(DemoError::Screen)?;
        if number == 1 {
            decisions(&heard, screen).map_err(DemoError::Screen)?;
        }
        all_expected &=
            check(stage.company(), showcase, &heard, screen).map_err(DemoError::Screen)?;
    }
    Ok(all_expected)
}

async fn ask(
    stage: &Stage,
    person: Person,
    sql: &str,
    trails: &mut Trails,
) -> Result<Heard, DemoError> {
    let token = stage.badges().good(&person)?;
    let answer = match Client::login(stage.address(), person.user, &token).await {
        Ok(client) => {
            let answer = client.ask(sql).await;
            client.leave().await;
            answer
        }
        Err(refused) => refused,
    };
    let trail = trails.new_ones().await?.pop();
    Ok(Heard { person, answer, trail })
}
