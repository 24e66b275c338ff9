//! How well separated clusters are: the mean silhouette (Rousseeuw 1987).
//!
//! In: points and one or more labellings of them. Out: a mean of (b - a) / max(a, b) over the points, -1..=1,
//! with a the mean distance to the others of the own cluster and b the mean distance to the nearest other
//! cluster. A point alone in its cluster counts 0, and so does everything where there is only one cluster.

use rayon::prelude::*;

use super::kmeans::MAX_CLUSTERS;
use super::points::{Points, squared_distance};

/// The mean silhouette of each labelling. Every pair of points is measured once per call and not once per
/// labelling: give all labellings together. Time and no memory grow with the square of the points.
#[must_use]
pub fn silhouettes(points: &Points, labellings: &[Vec<u8>]) -> Vec<f64> {
    let counts: Vec<[usize; MAX_CLUSTERS]> = labellings.iter().map(|labels| sizes(labels)).collect();
    let of_points: Vec<Vec<f64>> = (0..points.len())
        .into_par_iter()
        .map_init(
            || Vec::with_capacity(points.len()),
            |distances: &mut Vec<f64>, row| {
                let own = points.row(row);
                distances.clear();
                distances.extend(points.rows().map(|other| f64::from(squared_distance(own, other)).sqrt()));
                labellings
                    .iter()
                    .zip(&counts)
                    .map(|(labels, counts)| silhouette_of(row, distances, labels, counts))
                    .collect()
            },
        )
        .collect();
    let number = points.len().max(1) as f64;
    (0..labellings.len())
        .map(|at| of_points.iter().map(|of_point| of_point[at]).sum::<f64>() / number)
        .collect()
}

/// The mean silhouette of one labelling.
#[must_use]
pub fn silhouette(points: &Points, labels: Vec<u8>) -> f64 {
    silhouettes(points, &[labels]).first().copied().unwrap_or(0.0)
}

fn sizes(labels: &[u8]) -> [usize; MAX_CLUSTERS] {
    let mut sizes = [0; MAX_CLUSTERS];
    for &label in labels {
        if let Some(size) = sizes.get_mut(usize::from(label)) {
            *size += 1;
        }
    }
    sizes
}

fn silhouette_of(row: usize, distances: &[f64], labels: &[u8], counts: &[usize; MAX_CLUSTERS]) -> f64 {
    let mut sums = [0.0; MAX_CLUSTERS];
    for (&distance, &label) in distances.iter().zip(labels) {
        sums[usize::from(label) % MAX_CLUSTERS] += distance;
    }
    let own = usize::from(labels[row]) % MAX_CLUSTERS;
    if counts[own] < 2 {
        return 0.0;
    }
    let within = sums[own] / (counts[own] - 1) as f64;
    let between = (0..MAX_CLUSTERS)
        .filter(|&cluster| cluster != own && counts[cluster] > 0)
        .map(|cluster| sums[cluster] / counts[cluster] as f64)
        .fold(f64::INFINITY, f64::min);
    let most = within.max(between);
    if between.is_finite() && most > 0.0 { (between - within) / most } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pairs_on_a_line_by_hand() {
        // 0 and 1 against 5 and 6. For 0: a = 1, b = (5 + 6) / 2 = 5.5, s = 4.5 / 5.5 = 9/11.
        // For 1: a = 1, b = (4 + 5) / 2 = 4.5, s = 3.5 / 4.5 = 7/9. The other two mirror them.
        let points = Points::new(1, vec![0.0, 1.0, 5.0, 6.0]);
        let value = silhouette(&points, vec![0, 0, 1, 1]);
        assert!((value - f64::midpoint(9.0 / 11.0, 7.0 / 9.0)).abs() < 1e-12, "{value}");
    }

    #[test]
    fn a_point_in_the_wrong_cluster_counts_against_it_and_one_alone_counts_nothing() {
        // Points 0, 1, 10 with labels 0, 1, 1. 0 is alone: 0. For 1: a = 9, b = 1, s = -8/9.
        // For 10: a = 9, b = 10, s = 1/10.
        let points = Points::new(1, vec![0.0, 1.0, 10.0]);
        let value = silhouette(&points, vec![0, 1, 1]);
        assert!((value - (0.0 - 8.0 / 9.0 + 0.1) / 3.0).abs() < 1e-12, "{value}");
    }

    #[test]
    fn several_labellings_at_once_are_the_same_as_one_by_one() {
        let points = Points::new(2, vec![0.0, 0.0, 1.0, 0.0, 5.0, 5.0, 6.0, 5.0, 0.0, 9.0]);
        let labellings = [vec![0, 0, 1, 1, 1], vec![0, 0, 1, 1, 2], vec![0; 5]];
        let together = silhouettes(&points, &labellings);
        for (labels, value) in labellings.iter().zip(&together) {
            assert_eq!(silhouette(&points, labels.clone()).to_bits(), value.to_bits());
        }
        assert_eq!(together[2].to_bits(), 0.0_f64.to_bits(), "one cluster has no other to be compared with");
    }
}
