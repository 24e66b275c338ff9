//! Facts about a cluster or a customer, for people and for messages.
//!
//! In: a [`Shop`], its [`Features`] and a [`Segmentation`]. Out: [`ClusterProfile`]s, made for all clusters in
//! one pass over the orders, [`CustomerProfile`]s, and a text for people ([`markdown`]). Nothing after the
//! reference date of the features is seen. Hours and weekdays are the customer's own.

mod clocks;
mod find;
mod markdown;
mod orders;
mod people;
mod table;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::data::{self, Channel, DataError, Event, OrderLine, Shop, day_number, day_of};
use crate::features::{Feature, Features};
use crate::jobs::Task;
use crate::segments::{self, Membership, Segmentation};

pub use clocks::zone;
pub use find::find;
pub use markdown::markdown;

/// A name and how much of the whole it makes up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Portion {
    pub name: String,
    /// In Chinese, where the shop has a name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_zh: Option<String>,
    pub count: u64,
    /// 0..=1.
    pub share: f64,
}

impl Portion {
    /// The name in that language, if it has one.
    #[must_use]
    pub fn name_in(&self, chinese: bool) -> Option<&str> {
        data::name_in(Some(&self.name), self.name_zh.as_deref(), chinese)
    }
}

/// Who may be reached by a channel: has an address and has consented.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    pub channel: Channel,
    pub customers: usize,
    pub share: f64,
}

/// Those who read a language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Readers {
    pub customers: usize,
    /// Of these, for whom the files state no language: it is assumed.
    pub unstated: usize,
    /// Those who can be sent a message, by the number of the channel.
    pub reach: [usize; 3],
}

/// A feature here and in the whole shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub feature: Feature,
    pub median: f64,
    /// Of all customers with an order.
    pub shop_median: f64,
}

/// Facts about one cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterProfile {
    pub cluster: usize,
    pub size: usize,
    /// Of all customers, 0..=1.
    pub share_of_customers: f64,
    /// Of what was sold less what came back, 0..=1.
    pub share_of_revenue: f64,
    pub comparisons: Vec<Comparison>,
    /// By number of order lines, largest first; empty where the shop has no products.
    pub top_categories: Vec<Portion>,
    /// Share of orders by hour of the day; `None` where orders have no time of day, or nobody has ordered.
    pub hours: Option<[f64; 24]>,
    /// Share of orders by weekday, Monday first.
    pub weekdays: [f64; 7],
    /// Primary tags (`en`, `zh`), largest first; empty where the shop tells neither languages nor names.
    pub languages: Vec<Portion>,
    pub reach: Vec<Reach>,
    /// By language, a primary tag; all members are in one of them.
    pub readers: BTreeMap<String, Readers>,
    /// Members with an order in each month, oldest first: at most 24. The last month may not be over. Empty for
    /// those who have not bought yet.
    pub active_members: Vec<(Date, u64)>,
    /// Customer rows nearest the centre (of those who have not bought yet: the middle of the time since they
    /// came) that differ from each other: at most 5.
    pub representatives: Vec<usize>,
}

/// Facts about one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerProfile {
    pub row: usize,
    /// The cluster with its distance, the features that decide, and the next-nearest cluster; `None` for
    /// customers without an order.
    pub membership: Option<Membership>,
    /// What was measured of the customer, in the order of the features.
    pub features: Vec<(Feature, f64)>,
    /// Oldest first.
    pub orders: Vec<OrderLine>,
    /// Oldest first.
    pub events: Vec<Event>,
    /// By number of order lines, largest first.
    pub top_categories: Vec<Portion>,
    /// How the customer may be reached.
    pub channels: Vec<Channel>,
}

/// Facts about every cluster, in the order of the clusters.
///
/// # Errors
/// Cancelled, or lines that were put aside on disk cannot be read back.
pub fn clusters(
    shop: &Shop,
    features: &Features,
    segmentation: &Segmentation,
    task: &Task<'_>,
) -> Result<Vec<ClusterProfile>, DataError> {
    task.progress("profiling the segments", 0, None);
    let bought = orders::count(shop, features.as_of, segmentation, task)?;
    let revenue: i64 = bought.iter().map(|counts| counts.revenue).sum();
    let medians = shop_medians(features, segmentation);
    let mut members = vec![Vec::new(); segmentation.clusters.len()];
    for row in 0..features.rows {
        if let Some(cluster) = segmentation.cluster_of(row) {
            members[cluster].push(row);
        }
    }
    let mut profiles = Vec::with_capacity(bought.len());
    for (cluster, (counts, members)) in bought.into_iter().zip(&members).enumerate() {
        task.check()?;
        let portrait = &segmentation.clusters[cluster];
        // Who has bought nothing has no hours and no months in which to buy.
        let buys = cluster < segmentation.k;
        let comparisons = medians.iter().filter_map(|&(feature, shop_median)| {
            let median = portrait.features.get(&feature)?.median;
            Some(Comparison { feature, median, shop_median })
        });
        let readers = people::readers(&shop.customers, members);
        profiles.push(ClusterProfile {
            cluster,
            size: members.len(),
            share_of_customers: share(members.len() as u64, segmentation.customers() as u64),
            share_of_revenue: if revenue > 0 { counts.revenue as f64 / revenue as f64 } else { 0.0 },
            comparisons: comparisons.collect(),
            top_categories: categories(shop, &counts.categories(shop)),
            hours: (buys && shop.orders_have_time).then(|| shares(&counts.hours)),
            weekdays: shares(&counts.weekdays),
            languages: people::languages(&shop.customers, &readers),
            reach: people::reach(&shop.customers, members),
            readers,
            active_members: if buys { counts.active_members } else { Vec::new() },
            representatives: people::representatives(features, segmentation, members),
        });
    }
    Ok(profiles)
}

