//! Who gets the message: the funnel from the segments to those who are written to.
//!
//! In: a plan, what it says, the shop, and what the workspace knows of consent, suppression and earlier messages. Out: an
//! [`Audience`] in which every member of the segments has one place. Each customer is counted at the first step that
//! leaves them out. Holdout and arms are cut from those who are left, segment by segment ([`super::assign`]): what is compared
//! later differs in the message alone.

mod funnel;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::Serialize;

use super::CampaignError;
use super::assign::split;
use super::plan::Plan;
use super::quiet::{Then, moment_of};
use super::versions::{Ground, Version, Versions};
use crate::data::{Channel, Shop, primary_language};
use crate::jobs::Task;
use crate::profiles::zone;
use crate::review::merge::HeldBack;
use crate::workspace::{LeftOut, Send};

pub use funnel::{FunnelLine, Side, step_words};

const DAY: i64 = 86_400_000;

/// A step of the funnel: those who are left out there, or come through to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Reads the language of the message.
    ReadsLanguage,
    HasAddress,
    /// No other customer of the campaign has the same address.
    OwnAddress,
    Consented,
    NotSuppressed,
    UnderCap,
    OutsideQuietHours,
    /// Every field of the message has a value, and it breaks no rule.
    Complete,
}

impl Step {
    /// In the order in which they are asked.
    pub const ALL: [Self; 8] = [
        Self::ReadsLanguage,
        Self::HasAddress,
        Self::OwnAddress,
        Self::Consented,
        Self::NotSuppressed,
        Self::UnderCap,
        Self::OutsideQuietHours,
        Self::Complete,
    ];

    /// What is true of those who pass it, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadsLanguage => "read the language",
            Self::HasAddress => "have an address",
            Self::OwnAddress => "no other customer has it",
            Self::Consented => "have consented",
            Self::NotSuppressed => "are not suppressed",
            Self::UnderCap => "are under the frequency cap",
            Self::OutsideQuietHours => "are outside quiet hours",
            Self::Complete => "message keeps every rule",
        }
    }
}

/// Where a member of the segments ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Left out at this step.
    Left(Step),
    /// Gets nothing, to be compared with.
    Holdout,
    /// Gets this arm's message.
    Arm(usize),
}

/// A member of the plan's segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Row of the shop.
    pub row: u32,
    /// Index among the plan's segments.
    pub segment: u16,
    pub place: Place,
    /// Not before this moment, in milliseconds since 1970-01-01 UTC.
    pub not_before: Option<i64>,
    /// What it waits for, where that is a hindrance and not the schedule alone.
    pub waits: Option<Step>,
}

/// What the workspace knows of customers besides the shop's files.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Whether an address is suppressed in a channel.
    pub suppressed: &'a (dyn Fn(Channel, &str) -> bool + Sync),
    /// What a customer said last about a channel; `None`: nothing, so that the shop's files count.
    pub consent: &'a (dyn Fn(&str, Channel) -> Option<bool> + Sync),
    /// When messages went to customers within the days of the cap.
    pub sent: &'a HashMap<String, Vec<i64>>,
    /// The secret of the assignment.
    pub secret: &'a [u8; 32],
    /// Milliseconds since 1970-01-01 UTC.
    pub now: i64,
}

/// Everybody in the plan's segments.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    /// By segment, then in the order of the shop.
    pub members: Vec<Member>,
    /// Rules that messages would break, with an example of each.
    pub incomplete: BTreeMap<String, HeldBack>,
    /// Of those left out, the ones whom the plan's quiet hours or cap hinder where it says that nobody is written to then.
    pub cancelled_by: Vec<(Step, u64)>,
    /// Customers whose time zone is not known.
    pub zone_assumed: u64,
    /// How many arms there are.
    arms: usize,
}

