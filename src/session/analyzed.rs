//! `EXPLAIN ANALYZE`, for those who may see how a plan is guarded: the query runs to its end, its rows are
//! counted and thrown away, and the plan says how many each step above the guard gave.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt as _, stream};

use super::shown::lines_of;
use crate::federate::Prepared;

/// The lines of a plan as it ran, the `head` before them, as rows of `schema`.
pub(in crate::session) fn analyzed(
    ready: Prepared,
    head: Vec<String>,
    schema: SchemaRef,
) -> SendableRecordBatchStream {
    let told = Arc::clone(&schema);
    let running = async move {
        let (plan, started) = (ready.plan().clone(), Instant::now());
        let mut rows = ready.run();
        let mut count = 0_usize;
        while let Some(batch) = rows.next().await {
            count = count.saturating_add(batch?.num_rows());
        }
        let time_ms = started.elapsed().as_secs_f64() * 1e3;
        let mut lines = head;
        lines.extend(lines_of(&plan.measured()));
        lines.push(String::new());
        lines.push(format!("Rows: {count}"));
        lines.push(format!("Execution Time: {time_ms:.3} ms"));
        let column = Arc::new(StringArray::from(lines));
        Ok::<_, DataFusionError>(RecordBatch::try_new(told, vec![column])?)
    };
    let batches = stream::once(running);
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
