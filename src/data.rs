//! Reads a shop's files into a [`Shop`] and says what could not be trusted.
//!
//! In: files or folders (CSV, NDJSON, Parquet, also gzipped) and the settings of `[data]`.
//! Out: typed customers, orders, products and events, and a [`DataReport`] in which every row that was
//! set aside is counted. Assumed: nothing about the order of rows, columns or files.

mod cell;
mod day;
mod ids;
mod ingest;
mod input;
mod inspect;
mod language;
mod reach;
mod recognise;
mod records;
mod report;
pub mod sample;
mod scan;
mod scratch;
mod shop;

pub(crate) use day::{day_number, day_of, start_of};
pub(crate) use ids::Bits;
pub use ids::Filed;
pub use ingest::{Read, Sink, is_currency, read};
pub use inspect::{FileOutline, SourceColumn, inspect};
pub use language::{is_han, language_name, name_in, primary_language};
pub use reach::Hindrance;
pub use report::{
    AmbiguousDate, DataReport, Example, Finding, MappedColumn, SetAside, Severity, TableReport,
};
pub use shop::{Customers, Event, Knows, NO_CURRENCY, OrderLine, Products, Shop, currency_words};

use std::path::PathBuf;

use jiff::civil::Date;

use crate::config::DataConfig;
use crate::jobs::{Cancelled, Task};

/// The tables that a shop can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    Customers,
    Orders,
    Products,
    Events,
}

/// Where a message can be sent.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    Email,
    Sms,
    Push,
}

impl Channel {
    pub const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::Push];

    /// As the settings, strategies and documents spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
        }
    }

    /// As people say it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "e-mail",
            Self::Sms => "SMS",
            Self::Push => "push",
        }
    }
}

/// Why a shop could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Cause, place and remedy in words.
    #[error("{0}")]
    Unreadable(String),
}

/// Reads every table found in `sources` (files or folders), as of today by this machine's clock.
///
/// # Errors
/// A file that cannot be opened or decoded, no table found, or a required column missing.
pub fn load(sources: &[PathBuf], settings: &DataConfig, task: &Task<'_>) -> Result<Shop, DataError> {
    load_on(sources, settings, last_possible_day(settings), task)
}

/// The last day on which something can have happened: today, or a reference date that is later, as for a sample that
/// plays in the future.
#[must_use]
pub fn last_possible_day(settings: &DataConfig) -> Date {
    settings.as_of_day().map_or_else(today, |day| day.max(today()))
}

/// Today, by this machine's clock and zone.
#[must_use]
pub fn today() -> Date {
    jiff::ZonedDateTime::now().date()
}

/// Like [`load`], on a given day: what is dated later is set aside.
///
/// # Errors
/// As [`load`].
pub fn load_on(
    sources: &[PathBuf],
    settings: &DataConfig,
    today: Date,
    task: &Task<'_>,
) -> Result<Shop, DataError> {
    let mut keep = Keep::default();
    let read = read(sources, settings, today, task, &mut keep)?;
    let customers = read.customers.len();
    Ok(Shop {
        orders: keep.lines.finish(customers)?,
        events: read.has_events.then(|| keep.events.finish(customers)).transpose()?,
        customers: read.customers,
        products: read.products,
        currency: read.currency,
        currency_digits: read.currency_digits,
        first_day: read.first_day,
        last_day: read.last_day,
        orders_have_time: read.orders_have_time,
        knows: read.knows,
        order_ids: read.order_ids,
        report: read.report,
    })
}

/// Keeps everything.
#[derive(Default)]
struct Keep {
    lines: shop::LinesBuilder,
    events: shop::EventsBuilder,
}

impl Sink for Keep {
    fn order_line(&mut self, customer: u32, line: &OrderLine) {
        self.lines.push(customer, line);
    }

    fn event(&mut self, customer: u32, at: i64, kind: &str, query: Option<&str>, product: Option<u32>) {
        self.events.push(customer, at, kind, query, product);
    }

    fn pause(&mut self) -> Result<(), DataError> {
        self.lines.relieve()?;
        self.events.relieve()
    }
}
