//! What the dashboard does with campaigns: lists them, looks at one, plans, approves, sends, reads the ledger.
//!
//! In: a [`CampaignWork`], which names what is to be done and brings the shop. Out: [`CampaignNews`]. The settings of
//! sending are read again each time, so that whoever mends one sees at once what came of it.

mod arm;
mod customer;
mod look;
mod measure;
mod messages;
mod send;
mod terms;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::{Partial, Slot};
use crate::campaign::CampaignError;
use crate::campaign::approval::{APPROVE, Hand, may_not_approve, may_not_resume, note_plan};
use crate::campaign::dossier::Dossier;
use crate::campaign::plan::{NewPlan, Plan};
use crate::campaign::preflight::in_the_way;
use crate::campaign::prospect::{Prospect, line_of};
use crate::campaign::versions::Ground;
use crate::config::{Config, Layers, PROJECT_FILE};
use crate::data::Shop;
use crate::features::Features;
use crate::jobs::{Failure, Task};
use crate::results::Results;
use crate::review::decision::DraftId;
use crate::segments::Segmentation;
use crate::workspace::{ByFiles, CampaignState, DATABASE, Deed, LedgerLine, SendState, Store, Workspace};

pub use customer::{Dealings, Happened};
pub use look::{Seen, Specimen};

/// Lines of the ledger that are read at a time.
const MOST_LINES: usize = 5_000;

/// The shop as campaigns need it.
#[derive(Clone, Debug)]
pub struct Grounds {
    pub shop: Arc<Shop>,
    pub features: Arc<Features>,
    pub segmentation: Arc<Segmentation>,
}

/// Something to be done with campaigns.
#[derive(Clone, Debug)]
pub struct CampaignWork {
    pub folder: PathBuf,
    pub config: Config,
    pub user_file: Option<PathBuf>,
    pub set: Vec<String>,
    /// `None` before the customers are grouped.
    pub grounds: Option<Grounds>,
    /// Who does it.
    pub person: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub doing: Doing,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Doing {
    List,
    /// Everything about one campaign.
    Look(String),
    /// Makes a plan's file that sends this draft.
    Plan {
        name: String,
        draft: DraftId,
        /// The draft that becomes another arm, where there is such a plan already.
        other: Option<DraftId>,
        strategy: String,
        segment: String,
    },
    /// Keeps a plan that was edited.
    Save {
        name: String,
        source: String,
    },
    /// Approves what has this fingerprint, and nothing else.
    Approve {
        name: String,
        fingerprint: String,
    },
    Withdraw(String),
    /// Launches what has this fingerprint, if it was not launched, and sends what is due.
    Send {
        name: String,
        fingerprint: String,
    },
    Turn {
        name: String,
        to: CampaignState,
    },
    Ledger {
        name: String,
        find: String,
    },
    /// A line of the ledger with the message as that customer got it, or would.
    Line {
        name: String,
        line: Box<LedgerLine>,
    },
    /// Replaces what forces UCS-2 in the slots of a version.
    Plain {
        name: String,
        arm: usize,
        segment: usize,
    },
    /// Writes the messages into a page.
    Page(Arc<Seen>),
    Test {
        name: String,
        arm: usize,
        segment: usize,
        to: String,
    },
    /// What a campaign did.
    Measure(String),
    /// Writes results into a page.
    Report(Arc<Results>),
    /// What was sent to this customer, and what came back.
    OfCustomer(ByFiles),
}

/// A campaign in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// `None`: planned, not launched.
    pub state: Option<CampaignState>,
    pub accepted: u64,
    pub waiting: u64,
    /// Failed or unknown.
    pub trouble: u64,
    pub holdout: u64,
    /// The plan's file, if it is there.
    pub source: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum CampaignNews {
    Listed(Arc<Vec<Entry>>),
    /// What there is to know of a campaign, or what is wrong with its plan.
    Seen(String, Result<Arc<Seen>, String>),
    /// A plan's file is made.
    Planned(String),
    /// Something was done; in words, and whether it went well.
    Done {
        name: String,
        told: String,
        well: bool,
    },
    Ledger {
        name: String,
        find: String,
        lines: Arc<Vec<LedgerLine>>,
        all: bool,
    },
    /// The text of a line's message, or why there is none.
    Line(Box<LedgerLine>, String),
    /// What a campaign did, or why that is not known.
    Measured(String, Result<Arc<Results>, String>),
    /// By the customer's id, the oldest first.
    OfCustomer(Arc<Dealings>),
}

impl CampaignWork {
    /// See [`super::Work::slot`].
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        match &self.doing {
            Doing::List => Some(Slot::Campaigns),
            Doing::Look(_) => Some(Slot::Campaign),
            Doing::Ledger { .. } => Some(Slot::Ledger),
            Doing::Send { .. } => Some(Slot::Sending),
            Doing::Measure(_) => Some(Slot::Results),
            Doing::OfCustomer(_) => Some(Slot::CustomerMessages),
            _ => None,
        }
    }

