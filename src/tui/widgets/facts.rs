//! Labels on the left, values right-aligned, their units after them.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::canvas::Canvas;
use crate::tui::text;

/// One line.
pub struct Fact {
    pub label: String,
    pub value: String,
    /// After the value, aligned on the left: "customers", "of revenue".
    pub unit: String,
    pub style: Option<Style>,
}

impl Fact {
    #[must_use]
    pub fn new(label: impl Into<String>, value: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), unit: unit.into(), style: None }
    }
}

/// Draws as many facts as fit; returns the rows used.
pub fn facts(canvas: &mut Canvas<'_>, area: Rect, facts: &[Fact]) -> u16 {
    let widest =
        |part: fn(&Fact) -> &str| facts.iter().map(|fact| text::width(part(fact))).max().unwrap_or(0) as u16;
    let value = widest(|fact| &fact.value).min(area.width);
    let unit = widest(|fact| &fact.unit).min(24);
    let label = widest(|fact| &fact.label).min(area.width.saturating_sub(value + 2));
    let theme = canvas.theme;
    for (row, fact) in facts.iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + row as u16;
        canvas.text(area.x, y, label, &fact.label, theme.dim);
        let start = area.x + label + 2;
        canvas.text_right(start, y, value, &fact.value, fact.style.unwrap_or(theme.strong));
        let after = label + 2 + value + 1;
        canvas.text(area.x + after, y, unit.min(area.width.saturating_sub(after)), &fact.unit, theme.dim);
    }
    facts.len().min(usize::from(area.height)) as u16
}
