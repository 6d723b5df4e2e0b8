//! PostgreSQL's own suite of row security, rewritten for a gateway: `tests/data/rowsecurity/`.
//!
//! PostgreSQL is the judge. It has the tables and the policies, and is asked as each of the people;
//! the gateway has the same tables without them, and policies in Cedar that say the same. What both
//! answer must be what stands in the scene. With `ROWSECURITY_REWRITE` set, the scenes are written
//! anew with what PostgreSQL answers, never with what the gateway does.

mod harbour;
mod scene;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use harbour::{Harbour, told};
use scene::{Case, Kind, Scene, Side};

/// In the order of the suite that they come from; a later one may build on an earlier one.
const SCENES: [&str; 15] = [
    "pier", "moor", "fleet", "yard", "ledger", "hatch", "crew", "duty", "seal", "shelf", "vault",
    "gauge", "relay", "hold", "store",
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rowsecurity")
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_guarded_as_postgresql_guards_them() {
    assert_eq!(scenes_there_are(), SCENES.len(), "a scene is not played");
    let harbour = Harbour::open().await;
    let mut wrong = String::new();
    for name in SCENES {
        let path = data().join(format!("{name}.slt"));
        let text = fs::read_to_string(&path).unwrap();
        let mut scene = Scene::read(&text);
        play(&harbour, name, &mut scene, &mut wrong).await;
        if std::env::var_os("ROWSECURITY_REWRITE").is_some() {
            fs::write(&path, scene.written()).unwrap();
        } else {
            assert_eq!(scene.written(), text, "{name}.slt is not in the form that is written");
        }
    }
    assert!(wrong.is_empty(), "these differ:\n{wrong}");
}

fn scenes_there_are() -> usize {
    let names = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == "slt")).count()
}

/// Asks both in each case, and says where an answer is not the one that is written.
async fn play(harbour: &Harbour, name: &str, scene: &mut Scene, wrong: &mut String) {
    let unguarded = harbour.unguarded().await;
    let (mut here, mut there) = (BTreeMap::new(), BTreeMap::new());
    for person in scene.people() {
        here.insert(person.clone(), harbour.here(&person).await);
        there.insert(person.clone(), harbour.there(&person).await);
    }
    let mut hidden = 0;
    for case in scene.cases_mut() {
        let Case { kind, statement, answers } = case;
        let all = match kind {
            Kind::Query => told(&unguarded, statement).await,
            Kind::Refused(_) => String::new(),
        };
        // Of somebody to whom the two answer differently, there are two answers.
        let mut judged = String::new();
        for answer in answers {
            let person = &answer.person;
            if let Kind::Refused(code) = kind {
                let found = told(&here[person], statement).await;
                if found != format!("! {code}\n") {
                    writeln!(wrong, "{name}, as {person}: {statement}\n  here: {found}").unwrap();
                }
                continue;
            }
            if !matches!(answer.side, Side::Here(_)) {
                judged = told(&there[person], statement).await;
                hidden += usize::from(judged != all);
                if std::env::var_os("ROWSECURITY_REWRITE").is_some() {
                    answer.text.clone_from(&judged);
                }
                if judged != answer.text {
                    writeln!(wrong, "{name}, as {person}: {statement}\n  there: {judged}").unwrap();
                }
            }
            if !matches!(answer.side, Side::There) {
                let found = told(&here[person], statement).await;
                let differs = matches!(answer.side, Side::Here(_));
                if found != answer.text || (differs && found == judged) {
                    writeln!(wrong, "{name}, as {person}: {statement}\n  here: {found}").unwrap();
                }
            }
        }
    }
    assert!(hidden > 0, "{name}: nobody is kept from anything");
}
