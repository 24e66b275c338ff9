//! The families of models that can be run, and how each is put together.
//!
//! In: a GGUF file whose `general.architecture` names the family, or a folder with a GPT-2. Out: a [`Forward`]. Quantised
//! files of `llama` have a pass of their own, made for the default model; all others are decoders that a recipe puts
//! together.

mod decoder;
mod gpt2;
mod layers;
mod mixers;
mod recipe;

use candle_core::quantized::GgmlDType;
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::decoder::Decoder;
use self::recipe::Recipe;
use super::WritingError;
use super::folder::Folder;
use super::forward::Forward;
use super::gguf::Gguf;
use super::llama::{Llama, LoadError, MOST_THREADS, Shape, packed};
use super::memory;
use crate::jobs::Task;

/// Values of `general.architecture` that are known.
pub const KNOWN: [&str; 7] = ["gpt2", "llama", "qwen2", "qwen3", "gemma3", "phi3", "lfm2"];

/// Whether a file is for the pass of its own: a `llama` most of whose weights are quantised, and without biases, which that
/// pass does not know.
fn quick(gguf: &Gguf) -> bool {
    let precise = |kind| matches!(kind, GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16);
    gguf.architecture() == "llama"
        && !gguf.main_kind().is_some_and(precise)
        && !gguf.tensors.contains_key("blk.0.attn_q.bias")
}

/// Whether a file's sizes are those of a model that can be run.
///
/// # Errors
/// Another family, a size missing, or sizes that cannot be.
pub fn check(gguf: &Gguf) -> Result<(), String> {
    if quick(gguf) { Shape::from_gguf(gguf).map(drop) } else { Recipe::new(gguf).map(drop) }
}

/// That there is memory for a file's weights as they are held, for the largest of them while it is read, and for keys and
/// values.
///
/// # Errors
/// Another family, sizes that cannot be, or there is less memory.
pub fn check_memory(gguf: &Gguf) -> Result<(), String> {
    let quick = quick(gguf);
    let (per_position, tables) = if quick {
        let shape = Shape::from_gguf(gguf)?;
        (shape.bytes_per_position(), shape.rotation_bytes())
    } else {
        (Recipe::new(gguf)?.bytes_per_position(), 0)
    };
    let (mut held, mut largest) = (0_u64, 0);
    for tensor in gguf.tensors.values() {
        let (elements, raw) = (tensor.elements() as u64, tensor.bytes() as u64);
        let single = elements.saturating_mul(4);
        let (kept, read) = match tensor.kind {
            _ if tensor.shape.len() < 2 => (single, 0),
            kind if packed::keeps(kind) => (packed::held(kind, elements), 2 * raw),
            // Rounded to eight bits by the one, kept as they are or in single precision by the others.
            kind if quick => (packed::held(kind, elements), single.saturating_add(2 * raw)),
            GgmlDType::BF16 => (single, 2 * raw),
            GgmlDType::F32 | GgmlDType::F16 => (raw, single.saturating_add(raw)),
            _ => (raw, raw),
        };
        held = held.saturating_add(kept);
        largest = largest.max(read);
    }
    let vocabulary = gguf.texts("tokenizer.ggml.tokens").map_or(0, <[_]>::len) as u64 * memory::PER_TOKEN;
    let caches = per_position.saturating_mul(memory::POSITIONS);
    let needed = [largest, vocabulary, caches, tables].into_iter().fold(held, u64::saturating_add);
    memory::check(needed, memory::available())
}

/// Loads the weights of a file.
///
/// # Errors
/// As [`check`]; a tensor is missing or has another shape, the file is cut or changed meanwhile, or the task is cancelled.
pub fn load(gguf: &Gguf, task: &Task<'_>) -> Result<Box<dyn Forward>, WritingError> {
    let model = load_weights(gguf, task)?;
    gguf.check_unchanged().map(|()| model)
}

fn load_weights(gguf: &Gguf, task: &Task<'_>) -> Result<Box<dyn Forward>, WritingError> {
    let unusable = |what: String| {
        WritingError::Failed(format!("{} cannot be used as a model: {what}", gguf.path.display()))
    };
    let stopped = |error: LoadError| match error {
        LoadError::Cancelled(cancelled) => WritingError::Cancelled(cancelled),
        error => WritingError::Failed(error.to_string()),
    };
    if quick(gguf) {
        let shape = Shape::from_gguf(gguf).map_err(unusable)?;
        return Ok(Box::new(Llama::load(gguf, shape, task).map_err(stopped)?));
    }
    let recipe = Recipe::new(gguf).map_err(unusable)?;
    let network = recipe.load(gguf, task).map_err(stopped)?;
    Ok(Box::new(Decoder::new(network, threads().map_err(stopped)?)))
}

/// Whether a folder's settings are those of a model that can be run.
///
/// # Errors
/// Another family, a size missing, or sizes that cannot be.
pub fn check_folder(folder: &Folder) -> Result<(), String> {
    gpt2::check(folder)
}

/// Loads the GPT-2 of a folder.
///
/// # Errors
/// Another family, a size or tensor missing, sizes that do not fit each other, or the task is cancelled.
pub fn load_folder(folder: &Folder, task: &Task<'_>) -> Result<Box<dyn Forward>, WritingError> {
    let network = gpt2::load(folder, task)?;
    folder.weights.check_unchanged()?;
    let pool = threads().map_err(|error| WritingError::Failed(error.to_string()))?;
    Ok(Box::new(Decoder::new(network, pool)))
}

fn threads() -> Result<ThreadPool, LoadError> {
    ThreadPoolBuilder::new()
        .num_threads(rayon::current_num_threads().clamp(1, MOST_THREADS))
        .thread_name(|index| format!("writing-{index}"))
        .build()
        .map_err(|error| LoadError::Threads(error.to_string()))
}

#[cfg(test)]
mod tests;
