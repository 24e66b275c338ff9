//! Joins a strategy, facts and an engine to drafts.
//!
//! In: a strategy, the facts that the text shows, one seed per variant. Out: one [`Draft`] per seed, and on
//! the way the text as it grows. A slot that comes out unusable is written again with a seed derived from its
//! own, at most twice; then the strategy's own text takes its place, and the draft says so.

mod assignment;
mod judging;
mod room;
mod usable;

use std::cmp::{Ordering, Reverse};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::local::hex;
use super::rank::{Hand, Taste, opening, worn_openings};
use super::templates::Templates;
use super::voice::Voice;
use super::{
    Beginning, Draft, FinishReason, Form, Guard, ModelIdentity, Piece, Request, Sampling, TextEngine,
    WritingError, Written, brief, guard, prompt,
};
use crate::data::Channel;
use crate::jobs::Cancel;
use crate::strategy::{self, Facts, Problem, Slot, Strategy, Text};
pub use assignment::Assignment;
use judging::Judging;
pub use judging::{Judge, Ready};
use usable::usable;

/// Times that an unusable slot is written again.
const RETRIES: u32 = 2;
/// A slot's length in characters where the strategy sets no limit.
pub const DEFAULT_LIMIT: usize = 160;

/// What is told while drafts are written.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// More of a slot. A slot's text so far is the sum of its pieces since the last `Again`.
    Piece { slot: usize, piece: Piece },
    /// That slot of that variant is thrown away and written again.
    Again { slot: usize, variant: usize },
    /// The engine does not write the strategy's language: its own texts stand in.
    NotWritten,
    /// The text of a slot as it will stand in the draft.
    Settled { slot: usize, variant: usize, text: String },
    /// The variant as it would be if the writing was stopped now.
    Finished { variant: usize, draft: Box<Draft> },
}

/// Writes one draft per seed.
///
/// # Errors
/// Cancelled, the engine failed, or the strategy cannot be filled with these facts.
pub fn write_drafts(
    assignment: &Assignment,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Told),
) -> Result<Vec<Draft>, WritingError> {
    let failure = match write_with(assignment, engine, cancel, tell) {
        Err(failure @ WritingError::Failed(_)) => failure,
        other => return other,
    };
    // All of a draft is written by one: what the first has written of it is thrown away.
    let Some(other) = engine.instead(cancel)? else { return Err(failure) };
    let slots = strategy::slots(&assignment.strategy, &assignment.facts).map_or(0, |slots| slots.len());
    for (slot, variant) in
        (0..slots).flat_map(|slot| (0..assignment.seeds.len()).map(move |variant| (slot, variant)))
    {
        tell(Told::Again { slot, variant });
    }
    write_with(assignment, other, cancel, tell)
}

fn write_with(
    assignment: &Assignment,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Told),
) -> Result<Vec<Draft>, WritingError> {
    let Assignment { strategy, facts, seeds, .. } = assignment;
    engine.adapt(assignment.adapter.as_ref(), cancel)?;
    let slots = strategy::slots(strategy, facts).map_err(|problem| unfilled(strategy, &problem))?;
    let version = version(strategy);
    let mut prompts: Vec<String> = Vec::with_capacity(slots.len());
    let mut written: Vec<Vec<Written>> = vec![Vec::new(); seeds.len()];
    let mut examples_left_out = 0;
    for slot in &slots {
        let request = request_of(assignment, slot, Asking::of(engine));
        let prompt = request.prompt.text();
        prompts.push(prompt);
        let writes = engine.writes(&strategy.language);
        if !writes {
            tell(Told::NotWritten);
        }
        let record = Record::new(assignment, &version, &*engine, &prompts, examples_left_out);
        let made = |variant: usize, text: &Written| {
            let texts = written.get(variant)?.iter().chain([text]).cloned().collect();
            let whole = slot.index + 1 == slots.len();
            whole.then(|| record.draft(*seeds.get(variant)?, texts).ok()).flatten()
        };
        let judging = Judging::new(assignment, &slots, slot.index, &written);
        let texts = if writes {
            write_slot(assignment, slot, &request, &judging, engine, cancel, (tell, &made))?
        } else {
            write_slot(
                assignment,
                slot,
                &request,
                &judging,
                &mut Templates::default(),
                cancel,
                (tell, &made),
            )?
        };
        let (texts, left_out) = texts;
        examples_left_out += left_out;
        for (variant, text) in texts.into_iter().enumerate() {
            written[variant].push(text);
        }
    }
    let record = Record::new(assignment, &version, &*engine, &prompts, examples_left_out);
    seeds.iter().zip(written).map(|(seed, slots)| record.draft(*seed, slots)).collect()
}

