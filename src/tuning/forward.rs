//! The pass that learns: a llama from tokens to the loss of its messages, differentiable.
//!
//! In: frozen weights in f32, adapters, and texts packed one behind the other. Out: logits and loss. The arithmetic is in
//! `operations`; the fast pass that only writes is `writing::llama`.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use super::lora::{Adapters, Projection};
use super::operations::{Places, attention, gate, linear, loss, norm};
use crate::writing::llama::Shape;

/// Weights of a layer, rows as Hugging Face has them.
pub struct Layer {
    pub attention_norm: Tensor,
    pub hidden_norm: Tensor,
    /// In the order of [`Projection::ALL`], `[out, in]`.
    pub matrices: [Tensor; 7],
}

/// The frozen model.
pub struct Network {
    pub sizes: Shape,
    /// `[vocabulary, width]`
    pub embedding: Tensor,
    /// Absent where the embedding serves both ways.
    pub output: Option<Tensor>,
    pub output_norm: Tensor,
    pub layers: Vec<Layer>,
    pub rotations: Arc<Vec<(f32, f32)>>,
    pub device: Device,
}

/// Texts that are run together, one behind the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub tokens: Vec<u32>,
    /// First row and number of rows of each text.
    pub texts: Vec<(usize, usize)>,
    /// Rows after which a token of the message stands.
    pub rows: Vec<u32>,
    /// That token, and what it counts.
    pub wanted: Vec<(u32, f32)>,
}

impl Batch {
    /// Adds a text whose first `prompt` tokens are given and whose others are to be learnt, each with this weight.
    pub fn add(&mut self, tokens: &[u32], prompt: usize, weight: f32) {
        let (start, length) = (self.tokens.len(), tokens.len().saturating_sub(1));
        self.tokens.extend_from_slice(&tokens[..length]);
        self.texts.push((start, length));
        for (at, token) in tokens.iter().enumerate().skip(prompt.max(1)) {
            self.rows.push((start + at - 1) as u32);
            self.wanted.push((*token, weight));
        }
    }
}

impl Network {
    /// Logits of the rows after which a token of the message stands, `[rows, vocabulary]`. `drop` seeds what the adapters do
    /// not see; nothing is dropped without it.
    ///
    /// # Errors
    /// candle's own: sizes that do not fit, or no memory on the device.
    pub fn logits(&self, adapters: Option<&Adapters>, batch: &Batch, drop: Option<u64>) -> Result<Tensor> {
        let sizes = &self.sizes;
        let places = Places {
            texts: Arc::from(&batch.texts[..]),
            heads: sizes.heads,
            kv_heads: sizes.kv_heads,
            head_width: sizes.head_width,
            rotations: Arc::clone(&self.rotations),
        };
        let tokens = Tensor::from_slice(&batch.tokens, batch.tokens.len(), &self.device)?;
        let rows = Tensor::from_slice(&batch.rows, batch.rows.len(), &self.device)?;
        let mut x = self.embedding.index_select(&tokens, 0)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let times = |x: &Tensor, projection: Projection| {
                let adapter = adapters.and_then(|adapters| adapters.beside(index, projection, drop));
                linear(x, &layer.matrices[projection as usize], adapter.as_ref())
            };
            let normed = norm(&x, &layer.attention_norm, sizes.epsilon)?;
            let (query, key) = (times(&normed, Projection::Query)?, times(&normed, Projection::Key)?);
            let value = times(&normed, Projection::Value)?;
            let mut gathered = attention(&query, &key, &value, &places)?;
            if index + 1 == sizes.layers {
                // Nobody looks at the other rows any more.
                gathered = gathered.index_select(&rows, 0)?;
                x = x.index_select(&rows, 0)?;
            }
            x = (x + times(&gathered, Projection::Output)?)?;
            let normed = norm(&x, &layer.hidden_norm, sizes.epsilon)?;
            let opened = gate(&times(&normed, Projection::Gate)?, &times(&normed, Projection::Up)?)?;
            x = (x + times(&opened, Projection::Down)?)?;
        }
        let x = norm(&x, &self.output_norm, sizes.epsilon)?;
        linear(&x, self.output.as_ref().unwrap_or(&self.embedding), None)
    }

    /// The sum of `weight * -ln(probability)` over the messages' tokens, one number that can be sent back.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub fn loss(&self, adapters: &Adapters, batch: &Batch, drop: Option<u64>) -> Result<Tensor> {
        loss(&self.logits(Some(adapters), batch, drop)?, &batch.wanted)
    }
}

/// Cosine and sine of each position's rotations, `[position, head_width / 2]` (Su et al. 2021); `factors` divide the
/// frequencies.
#[must_use]
pub fn rotations(sizes: &Shape, factors: &[f32]) -> Vec<(f32, f32)> {
    let turn = |pair: usize| sizes.rope_base.powf(-2.0 * pair as f64 / sizes.head_width as f64);
    let angles: Vec<f64> =
        factors.iter().enumerate().map(|(pair, factor)| turn(pair) / f64::from(*factor)).collect();
    let turns = (0..sizes.context).flat_map(|position| {
        angles.iter().map(move |angle| {
            let (sin, cos) = (position as f64 * angle).sin_cos();
            (cos as f32, sin as f32)
        })
    });
    turns.collect()
}
