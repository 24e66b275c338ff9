//! Drafts, decisions and the outbox: what Review does in a workspace's database and files.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::Outcome;
use crate::config::Config;
use crate::data::{Channel, Shop};
use crate::features::Features;
use crate::jobs::{Failure, Task};
use crate::profiles;
use crate::review::decision::{Author, Decision, DraftId, Status};
use crate::review::merge::{Audience, Copy, MergeError, Plan, Settings, merge};
use crate::review::outbox::write_csv_header;
use crate::review::queue::{Filter, Item, Queue, Show};
use crate::review::{self, Check};
use crate::segments::Segmentation;
use crate::strategy::{self, Strategy, Text, facts_for_segment, fits};
use crate::workspace::{AtomicFile, Privacy, Store, Workspace, WorkspaceError, private_folder};
use crate::writing::Draft;

/// A decision that a person makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    Reject(String),
    Edit {
        slot: usize,
        text: String,
    },
    /// Takes the last decision back, whatever draft it was about.
    Undo,
}

/// The queue as it stands, and its messages as they would be sent.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    pub queue: Queue,
    /// Whether there is a decision to take back.
    pub undoable: bool,
    /// By version of the template: the strategy as it was when the drafts were written.
    strategies: BTreeMap<String, Strategy>,
    messages: BTreeMap<DraftId, Result<(Channel, Text), String>>,
}

impl Desk {
    /// The message with all edits, its slots between marks; why it cannot be shown.
    ///
    /// # Errors
    /// The template is lost, or a field has no value.
    pub fn message(&self, id: DraftId) -> Result<(Channel, &Text), &str> {
        match self.messages.get(&id) {
            Some(Ok((channel, text))) => Ok((*channel, text)),
            Some(Err(why)) => Err(why),
            None => Err("there is no such draft"),
        }
    }

    /// The message as plain text.
    #[must_use]
    pub fn plain(&self, id: DraftId) -> String {
        self.message(id).map_or(String::new(), |(_, text)| {
            let parts: Vec<String> =
                text.values().map(|part| crate::tui::widgets::unmarked(part.trim_end())).collect();
            parts.join("\n")
        })
    }

    /// What the draft's strategy is called.
    #[must_use]
    pub fn name(&self, item: &Item) -> String {
        let strategy = self.strategies.get(&item.draft.strategy_version);
        strategy.map_or_else(|| item.draft.strategy.clone(), |strategy| strategy.name.clone())
    }
}

