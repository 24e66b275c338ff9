//! The loop that hands messages over, exactly once each.
//!
//! In: a campaign that was launched, a way to compose the message of each line of its ledger, and one carrier for each
//! connection. Out: what became of the messages, in the ledger first and then in a [`Report`].
//!
//! ```text
//!  ledger thread            composer thread              workers (one carrier each)
//!  due lines, codes ------> Outgoing (rayon) -- jobs --> prepare          certainly not taken
//!  `handing`, durably <---------- may I? --------------- |
//!  go --------------------------------------------------> hand_over
//!  `accepted` ... <-------------- outcome --------------- reply
//! ```
//!
//! Only the ledger thread writes, and it writes what all workers wait for in one transaction: however many connections there
//! are, the disk is asked once for all of them. A process that is killed leaves at most [`Carrier::window`] messages for each
//! carrier of which nobody can know whether they were taken: [`settle_leftovers`].

mod compose;
mod ending;
mod pace;
mod rate;
mod recover;
mod worker;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use serde::Serialize;

pub use compose::Composing;
pub use recover::{Leftovers, settle_leftovers};

use super::CampaignError;
use super::channel::{Carrier, FaultKind, Outcome};
use super::message::MessageError;
use crate::jobs::Task;
use crate::workspace::{CampaignState, Change, Send, SendState, Store};
use ending::Ending;
use pace::Pace;
use rate::Rate;
use worker::{Event, Job, worker};

/// Lines that are composed at a time.
const BATCH: usize = 512;
/// How often the state of the campaign is looked at while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// What gives lines of the ledger their coupon codes.
pub type Coding<'a> = dyn Fn(&mut Store, &mut [Send]) -> Result<(), CampaignError> + 'a;

/// How a campaign is sent.
pub struct Order<'a> {
    pub campaign: i64,
    /// Composes the message of a line; called from several threads.
    pub compose: &'a Composing<'a>,
    /// Gives lines their coupon codes, where the message has one: called by the ledger thread before composing.
    pub codes: &'a Coding<'a>,
    /// Attempts at a message before it counts as failed.
    pub attempts: u32,
    /// Share of failures among the last messages at which sending stops by itself; 1: never.
    pub stop_at: f64,
    /// Most messages in a minute.
    pub per_minute: Option<u32>,
    /// How long to wait for messages that may go out later; zero: only what is due now.
    pub patience: Duration,
    /// Milliseconds since 1970-01-01 UTC.
    pub now: &'a (dyn Fn() -> i64 + Sync),
    /// Told how far it is, several times a second at most.
    pub watch: &'a dyn Fn(&Pulse),
}

/// How far a campaign is while it is being sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pulse {
    pub accepted: u64,
    pub failed: u64,
    pub unknown: u64,
    /// Messages that are still to go out.
    pub waiting: u64,
    /// Messages accepted in a second, over the last seconds.
    pub per_second: f64,
    /// Seconds until the rest is out, at that rate; `None`: not known yet.
    pub seconds_left: Option<f64>,
}

/// What became of a campaign's messages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub state: CampaignState,
    /// Of all runs together.
    pub accepted: u64,
    pub failed: u64,
    pub unknown: u64,
    pub waiting: u64,
    /// Accepted in this run.
    pub accepted_now: u64,
    /// When the next message that waits may go out: milliseconds since 1970-01-01 UTC.
    pub next_due: Option<i64>,
    /// Why it stopped before its end.
    pub why: Option<String>,
}

impl Report {
    /// What the ledger says, with nothing sent now.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn of(store: &Store, campaign: i64, state: CampaignState) -> Result<Self, CampaignError> {
        let tally = store.tally(campaign)?;
        let count = |state| tally.values().filter_map(|states| states.get(&state)).sum::<u64>();
        Ok(Self {
            state,
            accepted: count(SendState::Accepted),
            failed: count(SendState::Failed),
            unknown: count(SendState::Unknown),
            waiting: count(SendState::Intended),
            accepted_now: 0,
            next_due: store.next_due(campaign)?,
            why: None,
        })
    }
}

