//! Which table a file holds, and which of its columns is which.
//!
//! In: a file's name, the names of its columns, and some of its rows. Out: a [`Mapping`] with a confidence for
//! each column. Names are compared with `assets/columns.toml`; the cells must agree with what a column is to
//! hold; what the names do not tell is looked for by content. The settings override everything.

mod content;
mod outline;
mod words;

use std::collections::BTreeSet;

use super::records::Rows;
use super::{DataError, Table};
use crate::config::DataConfig;
use content::{content_score, reads_number, reads_when, share};
pub(super) use outline::outline;
pub(super) use words::Words;
use words::{ColumnWords, Kind, TableWords};

/// Below this a column is not taken for what it might be.
const LEAST: f64 = 0.5;
/// Rows of the sample that are looked at.
const SAMPLE: usize = 500;

impl Table {
    /// In the order in which they are reported.
    pub const ALL: [Self; 4] = [Self::Customers, Self::Orders, Self::Products, Self::Events];

    /// As in the settings and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Orders => "orders",
            Self::Products => "products",
            Self::Events => "events",
        }
    }

    /// The columns that are known, the required ones first.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Customers => &[
                "customer_id",
                "first_name",
                "last_name",
                "full_name",
                "email",
                "phone",
                "language",
                "country",
                "time_zone",
                "birth_date",
                "gender",
                "created_at",
                "email_consent",
                "sms_consent",
                "push_consent",
            ],
            Self::Orders => &[
                "customer_id",
                "ordered_at",
                "amount",
                "order_id",
                "product_id",
                "quantity",
                "unit_price",
                "discount",
                "coupon_code",
                "status",
                "currency",
            ],
            Self::Products => {
                &["product_id", "name", "name_zh", "category", "category_zh", "price", "in_stock", "url"]
            }
            Self::Events => &["customer_id", "at", "kind", "query", "product_id", "value"],
        }
    }
}

/// The columns of a file that holds a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mapping {
    pub(super) table: Table,
    /// Each known column: the number of the file's column that holds it, and how sure that is.
    pub(super) columns: Vec<(&'static str, Option<usize>, f64)>,
    /// The file's other columns.
    pub(super) extra: Vec<usize>,
}

impl Mapping {
    pub(super) fn source(&self, column: &str) -> Option<usize> {
        self.columns.iter().find(|(name, ..)| *name == column).and_then(|&(_, source, _)| source)
    }

    /// Required columns that the file does not have.
    fn missing(&self, words: &TableWords) -> Vec<String> {
        let mut missing: Vec<String> =
            words.required.iter().filter(|column| self.source(column).is_none()).cloned().collect();
        let has = |column| self.source(column).is_some();
        if self.table == Table::Orders && !has("amount") && !(has("quantity") && has("unit_price")) {
            missing.push("amount".to_owned());
        }
        missing
    }
}

/// What a file is.
pub(super) enum Recognised {
    Table(Mapping),
    /// No table that is known, and why.
    No(String),
}

/// A file of which it is to be found out what it holds.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// Relative to the source folder.
    pub(super) name: &'a str,
    /// Whether it was named itself, not found in a folder.
    pub(super) named: bool,
    /// The names of its columns.
    pub(super) columns: &'a [String],
    /// Its first rows.
    pub(super) sample: &'a Rows,
}

