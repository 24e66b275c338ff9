//! What a message in the mailbox says: a delivery status (RFC 3464), a complaint (RFC 5965), a reply, or nothing.
//!
//! In: the bytes of a message. Out: events, about the message whose Message-ID is carried along, and the recipient.
//! Servers that send no machine-readable part (older Exim, some providers) name the recipient in
//! `X-Failed-Recipients`; those are read too.

use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};

use crate::data::Channel;
use crate::workspace::{FeedbackEvent, Kind, UNSUBSCRIBE_WORDS};

/// Characters of a diagnosis, and of a reply, that are kept.
const LONGEST_DIAGNOSIS: usize = 300;
const LONGEST_REPLY: usize = 2_000;
/// Recipients of one notice.
const MOST: usize = 100;

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Bounce(Vec<FeedbackEvent>),
    Complaint(Vec<FeedbackEvent>),
    Reply(Vec<FeedbackEvent>),
    /// What the mail program of a reader writes to the address in `List-Unsubscribe` (RFC 2369).
    Unsubscribe(Vec<FeedbackEvent>),
    /// A message still waits somewhere, which is no event, or has arrived.
    Waits(Vec<FeedbackEvent>),
    Other,
}

impl Notice {
    pub fn into_events(self) -> Vec<FeedbackEvent> {
        match self {
            Self::Bounce(events)
            | Self::Complaint(events)
            | Self::Reply(events)
            | Self::Unsubscribe(events)
            | Self::Waits(events) => events,
            Self::Other => Vec::new(),
        }
    }
}

/// Reads a message. Its own date counts, but never one that lies ahead.
pub(super) fn read(bytes: &[u8], received_at: i64) -> Notice {
    let Some(message) = MessageParser::default().parse(bytes) else { return Notice::Other };
    let at = message.date().map_or(received_at, |date| date.to_timestamp() * 1000).min(received_at);
    let part = |kind: &str, subtypes: &[&str]| {
        message
            .parts
            .iter()
            .find(|part| subtypes.iter().any(|subtype| part.is_content_type(kind, subtype)))
            .map(|part| String::from_utf8_lossy(part.contents()).into_owned())
    };
    if let Some(status) = part("message", &["delivery-status", "global-delivery-status"]) {
        return delivery(&message, &status, at);
    }
    if let Some(report) = part("message", &["feedback-report"]) {
        return complaint(&message, &report, at);
    }
    if let Some(failed) = message.header_raw("X-Failed-Recipients") {
        return plain_bounce(&message, failed, at);
    }
    reply(&message, at)
}

/// Fields of a group: names in small letters, continued lines put together.
type Group = Vec<(String, String)>;

fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::new()];
    for line in text.lines() {
        let continues = line.starts_with([' ', '\t']);
        if line.trim().is_empty() {
            groups.push(Group::new());
        } else if let Some(group) = groups.last_mut() {
            match (continues, group.last_mut()) {
                (true, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                _ => group.extend(
                    line.split_once(':')
                        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())),
                ),
            }
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn field<'a>(group: &'a Group, name: &str) -> Option<&'a str> {
    group
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn delivery(message: &Message<'_>, status: &str, at: i64) -> Notice {
    let original = original_id(message);
    let (mut failed, mut arrived, mut waits) = (Vec::new(), Vec::new(), false);
    for group in groups(status).iter().take(MOST) {
        let recipient = field(group, "original-recipient").or_else(|| field(group, "final-recipient"));
        let Some(address) = recipient.and_then(typed) else { continue };
        let address =
            if field(group, "original-recipient").is_some() { from_xtext(&address) } else { address };
        let of = |kind| FeedbackEvent {
            message_id: original.clone(),
            address: Some(address.clone()),
            channel: Some(Channel::Email),
            ..FeedbackEvent::new(kind, at)
        };
        match field(group, "action").unwrap_or_default().to_ascii_lowercase().as_str() {
            "failed" => {
                let diagnosis = field(group, "diagnostic-code").unwrap_or_default();
                let diagnosis = diagnosis.split_once(';').map_or(diagnosis, |(_, said)| said).trim();
                let code = best_status(field(group, "status").unwrap_or_default(), diagnosis);
                failed.push(FeedbackEvent {
                    status: Some(code),
                    text: Some(diagnosis.split_whitespace().collect::<Vec<_>>().join(" "))
                        .map(|text| text.chars().take(LONGEST_DIAGNOSIS).collect()),
                    ..of(Kind::Bounced)
                });
            }
            "delivered" | "relayed" | "expanded" => arrived.push(of(Kind::Delivered)),
            "delayed" => waits = true,
            _ => {}
        }
    }
    if !failed.is_empty() {
        Notice::Bounce(failed)
    } else if waits || !arrived.is_empty() {
        Notice::Waits(arrived)
    } else {
        Notice::Other
    }
}

