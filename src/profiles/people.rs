//! Who the members of a cluster are: their languages, how they may be reached, and a few of them to look at.

use std::collections::BTreeMap;

use super::{Portion, Reach, portions, share};
use crate::data::{Channel, Customers};
use crate::features::{Feature, Features};
use crate::segments::{self, Segmentation};

/// Representatives of a cluster.
const REPRESENTATIVES: usize = 5;
/// Distances are measured for so many members at most, evenly spread over the cluster.
const MEASURED: usize = 50_000;

/// Whether the customer may be sent a message: has consented, and has an address. An app that takes push
/// messages is no column of the shop: consent to push is enough.
#[must_use]
pub fn reachable(customers: &Customers, row: usize, channel: Channel) -> bool {
    let address = match channel {
        Channel::Email => customers.text(row, "email").is_some_and(|email| email.contains('@')),
        Channel::Sms => customers.text(row, "phone").is_some(),
        Channel::Push => true,
    };
    address && customers.consent(row, channel) == Some(true)
}

pub(super) fn languages(customers: &Customers, members: &[usize]) -> Vec<Portion> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    if customers.has_languages() {
        for &row in members {
            *counts.entry(customers.language(row)).or_default() += 1;
        }
    }
    portions(counts.into_iter().collect())
}

pub(super) fn reach(customers: &Customers, members: &[usize]) -> Vec<Reach> {
    Channel::ALL
        .into_iter()
        .map(|channel| {
            let reached = members.iter().filter(|&&row| reachable(customers, row, channel)).count();
            Reach { channel, customers: reached, share: share(reached as u64, members.len() as u64) }
        })
        .collect()
}

/// The members nearest the centre, of those that would look the same only the first.
pub(super) fn representatives(
    features: &Features,
    segmentation: &Segmentation,
    members: &[usize],
) -> Vec<usize> {
    let step = members.len().div_ceil(MEASURED).max(1);
    let tenure = |row: usize| features.value(Feature::TenureDays, row).map(f64::from);
    let mut tenures: Vec<f64> = members.iter().step_by(step).filter_map(|&row| tenure(row)).collect();
    tenures.sort_by(f64::total_cmp);
    let middle = tenures.get(tenures.len() / 2).copied().unwrap_or(0.0);
    // Without a centre the most usual ones are those that came when the others did.
    let distance = |row: usize| match segments::membership(segmentation, features, row) {
        Some(membership) => membership.distance,
        None => tenure(row).map_or(f64::INFINITY, |days| (days - middle).abs()),
    };
    let mut near: Vec<(f64, usize)> = members.iter().step_by(step).map(|&row| (distance(row), row)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let looks = |row: usize| {
        let whole = |feature| features.value(feature, row).map(|value| value.round() as i64);
        let came = if segmentation.is_clustered(row) { None } else { whole(Feature::TenureDays) };
        (whole(Feature::Orders), whole(Feature::RecencyDays), whole(Feature::Total), came)
    };
    let mut chosen: Vec<usize> = Vec::with_capacity(REPRESENTATIVES);
    for &(_, row) in &near {
        if chosen.len() == REPRESENTATIVES {
            break;
        }
        if chosen.iter().all(|&other| looks(other) != looks(row)) {
            chosen.push(row);
        }
    }
    chosen
}
