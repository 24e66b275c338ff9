//! A table of any length: only the rows in sight are formatted.

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::List;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Columns that a column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    Fixed(u16),
    /// At least this many, and a part of what is left.
    Fill(u16),
}

#[derive(Clone, Debug)]
pub struct Column {
    pub title: Cow<'static, str>,
    pub width: Width,
    pub align: Align,
    /// Left out first where there is little room: the largest goes first, 0 stays always.
    pub spare: u8,
}

impl Column {
    #[must_use]
    pub fn new(title: impl Into<Cow<'static, str>>, width: Width, align: Align, spare: u8) -> Self {
        Self { title: title.into(), width, align, spare }
    }
}

/// What stands in a cell.
pub struct Cell {
    pub text: String,
    /// Ordinary text without it.
    pub style: Option<Style>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, style: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), style: None }
    }
}

impl Cell {
    #[must_use]
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style: Some(style) }
    }
}

/// How a table is drawn.
pub struct Table<'a> {
    pub columns: &'a [Column],
    pub list: &'a List,
    /// The number by which its regions name it.
    pub id: u8,
    pub focused: bool,
}

impl Table<'_> {
    /// Draws the heading and the rows in sight; `cell` makes the text of a row (index in the list) and column.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, cell: impl Fn(usize, usize) -> Cell) {
        if area.height == 0 || area.width < 3 {
            return;
        }
        canvas.region(area, Hit::List(self.id));
        // The bar that says where in the list one is has its own columns.
        let bar = if self.scrolls(area.height - 1, area.width) { 2 } else { 0 };
        let shown = self.layout(area.width - 2 - bar);
        let theme = canvas.theme;
        let mut x = area.x + 2;
        for &(index, width) in &shown {
            let column = &self.columns[index];
            let head = Rect { x, width, height: 1, ..area };
            canvas.region(head, Hit::Head { list: self.id, column: index });
            place(canvas, x, area.y, width, column.align, &column.title, theme.dim);
            x += width + 1;
        }
        let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let sight = self.list.sight(usize::from(body.height));
        let first = sight.start;
        for row in sight {
            let y = body.y + (row - first) as u16;
            let line = Rect { y, height: 1, ..body };
            let selected = self.list.selected() == Some(row);
            canvas.region(line, Hit::Row { list: self.id, index: row });
            let mut x = area.x + 2;
            for &(index, width) in &shown {
                let cell = cell(row, index);
                place(
                    canvas,
                    x,
                    y,
                    width,
                    self.columns[index].align,
                    &cell.text,
                    cell.style.unwrap_or(theme.text),
                );
                x += width + 1;
            }
            if selected {
                let style = if self.focused { theme.selection } else { theme.strong };
                canvas.style(line, style);
                canvas.text(area.x, y, 1, "▸", if self.focused { theme.selection } else { theme.accent });
            }
        }
        self.scrollbar(canvas, body, first);
    }

    /// Columns that fit, with their widths.
    fn layout(&self, width: u16) -> Vec<(usize, u16)> {
        let least = |column: &Column| match column.width {
            Width::Fixed(width) | Width::Fill(width) => width,
        };
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let need = |shown: &[usize]| -> u16 {
            shown.iter().map(|&index| least(&self.columns[index]) + 1).sum::<u16>().saturating_sub(1)
        };
        while need(&shown) > width {
            let Some(spare) = shown
                .iter()
                .copied()
                .filter(|&index| self.columns[index].spare > 0)
                .max_by_key(|&index| (self.columns[index].spare, index))
            else {
                break;
            };
            shown.retain(|&index| index != spare);
        }
        let left = width.saturating_sub(need(&shown));
        let fills =
            shown.iter().filter(|&&index| matches!(self.columns[index].width, Width::Fill(_))).count() as u16;
        let mut widths: Vec<(usize, u16)> = Vec::new();
        let mut given = 0;
        let mut room = width;
        for index in shown {
            let column = &self.columns[index];
            let mut own = least(column);
            if matches!(column.width, Width::Fill(_)) {
                given += 1;
                own += left * given / fills - left * (given - 1) / fills;
            }
            let own = own.min(room);
            if own == 0 {
                break;
            }
            widths.push((index, own));
            room = room.saturating_sub(own + 1);
        }
        widths
    }

    /// Whether there are more rows than fit, and room to show it.
    fn scrolls(&self, height: u16, width: u16) -> bool {
        self.list.len() > usize::from(height) && height >= 3 && width >= 20
    }

    /// Where in the list the rows are, on the right edge.
    fn scrollbar(&self, canvas: &mut Canvas<'_>, body: Rect, first: usize) {
        let height = usize::from(body.height);
        let len = self.list.len();
        if !self.scrolls(body.height, body.width) {
            return;
        }
        let thumb = (height * height / len).max(1);
        let start = first * (height - thumb) / (len - height).max(1);
        let theme = canvas.theme;
        for row in 0..height {
            let inside = (start..start + thumb).contains(&row);
            let (glyph, style) = if inside { ("┃", theme.dim) } else { ("│", theme.rest) };
            canvas.text(body.right() - 1, body.y + row as u16, 1, glyph, style);
        }
    }
}

fn place(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, align: Align, content: &str, style: Style) {
    let clean = text::clean(content);
    match align {
        Align::Left => canvas.text(x, y, width, &clean, style),
        Align::Right => canvas.text(x, y, width, &text::right(&clean, usize::from(width)), style),
    };
}
