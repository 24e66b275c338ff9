//! A voice's page: whether it does better, figures and texts before and after, and what it was learnt from.

use std::cmp::Ordering;

use ratatui::style::Style;

use super::asking::{not_beside, rates};
use crate::own_voice::{Report, SideBySide, Standing, Version, name_of, words};
use crate::tui::app::Shared;
use crate::tui::keymap::Action;
use crate::tui::theme::Theme;
use crate::tui::widgets::Rich;
use crate::tui::work::Known;
use crate::tui::{numbers, text};

/// Columns of a figure in the table.
const FIGURE: usize = 11;
/// The least columns in which two texts stand side by side, and the gap between them.
const BESIDE: u16 = 62;
const GAP: usize = 3;

/// The page at a width.
pub(super) fn page(version: &Version, known: &Known, shared: &Shared, width: u16, theme: &Theme) -> Rich {
    let report = &version.report;
    let mut rich = Rich::default();
    verdict(report, theme, &mut rich);
    standing(version, known, shared, theme, &mut rich);
    if let Some(note) = not_beside(version, known, shared) {
        rich.spans(0, vec![("! ".into(), theme.warning), (note, theme.text)]);
    }
    rich.blank();
    table(report, width, theme, &mut rich);
    for (number, pair) in report.side_by_side.iter().enumerate() {
        rich.blank();
        let number = format!("{} of {}  ", number + 1, report.side_by_side.len());
        rich.spans(0, vec![(number, theme.dim), (pair.strategy.clone(), theme.accent)]);
        if width >= BESIDE {
            beside(pair, width, theme, &mut rich);
        } else {
            stacked(pair, theme, &mut rich);
        }
    }
    rich.blank();
    origin(report, shared, theme, &mut rich);
    rich
}

/// Whether it does better than what was there before.
fn verdict(report: &Report, theme: &Theme, rich: &mut Rich) {
    let (better, words) = words::verdict(report);
    let (sign, style) = match better {
        Ordering::Greater => ("▲", theme.good),
        Ordering::Less => ("▼", theme.bad),
        Ordering::Equal => ("=", theme.text),
    };
    rich.spans(0, vec![(format!("{sign} "), style), (words, theme.strong)]);
}

/// Whether it is in use, and the key that changes that.
fn standing(version: &Version, known: &Known, shared: &Shared, theme: &Theme, rich: &mut Rich) {
    let (sign, style) = mark(version.standing, theme);
    let key = |action| shared.keymap.shown(action);
    let words = match version.standing {
        Standing::Proposed => {
            format!("Proposed, nothing is written with it: {} accepts it", key(Action::AcceptVoice))
        }
        Standing::Earlier => format!("It was in use: {} accepts it again", key(Action::AcceptVoice)),
        Standing::InUse => {
            let to = known.before.map_or_else(|| "what came with the program".into(), name_of);
            format!("In use: {} goes back to {to}", key(Action::VoiceBack))
        }
    };
    rich.spans(0, vec![(format!("{sign} "), style), (words, theme.text)]);
}

/// Sign and colour of where a voice stands.
pub(super) fn mark(standing: Standing, theme: &Theme) -> (&'static str, Style) {
    match standing {
        Standing::Proposed => ("○", theme.accent),
        Standing::InUse => ("●", theme.good),
        Standing::Earlier => ("·", theme.dim),
    }
}

/// Figures before and after, one below the other; below their names where there is no room beside them.
fn table(report: &Report, width: u16, theme: &Theme, rich: &mut Rich) {
    let rows = words::compared(report);
    let widest = rows.iter().map(|[name, ..]| text::width(name)).max().unwrap_or(0);
    let changed = |before: &str, after: &str| if before == after { theme.text } else { theme.strong };
    if widest + 2 * FIGURE > usize::from(width) {
        for [label, before, after] in rows {
            let style = changed(&before, &after);
            rich.line(&label, theme.dim);
            rich.spans(2, vec![(format!("{before} → "), theme.text), (after, style)]);
        }
        return;
    }
    let figure = |words: &str| text::right(words, FIGURE);
    let head = format!("{}{}{}", text::left("", widest), figure("before"), figure("after"));
    rich.line(&head, theme.dim);
    for [label, before, after] in &rows {
        let figures = [(figure(before), theme.text), (figure(after), changed(before, after))];
        rich.spans(0, [(text::left(label, widest), theme.text)].into_iter().chain(figures).collect());
    }
}

