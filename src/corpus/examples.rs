//! Messages as a model is tuned on them: filled by chance, behind the prompt that asks for them.
//!
//! In: a corpus, facts, a seed, and a turn: each turn fills every message anew. Out: prompts of the form in
//! `writing::brief`, and texts.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::facts::{Facts, Filling};
use super::grammar::{fields, fill, names_product, sentences};
use super::{Corpus, Group, Kind, Message, Tone};
use crate::segments::Stage;
use crate::tuning::Example;
use crate::writing::brief::{Brief, gap};

/// In how many of a hundred prompts words are demanded, and other texts shown.
const DEMANDING: u32 = 75;
const SHOWING: u32 = 25;

/// Every message of the corpus, filled for this turn, in the corpus's order.
#[must_use]
pub fn examples(corpus: &Corpus, facts: &[Facts; 2], seed: u64, turn: u32) -> Vec<Example> {
    corpus
        .messages()
        .enumerate()
        .map(|(number, (group, message))| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            chance.set_stream(u64::from(turn) << 32 | number as u64);
            let facts = &facts[usize::from(group.chinese)];
            let names_product = names_product(&message.text);
            let filling = facts.draw(group.offer, names_product, &mut chance);
            example(group, message, &filling, number as u32, &mut chance)
        })
        .collect()
}

/// The messages filled so many times: those of other languages, and the Chinese ones.
#[must_use]
pub fn filled(corpus: &Corpus, facts: &[Facts; 2], seed: u64, turns: [u32; 2]) -> Vec<Example> {
    let chinese: Vec<bool> = corpus.messages().map(|(group, _)| group.chinese).collect();
    let turn = |turn: u32| {
        let all = examples(corpus, facts, seed, turn).into_iter().zip(&chinese);
        all.filter(move |(_, chinese)| turn < turns[usize::from(**chinese)]).map(|(example, _)| example)
    };
    (0..turns[0].max(turns[1])).flat_map(turn).collect()
}

fn example(
    group: &Group,
    message: &Message,
    filling: &Filling,
    pattern: u32,
    chance: &mut ChaCha8Rng,
) -> Example {
    let chinese = group.chinese;
    let text = fill(&message.text, filling);
    let task = task(one(&group.tasks, chance).map_or("", String::as_str), filling, chance);
    let (channel, part) = match group.kind {
        // A line stands in whatever message.
        Kind::Line => {
            *one(&[Kind::Body, Kind::Body, Kind::Sms, Kind::PushBody], chance).unwrap_or(&Kind::Body)
        }
        kind => kind,
    }
    .place();
    let stage = group.stage.unwrap_or_else(|| *one(&Stage::ALL, chance).unwrap_or(&Stage::Retention));
    let tone = *one(tones(message.tone, chinese), chance).unwrap_or(&"");
    let length = text.chars().count();
    let step = if chinese { 5 } else { 10 };
    let close = length.div_ceil(step) * step;
    let limits =
        [close, close + step, close + 2 * step, group.kind.limit(chinese), group.kind.limit(chinese)];
    let limit = (*one(&limits, chance).unwrap_or(&close)).max(close);
    let sentences = sentences(&text).max(1);
    let must = if chance.random_range(0..100) < DEMANDING {
        must(&message.text, filling, chance)
    } else {
        Vec::new()
    };
    let others: Vec<&Message> = group.messages.iter().filter(|other| *other != message).collect();
    let mut like = Vec::new();
    if !others.is_empty() && chance.random_range(0..100) < SHOWING {
        for _ in 0..chance.random_range(1..=2) {
            like.extend(one(&others, chance).map(|other| fill(&other.text, filling)));
        }
        like.dedup();
    }
    // Only a whole message tells of the offer; a line beside one does not.
    let offer = group.offer.filter(|_| message.text.contains("{offer}"));
    let brief = Brief {
        chinese,
        task: &task,
        channel,
        part,
        stage,
        tone,
        limit,
        sentences,
        offer,
        must: &must,
        lines: "",
        like: like.iter().map(String::as_str).collect(),
    };
    Example { prompt: brief.text(), text: format!("{}{text}", gap(chinese)), pattern, weight: 1.0 }
}

/// A task as a strategy has it: what holds for everyone filled in, the offer now and then too.
fn task(task: &str, filling: &Filling, chance: &mut ChaCha8Rng) -> String {
    let task = fill(task, filling);
    if chance.random_range(0..2) == 0 { task.replace("{offer}", &filling.offer) } else { task }
}

