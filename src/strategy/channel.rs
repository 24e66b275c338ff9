//! What each channel can carry.

use super::{Limits, Part};
use crate::data::Channel;

/// Most characters of a part: what is good, and what must not be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    pub part: Part,
    /// Longer texts are cut in many mail boxes and lock screens; `None`: any length is good.
    pub advised: Option<usize>,
    /// `None`: bounded otherwise (SMS by its parts).
    pub most: Option<usize>,
}

/// SMS parts where the strategy names no limit.
pub(crate) const SMS_PARTS: usize = 2;

impl Part {
    /// As in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Title => "title",
            Self::Body => "body",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Subject, Self::Preheader, Self::Title, Self::Body].into_iter().find(|part| part.name() == name)
    }
}

/// The parts of a message in this channel.
pub(crate) fn parts(channel: Channel) -> &'static [Part] {
    match channel {
        Channel::Email => &[Part::Subject, Part::Preheader, Part::Body],
        Channel::Sms => &[Part::Body],
        Channel::Push => &[Part::Title, Part::Body],
    }
}

/// The bounds of a channel's parts for a language, tightened by the strategy's own limits. A Chinese
/// character is as wide as two Latin ones, so half as many fit on a lock screen.
#[must_use]
pub fn limits_of(channel: Channel, language: &str, limits: &Limits) -> Vec<Bound> {
    let wide = is_chinese(language);
    let scale = |characters: usize| if wide { characters / 2 } else { characters };
    parts(channel)
        .iter()
        .map(|&part| {
            let (advised, most) = match (channel, part) {
                // Phones show some 40 to 60 characters of a subject and 90 of the line after it.
                (Channel::Email, Part::Subject) => (Some(scale(60)), Some(150)),
                (Channel::Email, Part::Preheader) => (Some(scale(100)), Some(200)),
                (Channel::Email, _) => (Some(2_000), Some(10_000)),
                // iOS and Android show one line of title and, unfolded, four lines of body.
                (Channel::Push, Part::Title) => (Some(scale(50)), Some(scale(65))),
                (Channel::Push, _) => (Some(scale(150)), Some(scale(240))),
                (Channel::Sms, _) => (None, None),
            };
            let own = limits.characters.get(&part).copied();
            let least = |channel: Option<usize>| match (own, channel) {
                (Some(own), Some(channel)) => Some(own.min(channel)),
                (own, channel) => own.or(channel),
            };
            Bound { part, advised: least(advised), most: least(most) }
        })
        .collect()
}

/// Whether a language tag is Chinese.
pub(crate) fn is_chinese(language: &str) -> bool {
    let tag = language.to_ascii_lowercase();
    tag == "zh" || tag.starts_with("zh-") || tag.starts_with("zh_")
}
