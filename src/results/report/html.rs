//! The page as HTML.

use super::super::sentence::{Language, amount, ends, grouped, knows, p_value, percent, value};
use super::super::{Comparison, Metric, Results, Verdict, shown_currency};
use super::svg::{Row, Series, bars, curves, intervals};
use super::words::{Words, caveat, metric, step, theme, tone, words};
use crate::statistics::Interval;
use crate::statistics::qini::Qini;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2320;--soft:#5b655f;--line:#d5dbd7;--paper:#fff;--accent:#0b6e4f}\n\
@media (prefers-color-scheme:dark){:root{--ink:#e6ebe8;--soft:#a3ada7;--line:#3a423e;--paper:#161a18;--accent:#5cc79f}}\n\
body{font:16px/1.55 system-ui,-apple-system,\"Segoe UI\",\"Noto Sans\",\"PingFang SC\",\"Noto Sans CJK SC\",sans-serif;\
color:var(--ink);background:var(--paper);max-width:54rem;margin:0 auto;padding:2rem 1.2rem}\n\
h1{font-size:1.7rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line)}\
h3{font-size:1rem;margin:1.2rem 0 .3rem}\n\
.meta{color:var(--soft)}.finding{font-size:1.1rem;border-left:4px solid var(--accent);padding:.2rem 0 .2rem .9rem}\n\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}\
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}\
th:first-child,td:first-child{text-align:left}\n\
.wide{overflow-x:auto}pre{white-space:pre-wrap;font:inherit;border:1px solid var(--line);border-radius:6px;padding:.8rem}\
blockquote{margin:.3rem 0 .3rem 1rem}figure{margin:.8rem 0}figcaption{color:var(--soft);font-size:.85rem;text-align:center}\n\
svg{width:100%;height:auto;font-size:13px;fill:var(--ink)}.zero{stroke:var(--ink);stroke-width:1}\
.grid{stroke:var(--line);stroke-width:1}.whisker{stroke:var(--ink);stroke-width:2}.bar{fill:var(--accent)}\
.sure{fill:var(--accent);stroke:var(--accent);stroke-width:2}.open{fill:var(--paper);stroke:var(--ink);stroke-width:2}\n\
@page{margin:16mm}@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--accent:#0b6e4f}\
body{font-size:10.5pt;max-width:none;padding:0}h2{break-after:avoid}figure,table,pre,blockquote{break-inside:avoid}\
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

/// One page that stands by itself: no network, no script.
#[must_use]
pub fn html(results: &Results, language: Language) -> String {
    let words = words(language);
    let mut page = Page { results, language, words, out: String::new() };
    page.head();
    page.messages();
    page.audience();
    page.funnel();
    // Before any order since the launch is known there is nothing to compare, and zeros would look like results.
    if !results.is_before() {
        page.outcomes();
        page.comparisons();
        page.retention();
        page.responders();
        page.money();
        page.segments();
    }
    page.voices();
    page.foot();
    page.out
}

/// Text as it may stand in HTML, in an attribute too. Control characters are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            // Overrides of the direction would make a line read otherwise than it is.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

struct Page<'a> {
    results: &'a Results,
    language: Language,
    words: &'static Words,
    out: String,
}

impl Page<'_> {
    fn currency(&self) -> &str {
        shown_currency(&self.results.currency)
    }

    fn heading(&mut self, text: &str) {
        self.out += &format!("<h2>{}</h2>\n", escape(text));
    }

    fn picture(&mut self, title: &str, svg: &str) {
        self.out += &format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escape(title));
    }

    fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| -> String {
            cells.map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect()
        };
        self.out += "<div class=\"wide\"><table><thead><tr>";
        self.out += &cells("th", &mut head.iter().copied());
        self.out += "</tr></thead><tbody>\n";
        for row in rows {
            self.out += &format!("<tr>{}</tr>\n", cells("td", &mut row.iter().map(String::as_str)));
        }
        self.out += "</tbody></table></div>\n";
    }

    fn head(&mut self) {
        let results = self.results;
        let title = escape(&format!("{}: {}", self.words.title, results.title));
        self.out += &format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>{title}</title>\n<style>\n{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n",
            self.words.tag
        );
        self.out += &format!("<p class=\"meta\">{}</p>\n", escape(&dates(results, self.language)));
        for sentence in results.findings(Metric::ConversionRate, self.language) {
            self.out += &format!("<p class=\"finding\">{}</p>\n", escape(&sentence));
        }
    }

    fn messages(&mut self) {
        if self.results.messages.iter().all(|arm| arm.message.is_none()) {
            return;
        }
        self.heading(self.words.message);
        for arm in &self.results.messages {
            self.out += &format!("<h3>{}</h3>\n", escape(&arm.name));
            self.out += &match &arm.message {
                Some(text) => format!("<pre>{}</pre>\n", escape(text)),
                None => format!("<p>{}</p>\n", escape(self.words.no_message)),
            };
        }
    }

    fn audience(&mut self) {
        if self.results.audience.is_empty() {
            return;
        }
        self.heading(self.words.audience);
        let rows = self.results.audience.iter().map(|line| {
            let label = step(&line.step, self.language).to_owned();
            (label, line.customers as f64, grouped(line.customers))
        });
        let svg = bars(self.words.audience, &rows.collect::<Vec<_>>());
        self.picture(self.words.audience, &svg);
        let (head, rows) = super::markdown::audience(self.results, self.language);
        self.table(&head, &rows);
    }

    fn funnel(&mut self) {
        if self.results.funnel.is_empty() {
            return;
        }
        self.heading(self.words.funnel);
        for funnel in &self.results.funnel {
            let counts = super::markdown::steps(funnel);
            if counts[1..].iter().all(|&count| count == 0) {
                continue;
            }
            let rows = self.words.steps.iter().zip(counts).map(|(step, count)| {
                let share = count as f64 / funnel.assigned.max(1) as f64;
                ((*step).to_owned(), count as f64, format!("{} ({})", grouped(count), percent(share)))
            });
            let title = format!("{}: {}", self.words.funnel, funnel.arm);
            let svg = bars(&title, &rows.collect::<Vec<_>>());
            self.out += &format!("<h3>{}</h3>\n", escape(&funnel.arm));
            self.picture(&title, &svg);
        }
    }

    fn outcomes(&mut self) {
        self.heading(self.words.outcomes);
        let (head, rows) = super::markdown::outcomes(self.results, self.language);
        self.table(&head, &rows);
    }

    fn comparisons(&mut self) {
        self.heading(self.words.comparisons);
        let all = &self.results.comparisons;
        let rates: Vec<Row> = all
            .iter()
            .filter(|comparison| comparison.metric != Metric::RevenuePerCustomer)
            .map(|comparison| self.row(comparison, None))
            .collect();
        let money: Vec<Row> = all
            .iter()
            .filter(|comparison| comparison.metric == Metric::RevenuePerCustomer)
            .map(|comparison| self.row(comparison, None))
            .collect();
        if !rates.is_empty() {
            let title = format!("{} ({})", self.words.comparisons, self.words.points);
            self.picture(&title, &intervals(&title, &rates));
        }
        if !money.is_empty() {
            let title = format!("{} ({})", self.words.comparisons, self.currency());
            self.picture(&title, &intervals(&title, &money));
        }
        let (head, rows) = super::markdown::differences(self.results, self.language);
        self.table(&head, &rows);
    }

    fn row(&self, comparison: &Comparison, segment: Option<&str>) -> Row {
        let (difference, interval) = comparison.judged();
        let money = comparison.metric == Metric::RevenuePerCustomer;
        let label = match segment {
            Some(segment) => format!("{segment}, {}", comparison.arm),
            None => format!(
                "{}, {} / {}",
                metric(comparison.metric, self.language),
                comparison.arm,
                comparison.against
            ),
        };
        let shown = if money { format!("{difference:+.2}") } else { format!("{:+.2}", 100.0 * difference) };
        Row { label, value: difference, interval, shown, sure: comparison.verdict != Verdict::TooFewToTell }
    }

    fn retention(&mut self) {
        if self.results.retention.iter().all(|curve| curve.weeks.len() < 2) {
            return;
        }
        self.heading(self.words.retention);
        let series: Vec<Series> = self
            .results
            .retention
            .iter()
            .map(|curve| {
                let start = [[0.0, 0.0]].into_iter();
                let weeks = curve.weeks.iter().map(|week| [f64::from(week.week), week.rate]);
                let none = Interval::new(0.0, 0.0);
                Series {
                    name: curve.arm.clone(),
                    points: start.chain(weeks).collect(),
                    band: [none].into_iter().chain(curve.weeks.iter().map(|week| week.interval)).collect(),
                }
            })
            .collect();
        let week = |value: f64| format!("{value:.0}");
        self.picture(
            self.words.retention,
            &curves(self.words.retention, &series, self.words.week, &week, &percent),
        );
        let (head, rows) = super::markdown::weeks(self.results, self.language);
        self.table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    }

    fn responders(&mut self) {
        let Some(qini) = &self.results.qini else { return };
        self.heading(self.words.responders);
        self.out += &format!("<p>{}</p>\n", escape(&responders(qini, self.language)));
        let series = [
            Series { name: "Qini".into(), points: qini.curve.clone(), band: Vec::new() },
            Series {
                name: self.words.at_random.into(),
                points: vec![[0.0, 0.0], [1.0, qini.total]],
                band: Vec::new(),
            },
        ];
        let share = |value: f64| format!("{:.0} %", 100.0 * value);
        let gain = |value: f64| format!("{:+.2} %", 100.0 * value);
        self.picture(
            self.words.responders,
            &curves(self.words.responders, &series, self.words.share_sent, &share, &gain),
        );
        let rows: Vec<Row> = qini
            .deciles
            .iter()
            .map(|decile| Row {
                label: format!("{} {}", self.words.decile, decile.decile),
                value: decile.uplift,
                interval: decile.interval,
                shown: format!("{:+.2}", 100.0 * decile.uplift),
                sure: !decile.interval.contains(0.0),
            })
            .collect();
        let title = format!("{} ({})", self.words.uplift, self.words.points);
        self.picture(&title, &intervals(&title, &rows));
        let cells: Vec<Vec<String>> = qini
            .deciles
            .iter()
            .map(|decile| {
                vec![
                    decile.decile.to_string(),
                    grouped(decile.treated + decile.control),
                    format!("{:+.2}", 100.0 * decile.uplift),
                    ends(decile.interval, false, self.language),
                ]
            })
            .collect();
        let uplift = format!("{} ({})", self.words.uplift, self.words.points);
        self.table(&[self.words.decile, self.words.customers, &uplift, self.words.interval], &cells);
    }

    fn money(&mut self) {
        if self.results.earned.is_empty() {
            return;
        }
        self.heading(self.words.money);
        let (head, rows) = super::markdown::earned(self.results, self.language);
        self.table(&head, &rows);
    }

    fn segments(&mut self) {
        if self.results.segments.is_empty() {
            return;
        }
        self.heading(self.words.segments);
        let of = |wanted: Metric| -> Vec<Row> {
            let segments = self.results.segments.iter();
            segments
                .flat_map(|segment| {
                    let own = segment.comparisons.iter().filter(|comparison| comparison.metric == wanted);
                    own.map(|comparison| self.row(comparison, Some(&segment.segment)))
                })
                .collect()
        };
        let rates = of(Metric::ConversionRate);
        let title = metric(Metric::ConversionRate, self.language);
        let title = format!("{title} ({})", self.words.points);
        self.picture(&title, &intervals(&title, &rates));
        let rows: Vec<Vec<String>> = self
            .results
            .segments
            .iter()
            .flat_map(|segment| {
                segment.comparisons.iter().map(|comparison| {
                    let mut row = vec![segment.segment.clone()];
                    row.extend(super::markdown::difference(comparison, self.currency(), self.language));
                    row
                })
            })
            .collect();
        let words = self.words;
        self.table(
            &[words.segment, words.metric, words.arm, words.difference, words.interval, "p", words.verdict],
            &rows,
        );
    }

    fn voices(&mut self) {
        let voices = &self.results.feedback;
        if voices.texts == 0 && voices.ratings.is_empty() {
            return;
        }
        self.heading(self.words.said);
        if !voices.ratings.is_empty() {
            let rows = voices.ratings.iter().map(|&(rating, count)| {
                (format!("{} {rating}", self.words.ratings), count as f64, grouped(count))
            });
            let svg = bars(self.words.ratings, &rows.collect::<Vec<_>>());
            self.picture(self.words.ratings, &svg);
        }
        for one in &voices.themes {
            self.out += &format!(
                "<h3>{}: {} ({} {}, {} {})</h3>\n",
                escape(theme(&one.theme, self.language)),
                one.texts,
                one.good,
                escape(self.words.good),
                one.bad,
                escape(self.words.bad)
            );
            for quote in &one.quotes {
                self.out += &format!(
                    "<blockquote>“{}” <span class=\"meta\">{}, {}</span></blockquote>\n",
                    escape(&quote.text),
                    escape(&quote.arm),
                    tone(quote.tone, self.language)
                );
            }
        }
    }

    fn foot(&mut self) {
        self.heading(self.words.caveats);
        if self.results.caveats.is_empty() {
            self.out += &format!("<p>{}</p>\n", self.words.none);
        } else {
            let notes = self.results.caveats.iter();
            let items: String =
                notes.map(|note| format!("<li>{}</li>\n", escape(&caveat(*note, self.language)))).collect();
            self.out += &format!("<ul>\n{items}</ul>\n");
        }
        self.heading(self.words.method);
        let items: String =
            self.words.methods.iter().map(|method| format!("<li>{}</li>\n", escape(method))).collect();
        self.out += &format!("<ul class=\"meta\">\n{items}</ul>\n</body></html>\n");
    }
}

