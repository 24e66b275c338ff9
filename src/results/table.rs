//! A table of any experiment: one row a customer, with the arm and what the customer did.
//!
//! In: a CSV file with a header (comma, semicolon or tab) and the names of its columns. Out: [`Outcomes`], the control
//! first, and the scores by which customers can be put in order. Every row counts; a cell that cannot be read is an
//! error with its line and column, as a row left out would bend the comparison.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::Outcomes;
use crate::statistics::qini::Scored;
use crate::statistics::targeting::{Known, cross_fitted};

/// More different arms than this are no arms.
const MOST_ARMS: usize = 100;

/// Which column is what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub arm: String,
    pub converted: String,
    pub revenue: Option<String>,
    pub retained: Option<String>,
    pub active: Option<String>,
    /// Amount spent before.
    pub before: Option<String>,
    /// A score of who is expected to respond.
    pub score: Option<String>,
    /// Numbers known before anything was sent, from which a score is made where there is none.
    pub known: Vec<String>,
    /// Name of the arm that the others are compared with.
    pub control: String,
}

/// What a table says.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Arm 0 is the control.
    pub outcomes: Outcomes,
    /// Every customer with a score; empty where the table gives nothing to make one from.
    pub scored: Vec<Scored>,
}

/// Why a table cannot be read: cause, place and remedy.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{} cannot be read: {source}. Check the path, and that the file may be read.", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// Not what the command line says: a column or an arm that is not there.
    #[error("{0}")]
    Named(String),
    #[error("{0}")]
    Bad(String),
}

/// Reads a table.
///
/// # Errors
/// The file cannot be read, lacks a column or the control, has a cell that is not what its column says, or only one arm.
pub fn read(path: &Path, columns: &Columns) -> Result<Table, TableError> {
    let unreadable = |source| TableError::Unreadable { path: path.to_owned(), source };
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(unreadable)?);
    let head = file.fill_buf().map_err(unreadable)?;
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let first = head[mark..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let often = |sign: u8| memchr::memchr_iter(sign, first).count();
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|&sign| (often(sign), sign == b',')).unwrap_or(b',');
    file.consume(mark);
    Reading::new(path, columns, csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file))?.run()
}

/// Columns by their place in the file.
struct Places {
    arm: usize,
    converted: usize,
    revenue: Option<usize>,
    retained: Option<usize>,
    active: Option<usize>,
    before: Option<usize>,
    score: Option<usize>,
    known: Vec<usize>,
}

struct Reading<'a, R> {
    path: &'a Path,
    columns: &'a Columns,
    reader: csv::Reader<R>,
    header: Vec<String>,
}

impl<'a, R: Read> Reading<'a, R> {
    fn new(path: &'a Path, columns: &'a Columns, mut reader: csv::Reader<R>) -> Result<Self, TableError> {
        let header = reader.headers().map_err(|error| broken(path, &error))?;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        if header.iter().all(String::is_empty) {
            return Err(TableError::Bad(format!(
                "{}, line 1: there is no header. The first line names the columns, as in arm,converted,revenue.",
                path.display()
            )));
        }
        Ok(Self { path, columns, reader, header })
    }

    fn place(&self, name: &str, option: &str) -> Result<usize, TableError> {
        let same = |own: &String| own == name || own.eq_ignore_ascii_case(name.trim());
        let mut found = self.header.iter().enumerate().filter(|(_, own)| own.as_str() == name);
        if let (Some((place, _)), None) = (found.next(), found.next()) {
            return Ok(place);
        }
        let mut found = self.header.iter().enumerate().filter(|(_, own)| same(own));
        match (found.next(), found.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err(TableError::Named(format!(
                "{}, line 1: two columns are called \"{name}\" (--{option}). Give one of them another name.",
                self.path.display()
            ))),
            _ => Err(TableError::Named(format!(
                "{}, line 1: there is no column \"{name}\" (--{option}). The columns are {}.",
                self.path.display(),
                listed(&self.header)
            ))),
        }
    }

    fn places(&self) -> Result<Places, TableError> {
        let columns = self.columns;
        let maybe = |name: &Option<String>, option: &str| {
            name.as_ref().map(|name| self.place(name, option)).transpose()
        };
        Ok(Places {
            arm: self.place(&columns.arm, "arm")?,
            converted: self.place(&columns.converted, "converted")?,
            revenue: maybe(&columns.revenue, "revenue")?,
            retained: maybe(&columns.retained, "retained")?,
            active: maybe(&columns.active, "active")?,
            before: maybe(&columns.before, "before")?,
            score: maybe(&columns.score, "score")?,
            known: columns.known.iter().map(|name| self.place(name, "known")).collect::<Result<_, _>>()?,
        })
    }