/// Sends what is due, until nothing is, or the campaign is paused or cancelled by anybody.
///
/// # Errors
/// The ledger cannot be written: nothing is handed over that is not written down before.
pub fn send(
    store: &mut Store,
    order: &Order<'_>,
    carriers: Vec<Box<dyn Carrier>>,
    task: &Task<'_>,
) -> Result<Report, CampaignError> {
    let before = Report::of(store, order.campaign, CampaignState::Sending)?;
    let recent = store.recent_failures(order.campaign, ending::WINDOW)?;
    let mut run = Run {
        pulse: Pulse {
            accepted: before.accepted,
            failed: before.failed,
            unknown: before.unknown,
            waiting: before.waiting,
            ..Pulse::default()
        },
        accepted_before: before.accepted,
        ending: Ending::new(order.stop_at, carriers.len(), recent),
        attempts: HashMap::new(),
        in_flight: 0,
        rate: Rate::default(),
        reported: Instant::now(),
    };
    let pace = Pace::new(order.per_minute);
    let (jobs, takers) = bounded::<Job>(carriers.len() * 4 + 64);
    let (batches, to_compose) = unbounded::<Vec<Send>>();
    let (events, happened) = unbounded::<Event>();
    let outcome = std::thread::scope(|scope| {
        for carrier in carriers {
            let (takers, events, pace) = (takers.clone(), events.clone(), &pace);
            scope.spawn(move || worker(carrier, &takers, &events, pace));
        }
        drop(takers);
        let (composer, compose) = (events.clone(), order.compose);
        scope.spawn(move || compose::composer(compose, &to_compose, &jobs, &composer));
        drop(events);
        let outcome = run.lead(store, order, &batches, &happened, &pace, task);
        // Nothing more is composed.
        drop(batches);
        // Whoever waits for a slot of the rate does not wait any more.
        pace.stop();
        // What was handed over in the meantime is written down, whatever went wrong.
        let ended = run.wind_up(store, order, &happened);
        outcome.and(ended)
    });
    outcome?;
    let campaign_state = run.finish(store, order)?;
    Ok(Report {
        state: campaign_state,
        accepted: run.pulse.accepted,
        failed: run.pulse.failed,
        unknown: run.pulse.unknown,
        waiting: run.pulse.waiting,
        accepted_now: run.pulse.accepted - run.accepted_before,
        next_due: store.next_due(order.campaign)?,
        why: run.ending.why,
    })
}

/// The ledger thread's own state.
struct Run {
    pulse: Pulse,
    accepted_before: u64,
    ending: Ending,
    /// Attempts at the messages that are in flight, before this one.
    attempts: HashMap<i64, u32>,
    /// Lines that were given to the composer and have not come back.
    in_flight: usize,
    rate: Rate,
    reported: Instant,
}

