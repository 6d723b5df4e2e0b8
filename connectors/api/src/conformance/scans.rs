//! Scans: the catalog, every choice of columns, and how a batch becomes rows again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::common::stats::Precision;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use futures::StreamExt;

use crate::catalog::{Column, SourceCatalog, SqlType, Table};
use crate::cells::{mark_name, scan_schema};
use crate::conformance::{Cell, DataTable, Suite};
use crate::connector::{Scan, ScanRequest};
use crate::name::ColumnName;
use crate::predicate::Predicate;

/// More rows than this in a batch would defeat streaming.
const BATCH_ROWS: usize = 16_384;

/// How often each row occurs.
pub(super) type Rows = BTreeMap<String, usize>;

impl<'a> Suite<'a> {
    /// Compares the catalog with what was loaded; gives the tables as the connector sees them.
    pub(super) async fn catalog(&mut self) -> SourceCatalog {
        let catalog = match self.loaded.connector.catalog().await {
            Ok(catalog) => catalog,
            Err(error) => {
                self.fail(format!("the catalog cannot be read: {error}"));
                return SourceCatalog::default();
            }
        };
        for fault in &catalog.faults {
            self.fail(format!("table {:?} has a fault: {}", fault.table, fault.error));
        }
        for expected in &self.data.tables {
            let name = &expected.table.name;
            match catalog.tables.iter().filter(|table| table.name == *name).collect::<Vec<_>>()[..]
            {
                [table] => self.columns(expected, table),
                [] => self.fail(format!("table {name:?} is not in the catalog")),
                _ => self.fail(format!("table {name:?} is in the catalog more than once")),
            }
        }
        for table in &catalog.tables {
            if !self.data.tables.iter().any(|known| known.table.name == table.name) {
                self.fail(format!("table {:?} was never loaded", table.name));
            }
        }
        let debug = format!("{:?}", self.loaded.connector);
        self.keeps_secrets("Debug of the connector", &debug);
        catalog
    }

    fn columns(&mut self, expected: &DataTable, found: &Table) {
        let described = |table: &Table| -> Vec<String> {
            table
                .columns
                .iter()
                .map(|column| format!("{:?} {}", column.name, column.sql_type))
                .collect()
        };
        let (wanted, got) = (described(&expected.table), described(found));
        if wanted != got {
            self.fail(format!("table {:?} has columns {got:?}, not {wanted:?}", found.name));
            return;
        }
        for (at, column) in found.columns.iter().enumerate() {
            let holds = |test: fn(&Cell) -> bool| {
                expected.rows.iter().filter_map(|row| row.get(at)).any(test)
            };
            if !column.nullable && holds(|cell| *cell == Cell::Null) {
                self.fail(format!(
                    "{:?}.{:?} holds NULL and is not nullable",
                    found.name, column.name
                ));
            }
            if !column.fallible && holds(|cell| matches!(cell, Cell::Bad(_))) {
                self.fail(format!("{:?}.{:?} cannot be fallible", found.name, column.name));
            }
        }
    }

    /// Scans every table by choices of its columns: all, none, each one, reversed, every third.
    pub(super) async fn projections(&mut self, catalog: &SourceCatalog) {
        for (data, table) in self.pairs(catalog) {
            let all: Vec<ColumnName> =
                table.columns.iter().map(|column| column.name.clone()).collect();
            let mut choices = vec![
                all.clone(),
                Vec::new(),
                all.iter().rev().cloned().collect(),
                all.iter().skip(1).step_by(3).cloned().collect(),
            ];
            if all.len() < 50 {
                choices.extend(all.iter().map(|name| vec![name.clone()]));
            }
            for columns in choices {
                let expected = rows_of(data, &table, &columns, |_| true);
                let what = format!("scan of {columns:?} of {:?}", table.name);
                match self.rows(&table, columns, Predicate::True, Predicate::True, None).await {
                    Ok(rows) => self.same(&what, &expected, &rows),
                    Err(error) => self.fail(format!("{what}: {error}")),
                }
            }
        }
    }

