//! What an expression becomes, in both polarities. The expressions are given as evaluation
//! leaves them, errors and unguarded columns included.

use std::str::FromStr;

use cedar_policy_core::ast::Expr;

use super::world::World;
use crate::policy::schema::GeneratedSchema;
use crate::policy::translate::{Truth, Untranslatable, tidy, translate};

fn schema() -> GeneratedSchema {
    World::parse(
        r#"
        [tables]
        "crm.t" = [
            "a text", "b varchar", "n int8", "s int2", "m int8 not null", "f bool", "d date",
            "at timestamptz", "made timestamp", "price numeric(6,2)", "id uuid",
        ]
        "#,
    )
    .try_schema()
    .unwrap()
}

fn truth(expr: &Expr) -> Result<Truth, Untranslatable> {
    let schema = schema();
    translate(expr, schema.table(&"crm".into(), &"t".into()).unwrap())
}

#[track_caller]
fn assert_expr(expr: &Expr, yes: &str, no: &str) {
    let truth = truth(expr).unwrap();
    assert_eq!(tidy(truth.yes).to_string(), yes, "where {expr} is true");
    assert_eq!(tidy(truth.no).to_string(), no, "where {expr} is false");
}

#[track_caller]
fn assert_truth(text: &str, yes: &str, no: &str) {
    assert_expr(&Expr::from_str(text).unwrap(), yes, no);
}

#[test]
fn null_can_only_refuse() {
    assert_truth("resource.a == \"x\"", "a = 'x'", "a <> 'x'");
    assert_truth("!(resource.a == \"x\")", "a <> 'x'", "a = 'x'");
    assert_truth("resource has a", "a IS NOT NULL", "a IS NULL");
    assert_truth("resource.f", "f = true", "f = false");
    // Where n is NULL the whole errs, although b alone would make it false.
    assert_truth(
        "resource.n == 1 && resource.b == \"x\"",
        "n = 1 AND b = 'x'",
        "n <> 1 OR (n = 1 AND b <> 'x')",
    );
    assert_truth(
        "resource.n == 1 || resource.b == \"x\"",
        "n = 1 OR (n <> 1 AND b = 'x')",
        "n <> 1 AND b <> 'x'",
    );
    // What is never NULL, or was looked at before, cannot err.
    assert_truth(
        "resource.m == 1 && resource.b == \"x\"",
        "m = 1 AND b = 'x'",
        "m <> 1 OR b <> 'x'",
    );
    assert_truth(
        "(resource has n && resource.n == 1) && resource.b == \"x\"",
        "n = 1 AND b = 'x'",
        "n IS NULL OR n <> 1 OR b <> 'x'",
    );
    assert_truth("!(resource has n) || resource.n == 1", "n IS NULL OR n = 1", "n <> 1");
    assert_truth(
        "(resource.m == 1 && resource.n == 1) && resource.b == \"x\"",
        "m = 1 AND n = 1 AND b = 'x'",
        "m <> 1 OR n <> 1 OR (m = 1 AND n = 1 AND b <> 'x')",
    );
    // A comparison refuses NULL by itself.
    assert_truth("resource has a && resource.a == \"x\"", "a = 'x'", "a IS NULL OR a <> 'x'");
    assert_truth(
        "if resource.f then resource.n == 1 else resource.n == 2",
        "(f = true AND n = 1) OR (f = false AND n = 2)",
        "(f = true AND n <> 1) OR (f = false AND n <> 2)",
    );
}

#[test]
fn an_error_is_neither_true_nor_false() {
    // As evaluation writes what always errs.
    let error = || Expr::call_extension_fn("error".parse().unwrap(), Vec::new());
    let one = || Expr::from_str("resource.m == 1").unwrap();
    assert_expr(&error(), "false", "false");
    assert_expr(&Expr::not(error()), "false", "false");
    assert_expr(&Expr::and(one(), error()), "false", "m <> 1");
    assert_expr(&Expr::or(one(), error()), "m = 1", "false");
    assert_expr(&Expr::or(error(), Expr::val(true)), "false", "false");
    assert_expr(&Expr::and(error(), Expr::val(false)), "false", "false");
    assert_expr(&Expr::ite(one(), error(), Expr::val(true)), "m <> 1", "false");
}

#[test]
fn constants_fit_their_columns() {
    assert_truth("resource.s == 32767", "s = 32767", "s <> 32767");
    assert_truth("resource.s == 32768", "false", "s IS NOT NULL");
    assert_truth("resource.s < 32768", "s IS NOT NULL", "false");
    assert_truth("resource.s < 32767", "s < 32767", "s >= 32767");
    assert_truth("resource.s <= 32767", "s IS NOT NULL", "false");
    assert_truth("resource.s <= -32769", "false", "s IS NOT NULL");
    assert_truth("-32768 <= resource.s", "s IS NOT NULL", "false");
    assert_truth("-32767 <= resource.s", "s >= -32767", "s < -32767");
    assert_truth("resource.n <= 9223372036854775807", "n IS NOT NULL", "false");
    assert_truth("resource.n < -9223372036854775808", "false", "n IS NOT NULL");
    assert_truth("[1, 40000].contains(resource.s)", "s = 1", "s <> 1");
    assert_truth("[40000].contains(resource.s)", "false", "s IS NOT NULL");
    assert_truth("[].contains(resource.s)", "false", "s IS NOT NULL");
    assert_truth("[1, 2].contains(resource.n)", "n IN (1, 2)", "n NOT IN (1, 2)");
    assert_truth("[true].contains(resource.f)", "f = true", "f = false");
    assert_truth(
        "[true, false].contains(resource.f)",
        "f IN (true, false)",
        "f = false AND f = true",
    );
}

