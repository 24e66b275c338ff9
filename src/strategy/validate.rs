//! Checks a strategy file as a whole: fast enough for every keystroke.
//!
//! In: the file's text. Out: every problem, in the order of the file, each with line, column and remedy.
//! A field that does not exist, that customers may lack without a default, or that must not be in an
//! instruction; templates that cannot be read or fail; parts that are too long for the channel.

use std::collections::BTreeSet;

use super::channel::{self, SMS_PARTS, is_chinese};
use super::document::Mapped;
use super::fields::{FIELDS, Scope, field_named, nearest, nearest_of};
use super::file::{Problems, Read, read};
use super::render::{Renderer, environment, explain};
use super::template::{self, FieldUse, Template};
use super::{Facts, Part, Problem, Severity, Strategy, sms};
use crate::data::Channel;

/// Reads and checks a strategy; every problem found, in the order of the file.
///
/// # Errors
/// At least one problem of severity error; warnings are among the problems then, and only [`validate`] tells
/// those of a strategy that can be used.
pub fn parse(id: &str, source: &str) -> Result<Strategy, Vec<Problem>> {
    let (strategy, problems) = look(id, source);
    match strategy {
        Some(strategy) if problems.iter().all(|problem| problem.severity != Severity::Error) => Ok(strategy),
        _ => Err(problems),
    }
}

/// Every problem of a strategy file, in the order of the file; empty where all is well.
#[must_use]
pub fn validate(source: &str) -> Vec<Problem> {
    look("", source).1
}

/// The problem of a strategy that names an adapter which is none of those that there are; a folder that it names is for
/// others to look into.
#[must_use]
pub fn unknown_adapter(source: &str, known: &[String]) -> Option<Problem> {
    let file = read("", source, &mut Problems::new(source))?;
    let name = file.strategy.adapter?;
    let path = name.contains(['/', '\\']);
    if path || name.trim().eq_ignore_ascii_case("none") || known.iter().any(|known| known == name.trim()) {
        return None;
    }
    let mut problems = Problems::new(source);
    let remedy = match nearest_of(&name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if known.is_empty() => "there are none yet: write \"none\", or take the line away".to_owned(),
        None => format!("there are {}; or write \"none\"", known.join(", ")),
    };
    problems.error(file.adapter_at, format!("no adapter is called \"{name}\""), remedy);
    problems.sorted().pop()
}

