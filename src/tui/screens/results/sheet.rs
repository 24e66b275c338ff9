//! What is told of a campaign's results, the finding first.

use ratatui::style::Style;

use super::picture::{Scale, bars, curve, interval};
use crate::results::report::words::caveat;
use crate::results::sentence::{Language, amount, ends, finding, percent};
use crate::results::{Caveat, Comparison, Metric, Results, Tone, Verdict, shown_currency};
use crate::statistics::qini::Knows;
use crate::tui::theme::Theme;
use crate::tui::widgets::{Rich, Spans};
use crate::tui::{numbers, text};

/// Rows of the Qini curve.
const CURVE: usize = 9;
/// Weeks that are told one by one.
const WEEKS: usize = 8;

/// Sign and colour of a verdict.
fn verdict(verdict: Verdict, theme: &Theme) -> (&'static str, Style) {
    match verdict {
        Verdict::Better => ("▲", theme.good),
        Verdict::Worse => ("▼", theme.bad),
        Verdict::TooFewToTell => ("~", theme.warning),
    }
}

/// All of it, at a width. `bring`: how the orders since the launch are brought in.
pub(super) fn sheet(results: &Results, bring: &str, width: u16, theme: &Theme) -> Rich {
    let mut told = Told { rich: Rich::default(), width: usize::from(width), theme, results, bring };
    told.verdict();
    if results.is_before() {
        told.clicks();
        told.voices();
        return told.rich;
    }
    told.arms();
    told.comparisons();
    told.retention();
    told.clicks();
    told.earned();
    told.responders();
    told.segments();
    told.voices();
    told.rich
}

struct Told<'a> {
    rich: Rich,
    width: usize,
    theme: &'a Theme,
    results: &'a Results,
    bring: &'a str,
}

