//! From decisions to lessons: what people approved and edited, as prompts and texts.
//!
//! In: the drafts and the log of decisions of a workspace. Out: [`Lessons`], in which no person's data is left.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::privacy::{Known, leaks, with_fields};
use super::{APPROVAL_WEIGHT, EDIT_WEIGHT, HELD_OUT_EVERY, LEAST_LESSONS, LEAST_PAIRS, OwnVoiceError};
use crate::review::decision::{Author, Decision, DraftId, Entry, Standing, Status, in_force};
use crate::strategy::Slot;
use crate::strategy::{self, Strategy};
use crate::workspace::{Store, StoredDraft, Workspace};
use crate::writing::words::sentences;
use crate::writing::{Draft, FinishReason, brief};

/// How a text came to be learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// As the model wrote it.
    Approved,
    /// As a person changed it.
    Edited,
}

/// A text that stands approved, and what asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    pub draft: DraftId,
    pub slot: usize,
    pub strategy: String,
    /// BCP 47.
    pub language: String,
    pub prompt: String,
    pub text: String,
    pub source: Source,
    pub weight: f32,
}

/// A better and a worse text for the same request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// BCP 47.
    pub language: String,
    pub prompt: String,
    pub chosen: String,
    pub rejected: String,
    /// The worse one was edited into the better, or else it was rejected.
    pub edited: bool,
}

/// Why a text teaches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Data of a person could not be taken out of it for certain.
    Personal,
    /// The strategy's own text, which nobody touched.
    OwnText,
    /// The strategy's file of that time is not kept, or its slots cannot be told any more.
    NoTemplate,
    /// It would need a field, and its slot takes none.
    NoFields,
    /// It is empty.
    Empty,
    /// The same text for the same request is there already.
    Twice,
}

/// Texts that were left out, why, and of which drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub why: Why,
    pub texts: usize,
    #[serde(default)]
    pub drafts: Vec<DraftId>,
}

/// Edited texts with more sentences than their strategy asks for: they are learnt as texts of so many, and the strategy's
/// slots go on taking fewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Longer {
    pub strategy: String,
    pub texts: usize,
    /// Sentences that most of them have, and that the strategy asks for.
    pub sentences: usize,
    pub asked: usize,
}

/// All that a workspace teaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lessons {
    pub learnt: Vec<Lesson>,
    /// Kept for judging: one of five, by the hash of its text.
    pub held_out: Vec<Lesson>,
    pub pairs: Vec<Pair>,
    /// Texts of rejected drafts, without anybody's data.
    pub rejected: Vec<String>,
    /// The same, and what was edited into something better.
    pub unwanted: Vec<String>,
    pub left_out: Vec<LeftOut>,
    #[serde(default)]
    pub longer: Vec<Longer>,
}

/// The same in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Texts learnt from and held out, by how they came.
    pub approved: usize,
    pub edited: usize,
    pub held_out: usize,
    /// Examples of the house corpus beside them.
    pub house: usize,
    /// Pairs of edits and of rejections; used from 16 on.
    pub pairs_of_edits: usize,
    pub pairs_of_rejections: usize,
    pub preferences_used: bool,
    pub rejected: usize,
    pub left_out: Vec<LeftOut>,
    #[serde(default)]
    pub longer: Vec<Longer>,
}

impl Counts {
    /// Texts in all, those that are held out among them.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.approved + self.edited
    }

    /// Better and worse texts for the same request.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs_of_edits + self.pairs_of_rejections
    }
}

impl Lessons {
    /// Texts in all, those that are held out among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.learnt.len() + self.held_out.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there are enough pairs to learn preferences.
    #[must_use]
    pub fn has_preferences(&self) -> bool {
        self.pairs.len() >= LEAST_PAIRS
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let all = || self.learnt.iter().chain(&self.held_out);
        let edits = self.pairs.iter().filter(|pair| pair.edited).count();
        Counts {
            approved: all().filter(|lesson| lesson.source == Source::Approved).count(),
            edited: all().filter(|lesson| lesson.source == Source::Edited).count(),
            held_out: self.held_out.len(),
            house: 0,
            pairs_of_edits: edits,
            pairs_of_rejections: self.pairs.len() - edits,
            preferences_used: self.has_preferences(),
            rejected: self.rejected.len(),
            left_out: self.left_out.clone(),
            longer: self.longer.clone(),
        }
    }

