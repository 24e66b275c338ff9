//! When a run ends before its work is done: too many failures, a server that puts everybody off, or somebody's word.

use std::collections::VecDeque;

use crate::campaign::channel::Fault;

/// Messages of which the last ones are counted for the stop rule.
pub(super) const WINDOW: usize = 200;
/// So many must have come to an end before a share of them says anything.
const FEWEST: usize = 20;
/// Failures to reach the server, one after the other over all workers, after which sending stops.
const UNREACHABLE: u32 = 12;
/// Messages, one after the other, that were all put off again although each had been put off before, after which sending
/// stops. The first attempt at a message does not count: greylisting puts every new recipient off once.
const PUT_OFF: u32 = 200;
/// So often in a row, for each carrier, may the other side say that it takes nothing for now before it is left alone.
const BUSY: usize = 6;
/// What the last messages say of the rest.
pub(super) struct Ending {
    /// Share of failures among the last messages at which sending stops; 1: never.
    stop_at: f64,
    /// Whether each of the last messages failed, those of earlier runs too.
    recent: VecDeque<bool>,
    /// Failures to reach the server since the last message that came to an end.
    unreachable: u32,
    /// Messages that were put off again, one after the other.
    put_off: u32,
    /// Times, one after the other, that the other side took nothing for now, and the most that is borne.
    busy: usize,
    most_busy: usize,
    pub why: Option<String>,
    /// Nothing more is to be handed over in this run.
    pub stopped: bool,
    /// The campaign itself goes on with the next run.
    pub for_now: bool,
}

impl Ending {
    /// `before`: whether each of the last messages of the runs before failed, at most [`WINDOW`].
    pub fn new(stop_at: f64, carriers: usize, before: Vec<bool>) -> Self {
        Self {
            stop_at,
            recent: before.into(),
            unreachable: 0,
            put_off: 0,
            busy: 0,
            most_busy: BUSY * carriers,
            why: None,
            stopped: false,
            for_now: false,
        }
    }

    /// Counts a message that came to its end, and stops where too many fail.
    pub fn count(&mut self, failed: bool) {
        (self.unreachable, self.put_off, self.busy) = (0, 0, 0);
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(failed);
        let failures = self.recent.iter().filter(|&&failed| failed).count();
        let share = failures as f64 / self.recent.len() as f64;
        if self.recent.len() >= FEWEST && self.stop_at < 1.0 && share > self.stop_at {
            self.stop(format!(
                "{failures} of the last {} messages failed, or are of unknown fate, and it stops by itself above {:.0} %",
                self.recent.len(),
                100.0 * self.stop_at
            ));
        }
    }

    /// Ends this run and the campaign with it, until a person resumes it.
    pub fn stop(&mut self, why: String) {
        if !self.stopped {
            self.stopped = true;
            self.why = Some(why);
        }
    }

    /// Ends this run alone.
    pub fn rest(&mut self, why: String) {
        if !self.stopped {
            self.for_now = true;
            self.stop(why);
        }
    }

    /// Counts a message that is to be tried again, and stops or rests where nothing else happens any more.
    pub fn put_off(&mut self, fault: &Fault, before: u32) {
        self.unreachable = 0;
        if fault.busy {
            self.busy += 1;
            if self.busy >= self.most_busy {
                self.rest(format!(
                    "nothing is taken for now ({}): what is left goes out with the next run",
                    fault.said
                ));
            }
        } else if before > 0 {
            self.busy = 0;
            self.put_off += 1;
            if self.put_off >= PUT_OFF {
                self.stop(format!(
                    "the last {PUT_OFF} messages were all put off once more, and none was taken: {}",
                    fault.said
                ));
            }
        } else {
            self.busy = 0;
        }
    }

    /// Counts a failure to reach the server.
    pub fn unreached(&mut self, fault: &Fault) {
        self.unreachable += 1;
        if self.unreachable >= UNREACHABLE {
            self.stop(format!("nothing can be handed over: {}", fault.said));
        }
    }
}
