//! What Overview shows of a shop, counted once in the background.
//!
//! In: a [`Shop`]. Out: a [`Summary`]. Amounts are minor units of the shop's currency.

use jiff::civil::Date;

use crate::data::{Bits, DataError, DataReport, Shop, start_of};
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

/// Lines between two looks at whether to stop.
const LINES_PER_CHECK: u64 = 1 << 16;

/// Counts.
///
/// # Errors
/// Cancelled, or a table that polars could not read.
pub fn summarise(shop: &Shop, task: &Task<'_>) -> Result<Summary, DataError> {
    task.check()?;
    let mut months = calendar(shop.first_day, shop.last_day);
    let starts: Vec<i64> = months.iter().map(|month| start_of(month.month)).collect();
    let mut orders_seen = Bits::default();
    let (mut orders, mut revenue, mut lines) = (0_u64, 0_i64, 0_u64);
    shop.each_order_line(&mut |_, line| {
        if lines.is_multiple_of(LINES_PER_CHECK) {
            task.check()?;
        }
        lines += 1;
        let is_new = !line.returned && orders_seen.insert(line.order);
        orders += u64::from(is_new);
        revenue += line.amount;
        let after = starts.partition_point(|&start| start <= line.at);
        if let Some(month) = after.checked_sub(1).and_then(|index| months.get_mut(index)) {
            month.orders += u64::from(is_new);
            month.revenue += line.amount;
        }
        Ok(())
    })?;
    Ok(Summary {
        customers: shop.customers.len() as u64,
        orders,
        products: shop.products.as_ref().map(|products| products.len() as u64),
        events: shop.event_count().map(|events| events as u64),
        revenue,
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
