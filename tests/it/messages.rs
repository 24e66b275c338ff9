//! Messages as their recipients get them, read back by a parser that is not ours.

mod dkim;
mod email;
mod short;

use perennial::campaign::message::{Composer, Doors, Envelope, MessageError, Outgoing, Sender};
use perennial::data::Channel;
use perennial::strategy::{Part, Text};

pub(crate) fn envelope(recipient: &str) -> Envelope<'_> {
    Envelope {
        recipient,
        language: "en",
        message_id: "0123456789abcdef0123456789abcdef@shop.example",
        date: "2025-11-01T09:30:00Z".parse().unwrap(),
        campaign: "autumn",
        customer: "C1",
        coupon: None,
        doors: Doors {
            unsubscribe: Some("https://door.shop.example/u/abc"),
            unsubscribe_by_mail: None,
            feedback: Some("https://door.shop.example/f/abc"),
        },
    }
}

pub(crate) fn sender() -> Sender {
    Sender {
        reply_to: Some("hello@shop.example".into()),
        postal_address: Some("1 High Street\nSampletown".into()),
        ..Sender::sample("Tea & Co")
    }
}

pub(crate) fn text(parts: &[(Part, &str)]) -> Text {
    parts.iter().map(|&(part, text)| (part, text.to_owned())).collect()
}

pub(crate) fn mail(subject: &str, body: &str) -> Text {
    text(&[(Part::Subject, subject), (Part::Preheader, "A short look"), (Part::Body, body)])
}

/// A composed e-mail whose links lead by way of a door.
pub(crate) fn composed(text: &Text, envelope: &Envelope<'_>) -> Result<Outgoing, MessageError> {
    let composer = Composer::mail(sender(), None).unwrap();
    composer.compose(text, envelope, &mut |number, _| Some(format!("https://door.shop.example/c/{number}")))
}

pub(crate) fn short_message(channel: Channel, parts: &[(Part, &str)], to: &str) -> Outgoing {
    let composer = Composer::new(channel, &perennial::config::SendingConfig::default(), "Tea & Co").unwrap();
    composer.compose(&text(parts), &envelope(to), &mut |_, url| Some(url.to_owned())).unwrap()
}
