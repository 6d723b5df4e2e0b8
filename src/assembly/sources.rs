//! A connector for each source of the configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_connector_api::{ColumnName, Connector, ConnectorError, SqlType, TableName};
use portcullis_connector_files::{Files, FilesOptions, TableOptions};
use portcullis_connector_postgres::{self as postgres, PostgresConnector};
use portcullis_connector_sqlite::{SqliteConnector, SqliteOptions};

use crate::config::{PostgresSource, Source, SourceKind, TableScope, TlsMode};
use crate::guard::{ColumnRules, TableRules, TenantType};

/// The connector of a source. Nothing is reached yet. `tenants` is the column that names the tenant
/// where a table says nothing else, and what is in it.
pub(super) fn connector(
    source: &Source,
    statement_timeout: Duration,
    tenants: (&ColumnName, TenantType),
) -> Result<Arc<dyn Connector>, ConnectorError> {
    Ok(match &source.kind {
        SourceKind::Postgres(options) => {
            Arc::new(PostgresConnector::new(postgres_options(options, statement_timeout))?)
        }
        SourceKind::Sqlite { path } => Arc::new(SqliteConnector::new(SqliteOptions::new(path))),
        SourceKind::Files { path } => {
            Arc::new(Files::new(files_options(path, &source.tables, tenants)))
        }
    })
}

fn files_options(
    path: &Path,
    tables: &[crate::config::TableRules],
    (column, tenants_are): (&ColumnName, TenantType),
) -> FilesOptions {
    // Whatever the rows of somebody may hold.
    let tenant = |column: &ColumnName| {
        let sql_type = match tenants_are {
            TenantType::Text => SqlType::Text,
            TenantType::Long => SqlType::Int8,
        };
        Some((column.clone(), sql_type))
    };
    let of_table = |table: &crate::config::TableRules| TableOptions {
        columns: table
            .columns
            .iter()
            .filter_map(|column| Some((column.name.clone(), column.sql_type.clone()?)))
            .collect(),
        columns_only: table.columns_only,
        tenant: match &table.scope {
            TableScope::Default => tenant(column),
            TableScope::Column(own) => tenant(own),
            TableScope::Shared | TableScope::Ignored => None,
        },
        multiline: table.multiline,
    };
    let mut options = FilesOptions::new(path);
    options.tables = tables.iter().map(|table| (table.name.clone(), of_table(table))).collect();
    options.others.tenant = tenant(column);
    options
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
