//! The plan of a campaign: who gets what, when, and how much of it.
//!
//! In: the text of `campaigns/NAME.toml` and the settings that stand in for what it does not say. Out: a [`Plan`]
//! in which everything is said, or the place of what is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};

use super::CampaignError;
use super::quiet::{QuietHours, Then};
use crate::config::CampaignConfig;

/// Most arms: more cannot be told apart by any audience of a shop.
const MOST_ARMS: usize = 8;
/// The arm of those who get nothing.
pub const HOLDOUT: &str = "holdout";

/// A plan with all that it leaves to the settings filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// File name without `.toml`.
    pub name: String,
    /// As people call it.
    pub title: String,
    /// Who made it; empty: nobody said.
    pub author: String,
    /// Id of the strategy, which says the channel and the language.
    pub strategy: String,
    /// Names or letters of the segments.
    pub segments: Vec<String>,
    pub arms: Vec<Arm>,
    /// Share of each segment that gets nothing, 0..=0.9.
    pub holdout: f64,
    pub schedule: Schedule,
    pub quiet: QuietHours,
    pub cap: Cap,
    /// Where time zones of customers are not known.
    pub time_zone: String,
    pub coupons: Coupons,
    pub budget: Budget,
    pub unknown: Unknown,
    /// Customers whose message lacks a field or breaks a rule are left out; else nothing is sent before it is mended.
    pub leave_out_incomplete: bool,
    /// Attempts at a message.
    pub attempts: u32,
    /// Share of failures among the last messages at which sending stops.
    pub stop_at: f64,
    /// Most messages in a minute; `None`: as fast as they are taken.
    pub per_minute: Option<u32>,
    pub advertising_mark: bool,
    pub generated_label: bool,
}

/// One version of the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Arm {
    pub name: String,
    /// Its part of those who get a message, in proportion to the other arms'.
    #[serde(default = "one")]
    pub share: f64,
    /// Numbers of the drafts, one for each segment.
    pub drafts: Vec<i64>,
}

fn one() -> f64 {
    1.0
}

/// When it goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Schedule {
    /// Not before this moment; `None`: as soon as it is sent.
    pub at: Option<DateTime>,
    /// Whether `at` is read on each customer's own clock, else on that of the plan's time zone.
    pub on_customers_clock: bool,
}

/// Most messages to one customer within some days, all campaigns together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cap {
    /// 0: no cap.
    pub messages: u32,
    pub days: u32,
    pub then: Then,
}

/// Where coupon codes come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Coupons {
    pub policy: CouponPolicy,
    /// The code of the policy `single`.
    pub code: Option<String>,
    /// The codes of the policy `per-segment`, by segment as the plan names it.
    pub codes: BTreeMap<String, String>,
    /// Name of the pool that unique codes are taken from; `None`: they are made.
    pub pool: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CouponPolicy {
    /// A code of its own for each customer.
    #[default]
    Unique,
    /// One code for everybody.
    Single,
    /// One code for each segment.
    PerSegment,
}

/// What the offer may cost, and what it is expected to bring.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// Share of coupons that are used, 0..=1.
    pub redemption: f64,
    /// Share of an order's amount that is left once the goods are paid, 0..=1.
    pub margin: f64,
    /// Most that the coupons may cost, in major units of the shop's currency.
    pub limit: Option<f64>,
    /// Cost of sending one message, in major units.
    pub message_cost: f64,
}

