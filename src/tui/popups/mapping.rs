//! What each file is taken for and which of its columns became which, how sure that is, and a way to change it.
//!
//! The files are looked at anew for this, so that it opens as well where the shop cannot be read: a missing
//! column or a wrong mapping is mended here.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::choose::{Answer, Choose};
use crate::data::{FileOutline, Table as DataTable};
use crate::jobs::{End, JobId};
use crate::tui::app::{Load, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Mouse, News, Pane, Popup};
use crate::tui::screens::overview::SURE;
use crate::tui::settings_file::DataChange;
use crate::tui::text;
use crate::tui::widgets::{self, Align, Cell, Column, List, Sentence, Table, Width};
use crate::tui::work::{Outcome, Work};

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sure {
    /// Found, 0..=1.
    Found(f64),
    ByHand,
    NotThere,
    /// The table cannot be read without it.
    Missing,
    /// A column was named that no file has.
    Wrong,
}

enum Row {
    /// A file, by its number.
    File(usize),
    /// A column of a table, with where it comes from.
    Column { table: DataTable, column: String, source: Option<String>, sure: Sure },
}

pub struct Mapping {
    files: Load<Arc<Vec<FileOutline>>>,
    rows: Vec<Row>,
    list: List,
}

impl Mapping {
    /// Opens it, and has the files looked at.
    #[must_use]
    pub fn open(shared: &mut Shared) -> Self {
        Self { files: Load::Loading(look(shared)), rows: Vec::new(), list: List::default() }
    }

    fn show(&mut self, files: &Arc<Vec<FileOutline>>, shared: &Shared) {
        let mut rows = Vec::new();
        for table in DataTable::ALL {
            let of_table = || files.iter().enumerate().filter(|(_, file)| file.table == Some(table));
            rows.extend(of_table().map(|(index, _)| Row::File(index)));
            let known = if of_table().next().is_some() { table.columns() } else { &[] };
            rows.extend(known.iter().map(|column| {
                let (source, sure) = standing(table, column, files, shared);
                Row::Column { table, column: (*column).to_owned(), source, sure }
            }));
        }
        let others = files.iter().enumerate().filter(|(_, file)| file.table.is_none());
        rows.extend(others.map(|(index, _)| Row::File(index)));
        self.list.set_len(rows.len());
        self.rows = rows;
        self.files = Load::Ready(Arc::clone(files));
    }

    fn faults(&self) -> usize {
        let fault = |row: &&Row| matches!(row, Row::Column { sure: Sure::Missing | Sure::Wrong, .. });
        self.rows.iter().filter(fault).count()
    }

    /// The list of answers for the selected row.
    fn question(&self, shared: &Shared) -> Option<Choose> {
        let files = self.files.ready()?;
        let save = |change| Work::SaveData { folder: shared.setup.folder.clone(), change };
        let settings = &shared.setup.config.data;
        match self.rows.get(self.list.selected()?)? {
            Row::File(index) => {
                let file = &files.get(*index)?.file;
                let answer = |table: Option<DataTable>| Answer {
                    label: table.map_or("found automatically", DataTable::name).to_owned(),
                    note: table.map_or("by the names and contents of its columns", about).to_owned(),
                    work: save(DataChange::Table { file: file.clone(), table }),
                };
                let mut answers = vec![answer(None)];
                answers.extend(DataTable::ALL.map(|table| answer(Some(table))));
                let set = settings.tables.get(file);
                let now = set.and_then(|set| DataTable::ALL.iter().position(|table| table.name() == set));
                Some(Choose::new(
                    file.clone(),
                    format!("What does {file} hold?"),
                    ("Table", ""),
                    answers,
                    Some(now.map_or(0, |at| at + 1)),
                ))
            }
            Row::Column { table, column, .. } => {
                let of_table = || files.iter().filter(|file| file.table == Some(*table));
                let required = of_table().any(|file| file.required.contains(column));
                let answer = |label: &str, note: &str, source: Option<&str>| Answer {
                    label: label.to_owned(),
                    note: note.to_owned(),
                    work: save(DataChange::Column {
                        table: *table,
                        column: column.clone(),
                        source: source.map(str::to_owned),
                    }),
                };
                let mut answers = vec![answer("found automatically", "by name and content", None)];
                if !required {
                    answers.push(answer("none of them", "this is not in the file", Some("")));
                }
                let fixed = answers.len();
                let mut names: Vec<&str> = Vec::new();
                for source in of_table().flat_map(|file| &file.columns) {
                    if !source.name.is_empty() && !names.contains(&source.name.as_str()) {
                        names.push(&source.name);
                        answers.push(answer(&source.name, &source.example, Some(&source.name)));
                    }
                }
                let set = settings.mapping.get(table.name()).and_then(|columns| columns.get(column));
                let now = match set.map(String::as_str) {
                    None => 0,
                    Some("") => 1.min(fixed - 1),
                    Some(set) => names.iter().position(|name| *name == set).map_or(0, |at| at + fixed),
                };
                let files: Vec<&str> = of_table().map(|file| file.file.as_str()).take(3).collect();
                Some(Choose::new(
                    format!("{column} of the {}", table.name()),
                    format!("Which column of {} is {column}?", files.join(", ")),
                    ("Column", "For example"),
                    answers,
                    Some(now),
                ))
            }
        }
    }
}

