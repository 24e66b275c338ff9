//! The numbers by which the model chooses its words, above the variants that follow them.

use ratatui::layout::Rect;

use super::super::Strategies;
use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;

/// Columns from which on the meaning of each number stands beside it.
const WIDE: u16 = 74;

/// Draws as many of them as half of the area holds, the selected one among them; returns what is left.
pub(super) fn draw(screen: &Strategies, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) -> Rect {
    let theme = canvas.theme;
    let rows = screen.tuning.rows(&shared.setup.config.writing, shared.host().is_some());
    let sight = rows.len().min(usize::from(area.height / 2).max(1));
    let selected = rows.iter().position(|row| row.selected).unwrap_or(0);
    let top = (selected + 1).saturating_sub(sight);
    let mut y = area.y;
    for row in rows.iter().skip(top).take(sight) {
        let (lead, style) = if row.selected { ("▸ ", theme.strong) } else { ("  ", theme.text) };
        let number = format!("{:<18} {:>6}  ", row.name, row.value);
        let meaning = if area.width >= WIDE { row.meaning } else { "" };
        canvas.pieces(area.x, y, area.width, &[(lead, theme.accent), (&number, style), (meaning, theme.dim)]);
        y += 1;
    }
    let mut below = |line: &str| {
        if y + 4 < area.bottom() {
            canvas.text(area.x + 2, y, area.width.saturating_sub(2), line, theme.dim);
            y += 1;
        }
    };
    if let Some(row) = rows.get(selected).filter(|_| area.width < WIDE) {
        below(row.meaning);
    }
    let key = |action| shared.keymap.shown(action);
    let (less, more, leave) = (key(Action::Left), key(Action::Right), key(Action::Back));
    below(&format!("{less} {more} change it, {leave} leaves; [writing] in the settings keeps it"));
    if y + 4 < area.bottom() {
        y += 1;
    }
    Rect { y, height: area.bottom().saturating_sub(y), ..area }
}
