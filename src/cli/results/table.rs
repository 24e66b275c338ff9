//! `perennial results --table`: the comparison of the arms in any experiment's table.

use std::path::Path;

use serde::Serialize;

use super::super::{Context, Exit, SCHEMA, UsageError};
use super::Args;
use crate::results::sentence::{Language, amount, chance, ends, finding, grouped, knows, p_value, percent};
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

/// The sums of the arms as a table for people. Columns of which nothing is known are left out.
pub(super) fn arm_rows(arms: &[ArmResult]) -> String {
    type Column = (&'static str, Box<dyn Fn(&ArmResult) -> Option<String>>);
    let columns: [Column; 9] = [
        ("customers", Box::new(|arm| Some(grouped(arm.customers)))),
        ("conversions", Box::new(|arm| Some(grouped(arm.conversions)))),
        ("rate", Box::new(|arm| Some(percent(arm.conversion_rate)))),
        (
            "95 % interval",
            Box::new(|arm| Some(format!("{} to {}", percent(arm.interval.low), percent(arm.interval.high)))),
        ),
        ("orders", Box::new(|arm| arm.orders.map(grouped))),
        ("revenue", Box::new(|arm| arm.revenue.map(|sum| amount(sum, "")))),
        ("per customer", Box::new(|arm| arm.revenue_per_customer.map(|money| format!("{money:.4}")))),
        ("bought again", Box::new(|arm| arm.retained.map(grouped))),
        ("active", Box::new(|arm| arm.active.map(grouped))),
    ];
    let named = arms.iter().map(|arm| arm.name.clone());
    let mut cells: Vec<Vec<String>> = vec![["arm".to_owned()].into_iter().chain(named).collect()];
    for (head, of) in &columns {
        let values: Vec<Option<String>> = arms.iter().map(of).collect();
        if values.iter().any(Option::is_some) {
            let values = values.into_iter().map(Option::unwrap_or_default);
            cells.push([(*head).to_owned()].into_iter().chain(values).collect());
        }
    }
    let mut out = String::new();
    for row in 0..=arms.len() {
        for (number, column) in cells.iter().enumerate() {
            let width = column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            let cell = &column[row];
            out += &if number == 0 { format!("{cell:width$}") } else { format!("  {cell:>width$}") };
        }
        out.push('\n');
    }
    out += WHY_PER_CUSTOMER;
    out
}

/// Under the arms, as it is what people ask about them.
const WHY_PER_CUSTOMER: &str = "All per customer of the arm, whatever became of the message, never per buyer: chance dealt \
                                the customers to the arms and nothing else did, so only they can be compared.\n";

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
            chance(comparison.probability_better)
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
        "\nWho responds: {} (Qini area {:+.5}, 95 % interval {:+.5} to {:+.5}; sending to all brings {:+.5} conversions a customer)\n",
        knows(qini.knows(), Language::English), qini.area, qini.interval.low, qini.interval.high, qini.total
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
