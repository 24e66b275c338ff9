//! What counts of one customer's consent now, as a campaign would take it.
//!
//! In: what the shop's files say, and the addresses. Out, for each channel: whether a message may go there, and what
//! decides it. A suppression counts over everything, what the customer said here over the shop's files.

use serde::Serialize;

use super::suppressions::reason_of;
use super::{SecretName, Store, consents};
use crate::data::{Channel, Customers};
use crate::workspace::WorkspaceError;

/// One channel of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    pub channel: Channel,
    pub may_be_written_to: bool,
    pub decided_by: DecidedBy,
    /// Of a suppression: `unsubscribed`, `bounced`, ...
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    /// The address, or the customer, is on the list.
    Suppression,
    /// What the customer said here.
    Consent,
    ShopFiles,
    /// Nobody said anything, which is no consent.
    Nothing,
}

/// A customer as the shop's files have them, in the order of [`Channel::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByFiles {
    pub customer: String,
    pub consents: [Option<bool>; 3],
    pub addresses: [Option<String>; 3],
}

impl ByFiles {
    #[must_use]
    pub fn of(customers: &Customers, row: usize) -> Self {
        Self {
            customer: customers.id(row).to_owned(),
            consents: Channel::ALL.map(|channel| customers.consent(row, channel)),
            addresses: Channel::ALL.map(|channel| customers.address(row, channel).map(str::to_owned)),
        }
    }

    /// What counts where the project knows nothing of anybody.
    #[must_use]
    pub fn alone(&self) -> [Effective; 3] {
        Channel::ALL.map(|channel| decide(channel, None, None, self.consents[channel as usize]))
    }
}

impl Store {
    /// What counts of a customer's consent now, in the order of [`Channel::ALL`].
    ///
    /// # Errors
    /// The database cannot be read, or its key cannot be made.
    pub fn effective(&mut self, files: &ByFiles) -> Result<[Effective; 3], WorkspaceError> {
        let key = self.secret(SecretName::Addresses)?;
        self.read(|connection| {
            let said = consents::last(connection, &files.customer)?;
            // Whoever was erased, or is listed by the shop's own id for every channel, is written to in none.
            let everywhere = reason_of(connection, &key, None, Channel::Push, &files.customer)?;
            let mut suppressed = [const { None }; 3];
            for channel in Channel::ALL {
                suppressed[channel as usize] = match &files.addresses[channel as usize] {
                    Some(address) => reason_of(connection, &key, Some(channel), channel, address)?,
                    None => None,
                }
                .or_else(|| everywhere.clone());
            }
            Ok(Channel::ALL.map(|channel| {
                let place = channel as usize;
                decide(channel, suppressed[place].take(), said[place], files.consents[place])
            }))
        })
    }
}

fn decide(channel: Channel, reason: Option<String>, said: Option<bool>, by_files: Option<bool>) -> Effective {
    let decided_by = match (&reason, said, by_files) {
        (Some(_), ..) => DecidedBy::Suppression,
        (None, Some(_), _) => DecidedBy::Consent,
        (None, None, Some(_)) => DecidedBy::ShopFiles,
        (None, None, None) => DecidedBy::Nothing,
    };
    let may_be_written_to = reason.is_none() && said.or(by_files) == Some(true);
    Effective { channel, may_be_written_to, decided_by, reason }
}
