//! ```text
//! ╭ The shop ─────────────────────╮╭ Can it be trusted? ─────────────╮
//! │ Customers      3,000          ││ orders      24,961 of 25,000     │
//! │ ...                           ││ 12 bad date, 9 unknown customer  │
//! │ Revenue by month  ▂▃▅▇█       ││ ! finding, and what to do        │
//! ╰───────────────────────────────╯╰──────────────────────────────────╯
//! ╭ What next ─────────────────────────────────────────────────────────╮
//! ```

use jiff::ToSpan as _;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{HEALTH, Overview, STEPS, Step, set_aside, steps};
use crate::data::{Severity, TableReport};
use crate::tui::app::{Gravity, Load, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::Action;
use crate::tui::numbers;
use crate::tui::popups::set_aside::reason;
use crate::tui::screens::ScreenId;
use crate::tui::summary::Summary;
use crate::tui::widgets::{self, Fact, Paragraph};

/// Data that end so many days ago are told of.
const OLD: i32 = 30;

pub fn draw(screen: &Overview, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Load::Ready(summary) = &shared.summary else {
        if matches!(shared.shop, Load::Ready(_)) {
            widgets::load_state(
                canvas,
                area,
                shared,
                &shared.summary,
                "The shop is being read.",
                "The shop could not be summed up",
            );
        } else {
            widgets::shop_state(canvas, area, shared, ScreenId::Overview);
        }
        return;
    };
    let steps = steps(shared, screen.sent);
    let wanted = steps.len() as u16 + 2;
    if area.width >= 76 && area.height >= 14 {
        let [above, below] = area.layout(&Layout::vertical([
            Constraint::Min(8),
            Constraint::Length(wanted.min(area.height / 3).max(5)),
        ]));
        let [left, right] =
            above.layout(&Layout::horizontal([Constraint::Percentage(46), Constraint::Percentage(54)]));
        shop(summary, widgets::panel(canvas, left, "The shop", false), canvas);
        health(
            screen,
            shared,
            summary,
            widgets::panel(canvas, right, "Can it be trusted?", screen.on_health),
            canvas,
        );
        next(screen, shared, &steps, widgets::panel(canvas, below, "What next", !screen.on_health), canvas);
    } else if screen.on_health {
        health(screen, shared, summary, widgets::panel(canvas, area, "Can it be trusted?", true), canvas);
    } else {
        // One column: the facts, then as many steps as fit.
        let facts = facts(summary);
        let rows = (facts.len() as u16).min(area.height.saturating_sub(4).max(area.height / 2));
        let [above, below] = area.layout(&Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]));
        let above = Rect { x: above.x + 1, width: above.width.saturating_sub(2), ..above };
        widgets::facts(canvas, above, &facts);
        next(screen, shared, &steps, widgets::panel(canvas, below, "What next", true), canvas);
    }
}

fn facts(summary: &Summary) -> Vec<Fact> {
    let amount = |minor| {
        let text = numbers::money(minor, summary.currency_digits, &summary.currency);
        text.rsplit_once(' ')
            .map_or((text.clone(), String::new()), |(value, unit)| (value.to_owned(), unit.to_owned()))
    };
    let days = summary.last_day.duration_since(summary.first_day).as_hours() / 24 + 1;
    let (revenue, currency) = amount(summary.revenue);
    let mut facts = vec![
        Fact::new("Customers", numbers::count(summary.customers), ""),
        Fact::new("Orders", numbers::count(summary.orders), ""),
        Fact::new("Revenue", revenue, currency),
    ];
    if summary.orders > 0 {
        let (value, currency) = amount(summary.revenue / summary.orders as i64);
        facts.push(Fact::new("Per order", value, currency));
    }
    if is_dated(summary) {
        facts.push(Fact::new("Span", numbers::count(days.max(0) as u64), "days"));
    }
    if let Some(products) = summary.products {
        facts.push(Fact::new("Products", numbers::count(products), ""));
    }
    if let Some(events) = summary.events {
        facts.push(Fact::new("Events", numbers::count(events), ""));
    }
    facts
}

/// Whether anything happened on a day.
fn is_dated(summary: &Summary) -> bool {
    summary.orders > 0 || summary.events.is_some_and(|events| events > 0)
}