/// Decides what a file holds. `all_columns` are those of all files.
///
/// # Errors
/// A setting that names a table or column that does not exist, or a table without a required column.
pub(super) fn recognise(
    words: &Words,
    candidate: &Candidate<'_>,
    all_columns: &BTreeSet<String>,
    settings: &DataConfig,
) -> Result<Recognised, DataError> {
    let &Candidate { name, named, columns, .. } = candidate;
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let set = settings.tables.get(name).or_else(|| settings.tables.get(file_name));
    let set = set.map(|table| table_of(table, "[data.tables]")).transpose()?;
    for table in settings.mapping.keys() {
        table_of(table, "[data.mapping]")?;
    }
    if let Some(table) = set {
        let mapping = map_columns(words, table, candidate, all_columns, settings)?;
        let missing = mapping.missing(words.table(table));
        return if missing.is_empty() {
            Ok(Recognised::Table(mapping))
        } else {
            Err(missing_columns(words, candidate, &mapping, &missing))
        };
    }
    let mut best: Option<(f64, Mapping, Vec<String>, bool)> = None;
    for table in Table::ALL {
        let mapping = match map_columns(words, table, candidate, all_columns, settings) {
            Ok(mapping) => mapping,
            // The settings of another table need not fit this file.
            Err(error) if called(words.table(table), file_name) => return Err(error),
            Err(_) => continue,
        };
        let missing = mapping.missing(words.table(table));
        let called = called(words.table(table), file_name);
        let found: f64 =
            mapping.columns.iter().filter(|(_, source, _)| source.is_some()).map(|&(.., sure)| sure).sum();
        let required = words.table(table).required.len() as f64;
        let score = found / columns.len().max(1) as f64
            + if missing.is_empty() { 0.6 + 0.25 * required } else { 0.0 }
            + if called { 0.9 } else { 0.0 };
        if best.as_ref().is_none_or(|(other, ..)| score > *other) {
            best = Some((score, mapping, missing, called));
        }
    }
    let Some((_, mapping, missing, called)) = best else {
        return Ok(Recognised::No("its columns fit no table".to_owned()));
    };
    if missing.is_empty() {
        return Ok(Recognised::Table(mapping));
    }
    let known = mapping.columns.iter().filter(|(_, source, _)| source.is_some()).count();
    if called || named || known >= 3 {
        return Err(missing_columns(words, candidate, &mapping, &missing));
    }
    Ok(Recognised::No(format!("its columns fit no table ({})", columns.join(", "))))
}

fn table_of(name: &str, place: &str) -> Result<Table, DataError> {
    Table::ALL.into_iter().find(|table| table.name() == name).ok_or_else(|| {
        let names = Table::ALL.map(Table::name);
        DataError::Unreadable(format!(
            "perennial.toml, {place}: there is no table \"{name}\"{}. The tables are {}.",
            nearest(name, &names).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?")),
            names.join(", ")
        ))
    })
}

/// Whether the file's name says that it holds the table: `orders.csv`, `shop_orders_2025.csv.gz`, `订单.csv`.
fn called(words: &TableWords, file_name: &str) -> bool {
    let stem = file_name.split('.').next().unwrap_or(file_name).to_lowercase();
    let parts: Vec<&str> =
        stem.split(|letter: char| !letter.is_alphabetic()).filter(|part| !part.is_empty()).collect();
    words.names.iter().any(|name| {
        let name = name.to_lowercase();
        if name.is_ascii() {
            normal(&stem) == normal(&name) || parts.contains(&name.as_str())
        } else {
            stem.contains(&name)
        }
    })
}

/// Only letters and digits, in lower case.
fn normal(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Names less alike than this are not worth a mention.
const ALIKE: f64 = 0.7;

fn nearest<'a>(name: &str, among: &[&'a str]) -> Option<&'a str> {
    let name = normal(name);
    among
        .iter()
        .map(|other| (strsim::jaro_winkler(&name, &normal(other)), *other))
        .filter(|&(score, _)| score > ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, other)| other)
}

