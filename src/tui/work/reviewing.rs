//! Drafts and decisions: what Review does in a workspace's database.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::Outcome;
use super::exporting::outbox_csv;
use crate::campaign::message::plainer;
use crate::data::Channel;
use crate::jobs::Failure;
use crate::review::decision::{Author, DraftId, in_force};
use crate::review::queue::{Item, Queue};
use crate::review::{self, Check, Rules, TracedClaim};
use crate::segments::Group;
use crate::strategy::{self, Problem, Strategy, Text};
use crate::workspace::{Store, Workspace, WorkspaceError};
use crate::writing::Draft;

/// A decision that a person makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// For this group; `None`: the one that it was written for.
    Approve(Option<Group>),
    Reject(String),
    Edit {
        slot: usize,
        text: String,
    },
    /// Replaces the characters that make a text message longer, where they stand in what was written.
    Plainer,
    /// Takes the last decision back, whatever draft it was about.
    Undo,
}

/// By id and version: the strategies as they were when the drafts were written.
type Templates = BTreeMap<(String, String), Strategy>;

/// What a draft's strategy stands under.
pub(super) fn key(draft: &Draft) -> (String, String) {
    (draft.strategy.clone(), draft.strategy_version.clone())
}

/// The queue as it stands, and its messages as they would be sent.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    pub queue: Queue,
    /// Drafts and decisions that there were at least when it was read: both are only ever added.
    revision: usize,
    /// Whether there is a decision to take back.
    pub undoable: bool,
    /// Whether an outbox was exported before.
    pub exported: bool,
    strategies: Templates,
    messages: BTreeMap<DraftId, Result<Shown, String>>,
}

/// A draft as it stands, edits included.
#[derive(Clone, Debug)]
pub struct Shown {
    pub channel: Channel,
    /// The message, its slots between marks.
    pub text: Text,
    /// What it claims, with what proves it.
    pub claims: Vec<TracedClaim>,
}

impl Desk {
    /// Whether it was read before `other` was: reading and deciding run side by side, and may end in any order.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.revision < other.revision
    }

    /// The message with all edits; why it cannot be shown.
    ///
    /// # Errors
    /// The template is lost, or a field has no value.
    pub fn message(&self, id: DraftId) -> Result<&Shown, &str> {
        match self.messages.get(&id) {
            Some(Ok(shown)) => Ok(shown),
            Some(Err(why)) => Err(why),
            None => Err("there is no such draft"),
        }
    }

    /// The message as plain text.
    #[must_use]
    pub fn plain(&self, id: DraftId) -> String {
        self.message(id).map_or(String::new(), |shown| {
            let parts: Vec<String> =
                shown.text.values().map(|part| crate::tui::widgets::unmarked(part.trim_end())).collect();
            parts.join("\n")
        })
    }

    /// What the draft's strategy is called.
    #[must_use]
    pub fn name(&self, item: &Item) -> String {
        let strategy = self.strategies.get(&key(&item.draft));
        strategy.map_or_else(|| item.draft.strategy.clone(), |strategy| strategy.name.clone())
    }
}

