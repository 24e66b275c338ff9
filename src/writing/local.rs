//! Writes with a model on this machine.
//!
//! In: a model file and requests. Out: the variants of a slot, decoded together. The prompt is run once for
//! all variants, and what it shares with the prompt before is not run again.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::chat::ChatTemplate;
use super::demand::Demand;
use super::families;
use super::folder::Folder;
use super::forward::Forward;
use super::gguf::Gguf;
use super::guard::{Mask, Verdict};
use super::kernels::{Processor, log_sum};
use super::sampler::Sampler;
use super::tokenizer::Vocabulary;
use super::{FinishReason, Guard, ModelIdentity, Piece, Prompt, Request, TextEngine, Writing, Written};
use crate::data::primary_language;
use crate::jobs::{Cancel, Cancelled, Task};
use crate::writing::WritingError;

/// A slot's part of its limit after which it is steered towards its end.
const STEER_FROM: f32 = 0.7;
/// What the steering adds, at the limit, to the logits of tokens that end a sentence.
const STEER_TO: f32 = 8.0;

/// Candidates for each variant: with half as many, a third of the slots got the strategy's own text in place of a
/// sentence that the model was sure of.
const CANDIDATES: usize = 8;

/// A loaded model.
pub struct LocalModel {
    identity: ModelIdentity,
    model: Box<dyn Forward>,
    vocabulary: Vocabulary,
    template: ChatTemplate,
    /// Languages that the file says it was made for; none said, none refused.
    languages: Vec<String>,
    /// Tokens that end a sentence and nothing else.
    full_stops: Vec<u32>,
    /// The mask of the guard that was used last.
    mask: Option<(Guard, Arc<Mask>)>,
}

impl LocalModel {
    /// Loads a model: a GGUF file, or a folder with a GPT-2. `name` is what people call it.
    ///
    /// # Errors
    /// The file is no model that can be run here; the message says why and what to do. Or cancelled.
    pub fn load(name: &str, path: &Path, task: &Task<'_>) -> Result<Self, WritingError> {
        let unusable = |what: String| {
            let path = path.display();
            WritingError::Failed(format!("{path} cannot be used as a model: {what}"))
        };
        if path.is_dir() {
            return Self::load_folder(name, path, task);
        }
        let gguf = Gguf::open(path).map_err(|error| WritingError::Failed(error.to_string()))?;
        families::check(&gguf).and_then(|()| families::check_memory(&gguf)).map_err(unusable)?;
        let (sha256, vocabulary, model) = std::thread::scope(|scope| {
            let hash = scope.spawn(|| gguf.sha256(task.cancel()));
            let vocabulary = scope.spawn(|| Vocabulary::from_gguf(&gguf));
            let model = families::load(&gguf, task);
            (hash.join(), vocabulary.join(), model)
        });
        let stopped = || unusable("reading it failed".into());
        let model = model?;
        let sha256 = sha256.map_err(|_| stopped())??;
        let vocabulary = vocabulary.map_err(|_| stopped())?.map_err(unusable)?;
        let token_name = |key: &str| {
            let tokens = gguf.texts("tokenizer.ggml.tokens").unwrap_or_default();
            gguf.count(key).and_then(|id| tokens.get(id)).cloned().unwrap_or_default()
        };
        let template = ChatTemplate::new(
            gguf.text("tokenizer.chat_template"),
            &token_name("tokenizer.ggml.bos_token_id"),
            &token_name("tokenizer.ggml.eos_token_id"),
        )
        .map_err(unusable)?;
        let languages = gguf.texts("general.languages").unwrap_or_default().to_vec();
        let identity = ModelIdentity { name: name.into(), sha256 };
        Ok(Self::assembled(identity, model, vocabulary, template, languages))
    }

    fn load_folder(name: &str, path: &Path, task: &Task<'_>) -> Result<Self, WritingError> {
        let folder = Folder::open(path)?;
        let unusable = |what: String| folder.unusable(&what);
        families::check_folder(&folder).and_then(|()| folder.weights.check_memory()).map_err(unusable)?;
        let vocabulary = Vocabulary::from_folder(&folder).map_err(unusable)?;
        let settings = folder.json("tokenizer_config.json").map_err(unusable)?.unwrap_or_default();
        let text = |key: &str| settings.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let source = settings.get("chat_template").and_then(serde_json::Value::as_str);
        let template = ChatTemplate::new(source, text("bos_token"), text("eos_token")).map_err(unusable)?;
        let model = families::load_folder(&folder, task)?;
        let sha256 = folder.weights.sha256(task.cancel())?;
        let identity = ModelIdentity { name: name.into(), sha256 };
        Ok(Self::assembled(identity, model, vocabulary, template, Vec::new()))
    }

