//! Learning which of two texts is the better: direct preference optimisation (Rafailov et al. 2023).
//!
//! In: pairs of a better and a worse text behind the same prompt, the model, and how likely both were where learning began.
//! Out: the loss `-ln sigmoid(beta * (what the better gained - what the worse gained))` of a pair, and a number whose gradient
//! is that of the loss: the two likelihoods, each times how wrong the pair still is.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use super::batches::{self, Encoded};
use super::forward::{Batch, Network};
use super::lora::Adapters;
use super::operations::loss;
use super::{Example, TuneError};
use crate::writing::tokenizer::Vocabulary;

/// How far the likelihoods may move from where learning began: the paper's.
pub const BETA: f32 = 0.1;
/// Pairs of a step.
pub const PAIRS: usize = 2;

/// A better and a worse text for the same prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    pub prompt: String,
    pub chosen: String,
    pub rejected: String,
}

/// A pair in tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    chosen: Encoded,
    rejected: Encoded,
    /// ln P(chosen) - ln P(rejected) where learning began.
    pub reference: f64,
}

/// What is known of a pair at a step.
#[derive(Clone, Debug)]
pub struct Judged {
    /// ln P(chosen) - ln P(rejected) now.
    pub margin: f64,
    pub loss: f64,
    /// Its gradient is the loss's, times the share that was asked for.
    pub surrogate: Tensor,
}

/// Pairs in tokens, with how likely the adapters as they are hold them: call it where learning begins.
///
/// # Errors
/// As [`batches::encode`]; or candle's own.
pub fn pairs(
    preferences: &[Preference],
    network: &Network,
    adapters: &Adapters,
    (vocabulary, end): (&Vocabulary, u32),
) -> std::result::Result<Vec<Pair>, TuneError> {
    let example = |prompt: &str, text: &str| Example {
        prompt: prompt.into(),
        text: text.into(),
        pattern: 0,
        weight: 1.0,
    };
    let mut pairs = Vec::with_capacity(preferences.len());
    for Preference { prompt, chosen, rejected } in preferences {
        let two = [example(prompt, chosen), example(prompt, rejected)];
        let encoded = batches::encode(&two, vocabulary, end, network.sizes.context)?;
        if let Ok([chosen, rejected]) = <[Encoded; 2]>::try_from(encoded) {
            let mut pair = Pair { chosen, rejected, reference: 0.0 };
            pair.reference = pair.margin(network, adapters)?;
            pairs.push(pair);
        }
    }
    Ok(pairs)
}

impl Pair {
    /// Tokens of both texts.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.chosen.tokens.len() + self.rejected.tokens.len()
    }

    /// Both texts with these weights.
    fn batch(&self, better: f32, worse: f32) -> Batch {
        let mut batch = Batch::default();
        batch.add(&self.chosen.tokens, self.chosen.prompt, better);
        batch.add(&self.rejected.tokens, self.rejected.prompt, worse);
        batch
    }

    /// ln P(chosen) - ln P(rejected) beside these adapters.
    ///
    /// # Errors
    /// candle's own.
    pub fn margin(&self, network: &Network, adapters: &Adapters) -> Result<f64> {
        let batch = self.batch(-1.0, 1.0);
        let logits = network.logits(Some(adapters), &batch, None)?;
        Ok(f64::from(loss(&logits, &batch.wanted)?.to_scalar::<f32>()?))
    }

    /// The loss of the pair, and a number whose gradient is `share` times that of the loss.
    ///
    /// # Errors
    /// candle's own.
    pub fn judge(
        &self,
        network: &Network,
        adapters: &Adapters,
        (beta, share): (f32, f32),
        drop: Option<u64>,
    ) -> Result<Judged> {
        let batch = self.batch(-1.0, 1.0);
        let logits = network.logits(Some(adapters), &batch, drop)?;
        let margin = f64::from(loss(&logits.detach(), &batch.wanted)?.to_scalar::<f32>()?);
        let gained = f64::from(beta) * (margin - self.reference);
        // -ln sigmoid(x), and its slope, without an overflow on either side.
        let one_minus = 1.0 / (1.0 + gained.exp());
        let loss_now = if gained > 0.0 { (-gained).exp().ln_1p() } else { gained.exp().ln_1p() - gained };
        let weight = share * beta * one_minus as f32;
        let surrogate = loss(&logits, &self.batch(weight, -weight).wanted)?;
        Ok(Judged { margin, loss: loss_now, surrogate })
    }
}
