//! Whether a merged message surely breaks no rule, found out in a fraction of the time that the rules take.
//!
//! Of a million messages of one copy most lines are the same, or come back with the next customer who has the same
//! first name or last product. What the rules say of a line is worked out once and kept. The answer errs on one side
//! only: where it is yes, every rule holds (a test runs both on the same messages); where it is no, nothing is known
//! and the rules themselves are run, which also tell what is wrong.
//!
//! Slots are the same in every message of a copy. What the rules say of slots alone is taken from a message on which
//! all rules were run and held.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use memchr::memmem;

use super::numbers::{self, Claim};
use super::{Message, Rules, claims, dates, filled, language, names, opt_out, repetition, sentences, words};
use crate::data::Channel;
use crate::review::coupon::is_code;
use crate::strategy::{Facts, Part, Text, limits_of, sms};
use crate::writing::guard::phrases::fold;

/// Places for what is known of lines, so that threads seldom wait for each other.
const SHARDS: usize = 64;
/// Lines in each: together a quarter of a million, some 100 MB at worst.
const LINES: usize = 1 << 12;

/// A code as all are.
const STAND_IN: &str = "K7RM3-XHP9TW";

/// A map of texts. The hash is a plain one and fast: these texts are no attacker's.
type Texts<T> = HashMap<String, T, BuildHasherDefault<Words>>;

/// Eight bytes at a time, mixed by a multiplication.
#[derive(Default)]
struct Words(u64);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        let mut mix = |word: u64| self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        for chunk in chunks.by_ref() {
            mix(chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
        }
        let rest = chunks.remainder();
        mix(rest.iter().fold(rest.len() as u64, |word, &byte| word << 8 | u64::from(byte)));
    }
}

/// What the rules say of a line, whoever it is for.
struct Line {
    /// Worked out when they are asked for: of a line with a code or a fact's own words they are not.
    claims: OnceLock<Vec<Claim>>,
    overclaims: OnceLock<bool>,
    /// Names that are greeted, and given names wherever they stand.
    names: Vec<String>,
    /// Something that only the whole message can tell right from wrong.
    doubtful: bool,
    /// As a paragraph of a body it is not finished.
    unfinished: bool,
    /// Hashes of its long sentences.
    sentences: Vec<u64>,
    /// Slots that stand in it, and slots that it says again: one bit each.
    holds: u64,
    says: u64,
    /// Slots that are said again by what is left of it without them.
    says_around: u64,
    characters: usize,
    foreign: usize,
}

/// The quick look at all messages of one copy.
pub(super) struct Quick {
    hasher: RandomState,
    lines: Vec<Mutex<Texts<Arc<Line>>>>,
    facts: Vec<Mutex<Texts<Arc<Vec<Claim>>>>>,
    excused: Vec<Mutex<Texts<bool>>>,
    /// Hashes of the runs of words that each slot has.
    runs: Vec<Vec<u64>>,
    slots: Vec<String>,
    /// Most characters of each part.
    most: Vec<(Part, Option<usize>)>,
    wants_code: bool,
    /// All rules were run on a message with these slots, and held.
    slots_hold: AtomicBool,
}

impl Quick {
    /// `None`: the slots are such that each message must be looked at as a whole.
    pub fn new(rules: &Rules<'_>, slots: &[String]) -> Option<Self> {
        let strategy = rules.strategy;
        // A slot with a field in braces is another text for each customer.
        if slots.len() > 64 || slots.iter().any(|slot| slot.trim().is_empty() || slot.contains(['\n', '{'])) {
            return None;
        }
        let hasher = RandomState::new();
        let run = repetition::run_of(is_chinese(rules));
        let runs = slots.iter().map(|slot| runs(&hasher, &words::normal(slot), run)).collect();
        Some(Self {
            hasher,
            lines: (0..SHARDS).map(|_| Mutex::default()).collect(),
            facts: (0..SHARDS).map(|_| Mutex::default()).collect(),
            excused: (0..SHARDS).map(|_| Mutex::default()).collect(),
            runs,
            slots: slots.iter().map(|slot| slot.trim().to_owned()).collect(),
            most: limits_of(strategy.channel, &strategy.language, &strategy.limits)
                .into_iter()
                .map(|bound| (bound.part, bound.most))
                .collect(),
            wants_code: strategy.message.values().any(|template| template.contains("coupon_code")),
            slots_hold: AtomicBool::new(false),
        })
    }

