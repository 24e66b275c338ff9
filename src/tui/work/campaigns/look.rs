//! Everything that the screen shows of one campaign.

use std::sync::Arc;

use super::terms::{Term, terms};
use super::{CampaignNews, Office};
use crate::campaign::approval::Approval;
use crate::campaign::audience::{Audience, step_words};
use crate::campaign::dispatch::is_sending;
use crate::campaign::dossier::Dossier;
use crate::campaign::message::{Outgoing, forcing, replaced};
use crate::campaign::prospect::{Prospect, line_of, with_file};
use crate::config::PROJECT_FILE;
use crate::data::Channel;
use crate::jobs::{Failure, Task};
use crate::strategy::Part;
use crate::workspace::{CameBack, CampaignState, Tally};

/// A line of the funnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenStep {
    /// As the stage calls it: `consented`.
    pub step: String,
    /// For people.
    pub words: String,
    pub customers: u64,
    pub left_out: u64,
}

/// An arm.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenArm {
    pub name: String,
    pub share: f64,
    pub customers: u64,
    pub drafts: Vec<i64>,
}

/// A version's message to its first recipient.
#[derive(Clone, Debug)]
pub struct Specimen {
    pub arm: usize,
    pub segment: usize,
    /// Arm and segment in words.
    pub heading: String,
    pub draft: i64,
    /// Whom an e-mail comes from: name and address.
    pub from: String,
    /// The customer's name.
    pub to: String,
    pub message: Result<Outgoing, String>,
    /// What the settings lack before it can be sent.
    pub missing: Option<String>,
    /// Characters of a text message that could be replaced where they stand in what was written for it.
    pub replaceable: usize,
    /// Its links lead to the door, and are samples.
    pub samples: bool,
}

/// What there is to know of a campaign.
#[derive(Clone, Debug)]
pub struct Seen {
    pub name: String,
    pub title: String,
    pub author: String,
    pub strategy: String,
    pub segments: Vec<String>,
    pub channel: Channel,
    /// `None`: planned.
    pub state: Option<CampaignState>,
    pub arms: Vec<SeenArm>,
    pub holdout: u64,
    pub funnel: Vec<SeenStep>,
    pub audience: Audience,
    /// What the plan settles besides.
    pub terms: Vec<Term>,
    /// Share of the coupons that are expected to be used, 0..=1.
    pub redemption: f64,
    /// Of a campaign that was not launched.
    pub prospect: Option<Prospect>,
    pub approval: Approval,
    pub fingerprint: String,
    /// Where the messages go, or why they cannot.
    pub to: Result<String, String>,
    /// When it goes out, in words.
    pub when: String,
    pub launched_at: Option<i64>,
    pub next_due: Option<i64>,
    /// Why it stopped by itself, where it did.
    pub why_stopped: Option<String>,
    /// A program hands messages over now.
    pub sent_elsewhere: bool,
    pub tally: Tally,
    /// How many messages each kind of answer came back to.
    pub came_back: CameBack,
    pub specimens: Vec<Specimen>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.fingerprint == other.fingerprint
    }
}

