//! The demonstration company: two shops on one platform, with enough in their books to be
//! interesting. Takes a folder and fills it with a SQLite database, Parquet, CSV and JSON files,
//! policies, keys and a configuration; the seed alone decides the rows. Gives the same rows in
//! memory, so that what a person should see can be worked out without the gateway.

mod catalogue;
mod generate;
mod house;
mod lake;
mod random;
mod rows;
mod store;
mod words;

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::demo::DemoError;

pub use catalogue::{COUNTRIES, Country, Product};
pub use rows::{Customer, Event, Order, Tenant, Ticket};

/// What decides the rows. Another seed gives another company of the same kind.
pub const SEED: u64 = 1_096;

/// The file that says which company lies in a folder. Written last.
const STAMP: &str = "company.stamp";

/// Is told how the work goes.
pub trait Progress {
    /// A piece of work begins, such as `orders`.
    fn begin(&mut self, what: &str);

    /// That piece is done, with so many rows; 0 where rows do not count.
    fn done(&mut self, rows: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _what: &str) {}

    fn done(&mut self, _rows: u64) {}
}

/// The company: where it lies, and its rows.
#[derive(Clone, Debug)]
pub struct Company {
    dir: PathBuf,
    products: Vec<Product>,
    customers: Vec<Customer>,
    orders: Vec<Order>,
    events: Vec<Event>,
    tickets: Vec<Ticket>,
}

/// Makes the company in `dir`, which is created where it is absent. A folder that already holds
/// this company, of this version and seed, is left as it is, policies that were edited included.
///
/// # Errors
/// Where the folder holds something else, or cannot be written.
pub fn build(dir: &Path, progress: &mut dyn Progress) -> Result<Company, DemoError> {
    let company = Company::new(dir, SEED);
    let stamp = format!("portcullis demo {} seed {SEED}\n", env!("CARGO_PKG_VERSION"));
    let stamp_path = dir.join(STAMP);
    let found = match fs::read_to_string(&stamp_path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(DemoError::at(&stamp_path)(error)),
    };
    if found.as_deref() == Some(stamp.as_str()) {
        return Ok(company);
    }
    fs::create_dir_all(dir).map_err(DemoError::at(dir))?;
    if found.is_none() && fs::read_dir(dir).map_err(DemoError::at(dir))?.next().is_some() {
        return Err(DemoError::Foreign(dir.to_owned()));
    }
    // From here on the folder is ours, even where the work is cut short.
    fs::write(&stamp_path, "unfinished\n").map_err(DemoError::at(&stamp_path))?;
    company.write(progress)?;
    fs::write(&stamp_path, stamp).map_err(DemoError::at(&stamp_path))?;
    Ok(company)
}

impl Company {
    /// The company of this seed, in memory only.
    pub fn new(dir: &Path, seed: u64) -> Self {
        let products = catalogue::products();
        let customers = generate::customers(seed);
        let orders = generate::orders(seed, &customers, &products);
        let events = generate::events(seed, &customers, &products);
        let tickets = generate::tickets(seed, &customers);
        Self { dir: dir.to_owned(), products, customers, orders, events, tickets }
    }

    fn write(&self, progress: &mut dyn Progress) -> Result<(), DemoError> {
        store::write(self, progress)?;
        lake::write(self, progress)?;
        house::write(&self.dir, progress)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The configuration that `portcullis serve` takes.
    pub fn config(&self) -> PathBuf {
        self.dir.join("portcullis.toml")
    }

    /// `crm.products`
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// `crm.customers`
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// `lake.orders`
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// `lake.events`
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// `lake.tickets`
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// The product that an order or event names by its position.
    pub fn product(&self, at: usize) -> Option<&Product> {
        self.products.get(at)
    }
}

#[cfg(test)]
mod tests;
