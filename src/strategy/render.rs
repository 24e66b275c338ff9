//! Fills a message's fields and slots.
//!
//! In: a strategy, facts, slot texts. Out: the slots to be written, or the finished text. A field without a
//! value is an error; one that is only asked for in an `{% if %}` counts as absent.

mod pieces;

use std::borrow::Cow;
use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use self::pieces::{Piece, Told};
use super::fields::{Scope, field_named};
use super::template::{SlotCall, read};
use super::{Facts, Part, Problem, Severity, Slot, Strategy, Text};

/// Longest fact that a model is told as it is, in characters.
const LONGEST_NAME: usize = 60;

/// Name under which a template finds the texts of its slots.
const SLOT_TEXTS: &str = "slot_texts";

/// A strategy made ready to be filled many times.
pub struct Renderer {
    environment: Environment<'static>,
    /// Parts in order, and the name of each one's template.
    parts: Vec<(Part, &'static str)>,
    /// The same as pieces, where all parts are plain enough: filling these is many times faster.
    pieces: Option<Vec<(Part, Vec<Piece>)>>,
    slots: Vec<(Part, SlotCall)>,
    /// Fields that are printed whatever the facts are.
    printed: Vec<(Part, String)>,
    examples: Vec<String>,
    defaults: BTreeMap<String, String>,
}

impl Renderer {
    /// # Errors
    /// A template whose syntax is wrong.
    pub fn new(strategy: &Strategy) -> Result<Self, Problem> {
        let mut environment = environment();
        let mut parts = Vec::new();
        let mut pieces = Some(Vec::new());
        let mut slots = Vec::new();
        let mut printed = Vec::new();
        for (&part, source) in &strategy.message {
            let template = read(source);
            if let Some(fault) = template.faults.first() {
                return Err(problem(part, &fault.message, fault.remedy));
            }
            let always = template.fields.iter().filter(|field| field.printed && !field.guarded);
            printed.extend(always.map(|field| (part, field.name.clone())));
            // The call of each slot becomes a look-up of its text: which slot it is does not depend on the
            // customer's facts, even inside an `{% if %}`.
            let mut filled = String::with_capacity(source.len());
            let mut place = 0;
            for call in template.slots {
                filled.push_str(&source[place..call.range.start]);
                filled.extend([SLOT_TEXTS, "[", &slots.len().to_string(), "]"]);
                place = call.range.end;
                slots.push((part, call));
            }
            filled.push_str(&source[place..]);
            pieces = pieces.zip(pieces::read(&filled)).map(|(mut all, of_part)| {
                all.push((part, of_part));
                all
            });
            environment
                .add_template_owned(part.name(), filled)
                .map_err(|error| failed(part, &error, None))?;
            parts.push((part, part.name()));
        }
        Ok(Self {
            environment,
            parts,
            pieces,
            slots,
            printed,
            examples: strategy.examples.clone(),
            defaults: strategy.defaults.clone(),
        })
    }

    /// Number of slots over the whole message.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// The slots for these facts; only facts that hold for every recipient are looked at.
    ///
    /// # Errors
    /// An instruction or fallback with a field that has no value or is not the same for everyone.
    pub fn slots(&self, facts: &Facts) -> Result<Vec<Slot>, Problem> {
        let shared = self.values(facts, Scope::shared);
        let values = Value::from(shared.clone());
        // A model is told what stands in the shop's data, and that could be anything.
        let told = shared.iter().map(|(name, value)| (name.clone(), told_to_a_model(value)));
        let told = Value::from(told.collect::<BTreeMap<String, Value>>());
        let mut slots = Vec::with_capacity(self.slots.len());
        for (index, (part, call)) in self.slots.iter().enumerate() {
            let fill = |text: &str, values: &Value| {
                if !text.contains('{') {
                    return Ok(text.to_owned());
                }
                self.environment.render_str(text, values).map_err(|error| {
                    let fields = read(text).fields;
                    let lacking = fields.iter().find(|field| !shared.contains_key(&field.name));
                    failed(*part, &error, lacking.map(|field| field.name.as_str()))
                })
            };
            let list = |texts: &[super::document::Mapped], values: &Value| {
                texts.iter().map(|text| fill(&text.text, values)).collect::<Result<Vec<_>, _>>()
            };
            let examples = list(&call.examples, &told)?;
            slots.push(Slot {
                index,
                part: *part,
                instruction: fill(&call.instruction.text, &told)?,
                limit: call.limit,
                fallback: list(&call.fallback, &values)?,
                examples: if examples.is_empty() { self.examples.clone() } else { examples },
                must: list(&call.must, &values)?,
                free: call.free,
                sentences: call.sentences,
            });
        }
        Ok(slots)
    }

