//! What the map of segments shows: one feature across and one up, or the principal axes.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::features::{Feature, Features};
use crate::segments::{Axes, Segmentation};
use crate::tui::app::{Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::measures;
use crate::tui::pane::{Mouse, Pane, Popup};
use crate::tui::widgets::{Align, Cell, Column, List, Table, Width};
use crate::tui::work::Work;

const ACROSS: u8 = 0;
const UP: u8 = 1;

pub struct AxesChoice {
    segmentation: Arc<Segmentation>,
    features: Arc<Features>,
    /// Points that the map is drawn of.
    limit: usize,
    /// The first row is the principal axes.
    across: List,
    up: List,
    on_up: bool,
}

impl AxesChoice {
    #[must_use]
    pub fn new(segmentation: &Arc<Segmentation>, features: &Arc<Features>, now: Axes, limit: usize) -> Self {
        let used = &segmentation.features;
        let (mut across, mut up) = (List::new(used.len() + 1), List::new(used.len()));
        let at = |feature: Feature| used.iter().position(|used| *used == feature).unwrap_or(0);
        match now {
            // The second feature is a better first guess than the same one twice.
            Axes::Principal => up.select(1),
            Axes::Features(first, second) => {
                across.select(at(first) + 1);
                up.select(at(second));
            }
        }
        Self {
            segmentation: Arc::clone(segmentation),
            features: Arc::clone(features),
            limit,
            across,
            up,
            on_up: false,
        }
    }

    fn axes(&self) -> Axes {
        let used = &self.segmentation.features;
        let across = self.across.selected().and_then(|row| row.checked_sub(1)).and_then(|at| used.get(at));
        match (across, self.up.selected().and_then(|row| used.get(row))) {
            (Some(across), Some(up)) => Axes::Features(*across, *up),
            _ => Axes::Principal,
        }
    }

    fn list(&mut self) -> &mut List {
        if self.on_up { &mut self.up } else { &mut self.across }
    }

    fn take(&self, shared: &mut Shared) {
        shared.request(Request::Close);
        shared.start(Work::Scatter {
            features: Arc::clone(&self.features),
            segmentation: Arc::clone(&self.segmentation),
            axes: self.axes(),
            limit: self.limit,
        });
    }
}

impl Pane for AxesChoice {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Open | Action::Back => Availability::Yes,
            Action::Left | Action::Right | Action::NextPanel | Action::PreviousPanel => Availability::when(
                self.across.selected() != Some(0),
                "The principal axes come together: choose a feature across first.",
            ),
            _ if self.on_up => self.up.availability(action),
            _ => self.across.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Open => self.take(shared),
            Action::Back => shared.request(Request::Close),
            Action::Left => self.on_up = false,
            Action::Right => self.on_up = true,
            Action::NextPanel | Action::PreviousPanel => self.on_up = !self.on_up,
            _ => drop(self.list().act(action)),
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        let (list, index) = match hit {
            Hit::Row { list, index } => (list, Some(index)),
            Hit::List(list) => (list, None),
            _ => return,
        };
        self.on_up = list == UP;
        if self.list().mouse(index, mouse) {
            self.take(shared);
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let together = self.across.selected() == Some(0);
        let foot = 2.min(area.height.saturating_sub(4));
        let above = Rect { height: area.height - foot, ..area };
        let half = above.width / 2;
        let left = Rect { width: half.saturating_sub(1), ..above };
        let right = Rect { x: above.x + half, width: above.width - half, ..above };
        for (id, list, place, title, focused) in
            [(ACROSS, &self.across, left, "Across →", !self.on_up), (UP, &self.up, right, "Up ↑", self.on_up)]
        {
            let columns = [Column::new(title, Width::Fill(12), Align::Left, 0)];
            let table = Table { columns: &columns, list, id, focused };
            table.draw(canvas, place, |row, _| {
                let used = &self.segmentation.features;
                if id == UP {
                    let style = if together { theme.dim } else { theme.text };
                    return Cell::styled(measures::label(used[row]), style);
                }
                match row.checked_sub(1) {
                    None => "how alike".into(),
                    Some(at) => measures::label(used[at]).into(),
                }
            });
        }
        if foot > 0 {
            let key = |action| shared.keymap.shown(action);
            let told = if together {
                format!(
                    "{} shows the principal axes: customers that behave alike lie close",
                    key(Action::Open)
                )
            } else {
                format!("{} shows it, {} to the other list", key(Action::Open), key(Action::NextPanel))
            };
            canvas.text(area.x, area.bottom() - 1, area.width, &told, theme.dim);
        }
    }
}

impl Popup for AxesChoice {
    fn title(&self) -> String {
        "What the map shows".into()
    }

    fn size(&self, _: &Shared) -> (u16, u16) {
        (76, self.across.len() as u16 + 5)
    }
}
