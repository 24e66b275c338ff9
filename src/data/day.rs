//! Days as numbers: days since 1970-01-01, in UTC.

use jiff::civil::Date;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The number of the day that a moment (milliseconds since 1970-01-01 UTC) is on.
pub(crate) fn day_of(at: i64) -> i32 {
    at.div_euclid(DAY_MS) as i32
}

/// The number of a date.
pub(crate) fn day_number(date: Date) -> i32 {
    let midnight = date.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    midnight.map_or(0, |zoned| day_of(zoned.timestamp().as_millisecond()))
}

/// The first millisecond of a date.
pub(crate) fn start_of(date: Date) -> i64 {
    i64::from(day_number(date)) * DAY_MS
}

/// The date of a day number; the first of 1970 for numbers that no calendar has.
pub(crate) fn date_of(day: i64) -> Date {
    jiff::Timestamp::from_millisecond(day.saturating_mul(DAY_MS))
        .map_or(jiff::civil::date(1970, 1, 1), |moment| {
            moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
        })
}