    /// The message with facts and slot texts filled in.
    ///
    /// # Errors
    /// A field without a value, or fewer slot texts than slots.
    pub fn render(&self, facts: &Facts, slots: &[String]) -> Result<Text, Problem> {
        if slots.len() < self.slots.len() {
            let part = self.slots.get(slots.len()).map_or(Part::Body, |(part, _)| *part);
            return Err(problem(
                part,
                &format!("the message has {} slots and {} texts for them", self.slots.len(), slots.len()),
                "write the missing ones",
            ));
        }
        // Where that has nothing to show, minijinja says what is wrong.
        if let Some(text) = self.fill_pieces(facts, slots) {
            return Ok(text);
        }
        self.fill_templates(facts, slots)
    }

    /// `None`: a field has no value, or the message is none of plain pieces.
    fn fill_pieces(&self, facts: &Facts, slots: &[String]) -> Option<Text> {
        let pieces = self.pieces.as_ref()?;
        let told = |name: &str| self.told(facts, name);
        let slots: Vec<Cow<'_, str>> = slots
            .iter()
            .map(|text| match text.trim() {
                text if text.contains('{') => {
                    Cow::Owned(filled(text, |name| told(name).map(Told::into_text)))
                }
                text => Cow::Borrowed(text),
            })
            .collect();
        let mut text = Text::new();
        let mut out = String::new();
        for (part, pieces) in pieces {
            out.clear();
            pieces::fill(pieces, &|name| told(name), &slots, &mut out)?;
            text.insert(*part, tidy(&out, *part));
        }
        Some(text)
    }

    fn fill_templates(&self, facts: &Facts, slots: &[String]) -> Result<Text, Problem> {
        let mut context = self.values(facts, |_| true);
        let told = |name: &str| context.get(name).map(ToString::to_string);
        let texts: Vec<Value> = slots.iter().map(|text| Value::from(filled(text.trim(), told))).collect();
        context.insert(SLOT_TEXTS.to_owned(), Value::from(texts));
        let values = Value::from(context);
        let is_lacking = |name: &String| values.get_attr(name).map_or(true, |value| value.is_undefined());
        let lacking = |part: Part| {
            let mut printed = self.printed.iter().filter(|(of, _)| *of == part).map(|(_, name)| name);
            printed.find(|name| is_lacking(name)).map(String::as_str)
        };
        let mut text = Text::new();
        for &(part, name) in &self.parts {
            let rendered = self
                .environment
                .get_template(name)
                .and_then(|template| template.render(values.clone()))
                .map_err(|error| failed(part, &error, lacking(part)))?;
            text.insert(part, tidy(&rendered, part));
        }
        Ok(text)
    }

    /// One of [`Self::values`].
    fn told<'a>(&'a self, facts: &'a Facts, name: &str) -> Option<Told<'a>> {
        let fact = facts.get(name).and_then(|fact| match fact {
            serde_json::Value::String(text) => {
                let text = cleaned(text);
                (!text.is_empty()).then_some(Told::Text(text))
            }
            fact => value_of(fact).map(Told::Other),
        });
        fact.or_else(|| {
            let default = self.defaults.get(name).filter(|text| !text.trim().is_empty())?;
            Some(Told::Text(cleaned(default)))
        })
    }

    fn values(&self, facts: &Facts, keep: impl Fn(Scope) -> bool) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        let kept = |name: &str| keep(field_named(name).map_or(Scope::Personal, |field| field.scope));
        for (name, text) in &self.defaults {
            if kept(name) && !text.trim().is_empty() {
                values.insert(name.clone(), Value::from(clean(text)));
            }
        }
        for (name, fact) in facts {
            if let Some(value) = value_of(fact).filter(|_| kept(name)) {
                values.insert(name.clone(), value);
            }
        }
        values
    }
}

