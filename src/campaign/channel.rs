//! What carries messages: files, a mail server, a provider's HTTP address.
//!
//! In: [`Outgoing`] messages one by one and the settings of a channel. Out: what became of each. A message is handed over
//! in two calls, so that whoever keeps the ledger can write down "handing over" between them:
//!
//! ```text
//! prepare ------> Err(Fault)        certainly not taken
//!    | Ok
//!    |   <- the ledger says `handing`, durably
//!    v
//! hand_over ----> Accepted          certainly taken
//!           ----> Failed(Fault)     certainly not taken
//!           ----> Unknown           sent whole, and no answer came
//! ```
//!
//! A carrier is used by one thread and keeps at most one message in the air, so what is unknown after a crash is at most
//! one message for each carrier. Files have no such window: [`Carrier::already_taken`] looks it up.

mod file;
mod line;
mod secret;
mod smtp;
mod webhook;

pub use line::{Line, SetupError};

use std::time::Duration;

use super::message::Outgoing;

/// What carries messages of one channel, one at a time.
pub trait Carrier: Send {
    /// Does everything up to the last moment at which the message is certainly not taken: connects, and names sender and
    /// recipient. After an `Ok` comes [`Carrier::hand_over`] with the same message; another `prepare` in its place gives
    /// up the one before.
    ///
    /// # Errors
    /// Nothing was taken. The [`Fault`] says whether to try again.
    fn prepare(&mut self, message: &Outgoing) -> Result<(), Fault>;

    /// Hands the prepared message over and waits for the answer.
    fn hand_over(&mut self, message: &Outgoing) -> Outcome;

    /// Whether a message with this id was taken, in this run or an earlier one; `None` where the carrier cannot know.
    fn already_taken(&mut self, message_id: &str) -> Option<bool>;

    /// How many messages may be handed over on one word of the ledger: 1, unless [`Carrier::already_taken`] can tell afterwards
    /// which of them were taken.
    fn window(&self) -> usize {
        1
    }

    /// Makes durable what was accepted so far. Called before the ledger writes `accepted`.
    ///
    /// # Errors
    /// The files cannot be written.
    fn settle(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Keeps an idle connection alive; called every half minute or so while nothing is sent. One that is gone is opened
    /// anew by the next [`Carrier::prepare`].
    fn rest(&mut self) {}

    /// Ends in good order. Dropping a carrier ends it too, without a word to the other side.
    fn close(&mut self) {}
}

/// What became of a message that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, with the other side's words.
    Accepted { reply: String },
    /// Certainly not taken.
    Failed(Fault),
    /// It was sent whole, and no answer came: taken or not, nobody here can know.
    Unknown { why: String },
}

/// Why a message was certainly not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Fault {
    pub kind: FaultKind,
    /// Cause, for people: the other side's words, or what went wrong on the way there.
    pub said: String,
    /// How long the other side wants to be left alone.
    pub after: Option<Duration>,
    /// It was not about this message: the other side takes none for now (421, a 4xx before a recipient was named, HTTP 429
    /// and 5xx), and is better left alone for a while.
    pub busy: bool,
}

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The other side said "not now" (SMTP 4xx, HTTP 429 and 5xx): try again later.
    Temporary,
    /// It said "never" to this message or recipient (SMTP 5xx, HTTP 4xx): do not try again.
    Permanent,
    /// It could not be reached, or was lost before the message was whole: try again later.
    Network,
    /// It takes no message from us at all (wrong password, no permission, no safe connection, a full disk): stop, and tell
    /// a person.
    Channel,
}

impl FaultKind {
    /// Whether the same message may be tried again later without anybody changing anything.
    #[must_use]
    pub fn again(self) -> bool {
        matches!(self, Self::Temporary | Self::Network)
    }
}

impl Fault {
    #[must_use]
    pub fn new(kind: FaultKind, said: impl Into<String>) -> Self {
        Self { kind, said: said.into(), after: None, busy: false }
    }

    /// The same, where it would have met any other message too; a refusal for good stays what it is.
    #[must_use]
    pub(super) fn of_everything(self) -> Self {
        Self { busy: self.kind == FaultKind::Temporary, ..self }
    }
}
