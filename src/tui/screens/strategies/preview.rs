//! The variants of a strategy as they are being written: which order was given, what has come of it so far.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::data::{Channel, Shop};
use crate::features::Features;
use crate::jobs::JobId;
use crate::profiles::ClusterProfile;
use crate::review::Check;
use crate::segments::Segmentation;
use crate::strategy::{self, Facts, Renderer, Strategy, Text};
use crate::tui::widgets::{marked, unmarked};
use crate::writing::drafts::{DEFAULT_LIMIT, Told};
use crate::writing::voice::Manner;
use crate::writing::{Draft, ModelIdentity, Piece, Sampling};

/// What is to be written, and for whom.
#[derive(Clone, Debug)]
pub struct Order {
    pub strategy: Strategy,
    pub shop: Arc<Shop>,
    pub features: Arc<Features>,
    pub segmentation: Arc<Segmentation>,
    pub profile: Arc<ClusterProfile>,
    /// Which of the customers who may be sent it is shown, counted on and round.
    pub example: usize,
    pub config: Config,
    pub sending: jiff::civil::Date,
    /// One per variant.
    pub seeds: Vec<u64>,
    pub sampling: Sampling,
    /// What was asked for on top of the strategy's tone.
    pub manners: Vec<Manner>,
    /// Variants that stay, with their places; the others are written around them.
    pub pinned: Vec<Pinned>,
    /// What stands in the other places.
    pub standing: Option<Standing>,
    /// The project's, with its adapters and its own voice.
    pub folder: PathBuf,
    /// The model is to write by itself, whatever adapter is asked for.
    pub without_adapter: bool,
}

/// A finished draft with the outcome of every rule.
pub type CheckedDraft = (Draft, Vec<Check>);

/// A variant that stays.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// Among all.
    pub place: usize,
    pub draft: Arc<CheckedDraft>,
    /// What it was written from, or was carried over to.
    pub of: Arc<Strategy>,
}

/// Variants that need not be written again where the same would be asked for them.
#[derive(Clone, Debug)]
pub struct Standing {
    pub of: Arc<Strategy>,
    /// Who was to write them.
    pub by: ModelIdentity,
    /// With their places.
    pub drafts: Vec<(usize, Arc<CheckedDraft>)>,
}

/// News of a preview.
#[derive(Clone, Debug)]
pub enum Part {
    /// The facts are gathered; `customer` is whose they are.
    Begins {
        facts: Facts,
        segment: usize,
        customer: String,
        model: Box<ModelIdentity>,
        /// The variants that stay, carried over to the strategy and the facts.
        pinned: Vec<Pinned>,
        /// Places of those that do not, as their slots are others now.
        let_go: Vec<usize>,
    },
    Told(Told),
    /// The variant as it would be if the writing was stopped now.
    Ready {
        variant: usize,
        draft: Arc<CheckedDraft>,
    },
}

/// How far a preview is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stage {
    /// Nothing was asked for yet.
    #[default]
    Idle,
    /// The strategy has mistakes; what was written before them is still there.
    Stopped,
    /// Somebody is typing: it is written once they pause.
    Due,
    Writing(JobId),
    Done,
    Cancelled,
    /// Cause and remedy in words.
    Failed(String),
}

/// One variant so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// Text of each slot.
    pub slots: Vec<String>,
    /// Slots whose text is as it will stand.
    settled: usize,
    /// Tokens of the slot that is being written: at its first piece with the time of that, and at its last.
    tokens: Option<(usize, Duration)>,
    last: (usize, Duration),
}

impl Variant {
    fn hear(&mut self, tokens: usize, now: Duration) {
        self.tokens.get_or_insert((tokens, now));
        self.last = (tokens, now);
    }

    /// Of the slot that is being written.
    fn tokens_per_second(&self) -> Option<f64> {
        let (first, since) = self.tokens?;
        let (last, now) = self.last;
        let seconds = now.saturating_sub(since).as_secs_f64();
        (last > first && seconds > 0.0).then(|| (last - first) as f64 / seconds)
    }
}

/// How far a variant is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    /// Part of it that is written, 0..=1.
    pub share: f64,
    pub tokens_per_second: Option<f64>,
}

