//! GPT-2 (Radford et al. 2019) of any size, out of a folder.
//!
//! In: `config.json` and `model.safetensors`. Out: a network whose logits are those of the reference implementation in
//! single precision. The weights of its products are stored `[columns, rows]`, and are turned when they are read.

use serde_json::Value;

use super::decoder::{Layer, Network};
use super::layers::{Activation, Linear, Norm, Pairs};
use super::mixers::{Heads, Mixer};
use crate::jobs::Task;
use crate::writing::WritingError;
use crate::writing::folder::{Folder, Weights};

/// Sizes and options from `config.json`.
struct Config {
    width: usize,
    layers: usize,
    heads: usize,
    hidden: usize,
    context: usize,
    vocabulary: usize,
    epsilon: f32,
    activation: Activation,
    /// Whether scores are divided by the root of a head's width.
    scaled: bool,
    /// Whether they are also divided by the number of the layer, the first being 1.
    by_layer: bool,
    tied: bool,
}

impl Config {
    fn new(config: &Value) -> Result<Self, String> {
        let kind = config.get("model_type").and_then(Value::as_str).unwrap_or("unnamed");
        if kind != "gpt2" {
            return Err(format!(
                "its model_type is \"{kind}\"; folders are read for \"gpt2\" only: give a GGUF file of it"
            ));
        }
        let given = |key: &str| config.get(key).and_then(Value::as_u64).map(|size| size as usize);
        let size = |key: &str| {
            given(key)
                .filter(|size| (1..=1 << 24).contains(size))
                .ok_or_else(|| format!("its config.json has no usable {key}"))
        };
        let flag = |key: &str, otherwise: bool| config.get(key).and_then(Value::as_bool).unwrap_or(otherwise);
        let (width, heads) = (size("n_embd")?, size("n_head")?);
        if !width.is_multiple_of(heads) {
            return Err(format!("its width of {width} cannot be shared by {heads} heads"));
        }
        let activation = match config.get("activation_function").and_then(Value::as_str) {
            None | Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Activation::GeluTanh,
            Some("gelu") => Activation::Gelu,
            Some("relu") => Activation::Relu,
            Some("silu" | "swish") => Activation::Silu,
            Some(other) => return Err(format!("its activation is \"{other}\", which cannot be run here")),
        };
        let epsilon = config.get("layer_norm_epsilon").and_then(Value::as_f64).unwrap_or(1e-5) as f32;
        if !(epsilon.is_finite() && epsilon > 0.0) {
            return Err("its config.json has no usable layer_norm_epsilon".into());
        }
        Ok(Self {
            width,
            layers: size("n_layer")?,
            heads,
            hidden: given("n_inner").filter(|size| (1..=1 << 26).contains(size)).unwrap_or(4 * width),
            context: size("n_positions").or_else(|_| size("n_ctx"))?,
            vocabulary: size("vocab_size")?,
            epsilon,
            activation,
            scaled: flag("scale_attn_weights", true),
            by_layer: flag("scale_attn_by_inverse_layer_idx", false),
            tied: flag("tie_word_embeddings", true),
        })
    }
}

/// Whether the settings are those of a GPT-2 that can be run, and its weights have as many tokens: lists are made as long
/// as the settings say.
///
/// # Errors
/// Another family, or a size missing or impossible.
pub(super) fn check(folder: &Folder) -> Result<(), String> {
    let config = Config::new(&folder.config)?;
    let name = format!("{}wte.weight", prefix(&folder.weights));
    folder.weights.check_shape(&name, &[config.vocabulary, config.width])
}

/// A model that was saved with its head has a name before each tensor's.
fn prefix(weights: &Weights) -> &'static str {
    if weights.has("transformer.wte.weight") { "transformer." } else { "" }
}

/// Reads the weights of a folder.
pub(super) fn load(folder: &Folder, task: &Task<'_>) -> Result<Network, WritingError> {
    let config = Config::new(&folder.config).map_err(|what| folder.unusable(&what))?;
    let weights = &folder.weights;
    let prefix = prefix(weights);
    let read = |name: &str, shape: &[usize]| {
        weights.numbers(&format!("{prefix}{name}"), shape).map_err(|what| folder.unusable(&what))
    };
    let mut layers = Vec::new();
    if config.layers > weights.count() {
        return Err(folder.unusable(&format!("it announces {} layers, but has fewer tensors", config.layers)));
    }
    for index in 0..config.layers {
        task.check()?;
        layers.push(config.layer(index, &|name, shape| read(&format!("h.{index}.{name}"), shape))?);
        task.progress("loading the model", index as u64 + 1, Some(config.layers as u64));
    }
    let (width, vocabulary) = (config.width, config.vocabulary);
    let dense = |numbers: Vec<f32>| Linear::dense(&numbers, width, None);
    let embedding = dense(read("wte.weight", &[vocabulary, width])?);
    let output = if config.tied {
        None
    } else {
        let head = weights.numbers("lm_head.weight", &[vocabulary, width]);
        Some(dense(head.map_err(|what| folder.unusable(&what))?))
    };
    Ok(Network {
        width,
        vocabulary,
        context: config.context,
        embedding,
        embedding_scale: 1.0,
        positions: Some(read("wpe.weight", &[config.context, width])?),
        ropes: Vec::new(),
        layers,
        output_norm: config.norm(read("ln_f.weight", &[width])?, read("ln_f.bias", &[width])?),
        output,
    })
}

type Read<'a> = dyn Fn(&str, &[usize]) -> Result<Vec<f32>, WritingError> + 'a;

impl Config {
    fn norm(&self, weights: Vec<f32>, bias: Vec<f32>) -> Norm {
        Norm::Layer { weights, bias, epsilon: self.epsilon }
    }

    fn layer(&self, index: usize, read: &Read<'_>) -> Result<Layer, WritingError> {
        let (width, hidden) = (self.width, self.hidden);
        let linear = |name: &str, rows: usize, columns: usize| {
            let stored = read(&format!("{name}.weight"), &[columns, rows])?;
            let bias = read(&format!("{name}.bias"), &[rows])?;
            Ok::<_, WritingError>(Linear::dense(&Weights::turned(&stored, rows), columns, Some(bias)))
        };
        let norm = |name: &str| {
            let weights = read(&format!("{name}.weight"), &[width])?;
            Ok::<_, WritingError>(self.norm(weights, read(&format!("{name}.bias"), &[width])?))
        };
        let head = width / self.heads;
        let mut query_scale = if self.scaled { 1.0 } else { (head as f32).sqrt() };
        if self.by_layer {
            query_scale /= (index + 1) as f32;
        }
        Ok(Layer {
            norm: norm("ln_1")?,
            mixer: Mixer::Attention(Heads {
                heads: self.heads,
                kv_heads: self.heads,
                width: head,
                query_key_value: vec![linear("attn.c_attn", 3 * width, width)?],
                query_norm: None,
                key_norm: None,
                query_scale,
                rope: None,
                pairs: Pairs::Halves,
                window: None,
                output: linear("attn.c_proj", width, width)?,
            }),
            mixed_norm: None,
            hidden_norm: norm("ln_2")?,
            up: vec![linear("mlp.c_fc", hidden, width)?],
            gated: false,
            activation: self.activation,
            down: linear("mlp.c_proj", width, hidden)?,
            down_norm: None,
        })
    }
}
