//! The day of sending, from which offers count.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::data::today;

/// The day that was asked for, with a warning where it is over; else today, or the day after the reference date where
/// that is later.
pub(super) fn day(asked: Option<Date>, as_of: Date) -> (Date, Option<String>) {
    let day = asked.unwrap_or_else(|| as_of.saturating_add(1.day()).max(today()));
    let warning = (day < today())
        .then(|| format!("Offers count from {day}, which is over. Give the day of sending with --send-on."));
    (day, warning)
}
