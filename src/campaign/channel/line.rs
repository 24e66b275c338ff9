//! A channel's settings, checked, from which carriers are opened.
//!
//! In: `[sending]` and the folder for files. Out: a [`Line`], cheap to share among threads, each of which opens a
//! [`Carrier`] of its own.

use std::path::Path;
use std::sync::Arc;

use super::{Carrier, file, smtp, webhook};
use crate::config::SendingConfig;
use crate::data::Channel;

/// A channel that cannot be opened: cause and remedy, which names the setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub String);

/// A way out for the messages of one channel.
#[derive(Clone, Debug)]
pub struct Line {
    way: Way,
    connections: usize,
    per_minute: Option<u32>,
    said: String,
}

#[derive(Clone, Debug)]
enum Way {
    File(Arc<file::Settings>),
    Smtp(Arc<smtp::Settings>),
    Webhook(Arc<webhook::Settings>),
}

impl Line {
    /// The way out that the settings name. Files are made in `folder` (a campaign's own); nothing is opened yet.
    ///
    /// # Errors
    /// A setting that is missing or does not fit, a secret or a certificate that cannot be read.
    pub fn of(channel: Channel, sending: &SendingConfig, folder: &Path) -> Result<Self, SetupError> {
        let (carrier, form, connections, per_minute) = match channel {
            Channel::Email => {
                let own = &sending.email;
                (&own.carrier, &own.file_form, own.connections, own.per_minute)
            }
            Channel::Sms | Channel::Push => {
                let own = if channel == Channel::Sms { &sending.sms } else { &sending.push };
                (&own.carrier, &own.file_form, own.connections, own.per_minute)
            }
        };
        let (way, said) = match carrier.as_str() {
            "smtp" => {
                let settings = smtp::Settings::of(sending)?;
                let said = settings.to_string();
                (Way::Smtp(settings.into()), said)
            }
            "webhook" => {
                let settings = webhook::Settings::of(channel, sending)?;
                let said = settings.to_string();
                (Way::Webhook(settings.into()), said)
            }
            _ => {
                let settings = file::Settings::of(channel, form, folder);
                let said = settings.to_string();
                (Way::File(settings.into()), said)
            }
        };
        // Files are written by one hand.
        let connections = if matches!(way, Way::File(_)) { 1 } else { connections };
        Ok(Self { way, connections, per_minute, said })
    }

    /// Opens a carrier. A file is opened and read; a server is connected to by the first message.
    ///
    /// # Errors
    /// The files cannot be opened.
    pub fn carrier(&self) -> Result<Box<dyn Carrier>, SetupError> {
        Ok(match &self.way {
            Way::File(settings) => file::open(settings)?,
            Way::Smtp(settings) => Box::new(smtp::Smtp::new(Arc::clone(settings))),
            Way::Webhook(settings) => Box::new(webhook::Webhook::new(Arc::clone(settings))),
        })
    }

    /// Carriers that may work at the same time; 1 for files.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Most messages a minute, all carriers together.
    #[must_use]
    pub fn per_minute(&self) -> Option<u32> {
        self.per_minute
    }

    /// Where messages go, for people: `files in sent/spring/email`, `mail server smtp.shop.example:587 (STARTTLS)`.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }
}
