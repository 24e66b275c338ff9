//! What is wrong with a corpus, before anything learns from it.
//!
//! In: a corpus and facts. Out: findings, in the corpus's order. Every message is filled several times, with nouns of both
//! numbers and names of many cultures, and must pass the rules that every message to a customer must pass; besides, no
//! two may be alike, and none may use a phrase that has been said too often.

use std::collections::{BTreeSet, HashSet};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::facts::{Facts, Filling};
use super::grammar::{ENDS, KEPT, fields, fill, fill_all, names_product, own, sentences};
use super::{Corpus, Group, Kind, Message};
use crate::data::Channel;
use crate::review::Rules;
use crate::segments::Stage;
use crate::strategy::{self, CouponPolicy, Limits, Offer, Part, Strategy, Text};
use crate::writing::guard::places::{denied, misplaced};
use crate::writing::guard::unsaid::too_soon;
use crate::writing::words::words;

/// Something wrong with a message, or with a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// File and group.
    pub place: String,
    /// The message as it was written, or the task.
    pub text: String,
    /// Name of the rule.
    pub rule: &'static str,
    pub detail: String,
}

/// Fillings that each message is tried with.
const FILLINGS: u64 = 6;
/// Share of words in common, of all words of both, from which two messages are one.
const ALIKE: f64 = 0.6;
/// Rules that ask for what a strategy puts around the text.
const OF_THE_WHOLE: [&str; 2] = ["opt-out", "ad-mark"];
/// Fields that a text may have besides those that stay.
const FILLED: [&str; 5] = ["category", "second_category", "product", "a product", "season"];

/// Phrases of which people have had enough.
const CLICHES: [&str; 70] = [
    "treat yourself",
    "look no further",
    "unleash",
    "elevate",
    "level up",
    "next level",
    "game-changer",
    "game changer",
    "one-stop",
    "got you covered",
    "any occasion",
    "just for you",
    "must-have",
    "must have",
    "dive into",
    "dive in",
    "delve",
    "embark",
    "journey",
    "unlock",
    "indulge",
    "pamper",
    "curated",
    "discover the",
    "the magic of",
    "a world of",
    "take it to the next",
    "made with love",
    "the perfect",
    "say goodbye",
    "say hello to",
    "your new favourite",
    "fall in love",
    "we've missed you",
    "we miss you",
    "long time no see",
    "shop now",
    "buy now",
    "click here",
    "stay tuned",
    "exciting news",
    "we are excited",
    "we're excited",
    "we are thrilled",
    "in today's world",
    "whether you're",
    "whether you are",
    "ready to",
    "宝子",
    "绝绝子",
    "亲爱的顾客",
    "遇见更好的自己",
    "品质生活",
    "心动不如行动",
    "错过再等",
    "买到就是赚到",
    "剁手",
    "种草",
    "必入",
    "神器",
    "尽享",
    "诚邀",
    "匠心",
    "极致",
    "开启美好",
    "不负",
    "仪式感",
    "高端大气",
    "邂逅",
    "宠爱自己",
];

/// Everything that is wrong with a corpus.
#[must_use]
pub fn lint(corpus: &Corpus, facts: &[Facts; 2]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, group) in corpus.groups.iter().enumerate() {
        let facts = &facts[usize::from(group.chinese)];
        for task in &group.tasks {
            form_of_task(group, task, &mut found);
        }
        for (place, message) in group.messages.iter().enumerate() {
            let before = found.len();
            form(group, message, &mut found);
            // What has an unknown field cannot be filled.
            if found[before..].iter().all(|finding| finding.rule != "field") {
                let seed = (number << 16 | place) as u64;
                rules(group, message, facts, seed, &mut found);
            }
        }
    }
    alike(corpus, &mut found);
    found
}

fn finding(group: &Group, text: &str, rule: &'static str, detail: impl Into<String>) -> Finding {
    Finding { place: group.place.clone(), text: text.to_owned(), rule, detail: detail.into() }
}

/// The fields of a message, `a product` and `product` being one.
fn used(text: &str) -> BTreeSet<&str> {
    fields(text).into_iter().map(|name| if name == "a product" { "product" } else { name }).collect()
}

fn form_of_task(group: &Group, task: &str, found: &mut Vec<Finding>) {
    for name in used(task) {
        if group.messages.iter().any(|message| !used(&message.text).contains(name)) {
            found.push(finding(
                group,
                task,
                "task",
                format!("it asks for {{{name}}}, which not every message has"),
            ));
        }
    }
}

