//! What a screen and a popup have in common: they answer keys, hear news, and draw themselves.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::app::Shared;
use super::canvas::{Canvas, Hit};
use super::keymap::{Action, Availability};
use super::work::{Outcome, Partial, Slot};
use crate::jobs::{End, JobId};
use ratatui::layout::Rect;

/// Where keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// To actions.
    #[default]
    Keys,
    /// Into a line of text; Enter takes it, Esc leaves it.
    Line,
    /// Into a text of several lines; Enter is part of it, Esc leaves it.
    Text,
}

/// What the mouse did to a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    Click,
    /// A second click on what is selected already.
    Open,
    /// Rows; down is positive.
    Scroll(i16),
}

/// What a pane hears of.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// The screen has come to the front.
    Entered,
    /// Time has passed: perhaps that which [`Pane::wake_at`] waits for.
    Tick,
    /// A part of a running job's result.
    Partial { id: JobId, partial: &'a Partial },
    /// A job ended. Stale ones are not heard of.
    Ended { id: JobId, slot: Option<Slot>, end: &'a End<Outcome> },
    /// The outside editor was closed: its text, or why there is none.
    Edited(Result<&'a str, &'a str>),
}

/// A screen or a popup.
pub trait Pane {
    /// Whether the action can be done now; answers dispatch, the hints and help alike.
    fn availability(&self, action: Action, shared: &Shared) -> Availability;

    /// Actions that are worth a place in the hints here, with what they do here.
    fn hints(&self) -> &'static [(Action, &'static str)] {
        &[]
    }

    /// Does an action that is available.
    fn act(&mut self, action: Action, shared: &mut Shared);

    /// Where keys go now.
    fn focus(&self) -> Focus {
        Focus::Keys
    }

    /// A key for the text, where [`Pane::focus`] says that there is one.
    fn typed(&mut self, key: KeyEvent, shared: &mut Shared) {
        let _ = (key, shared);
    }

    /// Text pasted from the terminal.
    fn pasted(&mut self, text: &str, shared: &mut Shared) {
        let _ = (text, shared);
    }

    /// The mouse, on a region that this pane has drawn.
    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        let _ = (hit, mouse, shared);
    }

    /// News; every screen hears all of it, in front or not.
    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        let _ = (news, shared);
    }

    /// A question asked with `Shared::confirm` was answered with yes.
    fn confirmed(&mut self, action: Action, shared: &mut Shared) {
        let _ = (action, shared);
    }

    /// A question asked with [`super::popups::typed::Typed`] was answered.
    fn answered(&mut self, action: Action, text: &str, shared: &mut Shared) {
        let _ = (action, text, shared);
    }

    /// When the pane wants to hear of the time, counted from the start.
    fn wake_at(&self) -> Option<Duration> {
        None
    }

    /// What would be lost by leaving now: "the changes to win-back.toml".
    fn unsaved(&self) -> Option<String> {
        None
    }

    /// Draws from state alone.
    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>);
}

/// A pane over the others.
pub trait Popup: Pane {
    fn title(&self) -> String;

    /// Columns and rows it would like, the frame included.
    fn size(&self, shared: &Shared) -> (u16, u16);
}
