//! Chooses the number of clusters by silhouette.
//!
//! In: a sample of the points. Out: the curve of silhouettes over k, the k chosen, and the reason in words.

use std::fmt::Write as _;

use super::KScore;
use super::kmeans::{Settings, cluster};
use super::points::{Points, random, sample};
use super::silhouette::silhouettes;
use super::stability::stability;
use crate::jobs::{Cancelled, Task};

/// Numbers of clusters that are tried.
pub const LEAST: usize = 2;
/// The largest number that can be asked for.
pub const MOST: usize = 10;
/// The most that are tried for so many customers: with fewer than a dozen or so in a cluster, chance draws the borders.
pub fn most(customers: usize) -> usize {
    let by_size = (customers as f64 / 2.0).sqrt() as usize;
    by_size.clamp(LEAST + 1, MOST).min(customers.saturating_sub(1))
}

/// A silhouette this little below the best is as good: with more clusters, messages fit better.
const AS_GOOD: f64 = 0.01;
/// A finer division may be so much less stable than the clearest one: more, and it is chance that draws
/// the further borders.
const AS_STABLE: f64 = 0.05;
const RESAMPLES: u64 = 8;
const STABILITY_ROWS: usize = 4_096;
/// Two clusters must be so much clearer than any finer division to be chosen.
const TWO_CLEARER: f64 = 0.15;
/// A cluster smaller than this share is not worth a message of its own.
const SMALLEST: f64 = 0.02;

/// The k chosen, the curve, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub k: usize,
    pub curve: Vec<KScore>,
    pub why: String,
}

impl Choice {
    /// Why there are `k` where a person set it.
    pub fn why_by_hand(&self, k: usize) -> String {
        if k == self.k {
            return format!("{k} clusters, as set by hand and as the data would have it.");
        }
        let silhouette = |k: usize| {
            self.curve
                .iter()
                .find(|score| score.k == k)
                .map_or_else(String::new, |score| format!(" (silhouette {:.2})", score.silhouette))
        };
        format!(
            "{k} clusters{}, as set by hand; the data would have {}{}.",
            silhouette(k),
            self.k,
            silhouette(self.k)
        )
    }
}

/// One candidate: its silhouette, the share of its smallest cluster, and its stability.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    k: usize,
    silhouette: f64,
    smallest: f64,
    /// Known of those only that are about as clear as the clearest.
    stability: Option<f64>,
}

impl Candidate {
    fn is_usable(&self) -> bool {
        self.k > LEAST && self.smallest >= SMALLEST
    }
}

/// Clusters `points` for each k from 2 to `most`, measures the silhouettes on the rows in `measured`, and
/// chooses. `None` where not even two clusters are possible.
///
/// # Errors
/// Cancelled.
pub fn choose(
    points: &Points,
    measured: &[usize],
    most: usize,
    seed: u64,
    task: &Task<'_>,
) -> Result<Option<Choice>, Cancelled> {
    let settings = Settings { starts: 8, ..Settings::default() };
    let total = most.saturating_sub(LEAST - 1) as u64;
    // The clusterings within are steps of this choice.
    let silent = Task::new(task.cancel(), &|_| {});
    let (mut all_labels, mut labellings) = (Vec::new(), Vec::new());
    let mut candidates = Vec::new();
    for k in LEAST..=most {
        task.progress(format!("trying {k} clusters"), (k - LEAST) as u64, Some(total));
        let found = cluster(points, k, seed, settings, &silent)?;
        if found.centres.len() < k {
            break;
        }
        let mut sizes = vec![0_usize; k];
        found.labels.iter().for_each(|&label| sizes[usize::from(label)] += 1);
        let smallest = sizes.iter().min().map_or(0.0, |&size| size as f64 / points.len().max(1) as f64);
        labellings.push(measured.iter().map(|&row| found.labels[row]).collect());
        candidates.push(Candidate { k, silhouette: 0.0, smallest, stability: None });
        all_labels.push(found.labels);
    }
    task.check()?;
    let values = silhouettes(&points.pick(measured), &labellings);
    candidates.iter_mut().zip(values).for_each(|(candidate, value)| candidate.silhouette = value);
    let clearest = candidates.iter().filter(|c| c.is_usable()).map(|c| c.silhouette).fold(-1.0, f64::max);
    let near = |c: &Candidate| c.is_usable() && c.silhouette >= clearest - AS_GOOD;
    if candidates.iter().filter(|candidate| near(candidate)).count() > 1 {
        let fewer: Vec<usize> = sample(points.len(), STABILITY_ROWS, &mut random(seed, 7));
        let few = points.pick(&fewer);
        for (candidate, labels) in candidates.iter_mut().zip(&all_labels).filter(|(c, _)| near(c)) {
            let labels: Vec<u8> = fewer.iter().map(|&row| labels[row]).collect();
            candidate.stability = Some(stability(&few, &labels, candidate.k, RESAMPLES, seed, task)?);
        }
    }
    let curve = candidates.iter().map(|c| KScore { k: c.k, silhouette: c.silhouette }).collect();
    Ok(decide(&candidates).map(|(k, why)| Choice { k, curve, why }))
}

