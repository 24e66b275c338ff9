//! A position in a list of rows: moved by keys and mouse, kept in sight.

use std::cell::Cell;

use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::Mouse;

/// What is selected in a list of `len` rows, and what is in sight.
#[derive(Clone, Debug, Default)]
pub struct List {
    len: usize,
    selected: usize,
    /// First row in sight and rows in sight, as of the last frame.
    top: Cell<usize>,
    page: Cell<usize>,
}

impl List {
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { len, ..Self::default() }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Changes the number of rows; the selection stays where it can.
    pub fn set_len(&mut self, len: usize) {
        self.len = len;
        self.select(self.selected);
    }

    /// The selected row; `None` in an empty list.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        (self.len > 0).then_some(self.selected)
    }

    pub fn select(&mut self, row: usize) {
        self.selected = row.min(self.len.saturating_sub(1));
    }

    /// Moves by rows.
    pub fn step(&mut self, rows: isize) {
        self.select(self.selected.saturating_add_signed(rows));
    }

    /// Whether a movement can be done; `Hidden` for any other action.
    #[must_use]
    pub fn availability(&self, action: Action) -> Availability {
        match action {
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                Availability::when(self.len > 0, "The list is empty.")
            }
            _ => Availability::Hidden,
        }
    }

    /// Does a movement; `false` for any other action.
    pub fn act(&mut self, action: Action) -> bool {
        let page = self.page.get().max(2) as isize - 1;
        match action {
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.step(-page),
            Action::PageDown => self.step(page),
            Action::First => self.select(0),
            Action::Last => self.select(usize::MAX),
            _ => return false,
        }
        true
    }

    /// A click on a row selects it; on the selected row it asks to open it, which `true` says.
    pub fn mouse(&mut self, index: Option<usize>, mouse: Mouse) -> bool {
        match (mouse, index) {
            (Mouse::Scroll(rows), _) => self.step(isize::from(rows)),
            (Mouse::Click | Mouse::Open, Some(index)) => {
                let again = self.selected == index;
                self.select(index);
                return again;
            }
            _ => {}
        }
        false
    }

    /// Rows in sight in `height` rows, so that the selected one is among them.
    pub fn sight(&self, height: usize) -> std::ops::Range<usize> {
        self.page.set(height);
        if height == 0 {
            return 0..0;
        }
        let lowest = (self.selected + 1).saturating_sub(height);
        let top =
            self.top.get().clamp(lowest, self.selected.max(lowest)).min(self.len.saturating_sub(height));
        self.top.set(top);
        top..(top + height).min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stays_in_sight_and_in_the_list() {
        let mut list = List::new(1_000_000);
        assert_eq!(list.sight(10), 0..10);
        list.act(Action::Last);
        assert_eq!(list.sight(10), 999_990..1_000_000);
        list.act(Action::PageUp);
        assert_eq!(list.selected(), Some(999_990));
        assert_eq!(list.sight(10), 999_990..1_000_000);
        list.set_len(3);
        assert_eq!(list.selected(), Some(2));
        assert_eq!(list.sight(10), 0..3);
        list.set_len(0);
        assert_eq!(list.selected(), None);
        assert_eq!(list.sight(10), 0..0);
    }
}
