//! One carrier at work: prepares a message, asks whether it may go, hands it over, tells what came of it.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::pace::Pace;
use crate::campaign::channel::{Carrier, Fault, FaultKind, Outcome};
use crate::campaign::message::{MessageError, Outgoing};

/// A carrier that has nothing to do keeps its connection alive this often.
const REST: Duration = Duration::from_secs(20);
/// The longest that a worker waits after failures, one after the other.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A message that is ready.
pub(super) struct Job {
    /// Of the line in the ledger.
    pub id: i64,
    pub message: Outgoing,
}

/// What the ledger has to know.
pub(super) enum Event {
    /// These messages are prepared: may they be handed over? Nothing is, before `go` says so.
    Asks {
        messages: Vec<(i64, String)>,
        go: Sender<bool>,
    },
    Ended {
        id: i64,
        outcome: Outcome,
    },
    /// No message could be made for this line.
    Uncomposed {
        id: i64,
        error: MessageError,
    },
    /// So many lines were given back as they were.
    Untouched {
        count: usize,
    },
}

/// Works until there are no jobs any more, or nothing is to go out.
pub(super) fn worker(
    mut carrier: Box<dyn Carrier>,
    jobs: &Receiver<Job>,
    events: &Sender<Event>,
    pace: &Pace,
) {
    let mut troubles = 0;
    loop {
        let first = match jobs.recv_timeout(REST) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                carrier.rest();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut batch = vec![first];
        // Where there is a rate, each message waits for its own slot.
        let window = if pace.is_limited() { 1 } else { carrier.window() };
        batch.extend(jobs.try_iter().take(window.saturating_sub(1)));
        if !pace.slot() {
            let _ = events.send(Event::Untouched { count: batch.len() });
            continue;
        }
        let trouble = if carrier.window() > 1 {
            hand_over_many(carrier.as_mut(), batch, events)
        } else {
            batch
                .into_iter()
                .fold(None, |trouble, job| trouble.max(hand_over_one(carrier.as_mut(), &job, events)))
        };
        troubles = if trouble.is_some() { troubles + 1 } else { 0 };
        if let Some(wanted) = trouble {
            let pause = Duration::from_millis(100).saturating_mul(1 << troubles.min(9));
            pace.wait(pause.max(wanted).min(LONGEST_PAUSE));
        }
    }
    carrier.close();
}

/// Whether there was trouble with the other side, so that it is better left alone: for how long at least.
fn hand_over_one(carrier: &mut dyn Carrier, job: &Job, events: &Sender<Event>) -> Option<Duration> {
    let outcome = if let Err(fault) = carrier.prepare(&job.message) {
        Outcome::Failed(fault)
    } else {
        if !may_go(vec![(job.id, job.message.message_id.clone())], events) {
            let _ = events.send(Event::Untouched { count: 1 });
            return None;
        }
        match carrier.hand_over(&job.message) {
            Outcome::Accepted { reply } => match carrier.settle() {
                Ok(()) => Outcome::Accepted { reply },
                Err(fault) => Outcome::Unknown { why: fault.said },
            },
            other => other,
        }
    };
    let trouble = trouble_of(&outcome);
    let _ = events.send(Event::Ended { id: job.id, outcome });
    trouble
}

/// For carriers that can tell afterwards what they have: one word of the ledger and one of the disk for all of them.
fn hand_over_many(carrier: &mut dyn Carrier, batch: Vec<Job>, events: &Sender<Event>) -> Option<Duration> {
    let ids = batch.iter().map(|job| (job.id, job.message.message_id.clone())).collect();
    if !may_go(ids, events) {
        let _ = events.send(Event::Untouched { count: batch.len() });
        return None;
    }
    let mut outcomes: Vec<Outcome> = batch
        .iter()
        .map(|job| match carrier.prepare(&job.message) {
            Ok(()) => carrier.hand_over(&job.message),
            Err(fault) => Outcome::Failed(fault),
        })
        .collect();
    if let Err(fault) = carrier.settle() {
        for outcome in &mut outcomes {
            if matches!(outcome, Outcome::Accepted { .. }) {
                *outcome = Outcome::Failed(Fault { kind: FaultKind::Channel, ..fault.clone() });
            }
        }
    }
    let mut trouble = None;
    for (job, outcome) in batch.into_iter().zip(outcomes) {
        trouble = trouble.max(trouble_of(&outcome));
        let _ = events.send(Event::Ended { id: job.id, outcome });
    }
    trouble
}

/// A message that is refused or put off by itself is none: the next one may be taken at once.
fn trouble_of(outcome: &Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Failed(fault) => {
            let general = fault.busy || matches!(fault.kind, FaultKind::Network | FaultKind::Channel);
            general.then(|| fault.after.unwrap_or_default())
        }
        Outcome::Unknown { .. } => Some(Duration::ZERO),
        Outcome::Accepted { .. } => None,
    }
}

/// Asks the ledger, and waits until it has written the answer down.
fn may_go(messages: Vec<(i64, String)>, events: &Sender<Event>) -> bool {
    let (go, answer) = bounded(1);
    events.send(Event::Asks { messages, go }).is_ok() && answer.recv().unwrap_or(false)
}
