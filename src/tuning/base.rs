//! Loads the model that is to learn.
//!
//! In: a GGUF file of architecture `llama`. Out: its weights in f32, rows as Hugging Face has them. llama.cpp's converter puts
//! the rows of queries and keys in another order, so that neighbours of a head are turned together and not its halves; here
//! they are put back, so that an adapter means the same to PEFT.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::TuneError;
use super::forward::{Layer, Network, rotations};
use super::lora::Projection;
use crate::jobs::Task;
use crate::writing::catalogue::Choice;
use crate::writing::gguf::{Gguf, GgufError};
use crate::writing::llama::Shape;
use crate::writing::memory;

/// Positions that are prepared for, whatever the file says: messages are short.
const LONGEST_CONTEXT: usize = 4096;

/// The device that learns: a graphics card where the program was built for one and there is one, else the processor.
#[must_use]
pub fn device() -> Device {
    #[cfg(feature = "cuda")]
    if let Ok(device) = Device::new_cuda(0) {
        return device;
    }
    Device::Cpu
}

/// Name and file of the model that the settings choose.
///
/// # Errors
/// It is no file on this machine that could learn.
pub fn chosen(model: &str) -> Result<(String, PathBuf), TuneError> {
    let choice = Choice::parse(model)?;
    let name = choice.name();
    match choice {
        Choice::File(path) => Ok((name, path)),
        Choice::Named(entry) if entry.is_fetched() => Ok((name, entry.path()?)),
        Choice::Named(_) => Err(TuneError::Failed(format!(
            "{name} is not on this machine: fetch it with `perennial model pull {name}`"
        ))),
        Choice::Folder(_) | Choice::Templates | Choice::Served(_) => Err(TuneError::NoModel(format!(
            "{name} cannot learn: choose a GGUF model of the llama family on this machine with --model"
        ))),
    }
}

/// That there is memory for the weights in single precision, and for what is kept of so many tokens on the way to the loss.
///
/// # Errors
/// There is less.
pub fn check_memory(gguf: &Gguf, sizes: &Shape, tokens: usize) -> Result<(), TuneError> {
    if !device().is_cpu() {
        return Ok(());
    }
    let of_token = sizes.layers * (10 * sizes.width + 4 * sizes.hidden) + 2 * sizes.vocabulary;
    let numbers = gguf.parameters().saturating_add((of_token as u64).saturating_mul(tokens as u64));
    memory::shortage(numbers.saturating_mul(4), memory::available()).map_or(Ok(()), |short| {
        Err(TuneError::Failed(format!(
            "{} cannot learn here: {short}. Close other programs, or choose a smaller model of the llama family",
            gguf.path.display()
        )))
    })
}

/// The sizes of a file, where it is one that can learn.
///
/// # Errors
/// As [`Shape::of_file`], or projections with biases.
pub fn sizes(gguf: &Gguf) -> Result<Shape, TuneError> {
    let unusable = |what: String| {
        TuneError::Failed(format!(
            "{} cannot be tuned: {what}. Choose a model of the llama family, such as the default one",
            gguf.path.display()
        ))
    };
    let shape = Shape::of_file(gguf).map_err(unusable)?;
    if gguf.tensors.contains_key("blk.0.attn_q.bias") {
        return Err(unusable("its projections have biases".into()));
    }
    Ok(Shape { context: shape.context.min(LONGEST_CONTEXT), ..shape })
}

/// Loads the weights of a file.
///
/// # Errors
/// As [`sizes`]; a tensor is missing or has another shape, the file is cut, or cancelled.
pub fn load(gguf: &Gguf, device: &Device, task: &Task<'_>) -> Result<Network, TuneError> {
    let sizes = sizes(gguf)?;
    let done = AtomicU64::new(0);
    let layers: Result<Vec<Layer>, TuneError> = (0..sizes.layers)
        .into_par_iter()
        .map(|index| {
            task.check()?;
            let layer = Reader::open(gguf, device)?.layer(&sizes, index)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            task.progress("loading the model", done, Some(sizes.layers as u64));
            Ok(layer)
        })
        .collect();
    let layers = layers?;
    let mut reader = Reader::open(gguf, device)?;
    let table = [sizes.vocabulary, sizes.width];
    let embedding = reader.tensor("token_embd.weight", &table)?;
    let has = |name| gguf.tensors.contains_key(name);
    let output = has("output.weight").then(|| reader.tensor("output.weight", &table)).transpose()?;
    let output_norm = reader.tensor("output_norm.weight", &[sizes.width])?;
    let half = sizes.head_width / 2;
    let factors = if has("rope_freqs.weight") {
        reader.tensor("rope_freqs.weight", &[half])?.to_vec1()?
    } else {
        vec![1.0; half]
    };
    gguf.check_unchanged()?;
    let rotations = Arc::new(rotations(&sizes, &factors));
    Ok(Network { sizes, embedding, output, output_norm, layers, rotations, device: device.clone() })
}

struct Reader<'a> {
    gguf: &'a Gguf,
    file: File,
    device: &'a Device,
}

impl<'a> Reader<'a> {
    fn open(gguf: &'a Gguf, device: &'a Device) -> Result<Self, TuneError> {
        let file =
            File::open(&gguf.path).map_err(|source| GgufError::Io { path: gguf.path.clone(), source })?;
        Ok(Self { gguf, file, device })
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, TuneError> {
        Ok(self.gguf.tensor(&mut self.file, name, shape)?.dequantize(&Device::Cpu)?.to_device(self.device)?)
    }

    fn layer(&mut self, sizes: &Shape, index: usize) -> Result<Layer, TuneError> {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let mut matrices = Vec::with_capacity(Projection::ALL.len());
        for projection in Projection::ALL {
            let (part, heads) = match projection {
                Projection::Query => ("attn_q", Some(sizes.heads)),
                Projection::Key => ("attn_k", Some(sizes.kv_heads)),
                Projection::Value => ("attn_v", None),
                Projection::Output => ("attn_output", None),
                Projection::Gate => ("ffn_gate", None),
                Projection::Up => ("ffn_up", None),
                Projection::Down => ("ffn_down", None),
            };
            let (columns, rows) = projection.size(sizes);
            let matrix = self.tensor(&name(part), &[rows, columns])?;
            matrices.push(match heads {
                None => matrix,
                Some(heads) => halves(&matrix, heads)?,
            });
        }
        let matrices =
            matrices.try_into().map_err(|_| TuneError::Failed("a layer has not seven matrices".into()))?;
        Ok(Layer {
            attention_norm: self.tensor(&name("attn_norm"), &[sizes.width])?,
            hidden_norm: self.tensor(&name("ffn_norm"), &[sizes.width])?,
            matrices,
        })
    }
}

/// Rows that are neighbours in pairs become the halves of each head again.
fn halves(matrix: &Tensor, heads: usize) -> candle_core::Result<Tensor> {
    let (rows, columns) = matrix.dims2()?;
    let paired = matrix.reshape((heads, rows / heads / 2, 2, columns))?;
    paired.transpose(1, 2)?.contiguous()?.reshape((rows, columns))
}
