//! Other campaigns whose effect is being measured on the same customers.
//!
//! In: an audience, and the ledger. Out: for each campaign whose window is open, how many of those who are to be written to are
//! in it. Whoever is held out there and gets a message here is no longer somebody who got none.

use std::collections::HashSet;

use serde::Serialize;

use super::CampaignError;
use super::audience::Audience;
use super::plan::{HOLDOUT, Plan};
use crate::data::Shop;
use crate::workspace::{CampaignState, Store};

/// Days after a launch in which what customers do counts, unless results are asked for otherwise.
pub const WINDOW_DAYS: i64 = 28;
const DAY: i64 = 86_400_000;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Name of the other campaign.
    pub campaign: String,
    /// Customers who are to be written to here and are in an arm there.
    pub in_arms: u64,
    /// Customers who are to be written to here and are held out there.
    pub held_out: u64,
    /// When its window ends: milliseconds since 1970-01-01 UTC.
    pub until: i64,
}

/// The campaigns that are being measured at `now`, but for this one.
///
/// # Errors
/// The ledger cannot be read.
pub(super) fn overlaps(
    plan: &Plan,
    audience: &Audience,
    shop: &Shop,
    store: &Store,
    now: i64,
) -> Result<Vec<Overlap>, CampaignError> {
    let mut rows: Option<HashSet<usize>> = None;
    let mut found = Vec::new();
    for campaign in store.campaigns()? {
        let until = campaign.launched_at + WINDOW_DAYS * DAY;
        if campaign.name == plan.name || campaign.state == CampaignState::Cancelled || until <= now {
            continue;
        }
        let rows =
            rows.get_or_insert_with(|| audience.recipients().map(|member| member.row as usize).collect());
        let (mut in_arms, mut held_out) = (0, 0);
        for (customer, arm) in store.assigned(campaign.id)? {
            if shop.customers.row_of(&customer).is_some_and(|row| rows.contains(&row)) {
                *(if arm == HOLDOUT { &mut held_out } else { &mut in_arms }) += 1;
            }
        }
        if in_arms + held_out > 0 {
            found.push(Overlap { campaign: campaign.name, in_arms, held_out, until });
        }
    }
    Ok(found)
}