fn look(id: &str, source: &str) -> (Option<Strategy>, Vec<Problem>) {
    let mut problems = Problems::new(source);
    let Some(file) = read(id, source, &mut problems) else {
        return (None, problems.sorted());
    };
    let mut used = BTreeSet::new();
    let mut all_read = true;
    for (part, text) in &file.message {
        all_read &= check_template(*part, text, &file, &mut problems, &mut used);
    }
    for text in &file.offer_texts {
        check_offer_text(text, &file, &mut problems);
    }
    for (name, place) in &file.defaults {
        // Of a message that cannot be read, nobody knows what it uses.
        if all_read && !used.contains(name.as_str()) {
            problems.add(
                Severity::Warning,
                place.start,
                format!("the message does not use `{name}`"),
                "delete the default, or use the field",
            );
        }
    }
    if !matches!(file.strategy.language.split(['-', '_']).next(), Some(tag) if (2..=3).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !file.strategy.language.is_empty()
    {
        problems.error(
            file.language_at,
            format!("\"{}\" is not a language tag", file.strategy.language),
            "write \"en\", \"zh\", or another BCP 47 tag",
        );
    }
    if !problems.any_error() {
        check_lengths(&file, &mut problems);
    }
    (Some(file.strategy), problems.sorted())
}

/// Syntax, fields and slots of one part; whether it could be read.
fn check_template(
    part: Part,
    text: &Mapped,
    file: &Read,
    problems: &mut Problems<'_>,
    used: &mut BTreeSet<String>,
) -> bool {
    if !check_syntax(text, problems) {
        return false;
    }
    let template = template::read(&text.text);
    check_faults(text, &template, problems);
    for field in &template.fields {
        used.insert(field.name.clone());
        if check_field(text, field, file, problems) && field.printed {
            readable(text, field, problems);
        }
    }
    for call in &template.slots {
        let at = text.at(call.range.start);
        if call.fallback.is_empty() {
            problems.error(
                at,
                "this slot has no fallback",
                "add fallback=\"...\": what stands there when no model writes",
            );
        }
        let examples =
            call.examples.iter().chain(&call.fallback).chain(&call.must).map(|inner| (false, inner));
        for (instruction, inner) in std::iter::once((true, &call.instruction)).chain(examples) {
            let inner_text = inner.clone().within(text);
            if inner.text.trim().is_empty() {
                problems.error(
                    inner_text.at(0),
                    "a text of write() is empty",
                    "write something or delete it",
                );
                continue;
            }
            if !check_syntax(&inner_text, problems) {
                continue;
            }
            let inner_template = template::read(&inner.text);
            check_faults(&inner_text, &inner_template, problems);
            for slot in &inner_template.slots {
                problems.error(
                    inner_text.at(slot.range.start),
                    "a slot inside a slot",
                    "write the slots one after the other",
                );
            }
            for field in &inner_template.fields {
                used.insert(field.name.clone());
                if check_field(&inner_text, field, file, problems) {
                    shared(&inner_text, field, problems);
                    if !instruction {
                        readable(&inner_text, field, problems);
                    }
                }
            }
        }
        if let Some(limit) = call.limit {
            for fallback in &call.fallback {
                let length = fallback.text.chars().count();
                if length > limit && !fallback.text.contains('{') {
                    problems.error(
                        fallback.clone().within(text).at(0),
                        format!("this fallback has {length} characters, and the slot may have {limit}"),
                        "shorten it, or raise the limit",
                    );
                }
            }
        }
        if part != Part::Body && call.limit.is_none() {
            problems.add(
                Severity::Warning,
                at,
                format!("this slot of the {} has no limit", part.name()),
                "add limit=40, so that a model cannot write too much",
            );
        }
    }
    true
}

/// Whether minijinja can read it; if not, the problem is told at its place in the file.
fn check_syntax(text: &Mapped, problems: &mut Problems<'_>) -> bool {
    let mut environment = environment();
    environment.set_debug(true);
    let Err(error) = environment.template_from_str(&text.text).map(|_| ()) else { return true };
    if let Some(at) = template::left_open(&text.text) {
        problems.error(
            text.at(at),
            "this `{{` is not closed",
            "close it with `}}` behind the field or the slot",
        );
        return false;
    }
    let line_start = error.line().map_or(0, |line| {
        text.text.match_indices('\n').nth(line.wrapping_sub(2)).map_or(0, |(at, _)| at + 1)
    });
    let at = error.range().map_or(line_start, |range| range.start);
    let (message, remedy) = explain(&error);
    problems.error(text.at(at), message, remedy);
    false
}

fn check_faults(text: &Mapped, template: &Template, problems: &mut Problems<'_>) {
    for fault in &template.faults {
        problems.error(text.at(fault.range.start), fault.message.clone(), fault.remedy);
    }
}

/// Whether the field exists; also tells of a missing default or offer.
fn check_field(text: &Mapped, field: &FieldUse, file: &Read, problems: &mut Problems<'_>) -> bool {
    let at = text.span(&field.range).start;
    let name = &field.name;
    let Some(known) = field_named(name) else {
        let remedy = nearest(name).map_or_else(
            || {
                let names: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
                format!("the fields are {}", names.join(", "))
            },
            |near| format!("did you mean `{near}`?"),
        );
        problems.error(at, format!("there is no field `{name}`"), remedy);
        return false;
    };
    if known.may_lack && !field.guarded && !file.strategy.defaults.contains_key(name) {
        problems.error(
            at,
            format!("customers may lack `{name}`, and it has no default"),
            format!(
                "add {name} = \"...\" under [defaults], or ask for it: {{% if {name} %}}...{{% endif %}}"
            ),
        );
    }
    if known.scope == Scope::Offer && !field.guarded {
        check_offer_field(at, name, file, problems);
    }
    true
}

fn check_offer_field(at: usize, name: &str, file: &Read, problems: &mut Problems<'_>) {
    let lacking = match (&file.strategy.offer, name) {
        (None, _) => Some(("the strategy has no offer", "add a table [offer] with kind and text")),
        (Some(offer), "offer_conditions") if offer.conditions.is_none() => {
            Some(("the offer has no conditions", "add conditions = \"...\" under [offer]"))
        }
        (Some(offer), "offer_ends" | "offer_days") if offer.valid_days.is_none() => {
            Some(("the offer has no end", "add valid-days = 14 under [offer]"))
        }
        (Some(offer), "offer_value") if offer.value.is_none() => {
            Some(("the offer has no value", "add value = 10 under [offer]"))
        }
        (Some(offer), "coupon_code") if offer.coupon == super::CouponPolicy::None => {
            Some(("the offer has no codes", "add coupon = \"unique\" under [offer]"))
        }
        _ => None,
    };
    if let Some((message, remedy)) = lacking {
        problems.error(at, format!("`{name}` is used, but {message}"), remedy);
    }
}

/// A slot's texts may only have facts that hold for everyone.
fn shared(text: &Mapped, field: &FieldUse, problems: &mut Problems<'_>) {
    let Some(known) = field_named(&field.name).filter(|known| !known.scope.shared()) else { return };
    let why =
        if known.scope == Scope::Personal { "is personal" } else { "differs from customer to customer" };
    problems.error(
        text.at(field.range.start),
        format!("`{}` {why}, and a slot is written once for everyone", field.name),
        "put the field beside the slot, outside of write(), or use a segment field such as segment_category",
    );
}

fn readable(text: &Mapped, field: &FieldUse, problems: &mut Problems<'_>) {
    if field_named(&field.name).is_some_and(|known| !known.readable) {
        problems.error(
            text.at(field.range.start),
            format!("customers would read `{}`", field.name),
            "use it in an instruction of write(\"...\") only",
        );
    }
}

/// The offer's own texts are templates over the shop's facts and the offer's value.
fn check_offer_text(text: &Mapped, file: &Read, problems: &mut Problems<'_>) {
    if !text.text.contains('{') || !check_syntax(text, problems) {
        return;
    }
    let template = template::read(&text.text);
    check_faults(text, &template, problems);
    for slot in &template.slots {
        problems.error(
            text.at(slot.range.start),
            "an offer is never the model's to write",
            "write it in words",
        );
    }
    for field in &template.fields {
        let allowed = field_named(&field.name).is_some_and(|known| known.scope == Scope::Shop)
            || field.name == "offer_value"
                && file.strategy.offer.as_ref().is_some_and(|offer| offer.value.is_some());
        if !allowed {
            problems.error(
                text.at(field.range.start),
                format!("`{}` cannot stand in the offer's text", field.name),
                "use offer_value, where the offer has one, or the shop's fields",
            );
        }
    }
}

/// Facts as an ordinary customer would have them, or as long as they may be.
pub(crate) fn typical(strategy: &Strategy, longest: bool) -> Facts {
    let chinese = is_chinese(&strategy.language);
    let mut facts = Facts::new();
    for field in &FIELDS {
        let example = if chinese { field.example.1 } else { field.example.0 };
        let mut value = example.to_owned();
        if longest && field.may_lack {
            let filler = if chinese { '字' } else { 'n' };
            let longest = if chinese { field.longest.div_ceil(2) } else { field.longest };
            let numeric = example.chars().all(|c| c.is_ascii_digit());
            let filler = if numeric { '9' } else { filler };
            while value.chars().count() < if numeric { field.longest } else { longest } {
                value.push(filler);
            }
        }
        facts.insert(field.name.to_owned(), value.into());
    }
    super::facts::add_offer(&mut facts, strategy, "EUR", None);
    if let Some(code) = facts.get_mut("coupon_code").filter(|_| longest) {
        *code = "N".repeat(field_named("coupon_code").map_or(0, |field| field.longest)).into();
    }
    facts
        .insert("unsubscribe".into(), super::facts::unsubscribe(strategy.channel, &strategy.language).into());
    facts
}

/// The shortest and the longest message against what the channel carries.
fn check_lengths(file: &Read, problems: &mut Problems<'_>) {
    let strategy = &file.strategy;
    let Ok(renderer) = Renderer::new(strategy) else { return };
    let shortest = typical(strategy, false);
    let longest = typical(strategy, true);
    let (Ok(short_slots), Ok(long_slots)) = (renderer.slots(&shortest), renderer.slots(&longest)) else {
        return;
    };
    let count = |text: &String| text.chars().count();
    let few: Vec<String> = short_slots
        .iter()
        .map(|slot| slot.fallback.iter().min_by_key(|text| count(text)).cloned().unwrap_or_default())
        .collect();
    let many: Vec<String> = long_slots
        .iter()
        .map(|slot| {
            let text = slot.fallback.iter().max_by_key(|text| count(text)).cloned().unwrap_or_default();
            let missing = slot.limit.unwrap_or(0).saturating_sub(count(&text));
            let filler = if is_chinese(&strategy.language) { "字" } else { "n" };
            text + &filler.repeat(missing)
        })
        .collect();
    let low = match renderer.render(&shortest, &few) {
        Ok(text) => text,
        Err(problem) => {
            problems.error(file.message_at, problem.message, problem.remedy);
            return;
        }
    };
    let Ok(high) = renderer.render(&longest, &many) else { return };
    for bound in channel::limits_of(strategy.channel, &strategy.language, &strategy.limits) {
        let at = file.message.get(&bound.part).map_or(file.message_at, |text| text.at(0));
        let name = bound.part.name();
        let length = |text: &super::Text| text.get(&bound.part).map_or(0, |text| text.chars().count());
        let (low, high) = (length(&low), length(&high));
        if let Some(most) = bound.most {
            if low > most {
                problems.error(
                    at,
                    format!("the {name} has {low} characters or more, and may have {most}"),
                    "shorten it",
                );
                continue;
            }
            if high > most {
                problems.add(
                    Severity::Warning,
                    at,
                    format!("the {name} may grow to {high} characters with long values, and may have {most}"),
                    "shorten it, or give its slots a limit",
                );
                continue;
            }
        }
        if let Some(advised) = bound.advised.filter(|&advised| low > advised) {
            problems.add(
                Severity::Warning,
                at,
                format!("the {name} has {low} characters; {advised} are shown everywhere"),
                "shorten it, or put what matters first",
            );
        }
    }
    if strategy.channel == Channel::Sms {
        let most = strategy.limits.sms_parts.unwrap_or(SMS_PARTS);
        let at = file.message.get(&Part::Body).map_or(file.message_at, |text| text.at(0));
        let parts = |text: &super::Text| text.get(&Part::Body).map_or(0, |text| sms::measure(text).parts);
        let (low, high) = (parts(&low), parts(&high));
        if low > most {
            problems.error(
                at,
                format!("the message takes {low} SMS parts or more, and may take {most}"),
                "shorten it, or raise limits.sms-parts",
            );
        } else if high > most {
            problems.add(
                Severity::Warning,
                at,
                format!("the message may grow to {high} SMS parts with long values, and may take {most}"),
                "shorten it, give its slots a limit, or raise limits.sms-parts",
            );
        }
    }
}