    /// That there is enough to learn from.
    ///
    /// # Errors
    /// There is too little; the message says how much it takes.
    pub fn check(&self) -> Result<(), OwnVoiceError> {
        if self.len() >= LEAST_LESSONS && !self.learnt.is_empty() {
            return Ok(());
        }
        Err(OwnVoiceError::Failed(format!(
            "there is too little to learn a voice from: {} approved by a person in this workspace as a model wrote, or edited, \
             and it takes {LEAST_LESSONS}. Approve or edit more drafts in review, then ask again",
            if self.len() == 1 { "1 text was".to_owned() } else { format!("{} texts were", self.len()) }
        )))
    }
}

/// The strategies as they are now; those that cannot be used are passed over.
///
/// # Errors
/// A folder cannot be read.
pub fn strategies_now(workspace: &Workspace) -> Result<Vec<Strategy>, OwnVoiceError> {
    Ok(workspace.strategies()?.into_iter().filter_map(|file| file.parsed.ok()).collect())
}

/// What the workspace's decisions teach. Only people's count, and only those that stand: what was undone, and what
/// `perennial run` approved by itself, teaches nothing. `now`: the strategies as they are.
///
/// # Errors
/// The database cannot be read.
pub fn gather(store: &Store, now: &[Strategy]) -> Result<Lessons, OwnVoiceError> {
    let mut logs = BTreeMap::<DraftId, Vec<Entry>>::new();
    for entry in store.log()? {
        logs.entry(entry.draft).or_default().push(entry);
    }
    let drafts = store.drafts()?;
    let mut strategies = Strategies::new();
    for StoredDraft { draft, .. } in &drafts {
        let (id, version) = (draft.strategy.as_str(), draft.strategy_version.as_str());
        if let std::collections::hash_map::Entry::Vacant(place) = strategies.entry((id, version)) {
            let source = store.template(id, version)?;
            place.insert(source.and_then(|source| strategy::parse(id, &source).ok()));
        }
    }
    let mut gathered = Gathered::default();
    for stored in &drafts {
        let strategy = strategy_of(&strategies, &stored.draft);
        gathered.everyone.add(&Known::of(&stored.draft.fields, strategy));
    }
    for stored in &drafts {
        if let Some(log) = logs.get(&stored.id) {
            let now = now.iter().find(|strategy| strategy.id == stored.draft.strategy);
            gathered.draft(stored.id, &stored.draft, log, (strategy_of(&strategies, &stored.draft), now));
        }
    }
    Ok(gathered.lessons())
}

/// Strategies by id and version; none where the file is not kept, or cannot be used any more.
type Strategies<'a> = HashMap<(&'a str, &'a str), Option<Strategy>>;

fn strategy_of<'a>(strategies: &'a Strategies<'a>, draft: &'a Draft) -> Option<&'a Strategy> {
    strategies.get(&(draft.strategy.as_str(), draft.strategy_version.as_str()))?.as_ref()
}

/// Lessons as they come, before they are parted.
#[derive(Default)]
struct Gathered {
    /// Everybody that a draft was ever shown for.
    everyone: Known,
    /// Each with the prompt of its slot, whose sentences may be fewer.
    lessons: Vec<(String, Lesson)>,
    edits: Vec<Pair>,
    /// Strategy, slot, prompt and text of what was rejected.
    rejected: Vec<(String, usize, String, String)>,
    left_out: BTreeMap<Why, Vec<DraftId>>,
    /// By strategy and the sentences that its slot asks for: sentences of the edited texts with more.
    longer: BTreeMap<(String, usize), Vec<usize>>,
}

/// What people decided about a draft.
struct Decided {
    approved: bool,
    rejected: bool,
    /// The slots' texts now, and whether a person wrote them.
    slots: Vec<(String, bool)>,
}

