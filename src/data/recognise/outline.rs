//! What a file is taken for, whether or not it can be used so: what a person sees who maps columns by hand.

use std::collections::BTreeSet;

use super::{Candidate, Mapping, Recognised, Table, Words, called, map_columns, recognise};
use crate::config::DataConfig;

/// What a file is taken for.
pub(in crate::data) struct Outline {
    /// `None`: no table.
    pub(in crate::data) mapping: Option<Mapping>,
    /// Columns that its table must have.
    pub(in crate::data) required: Vec<String>,
    /// Those of them that were not found.
    pub(in crate::data) missing: Vec<String>,
    /// Why the file cannot be used so, in words.
    pub(in crate::data) problem: Option<String>,
}

/// As [`recognise`], but where that gives up, this says how far it came.
pub(in crate::data) fn outline(
    words: &Words,
    candidate: &Candidate<'_>,
    all_columns: &BTreeSet<String>,
    settings: &DataConfig,
) -> Outline {
    let (mapping, problem) = match recognise(words, candidate, all_columns, settings) {
        Ok(Recognised::Table(mapping)) => (Some(mapping), None),
        Ok(Recognised::No(why)) => (None, Some(why)),
        Err(error) => (nearest_table(words, candidate, settings), Some(error.to_string())),
    };
    let missing =
        mapping.as_ref().map_or_else(Vec::new, |mapping| mapping.missing(words.table(mapping.table)));
    let required =
        mapping.as_ref().map_or_else(Vec::new, |mapping| words.table(mapping.table).required.clone());
    Outline { mapping, required, missing, problem }
}

/// The table that the settings name, or else the one that the file is called, or else the one of which most
/// columns are there; settings that do not fit the file are passed over.
fn nearest_table(words: &Words, candidate: &Candidate<'_>, settings: &DataConfig) -> Option<Mapping> {
    let &Candidate { name, columns, .. } = candidate;
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let set = settings.tables.get(name).or_else(|| settings.tables.get(file_name));
    let set = set.and_then(|set| Table::ALL.into_iter().find(|table| table.name() == set));
    let mut fitting = settings.clone();
    for (table, sources) in &mut fitting.mapping {
        let known =
            Table::ALL.into_iter().find(|known| known.name() == table).map_or(&[][..], Table::columns);
        sources.retain(|column, source| {
            known.contains(&column.as_str()) && (source.is_empty() || columns.contains(source))
        });
    }
    Table::ALL
        .into_iter()
        .filter(|table| set.is_none_or(|set| set == *table))
        .filter_map(|table| {
            let mapping = map_columns(words, table, candidate, &BTreeSet::new(), &fitting).ok()?;
            let found: f64 = mapping.columns.iter().map(|&(.., sure)| sure).sum();
            let called = if called(words.table(table), file_name) { 100.0 } else { 0.0 };
            Some((found + called, mapping))
        })
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, mapping)| mapping)
}
