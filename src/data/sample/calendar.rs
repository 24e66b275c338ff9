//! Days, time zones and times of the sample, without a clock and without a time zone database.
//!
//! The zones' rules are written out here for the two years of the sample, so that the bytes do not depend
//! on the database of the machine. A test compares them with the database.

/// Number of the last day, 2025-10-31, counted from the first, 2023-11-01, which is 0. Nothing happens
/// after it (UTC).
pub(super) const LAST: u32 = 730;
/// 2023-11-01T00:00:00Z in seconds since 1970.
pub(super) const FIRST_SECOND: i64 = 1_698_796_800;
/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// How a zone changes its clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summer {
    Never,
    /// Last Sunday of March to last Sunday of October.
    Europe,
    /// Second Sunday of March to first Sunday of November.
    America,
    /// First Sunday of October to first Sunday of April.
    Australia,
}

/// A time zone of the sample.
#[derive(Debug)]
pub(super) struct Zone {
    /// IANA name.
    pub(super) name: &'static str,
    /// Minutes east of UTC outside summer time.
    pub(super) standard: i32,
    pub(super) summer: Summer,
}

const fn zone(name: &'static str, standard: i32, summer: Summer) -> Zone {
    Zone { name, standard, summer }
}

pub(super) static LONDON: Zone = zone("Europe/London", 0, Summer::Europe);
pub(super) static DUBLIN: Zone = zone("Europe/Dublin", 0, Summer::Europe);
pub(super) static BERLIN: Zone = zone("Europe/Berlin", 60, Summer::Europe);
pub(super) static VIENNA: Zone = zone("Europe/Vienna", 60, Summer::Europe);
pub(super) static PARIS: Zone = zone("Europe/Paris", 60, Summer::Europe);
pub(super) static MADRID: Zone = zone("Europe/Madrid", 60, Summer::Europe);
pub(super) static ROME: Zone = zone("Europe/Rome", 60, Summer::Europe);
pub(super) static AMSTERDAM: Zone = zone("Europe/Amsterdam", 60, Summer::Europe);
pub(super) static NEW_YORK: Zone = zone("America/New_York", -300, Summer::America);
pub(super) static CHICAGO: Zone = zone("America/Chicago", -360, Summer::America);
pub(super) static LOS_ANGELES: Zone = zone("America/Los_Angeles", -480, Summer::America);
pub(super) static TORONTO: Zone = zone("America/Toronto", -300, Summer::America);
pub(super) static SYDNEY: Zone = zone("Australia/Sydney", 600, Summer::Australia);
pub(super) static SHANGHAI: Zone = zone("Asia/Shanghai", 480, Summer::Never);
pub(super) static TAIPEI: Zone = zone("Asia/Taipei", 480, Summer::Never);
pub(super) static HONG_KONG: Zone = zone("Asia/Hong_Kong", 480, Summer::Never);
pub(super) static SINGAPORE: Zone = zone("Asia/Singapore", 480, Summer::Never);

/// Days (counted from 2023-11-01) on which summer time is in force, as half-open ranges. The day of a
/// change belongs to the new time: nobody of the sample orders in the hour in between.
const EUROPE: [(u32, u32); 2] = [(151, 361), (515, 725)];
const AMERICA: [(u32, u32); 3] = [(0, 4), (130, 368), (494, 732)];
const AUSTRALIA: [(u32, u32); 3] = [(0, 158), (340, 522), (704, 732)];

impl Zone {
    /// Seconds east of UTC on a day.
    pub(super) fn offset(&self, day: u32) -> i64 {
        let ranges: &[(u32, u32)] = match self.summer {
            Summer::Never => &[],
            Summer::Europe => &EUROPE,
            Summer::America => &AMERICA,
            Summer::Australia => &AUSTRALIA,
        };
        let summer = ranges.iter().any(|&(from, to)| (from..to).contains(&day));
        i64::from(self.standard + if summer { 60 } else { 0 }) * 60
    }

    /// Seconds since 1970 UTC of a local time of day. What would fall outside the sample is moved into it
    /// by whole days, so that the hour stays true.
    pub(super) fn utc(&self, day: u32, second_of_day: u32) -> i64 {
        let mut at = FIRST_SECOND + i64::from(day) * DAY + i64::from(second_of_day) - self.offset(day);
        let end = FIRST_SECOND + (i64::from(LAST) + 1) * DAY;
        while at >= end {
            at -= DAY;
        }
        while at < FIRST_SECOND {
            at += DAY;
        }
        at
    }
}

/// Weekday of a day, Monday 0. 2023-11-01 was a Wednesday.
pub(super) fn weekday(day: u32) -> usize {
    ((day + 2) % 7) as usize
}

/// Year, month 1..=12 and day 1..=31 of a day number counted from 1970-01-01; Howard Hinnant's
/// `civil_from_days`, for days that are not negative.
pub(super) fn civil(days_since_1970: i64) -> (u32, u32, u32) {
    let shifted = days_since_1970 + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u32, month, day)
}

/// Month 1..=12 of a day of the sample.
pub(super) fn month(day: u32) -> usize {
    civil(FIRST_SECOND / DAY + i64::from(day)).1 as usize
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use jiff::{Timestamp, ToSpan, tz::TimeZone};

    use super::*;

    const FIRST_DAY: Date = date(2023, 11, 1);
    const LAST_DAY: Date = date(2025, 10, 31);

    #[test]
    fn the_zones_agree_with_the_time_zone_database() {
        let zones = [
            &LONDON,
            &DUBLIN,
            &BERLIN,
            &VIENNA,
            &PARIS,
            &MADRID,
            &ROME,
            &AMSTERDAM,
            &NEW_YORK,
            &CHICAGO,
            &LOS_ANGELES,
            &TORONTO,
            &SYDNEY,
            &SHANGHAI,
            &TAIPEI,
            &HONG_KONG,
            &SINGAPORE,
        ];
        for zone in zones {
            let database = TimeZone::get(zone.name).expect(zone.name);
            for day in 0..=LAST {
                // Noon, away from the hour of the change.
                let local = (FIRST_DAY + i64::from(day).days()).at(12, 0, 0, 0);
                let expected = database.to_timestamp(local).unwrap();
                let ours = FIRST_SECOND + i64::from(day) * DAY + 12 * 3600 - zone.offset(day);
                assert_eq!(Timestamp::from_second(ours).unwrap(), expected, "{} {local}", zone.name);
            }
        }
    }

    #[test]
    fn days_have_their_dates_and_weekdays() {
        for day in 0..=LAST {
            let expected = FIRST_DAY + i64::from(day).days();
            let (year, month_of_day, day_of_month) = civil(FIRST_SECOND / DAY + i64::from(day));
            assert_eq!(
                (year, month_of_day, day_of_month),
                (
                    u32::from(expected.year().unsigned_abs()),
                    expected.month().unsigned_abs().into(),
                    expected.day().unsigned_abs().into()
                )
            );
            assert_eq!(weekday(day), expected.weekday().to_monday_zero_offset() as usize);
        }
        assert_eq!(FIRST_DAY + i64::from(LAST).days(), LAST_DAY);
    }

    #[test]
    fn no_time_leaves_the_sample() {
        let end = FIRST_SECOND + (i64::from(LAST) + 1) * DAY;
        assert!(LOS_ANGELES.utc(LAST, 86_399) < end);
        assert!(SYDNEY.utc(0, 0) >= FIRST_SECOND);
        assert_eq!(BERLIN.utc(0, 7200), FIRST_SECOND + 3600);
    }
}
