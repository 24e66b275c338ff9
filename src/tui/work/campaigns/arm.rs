//! Another version in a plan that is there already.

use super::{CampaignNews, Office};
use crate::campaign::approval::{Hand, note_plan};
use crate::campaign::plan::Plan;
use crate::jobs::Failure;
use crate::review::decision::DraftId;

impl Office<'_> {
    /// Adds a draft to a plan that was not launched, as an arm with the next letter that is free.
    pub(super) fn add_arm(
        &mut self,
        name: &str,
        source: &str,
        draft: DraftId,
        strategy: &str,
        segment: &str,
    ) -> Result<CampaignNews, Failure> {
        let refused = |why: String| Err(Failure::Failed(why));
        if self.store()?.campaign(name)?.is_some() {
            return refused(format!("{name} was launched. Plan another campaign, under another name."));
        }
        let settings = self.config.campaign.clone();
        let plan = Plan::parse(name, source, &settings)?;
        if plan.arms.iter().any(|arm| arm.drafts.contains(&draft.0)) {
            return refused(format!(
                "The plan {name} sends draft {} already. Plan it again under another name.",
                draft.0
            ));
        }
        if plan.strategy != strategy || plan.segments.len() != 1 || plan.segments[0] != segment {
            return refused(format!(
                "The plan {name} is for another strategy or other segments than draft {}. Give another name, or write the arm \
                 into campaigns/{name}.toml yourself, with a draft for each segment.",
                draft.0
            ));
        }
        let mut letters = ('a'..='z').map(String::from);
        let free = letters.find(|letter| plan.arms.iter().all(|arm| arm.name != *letter));
        let Some(arm) = free.filter(|_| !plan.arms.is_empty()) else {
            return refused(format!(
                "The plan {name} names no arms. Write them into campaigns/{name}.toml, each with its drafts."
            ));
        };
        let added = format!(
            "{}\n\n[[arms]]\nname = \"{arm}\"\nshare = 1\ndrafts = [{}]\n",
            source.trim_end(),
            draft.0
        );
        // What could not be read is not written.
        Plan::parse(name, &added, &settings)?;
        self.workspace.save_campaign_plan(name, &added)?;
        let (person, at) = (self.work.person.clone(), self.work.at);
        note_plan(self.store()?, (name, &added), (&person, Hand::Wrote), at)?;
        Ok(CampaignNews::Planned(name.to_owned()))
    }
}