fn missing_columns(
    words: &Words,
    candidate: &Candidate<'_>,
    mapping: &Mapping,
    missing: &[String],
) -> DataError {
    let &Candidate { name, columns, .. } = candidate;
    let table = mapping.table;
    let mut text = String::new();
    // What is another column already is not meant.
    let among: Vec<&str> = mapping.extra.iter().map(|&at| columns[at].as_str()).collect();
    for column in missing {
        // The nearest by any of the names that the column goes by.
        let near = words.table(table).columns.get(column).and_then(|words| {
            words
                .names
                .iter()
                .flat_map(|synonym| {
                    among
                        .iter()
                        .map(move |other| (strsim::jaro_winkler(&normal(synonym), &normal(other)), *other))
                })
                .filter(|&(score, _)| score > ALIKE)
                .max_by(|left, right| left.0.total_cmp(&right.0))
                .map(|(_, other)| other)
        });
        let what = if column == "amount" { "amount (or quantity and unit_price)" } else { column };
        text.push_str(&format!(
            "{name}: the {} table needs a column {what}, and none was found. ",
            table.name()
        ));
        if let Some(near) = near {
            text.push_str(&format!("The nearest is \"{near}\". "));
        }
    }
    let first = missing.first().map_or("customer_id", String::as_str);
    DataError::Unreadable(format!(
        "{text}The file has: {}. Say which it is in perennial.toml: [data.mapping.{}] {first} = \"...\"; \
         or, where the file is another table: [data.tables] \"{name}\" = \"...\".",
        columns.join(", "),
        table.name(),
    ))
}

fn map_columns(
    words: &Words,
    table: Table,
    candidate: &Candidate<'_>,
    all_columns: &BTreeSet<String>,
    settings: &DataConfig,
) -> Result<Mapping, DataError> {
    let &Candidate { name, columns, sample, .. } = candidate;
    let known = table.columns();
    let table_words = words.table(table);
    let mut sources: Vec<Option<(usize, f64)>> = vec![None; known.len()];
    let mut taken = vec![false; columns.len()];
    let mut closed = vec![false; known.len()];
    if let Some(set) = settings.mapping.get(table.name()) {
        for (column, source) in set {
            let Some(at) = known.iter().position(|known| known == column) else {
                return Err(DataError::Unreadable(format!(
                    "perennial.toml, [data.mapping.{}]: there is no column \"{column}\"{}. The columns are {}.",
                    table.name(),
                    nearest(column, known)
                        .map_or_else(String::new, |near| format!("; did you mean \"{near}\"?")),
                    known.join(", ")
                )));
            };
            let source_at = columns.iter().position(|other| other == source);
            // Of two files of one table, each may have headers of its own.
            if source_at.is_none() && all_columns.contains(source) {
                continue;
            }
            closed[at] = true;
            if source.is_empty() {
                continue;
            }
            let Some(source_at) = source_at else {
                let among: Vec<&str> = columns.iter().map(String::as_str).collect();
                return Err(DataError::Unreadable(format!(
                    "perennial.toml, [data.mapping.{}] {column}: {name} has no column \"{source}\"{}. It has: {}.",
                    table.name(),
                    nearest(source, &among)
                        .map_or_else(String::new, |near| format!("; did you mean \"{near}\"?")),
                    columns.join(", ")
                )));
            };
            sources[at] = Some((source_at, 1.0));
            taken[source_at] = true;
        }
    }
    let mut candidates = Vec::new();
    for (at, column) in known.iter().enumerate() {
        let Some(column_words) = table_words.columns.get(*column) else { continue };
        for (source_at, source) in columns.iter().enumerate() {
            let score = name_score(column_words, column, table, source)
                * content_score(column_words.kind, sample, source_at);
            if score >= LEAST && !closed[at] && !taken[source_at] {
                candidates.push((score, at, source_at));
            }
        }
    }
    candidates.sort_by(|left, right| right.0.total_cmp(&left.0));
    for (score, at, source_at) in candidates {
        if sources[at].is_none() && !taken[source_at] {
            sources[at] = Some((source_at, score));
            taken[source_at] = true;
        }
    }
    by_content(table, known, &closed, &mut sources, &mut taken, sample, columns.len());
    Ok(Mapping {
        table,
        columns: known
            .iter()
            .zip(&sources)
            .map(|(column, source)| {
                let rounded = source.map_or(0.0, |(_, sure)| (sure * 100.0).round() / 100.0);
                (*column, source.map(|(at, _)| at), rounded)
            })
            .collect(),
        extra: (0..columns.len()).filter(|&at| !taken[at] && !columns[at].is_empty()).collect(),
    })
}