    fn run(mut self) -> Result<Table, TableError> {
        let places = self.places()?;
        let mut arms: Vec<String> = vec![self.columns.control.trim().to_owned()];
        let mut numbers: HashMap<String, u16> = HashMap::from([(arms[0].clone(), 0)]);
        let mut rows = Rows::new(&places);
        let mut record = csv::StringRecord::new();
        while self.reader.read_record(&mut record).map_err(|error| broken(self.path, &error))? {
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |place: usize| record.get(place).unwrap_or_default().trim();
            let name = cell(places.arm);
            let arm = match numbers.get(name) {
                Some(&arm) => arm,
                None if name.is_empty() => {
                    return Err(self.wrong(line, places.arm, name, "no arm: every customer belongs to one"));
                }
                None if arms.len() == MOST_ARMS => {
                    return Err(TableError::Named(format!(
                        "{}: column \"{}\" has more than {MOST_ARMS} different values. Is it the arm?",
                        self.path.display(),
                        self.header[places.arm]
                    )));
                }
                None => {
                    numbers.insert(name.to_owned(), arms.len() as u16);
                    arms.push(name.to_owned());
                    (arms.len() - 1) as u16
                }
            };
            let flag = |place: usize| {
                truth(cell(place)).ok_or_else(|| {
                    self.wrong(
                        line,
                        place,
                        cell(place),
                        "neither yes nor no: write 1 or 0, true or false, yes or no",
                    )
                })
            };
            let amount = |place: usize| {
                cell(place).parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
                    self.wrong(
                        line,
                        place,
                        cell(place),
                        "not a number: write it as in 1234.50, and 0 for nothing",
                    )
                })
            };
            rows.arm.push(arm);
            rows.converted.push(flag(places.converted)?);
            push(&mut rows.retained, places.retained, &flag)?;
            push(&mut rows.active, places.active, &flag)?;
            push(&mut rows.revenue, places.revenue, &amount)?;
            push(&mut rows.before, places.before, &amount)?;
            push(&mut rows.score, places.score, &amount)?;
            for (column, &place) in rows.known.iter_mut().zip(&places.known) {
                column.push(amount(place)?);
            }
        }
        self.check_arms(&arms, &rows.arm, places.arm)?;
        Ok(rows.finish(arms))
    }

    fn check_arms(&self, arms: &[String], arm: &[u16], place: usize) -> Result<(), TableError> {
        let path = self.path.display();
        if arm.is_empty() {
            return Err(TableError::Bad(format!("{path}: there is no row below the header.")));
        }
        if !arm.contains(&0) {
            return Err(TableError::Named(format!(
                "{path}: no row has \"{}\" (--control) in column \"{}\". Its values are {}.",
                arms[0],
                self.header[place],
                listed(&arms[1..])
            )));
        }
        if arms.len() == 1 {
            return Err(TableError::Bad(format!(
                "{path}: every row is of the control, \"{}\": there is nothing to compare it with.",
                arms[0]
            )));
        }
        Ok(())
    }

    fn wrong(&self, line: u64, place: usize, cell: &str, what: &str) -> TableError {
        let shown: String = cell.chars().take(60).collect();
        TableError::Bad(format!(
            "{}, line {line}, column \"{}\": \"{shown}\" is {what}.",
            self.path.display(),
            self.header[place]
        ))
    }
}

/// The columns as they are read.
struct Rows {
    arm: Vec<u16>,
    converted: Vec<bool>,
    revenue: Option<Vec<f64>>,
    retained: Option<Vec<bool>>,
    active: Option<Vec<bool>>,
    before: Option<Vec<f64>>,
    score: Option<Vec<f64>>,
    known: Vec<Vec<f64>>,
}

impl Rows {
    fn new(places: &Places) -> Self {
        Self {
            arm: Vec::new(),
            converted: Vec::new(),
            revenue: places.revenue.map(|_| Vec::new()),
            retained: places.retained.map(|_| Vec::new()),
            active: places.active.map(|_| Vec::new()),
            before: places.before.map(|_| Vec::new()),
            score: places.score.map(|_| Vec::new()),
            known: vec![Vec::new(); places.known.len()],
        }
    }

    fn finish(mut self, arms: Vec<String>) -> Table {
        let treated: Vec<bool> = self.arm.iter().map(|&arm| arm != 0).collect();
        let scored = if let Some(scores) = &self.score {
            let customers = scores.iter().zip(&treated).zip(&self.converted);
            customers.map(|((&score, &treated), &converted)| Scored { score, treated, converted }).collect()
        } else {
            // What was spent before is known before, too.
            if !self.known.is_empty() {
                self.known.extend(self.before.clone());
            }
            let converted = self.converted.clone();
            cross_fitted(&Known { columns: self.known, treated, converted })
        };
        let outcomes = Outcomes {
            arms,
            arm: self.arm,
            converted: self.converted,
            orders: None,
            revenue: self.revenue,
            retained: self.retained,
            active: self.active,
            before: self.before,
        };
        Table { outcomes, scored }
    }
}

/// Adds the cell of a column that is there.
fn push<T>(
    column: &mut Option<Vec<T>>,
    place: Option<usize>,
    read: &dyn Fn(usize) -> Result<T, TableError>,
) -> Result<(), TableError> {
    if let (Some(column), Some(place)) = (column, place) {
        column.push(read(place)?);
    }
    Ok(())
}

fn truth(cell: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is(&["1", "true", "yes", "y", "t", "1.0", "是"]) {
        Some(true)
    } else if is(&["0", "false", "no", "n", "f", "0.0", "否"]) {
        Some(false)
    } else {
        None
    }
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

fn broken(path: &Path, error: &csv::Error) -> TableError {
    let line = error.position().map_or_else(String::new, |position| format!(", line {}", position.line()));
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "the row has {len} cells, the header {expected_len}. Put text with the separator in it in quotes."
            )
        }
        csv::ErrorKind::Utf8 { err, .. } => {
            format!("the text is not UTF-8 ({err}). Save the table as CSV in UTF-8.")
        }
        csv::ErrorKind::Io(source) => format!("it cannot be read: {source}."),
        _ => format!("{error}."),
    };
    TableError::Bad(format!("{}{line}: {what}", path.display()))
}

#[cfg(test)]
mod tests;
