//! Loads the model that is to learn.
//!
//! In: a GGUF file of architecture `llama`. Out: its weights in f32, rows as Hugging Face has them. llama.cpp's converter puts
//! the rows of queries and keys in another order, so that neighbours of a head are turned together and not its halves; here
//! they are put back, so that an adapter means the same to PEFT.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::TuneError;
use super::forward::{Layer, Network, Sizes, rotations};
use super::lora::Projection;
use crate::jobs::Task;
use crate::writing::gguf::{Gguf, GgufError};

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

/// The sizes of a file, where it is one that can learn.
///
/// # Errors
/// Another family, a size missing, or sizes that cannot be.
pub fn sizes(gguf: &Gguf) -> Result<Sizes, TuneError> {
    let unusable = |what: String| {
        TuneError::Failed(format!(
            "{} cannot be tuned: {what}. Choose a model of the llama family, such as the default one",
            gguf.path.display()
        ))
    };
    let architecture = gguf.architecture();
    if architecture != "llama" {
        return Err(unusable(format!(
            "its architecture is \"{architecture}\", and only \"llama\" can learn so far"
        )));
    }
    if gguf.count("llama.expert_count").is_some_and(|experts| experts > 1) {
        return Err(unusable("it is a mixture of experts".into()));
    }
    if gguf.text("llama.rope.scaling.type").is_some_and(|kind| kind != "none") {
        return Err(unusable("it stretches its positions (rope scaling)".into()));
    }
    if gguf.tensors.contains_key("blk.0.attn_q.bias") {
        return Err(unusable("its projections have biases".into()));
    }
    let size = |key: &str| {
        let size = gguf.count(&format!("llama.{key}")).filter(|size| (1..=1 << 24).contains(size));
        size.ok_or_else(|| unusable(format!("its metadata have no usable llama.{key}")))
    };
    let (width, heads) = (size("embedding_length")?, size("attention.head_count")?);
    let sizes = Sizes {
        layers: size("block_count")?,
        width,
        hidden: size("feed_forward_length")?,
        heads,
        kv_heads: size("attention.head_count_kv").unwrap_or(heads),
        head_width: width / heads,
        vocabulary: gguf.texts("tokenizer.ggml.tokens").map_or(0, <[_]>::len),
        context: size("context_length")?.min(LONGEST_CONTEXT),
        rope_base: gguf.number("llama.rope.freq_base").unwrap_or(10_000.0),
        epsilon: gguf.number("llama.attention.layer_norm_rms_epsilon").unwrap_or(1e-5) as f32,
    };
    let fits = sizes.layers <= gguf.tensors.len()
        && width.is_multiple_of(heads)
        && heads.is_multiple_of(sizes.kv_heads)
        && sizes.head_width.is_multiple_of(2)
        && gguf.count("llama.rope.dimension_count").is_none_or(|turned| turned == sizes.head_width)
        && sizes.rope_base.is_finite()
        && sizes.rope_base > 1.0;
    if fits { Ok(sizes) } else { Err(unusable(format!("its sizes do not fit each other: {sizes:?}"))) }
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

    fn layer(&mut self, sizes: &Sizes, index: usize) -> Result<Layer, TuneError> {
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
