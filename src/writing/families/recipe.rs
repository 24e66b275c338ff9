//! How the families are put together from a GGUF file.
//!
//! In: metadata that nobody vouches for. Out: sizes that fit each other, then layers whose tensors have these sizes.

use std::fs::File;

use super::KNOWN;
use super::decoder::{Layer, Network};
use super::layers::{Activation, Linear, Norm, Pairs, Rope};
use super::mixers::{Convolution, Heads, Mixer};
use crate::jobs::Task;
use crate::writing::gguf::{Gguf, GgufError};
use crate::writing::llama::LoadError;
use crate::writing::llama::packed::numbers;

/// Of Gemma 3, every sixth layer sees everything.
const GEMMA_PATTERN: usize = 6;
/// The rotations of Gemma 3's other layers.
const GEMMA_LOCAL_BASE: f64 = 10_000.0;
/// The one size of Gemma 3 whose queries are scaled by the width of a head of a model without wider heads.
const GEMMA_27B_LAYERS: usize = 62;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Gpt2,
    Llama,
    Qwen2,
    Qwen3,
    Gemma3,
    Phi3,
    Lfm2,
}

/// Sizes from the metadata, checked against each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recipe {
    family: Family,
    layers: usize,
    width: usize,
    hidden: usize,
    heads: usize,
    /// Of each layer; none where it convolves.
    kv_heads: Vec<usize>,
    head_width: usize,
    vocabulary: usize,
    context: usize,
    epsilon: f32,
    /// Dimensions of a head that are turned.
    turned: usize,
    rope_base: f64,
    /// What the angles of layers that see everything are divided by.
    stretch: f32,
    /// What the rotated numbers are multiplied by.
    amplitude: f32,
    window: Option<usize>,
    /// Positions of a convolution.
    reach: usize,
}