/// Two texts side by side.
fn beside(pair: &SideBySide, width: u16, theme: &Theme, rich: &mut Rich) {
    let column = (usize::from(width) - GAP) / 2;
    let fold = |content: &str| -> Vec<String> {
        text::clean_lines(content.trim()).flat_map(|line| text::wrap(&line, column)).collect()
    };
    let (left, right) = (fold(&pair.before), fold(&pair.after));
    let [before, after] = words::labels(pair);
    rich.line(
        &format!("{} │ {}", text::left(before, column), text::left(after, column).trim_end()),
        theme.dim,
    );
    let empty = String::new();
    for row in 0..left.len().max(right.len()) {
        let cell = |lines: &[String]| lines.get(row).unwrap_or(&empty).clone();
        rich.spans(
            0,
            vec![
                (text::left(&cell(&left), column), theme.dim),
                (" │ ".into(), theme.rest),
                (cell(&right), theme.text),
            ],
        );
    }
}

/// Two texts one below the other.
fn stacked(pair: &SideBySide, theme: &Theme, rich: &mut Rich) {
    let [before, after] = words::labels(pair);
    rich.line(before, theme.dim);
    rich.spans(2, vec![(pair.before.trim().to_owned(), theme.dim)]);
    rich.line(after, theme.dim);
    rich.spans(2, vec![(pair.after.trim().to_owned(), theme.text)]);
}

/// What it was learnt from, by whom, and how the learning went.
fn origin(report: &Report, shared: &Shared, theme: &Theme, rich: &mut Rich) {
    let counts = &report.learnt_from;
    let pairs = if counts.preferences_used {
        format!(" and {}", numbers::counted(counts.pairs(), "pair"))
    } else {
        String::new()
    };
    rich.line("How it was learnt", theme.accent);
    rich.line(&format!("{} by {}", when(report.learnt_at, shared), report.by), theme.text);
    rich.line(
        &format!(
            "From {}{pairs}, with {} of the house beside; {}, for {}",
            numbers::counted(counts.texts(), "lesson"),
            numbers::counted(counts.house, "example"),
            words::began(report),
            report.base.name
        ),
        theme.text,
    );
    // Where it went on after its last step nobody knows how long it took.
    let took = std::time::Duration::from_secs_f64(report.seconds.clamp(0.0, 1e9));
    let took = if took.is_zero() { String::new() } else { format!(" in {}", numbers::duration(took)) };
    rich.line(
        &format!(
            "{}{took}; what it was after step {} is kept{}",
            numbers::counted(report.steps, "step"),
            report.best_step,
            looks(report)
        ),
        theme.text,
    );
    if let Some(words) = words::no_better(report) {
        rich.line(&format!("! {words}"), theme.warning);
    }
}

/// Loss of what was kept for judging: at the beginning, and of what is kept.
fn looks(report: &Report) -> String {
    let at = |step: usize| report.losses.iter().find(|look| look.step == step).and_then(|look| look.held_out);
    let first = report.losses.first().and_then(|look| look.held_out);
    match (first, at(report.best_step)) {
        (Some(first), Some(best)) => {
            format!(" (loss of lessons that it did not see: {first:.2} → {best:.2})")
        }
        _ => String::new(),
    }
}

/// A time in the zone of the window.
pub(super) fn when(at: i64, shared: &Shared) -> String {
    let zone = shared.setup.started.time_zone().clone();
    let Ok(at) = jiff::Timestamp::from_millisecond(at) else { return "at an unknown time".into() };
    at.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The comparison as plain text, for the clipboard.
pub(super) fn text(version: &Version) -> String {
    let (before, after) = rates(version);
    let mut lines = vec![format!(
        "{}: {after} of its drafts are the model's own and break no rule, {before} before",
        name_of(version.number)
    )];
    for [name, before, after] in words::compared(&version.report) {
        lines.push(format!("{name}\t{before}\t{after}"));
    }
    for pair in &version.report.side_by_side {
        lines.push(format!(
            "\n{}\n{}:\n{}\n{}:\n{}",
            pair.strategy,
            words::labels(pair)[0],
            pair.before.trim(),
            words::labels(pair)[1],
            pair.after.trim()
        ));
    }
    lines.join("\n")
}
