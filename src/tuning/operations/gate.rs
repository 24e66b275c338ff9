//! The gated unit of the llama family (SwiGLU, Shazeer 2020).
//!
//! In: gate and up, `[tokens, hidden]` each. Out: `silu(gate) * up`.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{exponential, lend, numbers, plain};

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 14;

struct Gate;

/// `gate * sigmoid(gate) * up`.
///
/// # Errors
/// Shapes that differ.
pub fn gate(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if !gate.device().is_cpu() {
        return plain::gate(gate, up);
    }
    gate.apply_op2(up, Gate)
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exponential(-x))
}

impl CustomOp2 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (gate, up) = (numbers(gate, layout)?, numbers(up, up_layout)?);
        let mut out = vec![0.0; gate.len()];
        out.par_chunks_mut(PIECE).zip(gate.par_chunks(PIECE)).zip(up.par_chunks(PIECE)).for_each(
            |((out, gate), up)| {
                for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                    *out = gate * sigmoid(*gate) * up;
                }
            },
        );
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(
        &self,
        gate: &Tensor,
        up: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (to_gate, to_up) = lend(gate, |gate| {
            lend(up, |up| {
                lend(&gradient, |gradient| {
                    let (mut to_gate, mut to_up) = (vec![0.0; gate.len()], vec![0.0; gate.len()]);
                    to_gate
                        .par_chunks_mut(PIECE)
                        .zip(to_up.par_chunks_mut(PIECE))
                        .zip(gate.par_chunks(PIECE))
                        .zip(up.par_chunks(PIECE))
                        .zip(gradient.par_chunks(PIECE))
                        .for_each(|((((to_gate, to_up), gate), up), gradient)| {
                            let out = to_gate.iter_mut().zip(to_up.iter_mut());
                            for (((to, gate), up), gradient) in out.zip(gate).zip(up).zip(gradient) {
                                let open = sigmoid(*gate);
                                *to.0 = gradient * up * open * (1.0 + gate * (1.0 - open));
                                *to.1 = gradient * gate * open;
                            }
                        });
                    Ok((to_gate, to_up))
                })
            })
        })?;
        let tensor = |numbers| Tensor::from_vec(numbers, gate.shape(), gate.device()).map(Some);
        Ok((tensor(to_gate)?, tensor(to_up)?))
    }
}
