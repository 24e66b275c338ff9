//! Coupon codes that launched campaigns still owe: to messages that are to go out and have none yet.

use super::CampaignError;
use super::plan::Plan;
use super::versions::Versions;
use crate::config::CampaignConfig;
use crate::workspace::{Campaign, CampaignState, Owed, Store};

/// What every campaign that goes on owes, in the order of their launches; `except`: the name of one that does not count.
///
/// # Errors
/// The database cannot be read.
pub fn owed(
    store: &Store,
    settings: &CampaignConfig,
    except: Option<&str>,
) -> Result<Vec<Owed>, CampaignError> {
    let mut all = Vec::new();
    for campaign in store.campaigns()?.iter().rev() {
        let ended = matches!(campaign.state, CampaignState::Done | CampaignState::Cancelled);
        if !ended && except != Some(campaign.name.as_str()) {
            all.extend(owed_by(campaign, store, settings)?);
        }
    }
    Ok(all)
}

fn owed_by(
    campaign: &Campaign,
    store: &Store,
    settings: &CampaignConfig,
) -> Result<Option<Owed>, CampaignError> {
    let read = Plan::parse(&campaign.name, &campaign.plan, settings)
        .and_then(|plan| Ok((Versions::thawed(&plan, &campaign.arms, store)?, plan)));
    let (versions, plan) = match read {
        Ok(read) => read,
        // What cannot be read is not sent on either.
        Err(CampaignError::Plan { .. } | CampaignError::Unusable(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let Some(pool) = plan.pool().filter(|_| versions.has_coupon()) else { return Ok(None) };
    let codes = store.without_code(campaign.id)?;
    Ok((codes > 0).then(|| Owed { pool: pool.to_owned(), codes, until: versions.offer_until() }))
}
