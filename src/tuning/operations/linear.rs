//! A frozen matrix with a low-rank adapter beside it (LoRA, Hu et al. 2021).
//!
//! In: rows `[tokens, in]`. Out: `x W' + scale (dropped(x) A') B'`, `[tokens, out]`. The frozen matrix gets no gradient, which
//! candle's own product would compute and throw away: a third of all work.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

use super::product::{Left, add_product, turned};
use super::{ROWS, lend, numbers, plain};

/// Columns of an adapter's gradient that one thread sums up.
const COLUMNS: usize = 64;

/// The adapter beside a matrix.
#[derive(Clone)]
pub struct LowRank<'a> {
    /// `A`, `[rank, in]`, and `B`, `[out, rank]`.
    pub down: &'a Tensor,
    pub up: &'a Tensor,
    /// `alpha / rank`.
    pub scale: f32,
    pub dropout: Option<Dropout>,
}

/// Numbers of the input that the adapter does not see, chosen anew each time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Part of the numbers, below 1.
    pub rate: f32,
    pub seed: u64,
}

impl Dropout {
    /// What is left of rows that begin at number `first` of the input: the others are made larger for those that are gone.
    pub fn apply(self, first: usize, numbers: &mut [f32]) {
        let kept = 1.0 / (1.0 - self.rate);
        for (number, at) in numbers.iter_mut().zip(first as u64..) {
            // SplitMix64: each place has a number of its own.
            let mut bits = self.seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let drawn = ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 24) as f32;
            *number *= if drawn < self.rate { 0.0 } else { kept };
        }
    }
}

/// A frozen matrix `[out, in]` times each row, with the adapter where there is one. Nothing is sent back into an input that
/// nobody learns from.
///
/// # Errors
/// Shapes that do not fit each other.
pub fn linear(x: &Tensor, weight: &Tensor, adapter: Option<&LowRank<'_>>) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return plain::linear(x, weight, adapter);
    }
    let frozen = Frozen { weight: weight.clone() };
    match adapter {
        None => x.apply_op1(frozen),
        Some(adapter) => {
            let (scale, dropout) = (adapter.scale, adapter.dropout);
            let operation = Adapted { frozen, scale, dropout, goes_back: x.track_op() };
            x.apply_op3(adapter.down, adapter.up, operation)
        }
    }
}

struct Frozen {
    weight: Tensor,
}

impl Frozen {
    /// Rows times the matrix, or times its transposed.
    fn times(&self, x: &CpuStorage, layout: &Layout, turned: bool) -> Result<(Vec<f32>, Shape)> {
        let (tokens, inner) = layout.shape().dims2()?;
        let weight = if turned { self.weight.t()? } else { self.weight.clone() };
        let (rows, columns) = weight.dims2()?;
        if rows != inner {
            bail!("rows of {inner} numbers do not fit a matrix of {rows}")
        }
        let (storage, weight_layout) = weight.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { bail!("the matrix is on another device") };
        match x.matmul(storage, (1, tokens, columns, inner), layout, weight_layout)? {
            CpuStorage::F32(out) => Ok((out, Shape::from((tokens, columns)))),
            _ => bail!("a pass that learns runs on f32"),
        }
    }

    fn back(&self, gradient: &Tensor) -> Result<Vec<f32>> {
        let (storage, layout) = gradient.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { bail!("the gradient is on another device") };
        self.times(storage, layout, false).map(|(out, _)| out)
    }
}

impl CustomOp1 for Frozen {
    fn name(&self) -> &'static str {
        "frozen"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (out, shape) = self.times(x, layout, true)?;
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let out = self.back(&gradient.contiguous()?)?;
        Tensor::from_vec(out, x.shape(), x.device()).map(Some)
    }
}

struct Adapted {
    frozen: Frozen,
    scale: f32,
    dropout: Option<Dropout>,
    /// Whether the input's gradient is wanted.
    goes_back: bool,
}

impl Adapted {
    /// `[tokens, rank]`: the rows as the adapter sees them, times `A`.
    fn narrowed(&self, x: &[f32], (width, rank): (usize, usize), down: &[f32]) -> Vec<f32> {
        let down = turned(down, width, 1.0);
        let mut out = vec![0.0; x.len() / width * rank];
        out.par_chunks_mut(ROWS * rank).zip(x.par_chunks(ROWS * width)).enumerate().for_each(
            |(piece, (out, x))| {
                let tokens = x.len() / width;
                let mut seen = Vec::new();
                let x = self.seen(x, piece * ROWS * width, &mut seen);
                add_product((tokens, rank, width), Left::new(x, width), (&down, rank), (out, rank));
            },
        );
        out
    }

    /// Rows that begin at number `first`, without those that are dropped.
    fn seen<'a>(&self, x: &'a [f32], first: usize, seen: &'a mut Vec<f32>) -> &'a [f32] {
        let Some(dropout) = self.dropout else { return x };
        seen.clear();
        seen.extend_from_slice(x);
        dropout.apply(first, seen);
        seen
    }