/// How well the name of a file's column fits, 0..=1.
fn name_score(words: &ColumnWords, column: &str, table: Table, source: &str) -> f64 {
    let source = normal(source);
    if source.is_empty() {
        return 0.0;
    }
    if source == normal(column) {
        return 1.0;
    }
    // `orders.customer_id`, `订单金额`: the table's name before the column's.
    let bare =
        source.strip_prefix(table.name()).or_else(|| source.strip_prefix(table.name().trim_end_matches('s')));
    let mut best: f64 = 0.0;
    for (place, name) in words.names.iter().enumerate() {
        let name = normal(name);
        // Earlier names are surer ones, so that of two columns the better becomes it.
        let place = 0.002 * place as f64;
        let score = if source == name {
            0.98 - place
        } else if bare == Some(name.as_str()) {
            0.9 - place
        } else if name.chars().count() >= if name.is_ascii() { 5 } else { 2 } && source.ends_with(&name) {
            0.75 - place
        } else if name.chars().count() >= if name.is_ascii() { 6 } else { 2 } && source.starts_with(&name) {
            0.7 - place
        } else if name.is_ascii() && name.len() >= 6 && strsim::jaro_winkler(&source, &name) >= 0.94 {
            0.65 - place
        } else {
            0.0
        };
        best = best.max(score);
    }
    best
}

/// Finds by content what the names did not tell.
fn by_content(
    table: Table,
    known: &[&str],
    closed: &[bool],
    sources: &mut [Option<(usize, f64)>],
    taken: &mut [bool],
    sample: &Rows,
    width: usize,
) {
    let open = |column: &str, sources: &[Option<(usize, f64)>]| {
        known.iter().position(|known| *known == column).filter(|&at| sources[at].is_none() && !closed[at])
    };
    let only = |taken: &[bool], fits: &dyn Fn(usize) -> bool| {
        let mut fitting = (0..width).filter(|&column| !taken[column] && fits(column));
        fitting.next().filter(|_| fitting.next().is_none())
    };
    let mut find = |column: &str, confidence: f64, fits: &dyn Fn(usize) -> bool| {
        if let Some(at) = open(column, sources)
            && let Some(source) = only(taken, fits)
        {
            sources[at] = Some((source, confidence));
            taken[source] = true;
        }
    };
    if sample.len() == 0 {
        return;
    }
    let date = |column: usize| {
        // Bare digits may be anything: they need a date in them to count as one.
        let written =
            |cell: &[u8]| reads_when(cell) && (cell.len() == 8 || !cell.iter().all(u8::is_ascii_digit));
        share(sample, column, written).is_some_and(|share| share >= 0.9)
    };
    match table {
        Table::Customers => {
            let mail = |cell: &[u8]| {
                cell.iter()
                    .position(|&byte| byte == b'@')
                    .is_some_and(|at| at > 0 && cell[at..].contains(&b'.'))
            };
            find("email", 0.6, &|column| share(sample, column, mail).is_some_and(|share| share >= 0.8));
            let email = known.iter().position(|column| *column == "email").and_then(|at| sources[at]);
            if let (Some(at), Some((source, _))) = (open("customer_id", sources), email) {
                // Some shops know their customers by address only.
                sources[at] = Some((source, 0.6));
            }
        }
        Table::Orders => {
            find("ordered_at", 0.5, &date);
            find("amount", 0.5, &|column| {
                let fraction = |cell: &[u8]| {
                    reads_number(cell)
                        && cell.iter().rev().nth(2).is_some_and(|&byte| byte == b'.' || byte == b',')
                };
                share(sample, column, fraction).is_some_and(|share| share >= 0.6)
            });
        }
        Table::Events => find("at", 0.5, &date),
        Table::Products => {}
    }
}

#[cfg(test)]
mod tests;
