//! Who is not let in.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_prove_who_they_are_stays_outside() {
    let house = lake();
    let served = house.serve();
    let good = house.token("ines", &[]);
    let now = SystemTime::now();
    let hour = Duration::from_secs(3600);
    let claims = json!({ "org_id": "acme" });
    let expired = house.signed("ines", claims, now - 2 * hour, now - hour);
    let homeless = house.signed("ines", json!({ "org_id": "" }), now, now + hour);
    let changed = {
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        format!("{signed}.{first}{}", &signature[1..])
    };

    let hint = "the password is a signed token, issued for this user and gateway";
    for (user, password) in [
        ("ines", "letmein"),
        ("ines", changed.as_str()),
        ("ines", homeless.as_str()),
        ("jon", good.as_str()),
    ] {
        let refused = Session::open(&served, user, password).await.map(drop).unwrap_err();
        refused.assert("28P01", &format!("password authentication failed for user \"{user}\""));
        assert_eq!((refused.detail.as_deref(), refused.hint.as_deref()), (None, Some(hint)));
    }

    let refused = Session::open(&served, "ines", "").await.map(drop).unwrap_err();
    refused.assert("28P01", "empty password returned by client");

    let refused = Session::open(&served, "ines", &expired).await.map(drop).unwrap_err();
    refused.assert("28P01", "password authentication failed for user \"ines\"");
    assert_eq!(refused.detail.as_deref(), Some("the token has expired"));

    let refused = Session::with(&served, "ines", &good, "postgres").await.map(drop).unwrap_err();
    refused.assert("3D000", "database \"postgres\" does not exist");
    // Whoever does not get in is not told which databases there are.
    let refused = Session::with(&served, "jon", &good, "postgres").await.map(drop).unwrap_err();
    refused.assert("28P01", "password authentication failed for user \"jon\"");

    assert_serves(&house, &served).await;
    let log = served.log();
    assert!(!log.contains(&good) && !log.contains("letmein"), "{log}");
    let facts = [
        "the token belongs to the user \\\"ines\\\"",
        "the token has expired",
        "database \\\"postgres\\\" does not exist",
    ];
    assert_on_record(&house, served, &facts);
}
