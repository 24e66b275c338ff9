//! Chooses among the texts that were written for a slot.
//!
//! In: candidates and what may stand. Out: the best of them, each different from the others. A small model wanders: of
//! twenty sentences some are on topic and some are about its family. What a shop says has been said in shops before, so
//! a candidate is liked for the share of its words that the strategies of its language use themselves, and for how
//! sure the model was of it. Where no candidate is good enough, the strategy's own text is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::guard::is_unspaced;
use super::guard::taught::Taught;
use super::voice::Voice;
use super::words::words;
use super::{FinishReason, TextEngine, Written};
use crate::data::primary_language;
use crate::strategy::{Slot, Strategy, shipped};

/// How much the share of known words counts, in nats for each token.
const KNOWN_WORDS: f64 = 3.0;
/// Mean log-probability of a token under which the model is guessing: such a sentence hangs together by chance. (Read
/// from some hundred sentences of the default model, where "We would love to see you again." has -0.7, "We have a new
/// way of doing things." -1.4 and "You are what you have." -2.0. A larger model is surer, and seldom below it.)
const LEAST_SURE: f64 = -1.2;
/// Mean log-probability of a token above which an adapter's model says by heart what it was taught: that is as good as
/// any, and no better. (Of Chinese it knows too little to do without.)
const BY_HEART: f64 = -0.5;
/// Share of known words under which a sentence is about something else than the shop.
const LEAST_KNOWN: f64 = 0.8;
/// What an opening costs that another variant has already, in the same measure, and again for each one more.
const SAME_OPENING: f64 = 0.6;
/// What it costs to be built as another variant is.
const SAME_SHAPE: f64 = 0.6;
/// How an engine writes, as far as it matters for what is chosen.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    /// So small that what uses other words is about something else.
    pub wanders: bool,
    /// Variants that may open with the same words.
    pub same_openings: u32,
    /// What its adapter was taught: these are words of a shop too.
    pub taught: Option<Arc<Taught>>,
}

impl Hand {
    pub(super) fn of(engine: &dyn TextEngine) -> Self {
        let taught = engine.taught().cloned();
        Self { wanders: engine.wanders(), same_openings: engine.same_openings(), taught }
    }
}

/// Characters of a slot that has no limit, for judging what is short.
const USUAL_LIMIT: usize = 160;
/// Words that make an opening.
pub(super) const OPENING: usize = 2;

/// The words that strategies of one language use.
pub(super) struct Taste<'a> {
    common: &'static HashSet<String>,
    own: HashSet<String>,
    /// What is said by heart is liked for that.
    by_heart: bool,
    /// Whether the strategy has texts of its own to stand where none is good enough.
    has_own_text: bool,
    hand: Hand,
    voice: &'a Voice,
    limit: usize,
    usable: &'a dyn Fn(&Written, &[&str]) -> bool,
}

impl<'a> Taste<'a> {
    /// The taste for a slot. `usable` says whether a text may stand beside others.
    pub(super) fn new(
        strategy: &Strategy,
        slot: &Slot,
        voice: &'a Voice,
        hand: Hand,
        usable: &'a dyn Fn(&Written, &[&str]) -> bool,
    ) -> Self {
        let texts = strategy.examples.iter().chain(&slot.examples).chain(&slot.fallback);
        let own = texts.chain([&slot.instruction]).flat_map(|text| words(text)).collect();
        let has_own_text = !slot.fallback.is_empty() || !slot.examples.is_empty();
        Self {
            common: common(&strategy.language),
            own,
            by_heart: hand.wanders || primary_language(&strategy.language) == "zh",
            has_own_text,
            hand,
            voice,
            limit: slot.limit.unwrap_or(USUAL_LIMIT),
            usable,
        }
    }

    /// How much a text is liked, in nats for each token; larger is better. `None` where it is not good enough to be
    /// shown: the strategy's own text is better.
    fn score(&self, written: &Written) -> Option<f64> {
        let taught = |word: &str| self.hand.taught.as_ref().is_some_and(|taught| taught.knows(word));
        let known = share(&words(&written.text), |word| {
            self.own.contains(word) || self.common.contains(word) || taught(word)
        });
        let by_model = written.finish_reason != FinishReason::Template;
        let unsure = written.mean_log_probability.is_some_and(|mean| mean < LEAST_SURE);
        let elsewhere = self.hand.wanders && known < LEAST_KNOWN && !self.common.is_empty();
        let poor = by_model && self.has_own_text && (unsure || elsewhere);
        let liking = self.voice.liking(&written.text, self.limit);
        // Who does not tell how sure it was has nothing by it.
        let sure = written.mean_log_probability.unwrap_or(LEAST_SURE);
        let sure = if self.by_heart { sure } else { sure.min(BY_HEART) };
        (!poor).then_some(sure + KNOWN_WORDS * known + liking)
    }

