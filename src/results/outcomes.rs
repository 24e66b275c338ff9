//! What each customer of an experiment did, in columns, and the sums by arm.

use serde::Serialize;

use crate::statistics::proportions::{Count, wilson};
use crate::statistics::{CONFIDENCE, Interval};

/// One row a customer, in columns of the same length. Amounts are in major units (1.5 is one and a half euros).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// Names of the arms.
    pub arms: Vec<String>,
    /// Arm of each customer, an index of `arms`.
    pub arm: Vec<u16>,
    pub converted: Vec<bool>,
    /// Orders in the window; `None` where the table has no such count.
    pub orders: Option<Vec<u32>>,
    /// Amount spent in the window, 0 for most; `None` where the table has none.
    pub revenue: Option<Vec<f64>>,
    /// Had bought before, and bought again.
    pub retained: Option<Vec<bool>>,
    /// Did anything in the shop.
    pub active: Option<Vec<bool>>,
    /// Amount spent before anything was sent.
    pub before: Option<Vec<f64>>,
}

/// What the customers of one arm did. Part of the contract of `results --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmResult {
    pub name: String,
    pub customers: u64,
    pub conversions: u64,
    pub conversion_rate: f64,
    /// Wilson's, of the conversion rate.
    pub interval: Interval,
    pub orders: Option<u64>,
    pub revenue: Option<f64>,
    pub revenue_per_customer: Option<f64>,
    pub retained: Option<u64>,
    pub active: Option<u64>,
}

impl Outcomes {
    #[must_use]
    pub fn len(&self) -> usize {
        self.arm.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arm.is_empty()
    }

    /// Rows of an arm.
    pub(super) fn rows(&self, arm: usize) -> impl Iterator<Item = usize> + '_ {
        self.arm.iter().enumerate().filter(move |(_, of)| usize::from(**of) == arm).map(|(row, _)| row)
    }

    /// How many of an arm have a flag.
    pub(super) fn count(&self, arm: usize, flags: &[bool]) -> Count {
        let mut count = Count::default();
        for row in self.rows(arm) {
            count.of += 1;
            count.hits += u64::from(flags[row]);
        }
        count
    }

    /// The customers for whom `keep` holds, in the same order.
    #[must_use]
    pub fn only(&self, keep: &dyn Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.len()).filter(|&row| keep(row)).collect();
        fn pick<T: Copy>(rows: &[usize], column: &[T]) -> Vec<T> {
            rows.iter().map(|&row| column[row]).collect()
        }
        Self {
            arms: self.arms.clone(),
            arm: pick(&rows, &self.arm),
            converted: pick(&rows, &self.converted),
            orders: self.orders.as_deref().map(|column| pick(&rows, column)),
            revenue: self.revenue.as_deref().map(|column| pick(&rows, column)),
            retained: self.retained.as_deref().map(|column| pick(&rows, column)),
            active: self.active.as_deref().map(|column| pick(&rows, column)),
            before: self.before.as_deref().map(|column| pick(&rows, column)),
        }
    }

    /// The sums by arm, in the order of the arms.
    #[must_use]
    pub fn by_arm(&self) -> Vec<ArmResult> {
        (0..self.arms.len())
            .map(|arm| {
                let converted = self.count(arm, &self.converted);
                let revenue = self.revenue.as_ref().map(|column| self.rows(arm).map(|row| column[row]).sum());
                let flagged =
                    |flags: &Option<Vec<bool>>| flags.as_ref().map(|flags| self.count(arm, flags).hits);
                ArmResult {
                    name: self.arms[arm].clone(),
                    customers: converted.of,
                    conversions: converted.hits,
                    conversion_rate: converted.rate(),
                    interval: wilson(converted, CONFIDENCE),
                    orders: self
                        .orders
                        .as_ref()
                        .map(|column| self.rows(arm).map(|row| u64::from(column[row])).sum()),
                    revenue,
                    revenue_per_customer: revenue.map(|sum: f64| sum / converted.of.max(1) as f64),
                    retained: flagged(&self.retained),
                    active: flagged(&self.active),
                }
            })
            .collect()
    }
}
