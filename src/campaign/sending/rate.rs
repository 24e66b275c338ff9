//! How many messages go out in a second, as people want to know it while they watch.

use std::time::Instant;

/// Messages in the last seconds.
#[derive(Default)]
pub(super) struct Rate {
    since: Option<Instant>,
    counted: u64,
    before: f64,
}

impl Rate {
    pub fn count(&mut self, messages: u64) {
        self.since.get_or_insert_with(Instant::now);
        self.counted += messages;
    }

    pub fn per_second(&mut self) -> f64 {
        let Some(since) = self.since else { return 0.0 };
        let seconds = since.elapsed().as_secs_f64();
        if seconds < 0.5 {
            return self.before;
        }
        let now = self.counted as f64 / seconds;
        if seconds > 3.0 {
            self.before = now;
            self.counted = 0;
            self.since = Some(Instant::now());
        }
        now
    }
}
