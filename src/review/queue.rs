//! The drafts that wait for a decision, and those that had one.
//!
//! In: drafts with their checks and standing. Out: them in the order in which a person goes through them,
//! filtered and counted.

use std::cmp::Reverse;

use super::decision::{DraftId, Standing, Status};
use super::{Check, passes};
use crate::strategy::Part;
use crate::writing::Draft;

/// One draft of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub id: DraftId,
    /// Milliseconds since 1970-01-01 UTC.
    pub made_at: i64,
    pub draft: Draft,
    /// Of the draft as it stands, edits included.
    pub checks: Vec<Check>,
    pub standing: Standing,
}

impl Item {
    /// Whether a person has put other words in the place of what was written.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        let written = self.draft.slots.iter().map(|slot| &slot.text);
        !self.standing.slots.iter().eq(written)
    }

    /// Why it cannot be approved; empty where it can.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.ok)
    }
}

/// Which standing is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    #[default]
    Open,
    Approved,
    Rejected,
    All,
}

/// Which drafts are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub show: Show,
    /// Cluster letter.
    pub segment: Option<String>,
    pub strategy: Option<String>,
    /// Anywhere in the message, the strategy's name or the reason, whatever the case.
    pub text: String,
}

impl Filter {
    fn admits(&self, item: &Item) -> bool {
        let status = match self.show {
            Show::All => true,
            Show::Open => item.standing.status == Status::Open,
            Show::Approved => item.standing.is_approved(),
            Show::Rejected => matches!(item.standing.status, Status::Rejected { .. }),
        };
        status
            && self.segment.as_ref().is_none_or(|segment| *segment == item.draft.segment)
            && self.strategy.as_ref().is_none_or(|strategy| *strategy == item.draft.strategy)
            && (self.text.is_empty() || self.finds(item))
    }

    fn finds(&self, item: &Item) -> bool {
        let wanted = self.text.to_lowercase();
        let reason = match &item.standing.status {
            Status::Rejected { reason, .. } => reason.as_str(),
            Status::Open | Status::Approved { .. } => "",
        };
        let parts = [Part::Subject, Part::Preheader, Part::Title, Part::Body];
        parts
            .iter()
            .filter_map(|part| item.draft.text.get(part).map(String::as_str))
            .chain(item.standing.slots.iter().map(String::as_str))
            .chain([item.draft.strategy.as_str(), reason])
            .any(|text| text.to_lowercase().contains(&wanted))
    }
}

/// How many drafts there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub open: usize,
    /// Open ones that break a rule.
    pub failing: usize,
    pub approved: usize,
    pub rejected: usize,
}

/// All drafts in order: by segment, strategy, then those that break no rule, then those made last, as they were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    items: Vec<Item>,
}

