//! Facts about a cluster or a customer, for people and for messages.

use jiff::civil::Date;
use serde::Serialize;

use crate::data::{Channel, Event, OrderLine, Shop};
use crate::features::{Feature, Features};
use crate::jobs::{Cancelled, Task};
use crate::segments::{Membership, Segmentation};

/// A name and how much of the whole it makes up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Portion {
    pub name: String,
    pub count: u64,
    /// 0..=1.
    pub share: f64,
}

/// Who may be reached by a channel: has an address and has consented.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    pub channel: Channel,
    pub customers: usize,
    pub share: f64,
}

/// A feature here and in the whole shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub feature: Feature,
    pub median: f64,
    pub shop_median: f64,
}

/// Facts about one cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterProfile {
    pub cluster: usize,
    pub size: usize,
    /// Of all customers, 0..=1.
    pub share_of_customers: f64,
    pub share_of_revenue: f64,
    pub comparisons: Vec<Comparison>,
    /// By number of order lines, largest first; empty where the shop has no products.
    pub top_categories: Vec<Portion>,
    /// Share of orders by hour of the day; `None` where orders have no time of day.
    pub hours: Option<[f64; 24]>,
    /// Share of orders by weekday, Monday first.
    pub weekdays: [f64; 7],
    pub languages: Vec<Portion>,
    pub reach: Vec<Reach>,
    /// Members with an order in each month, oldest first: at most 24.
    pub active_members: Vec<(Date, u64)>,
    /// Customer rows nearest the centre.
    pub representatives: Vec<usize>,
}

/// Facts about one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerProfile {
    pub row: usize,
    pub membership: Option<Membership>,
    pub orders: Vec<OrderLine>,
    pub events: Vec<Event>,
    pub top_categories: Vec<Portion>,
}

/// # Errors
/// Cancelled.
pub fn cluster(
    shop: &Shop,
    features: &Features,
    segmentation: &Segmentation,
    cluster: usize,
    task: &Task<'_>,
) -> Result<ClusterProfile, Cancelled> {
    let _ = (shop, features, segmentation, cluster, task);
    todo!()
}

#[must_use]
pub fn customer(
    shop: &Shop,
    features: &Features,
    segmentation: &Segmentation,
    row: usize,
) -> CustomerProfile {
    let _ = (shop, features, segmentation, row);
    todo!()
}
