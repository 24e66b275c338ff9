//! The house corpus: messages written by hand, which a model learns the trade from.
//!
//! In: the files of `assets/training`, or others of the same form. Out: a [`Corpus`], its messages filled with facts that
//! were drawn by chance as [`Example`](crate::tuning::Example)s in the very prompt that the engine uses, and what the linter finds wrong.
//!
//! ```text
//! read -> Corpus -+-> lint (the product's own rules, near-duplicates, phrases)
//!                 +-> grammar, facts -> examples (prompt and text)
//! ```
//!
//! What is the same for all recipients (a category, a product, a season) stands in a text as it is; what is the
//! customer's own (`{first_name}`), and the offer, stays a field, as the model never sees what is in it.

mod examples;
mod facts;
mod grammar;
mod lint;
mod measure;
mod read;
mod shipped;

pub use examples::{examples, filled};
pub use facts::{Facts, Filling, Noun, Product};
pub use lint::{Finding, lint, without_fields};
pub use measure::{Known, distinct_2, slips};
pub use read::{CorpusError, read, read_files};
pub use shipped::{shipped, shipped_facts};

use serde::{Deserialize, Serialize};

use crate::data::Channel;
use crate::segments::Stage;
use crate::strategy::{OfferKind, Part};

/// Messages in both languages, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corpus {
    pub groups: Vec<Group>,
}

/// Messages that answer the same requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// File and place in it: `en/win-back.toml, group 3`.
    pub place: String,
    pub chinese: bool,
    /// `None`: it fits every stage.
    pub stage: Option<Stage>,
    pub kind: Kind,
    pub offer: Option<OfferKind>,
    /// Ways to ask for it; at least one.
    pub tasks: Vec<String>,
    /// At least one.
    pub messages: Vec<Message>,
}

/// One text that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub tone: Tone,
    pub text: String,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Sms,
    Subject,
    Preheader,
    /// First sentences of an e-mail's text.
    Opening,
    Body,
    /// Last sentences of an e-mail's text.
    Closing,
    PushTitle,
    PushBody,
    /// One sentence for a slot of any channel.
    Line,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Sms,
        Self::Subject,
        Self::Preheader,
        Self::Opening,
        Self::Body,
        Self::Closing,
        Self::PushTitle,
        Self::PushBody,
        Self::Line,
    ];

    /// As the files spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Opening => "opening",
            Self::Body => "body",
            Self::Closing => "closing",
            Self::PushTitle => "push-title",
            Self::PushBody => "push-body",
            Self::Line => "line",
        }
    }

    /// Where it stands; a line in an e-mail.
    #[must_use]
    pub fn place(self) -> (Channel, Part) {
        match self {
            Self::Sms => (Channel::Sms, Part::Body),
            Self::Subject => (Channel::Email, Part::Subject),
            Self::Preheader => (Channel::Email, Part::Preheader),
            Self::Opening | Self::Body | Self::Closing | Self::Line => (Channel::Email, Part::Body),
            Self::PushTitle => (Channel::Push, Part::Title),
            Self::PushBody => (Channel::Push, Part::Body),
        }
    }

    /// Characters that it may have at most, filled.
    #[must_use]
    pub fn limit(self, chinese: bool) -> usize {
        let (english, own) = match self {
            Self::Sms | Self::Opening | Self::Closing => (160, 60),
            Self::Subject => (60, 24),
            Self::Preheader => (90, 34),
            Self::Body => (320, 120),
            Self::PushTitle => (40, 16),
            Self::PushBody => (120, 50),
            Self::Line => (140, 45),
        };
        if chinese { own } else { english }
    }
}

/// How a text sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Warm,
    Plain,
    Playful,
    Formal,
    /// Pressing by nothing but the day on which the offer ends.
    Urgent,
}

impl Corpus {
    /// Messages in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.messages.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every message with its group.
    pub fn messages(&self) -> impl Iterator<Item = (&Group, &Message)> {
        self.groups.iter().flat_map(|group| group.messages.iter().map(move |message| (group, message)))
    }
}
