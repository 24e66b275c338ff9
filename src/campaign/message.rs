//! From merged text to what a recipient gets.
//!
//! In: the parts of a message (Markdown in the body of an e-mail) and an [`Envelope`]. Out: an e-mail as bytes
//! (RFC 5322: text first, then HTML, signed if there is a key), or the text of an SMS or a push message, with the links in
//! it. The same text and envelope give the same bytes but for the time in a signature.
//!
//! ```text
//! Text + Envelope -> markup (one reading of the Markdown) -> plain, html -> email (MIME, headers, DKIM) -> Outgoing
//!                 -> short (SMS, push)                                                                 -> Outgoing
//! ```

mod content;
mod dkim;
mod email;
mod html;
mod id;
mod layout;
mod markup;
mod page;
mod plain;
mod push;
mod short;
mod words;

pub use content::{Content, content_hash};
pub use dkim::Signer;
pub use email::{Composer, Sender};
pub use id::message_id;
pub use layout::VERSION as LAYOUT_VERSION;
pub use page::{SAMPLE_LINKS, Shown, page};
pub use push::{Finding, Platform, findings};
pub use short::{Forced, Plainer, Replacement, forcing, plainer, replaced};

use crate::data::Channel;
use crate::strategy::Text;

/// What a message bears besides its text: to whom, from when, and the doors by which its recipient answers.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// E-mail address, telephone number, or what the push provider knows the device or customer by.
    pub recipient: &'a str,
    /// Language tag of the text: `en`, `zh`.
    pub language: &'a str,
    /// Without angle brackets; see [`message_id`].
    pub message_id: &'a str,
    /// When the message was made: its `Date`.
    pub date: jiff::Timestamp,
    /// Name of the campaign.
    pub campaign: &'a str,
    /// The shop's id of the customer.
    pub customer: &'a str,
    pub coupon: Option<&'a str>,
    pub doors: Doors<'a>,
}

/// Addresses by which a recipient answers; each `http` or `https` but for the mail address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Doors<'a> {
    /// Page that unsubscribes, and takes RFC 8058's one-click POST where it is `https`.
    pub unsubscribe: Option<&'a str>,
    /// Mail address that unsubscribes: `leave@shop.example`.
    pub unsubscribe_by_mail: Option<&'a str>,
    /// Page with a rating and a sentence.
    pub feedback: Option<&'a str>,
}

/// A message that is ready to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub channel: Channel,
    /// Without angle brackets.
    pub message_id: String,
    pub recipient: String,
    pub language: String,
    pub campaign: String,
    pub customer: String,
    pub coupon: Option<String>,
    /// The parts as the recipient reads them; an e-mail's body is its text part.
    pub text: Text,
    /// The whole of an e-mail, lines ended by CR LF; empty for other channels.
    pub mail: Vec<u8>,
    /// Links in the order of their numbers, the first of which is 1: what stood in the text before it was rewritten.
    pub links: Vec<String>,
}

/// Rewrites a link: its number in the message, counted from 1, and the URL; the same URL has the same number. `None` makes
/// it no link: its label stays as words, and its number goes to the next one. It is for URLs that were not approved, such
/// as one that a customer gave as a name.
pub type Rewrite<'a> = &'a mut dyn FnMut(usize, &str) -> Option<String>;

/// Why there is no message for this recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Nothing can be sent there, ever.
    #[error("the address \"{0}\" is none: {1}")]
    Address(String, String),
    /// Nobody can be sent anything until the settings say more.
    #[error("{0}")]
    Settings(String),
    /// A part of the text or the envelope does not do.
    #[error("the message cannot be made: {0}")]
    Text(String),
}

/// Characters of an address that is none that people are shown.
const LONGEST_SHOWN: usize = 60;

impl MessageError {
    /// An address that is none, as it can be shown: in one line, and not longer than people read.
    fn address(text: &str, why: &str) -> Self {
        let mut shown = String::new();
        for letter in text.chars().take(LONGEST_SHOWN) {
            if letter.is_control() {
                shown.extend(letter.escape_default());
            } else {
                shown.push(letter);
            }
        }
        if text.chars().count() > LONGEST_SHOWN {
            shown.push('…');
        }
        Self::Address(shown, why.to_owned())
    }
}
