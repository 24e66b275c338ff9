//! A row of bars of eighths: how something went over time.

use crate::tui::canvas::Canvas;

const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Values in `width` columns and `height` rows, the bottom row at `y`; the last values where there are more
/// than columns. Values below zero stand as zero, and of one
/// that is not known (NaN) nothing is drawn.
pub fn sparkline(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, height: u16, values: &[f64]) {
    let values = &values[values.len().saturating_sub(usize::from(width))..];
    let top = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    if values.is_empty() || height == 0 {
        return;
    }
    // Few values take several columns each, so that the line fills its room.
    let step = (usize::from(width) / values.len()).clamp(1, 4);
    let style = canvas.theme.bar;
    for (index, value) in values.iter().enumerate() {
        if !value.is_finite() {
            continue;
        }
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        let mut left = (share * f64::from(height) * 8.0).round() as usize;
        if left == 0 {
            left = 1;
        }
        for row in 0..height {
            if left == 0 {
                break;
            }
            let level = left.min(8);
            left -= level;
            // The gap between wide bars keeps months apart.
            let columns = if step > 2 { step - 1 } else { step };
            let bar = LEVELS[level - 1].repeat(columns);
            canvas.text(x + (index * step) as u16, y.saturating_sub(row), columns as u16, &bar, style);
        }
    }
}