/// Facts about one cluster. Whoever wants several takes [`clusters`]: it reads the orders once for all.
///
/// # Errors
/// Cancelled, a cluster that is not there, or lines that were put aside on disk cannot be read back.
pub fn cluster(
    shop: &Shop,
    features: &Features,
    segmentation: &Segmentation,
    cluster: usize,
    task: &Task<'_>,
) -> Result<ClusterProfile, DataError> {
    clusters(shop, features, segmentation, task)?.into_iter().nth(cluster).ok_or_else(|| {
        DataError::Unreadable(format!(
            "There is no cluster number {cluster}: there are {}. Choose one of the list.",
            segmentation.clusters.len()
        ))
    })
}

/// Facts about one customer (a row of the shop).
///
/// # Errors
/// Orders or events that were put aside on disk cannot be read back.
pub fn customer(
    shop: &Shop,
    features: &Features,
    segmentation: &Segmentation,
    row: usize,
) -> Result<CustomerProfile, DataError> {
    let last_day = day_number(features.as_of);
    let mut orders = shop.customer_orders(row)?;
    orders.retain(|line| day_of(line.at) <= last_day);
    let mut events = shop.customer_events(row)?;
    events.retain(|event| day_of(event.at) <= last_day);
    let channels = Channel::ALL;
    Ok(CustomerProfile {
        row,
        membership: segments::membership(segmentation, features, row),
        features: features
            .columns
            .iter()
            .filter_map(|column| Some((column.feature, f64::from(features.value(column.feature, row)?))))
            .collect(),
        events,
        top_categories: categories(shop, &orders::categories_of(shop, &orders)),
        channels: channels
            .into_iter()
            .filter(|&channel| shop.customers.channel_hindrance(row, channel).is_none())
            .collect(),
        orders,
    })
}

/// Median of each feature over the customers with an order.
fn shop_medians(features: &Features, segmentation: &Segmentation) -> Vec<(Feature, f64)> {
    let mut medians = Vec::with_capacity(features.columns.len());
    for column in &features.columns {
        let mut values: Vec<f32> = column
            .values
            .iter()
            .enumerate()
            .filter(|&(row, value)| !value.is_nan() && segmentation.is_clustered(row))
            .map(|(_, &value)| value)
            .collect();
        if values.is_empty() {
            continue;
        }
        let middle = values.len() / 2;
        let even = values.len().is_multiple_of(2);
        let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
        let lower = if even { below.iter().copied().fold(f32::NEG_INFINITY, f32::max) } else { upper };
        medians.push((column.feature, f64::midpoint(f64::from(lower), f64::from(upper))));
    }
    medians
}

/// Names with their counts as portions of the sum, largest first; what was never counted is left out.
fn portions(counts: Vec<(String, u64)>) -> Vec<Portion> {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let mut portions: Vec<Portion> = counts
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(name, count)| Portion { name, name_zh: None, count, share: share(count, total) })
        .collect();
    portions.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    portions
}

/// Lines by number of the category as portions, with the names of both languages.
fn categories(shop: &Shop, counts: &BTreeMap<u32, u64>) -> Vec<Portion> {
    let Some(products) = &shop.products else { return Vec::new() };
    let names = products.categories();
    let told =
        counts.iter().filter_map(|(&number, &count)| Some((names.get(number as usize)?.clone(), count)));
    let mut portions = portions(told.collect());
    for portion in &mut portions {
        let number = names.iter().position(|name| *name == portion.name);
        portion.name_zh = number.and_then(|number| products.category_zh(number as u32)).map(str::to_owned);
    }
    portions
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Each count as a share of their sum.
fn shares<const N: usize>(counts: &[u64; N]) -> [f64; N] {
    let total = counts.iter().sum();
    counts.map(|count| share(count, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_shares_of_their_sum_and_the_largest_comes_first() {
        let portions = portions(vec![("b".into(), 1), ("none".into(), 0), ("a".into(), 1), ("c".into(), 6)]);
        let told: Vec<(&str, f64)> =
            portions.iter().map(|portion| (portion.name.as_str(), portion.share)).collect();
        assert_eq!(told, [("c", 0.75), ("a", 0.125), ("b", 0.125)]);
        assert!(shares(&[0, 0, 0]).iter().all(|&share| share == 0.0), "no order is no share, not NaN");
    }
}
