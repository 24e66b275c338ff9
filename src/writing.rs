//! Writes the slots of a message, with a model on this machine, one that a server offers, or without one.
//!
//! In: a strategy, facts, a seed. Out: [`Draft`]s, streamed piece by piece. Personal data is never part of
//! a prompt. The same inputs on the same build give the same bytes.
//!
//! ```text
//! catalogue -> pull -> gguf, folder -> tokenizer, chat, llama, families ---+
//! strategy, facts -> prompt -----------------------------------------------+-> local -> drafts
//! adapter (beside the model) -----------------------------------------------+
//! guard, demand, sampler --------------------------------------------------+
//! address, key -> served (over HTTP) ---------------------------------------+
//! ```
//!
//! [`local`] writes with a model on this machine, [`served`] with a server's, [`templates`] without one, [`scripted`] what
//! a test says; [`desk`] keeps the
//! one thread that owns the model.

pub mod adapter;
mod beginning;
pub mod brief;
pub mod carried;
pub mod catalogue;
pub mod chat;
mod demand;
pub mod desk;
pub mod doubt;
pub mod drafts;
pub mod families;
pub mod folder;
pub mod forward;
pub mod generate;
pub mod gguf;
pub mod guard;
mod identity;
pub mod kernels;
pub mod llama;
pub mod local;
pub mod memory;
pub mod prompt;
pub mod pull;
pub mod rank;
pub mod remembered;
pub mod replay;
pub mod sampler;
pub mod scripted;
pub mod served;
pub mod stamp;
pub mod templates;
pub mod tokenizer;
pub mod voice;
pub mod words;

pub use adapter::{AdapterIdentity, Form};
pub use beginning::Beginning;
pub use guard::Guard;
pub use identity::ModelIdentity;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::guard::taught::Taught;
use crate::config::WritingConfig;
use crate::jobs::{Cancel, Cancelled};
use crate::segments::Group;
use crate::strategy::{Facts, Text};

/// Version of this program, for the record of a draft.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishReason {
    /// The model ended it.
    Stop,
    /// The limit of length was reached.
    Length,
    Cancelled,
    /// Written without a model.
    Template,
}

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f64,
    pub top_p: f64,
    pub top_k: Option<usize>,
    /// What is less likely than this part of the likeliest is left out; 0 leaves nothing out.
    #[serde(default)]
    pub min_p: f64,
    /// Divides the likelihood of what a variant has written already; 1 changes nothing.
    pub repeat_penalty: f32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.7, top_p: 0.9, top_k: Some(40), min_p: 0.0, repeat_penalty: 1.1 }
    }
}

impl From<&WritingConfig> for Sampling {
    fn from(config: &WritingConfig) -> Self {
        Self {
            temperature: config.temperature,
            top_p: config.top_p,
            top_k: (config.top_k > 0).then_some(config.top_k),
            min_p: config.min_p,
            repeat_penalty: config.repetition_penalty as f32,
        }
    }
}

/// What a model is given to write from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// System message, then user and assistant in turn, the last one the user's; through the chat template.
    Chat(Vec<(Role, String)>),
    /// Plain text that the model goes on with.
    Continue(String),
}

impl Prompt {
    /// The text of all of it, for records and searches.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Chat(messages) => {
                messages.iter().map(|(role, content)| format!("{role:?}\n{content}\n")).collect()
            }
            Self::Continue(text) => text.clone(),
        }
    }
}

impl Prompt {
    /// The same with its first example left out; `None` where it has only one left, or none.
    #[must_use]
    pub fn without_an_example(&self) -> Option<Self> {
        let shorten = |text: &str| {
            let mut examples = text.match_indices("\n- ").map(|(at, _)| at + 1);
            let (first, second) = (examples.next()?, examples.next()?);
            Some(format!("{}{}", &text[..first], &text[second..]))
        };
        match self {
            Self::Continue(text) => shorten(text).map(Self::Continue),
            Self::Chat(messages) => {
                let mut messages = messages.clone();
                let last = messages.last_mut()?;
                last.1 = shorten(&last.1)?;
                Some(Self::Chat(messages))
            }
        }
    }
}

/// One slot to be written several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub prompt: Prompt,
    /// One seed per variant.
    pub seeds: Vec<u64>,
    pub sampling: Sampling,
    pub guard: Guard,
    pub max_tokens: usize,
    /// A slot's text ends at this length at the latest, give or take a word.
    pub max_characters: Option<usize>,
    /// The slot ends after so many sentences; at least one.
    pub sentences: usize,
    /// Words that the text must have before it may end.
    pub must: Vec<String>,
    /// Text of the slot with no model.
    pub fallback: Vec<String>,
    /// What every variant begins with: somebody chose the last of it. Only for an engine that looks back.
    pub begun: Beginning,
    /// Openings that a variant must not have, as [`rank::opening`] gives them: others have them already. A server is not
    /// told of them.
    pub avoid: Vec<String>,
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

