//! Root mean square norm (Zhang and Sennrich 2019) with frozen weights.
//!
//! In: rows `[tokens, width]`. Out: the same rows, each divided by its root mean square, times the weights.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{ROWS, lend, numbers, plain};

struct Norm {
    /// `[width]`, of the processor.
    weight: Tensor,
    epsilon: f32,
}

/// `x / sqrt(mean(x^2) + epsilon) * weight`, row by row.
///
/// # Errors
/// Shapes that do not fit each other.
pub fn norm(x: &Tensor, weight: &Tensor, epsilon: f32) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return plain::norm(x, weight, epsilon);
    }
    x.apply_op1(Norm { weight: weight.clone(), epsilon })
}

/// What a row is multiplied with. Sums in eight lanes, so that they can be vectors.
fn factor(row: &[f32], epsilon: f32) -> f32 {
    let sum = dot(row, row);
    (sum / row.len() as f32 + epsilon).sqrt().recip()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a_rest, b_rest) = (a.chunks_exact(16).remainder(), b.chunks_exact(16).remainder());
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

impl CustomOp1 for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = numbers(storage, layout)?;
        let out = lend(&self.weight, |weight| {
            let width = weight.len();
            let mut out = vec![0.0; x.len()];
            out.par_chunks_mut(width * ROWS).zip(x.par_chunks(width * ROWS)).for_each(|(out, x)| {
                for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    let factor = factor(x, self.epsilon);
                    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                        *out = x * factor * weight;
                    }
                }
            });
            Ok(out)
        })?;
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let out = lend(x, |x| {
            lend(&gradient, |gradient| {
                lend(&self.weight, |weight| {
                    let width = weight.len();
                    let mut out = vec![0.0; x.len()];
                    out.par_chunks_mut(width * ROWS)
                        .zip(x.par_chunks(width * ROWS))
                        .zip(gradient.par_chunks(width * ROWS))
                        .for_each(|((out, x), gradient)| {
                            let rows = out.chunks_exact_mut(width).zip(x.chunks_exact(width));
                            for ((out, x), gradient) in rows.zip(gradient.chunks_exact(width)) {
                                let factor = factor(x, self.epsilon);
                                for ((out, gradient), weight) in out.iter_mut().zip(gradient).zip(weight) {
                                    *out = gradient * weight;
                                }
                                let along = dot(out, x) * factor * factor / width as f32;
                                for (out, x) in out.iter_mut().zip(x) {
                                    *out = factor * (*out - along * x);
                                }
                            }
                        });
                    Ok(out)
                })
            })
        })?;
        Tensor::from_vec(out, x.shape(), x.device()).map(Some)
    }
}