#[derive(Default)]
pub struct Preview {
    pub stage: Stage,
    /// Of the strategy.
    id: String,
    pub strategy: Option<Strategy>,
    pub source: String,
    pub customer: String,
    pub model: Option<ModelIdentity>,
    /// Who was to write: a server's model is known by its own name only afterwards.
    by: Option<ModelIdentity>,
    /// How it was asked to choose its words.
    pub sampling: Sampling,
    /// The model does not write the strategy's language.
    pub foreign: bool,
    /// How long it took to write all of it.
    pub took: Option<Duration>,
    renderer: Option<Renderer>,
    /// Longest text of each slot, in characters.
    limits: Vec<usize>,
    facts: Facts,
    segment: Option<usize>,
    variants: Vec<Variant>,
    /// What is finished, by place.
    drafts: Vec<Option<Arc<CheckedDraft>>>,
    began: Duration,
    /// The last that was finished, while this one is not.
    before: Option<Box<Self>>,
}

impl Preview {
    /// Another one begins in its place.
    pub fn replace(&mut self, next: Self) {
        let mut last = std::mem::replace(self, next);
        let usable = last.took.is_some() || last.stage == Stage::Cancelled && last.has_drafts();
        self.before = if usable { Some(Box::new(last)) } else { last.before.take() };
    }

    /// The strategy has mistakes. What was finished last of the same strategy for the same segment stays.
    pub fn stop(&mut self, id: &str, segment: usize) {
        if self.took.is_none()
            && let Some(before) = self.before.take()
        {
            *self = *before;
        }
        if self.id != id || self.segment != Some(segment) {
            *self = Self { id: id.to_owned(), ..Self::default() };
        }
        self.stage = Stage::Stopped;
    }

    /// What is there is of a text that has changed since.
    pub fn put_off(&mut self) {
        if self.stage != Stage::Idle {
            self.stage = Stage::Due;
        }
    }

    pub fn begun(order: &Order, source: String, now: Duration) -> Self {
        let (strategy, variants) = (&order.strategy, order.seeds.len());
        let renderer = Renderer::new(strategy).ok();
        let slots = renderer.as_ref().map_or(0, Renderer::slot_count);
        Self {
            id: strategy.id.clone(),
            strategy: Some(strategy.clone()),
            source,
            sampling: order.sampling,
            renderer,
            variants: vec![Variant { slots: vec![String::new(); slots], ..Variant::default() }; variants],
            drafts: vec![None; variants],
            began: now,
            ..Self::default()
        }
    }

    /// One of the finished drafts gives way to another.
    pub fn put(&mut self, place: usize, draft: &CheckedDraft) {
        let Some(old) = self.draft(place) else { return };
        if old.0.strategy_version == draft.0.strategy_version {
            let mut draft = draft.clone();
            // The round that is told of did not write it.
            draft.0.slots.iter_mut().for_each(|slot| slot.earlier = true);
            self.show(place, Arc::new(draft));
        }
    }

    /// A draft takes its place.
    fn show(&mut self, place: usize, draft: Arc<CheckedDraft>) {
        if let (Some(variant), Some(at)) = (self.variants.get_mut(place), self.drafts.get_mut(place)) {
            variant.slots = draft.0.slots.iter().map(|slot| slot.text.clone()).collect();
            variant.settled = variant.slots.len();
            *at = Some(draft);
        }
    }

    /// What stands, for a round after this one with this sampling.
    pub fn standing(&self, sampling: Sampling) -> Option<Standing> {
        let last = if self.has_drafts() && !self.is_running() { Some(self) } else { self.before.as_deref() };
        let last = last.filter(|last| last.sampling == sampling)?;
        let drafts = last.last_drafts().map(|(place, draft)| (place, Arc::clone(draft))).collect();
        Some(Standing { of: Arc::new(last.strategy.clone()?), by: last.by.clone()?, drafts })
    }

    /// Whether it is of this strategy, and of this segment as far as is known.
    pub fn is_of(&self, id: &str, segment: usize) -> bool {
        self.id == id && self.segment.is_none_or(|shown| shown == segment)
    }

