//! Reads a strategy file's keys.
//!
//! In: the TOML text. Out: a [`Strategy`] as far as it could be read, where each text stood, and every
//! problem with keys and values. Templates are looked at in `validate`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Mapped, position, unquote_toml};
use super::fields::{field_named, nearest, nearest_of};
use super::{CouponPolicy, Limits, Offer, OfferKind, Part, Problem, Severity, Strategy, channel};
use crate::data::Channel;
use crate::segments::Stage;

/// A strategy and where its texts stand in the file.
pub(crate) struct Read {
    /// Fields that could not be read have a stand-in, and there is a problem for each.
    pub strategy: Strategy,
    pub message: BTreeMap<Part, Mapped>,
    pub offer_texts: Vec<Mapped>,
    pub defaults: BTreeMap<String, Range<usize>>,
    /// The `[message]` table's name, or the file's start.
    pub message_at: usize,
    pub language_at: usize,
    pub adapter_at: usize,
}

const KEYS: [&str; 12] = [
    "name", "stage", "goal", "channel", "language", "tone", "adapter", "offer", "limits", "defaults",
    "examples", "message",
];
const OFFER_KEYS: [&str; 6] = ["kind", "value", "text", "conditions", "coupon", "valid-days"];
const OFFER_KINDS: [(&str, OfferKind); 5] = [
    ("percentage", OfferKind::Percentage),
    ("amount", OfferKind::Amount),
    ("free-shipping", OfferKind::FreeShipping),
    ("gift", OfferKind::Gift),
    ("early-access", OfferKind::EarlyAccess),
];
const COUPONS: [(&str, CouponPolicy); 2] = [("none", CouponPolicy::None), ("unique", CouponPolicy::Unique)];

/// Collects problems with their places.
pub(crate) struct Problems<'a> {
    source: &'a str,
    found: Vec<(usize, Problem)>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, found: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        severity: Severity,
        byte: usize,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (line, column) = position(self.source, byte);
        let problem = Problem { line, column, severity, message: message.into(), remedy: remedy.into() };
        self.found.push((byte, problem));
    }

    pub(crate) fn error(&mut self, byte: usize, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Error, byte, message, remedy);
    }

    pub(crate) fn any_error(&self) -> bool {
        self.found.iter().any(|(_, problem)| problem.severity == Severity::Error)
    }

    /// In the order of the file.
    pub(crate) fn sorted(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(byte, _)| *byte);
        self.found.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// Reads one table's keys.
struct Keys<'t, 'p, 's> {
    source: &'s str,
    table: &'t DeTable<'s>,
    /// Where to say that a key is missing.
    at: usize,
    /// `offer.`, or empty.
    prefix: &'static str,
    problems: &'p mut Problems<'s>,
}

impl<'t, 's> Keys<'t, '_, 's> {
    fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'s>>> {
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    fn unknown(&mut self, known: &[&str]) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let remedy = match nearest_of(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys here are {}", known.join(", ")),
            };
            self.problems.error(key.span().start, format!("unknown key `{}{name}`", self.prefix), remedy);
        }
    }

    fn missing(&mut self, key: &str, remedy: &str) {
        self.problems.error(self.at, format!("`{}{key}` is missing", self.prefix), remedy);
    }

    fn wrong(&mut self, key: &str, value: &Spanned<DeValue<'s>>, expected: &str) {
        let message =
            format!("`{}{key}` is {} where {expected} is wanted", self.prefix, value.get_ref().type_str());
        self.problems.error(value.span().start, message, format!("write {key} = ..., with {expected}"));
    }

    /// A text; with its place.
    fn text(&mut self, key: &str) -> Option<(String, Mapped)> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, "a text in quotes");
            return None;
        };
        Some((text.to_owned(), mapped(self.source, &value.span(), text)))
    }

    fn required(&mut self, key: &str, remedy: &str) -> (String, usize) {
        match self.text(key) {
            Some((text, place)) if text.trim().is_empty() => {
                self.problems.error(place.at(0), format!("`{}{key}` is empty", self.prefix), remedy);
                (text, place.at(0))
            }
            Some((text, place)) => (text, place.at(0)),
            None => {
                if self.get(key).is_none() {
                    self.missing(key, remedy);
                }
                (String::new(), self.at)
            }
        }
    }

    fn choice<T: Copy>(&mut self, key: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let (text, place) = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let remedy = match nearest_of(&text, names.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("it is one of {}", names.join(", ")),
            };
            self.problems.error(place.at(0), format!("`{}{key}` cannot be \"{text}\"", self.prefix), remedy);
        }
        found
    }

    fn required_choice<T: Copy>(&mut self, key: &str, choices: &[(&'static str, T)], stand_in: T) -> T {
        if self.get(key).is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.missing(key, &format!("add {key} = \"...\", one of {}", names.join(", ")));
        }
        self.choice(key, choices).unwrap_or(stand_in)
    }

    fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        let number = number_of(value.get_ref());
        if number.is_none() {
            self.wrong(key, value, "a number");
        }
        number
    }

    fn whole(&mut self, key: &str) -> Option<usize> {
        let value = self.get(key)?;
        let number = whole_of(value.get_ref());
        if number.is_none() {
            self.wrong(key, value, "a whole number above 0");
        }
        number
    }
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return None,
    };
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