fn complaint(message: &Message<'_>, report: &str, at: i64) -> Notice {
    let fields: Group = groups(report).into_iter().flatten().collect();
    let kind = match field(&fields, "feedback-type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "abuse" | "fraud" | "virus" | "other" => Kind::Complained,
        "opt-out" | "opt-out-list" => Kind::Unsubscribed,
        // That it is no spam, or about signatures (RFC 6591): nothing to do with the recipient.
        _ => return Notice::Other,
    };
    let address = field(&fields, "original-rcpt-to").and_then(typed);
    let event = FeedbackEvent {
        message_id: original_id(message),
        address,
        channel: Some(Channel::Email),
        ..FeedbackEvent::new(kind, at)
    };
    if event.message_id.is_none() && event.address.is_none() {
        return Notice::Other;
    }
    Notice::Complaint(vec![event])
}

/// A bounce in words alone.
fn plain_bounce(message: &Message<'_>, failed: &str, at: i64) -> Notice {
    let body = message.body_text(0).unwrap_or_default();
    let original = original_id(message).or_else(|| id_in(&body));
    let code = status_in(&body).unwrap_or_else(|| {
        let words = || body.split(|c: char| !c.is_ascii_digit());
        let soft = words().any(|word| ["421", "450", "451", "452"].contains(&word));
        let hard = words().any(|word| ["550", "551", "553", "554"].contains(&word));
        if soft && !hard { "4.0.0".into() } else { "5.0.0".into() }
    });
    let events: Vec<FeedbackEvent> = failed
        .split([',', '\n'])
        .filter_map(typed)
        .take(MOST)
        .map(|address| FeedbackEvent {
            message_id: original.clone(),
            address: Some(address),
            channel: Some(Channel::Email),
            status: Some(code.clone()),
            text: body
                .lines()
                .map(str::trim)
                .find(|line| line.contains("550") || line.contains(code.as_str()))
                .map(|line| line.chars().take(LONGEST_DIAGNOSIS).collect()),
            ..FeedbackEvent::new(Kind::Bounced, at)
        })
        .collect();
    if events.is_empty() { Notice::Other } else { Notice::Bounce(events) }
}

/// What a person wrote back. What answers by itself (RFC 3834) says nothing.
fn reply(message: &Message<'_>, at: i64) -> Notice {
    let header = |name: &'static str| message.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
    let itself = header("Auto-Submitted").is_some_and(|value| !value.starts_with("no"))
        || header("X-Autoreply").is_some()
        || header("X-Autorespond").is_some()
        || header("Precedence")
            .is_some_and(|value| ["bulk", "list", "junk", "auto_reply"].contains(&value.as_str()));
    if itself {
        return Notice::Other;
    }
    let original = message.in_reply_to().as_text();
    let subject = message.subject().unwrap_or_default().trim().to_lowercase();
    if UNSUBSCRIBE_WORDS.contains(&subject.as_str()) {
        let sender = message.from().and_then(|from| from.first()).and_then(|from| from.address());
        return Notice::Unsubscribe(vec![FeedbackEvent {
            message_id: original.map(str::to_owned),
            address: sender.map(str::to_owned),
            channel: Some(Channel::Email),
            ..FeedbackEvent::new(Kind::Unsubscribed, at)
        }]);
    }
    let Some(original) = original else { return Notice::Other };
    let body = message.body_text(0).unwrap_or_default();
    let said: Vec<&str> = body.lines().take_while(|line| !quotes(line)).collect();
    let text: String = said.join("\n").trim().chars().take(LONGEST_REPLY).collect();
    Notice::Reply(vec![FeedbackEvent {
        message_id: Some(original.to_owned()),
        channel: Some(Channel::Email),
        text: (!text.is_empty()).then_some(text),
        ..FeedbackEvent::new(Kind::Replied, at)
    }])
}

