//! Whether a customer can be sent a message in a language by a channel. Profiles, the fit of strategies, previews and
//! the merge ask here, so that what is promised is what goes out.

use super::{Channel, Customers};

/// Why a customer is not sent a message: the first reason that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// The files say that the customer reads another language.
    OtherLanguage,
    /// The files state no language, and the one that is assumed is another.
    NoLanguage,
    /// Has not consented to the channel, or is suppressed in it. Consent that nobody states is not given.
    NoConsent,
    /// No address in the channel.
    NoAddress,
}

impl Customers {
    /// Where a message would go. An app that takes push messages knows the customer by the shop's own id.
    #[must_use]
    pub fn address(&self, row: usize, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Email => self.text(row, "email").filter(|address| address.contains('@')),
            Channel::Sms => self.text(row, "phone"),
            Channel::Push => Some(self.id(row)),
        }
    }

    /// What keeps the channel from the customer, whatever the language.
    #[must_use]
    pub fn channel_hindrance(&self, row: usize, channel: Channel) -> Option<Hindrance> {
        if self.consent(row, channel) != Some(true) || self.is_withheld(row, channel) {
            Some(Hindrance::NoConsent)
        } else if self.address(row, channel).is_none() {
            Some(Hindrance::NoAddress)
        } else {
            None
        }
    }

    /// What keeps a message in that language (a primary tag) and channel from the customer; `None`: nothing.
    #[must_use]
    pub fn hindrance(&self, row: usize, language: &str, channel: Channel) -> Option<Hindrance> {
        if self.language(row) == language {
            return self.channel_hindrance(row, channel);
        }
        Some(match self.stated_language(row) {
            Some(_) => Hindrance::OtherLanguage,
            None => Hindrance::NoLanguage,
        })
    }
}
