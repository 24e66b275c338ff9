//! How unlikely the tokens of a message were.
//!
//! In: logits `[tokens, vocabulary]`, the token that stood at each place, and what each counts. Out: the sum of
//! `weight * -ln(probability)`, one number.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{exponential, lend, numbers, plain};

struct Loss {
    wanted: Arc<[(u32, f32)]>,
}

/// Cross-entropy of logits, each token times its weight. The weights may add up to one, or to a part of it.
///
/// # Errors
/// Shapes that do not fit each other.
pub fn loss(logits: &Tensor, wanted: &[(u32, f32)]) -> Result<Tensor> {
    if !logits.device().is_cpu() {
        return plain::loss(logits, wanted);
    }
    logits.apply_op1(Loss { wanted: wanted.into() })
}

/// The largest logit, and the sum of the exponentials of all relative to it.
fn shares(row: &[f32]) -> (f32, f32) {
    let mut most = [f32::NEG_INFINITY; 16];
    for chunk in row.chunks(16) {
        for (most, number) in most.iter_mut().zip(chunk) {
            *most = most.max(*number);
        }
    }
    let most = most.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0_f32; 16];
    for chunk in row.chunks(16) {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum += exponential(number - most);
        }
    }
    (most, sums.iter().sum())
}

impl CustomOp1 for Loss {
    fn name(&self) -> &'static str {
        "loss"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let vocabulary = layout.shape().dims2()?.1;
        let logits = numbers(storage, layout)?;
        let each: Vec<f64> = logits
            .par_chunks_exact(vocabulary)
            .zip(&self.wanted[..])
            .map(|(row, (token, weight))| {
                let (most, sum) = shares(row);
                f64::from(*weight) * f64::from(sum.ln() + most - row[*token as usize])
            })
            .collect();
        Ok((CpuStorage::F32(vec![each.iter().sum::<f64>() as f32]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let vocabulary = logits.dims2()?.1;
        let scale = gradient.to_scalar::<f32>()?;
        let out = lend(logits, |logits| {
            let mut out = vec![0.0; logits.len()];
            out.par_chunks_exact_mut(vocabulary)
                .zip(logits.par_chunks_exact(vocabulary))
                .zip(&self.wanted[..])
                .for_each(|((out, row), (token, weight))| {
                    let (most, sum) = shares(row);
                    let weight = weight * scale;
                    for (out, number) in out.iter_mut().zip(row) {
                        *out = exponential(number - most) * (weight / sum);
                    }
                    out[*token as usize] -= weight;
                });
            Ok(out)
        })?;
        Tensor::from_vec(out, logits.shape(), logits.device()).map(Some)
    }
}
