//! The patches that change the gateway in a copy, most of them to weaken it, fit the code as it is.
//! What they are for is in `tests/mutants/run` and `benches/barrier/run`, which build them.

use std::fs;
use std::path::Path;
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
        let judged =
            |line: &str| line.starts_with("Caught-by: ") || line.starts_with("Passed-by: ");
        assert!(text.lines().any(judged), "{}: no test is to judge it", file.display());
        assert_fits(&file);
    }
    assert!(count >= 5, "{count} mutants");
    assert_fits(&repository().join("benches/barrier/without.patch"));
}

fn assert_fits(patch: &Path) {
    let mut git = Command::new("git");
    git.args(["apply", "--check"]).arg(patch).current_dir(repository());
    let told = git.output().unwrap();
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.is_empty(), "{}: {told}", patch.display());
}