    /// Of the strategy.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn channel(&self) -> Option<Channel> {
        self.strategy.as_ref().map(|strategy| strategy.channel)
    }

    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Writing(_))
    }

    pub fn has_begun(&self) -> bool {
        !matches!(self.stage, Stage::Idle | Stage::Stopped)
    }

    /// Whether it has to be written anew for the segment to be seen.
    pub fn is_stale(&self, segment: usize) -> bool {
        match self.stage {
            Stage::Idle => true,
            _ => self.segment.is_some_and(|shown| shown != segment),
        }
    }

    /// Whether this job writes it.
    pub fn is(&self, job: JobId) -> bool {
        self.stage == Stage::Writing(job)
    }

    pub fn hear(&mut self, job: JobId, part: &Part, now: Duration) {
        if !self.is(job) {
            return;
        }
        match part {
            Part::Begins { facts, segment, customer, model, .. } => {
                let slots = self.strategy.as_ref().map(|strategy| strategy::slots(strategy, facts));
                let limit = |slot: &strategy::Slot| slot.limit.unwrap_or(DEFAULT_LIMIT);
                self.limits =
                    slots.and_then(Result::ok).map_or(Vec::new(), |slots| slots.iter().map(limit).collect());
                self.facts.clone_from(facts);
                self.segment = Some(*segment);
                self.customer.clone_from(customer);
                self.model = Some(model.as_ref().clone());
                self.by = Some(model.as_ref().clone());
            }
            Part::Ready { variant, draft } => self.show(*variant, Arc::clone(draft)),
            Part::Told(Told::Piece { slot, piece: Piece::Text { variant, text, tokens } }) => {
                if let Some(variant) = self.variants.get_mut(*variant) {
                    variant.hear(*tokens, now);
                }
                if let Some(slot) = self.slot(*variant, *slot) {
                    slot.push_str(text);
                }
            }
            Part::Told(Told::Again { slot, variant }) => {
                if let Some(draft) = self.drafts.get_mut(*variant) {
                    *draft = None;
                }
                if let Some(variant) = self.variants.get_mut(*variant) {
                    variant.tokens = None;
                    variant.settled = variant.settled.min(*slot);
                }
                if let Some(slot) = self.slot(*variant, *slot) {
                    slot.clear();
                }
            }
            Part::Told(Told::Settled { slot, variant, text }) => {
                if let Some(variant) = self.variants.get_mut(*variant) {
                    variant.settled = slot + 1;
                    variant.tokens = None;
                }
                if let Some(slot) = self.slot(*variant, *slot) {
                    slot.clone_from(text);
                }
            }
            Part::Told(Told::NotWritten) => self.foreign = true,
            Part::Told(
                Told::Piece { piece: Piece::End { .. } | Piece::Whole { .. }, .. } | Told::Finished { .. },
            ) => {}
        }
    }

    fn slot(&mut self, variant: usize, slot: usize) -> Option<&mut String> {
        self.variants.get_mut(variant)?.slots.get_mut(slot)
    }

    pub fn finish(&mut self, job: JobId, drafts: &[CheckedDraft], now: Duration) {
        if !self.is(job) {
            return;
        }
        for (place, draft) in drafts.iter().enumerate() {
            self.show(place, Arc::new(draft.clone()));
        }
        // A server says its model's name when it is asked, and another may have written in its place.
        if let Some((draft, _)) = drafts.iter().find(|(draft, _)| !draft.is_own_text()) {
            self.model = Some(draft.model.clone());
        }
        self.before = None;
        self.took = Some(now.saturating_sub(self.began));
        self.stage = Stage::Done;
    }

    pub fn fail(&mut self, job: JobId, message: &str) {
        if self.is(job) {
            // What was finished last of the same strategy for the same segment stays in sight.
            let same = |before: &Self| {
                before.id == self.id && (self.segment.is_none() || self.segment == before.segment)
            };
            if self.before.as_deref().is_some_and(same)
                && let Some(before) = self.before.take()
            {
                *self = *before;
            } else {
                self.drafts.fill(None);
            }
            self.stage = Stage::Failed(message.to_owned());
        }
    }

    /// The writing was stopped. What is finished can be used, and so can what stood before in the other places, where it
    /// is of the same text and facts.
    pub fn cancel(&mut self, job: JobId) {
        if !self.is(job) {
            return;
        }
        if let Some(before) =
            self.before.take().filter(|before| before.source == self.source && before.id == self.id)
        {
            if self.facts.is_empty() {
                // It had not begun.
                *self = *before;
                self.took = None;
            } else if before.facts == self.facts && before.segment == self.segment {
                for (place, draft) in before.last_drafts() {
                    if self.drafts.get(place).is_some_and(Option::is_none) {
                        self.show(place, Arc::clone(draft));
                    }
                }
            }
        }
        self.stage = Stage::Cancelled;
    }

    fn has_drafts(&self) -> bool {
        self.drafts.iter().any(Option::is_some)
    }

    /// The finished drafts with their places and the outcome of every rule, if they are of the text as it is now.
    pub fn drafts(&self) -> impl Iterator<Item = (usize, &Arc<CheckedDraft>)> {
        self.last_drafts().filter(|_| matches!(self.stage, Stage::Done | Stage::Cancelled))
    }

    /// The same, of the text as it was when they were written.
    pub fn last_drafts(&self) -> impl Iterator<Item = (usize, &Arc<CheckedDraft>)> {
        // What is ready while others are written may give way to a better one.
        let there = self.drafts.iter().enumerate().filter(|_| !self.is_running());
        there.filter_map(|(place, draft)| Some((place, draft.as_ref()?)))
    }

    /// A finished draft, if it is of the text as it is now.
    pub fn draft(&self, variant: usize) -> Option<&Arc<CheckedDraft>> {
        self.drafts().find(|(place, _)| *place == variant).map(|(_, draft)| draft)
    }

    /// The same, of the text as it was when it was written.
    pub fn last_draft(&self, variant: usize) -> Option<&Arc<CheckedDraft>> {
        self.last_drafts().find(|(place, _)| *place == variant).map(|(_, draft)| draft)
    }

    /// Tokens that were written in this round and stand, and how many of them a second; `None` before it is over, and
    /// where nothing was.
    pub fn pace(&self) -> Option<(usize, f64)> {
        let seconds = self.took?.as_secs_f64();
        let slots = self.drafts().flat_map(|(_, draft)| &draft.0.slots);
        let tokens = slots.filter(|slot| slot.is_models() && !slot.earlier).map(|slot| slot.tokens).sum();
        (tokens > 0 && seconds > 0.0).then(|| (tokens, tokens as f64 / seconds))
    }

    pub fn variants(&self) -> usize {
        self.variants.len()
    }

    /// A variant as far as it is written, its slots between marks; why it cannot be shown.
    pub fn text(&self, variant: usize) -> Result<Text, String> {
        let (Some(renderer), Some(variant)) = (&self.renderer, self.variants.get(variant)) else {
            return Err(String::new());
        };
        if self.facts.is_empty() {
            return Err("…".into());
        }
        let slots: Vec<String> =
            variant.slots.iter().map(|text| marked(if text.is_empty() { "…" } else { text })).collect();
        renderer
            .render(&self.facts, &slots)
            .map_err(|problem| format!("{}; {}", problem.message, problem.remedy))
    }

    /// What is written of a variant so far, by slot.
    pub fn slots(&self, variant: usize) -> &[String] {
        self.variants.get(variant).map_or(&[], |variant| &variant.slots)
    }

    /// How far a variant is, and how fast: while it is written by what has come, afterwards by its record.
    pub fn lane(&self, place: usize) -> Lane {
        if let Some(draft) = self.last_draft(place) {
            let speed = draft.0.tokens_per_second;
            return Lane { share: 1.0, tokens_per_second: (speed > 0.0).then_some(speed) };
        }
        let Some(variant) = self.variants.get(place) else {
            return Lane { share: 0.0, tokens_per_second: None };
        };
        let limit = self.limits.get(variant.settled).copied().unwrap_or(DEFAULT_LIMIT);
        let written = variant.slots.get(variant.settled).map_or(0, |text| text.chars().count());
        let begun = (written as f64 / limit.max(1) as f64).min(0.95);
        Lane {
            share: (variant.settled as f64 + begun) / variant.slots.len().max(1) as f64,
            tokens_per_second: variant.tokens_per_second(),
        }
    }

    /// The offer as the customer reads it, where the strategy makes one.
    pub fn offer(&self) -> Option<String> {
        let text = |name: &str| self.facts.get(name).and_then(serde_json::Value::as_str);
        let offer = text("offer")?;
        Some(text("offer_conditions").map_or(offer.to_owned(), |conditions| format!("{offer}, {conditions}")))
    }

    /// All finished variants as plain text, for the clipboard.
    pub fn plain(&self) -> String {
        let texts: Vec<String> = (0..self.variants())
            .filter_map(|variant| self.text(variant).ok())
            .map(|text| text.values().map(|part| unmarked(part)).collect::<Vec<_>>().join("\n"))
            .collect();
        texts.join("\n\n")
    }
}
