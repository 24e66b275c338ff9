//! k-means: seeded k-means++ starts on a sample, then Lloyd's iterations on all rows, with bounds.
//!
//! In: [`Points`]. Out: a [`Clustering`] in which every row is in the cluster whose centre is nearest to it.
//! The outcome depends on the points, k and the seed alone: not on the number of threads, and not on
//! whether the bounds are used.
//!
//! k-means++ follows Arthur and Vassilvitskii (2007). The bound is Hamerly's (2010), folded into one number
//! a row: by how much the second-nearest centre was farther than the nearest. As long as the centres have
//! moved by less than that in sum, the row stays where it is and no distance is worked out.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::points::{Points, random, sample, squared_distance};
use crate::jobs::{Cancelled, Task};

/// Most clusters that can be asked for.
pub const MAX_CLUSTERS: usize = 16;
/// Rows that one thread takes at a time.
const CHUNK: usize = 8_192;
/// Starts are compared on at most so many rows.
const START_ROWS: usize = 16_384;
/// Marks a row that has no cluster yet.
const NONE: u8 = u8::MAX;
/// Bounds are drawn in by this part of the distances, far more than f32 arithmetic can be off by.
const SLACK: f32 = 1e-5;

/// Centres of clusters, in the units of the points.
#[derive(Clone, Debug, PartialEq)]
pub struct Centres {
    dims: usize,
    values: Vec<f32>,
}

impl Centres {
    /// Takes centres one after the other, `dims` values each.
    #[must_use]
    pub fn new(dims: usize, values: Vec<f32>) -> Self {
        Self { dims: dims.max(1), values }
    }

    /// Number of clusters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    #[must_use]
    pub fn centre(&self, cluster: usize) -> &[f32] {
        &self.values[cluster * self.dims..][..self.dims]
    }

    /// The same centres in another order.
    #[must_use]
    pub fn reordered(&self, order: &[usize]) -> Self {
        let values = order.iter().flat_map(|&cluster| self.centre(cluster)).copied().collect();
        Self { dims: self.dims, values }
    }

    /// Number of the nearest centre; of equally near ones the first.
    #[must_use]
    pub fn nearest(&self, row: &[f32]) -> usize {
        let mut best = (0, f32::INFINITY);
        for (cluster, centre) in self.values.chunks_exact(self.dims).enumerate() {
            let distance = squared_distance(row, centre);
            if distance < best.1 {
                best = (cluster, distance);
            }
        }
        best.0
    }

    /// The nearest centre of each row.
    #[must_use]
    pub fn labels(&self, points: &Points) -> Vec<u8> {
        points.rows().map(|row| self.nearest(row) as u8).collect()
    }
}

/// Whether Lloyd's iterations skip rows that cannot have changed cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    On,
    /// Works out every distance; for comparison.
    Off,
}

/// When Lloyd's iterations end, and how they work.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub max_iterations: usize,
    /// Ends when the squared moves of all centres add up to no more than this.
    pub tolerance: f64,
    pub bounds: Bounds,
    /// k-means++ starts that are compared on a sample.
    pub starts: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_iterations: 300, tolerance: 1e-6, bounds: Bounds::On, starts: 6 }
    }
}

/// Rows put into clusters.
#[derive(Clone, Debug)]
pub struct Clustering {
    pub centres: Centres,
    /// Cluster of each row: the nearest centre.
    pub labels: Vec<u8>,
    /// Sum of squared distances to the centres.
    pub inertia: f64,
    pub iterations: usize,
    /// Rows whose distances to all centres were worked out, over all iterations.
    pub rows_measured: u64,
}

