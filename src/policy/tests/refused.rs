//! Policies that do not load. Each case is a file `tests/data/policy/refused/<name>.cedar`, and
//! beside it, in `<name>.txt`, what is said about it. `PORTCULLIS_BLESS=1` writes the texts anew,
//! to be read before they are kept.

use std::fs;

use super::world::{World, file, repository, shown};
use crate::policy::Policies;

#[test]
fn each_is_refused_with_its_place_and_reason() {
    let folder = repository("tests/data/policy/refused");
    let world = fs::read_to_string(repository("tests/data/policy/world.toml")).unwrap();
    let schema = World::parse(&world).schema();
    let bless = std::env::var_os("PORTCULLIS_BLESS").is_some();
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cedar"))
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "the cases are there");
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&case).unwrap();
        let said = match Policies::new(vec![file(name, &text)], schema.clone()) {
            Ok(_) => "loads\n".to_owned(),
            Err(faults) => shown(&faults) + "\n",
        };
        let beside = case.with_extension("txt");
        if bless {
            fs::write(&beside, &said).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if said != expected || said == "loads\n" {
            wrong.push(format!("--- {name}, expected\n{expected}--- said\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let world = World::parse("tables = { \"crm.t\" = [\"a text not null\"] }");
    let faults = Policies::new(
        vec![
            file("b.cedar", "permit (principal, action, resource) when { resource.a == 1 };"),
            file("a.cedar", "permit (principal, action == Action::\"selekt\", resource);"),
        ],
        world.schema(),
    )
    .unwrap_err();
    let files: Vec<_> = faults.iter().map(|fault| fault.file.as_str()).collect();
    assert!(files.contains(&"a.cedar") && files.contains(&"b.cedar"), "{}", shown(&faults));
}

#[test]
fn two_policies_with_one_id_are_refused() {
    let world = World::parse("tables = { \"crm.t\" = [\"a text not null\"] }");
    let policy = "@id(\"2\") permit (principal, action, resource);\n";
    let second = "permit (principal, action, resource);";
    let faults = Policies::new(vec![file("a.cedar", &format!("{policy}{second}"))], world.schema())
        .unwrap_err();
    assert!(
        faults[0].to_string().starts_with("a.cedar:2:1: another policy has the id \"a.2\" too")
    );
}

#[test]
fn a_policy_of_a_hundred_thousand_alternatives_does_not_end_the_process() {
    let world = World::parse("tables = { \"crm.t\" = [\"a text not null\"] }");
    let condition = "true || ".repeat(100_000);
    let text = format!("permit (principal, action, resource) when {{ {condition} true }};");
    let faults = Policies::new(vec![file("a.cedar", &text)], world.schema()).unwrap_err();
    assert_eq!(shown(&faults), "a.cedar: holds a policy with more than 1000 && and ||");
}
