//! Groups customers that behave alike, names the groups, and says what sets each apart.
//!
//! In: [`Features`]. Out: a [`Segmentation`]: k clusters by k-means, lettered A, B, ... in a stable order.
//! Customers without an order are not clustered: they are one more group, lettered N.

mod choose_k;
mod group;
pub mod kmeans;
mod membership;
mod naming;
mod not_bought;
pub mod points;
mod portrait;
mod principal;
mod scaling;
pub mod silhouette;
pub mod stability;

pub use group::Group;
pub use membership::{membership, scatter};
pub use not_bought::NOT_BOUGHT;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::features::{Feature, Features};
use crate::jobs::{Cancelled, Task};

use kmeans::{Centres, Clustering, Settings, cluster};
use membership::{Space, has_order};
use points::{Points, random, sample};
use portrait::Portrait;
use principal::Principal;
use scaling::Scaler;

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

impl Stage {
    pub const ALL: [Self; 5] =
        [Self::Acquisition, Self::Activation, Self::Retention, Self::WinBack, Self::Loyalty];

    /// As the settings, strategies and documents spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Acquisition => "acquisition",
            Self::Activation => "activation",
            Self::Retention => "retention",
            Self::WinBack => "win-back",
            Self::Loyalty => "loyalty",
        }
    }
}

/// How to group.
#[derive(Clone, Debug)]
pub struct Options {
    /// 2..=10; `None`: chosen by silhouette.
    pub k: Option<usize>,
    pub seed: u64,
    /// Names given by people, by our own English name of the group: a letter would carry a name over to other
    /// people when k or the data change.
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
    /// "A", "B", ...; [`NOT_BOUGHT`] for those who have not bought yet.
    pub id: String,
    /// The name to show: a person's, or else ours in English.
    pub name: String,
    pub names: Name,
    pub stage: Stage,
    pub size: usize,
    /// Of the clustered customers, 0..=1; of all customers for those who have not bought yet.
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
    /// Whether a person set k; otherwise the curve did.
    pub k_by_hand: bool,
    pub curve: Vec<KScore>,
    /// Why this k, in a sentence.
    pub why: String,
    /// What a person should know about the data behind it, in sentences: features left out, gaps filled.
    pub notes: Vec<String>,
    /// The features used, in the order of the scaled columns.
    pub features: Vec<Feature>,
    /// The `k` clusters, and after them, where there are such customers, the group of those who have not
    /// bought yet. Whoever asks what k-means found takes [`Self::clustered`].
    pub clusters: Vec<Cluster>,
    /// Customers without an order.
    pub not_clustered: usize,
    /// Number of the group of each customer row.
    assignment: Vec<u8>,
    space: Space,
}

impl Segmentation {
    /// Number of the group (an index of `clusters`) that the customer is in; `None` for a row that is not there, or
    /// was not on the reference date.
    #[must_use]
    pub fn cluster_of(&self, row: usize) -> Option<usize> {
        self.assignment.get(row).filter(|&&number| number != NOWHERE).map(|&number| usize::from(number))
    }