/// Clusters the points: the best of several starts on a sample, refined on all rows. Fewer than `k`
/// clusters come out where there are fewer than `k` different rows.
///
/// # Errors
/// Cancelled.
pub fn cluster(
    points: &Points,
    k: usize,
    seed: u64,
    settings: Settings,
    task: &Task<'_>,
) -> Result<Clustering, Cancelled> {
    let rows = sample(points.len(), START_ROWS, &mut random(seed, 1));
    let whole = rows.len() == points.len();
    let few = if whole { None } else { Some(points.pick(&rows)) };
    let few = few.as_ref().unwrap_or(points);
    let number = settings.starts.max(1) as u64;
    let done = AtomicU64::new(0);
    // The best start is refined on all rows at the end: one step more.
    let tell = |done| task.progress(format!("finding {k} clusters"), done, Some(number + 1));
    tell(0);
    let starts: Vec<Clustering> = (0..number)
        .into_par_iter()
        .map(|start| {
            let centres = plus_plus(few, k, &mut random(seed, 16 + start));
            let found = lloyd(few, centres, settings, task)?;
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(found)
        })
        .collect::<Result<_, Cancelled>>()?;
    // Of equally good starts the first, so that the outcome does not depend on which thread was faster.
    let best = starts.into_iter().reduce(|best, next| if next.inertia < best.inertia { next } else { best });
    match best {
        Some(best) if whole => Ok(best),
        Some(best) if best.centres.len() == k => lloyd(points, best.centres, settings, task),
        // The sample has too few different rows; perhaps all rows together have enough.
        _ => lloyd(points, plus_plus(points, k, &mut random(seed, 2)), settings, task),
    }
}

/// Greedy k-means++: the first centre is a row drawn evenly; for each next one a few rows are drawn by their
/// squared distance to the centres so far, and the one that leaves the smallest distances is taken. Fewer than `k` where there are fewer than `k` different rows.
#[must_use]
pub fn plus_plus(points: &Points, k: usize, random: &mut ChaCha8Rng) -> Centres {
    let k = k.min(MAX_CLUSTERS);
    let mut values = Vec::with_capacity(k * points.dims());
    if points.is_empty() || k == 0 {
        return Centres::new(points.dims(), values);
    }
    let first = random.random_range(0..points.len() as u64) as usize;
    values.extend_from_slice(points.row(first));
    let to_nearest = |row: &[f32], centre: &[f32], so_far: f32| so_far.min(squared_distance(row, centre));
    let mut distances: Vec<f32> =
        points.rows().map(|row| to_nearest(row, points.row(first), f32::INFINITY)).collect();
    let tries = 2 + k.ilog2();
    while values.len() < k * points.dims() {
        let total: f64 = distances.iter().copied().map(f64::from).sum();
        if total <= 0.0 {
            break;
        }
        let mut best: Option<(f64, usize, Vec<f32>)> = None;
        for _ in 0..tries {
            let next = draw(&distances, random.random::<f64>() * total);
            let centre = points.row(next);
            let with_it: Vec<f32> =
                points.rows().zip(&distances).map(|(row, &so_far)| to_nearest(row, centre, so_far)).collect();
            let left = with_it.iter().copied().map(f64::from).sum();
            if best.as_ref().is_none_or(|(least, ..)| left < *least) {
                best = Some((left, next, with_it));
            }
        }
        let Some((_, next, with_it)) = best else { break };
        values.extend_from_slice(points.row(next));
        distances = with_it;
    }
    Centres::new(points.dims(), values)
}

/// The row at which the sum of distances passes `mark`.
fn draw(distances: &[f32], mut mark: f64) -> usize {
    for (row, &distance) in distances.iter().enumerate() {
        mark -= f64::from(distance);
        if mark < 0.0 {
            return row;
        }
    }
    // Rounding may leave a rest after the last row: then it is the last row that is not a centre yet.
    distances.iter().rposition(|&distance| distance > 0.0).unwrap_or(0)
}

/// What one pass over some rows found: which sums change, and by how much. Exact, see [`super::points`].
struct Change {
    sums: Vec<f64>,
    counts: Vec<i64>,
    moved: usize,
    measured: u64,
}

/// Lloyd's iterations from the centres given (at most 16), until no row moves, the centres hardly move, or
/// the limit of iterations is reached.
///
/// # Errors
/// Cancelled.
pub fn lloyd(
    points: &Points,
    start: Centres,
    settings: Settings,
    task: &Task<'_>,
) -> Result<Clustering, Cancelled> {
    if start.len() > 8 {
        lloyd_in_lanes::<16>(points, start, settings, task)
    } else {
        lloyd_in_lanes::<8>(points, start, settings, task)
    }
}