    /// See [`super::Work::title`].
    #[must_use]
    pub fn title(&self) -> String {
        match &self.doing {
            Doing::List => "Read the campaigns".into(),
            Doing::Look(name) => format!("Look at the campaign {name}"),
            Doing::Plan { name, .. } => format!("Plan the campaign {name}"),
            Doing::Save { name, .. } => format!("Save campaigns/{name}.toml"),
            Doing::Approve { name, .. } => format!("Approve the campaign {name}"),
            Doing::Withdraw(name) => format!("Take the approval of {name} back"),
            Doing::Send { name, .. } => format!("Send the campaign {name}"),
            Doing::Turn { name, .. } => format!("Change the campaign {name}"),
            Doing::Ledger { name, .. } => format!("Read the ledger of {name}"),
            Doing::Line { line, .. } => format!("Read the message of line {}", line.send.id),
            Doing::Plain { name, .. } => format!("Replace characters in {name}"),
            Doing::Page(seen) => format!("Write the page of {}", seen.name),
            Doing::Measure(name) => format!("Count what {name} did"),
            Doing::Report(results) => format!("Write the results of {}", results.campaign),
            Doing::OfCustomer(_) => "Look up a customer's messages".into(),
            Doing::Test { name, to, .. } => format!("Send a test of {name} to {to}"),
        }
    }

    /// See [`super::Work::is_quiet`].
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(
            self.doing,
            Doing::List
                | Doing::Look(_)
                | Doing::Ledger { .. }
                | Doing::Line { .. }
                | Doing::Page(_)
                | Doing::Measure(_)
                | Doing::Report(_)
                | Doing::OfCustomer(_)
        )
    }
}

/// Does it.
///
/// # Errors
/// Cancelled, or a cause with a remedy.
pub fn run(work: &CampaignWork, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<CampaignNews, Failure> {
    let mut office = Office::open(work)?;
    let done = |name: &str, told: String| CampaignNews::Done { name: name.to_owned(), told, well: true };
    match &work.doing {
        Doing::List => office.list(),
        Doing::Look(name) => office.look(name, task),
        Doing::Plan { name, draft, other, strategy, segment } => {
            match office.workspace.campaign_plan(name)?.zip(*other) {
                Some((source, other)) => office.add_arm(name, &source, other, strategy, segment),
                None => office.plan(name, *draft, strategy, segment),
            }
        }
        Doing::Save { name, source } => {
            office.workspace.save_campaign_plan(name, source)?;
            note_plan(office.store()?, (name, source), (&work.person, Hand::Wrote), work.at)?;
            Ok(done(name, format!("Saved campaigns/{name}.toml.")))
        }
        Doing::Approve { name, fingerprint } => office.approve(name, fingerprint, task),
        Doing::Withdraw(name) => {
            let dossier = office.dossier(name, task)?;
            let document = standing(&dossier);
            office.store()?.withdraw_approval(name, work.at, &work.person, &document)?;
            Ok(done(name, format!("The approval of {name} is taken back.")))
        }
        Doing::Send { name, fingerprint } => office.send(name, fingerprint, task, tell),
        Doing::Turn { name, to } => {
            let campaign = office.store()?.campaign(name)?.ok_or_else(|| not_launched(name))?;
            if *to == CampaignState::Sending
                && let Some(why) = may_not_resume(office.store()?, &campaign)?
            {
                return Err(Failure::Failed(sentence(&why)));
            }
            office.store()?.turn_campaign(campaign.id, *to, work.at, &work.person, "")?;
            let told = match to {
                CampaignState::Paused => "is paused: nothing more is handed over",
                CampaignState::Cancelled => "is ended: what was not sent stays unsent",
                _ => "goes on",
            };
            Ok(done(name, format!("{name} {told}.")))
        }
        Doing::Ledger { name, find } => {
            let campaign = office.store()?.campaign(name)?.ok_or_else(|| not_launched(name))?;
            let mut lines = office.store()?.find_sends(campaign.id, find, MOST_LINES + 1)?;
            let all = lines.len() <= MOST_LINES;
            lines.truncate(MOST_LINES);
            for detail in lines.iter_mut().filter_map(|line| line.send.detail.as_mut()) {
                *detail = office.below(detail);
            }
            Ok(CampaignNews::Ledger { name: name.clone(), find: find.clone(), lines: Arc::new(lines), all })
        }
        Doing::Line { name, line } => office.line(name, line, task),
        Doing::Plain { name, arm, segment } => office.plain(name, *arm, *segment, task),
        Doing::Page(seen) => office.page(seen),
        Doing::Measure(name) => office.measure(name, task),
        Doing::Report(results) => office.report(results),
        Doing::OfCustomer(customer) => office.of_customer(customer),
        Doing::Test { name, arm, segment, to } => office.test(name, (*arm, *segment), to, task),
    }
}

fn not_launched(name: &str) -> Failure {
    Failure::Failed(format!("The campaign {name} was not launched yet."))
}

/// A project, with the settings as they are now.
struct Office<'a> {
    work: &'a CampaignWork,
    workspace: Workspace,
    config: Config,
    store: Option<Store>,
}

