//! What a campaign did: the ledger and what came back, joined to the orders since.

use std::sync::Arc;

use super::{CampaignNews, Office, not_launched};
use crate::campaign::Plan;
use crate::jobs::{Failure, Task};
use crate::results::observe::{ObserveError, observe};
use crate::results::observed::Costs;
use crate::results::recorded::{Recorded, recorded};
use crate::results::report::html;
use crate::results::sentence::Language;
use crate::results::{Results, measure};

/// Days after the launch in which what customers do counts, as in `perennial results`.
const WINDOW: u32 = 28;
/// Seed of the bootstrap, as in `perennial results`.
const SEED: u64 = 7;

impl Office<'_> {
    pub(super) fn measure(&mut self, name: &str, task: &Task<'_>) -> Result<CampaignNews, Failure> {
        match self.measured(name, task) {
            Ok(results) => Ok(CampaignNews::Measured(name.to_owned(), Ok(Arc::new(results)))),
            Err(Failure::Failed(why)) => Ok(CampaignNews::Measured(name.to_owned(), Err(why))),
            Err(Failure::Cancelled) => Err(Failure::Cancelled),
        }
    }

    fn measured(&mut self, name: &str, task: &Task<'_>) -> Result<Results, Failure> {
        let config = self.config.clone();
        let shop = self.ground(&config)?.shop;
        let campaign = self.store()?.campaign(name)?.ok_or_else(|| not_launched(name))?;
        let plan = Plan::parse(name, &campaign.plan, &config.campaign)?;
        let costs = Costs { message: plan.budget.message_cost, margin: plan.budget.margin };
        let Recorded { mut question, sends, feedback, told } =
            recorded(self.store()?, &campaign, WINDOW, costs, shop.currency_digits)?;
        question.as_of = config.data.as_of_day();
        task.check()?;
        let observed = observe(&question, &sends, &feedback, &told, shop).map_err(|error| match error {
            ObserveError::Data(error) => error.into(),
            ObserveError::Unknown(why) => Failure::Failed(super::sentence(&why)),
        })?;
        task.check()?;
        Ok(measure(&observed, SEED))
    }

    /// Writes the results into a page beside the campaign's files.
    pub(super) fn report(&self, results: &Results) -> Result<CampaignNews, Failure> {
        self.browser_page(&results.campaign, "results", &html(results, Language::English))
    }
}