    fn assembled(
        identity: ModelIdentity,
        model: Box<dyn Forward>,
        vocabulary: Vocabulary,
        template: ChatTemplate,
        languages: Vec<String>,
    ) -> Self {
        let full_stops = (0..vocabulary.len() as u32)
            .filter(|token| {
                std::str::from_utf8(vocabulary.bytes(*token))
                    .is_ok_and(|text| matches!(text, "." | "!" | "?" | "。" | "！" | "？"))
            })
            .collect();
        Self { identity, model, vocabulary, template, languages, full_stops, mask: None }
    }

    /// The model's tokens.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The forward pass, for measuring it and comparing it with others.
    pub fn forward(&mut self) -> &mut dyn Forward {
        &mut *self.model
    }

    /// The model's tokens and its forward pass, for both at once.
    pub fn parts(&mut self) -> (&Vocabulary, &mut dyn Forward) {
        (&self.vocabulary, &mut *self.model)
    }

    /// Tokens of a request's prompt.
    ///
    /// # Errors
    /// The chat template refuses the messages.
    pub fn prompt(&self, request: &Request) -> Result<Vec<u32>, WritingError> {
        let tokens = match &request.prompt {
            Prompt::Chat(messages) => {
                self.template.render(messages).and_then(|text| self.vocabulary.encode_template(&text))
            }
            Prompt::Continue(text) => self.vocabulary.encode(text),
        };
        let tokens = self.vocabulary.begun(tokens.map_err(WritingError::Failed)?);
        if tokens.is_empty() {
            return Err(WritingError::Failed("the prompt is empty: give the slot an instruction".into()));
        }
        Ok(tokens)
    }

    /// The same, with fewer examples where it would not leave room for the text.
    fn fitting_prompt(&self, request: &Request) -> Result<Vec<u32>, WritingError> {
        let context = self.model.context();
        let mut request = request.clone();
        let mut left_out = 0;
        loop {
            let tokens = self.prompt(&request)?;
            if tokens.len() + request.max_tokens <= context {
                return Ok(tokens);
            }
            match request.prompt.without_an_example() {
                Some(shorter) => request.prompt = shorter,
                None => {
                    return Err(WritingError::Failed(format!(
                        "the prompt has {} tokens, {} more may be written, and the model reads {context}, even with \
                         {left_out} examples left out: shorten the instruction, or choose a model with a longer context",
                        tokens.len(),
                        request.max_tokens
                    )));
                }
            }
            left_out += 1;
        }
    }