/// What is told of the order by score.
pub(super) fn responders(qini: &Qini, language: Language) -> String {
    let words = words(language);
    let (area, Interval { low, high }) = (qini.area, qini.interval);
    let (note, interval, knows) = (words.qini_note, words.interval, knows(qini.knows(), language));
    match language {
        Language::English => format!("{note}: {area:+.5} ({interval} {low:+.5} – {high:+.5}). {knows}"),
        Language::Chinese => format!("{note}：{area:+.5}（{interval} {low:+.5} – {high:+.5}）。{knows}"),
    }
}

/// When, how long, and until when.
pub(super) fn dates(results: &Results, language: Language) -> String {
    match language {
        Language::English => format!(
            "Launched {}; what customers did in {} days counts; orders are known until {}; amounts in {}; seed {}.",
            results.launched_on,
            results.window_days,
            results.known_until(),
            results.currency,
            results.seed
        ),
        Language::Chinese => format!(
            "发送日期 {}；统计其后 {} 天内的行为；订单数据截至 {}；金额单位 {}；随机种子 {}。",
            results.launched_on,
            results.window_days,
            results.known_until(),
            results.currency,
            results.seed
        ),
    }
}

/// The metric's difference as it stands in a table: difference and interval.
pub(super) fn shown(comparison: &Comparison, currency: &str, language: Language) -> (String, String) {
    let (difference, interval) = comparison.judged();
    let money = comparison.metric == Metric::RevenuePerCustomer;
    let size = if money { amount(difference, currency) } else { format!("{:+.2}", 100.0 * difference) };
    (size, ends(interval, money, language))
}

/// The p-value that the verdict goes by.
pub(super) fn judged_p(comparison: &Comparison) -> String {
    p_value(comparison.p_adjusted)
}

/// A rate of an arm as a cell.
pub(super) fn cell(metric: Metric, arm: &super::super::ArmResult) -> String {
    value(metric, arm).map_or_else(|| "–".into(), percent)
}
