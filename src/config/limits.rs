//! `[limits]`

use std::time::Duration;

use super::reader::Section;

/// What one client, and the gateway as a whole, may use. A limit cannot be turned off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How long a statement may run (57014).
    pub statement_timeout: Duration,
    /// How long a session may wait for its client's next command (57P05).
    pub idle_session_timeout: Duration,
    /// The memory for all running queries together, in bytes (53200).
    pub memory_bytes: u64,
    /// The longest statement text, in bytes (54000).
    pub max_statement_bytes: usize,
    /// How many words, values and signs a statement may have (54001).
    pub max_statement_tokens: usize,
    /// How deep expressions and subqueries may nest (54001).
    pub max_expression_depth: usize,
    /// How many operators a statement may hold (54001).
    pub max_operators: usize,
    /// How many rows a statement may return (54000).
    pub max_rows: u64,
    /// How many statements may run at once (53300).
    pub max_running_statements: usize,
    /// How much one tenant may have of the sessions, of the running statements, and of the
    /// connections of each source.
    pub tenant_share_percent: u8,
    /// How long a statement waits for its turn, or for a source (53300).
    pub busy_wait: Duration,
}

impl Limits {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        const DAY_MS: u64 = 24 * 60 * 60 * 1000;
        const MIB: u64 = 1 << 20;
        let milliseconds =
            |key, default| Duration::from_millis(section.number(key, 1..=DAY_MS, default));
        let size = |key, range, default| usize::try_from(section.number(key, range, default)).ok();
        Some(Self {
            statement_timeout: milliseconds("statement_timeout_ms", 30_000),
            idle_session_timeout: milliseconds("idle_session_timeout_ms", 60 * 60 * 1000),
            memory_bytes: section.number("memory_bytes", 16 * MIB..=1 << 50, 2048 * MIB),
            max_statement_bytes: size("max_statement_bytes", 1024..=64 * MIB, MIB)?,
            max_statement_tokens: size("max_statement_tokens", 1_000..=10_000_000, 100_000)?,
            max_expression_depth: size("max_expression_depth", 8..=200, 50)?,
            max_operators: size("max_operators", 16..=5000, 1000)?,
            max_rows: section.number("max_rows", 1..=1 << 50, 10_000_000),
            max_running_statements: size("max_running_statements", 1..=10_000, 100)?,
            tenant_share_percent: u8::try_from(section.number("tenant_share_percent", 1..=100, 50))
                .ok()?,
            busy_wait: milliseconds("busy_wait_ms", 5_000),
        })
    }
}