impl Office<'_> {
    pub(super) fn look(&mut self, name: &str, task: &Task<'_>) -> Result<CampaignNews, Failure> {
        match self.seen(name, task) {
            Ok(seen) => Ok(CampaignNews::Seen(name.to_owned(), Ok(Arc::new(seen)))),
            // It is said in its place, and not as a failed job.
            Err(Failure::Failed(why)) => Ok(CampaignNews::Seen(name.to_owned(), Err(why))),
            Err(Failure::Cancelled) => Err(Failure::Cancelled),
        }
    }

    fn seen(&mut self, name: &str, task: &Task<'_>) -> Result<Seen, Failure> {
        let dossier = self.dossier(name, task)?;
        let config = self.config.clone();
        let ground = self.ground(&config)?;
        let currency = ground.shop.currency.clone();
        let line = line_of(&dossier, &config.sending, &self.work.folder);
        let prospect = if dossier.launched.is_some() {
            None
        } else {
            let mut prospect = Prospect::of(&dossier, ground, &line, task)?;
            prospect.name_file(&self.work.folder.join(PROJECT_FILE));
            for check in &mut prospect.checks {
                check.found = self.below(&check.found);
            }
            Some(prospect)
        };
        let mut to = line.map(|line| line.said().to_owned());
        let (tally, came_back, next_due, funnel) = match &dossier.launched {
            Some(campaign) => {
                let store = self.store()?;
                let (tally, came_back) = (store.tally(campaign.id)?, store.came_back(campaign.id)?);
                let next = store.next_due(campaign.id)?;
                let launch = store.audit_of(name)?.into_iter().rev().find(|entry| entry.action == "launch");
                let went = launch.as_ref().and_then(|entry| entry.document["to"].as_str());
                to = went_to(campaign.state, went, to);
                (
                    tally,
                    came_back,
                    next,
                    launch.map_or_else(Vec::new, |entry| kept_funnel(&entry.document["funnel"])),
                )
            }
            None => (Tally::new(), CameBack::new(), None, funnel(&dossier)),
        };
        let stopped =
            dossier.launched.as_ref().is_some_and(|campaign| campaign.state == CampaignState::Stopped);
        let why_stopped = if stopped { self.store()?.why_stopped(name)? } else { None };
        let specimens = self.specimens(&dossier, task)?;
        let (sizes, holdout) = dossier.audience.sizes();
        let arms = dossier.versions.arms.iter().zip(sizes).enumerate();
        let arms = arms
            .map(|(number, ((name, share), customers))| SeenArm {
                name: name.clone(),
                share: *share,
                customers,
                drafts: dossier
                    .versions
                    .all
                    .iter()
                    .filter(|version| version.arm == number)
                    .map(|version| version.draft.0)
                    .collect(),
            })
            .collect();
        Ok(Seen {
            name: name.to_owned(),
            title: dossier.plan.title.clone(),
            author: dossier.plan.author.clone(),
            strategy: dossier.plan.strategy.clone(),
            segments: dossier.plan.segments.clone(),
            channel: dossier.versions.channel,
            state: dossier.launched.as_ref().map(|campaign| campaign.state),
            arms,
            holdout,
            funnel,
            terms: terms(&dossier.plan, dossier.versions.has_coupon(), &currency),
            redemption: dossier.plan.budget.redemption,
            prospect,
            approval: dossier.approval.clone(),
            fingerprint: dossier.fingerprint.clone(),
            to: to.map(|to| self.below(&to)),
            when: when(&dossier),
            launched_at: dossier.launched.as_ref().map(|campaign| campaign.launched_at),
            next_due,
            why_stopped,
            sent_elsewhere: is_sending(&self.work.folder),
            tally,
            came_back,
            specimens,
            audience: dossier.audience,
        })
    }

    /// Each version's message to its first recipient.
    fn specimens(&self, dossier: &Dossier, task: &Task<'_>) -> Result<Vec<Specimen>, Failure> {
        let ground = self.ground(&self.config)?;
        let customers = &ground.shop.customers;
        let chosen: Vec<_> = dossier
            .versions
            .all
            .iter()
            .filter_map(|version| {
                let member = dossier.reader_of(version)?;
                Some((version, member.row))
            })
            .collect();
        let rows: Vec<u32> = chosen.iter().map(|(_, row)| *row).collect();
        // Without a sender the message is shown all the same, with what is missing.
        let stand_in = dossier.shown_composer(&self.config).ok().flatten();
        let made = match &stand_in {
            Some((composer, _)) => dossier.writer_by(composer, ground, &rows, task),
            None => dossier.writer(ground, &rows, task),
        };
        let file = self.work.folder.join(PROJECT_FILE);
        let missing = stand_in.as_ref().map(|(_, why)| with_file(why, &file));
        let writer = match made {
            Ok(writer) => Ok(writer),
            Err(crate::campaign::CampaignError::Cancelled(_)) => return Err(Failure::Cancelled),
            Err(error) => Err(error.to_string()),
        };
        let sending = &self.config.sending;
        let said = self.config.brand.said(&dossier.versions.language);
        let name = sending.from_name.as_deref().unwrap_or(said);
        let from =
            sending.from_address.as_ref().map_or(name.to_owned(), |address| format!("{name} <{address}>"));
        let sms = dossier.versions.channel == Channel::Sms && dossier.launched.is_none();
        let specimens = chosen.into_iter().map(|(version, row)| {
            let made = writer.as_ref().map_err(Clone::clone);
            let message = made.and_then(|writer| {
                writer.specimen(version, row as usize, None).map_err(|error| error.to_string())
            });
            let in_slots = |slot: &String| forcing(slot).len() - forcing(&replaced(slot, true)).len();
            Specimen {
                arm: version.arm,
                segment: version.segment,
                heading: format!(
                    "{} for {}",
                    dossier.versions.arms[version.arm].0, dossier.plan.segments[version.segment]
                ),
                draft: version.draft.0,
                missing: missing.clone(),
                from: from.clone(),
                to: customers.display_name(row as usize),
                replaceable: if sms { version.copy.slots.iter().map(in_slots).sum() } else { 0 },
                message,
                samples: dossier.has_door(),
            }
        });
        Ok(specimens.collect())
    }
}