impl Audience {
    /// Decides for everybody.
    ///
    /// # Errors
    /// Cancelled; orders that cannot be read; a template that is not in order.
    pub fn new(
        plan: &Plan,
        versions: &Versions,
        ground: Ground<'_>,
        known: &Known<'_>,
        task: &Task<'_>,
    ) -> Result<Self, CampaignError> {
        let mut audience = Self { arms: versions.arms.len(), ..Self::default() };
        let mut clocks = Clocks::new(plan);
        let language = primary_language(&versions.language);
        let mut addresses = HashSet::new();
        let (mut quiet, mut capped) = (0, 0);
        for (segment, &cluster) in versions.clusters.iter().enumerate() {
            for row in ground.segmentation.members(cluster) {
                if audience.members.len().is_multiple_of(65_536) {
                    task.check()?;
                }
                let mut member = Member {
                    row: row as u32,
                    segment: segment as u16,
                    place: Place::Holdout,
                    not_before: None,
                    waits: None,
                };
                let step = reachable(ground.shop, row, &language, versions.channel, &mut addresses, known);
                let step = step.or_else(|| {
                    let (allowed, hindrances) = clocks.when(plan, ground.shop, row, known);
                    member.not_before = (allowed > known.now).then_some(allowed);
                    for (hindrance, then) in hindrances {
                        match then {
                            Then::Hold => {
                                member.waits.get_or_insert(hindrance);
                            }
                            Then::Skip => return Some(hindrance),
                            Then::Cancel => {
                                match hindrance {
                                    Step::UnderCap => capped += 1,
                                    _ => quiet += 1,
                                }
                                return Some(hindrance);
                            }
                        }
                    }
                    None
                });
                if let Some(step) = step {
                    member.place = Place::Left(step);
                }
                audience.members.push(member);
            }
        }
        audience.zone_assumed = clocks.assumed;
        audience.cancelled_by = [(Step::UnderCap, capped), (Step::OutsideQuietHours, quiet)]
            .into_iter()
            .filter(|&(_, customers)| customers > 0)
            .collect();
        audience.leave_out_incomplete(versions, ground, task)?;
        audience.assign(plan, versions, ground.shop, known);
        Ok(audience)
    }

    /// The audience of a campaign that was launched: holdout and arms as the ledger has them, and who was left out.
    #[must_use]
    pub fn launched(
        plan: &Plan,
        versions: &Versions,
        shop: &Shop,
        sends: &[Send],
        left_out: &[LeftOut],
    ) -> Self {
        let member = |customer: &str, segment: &str, place, not_before| {
            Some(Member {
                row: shop.customers.row_of(customer)? as u32,
                segment: plan.segments.iter().position(|name| name == segment)? as u16,
                place,
                not_before,
                waits: None,
            })
        };
        let there = sends.iter().filter_map(|line| {
            let arm = versions.arms.iter().position(|(name, _)| *name == line.arm);
            member(&line.customer, &line.segment, arm.map_or(Place::Holdout, Place::Arm), line.not_before)
        });
        let left = left_out.iter().filter_map(|left| {
            let step = Step::ALL.into_iter().find(|step| step.name() == left.step)?;
            member(&left.customer, &left.segment, Place::Left(step), None)
        });
        Self { members: there.chain(left).collect(), arms: versions.arms.len(), ..Self::default() }
    }

    /// Renders every version for everybody who is left: whoever's message would lack a field or break a rule is out, of the
    /// holdout too.
    fn leave_out_incomplete(
        &mut self,
        versions: &Versions,
        ground: Ground<'_>,
        task: &Task<'_>,
    ) -> Result<(), CampaignError> {
        let banned = ground.config.banned_words();
        let places = |version: &Version| -> Vec<usize> {
            let is_there = |at: &usize| {
                let member = &self.members[*at];
                usize::from(member.segment) == version.segment && !matches!(member.place, Place::Left(_))
            };
            (0..self.members.len()).filter(is_there).collect()
        };
        let rows = |version: &Version| places(version).iter().map(|&at| self.members[at].row).collect();
        let mergers = versions.mergers(ground, &banned, &rows, task)?;
        let places: Vec<Vec<usize>> = versions.all.iter().map(places).collect();
        for (merger, places) in mergers.iter().zip(places) {
            task.check()?;
            let broken: Vec<_> = places
                .par_iter()
                .filter_map(|&at| {
                    let row = self.members[at].row as usize;
                    merger.message(row, None).err().map(|failures| (at, row, failures))
                })
                .collect();
            for (at, row, failures) in broken {
                // Another arm's message has left them out already.
                if matches!(self.members[at].place, Place::Left(_)) {
                    continue;
                }
                self.members[at].place = Place::Left(Step::Complete);
                for failure in failures {
                    self.incomplete
                        .entry(failure.rule.to_owned())
                        .and_modify(|held| held.messages += 1)
                        .or_insert_with(|| HeldBack {
                            messages: 1,
                            customer_id: ground.shop.customers.id(row).to_owned(),
                            detail: failure.detail,
                        });
                }
            }
        }
        Ok(())
    }

