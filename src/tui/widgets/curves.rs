//! Curves over steps on a braille grid, with the ends of both scales; signs of their own tell two curves apart where no
//! colour does.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::canvas::Canvas;

/// Columns of the numbers on the left, and of the line beside them.
const LABEL: u16 = 6;

/// One curve.
pub struct Curve<'a> {
    /// From the left to the right.
    pub points: &'a [(f64, f64)],
    pub style: Style,
    /// Stands at each point; without one a line joins the points.
    pub sign: Option<&'static str>,
}

/// Draws curves on one scale; `most` is the right end, the left one is 0. Nothing is drawn in fewer than four rows.
pub fn curves(canvas: &mut Canvas<'_>, area: Rect, all: &[Curve<'_>], most: f64) {
    let values = || all.iter().flat_map(|curve| curve.points).filter(|point| point.1.is_finite());
    if area.height < 4 || area.width < LABEL + 12 || values().next().is_none() {
        return;
    }
    let (low, high) =
        values().fold((f64::MAX, f64::MIN), |(low, high), (_, value)| (low.min(*value), high.max(*value)));
    // One value alone stands in the middle.
    let room = if high - low < 1e-6 { 0.5 } else { 0.0 };
    let grid = Grid {
        area: Rect { x: area.x + LABEL, width: area.width - LABEL, height: area.height - 1, ..area },
        most: most.max(1.0),
        low: low - room,
        high: high + room,
    };
    let theme = canvas.theme;
    let bottom = grid.area.bottom() - 1;
    for y in area.y..=bottom {
        canvas.text(area.x + LABEL - 1, y, 1, "│", theme.rest);
    }
    canvas.text_right(area.x, area.y, LABEL - 1, &format!("{:.2}", grid.high), theme.dim);
    canvas.text_right(area.x, bottom, LABEL - 1, &format!("{:.2}", grid.low), theme.dim);
    canvas.text(grid.area.x, bottom + 1, 1, "0", theme.dim);
    canvas.text_right(grid.area.x, bottom + 1, grid.area.width, &format!("{most:.0}"), theme.dim);
    for curve in all.iter().filter(|curve| curve.sign.is_none()) {
        grid.line(canvas, curve);
    }
    for curve in all {
        let Some(sign) = curve.sign else { continue };
        for point in curve.points.iter().filter(|point| point.1.is_finite()) {
            let (x, y) = grid.place(*point);
            canvas.text(grid.area.x + (x / 2) as u16, grid.area.y + (y / 4) as u16, 1, sign, curve.style);
        }
    }
}

struct Grid {
    area: Rect,
    most: f64,
    low: f64,
    high: f64,
}

impl Grid {
    /// The dot of a point, counted from the upper left: two in a column, four in a row.
    fn place(&self, (x, y): (f64, f64)) -> (usize, usize) {
        let dot = |share: f64, dots: u16| (share.clamp(0.0, 1.0) * f64::from(dots - 1)).round() as usize;
        let down = (self.high - y) / (self.high - self.low);
        (dot(x / self.most, self.area.width * 2), dot(down, self.area.height * 4))
    }

    fn line(&self, canvas: &mut Canvas<'_>, curve: &Curve<'_>) {
        let (columns, rows) = (usize::from(self.area.width), usize::from(self.area.height));
        let mut marks = vec![0_u8; columns * rows];
        let mut mark = |x: usize, y: usize| {
            // Unicode numbers the dots 1 2 3 7 down the left column and 4 5 6 8 down the right one.
            marks[y / 4 * columns + x / 2] |=
                [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]][x % 2][y % 4];
        };
        let mut last: Option<(usize, usize)> = None;
        for point in curve.points.iter().filter(|point| point.1.is_finite()) {
            let (x, y) = self.place(*point);
            let (from_x, from_y) = last.unwrap_or((x, y));
            let dots = x.abs_diff(from_x).max(y.abs_diff(from_y)).max(1);
            for dot in 0..=dots {
                let between = |from: usize, to: usize| {
                    (from as f64 + (to as f64 - from as f64) * dot as f64 / dots as f64).round() as usize
                };
                mark(between(from_x, x), between(from_y, y));
            }
            last = Some((x, y));
        }
        for (cell, mark) in marks.iter().enumerate().filter(|(_, mark)| **mark != 0) {
            let glyph = char::from_u32(0x2800 + u32::from(*mark)).unwrap_or('·');
            let (x, y) = (self.area.x + (cell % columns) as u16, self.area.y + (cell / columns) as u16);
            canvas.text(x, y, 1, glyph.encode_utf8(&mut [0; 4]), curve.style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_scales_are_the_corners_of_the_grid() {
        let grid = Grid { area: Rect::new(0, 0, 10, 5), most: 60.0, low: 1.0, high: 3.0 };
        assert_eq!(grid.place((0.0, 3.0)), (0, 0));
        assert_eq!(grid.place((60.0, 1.0)), (19, 19));
        assert_eq!(grid.place((90.0, 9.0)), (19, 0), "what lies outside stands on the edge");
    }
}
