//! Reloading.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::world::{World, facts, person};
use crate::policy::{PolicyStore, Reload};

fn world() -> World {
    World::parse("tables = { \"crm.t\" = [\"a int8 not null\"] }")
}

fn write(dir: &Path, bound: u32) {
    let text = format!(
        "permit (principal, action == Action::\"select\", resource is crm::t)\n\
         when {{ resource.a < {bound} }};\n"
    );
    fs::write(dir.join("rows.cedar"), text).unwrap();
}

fn rows(store: &PolicyStore) -> String {
    let permit = store
        .current()
        .permit(&person("user = 'a'"), &facts(), &"crm".into(), &"t".into())
        .unwrap();
    permit.rows().to_string()
}

#[test]
fn a_change_is_taken_as_a_whole_and_a_broken_one_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    fs::write(dir.path().join("notes.txt"), "not a policy").unwrap();
    let store = PolicyStore::open(dir.path(), world().schema()).unwrap();
    assert_eq!((rows(&store), store.current().generation()), ("a < 1".into(), 1));
    assert!(matches!(store.reload(), Reload::Unchanged));

    write(dir.path(), 2);
    let kept = store.current();
    assert!(matches!(store.reload(), Reload::Replaced(_)));
    assert_eq!((rows(&store), store.current().generation()), ("a < 2".into(), 2));
    assert_eq!(kept.generation(), 1, "who asked before keeps what they got");
    assert_ne!(kept.hash(), store.current().hash());

    fs::write(dir.path().join("more.cedar"), "permit (principal, action, resource) when {")
        .unwrap();
    assert!(matches!(store.reload(), Reload::Refused(_)));
    assert_eq!((rows(&store), store.current().generation()), ("a < 2".into(), 2));
    assert_eq!(store.faults()[0].file, "more.cedar");

    fs::remove_file(dir.path().join("more.cedar")).unwrap();
    assert!(matches!(store.reload(), Reload::Unchanged));
    assert!(store.faults().is_empty());

    fs::remove_dir_all(dir.path()).unwrap();
    assert!(matches!(store.reload(), Reload::Refused(_)));
    assert_eq!(rows(&store), "a < 2");
}

#[test]
fn another_schema_is_another_policy_set() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    let store = PolicyStore::open(dir.path(), world().schema()).unwrap();
    let before = store.current().hash().to_owned();
    let wider = World::parse("tables = { \"crm.t\" = [\"a int8 not null\", \"b text\"] }");
    assert!(matches!(store.reload_with(wider.schema()), Reload::Replaced(_)));
    assert_ne!(store.current().hash(), before);
    let permit = store
        .current()
        .permit(&person("user = 'a'"), &facts(), &"crm".into(), &"t".into())
        .unwrap();
    assert_eq!(permit.columns().len(), 2);
}

#[test]
fn what_is_no_policy_file_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("latin1.cedar"), b"permit (principal, action, resource); // \xe4")
        .unwrap();
    fs::write(dir.path().join("large.cedar"), " ".repeat((1 << 20) + 1)).unwrap();
    let faults = PolicyStore::open(dir.path(), world().schema()).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(PolicyStore::open(dir.path().join("missing"), world().schema()).is_err());
}

#[tokio::test]
async fn the_folder_is_watched() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1);
    let store = Arc::new(PolicyStore::open(dir.path(), world().schema()).unwrap());
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watch = tokio::spawn(Arc::clone(&store).watch(Duration::from_millis(1), move |reload| {
        tell.send(matches!(reload, Reload::Replaced(_))).unwrap();
    }));
    write(dir.path(), 20);
    assert_eq!(told.recv().await, Some(true));
    assert_eq!(rows(&store), "a < 20");
    fs::write(dir.path().join("rows.cedar"), "permit").unwrap();
    assert_eq!(told.recv().await, Some(false));
    assert_eq!(rows(&store), "a < 20");
    write(dir.path(), 300);
    assert_eq!(told.recv().await, Some(true));
    assert_eq!(rows(&store), "a < 300");
    watch.abort();
}