    fn assign(&mut self, plan: &Plan, versions: &Versions, shop: &Shop, known: &Known<'_>) {
        let shares: Vec<f64> = versions.arms.iter().map(|(_, share)| *share).collect();
        for segment in 0..versions.clusters.len() {
            let places: Vec<usize> = (0..self.members.len())
                .filter(|&at| {
                    let member = &self.members[at];
                    usize::from(member.segment) == segment && !matches!(member.place, Place::Left(_))
                })
                .collect();
            let ids: Vec<&str> =
                places.iter().map(|&at| shop.customers.id(self.members[at].row as usize)).collect();
            let parts = split(known.secret, &plan.name, &ids, plan.holdout, &shares);
            for (at, part) in places.into_iter().zip(parts) {
                self.members[at].place = part.map_or(Place::Holdout, Place::Arm);
            }
        }
    }

    /// Customers of each arm, and those of the holdout.
    #[must_use]
    pub fn sizes(&self) -> (Vec<u64>, u64) {
        let (mut arms, mut holdout) = (vec![0; self.arms], 0);
        for member in &self.members {
            match member.place {
                Place::Arm(arm) => arms[arm] += 1,
                Place::Holdout => holdout += 1,
                Place::Left(_) => {}
            }
        }
        (arms, holdout)
    }

    /// Who is written to.
    pub fn recipients(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| matches!(member.place, Place::Arm(_)))
    }
}

impl Step {
    /// As in the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadsLanguage => "reads-language",
            Self::HasAddress => "has-address",
            Self::OwnAddress => "own-address",
            Self::Consented => "consented",
            Self::NotSuppressed => "not-suppressed",
            Self::UnderCap => "under-cap",
            Self::OutsideQuietHours => "outside-quiet-hours",
            Self::Complete => "complete",
        }
    }
}

/// The first step that leaves a customer out before any clock is asked.
fn reachable(
    shop: &Shop,
    row: usize,
    language: &str,
    channel: Channel,
    addresses: &mut HashSet<String>,
    known: &Known<'_>,
) -> Option<Step> {
    let customers = &shop.customers;
    if customers.language(row) != language {
        return Some(Step::ReadsLanguage);
    }
    let Some(address) = customers.address(row, channel) else { return Some(Step::HasAddress) };
    if (known.consent)(customers.id(row), channel).or_else(|| customers.consent(row, channel)) != Some(true) {
        return Some(Step::Consented);
    }
    if (known.suppressed)(channel, address) {
        return Some(Step::NotSuppressed);
    }
    // Asked last, so that one who may not be written to does not stand in the way of one who may.
    (!addresses.insert(address.trim().to_lowercase())).then_some(Step::OwnAddress)
}

/// The clocks of customers.
struct Clocks {
    zones: HashMap<String, Option<TimeZone>>,
    shop: TimeZone,
    assumed: u64,
}

impl Clocks {
    fn new(plan: &Plan) -> Self {
        Self { zones: HashMap::new(), shop: zone(&plan.time_zone).unwrap_or(TimeZone::UTC), assumed: 0 }
    }

    /// When a customer may be written to, and what stands against now.
    fn when(&mut self, plan: &Plan, shop: &Shop, row: usize, known: &Known<'_>) -> (i64, Vec<(Step, Then)>) {
        let own = shop.customers.text(row, "time_zone").and_then(|name| {
            if !self.zones.contains_key(name) {
                self.zones.insert(name.to_owned(), zone(name));
            }
            self.zones.get(name).cloned().flatten()
        });
        self.assumed += u64::from(own.is_none());
        let there = own.as_ref().unwrap_or(&self.shop);
        let clock = if plan.schedule.on_customers_clock { there } else { &self.shop };
        let mut at = plan.schedule.at.map_or(known.now, |at| moment_of(at, clock)).max(known.now);
        let mut hindrances = Vec::new();
        if plan.cap.messages > 0
            && let Some(sent) = known.sent.get(shop.customers.id(row))
        {
            let window = i64::from(plan.cap.days) * DAY;
            let recent: Vec<i64> = sent.iter().copied().filter(|&sent| sent > at - window).collect();
            if let Some(over) = recent.len().checked_sub(plan.cap.messages as usize) {
                hindrances.push((Step::UnderCap, plan.cap.then));
                at = at.max(recent[over] + window);
            }
        }
        let allowed = plan.quiet.next_allowed(at, there);
        if allowed > at {
            hindrances.push((Step::OutsideQuietHours, plan.quiet.then));
        }
        (allowed, hindrances)
    }
}
