//! Text whose stretches have styles of their own, wrapped and scrolled.

use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::Scroll;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::text;

/// Stretches of one line, in order.
pub type Spans = Vec<(String, Style)>;

/// Lines of styled stretches.
#[derive(Clone, Debug, Default)]
pub struct Rich {
    lines: Vec<(u16, Spans)>,
}

impl Rich {
    /// Adds a line in one style.
    pub fn line(&mut self, content: &str, style: Style) {
        self.spans(0, vec![(content.to_owned(), style)]);
    }

    /// Adds a line; its continuations keep the indent.
    pub fn spans(&mut self, indent: u16, spans: Spans) {
        let mut line = Vec::new();
        for (content, style) in spans {
            for (index, piece) in text::clean_lines(&content).enumerate() {
                if index > 0 {
                    self.lines.push((indent, std::mem::take(&mut line)));
                }
                line.push((piece, style));
            }
        }
        self.lines.push((indent, line));
    }

    pub fn blank(&mut self) {
        self.lines.push((0, Vec::new()));
    }

    /// Adds the lines of another text.
    pub fn append(&mut self, mut other: Self) {
        self.lines.append(&mut other.lines);
    }

    /// Adds two texts in two columns that take `width` together, with a line of this style between them.
    pub fn side_by_side(&mut self, [left, right]: [&Self; 2], width: u16, line: Style) {
        let room = width.saturating_sub(3) / 2;
        let (left, right) = (left.rows(room), right.rows(room));
        for row in 0..left.len().max(right.len()) {
            let of = |rows: &[(u16, Spans)]| rows.get(row).cloned().unwrap_or_default();
            let (indent, mut spans) = of(&left);
            let used: usize = spans.iter().map(|(content, _)| text::width(content)).sum();
            let blank = usize::from(room - indent).saturating_sub(used);
            spans.push((format!("{} │ ", " ".repeat(blank)), line));
            let (other, others) = of(&right);
            spans.push((" ".repeat(usize::from(other)), line));
            spans.extend(others);
            self.lines.push((indent, spans));
        }
    }

    /// Rows that it takes at a width.
    #[must_use]
    pub fn height(&self, width: u16) -> u16 {
        self.rows(width).len() as u16
    }

    /// Rows of at most `width` columns.
    fn rows(&self, width: u16) -> Vec<(u16, Spans)> {
        let mut rows = Vec::new();
        for (indent, spans) in &self.lines {
            let indent = (*indent).min(width / 2);
            let room = usize::from(width - indent);
            if room == 0 {
                continue;
            }
            let mut row: Spans = Vec::new();
            let mut used = 0;
            for (content, style) in spans {
                for word in text::chunks(content) {
                    let mut word = word;
                    while !word.is_empty() {
                        let columns = text::width(word);
                        if used + columns <= room {
                            push(&mut row, word, *style);
                            used += columns;
                            break;
                        }
                        if used > 0 {
                            rows.push((indent, std::mem::take(&mut row)));
                            used = 0;
                            // A blank at the fold is not drawn.
                            if word.trim().is_empty() {
                                break;
                            }
                            continue;
                        }
                        // A word wider than the room: as much as fits.
                        let mut end = 0;
                        for (start, grapheme) in word.grapheme_indices(true) {
                            if text::width(&word[..start + grapheme.len()]) > room && end > 0 {
                                break;
                            }
                            end = start + grapheme.len();
                        }
                        // A character wider than the room is left out.
                        if text::width(&word[..end]) <= room {
                            push(&mut row, &word[..end], *style);
                            rows.push((indent, std::mem::take(&mut row)));
                        }
                        word = &word[end..];
                    }
                }
            }
            rows.push((indent, row));
        }
        rows
    }

    /// Draws what is in sight.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, scroll: &Scroll, id: u8) {
        canvas.region(area, Hit::List(id));
        let rows = self.rows(area.width);
        let height = usize::from(area.height);
        let top = scroll.sight(rows.len(), height);
        for (row, (indent, spans)) in rows.iter().skip(top).take(height).enumerate() {
            let pieces: Vec<(&str, Style)> =
                spans.iter().map(|(content, style)| (content.as_str(), *style)).collect();
            canvas.pieces(area.x + indent, area.y + row as u16, area.width - indent, &pieces);
        }
        let more = rows.len().saturating_sub(top + height);
        if more > 0 && area.height > 3 && area.width > 14 {
            let note = format!(" ↓ {more} more ");
            let style = canvas.theme.dim;
            canvas.text_right(area.x, area.bottom(), area.width, &note, style);
        }
    }
}

fn push(row: &mut Spans, word: &str, style: Style) {
    match row.last_mut() {
        Some((content, last)) if *last == style => content.push_str(word),
        _ => row.push((word.to_owned(), style)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(rows: &[(u16, Spans)]) -> Vec<String> {
        rows.iter().map(|(_, spans)| spans.iter().map(|(content, _)| content.as_str()).collect()).collect()
    }

    #[test]
    fn stretches_wrap_together() {
        let mut rich = Rich::default();
        rich.spans(
            0,
            vec![
                ("Hello ".into(), Style::new()),
                ("dear friend".into(), Style::new().add_modifier(ratatui::style::Modifier::BOLD)),
            ],
        );
        assert_eq!(plain(&rich.rows(11)), ["Hello dear ", "friend"]);
        let mut dash = Rich::default();
        dash.line("a⸻b", Style::new());
        assert!(plain(&dash.rows(2)).iter().all(|row| text::width(row) <= 2), "no room for three columns");
        assert_eq!(plain(&rich.rows(4)), ["Hell", "o ", "dear", "frie", "nd"]);
    }

    #[test]
    fn two_texts_stand_beside_each_other() {
        let (mut left, mut right, mut both) = (Rich::default(), Rich::default(), Rich::default());
        left.spans(2, vec![("we kept your place".into(), Style::new())]);
        right.line("欢迎回来 again", Style::new());
        right.line("end", Style::new());
        both.side_by_side([&left, &right], 23, Style::new());
        let rows: Vec<String> = plain(&both.rows(23)).iter().map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(rows, ["we kept  │ 欢迎回来", "your     │ again", "place    │ end"]);
        assert!(both.lines.iter().all(|(indent, _)| *indent == 2));
    }

    proptest! {
        #[test]
        fn no_row_is_too_wide(content in "\\PC{0,60}", width in 2_u16..20) {
            let mut rich = Rich::default();
            rich.line(&content, Style::new());
            for row in plain(&rich.rows(width)) {
                prop_assert!(text::width(&row) <= usize::from(width), "{row:?}");
            }
        }
    }
}