impl Decided {
    fn of(draft: &Draft, log: &[Entry]) -> Self {
        let standing = Standing::of(draft, log);
        let mut slots: Vec<(String, bool)> = standing.slots.into_iter().map(|text| (text, false)).collect();
        let mut rejected_by = None;
        for entry in in_force(log) {
            match &entry.decision {
                Decision::Edit { slot, .. } => {
                    if let Some(place) = slots.get_mut(*slot) {
                        place.1 = entry.by == Author::Person;
                    }
                }
                Decision::Reject { .. } => rejected_by = Some(entry.by),
                Decision::Approve { .. } | Decision::Undo { .. } => {}
            }
        }
        for ((text, edited), written) in slots.iter_mut().zip(&draft.slots) {
            // Changed and changed back is as it was written.
            *edited &= *text != written.text;
        }
        let rejected = matches!(standing.status, Status::Rejected { .. });
        Self {
            approved: matches!(standing.status, Status::Approved { by: Author::Person, .. }),
            rejected: rejected && rejected_by == Some(Author::Person),
            slots: if rejected { slots.into_iter().map(|(text, _)| (text, false)).collect() } else { slots },
        }
    }
}

impl Gathered {
    fn leave_out(&mut self, why: Why, id: DraftId) {
        self.left_out.entry(why).or_default().push(id);
    }

    /// `strategy`: as it was when the draft was written, and as it is now.
    fn draft(
        &mut self,
        id: DraftId,
        draft: &Draft,
        log: &[Entry],
        (strategy, now): (Option<&Strategy>, Option<&Strategy>),
    ) {
        let decided = Decided::of(draft, log);
        let counts = |slot: &(String, bool)| decided.approved || decided.rejected || slot.1;
        if !decided.slots.iter().any(counts) {
            return;
        }
        let known = Known::of(&draft.fields, strategy);
        let asked = strategy.and_then(|strategy| {
            let slots = strategy::slots(strategy, &draft.fields).ok()?;
            (slots.len() == draft.slots.len()).then_some((strategy, slots))
        });
        let slots_now = now.and_then(|now| strategy::slots(now, &draft.fields).ok()).unwrap_or_default();
        for (index, (slot, written)) in decided.slots.iter().zip(&draft.slots).enumerate() {
            if !counts(slot) {
                continue;
            }
            let (text, edited) = slot;
            let bare = if !edited && written.finish_reason == FinishReason::Template {
                Err(Why::OwnText)
            } else if let Some((strategy, slots)) = &asked
                && let Some(slot) = slots.get(index)
            {
                let asked = brief::for_slot(strategy, slot, &draft.voice);
                self.bare(text, &asked, slot.free, &known).map(|text| (*strategy, slot, asked.prompt, text))
            } else {
                Err(Why::NoTemplate)
            };
            let (strategy, slot, request, text) = match bare {
                Ok(bare) => bare,
                // A rejected text would teach nothing by itself.
                Err(_) if decided.rejected => continue,
                Err(why) => {
                    self.leave_out(why, id);
                    continue;
                }
            };
            if decided.rejected {
                self.rejected.push((draft.strategy.clone(), index, request, text));
                continue;
            }
            let said = said_in(&text);
            let prompt = if *edited && said > slot.sentences {
                let asked = slots_now.get(index).map_or(slot.sentences, |now| now.sentences);
                if said > asked {
                    self.longer.entry((draft.strategy.clone(), asked)).or_default().push(said);
                }
                let longer = Slot { sentences: said, ..slot.clone() };
                brief::for_slot(strategy, &longer, &draft.voice).prompt
            } else {
                request.clone()
            };
            if *edited
                && written.finish_reason != FinishReason::Template
                && let Ok(before) = self.bare_text(&written.text, slot.free, &known)
                && before != text
            {
                let (language, prompt, chosen) = (strategy.language.clone(), prompt.clone(), text.clone());
                self.edits.push(Pair { language, prompt, chosen, rejected: before, edited: true });
            }
            let (source, weight) =
                if *edited { (Source::Edited, EDIT_WEIGHT) } else { (Source::Approved, APPROVAL_WEIGHT) };
            let lesson = Lesson {
                draft: id,
                slot: index,
                strategy: draft.strategy.clone(),
                language: strategy.language.clone(),
                prompt,
                text,
                source,
                weight,
            };
            let same = self
                .lessons
                .iter_mut()
                .find(|(_, known)| (&known.prompt, &known.text) == (&lesson.prompt, &lesson.text));
            match same {
                Some((_, same)) => {
                    if same.weight < lesson.weight {
                        *same = lesson;
                    }
                    self.leave_out(Why::Twice, id);
                }
                None => self.lessons.push((request, lesson)),
            }
        }
    }