impl Told<'_> {
    fn heading(&mut self, words: &str) {
        self.rich.blank();
        self.rich.line(words, self.theme.accent);
    }

    fn row(&mut self, spans: Spans) {
        self.rich.spans(0, spans);
    }

    /// A sign and a text after it, whose further rows stand below its first.
    fn sign(&mut self, sign: (&str, Style), words: &str, style: Style) {
        let room = self.width.saturating_sub(2).max(8);
        for (number, line) in text::wrap(&text::clean(words), room).into_iter().enumerate() {
            let first = if number == 0 { sign.0 } else { "" };
            self.row(vec![(format!("{first:<2}"), sign.1), (line, style)]);
        }
    }

    /// Columns of the longest of some names, within reason.
    fn label<'b>(&self, names: impl Iterator<Item = &'b str>) -> usize {
        names.map(text::width).max().unwrap_or(0).clamp(4, (self.width / 4).max(4))
    }

    fn verdict(&mut self) {
        let results = self.results;
        if results.is_before() {
            for line in results.findings(Metric::ConversionRate, Language::English) {
                self.sign(("~", self.theme.warning), &line, self.theme.strong);
            }
            for later in results.caveats.iter().filter(|caveat| matches!(caveat, Caveat::LaterOrders(_))) {
                self.sign(("!", self.theme.warning), &caveat(*later, Language::English), self.theme.text);
            }
            self.sign(("", self.theme.text), self.bring, self.theme.text);
            return;
        }
        let of_rate =
            results.comparisons.iter().filter(|comparison| comparison.metric == Metric::ConversionRate);
        for comparison in of_rate {
            if let Some(line) = self.said(comparison, &results.arms) {
                self.sign(verdict(comparison.verdict, self.theme), &line, self.theme.strong);
            }
        }
        let words = format!(
            "Launched {}; {} of {} days are in; orders are known until {}.",
            results.launched_on,
            (results.information * f64::from(results.window_days)).floor(),
            results.window_days,
            results.known_until()
        );
        self.rich.line(&words, self.theme.dim);
        for note in &results.caveats {
            let words = caveat(*note, Language::English);
            self.sign(("!", self.theme.warning), &words, self.theme.text);
        }
    }

    fn arms(&mut self) {
        let (theme, results) = (self.theme, self.results);
        self.heading("Who bought, by arm (95 % intervals)");
        let label = self.label(results.arms.iter().map(|arm| arm.name.as_str()));
        let scale = Scale::of(results.arms.iter().flat_map(|arm| [arm.interval.low, arm.interval.high]));
        let room = self.width.saturating_sub(label + 46).min(40);
        for arm in &results.arms {
            let drawn = if room >= 8 {
                interval(room, scale, arm.conversion_rate, arm.interval)
            } else {
                String::new()
            };
            let style = if arm.name == results.control { theme.dim } else { theme.bar };
            self.row(vec![
                (text::left(&arm.name, label), theme.strong),
                (format!(" {:>9}", numbers::count(arm.customers)), theme.text),
                (format!(" {:>7}", numbers::count(arm.conversions)), theme.text),
                (format!(" {:>8} ", percent(arm.conversion_rate)), theme.strong),
                (drawn, style),
                (format!(" {} to {}", short(arm.interval.low), percent(arm.interval.high)), theme.dim),
            ]);
        }
        let against =
            if results.holdout { "was sent nothing" } else { "is what the others are compared with" };
        self.rich
            .line(&format!("customers, of whom bought, share; {} {against}", results.control), theme.dim);
    }

    fn comparisons(&mut self) {
        let results = self.results;
        if results.comparisons.is_empty() {
            return;
        }
        let (against, between): (Vec<&Comparison>, Vec<&Comparison>) =
            results.comparisons.iter().partition(|comparison| comparison.against == results.control);
        self.heading(&format!("Against {}", results.control));
        self.compared(&against);
        if !between.is_empty() {
            self.heading("Which version is better");
            self.compared(&between);
        }
    }

    fn compared(&mut self, comparisons: &[&Comparison]) {
        let (theme, results) = (self.theme, self.results);
        for metric in Metric::ALL {
            let of_metric: Vec<&Comparison> =
                comparisons.iter().copied().filter(|comparison| comparison.metric == metric).collect();
            let scale = Scale::of(of_metric.iter().flat_map(|comparison| {
                let (_, interval) = comparison.judged();
                [interval.low, interval.high, 0.0]
            }));
            for comparison in of_metric {
                let (difference, judged) = comparison.judged();
                let (sign, style) = verdict(comparison.verdict, theme);
                let money = metric == Metric::RevenuePerCustomer;
                let room = self.width.saturating_sub(52).min(40);
                if room >= 8 {
                    let drawn = interval(room, scale, difference, judged);
                    let name = if comparison.against == results.control {
                        format!("{} {}", comparison.arm, metric_words(metric))
                    } else {
                        format!("{} / {} {}", comparison.arm, comparison.against, metric_words(metric))
                    };
                    let name = text::left(&name, 26);
                    let said = ends(judged, money, Language::English);
                    self.row(vec![
                        (format!("{sign} "), style),
                        (name, theme.strong),
                        (format!(" {drawn} "), style),
                        (said, theme.dim),
                    ]);
                }
                // The first of them is the verdict, which stands above.
                if metric != Metric::ConversionRate
                    && let Some(words) = self.said(comparison, &results.arms)
                {
                    self.sign((if room >= 8 { "" } else { sign }, style), &words, theme.text);
                }
            }
        }
    }

    fn said(&self, comparison: &Comparison, arms: &[crate::results::ArmResult]) -> Option<String> {
        let of = |name: &str| arms.iter().find(|arm| arm.name == name);
        let currency = shown_currency(&self.results.currency);
        Some(finding(comparison, of(&comparison.arm)?, of(&comparison.against)?, currency, Language::English))
    }

    fn retention(&mut self) {
        let (theme, results) = (self.theme, self.results);
        self.heading("Who has bought again, by week");
        if results.retention.iter().all(|curve| curve.weeks.is_empty()) {
            return self.rich.line("No week is over yet.", theme.dim);
        }
        let label = self.label(results.retention.iter().map(|curve| curve.arm.as_str()));
        let rates = results.retention.iter().flat_map(|curve| curve.weeks.iter().map(|week| week.rate));
        let top = rates.fold(0.0, f64::max);
        for curve in &results.retention {
            let rates: Vec<f64> = curve.weeks.iter().map(|week| week.rate).collect();
            let Some(last) = curve.weeks.last() else { continue };
            self.row(vec![
                (text::left(&curve.arm, label), theme.strong),
                (format!("  {}", bars(&rates, top)), theme.bar),
                (
                    format!(
                        "  {} after {}",
                        percent(last.rate),
                        numbers::counted(last.week as usize, "week")
                    ),
                    theme.text,
                ),
            ]);
        }
        let weeks = results.retention.iter().map(|curve| curve.weeks.len()).max().unwrap_or(0);
        for week in 0..weeks.min(WEEKS) {
            let mut spans = vec![(format!("{:<label$}", format!("w{}", week + 1)), theme.dim)];
            for curve in &results.retention {
                let Some(of) = curve.weeks.get(week) else { continue };
                spans.push((format!("  {} ", curve.arm), theme.dim));
                spans.push((format!("{:>8}", percent(of.rate)), theme.text));
                spans.push((
                    format!(" ({} to {})", short(of.interval.low), percent(of.interval.high)),
                    theme.dim,
                ));
            }
            self.row(spans);
        }
    }

    fn clicks(&mut self) {
        let (theme, results) = (self.theme, self.results);
        let sent = results.funnel.iter().filter(|funnel| funnel.accepted > 0);
        for (number, funnel) in sent.enumerate() {
            if number == 0 {
                self.heading("What became of the messages (people, each counted once)");
            }
            let share = |count: u64| percent(count as f64 / funnel.delivered.max(1) as f64);
            self.row(vec![
                (format!("{}: ", funnel.arm), theme.strong),
                (
                    format!(
                        "{} accepted, {} of them not bounced, {} clicked ({}), {} replied, {} unsubscribed ({}), {} complained",
                        numbers::count(funnel.accepted),
                        numbers::count(funnel.delivered),
                        numbers::count(funnel.clicked),
                        share(funnel.clicked),
                        numbers::count(funnel.replied),
                        numbers::count(funnel.unsubscribed),
                        share(funnel.unsubscribed),
                        numbers::count(funnel.complained)
                    ),
                    theme.text,
                ),
            ]);
            let trouble = funnel.failed + funnel.unknown + funnel.bounced;
            if trouble > 0 {
                let words = format!(
                    "   {} failed, {} bounced, of {} nobody knows",
                    numbers::count(funnel.failed),
                    numbers::count(funnel.bounced),
                    numbers::count(funnel.unknown)
                );
                self.rich.line(&words, theme.warning);
            }
        }
    }

    fn earned(&mut self) {
        let (theme, results) = (self.theme, self.results);
        if results.earned.is_empty() {
            return;
        }
        self.heading("What it brought");
        let currency = shown_currency(&results.currency);
        for earned in &results.earned {
            let words = format!(
                "{}: {} more in all ({}); {} left after costs ({})",
                earned.arm,
                amount(earned.incremental_revenue, currency),
                ends(earned.interval, true, Language::English),
                amount(earned.gain, currency),
                ends(earned.gain_interval, true, Language::English)
            );
            self.rich.line(&words, theme.text);
        }
    }

    fn responders(&mut self) {
        let (theme, results) = (self.theme, self.results);
        self.heading("Who responds (Qini)");
        let Some(qini) = &results.qini else {
            return self
                .rich
                .line("Too few customers to put them in an order that means anything.", theme.dim);
        };
        let words = match qini.knows() {
            Knows::Yes => "The score finds who responds: the curve is above the line of sending at random",
            Knows::Unsure => {
                "The score tells nothing that could be told from chance: sending at random may do as well"
            }
            Knows::Reversed => "The score puts those who respond last: sending at random does better",
        };
        // In the unit of the line below the curve.
        let words = format!(
            "{words} (area {:+.3} conversions for 100 customers, 95 % interval {:+.3} to {:+.3}).",
            100.0 * qini.area,
            100.0 * qini.interval.low,
            100.0 * qini.interval.high
        );
        self.sign(("", theme.text), &words, theme.text);
        for line in curve(&qini.curve, self.width.saturating_sub(2).min(60), CURVE) {
            self.rich.spans(0, vec![("  ".into(), theme.dim), (line, theme.bar)]);
        }
        let told = format!(
            "● sending to the best first, · at random; right end: all, {:+.2} conversions for 100 customers",
            100.0 * qini.total
        );
        self.rich.line(&told, theme.dim);
    }

    fn segments(&mut self) {
        let (theme, results) = (self.theme, self.results);
        if results.segments.len() < 2 {
            return;
        }
        self.heading("By segment");
        let mut any = false;
        for segment in &results.segments {
            let told =
                segment.comparisons.iter().filter(|comparison| comparison.verdict != Verdict::TooFewToTell);
            for comparison in told {
                let (sign, style) = verdict(comparison.verdict, theme);
                if let Some(words) = self.said(comparison, &segment.arms) {
                    any = true;
                    let words = format!("{}: {words}", segment.segment);
                    self.sign((sign, style), &words, theme.text);
                }
            }
        }
        if !any {
            self.rich.line("Too few to tell in any of them.", theme.dim);
        }
    }

    fn voices(&mut self) {
        let (theme, voices) = (self.theme, &self.results.feedback);
        if voices.ratings.is_empty() && voices.themes.is_empty() {
            return;
        }
        self.heading("What customers say");
        let top = voices.ratings.iter().map(|(_, count)| *count).max().unwrap_or(1);
        for (rating, count) in &voices.ratings {
            let filled = (*count * 20).div_ceil(top.max(1)) as usize;
            self.row(vec![
                (format!("{rating} ★  "), theme.strong),
                ("█".repeat(filled), theme.bar),
                (format!(" {}", numbers::count(*count)), theme.text),
            ]);
        }
        for of in &voices.themes {
            self.row(vec![
                (of.theme.clone(), theme.strong),
                (
                    format!(
                        ": {}, {} good, {} bad",
                        numbers::counted(of.texts as usize, "text"),
                        of.good,
                        of.bad
                    ),
                    theme.dim,
                ),
            ]);
            for quote in &of.quotes {
                let (sign, style) = match quote.tone {
                    Tone::Good => ("+", theme.good),
                    Tone::Bad => ("-", theme.bad),
                    Tone::Mixed => ("±", theme.warning),
                    Tone::Neutral => ("·", theme.dim),
                };
                self.sign((sign, style), &format!("“{}”", quote.text), theme.text);
            }
        }
    }
}

fn metric_words(metric: Metric) -> &'static str {
    match metric {
        Metric::ConversionRate => "buys",
        Metric::RevenuePerCustomer => "spends",
        Metric::RetentionRate => "buys again",
        Metric::ActivityRate => "is active",
    }
}

/// A rate without its sign of percent.
fn short(rate: f64) -> String {
    format!("{:.2}", 100.0 * rate)
}