    /// Number of customers who were there on the reference date.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.clusters.iter().map(|cluster| cluster.size).sum()
    }

    /// The clusters that k-means found.
    #[must_use]
    pub fn clustered(&self) -> &[Cluster] {
        &self.clusters[..self.k.min(self.clusters.len())]
    }

    /// The group of those who have not bought yet; `None` where everybody has.
    #[must_use]
    pub fn not_bought(&self) -> Option<&Cluster> {
        self.clusters.get(self.k)
    }

    /// Whether the customer is in a cluster, which means: has an order.
    #[must_use]
    pub fn is_clustered(&self, row: usize) -> bool {
        self.cluster_of(row).is_some_and(|number| number < self.k)
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

/// What a scatter plot shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Axes {
    /// First two principal components of the scaled features.
    #[default]
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

/// The number of clusters is chosen, and checked for stability, on at most so many customers.
const TRIAL_ROWS: usize = 8_192;
/// Silhouettes are measured on so many of them: every pair is.
const SILHOUETTE_ROWS: usize = 2_000;
const STABILITY_ROWS: usize = 4_096;
const RESAMPLES: u64 = 16;
const SHOP_ROWS: usize = 65_536;
/// The group of those who came after the reference date.
const NOWHERE: u8 = u8::MAX;
/// A difference below this many standard deviations sets nobody apart.
const SMALLEST_EFFECT: f64 = 0.25;

/// Groups the customers.
///
/// # Errors
/// Cancelled, fewer customers than clusters, or no feature that varies.
pub fn segment(
    features: &Features,
    options: &Options,
    task: &Task<'_>,
) -> Result<Segmentation, SegmentError> {
    let seed = options.seed;
    task.progress("scaling features", 0, None);
    let (rows, others): (Vec<u32>, Vec<u32>) = (0..features.rows as u32)
        .filter(|&row| features.was_there(row as usize))
        .partition(|&row| has_order(features, row as usize));
    check_possible(rows.len(), options)?;
    let scaler = Scaler::fit(features, &rows, seed);
    if scaler.scales.is_empty() {
        return Err(SegmentError::Impossible(
            "There is nothing to group by: all customers are alike in every feature. \
             Check that the orders have different dates and amounts."
                .into(),
        ));
    }
    let points = scaler.points(features, &rows);
    task.check()?;

    let trial = points.pick(&sample(rows.len(), TRIAL_ROWS, &mut random(seed, 4)));
    let measured = sample(trial.len(), SILHOUETTE_ROWS, &mut random(seed, 5));
    let choice = choose_k::choose(&trial, &measured, choose_k::most(rows.len()), seed, task)?
        .ok_or_else(|| too_alike(2, 1))?;
    let k = options.k.unwrap_or(choice.k);
    let why = if options.k.is_some() { choice.why_by_hand(k) } else { choice.why };

    let found = cluster(&points, k, seed, Settings::default(), task)?;
    if found.centres.len() < k {
        return Err(too_alike(k, found.centres.len()));
    }
    let found = in_order(&found, features, &rows);
    let k = found.centres.len();

    let measured = trial.pick(&measured);
    let labels = found.centres.labels(&measured);
    let silhouette = silhouette::silhouette(&measured, labels);
    let checked = trial.pick(&sample(trial.len(), STABILITY_ROWS, &mut random(seed, 6)));
    let labels = found.centres.labels(&checked);
    let stability = stability::stability(&checked, &labels, k, RESAMPLES, seed, task)?;

    task.progress("naming the clusters", 0, None);
    let mut clusters = describe(features, &rows, &points, &scaler, &found, options);
    let not_clustered = others.len();
    clusters.extend(not_bought::group(features, others, options));
    let mut assignment = vec![k as u8; features.rows];
    for &row in &features.came_later {
        assignment[row as usize] = NOWHERE;
    }
    for (&row, &label) in rows.iter().zip(&found.labels) {
        assignment[row as usize] = label;
    }
    let principal = Principal::fit(&trial);
    Ok(Segmentation {
        as_of: features.as_of,
        seed,
        k,
        silhouette,
        stability,
        k_by_hand: options.k.is_some(),
        curve: choice.curve,
        why,
        notes: scaler.notes.iter().cloned().chain(group::given_to_letters(&options.names)).collect(),
        features: scaler.features(),
        clusters,
        not_clustered,
        assignment,
        space: Space { scaler, centres: found.centres, principal },
    })
}

fn check_possible(customers: usize, options: &Options) -> Result<(), SegmentError> {
    let impossible = |text: String| Err(SegmentError::Impossible(text));
    let (least, most) = (choose_k::LEAST, choose_k::MOST);
    if let Some(k) = options.k.filter(|k| !(least..=most).contains(k)) {
        return impossible(format!("{k} clusters are not possible. Set k between {least} and {most}."));
    }
    match (customers, options.k) {
        (0, _) => impossible(
            "No customer has an order, so there is no behaviour to group by. Load orders first.".into(),
        ),
        (_, Some(k)) if customers < k => impossible(format!(
            "{k} clusters need at least {k} customers with an order, and there are {customers}. \
             Set a smaller k or load more data."
        )),
        (1 | 2, None) => impossible(format!(
            "Grouping needs at least 3 customers with an order, and there are {customers}. Load more data."
        )),
        _ => Ok(()),
    }
}

fn too_alike(k: usize, kinds: usize) -> SegmentError {
    SegmentError::Impossible(format!(
        "{k} clusters are not possible: the customers fall into no more than {kinds} that differ. \
         Set k to at most {kinds}, or leave it out to have it chosen."
    ))
}

/// Clusters in the order of their letters: the most valuable customers first, by the mean total of a
/// customer (or else the mean order value), then the larger, then by the centre. Empty ones are left out.
fn in_order(found: &Clustering, features: &Features, rows: &[u32]) -> Clustering {
    let k = found.centres.len();
    let money = features.column(Feature::Total).or_else(|| features.column(Feature::AverageOrderValue));
    let (mut worth, mut sizes) = (vec![0.0_f64; k], vec![0_usize; k]);
    for (&row, &label) in rows.iter().zip(&found.labels) {
        let value =
            money.and_then(|money| money.get(row as usize)).copied().filter(|value| value.is_finite());
        worth[usize::from(label)] += f64::from(value.unwrap_or(0.0));
        sizes[usize::from(label)] += 1;
    }
    let mean = |cluster: usize| worth[cluster] / sizes[cluster].max(1) as f64;
    let mut order: Vec<usize> = (0..k).filter(|&cluster| sizes[cluster] > 0).collect();
    order.sort_by(|&a, &b| {
        let centres = || found.centres.centre(a).iter().zip(found.centres.centre(b));
        mean(b).total_cmp(&mean(a)).then(sizes[b].cmp(&sizes[a])).then_with(|| {
            centres()
                .map(|(a, b)| a.total_cmp(b))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        })
    });
    let mut letter = vec![0_u8; k];
    order.iter().enumerate().for_each(|(number, &cluster)| letter[cluster] = number as u8);
    let labels = found.labels.iter().map(|&label| letter[usize::from(label)]).collect();
    Clustering { centres: found.centres.reordered(&order), labels, ..*found }
}

fn describe(
    features: &Features,
    rows: &[u32],
    points: &Points,
    scaler: &Scaler,
    found: &Clustering,
    options: &Options,
) -> Vec<Cluster> {
    let k = found.centres.len();
    let mut groups = vec![Vec::new(); k];
    for (&row, &label) in rows.iter().zip(&found.labels) {
        groups[usize::from(label)].push(row);
    }
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    // The shop's own portrait is there to compare with: a sample is exact enough.
    let some = sample(rows.len(), SHOP_ROWS, &mut random(options.seed, 8));
    groups.push(some.into_iter().map(|at| rows[at]).collect());
    let mut portraits = portrait::portraits(features, &groups);
    let shop: Portrait = portraits.pop().unwrap_or_default();
    let ours = naming::names(&portraits, &shop);
    let shown = shown_names(&ours, &options.names);
    let drivers = drivers(points, scaler, &found.centres, &sizes);
    let mut clusters = Vec::with_capacity(k);
    for (number, ((names, drivers), features)) in ours.into_iter().zip(drivers).zip(portraits).enumerate() {
        let mut drivers = drivers;
        // The mean may lie above the shop's where the median lies below: such a difference is not told.
        drivers.retain(|driver| {
            let medians = (features.get(&driver.feature), shop.get(&driver.feature));
            let (Some(own), Some(all)) = medians else { return true };
            match driver.direction {
                Direction::High => own.median >= all.median,
                Direction::Low => own.median <= all.median,
            }
        });
        clusters.push(Cluster {
            id: naming::letter(number),
            name: shown[number].clone(),
            names,
            stage: naming::stage(&features, &shop),
            size: sizes[number],
            share: sizes[number] as f64 / rows.len().max(1) as f64,
            features,
            drivers,
        });
    }
    clusters
}

/// A person's names, ours where there is none; ours give way where a person has chosen the same.
fn shown_names(ours: &[Name], given: &BTreeMap<String, String>) -> Vec<String> {
    let of_person = |number: usize| naming::given(given, &ours[number].en);
    let taken: BTreeSet<&str> = (0..ours.len()).filter_map(of_person).collect();
    ours.iter()
        .enumerate()
        .map(|(number, ours)| match of_person(number) {
            Some(name) => name.to_owned(),
            None if taken.contains(ours.en.as_str()) => format!("{} ({})", ours.en, naming::letter(number)),
            None => ours.en.clone(),
        })
        .collect()
}

/// What sets each cluster apart, largest first; at least one feature.
fn drivers(points: &Points, scaler: &Scaler, centres: &Centres, sizes: &[usize]) -> Vec<Vec<Driver>> {
    let dims = points.dims();
    let (mut sums, mut squares) = (vec![0.0_f64; dims], vec![0.0_f64; dims]);
    for row in points.rows() {
        for (feature, &value) in row.iter().enumerate() {
            sums[feature] += f64::from(value);
            squares[feature] += f64::from(value).powi(2);
        }
    }
    let number = points.len().max(1) as f64;
    (0..sizes.len())
        .map(|cluster| {
            let mut drivers: Vec<Driver> = (0..dims)
                .map(|at| {
                    let mean = sums[at] / number;
                    let deviation = (squares[at] / number - mean * mean).max(1e-12).sqrt();
                    let effect = (f64::from(centres.centre(cluster)[at]) - mean) / deviation;
                    let direction = if effect < 0.0 { Direction::Low } else { Direction::High };
                    Driver { feature: scaler.scales[at].feature, direction, effect }
                })
                .collect();
            drivers.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
            let telling = drivers.iter().filter(|driver| driver.effect.abs() >= SMALLEST_EFFECT).count();
            drivers.truncate(telling.max(1));
            drivers
        })
        .collect()
}

#[cfg(test)]
mod tests;
