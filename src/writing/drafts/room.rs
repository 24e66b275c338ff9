//! How long a stretch may be, so that it and the message around it keep to their limits for this reader.
//!
//! In: what is to be written, and for whom. Out: characters. What a slot must have takes the room of what will stand for it:
//! "{offer}" may be "free delivery on your next order". A name with a letter that the GSM alphabet lacks makes every part
//! of a text message less than half as long, so what is written to such a customer must be shorter.

use super::Assignment;
use crate::data::Channel;
use crate::strategy::sms::{self, Encoding};
use crate::strategy::{self, Part, Slot, Text, limits_of};

/// Parts of a text message where the strategy does not say.
const PARTS: usize = 2;
/// Characters below which nothing can be said: then the strategy itself is too long, and the rules say so.
const LEAST: usize = 12;

/// Characters that the slot may have, fields as they stand in it, at most `limit`.
pub(super) fn room(assignment: &Assignment, slot: &Slot, limit: usize) -> usize {
    let must = slot.must.join(" ");
    // One letter keeps the blanks around the slot where they are.
    let (Some(with), Some(bare)) = (message(assignment, slot, &must), message(assignment, slot, "x")) else {
        return limit;
    };
    let written = must.chars().count();
    let (Some(with), Some(bare)) = (with.get(&slot.part), bare.get(&slot.part)) else { return limit };
    let shown = (with.chars().count() + 1).saturating_sub(bare.chars().count());
    let own = Some((limit + written).saturating_sub(shown));
    let message = left_of_part(assignment, slot.part, with).map(|left| left + written);
    let fits = [own, message].into_iter().flatten().filter(|room| *room >= LEAST).min();
    fits.map_or(limit, |room| room.min(limit))
}

/// The message with this text in the slot and nothing in the others.
fn message(assignment: &Assignment, slot: &Slot, text: &str) -> Option<Text> {
    let Assignment { strategy, facts, .. } = assignment;
    let mut texts = vec![String::new(); strategy::slots(strategy, facts).ok()?.len()];
    text.clone_into(texts.get_mut(slot.index)?);
    strategy::render(strategy, facts, &texts).ok()
}

/// Characters that a part may still have; `None` where it has no bound.
fn left_of_part(assignment: &Assignment, part: Part, text: &str) -> Option<usize> {
    let strategy = &assignment.strategy;
    if strategy.channel != Channel::Sms {
        let bounds = limits_of(strategy.channel, &strategy.language, &strategy.limits);
        let most = bounds.into_iter().find(|bound| bound.part == part)?.most?;
        return Some(most.saturating_sub(text.chars().count()));
    }
    let parts = strategy.limits.sms_parts.unwrap_or(PARTS);
    let measured = sms::measure(text);
    let all = match (measured.encoding, parts) {
        (_, 0) => return None,
        (Encoding::Gsm7, 1) => 160,
        (Encoding::Gsm7, parts) => 153 * parts,
        (Encoding::Ucs2, 1) => 70,
        (Encoding::Ucs2, parts) => 67 * parts,
    };
    Some(all.saturating_sub(measured.units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::strategy::{facts_from_json, parse, slots};

    fn assignment(channel: &str, name: &str, limit: usize) -> Assignment {
        let source = format!(
            "name = \"a\"\nstage = \"win-back\"\ngoal = \"b\"\nchannel = \"{channel}\"\nlanguage = \"en\"\ntone = \"warm\"\n\
             [limits]\nsms-parts = 2\n[defaults]\nfirst_name = \"there\"\n[message]\n\
             {}body = \"\"\"{{{{ write(\"Write.\", free=true, limit={limit}, must=[\"{{first_name}}\"], fallback=[\"Hello, {{first_name}}.\"]) }}}} \
             {{{{ unsubscribe }}}}\"\"\"\n",
            if channel == "push" { "title = \"t\"\n" } else { "" },
        );
        let strategy = parse("s", &source).unwrap_or_else(|problems| panic!("{problems:?}"));
        let given = serde_json::json!({ "first_name": name });
        let day = jiff::civil::date(2025, 11, 3);
        let facts =
            facts_from_json(given.as_object().unwrap(), &strategy, &Config::default(), "EUR", day).unwrap();
        Assignment::of_facts(&strategy, &facts, 7, &Config::default(), None)
    }

    fn room_of(channel: &str, name: &str, limit: usize) -> usize {
        let assignment = assignment(channel, name, limit);
        let slot = slots(&assignment.strategy, &assignment.facts).unwrap().remove(0);
        room(&assignment, &slot, limit)
    }

    #[test]
    fn a_name_beyond_the_gsm_alphabet_leaves_less_room() {
        // "Reply STOP to opt out" is 21 characters behind a space; the name's field counts as it stands in the slot.
        assert_eq!(room_of("sms", "Anna", 150), 150);
        assert_eq!(room_of("sms", "Anna", 300), 306 - 22 - 4 + 12);
        assert_eq!(room_of("sms", "Işıl", 150), 134 - 22 - 4 + 12);
        assert_eq!(room_of("push", "Işıl", 150), 150);
    }

    #[test]
    fn what_stands_for_a_field_takes_its_room() {
        assert_eq!(room_of("push", "Anna", 40), 40);
        assert_eq!(room_of("push", "Maximiliane-Friederike", 40), 40 + 12 - 22);
        // Where nothing could be said any more, the limit stays, and the rules tell.
        assert_eq!(room_of("push", "Maximiliane-Friederike", 20), 20);
    }
}
