//! Pictures of figures in rows of text: intervals on a scale, a curve, bars of weeks.

use crate::statistics::Interval;

/// Both ends of a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
}

impl Scale {
    /// One that holds all of these; a little wide, so that no end stands on the edge.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        let room = ((high - low) * 0.05).max(1e-9);
        Self { low: low - room, high: high + room }
    }

    /// The column of a value.
    fn place(self, value: f64, width: usize) -> usize {
        let share = (value - self.low) / (self.high - self.low);
        (share.clamp(0.0, 1.0) * (width.saturating_sub(1)) as f64).round() as usize
    }
}

/// An interval with its middle, and a line at zero where the scale has one: `  ├──●───┤  │`.
pub(super) fn interval(width: usize, scale: Scale, middle: f64, ends: Interval) -> String {
    if width == 0 {
        return String::new();
    }
    let mut cells = vec![' '; width];
    let (low, high) = (scale.place(ends.low, width), scale.place(ends.high, width));
    for cell in &mut cells[low..=high] {
        *cell = '─';
    }
    cells[low] = '├';
    cells[high] = '┤';
    if scale.low < 0.0 && scale.high > 0.0 {
        let zero = scale.place(0.0, width);
        cells[zero] = if (low..=high).contains(&zero) { '┼' } else { '│' };
    }
    cells[scale.place(middle, width)] = '●';
    cells.into_iter().collect()
}

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Values as bars of eighths, all against the same top.
pub(super) fn bars(values: &[f64], top: f64) -> String {
    let level = |value: f64| {
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        LEVELS[((share * 8.0).ceil() as usize).clamp(1, 8) - 1]
    };
    values.iter().map(|&value| level(value)).collect()
}

/// A curve from the left to the right in rows, the highest first, with the straight line to its end.
pub(super) fn curve(points: &[[f64; 2]], width: usize, height: usize) -> Vec<String> {
    let Some(&[_, end]) = points.last() else { return Vec::new() };
    if width < 4 || height < 2 {
        return Vec::new();
    }
    let scale = Scale::of(points.iter().map(|point| point[1]).chain([0.0]));
    let row = |value: f64| height - 1 - scale.place(value, height);
    let mut cells = vec![vec![' '; width]; height];
    for cell in &mut cells[row(0.0)] {
        *cell = '─';
    }
    let value_at = |share: f64| {
        let next = points.iter().position(|point| point[0] >= share).unwrap_or(points.len() - 1);
        let ([x, y], [before_x, before_y]) = (points[next], points[next.saturating_sub(1)]);
        if x > before_x {
            before_y + (y - before_y) * ((share - before_x) / (x - before_x)).clamp(0.0, 1.0)
        } else {
            y
        }
    };
    let shares = (0..width).map(|column| column as f64 / (width - 1) as f64);
    for (column, share) in shares.enumerate() {
        cells[row(end * share)][column] = '·';
        cells[row(value_at(share))][column] = '●';
    }
    cells.into_iter().map(|row| row.into_iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_stands_where_its_figures_are() {
        let scale = Scale { low: -1.0, high: 1.0 };
        let drawn = interval(21, scale, 0.5, Interval { low: 0.2, high: 0.8 });
        assert_eq!(drawn, "          │ ├──●──┤  ");
        let across = interval(21, scale, 0.0, Interval { low: -0.5, high: 0.5 });
        assert_eq!(across, "     ├────●────┤     ");
        let over = interval(21, scale, 0.3, Interval { low: -0.5, high: 0.5 });
        assert_eq!(over, "     ├────┼──●─┤     ");
        assert_eq!(interval(0, scale, 0.0, Interval { low: 0.0, high: 0.0 }), "");
    }

    #[test]
    fn a_curve_above_the_straight_line_is_seen_above_it() {
        let drawn = curve(&[[0.0, 0.0], [0.5, 1.0], [1.0, 1.0]], 21, 9);
        let row_of = |column: usize, sign: char| {
            drawn.iter().position(|row| row.chars().nth(column) == Some(sign)).unwrap()
        };
        assert!(row_of(10, '●') < row_of(10, '·'), "{drawn:#?}");
        assert_eq!(drawn[0].chars().last(), Some('●'), "both end at the same place");
        assert_eq!(curve(&[], 20, 8), Vec::<String>::new());
    }

    #[test]
    fn weeks_grow_to_their_common_top() {
        assert_eq!(bars(&[0.0, 0.5, 1.0], 1.0), "▁▄█");
        assert_eq!(bars(&[0.0], 0.0), "▁");
    }
}