/// What an engine tells while it writes.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// More text of a variant: whole characters only. `tokens` are those of the variant so far.
    Text { variant: usize, text: String, tokens: usize },
    /// The variant as it came out, while others may be written still. Told before its end, and not of one that was
    /// stopped.
    Whole { variant: usize, written: Box<Written> },
    /// The variant is finished.
    End { variant: usize, reason: FinishReason },
}

/// What came of one variant of one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    pub text: String,
    pub seed: u64,
    pub finish_reason: FinishReason,
    pub tokens: usize,
    pub tokens_per_second: f64,
    /// Mean natural logarithm of the probability that the model gave each token, before anything was masked or
    /// steered. Of the tokens that it chose itself; `None` with no model, and where a server does not tell.
    #[serde(default, deserialize_with = "known_mean")]
    pub mean_log_probability: Option<f64>,
    /// It was written before the round that it is of: remembered, or carried over.
    #[serde(skip)]
    pub earlier: bool,
    /// The tokens of the text, for looking back at them; none where a server wrote, or no model, or after a restart.
    #[serde(skip)]
    pub token_ids: Vec<u32>,
    /// What a server told of each token while it wrote; none where it did not, or after a restart.
    #[serde(skip)]
    pub told: Vec<doubt::Considered>,
    /// What it was given to begin with, where somebody chose a word.
    #[serde(default, skip_serializing_if = "Beginning::is_empty")]
    pub begun: Beginning,
    /// Openings that it was not to have, as other variants had them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub avoided: Vec<String>,
}

/// Older programs wrote 0 where they knew none.
fn known_mean<'de, D: serde::Deserializer<'de>>(record: D) -> Result<Option<f64>, D::Error> {
    let mean = Option::<f64>::deserialize(record)?;
    Ok(mean.filter(|mean| mean.abs() > 0.0))
}

impl Written {
    /// One of the strategy's own texts.
    pub(crate) fn own_text(text: String, seed: u64) -> Self {
        Self {
            text,
            seed,
            finish_reason: FinishReason::Template,
            tokens: 0,
            tokens_per_second: 0.0,
            mean_log_probability: None,
            earlier: false,
            token_ids: Vec::new(),
            told: Vec::new(),
            begun: Beginning::default(),
            avoided: Vec::new(),
        }
    }

    /// Whether a model wrote it, which may be asked how sure it was.
    #[must_use]
    pub fn is_models(&self) -> bool {
        !self.token_ids.is_empty() || self.finish_reason != FinishReason::Template && self.tokens > 0
    }
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    /// In the order of the seeds.
    pub variants: Vec<Written>,
    pub prompt_tokens: usize,
    /// Examples that were left out of the prompt, as it was too long for the model.
    pub examples_left_out: usize,
    /// Time until the prompt was read.
    pub prompt_seconds: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum WritingError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Cause and remedy in words.
    #[error("{0}")]
    Failed(String),
}

/// Something that can write slots: candle on a GGUF model, a server, templates only, or a script in tests.
pub trait TextEngine: Send {
    fn identity(&self) -> &ModelIdentity;

    /// Whether it can write in a language (BCP 47). Where it cannot, slots take the strategy's own texts.
    fn writes(&self, language: &str) -> bool {
        let _ = language;
        true
    }

    /// Candidates that are written for each variant of a slot, so that there is something to choose from.
    fn candidates(&self) -> usize {
        1
    }

    /// Whether it is asked in a conversation, and not with a list to go on with.
    fn converses(&self) -> bool {
        false
    }

    /// Whether it is so small that a text counts only where it uses the words of other shops' texts.
    fn wanders(&self) -> bool {
        true
    }

    /// What the adapter beside it was taught, where it tells.
    fn taught(&self) -> Option<&Arc<Taught>> {
        None
    }

    /// Variants that may open with the same words.
    fn same_openings(&self) -> u32 {
        2
    }

    /// What it does of the sampling that is asked for.
    fn sampling(&self, asked: Sampling) -> Sampling {
        asked
    }

    /// Why the server did not answer last time, where there is one: cause and remedy.
    fn away(&self) -> Option<&str> {
        None
    }

    /// The same in a word.
    fn fault(&self) -> Option<served::Fault> {
        None
    }

