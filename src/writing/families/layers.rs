//! The parts that a layer is made of: products, norms, rotations, activations.

use std::fs::File;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor, ggml_file};
use candle_core::{Device, Module, Tensor};

use crate::writing::gguf::{Gguf, GgufError};
use crate::writing::kernels::{Activations, Matrix, Processor, multiply, norm};
use crate::writing::llama::packed::{self, Part};

/// A matrix that rows of numbers are multiplied with, `[rows, columns]`, and what is added to the product.
pub(super) struct Linear {
    weights: Weights,
    bias: Option<Vec<f32>>,
    pub rows: usize,
    columns: usize,
}

enum Weights {
    /// In single precision, multiplied by candle.
    Dense(Tensor),
    /// A K quantisation or one of five bits, multiplied by candle.
    Quantised(Arc<QTensor>, QMatMul),
    /// Four or eight bits as the file has them, multiplied by our kernels.
    Packed(Matrix),
}

impl Linear {
    /// `weights` in single precision, `[rows, columns]`.
    pub fn dense(
        weights: Vec<f32>,
        rows: usize,
        columns: usize,
        bias: Option<Vec<f32>>,
    ) -> candle_core::Result<Self> {
        let weights = Tensor::from_vec(weights, (rows, columns), &Device::Cpu)?;
        Ok(Self { weights: Weights::Dense(weights), bias, rows, columns })
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
        let packed = matches!(kind, Some(GgmlDType::Q4_0 | GgmlDType::Q4_1 | GgmlDType::Q8_0));
        let weights = if packed {
            Weights::Packed(packed::matrix(gguf, file, &[Part { name, rows }], columns)?)
        } else {
            let tensor = Arc::new(gguf.tensor(file, name, &[rows, columns])?);
            let product = QMatMul::from_arc(Arc::clone(&tensor));
            match product.map_err(|error| gguf.broken(name, &error))? {
                QMatMul::Tensor(tensor) | QMatMul::TensorF16(tensor) => Weights::Dense(tensor),
                product @ QMatMul::QTensor(_) => Weights::Quantised(tensor, product),
            }
        };
        Ok(Self { weights, bias, rows, columns })
    }

    /// Multiplies each row of `inputs`; row `i` of the product is written at `out[i * stride..]`.
    pub fn apply(
        &self,
        processor: Processor,
        inputs: &[f32],
        out: &mut [f32],
        stride: usize,
    ) -> candle_core::Result<()> {
        let count = inputs.len() / self.columns;
        let product = match &self.weights {
            Weights::Packed(matrix) => {
                let (mut activations, mut product) = (Activations::default(), Vec::new());
                activations.set(processor, self.columns, inputs);
                multiply(processor, matrix, &activations, &mut product);
                product
            }
            Weights::Dense(weights) => {
                let inputs = Tensor::from_slice(inputs, (count, self.columns), &Device::Cpu)?;
                inputs.matmul(&weights.t()?)?.flatten_all()?.to_vec1()?
            }
            Weights::Quantised(_, product) => {
                let inputs = Tensor::from_slice(inputs, (count, self.columns), &Device::Cpu)?;
                product.forward(&inputs)?.flatten_all()?.to_vec1()?
            }
        };
        for (row, out) in product.chunks_exact(self.rows).zip(out.chunks_mut(stride)) {
            out[..self.rows].copy_from_slice(row);
            for (sum, bias) in out.iter_mut().zip(self.bias.iter().flatten()) {
                *sum += bias;
            }
        }
        Ok(())
    }

    /// One row of the matrix itself: the embedding of a token.
    pub fn row(&self, index: usize, out: &mut [f32]) -> candle_core::Result<()> {
        match &self.weights {
            Weights::Packed(matrix) => matrix.row(index, out),
            Weights::Dense(weights) => out.copy_from_slice(&weights.get(index)?.to_vec1::<f32>()?),
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
    fn of(self, x: f32) -> f32 {
        match self {
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Gelu => {
                0.5 * x * (1.0 + candle_core::cpu::erf::erf_f32(x * std::f32::consts::FRAC_1_SQRT_2))
            }
            Self::GeluTanh => {
                let root = (2.0 / std::f32::consts::PI).sqrt();
                0.5 * x * (1.0 + (root * (x + 0.044_715 * x * x * x)).tanh())
            }
            Self::Relu => x.max(0.0),
        }
    }

    /// Of each number.
    pub fn apply(self, numbers: &mut [f32]) {
        for x in numbers {
            *x = self.of(*x);
        }
    }

    /// Of rows that hold `hidden` gates and then as many values: the values times what becomes of the gates.
    pub fn gate(self, hidden: usize, rows: &[f32], out: &mut Vec<f32>) {
        out.resize(rows.len() / 2, 0.0);
        for (row, out) in rows.chunks_exact(2 * hidden).zip(out.chunks_exact_mut(hidden)) {
            let (gates, values) = row.split_at(hidden);
            for ((out, gate), value) in out.iter_mut().zip(gates).zip(values) {
                *out = self.of(*gate) * value;
            }
        }
    }
}

/// Rotary positions (Su et al. 2021) where the halves of a head are turned against each other.
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
pub(super) fn rotate(heads: &mut [f32], width: usize, turns: &[(f32, f32)]) {
    for head in heads.chunks_exact_mut(width) {
        let (first, second) = head.split_at_mut(turns.len());
        for ((x, y), (cosine, sine)) in first.iter_mut().zip(second).zip(turns) {
            (*x, *y) = (*x * cosine - *y * sine, *y * cosine + *x * sine);
        }
    }
}
