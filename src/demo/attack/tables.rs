//! The tables of `crm` as DataFusion reads them; it brings no driver for SQLite.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;

use crate::demo::company::{COUNTRIES, Company};

/// Each table with its rows.
pub(super) fn of(company: &Company) -> Result<[(&'static str, RecordBatch); 3], ArrowError> {
    Ok([
        ("customers", customers(company)?),
        ("products", products(company)?),
        ("countries", countries()?),
    ])
}

fn customers(company: &Company) -> Result<RecordBatch, ArrowError> {
    let rows = company.customers();
    let limits: Decimal128Array =
        rows.iter().map(|row| row.credit_limit_cents.map(i128::from)).collect();
    let joined = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.joined_at));
    RecordBatch::try_from_iter([
        ("id", integers(rows.iter().map(|row| row.id))),
        ("org_id", texts(rows.iter().map(|row| Some(row.org.id())))),
        ("account", texts(rows.iter().map(|row| Some(row.account.as_str())))),
        ("name", texts(rows.iter().map(|row| Some(row.name.as_str())))),
        ("email", texts(rows.iter().map(|row| Some(row.email.as_str())))),
        ("phone", texts(rows.iter().map(|row| row.phone.as_deref()))),
        ("born_on", Arc::new(rows.iter().map(|row| row.born_on).collect::<Date32Array>())),
        ("street", texts(rows.iter().map(|row| Some(row.street.as_str())))),
        ("postcode", texts(rows.iter().map(|row| Some(row.postcode.as_str())))),
        ("town", texts(rows.iter().map(|row| Some(row.town.as_str())))),
        ("country", texts(rows.iter().map(|row| Some(row.country)))),
        ("region", texts(rows.iter().map(|row| Some(row.region)))),
        ("card", texts(rows.iter().map(|row| row.card.as_deref()))),
        ("credit_limit", Arc::new(limits.with_precision_and_scale(12, 2)?)),
        ("newsletter", flags(rows.iter().map(|row| row.newsletter))),
        ("protected", flags(rows.iter().map(|row| row.protected))),
        ("joined_at", Arc::new(joined.with_timezone("UTC"))),
    ])
}

fn products(company: &Company) -> Result<RecordBatch, ArrowError> {
    let rows = company.products();
    let prices: Decimal128Array =
        rows.iter().map(|row| Some(i128::from(row.price_cents))).collect();
    RecordBatch::try_from_iter([
        ("sku", texts(rows.iter().map(|row| Some(row.sku.as_str())))),
        ("name", texts(rows.iter().map(|row| Some(row.name.as_str())))),
        ("category", texts(rows.iter().map(|row| Some(row.category)))),
        ("price", Arc::new(prices.with_precision_and_scale(10, 2)?) as ArrayRef),
        ("weight_g", integers(rows.iter().map(|row| row.weight_g))),
        ("discontinued", flags(rows.iter().map(|row| row.discontinued))),
    ])
}

fn countries() -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_from_iter([
        ("code", texts(COUNTRIES.iter().map(|row| Some(row.code)))),
        ("name", texts(COUNTRIES.iter().map(|row| Some(row.name)))),
        ("region", texts(COUNTRIES.iter().map(|row| Some(row.region)))),
        ("currency", texts(COUNTRIES.iter().map(|row| Some(row.currency)))),
    ])
}

fn integers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn flags(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<BooleanArray>())
}
