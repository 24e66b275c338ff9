//! One row per customer: how that customer behaves, as of a reference date.
//!
//! In: a [`Shop`] and a date. Out: [`Features`]. A feature whose table is missing is absent, and a value
//! that is not known for a customer is NaN: never a zero that looks like a fact.

mod behaviour;

use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::config::DataConfig;
use crate::data::{self, DataError, Shop};
use crate::jobs::Task;
use behaviour::Behaviours;

/// What is measured of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Days from the last order to the reference date.
    RecencyDays,
    /// Number of orders (returns are not orders).
    Orders,
    /// Mean amount of an order, in major units of the shop's currency.
    AverageOrderValue,
    /// Amount of all orders less returns, in major units.
    Total,
    /// Days from the first sign of the customer (created or first order) to the reference date.
    TenureDays,
    /// Mean days between orders; NaN with fewer than two.
    MeanGapDays,
    /// Number of different categories bought.
    Categories,
    /// Share of orders with a discount or coupon, 0..=1.
    DiscountedShare,
    /// Returned orders over orders, 0..=1.
    ReturnsShare,
    /// Searches in the last 30 days.
    #[serde(rename = "searches_30d")]
    Searches30d,
    /// Sessions in the last 30 days.
    #[serde(rename = "sessions_30d")]
    Sessions30d,
}

impl Feature {
    /// As a person says it; screens with little room have shorter words of their own.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RecencyDays => "Days since the last order",
            Self::Orders => "Number of orders",
            Self::AverageOrderValue => "Average order value",
            Self::Total => "Total",
            Self::TenureDays => "Days as a customer",
            Self::MeanGapDays => "Days between orders",
            Self::Categories => "Number of categories",
            Self::DiscountedShare => "Share of discounted orders",
            Self::ReturnsShare => "Share of returns",
            Self::Searches30d => "Searches in 30 days",
            Self::Sessions30d => "Sessions in 30 days",
        }
    }
}

/// Column of values, one per customer row.
#[derive(Clone, Debug)]
pub struct FeatureColumn {
    pub feature: Feature,
    pub values: Vec<f32>,
}

/// All features of all customers. Row i is customer row i of the shop.
#[derive(Clone, Debug)]
pub struct Features {
    pub as_of: Date,
    pub rows: usize,
    pub columns: Vec<FeatureColumn>,
    /// Rows of those who came after a reference date that was set into the past, in order: nobody knows them yet.
    pub came_later: Vec<u32>,
}

impl Features {
    /// Whether the customer was there on the reference date.
    #[must_use]
    pub fn was_there(&self, row: usize) -> bool {
        self.came_later.binary_search(&(row as u32)).is_err()
    }

    /// The values of one feature, if the shop's tables allow it.
    #[must_use]
    pub fn column(&self, feature: Feature) -> Option<&[f32]> {
        self.columns.iter().find(|column| column.feature == feature).map(|column| column.values.as_slice())
    }

    /// One value; `None` where it is missing or not known.
    #[must_use]
    pub fn value(&self, feature: Feature, row: usize) -> Option<f32> {
        self.column(feature).and_then(|values| values.get(row)).copied().filter(|value| !value.is_nan())
    }
}

/// Computes every feature that the shop's tables allow. `as_of` defaults to the last day in the data;
/// what happened after it is not seen.
///
/// # Errors
/// Cancelled, or a table that polars could not read.
pub fn compute(shop: &Shop, as_of: Option<Date>, task: &Task<'_>) -> Result<Features, DataError> {
    const ROWS_BETWEEN_CHECKS: u64 = 1 << 16;
    let as_of = as_of.unwrap_or(shop.last_day);
    let mut behaviours = Behaviours::new(Some(as_of));
    if let Some(products) = &shop.products {
        behaviours.know_products(products);
    }
    let total = shop.order_line_count() as u64;
    let mut lines = 0u64;
    shop.each_order_line(&mut |customer, line| {
        if lines.is_multiple_of(ROWS_BETWEEN_CHECKS) {
            task.check()?;
            task.progress("computing features", lines, Some(total));
        }
        lines += 1;
        behaviours.add_line(customer, line);
        Ok(())
    })?;
    let mut events = 0_u64;
    shop.each_event(&mut |customer, at, kind| {
        if events.is_multiple_of(ROWS_BETWEEN_CHECKS) {
            task.check()?;
        }
        events += 1;
        behaviours.add_event(customer, at, kind);
        Ok(())
    })?;
    let past = as_of < shop.last_day;
    Ok(behaviours.finish(&shop.customers, shop.knows, shop.currency_digits, as_of, past))
}

/// Computes every feature straight from the files, without holding the orders: for shops that are larger than
/// memory. What else was read comes with it.
///
/// # Errors
/// As [`data::load`].
pub fn from_files(
    sources: &[PathBuf],
    settings: &DataConfig,
    as_of: Option<Date>,
    task: &Task<'_>,
) -> Result<(data::Read, Features), DataError> {
    let mut behaviours = Behaviours::new(as_of);
    let read = data::read(sources, settings, data::last_possible_day(settings), task, &mut behaviours)?;
    let as_of = as_of.unwrap_or(read.last_day);
    let past = as_of < read.last_day;
    let features = behaviours.finish(&read.customers, read.knows, read.currency_digits, as_of, past);
    Ok((read, features))
}

#[cfg(test)]
mod tests;
