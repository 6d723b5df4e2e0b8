//! One statement under way, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{Stream, TryStreamExt, stream};
use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::{Column, ConnectorError, Value};
use portcullis_connector_sql::{Bind, Statement};
use rusqlite::types::Value as Stored;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::cells::give;
use crate::open::{confine, fault, open};
use crate::options::SqliteOptions;

/// Batches that may wait for their reader.
const WAITING: usize = 2;

/// A statement and what its rows become.
pub struct Query {
    /// The file.
    pub options: Arc<SqliteOptions>,
    /// What is sent.
    pub statement: Statement,
    /// The columns of the result, and which of them are native.
    pub columns: Vec<(Column, bool)>,
    /// The schema of the batches.
    pub schema: SchemaRef,
}

type Message = Result<RecordBatch, ConnectorError>;

/// Runs a query once there is a slot for it; stops when the stream is dropped.
pub fn run(query: Arc<Query>, slots: Arc<Semaphore>) -> SendableRecordBatchStream {
    let schema = query.schema.clone();
    let batches = stream::once(async move {
        let slot = slots
            .acquire_owned()
            .await
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        started(query, slot)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches.try_flatten()))
}

/// Starts the thread. It is not one of the runtime's, which would be missed elsewhere while a
/// client reads slowly.
fn started(
    query: Arc<Query>,
    slot: OwnedSemaphorePermit,
) -> Result<impl Stream<Item = Result<RecordBatch, DataFusionError>>, DataFusionError> {
    let (sender, receiver) = channel(WAITING);
    let stop = Stop(Arc::new(AtomicBool::new(false)));
    let stopped = stop.0.clone();
    let span = tracing::Span::current();
    let work = move || {
        let _inside = span.entered();
        // The slot is free again when the thread has ended, and not before.
        let _slot = slot;
        if let Err(error) = read(&query, &stopped, &sender) {
            // A reader that is gone wants no error.
            let _ = sender.blocking_send(Err(error));
        }
    };
    std::thread::Builder::new()
        .name("sqlite".to_owned())
        .spawn(work)
        .map_err(|error| ConnectorError::Failed(error.to_string()))?;
    Ok(stream::try_unfold((receiver, stop), next))
}

async fn next(
    (mut receiver, stop): (Receiver<Message>, Stop),
) -> Result<Option<(RecordBatch, (Receiver<Message>, Stop))>, DataFusionError> {
    match receiver.recv().await {
        Some(batch) => Ok(Some((batch?, (receiver, stop)))),
        None => Ok(None),
    }
}

/// Stops the statement when it is dropped with the stream.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads to the end, or until nobody listens.
fn read(
    query: &Query,
    stopped: &Arc<AtomicBool>,
    sender: &Sender<Message>,
) -> Result<(), ConnectorError> {
    let mut connection = open(&query.options)?;
    confine(&mut connection, stopped.clone())?;
    let mut statement = connection.prepare(query.statement.text()).map_err(fault)?;
    for (at, bind) in query.statement.binds().iter().enumerate() {
        statement.raw_bind_parameter(at + 1, stored(bind)?).map_err(fault)?;
    }
    let columns: Vec<&Column> = query.columns.iter().map(|(column, _)| column).collect();
    let mut rows = RowsBuilder::new(&columns)?;
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(fault)? {
        for (at, (cell, (_, native))) in rows.row().iter_mut().zip(&query.columns).enumerate() {
            give(cell, row.get_ref(at).map_err(fault)?, *native);
        }
        if rows.is_full() && sender.blocking_send(rows.finish()).is_err() {
            return Ok(());
        }
    }
    if !rows.is_empty() {
        let _ = sender.blocking_send(rows.finish());
    }
    Ok(())
}

/// A bound value in SQLite's classes.
fn stored(bind: &Bind) -> Result<Stored, ConnectorError> {
    Ok(match &bind.value {
        Value::Bool(value) => Stored::Integer((*value).into()),
        Value::Int(value) => Stored::Integer(*value),
        Value::Float(value) => Stored::Real(*value),
        Value::Text(value) => Stored::Text(value.to_string()),
        Value::Decimal { .. } | Value::Date(_) | Value::Timestamp(_) | Value::Timestamptz(_) => {
            return Err(ConnectorError::Unsupported(format!(
                "SQLite has no value of type {}",
                bind.sql_type
            )));
        }
    })
}
