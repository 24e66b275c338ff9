//! The variants as they are written: one under the other, or side by side where the window is wide enough.
//!
//! ```text
//! ▸ 1 ✓ 41/s  We kept your place.      ▸ 1 ✓ 41 tokens/s    2 ━━━━── 38 tokens/s
//!   2 ━━━━── 38/s  There is some       We kept your place.  There is some
//! ```

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::{PREVIEW, Strategies};
use crate::review::{Check, passes};
use crate::tui::canvas::Canvas;
use crate::tui::theme::Theme;
use crate::tui::widgets::{Rich, Scroll, Spans};

/// Columns that a variant takes at least beside the others.
pub(super) const LEAST_WIDTH: u16 = 22;
/// Columns between two.
const GAP: u16 = 2;
/// Columns of the bar that shows how far a variant is.
const BAR: usize = 6;

/// The variant's place, how far it is or whether it keeps the rules, and how fast it is written.
fn head(screen: &Strategies, variant: usize, theme: &Theme) -> Spans {
    let preview = &screen.preview;
    let lead = if variant == screen.variant { "▸" } else { " " };
    let mut spans = vec![(format!("{lead} {} ", variant + 1), theme.accent.patch(theme.strong))];
    match outcome(screen, variant) {
        Some(checks) if passes(checks) => spans.push(("✓ ".into(), theme.good)),
        Some(_) => spans.push(("✗ ".into(), theme.bad)),
        None => {
            let full = (preview.lane(variant).share * BAR as f64).round() as usize;
            spans.push(("━".repeat(full), theme.bar));
            spans.push(("─".repeat(BAR.saturating_sub(full)) + " ", theme.rest));
        }
    }
    spans
}

fn outcome(screen: &Strategies, variant: usize) -> Option<&Vec<Check>> {
    screen.preview.last_draft(variant).map(|draft| &draft.1)
}

/// Tokens a second, with a unit behind it.
fn speed(screen: &Strategies, variant: usize, unit: &str, theme: &Theme) -> Option<(String, Style)> {
    let speed = screen.preview.lane(variant).tokens_per_second?;
    Some((format!("{speed:.0}{unit}"), theme.dim))
}

/// What is written of it so far.
fn text(screen: &Strategies, variant: usize, theme: &Theme) -> (String, Style) {
    let slots = screen.preview.slots(variant);
    let written: Vec<&str> = slots.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    if slots.is_empty() {
        return ("all of it comes from the strategy".into(), theme.dim);
    }
    (written.join(" / "), if variant == screen.variant { theme.strong } else { theme.text })
}

/// What there is to say of it besides.
fn notes(screen: &Strategies, variant: usize, theme: &Theme) -> Spans {
    // Who wrote it says something only where both did.
    let mixed = screen.preview.last_drafts().any(|(_, draft)| !draft.0.is_own_text());
    let draft = screen.preview.last_draft(variant);
    let own = draft.is_some_and(|draft| draft.0.is_own_text());
    let forked = draft.is_some_and(|draft| draft.0.slots.iter().any(|slot| !slot.begun.is_empty()));
    let mut spans = Vec::new();
    if mixed && own {
        spans.push((" (own text)".into(), theme.dim));
    }
    if forked {
        spans.push((" (word chosen)".into(), theme.accent));
    }
    if screen.is_pinned(variant) {
        spans.push((" (pinned)".into(), theme.accent));
    }
    spans
}

fn broken(screen: &Strategies, variant: usize, indent: u16, rich: &mut Rich, theme: &Theme) {
    for check in outcome(screen, variant).into_iter().flatten().filter(|check| !check.ok) {
        rich.spans(indent, vec![(format!("{}: {}", check.rule, check.detail), theme.bad)]);
    }
}

/// A variant under the ones before.
pub(super) fn stacked(screen: &Strategies, variant: usize, rich: &mut Rich, theme: &Theme) {
    let mut line = head(screen, variant, theme);
    line.extend(speed(screen, variant, "/s  ", theme));
    line.push(text(screen, variant, theme));
    line.extend(notes(screen, variant, theme));
    rich.spans(0, line);
    broken(screen, variant, 6, rich, theme);
}

/// All variants side by side; returns the rows that they take, one below them included.
pub(super) fn beside(screen: &Strategies, area: Rect, canvas: &mut Canvas<'_>) -> u16 {
    let count = screen.preview.variants() as u16;
    let width = (area.width - GAP * (count - 1)) / count;
    let lanes: Vec<Rich> = (0..screen.preview.variants())
        .map(|variant| {
            let theme = canvas.theme;
            let mut rich = Rich::default();
            let mut line = head(screen, variant, theme);
            line.extend(speed(screen, variant, " tokens/s", theme));
            rich.spans(0, line);
            rich.spans(0, vec![text(screen, variant, theme)]);
            let mut notes = notes(screen, variant, theme);
            if let Some((first, _)) = notes.first_mut() {
                // On a row of its own.
                *first = first.trim_start().to_owned();
                rich.spans(0, notes);
            }
            broken(screen, variant, 0, &mut rich, theme);
            rich
        })
        .collect();
    let tallest = lanes.iter().map(|lane| lane.height(width)).max().unwrap_or(0);
    let height = tallest.min(area.height.saturating_sub(4));
    for (place, lane) in (0..).zip(&lanes) {
        let x = area.x + place * (width + GAP);
        lane.draw(canvas, Rect { x, width, height, ..area }, &Scroll::default(), PREVIEW);
    }
    (height + 1).min(area.height)
}
