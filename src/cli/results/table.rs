//! `perennial results --table`: the comparison of the arms in any experiment's table.

use std::path::Path;

use serde::Serialize;

use super::super::{Context, Exit, SCHEMA, UsageError};
use super::Args;
use crate::results::sentence::{Language, ends, finding, grouped, p_value, percent};
use crate::results::table::{Columns, Table, TableError, read};
use crate::results::{ArmResult, Comparison, Look, Metric, compare};
use crate::statistics::qini::{Qini, qini};

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    /// The finding in one sentence.
    summary: &'a str,
    control: &'a str,
    seed: u64,
    arms: &'a [ArmResult],
    comparisons: &'a [Comparison],
    qini: Option<&'a Qini>,
}

/// Reads the table and prints what it says.
///
/// # Errors
/// A table that cannot be read or does not have what the command line names.
pub(super) fn run(args: &Args, path: &Path, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let columns = Columns {
        arm: named(&args.arm),
        converted: named(&args.converted),
        control: named(&args.control),
        revenue: args.revenue.clone(),
        retained: args.retained.clone(),
        active: args.active.clone(),
        before: args.before.clone(),
        score: args.score.clone(),
        known: args.known.clone(),
    };
    let Table { outcomes, scored } = read(path, &columns).map_err(|error| match error {
        TableError::Named(words) => anyhow::Error::new(UsageError(words)),
        other => other.into(),
    })?;
    let arms = outcomes.by_arm();
    let comparisons = compare(&outcomes, 0, Look { information: None, seed: Some(args.measuring.seed) });
    let qini = qini(&scored);
    let summary = summary(&arms, &comparisons);
    if context.global.json {
        context.print_json(&Document {
            schema: SCHEMA,
            summary: &summary,
            control: &columns.control,
            seed: args.measuring.seed,
            arms: &arms,
            comparisons: &comparisons,
            qini: qini.as_ref(),
        })?;
    } else {
        let mut text = format!("{summary}\n\n");
        text += &arm_rows(&arms);
        text.push('\n');
        text += &comparison_rows(&comparisons, &arms, "");
        if let Some(qini) = &qini {
            text += &qini_words(qini);
        }
        context.print_text(&text)?;
    }
    Ok(Exit::Done)
}

/// The finding on the conversion rate, for each arm.
fn summary(arms: &[ArmResult], comparisons: &[Comparison]) -> String {
    let rates = comparisons.iter().filter(|comparison| comparison.metric == Metric::ConversionRate);
    let sentences = rates.filter_map(|comparison| said(comparison, arms, "", Language::English));
    sentences.collect::<Vec<_>>().join("\n")
}

/// A comparison as a sentence.
pub(super) fn said(
    comparison: &Comparison,
    arms: &[ArmResult],
    currency: &str,
    language: Language,
) -> Option<String> {
    let of = |name: &str| arms.iter().find(|arm| arm.name == name);
    Some(finding(comparison, of(&comparison.arm)?, of(&comparison.against)?, currency, language))
}

/// The sums of the arms as a table for people.
pub(super) fn arm_rows(arms: &[ArmResult]) -> String {
    let width = arms.iter().map(|arm| arm.name.chars().count()).max().unwrap_or(0).max(3);
    let mut out = format!(
        "{:width$}  {:>12}  {:>12}  {:>9}  {:>20}  {:>14}\n",
        "arm", "customers", "conversions", "rate", "95 % interval", "per customer"
    );
    for arm in arms {
        let interval = format!("{} to {}", percent(arm.interval.low), percent(arm.interval.high));
        let money = arm.revenue_per_customer.map_or_else(String::new, |money| format!("{money:.4}"));
        out += &format!(
            "{:width$}  {:>12}  {:>12}  {:>9}  {interval:>20}  {money:>14}\n",
            arm.name,
            grouped(arm.customers),
            grouped(arm.conversions),
            percent(arm.conversion_rate),
        );
    }
    out
}

/// Every comparison: what it says, and the figures behind it.
pub(super) fn comparison_rows(comparisons: &[Comparison], arms: &[ArmResult], currency: &str) -> String {
    let mut out = String::new();
    for comparison in comparisons {
        let Some(sentence) = said(comparison, arms, currency, Language::English) else { continue };
        out += &format!("{sentence}\n");
        let statistic = comparison.z.map_or_else(
            || format!("t {:.4}", comparison.t.unwrap_or_default()),
            |z| format!("z {z:.4}"),
        );
        out += &format!(
            "  {statistic}, p {} alone; probability to be better {}",
            p_value(comparison.p_value),
            percent(comparison.probability_better)
        );
        let money = comparison.metric == Metric::RevenuePerCustomer;
        if let Some(bootstrap) = comparison.bootstrap {
            out += &format!("; bootstrap {}", ends(bootstrap, money, Language::English));
        }
        if let Some(adjusted) = comparison.adjusted {
            out += &format!(
                "; before CUPED {} ({} of the variance is left)",
                ends(comparison.interval, money, Language::English),
                percent(adjusted.variance_left)
            );
        }
        if let (Some(sequential), Some(_)) = (comparison.sequential, comparison.any_look()) {
            let once = comparison.adjusted.map_or(comparison.interval, |narrow| narrow.interval);
            out += &format!(
                "; for any number of looks p {}; looked at once {}",
                p_value(sequential.p_value),
                ends(once, money, Language::English)
            );
        }
        out.push('\n');
    }
    out
}

/// Who responds.
pub(super) fn qini_words(qini: &Qini) -> String {
    let mut out = format!(
        "\nWho responds: Qini area {:+.5} (above 0: the score knows; sending to all brings {:+.5} conversions a customer)\n",
        qini.area, qini.total
    );
    for decile in &qini.deciles {
        out += &format!(
            "  decile {:>2}  uplift {:>+7.2} points ({})\n",
            decile.decile,
            100.0 * decile.uplift,
            ends(decile.interval, false, Language::English)
        );
    }
    out
}