/// What the record of a draft says besides its slots.
struct Record<'a> {
    assignment: &'a Assignment,
    version: &'a str,
    prompts: &'a [String],
    examples_left_out: usize,
    model: ModelIdentity,
    sampling: Sampling,
}

impl<'a> Record<'a> {
    fn new(
        assignment: &'a Assignment,
        version: &'a str,
        engine: &dyn TextEngine,
        prompts: &'a [String],
        examples_left_out: usize,
    ) -> Self {
        let (model, sampling) = (engine.identity().clone(), engine.sampling(assignment.sampling));
        Self { assignment, version, prompts, examples_left_out, model, sampling }
    }

    fn draft(&self, seed: u64, slots: Vec<Written>) -> Result<Draft, WritingError> {
        let Assignment { strategy, facts, segment, group, banned_words, voice, .. } = self.assignment;
        let (tokens, tokens_per_second) = speed(&slots);
        let mut hash = Sha256::new();
        self.prompts.iter().for_each(|prompt| hash.update(prompt));
        Ok(Draft {
            strategy: strategy.id.clone(),
            strategy_version: self.version.to_owned(),
            segment: segment.clone(),
            group: group.clone(),
            fields: facts.clone(),
            text: merged(strategy, facts, &slots)?,
            seed,
            finish_reason: worst(&slots),
            tokens,
            tokens_per_second,
            model: writer_of(&slots, &self.model),
            slots,
            sampling: self.sampling,
            prompts: self.prompts.to_vec(),
            prompt_sha256: hex(&hash.finalize()),
            examples_left_out: self.examples_left_out,
            banned_words: banned_words.clone(),
            voice: voice.clone(),
            program: super::PROGRAM.into(),
        })
    }
}

/// Writes a slot of a draft on from what it is to begin with, and puts it in its place. The best of the
/// engine's candidates is taken; what is wrong with it is for the rules to say, as somebody chose how it begins.
pub(super) fn rewrite(
    draft: &Draft,
    strategy: &Strategy,
    slot: &Slot,
    begun: Beginning,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
) -> Result<Draft, WritingError> {
    let assignment = Assignment::of(draft, strategy);
    engine.adapt_as(&draft.model)?;
    let mut request = request_of(&assignment, slot, Asking::of(engine));
    let seed = draft.slots.get(slot.index).map_or(draft.seed, |written| written.seed);
    request.seeds = (0..engine.candidates().max(1) as u32).map(|turn| derived_again(seed, turn)).collect();
    request.begun = begun;
    let writing = engine.write(&request, cancel, &mut |_| {})?;
    let usable = |written: &Written, others: &[&str]| usable(written, slot, others);
    let hand = Hand::of(engine);
    let taste = Taste::new(strategy, slot, &assignment.voice, hand, &usable);
    let best = taste.choose(&writing.variants, 1, &[]).first().copied().unwrap_or(0);
    let mut draft = draft.clone();
    if let (Some(place), Some(written)) =
        (draft.slots.get_mut(slot.index), writing.variants.into_iter().nth(best))
    {
        *place = written;
    }
    draft.text = merged(strategy, &draft.fields, &draft.slots)?;
    draft.finish_reason = worst(&draft.slots);
    (draft.tokens, draft.tokens_per_second) = speed(&draft.slots);
    draft.model = writer_of(&draft.slots, engine.identity());
    Ok(draft)
}

/// The message with its slots filled in.
pub(super) fn merged(strategy: &Strategy, facts: &Facts, slots: &[Written]) -> Result<Text, WritingError> {
    let texts: Vec<String> = slots.iter().map(|slot| slot.text.clone()).collect();
    strategy::render(strategy, facts, &texts).map_err(|problem| unfilled(strategy, &problem))
}

/// Tokens of all slots, and how many of them a second.
fn speed(slots: &[Written]) -> (usize, f64) {
    let seconds: f64 = slots
        .iter()
        .filter(|slot| slot.tokens_per_second > 0.0)
        .map(|slot| slot.tokens as f64 / slot.tokens_per_second)
        .sum();
    let tokens = slots.iter().map(|slot| slot.tokens).sum();
    (tokens, if seconds > 0.0 { tokens as f64 / seconds } else { 0.0 })
}

fn unfilled(strategy: &Strategy, problem: &Problem) -> WritingError {
    WritingError::Failed(format!(
        "the strategy {} cannot be filled: {}; {}",
        strategy.id, problem.message, problem.remedy
    ))
}

/// SHA-256 of the strategy's id and of what it says: a copy of a strategy under another name is another one.
pub(super) fn version(strategy: &Strategy) -> String {
    let mut hash = Sha256::new();
    hash.update((strategy.id.len() as u64).to_le_bytes());
    hash.update(strategy.id.as_bytes());
    hash.update(serde_json::to_vec(strategy).unwrap_or_default());
    hex(&hash.finalize())
}