#[test]
fn decimals_are_exact() {
    let amount = |text| format!("resource.price.{text}");
    assert_truth(&amount("lessThan(decimal(\"1.5\"))"), "price < 1.50", "price >= 1.50");
    assert_truth(&amount("lessThan(decimal(\"1.2345\"))"), "price < 1.24", "price >= 1.24");
    assert_truth(&amount("lessThanOrEqual(decimal(\"1.2345\"))"), "price <= 1.23", "price > 1.23");
    assert_truth(&amount("greaterThan(decimal(\"-1.2345\"))"), "price > -1.24", "price <= -1.24");
    assert_truth(&amount("lessThan(decimal(\"10000.0\"))"), "price IS NOT NULL", "false");
    assert_truth(
        &amount("greaterThan(decimal(\"-9999.99\"))"),
        "price > -9999.99",
        "price <= -9999.99",
    );
    assert_truth("resource.price == decimal(\"1.2345\")", "false", "price IS NOT NULL");
    assert_truth("resource.price == decimal(\"1.23\")", "price = 1.23", "price <> 1.23");
}

#[test]
fn times_are_cut_to_milliseconds() {
    let day = "datetime(\"1970-01-01\").offset(duration(\"86400000ms\"))";
    assert_truth(&format!("resource.d == {day}"), "d = date 1", "d <> date 1");
    assert_truth(&format!("resource.d < {day}"), "d < date 1", "d >= date 1");
    let noon = "datetime(\"1970-01-01\").offset(duration(\"43200000ms\"))";
    assert_truth(&format!("resource.d == {noon}"), "false", "d IS NOT NULL");
    assert_truth(&format!("resource.d < {noon}"), "d < date 1", "d >= date 1");
    assert_truth(&format!("resource.d <= {noon}"), "d <= date 0", "d > date 0");
    let ms = "datetime(\"1970-01-01\").offset(duration(\"-1ms\"))";
    assert_truth(
        &format!("resource.at == {ms}"),
        "at >= timestamptz -1000us AND at <= timestamptz -1us",
        "at < timestamptz -1000us OR at > timestamptz -1us",
    );
    assert_truth(
        &format!("resource.made <= {ms}"),
        "made <= timestamp -1us",
        "made > timestamp -1us",
    );
    let far = "datetime(\"1970-01-01\").offset(duration(\"9223372036854775807ms\"))";
    assert_truth(&format!("resource.at < {far}"), "at IS NOT NULL", "false");
    assert_truth(&format!("resource.d < {far}"), "d IS NOT NULL", "false");
}

#[test]
fn texts_match_by_character() {
    assert_truth("resource.a like \"a*b\"", "a LIKE 'a%b'", "a NOT LIKE 'a%b'");
    assert_truth("resource.a like \"*\"", "a LIKE '%'", "a NOT LIKE '%'");
    assert_truth("resource.a like \"50\\*_%**\"", "a LIKE '50*\\_\\%%'", "a NOT LIKE '50*\\_\\%%'");
    assert_truth("resource.a like \"plain\"", "a = 'plain'", "a <> 'plain'");
    assert_truth("resource.a like \"\"", "a = ''", "a <> ''");
    assert_truth("resource.a == resource.b", "a = b", "a <> b");
    let id = "0190a0b0-0000-7000-8000-00000000000a";
    assert_truth(
        &format!("resource.id == \"{id}\""),
        &format!("id = '{id}'"),
        &format!("id <> '{id}'"),
    );
    // No stored uuid is written like this, so it equals none.
    let upper = id.to_uppercase();
    assert_truth(&format!("resource.id == \"{upper}\""), "false", "id IS NOT NULL");
}

#[test]
fn what_is_not_understood_is_an_error() {
    for text in [
        "resource.n + 1 == 2",
        "resource.n == resource.s",
        "resource.at == resource.at",
        "resource.id like \"a*\"",
        "resource.missing == 1",
        "resource has missing",
        "resource",
        "resource == crm::t::\"1\"",
        "[resource.n].contains(1)",
        "resource.a == \"\\0\"",
        "resource.a like \"\\0*\"",
        "resource.n == \"x\"",
        "resource.a < 1",
        "principal.x",
        "context.column == resource.a",
        "principal == User::\"a\"",
        "1",
    ] {
        assert!(truth(&Expr::from_str(text).unwrap()).is_err(), "{text}");
    }
}
