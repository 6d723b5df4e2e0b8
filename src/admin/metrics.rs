//! Counts, as Prometheus reads them (text format 0.0.4).

use std::fmt::Write as _;

use crate::audit::{Counts, DURATION_BOUNDS_US};
use crate::session::SessionCounts;

/// What is counted, at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    pub(super) sessions: SessionCounts,
    pub(super) max_sessions: u32,
    pub(super) statements: Counts,
    pub(super) policies_generation: u64,
    pub(super) policies_broken: bool,
}

impl Metrics {
    /// As text.
    pub(super) fn text(&self) -> String {
        let mut page = Page::default();
        let (sessions, statements) = (&self.sessions, &self.statements);
        page.family("build_info", "gauge", "The version that runs.");
        page.value("build_info", concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1);
        page.family("sessions", "gauge", "Sessions that are open.");
        page.value("sessions", "", sessions.open);
        page.family("sessions_max", "gauge", "Sessions that may be open at once.");
        page.value("sessions_max", "", self.max_sessions.into());
        page.family("logins_total", "counter", "Logins, by what came of them.");
        page.value("logins_total", "{outcome=\"accepted\"}", sessions.accepted);
        page.value("logins_total", "{outcome=\"refused\"}", sessions.refused);
        page.family("statements_total", "counter", "Statements that have ended, by how.");
        for (outcome, count) in [
            ("{outcome=\"ok\"}", statements.ok),
            ("{outcome=\"refused\"}", statements.refused),
            ("{outcome=\"failed\"}", statements.failed),
            ("{outcome=\"stopped\"}", statements.stopped),
        ] {
            page.value("statements_total", outcome, count);
        }
        page.family("rows_total", "counter", "Rows that were handed to clients.");
        page.value("rows_total", "", statements.rows);
        page.family("bytes_total", "counter", "Bytes of these rows, as they were encoded.");
        page.value("bytes_total", "", statements.bytes);
        page.durations(statements);
        page.family("audit_failures_total", "counter", "Records that could not be written.");
        page.value("audit_failures_total", "", statements.unwritten);
        page.family("audit_failing", "gauge", "1 while statements are refused for that.");
        page.value("audit_failing", "", statements.failing.into());
        page.family("policies_generation", "counter", "Policy sets put in force since the start.");
        page.value("policies_generation", "", self.policies_generation);
        page.family("policies_broken", "gauge", "1 while the policy files cannot be put in force.");
        page.value("policies_broken", "", self.policies_broken.into());
        page.0
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP portcullis_{name} {help}"));
        self.line(format_args!("# TYPE portcullis_{name} {kind}"));
    }

    fn value(&mut self, name: &str, labels: &str, value: u64) {
        self.line(format_args!("portcullis_{name}{labels} {value}"));
    }

    fn durations(&mut self, counts: &Counts) {
        let name = "statement_duration_seconds";
        self.family(name, "histogram", "How long statements took, to their last row.");
        let mut below = 0;
        for (bound_us, count) in DURATION_BOUNDS_US.iter().zip(counts.within) {
            below += count;
            let labels = format!("{{le=\"{}\"}}", seconds(*bound_us));
            self.value(&format!("{name}_bucket"), &labels, below);
        }
        // Counters are read one after the other: a statement that ends meanwhile must not make
        // the whole less than a part.
        let all = counts.statements().max(below);
        self.value(&format!("{name}_bucket"), "{le=\"+Inf\"}", all);
        self.line(format_args!("portcullis_{name}_sum {}", seconds(counts.total_us)));
        self.value(&format!("{name}_count"), "", all);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    let (whole, rest) = (us / 1_000_000, us % 1_000_000);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:06}").trim_end_matches('0').to_owned(),
    }
}