fn whole_of(value: &DeValue<'_>) -> Option<usize> {
    value.as_integer()?.as_str().replace('_', "").parse().ok().filter(|&number| number > 0)
}

/// The text as it stands in the file.
fn mapped(source: &str, span: &Range<usize>, text: &str) -> Mapped {
    let mapped = source.get(span.clone()).map(|raw| unquote_toml(raw, span.start));
    mapped.filter(|mapped| mapped.text == text).unwrap_or_else(|| Mapped::verbatim(text, span.start))
}

/// Reads the file's keys. `None` where the TOML itself is wrong.
pub(crate) fn read<'s>(id: &str, source: &'s str, problems: &mut Problems<'s>) -> Option<Read> {
    let (document, errors) = DeTable::parse_recoverable(source);
    for error in &errors {
        let byte = error.span().map_or(0, |span| span.start);
        problems.error(
            byte,
            format!("this is not TOML: {}", error.message().lines().next().unwrap_or("cannot be read")),
            "a line is `key = \"text\"` or `[table]`; a text of several lines stands between \"\"\" and \"\"\"",
        );
    }
    if !errors.is_empty() {
        return None;
    }
    let table = document.get_ref();
    let mut keys = Keys { source, table, at: 0, prefix: "", problems };
    keys.unknown(&KEYS);
    let (name, _) = keys.required("name", "add name = \"...\", as the list of strategies shows it");
    let stage =
        keys.required_choice("stage", &Stage::ALL.map(|stage| (stage.name(), stage)), Stage::Retention);
    let (goal, _) = keys.required("goal", "add goal = \"...\": what the message is to achieve");
    let channel = keys.required_choice(
        "channel",
        &Channel::ALL.map(|channel| (channel.name(), channel)),
        Channel::Email,
    );
    let (language, language_at) = keys.required("language", "add language = \"en\" or \"zh\"");
    let (tone, _) = keys.required("tone", "add tone = \"...\": how the message sounds");
    let (adapter, adapter_at) = read_adapter(&mut keys).unzip();
    let adapter_at = adapter_at.unwrap_or_default();
    let examples = texts(&mut keys, "examples");
    let offer_value = keys.get("offer").cloned();
    let (offer, offer_texts) = match offer_value.as_ref().map(|value| (value, value.get_ref().as_table())) {
        Some((value, Some(table))) => {
            let keys =
                Keys { source, table, at: value.span().start, prefix: "offer.", problems: keys.problems };
            read_offer(keys)
        }
        Some((value, None)) => {
            keys.wrong("offer", value, "a table [offer]");
            (None, Vec::new())
        }
        None => (None, Vec::new()),
    };
    let limits = read_limits(&mut keys);
    let (defaults, default_places) = read_defaults(&mut keys);
    let message_at = table
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == "message")
        .map_or(0, |(key, _)| key.span().start);
    let message = read_message(&mut keys, channel);
    Some(Read {
        strategy: Strategy {
            id: id.to_owned(),
            name,
            stage,
            goal,
            channel,
            language,
            tone,
            adapter,
            offer,
            limits,
            defaults,
            examples,
            message: message.iter().map(|(part, text)| (*part, text.text.clone())).collect(),
        },
        message,
        offer_texts,
        defaults: default_places,
        message_at,
        language_at,
        adapter_at,
    })
}

/// The name of an adapter; which there are is for others to say.
fn read_adapter(keys: &mut Keys<'_, '_, '_>) -> Option<(String, usize)> {
    let (name, place) = keys.text("adapter")?;
    if name.trim().is_empty() {
        let remedy = "write the name of an adapter, or \"none\", or take the line away";
        keys.problems.error(place.at(0), "`adapter` is empty", remedy);
        return None;
    }
    Some((name, place.at(0)))
}

fn texts(keys: &mut Keys<'_, '_, '_>, key: &str) -> Vec<String> {
    let Some(value) = keys.get(key) else { return Vec::new() };
    let Some(list) = value.get_ref().as_array() else {
        keys.wrong(key, value, "a list of texts");
        return Vec::new();
    };
    let mut found = Vec::new();
    for value in list {
        match value.get_ref().as_str() {
            Some(text) => found.push(text.to_owned()),
            None => keys.wrong(key, value, "a text in quotes"),
        }
    }
    found
}

