//! The patches that weaken the gateway on purpose fit the code as it is. What they are for is in
//! `tests/mutants/run`, which builds each of them.

use std::fs;
use std::process::Command;

use super::repository;

#[test]
fn mutants_fit_the_code() {
    let mut count = 0;
    for entry in fs::read_dir(repository().join("tests/mutants")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|kind| kind != "patch") {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&file).unwrap();
        let caught_by = text.lines().find_map(|line| line.strip_prefix("Caught-by: "));
        assert!(caught_by.is_some(), "{}: nobody is to catch it", file.display());
        let mut git = Command::new("git");
        git.args(["apply", "--check"]).arg(&file).current_dir(repository());
        let told = git.output().unwrap();
        let told = String::from_utf8_lossy(&told.stderr);
        assert!(told.is_empty(), "{}: {told}", file.display());
    }
    assert!(count >= 5, "{count} mutants");
}