    /// All rules were run on a message to somebody with these facts, and held.
    pub fn held(&self, facts: &Facts) {
        if self.tells_of_no_slot(facts) {
            self.slots_hold.store(true, Ordering::Relaxed);
        }
    }

    /// Whether no fact that excuses a word in a slot stands in one: then the rules say the same of the slots as with
    /// the next customer's facts.
    fn tells_of_no_slot(&self, facts: &Facts) -> bool {
        ["last_product", "favourite_category"]
            .into_iter()
            .filter_map(|name| fact(facts, name))
            .all(|value| !value.contains('\u{fffc}') && self.slots.iter().all(|slot| !contains(slot, value)))
    }

    /// Whether every rule surely holds.
    pub fn surely_holds(&self, rules: &Rules<'_>, facts: &Facts, text: &Text) -> bool {
        self.slots_hold.load(Ordering::Relaxed)
            && self.tells_of_no_slot(facts)
            && self.holds(rules, facts, text).unwrap_or(false)
    }

    /// `None`: the message must be looked at as a whole.
    fn holds(&self, rules: &Rules<'_>, facts: &Facts, text: &Text) -> Option<bool> {
        let strategy = rules.strategy;
        let code = fact(facts, "coupon_code");
        let proof = Proof::new(self, rules, facts);
        let own: Vec<&str> = claims::OWN_WORDS.iter().filter_map(|name| fact(facts, name)).collect();
        if own.iter().any(|value| value.contains('\n') || numbers::offers(value)) {
            return None;
        }
        let named =
            ["first_name", "last_name", "full_name"].into_iter().filter_map(|name| facts.get(name)?.as_str());
        if named.into_iter().any(|name| !names::is_plain(name) || !self.claims_of(name).is_empty()) {
            return None;
        }
        let (mut code_found, mut foreign) = (false, 0_usize);
        let mut known_names: Option<Vec<String>> = None;
        let mut spoken: Vec<u64> = Vec::with_capacity(32);
        if strategy.message.keys().any(|part| !text.contains_key(part)) {
            return Some(false);
        }
        for (part, text) in text {
            if text.trim().is_empty() || *part == Part::Body && filled::gap_after_greeting(text) {
                return Some(false);
            }
            let excused: Vec<&str> = own.iter().copied().filter(|value| contains(text, value)).collect();
            spoken.clear();
            // Slots that were met in this part: only their first place is theirs.
            let (mut met, mut characters) = (0_u64, 0_usize);
            for (number, whole) in text.split('\n').enumerate() {
                // Codes differ in their letters only: all lines with one are looked at with the same code in them.
                let has_code = code.filter(|code| contains(whole, code));
                let bare = has_code.map(|code| numbers::remove_whole(whole, code));
                code_found |= bare.as_deref().is_some_and(|bare| bare != whole);
                let shown = match has_code.filter(|code| is_code(code)) {
                    Some(code) => Cow::Owned(whole.replace(code, STAND_IN)),
                    None => Cow::Borrowed(whole),
                };
                let whole = shown.as_ref();
                let line = self.line(rules, facts, whole);
                let overclaims = if excused.iter().any(|value| contains(whole, value)) {
                    self.overclaims(&words::without(whole, &excused))
                } else {
                    *line.overclaims.get_or_init(|| says_too_much(whole))
                };
                if line.doubtful || overclaims || *part == Part::Body && line.unfinished {
                    return Some(false);
                }
                let proved = |claims: &[Claim]| claims.iter().all(|claim| proof.proves(claim));
                let proved = match bare.as_deref() {
                    Some(bare) => proved(&self.claims_of(bare)),
                    None => proved(line.claims.get_or_init(|| numbers::claims(whole))),
                };
                if !proved {
                    return Some(false);
                }
                if !line.names.is_empty() {
                    let known = known_names.get_or_insert_with(|| names::known(strategy, facts));
                    if !line.names.iter().all(|name| names::is_known(name, known)) {
                        return Some(false);
                    }
                }
                let first = line.holds & !met;
                met |= line.holds;
                if line.says & !first != 0 || line.says_around & first != 0 {
                    return Some(false);
                }
                if line.sentences.iter().any(|sentence| spoken.contains(sentence)) {
                    return Some(false);
                }
                spoken.extend_from_slice(&line.sentences);
                characters += line.characters + usize::from(number > 0);
                foreign += line.foreign;
            }
            if self.most.iter().any(|(of, most)| of == part && most.is_some_and(|most| characters > most)) {
                return Some(false);
            }
            if *part == Part::Body && !Self::ends(rules, facts, text) {
                return Some(false);
            }
        }
        if code.is_some() && self.wants_code && !code_found {
            return Some(false);
        }
        if names::own(strategy, facts)
            .iter()
            .any(|name| self.slots.iter().any(|slot| names::stands_in(slot, name)))
        {
            return Some(false);
        }
        Some(right_language(rules, facts, text, foreign) && right_mark(rules, facts, text))
    }

