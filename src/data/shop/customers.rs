//! Customers as columns.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::super::ids::IdMap;
use super::super::is_han;
use super::Channel;
use super::text_column::TextColumn;

/// Customers as columns; `None` is a cell that is missing, or a column that the shop does not have.
#[derive(Clone, Debug)]
pub struct Customers(Arc<CustomersBuilder>, Option<Arc<Said>>);

/// What customers said since the files were written: it counts over them.
#[derive(Debug, Default)]
struct Said {
    consents: HashMap<usize, [Option<bool>; 3]>,
    /// Whose address in a channel is suppressed.
    withheld: HashSet<(usize, usize)>,
}

/// Customers while they are read.
#[derive(Clone, Debug, Default)]
pub(in crate::data) struct CustomersBuilder {
    pub(in crate::data) ids: IdMap,
    id_text: TextColumn,
    texts: BTreeMap<String, TextColumn>,
    consents: [Option<Vec<Option<bool>>>; 3],
    created_at: Option<Vec<i64>>,
    /// Of customers for whom the files state none: a primary tag.
    assumed_language: Option<String>,
}

/// Marks a creation time that is not known.
const NO_TIME: i64 = i64::MIN;

impl CustomersBuilder {
    pub(in crate::data) fn new(ids: IdMap) -> Self {
        Self { ids, ..Self::default() }
    }

    pub(in crate::data) fn len(&self) -> usize {
        self.id_text.len()
    }

    /// Begins a row; every column that is pushed to must be pushed to once per row.
    pub(in crate::data) fn push_id(&mut self, id: &str) {
        self.id_text.push(id);
    }

    /// A cell of the last row. Rows before it that lack the column (of another file) are missing there.
    pub(in crate::data) fn push_text(&mut self, column: &str, cell: &str) {
        let row = self.id_text.len().saturating_sub(1);
        if !self.texts.contains_key(column) {
            self.texts.insert(column.to_owned(), TextColumn::default());
        }
        if let Some(texts) = self.texts.get_mut(column) {
            while texts.len() < row {
                texts.push("");
            }
            texts.push(cell);
        }
    }

    pub(in crate::data) fn push_consent(&mut self, channel: Channel, consent: Option<bool>) {
        let row = self.id_text.len().saturating_sub(1);
        let column = self.consents[channel as usize].get_or_insert_default();
        column.resize(row, None);
        column.push(consent);
    }

    pub(in crate::data) fn push_created_at(&mut self, at: Option<i64>) {
        let row = self.id_text.len().saturating_sub(1);
        let column = self.created_at.get_or_insert_default();
        column.resize(row, NO_TIME);
        column.push(at.unwrap_or(NO_TIME));
    }

    /// Customers for whom the files state no language read this one.
    pub(in crate::data) fn assume_language(&mut self, tag: Option<String>) {
        self.assumed_language = tag;
    }

    pub(in crate::data) fn finish(self) -> Customers {
        Customers(Arc::new(self), None)
    }
}

impl Customers {
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.id_text.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn id(&self, row: usize) -> &str {
        self.0.id_text.get(row).unwrap_or_default()
    }

    /// A text cell: `first_name`, `last_name`, `email`, `phone`, `language` (BCP 47: `en`, `zh`), `country`,
    /// `time_zone`, `gender`, `birth_date` (as the file has it), or the name of an extra column.
    #[must_use]
    pub fn text(&self, row: usize, column: &str) -> Option<&str> {
        if column == "customer_id" {
            return self.0.id_text.get(row);
        }
        self.0.texts.get(column)?.get(row)
    }

    /// Every column of texts that the shop has, in the order of their names; `customer_id` is not among them.
    pub fn text_columns(&self) -> impl Iterator<Item = &str> {
        self.0.texts.keys().map(String::as_str)
    }

