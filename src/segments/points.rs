//! The scaled customers as a dense matrix, and seeded samples of it.
//!
//! Every value is a multiple of 2⁻¹⁶ within ±64. Sums of up to 2³¹ such values are exact in f64, whatever
//! the order: means do not depend on threads, on chunks, or on whether a sum was made afresh or kept
//! up to date as rows moved from cluster to cluster.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rayon::prelude::*;

/// Largest magnitude of a value.
pub const LIMIT: f32 = 64.0;
/// Rows that one thread takes at a time.
const CHUNK: usize = 8_192;
/// Values are multiples of one over this.
const STEPS: f32 = 65_536.0;

/// Brings a value onto the grid; what is not a number comes to the centre, 0.
#[must_use]
pub fn on_grid(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { (value.clamp(-LIMIT, LIMIT) * STEPS).round() / STEPS }
}

/// Rows of `dims` values each, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    dims: usize,
    values: Vec<f32>,
}

impl Points {
    /// Takes rows one after the other; a rest that does not fill a row is left out.
    #[must_use]
    pub fn new(dims: usize, mut values: Vec<f32>) -> Self {
        let dims = dims.max(1);
        values.truncate(values.len() / dims * dims);
        for value in &mut values {
            *value = on_grid(*value);
        }
        Self { dims, values }
    }

    /// Makes `len` rows, each by itself and on any thread: `fill` is given the row's number and its place.
    #[must_use]
    pub fn build(dims: usize, len: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let dims = dims.max(1);
        let mut values = vec![0.0; dims * len];
        values.par_chunks_mut(dims * CHUNK).enumerate().for_each(|(chunk, rows)| {
            for (at, row) in rows.chunks_exact_mut(dims).enumerate() {
                fill(chunk * CHUNK + at, row);
                for value in row {
                    *value = on_grid(*value);
                }
            }
        });
        Self { dims, values }
    }

    #[must_use]
    pub fn dims(&self) -> usize {
        self.dims
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dims..][..self.dims]
    }

    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dims)
    }

    /// All values, row by row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.dims);
        for &row in rows {
            values.extend_from_slice(self.row(row));
        }
        Self { dims: self.dims, values }
    }
}

/// A source of randomness for one purpose: each `purpose` has a stream of its own, so that drawing more
/// for one does not change another.
#[must_use]
pub fn random(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(purpose);
    random
}

/// `wanted` of the rows `0..len` in ascending order, one from each of `wanted` equal stretches; all rows
/// where there are no more than that.
#[must_use]
pub fn sample(len: usize, wanted: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    if len <= wanted {
        return (0..len).collect();
    }
    (0..wanted)
        .map(|stretch| {
            let from = stretch * len / wanted;
            let to = (stretch + 1) * len / wanted;
            random.random_range(from as u64..to as u64) as usize
        })
        .collect()
}

/// Squared distance, summed in the order of the features.
#[must_use]
pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| {
        let difference = a - b;
        sum + difference * difference
    })
}
