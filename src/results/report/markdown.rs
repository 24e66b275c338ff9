//! The page as Markdown, and the tables that both pages share.

use super::super::sentence::{Language, amount, chance, ends, grouped, percent};
use super::super::{Comparison, Funnel, Metric, Results, shown_currency};
use super::html::{cell, dates, judged_p, responders, shown};
use super::words::{caveat, metric, step, theme, tone, verdict_cell, words};

/// A table: its head and its rows.
type Cells = (Vec<&'static str>, Vec<Vec<String>>);

/// The results as Markdown, without pictures.
#[must_use]
pub fn markdown(results: &Results, language: Language) -> String {
    let words = words(language);
    let mut out = format!("# {}: {}\n\n{}\n", words.title, plain(&results.title), dates(results, language));
    for sentence in results.findings(Metric::ConversionRate, language) {
        out += &format!("\n**{}**\n", plain(&sentence));
    }
    if results.messages.iter().any(|arm| arm.message.is_some()) {
        out += &format!("\n## {}\n", words.message);
        for arm in &results.messages {
            out += &format!("\n### {}\n\n", plain(&arm.name));
            match &arm.message {
                Some(text) => out += &text.lines().map(|line| format!("    {line}\n")).collect::<String>(),
                None => out += &format!("{}\n", words.no_message),
            }
        }
    }
    let mut section = |title: &str, (head, rows): (Vec<String>, Vec<Vec<String>>)| {
        out += &format!("\n## {title}\n\n{}", table(&head, &rows));
    };
    let owned = |(head, rows): Cells| (head.into_iter().map(str::to_owned).collect(), rows);
    if !results.audience.is_empty() {
        section(words.audience, owned(audience(results, language)));
    }
    let funnel = results
        .funnel
        .iter()
        .map(|funnel| [funnel.arm.clone()].into_iter().chain(steps(funnel).map(grouped)).collect::<Vec<_>>());
    let head = [words.arm].into_iter().chain(words.steps).map(str::to_owned).collect();
    if !results.funnel.is_empty() {
        section(words.funnel, (head, funnel.collect()));
    }
    // Before any order since the launch is known there is nothing to compare, and zeros would look like results.
    if !results.is_before() {
        out += &measured(results, language);
    }
    if results.feedback.texts > 0 {
        out += &format!("\n## {}\n", words.said);
        for one in &results.feedback.themes {
            let name = theme(&one.theme, language);
            out += &format!(
                "\n### {name}: {} ({} {}, {} {})\n\n",
                one.texts, one.good, words.good, one.bad, words.bad
            );
            for quote in &one.quotes {
                out += &format!(
                    "> {} ({}, {})\n\n",
                    plain(&quote.text),
                    plain(&quote.arm),
                    tone(quote.tone, language)
                );
            }
        }
    }
    out += &format!("\n## {}\n\n", words.caveats);
    for note in &results.caveats {
        out += &format!("- {}\n", caveat(*note, language));
    }
    out += &format!("\n## {}\n\n", words.method);
    for method in words.methods {
        out += &format!("- {method}\n");
    }
    out
}

/// What customers did, in tables.
fn measured(results: &Results, language: Language) -> String {
    let words = words(language);
    let mut out = String::new();
    let mut section = |title: &str, (head, rows): (Vec<String>, Vec<Vec<String>>)| {
        out += &format!("\n## {title}\n\n{}", table(&head, &rows));
    };
    let owned = |(head, rows): Cells| (head.into_iter().map(str::to_owned).collect(), rows);
    section(words.outcomes, owned(outcomes(results, language)));
    section(words.comparisons, owned(differences(results, language)));
    if results.retention.iter().any(|curve| !curve.weeks.is_empty()) {
        section(words.retention, weeks(results, language));
    }
    if !results.earned.is_empty() {
        section(words.money, owned(earned(results, language)));
    }
    if let Some(qini) = &results.qini {
        let rows = qini.deciles.iter().map(|decile| {
            vec![
                decile.decile.to_string(),
                grouped(decile.treated + decile.control),
                format!("{:+.2}", 100.0 * decile.uplift),
                ends(decile.interval, false, language),
            ]
        });
        let head = [words.decile, words.customers, words.uplift, words.interval].map(str::to_owned).to_vec();
        section(words.responders, (head, rows.collect()));
        out += &format!("\n{}\n", responders(qini, language));
    }
    if !results.segments.is_empty() {
        let rows = results.segments.iter().flat_map(|segment| {
            segment.comparisons.iter().map(|comparison| {
                let mut row = vec![segment.segment.clone()];
                row.extend(difference(comparison, shown_currency(&results.currency), language));
                row
            })
        });
        let head =
            [words.segment, words.metric, words.arm, words.difference, words.interval, "p", words.verdict];
        let rows: Vec<_> = rows.collect();
        out += &format!("\n## {}\n\n{}", words.segments, table(&head.map(str::to_owned), &rows));
    }
    out
}

/// Text that Markdown does not read as marks.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        format!("| {} |\n", cells.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join(" | "))
    };
    let mut out = line(head);
    out += &format!("|---|{}\n", "---:|".repeat(head.len().saturating_sub(1)));
    out += &rows.iter().map(|row| line(row)).collect::<String>();
    out
}

