//! Bars of eighths: a share of the width.

use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;
use crate::tui::numbers;

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar on one row, filled to `share` (0..=1) of `width` columns.
pub fn bar(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, share: f64) {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let mut eighths = (share * f64::from(width) * 8.0).round() as usize;
    if share > 0.0 {
        eighths = eighths.max(1);
    }
    let full = "█".repeat(eighths / 8);
    let theme = canvas.theme;
    let used = canvas.text(x, y, width, &full, theme.bar);
    let used = used + canvas.text(x + used, y, width - used, EIGHTHS[eighths % 8], theme.bar);
    canvas.text(x + used, y, width - used, &"·".repeat(usize::from(width - used)), theme.rest);
}

/// A bar with its percentage on the right.
pub fn gauge(canvas: &mut Canvas<'_>, area: Rect, share: f64) {
    let label = format!(" {:>6}", numbers::percent(share));
    let room = area.width.saturating_sub(label.len() as u16);
    bar(canvas, area.x, area.y, room, share);
    let style = canvas.theme.strong;
    canvas.text(area.x + room, area.y, area.width - room, &label, style);
}
