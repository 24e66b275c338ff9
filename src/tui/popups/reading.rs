//! A text that is too long for its line, to be read in full and copied.

use ratatui::layout::Rect;

use crate::tui::app::{Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Mouse, Pane, Popup};
use crate::tui::text;
use crate::tui::widgets::{Paragraph, Scroll};

pub struct Reading {
    title: String,
    text: String,
    scroll: Scroll,
}

impl Reading {
    #[must_use]
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into(), scroll: Scroll::default() }
    }
}

impl Pane for Reading {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Back | Action::Open | Action::Copy => Availability::Yes,
            _ => self.scroll.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Back | Action::Open => shared.request(Request::Close),
            Action::Copy => shared.copy("the text", self.text.clone()),
            _ => drop(self.scroll.act(action)),
        }
    }

    fn mouse(&mut self, _: Hit, mouse: Mouse, _: &mut Shared) {
        self.scroll.mouse(mouse);
    }

    fn draw(&self, _: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let mut paragraph = Paragraph::default();
        paragraph.push(&self.text, canvas.theme.text);
        paragraph.draw(canvas, area, &self.scroll, 0);
    }
}

impl Popup for Reading {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(80);
        let inside = usize::from(width.saturating_sub(4));
        let rows: usize = text::clean_lines(&self.text).map(|line| text::wrap(&line, inside).len()).sum();
        (width, rows.min(60) as u16 + 2)
    }
}
