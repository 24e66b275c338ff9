//! Styled text that is wrapped and can be scrolled.

use std::cell::Cell;

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::Mouse;
use crate::tui::text;

/// How far a text is scrolled.
#[derive(Clone, Debug, Default)]
pub struct Scroll {
    top: usize,
    /// Rows of the text and rows in sight, as of the last frame.
    rows: Cell<usize>,
    page: Cell<usize>,
}

impl Scroll {
    pub fn reset(&mut self) {
        self.top = 0;
    }

    /// The first row in sight of a text of `rows` rows, of which `height` are seen.
    #[must_use]
    pub fn sight(&self, rows: usize, height: usize) -> usize {
        self.rows.set(rows);
        self.page.set(height);
        self.top.min(rows.saturating_sub(height))
    }

    /// Moves by rows.
    pub fn step(&mut self, rows: isize) {
        let most = self.rows.get().saturating_sub(self.page.get());
        self.top = self.top.min(most).saturating_add_signed(rows).min(most);
    }

    #[must_use]
    pub fn availability(&self, action: Action) -> Availability {
        match action {
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                Availability::Yes
            }
            _ => Availability::Hidden,
        }
    }

    /// Does a movement; `false` for any other action.
    pub fn act(&mut self, action: Action) -> bool {
        let page = self.page.get().max(2) as isize - 1;
        match action {
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.step(-page),
            Action::PageDown => self.step(page),
            Action::First => self.top = 0,
            Action::Last => self.step(isize::MAX),
            _ => return false,
        }
        true
    }

    pub fn mouse(&mut self, mouse: Mouse) {
        if let Mouse::Scroll(rows) = mouse {
            self.step(isize::from(rows));
        }
    }
}

/// Lines of text, each with its style; a line may have an indent that its continuations keep.
#[derive(Clone, Debug, Default)]
pub struct Paragraph {
    lines: Vec<(u16, String, Style)>,
}

impl Paragraph {
    /// Adds text; each of its lines is wrapped where it is drawn.
    pub fn push(&mut self, content: &str, style: Style) {
        self.push_indented(0, content, style);
    }

    pub fn push_indented(&mut self, indent: u16, content: &str, style: Style) {
        self.lines.extend(text::clean_lines(content).map(|line| (indent, line, style)));
    }

    pub fn blank(&mut self) {
        self.lines.push((0, String::new(), Style::new()));
    }

    /// Draws what is in sight.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, scroll: &Scroll, id: u8) {
        canvas.region(area, Hit::List(id));
        let rows: Vec<(u16, String, Style)> = self
            .lines
            .iter()
            .flat_map(|(indent, line, style)| {
                let indent = (*indent).min(area.width / 2);
                text::wrap(line, usize::from(area.width - indent))
                    .into_iter()
                    .map(move |row| (indent, row, *style))
            })
            .collect();
        let top = scroll.sight(rows.len(), usize::from(area.height));
        for (row, (indent, line, style)) in rows.iter().skip(top).take(usize::from(area.height)).enumerate() {
            canvas.text(area.x + indent, area.y + row as u16, area.width - indent, line, *style);
        }
        let more = rows.len().saturating_sub(top + usize::from(area.height));
        if more > 0 && area.height > 3 && area.width > 14 {
            let note = format!(" ↓ {more} more ");
            let style = canvas.theme.dim;
            canvas.text_right(area.x, area.bottom(), area.width, &note, style);
        }
    }
}