/// Who wrote the slots: nobody but the strategy's author where all of them are its own texts.
fn writer_of(slots: &[Written], model: &ModelIdentity) -> ModelIdentity {
    if slots.iter().all(|slot| slot.finish_reason == FinishReason::Template) {
        Templates::default().identity().clone()
    } else {
        model.clone()
    }
}

/// The reason to show for a whole draft: the least good of its slots'.
fn worst(slots: &[Written]) -> FinishReason {
    let rank = |reason: &FinishReason| match reason {
        FinishReason::Stop => 0,
        FinishReason::Template => 1,
        FinishReason::Length => 2,
        FinishReason::Cancelled => 3,
    };
    slots.iter().map(|slot| slot.finish_reason).max_by_key(rank).unwrap_or(FinishReason::Template)
}

/// The seed of one slot of one variant, at one attempt.
fn derived(seed: u64, slot: usize, attempt: u32) -> u64 {
    if slot == 0 && attempt == 0 {
        return seed;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream((slot as u64) << 8 | u64::from(attempt));
    random.random()
}

/// How an engine is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asking {
    pub converses: bool,
    pub form: Form,
}

impl Asking {
    pub fn of(engine: &dyn TextEngine) -> Self {
        Self { converses: engine.converses(), form: engine.form() }
    }
}

/// What an engine is asked for a slot.
pub(super) fn request_of(assignment: &Assignment, slot: &Slot, asking: Asking) -> Request {
    let strategy = &assignment.strategy;
    let sms = strategy.channel == Channel::Sms;
    let voice = &assignment.voice;
    let limit = voice.limit(slot.limit.unwrap_or(DEFAULT_LIMIT));
    let limit = room::room(assignment, slot, limit);
    let chinese = strategy.language.starts_with("zh");
    let unsaid = guard::unsaid::words(strategy).map(str::to_owned);
    Request {
        prompt: match asking {
            Asking { converses: true, .. } => prompt::talk(strategy, slot, limit, voice),
            Asking { form: Form::Brief, .. } => brief::of_slot(strategy, slot, limit, voice),
            Asking { form: Form::List, .. } => prompt::of_slot(strategy, slot, voice),
        },
        seeds: assignment.seeds.iter().map(|seed| derived(*seed, slot.index, 0)).collect(),
        sampling: assignment.sampling,
        guard: Guard {
            digits: true,
            links: true,
            coupon_like: true,
            line_breaks: true,
            gsm7_only: sms && !chinese,
            discount: strategy.offer.as_ref().is_none_or(|offer| offer.kind.is_discount()),
            chinese,
            own: slot.own_words(),
            banned_words: assignment.banned_words.iter().cloned().chain(unsaid).collect(),
            allowed: allowed(slot),
            fields: if slot.free { readable_fields() } else { Vec::new() },
        },
        // A token is some four characters of English, and a third of a Chinese one where a model hardly knows them.
        max_tokens: (if chinese { limit * 3 } else { limit / 3 }).clamp(16, 240),
        max_characters: Some(limit),
        sentences: slot.sentences,
        must: slot.must.clone(),
        fallback: slot.fallback.clone(),
        begun: Beginning::default(),
        avoid: Vec::new(),
    }
}

/// Words of a slot that would look like a fact and are one: what it must have, and what a code is called where it must have that.
fn allowed(slot: &Slot) -> Vec<String> {
    let gives_code = slot.must.iter().any(|word| word == "{coupon_code}");
    let code_words = guard::facts::CODE_WORDS.into_iter().filter(|_| gives_code);
    slot.must.iter().cloned().chain(code_words.map(String::from)).collect()
}

/// Names of the fields that a customer may read.
fn readable_fields() -> Vec<&'static str> {
    strategy::fields::FIELDS.iter().filter(|field| field.readable).map(|field| field.name).collect()
}

/// What a draft with this text in the slot would be, of the variant of this number; `None` while other slots are not written.
type Making<'a> = dyn Fn(usize, &Written) -> Option<Draft> + 'a;

