//! What a campaign did: the ledger and what came back, joined to the orders since.

use std::io::Write as _;
use std::sync::Arc;

use super::{CampaignNews, Office, not_launched};
use crate::campaign::Plan;
use crate::campaign::versions::Versions;
use crate::jobs::{Failure, Task};
use crate::results::observe::{FeedbackRow, HOLDOUT, ObserveError, Question, SendRow, observe};
use crate::results::observed::{Arm, Costs, Kind, State};
use crate::results::report::html;
use crate::results::sentence::Language;
use crate::results::{Results, measure};
use crate::strategy::{Text, render};
use crate::workspace::{AtomicFile, Privacy, Store, private_folder};

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
        let (question, sends, feedback) = gather(self.store()?, name, &config)?;
        task.check()?;
        let observed = observe(&question, &sends, &feedback, shop).map_err(|error| match error {
            ObserveError::Data(error) => error.into(),
            ObserveError::Unknown(why) => Failure::Failed(super::sentence(&why)),
        })?;
        task.check()?;
        Ok(measure(&observed, SEED))
    }

    /// Writes the results into a page beside the campaign's files.
    pub(super) fn report(&self, results: &Results) -> Result<CampaignNews, Failure> {
        let folder = self.work.folder.join(&self.config.sending.folder);
        let path = folder.join(format!("{}-results.html", results.campaign));
        // It quotes customers.
        let write = || {
            private_folder(&folder)?;
            let mut file = AtomicFile::create(&path, Privacy::Private)?;
            file.write_all(html(results, Language::English).as_bytes())?;
            file.commit()
        };
        write().map_err(|error: std::io::Error| {
            Failure::Failed(format!(
                "{} cannot be written: {error}. Make room there, or make it writable.",
                path.display()
            ))
        })?;
        let told = format!("Open it in a browser: {}", path.display());
        Ok(CampaignNews::Done { name: results.campaign.clone(), told, well: true })
    }
}

/// What the database knows of a campaign, in the form that results are measured from.
fn gather(
    store: &Store,
    name: &str,
    config: &crate::config::Config,
) -> Result<(Question, Vec<SendRow>, Vec<FeedbackRow>), Failure> {
    let campaign = store.campaign(name)?.ok_or_else(|| not_launched(name))?;
    let plan = Plan::parse(name, &campaign.plan, &config.campaign)?;
    let versions = Versions::thawed(&plan, &campaign.arms, store)?;
    let parts: f64 = versions.arms.iter().map(|(_, share)| share).sum();
    let mut arms: Vec<Arm> = Vec::new();
    if plan.holdout > 0.0 {
        arms.push(Arm { name: HOLDOUT.into(), message: None, share: Some(plan.holdout) });
    }
    arms.extend(versions.arms.iter().enumerate().map(|(number, (name, share))| {
        let version = versions.all.iter().find(|version| version.arm == number);
        let text = version.and_then(|version| {
            render(&version.copy.strategy, &version.copy.facts, &version.copy.slots).ok()
        });
        let share = (parts > 0.0).then(|| (1.0 - plan.holdout) * share / parts);
        Arm { name: name.clone(), message: text.as_ref().map(plain), share }
    }));
    let sends = store.sends(campaign.id)?;
    // An arm that nobody is in is no arm.
    arms.retain(|arm| sends.iter().any(|send| send.arm == arm.name));
    let sends = sends
        .into_iter()
        .map(|send| SendRow {
            id: send.id,
            state: State::named(send.state.name()).unwrap_or(State::Unknown),
            customer: send.customer,
            segment: send.segment,
            arm: send.arm,
            coupon_cost: 0,
        })
        .collect();
    let feedback = store.answers(campaign.id)?.into_iter().filter_map(|answer| {
        Some(FeedbackRow {
            send: answer.send,
            customer: answer.customer,
            kind: Kind::named(answer.kind.name())?,
            scanner: answer.scanner,
            rating: answer.rating,
            text: answer.text,
        })
    });
    let question = Question {
        campaign: name.to_owned(),
        launched_at: campaign.launched_at,
        window_days: WINDOW,
        as_of: None,
        arms,
        control: None,
        costs: Costs { message: plan.budget.message_cost, margin: plan.budget.margin },
    };
    Ok((question, sends, feedback.collect()))
}

/// The parts of a message, one below the other.
fn plain(text: &Text) -> String {
    text.values().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n")
}