    /// Places of up to `wanted` candidates that may stand beside `taken` and each other, the best first.
    pub(super) fn choose(&self, candidates: &[Written], wanted: usize, taken: &[&str]) -> Vec<usize> {
        let scores: Vec<Option<f64>> = candidates.iter().map(|written| self.score(written)).collect();
        let mut openings: HashMap<String, u32> = HashMap::new();
        for text in taken {
            *openings.entry(opening(text)).or_default() += 1;
        }
        let shapes: Vec<String> = candidates.iter().map(|written| shape(&written.text)).collect();
        let mut built: HashSet<String> = taken.iter().map(|text| shape(text)).collect();
        let most = self.hand.same_openings;
        let mut texts = taken.to_vec();
        let mut chosen = Vec::new();
        while chosen.len() < wanted {
            let opened =
                |place: &usize| openings.get(&opening(&candidates[*place].text)).copied().unwrap_or(0);
            let value = |place: &usize| {
                let alike = if built.contains(&shapes[*place]) { SAME_SHAPE } else { 0.0 };
                scores[*place].unwrap_or(f64::NEG_INFINITY) - SAME_OPENING * f64::from(opened(place)) - alike
            };
            let best = (0..candidates.len())
                .filter(|place| {
                    scores[*place].is_some()
                        && opened(place) < most
                        && !chosen.contains(place)
                        && (self.usable)(&candidates[*place], &texts)
                })
                .max_by(|one, other| value(one).total_cmp(&value(other)).then(other.cmp(one)));
            let Some(best) = best else { break };
            chosen.push(best);
            texts.push(&candidates[best].text);
            *openings.entry(opening(&candidates[best].text)).or_default() += 1;
            built.insert(shapes[best].clone());
        }
        chosen
    }
}

/// Share of a text's words that the strategies of a language use, 0..=1.
#[must_use]
pub fn familiarity(text: &str, language: &str) -> f64 {
    share(&words(text), |word| common(language).contains(word))
}

fn share(words: &[String], is_known: impl Fn(&str) -> bool) -> f64 {
    let count = words.iter().filter(|word| is_known(word)).count();
    count as f64 / words.len().max(1) as f64
}

/// The first words of a text, in lower case.
#[must_use]
pub fn opening(text: &str) -> String {
    words(text).into_iter().take(OPENING).collect::<Vec<_>>().join(" ")
}

/// How a text is built: where its fields stand, and how long its clauses are and how they end.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let field = rest.strip_prefix('{').and_then(|name| name.find('}'));
        let letter = |c: char| c.is_alphanumeric() || c == '\'';
        let (sign, bytes) = match field {
            Some(end) => ('F', end + 2),
            // A word is as long as any other; of Chinese each character counts.
            None if letter(c) && !is_unspaced(c) => {
                ('w', rest.find(|c: char| !letter(c) || is_unspaced(c)).unwrap_or(rest.len()))
            }
            None if letter(c) => ('w', c.len_utf8()),
            None => (c, c.len_utf8()),
        };
        shape.extend(Some(sign).filter(|sign| !sign.is_whitespace()));
        rest = &rest[bytes..];
    }
    shape
}

/// Openings that as many of these texts have as may have the same.
pub(super) fn worn_openings<'a>(texts: impl Iterator<Item = &'a str>, most: u32) -> Vec<String> {
    let mut openings: BTreeMap<String, u32> = BTreeMap::new();
    for text in texts {
        *openings.entry(opening(text)).or_default() += 1;
    }
    openings.retain(|_, count| *count >= most);
    openings.into_keys().collect()
}

