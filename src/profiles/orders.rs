//! One pass over the lines of all orders, counting for every cluster at once.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::clocks::Clocks;
use crate::data::{Bits, DataError, OrderLine, Shop, start_of};
use crate::jobs::Task;
use crate::segments::Segmentation;

/// Months of the trend.
const MONTHS: usize = 24;
/// Lines between two looks at whether to stop.
const LINES_PER_CHECK: u64 = 1 << 16;

/// What the members of a cluster bought.
pub(super) struct Counts {
    /// Minor units; returns are taken off.
    pub(super) revenue: i64,
    /// Orders by local hour.
    pub(super) hours: [u64; 24],
    /// Orders by local weekday, Monday first.
    pub(super) weekdays: [u64; 7],
    /// Members with an order in each month, oldest first.
    pub(super) active_members: Vec<(Date, u64)>,
    /// Lines by product.
    products: Vec<u64>,
}

impl Counts {
    /// Lines by number of the category.
    pub(super) fn categories(&self, shop: &Shop) -> BTreeMap<u32, u64> {
        let lines = self.products.iter().enumerate().filter(|&(_, &count)| count > 0);
        by_category(shop, lines.map(|(product, &count)| (product, count)))
    }
}

/// Lines of one customer by number of the category; what came back does not count.
pub(super) fn categories_of(shop: &Shop, lines: &[OrderLine]) -> BTreeMap<u32, u64> {
    let bought = lines.iter().filter(|line| !line.returned);
    by_category(shop, bought.filter_map(|line| Some((line.product? as usize, 1))))
}

fn by_category(shop: &Shop, lines: impl Iterator<Item = (usize, u64)>) -> BTreeMap<u32, u64> {
    let mut counts = BTreeMap::new();
    let Some(products) = &shop.products else { return counts };
    for (product, count) in lines {
        if let Some(category) = products.category_number(product) {
            *counts.entry(category).or_default() += count;
        }
    }
    counts
}

/// Counts the orders of each cluster up to and including the day `as_of`.
///
/// # Errors
/// Cancelled, or lines that were put aside on disk cannot be read back.
pub(super) fn count(
    shop: &Shop,
    as_of: Date,
    segmentation: &Segmentation,
    task: &Task<'_>,
) -> Result<Vec<Counts>, DataError> {
    let months = months(shop.first_day, as_of);
    // A month is a bit of a `u32`: 24 fit.
    let starts: Vec<i64> = months.iter().map(|&month| start_of(month)).collect();
    let end = as_of.tomorrow().map_or(i64::MAX, start_of);
    let clocks = Clocks::new(shop);
    let products = shop.products.as_ref().map_or(0, crate::data::Products::len);
    let mut counts: Vec<Counts> = (0..segmentation.clusters.len())
        .map(|_| Counts {
            revenue: 0,
            hours: [0; 24],
            weekdays: [0; 7],
            active_members: months.iter().map(|&month| (month, 0)).collect(),
            products: vec![0; products],
        })
        .collect();
    let mut active = vec![0_u32; shop.customers.len()];
    let mut orders_seen = Bits::default();
    let mut visited = 0;
    shop.each_order_line(&mut |customer, line| {
        visited += 1;
        if u64::is_multiple_of(visited, LINES_PER_CHECK) {
            task.check()?;
        }
        let row = customer as usize;
        if line.at >= end || !segmentation.is_clustered(row) {
            return Ok(());
        }
        let Some(counts) = segmentation.cluster_of(row).and_then(|cluster| counts.get_mut(cluster)) else {
            return Ok(());
        };
        counts.revenue += line.amount;
        if line.returned {
            return Ok(());
        }
        if let Some(lines) = line.product.and_then(|product| counts.products.get_mut(product as usize)) {
            *lines += 1;
        }
        let after = starts.partition_point(|&start| start <= line.at);
        if after > 0 && active[row] & (1 << after) == 0 {
            active[row] |= 1 << after;
            counts.active_members[after - 1].1 += 1;
        }
        if orders_seen.insert(line.order)
            && let Some((weekday, hour)) = clocks.weekday_and_hour(row, line.at)
        {
            counts.weekdays[weekday] += 1;
            counts.hours[hour] += 1;
        }
        Ok(())
    })?;
    Ok(counts)
}

/// First days of the months from the first day of the data to the reference date: the last 24.
fn months(first_day: Date, as_of: Date) -> Vec<Date> {
    let last = as_of.first_of_month();
    let mut months: Vec<Date> = (0..MONTHS as i32)
        .map_while(|back| last.checked_sub(back.months()).ok())
        .take_while(|&month| month >= first_day.first_of_month())
        .collect();
    months.reverse();
    months
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_trend_is_at_most_two_years_and_begins_with_the_data() {
        let all = months(date(2020, 3, 9), date(2025, 10, 31));
        assert_eq!((all.len(), all[0], all[23]), (24, date(2023, 11, 1), date(2025, 10, 1)));
        assert_eq!(months(date(2025, 9, 30), date(2025, 10, 1)), [date(2025, 9, 1), date(2025, 10, 1)]);
        assert!(months(date(2025, 9, 30), date(2025, 8, 1)).is_empty());
    }
}
