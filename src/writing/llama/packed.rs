//! Tensors of a file as packed matrices.
//!
//! Quantisations of four, five and eight bits keep their codes and scales as they are in the file, and so do the K
//! quantisations of three bits and more; all others are rounded to eight bits for each block of 32, by at most 1/254 of
//! the block's largest weight.

mod super_blocks;

use std::fs::File;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor};
use half::f16;

use crate::writing::gguf::{Gguf, GgufError};
use crate::writing::kernels::{BLOCK, Matrix, Packing, ROWS, SUPER_BLOCK};

/// A named tensor and its rows.
pub(in crate::writing) struct Part<'a> {
    pub name: &'a str,
    pub rows: usize,
}

/// How a tensor of this kind is packed.
fn packing(kind: GgmlDType) -> Packing {
    match kind {
        GgmlDType::Q4_0 | GgmlDType::Q4_1 => Packing::Four,
        GgmlDType::Q5_0 | GgmlDType::Q5_1 => Packing::Five,
        GgmlDType::Q4K => Packing::FourK,
        GgmlDType::Q5K => Packing::FiveK,
        GgmlDType::Q3K | GgmlDType::Q6K => Packing::SixK,
        _ => Packing::Eight,
    }
}

/// Whether a tensor of this kind is packed as it is, with nothing rounded.
pub(in crate::writing) fn keeps(kind: GgmlDType) -> bool {
    packing(kind) != Packing::Eight || kind == GgmlDType::Q8_0
}

/// Bytes that so many weights of this kind take when they are packed.
pub(in crate::writing) fn held(kind: GgmlDType, weights: u64) -> u64 {
    packing(kind).bytes(weights)
}

/// Tensors that become one matrix.
struct Group<'a> {
    packing: Packing,
    rows: usize,
    tensors: Vec<(&'a Part<'a>, QTensor)>,
}

/// Reads tensors of `columns` each and puts one under the other. Neighbours of one packing become one matrix.
pub(in crate::writing) fn matrices(
    gguf: &Gguf,
    file: &mut File,
    parts: &[Part<'_>],
    columns: usize,
) -> Result<Vec<Matrix>, GgufError> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for part in parts {
        let tensor = gguf.tensor(file, part.name, &[part.rows, columns])?;
        let packing = packing(tensor.dtype());
        match groups.last_mut() {
            Some(group) if group.packing == packing && group.rows.is_multiple_of(ROWS) => {
                group.rows += part.rows;
                group.tensors.push((part, tensor));
            }
            _ => groups.push(Group { packing, rows: part.rows, tensors: vec![(part, tensor)] }),
        }
    }
    let mut matrices = Vec::with_capacity(groups.len());
    for group in groups {
        let mut matrix = Matrix::new(group.packing, group.rows, columns).map_err(|_| gguf.too_large())?;
        let mut first = 0;
        for (part, tensor) in group.tensors {
            fill(&mut matrix, first, &tensor).map_err(|error| gguf.broken(part.name, &error))?;
            first += part.rows;
        }
        matrices.push(matrix);
    }
    Ok(matrices)
}

/// Reads one tensor.
pub(in crate::writing) fn matrix(
    gguf: &Gguf,
    file: &mut File,
    part: &Part<'_>,
    columns: usize,
) -> Result<Matrix, GgufError> {
    let tensor = gguf.tensor(file, part.name, &[part.rows, columns])?;
    let mut matrix =
        Matrix::new(packing(tensor.dtype()), part.rows, columns).map_err(|_| gguf.too_large())?;
    fill(&mut matrix, 0, &tensor).map_err(|error| gguf.broken(part.name, &error))?;
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
    let kind = tensor.dtype();
    match (matrix.packing(), kind) {
        (Packing::Four, GgmlDType::Q4_1) => {
            for (index, block) in tensor.data()?.as_chunks::<20>().0.iter().enumerate() {
                let (row, column) = place(index);
                matrix.set(row, column, codes(block, 4), 0, half(block, 0), half(block, 2));
            }
        }
        (Packing::Four, _) => {
            for (index, block) in tensor.data()?.as_chunks::<18>().0.iter().enumerate() {
                let (row, column) = place(index);
                let scale = half(block, 0);
                matrix.set(row, column, codes(block, 2), 0, scale, times(scale, -8.0));
            }
        }
        (Packing::Five, GgmlDType::Q5_1) => {
            for (index, block) in tensor.data()?.as_chunks::<24>().0.iter().enumerate() {
                let (row, column) = place(index);
                let fifth = u32::from_le_bytes(*codes(block, 4));
                matrix.set(row, column, codes(block, 8), fifth, half(block, 0), half(block, 2));
            }
        }
        (Packing::Five, _) => {
            for (index, block) in tensor.data()?.as_chunks::<22>().0.iter().enumerate() {
                let (row, column) = place(index);
                let (fifth, scale) = (u32::from_le_bytes(*codes(block, 2)), half(block, 0));
                matrix.set(row, column, codes(block, 6), fifth, scale, times(scale, -16.0));
            }
        }
        (Packing::FourK | Packing::FiveK | Packing::SixK, _) => {
            let per_row = matrix.columns() / SUPER_BLOCK;
            for (index, block) in tensor.data()?.chunks_exact(kind.type_size()).enumerate() {
                let weights = super_blocks::unpacked(kind, block);
                matrix.set_super(first + index / per_row, index % per_row, &weights);
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
                matrix.set_eight_from(row, column, block);
            }
        }
    }
    Ok(())
}

fn half(block: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([block[at], block[at + 1]])
}

/// A half times a power of two, which is a half unless it is too large for one; such a weight is none.
fn times(scale: f16, factor: f32) -> f16 {
    f16::from_f32(factor * scale.to_f32())
}

/// Some bytes of a block.
fn codes<const CODES: usize>(block: &[u8], at: usize) -> &[u8; CODES] {
    block[at..].first_chunk().unwrap_or(&[0; CODES])
}

#[cfg(test)]
mod tests;
