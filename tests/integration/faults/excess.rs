//! Statements that ask for too much: too deep, too wide, too large, too long. Each is told so, in time
//! and in bounded memory, and others are answered meanwhile.
//!
//! They stand in `tests/data/errors/excess.cases`, in the form of the transcripts; `? any answer` stands
//! where it depends on the machine what comes first, the end of the planning or that of the time.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::memory::assert_small_within;
use super::*;
use crate::house::data;

const LIMITS: &str = "
[limits]
memory_bytes = 67108864
max_rows = 100000
";

/// How long after its time a statement may be answered. A busy machine needs some.
const GRACE: Duration = Duration::from_secs(10);

/// The longest time of a statement in the file.
const LONGEST: Duration = Duration::from_secs(20);

/// What the whole program may come to, with plans that are made to their end after their time.
const MOST_KIB: u64 = 1 << 20;

/// A house with a table of some thousand rows beside the visits.
fn furnished() -> House {
    let house = house(&format!("{LAKE}{LIMITS}"));
    let rows: String = (1..=5_000).map(|id| format!("{id},acme\n")).collect();
    house.file("lake/many.csv", &format!("id,org_id\n{rows}"));
    house
}

/// A session of another tenant.
async fn neighbour(house: &House, served: &Served) -> Session {
    let now = SystemTime::now();
    let claims = json!({ "org_id": "other", "roles": [] });
    let token = house.signed("noor", claims, now, now + Duration::from_secs(3600));
    Session::open(served, "noor", &token).await.unwrap()
}

/// The statement with its repetitions written out.
fn written_out(statement: &str) -> String {
    let mut out = String::new();
    let mut rest = statement;
    while let Some((before, (times, (body, after)))) =
        rest.split_once('{').and_then(|(before, on)| {
            let (times, on) = on.split_once('*')?;
            Some((before, (times.parse::<usize>().ok()?, on.split_once('}')?)))
        })
    {
        out += before;
        if !body.contains(['#', '@']) {
            out += &body.repeat(times);
            rest = after;
            continue;
        }
        for time in 1..=times {
            out += &body.replace('#', &time.to_string()).replace('@', &(time - 1).to_string());
        }
        rest = after;
    }
    out + rest
}

#[test]
fn repetitions_are_written_out() {
    assert_eq!(written_out("a{3*, c#<@}b{2*)}"), "a, c1<0, c2<1, c3<2b))");
    assert_eq!(written_out("'(a{1,100})'"), "'(a{1,100})'");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_told_and_harms_nobody() {
    let house = furnished();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let neighbour = neighbour(&house, &served).await;
    let expected = std::fs::read_to_string(data("data/errors/excess.cases")).unwrap();
    let mut found = Vec::new();
    for block in Block::all(&expected) {
        let statement = written_out(&block.statement);
        let begun = Instant::now();
        // The neighbour asks again and again, until the statement is answered.
        let answer = async {
            let mut answer = std::pin::pin!(transcribed(&session, &statement));
            loop {
                let asked = tokio::select! {
                    biased;
                    answer = &mut answer => break answer,
                    asked = neighbour.ask("SELECT count(*) FROM lake.visits") => asked,
                };
                assert_eq!(asked, Ok(vec!["2".to_owned()]), "beside {}", block.statement);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let Ok(answer) = tokio::time::timeout(LONGEST + GRACE, answer).await else {
            panic!("no answer, or none to the neighbour: {}", block.statement)
        };
        println!("{:>6} ms {}", begun.elapsed().as_millis(), block.statement);
        let open = block.open.then_some("? any answer\n");
        found.push(block.answered(open.unwrap_or(&answer)));
        assert_small_within(&served, &block.statement, MOST_KIB);
    }
    let found = found.join("\n");
    assert!(found == expected, "what really comes back:\n{found}");
    assert!(!served.log().contains("panicked"), "{}", served.log());
    assert_serves(&house, &served).await;
}