/// What the text has to have, in any order.
fn must(text: &str, filling: &Filling, chance: &mut ChaCha8Rng) -> Vec<String> {
    let mut must: Vec<String> = Vec::new();
    for name in fields(text) {
        let word = match name {
            "category" => filling.category.text.clone(),
            "second_category" => filling.second_category.text.clone(),
            "product" | "a product" => filling.product.clone(),
            "season" => filling.season.clone(),
            own => format!("{{{own}}}"),
        };
        if !must.contains(&word) {
            must.push(word);
        }
    }
    for place in (1..must.len()).rev() {
        must.swap(place, chance.random_range(0..=place));
    }
    must
}

fn one<'a, T>(list: &'a [T], chance: &mut ChaCha8Rng) -> Option<&'a T> {
    list.get(chance.random_range(0..list.len().max(1)))
}

/// How strategies say a tone.
fn tones(tone: Tone, chinese: bool) -> &'static [&'static str] {
    match (tone, chinese) {
        (Tone::Warm, false) => {
            &["warm", "warm, honest", "kind and warm", "friendly, personal", "warm, without reproach"]
        }
        (Tone::Plain, false) => {
            &["plain", "plain, to the point", "calm, factual", "short, friendly", "clear and calm"]
        }
        (Tone::Playful, false) => &["playful", "light, with a smile", "playful, never loud"],
        (Tone::Formal, false) => &["formal", "courteous, formal", "polite, reserved"],
        (Tone::Urgent, false) => &["urgent, honest", "brisk, honest", "clear about the date"],
        (Tone::Warm, true) => &["温暖", "温和、真诚", "亲切", "温和、真诚、不施压"],
        (Tone::Plain, true) => &["平实", "简洁、直接", "平和、清楚", "简短、友好"],
        (Tone::Playful, true) => &["活泼", "轻松、俏皮", "俏皮、不吵闹"],
        (Tone::Formal, true) => &["正式", "礼貌、正式", "庄重、有礼"],
        (Tone::Urgent, true) => &["紧凑、诚实", "提醒日期，不夸张"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{read, shipped_facts};

    const FILE: &str = r#"
language = "en"
stage = "win-back"
[[group]]
part = "sms"
offer = "percentage"
tasks = ["Invite them back to {category} with {offer}."]
messages = [
  { tone = "warm", text = "{first_name}, our {category} {is|are} here: {offer} with {coupon_code}." },
  { tone = "plain", text = "{offer} on {category}, {first_name}, with code {coupon_code}." },
]
"#;

    #[test]
    fn a_message_is_asked_for_in_the_engines_own_words() {
        let corpus = read("one.toml", FILE).unwrap();
        let facts = shipped_facts().unwrap();
        let made: Vec<Example> = (0..40).flat_map(|turn| examples(&corpus, &facts, 7, turn)).collect();
        assert_eq!(made.len(), 80);
        for example in &made {
            assert!(example.prompt.starts_with("Task: Invite them back to "), "{}", example.prompt);
            assert!(example.prompt.contains("For: text message, win-back. Tone: "));
            assert!(example.prompt.contains("\nOffer: percentage\n") && example.prompt.ends_with("Text:"));
            assert!(example.text.starts_with(' ') && example.text.contains("{offer}"));
            assert!(!example.text.contains("{category}") && !example.text.contains("{is|are}"));
        }
        assert!(made.iter().any(|example| example.prompt.contains("Use: ")));
        assert!(made.iter().any(|example| example.prompt.contains("Like: ")));
        // Each turn draws other facts; the same seed draws the same.
        assert_ne!(made[0].text, made[2].text);
        assert_eq!(examples(&corpus, &facts, 7, 3), examples(&corpus, &facts, 7, 3));
        // Chinese ones can be seen more often.
        let mut both = corpus.clone();
        both.groups[0].messages.truncate(1);
        both.groups.push(Group { chinese: true, ..both.groups[0].clone() });
        let patterns = |turns| -> Vec<u32> {
            filled(&both, &facts, 7, turns).iter().map(|example| example.pattern).collect()
        };
        assert_eq!(patterns([2, 2]), [0, 1, 0, 1]);
        assert_eq!(patterns([1, 3]), [0, 1, 1, 1]);
        assert_eq!(patterns([2, 1]), [0, 1, 0]);
    }
}