/// Whether a line begins what was quoted.
fn quotes(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('>')
        || line.starts_with("-----")
        || line.starts_with("On ") && line.ends_with("wrote:")
        || line.starts_with('在') && (line.ends_with("写道：") || line.ends_with("写道:"))
}

/// The Message-ID of the message that a notice is about: of the copy that comes along, whole or its head alone; else of
/// what the notice replies to.
fn original_id(message: &Message<'_>) -> Option<String> {
    let along = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(copy) => copy.message_id().map(str::to_owned),
        _ if part.is_content_type("text", "rfc822-headers")
            || part.is_content_type("message", "rfc822-headers") =>
        {
            id_in(&String::from_utf8_lossy(part.contents()))
        }
        _ => None,
    });
    along.or_else(|| message.in_reply_to().as_text().map(str::to_owned))
}

/// A Message-ID in a text that holds the head of a message.
fn id_in(text: &str) -> Option<String> {
    groups(text).iter().find_map(|group| {
        let id = field(group, "message-id")?;
        Some(id.trim_start_matches('<').trim_end_matches('>').to_owned())
    })
}

/// An address with or without its type: `rfc822; <anna@example.com>`.
fn typed(value: &str) -> Option<String> {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    let address = address.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (address.contains('@') && !address.contains(char::is_whitespace)).then(|| address.to_owned())
}

/// RFC 3461 (section 4) writes `+` and `=` as `+2B` and `+3D`. Nothing else of it is undone: `anna+20@` is an address.
fn from_xtext(text: &str) -> String {
    text.replace("+2B", "+").replace("+3D", "=")
}

/// The status of a notice; that of the diagnosis where the notice has only the general one, or none.
fn best_status(status: &str, diagnosis: &str) -> String {
    let status = status_in(status);
    match status.as_deref() {
        Some(known) if !known.ends_with(".0.0") => known.to_owned(),
        general => status_in(diagnosis)
            .or_else(|| general.map(str::to_owned))
            .unwrap_or_else(|| if diagnosis.starts_with('4') { "4.0.0".into() } else { "5.0.0".into() }),
    }
}

/// The first status of RFC 3463 in a text: a class of 4 or 5, then subject and detail.
fn status_in(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let word = word.trim_matches('.');
        let parts: Vec<&str> = word.split('.').collect();
        let right = parts.len() == 3
            && ["4", "5"].contains(&parts[0])
            && parts[1..].iter().all(|part| (1..=3).contains(&part.len()));
        right.then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_where_servers_put_it() {
        assert_eq!(best_status("5.1.1 (bad destination mailbox address)", ""), "5.1.1");
        assert_eq!(best_status("5.0.0", "550 5.1.1 <x@y>: no such user"), "5.1.1");
        assert_eq!(best_status("5.0.0", "550-5.7.26 This mail has been blocked"), "5.7.26");
        assert_eq!(best_status("5.0.0", "550 Mailbox not found [192.0.2.1]"), "5.0.0");
        assert_eq!(best_status("", "450 try later"), "4.0.0");
        assert_eq!(best_status("4.4.7", "550 5.1.1 is not asked"), "4.4.7");
        assert_eq!(from_xtext("anna+2Bshop@example.com"), "anna+shop@example.com");
        assert_eq!(from_xtext("anna+20@example.com"), "anna+20@example.com");
    }
    proptest::proptest! {
        /// Whatever stands in a mailbox, and whatever a server puts into its status.
        #[test]
        fn any_message_is_read(head in "[ -~\\n]{0,200}", status in "[ -~\\n;:.5]{0,200}", bytes: Vec<u8>) {
            let _ = read(&bytes, 0);
            let _ = read(head.as_bytes(), 0);
            let report = format!(
                "Content-Type: multipart/report; boundary=b\n{head}\n\n--b\nContent-Type: message/delivery-status\n\n\
                 Final-Recipient: rfc822; a@b\nAction: failed\n{status}\n--b--\n"
            );
            for event in read(report.as_bytes(), 1_000).into_events() {
                proptest::prop_assert!(event.at <= 1_000);
            }
        }
    }
}
