//! How many parts a text message takes.
//!
//! In: text. Out: its encoding, units and parts after 3GPP TS 23.038 (alphabet) and 23.040 (joined parts):
//! 160 septets or 70 UCS-2 units in one part, 153 or 67 in each of several, and neither an escape pair nor a
//! surrogate pair is split over two parts.

use serde::Serialize;

/// How a text message is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Encoding {
    #[serde(rename = "GSM-7")]
    Gsm7,
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl Encoding {
    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }
}

/// What a text message costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sms {
    pub encoding: Encoding,
    /// Septets of GSM-7, or 16-bit units of UCS-2.
    pub units: usize,
    /// 0 for an empty text.
    pub parts: usize,
    /// Units that still fit into the last part.
    pub left: usize,
    /// The first character that GSM-7 lacks, which costs more than half of the room.
    pub forced_by: Option<char>,
}

impl Sms {
    /// For people: "65 units left in 3 parts, UCS-2, because of “’”".
    #[must_use]
    pub fn told(&self) -> String {
        let parts = if self.parts == 1 { "part" } else { "parts" };
        let forced = self.forced_by.map_or(String::new(), |character| format!(", because of “{character}”"));
        format!("{} units left in {} {parts}, {}{forced}", self.left, self.parts, self.encoding.name())
    }
}

/// The basic alphabet, without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table: each costs an escape and itself.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Septets of a character in GSM-7; `None` where it has none.
#[must_use]
pub fn septets(character: char) -> Option<usize> {
    if character.is_ascii_alphanumeric() || BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// Measures a text message.
#[must_use]
pub fn measure(text: &str) -> Sms {
    let forced_by = text.chars().find(|&character| septets(character).is_none());
    let (encoding, one, each) = match forced_by {
        None => (Encoding::Gsm7, 160, 153),
        Some(_) => (Encoding::Ucs2, 70, 67),
    };
    let cost = |character: char| match encoding {
        Encoding::Gsm7 => septets(character).unwrap_or(1),
        Encoding::Ucs2 => character.len_utf16(),
    };
    let units: usize = text.chars().map(cost).sum();
    if units <= one {
        return Sms { encoding, units, parts: usize::from(units > 0), left: one - units, forced_by };
    }
    let mut parts = 1;
    let mut used = 0;
    for character in text.chars() {
        if used + cost(character) > each {
            parts += 1;
            used = 0;
        }
        used += cost(character);
    }
    Sms { encoding, units, parts, left: each - used, forced_by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_its_127_characters() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }
}