    /// How many may write at once, this one among them.
    fn at_once(&self) -> usize {
        1
    }

    /// One more that writes beside this one and counts as the same. It has nobody to write in its place.
    fn another(&self) -> Option<Box<dyn TextEngine>> {
        None
    }

    /// Whether it can say how sure it was of each token, and go on from one that somebody chooses.
    fn looks_back(&self) -> bool {
        false
    }

    /// What it thinks at each token of a text that it wrote for the request.
    ///
    /// # Errors
    /// Cancelled, the model failed, or it cannot look back.
    fn look_back(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<doubt::Considered>, WritingError> {
        let _ = (request, written, cancel);
        Err(WritingError::Failed(
            "nobody writes here who could say how sure it was: choose a model with --model".into(),
        ))
    }

    /// Who writes in its place after it has failed, where somebody has asked for that.
    ///
    /// # Errors
    /// Cancelled, or the other cannot be had.
    fn instead(&mut self, cancel: &Cancel) -> Result<Option<&mut dyn TextEngine>, WritingError> {
        let _ = cancel;
        Ok(None)
    }

    /// Writes from now on with an adapter beside the model, or with none. Who has no model on this machine writes as before.
    ///
    /// # Errors
    /// The adapter cannot be read, does not fit the model, or cancelled.
    fn adapt(&mut self, adapter: Option<&adapter::Place>, cancel: &Cancel) -> Result<(), WritingError> {
        let _ = (adapter, cancel);
        Ok(())
    }

    /// Writes from now on with the adapter that stood beside the model when something was written, one of those that have
    /// been beside it since it was loaded.
    ///
    /// # Errors
    /// It has not been.
    fn adapt_as(&mut self, record: &ModelIdentity) -> Result<(), WritingError> {
        let _ = record;
        Ok(())
    }

    /// The form of prompt that it is asked in.
    fn form(&self) -> Form {
        Form::List
    }

    /// Writes one slot once per seed, telling `tell` as it goes; stops within one token, or a tenth of a
    /// second, of a cancel.
    ///
    /// # Errors
    /// Cancelled, or the model failed.
    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError>;
}

/// One variant of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub strategy: String,
    /// SHA-256 of the strategy's id and of all that its file says (comments and layout apart).
    pub strategy_version: String,
    /// Cluster letter.
    pub segment: String,
    /// The group that it was written for; `None` with facts from a file, and in drafts of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// The facts that the text shows.
    pub fields: Facts,
    pub slots: Vec<Written>,
    /// The merged message for those facts.
    pub text: Text,
    pub seed: u64,
    pub finish_reason: FinishReason,
    pub tokens: usize,
    pub tokens_per_second: f64,
    /// Who wrote the slots: the model, or `templates` where every one of them is the strategy's own text.
    pub model: ModelIdentity,
    pub sampling: Sampling,
    /// The exact prompt of each slot, also of those that were not written by a model in the end; none in drafts
    /// of older programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<String>,
    /// SHA-256 of the prompts, one after the other.
    pub prompt_sha256: String,
    /// Examples that were left out of the prompts, as they were too long for the model.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub examples_left_out: usize,
    /// The brand's words that were never written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub banned_words: Vec<String>,
    /// The voice that it was to be written in.
    #[serde(default, skip_serializing_if = "voice::Voice::is_empty")]
    pub voice: voice::Voice,
    /// Version of the program; empty in drafts of older ones.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub program: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Draft {
    /// Numbers of the slots that hold one of the strategy's own texts: the model does not write the language, or
    /// wrote nothing that could stand, or there is none.
    pub fn own_texts(&self) -> impl Iterator<Item = usize> + '_ {
        let own = |slot: &Written| slot.finish_reason == FinishReason::Template;
        self.slots.iter().enumerate().filter(move |(_, slot)| own(slot)).map(|(number, _)| number)
    }

    /// Whether nothing of it was written by a model.
    #[must_use]
    pub fn is_own_text(&self) -> bool {
        self.own_texts().count() == self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_that_is_not_known_is_null_and_older_records_say_so_with_a_nought() {
        let own = Written::own_text("Hello.".into(), 7);
        let record = serde_json::to_value(&own).unwrap();
        assert!(record["mean_log_probability"].is_null(), "{record}");
        let read = |mean: serde_json::Value| {
            let mut record = record.clone();
            record["mean_log_probability"] = mean;
            serde_json::from_value::<Written>(record).unwrap().mean_log_probability
        };
        assert_eq!((read(0.0.into()), read((-0.5).into()), read(().into())), (None, Some(-0.5), None));
    }
}