/// The database with the strategies that its drafts were written from.
pub(crate) struct Cabinet {
    pub(crate) store: Store,
    pub(super) strategies: Templates,
    banned_words: Vec<String>,
    exported: bool,
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Cabinet {
    pub(crate) fn open(folder: &Path, banned_words: Vec<String>) -> Result<Self, Failure> {
        let store = Workspace::open(folder)?.store()?;
        let mut strategies = BTreeMap::new();
        for stored in store.drafts()? {
            let Draft { strategy: id, strategy_version: version, .. } = &stored.draft;
            if !strategies.contains_key(&key(&stored.draft))
                && let Some(source) = store.template(id, version)?
                && let Ok(strategy) = strategy::parse(id, &source)
            {
                strategies.insert(key(&stored.draft), strategy);
            }
        }
        Ok(Self { store, strategies, banned_words, exported: outbox_csv(folder).exists() })
    }

    pub(crate) fn check(&self) -> impl Fn(&Draft, &[String]) -> Vec<Check> + use<> {
        let (strategies, banned_words) = (self.strategies.clone(), self.banned_words.clone());
        move |draft, slots| {
            let broken = |detail: String| vec![Check { rule: "unfilled-field", ok: false, detail }];
            let Some(strategy) = strategies.get(&key(draft)) else {
                return broken(
                    "the strategy that this was written from is lost; write the draft again".into(),
                );
            };
            match strategy::render(strategy, &draft.fields, slots) {
                Ok(text) => review::check(strategy, &draft.fields, slots, &text, &banned_words),
                Err(problem) => broken(format!("{}; {}", problem.message, problem.remedy)),
            }
        }
    }

    /// The message with all edits; as it was written where its template is lost or a field has no value.
    pub(crate) fn text(&self, item: &Item) -> Text {
        let strategy = self.strategies.get(&key(&item.draft));
        let rendered = strategy
            .and_then(|strategy| strategy::render(strategy, &item.draft.fields, &item.standing.slots).ok());
        rendered.unwrap_or_else(|| item.draft.text.clone())
    }

    /// All drafts, with the rules run on each.
    pub(crate) fn queue(&self) -> Result<Queue, Failure> {
        Ok(Queue::new(self.store.items(&self.check())?))
    }

    fn desk(self) -> Result<Desk, Failure> {
        // What is decided between the two is in the items, and counted by whoever reads after.
        let log = self.store.log()?;
        let items = self.store.items(&self.check())?;
        let revision = log.len() + items.len();
        let shown = |item| message(&self.strategies, &self.banned_words, item);
        let messages = items.iter().map(|item| (item.id, shown(item))).collect();
        let undoable = in_force(&log).next().is_some();
        let (queue, exported) = (Queue::new(items), self.exported);
        Ok(Desk { queue, revision, undoable, exported, strategies: self.strategies, messages })
    }
}

fn message(strategies: &Templates, banned_words: &[String], item: &Item) -> Result<Shown, String> {
    let strategy = strategies
        .get(&key(&item.draft))
        .ok_or("the strategy that this was written from is lost; write the draft again")?;
    let (facts, slots) = (&item.draft.fields, &item.standing.slots);
    let marked: Vec<String> = slots.iter().map(|slot| crate::tui::widgets::marked(slot)).collect();
    let unfilled = |problem: Problem| format!("{}; {}", problem.message, problem.remedy);
    let plain = strategy::render(strategy, facts, slots).map_err(unfilled)?;
    let claims = Rules::new(strategy, facts, banned_words).claims(facts, slots, &plain);
    let text = strategy::render(strategy, facts, &marked).map_err(unfilled)?;
    Ok(Shown { channel: strategy.channel, text, claims })
}

/// Reads all drafts and runs the rules on them.
pub fn read(folder: &Path, banned_words: Vec<String>) -> Result<Outcome, Failure> {
    Ok(Outcome::QueueRead(Arc::new(Cabinet::open(folder, banned_words)?.desk()?)))
}

/// Puts drafts into the queue.
pub fn keep(
    folder: &Path,
    drafts: &[Draft],
    source: &str,
    at: i64,
    banned_words: Vec<String>,
) -> Result<Outcome, Failure> {
    let mut store = Workspace::open(folder)?.store()?;
    // What waits there already is not put there twice.
    let known: HashSet<String> = store.drafts()?.iter().map(|stored| record(&stored.draft)).collect();
    let new: Vec<Draft> = drafts.iter().filter(|draft| !known.contains(&record(draft))).cloned().collect();
    store.add_drafts(&new, source, at)?;
    Ok(Outcome::DraftsKept(Arc::new(Cabinet::open(folder, banned_words)?.desk()?)))
}

/// A draft as it is kept.
fn record(draft: &Draft) -> String {
    serde_json::to_string(draft).unwrap_or_default()
}

/// Records a decision; the outcome has the queue after it and the draft to look at next.
pub fn decide(
    folder: &Path,
    draft: Option<DraftId>,
    verdict: Verdict,
    at: i64,
    banned_words: Vec<String>,
) -> Result<Outcome, Failure> {
    let mut cabinet = Cabinet::open(folder, banned_words)?;
    let by = Author::Person;
    // Counted only where something has been exported.
    let approved_before = if outbox_csv(folder).exists() { cabinet.queue()?.counts().approved } else { 0 };
    let chosen = || draft.ok_or_else(|| Failure::Failed("No draft is selected.".into()));
    let mut go_on = true;
    let mut next = None;
    let said = match verdict {
        Verdict::Approve(group) => {
            let check = cabinet.check();
            cabinet.store.approve_for(chosen()?, at, by, group.as_ref(), &check)?;
            "Approved."
        }
        Verdict::Reject(reason) => {
            cabinet.store.reject(chosen()?, at, by, &reason)?;
            "Rejected."
        }
        Verdict::Edit { slot, text } => {
            cabinet.store.edit(chosen()?, at, by, slot, &text)?;
            go_on = false;
            "Changed, and the rules are run again."
        }
        Verdict::Plainer => {
            let draft = chosen()?;
            let queue = cabinet.queue()?;
            let slots = queue.items().iter().find(|item| item.id == draft).map(|item| &item.standing.slots);
            let plainer = plainer(slots.map_or(&[], Vec::as_slice));
            for (slot, text) in &plainer.slots {
                cabinet.store.edit(draft, at, by, *slot, text)?;
            }
            go_on = false;
            match (plainer.count, plainer.loses) {
                (0, _) => {
                    "There is no such character in what was written: it stands in the strategy's own text."
                }
                (_, false) => "Replaced, and the rules are run again.",
                (_, true) => "Replaced, and the rules are run again. Read it: some lost a mark.",
            }
        }
        Verdict::Undo => {
            go_on = false;
            match cabinet.store.undo(None, at, by)? {
                Some(entry) => {
                    next = Some(entry.draft);
                    "The last decision is taken back."
                }
                None => "There is no decision to take back.",
            }
        }
    };
    let desk = cabinet.desk()?;
    if go_on {
        next = desk.queue.next_open(draft);
    }
    let mut said = said.to_owned();
    if desk.queue.counts().approved < approved_before {
        said.push_str(" The outbox that was exported before still holds its messages: export again.");
    }
    Ok(Outcome::Decided { said, next, desk: Arc::new(desk) })
}