impl<'a> Office<'a> {
    fn open(work: &'a CampaignWork) -> Result<Self, Failure> {
        let workspace = Workspace::open(&work.folder)?;
        Ok(Self { work, workspace, config: settings_now(work)?, store: None })
    }

    /// The database, which is made where there is none.
    fn store(&mut self) -> Result<&mut Store, Failure> {
        if self.store.is_none() {
            self.store = Some(self.workspace.store()?);
        }
        self.store.as_mut().ok_or_else(|| Failure::Failed("The database is closed.".into()))
    }

    fn ground<'b>(&self, config: &'b Config) -> Result<Ground<'b>, Failure>
    where
        'a: 'b,
    {
        let grounds = self.work.grounds.as_ref().ok_or_else(|| {
            Failure::Failed("The customers have not been grouped yet: wait until the shop is read.".into())
        })?;
        Ok(Ground {
            shop: &grounds.shop,
            features: &grounds.features,
            segmentation: &grounds.segmentation,
            config,
        })
    }

    /// Words without the project's folder, whose place everybody knows.
    fn below(&self, words: &str) -> String {
        words.replace(&format!("{}/", self.work.folder.display()), "")
    }

    fn list(&mut self) -> Result<CampaignNews, Failure> {
        let mut entries = Vec::new();
        if self.work.folder.join(DATABASE).is_file() {
            for campaign in self.store()?.campaigns()? {
                let tally = self.store()?.tally(campaign.id)?;
                let count = |state| tally.values().filter_map(|states| states.get(&state)).sum::<u64>();
                entries.push(Entry {
                    source: self.workspace.campaign_plan(&campaign.name)?,
                    name: campaign.name,
                    state: Some(campaign.state),
                    accepted: count(SendState::Accepted),
                    waiting: count(SendState::Intended),
                    trouble: count(SendState::Failed) + count(SendState::Unknown) + count(SendState::Handing),
                    holdout: count(SendState::Holdout),
                });
            }
        }
        let mut planned = Vec::new();
        for name in self.workspace.campaign_plans()? {
            if entries.iter().any(|entry| entry.name == name) {
                continue;
            }
            let source = self.workspace.campaign_plan(&name)?;
            planned.push(Entry {
                name,
                state: None,
                accepted: 0,
                waiting: 0,
                trouble: 0,
                holdout: 0,
                source,
            });
        }
        planned.append(&mut entries);
        Ok(CampaignNews::Listed(Arc::new(planned)))
    }

    fn dossier(&mut self, name: &str, task: &Task<'_>) -> Result<Dossier, Failure> {
        let config = self.config.clone();
        let ground = self.ground(&config)?;
        let launched = self.store()?.campaign(name)?.is_some();
        let source = match self.workspace.campaign_plan(name)? {
            Some(source) => source,
            // One that was launched goes on from the record.
            None if launched => String::new(),
            None => {
                return Err(Failure::Failed(format!(
                    "The file campaigns/{name}.toml is not there any more. Plan the campaign again from an approved draft."
                )));
            }
        };
        let at = self.work.at;
        Ok(Dossier::open(name, source, self.store()?, ground, at, task)?)
    }

    fn plan(
        &mut self,
        name: &str,
        draft: DraftId,
        strategy: &str,
        segment: &str,
    ) -> Result<CampaignNews, Failure> {
        if self.workspace.campaign_plan(name)?.is_some() || self.store()?.campaign(name)?.is_some() {
            return Err(Failure::Failed(format!(
                "There is a campaign {name} already. Plan it again under another name."
            )));
        }
        let segments = [segment.to_owned()];
        let source = Plan::draft(&NewPlan {
            title: name,
            author: &self.work.person,
            strategy,
            segments: &segments,
            holdout: self.config.campaign.holdout,
            arms: vec![("a".into(), vec![draft.0])],
        });
        // What could not be read is not written.
        Plan::parse(name, &source, &self.config.campaign)?;
        self.workspace.save_campaign_plan(name, &source)?;
        let (person, at) = (&self.work.person, self.work.at);
        note_plan(self.store()?, (name, &source), (person, Hand::Wrote), at)?;
        Ok(CampaignNews::Planned(name.to_owned()))
    }

    fn approve(&mut self, name: &str, fingerprint: &str, task: &Task<'_>) -> Result<CampaignNews, Failure> {
        let dossier = self.dossier(name, task)?;
        let person = &self.work.person;
        let refused = |why: String| Failure::Failed(format!("{name} is not approved: {why}"));
        if dossier.launched.is_some() {
            return Err(refused("it was launched, and there is nothing left to approve.".into()));
        }
        changed(&dossier, fingerprint).map_err(refused)?;
        let at = self.work.at;
        // The file may have been written by another program since.
        note_plan(self.store()?, (name, &dossier.source), (person, Hand::Found), at)?;
        let entries = self.store()?.audit_of(name)?;
        if let Some(why) = may_not_approve(&dossier.plan, &self.config.campaign, &entries, person) {
            return Err(refused(why));
        }
        let line = line_of(&dossier, &self.config.sending, &self.work.folder);
        let config = self.config.clone();
        let prospect = Prospect::of(&dossier, self.ground(&config)?, &line, task)?;
        if let Some(check) = in_the_way(&prospect.checks).next() {
            return Err(refused(format!("{}. {}", check.found, check.remedy)));
        }
        let document = standing(&dossier);
        let deed = Deed { at, actor: person, action: APPROVE, subject: name, document: &document };
        self.store()?.note(deed)?;
        let told = format!("{person} has approved {name}, as it is now.");
        Ok(CampaignNews::Done { name: name.to_owned(), told, well: true })
    }
}

