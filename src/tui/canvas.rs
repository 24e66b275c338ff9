//! What a pane draws on: the cells, the theme, and a registry of regions that the mouse can hit.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::keymap::Action;
use super::screens::ScreenId;
use super::text;
use super::theme::Theme;

/// What is under the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    Tab(ScreenId),
    /// A hint, a button: the same as its key.
    Action(Action),
    /// A row of the list that the pane calls `list`.
    Row {
        list: u8,
        index: usize,
    },
    /// The heading of a column of such a list.
    Head {
        list: u8,
        column: usize,
    },
    /// A row of a text, and the column on it.
    Text {
        list: u8,
        row: usize,
        column: u16,
    },
    /// The rest of such a list, for scrolling.
    List(u8),
    /// The ground of the pane in front.
    Pane,
    /// Outside the popup in front.
    Outside,
}

/// Regions of the last frame, in the order in which they were drawn.
#[derive(Clone, Debug, Default)]
pub struct Regions(Vec<(Rect, Hit)>);

impl Regions {
    pub fn add(&mut self, area: Rect, hit: Hit) {
        if !area.is_empty() {
            self.0.push((area, hit));
        }
    }

    /// The region drawn last at that place.
    #[must_use]
    pub fn at(&self, column: u16, row: u16) -> Option<Hit> {
        let position = Position::new(column, row);
        let (area, hit) = self.0.iter().rev().find(|(area, _)| area.contains(position))?;
        Some(match *hit {
            // The region is the whole row: where on it the mouse is, is known only now.
            Hit::Text { list, row, .. } => Hit::Text { list, row, column: column - area.x },
            hit => hit,
        })
    }
}

/// What a pane draws on.
pub struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub theme: &'a Theme,
    pub regions: &'a mut Regions,
    /// Where the terminal's cursor is to stand; hidden without it.
    pub cursor: &'a mut Option<Position>,
}

impl Canvas<'_> {
    /// Writes text on one line, cleaned and cut to `width` columns; returns the columns used. Nothing is
    /// written outside the window.
    pub fn text(&mut self, x: u16, y: u16, width: u16, content: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if width == 0 || x < area.left() || x >= area.right() || y < area.top() || y >= area.bottom() {
            return 0;
        }
        let clean = text::clean(content);
        let cut = text::cut(&clean, usize::from(width.min(area.right() - x)));
        let (end, _) = self.buffer.set_stringn(x, y, &cut, usize::from(width), style);
        end - x
    }

    /// Writes pieces after each other within `width` columns; returns the columns used.
    pub fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) -> u16 {
        let mut used = 0;
        for (content, style) in pieces {
            if used >= width {
                break;
            }
            used += self.text(x + used, y, width - used, content, *style);
        }
        used
    }

    /// Writes text that ends at the right edge of `width` columns.
    pub fn text_right(&mut self, x: u16, y: u16, width: u16, content: &str, style: Style) {
        let clean = text::clean(content);
        let used = (text::width(&clean) as u16).min(width);
        self.text(x + (width - used), y, used, &clean, style);
    }

    /// Lays a style over an area.
    pub fn style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area to the theme's ground.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            // A wide character whose second half is covered would push the row: blank its first half too.
            if area.left() > self.buffer.area.left()
                && let Some(cell) = self.buffer.cell_mut((area.left() - 1, y))
                && text::width(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(self.theme.text);
                }
            }
        }
    }

    /// Draws one of ratatui's own widgets.
    pub fn widget(&mut self, widget: impl Widget, area: Rect) {
        widget.render(area.intersection(self.buffer.area), self.buffer);
    }

    pub fn region(&mut self, area: Rect, hit: Hit) {
        self.regions.add(area, hit);
    }
}