    /// Whether a body ends as it should, is short enough for its channel and says how to get no more.
    fn ends(rules: &Rules<'_>, facts: &Facts, body: &str) -> bool {
        let strategy = rules.strategy;
        if body.trim_end().ends_with(sentences::COMMAS) {
            return false;
        }
        if strategy.channel == Channel::Sms {
            let most = strategy.limits.sms_parts.unwrap_or(2);
            let short = most > 0
                && body.len() <= 160
                && body
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b" .,!?'-:;/()&\n".contains(&byte));
            if !short && sms::measure(body).parts > most {
                return false;
            }
        }
        strategy.channel == Channel::Push
            || fact(facts, "unsubscribe").is_some_and(|line| contains(body, line))
    }

    /// What is known of a line.
    fn line(&self, rules: &Rules<'_>, facts: &Facts, text: &str) -> Arc<Line> {
        let shard = &self.lines[shard_of(text)];
        // What is in the map is whole whatever happened to the thread that had it.
        if let Some(line) = shard.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Arc::clone(line);
        }
        let line = Arc::new(self.look(rules, facts, text));
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < LINES {
            known.insert(text.to_owned(), Arc::clone(&line));
        }
        line
    }

    /// Runs the rules on a line. Of the facts only the way out and the offer are looked at, the same for all.
    fn look(&self, rules: &Rules<'_>, facts: &Facts, text: &str) -> Line {
        let chinese = is_chinese(rules);
        let run = repetition::run_of(chinese);
        let lower = text.to_lowercase();
        let banned =
            rules.banned_words.iter().any(|word| words::find_lower(&lower, &word.trim().to_lowercase()));
        let open = [('[', ']'), ('<', '>'), ('【', '】')]
            .into_iter()
            .any(|(open, close)| text.rfind(open).is_some_and(|at| !text[at..].contains(close)));
        let mut names = names::greeted(text);
        names.extend(names::common(text));
        let holds = self.bits(|slot| contains(text, &self.slots[slot]));
        let said = self.said(text, run);
        let says_around = self.bits(|slot| {
            holds >> slot & 1 == 1 && {
                let around = self.said(&text.replacen(&self.slots[slot], "\n", 1), run);
                self.runs[slot].iter().any(|run| around.contains(run))
            }
        });
        let (_, foreign) = language::count(text, chinese);
        let sentences: Vec<u64> = words::sentences(text)
            .into_iter()
            .map(words::normal)
            .filter(|words| words.len() >= repetition::LONG)
            .map(|words| self.hasher.hash_one(&words))
            .collect();
        let said_twice = (1..sentences.len()).any(|at| sentences[..at].contains(&sentences[at]));
        Line {
            claims: OnceLock::new(),
            overclaims: OnceLock::new(),
            names,
            doubtful: banned
                || dates::deadlines(text).next().is_some()
                || claims::promises_in(facts, &fold(text).text).into_iter().any(|(kept, _)| !kept)
                || said_twice
                || open
                || !filled::braces(text).is_empty()
                || text.contains("%}")
                || names::may_go_on(text),
            unfinished: sentences::unfinished_paragraph(
                text.trim(),
                fact(facts, "unsubscribe").unwrap_or(""),
            )
            .is_some(),
            sentences,
            holds,
            says: self.bits(|slot| self.runs[slot].iter().any(|run| said.contains(run))),
            says_around,
            characters: text.chars().count(),
            foreign,
        }
    }

    fn bits(&self, is_set: impl Fn(usize) -> bool) -> u64 {
        (0..self.slots.len()).filter(|&slot| is_set(slot)).fold(0, |bits, slot| bits | 1 << slot)
    }

    /// Hashes of all runs of words of a text.
    fn said(&self, text: &str, run: usize) -> Vec<u64> {
        let sentences = words::sentences(text);
        sentences.into_iter().flat_map(|sentence| runs(&self.hasher, &words::normal(sentence), run)).collect()
    }

    /// Whether a line without the words of facts says too much.
    fn overclaims(&self, text: &str) -> bool {
        let shard = &self.excused[shard_of(text)];
        if let Some(overclaims) = shard.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return *overclaims;
        }
        let overclaims = says_too_much(text);
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < LINES {
            known.insert(text.to_owned(), overclaims);
        }
        overclaims
    }

    /// What a fact claims, or a line without its code.
    fn claims_of(&self, text: &str) -> Arc<Vec<Claim>> {
        let shard = &self.facts[shard_of(text)];
        if let Some(claims) = shard.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Arc::clone(claims);
        }
        let claims = Arc::new(numbers::claims(text));
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < LINES {
            known.insert(text.to_owned(), Arc::clone(&claims));
        }
        claims
    }
}