/// What the audit has of an approval.
fn standing(dossier: &Dossier) -> serde_json::Value {
    json!({ "fingerprint": dossier.fingerprint, "author": dossier.plan.author })
}

/// Whether the campaign is what was read.
fn changed(dossier: &Dossier, fingerprint: &str) -> Result<(), String> {
    if dossier.fingerprint == fingerprint {
        return Ok(());
    }
    Err("it has changed since it was shown. Read it again.".into())
}

/// The settings of sending, of the door and of campaigns as the files have them now; everything else as it is in force.
fn settings_now(work: &CampaignWork) -> Result<Config, Failure> {
    let failed = |error: crate::config::ConfigError| Failure::Failed(error.to_string());
    let mut layers = Layers::with_defaults();
    let project = work.folder.join(PROJECT_FILE);
    for file in work.user_file.iter().chain([&project]).filter(|file| file.is_file()) {
        layers.add_file(file).map_err(failed)?;
    }
    layers.add_environment(std::env::vars_os()).map_err(failed)?;
    for assignment in &work.set {
        layers.add_flag(assignment).map_err(failed)?;
    }
    let now = layers.finish().map_err(failed)?.config().clone();
    Ok(Config { sending: now.sending, door: now.door, campaign: now.campaign, ..work.config.clone() })
}

impl From<CampaignError> for Failure {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Cancelled(_) => Self::Cancelled,
            other => Self::Failed(sentence(&other.to_string())),
        }
    }
}

/// With a capital at the beginning, as it stands alone.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    match letters.next() {
        // A file's name stays as it is.
        Some(first) if !words.starts_with("campaigns/") => first.to_uppercase().chain(letters).collect(),
        _ => words.to_owned(),
    }
}
