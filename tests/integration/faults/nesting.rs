//! However a statement nests, it is planned and answered in time, or refused as too complex: what it
//! makes the parser, the planner and the engine do does not double with each level.

use super::*;

/// Each holds what it nests at `@`; `n` is a column.
const NESTED: [&str; 31] = [
    "(case when (@) between n and 9 then n else 2 end)",
    "(case when n between (@) and 9 then 1 else 2 end)",
    "coalesce(@, n)",
    "coalesce(abs(@), n)",
    "nullif(@, n + 1)",
    "greatest(@, n)",
    "(case when (@) in (n, 2, 3) then n else 2 end)",
    "(case when (@) in (1, 2) then 1 else 2 end)",
    "(case @ when n then 1 when 2 then n else 3 end)",
    "(case when (@) = any (array[n, 2]) then 1 else 2 end)",
    "(case when (@) is distinct from n then 1 else 2 end)",
    "(case when ((@), n) = (1, n) then 1 else 2 end)",
    "(case when (@) is null then 1 else n end)",
    "(case when ((@) = 1 or n = 2) and n = 3 then 1 else 2 end)",
    "(case when not (not ((@) > n)) then 1 else 2 end)",
    "(case when n > 1 then (@) else 1 end)",
    "(case when exists (select 1 where (@) = 1) then 1 else 2 end)",
    "(select (@))",
    "coalesce((select (@)), n)",
    "abs(@)",
    "((@) % 7)",
    "((@) + n)",
    "round(@)::int",
    "power(@, 1)::int",
    "length((@)::text || 'a')",
    "length(concat((@), 'a'))",
    "substr((@)::text, 1)::int",
    "(array[(@), n])[1]",
    "extract(year from make_date(2000 + (@) % 3, 1, 1))::int",
    "(date '2020-01-01' + (@) * interval '1 day')::date - date '2020-01-01'",
    "position(substring('abc' from (@) for 1) in 'abc')",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_nests_takes_long() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    for form in NESTED {
        for depth in [2, 10, 20, 40] {
            let whole = (0..depth).fold("n".to_owned(), |held, _| form.replace('@', &held));
            let query = format!("SELECT count({whole}) FROM generate_series(1, 3) AS s(n)");
            match session.ask(&query).await {
                Ok(_) => {}
                Err(told) => {
                    let text = format!("{form}, {depth} deep: {told:?}");
                    assert!(depth > 2 && told.sqlstate == "54001", "{text}");
                }
            }
        }
    }
}
