//! Languages and scripts: what a customer reads, and what a text is written in.

use super::Customers;

/// Whether the character is a Chinese one.
#[must_use]
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// The primary tag of a language in lower case: `zh` of `zh-CN`, `en` of `EN_gb`.
#[must_use]
pub fn primary_language(tag: &str) -> String {
    tag.trim().split(['-', '_']).next().unwrap_or("").to_ascii_lowercase()
}

impl Customers {
    /// The language that the files state for the customer, as a primary tag.
    #[must_use]
    pub fn stated_language(&self, row: usize) -> Option<String> {
        self.text(row, "language").map(primary_language).filter(|tag| !tag.is_empty())
    }

    /// The language that the customer reads, as a primary tag: what the files state, or else the one of the settings
    /// (`data.language`), or else `zh` for a name in Chinese characters and `en` for everybody else. All who count or
    /// choose by language ask here.
    #[must_use]
    pub fn language(&self, row: usize) -> String {
        self.stated_language(row).unwrap_or_else(|| self.assumed_language(row))
    }

    /// What a customer reads for whom the files state no language.
    #[must_use]
    pub fn assumed_language(&self, row: usize) -> String {
        if let Some(tag) = self.language_setting() {
            return tag.to_owned();
        }
        let names = NAMES.iter().filter_map(|column| self.text(row, column));
        if names.flat_map(str::chars).any(is_han) { "zh".into() } else { "en".into() }
    }

    /// Whether anything tells a language: the files' languages or names, or the settings.
    #[must_use]
    pub fn has_languages(&self) -> bool {
        self.language_setting().is_some()
            || self.has("language")
            || NAMES.iter().any(|column| self.has(column))
    }
}

const NAMES: [&str; 2] = ["first_name", "last_name"];

/// The language in words where it has a common name: `English` of `en`; else the tag.
#[must_use]
pub fn language_name(tag: &str) -> &str {
    match tag {
        "en" => "English",
        "zh" => "Chinese",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "it" => "Italian",
        "nl" => "Dutch",
        "sv" => "Swedish",
        "pt" => "Portuguese",
        "ja" => "Japanese",
        "ko" => "Korean",
        tag => tag,
    }
}

/// Of a thing's name and its Chinese name the one that can stand in a message of that language. A Chinese name
/// in an English sentence, or the other way round, is left out as if it were not known.
#[must_use]
pub fn name_in<'a>(name: Option<&'a str>, name_zh: Option<&'a str>, chinese: bool) -> Option<&'a str> {
    let reads = name.filter(|name| name.chars().any(is_han) == chinese);
    if chinese { name_zh.or(reads) } else { reads }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_only_in_messages_of_its_language() {
        let both = (Some("Furniture"), Some("家具"));
        assert_eq!(name_in(both.0, both.1, true), Some("家具"));
        assert_eq!(name_in(both.0, both.1, false), Some("Furniture"));
        assert_eq!(name_in(Some("家具"), None, true), Some("家具"));
        assert_eq!(name_in(Some("家具"), None, false), None);
        assert_eq!(name_in(Some("Furniture"), None, true), None);
        assert_eq!(name_in(None, None, true), None);
    }

    #[test]
    fn a_tag_is_cut_to_its_language() {
        assert_eq!(primary_language(" zh-Hans_CN"), "zh");
        assert_eq!(primary_language("EN"), "en");
        assert_eq!(primary_language(""), "");
    }
}
