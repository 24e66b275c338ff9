//! Makes a shop that does not exist: customers, orders, products and events, as CSV.
//!
//! In: how many, and a seed. Out: `customers.csv`, `orders.csv` (one row per line of an order),
//! `products.csv` and `events.csv` over the two years that end on 2025-10-31. The same options give the
//! same bytes on every machine, whatever the clock, the number of threads or the time zone database.
//! Several kinds of customer are planted (`kinds`) and a few dozen rows are broken on purpose
//! (`broken`). Customers are made in parallel, a chunk at a time, so that memory does not grow with them.

mod broken;
mod calendar;
mod catalogue;
mod draw;
mod kinds;
mod later;
mod names;
mod people;
mod plan;
mod purchases;
mod row;
mod season;
mod visits;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

pub use self::later::{Later, LaterSummary, Planted, write_later};

use self::calendar::{FIRST_SECOND, LAST};
use self::kinds::KINDS;
use self::names::region;
use self::plan::{Plan, Share};
use self::purchases::{Buyer, Market};
use self::season::Season;
use super::Table;
use crate::jobs::{Cancelled, Task};

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// At least 1.
    pub customers: u32,
    /// Orders of good customers; returns and broken rows come on top.
    pub orders: u64,
    pub seed: u64,
    /// Leaves the broken rows out.
    pub clean: bool,
    /// Where to write each customer's planted kind (`customer_id,kind`), which is in no other file.
    pub truth: Option<PathBuf>,
    /// Replaces files that are there.
    pub overwrite: bool,
}

/// What was made. The serialised form is part of the contract of `sample --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub customers: u32,
    pub orders: u64,
    pub seed: u64,
    pub files: Vec<MadeFile>,
    /// Broken rows by table and reason.
    pub broken: Vec<BrokenCount>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MadeFile {
    pub table: Table,
    pub file: PathBuf,
    /// Without the header, the broken ones included.
    pub rows: u64,
    pub bytes: u64,
}

/// How many rows were broken in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BrokenCount {
    pub table: Table,
    /// As the data report names it.
    pub reason: &'static str,
    pub rows: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("{} is there already; choose another folder, or pass --force to replace it", .0.display())]
    Exists(PathBuf),
    /// Of the customers who were sent something: cause and place in words.
    #[error("{0}")]
    Ledger(String),
    #[error("cannot write {}: {source}; check that the folder is writable and the disk has room", .path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// The broken rows of every sample that is not `clean`, by table and reason.
#[must_use]
pub fn broken_rows() -> Vec<BrokenCount> {
    let mut counts: Vec<BrokenCount> = Vec::new();
    for row in &broken::BROKEN {
        match counts.iter_mut().find(|count| count.table == row.table && count.reason == row.reason) {
            Some(count) => count.rows += 1,
            None => counts.push(BrokenCount { table: row.table, reason: row.reason, rows: 1 }),
        }
    }
    counts.sort();
    counts
}