impl Recipe {
    /// Reads the sizes of a file.
    ///
    /// # Errors
    /// A family that is not known, a size missing, or sizes that cannot be.
    pub fn new(gguf: &Gguf) -> Result<Self, String> {
        let architecture = gguf.architecture();
        let family = match architecture {
            "gpt2" => Family::Gpt2,
            "llama" => Family::Llama,
            "qwen2" => Family::Qwen2,
            "qwen3" => Family::Qwen3,
            "gemma3" => Family::Gemma3,
            "phi3" => Family::Phi3,
            "lfm2" => Family::Lfm2,
            _ => {
                return Err(format!(
                    "its architecture is \"{architecture}\", which cannot be run here (known: {})",
                    KNOWN.join(", ")
                ));
            }
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let given = |name: &str| gguf.count(&key(name)).filter(|size| (1..=1 << 24).contains(size));
        let size = |name: &str| {
            given(name).ok_or_else(|| format!("its metadata have no usable {architecture}.{name}"))
        };
        let number = |name: &str| gguf.number(&key(name));
        let (layers, width) = (size("block_count")?, size("embedding_length")?);
        if given("expert_count").is_some_and(|experts| experts > 1) {
            return Err("it is a mixture of experts, which cannot be run here".into());
        }
        if layers > gguf.tensors.len() {
            return Err(format!("it announces {layers} layers, but has {} tensors", gguf.tensors.len()));
        }
        let heads = size("attention.head_count")?;
        let head_width = given("attention.key_length").unwrap_or(width / heads);
        let mut recipe = Self {
            family,
            layers,
            width,
            hidden: size("feed_forward_length")?,
            heads,
            kv_heads: vec![given("attention.head_count_kv").unwrap_or(heads); layers],
            head_width,
            vocabulary: gguf.texts("tokenizer.ggml.tokens").map_or(0, <[_]>::len),
            context: size("context_length")?,
            epsilon: number("attention.layer_norm_epsilon")
                .or_else(|| number("attention.layer_norm_rms_epsilon"))
                .unwrap_or(1e-5) as f32,
            turned: given("rope.dimension_count").unwrap_or(head_width),
            rope_base: number("rope.freq_base").unwrap_or(match family {
                Family::Gemma3 | Family::Lfm2 => 1_000_000.0,
                _ => 10_000.0,
            }),
            stretch: 1.0,
            amplitude: number("rope.scaling.attn_factor").unwrap_or(1.0) as f32,
            window: given("attention.sliding_window")
                .filter(|_| matches!(family, Family::Gemma3 | Family::Phi3)),
            reach: 0,
        };
        recipe.positions(gguf)?;
        if family == Family::Lfm2 {
            recipe.reach = size("shortconv.l_cache")?;
            if let Some(list) = gguf.integers(&key("attention.head_count_kv")) {
                recipe.kv_heads =
                    list.iter().map(|heads| usize::try_from(*heads).unwrap_or(usize::MAX)).collect();
            }
        }
        if family == Family::Gemma3 && recipe.window.is_none() {
            return Err("its metadata have no usable gemma3.attention.sliding_window".into());
        }
        if recipe.fits(given("attention.value_length")) {
            Ok(recipe)
        } else {
            Err(format!("its sizes do not fit each other: {recipe:?}"))
        }
    }

    /// How the file stretches its positions, or up to where it does not.
    fn positions(&mut self, gguf: &Gguf) -> Result<(), String> {
        let key = |name: &str| format!("{}.rope.scaling.{name}", gguf.architecture());
        let original = gguf.count(&key("original_context_length")).filter(|length| *length > 0);
        match gguf.text(&key("type")) {
            None | Some("none" | "longrope") => {
                // Long factors hold beyond the original context only; below it the short ones do.
                if gguf.tensors.contains_key("rope_factors_short.weight") {
                    self.context = original.map_or(self.context, |length| length.min(self.context));
                }
            }
            Some("linear") if self.family == Family::Gemma3 => {
                self.stretch = gguf.number(&key("factor")).unwrap_or(1.0) as f32;
            }
            Some(kind) => match original {
                // Below the length that it was trained for, most kinds leave positions as they are.
                Some(length) if kind == "yarn" && self.family != Family::Llama => {
                    self.context = length.min(self.context);
                }
                _ => {
                    return Err(format!(
                        "it stretches its positions by \"{kind}\", which cannot be run here"
                    ));
                }
            },
        }
        Ok(())
    }

    fn fits(&self, value_width: Option<usize>) -> bool {
        let heads_fit = |kv: &usize| {
            *kv == 0 && self.family == Family::Lfm2
                || *kv > 0 && *kv <= self.heads && self.heads.is_multiple_of(*kv)
        };
        let own_width = matches!(self.family, Family::Llama | Family::Qwen3 | Family::Gemma3);
        self.kv_heads.len() == self.layers
            && self.kv_heads.iter().all(heads_fit)
            && self.head_width > 0
            && (own_width || self.head_width * self.heads == self.width)
            && value_width.is_none_or(|width| width == self.head_width)
            && self.turned.is_multiple_of(2)
            && (2..=self.head_width).contains(&self.turned)
            && self.vocabulary > 0
            && self.rope_base.is_finite()
            && self.rope_base > 1.0
            && [self.epsilon, self.stretch, self.amplitude].iter().all(|x| x.is_finite() && *x > 0.0)
    }

    /// Bytes of the keys and values of one position.
    pub fn bytes_per_position(&self) -> u64 {
        let convolved =
            (self.kv_heads.iter().filter(|heads| **heads == 0).count() as u64) * self.width as u64;
        let attended = self.kv_heads.iter().fold(0_u64, |all, heads| all.saturating_add(*heads as u64));
        attended.saturating_mul(self.head_width as u64 * 8).saturating_add(convolved.saturating_mul(4))
    }

    /// Reads the weights.
    ///
    /// # Errors
    /// A tensor is missing or has another shape, the file is cut, or the task is cancelled.
    pub fn load(&self, gguf: &Gguf, task: &Task<'_>) -> Result<Network, LoadError> {
        let path = gguf.path.as_path();
        let file = File::open(path).map_err(|source| GgufError::Io { path: path.to_owned(), source })?;
        let mut reader = Reader { recipe: self, gguf, file };
        let mut layers = Vec::new();
        for index in 0..self.layers {
            task.check()?;
            layers.push(reader.layer(index)?);
            task.progress("loading the model", index as u64 + 1, Some(self.layers as u64));
        }
        let (width, vocabulary) = (self.width, self.vocabulary);
        let has = |name: &str| gguf.tensors.contains_key(name);
        let embedding = reader.linear("token_embd.weight", [vocabulary, width], None)?;
        let output = has("output.weight")
            .then(|| reader.linear("output.weight", [vocabulary, width], None))
            .transpose()?;
        let positions = (self.family == Family::Gpt2)
            .then(|| reader.numbers("position_embd.weight", &[self.context, width]))
            .transpose()?;
        // Older files of LFM2 call it the norm of the embedding.
        let output_norm = if has("output_norm.weight") { "output_norm" } else { "token_embd_norm" };
        let output_norm = reader.norm(output_norm, width)?;
        let factors = match self.family {
            Family::Llama => "rope_freqs.weight",
            Family::Phi3 => "rope_factors_short.weight",
            _ => "",
        };
        let slower = if has(factors) {
            reader.numbers(factors, &[self.turned / 2])?
        } else {
            vec![self.stretch; self.turned / 2]
        };
        let ropes = match self.family {
            Family::Gpt2 => Vec::new(),
            Family::Gemma3 => vec![
                Rope::new(self.turned, self.rope_base, &slower, 1.0),
                Rope::new(self.turned, GEMMA_LOCAL_BASE, &[], 1.0),
            ],
            _ => vec![Rope::new(self.turned, self.rope_base, &slower, self.amplitude)],
        };
        Ok(Network {
            width,
            vocabulary,
            context: self.context,
            embedding,
            embedding_scale: if self.family == Family::Gemma3 { (width as f32).sqrt() } else { 1.0 },
            positions,
            ropes,
            layers,
            output_norm,
            output,
        })
    }

    /// Whether a layer of Gemma 3 sees everything.
    fn sees_all(&self, layer: usize) -> bool {
        self.family != Family::Gemma3 || (layer + 1).is_multiple_of(GEMMA_PATTERN)
    }
}

/// Reads the tensors of a file.
struct Reader<'a> {
    recipe: &'a Recipe,
    gguf: &'a Gguf,
    file: File,
}

