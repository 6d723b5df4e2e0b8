//! What every connection is set to before its first statement.

use std::time::Duration;

/// The settings under which our statements mean what they are meant to mean, and can change
/// nothing: read-only transactions, plain string literals, only the server's own operators, and
/// values whose text forms (of `json` and enums cast to text) do not depend on the server's
/// configuration. No statement of ours changes them, so nothing is carried from one to the next.
pub(crate) fn settings(statement_timeout: Duration) -> String {
    let timeout_ms = statement_timeout.as_millis();
    format!(
        "SET default_transaction_read_only = on; \
         SET standard_conforming_strings = on; \
         SET search_path = pg_catalog; \
         SET statement_timeout = {timeout_ms}; \
         SET TimeZone = 'UTC'; \
         SET DateStyle = 'ISO, YMD'; \
         SET IntervalStyle = 'postgres'; \
         SET extra_float_digits = 1; \
         SET bytea_output = 'hex'"
    )
}
