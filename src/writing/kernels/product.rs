//! Products of a packed matrix with several activation rows at once.

use std::ops::Range;

use super::activations::{Activations, Block};
use super::low_rank::LowRank;
use super::processor::{Level, Processor};
use super::share::{Disjoint, share_out};
use super::weights::{Matrix, Packing, code, eight_scale, scale_and_offset, six_scales};
use super::{BLOCK, ROWS};

/// Bytes of the records that the vector kernels read.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod sizes {
    use super::Packing;

    pub(super) const FOUR: usize = Packing::Four.record();
    pub(super) const FIVE: usize = Packing::Five.record();
    pub(super) const EIGHT: usize = Packing::Eight.record();
    pub(super) const FOUR_K: usize = Packing::FourK.record();
    pub(super) const FIVE_K: usize = Packing::FiveK.record();
    pub(super) const SIX_K: usize = Packing::SixK.record();
}

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Activation rows that stay in registers while a strip is read.
const LANES_TOGETHER: usize = 8;

/// `inputs` times `weights`, transposed: `out` becomes `[lanes, rows]`.
pub fn multiply(processor: Processor, weights: &Matrix, inputs: &Activations, out: &mut Vec<f32>) {
    out.resize(inputs.lanes * weights.rows(), 0.0);
    multiply_into(processor, weights, inputs, out, weights.rows());
}

/// The same into a wider table: the product of lane `i` is written at `out[i * stride..]`.
///
/// # Panics
/// `out` is too small.
pub fn multiply_into(
    processor: Processor,
    weights: &Matrix,
    inputs: &Activations,
    out: &mut [f32],
    stride: usize,
) {
    multiply_beside(processor, weights, None, inputs, out, stride);
}

/// What an adapter adds to a matrix: its part in the group, the matrix's first row there, and what its narrow matrix has
/// found in the inputs.
type Beside<'a> = Option<(&'a LowRank, usize, &'a [f32])>;

fn multiply_beside(
    processor: Processor,
    weights: &Matrix,
    beside: Beside<'_>,
    inputs: &Activations,
    out: &mut [f32],
    stride: usize,
) {
    let (lanes, rows, blocks) = (inputs.lanes, weights.rows(), weights.blocks());
    assert!(stride >= rows, "rows of a product must not overlap");
    let cells = Disjoint::new(out);
    share_out(weights.strips(), lanes * rows * weights.columns(), &|strips: Range<usize>| {
        let mut sums = [[0.0; ROWS]; LANES_TOGETHER];
        for strip in strips {
            let records = weights.strip(strip);
            let first = strip * ROWS;
            let kept = ROWS.min(rows - first);
            for lane in (0..lanes).step_by(LANES_TOGETHER) {
                let together = LANES_TOGETHER.min(lanes - lane);
                let inputs = &inputs.blocks[lane * blocks..(lane + together) * blocks];
                strip_product(processor, weights.packing(), records, inputs, &mut sums[..together]);
                if let Some((adapter, row, found)) = beside {
                    let found = &found[lane * adapter.ranks()..];
                    adapter.add(processor, row + first, found, &mut sums[..together]);
                }
                for (lane, sums) in (lane..).zip(&sums[..together]) {
                    // SAFETY: each strip is given out once, and writes its own rows of each lane.
                    let out = unsafe { cells.part(lane * stride + first..lane * stride + first + kept) };
                    out.copy_from_slice(&sums[..kept]);
                }
            }
        }
    });
}

/// `inputs` times each of `weights`, and what an adapter adds: row by row, the products with all matrices stand one
/// behind the other. `found` is room for what the adapter's narrow matrix finds.
pub fn multiply_all(
    processor: Processor,
    weights: &[Matrix],
    adapter: Option<&LowRank>,
    inputs: &Activations,
    found: &mut Vec<f32>,
    out: &mut Vec<f32>,
) {
    let stride = weights.iter().map(Matrix::rows).sum();
    out.resize(inputs.lanes * stride, 0.0);
    if let Some(adapter) = adapter {
        multiply(processor, &adapter.down, inputs, found);
    }
    let mut first = 0;
    for weights in weights {
        let beside = adapter.map(|adapter| (adapter, first, &found[..]));
        multiply_beside(processor, weights, beside, inputs, &mut out[first..], stride);
        first += weights.rows();
    }
}

/// One strip times some lanes.
fn strip_product(
    processor: Processor,
    packing: Packing,
    records: &[u8],
    inputs: &[Block],
    sums: &mut [[f32; ROWS]],
) {
    // Every kernel below reads whole records and as many blocks for each lane.
    assert!(records.len() / packing.record() * packing.blocks() * sums.len() == inputs.len());
    match processor.0 {
        Level::Plain => plain(packing, records, inputs, sums),
        // SAFETY: a `Processor` of this level exists only where these instructions were found.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::avx2(packing, records, inputs, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::AvxVnni => unsafe { x86::avx_vnni(packing, records, inputs, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vnni => unsafe { x86::avx512(packing, records, inputs, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Level::Neon => unsafe { neon::neon(packing, records, inputs, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Level::NeonDot => unsafe { neon::neon_dot(packing, records, inputs, sums) },
    }
}

/// Blocks of a record of four or five bits of this size.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
const fn blocks_of(record: usize) -> usize {
    let k = record == Packing::FourK.record() || record == Packing::FiveK.record();
    if k { Packing::FourK.blocks() } else { 1 }
}

/// Whether codes in a record of this size have a fifth bit.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
const fn has_fifth(record: usize) -> bool {
    record == Packing::Five.record() || record == Packing::FiveK.record()
}

/// The reference.
fn plain(packing: Packing, records: &[u8], inputs: &[Block], sums: &mut [[f32; ROWS]]) {
    let blocks = records.len() / packing.record() * packing.blocks();
    for (sums, inputs) in sums.iter_mut().zip(inputs.chunks_exact(blocks.max(1))) {
        *sums = [0.0; ROWS];
        for (index, input) in inputs.iter().enumerate() {
            let (record, block) = (index / packing.blocks(), index % packing.blocks());
            let record = &records[record * packing.record()..][..packing.record()];
            for (place, sum) in sums.iter_mut().enumerate() {
                let dot = |columns: Range<usize>| {
                    let product = |column: usize| {
                        i32::from(code(packing, record, block, place, column))
                            * i32::from(input.codes[column])
                    };
                    columns.map(product).sum::<i32>()
                };
                match packing {
                    Packing::Eight => {
                        let dot = dot(0..BLOCK) + input.centre;
                        *sum = (dot as f32).mul_add(eight_scale(record, place) * input.scale, *sum);
                    }
                    Packing::SixK => {
                        // Whole numbers below 2 to the 24th, so that nothing is rounded before the scale.
                        let (scale, factors) = six_scales(record, block, place);
                        let first = (dot(0..BLOCK / 2) + input.halves[0]) as f32;
                        let second = (dot(BLOCK / 2..BLOCK) + input.halves[1]) as f32;
                        let both = second.mul_add(factors[1], first * factors[0]);
                        *sum = both.mul_add(scale * input.scale, *sum);
                    }
                    _ => {
                        let (scale, offset) = scale_and_offset(packing, record, block, place);
                        *sum = (dot(0..BLOCK) as f32).mul_add(scale * input.scale, *sum);
                        *sum = offset.mul_add(input.sum, *sum);
                    }
                }
            }
        }
    }
}