/// Makes the files in `folder`, which is created where it is missing.
///
/// # Errors
/// Cancelled, a file that is there already, or one that cannot be
/// written.
pub fn write(options: &Options, folder: &Path, task: &Task<'_>) -> Result<Summary, SampleError> {
    fs::create_dir_all(folder).map_err(|source| SampleError::Write { path: folder.to_owned(), source })?;
    let mut files = Files::create(options, folder)?;
    files.products()?;

    let plan = Plan::new(options.seed, options.customers, options.orders);
    let shop = Making { western: Season::western(), chinese: Season::chinese(), market: Market::new() };
    let chunks = plan.chunks();
    let batch = (rayon::current_num_threads() * 8) as u32;
    // One thread writes what the others made, while they make the next batch.
    std::thread::scope(|scope| {
        let (sender, receiver) = crossbeam_channel::bounded::<Vec<Chunk>>(1);
        let writer = scope.spawn(move || -> Result<Files, SampleError> {
            let mut number = 0;
            for chunk in receiver.into_iter().flatten() {
                files.chunk(&chunk)?;
                number += 1;
                files.broken_rows_until(number, chunks, &chunk)?;
            }
            Ok(files)
        });
        for first in (0..chunks).step_by(batch as usize) {
            task.check()?;
            let made = (first..chunks.min(first + batch))
                .into_par_iter()
                .map(|number| shop.chunk(plan.shares(number)))
                .collect();
            if sender.send(made).is_err() {
                // The writer has met an error, which it returns below.
                break;
            }
            let done = u64::from(chunks.min(first + batch)) * u64::from(plan::CHUNK);
            let total = u64::from(options.customers);
            task.progress("making customers", done.min(total), Some(total));
        }
        drop(sender);
        match writer.join() {
            Ok(files) => {
                let files = files?;
                files.finish()?;
                Ok(files.summary(options))
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// What all customers share.
struct Making {
    western: Season,
    chinese: Season,
    market: Market,
}

/// The rows of some customers.
#[derive(Default)]
struct Chunk {
    customers: Vec<u8>,
    orders: Vec<u8>,
    events: Vec<u8>,
    truth: Vec<u8>,
    customer_rows: u64,
    order_rows: u64,
    event_rows: u64,
}

impl Making {
    fn chunk(&self, shares: impl Iterator<Item = Share>) -> Chunk {
        let mut chunk = Chunk::default();
        for share in shares {
            self.customer(share, &mut chunk);
        }
        chunk
    }

    fn customer(&self, share: Share, chunk: &mut Chunk) {
        let Share { customer, outline, mut draw, first_order, orders } = share;
        let kind = outline.kind;
        let region = region(draw.below(1000));
        let first = draw.between(kind.first.0, kind.first.1);
        let last = if orders > 1 { draw.between(kind.last.0, kind.last.1.min(first)) } else { first };
        let (from, to) = (LAST - first, LAST - last);

        let buyer = Buyer {
            customer,
            kind,
            kind_number: KINDS.iter().position(|other| other.name == kind.name).unwrap_or(0),
            zone: region.zone,
            chinese: region.chinese(),
            season: if region.chinese() { &self.chinese } else { &self.western },
            market: &self.market,
            taste: Market::taste(&mut draw),
        };
        let (made, rows) = buyer.write(&mut chunk.orders, (from, to), first_order, orders, &mut draw);
        chunk.order_rows += rows;
        chunk.event_rows += visits::write(&mut chunk.events, &buyer, from, &made, &mut draw);

        // Most people open their account when they first order, some a few days before.
        let seen = match made.first() {
            Some(order) => order.at,
            None => FIRST_SECOND + i64::from(from) * calendar::DAY,
        };
        let ahead = if draw.chance(650) { draw.between(120, 1800) } else { draw.between(3600, 260_000) };
        people::write(&mut chunk.customers, customer, kind, region, seen - i64::from(ahead), &mut draw);
        chunk.customer_rows += 1;

        row::customer_id(&mut chunk.truth, customer);
        chunk.truth.push(b',');
        chunk.truth.extend_from_slice(kind.name.as_bytes());
        chunk.truth.push(b'\n');
    }
}

/// The open files.
struct Files {
    customers: Output,
    orders: Output,
    products: Output,
    events: Output,
    truth: Option<Output>,
    /// Broken rows written so far.
    broken: usize,
    clean: bool,
}

impl Files {
    fn create(options: &Options, folder: &Path) -> Result<Self, SampleError> {
        let paths =
            ["customers.csv", "orders.csv", "products.csv", "events.csv"].map(|name| folder.join(name));
        // Nothing is begun that could not be ended.
        if let Some(there) =
            paths.iter().chain(&options.truth).find(|path| !options.overwrite && path.exists())
        {
            return Err(SampleError::Exists(there.clone()));
        }
        let create = |path: PathBuf, header: &str| Output::create(path, header.as_bytes());
        let [customers, orders, products, events] = paths;
        Ok(Self {
            customers: create(customers, people::HEADER)?,
            orders: create(orders, purchases::HEADER)?,
            products: create(products, PRODUCTS_HEADER)?,
            events: create(events, visits::HEADER)?,
            truth: options.truth.clone().map(|path| create(path, "customer_id,kind\n")).transpose()?,
            broken: 0,
            clean: options.clean,
        })
    }

    /// Gives all files their names.
    fn finish(&self) -> Result<(), SampleError> {
        let tables = [&self.customers, &self.orders, &self.products, &self.events];
        tables.into_iter().chain(&self.truth).try_for_each(Output::finish)
    }

    fn products(&mut self) -> Result<(), SampleError> {
        let (rows, bytes) = products();
        self.products.append(&bytes, rows)
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<(), SampleError> {
        self.customers.append(&chunk.customers, chunk.customer_rows)?;
        self.orders.append(&chunk.orders, chunk.order_rows)?;
        self.events.append(&chunk.events, chunk.event_rows)?;
        if let Some(truth) = &mut self.truth {
            truth.append(&chunk.truth, chunk.customer_rows)?;
        }
        Ok(())
    }

    /// Writes the broken rows that stand before chunk `number` of `chunks`.
    fn broken_rows_until(&mut self, number: u32, chunks: u32, chunk: &Chunk) -> Result<(), SampleError> {
        if self.clean {
            return Ok(());
        }
        let until = broken::BROKEN.len() * number as usize / chunks as usize;
        for row in &broken::BROKEN[self.broken..until] {
            let (file, good) = match row.table {
                Table::Customers => (&mut self.customers, &chunk.customers),
                Table::Orders => (&mut self.orders, &chunk.orders),
                Table::Products => (&mut self.products, &chunk.customers),
                Table::Events => (&mut self.events, &chunk.events),
            };
            match row.line {
                Some(line) => file.append(format!("{line}\n").as_bytes(), 1)?,
                None => file.append(last_line(good), 1)?,
            }
        }
        self.broken = until;
        Ok(())
    }

    fn summary(self, options: &Options) -> Summary {
        let file = |table, output: Output| MadeFile {
            table,
            file: output.path.clone(),
            rows: output.rows,
            bytes: output.bytes,
        };
        Summary {
            customers: options.customers,
            orders: options.orders,
            seed: options.seed,
            files: vec![
                file(Table::Customers, self.customers),
                file(Table::Orders, self.orders),
                file(Table::Products, self.products),
                file(Table::Events, self.events),
            ],
            broken: if self.clean { Vec::new() } else { broken_rows() },
        }
    }
}

const PRODUCTS_HEADER: &str = "product_id,name,name_zh,category,category_zh,price,in_stock,url\n";

/// The catalogue and its number of rows.
fn products() -> (u64, Vec<u8>) {
    let mut out = Vec::new();
    let mut number = 0;
    for category in &catalogue::CATEGORIES {
        for &(name, name_zh, price) in category.products {
            row::product_id(&mut out, number);
            out.push(b',');
            row::text(&mut out, name);
            row::text(&mut out, name_zh);
            row::text(&mut out, category.name);
            row::text(&mut out, category.name_zh);
            row::money(&mut out, i64::from(price));
            // Every nineteenth product is sold out.
            out.extend_from_slice(if number % 19 == 18 { b",false," } else { b",true," });
            out.extend_from_slice(b"https://shop.example.com/p/");
            row::product_id(&mut out, number);
            out.push(b'\n');
            number += 1;
        }
    }
    (number as u64, out)
}

/// The last line of some lines, with its end.
fn last_line(lines: &[u8]) -> &[u8] {
    let body = lines.strip_suffix(b"\n").unwrap_or(lines);
    let from = memchr::memrchr(b'\n', body).map_or(0, |at| at + 1);
    &lines[from..]
}

/// A file and what was written to it. Chunks are large: nothing is gained by another buffer.
struct Output {
    path: PathBuf,
    /// Where it stands until it is whole.
    partial: PathBuf,
    file: File,
    rows: u64,
    bytes: u64,
}

impl Output {
    fn create(path: PathBuf, header: &[u8]) -> Result<Self, SampleError> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".partial");
        let partial = path.with_file_name(name);
        match File::create(&partial) {
            Ok(file) => {
                let mut output = Self { path, partial, file, rows: 0, bytes: 0 };
                output.append(header, 0)?;
                Ok(output)
            }
            Err(source) => Err(SampleError::Write { path, source }),
        }
    }

    /// Gives the file its name.
    fn finish(&self) -> Result<(), SampleError> {
        let named = fs::rename(&self.partial, &self.path);
        named.map_err(|source| SampleError::Write { path: self.path.clone(), source })
    }

    fn append(&mut self, bytes: &[u8], rows: u64) -> Result<(), SampleError> {
        self.file
            .write_all(bytes)
            .map_err(|source| SampleError::Write { path: self.path.clone(), source })?;
        self.rows += rows;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // There is none any more where the file has its name.
        let _ = fs::remove_file(&self.partial);
    }
}
