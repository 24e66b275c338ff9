//! A bar from the middle: left for less, right for more.

use crate::tui::canvas::Canvas;

/// Draws it on one row; `share` is -1..=1. Nothing is drawn in fewer than five columns.
pub fn lean(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, share: f64) {
    if width < 5 {
        return;
    }
    let half = (width - 1) / 2;
    let theme = canvas.theme;
    canvas.text(x, y, width, &"·".repeat(usize::from(half * 2 + 1)), theme.rest);
    canvas.text(x + half, y, 1, "│", theme.dim);
    let full = ((share.clamp(-1.0, 1.0).abs() * f64::from(half)).round() as u16).min(half);
    let blocks = "█".repeat(usize::from(full));
    let start = if share < 0.0 { x + half - full } else { x + half + 1 };
    canvas.text(start, y, full, &blocks, theme.bar);
}
