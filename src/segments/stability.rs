//! Whether the clusters would come out again: agreement over bootstrap samples.
//!
//! In: points, their labels, k. Out: the mean adjusted Rand index (Hubert and Arabie 1985) between the labels
//! and those that clusters of resampled points give to the same rows: 1 is the same clusters each time, 0 is
//! no better than chance.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngExt as _;
use rayon::prelude::*;

use super::kmeans::{Settings, cluster};
use super::points::{Points, random};
use crate::jobs::{Cancelled, Task};

/// How alike two labellings of the same rows are, at most 1: pairs of rows that both put together or both
/// keep apart, set against chance. 1 where both are trivial (one cluster, or each row alone) in the same way.
#[must_use]
pub fn adjusted_rand_index(a: &[u8], b: &[u8]) -> f64 {
    let mut table = vec![[0_u64; 256]; 256];
    for (&a, &b) in a.iter().zip(b) {
        table[usize::from(a)][usize::from(b)] += 1;
    }
    let pairs = |count: u64| count as f64 * (count as f64 - 1.0) / 2.0;
    let together: f64 = table.iter().flatten().map(|&count| pairs(count)).sum();
    let in_a: f64 = table.iter().map(|row| pairs(row.iter().sum())).sum();
    let in_b: f64 = (0..256).map(|column| pairs(table.iter().map(|row| row[column]).sum())).sum();
    let all = pairs(a.len().min(b.len()) as u64);
    let by_chance = if all > 0.0 { in_a * in_b / all } else { 0.0 };
    let most = f64::midpoint(in_a, in_b);
    if (most - by_chance).abs() < 1e-12 { 1.0 } else { (together - by_chance) / (most - by_chance) }
}

/// Mean agreement of `labels` with clusters of `resamples` bootstrap samples of the points.
///
/// # Errors
/// Cancelled.
pub fn stability(
    points: &Points,
    labels: &[u8],
    k: usize,
    resamples: u64,
    seed: u64,
    task: &Task<'_>,
) -> Result<f64, Cancelled> {
    let settings = Settings { starts: 3, ..Settings::default() };
    // The clusterings within are steps of this one.
    let silent = Task::new(task.cancel(), &|_| {});
    let done = AtomicU64::new(0);
    let tell = |done| task.progress(format!("checking that {k} clusters hold"), done, Some(resamples));
    tell(0);
    let agreements: Vec<f64> = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let mut draw = random(seed, 4_096 + resample);
            let rows: Vec<usize> =
                (0..points.len()).map(|_| draw.random_range(0..points.len() as u64) as usize).collect();
            let again = cluster(&points.pick(&rows), k, seed.wrapping_add(resample), settings, &silent)?;
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(adjusted_rand_index(labels, &again.centres.labels(points)))
        })
        .collect::<Result<_, Cancelled>>()?;
    Ok(agreements.iter().sum::<f64>() / agreements.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Cancel, Progress, unwatched};

    #[test]
    fn by_hand() {
        // The table is {1: 2 of x, 1 of y; 2: 3 of y}. Pairs together: 1 + 0 + 3 = 4. Pairs in the first: 3 + 3,
        // in the second: 1 + 6, of all: 15. By chance 6 * 7 / 15 = 2.8, at most 6.5.
        let value = adjusted_rand_index(&[1, 1, 1, 2, 2, 2], &[0, 0, 1, 1, 1, 1]);
        assert!((value - (4.0 - 2.8) / (6.5 - 2.8)).abs() < 1e-12, "{value}");
    }

    #[test]
    fn names_of_clusters_do_not_matter_and_disagreement_is_below_chance() {
        assert!((adjusted_rand_index(&[0, 0, 1, 1, 2], &[7, 7, 3, 3, 0]) - 1.0).abs() < 1e-12);
        // Every pair that one puts together the other keeps apart: 0 of 2 and 2 pairs; chance 2 * 2 / 6.
        let value = adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1]);
        assert!((value - (0.0 - 2.0 / 3.0) / (2.0 - 2.0 / 3.0)).abs() < 1e-12, "{value}");
    }

    #[test]
    fn trivial_labellings_agree_with_themselves() {
        for labels in [vec![], vec![3], vec![0, 0, 0], vec![0, 1, 2]] {
            assert!((adjusted_rand_index(&labels, &labels) - 1.0).abs() < 1e-12, "{labels:?}");
        }
        // One cluster says nothing of two clusters: no better than chance.
        assert!(adjusted_rand_index(&[0, 0, 0, 0], &[0, 0, 1, 1]).abs() < 1e-12);
    }

    #[test]
    fn clear_groups_are_stable_and_an_even_spread_is_not() {
        let clear: Vec<f32> = (0..300).map(|i| (i % 3) as f32 * 10.0 + (i / 3) as f32 * 0.01).collect();
        let clear = Points::new(1, clear);
        let labels: Vec<u8> = (0..300).map(|i| (i % 3) as u8).collect();
        let stable = unwatched(|task| stability(&clear, &labels, 3, 10, 1, task)).unwrap();
        assert!((stable - 1.0).abs() < 1e-12, "{stable}");

        let even: Vec<f32> = (0..20).flat_map(|x| (0..20).flat_map(move |y| [x as f32, y as f32])).collect();
        let even = Points::new(2, even);
        let found = unwatched(|task| cluster(&even, 5, 1, Settings::default(), task)).unwrap();
        let shaky = unwatched(|task| stability(&even, &found.labels, 5, 10, 1, task)).unwrap();
        assert!(shaky < 0.9, "{shaky}");
    }

    #[test]
    fn both_say_how_far_they_are_and_not_what_goes_on_within() {
        let points = Points::new(1, (0..90).map(|i| (i % 3) as f32 * 10.0 + i as f32 * 0.01).collect());
        let labels: Vec<u8> = (0..90).map(|i| (i % 3) as u8).collect();
        let told = std::sync::Mutex::new(Vec::new());
        let report = |progress: Progress| told.lock().unwrap().push(progress);
        let cancel = Cancel::default();
        let task = Task::new(&cancel, &report);
        cluster(&points, 3, 1, Settings::default(), &task).unwrap();
        let starts = Settings::default().starts as u64;
        let far = |told: Vec<Progress>, total: u64| {
            assert!(told.iter().all(|progress| progress.total == Some(total)), "{told:?}");
            let mut done: Vec<u64> = told.iter().map(|progress| progress.done).collect();
            done.sort_unstable();
            done
        };
        let finding = far(std::mem::take(&mut *told.lock().unwrap()), starts + 1);
        assert_eq!(finding, (0..=starts).collect::<Vec<u64>>());
        stability(&points, &labels, 3, 10, 1, &task).unwrap();
        let checking = far(std::mem::take(&mut *told.lock().unwrap()), 10);
        assert_eq!(checking, (0..=10).collect::<Vec<u64>>());
    }
}
