//! Composes messages ahead of the workers, on all cores.

use crossbeam_channel::{Receiver, Sender};
use rayon::prelude::*;

use super::worker::{Event, Job};
use crate::campaign::message::{MessageError, Outgoing};
use crate::workspace::Send;

/// What composes the message of a line of the ledger.
pub type Composing<'a> = dyn Fn(&Send) -> Result<Outgoing, MessageError> + Sync + 'a;

/// Lines composed in one go, so that the first of a batch do not wait for the last.
const CHUNK: usize = 64;

/// Works until there are no lines any more, or no workers.
pub(super) fn composer(
    compose: &Composing<'_>,
    batches: &Receiver<Vec<Send>>,
    jobs: &Sender<Job>,
    events: &Sender<Event>,
) {
    for batch in batches {
        let mut gone = false;
        for chunk in batch.chunks(CHUNK) {
            if gone {
                let _ = events.send(Event::Untouched { count: chunk.len() });
                continue;
            }
            let composed: Vec<(i64, Result<Outgoing, MessageError>)> =
                chunk.par_iter().map(|line| (line.id, compose(line))).collect();
            for (id, message) in composed {
                let told = match message {
                    Ok(message) => jobs.send(Job { id, message }).map_err(|_| Event::Untouched { count: 1 }),
                    Err(error) => Err(Event::Uncomposed { id, error }),
                };
                if let Err(event) = told {
                    gone |= matches!(event, Event::Untouched { .. });
                    let _ = events.send(event);
                }
            }
        }
    }
}