/// The rule, apart from the work: of three and more clusters, none of them tiny, the finest division that is
/// about as clear and as stable as the clearest; two only where they are much clearer than that.
fn decide(candidates: &[Candidate]) -> Option<(usize, String)> {
    let usable: Vec<Candidate> = candidates.iter().filter(|c| c.is_usable()).copied().collect();
    let two = candidates.iter().find(|c| c.k == 2).copied()?;
    let Some(best) = usable.iter().copied().reduce(|a, b| if b.silhouette > a.silhouette { b } else { a })
    else {
        return Some((
            2,
            "2 clusters: with more, at least one would be too small for a message of its own.".into(),
        ));
    };
    if two.silhouette > best.silhouette + TWO_CLEARER {
        let why = format!(
            "2 clusters: they are far clearer (silhouette {:.2}) than any finer division (at best {:.2}, with {}).",
            two.silhouette, best.silhouette, best.k
        );
        return Some((2, why));
    }
    let as_good = |c: &&Candidate| {
        let stable = c.stability.zip(best.stability).is_none_or(|(c, best)| c >= best - AS_STABLE);
        c.silhouette >= best.silhouette - AS_GOOD && stable
    };
    let chosen = usable.iter().rfind(as_good).copied().unwrap_or(best);
    let mut why = if chosen.k == best.k {
        format!(
            "{} clusters: the clearest division into three or more (silhouette {:.2})",
            chosen.k, chosen.silhouette
        )
    } else {
        format!(
            "{} clusters: about as clear (silhouette {:.2}) and as stable as the clearest division into three or \
             more ({:.2}, with {}), and finer, so that messages fit better",
            chosen.k, chosen.silhouette, best.silhouette, best.k
        )
    };
    if two.silhouette > chosen.silhouette {
        let _ = write!(why, "; two clusters ({:.2}) would be too coarse to write for", two.silhouette);
    }
    why.push('.');
    Some((chosen.k, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(silhouettes: &[f64]) -> Vec<Candidate> {
        (2..)
            .zip(silhouettes)
            .map(|(k, &silhouette)| Candidate { k, silhouette, smallest: 0.1, stability: None })
            .collect()
    }

    #[test]
    fn the_clearest_of_three_and_more_is_taken_though_two_are_a_little_clearer() {
        let (k, why) = decide(&candidates(&[0.40, 0.30, 0.36, 0.31, 0.20])).unwrap();
        assert_eq!(k, 4);
        assert!(why.contains("silhouette 0.36") && why.contains("two clusters (0.40)"), "{why}");
    }

    #[test]
    fn a_finer_division_that_is_as_clear_is_taken() {
        let (k, why) = decide(&candidates(&[0.30, 0.35, 0.344, 0.342, 0.20])).unwrap();
        assert_eq!(k, 5);
        assert!(why.contains("about as clear") && why.contains("with 3"), "{why}");
    }

    #[test]
    fn a_finer_division_that_is_less_stable_is_not_taken() {
        let mut all = candidates(&[0.30, 0.35, 0.344, 0.342, 0.20]);
        for (candidate, stability) in all[1..4].iter_mut().zip([0.97, 0.94, 0.90]) {
            candidate.stability = Some(stability);
        }
        assert_eq!(decide(&all).unwrap().0, 4);
    }

    #[test]
    fn two_are_taken_where_they_are_far_clearer() {
        assert_eq!(decide(&candidates(&[0.80, 0.50, 0.40])).unwrap().0, 2);
    }

    #[test]
    fn a_division_with_a_tiny_cluster_is_not_taken() {
        let mut all = candidates(&[0.40, 0.30, 0.60]);
        all[2].smallest = 0.001;
        assert_eq!(decide(&all).unwrap().0, 3);
        all[1].smallest = 0.001;
        assert_eq!(decide(&all).unwrap().0, 2);
    }
}
