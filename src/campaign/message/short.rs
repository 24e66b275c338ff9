//! Text messages and push messages: no markup, every character counts.
//!
//! In: the parts, and what rewrites links. Out: the text as it is handed over; and for SMS the characters that make it dear
//! with what could stand in their place.

use unicode_segmentation::UnicodeSegmentation as _;

use super::markup::Links;
use super::{Envelope, MessageError};
use crate::data::Channel;
use crate::strategy::sms::septets;
use crate::strategy::{Part, Text};

/// The parts as they are handed over.
pub(super) fn compose(
    channel: Channel,
    text: &Text,
    envelope: &Envelope<'_>,
    links: &mut Links<'_>,
) -> Result<Text, MessageError> {
    let recipient = envelope.recipient.trim();
    if recipient.is_empty() || recipient.chars().any(char::is_control) {
        return Err(MessageError::address(recipient, "it is empty or broken"));
    }
    if channel == Channel::Sms && !recipient.chars().any(|c| c.is_ascii_digit()) {
        return Err(MessageError::address(recipient, "a telephone number has digits"));
    }
    let parts: &[Part] = if channel == Channel::Push { &[Part::Title, Part::Body] } else { &[Part::Body] };
    let mut made = Text::new();
    for &part in parts {
        let text = text.get(&part).map_or("", |text| text.trim());
        if text.is_empty() {
            return Err(MessageError::Text(format!("its {} is empty", part.name())));
        }
        let breaks = part != Part::Title;
        let clean: String =
            text.chars().map(|c| if c.is_control() && !(breaks && c == '\n') { ' ' } else { c }).collect();
        made.insert(part, links.in_text(clean.trim()));
    }
    Ok(made)
}

/// A character that GSM-7 lacks: one of them makes the whole message UCS-2, in which 70 units fit in place of 160.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forced {
    /// As it is read: one character, or several that are read as one.
    pub text: String,
    /// Where it begins, in bytes.
    pub at: usize,
    pub replacement: Option<Replacement>,
}

/// What could stand in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    pub with: &'static str,
    /// Whether something is lost that a reader would miss: the mark of a letter, a picture.
    pub loses: bool,
}

/// Every character that forces UCS-2, in the order of the text.
#[must_use]
pub fn forcing(text: &str) -> Vec<Forced> {
    let mut found = Vec::new();
    for (at, cluster) in text.grapheme_indices(true) {
        if cluster.chars().any(|c| septets(c).is_none()) {
            found.push(Forced { text: cluster.to_owned(), at, replacement: replacement(cluster) });
        }
    }
    found
}

/// The text with what can be replaced replaced; what cannot stays. With `losses` also where something is lost.
#[must_use]
pub fn replaced(text: &str, losses: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        let dear = cluster.chars().any(|c| septets(c).is_none());
        match replacement(cluster).filter(|other| dear && (losses || !other.loses)) {
            Some(other) => out.push_str(other.with),
            None => out.push_str(cluster),
        }
    }
    out
}

/// Stretches of a text message with other characters in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plainer {
    /// Number of each stretch that changes, and its new text.
    pub slots: Vec<(usize, String)>,
    /// Characters that were replaced.
    pub count: usize,
    /// Whether something is lost that a reader would miss.
    pub loses: bool,
}

/// Replaces what forces UCS-2 in the stretches that were written: first what means the same, and only where there is nothing
/// of that what loses something. `count` 0: nothing can be replaced.
#[must_use]
pub fn plainer(slots: &[String]) -> Plainer {
    let loses = slots.iter().all(|slot| replaced(slot, false) == *slot);
    let mut made = Plainer::default();
    for (number, slot) in slots.iter().enumerate() {
        let plain = replaced(slot, loses);
        if plain != *slot {
            made.count += forcing(slot).len() - forcing(&plain).len();
            made.slots.push((number, plain));
        }
    }
    Plainer { loses: loses && made.count > 0, ..made }
}

