//! The operations of the pass that learns, each with its way back.
//!
//! In: states as flat rows `[tokens, width]`, f32, several texts one behind the other. Out: rows again, that candle can
//! differentiate. On a processor each is one pass over memory that keeps nothing but its input ([`candle_core::CustomOp1`] and
//! its kin); on any other device the same is put together of candle's own operations ([`plain`]), which is also what the
//! tests hold these against.

mod attention;
mod gate;
mod linear;
mod loss;
mod norm;
pub mod plain;
mod product;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};

use self::product::fused;

pub use attention::{Places, attention};
pub use gate::gate;
pub use linear::{Dropout, LowRank, linear};
pub use loss::loss;
pub use norm::norm;

/// Rows that one thread takes at a time.
const ROWS: usize = 16;

/// The numbers of a storage, which must lie one behind the other.
fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (CpuStorage::F32(numbers), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
        bail!("a pass that learns runs on f32 numbers that lie one behind the other")
    };
    Ok(&numbers[start..end])
}

/// Lends the numbers of a tensor on the processor.
fn lend<T>(tensor: &Tensor, work: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(numbers(storage, layout)?),
        _ => bail!("a tensor of another device came to an operation of the processor"),
    }
}

/// Natural exponential, within some units in the last place, in a form that the compiler can turn into vectors
/// (Cody-Waite reduction and the polynomial of Cephes).
#[inline]
fn exponential(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding and taking away leaves a whole number.
    let x = x.clamp(-87.0, 88.0);
    let turns = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let rest = fused(turns, -0.693_359_4, x);
    let rest = fused(turns, 2.121_944_4e-4, rest);
    let mut sum = 1.987_569_1e-4_f32;
    for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = fused(sum, rest, factor);
    }
    let sum = fused(sum, rest * rest, rest + 1.0);
    sum * f32::from_bits((turns as i32 + 127).cast_unsigned() << 23)
}

#[cfg(test)]
mod tests;
