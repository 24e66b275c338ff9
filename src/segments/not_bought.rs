//! Customers who have not bought yet: a group of their own beside the clusters.
//!
//! They have no behaviour to be clustered by, but they can be looked at and written to like any other group.

use super::{Cluster, Name, Options, Stage, naming, portrait};
use crate::features::{Feature, Features};

/// The letter of the group; clusters have A to J, whatever their number.
pub const NOT_BOUGHT: &str = "N";

/// The group, where there are such customers.
pub(super) fn group(features: &Features, rows: Vec<u32>, options: &Options) -> Option<Cluster> {
    if rows.is_empty() {
        return None;
    }
    let size = rows.len();
    let mut portrait = portrait::portraits(features, &[rows]).pop().unwrap_or_default();
    // Nought of everybody here: that says nothing about them.
    portrait.remove(&Feature::Orders);
    portrait.remove(&Feature::Total);
    let names = Name { en: "Not bought yet".to_owned(), zh: "尚未下单".to_owned() };
    Some(Cluster {
        id: NOT_BOUGHT.to_owned(),
        name: naming::given(&options.names, &names.en).unwrap_or(&names.en).to_owned(),
        names,
        stage: Stage::Acquisition,
        size,
        share: size as f64 / (features.rows - features.came_later.len()).max(1) as f64,
        features: portrait,
        drivers: Vec::new(),
    })
}
