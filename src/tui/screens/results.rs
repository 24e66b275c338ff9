//! Results: whether a campaign worked, and how sure that is.

use ratatui::layout::Rect;

use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::Pane;
use crate::tui::widgets::{self, Sentence};

#[derive(Default)]
pub struct Results;

impl Pane for Results {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::WriteReport | Action::MeasureAgain => Availability::No("No campaign was sent yet.".into()),
            _ => Availability::Hidden,
        }
    }

    fn act(&mut self, _: Action, _: &mut Shared) {}

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let next = format!("Press {} for Campaigns, and send one.", shared.keymap.shown(Action::Campaigns));
        widgets::empty(canvas, area, &Sentence { what: "No campaign was sent yet.", next: &next });
    }
}
