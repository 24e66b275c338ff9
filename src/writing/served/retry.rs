//! How long to wait before a server is asked again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::http::Again;

/// Times that a question is asked in all.
pub(super) const TRIES: u32 = 4;
/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(400);
/// A server that wants to be left alone for longer is away.
const LONGEST: Duration = Duration::from_secs(30);

/// The pause before the next try, of which `tries` have been; `None`: it is given up. Part of the pause is drawn by
/// `seed`, so that many who failed together do not come back together.
pub(super) fn pause(again: Again, tries: u32, seed: u64) -> Option<Duration> {
    if tries >= TRIES {
        return None;
    }
    let doubled = FIRST * 2_u32.pow(tries.saturating_sub(1));
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ u64::from(tries) << 32);
    let share: f64 = random.random();
    match again {
        Again::No => None,
        Again::Soon => Some(doubled.mul_f64(0.75 + share / 2.0)),
        Again::After(wait) if wait > LONGEST => None,
        Again::After(wait) => Some(wait + FIRST.mul_f64(share)),
    }
}

/// The time of a `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). A date counts from the server's own `Date` where it
/// gives one, since clocks differ; one that is past means at once.
pub(super) fn wait(header: &str, date: Option<&str>) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = date.and_then(timestamp).unwrap_or_else(Timestamp::now);
    Some(Duration::try_from(timestamp(header)?.duration_since(now)).unwrap_or_default())
}

/// A date in any of the three forms of RFC 9110, 5.6.7.
fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Ok(timestamp) = rfc2822::DateTimeParser::new().parse_timestamp(&text) {
        return Some(timestamp);
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"].iter().find_map(|form| {
        let date = strtime::parse(form, &text).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(date).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_own_time_is_read_in_every_form() {
        let date = Some("Sun, 06 Nov 1994 08:49:07 GMT");
        for then in [
            "30",
            " 30 ",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(wait(then, date), Some(Duration::from_secs(30)), "{then}");
        }
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT", date), Some(Duration::ZERO));
        // Without the server's date this machine's clock counts.
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT", None), Some(Duration::ZERO));
        let later = Timestamp::now() + Duration::from_hours(1);
        let later = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&later).unwrap();
        assert!(wait(&later, Some("soon")).is_some_and(|wait| wait > Duration::from_mins(50)));
        for wrong in ["", "soon", "-1", "1.5", "99999999999999999999999", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(wait(wrong, date), None, "{wrong}");
        }
    }

    #[test]
    fn pauses_grow_and_end_and_differ_from_each_other() {
        let pauses: Vec<Duration> = (1..TRIES).map(|tries| pause(Again::Soon, tries, 7).unwrap()).collect();
        assert!(pauses.windows(2).all(|two| two[0] < two[1]), "{pauses:?}");
        assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(5));
        assert_eq!(pause(Again::Soon, TRIES, 7), None);
        assert_ne!(pause(Again::Soon, 1, 7), pause(Again::Soon, 1, 8));
    }

    #[test]
    fn a_servers_own_time_is_kept_unless_it_is_long() {
        let wait = |seconds| pause(Again::After(Duration::from_secs(seconds)), 1, 7);
        assert!(
            wait(2).is_some_and(|pause| pause >= Duration::from_secs(2) && pause < Duration::from_secs(3))
        );
        assert_eq!(wait(3600), None);
        assert_eq!(pause(Again::No, 1, 7), None);
    }
}