/// The text with a word for each field that is filled before a model sees it, and each choice made.
fn without_filled(text: &str, chinese: bool) -> String {
    let word = if chinese { "物" } else { "things" };
    let mut out = text.to_owned();
    for name in fields(text).into_iter().filter(|name| !KEPT.contains(name)) {
        out = out.replace(&format!("{{{name}}}"), word);
    }
    while let Some((open, close)) =
        out.find('|').and_then(|bar| Some((out[..bar].rfind('{')?, bar + out[bar..].find('}')?)))
    {
        out.replace_range(open..=close, word);
    }
    out
}

/// What can be seen without filling it.
fn form(group: &Group, message: &Message, found: &mut Vec<Finding>) {
    let text = message.text.as_str();
    for name in fields(text) {
        if !KEPT.contains(&name) && !FILLED.contains(&name) {
            found.push(finding(group, text, "field", format!("there is no field {{{name}}}")));
        }
    }
    if group.offer.is_some() != text.contains("{offer}") {
        let what = if group.offer.is_some() {
            "it does not tell of the offer"
        } else {
            "there is no offer to tell of"
        };
        found.push(finding(group, text, "offer", what));
    }
    if group.offer.is_none() && (text.contains("{coupon_code}") || text.contains("{offer_ends}")) {
        found.push(finding(group, text, "offer", "a code or a day without an offer"));
    }
    let bare = without_filled(text, group.chinese);
    if let Some(place) = misplaced(&bare).next() {
        found.push(finding(group, text, "place", format!("\"{place}\" makes no sense")));
    }
    if let Some(clause) = denied(&bare) {
        found.push(finding(group, text, "place", format!("\"{clause}\" denies what is offered")));
    }
    if text.trim() != text || text.contains(['\n', '\t']) || text.contains("  ") {
        found.push(finding(group, text, "spaces", "a text is one paragraph with single spaces"));
    }
    let odd = |c: char| matches!(c, '"' | '“' | '”' | '—' | '–' | ';' | '；' | '…' | '‘' | '’');
    if let Some(mark) = text.chars().find(|c| odd(*c)) {
        found.push(finding(
            group,
            text,
            "marks",
            format!("it holds {mark}: use commas, colons and full stops"),
        ));
    }
    let lower = text.to_lowercase();
    for phrase in CLICHES.iter().filter(|phrase| lower.contains(*phrase)) {
        found.push(finding(group, text, "cliche", format!("\"{phrase}\" has been said too often")));
    }
    if let Some(stage) = group.stage {
        let words = format!(" {} ", words(text).join(" "));
        let said = |phrase: &&str| {
            if phrase.is_ascii() { words.contains(&format!(" {phrase} ")) } else { lower.contains(*phrase) }
        };
        let detail = |phrase| format!("\"{phrase}\" is not said to those who have only just come");
        found
            .extend(too_soon(stage).filter(said).map(|phrase| finding(group, text, "stage", detail(phrase))));
    }
    let ends = text.ends_with(ENDS);
    let sentences = sentences(text);
    let titled = matches!(group.kind, Kind::Subject | Kind::PushTitle);
    if !titled && !ends {
        found.push(finding(group, text, "sentence", "it does not end with a full stop"));
    }
    if group.kind == Kind::Line && sentences != 1 {
        found.push(finding(
            group,
            text,
            "sentence",
            format!("a line is one sentence, and this has {sentences}"),
        ));
    }
}

/// The product's rules, on several fillings.
fn rules(group: &Group, message: &Message, facts: &Facts, seed: u64, found: &mut Vec<Finding>) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..FILLINGS {
        let filling = facts.draw(group.offer, names_product(&message.text), &mut chance);
        let whole = fill_all(&message.text, &filling);
        let length = whole.chars().count();
        // A long product makes any text longer; half as much again is too long for any.
        let limit = group.kind.limit(group.chinese);
        if length > limit + limit / 2 {
            found.push(finding(
                group,
                &message.text,
                "length",
                format!("{length} characters, and {limit} are usual"),
            ));
            return;
        }
        let broken = broken(group, message, &filling);
        if !broken.is_empty() {
            let told = |(rule, detail)| finding(group, &message.text, rule, format!("{detail} ({whole})"));
            found.extend(broken.into_iter().map(told));
            return;
        }
    }
}

