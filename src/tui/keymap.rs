//! Which key does what.
//!
//! In: the table of actions and the `[tui.keys]` of the settings. Out: a [`Keymap`] that answers which action
//! a key stands for in a scope, and which key to show for an action.

pub mod docs;
mod key;
mod table;

pub use key::{Key, symbol};
pub use table::{Action, Row, Scope, TABLE};

use std::collections::BTreeMap;

/// Whether an action can be done now. One answer for dispatch and for the hints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    Yes,
    /// Refused, with the reason and what to do about it: "No draft is selected: press p to write one".
    No(String),
    /// Means nothing here: the key is free for someone else, and no hint is shown.
    Hidden,
}

impl Availability {
    /// `Yes` if the condition holds, or else the reason.
    pub fn when(condition: bool, otherwise: impl Into<String>) -> Self {
        if condition { Self::Yes } else { Self::No(otherwise.into()) }
    }
}

/// What is wrong with the `[tui.keys]` of the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error(
        "[tui.keys] {action}: there is no such action; the nearest is `{nearest}`. `perennial keys` lists them all."
    )]
    UnknownAction { action: String, nearest: &'static str },
    #[error("[tui.keys] {action}: {message}.")]
    BadKey { action: &'static str, message: String },
    #[error(
        "[tui.keys] The key `{key}` is bound both to `{first}` and to `{second}`. Give one of them another key."
    )]
    Conflict { key: String, first: &'static str, second: &'static str },
}

/// Bindings of all actions.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: BTreeMap<Action, Vec<Key>>,
}

impl Keymap {
    /// The table's keys, with those of the settings in place of an action's own. Keys are separated by
    /// spaces; an empty string unbinds.
    ///
    /// # Errors
    /// An unknown action or key, or two actions of one scope on one key.
    pub fn new(changes: &BTreeMap<String, String>) -> Result<Self, KeymapError> {
        for name in changes.keys() {
            if Action::named(name).is_none() {
                let nearest = TABLE
                    .iter()
                    .map(|row| row.name)
                    .min_by_key(|candidate| strsim::damerau_levenshtein(candidate, name))
                    .unwrap_or("help");
                return Err(KeymapError::UnknownAction { action: name.clone(), nearest });
            }
        }
        let mut keys = BTreeMap::new();
        for row in TABLE {
            let text = changes.get(row.name).map_or(row.keys, String::as_str);
            let parsed = text
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<Vec<Key>, String>>()
                .map_err(|message| KeymapError::BadKey { action: row.name, message })?;
            keys.insert(row.action, parsed);
        }
        let keymap = Self { keys };
        keymap.check()?;
        Ok(keymap)
    }

    fn check(&self) -> Result<(), KeymapError> {
        for (index, first) in TABLE.iter().enumerate() {
            for second in &TABLE[index + 1..] {
                if !compete(first.scope, second.scope) {
                    continue;
                }
                if let Some(key) =
                    self.keys(first.action).iter().find(|key| self.keys(second.action).contains(key))
                {
                    return Err(KeymapError::Conflict {
                        key: key.to_string(),
                        first: first.name,
                        second: second.name,
                    });
                }
            }
        }
        Ok(())
    }

    /// The action of a key within a scope.
    #[must_use]
    pub fn action(&self, key: Key, scope: Scope) -> Option<Action> {
        TABLE
            .iter()
            .find(|row| row.scope == scope && self.keys(row.action).contains(&key))
            .map(|row| row.action)
    }

    /// The keys of an action.
    #[must_use]
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action: `^x`; `:` and its name where it has none.
    #[must_use]
    pub fn shown(&self, action: Action) -> String {
        self.keys(action).first().map_or_else(|| format!(":{}", action.row().name), |key| symbol(*key))
    }
}

/// Whether a key may not mean both.
fn compete(first: Scope, second: Scope) -> bool {
    match (first, second) {
        (Scope::Screen(one), Scope::Screen(other)) => one == other,
        (Scope::Typing, Scope::Typing) | (Scope::Popup, Scope::Popup) => true,
        (Scope::Typing | Scope::Popup, _) | (_, Scope::Typing | Scope::Popup) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, keys)| ((*name).to_owned(), (*keys).to_owned())).collect()
    }

    #[test]
    fn the_table_is_in_order_named_once_and_free_of_conflicts() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.action as usize, index, "{}", row.name);
            assert_eq!(Action::named(row.name), Some(row.action), "{} is named twice", row.name);
            assert!(!row.label.is_empty() && !row.sentence.ends_with('.'), "{}", row.name);
        }
        Keymap::new(&BTreeMap::new()).unwrap();
    }

    #[test]
    fn no_key_is_taken_that_tmux_takes() {
        let keymap = Keymap::new(&BTreeMap::new()).unwrap();
        let prefix: Key = "ctrl-b".parse().unwrap();
        assert!(TABLE.iter().all(|row| !keymap.keys(row.action).contains(&prefix)));
    }

    #[test]
    fn a_binding_can_be_changed_and_removed() {
        let keymap = Keymap::new(&changes(&[("quit", "ctrl-q"), ("mouse", "")])).unwrap();
        assert_eq!(keymap.action("ctrl-q".parse().unwrap(), Scope::App), Some(Action::Quit));
        assert_eq!(keymap.action("q".parse().unwrap(), Scope::App), None);
        assert_eq!(keymap.shown(Action::Mouse), ":mouse");
    }

    #[test]
    fn errors_name_the_nearest_and_both_sides_of_a_conflict() {
        let error = Keymap::new(&changes(&[("qiut", "q")])).unwrap_err().to_string();
        assert!(error.contains("`quit`"), "{error}");
        let error = Keymap::new(&changes(&[("quit", "entr")])).unwrap_err().to_string();
        assert!(error.contains("`enter`"), "{error}");
        let error = Keymap::new(&changes(&[("help", "q")])).unwrap_err().to_string();
        assert!(error.contains("`help`") && error.contains("`quit`"), "{error}");
    }
}
