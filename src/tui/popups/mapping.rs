//! Which column of the files became which column of the tables, how sure that is, and a way to change it.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::data::{DataReport, Table as DataTable};
use crate::tui::app::{Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::numbers;
use crate::tui::pane::{Focus, Mouse, Pane, Popup};
use crate::tui::screens::overview::SURE;
use crate::tui::settings_file;
use crate::tui::widgets::{self, Align, Cell, Column, Input, List, Sentence, Table, Width};
use crate::tui::work::Work;

struct Row {
    table: DataTable,
    column: String,
    source: Option<String>,
    confidence: f64,
}

pub struct Mapping {
    rows: Vec<Row>,
    list: List,
    /// The source of the selected column while it is being changed.
    input: Option<Input>,
}

impl Mapping {
    #[must_use]
    pub fn new(report: &DataReport) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for table in &report.tables {
            for column in &table.mapping {
                let same = |row: &&mut Row| row.table == table.table && row.column == column.column;
                // A table of several files is listed once.
                if let Some(row) = rows.iter_mut().find(same) {
                    row.source = row.source.take().or_else(|| column.source.clone());
                    continue;
                }
                rows.push(Row {
                    table: table.table,
                    column: column.column.clone(),
                    source: column.source.clone(),
                    confidence: column.confidence,
                });
            }
        }
        Self { list: List::new(rows.len()), rows, input: None }
    }

    fn selected(&self) -> Option<&Row> {
        self.list.selected().and_then(|row| self.rows.get(row))
    }

    fn save(&mut self, shared: &mut Shared) {
        let Some(input) = self.input.take() else { return };
        let Some(row) = self.selected() else { return };
        let source = input.text().trim();
        shared.start(Work::SaveMapping {
            folder: shared.setup.folder.clone(),
            table: row.table,
            column: row.column.clone(),
            source: (!source.is_empty()).then(|| source.to_owned()),
        });
        shared.request(Request::Close);
    }
}

impl Pane for Mapping {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Open => Availability::when(!self.rows.is_empty(), "No table was read."),
            Action::Back | Action::Accept | Action::Leave => Availability::Yes,
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Open => {
                let source = self.selected().and_then(|row| row.source.clone()).unwrap_or_default();
                self.input = Some(Input::new(source));
            }
            Action::Accept => self.save(shared),
            Action::Leave => self.input = None,
            Action::Back => shared.request(Request::Close),
            _ => drop(self.list.act(action)),
        }
    }

    fn focus(&self) -> Focus {
        if self.input.is_some() { Focus::Line } else { Focus::Keys }
    }

    fn typed(&mut self, key: KeyEvent, _: &mut Shared) {
        if let Some(input) = &mut self.input {
            input.key(key);
        }
    }

    fn pasted(&mut self, text: &str, _: &mut Shared) {
        if let Some(input) = &mut self.input {
            input.insert(text);
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        if self.input.is_some() {
            return;
        }
        let index = if let Hit::Row { index, .. } = hit { Some(index) } else { None };
        if self.list.mouse(index, mouse) {
            self.act(Action::Open, shared);
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        if self.rows.is_empty() {
            widgets::empty(
                canvas,
                area,
                &Sentence {
                    what: "No table was read.",
                    next: "Add files to the project's data folder, then reload.",
                },
            );
            return;
        }
        let theme = canvas.theme;
        let bottom = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
        let above = Rect { height: area.height.saturating_sub(2), ..area };
        let columns = [
            Column::new("Table", Width::Fixed(9), Align::Left, 2),
            Column::new("Column", Width::Fill(12), Align::Left, 0),
            Column::new("In the file", Width::Fill(12), Align::Left, 0),
            Column::new("Sure", Width::Fixed(9), Align::Right, 1),
        ];
        let table = Table { columns: &columns, list: &self.list, id: 0, focused: self.input.is_none() };
        table.draw(canvas, above, |index, column| {
            let row = &self.rows[index];
            let unsure = row.source.is_some() && row.confidence < SURE;
            match column {
                0 => Cell::styled(settings_file::name(row.table), theme.dim),
                1 => row.column.clone().into(),
                2 => match &row.source {
                    Some(source) => source.clone().into(),
                    None => Cell::styled("- not there", theme.dim),
                },
                _ if row.source.is_none() => "".into(),
                _ if unsure => Cell::styled(format!("? {}", numbers::percent(row.confidence)), theme.warning),
                _ => Cell::styled(numbers::percent(row.confidence), theme.dim),
            }
        });
        if let (Some(input), Some(row)) = (&self.input, self.selected()) {
            let label = format!("{} in the file: ", row.column);
            let used = canvas.text(bottom.x, bottom.y, bottom.width, &label, theme.accent);
            let room = bottom.width - used;
            input.draw(
                canvas,
                bottom.x + used,
                bottom.y,
                room,
                "column's name; empty: let it be found",
                true,
            );
        } else {
            let key = shared.keymap.shown(Action::Open);
            let hint = format!("{key} changes the column; it is saved in perennial.toml");
            canvas.text(bottom.x, bottom.y, bottom.width, &hint, theme.dim);
        }
    }
}

impl Popup for Mapping {
    fn title(&self) -> String {
        "How columns were recognised".into()
    }

    fn size(&self, _: &Shared) -> (u16, u16) {
        (80, self.rows.len().min(34) as u16 + 5)
    }
}