impl Run {
    fn lead(
        &mut self,
        store: &mut Store,
        order: &Order<'_>,
        batches: &Sender<Vec<Send>>,
        happened: &Receiver<Event>,
        pace: &Pace,
        task: &Task<'_>,
    ) -> Result<(), CampaignError> {
        let begun = Instant::now();
        let mut after = 0;
        loop {
            if task.cancel().is_cancelled() {
                self.ending.rest("it was interrupted".into());
            }
            if self.ending.stopped {
                return Ok(());
            }
            // Keep the composer busy with a batch ahead of the workers.
            while self.in_flight < 2 * BATCH {
                let mut lines = store.due(order.campaign, (order.now)(), after, BATCH)?;
                if lines.is_empty() {
                    // Messages that wait for another attempt stand before the last line that was looked at.
                    if after == 0 || self.in_flight > 0 {
                        break;
                    }
                    after = 0;
                    continue;
                }
                after = lines.last().map_or(after, |line| line.id);
                (order.codes)(store, &mut lines)?;
                self.in_flight += lines.len();
                self.attempts.extend(lines.iter().map(|line| (line.id, line.attempts)));
                if batches.send(lines).is_err() {
                    return Ok(());
                }
            }
            if self.in_flight == 0 {
                let Some(next) = store.next_due(order.campaign)? else { return Ok(()) };
                let wait = next - (order.now)();
                if wait > 0 && begun.elapsed() + Duration::from_millis(wait.unsigned_abs()) > order.patience {
                    return Ok(());
                }
                if wait > 0 {
                    std::thread::sleep(Duration::from_millis(wait.unsigned_abs()).min(TICK));
                    self.look(store, order)?;
                }
                after = 0;
                continue;
            }
            match happened.recv_timeout(TICK) {
                Ok(first) => self.write(store, order, first, happened, pace)?,
                Err(RecvTimeoutError::Timeout) => self.look(store, order)?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.tell(order, task);
        }
    }

    /// Whether somebody else has paused or ended the campaign.
    fn look(&mut self, store: &mut Store, order: &Order<'_>) -> Result<(), CampaignError> {
        let state = store.advance(order.campaign, &[], (order.now)())?;
        self.note_state(state);
        Ok(())
    }

    fn note_state(&mut self, state: CampaignState) {
        if state != CampaignState::Sending {
            self.ending.stop(format!("it is {}", state.name()));
        }
    }

    /// Writes down everything that has happened by now, in one transaction, and lets the workers go on.
    fn write(
        &mut self,
        store: &mut Store,
        order: &Order<'_>,
        first: Event,
        happened: &Receiver<Event>,
        pace: &Pace,
    ) -> Result<(), CampaignError> {
        let now = (order.now)();
        let (mut changes, mut asking) = (Vec::new(), Vec::new());
        for event in std::iter::once(first).chain(happened.try_iter().take(4 * BATCH)) {
            match event {
                Event::Asks { messages, go } => {
                    changes.extend(
                        messages.iter().map(|(id, message_id)| Change::Handing {
                            id: *id,
                            message_id: message_id.clone(),
                        }),
                    );
                    asking.push((messages, go));
                }
                Event::Ended { id, outcome } => changes.push(self.ended(id, outcome, order, now)),
                Event::Uncomposed { id, error } => changes.extend(self.uncomposed(id, error)),
                Event::Untouched { count } => self.in_flight = self.in_flight.saturating_sub(count),
            }
        }
        let state = if changes.is_empty() {
            CampaignState::Sending
        } else {
            store.advance(order.campaign, &changes, now)?
        };
        self.note_state(state);
        if self.ending.stopped {
            pace.stop();
            // They were written down as handing, and are not handed over.
            let back: Vec<Change> = asking
                .iter()
                .flat_map(|(messages, _)| messages.iter().map(|(id, _)| Change::Back { id: *id }))
                .collect();
            if !back.is_empty() {
                store.advance(order.campaign, &back, now)?;
            }
        }
        for (_, go) in asking {
            // A worker that has died does not wait for an answer.
            let _ = go.send(!self.ending.stopped);
        }
        Ok(())
    }

    /// What a message's end means for the ledger and for the rest.
    fn ended(&mut self, id: i64, outcome: Outcome, order: &Order<'_>, now: i64) -> Change {
        self.in_flight = self.in_flight.saturating_sub(1);
        let before = self.attempts.remove(&id).unwrap_or(0);
        let fault = match outcome {
            Outcome::Accepted { reply } => {
                self.pulse.accepted += 1;
                self.pulse.waiting = self.pulse.waiting.saturating_sub(1);
                self.rate.count(1);
                self.ending.count(false);
                return Change::Accepted { id, detail: reply };
            }
            Outcome::Unknown { why } => {
                self.pulse.unknown += 1;
                self.pulse.waiting = self.pulse.waiting.saturating_sub(1);
                self.ending.count(true);
                return Change::Unknown { id, detail: why };
            }
            Outcome::Failed(fault) => fault,
        };
        match fault.kind {
            FaultKind::Permanent => {
                self.ending.count(true);
                self.failed(id, fault.said)
            }
            FaultKind::Temporary if before + 1 >= order.attempts => {
                self.ending.count(true);
                self.failed(id, format!("after {} attempts: {}", before + 1, fault.said))
            }
            FaultKind::Temporary => {
                let wait = fault.after.unwrap_or_else(|| pace::back_off(before)).as_millis() as i64;
                self.ending.put_off(&fault, before);
                Change::Again { id, not_before: now + wait, detail: fault.said }
            }
            FaultKind::Network => {
                // The server is at fault, and not the message: it keeps its attempts.
                self.ending.unreached(&fault);
                Change::Back { id }
            }
            FaultKind::Channel => {
                self.ending.stop(fault.said);
                Change::Back { id }
            }
        }
    }

    fn uncomposed(&mut self, id: i64, error: MessageError) -> Option<Change> {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.attempts.remove(&id);
        match error {
            MessageError::Settings(why) => {
                self.ending.stop(why);
                None
            }
            MessageError::Address(..) | MessageError::Text(_) => Some(self.failed(id, error.to_string())),
        }
    }

    fn failed(&mut self, id: i64, detail: String) -> Change {
        self.pulse.failed += 1;
        self.pulse.waiting = self.pulse.waiting.saturating_sub(1);
        Change::Failed { id, detail }
    }

    /// Takes in what the workers still have to tell, once nothing new is given to them.
    fn wind_up(
        &mut self,
        store: &mut Store,
        order: &Order<'_>,
        happened: &Receiver<Event>,
    ) -> Result<(), CampaignError> {
        let mut outcome = Ok(());
        for event in happened {
            let now = (order.now)();
            let change = match event {
                Event::Asks { go, .. } => {
                    let _ = go.send(false);
                    None
                }
                Event::Ended { id, outcome } => Some(self.ended(id, outcome, order, now)),
                Event::Uncomposed { id, error } => self.uncomposed(id, error),
                Event::Untouched { .. } => None,
            };
            if let (Some(change), true) = (change, outcome.is_ok()) {
                outcome = store.advance(order.campaign, &[change], now).map(|_| ());
            }
        }
        Ok(outcome?)
    }

    /// Sets the state that the campaign is in from now on.
    fn finish(&mut self, store: &mut Store, order: &Order<'_>) -> Result<CampaignState, CampaignError> {
        let now = (order.now)();
        let state = store.advance(order.campaign, &[], now)?;
        if state != CampaignState::Sending {
            return Ok(state);
        }
        let turned = match &self.ending.why {
            Some(why) if self.ending.stopped && !self.ending.for_now => {
                store.turn_campaign(order.campaign, CampaignState::Stopped, now, "perennial", why)?;
                CampaignState::Stopped
            }
            None if store.is_settled(order.campaign)? => {
                store.turn_campaign(
                    order.campaign,
                    CampaignState::Done,
                    now,
                    "perennial",
                    "nothing is left to send",
                )?;
                CampaignState::Done
            }
            _ => CampaignState::Sending,
        };
        Ok(turned)
    }

    fn tell(&mut self, order: &Order<'_>, task: &Task<'_>) {
        if self.reported.elapsed() < Duration::from_millis(100) {
            return;
        }
        self.reported = Instant::now();
        self.pulse.per_second = self.rate.per_second();
        self.pulse.seconds_left =
            (self.pulse.per_second > 0.0).then(|| self.pulse.waiting as f64 / self.pulse.per_second);
        (order.watch)(&self.pulse);
        let all = self.pulse.accepted + self.pulse.failed + self.pulse.unknown + self.pulse.waiting;
        task.progress("sending", all - self.pulse.waiting, Some(all));
    }
}

#[cfg(test)]
mod tests;
