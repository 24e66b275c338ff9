//! The parts that a layer is made of: products, norms, rotations, activations.

use std::fs::File;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor, ggml_file};
use candle_core::{Device, Module, Tensor};
use half::f16;

use crate::writing::gguf::{Gguf, GgufError};
use crate::writing::kernels::{
    Activations, Dense, Matrix, Pair, Processor, Unit, gate, multiply_dense, multiply_into, norm,
    share_out_pieces, unit,
};
use crate::writing::llama::packed::{self, Part};

/// Products that take as long as one unit that our kernels have not.
const COST: usize = 1000;

/// What a product needs beside its numbers: the instructions that run it, and room that is kept.
pub(super) struct Tools {
    pub processor: Processor,
    /// The adapter that stands beside the weights.
    pub chosen: Option<usize>,
    inputs: Activations,
    /// What an adapter's matrices find.
    found: Vec<f32>,
    added: Vec<f32>,
}

impl Tools {
    pub fn new(processor: Processor) -> Self {
        Self { processor, chosen: None, inputs: Activations::default(), found: Vec::new(), added: Vec::new() }
    }
}

/// A matrix that rows of numbers are multiplied with, `[rows, columns]`, and what is added to the product.
pub(super) struct Linear {
    weights: Weights,
    bias: Option<Vec<f32>>,
    /// Of each adapter that may be chosen, what it adds.
    beside: Vec<Option<Beside>>,
    pub rows: usize,
    columns: usize,
}

/// What an adapter adds to a product: `up` times `down` times the inputs.
struct Beside {
    rank: usize,
    down: Dense,
    up: Dense,
}

enum Weights {
    /// In single or half precision.
    Dense(Dense),
    /// A quantisation that our kernels have not, multiplied by candle.
    Quantised(Arc<QTensor>, QMatMul),
    /// As the file has them, multiplied by our kernels.
    Packed(Matrix),
}

impl Linear {
    /// `weights` in single precision, `[rows, columns]`.
    pub fn dense(weights: &[f32], columns: usize, bias: Option<Vec<f32>>) -> Self {
        let rows = weights.len() / columns;
        Self {
            weights: Weights::Dense(Dense::single(columns, weights)),
            bias,
            beside: Vec::new(),
            rows,
            columns,
        }
    }

    /// A tensor of a file.
    ///
    /// # Errors
    /// There is no such tensor, or it has another shape.
    pub fn load(
        gguf: &Gguf,
        file: &mut File,
        name: &str,
        [rows, columns]: [usize; 2],
        bias: Option<Vec<f32>>,
    ) -> Result<Self, GgufError> {
        let kind = gguf.tensors.get(name).map(|tensor| tensor.kind);
        let weights = if kind.is_some_and(packed::keeps) {
            Weights::Packed(packed::matrix(gguf, file, &Part { name, rows }, columns)?)
        } else {
            let tensor = gguf.tensor(file, name, &[rows, columns])?;
            unpacked(tensor, columns).map_err(|error| gguf.broken(name, &error))?
        };
        Ok(Self { weights, bias, beside: Vec::new(), rows, columns })
    }

