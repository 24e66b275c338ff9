//! A question about the shop that is answered in a line.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::data::is_currency;
use crate::tui::app::{Request, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Pane, Popup};
use crate::tui::settings_file::DataChange;
use crate::tui::text;
use crate::tui::widgets::Input;
use crate::tui::work::Work;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    ShopName,
    Currency,
}

pub struct Ask {
    question: Question,
    input: Input,
}

impl Question {
    fn title(self) -> &'static str {
        match self {
            Self::ShopName => "What is the shop called?",
            Self::Currency => "In which currency does the shop count?",
        }
    }

    fn what_for(self) -> &'static str {
        match self {
            Self::ShopName => "Messages are signed with it, as your customers know it.",
            Self::Currency => "Three letters, such as EUR, GBP, USD or CNY; offers of an amount need it.",
        }
    }

    fn placeholder(self) -> &'static str {
        match self {
            Self::ShopName => "the shop's name",
            Self::Currency => "EUR",
        }
    }
}

impl Ask {
    #[must_use]
    pub fn new(question: Question, shared: &Shared) -> Self {
        let config = &shared.setup.config;
        let input = match question {
            Question::ShopName => Input::new(config.brand.name.clone()),
            Question::Currency => Input::new(config.data.currency.clone().unwrap_or_default()),
        };
        Self { question, input }
    }

    fn answer(&self) -> String {
        let text = self.input.text().trim();
        match self.question {
            Question::ShopName => text.to_owned(),
            Question::Currency => text.to_uppercase(),
        }
    }

    fn is_answered(&self) -> bool {
        match self.question {
            Question::ShopName => !self.answer().is_empty(),
            Question::Currency => is_currency(&self.answer()),
        }
    }
}

impl Pane for Ask {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        let why = match self.question {
            Question::ShopName => "Type a name first.",
            Question::Currency => "That is no currency code: type three letters, such as EUR.",
        };
        match action {
            Action::Accept => Availability::when(self.is_answered(), why),
            Action::Leave | Action::Back => Availability::Yes,
            _ => Availability::Hidden,
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        if action == Action::Accept {
            let (folder, answer) = (shared.setup.folder.clone(), self.answer());
            shared.start(match self.question {
                Question::ShopName => Work::SaveShopName { folder, name: answer },
                Question::Currency => Work::SaveData { folder, change: DataChange::Currency(answer) },
            });
        }
        shared.request(Request::Close);
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
        canvas.text(area.x, area.y, 2, "›", theme.accent);
        self.input.draw(
            canvas,
            area.x + 2,
            area.y,
            area.width.saturating_sub(2),
            self.question.placeholder(),
            true,
        );
        let key = |action| shared.keymap.shown(action);
        let keys = format!("{} saves it, {} does not.", key(Action::Accept), key(Action::Leave));
        let lines = text::wrap(&format!("{} {keys}", self.question.what_for()), usize::from(area.width));
        for (row, line) in lines.iter().enumerate().take(usize::from(area.height.saturating_sub(2))) {
            canvas.text(area.x, area.y + 2 + row as u16, area.width, line, theme.dim);
        }
    }
}

impl Popup for Ask {
    fn title(&self) -> String {
        self.question.title().to_owned()
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(56);
        (width, if width < 50 { 8 } else { 7 })
    }
}
