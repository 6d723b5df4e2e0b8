//! The connector over a folder.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use datafusion::execution::TaskContext;
use portcullis_connector_api::cells::scan_schema;
use portcullis_connector_api::exec::blocking_stream;
use portcullis_connector_api::{
    Column, Connector, ConnectorError, Predicate, Pushdown, Scan, ScanRequest, SourceCatalog,
    Table, TableFault, TableName,
};

use crate::exec::{FilesExec, Start};
use crate::folder::{self, Format};
use crate::options::FilesOptions;
use crate::parquet::{self, Damage, ParquetScan};
use crate::text::{self, TextScan};

/// A folder of files.
pub struct Files {
    options: FilesOptions,
    /// The tables that were Parquet when the catalog was last read.
    parquet: RwLock<BTreeSet<TableName>>,
    /// What Parquet's readers run in.
    context: Arc<TaskContext>,
    /// Where they met damage.
    damage: Arc<Damage>,
}

impl Files {
    /// A source over this folder; looks at nothing yet.
    pub fn new(options: FilesOptions) -> Self {
        Self {
            options,
            parquet: RwLock::default(),
            context: Arc::default(),
            damage: Arc::default(),
        }
    }

    /// What the folder holds, and which of it is Parquet; blocks.
    fn read_catalog(
        options: &FilesOptions,
    ) -> Result<(SourceCatalog, BTreeSet<TableName>), ConnectorError> {
        let listing = folder::list(&options.path)?;
        let parquet = listing.tables.iter().filter(|files| files.format == Format::Parquet);
        let parquet = parquet.map(|files| files.name.clone()).collect();
        let mut catalog = SourceCatalog { faults: listing.faults, ..SourceCatalog::default() };
        for files in listing.tables {
            let described = match files.format {
                Format::Parquet => {
                    parquet::describe(&files, options.of(&files.name), &mut catalog.notes)
                }
                Format::Csv | Format::Json => {
                    text::describe(&files, options.of(&files.name), &mut catalog.notes).map(
                        |described| {
                            let inferred = described.inferred.then(|| files.name.clone());
                            catalog.inferred.extend(inferred);
                            described.table
                        },
                    )
                }
            };
            match described {
                Ok(table) => catalog.tables.push(table),
                Err(error) => {
                    catalog.faults.push(TableFault { table: files.name.clone(), error });
                }
            }
        }
        Ok((catalog, parquet))
    }
}

/// Without the path: what a source is called is the configuration's business.
impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

#[async_trait]
impl Connector for Files {
    fn kind(&self) -> &'static str {
        "files"
    }

    async fn catalog(&self) -> Result<SourceCatalog, ConnectorError> {
        let options = self.options.clone();
        let (catalog, parquet) = blocking(move || Self::read_catalog(&options)).await?;
        if let Ok(mut known) = self.parquet.write() {
            *known = parquet;
        }
        Ok(catalog)
    }

    async fn reach(&self) -> Result<(), ConnectorError> {
        let path = self.options.path.clone();
        blocking(move || folder::touch(&path)).await
    }

    fn pushdown(&self, table: &Table, conjunct: &Predicate) -> Pushdown {
        let is_parquet = self.parquet.read().is_ok_and(|known| known.contains(&table.name));
        if is_parquet && parquet::helps(table, conjunct) {
            Pushdown::Superset
        } else {
            Pushdown::No
        }
    }

    async fn scan(&self, request: ScanRequest) -> Result<Scan, ConnectorError> {
        request.leaves_nothing_to_decide()?;
        let (path, name) = (self.options.path.clone(), request.table.name.clone());
        let files = blocking(move || folder::find(&path, &name)).await?;
        let columns = wanted(&request)?;
        let schema = scan_schema(&columns.iter().collect::<Vec<_>>());
        let sent = files.sent();
        let start: Start = match files.format {
            Format::Parquet => {
                let scan = Arc::new(ParquetScan::new(
                    columns,
                    &request,
                    self.context.clone(),
                    self.damage.clone(),
                ));
                Arc::new(move |file, meters, pool| {
                    Ok(scan.clone().start(file, meters.clone(), Arc::clone(pool)))
                })
            }
            format @ (Format::Csv | Format::Json) => {
                let (schema, limit) = (schema.clone(), request.limit);
                let multiline = self.options.of(&request.table.name).multiline;
                Arc::new(move |file, _, _| {
                    let columns: Vec<&Column> = columns.iter().collect();
                    let scan = TextScan::new(file, format, multiline, &columns, limit)?;
                    Ok(blocking_stream(schema.clone(), scan))
                })
            }
        };
        let plan = Arc::new(FilesExec::new(sent.clone(), schema, files.files, start));
        Ok(Scan { plan, sent })
    }
}

/// The wanted columns.
fn wanted(request: &ScanRequest) -> Result<Vec<Column>, ConnectorError> {
    let columns = request.columns.iter().map(|name| {
        request.table.column(name.as_str()).cloned().ok_or_else(|| {
            ConnectorError::Unsupported(format!(
                "table \"{}\" has no column \"{name}\"",
                request.table.name
            ))
        })
    });
    columns.collect()
}

/// Runs what blocks where it may.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> Result<T, ConnectorError> {
    let span = tracing::Span::current();
    let done = tokio::task::spawn_blocking(move || span.in_scope(work)).await;
    done.map_err(|error| ConnectorError::Failed(error.to_string()))?
}
