//! Operators spawn tasks of their own. They are tasks of the statement: what is said there stands in
//! its span, too, and its lane is in use until the last of them has ended.

use std::any::Any;

use datafusion::common::runtime::{JoinSetTracer, set_join_set_tracer};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tracing::{Instrument as _, Span};

use super::lane::Lane;

/// From now on, in all of the process.
pub(super) fn follow() {
    // It is no harm that another engine of the process has said so before.
    let _ = set_join_set_tracer(&Follow);
}

/// Whatever a task gives; the engine knows.
type Given = Box<dyn Any + Send>;

struct Follow;

impl JoinSetTracer for Follow {
    fn trace_future(&self, work: BoxFuture<'static, Given>) -> BoxFuture<'static, Given> {
        let work = work.in_current_span();
        match Lane::current() {
            Some(lane) => lane.holding(work).boxed(),
            None => work.boxed(),
        }
    }

    fn trace_block(
        &self,
        work: Box<dyn FnOnce() -> Given + Send>,
    ) -> Box<dyn FnOnce() -> Given + Send> {
        let (span, lane) = (Span::current(), Lane::current());
        let work = move || span.in_scope(work);
        match lane {
            Some(lane) => Box::new(move || lane.holding_block(work)),
            None => Box::new(work),
        }
    }
}