/// What becomes of a message of which nobody knows whether it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// It waits for a person.
    Hold,
    /// It is sent again under the same Message-ID.
    Resend,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    title: Option<String>,
    #[serde(default)]
    author: String,
    strategy: String,
    segments: Vec<String>,
    #[serde(default)]
    arms: Vec<Arm>,
    holdout: Option<f64>,
    time_zone: Option<String>,
    unknown: Option<Unknown>,
    #[serde(default)]
    leave_out_incomplete: bool,
    attempts: Option<u32>,
    stop_at: Option<f64>,
    per_minute: Option<u32>,
    #[serde(default)]
    schedule: ScheduleTable,
    #[serde(default)]
    quiet_hours: QuietTable,
    #[serde(default)]
    cap: CapTable,
    #[serde(default)]
    coupons: Coupons,
    #[serde(default)]
    budget: BudgetTable,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ScheduleTable {
    at: Option<String>,
    clock: Option<Clock>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Clock {
    Customer,
    Shop,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct QuietTable {
    from: Option<String>,
    to: Option<String>,
    then: Option<Then>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct CapTable {
    messages: Option<u32>,
    days: Option<u32>,
    then: Option<Then>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct BudgetTable {
    redemption: Option<f64>,
    margin: Option<f64>,
    limit: Option<f64>,
    message_cost: f64,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`CampaignError::Plan`]: the first thing that is wrong, with its line.
    pub fn parse(name: &str, source: &str, defaults: &CampaignConfig) -> Result<Self, CampaignError> {
        let wrong = |line: usize, message: &str| CampaignError::Plan {
            name: name.to_owned(),
            line,
            message: message.to_owned(),
        };
        let file: File = toml::from_str(source).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(source, span.start));
            wrong(line, &sentence(error.message()))
        })?;
        let line = |key: &str| line_with(source, key);
        let said = |key: &str, message: String| wrong(line(key), &message);
        let time = |key: &str, text: &str| {
            text.parse::<Time>()
                .map_err(|_| said(key, format!("\"{text}\" is no time of day. Write it as in \"21:00\".")))
        };
        let quiet = QuietHours {
            from: time("from", file.quiet_hours.from.as_deref().unwrap_or(&defaults.quiet_from))?,
            to: time("to", file.quiet_hours.to.as_deref().unwrap_or(&defaults.quiet_to))?,
            then: file.quiet_hours.then.or_else(|| Then::named(&defaults.quiet_then)).unwrap_or(Then::Hold),
        };
        let at = match &file.schedule.at {
            None => None,
            Some(text) => Some(text.parse::<DateTime>().map_err(|_| {
                said("at", format!("\"{text}\" is no moment. Write day and time as in \"2026-12-01 10:00\"."))
            })?),
        };
        let plan = Self {
            name: name.to_owned(),
            title: file.title.unwrap_or_else(|| name.to_owned()),
            author: file.author,
            strategy: file.strategy,
            segments: file.segments,
            arms: file.arms,
            holdout: file.holdout.unwrap_or(defaults.holdout),
            schedule: Schedule {
                at,
                on_customers_clock: matches!(file.schedule.clock, None | Some(Clock::Customer)),
            },
            quiet,
            cap: Cap {
                messages: file.cap.messages.unwrap_or(defaults.cap_messages),
                days: file.cap.days.unwrap_or(defaults.cap_days),
                then: file.cap.then.or_else(|| Then::named(&defaults.cap_then)).unwrap_or(Then::Skip),
            },
            time_zone: file.time_zone.unwrap_or_else(|| defaults.time_zone.clone()),
            coupons: file.coupons,
            budget: Budget {
                redemption: file.budget.redemption.unwrap_or(defaults.redemption),
                margin: file.budget.margin.unwrap_or(defaults.margin),
                limit: file.budget.limit,
                message_cost: file.budget.message_cost,
            },
            unknown: file.unknown.unwrap_or(match defaults.unknown.as_str() {
                "resend" => Unknown::Resend,
                _ => Unknown::Hold,
            }),
            leave_out_incomplete: file.leave_out_incomplete,
            attempts: file.attempts.unwrap_or(defaults.attempts).max(1),
            stop_at: file.stop_at.unwrap_or(defaults.stop_at),
            per_minute: file.per_minute.filter(|&rate| rate > 0),
            advertising_mark: defaults.advertising_mark,
            generated_label: defaults.generated_label,
        };
        match plan.fault() {
            Some((key, message)) => Err(said(key, message)),
            None => Ok(plan),
        }
    }

    /// The pool that codes of their own are taken from, where there is one.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        self.coupons.pool.as_deref().filter(|_| self.coupons.policy == CouponPolicy::Unique)
    }

    /// The first value that cannot be: its key, and what to write.
    fn fault(&self) -> Option<(&'static str, String)> {
        if self.segments.is_empty() {
            return Some(("segments", "there is no segment. Write at least one: segments = [\"A\"].".into()));
        }
        if let Some(name) = twice(self.segments.iter().map(String::as_str)) {
            return Some(("segments", format!("the segment {name} stands there twice. Write it once.")));
        }
        if self.arms.len() > MOST_ARMS {
            return Some((
                "[[arms]]",
                format!("there are {} arms, and {MOST_ARMS} at most can be told apart.", self.arms.len()),
            ));
        }
        for arm in &self.arms {
            let good = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
            if arm.name.is_empty() || !arm.name.chars().all(good) || arm.name.chars().count() > 24 {
                return Some((
                    "[[arms]]",
                    format!(
                        "\"{}\" is no name for an arm: use up to 24 letters, digits, `-` and `_`.",
                        arm.name
                    ),
                ));
            }
            if arm.name.eq_ignore_ascii_case(HOLDOUT) {
                return Some((
                    "[[arms]]",
                    format!("{HOLDOUT} is the name of those who get nothing. Choose another."),
                ));
            }
            if !(arm.share.is_finite() && arm.share > 0.0) {
                return Some((
                    "share",
                    format!("the share of {} is {}. Write a number above 0.", arm.name, arm.share),
                ));
            }
            if arm.drafts.is_empty() {
                return Some((
                    "drafts",
                    format!("the arm {} has no draft. Write one for each segment: drafts = [12].", arm.name),
                ));
            }
        }
        if let Some(name) = twice(self.arms.iter().map(|arm| arm.name.as_str())) {
            return Some(("[[arms]]", format!("two arms are called {name}. Give one another name.")));
        }
        if !(0.0..=0.9).contains(&self.holdout) {
            return Some((
                "holdout",
                format!("the holdout is {}. Write a share from 0 to 0.9.", self.holdout),
            ));
        }
        for (key, share) in [
            ("redemption", self.budget.redemption),
            ("margin", self.budget.margin),
            ("stop-at", self.stop_at),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Some((key, format!("{key} is {share}. Write a share from 0 to 1.")));
            }
        }
        if crate::profiles::zone(&self.time_zone).is_none() {
            return Some((
                "time-zone",
                format!("there is no time zone \"{}\". Write one as in \"Europe/Berlin\".", self.time_zone),
            ));
        }
        if self.cap.messages > 0 && self.cap.days == 0 {
            return Some(("days", "the cap counts 0 days. Write at least 1.".into()));
        }
        match self.coupons.policy {
            CouponPolicy::Single
                if self.coupons.code.as_deref().is_none_or(|code| code.trim().is_empty()) =>
            {
                Some((
                    "policy",
                    "there is no code for everybody. Write code = \"...\" under [coupons].".into(),
                ))
            }
            CouponPolicy::PerSegment => {
                let lacks =
                    self.segments.iter().find(|segment| !self.coupons.codes.contains_key(*segment))?;
                Some((
                    "policy",
                    format!(
                        "there is no code for {lacks}. Write codes = {{ \"{lacks}\" = \"...\" }} under [coupons]."
                    ),
                ))
            }
            CouponPolicy::Single | CouponPolicy::Unique => None,
        }
    }

    /// The text of a new plan's file; what is as in the settings is left to them.
    #[must_use]
    pub fn draft(new: &NewPlan<'_>) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut text = format!(
            "# Who gets what, and when. `perennial campaign plan NAME` shows what comes of it; the settings stand under\n\
             # [campaign] in perennial.toml, and what is written here goes before them.\n\
             title = {}\n",
            quoted(new.title)
        );
        if !new.author.is_empty() {
            let _ = writeln!(text, "author = {}", quoted(new.author));
        }
        let segments: Vec<String> = new.segments.iter().map(|name| quoted(name)).collect();
        let _ = writeln!(text, "strategy = {}\nsegments = [{}]", quoted(new.strategy), segments.join(", "));
        let _ = writeln!(
            text,
            "# Share of the audience that gets nothing, so that the effect can be measured.\nholdout = {}\n",
            new.holdout
        );
        for (name, drafts) in &new.arms {
            let drafts: Vec<String> = drafts.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                text,
                "[[arms]]\nname = {}\nshare = 1\n# Numbers of drafts in Review, one for each segment.\ndrafts = [{}]\n",
                quoted(name),
                drafts.join(", ")
            );
        }
        text.push_str(
            "# [schedule]\n# at = \"2026-12-01 10:00\"   # on each customer's own clock; clock = \"shop\" for the shop's\n\n\
             # [quiet-hours]\n# from = \"21:00\"\n# to = \"08:00\"\n# then = \"hold\"              # or \"skip\", \"cancel\"\n",
        );
        text
    }
}

/// What a new plan starts from.
#[derive(Clone, Debug)]
pub struct NewPlan<'a> {
    pub title: &'a str,
    pub author: &'a str,
    pub strategy: &'a str,
    pub segments: &'a [String],
    pub holdout: f64,
    pub arms: Vec<(String, Vec<i64>)>,
}

/// The first name that stands there twice, whatever its case.
fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.map(str::to_lowercase).find(|name| !seen.insert(name.clone()))
}

/// Line of a byte offset, counted from 1.
fn line_of(source: &str, byte: usize) -> usize {
    source.as_bytes().iter().take(byte).filter(|&&byte| byte == b'\n').count() + 1
}

/// The line on which a key stands, or 1.
fn line_with(source: &str, key: &str) -> usize {
    let is_it = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix(key).is_some_and(|rest| key.starts_with('[') || rest.trim_start().starts_with('='))
    };
    source.lines().position(is_it).map_or(1, |line| line + 1)
}

/// What the reader of TOML says, as a sentence.
fn sentence(message: &str) -> String {
    let first = message.lines().next().unwrap_or("it cannot be read").trim();
    format!("{}.", first.trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