impl Reader<'_> {
    fn numbers(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, GgufError> {
        numbers(self.gguf, &mut self.file, name, shape)
    }

    fn linear(&mut self, name: &str, shape: [usize; 2], bias: Option<Vec<f32>>) -> Result<Linear, GgufError> {
        Linear::load(self.gguf, &mut self.file, name, shape, bias)
    }

    /// `name.weight`, and `name.bias` where the family has one.
    fn biased(&mut self, name: &str, [rows, columns]: [usize; 2], bias: bool) -> Result<Linear, GgufError> {
        let bias = bias.then(|| self.numbers(&format!("{name}.bias"), &[rows])).transpose()?;
        self.linear(&format!("{name}.weight"), [rows, columns], bias)
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm, GgufError> {
        let epsilon = self.recipe.epsilon;
        let weights = self.numbers(&format!("{name}.weight"), &[width])?;
        if self.recipe.family == Family::Gpt2 {
            let bias = self.numbers(&format!("{name}.bias"), &[width])?;
            return Ok(Norm::Layer { weights, bias, epsilon });
        }
        Ok(Norm::Rms { weights, epsilon })
    }

    fn layer(&mut self, index: usize) -> Result<Layer, GgufError> {
        let Recipe { family, width, hidden, .. } = *self.recipe;
        let name = |part: &str| format!("blk.{index}.{part}");
        let gpt2 = family == Family::Gpt2;
        let mixer = if self.recipe.kv_heads[index] == 0 {
            Mixer::Convolution(self.convolution(index)?)
        } else {
            Mixer::Attention(self.heads(index)?)
        };
        let up = match family {
            Family::Gpt2 => vec![self.biased(&name("ffn_up"), [hidden, width], true)?],
            Family::Phi3 => vec![self.biased(&name("ffn_up"), [2 * hidden, width], false)?],
            _ => vec![
                self.biased(&name("ffn_gate"), [hidden, width], false)?,
                self.biased(&name("ffn_up"), [hidden, width], false)?,
            ],
        };
        let gemma = family == Family::Gemma3;
        let mut behind = |part: &str| gemma.then(|| self.norm(&name(part), width)).transpose();
        Ok(Layer {
            mixed_norm: behind("post_attention_norm")?,
            down_norm: behind("post_ffw_norm")?,
            norm: self.norm(&name("attn_norm"), width)?,
            mixer,
            hidden_norm: self.norm(&name("ffn_norm"), width)?,
            up,
            gated: !gpt2,
            activation: if gpt2 || gemma { Activation::GeluTanh } else { Activation::Silu },
            down: self.biased(&name("ffn_down"), [width, hidden], gpt2)?,
        })
    }

    fn heads(&mut self, index: usize) -> Result<Heads, GgufError> {
        let recipe = self.recipe;
        let (family, heads, kv_heads) = (recipe.family, recipe.heads, recipe.kv_heads[index]);
        let (width, head) = (recipe.width, recipe.head_width);
        let (queries, keys) = (heads * head, kv_heads * head);
        let name = |part: &str| format!("blk.{index}.{part}");
        let query_key_value = if matches!(family, Family::Gpt2 | Family::Phi3) {
            let rows = queries + 2 * keys;
            vec![self.biased(&name("attn_qkv"), [rows, width], family == Family::Gpt2)?]
        } else {
            // A few files of `llama` have them.
            let has = self.gguf.tensors.contains_key(&name("attn_q.bias"));
            let bias = family == Family::Qwen2 || family == Family::Llama && has;
            vec![
                self.biased(&name("attn_q"), [queries, width], bias)?,
                self.biased(&name("attn_k"), [keys, width], bias)?,
                self.biased(&name("attn_v"), [keys, width], bias)?,
            ]
        };
        let normed = matches!(family, Family::Qwen3 | Family::Gemma3 | Family::Lfm2);
        let mut norm = |part: &str| normed.then(|| self.norm(&name(part), head)).transpose();
        let sees_all = recipe.sees_all(index);
        let query_scale = if family == Family::Gemma3 && recipe.layers == GEMMA_27B_LAYERS {
            (head as f32 * heads as f32 / width as f32).sqrt()
        } else {
            1.0
        };
        Ok(Heads {
            heads,
            kv_heads,
            width: head,
            query_norm: norm("attn_q_norm")?,
            key_norm: norm("attn_k_norm")?,
            query_key_value,
            query_scale,
            rope: (family != Family::Gpt2).then_some(usize::from(!sees_all)),
            pairs: if family == Family::Llama { Pairs::Neighbours } else { Pairs::Halves },
            window: recipe.window.filter(|_| family == Family::Phi3 || !sees_all),
            output: self.biased(&name("attn_output"), [width, queries], family == Family::Gpt2)?,
        })
    }

    fn convolution(&mut self, index: usize) -> Result<Convolution, GgufError> {
        let Recipe { width, reach, .. } = *self.recipe;
        let name = |part: &str| format!("blk.{index}.shortconv.{part}");
        let stored = self.numbers(&name("conv.weight"), &[width, reach])?;
        let turned = |at: usize| stored[at % width * reach + at / width];
        Ok(Convolution {
            input: self.biased(&name("in_proj"), [3 * width, width], false)?,
            kernel: (0..reach * width).map(turned).collect(),
            reach,
            output: self.biased(&name("out_proj"), [width, width], false)?,
        })
    }
}
