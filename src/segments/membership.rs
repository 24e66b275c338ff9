//! Why a customer is in a cluster, and where it stands in a picture of all.

use super::kmeans::Centres;
use super::points::{on_grid, random, sample};
use super::principal::Principal;
use super::scaling::Scaler;
use super::{Axes, Membership, Point, Segmentation};
use crate::features::{Feature, Features};

/// What turns a customer into a point, and the centres among which it falls.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) scaler: Scaler,
    pub(super) centres: Centres,
    pub(super) principal: Principal,
}

impl Space {
    fn point(&self, features: &Features, row: usize) -> Vec<f32> {
        let known = |feature| features.value(feature, row).unwrap_or(f32::NAN);
        let scales = self.scaler.scales.iter();
        scales.map(|scale| on_grid(scale.apply(known(scale.feature), known(Feature::Orders)))).collect()
    }
}

/// Whether the customer has an order: only then there is behaviour to group by.
pub(super) fn has_order(features: &Features, row: usize) -> bool {
    match features.column(Feature::Orders) {
        Some(orders) => orders.get(row).is_some_and(|&orders| orders >= 1.0),
        None => features.value(Feature::RecencyDays, row).is_some_and(f32::is_finite),
    }
}

impl Segmentation {
    /// The cluster that a customer falls into, also one of later or other data: the nearest centre. `None`
    /// for customers without an order.
    #[must_use]
    pub fn assign(&self, features: &Features, row: usize) -> Option<usize> {
        has_order(features, row).then(|| self.space.centres.nearest(&self.space.point(features, row)))
    }
}

/// Why the customer is where it is; `None` for customers without an order.
#[must_use]
pub fn membership(segmentation: &Segmentation, features: &Features, row: usize) -> Option<Membership> {
    let cluster = segmentation.cluster_of(row).filter(|&cluster| cluster < segmentation.k)?;
    let space = &segmentation.space;
    let point = space.point(features, row);
    let squares = |cluster: usize| -> Vec<f64> {
        let centre = space.centres.centre(cluster);
        point.iter().zip(centre).map(|(&x, &c)| (f64::from(x) - f64::from(c)).powi(2)).collect()
    };
    let distance = |cluster: usize| squares(cluster).iter().sum::<f64>().sqrt();
    let next = (0..space.centres.len())
        .filter(|&other| other != cluster)
        .map(|other| (other, distance(other)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let mut deciding: Vec<(Feature, f64)> = next.map_or_else(Vec::new, |(next, _)| {
        let differences = squares(next).into_iter().zip(squares(cluster)).map(|(other, own)| other - own);
        segmentation.features.iter().copied().zip(differences).collect()
    });
    deciding.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Some(Membership { cluster, distance: distance(cluster), next, deciding })
}

/// At most `limit` points, a seeded sample of the clustered customers. A feature that is not among those
/// used for grouping lies at 0.
#[must_use]
pub fn scatter(segmentation: &Segmentation, features: &Features, axes: Axes, limit: usize) -> Vec<Point> {
    let clustered: Vec<usize> =
        (0..segmentation.assignment.len()).filter(|&row| segmentation.is_clustered(row)).collect();
    let space = &segmentation.space;
    let along = |point: &[f32], feature: Feature| {
        let at = segmentation.features.iter().position(|&used| used == feature);
        at.and_then(|at| point.get(at)).map_or(0.0, |&value| f64::from(value))
    };
    sample(clustered.len(), limit, &mut random(segmentation.seed, 3))
        .into_iter()
        .filter_map(|at| {
            let row = clustered[at];
            let point = space.point(features, row);
            let (x, y) = match axes {
                Axes::Principal => space.principal.project(&point),
                Axes::Features(first, second) => (along(&point, first), along(&point, second)),
            };
            Some(Point { row, cluster: segmentation.cluster_of(row)?, x, y })
        })
        .collect()
}
