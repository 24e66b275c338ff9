//! Figures of a report in words.

use crate::own_voice::{Report, Side};

/// Rows of a table: what it is, before, after.
pub(super) fn compared(report: &Report) -> Vec<[String; 3]> {
    let row = |name: &str, of: &dyn Fn(&Side) -> Option<String>| {
        let told = |side| of(side).unwrap_or_else(|| "-".into());
        [name.to_owned(), told(&report.before), told(&report.after)]
    };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    vec![
        row("drafts that break no rule", &|side| Some(percent(side.pass_rate()))),
        row("written by the model alone", &|side| Some(side.passed_by_model.to_string())),
        row("fit to approved texts", &|side| side.approved.map(|fit| format!("{fit:.2}"))),
        row("fit to the house's texts", &|side| side.house.map(|fit| format!("{fit:.2}"))),
        row("like what was rejected", &|side| side.like_rejected.map(percent)),
    ]
}