fn look(shared: &mut Shared) -> JobId {
    let (sources, settings) = (shared.setup.sources.clone(), shared.setup.config.data.clone());
    shared.start(Work::InspectFiles { sources, settings })
}

/// What a table says, in a few words.
fn about(table: DataTable) -> &'static str {
    match table {
        DataTable::Customers => "one row for each customer",
        DataTable::Orders => "one row for each order, or for each line of one",
        DataTable::Products => "one row for each product",
        DataTable::Events => "searches, visits and the like",
    }
}

/// Where a column comes from, in whichever file of the table has it, and how sure that is.
fn standing(
    table: DataTable,
    column: &str,
    files: &[FileOutline],
    shared: &Shared,
) -> (Option<String>, Sure) {
    let of_table = || files.iter().filter(|file| file.table == Some(table));
    let mapping = &shared.setup.config.data.mapping;
    if let Some(set) = mapping.get(table.name()).and_then(|columns| columns.get(column)) {
        let there = of_table().any(|file| file.columns.iter().any(|source| source.name == *set));
        return match set.as_str() {
            "" => (None, Sure::ByHand),
            _ if there => (Some(set.clone()), Sure::ByHand),
            _ => (Some(set.clone()), Sure::Wrong),
        };
    }
    let found = of_table()
        .flat_map(|file| &file.mapping)
        .filter(|mapped| mapped.column == column)
        .find_map(|mapped| mapped.source.clone().map(|source| (source, mapped.confidence)));
    match found {
        Some((source, confidence)) => (Some(source), Sure::Found(confidence)),
        None if of_table().any(|file| file.missing.iter().any(|missing| missing == column)) => {
            (None, Sure::Missing)
        }
        None => (None, Sure::NotThere),
    }
}