/// The counts of a funnel, in the order of their names in the words.
pub(super) fn steps(funnel: &Funnel) -> [u64; 8] {
    [
        funnel.assigned,
        funnel.accepted,
        if funnel.accepted > 0 { funnel.delivered } else { 0 },
        funnel.clicked,
        funnel.replied,
        funnel.rated,
        funnel.unsubscribed,
        funnel.complained,
    ]
}

/// From the segments to the arms.
pub(super) fn audience(results: &Results, language: Language) -> Cells {
    let words = words(language);
    let rows = results.audience.iter().map(|line| {
        vec![step(&line.step, language).to_owned(), grouped(line.customers), grouped(line.left_out)]
    });
    (vec![words.step, words.still_there, words.left_out], rows.collect())
}

pub(super) fn outcomes(results: &Results, language: Language) -> Cells {
    let words = words(language);
    let currency = shown_currency(&results.currency);
    let money = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| amount(value, currency));
    let rows = results.arms.iter().map(|arm| {
        vec![
            arm.name.clone(),
            grouped(arm.customers),
            grouped(arm.conversions),
            percent(arm.conversion_rate),
            format!("{} – {}", percent(arm.interval.low), percent(arm.interval.high)),
            arm.orders.map_or_else(|| "–".into(), grouped),
            money(arm.revenue),
            money(arm.revenue_per_customer),
            cell(Metric::RetentionRate, arm),
            cell(Metric::ActivityRate, arm),
        ]
    });
    let head = vec![
        words.arm,
        words.customers,
        words.conversions,
        words.rate,
        words.interval,
        words.orders,
        words.revenue,
        words.per_customer,
        words.retained,
        words.active,
    ];
    (head, rows.collect())
}

pub(super) fn differences(results: &Results, language: Language) -> Cells {
    let words = words(language);
    let currency = shown_currency(&results.currency);
    let rows = results.comparisons.iter().map(|comparison| {
        let mut row = difference(comparison, currency, language);
        row.insert(5, chance(comparison.probability_better));
        row
    });
    let head = vec![
        words.metric,
        words.arm,
        words.difference,
        words.interval,
        "p",
        words.better_chance,
        words.verdict,
    ];
    (head, rows.collect())
}

/// Metric, arm, difference, interval, p-value and verdict.
pub(super) fn difference(comparison: &Comparison, currency: &str, language: Language) -> Vec<String> {
    let (size, interval) = shown(comparison, currency, language);
    vec![
        metric(comparison.metric, language).to_owned(),
        format!("{} / {}", comparison.arm, comparison.against),
        size,
        interval,
        judged_p(comparison),
        verdict_cell(comparison, language),
    ]
}

/// Weeks down, arms across.
pub(super) fn weeks(results: &Results, language: Language) -> (Vec<String>, Vec<Vec<String>>) {
    let head = [words(language).week.to_owned()].into_iter();
    let head = head.chain(results.retention.iter().map(|curve| curve.arm.clone())).collect();
    let count = results.retention.iter().map(|curve| curve.weeks.len()).max().unwrap_or(0);
    let rows = (0..count).map(|week| {
        let cells = results.retention.iter().map(|curve| {
            curve.weeks.get(week).map_or_else(String::new, |week| {
                format!(
                    "{} ({} – {})",
                    percent(week.rate),
                    percent(week.interval.low),
                    percent(week.interval.high)
                )
            })
        });
        [(week + 1).to_string()].into_iter().chain(cells).collect()
    });
    (head, rows.collect())
}

pub(super) fn earned(results: &Results, language: Language) -> Cells {
    let words = words(language);
    let currency = shown_currency(&results.currency);
    let rows = results.earned.iter().map(|earned| {
        let back = earned.return_on_cost.map_or_else(
            || "–".into(),
            |back| {
                let interval = earned
                    .return_interval
                    .map_or_else(String::new, |interval| ends(interval, true, language));
                format!("{back:.2} ({interval})")
            },
        );
        vec![
            format!("{} / {}", earned.arm, earned.against),
            amount(earned.incremental_revenue, currency),
            ends(earned.interval, true, language),
            amount(earned.coupon_cost, currency),
            amount(earned.message_cost, currency),
            amount(earned.gain, currency),
            ends(earned.gain_interval, true, language),
            back,
        ]
    });
    let head = vec![
        words.arm,
        words.incremental,
        words.interval,
        words.coupons,
        words.messages,
        words.gain,
        words.interval,
        words.back,
    ];
    (head, rows.collect())
}