/// The rules that a filled message breaks.
fn broken(group: &Group, message: &Message, filling: &Filling) -> Vec<(&'static str, String)> {
    let written = fill(&message.text, filling);
    let strategy = strategy_around(group, filling);
    let facts = facts_of(filling);
    let slots = [written];
    let text: Text = match strategy::render(&strategy, &facts, &slots) {
        Ok(text) => text,
        Err(problem) => return vec![("form", problem.message)],
    };
    let checks = Rules::new(&strategy, &facts, &[]).check(&facts, &slots, &text);
    let parts_of_sms = |rule: &str| rule == "sms-parts" && strategy.limits.sms_parts.is_none();
    checks
        .into_iter()
        .filter(|check| !check.ok && !OF_THE_WHOLE.contains(&check.rule) && !parts_of_sms(check.rule))
        .map(|check| (check.rule, check.detail))
        .collect()
}

/// A strategy that holds nothing but this text.
fn strategy_around(group: &Group, filling: &Filling) -> Strategy {
    let (channel, part) = group.kind.place();
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let must: Vec<String> =
        [&filling.product, &filling.season].into_iter().map(|word| quoted(word)).collect();
    let slot = format!(
        "{{{{ write(\"A text about {} and {}.\", free=true, sentences=8, limit=800, must=[{}], fallback=[\"-\"]) }}}}",
        filling.product,
        filling.season,
        must.join(", ")
    );
    let filler = if group.chinese { "您好" } else { "Hello" };
    let parts: &[Part] = match channel {
        Channel::Email => &[Part::Subject, Part::Preheader, Part::Body],
        Channel::Sms => &[Part::Body],
        Channel::Push => &[Part::Title, Part::Body],
    };
    let message = parts
        .iter()
        .map(|own| {
            let text = if *own == part { slot.clone() } else { filler.to_owned() };
            (*own, if *own == Part::Body { text + "\n\n{{ unsubscribe }}" } else { text })
        })
        .collect();
    Strategy {
        id: "corpus".into(),
        name: "corpus".into(),
        stage: group.stage.unwrap_or(Stage::Retention),
        goal: String::new(),
        channel,
        language: if group.chinese { "zh" } else { "en" }.into(),
        tone: String::new(),
        offer: group.offer.map(|kind| Offer {
            kind,
            value: filling.offer_value.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok(),
            text: filling.offer.clone(),
            conditions: None,
            coupon: CouponPolicy::Unique,
            valid_days: Some(14),
        }),
        limits: Limits::default(),
        defaults: std::collections::BTreeMap::default(),
        examples: Vec::new(),
        adapter: None,
        message,
    }
}

fn facts_of(filling: &Filling) -> strategy::Facts {
    let mut facts = strategy::Facts::new();
    for name in KEPT {
        let value = own(name, filling).filter(|value| !value.is_empty());
        facts.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    for (name, value) in [
        ("last_name", &filling.last_name),
        ("favourite_category", &filling.category.text),
        ("segment_category", &filling.category.text),
        ("segment_second_category", &filling.second_category.text),
        ("offer_value", &filling.offer_value),
    ] {
        if !value.is_empty() {
            facts.insert(name.to_owned(), value.clone().into());
        }
    }
    let unsubscribe = if filling.chinese { "拒收请回复R" } else { "Reply STOP to opt out" };
    facts.insert("unsubscribe".into(), unsubscribe.into());
    facts
}

/// A text without its fields, in lower case.
#[must_use]
pub fn without_fields(text: &str) -> String {
    let mut bare = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            c if depth == 0 => bare.extend(c.to_lowercase()),
            _ => {}
        }
    }
    bare
}

/// What is left of a text without its fields: words, or pairs of characters.
fn features(text: &str, chinese: bool) -> HashSet<String> {
    let bare = without_fields(text);
    if chinese {
        let letters: Vec<char> = bare.chars().filter(|c| c.is_alphanumeric()).collect();
        letters.windows(2).map(|two| two.iter().collect()).collect()
    } else {
        bare.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// Messages that say the same.
fn alike(corpus: &Corpus, found: &mut Vec<Finding>) {
    let all: Vec<(&Group, &Message, HashSet<String>)> = corpus
        .messages()
        .map(|(group, message)| (group, message, features(&message.text, group.chinese)))
        .collect();
    for (place, (group, message, words)) in all.iter().enumerate() {
        let twin = all[..place].iter().find(|(_, _, other)| {
            let both = words.intersection(other).count();
            both > 2 && both as f64 >= ALIKE * (words.len() + other.len() - both) as f64
        });
        if let Some((_, other, _)) = twin {
            found.push(finding(
                group,
                &message.text,
                "alike",
                format!("it says what \"{}\" says", other.text),
            ));
        }
    }
}
