//! What the law wants in an advertising message.

use super::{Check, Message, judged, passed, words};
use crate::data::Channel;
use crate::strategy::Part;

/// A way out: in e-mail by CAN-SPAM and GDPR, in text messages by the carriers' rules and, in China, by the
/// rules for short messages.
pub(super) fn opt_out(message: &Message<'_>) -> Check {
    if message.strategy.channel == Channel::Push {
        return passed("opt-out", "Push messages are switched off on the telephone.");
    }
    let body = message.text.get(&Part::Body).map_or("", String::as_str);
    let own = message.fact("unsubscribe").is_some_and(|line| body.contains(line));
    let known =
        ["unsubscribe", "opt out", "text stop", "reply stop", "退订", "拒收", "回复R", "回复T", "回T退订"];
    let mut found = Vec::new();
    if !own && !known.iter().any(|form| words::find_phrase(body, form)) {
        found.push("the message does not say how to get no more of them".to_owned());
    }
    judged("opt-out", found, "Put {{ unsubscribe }} at the end.", "It says how to opt out.")
}

/// Whether a subject begins with 广告 or AD as a word of its own: a billboard (广告牌) is no mark.
#[must_use]
pub fn is_marked(subject: &str) -> bool {
    let start = subject.trim_start_matches(['【', '[', '(', '（', '「', ' ']);
    let mark = ["广告", "AD"].into_iter().find_map(|mark| start.strip_prefix(mark));
    mark.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Chinese rules for advertising e-mail: the subject begins with 广告 or AD.
pub(super) fn advertising_mark(message: &Message<'_>) -> Check {
    let subject = message.text.get(&Part::Subject).map_or("", String::as_str);
    let marked = is_marked(subject);
    let found =
        if marked { Vec::new() } else { vec!["the subject does not begin with 广告 or AD".to_owned()] };
    judged(
        "ad-mark",
        found,
        "Advertising e-mail in Chinese must: write 广告｜ before it.",
        "The subject is marked as advertising.",
    )
}
