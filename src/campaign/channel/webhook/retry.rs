//! The header `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.

use std::time::Duration;

use jiff::Timestamp;

/// No provider is waited for longer.
const LONGEST: u64 = 24 * 60 * 60;

/// How long to wait from `now`; `None` where the text is neither.
pub(super) fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let seconds = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or(LONGEST)
    } else {
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        at.as_second().saturating_sub(now.as_second()).max(0).unsigned_abs()
    };
    Some(Duration::from_secs(seconds.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let seconds = |text: &str| wait(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(LONGEST));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds(""), None);
    }
}