/// What a customer's facts prove; worked out when the first claim asks for it.
struct Proof<'a> {
    quick: &'a Quick,
    rules: &'a Rules<'a>,
    facts: &'a Facts,
}

impl<'a> Proof<'a> {
    fn new(quick: &'a Quick, rules: &'a Rules<'a>, facts: &'a Facts) -> Self {
        Self { quick, rules, facts }
    }

    fn proves(&self, claim: &Claim) -> bool {
        let by = |facts: &[Claim]| facts.iter().any(|fact| claim.follows_from(fact));
        by(&self.rules.authored)
            || self.facts.iter().filter(|(name, _)| *name != "segment_name").any(
                |(name, value)| match value {
                    serde_json::Value::String(text) => {
                        let proves =
                            |fact: &Claim| claim.follows_from(fact) && numbers::may_prove(name, text, fact);
                        self.quick.claims_of(text).iter().any(proves)
                    }
                    serde_json::Value::Number(number) => by(&self.quick.claims_of(&number.to_string())),
                    _ => false,
                },
            )
    }
}

/// Whether the message is in its language, from the letters of its lines; facts count where these leave a doubt.
fn right_language(rules: &Rules<'_>, facts: &Facts, text: &Text, foreign: usize) -> bool {
    let whole = || text.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    foreign <= language::FEW || !language::is_mostly_foreign(facts, &whole(), is_chinese(rules))
}

/// Whether advertising is marked as such where it must be.
fn right_mark(rules: &Rules<'_>, facts: &Facts, text: &Text) -> bool {
    let marked = is_chinese(rules) && rules.strategy.channel == Channel::Email;
    !marked || {
        let message = Message {
            strategy: rules.strategy,
            facts,
            written: &[],
            slots: &[],
            bare: &[],
            wanted: &[],
            authored: &[],
            around: "",
            text,
        };
        opt_out::advertising_mark(&message).ok
    }
}

fn is_chinese(rules: &Rules<'_>) -> bool {
    rules.strategy.language.to_ascii_lowercase().starts_with("zh")
}

fn says_too_much(text: &str) -> bool {
    claims::overclaims(text).next().is_some()
}

fn runs(hasher: &RandomState, words: &[String], run: usize) -> Vec<u64> {
    words.windows(run).map(|window| hasher.hash_one(window)).collect()
}

fn shard_of(text: &str) -> usize {
    (BuildHasherDefault::<Words>::default().hash_one(text) >> 40) as usize % SHARDS
}

fn fact<'a>(facts: &'a Facts, name: &str) -> Option<&'a str> {
    super::told(facts, name)
}

fn contains(text: &str, part: &str) -> bool {
    memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

#[cfg(test)]
mod tests;
