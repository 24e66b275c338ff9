//! What happens to the dashboard, and what it asks for.
//!
//! [`super::update::update`] turns an [`Event`] into changes of state and [`Effect`]s. It looks at nothing else:
//! the time is in the event, and files, threads and the terminal are behind the effects.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};

use super::screens::ScreenId;
use super::work::{Outcome, Partial, Work};
use crate::jobs::{JobId, Signal};

/// Something happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Time since the dashboard was started.
    pub at: Duration,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// The window is open.
    Start,
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    /// The window has this many columns and rows.
    Resize(u16, u16),
    /// The time that [`super::app::App::wake_at`] asked for has come.
    Tick,
    /// The program is in front again after a suspend.
    Resumed,
    /// The system asks the program to end.
    Terminate,
    Job(JobId, Signal<Partial, Outcome>),
    /// What became of [`Effect::Edit`]: the text, or why there is none.
    Edited {
        screen: ScreenId,
        text: Result<String, String>,
    },
}

/// Something that the runtime is to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Run work on a thread; its signals come back under this id.
    Start(JobId, Work),
    Cancel(JobId),
    /// Put text on the clipboard of the terminal that is looked at (OSC 52).
    Copy(String),
    /// Open `$VISUAL` or `$EDITOR` on the text; the answer comes as [`What::Edited`] to that screen.
    /// `suffix` is the end of the file's name, which tells the editor what it is: `.toml`.
    Edit {
        screen: ScreenId,
        text: String,
        suffix: &'static str,
    },
    /// Listen to the mouse, or leave it to the terminal.
    SetMouse(bool),
    Suspend,
    Redraw,
    Quit,
}
