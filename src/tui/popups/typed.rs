//! A question of a screen that is answered in a line of text: a name, an address, or the very name of what is about to
//! happen. The screen's [`Pane::answered`] hears what was typed.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::tui::app::{Request, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Pane, Popup};
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{Input, Rich};

/// What may be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Anything but nothing.
    Any,
    /// This alone: nobody types it by a slip.
    Exactly(String),
}

pub struct Typed {
    screen: ScreenId,
    action: Action,
    title: String,
    /// Lines above the answer.
    told: Vec<String>,
    /// What the answer's line asks for.
    asked: String,
    answer: Answer,
    input: Input,
}

impl Typed {
    /// A question; `told` stands above the line, `asked` beside it, `text` in it.
    #[must_use]
    pub fn new(
        (screen, action): (ScreenId, Action),
        title: impl Into<String>,
        told: Vec<String>,
        asked: impl Into<String>,
        text: impl Into<String>,
        answer: Answer,
    ) -> Self {
        let (title, asked) = (title.into(), asked.into());
        Self { screen, action, title, told, asked, answer, input: Input::new(text) }
    }

    fn text(&self) -> &str {
        self.input.text().trim()
    }

    fn rich(&self, theme: &crate::tui::theme::Theme) -> Rich {
        let mut rich = Rich::default();
        for line in &self.told {
            rich.line(line, theme.text);
        }
        if !self.told.is_empty() {
            rich.blank();
        }
        rich.line(&self.asked, theme.accent);
        rich
    }
}

impl Pane for Typed {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Accept => match &self.answer {
                Answer::Any => Availability::when(!self.text().is_empty(), "Type an answer first."),
                Answer::Exactly(wanted) => Availability::when(
                    self.text() == wanted,
                    format!("Nothing happens before you type “{wanted}”; esc leaves everything as it is."),
                ),
            },
            Action::Leave | Action::Back => Availability::Yes,
            _ => Availability::Hidden,
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        shared.request(Request::Close);
        if action == Action::Accept {
            shared.request(Request::Answered(self.screen, self.action, self.text().to_owned()));
        }
    }

    fn focus(&self) -> Focus {
        Focus::Line
    }

    fn typed(&mut self, key: KeyEvent, _: &mut Shared) {
        self.input.key(key);
    }

    fn pasted(&mut self, text: &str, _: &mut Shared) {
        self.input.insert(text);
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let rich = self.rich(theme);
        // Where there is little room, the line to type into stands, and the end of what is told.
        let keys = u16::from(area.height >= 4);
        let told = rich.height(area.width).min(area.height.saturating_sub(1 + keys));
        let mut scroll = crate::tui::widgets::Scroll::default();
        let _ = scroll.sight(usize::from(rich.height(area.width)), usize::from(told));
        scroll.step(isize::MAX);
        rich.draw(canvas, Rect { height: told, ..area }, &scroll, u8::MAX);
        let y = area.y + told;
        canvas.text(area.x, y, 2, "›", theme.accent);
        self.input.draw(canvas, area.x + 2, y, area.width.saturating_sub(2), "", true);
        if keys > 0 {
            let key = |action| shared.keymap.shown(action);
            let line = format!("{} takes it, {} leaves it", key(Action::Accept), key(Action::Leave));
            canvas.text(area.x, area.bottom() - 1, area.width, &line, theme.dim);
        }
    }
}

impl Popup for Typed {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(72);
        let rows = self.rich(&shared.theme).height(width.saturating_sub(4));
        (width, rows + 5)
    }
}
