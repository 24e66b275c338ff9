//! The results of a campaign: what `results` and `report` both start from.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Context, UsageError};
use crate::data::{load_on, today};
use crate::results::ledger::{self, Ledger};
use crate::results::observe::{ObserveError, Question, observe};
use crate::results::observed::Costs;
use crate::results::recorded::{Recorded, recorded};
use crate::results::{Results, measure};
use crate::workspace::{DATABASE, Workspace};

/// What to measure, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Measuring {
    /// CSV file with `customer_id` and `arm` (and segment, state), in place of the ledger of a campaign.
    #[arg(long, value_name = "FILE", requires = "launched", help_heading = "Campaign")]
    pub ledger: Option<PathBuf>,
    /// When the messages of that file were sent: a date, or a time as in 2025-11-01T09:00:00Z.
    #[arg(long, value_name = "TIME", requires = "ledger", value_parser = moment, help_heading = "Campaign")]
    pub launched: Option<Timestamp>,
    /// Days after the launch in which what customers do counts.
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=364), help_heading = "Campaign")]
    pub window: u32,
    /// Share of the price that the shop keeps, 0 to 1 (default: campaign.margin; 1 with a ledger from a file).
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Campaign")]
    pub margin: Option<f64>,
    /// What one message costs.
    #[arg(long, value_name = "AMOUNT", default_value_t = 0.0, value_parser = cost, help_heading = "Campaign")]
    pub message_cost: f64,
    /// The last day that counts, in the future too (default: as-of under [data], or the last day in the data).
    #[arg(long, value_name = "DATE", help_heading = "Campaign")]
    pub as_of: Option<Date>,
    /// Seed of the bootstrap.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let midnight = |date: Date| {
        date.to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .map(|zoned| zoned.timestamp())
            .map_err(|error| error.to_string())
    };
    text.parse().or_else(|_| {
        text.parse::<Date>()
            .map_err(|_| "write a date as in 2025-11-01, or a time as in 2025-11-01T09:00:00Z".to_owned())
            .and_then(midnight)
    })
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "write a share as in 0.4".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("a share is from 0 to 1".into()) }
}

fn cost(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "write an amount as in 0.05".to_owned())?;
    if value.is_finite() && value >= 0.0 { Ok(value) } else { Err("an amount is 0 or more".into()) }
}

impl Measuring {
    /// Reads the ledger and the shop, and measures. `control` is the arm to compare with, where it is not the holdout.
    ///
    /// # Errors
    /// There is no such campaign, a file cannot be read, or interrupted.
    pub fn run(
        &self,
        name: Option<&str>,
        control: Option<&str>,
        context: &mut Context<'_>,
    ) -> anyhow::Result<Results> {
        let (mut recorded, says_state) = match (&self.ledger, self.launched) {
            (Some(file), Some(launched)) => self.ledger_of(name, file, launched)?,
            _ => (self.campaign(name.unwrap_or_default(), context)?, true),
        };
        recorded.question.control = control.map(str::to_owned);
        let as_of = self.as_of.or_else(|| context.config.data.as_of_day());
        recorded.question.as_of = as_of;
        let Recorded { question, sends, feedback, told } = recorded;
        let sources = context.sources()?;
        let shop = context.work(|task| {
            // What is dated later than this day is taken for a mistake in the files.
            let day = as_of.map_or_else(today, |day| day.max(today()));
            load_on(&sources, &context.config.data, day, task)
        })?;
        let observed = observe(&question, &sends, &feedback, &told, &shop).map_err(|error| match error {
            ObserveError::Unknown(words) => anyhow::Error::new(UsageError(words)),
            ObserveError::Data(error) => error.into(),
        })?;
        let mut results = context.work(|_| measure(&observed, self.seed));
        if !says_state {
            // What became of the messages is not known: figures would be made up.
            results.funnel.clear();
        }
        Ok(results)
    }

    /// What the project's database has of a campaign.
    fn campaign(&self, name: &str, context: &Context<'_>) -> anyhow::Result<Recorded> {
        let folder = context.folder()?;
        let kept = folder.join(DATABASE).exists();
        let store = if kept { Some(Workspace::open(&folder)?.store()?) } else { None };
        let campaign = match &store {
            Some(store) => store.campaign(name)?,
            None => None,
        };
        let (Some(store), Some(campaign)) = (store, campaign) else {
            return Err(UsageError(format!(
                "there is no campaign \"{name}\" that was launched in {}: `perennial campaign list` shows them. Or give a ledger with --ledger \
                 FILE.csv --launched DATE, or the table of an experiment with --table FILE.csv --arm COL --converted COL \
                 --control NAME.",
                folder.display()
            ))
            .into());
        };
        Ok(recorded(&store, &campaign, self.window, self.costs(context), 2)?)
    }

    fn costs(&self, context: &Context<'_>) -> Costs {
        Costs { message: self.message_cost, margin: self.margin.unwrap_or(context.config.campaign.margin) }
    }

    /// What a file has of it, and whether it says what became of the messages.
    fn ledger_of(
        &self,
        name: Option<&str>,
        file: &Path,
        launched: Timestamp,
    ) -> anyhow::Result<(Recorded, bool)> {
        let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let question = Question {
            campaign: name.map_or_else(stem, str::to_owned),
            launched_at: launched.as_millisecond(),
            window_days: self.window,
            costs: Costs { message: self.message_cost, margin: self.margin.unwrap_or(1.0) },
            ..Question::default()
        };
        let Ledger { sends, says_state } = ledger::read(file)?;
        Ok((Recorded { question, sends, feedback: Vec::new(), told: Vec::new() }, says_state))
    }
}