    /// A text on one line without anybody's data; why it cannot be had, or why its prompt cannot be shown.
    fn bare(
        &self,
        text: &str,
        asked: &brief::Asked,
        takes_fields: bool,
        known: &Known,
    ) -> Result<String, Why> {
        let text = self.bare_text(text, takes_fields, known)?;
        let words = asked.prompt.replacen(&asked.limits, "", 1);
        if self.is_clean(&words, known) { Ok(text) } else { Err(Why::Personal) }
    }

    fn is_clean(&self, text: &str, known: &Known) -> bool {
        leaks(text, known).is_empty() && !self.everyone.stands_in(text)
    }

    fn bare_text(&self, text: &str, takes_fields: bool, known: &Known) -> Result<String, Why> {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return Err(Why::Empty);
        }
        let text = with_fields(&line, known);
        if !self.is_clean(&text, known) {
            return Err(Why::Personal);
        }
        if text.contains('{') && !takes_fields { Err(Why::NoFields) } else { Ok(text) }
    }

    fn lessons(self) -> Lessons {
        let mut pairs = self.edits;
        for (strategy, slot, prompt, text) in &self.rejected {
            let better = self.lessons.iter().rev().find(|(request, lesson)| {
                (&lesson.strategy, &lesson.slot, request) == (strategy, slot, prompt) && lesson.text != *text
            });
            pairs.extend(better.map(|(_, better)| Pair {
                language: better.language.clone(),
                prompt: better.prompt.clone(),
                chosen: better.text.clone(),
                rejected: text.clone(),
                edited: false,
            }));
        }
        let mut known = HashSet::new();
        pairs.retain(|pair| known.insert((pair.prompt.clone(), pair.chosen.clone(), pair.rejected.clone())));
        let mut rejected: Vec<String> = self.rejected.into_iter().map(|(.., text)| text).collect();
        rejected.sort_unstable();
        rejected.dedup();
        let unwanted: BTreeSet<String> =
            pairs.iter().map(|pair| &pair.rejected).chain(&rejected).cloned().collect();
        let unwanted = unwanted.into_iter().collect();
        let (mut held_out, mut learnt): (Vec<_>, Vec<_>) = self
            .lessons
            .into_iter()
            .map(|(_, lesson)| lesson)
            .partition(|lesson| hash_of(&lesson.text).is_multiple_of(HELD_OUT_EVERY));
        if held_out.is_empty() {
            // Of few texts none may be due.
            let least = learnt.iter().map(|lesson| hash_of(&lesson.text)).min();
            (held_out, learnt) = learnt.into_iter().partition(|lesson| Some(hash_of(&lesson.text)) == least);
        }
        // What is kept for judging is not learnt as the better text of a pair either.
        pairs.retain(|pair| held_out.iter().all(|lesson| lesson.text != pair.chosen));
        let left_out = self.left_out.into_iter().map(|(why, mut drafts)| {
            let texts = drafts.len();
            drafts.dedup();
            LeftOut { why, texts, drafts }
        });
        let left_out = left_out.collect();
        let longer = self.longer.into_iter().map(|((strategy, asked), mut all)| {
            all.sort_unstable();
            Longer { strategy, texts: all.len(), sentences: all[all.len() / 2], asked }
        });
        let longer = longer.collect();
        Lessons { learnt, held_out, pairs, rejected, unwanted, left_out, longer }
    }
}

/// Sentences of a text, the last of which may have no mark.
fn said_in(text: &str) -> usize {
    sentences(text).max(sentences(&format!("{text}.")))
}

/// The first digits of a text's SHA-256: a text that is held out by it is held out ever after.
fn hash_of(text: &str) -> u64 {
    let hash = Sha256::digest(text);
    hash.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
