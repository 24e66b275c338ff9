//! The rules, asked of a candidate before it is chosen: a draft that a person would have to send back is none.

use super::Assignment;
use crate::strategy::{Facts, Slot, Strategy};
use crate::writing::Written;

/// How many rules a message with these texts in its slots breaks: made ready for a strategy, facts and banned words. Rules
/// are no business of the writing; whoever knows them gives it this.
pub type Judge = for<'a> fn(&'a Strategy, &'a Facts, &'a [String]) -> Ready<'a>;

/// [`Judge`], made ready.
pub type Ready<'a> = Box<dyn Fn(&[String]) -> usize + 'a>;

/// The messages in which a candidate of a slot may come to stand.
pub(super) struct Judging<'a> {
    judge: Option<Ready<'a>>,
    slot: usize,
    /// Texts of all slots, one of the strategy's own where nothing is written yet; each with the rules that the message
    /// breaks with the best of the strategy's own texts in this slot.
    messages: Vec<(Vec<String>, usize)>,
}

impl<'a> Judging<'a> {
    /// `written`: what stands in the slots before this one, by variant.
    pub fn new(assignment: &'a Assignment, slots: &[Slot], slot: usize, written: &[Vec<Written>]) -> Self {
        let Assignment { strategy, facts, banned_words, .. } = assignment;
        let judge = assignment.judge.map(|judge| judge(strategy, facts, banned_words));
        let mut messages: Vec<(Vec<String>, usize)> = Vec::new();
        for texts in written {
            let own = slots.iter().skip(texts.len()).map(|slot| {
                let mut own = slot.fallback.iter().chain(&slot.examples);
                own.next().cloned().unwrap_or_default()
            });
            let texts: Vec<String> = texts.iter().map(|text| text.text.clone()).chain(own).collect();
            if let Some(judge) = &judge
                && messages.iter().all(|(known, _)| *known != texts)
            {
                let owns = slots.get(slot).map_or(&[][..], |slot| &slot.fallback[..]);
                let best = owns.iter().map(|own| judge(&with(&texts, slot, own))).min();
                messages.push((texts, best.unwrap_or(0)));
            }
        }
        Self { judge, slot, messages }
    }

    /// Whether a text breaks no rule in any of the messages that the strategy's own text would keep.
    pub fn is_fine(&self, text: &str) -> bool {
        let Some(judge) = &self.judge else { return true };
        self.messages.iter().all(|(texts, broken)| judge(&with(texts, self.slot, text)) <= *broken)
    }

    /// How many rules the messages break with a text, all together.
    pub fn broken(&self, text: &str) -> usize {
        let Some(judge) = &self.judge else { return 0 };
        self.messages.iter().map(|(texts, _)| judge(&with(texts, self.slot, text))).sum()
    }
}

/// The texts with another one in a slot.
fn with(texts: &[String], slot: usize, text: &str) -> Vec<String> {
    let mut texts = texts.to_vec();
    if let Some(place) = texts.get_mut(slot) {
        text.clone_into(place);
    }
    texts
}
