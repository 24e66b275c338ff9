//! Writes what is changed on the screens into a project's `perennial.toml`, leaving its comments and order
//! alone.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use toml_edit::{DocumentMut, Item, Table as TomlTable, Value};

use crate::config::{Config, DataConfig, PROJECT_FILE};
use crate::data::Table;
use crate::jobs::Failure;

/// A change to how the shop's files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataChange {
    /// Where a table's column comes from. `None`: it is found automatically; an empty text: from nowhere.
    Column { table: Table, column: String, source: Option<String> },
    /// Which table a file holds; `None`: it is found automatically.
    Table { file: String, table: Option<Table> },
    /// ISO 4217.
    Currency(String),
    /// `day-first` or `month-first`.
    DateOrder(&'static str),
}

impl DataChange {
    /// Makes the change to settings that are in force.
    pub fn apply(&self, settings: &mut DataConfig) {
        match self {
            Self::Column { table, column, source } => {
                let columns = settings.mapping.entry(table.name().to_owned()).or_default();
                match source {
                    Some(source) => drop(columns.insert(column.clone(), source.clone())),
                    None => drop(columns.remove(column)),
                }
            }
            Self::Table { file, table } => match table {
                Some(table) => drop(settings.tables.insert(file.clone(), table.name().to_owned())),
                None => drop(settings.tables.remove(file)),
            },
            Self::Currency(code) => settings.currency = Some(code.clone()),
            Self::DateOrder(order) => settings.date_order = Some((*order).to_owned()),
        }
    }
}

/// Writes a change to how the files are read into the `[data]` of the project's settings.
///
/// # Errors
/// The file cannot be read, is not valid, or cannot be written.
pub fn save_data(folder: &Path, change: &DataChange) -> Result<(), Failure> {
    let path = folder.join(PROJECT_FILE);
    match change {
        DataChange::Column { table, column, source } => {
            let source = source.as_deref().map(Value::from);
            save(&path, &["data", "mapping", table.name()], vec![(column, source)])
        }
        DataChange::Table { file, table } => {
            save(&path, &["data", "tables"], vec![(file, table.map(|table| table.name().into()))])
        }
        DataChange::Currency(code) => save(&path, &["data"], vec![("currency", Some(code.as_str().into()))]),
        DataChange::DateOrder(order) => save(&path, &["data"], vec![("date-order", Some((*order).into()))]),
    }
}

/// Sets `[segments.names] "our own name" = "name"`, or takes the line away.
///
/// # Errors
/// The file cannot be read, is not valid, or cannot be written.
pub fn save_segment_name(folder: &Path, cluster: &str, name: Option<&str>) -> Result<(), Failure> {
    save(&folder.join(PROJECT_FILE), &["segments", "names"], vec![(cluster, name.map(Value::from))])
}

/// Sets `[brand] name`.
///
/// # Errors
/// The file cannot be read, is not valid, or cannot be written.
pub fn save_shop_name(folder: &Path, name: &str) -> Result<(), Failure> {
    save(&folder.join(PROJECT_FILE), &["brand"], vec![("name", Some(name.into()))])
}

/// Sets the theme and the mouse under `[tui]` of a file, which may be that of all projects.
///
/// # Errors
/// The file cannot be read, is not valid, or cannot be written.
pub fn save_look(file: &Path, theme: &str, mouse: bool) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::Failed(format!("{} cannot be made: {error}. Nothing was saved.", folder.display()))
        })?;
    }
    save(file, &["tui"], vec![("theme", Some(theme.into())), ("mouse", Some(mouse.into()))])
}

/// One change at a time: each reads the file, changes it and writes it whole.
static WRITING: Mutex<()> = Mutex::new(());

/// Sets values in a table, or takes their lines away.
fn save(path: &Path, tables: &[&str], values: Vec<(&str, Option<Value>)>) -> Result<(), Failure> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let place = path.display();
    let source = match std::fs::read_to_string(path) {
        Ok(source) => source,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Failure::Failed(format!("{place} cannot be read: {error}. Check its permissions.")));
        }
    };
    let mut document: DocumentMut = source.parse().map_err(|error| {
        Failure::Failed(format!("{place} is not valid TOML, so nothing was changed: {error}"))
    })?;
    let wrong = || {
        let whole = tables.join(".");
        Failure::Failed(format!(
            "{place}: `{whole}` is not a table, so nothing was changed. Make it [{whole}]."
        ))
    };
    let mut parent = document.as_table_mut();
    for (depth, table) in tables.iter().enumerate() {
        let mut fresh = TomlTable::new();
        fresh.set_implicit(depth + 1 < tables.len());
        parent = parent.entry(table).or_insert(Item::Table(fresh)).as_table_mut().ok_or_else(wrong)?;
    }
    for (key, value) in values {
        match value {
            Some(mut value) => {
                // What stands behind the old value on its line is a person's.
                if let Some(old) = parent.get(key).and_then(Item::as_value) {
                    *value.decor_mut() = old.decor().clone();
                }
                parent.insert(key, Item::Value(value));
            }
            None => drop(parent.remove(key)),
        }
    }
    let source = document.to_string();
    let _: Config = toml::from_str(&source).map_err(|error| {
        Failure::Failed(format!("{place}: the settings would not be valid, so nothing was changed: {error}"))
    })?;
    let beside = path.with_extension("toml.new");
    std::fs::write(&beside, &source)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| Failure::Failed(format!("{place} cannot be written: {error}. Nothing was saved.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(source: Option<&str>) -> DataChange {
        let source = source.map(str::to_owned);
        DataChange::Column { table: Table::Orders, column: "ordered_at".into(), source }
    }

    #[test]
    fn a_mapping_is_added_beside_what_is_there_and_taken_away_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perennial.toml");
        std::fs::write(&path, "# our shop\n[brand]\nname = \"Tulip\" # short\n").unwrap();
        save_data(folder.path(), &column(Some("Datum"))).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# our shop") && text.contains("# short"), "{text}");
        assert!(text.contains("[data.mapping.orders]\nordered_at = \"Datum\""), "{text}");
        let table = DataChange::Table { file: "2025.csv".into(), table: Some(Table::Events) };
        save_data(folder.path(), &table).unwrap();
        save_data(folder.path(), &DataChange::DateOrder("month-first")).unwrap();
        save_data(folder.path(), &column(None)).unwrap();
        let config: Config = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(config.data.mapping["orders"].is_empty());
        assert_eq!(config.data.tables["2025.csv"], "events");
        assert_eq!(config.data.date_order.as_deref(), Some("month-first"));
    }

    #[test]
    fn what_is_saved_is_what_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = DataConfig::default();
        for change in [column(Some("Datum")), DataChange::DateOrder("day-first"), column(Some(""))] {
            save_data(folder.path(), &change).unwrap();
            change.apply(&mut settings);
        }
        let text = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap().data, settings);
    }

    #[test]
    fn the_look_is_kept_with_what_a_person_wrote_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/config.toml");
        save_look(&file, "light", true).unwrap();
        std::fs::write(&file, "[tui]\ntheme = \"light\" # for the projector\n").unwrap();
        save_look(&file, "dark", false).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text, "[tui]\ntheme = \"dark\" # for the projector\nmouse = false\n");
    }

    #[test]
    fn a_broken_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perennial.toml");
        std::fs::write(&path, "[brand\n").unwrap();
        assert!(save_data(folder.path(), &column(Some("Datum"))).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[brand\n");
    }
}
