//! What was decided about a draft, and what stands now.
//!
//! In: a draft and the log of decisions about it. Out: its [`Standing`]. Decisions are only ever added;
//! taking one back is a decision too. Time comes from outside.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::segments::Group;
use crate::writing::Draft;

/// Number of a draft in its workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DraftId(pub i64);

/// Number of a decision; later ones are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecisionId(pub i64);

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    Person,
    /// `perennial run`, which has nobody to ask.
    Program,
}

/// The hash that an approval is bound to: of the strategy, the exact version of its template, and every
/// slot's text. Another byte anywhere gives another seal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seal(String);

impl Seal {
    /// The seal of a template with these slot texts. `version` is the hash that a draft records.
    #[must_use]
    pub fn of(strategy: &str, version: &str, slots: &[String]) -> Self {
        use std::fmt::Write as _;
        let mut hash = Sha256::new();
        hash.update(b"perennial approval 1\n");
        // Each text goes with its length, so that no two lists of texts look the same.
        for text in [strategy, version].into_iter().chain(slots.iter().map(String::as_str)) {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        let mut hex = String::with_capacity(64);
        for byte in hash.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }

    /// The seal of a draft with these slot texts in place of its own.
    #[must_use]
    pub fn of_draft(draft: &Draft, slots: &[String]) -> Self {
        Self::of(&draft.strategy, &draft.strategy_version, slots)
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Decision {
    /// Good as it is: as it was when it had this seal. `group`: for these customers, where they are not those that
    /// it was written for.
    Approve {
        seal: Seal,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Group>,
    },
    /// Not to be used, and why.
    Reject { reason: String },
    /// A slot's text was changed.
    Edit { slot: usize, old: String, new: String },
    /// An earlier decision is taken back.
    Undo { decision: DecisionId },
}

/// A decision in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub id: DecisionId,
    pub draft: DraftId,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub by: Author,
    pub decision: Decision,
}

/// What stands about a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// Waits for a decision.
    Open,
    Approved {
        seal: Seal,
        /// The customers that it was approved for, where they are not those that it was written for.
        group: Option<Group>,
        at: i64,
        by: Author,
    },
    Rejected {
        reason: String,
        at: i64,
    },
}

/// The state of a draft, all decisions taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: Status,
    /// The slots' texts with all edits.
    pub slots: Vec<String>,
    /// It was approved, and was changed since.
    pub voided: bool,
    /// What the next undo takes back.
    pub last: Option<DecisionId>,
}

/// The decisions of a log that were not taken back, in its order; those that take back are none of them.
pub fn in_force(log: &[Entry]) -> impl Iterator<Item = &Entry> {
    let undone: HashSet<DecisionId> = log
        .iter()
        .filter_map(|entry| match entry.decision {
            Decision::Undo { decision } => Some(decision),
            _ => None,
        })
        .collect();
    log.iter()
        .filter(move |entry| !matches!(entry.decision, Decision::Undo { .. }) && !undone.contains(&entry.id))
}

impl Standing {
    /// What follows from the log of one draft, oldest decision first.
    #[must_use]
    pub fn of(draft: &Draft, log: &[Entry]) -> Self {
        let mut standing = Self {
            status: Status::Open,
            slots: draft.slots.iter().map(|slot| slot.text.clone()).collect(),
            voided: false,
            last: None,
        };
        for entry in in_force(log) {
            match &entry.decision {
                Decision::Undo { .. } => continue,
                Decision::Approve { seal, group } => {
                    let (seal, group) = (seal.clone(), group.clone());
                    standing.status = Status::Approved { seal, group, at: entry.at, by: entry.by };
                    standing.voided = false;
                }
                Decision::Reject { reason } => {
                    standing.status = Status::Rejected { reason: reason.clone(), at: entry.at };
                    standing.voided = false;
                }
                Decision::Edit { slot, new, .. } => {
                    if let Some(text) = standing.slots.get_mut(*slot) {
                        text.clone_from(new);
                    }
                    standing.voided |= matches!(standing.status, Status::Approved { .. });
                    standing.status = Status::Open;
                }
            }
            standing.last = Some(entry.id);
        }
        // Whatever else may have happened to the draft: an approval holds for the bytes that were approved.
        if let Status::Approved { seal, .. } = &standing.status
            && *seal != Seal::of_draft(draft, &standing.slots)
        {
            standing.status = Status::Open;
            standing.voided = true;
        }
        standing
    }

    /// The customers that the draft is for: those that its approval names, or else those that it was written for.
    #[must_use]
    pub fn group<'a>(&'a self, draft: &'a Draft) -> Option<&'a Group> {
        match &self.status {
            Status::Approved { group: Some(group), .. } => Some(group),
            _ => draft.group.as_ref(),
        }
    }

    /// Whether the draft is approved as it stands.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        matches!(self.status, Status::Approved { .. })
    }
}

#[cfg(test)]
mod tests;
