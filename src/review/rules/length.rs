//! The channel's limits.

use super::{Check, Message, judged, passed};
use crate::strategy::{Part, limits_of, sms};

pub(super) fn length(message: &Message<'_>) -> Check {
    let strategy = message.strategy;
    let mut found = Vec::new();
    let mut long = Vec::new();
    let mut sizes = Vec::new();
    for bound in limits_of(strategy.channel, &strategy.language, &strategy.limits) {
        let length = message.text.get(&bound.part).map_or(0, |text| text.chars().count());
        let name = bound.part.name();
        if let Some(most) = bound.most.filter(|&most| length > most) {
            found.push(format!("the {name} has {length} characters, and may have {most}"));
        } else if let Some(advised) = bound.advised.filter(|&advised| length > advised) {
            long.push(format!("The {name} has {length} characters; {advised} are shown everywhere."));
        }
        sizes.push(format!("{name} {length}"));
    }
    for (slot, wanted) in message.slots.iter().zip(message.wanted) {
        let length = slot.trim().chars().count();
        if let Some(limit) = wanted.limit.filter(|&limit| length > limit) {
            found.push(format!("slot {} has {length} characters, and may have {limit}", wanted.index + 1));
        }
    }
    let fine = if long.is_empty() { format!("Characters: {}.", sizes.join(", ")) } else { long.join(" ") };
    judged("length", found, "Shorten it.", &fine)
}

/// SMS parts, and what made them many.
pub(super) fn sms_parts(message: &Message<'_>) -> Check {
    let most = message.strategy.limits.sms_parts.unwrap_or(2);
    let text = message.text.get(&Part::Body).map_or("", String::as_str);
    let measured = sms::measure(text);
    let forced = match measured.forced_by {
        Some(character) if !message.is_chinese() => format!(", because of \"{character}\""),
        _ => String::new(),
    };
    let detail = format!(
        "{} of {} units in {}{forced}",
        if measured.parts == 1 { "1 part".to_owned() } else { format!("{} parts", measured.parts) },
        measured.units,
        measured.encoding.name(),
    );
    if measured.parts <= most {
        return passed("sms-parts", format!("{detail}; {} units are left.", measured.left));
    }
    let remedy = if forced.is_empty() {
        "Shorten it."
    } else {
        "Replace that character where it was written (`c` on the message of the campaign, `p` in Review), or shorten the text."
    };
    judged("sms-parts", vec![format!("{detail}; at most {most} parts")], remedy, "")
}
