//! A question with a list of answers, each of which is work to be done.

use ratatui::layout::Rect;

use crate::tui::app::{Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Mouse, Pane, Popup};
use crate::tui::text;
use crate::tui::widgets::{Align, Cell, Column, List, Table, Width};
use crate::tui::work::Work;

/// An answer.
pub struct Answer {
    pub label: String,
    /// Beside it: what helps to choose.
    pub note: String,
    pub work: Work,
}

pub struct Choose {
    title: String,
    question: String,
    /// Headings of the answers and of the notes.
    heads: (&'static str, &'static str),
    answers: Vec<Answer>,
    /// The answer that is in force.
    now: Option<usize>,
    list: List,
}

impl Choose {
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        question: impl Into<String>,
        heads: (&'static str, &'static str),
        answers: Vec<Answer>,
        now: Option<usize>,
    ) -> Self {
        let mut list = List::new(answers.len());
        list.select(now.unwrap_or(0));
        Self { title: title.into(), question: question.into(), heads, answers, now, list }
    }

    fn question(&self, width: u16) -> Vec<String> {
        text::wrap(&text::clean(&self.question), usize::from(width))
    }
}

impl Pane for Choose {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Open | Action::Back => Availability::Yes,
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Open => {
                shared.request(Request::Close);
                if let Some(answer) = self.list.selected().and_then(|row| self.answers.get(row)) {
                    shared.start(answer.work.clone());
                }
            }
            Action::Back => shared.request(Request::Close),
            _ => drop(self.list.act(action)),
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        let index = if let Hit::Row { index, .. } = hit { Some(index) } else { None };
        if self.list.mouse(index, mouse) {
            self.act(Action::Open, shared);
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let mut lines = self.question(area.width);
        // The answers come first where there is little room.
        lines.truncate(usize::from(area.height.saturating_sub(5)));
        for (row, line) in lines.iter().enumerate() {
            canvas.text(area.x, area.y + row as u16, area.width, line, theme.text);
        }
        let gap = u16::from(!lines.is_empty() && area.height > lines.len() as u16 + 6);
        let used = lines.len() as u16 + gap;
        let foot = u16::from(area.height > used + 4);
        let body = Rect { y: area.y + used, height: area.height.saturating_sub(used + 2 * foot), ..area };
        let columns = [
            Column::new(self.heads.0, Width::Fill(21), Align::Left, 0),
            Column::new(self.heads.1, Width::Fill(10), Align::Left, 1),
        ];
        let table = Table { columns: &columns, list: &self.list, id: 0, focused: true };
        table.draw(canvas, body, |row, column| {
            let answer = &self.answers[row];
            match column {
                0 if self.now == Some(row) => Cell::styled(format!("● {}", answer.label), theme.accent),
                0 => answer.label.clone().into(),
                _ => Cell::styled(answer.note.clone(), theme.dim),
            }
        });
        if foot > 0 {
            let key = |action| shared.keymap.shown(action);
            let keys = format!("{} takes it, {} does not", key(Action::Open), key(Action::Back));
            let keys = if self.now.is_some() { format!("{keys}; ● in force") } else { keys };
            canvas.text(area.x, area.bottom() - 1, area.width, &keys, theme.dim);
        }
    }
}

impl Popup for Choose {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(72);
        let question = self.question(width.saturating_sub(4)).len();
        (width, (self.answers.len() + question + 6).min(36) as u16)
    }
}
