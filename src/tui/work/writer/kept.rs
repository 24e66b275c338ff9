//! Which variants of a preview stay, and which are to be written.
//!
//! In: what is pinned, what stands in the other places, and what is asked for now. Out: what stays, carried over to the
//! strategy and the facts as they are now and judged anew.

use std::sync::Arc;

use super::checked;
use crate::tui::screens::strategies::{CheckedDraft, Pinned, Standing};
use crate::writing::Draft;
use crate::writing::carried::{carried, has_same_slots, is_asked_the_same};
use crate::writing::drafts::Assignment;

pub(super) struct Stays {
    pub pinned: Vec<Pinned>,
    /// Places of the pinned ones whose slots are others now.
    pub let_go: Vec<usize>,
    /// What is pinned, and beside it what would come out the same, by place.
    pub all: Vec<(usize, Arc<CheckedDraft>)>,
}

impl Stays {
    /// Of an assignment for all places. Beside what is pinned an engine is asked for fewer variants, so that it does not
    /// remember those that it wrote before: they stay where the same is asked for.
    pub fn of(pins: &[Pinned], standing: Option<Standing>, assignment: &Assignment) -> Self {
        let Assignment { strategy, facts, seeds, banned_words, .. } = assignment;
        let judged = |draft: &Draft| {
            let draft = carried(draft, strategy, facts).ok()?;
            Some(Arc::new(checked(draft, strategy, banned_words)))
        };
        let now = Arc::new(strategy.clone());
        let (mut pinned, mut let_go) = (Vec::new(), Vec::new());
        for Pinned { place, draft, of } in pins {
            let same = *place < seeds.len() && has_same_slots(&draft.0, of, strategy, facts);
            match judged(&draft.0).filter(|_| same) {
                Some(draft) => pinned.push(Pinned { place: *place, draft, of: Arc::clone(&now) }),
                None => let_go.push(*place),
            }
        }
        let mut all: Vec<(usize, Arc<CheckedDraft>)> =
            pinned.iter().map(|pinned| (pinned.place, Arc::clone(&pinned.draft))).collect();
        if let Some(standing) = standing.filter(|_| !pinned.is_empty()) {
            for (place, draft) in &standing.drafts {
                let open = pinned.iter().all(|pinned| pinned.place != *place);
                let same = |seed: &u64| is_asked_the_same(&draft.0, &standing.of, assignment, *seed);
                if open
                    && seeds.get(*place).is_some_and(same)
                    && let Some(draft) = judged(&draft.0)
                {
                    all.push((*place, draft));
                }
            }
        }
        all.sort_by_key(|(place, _)| *place);
        Self { pinned, let_go, all }
    }
}

/// The texts of the variants that stay, by slot.
pub(super) fn beside(stays: &[(usize, Arc<CheckedDraft>)]) -> Vec<Vec<String>> {
    let slots = stays.iter().map(|(_, kept)| kept.0.slots.len()).max().unwrap_or(0);
    let of = |slot: usize| stays.iter().filter_map(move |(_, kept)| kept.0.slots.get(slot));
    (0..slots).map(|slot| of(slot).map(|written| written.text.clone()).collect()).collect()
}
