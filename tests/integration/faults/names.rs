//! Names of what is not there, and of what is not to be seen.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn hidden_is_the_same_as_absent() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    for (query, sqlstate, message) in [
        ("SELECT * FROM lake.NAME", "42P01", "relation \"lake.NAME\" does not exist"),
        ("SELECT * FROM NAME", "42P01", "relation \"NAME\" does not exist"),
        ("SELECT 'lake.NAME'::regclass", "42P01", "relation \"lake.NAME\" does not exist"),
        ("EXPLAIN SELECT * FROM lake.NAME", "42P01", "relation \"lake.NAME\" does not exist"),
    ] {
        for name in ["secrets", "nothing"] {
            let refused = session.ask(&query.replace("NAME", name)).await.unwrap_err();
            refused.assert(sqlstate, &message.replace("NAME", name));
            assert_eq!((refused.detail, refused.hint), (None, None));
        }
    }
    for (query, sqlstate, message) in [
        ("SELECT NAME FROM lake.visits", "42703", "column \"NAME\" does not exist"),
        ("SELECT v.NAME FROM lake.visits v", "42703", "column v.NAME does not exist"),
        ("SELECT id FROM lake.visits WHERE NAME = 'a'", "42703", "column \"NAME\" does not exist"),
        ("SELECT id FROM lake.visits ORDER BY NAME", "42703", "column \"NAME\" does not exist"),
    ] {
        for name in ["note", "nothing"] {
            let refused = session.ask(&query.replace("NAME", name)).await.unwrap_err();
            refused.assert(sqlstate, &message.replace("NAME", name));
            assert_eq!((refused.detail, refused.hint), (None, None));
        }
    }
    assert_eq!(
        session.ask("SELECT * FROM lake.visits ORDER BY id").await.unwrap(),
        ["1|acme", "2|acme", "3|acme"]
    );
    for catalog in [
        "SELECT count(*) FROM pg_class WHERE relname = 'secrets'",
        "SELECT count(*) FROM information_schema.columns WHERE column_name IN ('note', 'secret')",
        "SELECT count(*) FROM pg_attribute WHERE attname IN ('note', 'secret')",
    ] {
        assert_eq!(session.ask(catalog).await.unwrap(), ["0"], "{catalog}");
    }
    assert_serves(&house, &served).await;
    assert_on_record(&house, served, &["relation \\\"lake.secrets\\\" does not exist"]);
}
