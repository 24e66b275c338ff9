//! Writes with a model on this machine.
//!
//! In: a model file and requests. Out: the variants of a slot, decoded together. The prompt is run once for
//! all variants, and what it shares with the prompt before is not run again.

mod beside;
mod lane;
mod look;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use self::beside::Held;
use self::lane::{Lane, Tokens};
use super::adapter::Place;
use super::chat::ChatTemplate;
use super::demand::Demand;
use super::doubt::Considered;
use super::families;
use super::folder::Folder;
use super::forward::Forward;
use super::gguf::Gguf;
use super::guard::Mask;
use super::guard::taught::Taught;
use super::tokenizer::Vocabulary;
use super::{FinishReason, Form, Guard, ModelIdentity, Piece, Prompt, Request, TextEngine, Writing, Written};
use crate::data::primary_language;
use crate::jobs::{Cancel, Cancelled, Task};
use crate::writing::WritingError;

/// Candidates for each variant: with half as many, a third of the slots got the strategy's own text in place of a
/// sentence that the model was sure of.
const CANDIDATES: usize = 8;

/// A loaded model.
pub struct LocalModel {
    identity: ModelIdentity,
    model: Box<dyn Forward>,
    /// The adapters that are ready, each in a place of the model's.
    adapters: Vec<Held>,
    /// Times that an adapter was asked for.
    asked: u64,
    chosen: Option<usize>,
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
        let identity = ModelIdentity::plain(name, sha256);
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
        let identity = ModelIdentity::plain(name, sha256);
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
        Self {
            identity,
            model,
            adapters: Vec::new(),
            asked: 0,
            chosen: None,
            vocabulary,
            template,
            languages,
            full_stops,
            mask: None,
        }
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
    /// Its tokens, and how many examples were left out.
    fn fitting_prompt(&self, request: &Request) -> Result<(Vec<u32>, usize), WritingError> {
        let context = self.model.context();
        let mut request = request.clone();
        let mut left_out = 0;
        loop {
            let tokens = self.prompt(&request)?;
            if tokens.len() + request.max_tokens <= context {
                return Ok((tokens, left_out));
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
                .map_init(Vec::new, |scratch, (lane, logits)| lane.advance(logits, scratch, self.tokens()))
                .collect()
        })
    }

    fn tokens(&self) -> Tokens<'_> {
        Tokens { vocabulary: &self.vocabulary, full_stops: &self.full_stops }
    }

    fn mask(&mut self, guard: &Guard) -> Arc<Mask> {
        let taught = self.taught().cloned();
        if let Some((known, mask)) = &self.mask
            && known == guard
            && mask.is_taught(taught.as_ref())
        {
            return Arc::clone(mask);
        }
        let mask = Arc::new(Mask::new(guard, &self.vocabulary, taught));
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
        self.languages.is_empty()
            || self.languages.iter().any(|known| primary_language(known) == wanted)
            || self.chosen.is_some_and(|chosen| self.adapters[chosen].writes(&wanted))
    }

    fn wanders(&self) -> bool {
        // An adapter of the brief knows what shops say.
        self.form() == Form::List
    }

    fn taught(&self) -> Option<&Arc<Taught>> {
        self.adapters[self.chosen?].taught()
    }

    fn same_openings(&self) -> u32 {
        if self.form() == Form::List { 2 } else { 1 }
    }

    fn candidates(&self) -> usize {
        CANDIDATES
    }

    fn adapt(&mut self, adapter: Option<&Place>, cancel: &Cancel) -> Result<(), WritingError> {
        self.lay_beside(adapter, cancel)
    }

    fn adapt_as(&mut self, record: &ModelIdentity) -> Result<(), WritingError> {
        self.choose_again(record)
    }

    fn form(&self) -> Form {
        self.chosen.map_or(Form::List, |chosen| self.adapters[chosen].form())
    }

    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        let mask = self.mask(&request.guard);
        let (mut prompt, examples_left_out) = self.fitting_prompt(request)?;
        let prompt_tokens = prompt.len();
        // What all variants begin with is run once for all.
        prompt.extend_from_slice(request.begun.tokens());
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
            .map(|seed| Lane::new(request, *seed, Arc::clone(&mask), &demand, processor, &self.vocabulary))
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
        let variants = lanes.iter().enumerate().map(|(index, lane)| lane.written(index)).collect();
        Ok(Writing { variants, prompt_tokens, examples_left_out, prompt_seconds })
    }

    fn looks_back(&self) -> bool {
        true
    }

    fn look_back(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<Considered>, WritingError> {
        self.considered(request, written, cancel)
    }
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
