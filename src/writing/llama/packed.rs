//! Tensors of a file as packed matrices.
//!
//! `Q4_0` and `Q4_1` keep their codes and scales as they are in the file, as does `Q8_0`; all others are rounded to
//! eight bits for each block of 32, by at most 1/254 of the block's largest weight.

use std::fs::File;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor};
use half::f16;

use crate::writing::gguf::{Gguf, GgufError};
use crate::writing::kernels::{BLOCK, Matrix, Packing};

/// A named tensor and its rows.
pub(in crate::writing) struct Part<'a> {
    pub name: &'a str,
    pub rows: usize,
}

/// Reads tensors of `columns` each and puts one under the other.
pub(in crate::writing) fn matrix(
    gguf: &Gguf,
    file: &mut File,
    parts: &[Part<'_>],
    columns: usize,
) -> Result<Matrix, GgufError> {
    let mut tensors = Vec::with_capacity(parts.len());
    for part in parts {
        tensors.push((part, gguf.tensor(file, part.name, &[part.rows, columns])?));
    }
    let four = |tensor: &QTensor| matches!(tensor.dtype(), GgmlDType::Q4_0 | GgmlDType::Q4_1);
    let packing = if tensors.iter().all(|(_, tensor)| four(tensor)) { Packing::Four } else { Packing::Eight };
    let rows = parts.iter().map(|part| part.rows).sum();
    let mut matrix = Matrix::new(packing, rows, columns).map_err(|_| gguf.too_large())?;
    let mut first = 0;
    for (part, tensor) in tensors {
        fill(&mut matrix, first, &tensor).map_err(|error| gguf.broken(part.name, &error))?;
        first += part.rows;
    }
    Ok(matrix)
}

/// Reads a tensor as numbers.
pub(in crate::writing) fn numbers(
    gguf: &Gguf,
    file: &mut File,
    name: &str,
    shape: &[usize],
) -> Result<Vec<f32>, GgufError> {
    unpacked(&gguf.tensor(file, name, shape)?).map_err(|error| gguf.broken(name, &error))
}

fn unpacked(tensor: &QTensor) -> candle_core::Result<Vec<f32>> {
    tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()
}

/// Packs a tensor into the rows from `first` on.
fn fill(matrix: &mut Matrix, first: usize, tensor: &QTensor) -> candle_core::Result<()> {
    let per_row = matrix.columns() / BLOCK;
    let place = |index: usize| (first + index / per_row, index % per_row);
    match (matrix.packing(), tensor.dtype()) {
        (Packing::Four, GgmlDType::Q4_1) => {
            for (index, block) in tensor.data()?.as_chunks::<20>().0.iter().enumerate() {
                let (row, column) = place(index);
                let [scale, offset] = [half(block, 0), half(block, 2)];
                matrix.set_four(row, column, codes(block, 4), scale, offset);
            }
        }
        (Packing::Four, _) => {
            for (index, block) in tensor.data()?.as_chunks::<18>().0.iter().enumerate() {
                let (row, column) = place(index);
                let scale = half(block, 0);
                // Eight times a half is a half, unless it is too large for one; such a weight is none.
                matrix.set_four(row, column, codes(block, 2), scale, f16::from_f32(-8.0 * scale.to_f32()));
            }
        }
        (Packing::Eight, GgmlDType::Q8_0) => {
            for (index, block) in tensor.data()?.as_chunks::<34>().0.iter().enumerate() {
                let (row, column) = place(index);
                let codes: &[u8; BLOCK] = codes(block, 2);
                matrix.set_eight(row, column, &codes.map(u8::cast_signed), half(block, 0).to_f32());
            }
        }
        (Packing::Eight, _) => {
            for (index, block) in unpacked(tensor)?.as_chunks::<BLOCK>().0.iter().enumerate() {
                let (row, column) = place(index);
                let largest = block.iter().fold(0_f32, |largest, weight| largest.max(weight.abs()));
                let scale = largest / 127.0;
                let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
                let codes = block.map(|weight| (weight * inverse).round_ties_even() as i8);
                matrix.set_eight(row, column, &codes, scale);
            }
        }
    }
    Ok(())
}

fn half(block: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([block[at], block[at + 1]])
}

/// The codes of a block, which stand behind its scales and fill the rest.
fn codes<const CODES: usize>(block: &[u8], at: usize) -> &[u8; CODES] {
    block[at..].first_chunk().unwrap_or(&[0; CODES])
}