/// Words of the strategies that come along, by the first part of their language tag.
fn common(language: &str) -> &'static HashSet<String> {
    static WORDS: OnceLock<BTreeMap<String, HashSet<String>>> = OnceLock::new();
    static NONE: OnceLock<HashSet<String>> = OnceLock::new();
    let all = WORDS.get_or_init(|| {
        let mut all: BTreeMap<String, HashSet<String>> = BTreeMap::new();
        for file in shipped() {
            if let Ok(strategy) = crate::strategy::parse(file.id, file.source) {
                all.entry(primary_language(&strategy.language)).or_default().extend(words(file.source));
            }
        }
        all
    });
    all.get(&primary_language(language)).unwrap_or_else(|| NONE.get_or_init(HashSet::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Part;
    use crate::writing::Beginning;

    fn candidate(text: &str, mean_log_probability: f64) -> Written {
        Written {
            text: text.into(),
            seed: 1,
            finish_reason: FinishReason::Stop,
            tokens: 8,
            tokens_per_second: 100.0,
            mean_log_probability: Some(mean_log_probability),
            earlier: false,
            token_ids: Vec::new(),
            told: Vec::new(),
            begun: Beginning::default(),
            avoided: Vec::new(),
        }
    }

    fn chosen(candidates: &[Written], wanted: usize, taken: &[&str]) -> Vec<String> {
        chosen_beside(&["Have a look."], candidates, wanted, taken)
    }

    fn chosen_beside(
        own_texts: &[&str],
        candidates: &[Written],
        wanted: usize,
        taken: &[&str],
    ) -> Vec<String> {
        chosen_by(
            Hand { wanders: true, same_openings: 2, taught: None },
            own_texts,
            candidates,
            wanted,
            taken,
        )
    }

    fn chosen_by(
        hand: Hand,
        own_texts: &[&str],
        candidates: &[Written],
        wanted: usize,
        taken: &[&str],
    ) -> Vec<String> {
        let file = shipped().iter().find(|file| file.id == "win-back-email-en").unwrap();
        let strategy = crate::strategy::parse(file.id, file.source).unwrap();
        let slot = Slot {
            index: 0,
            part: Part::Body,
            instruction: "Write about new things.".into(),
            limit: None,
            examples: Vec::new(),
            fallback: own_texts.iter().map(ToString::to_string).collect(),
            must: Vec::new(),
            free: false,
            sentences: 1,
        };
        let voice = Voice::default();
        let differs = |written: &Written, others: &[&str]| !others.contains(&written.text.as_str());
        let taste = Taste::new(&strategy, &slot, &voice, hand, &differs);
        let places = taste.choose(candidates, wanted, taken);
        places.into_iter().map(|place| candidates[place].text.clone()).collect()
    }

    #[test]
    fn what_shops_say_comes_before_what_they_do_not() {
        let candidates = [
            candidate("It is great to see you, and your happy family.", -1.0),
            candidate("There is something new here for you.", -1.1),
        ];
        assert_eq!(chosen(&candidates, 1, &[]), ["There is something new here for you."]);
    }

    #[test]
    fn of_two_that_shops_say_the_likelier_comes_first() {
        let candidates = [
            candidate("Come and see what is new.", -1.15),
            candidate("There is something new here for you.", -1.0),
        ];
        assert_eq!(chosen(&candidates, 2, &[])[0], "There is something new here for you.");
    }

    #[test]
    fn what_an_adapter_was_taught_is_no_stranger_than_what_shops_say() {
        let candidates = [
            candidate("The fog has lifted over the harbour, friend.", -0.8),
            candidate("There is something new here for you.", -1.0),
        ];
        let hand = |taught: &str| Hand {
            wanders: false,
            same_openings: 1,
            taught: Some(Arc::new(Taught::of([taught].into_iter()))),
        };
        let first = |taught: &str| chosen_by(hand(taught), &["Have a look."], &candidates, 1, &[]).remove(0);
        assert_eq!(first("The fog has lifted over the harbour, friend."), candidates[0].text);
        assert_eq!(first("Come in."), candidates[1].text);
    }

    #[test]
    fn openings_are_varied_and_what_is_taken_is_not_taken_again() {
        let candidates = [
            candidate("There is something new here for you.", -1.0),
            candidate("There is something new to see.", -1.1),
            candidate("Come and see what is new.", -1.19),
        ];
        let (new_here, see) = ("There is something new here for you.", "Come and see what is new.");
        assert_eq!(chosen(&candidates, 2, &[]), [new_here, see]);
        assert_eq!(chosen(&candidates, 3, &[new_here])[0], see);
        assert_eq!(chosen(&candidates, 3, &[new_here]).len(), 2);
    }

    #[test]
    fn variants_are_built_differently_where_the_model_wrote_others() {
        let candidates = [
            candidate("There is something new here for you.", -1.0),
            candidate("Here are so many things for you.", -1.05),
            candidate("Come and see what is new, and take a look.", -1.15),
        ];
        let (first, other) = (&candidates[0].text, &candidates[2].text);
        assert_eq!(chosen(&candidates, 2, &[]), [first.clone(), other.clone()]);
        assert_eq!(shape("Take {offer}, it's 新的。"), "wF,www。");
        assert_eq!(shape("Use {offer}, we're 老的。"), shape("Take {offer}, it's 新的。"));
    }

    #[test]
    fn two_variants_may_open_alike_and_no_third() {
        let candidates = [
            candidate("There is something new here for you.", -0.5),
            candidate("There is so much to see.", -0.6),
            candidate("There is a good thing here.", -0.7),
            candidate("Come and see what is new.", -1.19),
        ];
        let chosen = chosen(&candidates, 4, &[]);
        assert_eq!(chosen.len(), 3, "{chosen:?}");
        assert!(chosen.iter().any(|text| text.starts_with("Come")), "{chosen:?}");
        assert_eq!(worn_openings(chosen.iter().map(String::as_str), 2), ["there is"]);
    }

    #[test]
    fn what_is_guessed_or_about_something_else_gives_way_to_the_strategys_own_text() {
        let candidates = [
            candidate("You are what you have.", -2.0),
            candidate("Your family volcano spins a purple yarn.", -0.6),
            candidate("There is something new here for you.", -0.9),
        ];
        assert_eq!(chosen(&candidates, 3, &[]), ["There is something new here for you."]);
        assert_eq!(chosen_beside(&[], &candidates, 3, &[]).len(), 3, "something must stand there");
    }
}