    /// The tables that are both loaded and in the catalog.
    pub(super) fn pairs(&self, catalog: &SourceCatalog) -> Vec<(&'a DataTable, Arc<Table>)> {
        let data: &'a [DataTable] = &self.data.tables;
        data.iter()
            .filter_map(|data| {
                let table = catalog.tables.iter().find(|table| table.name == data.table.name)?;
                Some((data, Arc::new(table.clone())))
            })
            .collect()
    }

    /// Prepares a scan.
    pub(super) async fn prepare(
        &mut self,
        table: &Arc<Table>,
        columns: Vec<ColumnName>,
        predicate: Predicate,
        conditions: Predicate,
        limit: Option<u64>,
    ) -> Result<Scan, String> {
        let wanted: Vec<&Column> =
            columns.iter().filter_map(|name| table.column(name.as_str())).collect();
        let schema = scan_schema(&wanted);
        let request = ScanRequest { table: table.clone(), columns, predicate, conditions, limit };
        let scan = self
            .loaded
            .connector
            .scan(request)
            .await
            .map_err(|error| format!("failed: {error}"))?;
        if scan.plan.schema() != schema {
            return Err(format!("the plan's schema is {:?}, not {schema:?}", scan.plan.schema()));
        }
        self.keeps_secrets("what was noted as sent", &scan.sent);
        let display =
            datafusion::physical_plan::displayable(scan.plan.as_ref()).indent(true).to_string();
        self.keeps_secrets("the display of the plan", &display);
        match StatisticsContext::new().compute(scan.plan.as_ref(), &StatisticsArgs::new()) {
            Ok(statistics) => {
                let told = statistics.num_rows != Precision::Absent
                    || statistics.column_statistics.iter().any(|column| {
                        column.null_count != Precision::Absent
                            || column.min_value != Precision::Absent
                            || column.max_value != Precision::Absent
                    });
                if told {
                    self.fail(format!("a scan of {:?} tells statistics", table.name));
                }
            }
            Err(error) => return Err(format!("no statistics: {error}")),
        }
        Ok(scan)
    }

    /// Runs a scan to its end.
    pub(super) async fn rows(
        &mut self,
        table: &Arc<Table>,
        columns: Vec<ColumnName>,
        predicate: Predicate,
        conditions: Predicate,
        limit: Option<u64>,
    ) -> Result<Rows, String> {
        let scan = self.prepare(table, columns.clone(), predicate, conditions, limit).await?;
        collect(&scan, table, &columns).await
    }

    /// Notes a failure where the rows are not exactly these.
    pub(super) fn same(&mut self, what: &str, expected: &Rows, found: &Rows) {
        self.differences(what, "missing", expected, found);
        self.differences(what, "too many", found, expected);
    }

    /// Notes a failure where `less` lacks rows of `more`.
    pub(super) fn differences(&mut self, what: &str, word: &str, more: &Rows, less: &Rows) {
        let lacking: Vec<&String> = more
            .iter()
            .filter(|(row, count)| less.get(*row).copied().unwrap_or(0) < **count)
            .map(|(row, _)| row)
            .collect();
        if let Some(example) = lacking.first() {
            let example: String = example.chars().take(300).collect();
            self.fail(format!("{what}: {} rows {word}, such as {example}", lacking.len()));
        }
    }
}

/// Runs every partition of a scan and gives its rows.
pub(super) async fn collect(
    scan: &Scan,
    table: &Table,
    columns: &[ColumnName],
) -> Result<Rows, String> {
    let mut rows = Rows::new();
    let schema = scan.plan.schema();
    let partitions = scan.plan.properties().output_partitioning().partition_count();
    for partition in 0..partitions {
        let mut stream = scan
            .plan
            .execute(partition, Arc::new(TaskContext::default()))
            .map_err(|error| format!("does not start: {error}"))?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| format!("breaks off: {error}"))?;
            if batch.schema() != schema {
                return Err(format!("a batch has schema {:?}, not {schema:?}", batch.schema()));
            }
            if batch.num_rows() > BATCH_ROWS {
                return Err(format!("a batch has {} rows", batch.num_rows()));
            }
            for row in 0..batch.num_rows() {
                *rows.entry(row_text(&batch, row, table, columns)?).or_default() += 1;
            }
        }
    }
    Ok(rows)
}