impl Queue {
    #[must_use]
    pub fn new(mut items: Vec<Item>) -> Self {
        items.sort_by(|a, b| {
            let place = |item: &Item| (item.draft.segment.clone(), item.draft.strategy.clone());
            place(a).cmp(&place(b)).then_with(|| {
                let rank = |item: &Item| (!passes(&item.checks), Reverse(item.made_at), item.id);
                rank(a).cmp(&rank(b))
            })
        });
        Self { items }
    }

    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    #[must_use]
    pub fn item(&self, id: DraftId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Whether drafts were made later from another version of its strategy, for the same segment.
    #[must_use]
    pub fn is_outdated(&self, item: &Item) -> bool {
        let draft = &item.draft;
        self.items.iter().any(|other| {
            other.made_at > item.made_at
                && other.draft.segment == draft.segment
                && other.draft.strategy == draft.strategy
                && other.draft.strategy_version != draft.strategy_version
        })
    }

    /// The first of the open drafts that were made last.
    #[must_use]
    pub fn newest_open(&self) -> Option<DraftId> {
        let open = self.items.iter().filter(|item| item.standing.status == Status::Open);
        let newest = open.clone().map(|item| item.made_at).max()?;
        open.into_iter().find(|item| item.made_at == newest).map(|item| item.id)
    }

    /// What the filter admits, in order.
    pub fn shown(&self, filter: &Filter) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| filter.admits(item))
    }

    /// The open draft to look at after this one: the next in order, or else the first.
    #[must_use]
    pub fn next_open(&self, after: Option<DraftId>) -> Option<DraftId> {
        let start =
            after.and_then(|id| self.items.iter().position(|item| item.id == id)).map_or(0, |at| at + 1);
        let (before, behind) = self.items.split_at(start.min(self.items.len()));
        behind
            .iter()
            .chain(before)
            .find(|item| item.standing.status == Status::Open && Some(item.id) != after)
            .map(|item| item.id)
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for item in &self.items {
            match item.standing.status {
                Status::Open => {
                    counts.open += 1;
                    counts.failing += usize::from(!passes(&item.checks));
                }
                Status::Approved { .. } => counts.approved += 1,
                Status::Rejected { .. } => counts.rejected += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A draft for tests of what comes after the writing.

    use crate::strategy::{Facts, Part};
    use crate::writing::{Beginning, Draft, FinishReason, ModelIdentity, Sampling, Written};

    pub(crate) fn draft(segment: &str, strategy: &str, slots: &[&str]) -> Draft {
        let written = |text: &&str| Written {
            text: (*text).to_owned(),
            seed: 7,
            finish_reason: FinishReason::Stop,
            tokens: 5,
            tokens_per_second: 60.5,
            mean_log_probability: Some(-0.001),
            earlier: false,
            token_ids: Vec::new(),
            told: Vec::new(),
            begun: Beginning::default(),
            avoided: Vec::new(),
        };
        Draft {
            strategy: strategy.to_owned(),
            strategy_version: "00ff".to_owned(),
            segment: segment.to_owned(),
            group: None,
            fields: Facts::new(),
            slots: slots.iter().map(written).collect(),
            text: [(Part::Body, slots.join(" "))].into_iter().collect(),
            seed: u64::MAX,
            finish_reason: FinishReason::Stop,
            tokens: 5,
            tokens_per_second: 60.5,
            model: ModelIdentity::plain("scripted", "ab"),
            sampling: Sampling { temperature: 0.7, top_p: 0.9, top_k: None, min_p: 0.0, repeat_penalty: 1.1 },
            prompts: vec!["Task: say hello.".into()],
            prompt_sha256: "cd".into(),
            banned_words: Vec::new(),
            voice: crate::writing::voice::Voice::default(),
            examples_left_out: 0,
            program: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decision::{Author, Decision, DecisionId, Entry};
    use super::testing::draft;
    use super::*;

    fn item(id: i64, segment: &str, strategy: &str, ok: bool, decision: Option<Decision>) -> Item {
        let draft = draft(segment, strategy, &["A quiet evening."]);
        let log: Vec<Entry> = decision
            .into_iter()
            .map(|decision| Entry {
                id: DecisionId(1),
                draft: DraftId(id),
                at: 0,
                by: Author::Person,
                decision,
            })
            .collect();
        Item {
            id: DraftId(id),
            made_at: 0,
            standing: Standing::of(&draft, &log),
            draft,
            checks: vec![Check { rule: "length", ok, detail: String::new() }],
        }
    }

    fn queue() -> Queue {
        Queue::new(vec![
            item(1, "B", "loyalty", true, None),
            item(2, "A", "win-back", false, None),
            item(3, "A", "win-back", true, None),
            item(4, "A", "welcome", true, Some(Decision::Reject { reason: "Too Loud".into() })),
        ])
    }

    fn ids(queue: &Queue, filter: &Filter) -> Vec<i64> {
        queue.shown(filter).map(|item| item.id.0).collect()
    }

    #[test]
    fn drafts_stand_by_segment_and_the_good_ones_first() {
        let queue = queue();
        assert_eq!(ids(&queue, &Filter { show: Show::All, ..Filter::default() }), [4, 3, 2, 1]);
        assert_eq!(ids(&queue, &Filter::default()), [3, 2, 1]);
        assert_eq!(queue.counts(), Counts { open: 3, failing: 1, approved: 0, rejected: 1 });
    }

    #[test]
    fn drafts_of_a_changed_strategy_come_before_those_of_the_old_one() {
        let made = |id: i64, at: i64, version: &str| {
            let mut item = item(id, "A", "win-back", true, None);
            item.made_at = at;
            item.draft.strategy_version = version.into();
            item
        };
        let queue =
            Queue::new(vec![made(1, 10, "old"), made(2, 10, "old"), made(3, 20, "new"), made(4, 20, "new")]);
        assert_eq!(ids(&queue, &Filter::default()), [3, 4, 1, 2]);
        assert_eq!(queue.newest_open(), Some(DraftId(3)));
        let outdated: Vec<i64> =
            queue.items().iter().filter(|item| queue.is_outdated(item)).map(|item| item.id.0).collect();
        assert_eq!(outdated, [1, 2]);
    }

    #[test]
    fn filters_work_together() {
        let queue = queue();
        let all = Filter { show: Show::All, ..Filter::default() };
        assert_eq!(ids(&queue, &Filter { segment: Some("A".into()), ..Filter::default() }), [3, 2]);
        assert_eq!(ids(&queue, &Filter { strategy: Some("loyalty".into()), ..all.clone() }), [1]);
        assert_eq!(ids(&queue, &Filter { text: "too loud".into(), ..all.clone() }), [4]);
        assert_eq!(ids(&queue, &Filter { text: "QUIET".into(), ..all }), [4, 3, 2, 1]);
    }

    #[test]
    fn the_next_open_draft_is_found_around_the_end() {
        let queue = queue();
        assert_eq!(queue.next_open(None), Some(DraftId(3)));
        assert_eq!(queue.next_open(Some(DraftId(2))), Some(DraftId(1)));
        assert_eq!(queue.next_open(Some(DraftId(1))), Some(DraftId(3)));
        assert_eq!(Queue::default().next_open(None), None);
    }
}
