//! The sample policies under `policies/`: each folder has its policies, and in `cases.toml` the
//! tables they are for and what they must decide.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;

use super::world::{Caller, World, facts, principal, repository, shown};
use crate::policy::{Permit, Policies, RequestFacts};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    world: World,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows.
    name: String,
    /// `source.table`
    table: String,
    person: Caller,
    agent: Option<Caller>,
    /// RFC 3339; 2024-06-01T12:00:00.123456Z where it does not matter.
    now: Option<String>,
    client_ip: Option<IpAddr>,
    application_name: Option<String>,
    /// The row filter as text.
    rows: String,
    /// Of every column: `reveal`, `mask_partial`, `mask_token`, `mask_null`, `hidden`, or
    /// `level where condition, else level`.
    columns: BTreeMap<String, String>,
    /// The policies that decided.
    decided_by: Vec<String>,
}

#[test]
fn decide_as_their_cases_say() {
    let mut samples: Vec<_> = fs::read_dir(repository("policies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    samples.sort();
    assert!(samples.len() >= 3, "the samples are there");
    let mut wrong = Vec::new();
    for sample in samples {
        assert!(sample.join("README.md").is_file(), "{} has a README", sample.display());
        wrong.extend(check(&sample));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn check(sample: &Path) -> Vec<String> {
    let text = fs::read_to_string(sample.join("cases.toml")).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap_or_else(|error| panic!("{sample:?}: {error}"));
    let policies = Policies::load(sample, cases.world.schema())
        .unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    assert!(policies.warnings().is_empty(), "{}", shown(policies.warnings()));
    assert!(!cases.case.is_empty());
    let folder = sample.file_name().unwrap().to_string_lossy();
    let outcomes = cases.case.iter().map(|case| (case, decide(&policies, case)));
    outcomes
        .filter_map(|(case, said)| {
            let expected = told(&case.rows, &case.columns, &case.decided_by);
            (said != expected)
                .then(|| format!("{folder}: {}\nexpected\n{expected}\nsaid\n{said}", case.name))
        })
        .collect()
}

fn decide(policies: &Policies, case: &Case) -> String {
    let caller = principal(case.person.identity(), case.agent.as_ref().map(Caller::identity));
    let otherwise = facts();
    let now = case.now.as_ref().map(|now| chrono::DateTime::parse_from_rfc3339(now).unwrap());
    let facts = RequestFacts {
        now: now.map_or(otherwise.now, Into::into),
        client_ip: case.client_ip.unwrap_or(otherwise.client_ip),
        application_name: case.application_name.clone(),
    };
    let (source, table) = case.table.split_once('.').unwrap();
    let permit = policies.permit(&caller, &facts, &source.into(), &table.into()).unwrap();
    let columns = permit
        .columns()
        .iter()
        .map(|column| (column.column.to_string(), column.access.to_string()))
        .collect();
    let ids = permit.decided_by().iter().map(|id| id.0.clone()).collect::<Vec<_>>();
    told(&Permit::rows(&permit).to_string(), &columns, &ids)
}

fn told(rows: &str, columns: &BTreeMap<String, String>, ids: &[String]) -> String {
    let columns: String =
        columns.iter().map(|(name, access)| format!("  {name}: {access}\n")).collect();
    format!("  rows: {rows}\n{columns}  by: {}", ids.join(", "))
}
