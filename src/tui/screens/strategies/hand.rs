//! What is done with the variants: a manner asked for, one kept, one looked into, the writing stopped.

use std::sync::Arc;

use super::preview::{Pinned, Stage};
use super::{Panel, Strategies};
use crate::tui::app::{Gravity, ModelState, Shared};
use crate::tui::keymap::{Action, Availability};
use crate::tui::popups::doubt::Doubt;
use crate::tui::work::Slot;
use crate::writing::Written;
use crate::writing::voice::Manner;

impl Strategies {
    /// Asks for a manner on top of the strategy's tone, or no longer, and writes the variants anew.
    pub(super) fn ask(&mut self, manner: Manner, shared: &mut Shared) {
        match self.manners.iter().position(|asked| *asked == manner) {
            Some(place) => drop(self.manners.remove(place)),
            None => self.manners.push(manner),
        }
        self.write(shared);
    }

    pub(super) fn is_pinned(&self, variant: usize) -> bool {
        self.pinned.iter().any(|pinned| pinned.place == variant)
    }

    /// Keeps the selected variant while others are written, or lets it go.
    pub(super) fn pin(&mut self) {
        let variant = self.variant;
        if self.is_pinned(variant) {
            self.pinned.retain(|pinned| pinned.place != variant);
        } else {
            self.keep(variant);
        }
    }

    /// What stood pinned in its place gives way.
    pub(super) fn keep(&mut self, place: usize) {
        if let (Some(draft), Some(strategy)) = (self.preview.draft(place), &self.preview.strategy) {
            let pinned = Pinned { place, draft: Arc::clone(draft), of: Arc::new(strategy.clone()) };
            self.pinned.retain(|pinned| pinned.place != place);
            self.pinned.push(pinned);
        }
    }

    /// The variants that stay are those that a round has carried over; those that it could not are told of.
    pub(super) fn carried(&mut self, pinned: &[Pinned], let_go: &[usize], shared: &mut Shared) {
        self.pinned = pinned.to_vec();
        let numbers: Vec<String> = let_go.iter().map(|place| (place + 1).to_string()).collect();
        let what = match &numbers[..] {
            [] => return,
            [one] => format!("The pinned variant {one} was let go"),
            several => format!("The pinned variants {} were let go", several.join(", ")),
        };
        shared.toast(Gravity::Warning, format!("{what}: the strategy asks for other stretches now."));
    }

    /// The variants that stay are of another message.
    pub(super) fn unpin(&mut self, of: &str, shared: &mut Shared) {
        if !std::mem::take(&mut self.pinned).is_empty() {
            shared.toast(Gravity::Info, format!("What was pinned was let go: it is of another {of}."));
        }
    }

    /// Whether Esc has something to leave, the innermost first.
    pub(super) fn can_step_back(&self) -> bool {
        self.preview.is_running()
            || self.compared.is_some()
            || self.zoomed
            || self.editor.is_some()
            || self.panel == Panel::Preview
    }

    /// Stops the writing and keeps what is there; or leaves what was opened last.
    pub(super) fn step_back(&mut self, shared: &mut Shared) {
        if self.preview.is_running() {
            shared.cancel_slot(Slot::Preview);
        } else if self.compared.take().is_none() && !std::mem::take(&mut self.zoomed) {
            // From the preview back to the text or the list.
            self.panel = Panel::Files;
        }
    }

    /// Why there are no finished variants, and what to do.
    pub(super) fn unfinished(&self, shared: &Shared) -> String {
        let again = shared.keymap.shown(Action::WriteAgain);
        match self.preview.stage {
            Stage::Stopped => {
                "Nothing new is written while the strategy has a mistake: mend it first.".into()
            }
            Stage::Cancelled => {
                format!(
                    "The writing was stopped before this variant was finished: {again} writes the variants again."
                )
            }
            Stage::Failed(_) => format!("The variants could not be written: {again} tries again."),
            _ => "The variants are not finished yet.".into(),
        }
    }

    /// Whether there is an adapter to do without, or to take again.
    pub(super) fn adapter_availability(&self, shared: &Shared) -> Availability {
        let beside = self.preview.model.as_ref().is_some_and(|model| model.adapter.is_some());
        match &shared.model {
            _ if !self.preview.has_begun() => Availability::No(
                "Nothing can be written yet: mend the strategy, or wait for the segments.".into(),
            ),
            ModelState::Ready(_) => Availability::when(
                beside || self.without_adapter,
                "No adapter stands beside the model: name one in the strategy or in the settings.",
            ),
            _ => Availability::No(
                "An adapter stands beside a model on this machine, and none writes now.".into(),
            ),
        }
    }

    pub(super) fn doubt_availability(&self, shared: &Shared) -> Availability {
        match self.preview.draft(self.variant) {
            None => Availability::No(self.unfinished(shared)),
            Some(draft) if !draft.0.slots.iter().any(Written::is_models) => {
                Availability::No("No model wrote this variant: it is the strategy's own text.".into())
            }
            Some(_) => Availability::Yes,
        }
    }

    /// Shows how sure the model was of each word of the selected variant.
    pub(super) fn doubt(&self, shared: &mut Shared) {
        if let (Some(strategy), Some(draft)) = (&self.preview.strategy, self.preview.draft(self.variant)) {
            let popup = Doubt::new(strategy.clone(), self.variant, Arc::clone(draft), shared);
            shared.open(popup);
        }
    }
}