/// Writes a slot once per seed, telling what would be `made` of each that is whole, choosing among the engine's candidates, and again where nothing usable came; and how many
/// examples the prompt had no room for.
fn write_slot(
    assignment: &Assignment,
    slot: &Slot,
    request: &Request,
    judging: &Judging<'_>,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
    (tell, made): (&mut dyn FnMut(Told), &Making<'_>),
) -> Result<(Vec<Written>, usize), WritingError> {
    let finished = |variant: usize, written: &Written| {
        made(variant, written).map(|draft| Told::Finished { variant, draft: Box::new(draft) })
    };
    let slot = &Slot { limit: request.max_characters.or(slot.limit), ..slot.clone() };
    let usable = |written: &Written, others: &[&str]| {
        usable(written, slot, others)
            && (written.finish_reason == FinishReason::Template || judging.is_fine(&written.text))
    };
    let hand = Hand::of(engine);
    let same_openings = hand.same_openings;
    let taste = Taste::new(&assignment.strategy, slot, &assignment.voice, hand, &usable);
    let first_seeds = request.seeds.clone();
    let beside = assignment.beside.get(slot.index).map_or(&[][..], Vec::as_slice);
    let each = engine.candidates().max(1) as u32;
    let mut settled: Vec<Option<Written>> = vec![None; first_seeds.len()];
    let mut left_out = 0;
    for attempt in 0..=RETRIES {
        let open: Vec<usize> = (0..settled.len()).filter(|variant| settled[*variant].is_none()).collect();
        if open.is_empty() {
            break;
        }
        // One candidate of each variant is seen while it is written; the others stand behind them.
        let mut request = request.clone();
        let taken: Vec<String> =
            beside.iter().cloned().chain(settled.iter().flatten().map(|other| other.text.clone())).collect();
        let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
        request.avoid = worn_openings(taken.iter().copied(), same_openings);
        request.seeds = (attempt * each..(attempt + 1) * each)
            .flat_map(|turn| open.iter().map(move |variant| (turn, *variant)))
            .map(|(turn, variant)| derived_again(first_seeds[variant], turn))
            .collect();
        let mut whole: Vec<String> = Vec::new();
        let writing = engine.write(&request, cancel, &mut |piece| {
            let piece = match piece {
                Piece::Whole { variant, written } if variant < open.len() => {
                    let others = taken.iter().copied().chain(whole.iter().map(String::as_str));
                    if usable(&written, &others.collect::<Vec<_>>()) {
                        finished(open[variant], &written).into_iter().for_each(&mut *tell);
                        whole.push(written.text);
                    }
                    return;
                }
                Piece::Text { variant, text, tokens } if variant < open.len() => {
                    Piece::Text { variant: open[variant], text, tokens }
                }
                Piece::End { variant, reason } if variant < open.len() => {
                    Piece::End { variant: open[variant], reason }
                }
                _ => return,
            };
            tell(Told::Piece { slot: slot.index, piece });
        })?;
        left_out = left_out.max(writing.examples_left_out);
        let chosen = taste.choose(&writing.variants, open.len(), &taken);
        // Who has been seen stays where it was seen; the others take the places that are left.
        let (seen, unseen): (Vec<usize>, Vec<usize>) = chosen.iter().partition(|place| **place < open.len());
        for place in seen {
            settled[open[place]] = Some(writing.variants[place].clone());
        }
        let mut unseen = unseen.into_iter();
        for variant in open {
            if settled[variant].is_none() {
                match unseen.next() {
                    Some(place) => {
                        finished(variant, &writing.variants[place]).into_iter().for_each(&mut *tell);
                        settled[variant] = Some(writing.variants[place].clone());
                    }
                    None => tell(Told::Again { slot: slot.index, variant }),
                }
            }
        }
    }
    let mut taken: Vec<String> =
        beside.iter().cloned().chain(settled.iter().flatten().map(|other| other.text.clone())).collect();
    let finished: Vec<Written> = settled
        .into_iter()
        .enumerate()
        .map(|(variant, written)| {
            let written = written.unwrap_or_else(|| {
                let text = own_text(slot, variant, &taken, &assignment.voice, judging);
                taken.push(text.clone());
                Written::own_text(text, first_seeds[variant])
            });
            tell(Told::Settled { slot: slot.index, variant, text: written.text.clone() });
            written
        })
        .collect();
    Ok((finished, left_out))
}

fn derived_again(seed: u64, attempt: u32) -> u64 {
    if attempt == 0 { seed } else { derived(seed, 0, attempt) }
}

/// One of the slot's own texts: one that breaks no rule before all; if possible one that no other variant has, and none opens
/// like; of these the one that is liked most for its voice.
fn own_text(slot: &Slot, variant: usize, taken: &[String], voice: &Voice, judging: &Judging<'_>) -> String {
    let texts = if slot.fallback.is_empty() { &slot.examples } else { &slot.fallback };
    let openings: Vec<String> = taken.iter().map(|text| opening(text)).collect();
    let limit = slot.limit.unwrap_or(DEFAULT_LIMIT);
    let fitness = |text: &&String| {
        let free = !taken.contains(text);
        (
            Reverse(judging.broken(text)),
            free,
            free && !openings.contains(&opening(text)),
            voice.liking(text, limit),
        )
    };
    // From the last to the first, for of equals the last is taken.
    let turned = texts.iter().cycle().skip(variant).take(texts.len());
    let turned: Vec<&String> = turned.collect();
    turned
        .into_iter()
        .rev()
        .max_by(|one, other| fitness(one).partial_cmp(&fitness(other)).unwrap_or(Ordering::Equal))
        .cloned()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
