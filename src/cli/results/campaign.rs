//! `perennial results NAME`: what a campaign did, for people and as a document.

use serde::Serialize;

use super::super::{Context, Exit, SCHEMA};
use super::Args;
use super::table::{arm_rows, comparison_rows, qini_words};
use crate::results::report::words::caveat;
use crate::results::sentence::{Language, amount, ends, grouped, percent};
use crate::results::{Caveat, Results, Verdict, shown_currency};

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    results: &'a Results,
}

/// Measures the campaign and prints what it did.
///
/// # Errors
/// As [`super::super::measured::Measuring::run`].
pub(super) fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let results = args.measuring.run(args.name.as_deref(), args.control.as_deref(), context)?;
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, results: &results })?;
    } else {
        context.print_text(&text(&results))?;
    }
    Ok(Exit::Done)
}

fn text(results: &Results) -> String {
    let currency = shown_currency(&results.currency);
    let mut out = format!("{}\n", results.summary);
    // What stands in the first line already is not said again.
    let said = |note: &Caveat| results.is_before() && *note == Caveat::NothingAfter;
    for note in results.caveats.iter().filter(|note| !said(note)) {
        out += &format!("Note: {}\n", caveat(*note, Language::English));
    }
    out += &format!(
        "\nCampaign {}, launched {}, window {} days, orders known until {}\n\n",
        results.campaign, results.launched_on, results.window_days, results.known_until()
    );
    if results.is_before() {
        for arm in &results.arms {
            let customers = if arm.customers == 1 { "customer" } else { "customers" };
            out += &format!("{}: {} {customers}\n", arm.name, grouped(arm.customers));
        }
    } else {
        out += &arm_rows(&results.arms);
        out.push('\n');
        out += &comparison_rows(&results.comparisons, &results.arms, currency);
    }
    for funnel in results.funnel.iter().filter(|funnel| funnel.accepted > 0) {
        out += &format!(
            "\n{}: {} accepted, {} of them not bounced, {} failed, {} clicked, {} replied, {} rated{}, {} unsubscribed, {} complained",
            funnel.arm,
            grouped(funnel.accepted),
            grouped(funnel.delivered),
            grouped(funnel.failed),
            grouped(funnel.clicked),
            grouped(funnel.replied),
            grouped(funnel.rated),
            funnel.mean_rating.map_or_else(String::new, |mean| format!(" ({mean:.1} of 5 on average)")),
            grouped(funnel.unsubscribed),
            grouped(funnel.complained)
        );
    }
    out.push('\n');
    for earned in results.earned.iter().filter(|_| !results.is_before()) {
        out += &format!(
            "\n{} against {}: {} more revenue in all ({}), {} left after costs ({})\n",
            earned.arm,
            earned.against,
            amount(earned.incremental_revenue, currency),
            ends(earned.interval, true, Language::English),
            amount(earned.gain, currency),
            ends(earned.gain_interval, true, Language::English)
        );
    }
    let told = results.segments.iter().flat_map(|segment| {
        let told = segment.comparisons.iter().filter(|comparison| comparison.verdict != Verdict::TooFewToTell);
        told.map(move |comparison| (segment, comparison))
    });
    for (segment, comparison) in told {
        let rows = comparison_rows(std::slice::from_ref(comparison), &segment.arms, currency);
        out += &format!("\nIn segment {}: {}", segment.segment, rows.lines().next().unwrap_or_default());
    }
    if !results.segments.is_empty() {
        out.push('\n');
    }
    if let Some(qini) = results.qini.as_ref().filter(|_| !results.is_before()) {
        out += &qini_words(qini);
    }
    for theme in &results.feedback.themes {
        let texts = if theme.texts == 1 { "text" } else { "texts" };
        out += &format!(
            "\n{} ({} {texts}, {} good, {} bad)\n",
            theme.theme, theme.texts, theme.good, theme.bad
        );
        for quote in &theme.quotes {
            out += &format!("  \"{}\"\n", quote.text);
        }
    }
    for curve in &results.retention {
        if let Some(week) = curve.weeks.last() {
            out += &format!("\n{}: {} had bought after {} {}", curve.arm, percent(week.rate), week.week, if week.week == 1 { "week" } else { "weeks" });
        }
    }
    out.push('\n');
    out
}
