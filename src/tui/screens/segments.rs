//! Segments: which kinds of customer there are.

use ratatui::layout::Rect;

use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::Pane;
use crate::tui::widgets;

#[derive(Default)]
pub struct Segments {}

impl Pane for Segments {
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
            "Segments wait for the shop's files.",
            "The customers could not be grouped",
        );
    }
}
