//! A question that is answered with yes or no.

use ratatui::layout::Rect;

use crate::tui::app::{Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Pane, Popup};
use crate::tui::screens::ScreenId;
use crate::tui::text;

pub struct Confirm {
    screen: Option<ScreenId>,
    action: Action,
    question: String,
}

impl Confirm {
    #[must_use]
    pub fn new(screen: Option<ScreenId>, action: Action, question: String) -> Self {
        Self { screen, action, question }
    }
}

impl Pane for Confirm {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Open | Action::Back => Availability::Yes,
            _ => Availability::Hidden,
        }
    }

    fn hints(&self) -> &'static [(Action, &'static str)] {
        &[(Action::Open, "yes"), (Action::Back, "no")]
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        shared.request(Request::Close);
        if action == Action::Open {
            shared.request(Request::Confirmed(self.screen, self.action));
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let lines = text::wrap(&text::clean(&self.question), usize::from(area.width));
        for (row, line) in lines.iter().enumerate().take(usize::from(area.height)) {
            canvas.text(area.x, area.y + row as u16, area.width, line, theme.text);
        }
        if area.height > lines.len() as u16 {
            let (yes, no) = (shared.keymap.shown(Action::Open), shared.keymap.shown(Action::Back));
            let y = area.bottom() - 1;
            let wide = (text::width(&yes) + 4) as u16;
            canvas.region(Rect { y, height: 1, width: wide, ..area }, Hit::Action(Action::Open));
            let right = Rect { x: area.x + wide + 3, y, width: (text::width(&no) + 3) as u16, height: 1 };
            canvas.region(right.intersection(area), Hit::Action(Action::Back));
            let pieces = [
                (yes.as_str(), theme.accent),
                (" yes   ", theme.text),
                (no.as_str(), theme.accent),
                (" no", theme.text),
            ];
            canvas.pieces(area.x, y, area.width, &pieces);
        }
    }
}

impl Popup for Confirm {
    fn title(&self) -> String {
        "Are you sure?".into()
    }

    fn size(&self, _: &Shared) -> (u16, u16) {
        (60, 4 + text::wrap(&text::clean(&self.question), 56).len() as u16)
    }
}
