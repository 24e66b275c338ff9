//! The key table for people: Markdown for the README, text for a terminal, TOML as a sample, JSON.

use std::fmt::Write as _;

use super::{Action, Keymap, Scope, TABLE};
use crate::tui::screens::ScreenId;

/// Headings and scopes in the order in which they are shown.
pub const SECTIONS: [(&str, &[Scope]); 11] = [
    ("Everywhere", &[Scope::App]),
    ("Moving", &[Scope::Front]),
    ("Typing", &[Scope::Typing, Scope::Popup]),
    ("Overview", &[Scope::Screen(ScreenId::Overview)]),
    ("Segments", &[Scope::Screen(ScreenId::Segments)]),
    ("Customers", &[Scope::Screen(ScreenId::Customers)]),
    ("Strategies and Review", &[Scope::Screen(ScreenId::Strategies), Scope::Screen(ScreenId::Review)]),
    ("Campaigns", &[Scope::Screen(ScreenId::Campaigns)]),
    ("Results", &[Scope::Screen(ScreenId::Results)]),
    ("Jobs", &[Scope::Screen(ScreenId::Jobs)]),
    ("Voice", &[Scope::Screen(ScreenId::Voice)]),
];

fn keys(keymap: &Keymap, action: Action, wrap: impl Fn(String) -> String) -> String {
    keymap.keys(action).iter().map(|key| wrap(key.to_string())).collect::<Vec<_>>().join(" ")
}

fn rows(scopes: &[Scope]) -> impl Iterator<Item = &'static super::Row> + '_ {
    TABLE.iter().filter(move |row| scopes.contains(&row.scope))
}

/// One table per section, for the README.
#[must_use]
pub fn markdown(keymap: &Keymap) -> String {
    let mut out = String::new();
    for (title, scopes) in SECTIONS {
        if rows(scopes).next().is_none() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "| {title} | Key | |\n|---|---|---|");
        for row in rows(scopes) {
            let keys = keys(keymap, row.action, |key| format!("`{}`", key.replace('|', "\\|")));
            let _ = writeln!(out, "| `{}` | {keys} | {} |", row.name, row.sentence);
        }
    }
    out
}

/// Aligned columns, for a terminal.
#[must_use]
pub fn text(keymap: &Keymap) -> String {
    let mut out = String::new();
    for (title, scopes) in SECTIONS {
        if rows(scopes).next().is_none() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        for row in rows(scopes) {
            let keys = keys(keymap, row.action, |key| key);
            let _ = writeln!(out, "  {keys:<18} {:<18} {}", row.name, row.sentence);
        }
    }
    out
}

/// A `[tui.keys]` section that equals the built-in keys.
#[must_use]
pub fn sample(keymap: &Keymap) -> String {
    let mut out = String::from(
        "# The keys of the dashboard, as they are built in. Copy the lines to change into [tui.keys] of\n\
         # perennial.toml or of your own settings. Several keys are separated by spaces; \"\" unbinds.\n\n[tui.keys]\n",
    );
    for (title, scopes) in SECTIONS {
        if rows(scopes).next().is_none() {
            continue;
        }
        let _ = writeln!(out, "# {title}");
        for row in rows(scopes) {
            let keys = keys(keymap, row.action, |key| key);
            let _ = writeln!(out, "{} = {:<20} # {}", row.name, format!("{keys:?}"), row.sentence);
        }
    }
    out
}

/// One object per action.
#[must_use]
pub fn json(keymap: &Keymap) -> serde_json::Value {
    let actions: Vec<_> = SECTIONS
        .iter()
        .flat_map(|(title, scopes)| rows(scopes).map(move |row| (title, row)))
        .map(|(title, row)| {
            serde_json::json!({
                "action": row.name,
                "section": title,
                "keys": keymap.keys(row.action).iter().map(ToString::to_string).collect::<Vec<_>>(),
                "sentence": row.sentence,
            })
        })
        .collect();
    serde_json::json!({ "actions": actions })
}
