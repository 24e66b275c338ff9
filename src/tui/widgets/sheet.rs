//! Lines of facts, bars and sparklines under headings, scrolled together.

use ratatui::layout::Rect;

use super::{Scroll, bar, lean, sparkline};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::{numbers, text};

/// A line of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    Heading(String),
    Text(String),
    /// A label, a value that is worth a look, and what it is.
    Fact {
        label: String,
        value: String,
        note: String,
    },
    /// A label and a text after it, both on the left.
    Entry {
        label: String,
        text: String,
    },
    /// A share (0..=1) as a bar, its percentage, and a value beside it.
    Bar {
        label: String,
        share: f64,
        value: String,
    },
    /// A value against another: how far it leans to less or more (-1..=1), and that in a word.
    Lean {
        label: String,
        value: String,
        share: f64,
        word: String,
    },
    /// How something went, on one row.
    Spark {
        values: Vec<f64>,
        note: String,
    },
}

impl Line {
    /// A share with no value beside it.
    #[must_use]
    pub fn bar(label: impl Into<String>, share: f64) -> Self {
        Self::Bar { label: label.into(), share, value: String::new() }
    }

    #[must_use]
    pub fn entry(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Entry { label: label.into(), text: text.into() }
    }

    #[must_use]
    pub fn fact(label: impl Into<String>, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self::Fact { label: label.into(), value: value.into(), note: note.into() }
    }
}

/// How the lines are drawn.
pub struct Sheet<'a> {
    pub lines: &'a [Line],
    pub scroll: &'a Scroll,
    /// The number by which its region names it.
    pub id: u8,
}

impl Sheet<'_> {
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        canvas.region(area, Hit::List(self.id));
        let entry = self
            .lines
            .iter()
            .filter_map(
                |line| if let Line::Entry { label, .. } = line { Some(text::width(label)) } else { None },
            )
            .max()
            .unwrap_or(0) as u16;
        // Each heading but the first stands below a blank row; long texts take several rows.
        let mut rows: Vec<Line> = Vec::new();
        for line in self.lines {
            match line {
                Line::Heading(_) if !rows.is_empty() => {
                    rows.push(Line::Text(String::new()));
                    rows.push(line.clone());
                }
                Line::Entry { label, text: content } => {
                    let room = usize::from(area.width.saturating_sub(entry + 2)).max(8);
                    for (index, piece) in text::wrap(&text::clean(content), room).into_iter().enumerate() {
                        let label = if index == 0 { label.clone() } else { String::new() };
                        rows.push(Line::Entry { label, text: piece });
                    }
                }
                Line::Text(content) => {
                    let wrapped = text::wrap(&text::clean(content), usize::from(area.width));
                    rows.extend(wrapped.into_iter().map(Line::Text));
                }
                _ => rows.push(line.clone()),
            }
        }
        let widest = |part: fn(&Line) -> Option<&str>| {
            rows.iter().filter_map(part).map(text::width).max().unwrap_or(0) as u16
        };
        let label = widest(|line| match line {
            Line::Bar { label, .. } | Line::Fact { label, .. } | Line::Lean { label, .. } => Some(label),
            _ => None,
        })
        .min(area.width / 2);
        let beside = widest(|line| if let Line::Bar { value, .. } = line { Some(value) } else { None });
        let leaning = widest(|line| if let Line::Lean { value, .. } = line { Some(value) } else { None });
        let word = widest(|line| if let Line::Lean { word, .. } = line { Some(word) } else { None });
        let fact = widest(|line| if let Line::Fact { value, .. } = line { Some(value) } else { None })
            .min(area.width.saturating_sub(label + 1));
        let top = self.scroll.sight(rows.len(), usize::from(area.height));
        let theme = canvas.theme;
        for (index, line) in rows.iter().skip(top).take(usize::from(area.height)).enumerate() {
            let y = area.y + index as u16;
            match line {
                Line::Heading(content) => {
                    canvas.text(area.x, y, area.width, content, theme.accent);
                }
                Line::Text(content) => {
                    canvas.text(area.x, y, area.width, content, theme.text);
                }
                Line::Fact { label: name, value, note } => {
                    canvas.text(area.x, y, label, name, theme.dim);
                    canvas.text_right(area.x + label + 1, y, fact, value, theme.strong);
                    let after = label + fact + 2;
                    let room = area.width.saturating_sub(after);
                    // Where "days ago" has no room, "days" says enough; "of" would not.
                    let whole = text::width(note) <= usize::from(room);
                    let first = note.split(' ').next().filter(|first| *first != "of").unwrap_or("");
                    let note = if whole { note } else { first };
                    if text::width(note) <= usize::from(room) {
                        canvas.text(area.x + after, y, room, note, theme.dim);
                    }
                }
                Line::Entry { label: name, text } => {
                    canvas.text(area.x, y, entry, name, theme.dim);
                    let after = entry + 2;
                    canvas.text(area.x + after, y, area.width.saturating_sub(after), text, theme.text);
                }
                Line::Bar { label: name, share, value } => {
                    canvas.text(area.x, y, label, name, theme.text);
                    let percent = numbers::percent(*share);
                    let tail = beside + u16::from(beside > 0) * 2 + 8;
                    let room = area.width.saturating_sub(label + 2 + tail).min(40);
                    let x = area.x + label + 2;
                    bar(canvas, x, y, room, *share);
                    canvas.text_right(x + room, y, 8, &percent, theme.strong);
                    canvas.text_right(x + room + 8, y, tail.saturating_sub(8), value, theme.dim);
                }
                Line::Lean { label: name, value, share, word: said } => {
                    canvas.text(area.x, y, label, name, theme.text);
                    let x = area.x + label + 1;
                    canvas.text_right(x, y, leaning, value, theme.strong);
                    let x = x + leaning + 1;
                    let room = area.right().saturating_sub(x + word + 1).min(40);
                    lean(canvas, x, y, room, *share);
                    canvas.text_right(x + room, y, word + 1, said, theme.text);
                }
                Line::Spark { values, note } => {
                    let note_width = (text::width(note) as u16 + 2).min(area.width * 3 / 5);
                    let room = area.width - note_width;
                    sparkline(canvas, area.x, y, room.min(72), 1, values);
                    let drawn =
                        (room.min(72) / (values.len().max(1) as u16)).clamp(1, 4) * values.len() as u16;
                    let x = area.x + drawn.min(room) + 2;
                    canvas.text(x, y, area.right().saturating_sub(x), note, theme.dim);
                }
            }
        }
        let more = rows.len().saturating_sub(top + usize::from(area.height));
        if more > 0 && area.height > 3 && area.width > 14 {
            let note = format!(" ↓ {more} more ");
            canvas.text_right(area.x, area.bottom(), area.width, &note, theme.dim);
        }
    }
}