    /// Whether the shop has that column at all.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        match column {
            "customer_id" => true,
            "created_at" => self.0.created_at.is_some(),
            "email_consent" => self.0.consents[Channel::Email as usize].is_some(),
            "sms_consent" => self.0.consents[Channel::Sms as usize].is_some(),
            "push_consent" => self.0.consents[Channel::Push as usize].is_some(),
            _ => self.0.texts.contains_key(column),
        }
    }

    /// Given name and family name in the order of their script ("李 小龙" writes the family name first,
    /// with no space); the id where there is no name.
    #[must_use]
    pub fn display_name(&self, row: usize) -> String {
        match (self.text(row, "first_name"), self.text(row, "last_name")) {
            (Some(first), Some(last)) if is_han_name(first) && is_han_name(last) => format!("{last}{first}"),
            (Some(first), Some(last)) => format!("{first} {last}"),
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => self.id(row).to_owned(),
        }
    }

    /// Consent to the channel: `None` where the shop does not say.
    #[must_use]
    pub fn consent(&self, row: usize, channel: Channel) -> Option<bool> {
        let said = self.1.as_ref().and_then(|said| said.consents.get(&row)?[channel as usize]);
        said.or_else(|| self.0.consents[channel as usize].as_ref()?.get(row).copied().flatten())
    }

    /// Whether the customer's address in the channel is suppressed.
    #[must_use]
    pub fn is_withheld(&self, row: usize, channel: Channel) -> bool {
        self.1.as_ref().is_some_and(|said| said.withheld.contains(&(row, channel as usize)))
    }

    /// The same customers with what they said since: `consents` of a customer's id, by channel, and whether a customer's
    /// address in a channel is suppressed.
    #[must_use]
    pub fn heeding(
        &self,
        consents: impl Fn(&str, Channel) -> Option<bool>,
        suppressed: impl Fn(&str, Channel, &str) -> bool,
    ) -> Self {
        let mut said = Said::default();
        for row in 0..self.len() {
            let id = self.id(row);
            let own = Channel::ALL.map(|channel| consents(id, channel));
            if own.iter().any(Option::is_some) {
                said.consents.insert(row, own);
            }
            for channel in Channel::ALL {
                if self.address(row, channel).is_some_and(|address| suppressed(id, channel, address)) {
                    said.withheld.insert((row, channel as usize));
                }
            }
        }
        Self(Arc::clone(&self.0), Some(Arc::new(said)))
    }

    /// The settings' language of customers for whom the files state none: a primary tag.
    pub(in crate::data) fn language_setting(&self) -> Option<&str> {
        self.0.assumed_language.as_deref()
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn created_at(&self, row: usize) -> Option<i64> {
        self.0.created_at.as_ref()?.get(row).copied().filter(|&at| at != NO_TIME)
    }

    /// The row with this id.
    #[must_use]
    pub fn row_of(&self, id: &str) -> Option<usize> {
        let row = self.0.ids.get(self.0.ids.key(id.as_bytes()))? as usize;
        (self.id(row) == id).then_some(row)
    }
}

/// Whether a name is written in Chinese characters, with a point between its parts or without.
fn is_han_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| is_han(letter) || letter == '·')
}

/// Splits a full name into given and family name.
pub(in crate::data) fn split_name(name: &str) -> (&str, &str) {
    const DOUBLE: [&str; 12] =
        ["欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐", "夏侯"];
    let name = name.trim();
    if is_han_name(name) && (2..=4).contains(&name.chars().count()) {
        let family = DOUBLE.iter().find(|family| name.starts_with(**family) && name.len() > family.len());
        let at = family.map_or_else(|| name.chars().next().map_or(0, char::len_utf8), |family| family.len());
        return (&name[at..], &name[..at]);
    }
    // "Smith, Anna"
    if let Some((family, given)) = name.split_once(',') {
        return (given.trim(), family.trim());
    }
    name.rsplit_once(' ').map_or((name, ""), |(given, family)| (given.trim(), family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_split_by_its_script() {
        assert_eq!(split_name("李小龙"), ("小龙", "李"));
        assert_eq!(split_name("欧阳娜娜"), ("娜娜", "欧阳"));
        assert_eq!(split_name("Anna Maria Smith"), ("Anna Maria", "Smith"));
        assert_eq!(split_name("Smith, Anna"), ("Anna", "Smith"));
        assert_eq!(split_name("Cher"), ("Cher", ""));
    }
}
