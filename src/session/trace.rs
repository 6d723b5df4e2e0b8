//! The spans that a statement's events stand in, from its text to its end.
//!
//! A statement that is prepared once and run often has a span for each run: the first reaches from
//! its text on, each further one from its Bind or Execute on. None holds text of the statement.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{Span, field, info_span};

/// Makes the spans of one session.
#[derive(Debug)]
pub(in crate::session) struct Spans {
    session: String,
    made: AtomicU64,
}

impl Spans {
    /// Of the session with this id.
    pub fn new(session: &str) -> Self {
        Self { session: session.to_owned(), made: AtomicU64::new(0) }
    }

    /// A span with the next number of the session. The number of the audit record is added once
    /// there is one.
    pub fn next(&self) -> Span {
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        info_span!("statement", session = self.session, number, record = field::Empty)
    }
}

/// Tells the span of the statement that is being worked on under which number it is on record.
pub(in crate::session) fn recorded(record: u64) {
    Span::current().record("record", record);
}

/// The span of a statement's latest run.
#[derive(Clone, Debug)]
pub(in crate::session) struct Trace(Arc<Mutex<Latest>>);

#[derive(Debug)]
struct Latest {
    span: Span,
    run: bool,
}

impl Trace {
    /// Of a statement that was read in this span, and not run yet.
    pub fn read_in(span: Span) -> Self {
        Self(Arc::new(Mutex::new(Latest { span, run: false })))
    }

    /// The span of what goes before a run.
    pub fn before(&self, spans: &Spans) -> Span {
        self.turn(spans, false)
    }

    /// The span of a run that begins.
    pub fn begin(&self, spans: &Spans) -> Span {
        self.turn(spans, true)
    }

    /// The span of what is said of it afterwards.
    pub fn latest(&self) -> Span {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).span.clone()
    }

    fn turn(&self, spans: &Spans, run: bool) -> Span {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut latest.run, run) {
            latest.span = spans.next();
        }
        latest.span.clone()
    }
}
