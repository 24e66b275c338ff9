//! When a customer may be written to: quiet hours on the customer's own clock.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// What becomes of a message that may not go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It waits until it may.
    Hold,
    /// The customer is left out.
    Skip,
    /// Nobody is written to.
    Cancel,
}

impl Then {
    /// As in a file.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "hold" => Some(Self::Hold),
            "skip" => Some(Self::Skip),
            "cancel" => Some(Self::Cancel),
            _ => None,
        }
    }
}

/// Hours in which nobody is written to; they may go over midnight. From and to the same: there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QuietHours {
    pub from: Time,
    pub to: Time,
    pub then: Then,
}

impl QuietHours {
    fn contains(&self, time: Time) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }

    /// The first moment from `at` on that is not quiet in that zone. Both in milliseconds since 1970-01-01 UTC.
    ///
    /// Where clocks are put forward over the end of the quiet hours, they end with the jump.
    #[must_use]
    pub fn next_allowed(&self, at: i64, zone: &TimeZone) -> i64 {
        let Ok(moment) = Timestamp::from_millisecond(at) else { return at };
        let there = zone.to_datetime(moment);
        if !self.contains(there.time()) {
            return at;
        }
        let day: Date = if there.time() < self.to {
            there.date()
        } else {
            there.date().checked_add(1.day()).unwrap_or(there.date())
        };
        moment_of(DateTime::from_parts(day, self.to), zone).max(at)
    }
}

/// A civil moment in a zone, in milliseconds since 1970-01-01 UTC. One that a clock skips is the moment after the gap; of one
/// that comes twice it is the first.
#[must_use]
pub fn moment_of(there: DateTime, zone: &TimeZone) -> i64 {
    zone.to_ambiguous_timestamp(there).compatible().map_or(0, Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn zone(name: &str) -> TimeZone {
        crate::profiles::zone(name).unwrap()
    }

    fn hours(from: i8, to: i8) -> QuietHours {
        QuietHours { from: time(from, 0, 0, 0), to: time(to, 0, 0, 0), then: Then::Hold }
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_follow_the_customers_clock() {
        let quiet = hours(21, 8);
        // 07:30 in Berlin is 14:30 in Shanghai.
        let now = at("2026-01-10T06:30:00Z");
        assert_eq!(quiet.next_allowed(now, &zone("Europe/Berlin")), at("2026-01-10T07:00:00Z"));
        assert_eq!(quiet.next_allowed(now, &zone("Asia/Shanghai")), now);
        let evening = at("2026-01-10T20:00:00Z");
        assert_eq!(quiet.next_allowed(evening, &zone("Europe/Berlin")), at("2026-01-11T07:00:00Z"));
        // The end is not quiet any more, the start is.
        assert_eq!(quiet.next_allowed(at("2026-01-10T07:00:00Z"), &zone("Europe/Berlin")), at("2026-01-10T07:00:00Z"));
        assert!(quiet.next_allowed(at("2026-01-10T20:00:00Z"), &zone("Europe/Berlin")) > evening);
        assert_eq!(hours(9, 9).next_allowed(now, &zone("Europe/Berlin")), now, "no quiet hours at all");
    }

    #[test]
    fn clocks_that_are_put_forward_and_back_are_followed() {
        // In Berlin 2:00 to 3:00 does not exist on 29 March 2026.
        let quiet = hours(22, 2);
        let night = at("2026-03-29T00:30:00Z");
        assert_eq!(quiet.next_allowed(night, &zone("Europe/Berlin")), at("2026-03-29T01:00:00Z"));
        // On 25 October 2026 the hour from 2:00 comes twice: the first end counts.
        let quiet = hours(22, 8);
        assert_eq!(quiet.next_allowed(at("2026-10-25T00:10:00Z"), &zone("Europe/Berlin")), at("2026-10-25T07:00:00Z"));
        assert_eq!(moment_of(date(2026, 10, 25).at(2, 30, 0, 0), &zone("Europe/Berlin")), at("2026-10-25T00:30:00Z"));
    }
}
