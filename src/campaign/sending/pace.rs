//! How fast: a rate for all workers together, and how long to wait after a failure.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A worker that waits looks this often whether it still should.
const LOOK: Duration = Duration::from_millis(20);
/// The longest wait between two attempts at a message.
const LONGEST: Duration = Duration::from_hours(1);

/// Slots in which messages may go out, shared by all workers.
pub(super) struct Pace {
    /// Between two messages.
    gap: Option<Duration>,
    next: Mutex<Option<Instant>>,
    stopped: AtomicBool,
}

impl Pace {
    pub fn new(per_minute: Option<u32>) -> Self {
        let gap = per_minute.filter(|&rate| rate > 0).map(|rate| Duration::from_mins(1) / rate);
        Self { gap, next: Mutex::default(), stopped: AtomicBool::new(false) }
    }

    /// Whether there is a rate.
    pub fn is_limited(&self) -> bool {
        self.gap.is_some()
    }

    /// Waits for a slot; `false`: nothing is to go out any more.
    pub fn slot(&self) -> bool {
        if let Some(gap) = self.gap {
            let at = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                let at = next.map_or_else(Instant::now, |at| at.max(Instant::now()));
                *next = Some(at + gap);
                at
            };
            return self.wait(at.saturating_duration_since(Instant::now()));
        }
        !self.is_stopped()
    }

    /// Waits, unless it is stopped meanwhile; whether to go on.
    pub fn wait(&self, long: Duration) -> bool {
        let end = Instant::now() + long;
        while !self.is_stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LOOK));
        }
        false
    }

    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// How long to wait before the next attempt at a message: half a minute, doubled with each attempt before, an hour at most.
pub(super) fn back_off(before: u32) -> Duration {
    Duration::from_secs(30).saturating_mul(1 << before.min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let seconds: Vec<u64> = (0..9).map(|before| back_off(before).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(back_off(u32::MAX), LONGEST);
    }
}
