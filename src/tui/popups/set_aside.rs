//! The rows that were set aside: how many, why, and where the first few stand.

use ratatui::layout::Rect;

use crate::data::DataReport;
use crate::tui::app::{Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::numbers;
use crate::tui::pane::{Mouse, Pane, Popup};
use crate::tui::widgets::{Align, Cell, Column, List, Table, Width};

/// What is wrong with such a row, in words.
#[must_use]
pub fn reason(code: &str) -> &str {
    match code {
        "missing-key" => "no id",
        "bad-date" => "a date that cannot be read",
        "bad-number" => "a number that cannot be read",
        "negative-amount" => "a negative amount that is not a return",
        "duplicate-id" => "an id that stands there twice",
        "unknown-customer" => "a customer who is not in the customers table",
        "future-date" => "a date in the future",
        "bad-row" => "a row with the wrong number of cells",
        other => other,
    }
}

struct Row {
    /// Only on the first row of a reason.
    rows: Option<u64>,
    reason: String,
    place: String,
    value: String,
}

pub struct SetAsideList {
    rows: Vec<Row>,
    list: List,
    total: u64,
}

impl SetAsideList {
    #[must_use]
    pub fn new(report: &DataReport) -> Self {
        let mut rows = Vec::new();
        let mut total = 0;
        for table in &report.tables {
            for aside in &table.set_aside {
                total += aside.rows;
                let mut first = Some(aside.rows);
                for example in &aside.examples {
                    rows.push(Row {
                        rows: first.take(),
                        reason: reason(aside.reason).to_owned(),
                        place: format!("{}:{}", example.file, example.line),
                        value: example.value.clone(),
                    });
                }
                if first.is_some() {
                    rows.push(Row {
                        rows: first,
                        reason: reason(aside.reason).to_owned(),
                        place: table.file.clone(),
                        value: String::new(),
                    });
                }
            }
        }
        Self { list: List::new(rows.len()), rows, total }
    }
}

impl Pane for SetAsideList {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Back | Action::Copy => Availability::Yes,
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Back => shared.request(Request::Close),
            Action::Copy => {
                if let Some(row) = self.list.selected().and_then(|row| self.rows.get(row)) {
                    shared.copy("the place", row.place.clone());
                }
            }
            _ => drop(self.list.act(action)),
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, _: &mut Shared) {
        let index = if let Hit::Row { index, .. } = hit { Some(index) } else { None };
        self.list.mouse(index, mouse);
    }

    fn draw(&self, _: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let columns = [
            Column::new("Rows", Width::Fixed(7), Align::Right, 0),
            Column::new("Why", Width::Fill(16), Align::Left, 0),
            Column::new("File and line", Width::Fill(20), Align::Left, 1),
            Column::new("What stands there", Width::Fill(14), Align::Left, 2),
        ];
        let theme = canvas.theme;
        let table = Table { columns: &columns, list: &self.list, id: 0, focused: true };
        table.draw(canvas, area, |index, column| {
            let row = &self.rows[index];
            match column {
                0 => row.rows.map(numbers::count).unwrap_or_default().into(),
                1 if row.rows.is_some() => Cell::styled(row.reason.clone(), theme.warning),
                1 => "".into(),
                2 => row.place.clone().into(),
                _ => Cell::styled(row.value.clone(), theme.dim),
            }
        });
    }
}

impl Popup for SetAsideList {
    fn title(&self) -> String {
        format!("{} rows set aside, with the first few of each kind", numbers::count(self.total))
    }

    fn size(&self, _: &Shared) -> (u16, u16) {
        (104, self.rows.len().min(40) as u16 + 3)
    }
}
