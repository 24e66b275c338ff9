//! Who the members of a cluster are: their languages, how they may be reached, and a few of them to look at.

use std::collections::BTreeMap;

use super::{Portion, Reach, Readers, portions, share};
use crate::data::{Channel, Customers};
use crate::features::{Feature, Features};
use crate::segments::{self, Segmentation};

/// Representatives of a cluster.
const REPRESENTATIVES: usize = 5;
/// Distances are measured for so many members at most, evenly spread over the cluster.
const MEASURED: usize = 50_000;

/// Empty where the shop tells neither languages nor names.
pub(super) fn languages(customers: &Customers, readers: &BTreeMap<String, Readers>) -> Vec<Portion> {
    if !customers.has_languages() {
        return Vec::new();
    }
    portions(readers.iter().map(|(tag, readers)| (tag.clone(), readers.customers as u64)).collect())
}

pub(super) fn reach(customers: &Customers, members: &[usize]) -> Vec<Reach> {
    Channel::ALL
        .into_iter()
        .map(|channel| {
            let free = |&&row: &&usize| customers.channel_hindrance(row, channel).is_none();
            let reached = members.iter().filter(free).count();
            Reach { channel, customers: reached, share: share(reached as u64, members.len() as u64) }
        })
        .collect()
}

pub(super) fn readers(customers: &Customers, members: &[usize]) -> BTreeMap<String, Readers> {
    let mut readers: BTreeMap<String, Readers> = BTreeMap::new();
    for &row in members {
        let stated = customers.stated_language(row);
        let unstated = usize::from(stated.is_none());
        let of = readers.entry(stated.unwrap_or_else(|| customers.assumed_language(row))).or_default();
        of.customers += 1;
        of.unstated += unstated;
        for channel in Channel::ALL {
            of.reach[channel as usize] += usize::from(customers.channel_hindrance(row, channel).is_none());
        }
    }
    readers
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
