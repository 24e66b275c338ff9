//! What a process that was killed has left behind.

use serde::Serialize;

use crate::campaign::CampaignError;
use crate::campaign::channel::Carrier;
use crate::campaign::plan::Unknown;
use crate::workspace::{Change, STOPPED_WHILE_HANDING, SendState, Store};

/// What became of messages that were being handed over when a process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// The carrier has them.
    pub taken: u64,
    /// The carrier does not have them: they go out.
    pub not_taken: u64,
    /// Nobody knows, and a person is to decide.
    pub held: u64,
    /// Nobody knows, and they are sent again, as the plan says.
    pub resent: u64,
}

impl Leftovers {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Decides about messages that were being handed over when a process died. Called with the campaign's lock held, so that no
/// other process is handing them over.
///
/// # Errors
/// The ledger cannot be read or written.
pub fn settle_leftovers(
    store: &mut Store,
    campaign: i64,
    carrier: &mut dyn Carrier,
    policy: Unknown,
    now: i64,
) -> Result<Leftovers, CampaignError> {
    let mut leftovers = Leftovers::default();
    let mut changes = Vec::new();
    for line in store.sends_in(campaign, SendState::Handing)? {
        let id = line.id;
        let taken = line.message_id.as_deref().and_then(|message| carrier.already_taken(message));
        let change = match (taken, policy) {
            (Some(true), _) => {
                leftovers.taken += 1;
                Change::Accepted { id, detail: "taken before the program was stopped".into() }
            }
            (Some(false), _) => {
                leftovers.not_taken += 1;
                Change::Back { id }
            }
            (None, Unknown::Hold) => {
                leftovers.held += 1;
                Change::Unknown { id, detail: STOPPED_WHILE_HANDING.into() }
            }
            (None, Unknown::Resend) => {
                leftovers.resent += 1;
                // Its code may have been seen.
                let detail = format!("{STOPPED_WHILE_HANDING}; sent again");
                changes.push(Change::Unknown { id, detail: detail.clone() });
                Change::Again { id, not_before: now, detail }
            }
        };
        changes.push(change);
    }
    store.advance(campaign, &changes, now)?;
    Ok(leftovers)
}
