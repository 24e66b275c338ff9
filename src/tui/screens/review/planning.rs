//! From an approved draft to the plan of a campaign that sends it.

use super::{NO_DRAFT, Review};
use crate::review::decision::{DraftId, Status};
use crate::review::passes;
use crate::review::queue::Item;
use crate::tui::app::Shared;
use crate::tui::keymap::{Action, Availability};
use crate::tui::popups::typed::{Answer, Typed};
use crate::tui::screens::ScreenId;
use crate::tui::work::Doing;

impl Review {
    /// What a campaign would send: the selected draft if it is approved, else the approved variant of the same message, else
    /// the only approved draft that there is.
    fn to_send(&self) -> Option<&Item> {
        let chosen = self.chosen();
        if let Some(item) = chosen.filter(|item| item.standing.is_approved()) {
            return Some(item);
        }
        let items = self.desk.ready()?.queue.items();
        let approved: Vec<&Item> = items
            .iter()
            .filter(|item| item.standing.is_approved() && self.held_back(item).is_none())
            .collect();
        let alike = chosen.and_then(|chosen| {
            approved.iter().find(|item| {
                item.draft.strategy == chosen.draft.strategy && item.draft.segment == chosen.draft.segment
            })
        });
        match (alike, approved.as_slice()) {
            (Some(item), _) | (None, [item]) => Some(item),
            _ => None,
        }
    }

    pub(super) fn may_plan(&self, shared: &Shared) -> Availability {
        let Some(item) = self.to_send() else {
            let approve = shared.keymap.shown(Action::Approve);
            return Availability::No(match self.chosen() {
                None => NO_DRAFT.into(),
                Some(_) => format!("Only what is approved is sent: read it, and {approve} approves it."),
            });
        };
        match self.held_back(item) {
            Some(why) => Availability::No(format!("It was {why}.")),
            None => {
                Availability::when(self.target(item).is_some(), "The customers have not been grouped yet.")
            }
        }
    }

    /// Asks what the campaign is called.
    pub(super) fn ask_for_plan(&self, shared: &mut Shared) {
        let Some((item, desk)) = self.to_send().zip(self.desk.ready()) else { return };
        let told = format!(
            "It sends “{}” to {}: draft {}. Nothing goes out before the campaign is approved as a whole, and sent.",
            desk.name(item),
            self.target(item).map_or_else(|| item.draft.segment.clone(), |group| group.title()),
            item.id.0
        );
        let mut told = vec![told];
        if let Some(other) = self.other_version(item) {
            told.push(format!(
                "If there is a plan of this name already, draft {} becomes another arm of it: each customer gets one of both, by chance.",
                other.0
            ));
        }
        shared.open(Typed::new(
            (ScreenId::Review, Action::PlanCampaign),
            "Plan a campaign",
            told,
            "What is it called? Letters, digits, - and _:",
            format!("{}-{}", item.draft.strategy, item.draft.segment.to_lowercase()),
            Answer::Any,
        ));
    }

    /// The selected draft, where it is another version of what the campaign would send, and breaks no rule; else the one itself.
    fn other_version(&self, sent: &Item) -> Option<DraftId> {
        let chosen = self.chosen()?;
        let alike = chosen.draft.strategy == sent.draft.strategy
            && self.target(chosen) == self.target(sent)
            && passes(&chosen.checks)
            && !matches!(chosen.standing.status, Status::Rejected { .. });
        alike.then_some(chosen.id)
    }

    pub(super) fn plan(&self, name: &str, shared: &mut Shared) {
        let Some(item) = self.to_send() else { return };
        let Some(group) = self.target(item) else { return };
        let doing = Doing::Plan {
            name: name.to_owned(),
            draft: item.id,
            other: self.other_version(item),
            strategy: item.draft.strategy.clone(),
            segment: group.name,
        };
        let work = crate::tui::screens::campaigns::work(shared, None, doing);
        shared.start(work);
    }
}
