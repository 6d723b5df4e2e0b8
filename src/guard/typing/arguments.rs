//! The arguments of functions that the engine would take of any type: it reads `length(1)` as the
//! length of a text and `abs('1'::text)` as a number; PostgreSQL has no such functions.

use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::Expr;

use super::compare::textual;
use super::kind::{Kind, Operand};
use crate::guard::numbers::external;
use crate::guard::undefined;

/// What an argument must be; the last of a list is for all that follow.
#[derive(Clone, Copy)]
enum Wanted {
    Text,
    TextOrBytes,
    Bytes,
    Number,
    Any,
}

use Wanted::{Any, Bytes, Number, Text, TextOrBytes};

fn wanted(function: &str) -> Option<&'static [Wanted]> {
    Some(match function {
        "length" | "character_length" | "char_length" | "octet_length" | "bit_length" | "md5" => {
            &[TextOrBytes, Any]
        }
        "sha224" | "sha256" | "sha384" | "sha512" => &[Bytes],
        "upper" | "lower" | "initcap" | "reverse" | "ascii" | "left" | "right" | "repeat"
        | "concat_ws" | "decode" => &[Text, Any],
        "substr" | "substring" | "btrim" | "ltrim" | "rtrim" | "strpos" => &[TextOrBytes, Any],
        "lpad" | "rpad" => &[Text, Any, Text],
        "split_part"
        | "starts_with"
        | "regexp_match"
        | "regexp_like"
        | "regexp_count"
        | "regexp_instr"
        | "regexp_substr"
        | "regexp_split_to_array"
        | "string_to_array" => &[Text, Text, Any],
        "replace" | "translate" | "regexp_replace" => &[Text, Text, Text, Any],
        "string_agg" => &[TextOrBytes, TextOrBytes, Any],
        "encode" => &[Bytes, Text],
        "abs" | "ceil" | "floor" | "round" | "trunc" | "sqrt" | "cbrt" | "exp" | "ln" | "log"
        | "log10" | "log2" | "power" | "pow" | "signum" | "sign" | "sin" | "cos" | "tan"
        | "cot" | "asin" | "acos" | "atan" | "atan2" | "sinh" | "cosh" | "tanh" | "asinh"
        | "acosh" | "atanh" | "degrees" | "radians" | "gcd" | "lcm" | "div" | "factorial"
        | "to_hex" | "chr" => &[Number],
        _ => return None,
    })
}

/// Looks at the arguments of a call.
///
/// # Errors
/// 42883 where PostgreSQL has no function of this name for them.
pub(super) fn fit(function: &str, arguments: &[Expr], schema: &DFSchema) -> Result<()> {
    let Some(wanted) = wanted(function) else { return Ok(()) };
    let operands = arguments.iter().map(|argument| Operand::of(argument, schema));
    let Some(operands) = operands.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let last = wanted.last().copied().unwrap_or(Any);
    let wanted = wanted.iter().copied().chain(std::iter::repeat(last));
    if operands.iter().zip(wanted).all(|(operand, wanted)| is(operand, wanted)) {
        return Ok(());
    }
    let name = if function == "character_length" { "length" } else { function };
    let types: Vec<_> = operands.iter().map(Operand::name).collect();
    Err(external(undefined::function(format_args!("{name}({})", types.join(", ")))))
}

fn is(operand: &Operand, wanted: Wanted) -> bool {
    match (wanted, &operand.kind) {
        (Any, _) | (_, Kind::Unknown | Kind::Other) => true,
        (Text, _) => textual(operand),
        (TextOrBytes, kind) => textual(operand) || *kind == Kind::Bytea,
        (Bytes, kind) => *kind == Kind::Bytea,
        (Number, kind) => matches!(kind, Kind::Number(_)),
    }
}