/// The database with the strategies that its drafts were written from.
struct Cabinet {
    store: Store,
    strategies: BTreeMap<String, Strategy>,
    banned_words: Vec<String>,
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Cabinet {
    fn open(folder: &Path, banned_words: Vec<String>) -> Result<Self, Failure> {
        let store = Workspace::open(folder)?.store()?;
        let mut strategies = BTreeMap::new();
        for stored in store.drafts()? {
            let version = &stored.draft.strategy_version;
            if !strategies.contains_key(version)
                && let Some(source) = store.template(version)?
                && let Ok(strategy) = strategy::parse(&stored.draft.strategy, &source)
            {
                strategies.insert(version.clone(), strategy);
            }
        }
        Ok(Self { store, strategies, banned_words })
    }

    fn check(&self) -> impl Fn(&Draft, &[String]) -> Vec<Check> + use<> {
        let (strategies, banned_words) = (self.strategies.clone(), self.banned_words.clone());
        move |draft, slots| {
            let broken = |detail: String| vec![Check { rule: "unfilled-field", ok: false, detail }];
            let Some(strategy) = strategies.get(&draft.strategy_version) else {
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

    fn desk(self) -> Result<Desk, Failure> {
        let items = self.store.items(&self.check())?;
        let messages = items.iter().map(|item| (item.id, message(&self.strategies, item))).collect();
        let log = self.store.log()?;
        let undone: Vec<_> = log
            .iter()
            .filter_map(|entry| match entry.decision {
                Decision::Undo { decision } => Some(decision),
                _ => None,
            })
            .collect();
        let undoable = log
            .iter()
            .any(|entry| !matches!(entry.decision, Decision::Undo { .. }) && !undone.contains(&entry.id));
        Ok(Desk { queue: Queue::new(items), undoable, strategies: self.strategies, messages })
    }
}

fn message(strategies: &BTreeMap<String, Strategy>, item: &Item) -> Result<(Channel, Text), String> {
    let strategy = strategies
        .get(&item.draft.strategy_version)
        .ok_or("the strategy that this was written from is lost; write the draft again")?;
    let slots: Vec<String> =
        item.standing.slots.iter().map(|slot| crate::tui::widgets::marked(slot)).collect();
    strategy::render(strategy, &item.draft.fields, &slots)
        .map(|text| (strategy.channel, text))
        .map_err(|problem| format!("{}; {}", problem.message, problem.remedy))
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
    Workspace::open(folder)?.store()?.add_drafts(drafts, source, at)?;
    Ok(Outcome::DraftsKept(Arc::new(Cabinet::open(folder, banned_words)?.desk()?)))
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
    let chosen = || draft.ok_or_else(|| Failure::Failed("No draft is selected.".into()));
    let mut go_on = true;
    let mut next = None;
    let said = match verdict {
        Verdict::Approve => {
            let check = cabinet.check();
            cabinet.store.approve(chosen()?, at, by, &check)?;
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
    Ok(Outcome::Decided { said: said.into(), next, desk: Arc::new(desk) })
}

/// What an export needs to know.
#[derive(Clone, Debug)]
pub struct Export {
    pub folder: PathBuf,
    pub shop: Arc<Shop>,
    pub features: Arc<Features>,
    pub segmentation: Arc<Segmentation>,
    pub config: Config,
    pub sending: Date,
}

/// Merges everything that is approved into `outbox/outbox.csv` and `outbox/outbox.jsonl` of the project.
pub fn export(export: &Export, task: &Task<'_>) -> Result<Outcome, Failure> {
    let Export { folder, shop, features, segmentation, config, sending } = export;
    let cabinet = Cabinet::open(folder, config.brand.banned_words.clone())?;
    let strategies = cabinet.strategies.clone();
    let desk = cabinet.desk()?;
    let profiles = profiles::clusters(shop, features, segmentation, task)?;
    let mut copies: Vec<Copy> = Vec::new();
    let filter = Filter { show: Show::Approved, ..Filter::default() };
    for item in desk.queue.shown(&filter) {
        let Status::Approved { seal, by, .. } = &item.standing.status else { continue };
        let Some(strategy) = strategies.get(&item.draft.strategy_version) else { continue };
        let Some(cluster) = segmentation.clusters.iter().position(|cluster| cluster.id == item.draft.segment)
        else {
            continue;
        };
        // Of several approved variants the first in the queue is taken.
        if copies.iter().any(|copy| copy.cluster == cluster && copy.strategy.id == strategy.id) {
            continue;
        }
        let Some(profile) = profiles.get(cluster) else { continue };
        let facts = facts_for_segment(segmentation, profile, strategy, config, &shop.currency, *sending);
        copies.push(Copy {
            strategy: strategy.clone(),
            cluster,
            slots: item.standing.slots.clone(),
            facts,
            approval: seal.clone(),
            approved_by: *by,
            variant: variant_of(&desk.queue, item),
            seed: item.draft.seed,
            fit: fits(strategy, &segmentation.clusters[cluster], profile).score,
        });
    }
    if copies.is_empty() {
        return Err(Failure::Failed(
            "No approved draft belongs to a segment that there is now. Write for one of the segments, and approve."
                .into(),
        ));
    }
    let place = folder.join("outbox");
    let unwritable = |error: std::io::Error| {
        Failure::Failed(format!("{} cannot be written: {error}. Nothing was changed there.", place.display()))
    };
    private_folder(&place).map_err(unwritable)?;
    let mut csv = AtomicFile::create(place.join("outbox.csv"), Privacy::Private).map_err(unwritable)?;
    let mut json = AtomicFile::create(place.join("outbox.jsonl"), Privacy::Private).map_err(unwritable)?;
    write_csv_header(&mut csv).map_err(unwritable)?;
    let plan = Plan::new(shop, segmentation, &copies, task)?;
    let letters: Vec<String> = segmentation.clusters.iter().map(|cluster| cluster.id.clone()).collect();
    let settings =
        Settings { seed: config.writing.seed, banned_words: &config.brand.banned_words, segments: &letters };
    let mut outbox = |rows: &[u8], lines: &[u8], _: usize| {
        csv.write_all(rows)?;
        json.write_all(lines)
    };
    let audiences =
        merge(shop, features, &copies, plan, &settings, &mut outbox, task).map_err(|error| match error {
            MergeError::Cancelled(_) => Failure::Cancelled,
            other => Failure::Failed(other.to_string()),
        })?;
    csv.commit().map_err(unwritable)?;
    json.commit().map_err(unwritable)?;
    let sum = |part: fn(&Audience) -> usize| -> usize { audiences.iter().map(part).sum() };
    Ok(Outcome::Exported(format!(
        "{} messages are in outbox/outbox.csv and outbox.jsonl. Left out: {} read another language, {} have not \
         consented, {} have no address, {} broke a rule.",
        sum(|audience| audience.messages),
        sum(|audience| audience.other_language),
        sum(|audience| audience.no_consent),
        sum(|audience| audience.no_address),
        sum(|audience| audience.held_back),
    )))
}

/// Number of the draft among those of its strategy and segment, counted from 1.
fn variant_of(queue: &Queue, item: &Item) -> usize {
    queue
        .items()
        .iter()
        .filter(|other| {
            other.draft.strategy == item.draft.strategy && other.draft.segment == item.draft.segment
        })
        .filter(|other| other.id <= item.id)
        .count()
}
