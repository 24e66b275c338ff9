//! Checks what stands in a file, a variable or a flag against the schema of the types.
//!
//! In: a TOML value and the schema. Out: the settings in it, each with its line, and every problem.

use std::ops::Range;

use serde_json::Value as Schema;
use toml_edit::{Item, TableLike, Value};

use super::key::{choices, kind, type_of};
use super::problem::nearest;

/// A setting that was found: its path, its value, and where its key stands (a byte offset).
pub(super) struct Found {
    pub path: Vec<String>,
    pub value: toml::Value,
    pub at: usize,
}

/// Something wrong at a byte offset: message and remedy.
pub(super) struct Wrong {
    pub at: usize,
    pub message: String,
    pub remedy: String,
}

/// What a walk through a document brings.
#[derive(Default)]
pub(super) struct Walk {
    pub found: Vec<Found>,
    pub wrong: Vec<Wrong>,
}

impl Walk {
    /// Checks a table and everything in it. `path` is where it stands.
    pub fn table(&mut self, table: &dyn TableLike, schema: &Schema, path: &mut Vec<String>) {
        for (name, item) in table.iter() {
            let at =
                table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span()).map_or(0, |s| s.start);
            let free = schema["additionalProperties"].is_object();
            let inner = schema["properties"]
                .get(name)
                .or_else(|| schema.get("additionalProperties").filter(|inner| free && inner.is_object()));
            let Some(inner) = inner else {
                self.unknown(name, schema, path, at);
                continue;
            };
            path.push(name.to_owned());
            self.item(item, inner, path, at);
            path.pop();
        }
    }

    fn item(&mut self, item: &Item, schema: &Schema, path: &mut Vec<String>, at: usize) {
        if type_of(schema) == "object" {
            match item.as_table_like() {
                Some(table) => self.table(table, schema, path),
                None => self.wrong.push(Wrong {
                    at,
                    message: format!("`{}` is a table, and this is {}.", path.join("."), name_of(item)),
                    remedy: format!("Write its settings under [{}].", path.join(".")),
                }),
            }
            return;
        }
        match item.as_value().map(|value| convert(value, schema)) {
            Some(Ok(value)) => self.found.push(Found { path: path.clone(), value, at }),
            Some(Err(offence)) => self.wrong.push(Wrong {
                at: offence.span.map_or(at, |span| span.start),
                message: format!("`{}` is {}, and this is {}.", path.join("."), kind(schema), offence.what),
                remedy: offence.remedy,
            }),
            None => self.wrong.push(Wrong {
                at,
                message: format!("`{}` is {}, and this is {}.", path.join("."), kind(schema), name_of(item)),
                remedy: "Give it a value, or delete the line.".into(),
            }),
        }
    }

    fn unknown(&mut self, name: &str, schema: &Schema, path: &[String], at: usize) {
        let known = || schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let (noun, place) = if path.is_empty() {
            ("section", "the settings".to_owned())
        } else {
            ("setting", format!("[{}]", path.join(".")))
        };
        let remedy = match nearest(name, known()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!(
                "There are {}.",
                known().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        self.wrong.push(Wrong { at, message: format!("there is no {noun} `{name}` in {place}."), remedy });
    }
}

/// A value that does not fit.
pub(super) struct Offence {
    span: Option<Range<usize>>,
    /// What it is instead: "the text \"five\"".
    pub what: String,
    pub remedy: String,
}

/// A value as the setting takes it.
pub(super) fn convert(value: &Value, schema: &Schema) -> Result<toml::Value, Offence> {
    let offence = |what: String, remedy: String| Offence { span: value.span(), what, remedy };
    let shown = shown(value);
    if let Some(choices) = choices(schema) {
        return match value.as_str() {
            Some(text) if choices.contains(&text) => Ok(text.into()),
            Some(text) => Err(offence(
                shown,
                match nearest(text, choices.iter().copied()) {
                    Some(near) => format!("Did you mean \"{near}\"?"),
                    None => "Choose one of them.".into(),
                },
            )),
            None => Err(offence(shown, "Write one of them in quotation marks.".into())),
        };
    }
    match (type_of(schema), value) {
        ("boolean", Value::Boolean(truth)) => Ok((*truth.value()).into()),
        ("integer", Value::Integer(number)) => {
            in_range(*number.value() as f64, schema).map_err(|remedy| offence(shown, remedy))?;
            Ok((*number.value()).into())
        }
        ("number", Value::Integer(number)) => {
            in_range(*number.value() as f64, schema).map_err(|remedy| offence(shown, remedy))?;
            Ok((*number.value() as f64).into())
        }
        ("number", Value::Float(number)) => {
            in_range(*number.value(), schema).map_err(|remedy| offence(shown, remedy))?;
            Ok((*number.value()).into())
        }
        // A date without quotation marks is a date to TOML: what was meant is plain.
        ("string", Value::Datetime(date)) if schema["format"] == "date" => {
            Ok(date.value().to_string().into())
        }
        ("string", Value::String(text)) => {
            well_formed(text.value(), schema).map_err(|remedy| offence(shown, remedy))?;
            Ok(text.value().clone().into())
        }
        ("array", Value::Array(list)) => list
            .iter()
            .map(|value| convert(value, &schema["items"]))
            .collect::<Result<Vec<_>, _>>()
            .map(Into::into),
        ("array", Value::String(_)) => Err(offence(shown.clone(), format!("Write a list: [{shown}]."))),
        ("string", _) => Err(offence(shown.clone(), format!("Put it in quotation marks: \"{shown}\"."))),
        ("boolean", _) => Err(offence(shown, "Write true or false, without quotation marks.".into())),
        ("integer" | "number", Value::String(text)) if text.value().trim().parse::<f64>().is_ok() => {
            Err(offence(shown, format!("Write it without quotation marks: {}.", text.value().trim())))
        }
        ("integer", Value::Float(_)) => Err(offence(shown, "Write it without a decimal point.".into())),
        ("integer" | "number", _) => Err(offence(shown, "Write it in digits.".into())),
        (_, _) => Err(offence(shown, format!("Write {}.", kind(schema)))),
    }
}

fn in_range(number: f64, schema: &Schema) -> Result<(), String> {
    let low = schema["minimum"].as_f64().is_some_and(|low| number < low);
    let high = schema["maximum"].as_f64().is_some_and(|high| number > high);
    if low || high || !number.is_finite() { Err("Choose a number in that range.".into()) } else { Ok(()) }
}

fn well_formed(text: &str, schema: &Schema) -> Result<(), String> {
    match schema["format"].as_str() {
        Some("date") if text.parse::<jiff::civil::Date>().is_err() || text.len() != 10 => {
            Err("Write year, month and day: 2025-11-01.".into())
        }
        Some("currency") if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Err("Write the three capital letters of ISO 4217: EUR, USD, CNY.".into())
        }
        Some("language") if !is_language(text) => Err("Write a code of ISO 639: en, zh, de.".into()),
        _ => Ok(()),
    }
}

/// Whether it is a language's tag: two or three small letters, then parts such as `-CN`.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or("");
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// A value as it stands in the file, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let text = text.trim();
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}

fn name_of(item: &Item) -> String {
    match item {
        Item::Value(value) => shown(value),
        Item::Table(_) | Item::ArrayOfTables(_) => "a table".into(),
        Item::None => "nothing".into(),
    }
}