    /// The next token of each lane, given its logits; `None` where it is finished.
    fn choose(&self, waiting: &mut [(&mut Lane<'_>, &[f32])]) -> Vec<Option<u32>> {
        self.model.on_threads(|| {
            waiting
                .par_iter_mut()
                .map_init(Vec::new, |scratch, (lane, logits)| {
                    lane.advance(logits, scratch, &self.vocabulary, &self.full_stops)
                })
                .collect()
        })
    }

    fn mask(&mut self, guard: &Guard) -> Arc<Mask> {
        if let Some((known, mask)) = &self.mask
            && known == guard
        {
            return Arc::clone(mask);
        }
        let mask = Arc::new(Mask::new(guard, &self.vocabulary));
        self.mask = Some((guard.clone(), Arc::clone(&mask)));
        mask
    }
}

impl TextEngine for LocalModel {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn writes(&self, language: &str) -> bool {
        let wanted = primary_language(language);
        self.languages.is_empty() || self.languages.iter().any(|known| primary_language(known) == wanted)
    }

    fn candidates(&self) -> usize {
        CANDIDATES
    }

    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        let mask = self.mask(&request.guard);
        let prompt = self.fitting_prompt(request)?;
        let begun = Instant::now();
        let first = self.model.run_prompt(&prompt, &mut || !cancel.is_cancelled())?;
        let prompt_seconds = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        self.model.open_lanes(request.seeds.len());
        let processor = self.model.processor();
        let demand = Demand::new(&request.must, &self.vocabulary);
        let mut lanes: Vec<Lane> = request
            .seeds
            .iter()
            .map(|seed| Lane::new(request, *seed, Arc::clone(&mask), &demand, processor))
            .collect();
        let mut waiting: Vec<(&mut Lane<'_>, &[f32])> =
            lanes.iter_mut().map(|lane| (lane, &first[..])).collect();
        let tokens = self.choose(&mut waiting);
        let mut next: Vec<(usize, u32)> = Vec::new();
        for (index, (lane, token)) in lanes.iter_mut().zip(tokens).enumerate() {
            lane.tell(index, tell);
            next.extend(token.map(|token| (index, token)));
        }
        while !next.is_empty() {
            if cancel.is_cancelled() {
                for (index, _) in &next {
                    tell(Piece::End { variant: *index, reason: FinishReason::Cancelled });
                }
                return Err(Cancelled.into());
            }
            let logits = self.model.step(&next)?;
            let stepped = std::mem::take(&mut next);
            let mut waiting: Vec<(&mut Lane<'_>, &[f32])> = lanes
                .iter_mut()
                .enumerate()
                .filter(|(index, _)| stepped.iter().any(|(lane, _)| lane == index))
                .map(|(_, lane)| lane)
                .zip(logits.chunks_exact(self.vocabulary.len()))
                .collect();
            let tokens = self.choose(&mut waiting);
            for ((index, _), token) in stepped.into_iter().zip(tokens) {
                let lane = &mut lanes[index];
                lane.seconds = begun.elapsed().as_secs_f64();
                lane.tell(index, tell);
                next.extend(token.map(|token| (index, token)));
            }
        }
        let variants =
            lanes.into_iter().enumerate().map(|(index, lane)| lane.finish(request, index)).collect();
        Ok(Writing { variants, prompt_tokens: prompt.len(), prompt_seconds })
    }
}

/// One variant while it is written.
struct Lane<'a> {
    request: &'a Request,
    seed: u64,
    mask: Arc<Mask>,
    demand: &'a Demand,
    sampler: Sampler,
    text: String,
    /// Bytes of a character that is not whole yet.
    pending: Vec<u8>,
    tokens: usize,
    /// Of all tokens so far.
    log_probability: f64,
    processor: Processor,
    /// Bytes of `text` that were told.
    told: usize,
    end: Option<FinishReason>,
    end_told: bool,
    seconds: f64,
}

impl<'a> Lane<'a> {
    fn new(
        request: &'a Request,
        seed: u64,
        mask: Arc<Mask>,
        demand: &'a Demand,
        processor: Processor,
    ) -> Self {
        Self {
            request,
            seed,
            mask,
            demand,
            sampler: Sampler::new(request.sampling, seed),
            text: String::new(),
            pending: Vec::new(),
            tokens: 0,
            log_probability: 0.0,
            processor,
            told: 0,
            end: None,
            end_told: false,
            seconds: 0.0,
        }
    }

    /// Chooses the next token; `None` when the variant is finished.
    fn advance(
        &mut self,
        raw: &[f32],
        logits: &mut Vec<f32>,
        vocabulary: &Vocabulary,
        full_stops: &[u32],
    ) -> Option<u32> {
        let ends = vocabulary.ends();
        logits.clear();
        logits.extend_from_slice(raw);
        let (used, met) = (self.used(), self.demand.is_met(&self.text));
        if met {
            self.steer(logits, full_stops, ends);
        } else {
            self.demand.steer(&self.text, self.sampler.written(), used, logits);
        }
        let last = sentences(&self.text) + 1 >= self.request.sentences.max(1);
        let Self { sampler, mask, text, pending, .. } = self;
        let may_end = met && pending.is_empty() && !text.trim().is_empty() && !mask.is_inside_field(text);
        let judge = |token: u32| {
            if ends.contains(&token) {
                if may_end { Verdict::Ends } else { Verdict::Refused }
            } else if !met && last && full_stops.contains(&token) {
                Verdict::Refused
            } else {
                mask.judge(text, pending, token, vocabulary.bytes(token))
            }
        };
        let chosen = sampler.choose(logits, &mut |token| judge(token) != Verdict::Refused);
        let Some(token) = chosen.filter(|token| judge(*token) == Verdict::Allowed) else {
            self.end = Some(FinishReason::Stop);
            return None;
        };
        self.sampler.accept(token);
        self.tokens += 1;
        self.log_probability += f64::from(raw[token as usize] - log_sum(self.processor, raw));
        self.pending.extend_from_slice(vocabulary.bytes(token));
        let whole = std::str::from_utf8(&self.pending).map_or_else(|error| error.valid_up_to(), str::len);
        if let Ok(text) = std::str::from_utf8(&self.pending[..whole]) {
            self.text.push_str(text);
        }
        self.pending.drain(..whole);
        if self.pending.is_empty() && sentences(&self.text) >= self.request.sentences.max(1) {
            self.end = Some(FinishReason::Stop);
        } else if self.used() >= 1.0 {
            self.end = Some(FinishReason::Length);
        }
        if self.end.is_none() { Some(token) } else { None }
    }

    /// Part of the limits that is used up.
    fn used(&self) -> f32 {
        let tokens = self.tokens as f32 / self.request.max_tokens.max(1) as f32;
        let characters = match self.request.max_characters {
            Some(most) => self.text.trim().chars().count() as f32 / most.max(1) as f32,
            None => 0.0,
        };
        tokens.max(characters)
    }

    /// Near the limit, makes the end of the sentence likelier.
    fn steer(&self, logits: &mut [f32], full_stops: &[u32], ends: &[u32]) {
        let late = (self.used() - STEER_FROM) / (1.0 - STEER_FROM);
        if late > 0.0 {
            for token in full_stops.iter().chain(ends) {
                if let Some(logit) = logits.get_mut(*token as usize) {
                    *logit += STEER_TO * late;
                }
            }
        }
    }

    /// Tells what is new; blanks at the end are held back, because they may be the last.
    fn tell(&mut self, variant: usize, tell: &mut dyn FnMut(Piece)) {
        let from = if self.told == 0 { self.text.len() - self.text.trim_start().len() } else { self.told };
        let to = self.text.trim_end().len();
        if to > from {
            tell(Piece::Text { variant, text: self.text[from..to].to_owned() });
            self.told = to;
        }
        if let Some(reason) = self.end
            && !self.end_told
        {
            self.end_told = true;
            tell(Piece::End { variant, reason });
        }
    }

    fn finish(self, request: &Request, index: usize) -> Written {
        let mut text = self.text.trim().to_owned();
        let mut finish_reason = self.end.unwrap_or(FinishReason::Length);
        // Nothing was allowed, or a word at the very end turned out badly: what the strategy itself says.
        if (text.is_empty() || self.mask.forbids(&text)) && !request.fallback.is_empty() {
            text.clone_from(&request.fallback[index % request.fallback.len()]);
            finish_reason = FinishReason::Template;
        }
        let tokens_per_second = if self.seconds > 0.0 { self.tokens as f64 / self.seconds } else { 0.0 };
        Written {
            text,
            seed: self.seed,
            finish_reason,
            tokens: self.tokens,
            tokens_per_second,
            mean_log_probability: self.log_probability / self.tokens.max(1) as f64,
        }
    }
}

/// Sentences that are finished at the end of `text`; 0 when it ends inside one.
fn sentences(text: &str) -> usize {
    let closed = text.trim_end().trim_end_matches(['"', '\'', '”', '’', '」', ')']);
    let is_end = |c: char| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？');
    if closed.chars().next_back().is_none_or(|c| !is_end(c)) {
        return 0;
    }
    let mut count = 0;
    let mut before = ' ';
    for c in closed.chars() {
        if is_end(c) && !is_end(before) {
            count += 1;
        }
        before = c;
    }
    count
}

/// SHA-256 of a file in hexadecimal.
///
/// # Errors
/// The file cannot be read, or cancelled.
pub fn sha256_of(path: &Path, cancel: &Cancel) -> Result<String, WritingError> {
    let failed =
        |error: std::io::Error| WritingError::Failed(format!("{} cannot be read: {error}", path.display()));
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        if cancel.is_cancelled() {
            return Err(Cancelled.into());
        }
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn sentences_are_counted_where_they_end() {
        assert_eq!(sentences("We miss you"), 0);
        assert_eq!(sentences("We miss you. Come"), 0);
        assert_eq!(sentences("We miss you."), 1);
        assert_eq!(sentences("We miss you... Come back!"), 2);
        assert_eq!(sentences("\"We miss you!\""), 1);
        assert_eq!(sentences("我们想念您。"), 1);
    }
}