    /// `[rows, columns]`.
    pub fn size(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Lays what an adapter adds beside it, as number `slot`.
    pub fn lay(&mut self, slot: usize, pair: Option<&Pair>) {
        if slot >= self.beside.len() {
            self.beside.resize_with(slot + 1, || None);
        }
        self.beside[slot] = pair.map(|Pair { rank, down, up }| Beside {
            rank: *rank,
            down: Dense::single(self.columns, down),
            up: Dense::single(*rank, up),
        });
    }

    /// Multiplies each row of `inputs`; `out` is `[count, rows]`.
    pub fn apply(&self, tools: &mut Tools, inputs: &[f32], out: &mut [f32]) -> candle_core::Result<()> {
        self.round(tools, inputs);
        self.multiply(tools, inputs, out, self.rows)
    }

    /// Rounds what our kernels multiply.
    fn round(&self, tools: &mut Tools, inputs: &[f32]) {
        if matches!(self.weights, Weights::Packed(_)) {
            tools.inputs.set(tools.processor, self.columns, inputs);
        }
    }

    /// Row `i` of the product is written at `out[i * stride..]`. The inputs have been rounded.
    fn multiply(
        &self,
        tools: &mut Tools,
        inputs: &[f32],
        out: &mut [f32],
        stride: usize,
    ) -> candle_core::Result<()> {
        match &self.weights {
            Weights::Packed(matrix) => multiply_into(tools.processor, matrix, &tools.inputs, out, stride),
            Weights::Dense(matrix) => multiply_dense(tools.processor, matrix, inputs, out, stride),
            Weights::Quantised(_, product) => {
                let count = inputs.len() / self.columns;
                let inputs = Tensor::from_slice(inputs, (count, self.columns), &Device::Cpu)?;
                let product: Vec<f32> = product.forward(&inputs)?.flatten_all()?.to_vec1()?;
                for (row, out) in product.chunks_exact(self.rows).zip(out.chunks_mut(stride)) {
                    out[..self.rows].copy_from_slice(row);
                }
            }
        }
        if let Some(Some(beside)) = tools.chosen.and_then(|chosen| self.beside.get(chosen)) {
            let Tools { processor, found, added, .. } = tools;
            let count = inputs.len() / self.columns;
            found.resize(count * beside.rank, 0.0);
            multiply_dense(*processor, &beside.down, inputs, found, beside.rank);
            added.resize(count * self.rows, 0.0);
            multiply_dense(*processor, &beside.up, found, added, self.rows);
            for (added, out) in added.chunks_exact(self.rows).zip(out.chunks_mut(stride)) {
                for (sum, added) in out.iter_mut().zip(added) {
                    *sum += added;
                }
            }
        }
        if let Some(bias) = &self.bias {
            for out in out.chunks_mut(stride) {
                for (sum, bias) in out.iter_mut().zip(bias) {
                    *sum += bias;
                }
            }
        }
        Ok(())
    }

    /// One row of the matrix itself: the embedding of a token.
    pub fn row(&self, index: usize, out: &mut [f32]) -> candle_core::Result<()> {
        match &self.weights {
            Weights::Packed(matrix) => matrix.row(index, out),
            Weights::Dense(matrix) => matrix.row(index, out),
            Weights::Quantised(tensor, _) => {
                let data = tensor.data()?;
                let bytes = data.len() / self.rows;
                let bytes = &data[index * bytes..(index + 1) * bytes];
                let shape = vec![1, self.columns];
                let row = ggml_file::qtensor_from_ggml(tensor.dtype(), bytes, shape, &Device::Cpu)?;
                out.copy_from_slice(&row.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?);
            }
        }
        Ok(())
    }
}

/// Weights that are not packed.
fn unpacked(tensor: QTensor, columns: usize) -> candle_core::Result<Weights> {
    Ok(match tensor.dtype() {
        GgmlDType::F16 => {
            let numbers: Vec<f16> =
                tensor.data()?.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes)).collect();
            Weights::Dense(Dense::half(columns, &numbers))
        }
        GgmlDType::F32 | GgmlDType::BF16 => {
            let numbers: Vec<f32> = tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
            Weights::Dense(Dense::single(columns, &numbers))
        }
        _ => {
            let tensor = Arc::new(tensor);
            Weights::Quantised(Arc::clone(&tensor), QMatMul::from_arc(tensor)?)
        }
    })
}

/// Products with several matrices of as many columns, row by row one behind the other: `out` becomes `[count, stride]`,
/// where `stride` is the sum of their rows.
pub(super) fn side_by_side(
    parts: &[Linear],
    tools: &mut Tools,
    inputs: &[f32],
    out: &mut Vec<f32>,
) -> candle_core::Result<()> {
    let Some(one) = parts.first() else { return Ok(()) };
    let stride: usize = parts.iter().map(|part| part.rows).sum();
    out.resize(inputs.len() / one.columns * stride, 0.0);
    if let Some(packed) = parts.iter().find(|part| matches!(part.weights, Weights::Packed(_))) {
        packed.round(tools, inputs);
    }
    let mut first = 0;
    for part in parts {
        part.multiply(tools, inputs, &mut out[first..], stride)?;
        first += part.rows;
    }
    Ok(())
}

/// How states are brought to one size.
pub(super) enum Norm {
    /// By their root mean square.
    Rms { weights: Vec<f32>, epsilon: f32 },
    /// By mean and variance (Ba et al. 2016).
    Layer { weights: Vec<f32>, bias: Vec<f32>, epsilon: f32 },
}

