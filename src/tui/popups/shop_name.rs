//! What the shop is called, typed in.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::tui::app::{Request, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Pane, Popup};
use crate::tui::text;
use crate::tui::widgets::Input;
use crate::tui::work::Work;

const WHAT_FOR: &str = "Messages are signed with it, as your customers know it.";

pub struct ShopName {
    input: Input,
}

impl ShopName {
    #[must_use]
    pub fn new(shared: &Shared) -> Self {
        Self { input: Input::new(shared.setup.config.brand.name.clone()) }
    }

    fn name(&self) -> &str {
        self.input.text().trim()
    }
}

impl Pane for ShopName {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Accept => Availability::when(!self.name().is_empty(), "Type a name first."),
            Action::Leave | Action::Back => Availability::Yes,
            _ => Availability::Hidden,
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        if action == Action::Accept {
            let (folder, name) = (shared.setup.folder.clone(), self.name().to_owned());
            shared.start(Work::SaveShopName { folder, name });
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
        self.input.draw(canvas, area.x + 2, area.y, area.width.saturating_sub(2), "the shop's name", true);
        let key = |action| shared.keymap.shown(action);
        let keys = format!("{} saves it, {} does not.", key(Action::Accept), key(Action::Leave));
        let lines = text::wrap(&format!("{WHAT_FOR} {keys}"), usize::from(area.width));
        for (row, line) in lines.iter().enumerate().take(usize::from(area.height.saturating_sub(2))) {
            canvas.text(area.x, area.y + 2 + row as u16, area.width, line, theme.dim);
        }
    }
}

impl Popup for ShopName {
    fn title(&self) -> String {
        "What is the shop called?".to_owned()
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(56);
        (width, if width < 50 { 8 } else { 7 })
    }
}
