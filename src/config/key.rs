//! The settings as a list: path, kind, default and meaning of each, read from the types.

use serde_json::Value;

use super::{Config, schema};

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// As in `segments.k`.
    pub path: String,
    /// What may stand there, in words: "a whole number from 2 to 10".
    pub kind: String,
    /// In TOML; `None` where the setting is absent by default.
    pub default: Option<String>,
    /// The doc comment.
    pub meaning: String,
    /// The environment variable; `None` for tables of free keys, which only a file can give.
    pub variable: Option<String>,
}

/// Every setting, in the order of the types.
#[must_use]
pub fn keys() -> Vec<Key> {
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut found = Vec::new();
    collect(&schema(), &defaults, &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Value, default: &Value, path: &mut Vec<String>, found: &mut Vec<Key>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, inner) in properties {
            path.push(name.clone());
            collect(inner, &default[name], path, found);
            path.pop();
        }
        return;
    }
    let free = schema["additionalProperties"].is_object();
    let empty = default.is_null() || default.as_object().is_some_and(serde_json::Map::is_empty);
    found.push(Key {
        path: path.join("."),
        kind: kind(schema),
        default: (!empty).then(|| in_toml(default)),
        meaning: schema["description"].as_str().unwrap_or_default().replace('\n', " "),
        variable: (!free).then(|| variable(path)),
    });
}

/// The environment variable of a setting: `segments.k` is `PERENNIAL_SEGMENTS_K`.
fn variable(path: &[String]) -> String {
    format!("{PREFIX}{}", path.join("_").to_uppercase().replace('-', "_"))
}

pub(super) const PREFIX: &str = "PERENNIAL_";

/// The part of the schema that describes a setting.
pub(super) fn find<'a>(schema: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(schema, |schema, name| {
        schema["properties"]
            .get(name)
            .or_else(|| schema.get("additionalProperties").filter(|free| free.is_object()))
    })
}

/// What a schema lets through, in words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(choices) = choices(schema) {
        return format!("one of {}", choices.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", "));
    }
    let named = match schema["format"].as_str() {
        Some("date") => Some("a date as in 2025-11-01"),
        Some("currency") => Some("a currency code as in EUR"),
        Some("language") => Some("a language code as in en"),
        _ => None,
    };
    if let Some(named) = named {
        return named.into();
    }
    match type_of(schema) {
        "boolean" => "true or false".into(),
        "integer" => with_range("a whole number", schema),
        "number" => with_range("a number", schema),
        "array" => format!("a list, each {}", kind(&schema["items"])),
        "object" => "a table".into(),
        _ => "text".into(),
    }
}

fn with_range(noun: &str, schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, Value::Null) => noun.into(),
        (low, Value::Null) => format!("{noun} of at least {low}"),
        (Value::Null, high) => format!("{noun} of at most {high}"),
        (low, high) => format!("{noun} from {low} to {high}"),
    }
}

/// The JSON type; for a value that may be absent, the type that it has when present.
pub(super) fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => {
            types.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("string")
        }
        other => other.as_str().unwrap_or("string"),
    }
}

/// The values of an enumeration.
pub(super) fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(values) = schema["enum"].as_array() {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    let variants = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())?;
    let mut found = Vec::new();
    for variant in variants {
        if let Some(name) = variant["const"].as_str() {
            found.push(name);
        } else if let Some(inner) = choices(variant) {
            found.extend(inner);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// A default as it would stand in a file.
fn in_toml(value: &Value) -> String {
    toml::Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string())
}