/// Signs that say the same: (what they replace, with what).
const SAME: [(&str, &str); 22] = [
    ("‘’‚‛′´`ʼ", "'"),
    ("“”„‟″«»", "\""),
    ("…", "..."),
    ("–—―‐‑‒−", "-"),
    ("\u{a0}\u{2002}\u{2003}\u{2007}\u{2008}\u{2009}\u{200a}\u{202f}\u{3000}\t", " "),
    ("\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{fe0f}\u{fe0e}", ""),
    ("•·●▪", "-"),
    ("×", "x"),
    ("÷", ":"),
    ("→", "->"),
    ("←", "<-"),
    ("™", "(TM)"),
    ("®", "(R)"),
    ("©", "(C)"),
    ("½", "1/2"),
    ("¼", "1/4"),
    ("¾", "3/4"),
    ("№", "No."),
    ("‹", "<"),
    ("›", ">"),
    ("ﬁ", "fi"),
    ("ﬂ", "fl"),
];

/// Letters with marks that GSM-7 has no room for: the letter alone, which a reader may miss.
const BARE: [(&str, &str); 34] = [
    ("áâãāăą", "a"),
    ("ÁÀÂÃĀĂĄ", "A"),
    ("çćčĉċ", "c"),
    ("ĆČĈĊ", "C"),
    ("ďđð", "d"),
    ("ĎĐÐ", "D"),
    ("êëēĕėęě", "e"),
    ("ÈÊËĒĔĖĘĚ", "E"),
    ("ğĝġģ", "g"),
    ("ĞĜĠĢ", "G"),
    ("íîïĩīĭįı", "i"),
    ("ÍÌÎÏĨĪĬĮİ", "I"),
    ("ķ", "k"),
    ("Ķ", "K"),
    ("łĺļľ", "l"),
    ("ŁĹĻĽ", "L"),
    ("ńņň", "n"),
    ("ŃŅŇ", "N"),
    ("óôõōŏő", "o"),
    ("ÓÒÔÕŌŎŐ", "O"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("ŕřŗ", "r"),
    ("ŔŘŖ", "R"),
    ("śšşș", "s"),
    ("ŚŠŞȘ", "S"),
    ("ťţț", "t"),
    ("ŤŢȚ", "T"),
    ("úûũūŭůűų", "u"),
    ("ÚÙÛŨŪŬŮŰŲ", "U"),
    ("ýÿ", "y"),
    ("ÝŸ", "Y"),
    ("źžż", "z"),
    ("ŹŽŻ", "Z"),
];

fn replacement(cluster: &str) -> Option<Replacement> {
    let mut chars = cluster.chars();
    let (Some(first), rest) = (chars.next(), chars.as_str()) else { return None };
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(from, _)| from.contains(first)).map(|&(_, with)| with)
    };
    if rest.is_empty() {
        if let Some(with) = find(&SAME) {
            return Some(Replacement { with, loses: false });
        }
        if let Some(with) = find(&BARE) {
            return Some(Replacement { with, loses: true });
        }
    }
    // A picture, with whatever colours or joins it.
    is_picture(first).then_some(Replacement { with: "", loses: true })
}

fn is_picture(character: char) -> bool {
    matches!(character, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{2300}'..='\u{23ff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::sms::{Encoding, measure};

    #[test]
    fn each_character_that_forces_ucs_2_is_named_with_its_place() {
        let found = forcing("It’s on – ça va 👨‍👩‍👧 €");
        let told = found
            .iter()
            .map(|one| (one.text.as_str(), one.at, one.replacement.map(|other| (other.with, other.loses))));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("’", 2, Some(("'", false))),
                ("–", 10, Some(("-", false))),
                ("ç", 14, Some(("c", true))),
                ("👨‍👩‍👧", 21, Some(("", true))),
            ]
        );
        assert!(forcing("Été 25 € [x] {y} ~ |\\^ Ç").is_empty());
        assert_eq!(forcing("您好")[1].replacement, None);
    }

    #[test]
    fn a_replaced_text_is_gsm_7_wherever_everything_could_be_replaced() {
        for (before, without, with) in [
            ("“New” – it’s here…", "\"New\" - it's here...", "\"New\" - it's here..."),
            ("Garçon\u{a0}№ 5 ☀️", "Garçon No. 5 ☀️", "Garcon No. 5 "),
            ("您好, it’s", "您好, it's", "您好, it's"),
            ("plain é È ~", "plain é È ~", "plain é E ~"),
        ] {
            assert_eq!(replaced(before, false), without);
            assert_eq!(replaced(before, true), with);
        }
        for (from, with) in SAME.iter().chain(&BARE) {
            assert_eq!(measure(with).encoding, Encoding::Gsm7, "{with}");
            for character in from.chars() {
                assert!(septets(character).is_none(), "{character} needs no replacement");
            }
        }
    }
}
