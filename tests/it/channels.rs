//! What carries messages, against servers that do as a script says, over real connections, and into files.

mod files;
mod mail_server;
mod provider;
mod smtp;
mod webhook;

use perennial::campaign::channel::{Carrier, FaultKind, Line, Outcome};
use perennial::campaign::message::Outgoing;
use perennial::config::SendingConfig;
use perennial::data::Channel;

/// Settings as a file gives them.
fn settings(text: &str) -> SendingConfig {
    toml::from_str(text).unwrap()
}

fn line(channel: Channel, text: &str) -> Line {
    Line::of(channel, &settings(text), std::path::Path::new("nowhere")).unwrap()
}

fn refused(channel: Channel, text: &str) -> String {
    Line::of(channel, &settings(text), std::path::Path::new("nowhere")).unwrap_err().to_string()
}

/// An e-mail with an id of its own.
fn mail(number: usize, to: &str) -> Outgoing {
    let text = crate::messages::mail("New in", "Hi Anna,\n\n.hidden dots\n..\n\nBye");
    let id = format!("{number:032x}@shop.example");
    let envelope =
        perennial::campaign::message::Envelope { message_id: &id, ..crate::messages::envelope(to) };
    crate::messages::composed(&text, &envelope).unwrap()
}

/// What becomes of a message, by both steps.
fn send(carrier: &mut dyn Carrier, message: &Outgoing) -> Outcome {
    match carrier.prepare(message) {
        Ok(()) => carrier.hand_over(message),
        Err(fault) => Outcome::Failed(fault),
    }
}

fn kind(outcome: &Outcome) -> FaultKind {
    match outcome {
        Outcome::Failed(fault) => fault.kind,
        other => panic!("{other:?}"),
    }
}