/// A slot's text with its fields in braces (`{first_name}`) filled in; those without a value stay as they are.
pub fn filled(text: &str, told: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let name = rest[1..].split('}').next().unwrap_or("");
        let value = field_named(name).filter(|field| field.readable).and_then(|field| told(field.name));
        if let Some(value) = value.filter(|_| rest.len() > name.len() + 1) {
            out.push_str(&value);
            rest = &rest[name.len() + 2..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    one_article(out)
}

/// The slots of the message for these facts.
///
/// # Errors
/// A field without a value, or a template that fails.
pub fn slots(strategy: &Strategy, facts: &Facts) -> Result<Vec<Slot>, Problem> {
    Renderer::new(strategy)?.slots(facts)
}

/// The message with the facts and the slots' texts filled in.
///
/// # Errors
/// A field without a value, too few slot texts, or a template that fails.
pub fn render(strategy: &Strategy, facts: &Facts, slots: &[String]) -> Result<Text, Problem> {
    Renderer::new(strategy)?.render(facts, slots)
}

/// A template engine with what a message needs and nothing that could run long.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_filter("default", minijinja::filters::default);
    environment.add_filter("d", minijinja::filters::default);
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("capitalize", minijinja::filters::capitalize);
    environment.add_filter("title", minijinja::filters::title);
    environment.add_filter("trim", minijinja::filters::trim);
    environment.add_filter("round", minijinja::filters::round);
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_test("undefined", minijinja::tests::is_undefined);
    environment
}

/// A fact as a model is told it: a name as it is; whatever else it may be, a sentence or marks of a chat, as a few words
/// in quotation marks.
fn told_to_a_model(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    let is_of_a_name = |c: char| {
        c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '’' | '&' | '+' | '/' | ',' | '.' | '·')
    };
    let is_name = text.chars().count() <= LONGEST_NAME && text.chars().all(is_of_a_name);
    if is_name {
        return value.clone();
    }
    let kept: String =
        text.chars().map(|c| if is_of_a_name(c) || matches!(c, '%' | '(' | ')') { c } else { ' ' }).collect();
    let kept: String =
        kept.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_NAME).collect();
    Value::from(format!("“{}”", kept.trim_end()))
}

/// A fact as the template sees it; `None` where there is nothing to show.
fn value_of(fact: &serde_json::Value) -> Option<Value> {
    match fact {
        serde_json::Value::String(text) => {
            let text = clean(text);
            (!text.is_empty()).then(|| Value::from(text))
        }
        serde_json::Value::Number(number) => {
            number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from))
        }
        serde_json::Value::Bool(truth) => Some(Value::from(*truth)),
        _ => None,
    }
}

/// One line without control characters and marks that turn the direction of writing: a field must not be
/// able to add a mail header or to hide text.
pub(crate) fn clean(text: &str) -> String {
    cleaned(text).into_owned()
}

/// [`clean`], without a copy where there is nothing to take away.
fn cleaned(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let is_kept = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Ends of lines without spaces, at most one empty line in a row; every part but a body is one line.
fn tidy(text: &str, part: Part) -> String {
    if part != Part::Body {
        let mut out = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        return one_article(out);
    }
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty > 1 {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
    }
    one_article(out)
}

/// "the The Owl" as "The Owl": what is called so brings its article along.
fn one_article(text: String) -> String {
    if text.contains("the The ") { text.replace("the The ", "The ") } else { text }
}

fn problem(part: Part, message: &str, remedy: &str) -> Problem {
    Problem {
        line: 1,
        column: 1,
        severity: Severity::Error,
        message: format!("{}: {message}", part.name()),
        remedy: remedy.to_owned(),
    }
}

/// What a template's failure means for the person who wrote it; `lacking` is the field that it is about, if
/// it is about one.
fn failed(part: Part, error: &minijinja::Error, lacking: Option<&str>) -> Problem {
    let (message, remedy) = match (error.kind(), lacking) {
        (ErrorKind::UndefinedError, Some(name)) => (
            format!("the field {name} has no value"),
            format!("give it a default under [defaults], or ask for it: {{% if {name} %}}...{{% endif %}}"),
        ),
        _ => explain(error),
    };
    Problem { line: error.line().unwrap_or(1), ..problem(part, &message, &remedy) }
}

/// Cause and remedy of a template error.
pub(crate) fn explain(error: &minijinja::Error) -> (String, String) {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.kind() {
        ErrorKind::UndefinedError => (
            "a field has no value".to_owned(),
            "give it a default under [defaults], or ask for it with {% if %}".to_owned(),
        ),
        ErrorKind::SyntaxError => (
            format!("the template cannot be read: {detail}"),
            "close every {{ with }}, every {% if %} with {% endif %}, and every quote".to_owned(),
        ),
        _ => (
            format!("the template fails: {detail}"),
            "use fields, {% if %} and write(\"...\") only".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
