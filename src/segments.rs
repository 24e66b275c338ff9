//! Groups customers that behave alike, names the groups, and says what sets each apart.
//!
//! In: [`Features`]. Out: a [`Segmentation`]: k clusters by k-means, lettered A, B, ... in a stable order.
//! Customers without an order are not clustered: they are counted in `not_clustered`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::features::{Feature, Features};
use crate::jobs::{Cancelled, Task};

/// Where a customer stands with the shop; strategies are written for a stage.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Has not bought yet.
    Acquisition,
    /// Has just begun to buy.
    Activation,
    /// Buys now and then.
    Retention,
    /// Has stopped buying.
    WinBack,
    /// Buys often or much.
    Loyalty,
}

/// How to group.
#[derive(Clone, Debug)]
pub struct Options {
    /// 2..=10; `None`: chosen by silhouette.
    pub k: Option<usize>,
    pub seed: u64,
    /// Names given by people, by cluster letter.
    pub names: BTreeMap<String, String>,
}

/// A name in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Name {
    pub en: String,
    pub zh: String,
}

/// Median and the values that 10 % and 90 % lie below.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub p10: f64,
    pub p90: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    High,
    Low,
}

/// A feature that sets a cluster apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Driver {
    pub feature: Feature,
    pub direction: Direction,
    /// Difference of the cluster's centre to everybody's, in standard deviations of the scaled feature.
    pub effect: f64,
}

/// One group of customers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// "A", "B", ...
    pub id: String,
    /// The name to show: a person's, or else ours in English.
    pub name: String,
    pub names: Name,
    pub stage: Stage,
    pub size: usize,
    /// Of the clustered customers, 0..=1.
    pub share: f64,
    pub features: BTreeMap<Feature, Spread>,
    pub drivers: Vec<Driver>,
}

/// One point of the curve by which k is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KScore {
    pub k: usize,
    /// Mean silhouette of a sample, -1..=1.
    pub silhouette: f64,
}

/// The outcome.
#[derive(Clone, Debug)]
pub struct Segmentation {
    pub as_of: Date,
    pub seed: u64,
    pub k: usize,
    pub silhouette: f64,
    /// Mean adjusted Rand index over bootstrap samples, at most 1.
    pub stability: f64,
    /// Empty where k was set by hand.
    pub curve: Vec<KScore>,
    /// Why this k, in a sentence.
    pub why: String,
    /// The features used, in the order of the scaled columns.
    pub features: Vec<Feature>,
    pub clusters: Vec<Cluster>,
    /// Customers without an order.
    pub not_clustered: usize,
    /// Cluster number per customer row; `None` for customers without an order.
    pub(crate) assignment: Vec<u8>,
}

/// Marks a customer without an order in the assignment.
pub(crate) const NO_CLUSTER: u8 = u8::MAX;

impl Segmentation {
    /// Number of the cluster (an index of `clusters`) that the customer is in.
    #[must_use]
    pub fn cluster_of(&self, row: usize) -> Option<usize> {
        self.assignment.get(row).filter(|&&number| number != NO_CLUSTER).map(|&number| usize::from(number))
    }

    /// Customer rows of a cluster.
    pub fn members(&self, cluster: usize) -> impl Iterator<Item = usize> + '_ {
        self.assignment
            .iter()
            .enumerate()
            .filter(move |&(_, &number)| usize::from(number) == cluster)
            .map(|(row, _)| row)
    }
}

/// Why a customer is in a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    pub cluster: usize,
    /// To the centre of the cluster, in scaled units.
    pub distance: f64,
    /// The next-nearest cluster and the distance to its centre.
    pub next: Option<(usize, f64)>,
    /// What each feature adds to the preference for this cluster over the next, largest first.
    pub deciding: Vec<(Feature, f64)>,
}

#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Cause and remedy in words.
    #[error("{0}")]
    Impossible(String),
}

/// Groups the customers.
///
/// # Errors
/// Cancelled, fewer customers than clusters, or no feature that varies.
pub fn segment(
    features: &Features,
    options: &Options,
    task: &Task<'_>,
) -> Result<Segmentation, SegmentError> {
    let _ = (features, options, task);
    todo!()
}

/// Why the customer is where it is; `None` for customers without an order.
#[must_use]
pub fn membership(segmentation: &Segmentation, features: &Features, row: usize) -> Option<Membership> {
    let _ = (segmentation, features, row);
    todo!()
}

/// What a scatter plot shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// First two principal components of the scaled features.
    Principal,
    /// Two features, scaled.
    Features(Feature, Feature),
}

/// A point of the scatter plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub row: usize,
    pub cluster: usize,
    pub x: f64,
    pub y: f64,
}

/// At most `limit` points, a seeded sample of the clustered customers.
#[must_use]
pub fn scatter(segmentation: &Segmentation, features: &Features, axes: Axes, limit: usize) -> Vec<Point> {
    let _ = (segmentation, features, axes, limit);
    todo!()
}