/// The rows that are expected of a scan: those that `admits` lets through, in the connector's
/// columns.
pub(super) fn rows_of(
    data: &DataTable,
    table: &Table,
    columns: &[ColumnName],
    admits: impl Fn(&[Cell]) -> bool,
) -> Rows {
    let places: Vec<(usize, bool)> = columns
        .iter()
        .filter_map(|name| {
            let at = table.columns.iter().position(|column| column.name == *name)?;
            Some((at, table.columns.get(at)?.fallible))
        })
        .collect();
    let mut rows = Rows::new();
    for row in data.rows.iter().filter(|row| admits(row)) {
        let text: Vec<String> = places
            .iter()
            .filter_map(|(at, fallible)| Some(cell_text(row.get(*at)?, *fallible)))
            .collect();
        *rows.entry(text.join(" | ")).or_default() += 1;
    }
    rows
}

/// A cell as text; one that cannot be decoded only tells so.
fn cell_text(cell: &Cell, fallible: bool) -> String {
    match cell {
        Cell::Bad(_) if fallible => "BAD".to_owned(),
        // Every NaN is the same.
        Cell::Float(value) if value.is_nan() => "Float(NaN)".to_owned(),
        cell => format!("{cell:?}"),
    }
}

fn row_text(
    batch: &RecordBatch,
    row: usize,
    table: &Table,
    columns: &[ColumnName],
) -> Result<String, String> {
    let mut texts = Vec::with_capacity(columns.len());
    for name in columns {
        let column = table.column(name.as_str()).ok_or("the table lacks a column")?;
        let array = batch.column_by_name(name.as_str()).ok_or("the batch lacks a column")?;
        let cell = read(array.as_ref(), row, &column.sql_type)?;
        let bad = match batch.column_by_name(&mark_name(name.as_str())) {
            None => false,
            Some(marks) => marks.as_boolean().value(row),
        };
        texts.push(match (bad, cell) {
            (false, cell) => cell_text(&cell, column.fallible),
            (true, Cell::Null) => "BAD".to_owned(),
            (true, cell) => return Err(format!("{name:?} is marked bad and holds {cell:?}")),
        });
    }
    Ok(texts.join(" | "))
}

/// One cell of an array of a type's own Arrow type.
fn read(array: &dyn Array, row: usize, sql_type: &SqlType) -> Result<Cell, String> {
    if *array.data_type() != sql_type.arrow_type() {
        return Err(format!("a column of {sql_type} is carried as {}", array.data_type()));
    }
    if array.is_null(row) {
        return Ok(Cell::Null);
    }
    Ok(match sql_type {
        SqlType::Bool => Cell::Bool(array.as_boolean().value(row)),
        SqlType::Int2 => Cell::Int(array.as_primitive::<Int16Type>().value(row).into()),
        SqlType::Int4 => Cell::Int(array.as_primitive::<Int32Type>().value(row).into()),
        SqlType::Int8 => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
        SqlType::Float4 => Cell::Float(array.as_primitive::<Float32Type>().value(row).into()),
        SqlType::Float8 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        SqlType::Numeric { .. } => Cell::Decimal(array.as_primitive::<Decimal128Type>().value(row)),
        SqlType::Text | SqlType::Varchar | SqlType::Uuid | SqlType::Json | SqlType::Jsonb => {
            Cell::Text(array.as_string_view().value(row).to_owned())
        }
        SqlType::Bytea => Cell::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        SqlType::Date => Cell::Date(array.as_primitive::<Date32Type>().value(row)),
        SqlType::Time => Cell::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        SqlType::Timestamp | SqlType::Timestamptz => {
            Cell::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        SqlType::Interval => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            Cell::Interval(value.months, value.days, value.nanoseconds)
        }
        SqlType::Array(item) => {
            let items = array.as_list::<i32>().value(row);
            let cells = (0..items.len()).map(|at| read(items.as_ref(), at, item));
            Cell::Array(cells.collect::<Result<_, _>>()?)
        }
    })
}
