//! Operators spawn tasks of their own. What is said there stands in the span of the query, too.

use std::any::Any;

use datafusion::common::runtime::{JoinSetTracer, set_join_set_tracer};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tracing::{Instrument as _, Span};

/// From now on, in all of the process.
pub(in crate::federate) fn follow() {
    // It is no harm that another engine of the process has said so before.
    let _ = set_join_set_tracer(&Follow);
}

/// Whatever a task gives; the engine knows.
type Given = Box<dyn Any + Send>;

struct Follow;

impl JoinSetTracer for Follow {
    fn trace_future(&self, work: BoxFuture<'static, Given>) -> BoxFuture<'static, Given> {
        work.in_current_span().boxed()
    }

    fn trace_block(
        &self,
        work: Box<dyn FnOnce() -> Given + Send>,
    ) -> Box<dyn FnOnce() -> Given + Send> {
        let span = Span::current();
        Box::new(move || span.in_scope(work))
    }
}