fn read_offer(mut keys: Keys<'_, '_, '_>) -> (Option<Offer>, Vec<Mapped>) {
    keys.unknown(&OFFER_KEYS);
    let kind = keys.required_choice("kind", &OFFER_KINDS, OfferKind::Gift);
    let value = keys.number("value");
    let needs_value = matches!(kind, OfferKind::Percentage | OfferKind::Amount);
    if needs_value && keys.get("value").is_none() {
        keys.missing("value", "add value = 10: per cent, or units of the shop's currency");
    }
    if let (OfferKind::Percentage, Some(number)) = (kind, value)
        && !(0.0..=100.0).contains(&number)
    {
        let at = keys.get("value").map_or(keys.at, |value| value.span().start);
        keys.problems.error(at, format!("an offer of {number} per cent"), "write a value from 0 to 100");
    }
    let mut places = Vec::new();
    let (text, _) = keys.required("text", "add text = \"10% off\": the offer as the customer reads it");
    places.extend(keys.text("text").map(|(_, place)| place));
    let conditions = keys.text("conditions").map(|(text, place)| {
        places.push(place);
        text
    });
    let coupon = keys.choice("coupon", &COUPONS).unwrap_or_default();
    let valid_days = keys.whole("valid-days").and_then(|days| u32::try_from(days).ok());
    (Some(Offer { kind, value, text, conditions, coupon, valid_days }), places)
}

fn read_limits(keys: &mut Keys<'_, '_, '_>) -> Limits {
    let mut limits = Limits::default();
    let Some(value) = keys.get("limits") else { return limits };
    let Some(table) = value.get_ref().as_table() else {
        keys.wrong("limits", value, "a table [limits]");
        return limits;
    };
    let mut inner = Keys {
        source: keys.source,
        table,
        at: value.span().start,
        prefix: "limits.",
        problems: keys.problems,
    };
    inner.unknown(&["characters", "sms-parts"]);
    limits.sms_parts = inner.whole("sms-parts");
    let Some(value) = inner.get("characters") else { return limits };
    let Some(table) = value.get_ref().as_table() else {
        inner.wrong("characters", value, "a table like { subject = 50 }");
        return limits;
    };
    let mut inner = Keys {
        source: keys.source,
        table,
        at: value.span().start,
        prefix: "limits.characters.",
        problems: keys.problems,
    };
    inner.unknown(&["subject", "preheader", "title", "body"]);
    for part in [Part::Subject, Part::Preheader, Part::Title, Part::Body] {
        if let Some(most) = inner.whole(part.name()) {
            limits.characters.insert(part, most);
        }
    }
    limits
}

fn read_defaults(keys: &mut Keys<'_, '_, '_>) -> (BTreeMap<String, String>, BTreeMap<String, Range<usize>>) {
    let (mut defaults, mut places) = (BTreeMap::new(), BTreeMap::new());
    let Some(value) = keys.get("defaults") else { return (defaults, places) };
    let Some(table) = value.get_ref().as_table() else {
        keys.wrong("defaults", value, "a table [defaults]");
        return (defaults, places);
    };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if field_named(name).is_none() {
            let remedy = match nearest(name) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a default is for a field that a customer may lack".to_owned(),
            };
            keys.problems.error(key.span().start, format!("there is no field `{name}`"), remedy);
            continue;
        }
        match value.get_ref().as_str() {
            Some(text) if text.trim().is_empty() => keys.problems.error(
                value.span().start,
                format!("the default of `{name}` is empty"),
                "write what stands there when a customer has none",
            ),
            Some(text) => {
                defaults.insert(name.to_owned(), text.to_owned());
                places.insert(name.to_owned(), key.span());
            }
            None => keys.wrong(name, value, "a text in quotes"),
        }
    }
    (defaults, places)
}

fn read_message(keys: &mut Keys<'_, '_, '_>, channel: Channel) -> BTreeMap<Part, Mapped> {
    let mut message = BTreeMap::new();
    let parts = channel::parts(channel);
    let names: Vec<_> = parts.iter().map(|part| part.name()).collect();
    let Some(value) = keys.get("message") else {
        keys.missing("message", &format!("add a table [message] with {}", names.join(", ")));
        return message;
    };
    let Some(table) = value.get_ref().as_table() else {
        keys.wrong("message", value, "a table [message]");
        return message;
    };
    let at = keys
        .table
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == "message")
        .map_or(0, |(key, _)| key.span().start);
    let mut inner = Keys { source: keys.source, table, at, prefix: "message.", problems: keys.problems };
    for (key, _) in table {
        let name = key.get_ref().as_ref();
        if names.contains(&name) {
            continue;
        }
        let message = match Part::named(name) {
            Some(_) => format!("a message by {} has no {name}", channel.name()),
            None => format!("unknown key `message.{name}`"),
        };
        inner.problems.error(key.span().start, message, format!("its parts are {}", names.join(", ")));
    }
    for &part in parts {
        let name = part.name();
        match inner.text(name) {
            Some((text, place)) if text.trim().is_empty() => {
                inner.problems.error(place.at(0), format!("`message.{name}` is empty"), "write it");
            }
            Some((_, place)) => {
                message.insert(part, place);
            }
            None if inner.get(name).is_none() => {
                let by = channel.name();
                inner.missing(name, &format!("a message by {by} needs it: add {name} = \"...\""));
            }
            None => {}
        }
    }
    message
}
