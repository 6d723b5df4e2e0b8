//! One statement's rows, as batches.

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{TryStreamExt, stream};
use portcullis_connector_api::ConnectorError;
use portcullis_connector_sql::Statement;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, RowStream};

use crate::bind::Parameter;
use crate::decode::{Decoder, Layout};
use crate::pool::{Lease, Pool};

/// Sends the statement once the stream is first asked, and gives its rows. The driver reads no
/// further than the batch that is being filled. Dropped before its end, the stream cancels the
/// statement at the server.
pub(crate) fn run(
    pool: Arc<Pool>,
    statement: Arc<Statement>,
    layout: Arc<Layout>,
) -> SendableRecordBatchStream {
    let schema = layout.schema.clone();
    let start = Run::Ready { pool, statement, layout };
    let batches = stream::try_unfold(start, |run| async move {
        let next = run.next().await.map_err(DataFusionError::from)?;
        Ok(next)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

enum Run {
    Ready { pool: Arc<Pool>, statement: Arc<Statement>, layout: Arc<Layout> },
    Rows(Box<Rows>),
    Done,
}

struct Rows {
    lease: Lease,
    rows: Pin<Box<RowStream>>,
    layout: Arc<Layout>,
    /// The first row of the next batch, which came when this one was full.
    pending: Option<Row>,
}

impl Run {
    async fn next(self) -> Result<Option<(RecordBatch, Self)>, ConnectorError> {
        let rows = match self {
            Self::Ready { pool, statement, layout } => {
                Box::new(Rows::begin(&pool, &statement, layout).await?)
            }
            Self::Rows(rows) => rows,
            Self::Done => return Ok(None),
        };
        rows.batch().await
    }
}

impl Rows {
    async fn begin(
        pool: &Arc<Pool>,
        statement: &Statement,
        layout: Arc<Layout>,
    ) -> Result<Self, ConnectorError> {
        let mut lease = pool.lease().await?;
        let parameters = statement.binds().iter().map(|bind| {
            let parameter = Parameter(bind);
            let wire_type = parameter.wire_type();
            (parameter, wire_type)
        });
        let parameters = parameters.collect::<Vec<_>>();
        let rows = lease.begin()?.query_typed_raw(statement.text(), parameters).await;
        let rows = Box::pin(rows.map_err(|error| pool.fault(&error))?);
        Ok(Self { lease, rows, layout, pending: None })
    }

    /// The next batch; at the end of the rows the connection goes back.
    async fn batch(mut self: Box<Self>) -> Result<Option<(RecordBatch, Run)>, ConnectorError> {
        let layout = self.layout.clone();
        let Some(first) = self.next_row().await? else {
            self.lease.end();
            return Ok(None);
        };
        let types = first.columns().iter().map(|column| column.type_().clone());
        let mut decoder = Decoder::new(&layout, &types.collect::<Vec<Type>>())?;
        decoder.push(&first)?;
        loop {
            match self.next_row().await? {
                Some(row) if decoder.is_full() => {
                    self.pending = Some(row);
                    return Ok(decoder.take()?.map(|batch| (batch, Run::Rows(self))));
                }
                Some(row) => decoder.push(&row)?,
                None => {
                    self.lease.end();
                    return Ok(decoder.take()?.map(|batch| (batch, Run::Done)));
                }
            }
        }
    }

    async fn next_row(&mut self) -> Result<Option<Row>, ConnectorError> {
        if let Some(row) = self.pending.take() {
            return Ok(Some(row));
        }
        self.rows.try_next().await.map_err(|error| self.lease.pool().fault(&error))
    }
}