/// `L`: a power of two, at least the number of centres.
fn lloyd_in_lanes<const L: usize>(
    points: &Points,
    start: Centres,
    settings: Settings,
    task: &Task<'_>,
) -> Result<Clustering, Cancelled> {
    let dims = points.dims();
    let k = start.len().min(L);
    let mut centres = start;
    let mut labels = vec![NONE; points.len()];
    let mut limits = vec![f32::NEG_INFINITY; points.len()];
    let mut sums = vec![0.0_f64; k * dims];
    let mut counts = vec![0_i64; k];
    // How far each centre has moved since the start, and with it the farthest-moving other one.
    let mut travelled = vec![0.0_f64; k];
    let mut iterations = 0;
    let mut rows_measured = 0;
    let mut last = false;
    if k == 0 {
        return Ok(Clustering { centres, labels, inertia: 0.0, iterations, rows_measured });
    }
    loop {
        task.check()?;
        let columns = columns::<L>(&centres);
        let spent: Vec<f32> = travelled.iter().map(|&far| far as f32 * (1.0 + SLACK)).collect();
        let changes: Vec<Change> = labels
            .par_chunks_mut(CHUNK)
            .zip(limits.par_chunks_mut(CHUNK))
            .zip(points.values().par_chunks(CHUNK * dims))
            .map(|((labels, limits), rows)| match settings.bounds {
                Bounds::On => pass::<L, true>(rows, dims, &columns, &spent, labels, limits),
                Bounds::Off => pass::<L, false>(rows, dims, &columns, &spent, labels, limits),
            })
            .collect();
        let mut moved = 0;
        for change in &changes {
            moved += change.moved;
            rows_measured += change.measured;
            sums.iter_mut().zip(&change.sums).for_each(|(sum, change)| *sum += change);
            counts.iter_mut().zip(&change.counts).for_each(|(count, change)| *count += change);
        }
        // A cluster that has lost its last row in the last pass is filled and the pass made again.
        let all_filled = counts.iter().all(|&count| count > 0) || iterations > settings.max_iterations;
        if moved == 0 || (last && all_filled) {
            break;
        }
        fill_empty(points, &centres, &mut labels, &mut limits, &mut sums, &mut counts);
        let next = means(&sums, &counts, &centres);
        let moves: Vec<f64> = (0..k).map(|c| distance(centres.centre(c), next.centre(c))).collect();
        for (cluster, far) in travelled.iter_mut().enumerate() {
            let others = moves.iter().enumerate().filter(|&(other, _)| other != cluster);
            *far += moves[cluster] + others.fold(0.0, |most: f64, (_, &far)| most.max(far));
        }
        centres = next;
        iterations += 1;
        // One more pass after the last move of the centres: each row ends at its nearest centre.
        last = iterations >= settings.max_iterations
            || moves.iter().map(|far| far * far).sum::<f64>() <= settings.tolerance;
    }
    let inertia = inertia(points, &centres, &labels);
    Ok(Clustering { centres, labels, inertia, iterations, rows_measured })
}

/// The centres feature by feature, one lane a centre; lanes without a centre are infinitely far.
fn columns<const L: usize>(centres: &Centres) -> Vec<[f32; L]> {
    (0..centres.dims)
        .map(|feature| {
            let mut lanes = [f32::INFINITY; L];
            for (lane, centre) in lanes.iter_mut().zip(centres.values.chunks_exact(centres.dims)) {
                *lane = centre[feature];
            }
            lanes
        })
        .collect()
}

