//! What an adapter was taught to say: the words of its texts, and which Chinese character follows which.
//!
//! A small model that has learnt a trade from a few thousand texts errs at the edges of what it learnt. It spells Chinese
//! characters byte by byte, and the last byte makes another word of the right one (优情 for 优惠); now and then it leaves out
//! the space between two English words ("thecode"). What nobody taught it to put together is not let through, unless the
//! strategy itself says it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ideographs::is_ideograph;

/// Stands for whatever is no Chinese character, on either side of one.
const OTHER: char = ' ';
/// Letters of the shortest word that another can be stuck to.
const SHORTEST: usize = 3;

/// What the texts were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taught {
    /// In lower case.
    words: BTreeSet<String>,
    /// Each Chinese character with those that followed it; a space stands for whatever is none.
    follows: BTreeMap<char, String>,
}

impl Taught {
    /// What these texts are made of. A field in braces is neither a word nor a character.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut words = BTreeSet::new();
        let mut follows: BTreeMap<char, BTreeSet<char>> = BTreeMap::new();
        for text in texts {
            let (mut before, mut word, mut inside) = (OTHER, String::new(), false);
            for c in text.chars().chain([OTHER]) {
                inside = c == '{' || inside && c != '}';
                if c.is_alphabetic() && !is_ideograph(c) && !inside {
                    word.extend(c.to_lowercase());
                } else if !word.is_empty() {
                    words.insert(std::mem::take(&mut word));
                }
                let c = if is_ideograph(c) && !inside { c } else { OTHER };
                if before != OTHER || c != OTHER {
                    follows.entry(before).or_default().insert(c);
                }
                before = c;
            }
        }
        Self { words, follows: follows.into_iter().map(|(c, all)| (c, all.into_iter().collect())).collect() }
    }

    /// Adds what another was taught.
    pub fn extend(&mut self, other: &Self) {
        self.words.extend(other.words.iter().cloned());
        for (c, others) in &other.follows {
            let all = self.follows.entry(*c).or_default();
            let new: String = others.chars().filter(|other| !all.contains(*other)).collect();
            all.push_str(&new);
        }
    }

    /// Whether a word is two known ones without the space between them. `own`: words of the strategy's, which are fine.
    pub(super) fn is_joined(&self, word: &str, own: &str) -> bool {
        let word = word.to_lowercase();
        if self.words.contains(&word) || own.to_lowercase().contains(&word) {
            return false;
        }
        let known = |part: &str| part.chars().count() >= SHORTEST && self.words.contains(part);
        word.char_indices().any(|(at, _)| known(&word[..at]) && known(&word[at..]))
    }

    /// Whether this word was taught: one in lower case, with an apostrophe or without, or a Chinese character.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        let mut parts = word.split('\'').filter(|part| !part.is_empty()).peekable();
        parts.peek().is_some()
            && parts
                .all(|part| self.words.contains(part) || part.chars().all(|c| self.follows.contains_key(&c)))
    }

    /// Whether any Chinese was taught.
    pub(super) fn knows_chinese(&self) -> bool {
        self.follows.keys().any(|c| *c != OTHER)
    }

    /// Whether a text may go on from one character with another.
    pub(super) fn may_follow(&self, before: char, c: char, own: &Own<'_>) -> bool {
        let class = |c: char| if is_ideograph(c) { c } else { OTHER };
        let (before, c) = (class(before), class(c));
        if before == OTHER && c == OTHER {
            return true;
        }
        let is_foreign = |c: char| c != OTHER && !self.follows.contains_key(&c);
        if [before, c].into_iter().any(|c| is_foreign(c) && !own.text.contains(c)) {
            return false;
        }
        self.follows.get(&before).is_some_and(|all| all.contains(c))
            || is_foreign(before)
            || is_foreign(c)
            || before != OTHER && c != OTHER && own.text.contains(&String::from_iter([before, c]))
            || own.phrases.iter().any(|phrase| phrase.starts_with(c) || phrase.ends_with(before))
    }
}

/// What the strategy itself says of a text.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub text: &'a str,
    /// What the text must have; such a thing fits everywhere.
    pub phrases: &'a [String],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taught() -> Taught {
        let texts = [
            "Enter the code {coupon_code}, and the parcel is yours.",
            "凭优惠码{coupon_code}，来看看手冲咖啡吧。",
            "好久不见，来挑挑吧。",
        ];
        Taught::of(texts.into_iter())
    }

    #[test]
    fn words_without_their_space_are_found() {
        let taught = taught();
        for (word, joined) in [("thecode", true), ("TheCode", true), ("the", false), ("chapter", false)] {
            assert_eq!(taught.is_joined(word, ""), joined, "{word}");
        }
        assert!(!taught.is_joined("thecode", "Say thecode."));
    }

    #[test]
    fn words_and_characters_that_were_taught_are_known() {
        let taught = Taught::of(["We don't rush, 慢慢挑。"].into_iter());
        for (word, known) in
            [("don't", true), ("rush", true), ("挑", true), ("hurry", false), ("买", false), ("'", false)]
        {
            assert_eq!(taught.knows(word), known, "{word}");
        }
    }

    #[test]
    fn a_character_follows_another_as_it_was_taught_or_as_the_strategy_says() {
        let taught = taught();
        let phrases = ["白茶".to_owned()];
        let own = Own { text: "请人来看看白茶、果汁。", phrases: &phrases };
        for (before, c) in [
            ('优', '惠'),
            ('码', '{'),
            ('，', '来'),
            // Of its own: within a word, around what the text must have, and where nothing was taught.
            ('果', '汁'),
            ('挑', '白'),
            ('茶', '吧'),
            ('看', '果'),
        ] {
            assert!(taught.may_follow(before, c, &own), "{before}{c}");
        }
        // Nobody taught these pairs, these characters, or an end behind 优.
        for (before, c) in [('优', '情'), ('优', '看'), ('看', '鬼'), ('优', '，')] {
            assert!(!taught.may_follow(before, c, &own), "{before}{c}");
        }
    }

    #[test]
    fn two_lessons_come_together_and_are_read_back() {
        let mut one = Taught::of(["优惠码"].into_iter());
        one.extend(&Taught::of(["优先看 the parcel"].into_iter()));
        let own = Own { text: "", phrases: &[] };
        assert!(one.may_follow('优', '惠', &own) && one.may_follow('优', '先', &own));
        assert!(one.is_joined("theparcel", ""));
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Taught>(&text).unwrap(), one);
    }
}