impl Specimen {
    /// The text of the message, where it could be made.
    #[must_use]
    pub fn body(&self) -> &str {
        let text = self.message.as_ref().ok().and_then(|message| message.text.get(&Part::Body));
        text.map_or("", String::as_str)
    }
}

fn funnel(dossier: &Dossier) -> Vec<SeenStep> {
    let lines = dossier.audience.funnel().into_iter();
    lines
        .map(|line| SeenStep {
            step: line.step.to_owned(),
            words: step_words(line.step).to_owned(),
            customers: line.customers,
            left_out: line.left_out,
        })
        .collect()
}

/// The funnel as it was at the launch.
fn kept_funnel(document: &serde_json::Value) -> Vec<SeenStep> {
    let lines = document.as_array().into_iter().flatten();
    lines
        .filter_map(|line| {
            let step = line["step"].as_str()?;
            Some(SeenStep {
                step: step.to_owned(),
                words: step_words(step).to_owned(),
                customers: line["customers"].as_u64()?,
                left_out: line["left_out"].as_u64()?,
            })
        })
        .collect()
}

/// Where a campaign that was launched went, whatever the settings say now; what is still to be sent goes where they say.
fn went_to(state: CampaignState, went: Option<&str>, now: Result<String, String>) -> Result<String, String> {
    let ended = matches!(state, CampaignState::Done | CampaignState::Cancelled);
    match (went, now) {
        (Some(went), _) if ended => Ok(went.to_owned()),
        (Some(went), Ok(now)) if went != now => Ok(format!("{went} at first, now {now}")),
        // It was launched by an older program, which kept no note of it.
        (None, _) if ended => Ok("where the settings said then".to_owned()),
        (_, now) => now,
    }
}

/// When it goes out, in words; nothing of what is over.
fn when(dossier: &Dossier) -> String {
    let plan = &dossier.plan;
    let state = dossier.launched.as_ref().map(|campaign| campaign.state);
    if matches!(state, Some(CampaignState::Done | CampaignState::Cancelled)) {
        return String::new();
    }
    let mut words = match plan.schedule.at {
        None if state.is_some() => "as soon as it can".to_owned(),
        None => "as soon as it is sent".to_owned(),
        Some(at) => {
            let clock = if plan.schedule.on_customers_clock {
                "on each customer's clock"
            } else {
                "on the shop's clock"
            };
            format!("not before {}, {clock}", at.strftime("%Y-%m-%d %H:%M"))
        }
    };
    if plan.quiet.from != plan.quiet.to {
        let hour = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
        words.push_str(&format!("; not from {} to {}", hour(plan.quiet.from), hour(plan.quiet.to)));
    }
    words
}
