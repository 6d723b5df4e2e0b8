//! TPC-H for twenty tenants, as files with `|` between the columns.
//!
//! Every customer, part and supplier belongs to one tenant, by its key. Orders belong to their
//! customer's tenant. The keys of parts and suppliers are moved within their block of twenty, so
//! that orders and offers stay within a tenant, and joins find as much as they do in the original.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

const TENANTS: i64 = 20;

/// The tenant of a customer, part or supplier.
fn tenant_of(key: i64) -> i64 {
    (key - 1) % TENANTS
}

/// The key of the same block that belongs to `tenant`.
fn moved(key: i64, tenant: i64) -> i64 {
    key - tenant_of(key) + tenant
}

/// Writes the eight tables at this scale: of 1 there are 6,000,000 line items. All but `nation` and `region` have the tenant as their first column.
pub fn write(folder: &Path, scale: f64) {
    let mut nation = Table::create(folder, "nation");
    NationGenerator::new(scale, 1, 1).iter().for_each(|row| nation.add(None, &row));
    let mut region = Table::create(folder, "region");
    RegionGenerator::new(scale, 1, 1).iter().for_each(|row| region.add(None, &row));
    let mut part = Table::create(folder, "part");
    for row in PartGenerator::new(scale, 1, 1).iter() {
        part.add(Some(tenant_of(row.p_partkey)), &row);
    }
    let mut supplier = Table::create(folder, "supplier");
    for row in SupplierGenerator::new(scale, 1, 1).iter() {
        supplier.add(Some(tenant_of(row.s_suppkey)), &row);
    }
    let mut customer = Table::create(folder, "customer");
    for row in CustomerGenerator::new(scale, 1, 1).iter() {
        customer.add(Some(tenant_of(row.c_custkey)), &row);
    }
    // The suppliers of each part, in the generator's order, before and after they were moved.
    let mut offers = HashMap::<i64, (Vec<i64>, Vec<i64>)>::new();
    let mut partsupp = Table::create(folder, "partsupp");
    for mut row in PartSuppGenerator::new(scale, 1, 1).iter() {
        let tenant = tenant_of(row.ps_partkey);
        let (before, after) = offers.entry(row.ps_partkey).or_default();
        before.push(row.ps_suppkey);
        row.ps_suppkey = moved(row.ps_suppkey, tenant);
        after.push(row.ps_suppkey);
        partsupp.add(Some(tenant), &row);
    }
    let mut tenants = HashMap::new();
    let mut orders = Table::create(folder, "orders");
    for row in OrderGenerator::new(scale, 1, 1).iter() {
        let tenant = tenant_of(row.o_custkey);
        tenants.insert(row.o_orderkey, tenant);
        orders.add(Some(tenant), &row);
    }
    let mut lineitem = Table::create(folder, "lineitem");
    for mut row in LineItemGenerator::new(scale, 1, 1).iter() {
        let tenant = tenants[&row.l_orderkey];
        let number = offers[&row.l_partkey].0.iter().position(|key| *key == row.l_suppkey);
        row.l_partkey = moved(row.l_partkey, tenant);
        row.l_suppkey = offers[&row.l_partkey].1[number.unwrap()];
        lineitem.add(Some(tenant), &row);
    }
}

struct Table(BufWriter<File>);

impl Table {
    fn create(folder: &Path, name: &str) -> Self {
        Self(BufWriter::new(File::create(folder.join(format!("{name}.tbl"))).unwrap()))
    }

    /// The generator ends each row with a `|`, which stands between columns elsewhere.
    fn add(&mut self, tenant: Option<i64>, row: &dyn Display) {
        let row = row.to_string();
        let row = row.strip_suffix('|').unwrap();
        match tenant {
            Some(tenant) => writeln!(self.0, "t{tenant:02}|{row}").unwrap(),
            None => writeln!(self.0, "{row}").unwrap(),
        }
    }
}
