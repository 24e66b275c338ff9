//! Review: every draft is approved, edited or rejected by a person.

use ratatui::layout::Rect;

use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::Pane;
use crate::tui::widgets;

#[derive(Default)]
pub struct Review {}

impl Pane for Review {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        let _ = (action, shared);
        Availability::Hidden
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        let _ = (action, shared);
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        widgets::load_state(
            canvas,
            area,
            shared,
            &shared.segmentation,
            "Review waits for the segments.",
            "The customers could not be grouped",
        );
    }
}