impl Norm {
    /// Of each row of `states`, as wide as the weights; `out` becomes as long as `states`.
    pub fn apply(&self, processor: Processor, states: &[f32], out: &mut Vec<f32>) {
        match self {
            Self::Rms { weights, epsilon } => norm(processor, states, weights, *epsilon, out),
            Self::Layer { weights, bias, epsilon } => {
                out.resize(states.len(), 0.0);
                let width = weights.len();
                for (row, out) in states.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                    let count = width as f64;
                    let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
                    let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
                    let scale = 1.0 / (variance + f64::from(*epsilon)).sqrt();
                    for (((out, x), weight), bias) in out.iter_mut().zip(row).zip(weights).zip(bias) {
                        *out = ((f64::from(*x) - mean) * scale) as f32 * weight + bias;
                    }
                }
            }
        }
    }
}

/// What stands between the two products of a feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Silu,
    /// Hendrycks and Gimpel 2016, with the error function.
    Gelu,
    /// The same by tanh, as GPT-2 has it.
    GeluTanh,
    Relu,
}

impl Activation {
    /// Our kernels' own, where they have it.
    fn unit(self) -> Option<Unit> {
        match self {
            Self::Silu => Some(Unit::Silu),
            Self::GeluTanh => Some(Unit::GeluTanh),
            Self::Gelu | Self::Relu => None,
        }
    }

    /// Of each number of `[count, hidden]`.
    pub fn apply(self, processor: Processor, hidden: usize, numbers: &mut [f32]) {
        if let Some(kind) = self.unit() {
            return unit(processor, kind, numbers);
        }
        share_out_pieces(numbers, hidden, COST * hidden, &|_, numbers| {
            for x in numbers {
                *x = if self == Self::Relu {
                    x.max(0.0)
                } else {
                    0.5 * *x * (1.0 + candle_core::cpu::erf::erf_f32(*x * std::f32::consts::FRAC_1_SQRT_2))
                };
            }
        });
    }

    /// Of rows that hold `hidden` gates and then as many values: the values times what becomes of the gates.
    pub fn gate(self, processor: Processor, hidden: usize, rows: &mut [f32], out: &mut Vec<f32>) {
        if let Some(unit) = self.unit() {
            return gate(processor, unit, hidden, rows, out);
        }
        out.resize(rows.len() / 2, 0.0);
        for (row, out) in rows.chunks_exact_mut(2 * hidden).zip(out.chunks_exact_mut(hidden)) {
            let (gates, values) = row.split_at_mut(hidden);
            self.apply(processor, hidden, gates);
            for ((out, gate), value) in out.iter_mut().zip(gates).zip(values) {
                *out = *gate * *value;
            }
        }
    }
}

/// Which dimensions of a head are turned against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairs {
    /// Each of the first half with its like in the second.
    Halves,
    /// Neighbours, as files of `llama` have it.
    Neighbours,
}

/// Rotary positions (Su et al. 2021).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rope {
    /// Radians that a step turns each pair of dimensions; the head's other dimensions are left alone.
    angles: Vec<f64>,
    /// What the rotated numbers are multiplied by.
    amplitude: f32,
}

impl Rope {
    /// Turns the first `turned` dimensions of a head; `slower` divides the angle of each pair.
    pub fn new(turned: usize, base: f64, slower: &[f32], amplitude: f32) -> Self {
        let angle = |pair: usize| {
            let slower = slower.get(pair).copied().map_or(1.0, f64::from);
            base.powf(-2.0 * pair as f64 / turned as f64) / slower
        };
        Self { angles: (0..turned / 2).map(angle).collect(), amplitude }
    }

    /// Cosine and sine of each pair at a position.
    pub fn turns(&self, position: usize) -> Vec<(f32, f32)> {
        let turn = |angle: &f64| {
            let (sine, cosine) = (position as f64 * angle).sin_cos();
            (cosine as f32 * self.amplitude, sine as f32 * self.amplitude)
        };
        self.angles.iter().map(turn).collect()
    }
}

/// Turns heads of `width` each by what [`Rope::turns`] says.
pub(super) fn rotate(pairs: Pairs, heads: &mut [f32], width: usize, turns: &[(f32, f32)]) {
    let turn = |x: &mut f32, y: &mut f32, (cosine, sine): (f32, f32)| {
        (*x, *y) = (*x * cosine - *y * sine, *y * cosine + *x * sine);
    };
    for head in heads.chunks_exact_mut(width) {
        match pairs {
            Pairs::Halves => {
                let (first, second) = head.split_at_mut(turns.len());
                for ((x, y), turns) in first.iter_mut().zip(second).zip(turns) {
                    turn(x, y, *turns);
                }
            }
            Pairs::Neighbours => {
                for ([x, y], turns) in head.as_chunks_mut().0.iter_mut().zip(turns) {
                    turn(x, y, *turns);
                }
            }
        }
    }
}
