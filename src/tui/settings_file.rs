//! Writes what is changed on the screens into a project's `perennial.toml`, leaving its comments and order
//! alone.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table as TomlTable, value};

use crate::config::{Config, DataConfig};
use crate::data::Table;
use crate::jobs::Failure;

/// Sets `[data.mapping.TABLE] column = "source"`, or takes the line away, and returns the settings as they
/// are then.
///
/// # Errors
/// The file cannot be read, is not valid, or cannot be written.
pub fn save_mapping(
    folder: &Path,
    table: Table,
    column: &str,
    source: Option<&str>,
) -> Result<DataConfig, Failure> {
    Ok(save(folder, &["data", "mapping", name(table)], column, source)?.data)
}

/// Sets `[segments.names] "our own name" = "name"`, or takes the line away.
///
/// # Errors
/// The file cannot be read, is not valid, or cannot be written.
pub fn save_segment_name(folder: &Path, cluster: &str, name: Option<&str>) -> Result<(), Failure> {
    save(folder, &["segments", "names"], cluster, name).map(drop)
}

/// Sets a text in a table, or takes its line away; the settings as they are then.
fn save(folder: &Path, tables: &[&str], key: &str, text: Option<&str>) -> Result<Config, Failure> {
    let path = folder.join("perennial.toml");
    let place = path.display();
    let source = match std::fs::read_to_string(&path) {
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
    match text {
        Some(text) => parent[key] = value(text),
        None => {
            parent.remove(key);
        }
    }
    let source = document.to_string();
    let config: Config = toml::from_str(&source).map_err(|error| {
        Failure::Failed(format!("{place}: the settings would not be valid, so nothing was changed: {error}"))
    })?;
    let beside = folder.join(".perennial.toml.new");
    std::fs::write(&beside, &source).and_then(|()| std::fs::rename(&beside, &path)).map_err(|error| {
        Failure::Failed(format!("{place} cannot be written: {error}. Nothing was saved."))
    })?;
    Ok(config)
}

/// The table's name in the settings.
#[must_use]
pub fn name(table: Table) -> &'static str {
    match table {
        Table::Customers => "customers",
        Table::Orders => "orders",
        Table::Products => "products",
        Table::Events => "events",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_added_beside_what_is_there_and_taken_away_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perennial.toml");
        std::fs::write(&path, "# our shop\n[brand]\nname = \"Tulip\" # short\n").unwrap();
        let settings = save_mapping(folder.path(), Table::Orders, "ordered_at", Some("Datum")).unwrap();
        assert_eq!(settings.mapping["orders"]["ordered_at"], "Datum");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# our shop") && text.contains("# short"), "{text}");
        assert!(text.contains("[data.mapping.orders]\nordered_at = \"Datum\""), "{text}");
        let settings = save_mapping(folder.path(), Table::Orders, "ordered_at", None).unwrap();
        assert!(settings.mapping["orders"].is_empty());
    }

    #[test]
    fn a_broken_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perennial.toml");
        std::fs::write(&path, "[brand\n").unwrap();
        assert!(save_mapping(folder.path(), Table::Orders, "amount", Some("Betrag")).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[brand\n");
    }
}
