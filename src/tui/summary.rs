//! What Overview shows of a shop, counted once in the background.
//!
//! In: a [`Shop`]. Out: a [`Summary`]. Amounts are minor units of the shop's currency.

use jiff::civil::Date;
use polars::prelude::*;

use crate::data::{DataError, DataReport, Shop};
use crate::jobs::Task;

/// One calendar month (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub month: Date,
    pub orders: u64,
    /// Minor units, returns taken off.
    pub revenue: i64,
}

/// The shop at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub customers: u64,
    pub orders: u64,
    pub products: Option<u64>,
    pub events: Option<u64>,
    /// Minor units, returns taken off.
    pub revenue: i64,
    pub currency: String,
    pub currency_digits: u32,
    pub first_day: Date,
    pub last_day: Date,
    /// Every month from the first to the last, those without an order too.
    pub months: Vec<Month>,
    pub report: DataReport,
}

/// Milliseconds.
const DAY: i64 = 86_400_000;

/// Counts.
///
/// # Errors
/// Cancelled, or a table that polars could not read.
pub fn summarise(shop: &Shop, task: &Task<'_>) -> Result<Summary, DataError> {
    task.check()?;
    let unreadable =
        |error: PolarsError| DataError::Unreadable(format!("The orders cannot be summed up: {error}."));
    // Days first, with lines of one order counted once: a day never crosses a month.
    let days = shop
        .orders()?
        .select([(col("at") / lit(DAY)).alias("day"), col("order"), col("amount"), col("returned")])
        .group_by([col("day")])
        .agg([
            col("order").filter(col("returned").not()).n_unique().cast(DataType::Int64).alias("orders"),
            col("amount").sum().alias("revenue"),
        ])
        .collect()
        .map_err(unreadable)?;
    task.check()?;
    let column = |name: &str| -> Result<Vec<i64>, DataError> {
        let cast = days.column(name).and_then(|column| column.cast(&DataType::Int64)).map_err(unreadable)?;
        Ok(cast.i64().map_err(unreadable)?.iter().map(Option::unwrap_or_default).collect())
    };
    let (day, orders, revenue) = (column("day")?, column("orders")?, column("revenue")?);
    let mut months = calendar(shop.first_day, shop.last_day);
    for row in 0..day.len() {
        let Ok(at) = jiff::Timestamp::from_millisecond(day[row].saturating_mul(DAY)) else { continue };
        let month = at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().first_of_month();
        if let Ok(index) = months.binary_search_by_key(&month, |entry| entry.month) {
            months[index].orders += orders[row].max(0) as u64;
            months[index].revenue += revenue[row];
        }
    }
    Ok(Summary {
        customers: shop.customers.len() as u64,
        orders: orders.iter().map(|number| (*number).max(0) as u64).sum(),
        products: shop.products.as_ref().map(|products| products.len() as u64),
        events: shop.event_count().map(|events| events as u64),
        revenue: revenue.iter().sum(),
        currency: shop.currency.clone(),
        currency_digits: shop.currency_digits,
        first_day: shop.first_day,
        last_day: shop.last_day,
        months,
        report: shop.report.clone(),
    })
}

/// Every month from one day to another, at most a thousand.
fn calendar(first: Date, last: Date) -> Vec<Month> {
    let mut months = Vec::new();
    let mut month = first.first_of_month();
    while month <= last && months.len() < 1_000 {
        months.push(Month { month, orders: 0, revenue: 0 });
        let Ok(next) = month.checked_add(jiff::Span::new().months(1)) else { break };
        month = next;
    }
    months
}
