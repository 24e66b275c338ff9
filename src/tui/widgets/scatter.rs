//! Points of several groups on a braille grid; a letter marks the middle of each group.

use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;

/// A point; `group` picks the colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub group: usize,
    pub x: f64,
    pub y: f64,
}

/// Draws points, scaled to the area; `letters` names the groups, `highlight` one of them: the others are
/// drawn dim. A cell takes the colour of the group that has most points in it.
pub fn scatter(
    canvas: &mut Canvas<'_>,
    area: Rect,
    dots: &[Dot],
    letters: &[&str],
    highlight: Option<usize>,
) {
    if area.is_empty() || dots.is_empty() {
        return;
    }
    let finite = || dots.iter().filter(|dot| dot.x.is_finite() && dot.y.is_finite());
    let range = |value: fn(&Dot) -> f64| {
        let (low, high) = finite()
            .map(value)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        (low, if high > low { high - low } else { 1.0 })
    };
    let ((left, wide), (low, high)) = (range(|dot| dot.x), range(|dot| dot.y));
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let place = |dot: &Dot| {
        let x = ((dot.x - left) / wide * (columns * 2 - 1) as f64).round() as usize;
        let y = ((1.0 - (dot.y - low) / high) * (rows * 4 - 1) as f64).round() as usize;
        (x.min(columns * 2 - 1), y.min(rows * 4 - 1))
    };
    let groups = finite().map(|dot| dot.group + 1).max().unwrap_or(0);
    let mut marks = vec![0_u8; columns * rows];
    let mut votes = vec![0_u16; columns * rows * groups];
    let mut middles = vec![(0.0, 0.0, 0_usize); groups];
    for dot in finite() {
        let (x, y) = place(dot);
        let cell = y / 4 * columns + x / 2;
        // Unicode numbers the dots 1 2 3 7 down the left column and 4 5 6 8 down the right one.
        marks[cell] |= [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]][x % 2][y % 4];
        let weight = if highlight == Some(dot.group) { 100 } else { 1 };
        let vote = &mut votes[cell * groups + dot.group];
        *vote = vote.saturating_add(weight);
        let middle = &mut middles[dot.group];
        *middle = (middle.0 + dot.x, middle.1 + dot.y, middle.2 + 1);
    }
    let theme = canvas.theme;
    let style_of = |group: usize| {
        let style = theme.series[group % theme.series.len()];
        if highlight.is_some_and(|chosen| chosen != group) { theme.dim } else { style }
    };
    for (cell, mark) in marks.iter().enumerate().filter(|(_, mark)| **mark != 0) {
        let here = &votes[cell * groups..(cell + 1) * groups];
        let group = (0..groups).max_by_key(|&group| (here[group], std::cmp::Reverse(group))).unwrap_or(0);
        let glyph = char::from_u32(0x2800 + u32::from(*mark)).unwrap_or('·');
        let (x, y) = (area.x + (cell % columns) as u16, area.y + (cell / columns) as u16);
        canvas.text(x, y, 1, glyph.encode_utf8(&mut [0; 4]), style_of(group));
    }
    for (group, (x, y, number)) in middles.iter().enumerate().filter(|(_, middle)| middle.2 > 0) {
        let dot = Dot { group, x: x / *number as f64, y: y / *number as f64 };
        let (x, y) = place(&dot);
        let letter = letters.get(group).copied().unwrap_or("?");
        let style = style_of(group).patch(theme.strong);
        canvas.text(area.x + (x / 2) as u16, area.y + (y / 4) as u16, 2, letter, style);
    }
}