impl Pane for Mapping {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Open => {
                Availability::when(!self.rows.is_empty(), "The files have not been looked at yet.")
            }
            Action::Back => Availability::Yes,
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Open => {
                if let Some(question) = self.question(shared) {
                    shared.open(question);
                }
            }
            Action::Back => shared.request(Request::Close),
            _ => drop(self.list.act(action)),
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        let index = if let Hit::Row { index, .. } = hit { Some(index) } else { None };
        if self.list.mouse(index, mouse) {
            self.act(Action::Open, shared);
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        let News::Ended { id, end, .. } = news else { return };
        match end {
            End::Done(Outcome::FilesInspected(files)) => self.show(files, shared),
            // What was chosen may change what else is found.
            End::Done(Outcome::DataSaved(_)) => {
                let job = look(shared);
                if self.rows.is_empty() {
                    self.files = Load::Loading(job);
                }
            }
            End::Failed(why) if self.files == Load::Loading(id) => self.files = Load::Failed(why.clone()),
            End::Cancelled if self.files == Load::Loading(id) => {
                self.files = Load::Failed("Cancelled. Close this and open it again.".into());
            }
            _ => {}
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let Load::Ready(files) = &self.files else {
            widgets::load_state(canvas, area, shared, &self.files, "", "The files cannot be looked at");
            return;
        };
        if self.rows.is_empty() {
            let sentence = Sentence {
                what: "No file is there.",
                next: "Add files to the project's data folder, then reload.",
            };
            widgets::empty(canvas, area, &sentence);
            return;
        }
        let theme = canvas.theme;
        let foot = if area.height >= 12 { 3 } else { 1 };
        let above = Rect { height: area.height.saturating_sub(foot + 1), ..area };
        let columns = [
            Column::new("Column", Width::Fill(15), Align::Left, 0),
            Column::new("In the file", Width::Fill(12), Align::Left, 0),
            Column::new("Sure", Width::Fixed(10), Align::Right, 1),
        ];
        let table = Table { columns: &columns, list: &self.list, id: 0, focused: true };
        table.draw(canvas, above, |index, column| match (&self.rows[index], column) {
            (Row::File(file), 0) => Cell::styled(files[*file].file.clone(), theme.strong),
            (Row::File(file), 1) => match files[*file].table {
                Some(table) => Cell::styled(table.name(), theme.strong),
                None => Cell::styled("- no table", theme.dim),
            },
            (Row::File(file), _) => {
                let by_hand = shared.setup.config.data.tables.contains_key(&files[*file].file);
                Cell::styled(if by_hand { "by you" } else { "" }, theme.dim)
            }
            (Row::Column { column, .. }, 0) => format!("  {column}").into(),
            (Row::Column { sure: Sure::Missing, .. }, 1) => Cell::styled("✗ not found", theme.bad),
            (Row::Column { source: None, .. }, 1) => Cell::styled("- not there", theme.dim),
            (Row::Column { source: Some(source), .. }, 1) => source.clone().into(),
            (Row::Column { sure, .. }, _) => match sure {
                Sure::Found(confidence) if *confidence < SURE => {
                    Cell::styled(format!("? {}", percent(*confidence)), theme.warning)
                }
                Sure::Found(confidence) => Cell::styled(percent(*confidence), theme.dim),
                Sure::ByHand => Cell::styled("by you", theme.dim),
                Sure::NotThere => "".into(),
                Sure::Missing => Cell::styled("✗ needed", theme.bad),
                Sure::Wrong => Cell::styled("✗ no such", theme.bad),
            },
        });
        let below = Rect { y: area.bottom().saturating_sub(foot), height: foot.min(area.height), ..area };
        let key = shared.keymap.shown(Action::Open);
        let (told, style) = match (self.selected_problem(files), self.faults()) {
            (Some(problem), _) => (format!("! {problem}"), theme.warning),
            (None, 0) if area.width < 60 => (format!("{key} changes it"), theme.dim),
            (None, 0) => (format!("{key} changes it. It is saved in perennial.toml."), theme.dim),
            (None, 1) => {
                (format!("✗ One column is not right yet: select it, and {key} lists the file's."), theme.bad)
            }
            (None, more) => (
                format!("✗ {more} columns are not right yet: select one, and {key} lists the file's."),
                theme.bad,
            ),
        };
        let lines = text::wrap(&text::clean(&told), usize::from(below.width));
        for (row, line) in lines.iter().take(usize::from(below.height)).enumerate() {
            canvas.text(below.x, below.y + row as u16, below.width, line, style);
        }
    }
}

impl Mapping {
    /// Why the selected file is no table.
    fn selected_problem<'a>(&self, files: &'a [FileOutline]) -> Option<&'a str> {
        let Row::File(file) = self.rows.get(self.list.selected()?)? else { return None };
        files.get(*file).filter(|file| file.table.is_none())?.problem.as_deref()
    }
}

/// A confidence needs no decimals.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

impl Popup for Mapping {
    fn title(&self) -> String {
        "What the files are, and their columns".into()
    }

    fn size(&self, _: &Shared) -> (u16, u16) {
        (80, self.rows.len().clamp(8, 34) as u16 + 7)
    }
}