    /// `left' * right` of `[tokens, rank]` and `[tokens, width]`: `[rank, width]`.
    fn gathered(left: &[f32], rank: usize, right: &[f32], width: usize) -> Vec<f32> {
        let tokens = left.len() / rank;
        let pieces: Vec<Vec<f32>> = (0..width.div_ceil(COLUMNS))
            .into_par_iter()
            .map(|piece| {
                let start = piece * COLUMNS;
                let columns = COLUMNS.min(width - start);
                let mut out = vec![0.0; rank * columns];
                let right = right.get(start..).unwrap_or_default();
                let left = Left::turned(left, rank);
                add_product((rank, columns, tokens), left, (right, width), (&mut out, columns));
                out
            })
            .collect();
        let mut out = vec![0.0; rank * width];
        for (piece, numbers) in pieces.iter().enumerate() {
            let columns = numbers.len() / rank;
            for (row, numbers) in numbers.chunks_exact(columns).enumerate() {
                out[row * width + piece * COLUMNS..][..columns].copy_from_slice(numbers);
            }
        }
        out
    }
}

impl CustomOp3 for Adapted {
    fn name(&self) -> &'static str {
        "adapted"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        down: &CpuStorage,
        down_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (mut out, shape) = self.frozen.times(x, x_layout, true)?;
        let (width, rank) = (x_layout.shape().dims2()?.1, up_layout.shape().dims2()?.1);
        let outer = shape.dims2()?.1;
        let narrow = self.narrowed(numbers(x, x_layout)?, (width, rank), numbers(down, down_layout)?);
        let up = turned(numbers(up, up_layout)?, rank, self.scale);
        out.par_chunks_mut(ROWS * outer).zip(narrow.par_chunks(ROWS * rank)).for_each(|(out, narrow)| {
            let tokens = narrow.len() / rank;
            add_product((tokens, outer, rank), Left::new(narrow, rank), (&up, outer), (out, outer));
        });
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        down: &Tensor,
        up: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (width, (outer, rank)) = (x.dims2()?.1, up.dims2()?);
        let mut to_x = if self.goes_back { Some(self.frozen.back(&gradient)?) } else { None };
        let (to_down, to_up) = lend(x, |x| {
            lend(down, |down| {
                lend(up, |up| {
                    lend(&gradient, |gradient| {
                        // What reaches the narrow rows, `[tokens, rank]`.
                        let scaled: Vec<f32> = up.iter().map(|number| number * self.scale).collect();
                        let mut reached = vec![0.0; x.len() / width * rank];
                        reached.par_chunks_mut(ROWS * rank).zip(gradient.par_chunks(ROWS * outer)).for_each(
                            |(reached, gradient)| {
                                let size = (gradient.len() / outer, rank, outer);
                                let gradient = Left::new(gradient, outer);
                                add_product(size, gradient, (&scaled, rank), (reached, rank));
                            },
                        );
                        let narrow = self.narrowed(x, (width, rank), down);
                        let mut to_up = Self::gathered(&narrow, rank, gradient, outer);
                        for number in &mut to_up {
                            *number *= self.scale;
                        }
                        let mut seen = Vec::new();
                        let to_down = Self::gathered(&reached, rank, self.seen(x, 0, &mut seen), width);
                        if let Some(to_x) = &mut to_x {
                            self.add_to_input(to_x, &reached, (width, rank), down);
                        }
                        Ok((to_down, turned(&to_up, outer, 1.0)))
                    })
                })
            })
        })?;
        let to_x = to_x.map(|to_x| Tensor::from_vec(to_x, x.shape(), x.device())).transpose()?;
        let to_down = Tensor::from_vec(to_down, down.shape(), x.device())?;
        let to_up = Tensor::from_vec(to_up, up.shape(), x.device())?;
        Ok((to_x, Some(to_down), Some(to_up)))
    }
}

impl Adapted {
    /// Adds what the adapter sends back to its input.
    fn add_to_input(&self, to_x: &mut [f32], reached: &[f32], (width, rank): (usize, usize), down: &[f32]) {
        to_x.par_chunks_mut(ROWS * width).zip(reached.par_chunks(ROWS * rank)).enumerate().for_each(
            |(piece, (to_x, reached))| {
                let size = (reached.len() / rank, width, rank);
                let reached = Left::new(reached, rank);
                match self.dropout {
                    None => add_product(size, reached, (down, width), (to_x, width)),
                    Some(dropout) => {
                        let mut sent = vec![0.0; to_x.len()];
                        add_product(size, reached, (down, width), (&mut sent, width));
                        dropout.apply(piece * ROWS * width, &mut sent);
                        to_x.iter_mut().zip(&sent).for_each(|(to, sent)| *to += sent);
                    }
                }
            },
        );
    }
}