/// Puts each row of a chunk to its nearest centre.
fn pass<const L: usize, const BOUNDED: bool>(
    rows: &[f32],
    dims: usize,
    columns: &[[f32; L]],
    spent: &[f32],
    labels: &mut [u8],
    limits: &mut [f32],
) -> Change {
    let k = spent.len();
    let mut change = Change { sums: vec![0.0; k * dims], counts: vec![0; k], moved: 0, measured: 0 };
    // One entry more than there are labels: a row without a cluster is never skipped.
    let mut spent_by = [f32::INFINITY; 256];
    spent_by[..k].copy_from_slice(spent);
    for ((row, label), limit) in rows.chunks_exact(dims).zip(labels).zip(limits) {
        if BOUNDED && *limit > spent_by[usize::from(*label)] {
            continue;
        }
        change.measured += 1;
        let mut squares = [0.0_f32; L];
        for (&value, lanes) in row.iter().zip(columns) {
            for (square, &lane) in squares.iter_mut().zip(lanes) {
                let difference = value - lane;
                *square += difference * difference;
            }
        }
        let (mut best, mut second, mut nearest) = (f32::INFINITY, f32::INFINITY, 0_usize);
        for (lane, &square) in squares.iter().enumerate() {
            // Comparisons and not `min`, whose rules for NaN cost instructions: none is NaN here.
            let farther = if square < best { best } else { square };
            second = if farther < second { farther } else { second };
            nearest = if square < best { lane } else { nearest };
            best = if square < best { square } else { best };
        }
        if BOUNDED {
            let (best, second, spent) = (best.sqrt(), second.min(f32::MAX).sqrt(), spent_by[nearest]);
            *limit = second - best + spent - SLACK * (best + second + spent);
        }
        let old = usize::from(std::mem::replace(label, nearest as u8));
        if old != nearest {
            change.moved += 1;
            change.counts[nearest] += 1;
            add(&mut change.sums[nearest * dims..][..dims], row, 1.0);
            if old < k {
                change.counts[old] -= 1;
                add(&mut change.sums[old * dims..][..dims], row, -1.0);
            }
        }
    }
    change
}

fn add(sums: &mut [f64], row: &[f32], sign: f64) {
    for (sum, &value) in sums.iter_mut().zip(row) {
        *sum += sign * f64::from(value);
    }
}

/// Gives each cluster that has lost all its rows the row that is farthest from its own centre.
fn fill_empty(
    points: &Points,
    centres: &Centres,
    labels: &mut [u8],
    limits: &mut [f32],
    sums: &mut [f64],
    counts: &mut [i64],
) {
    let dims = points.dims();
    while let Some(empty) = counts.iter().position(|&count| count == 0) {
        let mut farthest: Option<(usize, f32)> = None;
        for (row, (values, &label)) in points.rows().zip(&*labels).enumerate() {
            if counts[usize::from(label)] > 1 {
                let distance = squared_distance(values, centres.centre(usize::from(label)));
                if distance > farthest.map_or(0.0, |(_, most)| most) {
                    farthest = Some((row, distance));
                }
            }
        }
        let Some((row, _)) = farthest else { return };
        let old = usize::from(std::mem::replace(&mut labels[row], empty as u8));
        limits[row] = f32::NEG_INFINITY;
        counts[old] -= 1;
        counts[empty] += 1;
        add(&mut sums[old * dims..][..dims], points.row(row), -1.0);
        add(&mut sums[empty * dims..][..dims], points.row(row), 1.0);
    }
}

/// Means of the clusters; an empty cluster keeps its centre.
fn means(sums: &[f64], counts: &[i64], centres: &Centres) -> Centres {
    let mut values = centres.values.clone();
    let dims = centres.dims;
    for ((mean, sum), &count) in values.chunks_exact_mut(dims).zip(sums.chunks_exact(dims)).zip(counts) {
        if count > 0 {
            mean.iter_mut().zip(sum).for_each(|(mean, sum)| *mean = (sum / count as f64) as f32);
        }
    }
    Centres { dims, values }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
}

fn inertia(points: &Points, centres: &Centres, labels: &[u8]) -> f64 {
    if centres.is_empty() {
        return 0.0;
    }
    let parts: Vec<f64> = labels
        .par_chunks(CHUNK)
        .zip(points.values().par_chunks(CHUNK * points.dims()))
        .map(|(labels, rows)| {
            rows.chunks_exact(points.dims())
                .zip(labels)
                .map(|(row, &label)| f64::from(squared_distance(row, centres.centre(usize::from(label)))))
                .sum()
        })
        .collect();
    // In the order of the chunks, so that rounding is the same for any number of threads.
    parts.iter().sum()
}
