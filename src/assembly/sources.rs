//! A connector for each source of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portcullis_connector_api::{Connector, ConnectorError, TableName};
use portcullis_connector_files::{Files, FilesOptions};
use portcullis_connector_postgres::{self as postgres, PostgresConnector};
use portcullis_connector_sqlite::{SqliteConnector, SqliteOptions};

use crate::config::{PostgresSource, Source, SourceKind, TableScope, TlsMode};
use crate::guard::{ColumnRules, TableRules};

/// The connector of a source. Nothing is reached yet.
pub(super) fn connector(
    source: &Source,
    statement_timeout: Duration,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    Ok(match &source.kind {
        SourceKind::Postgres(options) => {
            Arc::new(PostgresConnector::new(postgres_options(options, statement_timeout))?)
        }
        SourceKind::Sqlite { path } => Arc::new(SqliteConnector::new(SqliteOptions::new(path))),
        SourceKind::Files { path } => Arc::new(Files::new(FilesOptions::new(path))),
    })
}

fn postgres_options(source: &PostgresSource, statement_timeout: Duration) -> postgres::Options {
    let mut options = postgres::Options::new(source.url.reveal());
    options.tls = match source.tls {
        TlsMode::Disable => postgres::TlsMode::Disable,
        TlsMode::Prefer => postgres::TlsMode::Prefer,
        TlsMode::Require => postgres::TlsMode::Require,
        TlsMode::VerifyFull => postgres::TlsMode::VerifyFull,
    };
    options.root_cert.clone_from(&source.root_cert);
    options.schema.clone_from(&source.schema);
    options.schemas.clone_from(&source.schemas);
    options.connections = source.connections.into();
    options.connect_timeout = source.connect_timeout;
    options.statement_timeout = statement_timeout;
    options
}

/// What the configuration says of the source's tables, as the guard takes it.
pub(super) fn rules(source: &Source) -> BTreeMap<TableName, TableRules> {
    let of_table = |table: &crate::config::TableRules| {
        let tenant_column = match &table.scope {
            TableScope::Column(column) => Some(column.clone()),
            _ => None,
        };
        let columns = table.columns.iter().map(|column| {
            let rules = ColumnRules {
                tags: column.tags.clone(),
                partial: column.partial.clone(),
                token_domain: column.token_domain.clone(),
            };
            (column.name.clone(), rules)
        });
        TableRules {
            tenant_column,
            shared: table.scope == TableScope::Shared,
            ignore: table.scope == TableScope::Ignored,
            columns: columns.collect(),
        }
    };
    source.tables.iter().map(|table| (table.name.clone(), of_table(table))).collect()
}
