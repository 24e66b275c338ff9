//! Decides what may be sent: rules on every draft, a person's decision, and the merge into an outbox.
//!
//! ```text
//! drafts -> rules (check) -> queue -> decision -> merge -> outbox
//!                              ^         |          ^
//!                              +---------+       coupon
//! ```

pub mod coupon;
pub mod decision;
pub mod destination;
pub mod merge;
pub mod outbox;
pub mod quality;
pub mod queue;
pub mod spreadsheet;

mod rules;

pub use rules::{ClaimKind, Rules, TracedClaim, Verdict, is_marked, judge};

use serde::Serialize;

use crate::strategy::{Facts, Strategy, Text};

/// The outcome of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `unfilled-field`, `length`, `banned-word`, `invented-number`, ...
    pub rule: &'static str,
    pub ok: bool,
    /// What was found, and what to do.
    pub detail: String,
}

/// Whether no rule is broken: only then may a draft be approved.
#[must_use]
pub fn passes(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.ok)
}

/// Runs every rule on a message. `slots` are the stretches that the model or a person wrote.
#[must_use]
pub fn check(
    strategy: &Strategy,
    facts: &Facts,
    slots: &[String],
    text: &Text,
    banned_words: &[String],
) -> Vec<Check> {
    Rules::new(strategy, facts, banned_words).check(facts, slots, text)
}
