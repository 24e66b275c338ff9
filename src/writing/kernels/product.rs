//! Products of a packed matrix with several activation rows at once.

use std::ops::Range;

use super::activations::{Activations, Block};
use super::processor::{Level, Processor};
use super::share::{Disjoint, share_out};
use super::weights::{Matrix, Packing, eight, eight_scale, four, scale_and_offset};
use super::{BLOCK, ROWS};

#[cfg(target_arch = "x86_64")]
mod x86;

/// Activation rows that stay in registers while a strip is read.
const LANES_TOGETHER: usize = 8;

/// `inputs` times `weights`, transposed: `out` becomes `[lanes, rows]`.
pub fn multiply(processor: Processor, weights: &Matrix, inputs: &Activations, out: &mut Vec<f32>) {
    let (lanes, rows, blocks) = (inputs.lanes, weights.rows(), weights.blocks());
    out.resize(lanes * rows, 0.0);
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
                for (lane, sums) in (lane..).zip(&sums[..together]) {
                    // SAFETY: each strip is given out once, and writes its own rows of each lane.
                    let out = unsafe { cells.part(lane * rows + first..lane * rows + first + kept) };
                    out.copy_from_slice(&sums[..kept]);
                }
            }
        }
    });
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
    assert!(records.len() / packing.record() * sums.len() == inputs.len());
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
    }
}

/// The reference.
fn plain(packing: Packing, records: &[u8], inputs: &[Block], sums: &mut [[f32; ROWS]]) {
    let blocks = records.len() / packing.record();
    for (sums, inputs) in sums.iter_mut().zip(inputs.chunks_exact(blocks.max(1))) {
        *sums = [0.0; ROWS];
        for (record, input) in records.chunks_exact(packing.record()).zip(inputs) {
            for (place, sum) in sums.iter_mut().enumerate() {
                let mut dot = match packing {
                    Packing::Four => 0,
                    Packing::Eight => input.centre,
                };
                for column in 0..BLOCK {
                    let code = match packing {
                        Packing::Four => four(record, place, column),
                        Packing::Eight => eight(record, place, column),
                    };
                    dot += i32::from(code) * i32::from(input.codes[column]);
                }
                match packing {
                    Packing::Four => {
                        let (scale, offset) = scale_and_offset(record, place);
                        *sum = (dot as f32).mul_add(scale * input.scale, *sum);
                        *sum = offset.mul_add(input.sum, *sum);
                    }
                    Packing::Eight => {
                        *sum = (dot as f32).mul_add(eight_scale(record, place) * input.scale, *sum);
                    }
                }
            }
        }
    }
}
