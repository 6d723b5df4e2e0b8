//! The lake, a folder of files: orders in Parquet, one file for each year; events as
//! newline-delimited JSON; tickets as CSV.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::{Company, Order, Progress};
use crate::demo::DemoError;
use crate::demo::text;

pub(super) fn write(company: &Company, progress: &mut dyn Progress) -> Result<(), DemoError> {
    let lake = company.dir().join("lake");
    let orders = lake.join("orders");
    fs::create_dir_all(&orders).map_err(DemoError::at(&orders))?;

    progress.begin("lake.orders    Parquet");
    let year = |order: &Order| text::instant(order.placed_at).chars().take(4).collect::<String>();
    for year_of_orders in company.orders().chunk_by(|left, right| year(left) == year(right)) {
        let name = year_of_orders.first().map(year).unwrap_or_default();
        write_orders(company, year_of_orders, &orders.join(format!("{name}.parquet")))?;
    }
    progress.done(company.orders().len() as u64);

    progress.begin("lake.events    JSON");
    let path = lake.join("events.json");
    write_events(company, &path).map_err(DemoError::at(&path))?;
    progress.done(company.events().len() as u64);

    progress.begin("lake.tickets   CSV");
    let path = lake.join("tickets.csv");
    write_tickets(company, &path).map_err(DemoError::at(&path))?;
    progress.done(company.tickets().len() as u64);
    Ok(())
}

fn order_schema() -> SchemaRef {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("org_id", DataType::Utf8, false),
        Field::new("customer_id", DataType::Int64, false),
        Field::new("sku", DataType::Utf8, false),
        Field::new("quantity", DataType::Int32, false),
        Field::new("amount", DataType::Decimal128(12, 2), false),
        Field::new("status", DataType::Utf8, false),
        Field::new("gift", DataType::Boolean, false),
        Field::new("card", DataType::Utf8, true),
        Field::new("placed_at", utc, false),
        Field::new("shipped_on", DataType::Date32, true),
    ]))
}

fn write_orders(company: &Company, orders: &[Order], path: &Path) -> Result<(), DemoError> {
    let sku = |order: &Order| company.product(order.product).map(|product| product.sku.as_str());
    let amounts = Decimal128Array::from_iter_values(
        orders.iter().map(|order| i128::from(order.amount_cents)),
    )
    .with_precision_and_scale(12, 2)?;
    let placed =
        TimestampMicrosecondArray::from_iter_values(orders.iter().map(|order| order.placed_at))
            .with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(orders.iter().map(|order| order.id))),
        Arc::new(StringArray::from_iter_values(orders.iter().map(|order| order.org.id()))),
        Arc::new(Int64Array::from_iter_values(orders.iter().map(|order| order.customer_id))),
        Arc::new(orders.iter().map(sku).collect::<StringArray>()),
        Arc::new(Int32Array::from_iter_values(orders.iter().map(|order| order.quantity))),
        Arc::new(amounts),
        Arc::new(StringArray::from_iter_values(orders.iter().map(|order| order.status))),
        Arc::new(orders.iter().map(|order| Some(order.gift)).collect::<BooleanArray>()),
        Arc::new(orders.iter().map(|order| order.card.as_deref()).collect::<StringArray>()),
        Arc::new(placed),
        Arc::new(orders.iter().map(|order| order.shipped_on).collect::<Date32Array>()),
    ];
    let batch = RecordBatch::try_new(order_schema(), columns)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // Several groups in each file, so that a range of ids or days need not read all of it.
        .set_max_row_group_row_count(Some(10_000))
        .build();
    let file = File::create(path).map_err(DemoError::at(path))?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

fn write_events(company: &Company, path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for row in company.events() {
        let product = row.product.and_then(|product| company.product(product));
        let line = json!({
            "id": row.id,
            "org_id": row.org.id(),
            "customer_id": row.customer_id,
            "kind": row.kind,
            "sku": product.map(|product| product.sku.as_str()),
            "ip": row.ip,
            "duration_ms": row.duration_ms,
            "mobile": row.mobile,
            "at": text::instant(row.at),
        });
        writeln!(file, "{line}")?;
    }
    file.flush()
}

fn write_tickets(company: &Company, path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "id,org_id,customer_id,region,subject,priority,status,internal_note,stars,opened_at,closed_at"
    )?;
    for row in company.tickets() {
        let cells = [
            row.id.to_string(),
            row.org.id().to_owned(),
            row.customer_id.to_string(),
            row.region.to_owned(),
            quoted(row.subject),
            row.priority.to_string(),
            row.status.to_owned(),
            row.internal_note.map(quoted).unwrap_or_default(),
            row.stars.map(|stars| stars.to_string()).unwrap_or_default(),
            text::instant(row.opened_at),
            row.closed_at.map(text::instant).unwrap_or_default(),
        ];
        writeln!(file, "{}", cells.join(","))?;
    }
    file.flush()
}

/// A text cell as RFC 4180 quotes it.
fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}