fn shop(summary: &Summary, area: Rect, canvas: &mut Canvas<'_>) {
    let used = widgets::facts(canvas, area, &facts(summary));
    let theme = canvas.theme;
    let mut y = area.y + used;
    if y < area.bottom() && is_dated(summary) {
        let span = format!("{} to {}", summary.first_day, summary.last_day);
        canvas.pieces(area.x, y, area.width, &[("From ", theme.dim), (&span, theme.text)]);
        y += 1;
    }
    // Nothing is drawn of months of which no orders are known: a bar would say that there were none.
    let known = summary.months.iter().rposition(|month| month.orders > 0).map_or(0, |last| last + 1);
    let drawn = |number: usize, value: f64| if number < known { value } else { f64::NAN };
    let months = || summary.months.iter().enumerate();
    let revenue: Vec<f64> =
        months().map(|(number, month)| drawn(number, month.revenue.max(0) as f64)).collect();
    let orders: Vec<f64> = months().map(|(number, month)| drawn(number, month.orders as f64)).collect();
    let best = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let money = numbers::short_money(best(&revenue) as i64, summary.currency_digits, &summary.currency);
    let most = numbers::count(best(&orders) as u64);
    let rows = area.bottom().saturating_sub(y);
    // Each chart needs a gap, a heading and at least one row.
    let charts: &[(&str, &[f64], &str)] =
        &[("Revenue by month", &revenue, &money), ("Orders by month", &orders, &most)];
    let fitting = usize::from(rows / 3).min(charts.len());
    if fitting == 0 || summary.months.is_empty() {
        return;
    }
    let each = rows / fitting as u16;
    for (index, (title, values, most)) in charts.iter().take(fitting).enumerate() {
        let top = y + index as u16 * each + 1;
        canvas.text(area.x, top, area.width, title, theme.dim);
        canvas.text_right(area.x, top, area.width, &format!("most {most}"), theme.dim);
        let height = (each - 2).min(4);
        widgets::sparkline(canvas, area.x, top + height, area.width, height, values);
    }
}

fn health(screen: &Overview, shared: &Shared, summary: &Summary, area: Rect, canvas: &mut Canvas<'_>) {
    let report = &summary.report;
    let theme = canvas.theme;
    let mut paragraph = Paragraph::default();
    let widest = |number: fn(&TableReport) -> u64| {
        report.tables.iter().map(|table| numbers::count(number(table)).len()).max().unwrap_or(0)
    };
    let (kept_width, read_width) = (widest(|table| table.rows_kept), widest(|table| table.rows_read));
    for table in &report.tables {
        let kept = format!(
            "{:<9}  {:>kept_width$} of {:>read_width$} rows kept",
            table.table.name(),
            numbers::count(table.rows_kept),
            numbers::count(table.rows_read),
        );
        let whole = table.rows_kept == table.rows_read;
        paragraph.push(
            &format!("{} {kept}", if whole { "✓" } else { "!" }),
            if whole { theme.good } else { theme.warning },
        );
        // Two of a kind are told apart by their files.
        if report.tables.iter().filter(|other| other.table == table.table).count() > 1 {
            paragraph.push_indented(2, &format!("from {}", table.file), theme.dim);
        }
        for aside in &table.set_aside {
            paragraph.push_indented(
                2,
                &format!("{:>kept_width$}  {}", numbers::count(aside.rows), reason(aside.reason)),
                theme.text,
            );
        }
    }
    if report.tables.is_empty() {
        paragraph.push("No table was found.", theme.bad);
    }
    if set_aside(report) == 0 && report.findings.is_empty() {
        paragraph.blank();
        paragraph.push("Nothing was set aside and nothing stands out.", theme.dim);
    }
    let mut findings: Vec<_> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        let gravity = match finding.severity {
            Severity::Info => Gravity::Info,
            Severity::Warning => Gravity::Warning,
            Severity::Error => Gravity::Bad,
        };
        paragraph.blank();
        paragraph.push(&format!("{} {}", gravity.glyph(), finding.message), gravity.style(theme));
        paragraph.push_indented(2, &finding.remedy, theme.dim);
    }
    let last_day = summary.last_day;
    if summary.first_day < last_day && last_day.saturating_add(OLD.days()) < shared.setup.started.date() {
        paragraph.blank();
        let line = format!(
            "{} The data end on {}: days are counted up to then, not up to today.",
            Gravity::Info.glyph(),
            last_day.strftime("%-d %B %Y")
        );
        paragraph.push(&line, Gravity::Info.style(theme));
        paragraph.push_indented(2, "Export the files again where the shop is still selling.", theme.dim);
    }
    if let Some(unnamed) = &shared.setup.unnamed_brand {
        paragraph.blank();
        let line = format!("{} {}", Gravity::Warning.glyph(), unnamed.message);
        paragraph.push(&line, Gravity::Warning.style(theme));
        let key = shared.keymap.shown(Action::NameShop);
        paragraph.push_indented(2, &format!("{key} names it here. {}", unnamed.remedy), theme.dim);
    }
    paragraph.draw(canvas, area, &screen.health, HEALTH);
}

fn next(screen: &Overview, shared: &Shared, steps: &[Step], area: Rect, canvas: &mut Canvas<'_>) {
    let mut list = screen.steps.clone();
    list.set_len(steps.len());
    let sight = list.sight(usize::from(area.height));
    let first = sight.start;
    let theme = canvas.theme;
    for row in sight {
        let y = area.y + (row - first) as u16;
        let line = Rect { y, height: 1, ..area };
        canvas.region(line, Hit::Row { list: STEPS, index: row });
        let key = shared.keymap.shown(steps[row].action);
        let selected = list.selected() == Some(row) && !screen.on_health;
        canvas.pieces(
            area.x,
            y,
            area.width,
            &[
                (if selected { "▸ " } else { "  " }, theme.accent),
                (&format!("{key:<2}"), theme.accent),
                ("· ", theme.dim),
                (&steps[row].sentence, theme.text),
            ],
        );
        if selected {
            canvas.style(line, theme.selection);
        }
    }
}
