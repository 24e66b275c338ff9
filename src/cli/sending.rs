//! The day of sending, from which offers count.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::data::today;

/// The day that was asked for, or the day after the last one in the data; and a warning where that is over.
pub(super) fn day(asked: Option<Date>, as_of: Date) -> (Date, Option<String>) {
    let day = asked.unwrap_or_else(|| as_of.saturating_add(1.day()));
    let warning = (day < today()).then(|| {
        let why = if asked.is_some() { String::new() } else { format!(": the data ends on {as_of}") };
        format!("Offers count from {day}, which is over{why}. Give the day of sending with --send-on.")
    });
    (day, warning)
}
