//! The allowlist of functions. A name that is not here does not exist (42883), whatever the
//! engine underneath might know: nothing that reads files, sleeps, reveals the engine's inner
//! types or changes settings is reachable by being forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use super::calls;
use super::characters::Chr;
use super::formats::Format;
use super::numbers::{Exact, Real, Rounding};
use super::system;
use super::typing::Quantified;
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

/// Functions of single values.
const SCALAR: &[&str] = &[
    // conditionals
    "coalesce",
    "greatest",
    "least",
    "nullif",
    // numbers
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "ceiling",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "div",
    "exp",
    "factorial",
    "floor",
    "gcd",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "pi",
    "pow",
    "power",
    "radians",
    "random",
    "round",
    "sign",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    // text
    "ascii",
    "bit_length",
    "btrim",
    "char_length",
    "character_length",
    "chr",
    "concat",
    "concat_ws",
    "initcap",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "octet_length",
    "overlay",
    "position",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "regexp_split_to_array",
    "regexp_substr",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "rtrim",
    "split_part",
    "starts_with",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "to_hex",
    "translate",
    "trim",
    "upper",
    // bytes
    "decode",
    "encode",
    "md5",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    // dates and times
    "age",
    "current_date",
    "current_time",
    "current_timestamp",
    "date_bin",
    "date_part",
    "date_trunc",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "localtime",
    "localtimestamp",
    "make_date",
    "now",
    "to_char",
    "to_date",
    "to_timestamp",
    // arrays
    "array_append",
    "array_cat",
    "array_dims",
    "array_length",
    "array_ndims",
    "array_position",
    "array_positions",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_to_string",
    "cardinality",
    // identifiers
    "gen_random_uuid",
];

/// Functions of groups.
const AGGREGATE: &[&str] = &[
    "any_value",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "every",
    "grouping",
    "max",
    "mean",
    "median",
    "min",
    "percentile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
];

/// Those that add up.
const EXACT: [&str; 3] = ["avg", "mean", "sum"];

/// Functions of windows, beside the aggregates.
const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Functions in FROM.
pub(in crate::guard) const TABLE: &[&str] = &["generate_series"];

/// Names of PostgreSQL that the engine knows under another.
const RENAMED: &[(&str, &str)] = &[
    ("ceiling", "ceil"),
    ("every", "bool_and"),
    ("gen_random_uuid", "uuid"),
    ("sign", "signum"),
    ("variance", "var_samp"),
];

/// The functions that queries may call, by name.
#[derive(Debug)]
pub struct Functions {
    scalar: HashMap<&'static str, Arc<ScalarUDF>>,
    aggregate: HashMap<&'static str, Arc<AggregateUDF>>,
    window: HashMap<&'static str, Arc<WindowUDF>>,
}

impl Default for Functions {
    fn default() -> Self {
        let mut scalar = SessionStateDefaults::default_scalar_functions();
        scalar.insert(0, Arc::new(system::coalesce()));
        let mut scalar = pick(SCALAR, &scalar, |function| (function.name(), function.aliases()));
        for (name, function) in &mut scalar {
            if let Some(own) =
                Real::of(name).or_else(|| Rounding::of(name)).or_else(|| Format::of(name))
            {
                *function = own;
            }
        }
        scalar.insert("chr", Chr::function());
        scalar.extend(Quantified::functions());
        for (name, function) in &mut scalar {
            if let Some(narrowed) =
                calls::narrowed(name, function).or_else(|| calls::substring(name, function))
            {
                *function = narrowed;
            }
        }
        scalar.extend(calls::all());
        let known = SessionStateDefaults::default_aggregate_functions();
        let mut aggregate =
            pick(AGGREGATE, &known, |function| (function.name(), function.aliases()));
        if let Some(sum) = aggregate.get("sum").cloned() {
            for name in EXACT {
                if let Some(function) = aggregate.get_mut(name) {
                    *function = Exact::of(Arc::clone(function), Arc::clone(&sum));
                }
            }
        }
        let known = SessionStateDefaults::default_window_functions();
        let mut window = pick(WINDOW, &known, |function| (function.name(), function.aliases()));
        for (name, function) in &mut window {
            if let Some(positive) = calls::positive(name, function) {
                *function = positive;
            }
        }
        Self { scalar, aggregate, window }
    }
}

impl Functions {
    /// The scalar function of this name.
    pub fn scalar(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalar.get(name).cloned()
    }

    /// The aggregate function of this name.
    pub fn aggregate(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregate.get(name).cloned()
    }

    /// The window function of this name.
    pub fn window(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.window.get(name).cloned()
    }
}

fn pick<F>(
    allowed: &[&'static str],
    known: &[Arc<F>],
    names: impl Fn(&F) -> (&str, &[String]),
) -> HashMap<&'static str, Arc<F>> {
    let find = |wanted: &str| {
        known.iter().find(|function| {
            let (name, aliases) = names(function);
            name == wanted || aliases.iter().any(|alias| alias == wanted)
        })
    };
    let engine_name = |name: &'static str| {
        RENAMED.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| *to)
    };
    allowed
        .iter()
        .filter_map(|name| {
            let function = find(engine_name(name)).or_else(|| find(name))?;
            Some((*name, Arc::clone(function)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_name_is_known_to_the_engine() {
        let functions = Functions::default();
        let missing = |names: &[&'static str], has: &dyn Fn(&str) -> bool| {
            names.iter().filter(|name| !has(name)).copied().collect::<Vec<_>>()
        };
        let none: Vec<&str> = Vec::new();
        assert_eq!(missing(SCALAR, &|name| functions.scalar(name).is_some()), none);
        assert_eq!(missing(AGGREGATE, &|name| functions.aggregate(name).is_some()), none);
        assert_eq!(missing(WINDOW, &|name| functions.window(name).is_some()), none);
    }

    #[test]
    fn what_is_not_named_is_not_there() {
        let functions = Functions::default();
        for name in ["arrow_typeof", "arrow_cast", "version", "input_file_name", "pg_sleep"] {
            assert!(functions.scalar(name).is_none(), "{name}");
        }
    }
}
