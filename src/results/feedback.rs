//! What customers wrote, by theme and tone, with quotes; and how they rated.
//!
//! The rules are simple and stated: `assets/feedback.toml` has the words and says how they are matched. They miss irony
//! and what is said in other words; the quotes are there to be read.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::observed::{Kind, Observed};

/// Quotes of a theme at most.
const MOST_QUOTES: usize = 3;
/// Characters of a quote at most.
const LONGEST_QUOTE: usize = 200;
/// A rating that is bad whatever was written with it, or worse; of five.
const WORST: i64 = 2;
/// What stands in the place of an address or a number.
const COVER: &str = "[…]";

/// What customers wrote and how they rated.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Voices {
    /// Texts that were read.
    pub texts: u64,
    pub good: u64,
    pub bad: u64,
    pub mixed: u64,
    pub neutral: u64,
    /// Most frequent first.
    pub themes: Vec<Theme>,
    /// Rating and how many gave it, lowest first.
    pub ratings: Vec<(i64, u64)>,
}

/// Texts of one theme.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Theme {
    pub theme: String,
    pub texts: u64,
    pub good: u64,
    pub bad: u64,
    /// The clearest first; addresses and long numbers are covered.
    pub quotes: Vec<Quote>,
}

/// A text as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    pub text: String,
    pub tone: Tone,
    pub arm: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Good,
    Bad,
    Mixed,
    Neutral,
}

#[derive(Deserialize)]
struct Rules {
    themes: Vec<ThemeWords>,
    tone: ToneWords,
}

#[derive(Deserialize)]
struct ThemeWords {
    name: String,
    #[serde(flatten)]
    words: Words,
}

#[derive(Default, Deserialize)]
struct ToneWords {
    good: Words,
    bad: Words,
    negations: Words,
    apart: Words,
}

#[derive(Default, Deserialize)]
struct Words {
    en: Vec<String>,
    zh: Vec<String>,
}

/// The shipped rules; a test reads them.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    toml::from_str(include_str!("../../assets/feedback.toml"))
        .unwrap_or_else(|_| Rules { themes: Vec::new(), tone: ToneWords::default() })
});

/// Reads everything that was written.
pub(super) fn voices(observed: &Observed) -> Voices {
    let mut voices = Voices::default();
    let mut themes: Vec<(Theme, Vec<(usize, Quote)>)> = RULES
        .themes
        .iter()
        .map(|theme| theme.name.as_str())
        .chain(["other"])
        .map(|name| {
            (Theme { theme: name.to_owned(), texts: 0, good: 0, bad: 0, quotes: Vec::new() }, Vec::new())
        })
        .collect();
    let mut ratings = std::collections::BTreeMap::new();
    for feedback in &observed.feedback {
        if let (Kind::Rated, Some(rating)) = (feedback.kind, feedback.rating) {
            *ratings.entry(rating).or_insert(0) += 1;
        }
        let text = feedback.text.as_deref().map(str::trim).unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        let mut read = read(text);
        // Who gives one star or two is not content, whatever the words.
        if feedback.rating.is_some_and(|rating| rating <= WORST) && read.tone != Tone::Bad {
            (read.tone, read.strength) = (Tone::Bad, 1);
        }
        voices.texts += 1;
        *match read.tone {
            Tone::Good => &mut voices.good,
            Tone::Bad => &mut voices.bad,
            Tone::Mixed => &mut voices.mixed,
            Tone::Neutral => &mut voices.neutral,
        } += 1;
        let arm = &observed.arms[usize::from(observed.assigned.arm[feedback.customer as usize])].name;
        for &theme in &read.themes {
            let (theme, quotes) = &mut themes[theme];
            theme.texts += 1;
            theme.good += u64::from(read.tone == Tone::Good);
            theme.bad += u64::from(read.tone == Tone::Bad);
            quotes.push((read.strength, Quote { text: quoted(text), tone: read.tone, arm: arm.clone() }));
        }
    }
    voices.ratings = ratings.into_iter().collect();
    for (mut theme, mut quotes) in themes {
        if theme.texts > 0 {
            quotes
                .sort_by_key(|(strength, quote)| (std::cmp::Reverse(*strength), quote.text.chars().count()));
            quotes.dedup_by(|a, b| a.1.text == b.1.text);
            theme.quotes = quotes.into_iter().map(|(_, quote)| quote).take(MOST_QUOTES).collect();
            voices.themes.push(theme);
        }
    }
    voices.themes.sort_by_key(|theme| std::cmp::Reverse(theme.texts));
    voices
}

/// What the rules make of a text.
struct Reading {
    /// Indices of the rules' themes, or the one past them.
    themes: Vec<usize>,
    tone: Tone,
    /// Good and bad words less each other, without the sign.
    strength: usize,
}

fn read(text: &str) -> Reading {
    let text = text.to_lowercase().replace('’', "'");
    let words = split(&text);
    let mut themes: Vec<usize> = RULES
        .themes
        .iter()
        .enumerate()
        .filter(|(_, theme)| !places(&theme.words, &text, &words).is_empty())
        .map(|(index, _)| index)
        .collect();
    if themes.is_empty() {
        themes.push(RULES.themes.len());
    }
    let mut text = text.clone();
    for apart in RULES.tone.apart.en.iter().chain(&RULES.tone.apart.zh) {
        text = text.replace(apart.as_str(), ". ");
    }
    let words = split(&text);
    let (mut good, mut bad) = (0_usize, 0_usize);
    for (list, for_good) in [(&RULES.tone.good, true), (&RULES.tone.bad, false)] {
        for place in places(list, &text, &words) {
            // "Not good" is bad; "不错" ("not wrong") stands among the good words, so "错" is no bad word in it.
            if negated(place, &text, &words) == for_good { bad += 1 } else { good += 1 }
        }
    }
    let tone = match (good, bad) {
        (0, 0) => Tone::Neutral,
        (good, bad) if good > bad => Tone::Good,
        (good, bad) if good < bad => Tone::Bad,
        _ => Tone::Mixed,
    };
    Reading { themes, tone, strength: good.abs_diff(bad) }
}

fn split(text: &str) -> Vec<&str> {
    text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '\'' | '-'))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Where a word was found: number of an English word, or byte of a Chinese one.
#[derive(Clone, Copy)]
enum Place {
    English(usize),
    Chinese(usize),
}

fn places(list: &Words, text: &str, words: &[&str]) -> Vec<Place> {
    let mut found = Vec::new();
    for index in 0..words.len() {
        if list.en.iter().any(|wanted| stands_at(wanted, words, index)) {
            found.push(Place::English(index));
        }
    }
    for wanted in &list.zh {
        found.extend(text.match_indices(wanted.as_str()).map(|(at, _)| Place::Chinese(at)));
    }
    found
}

/// Whether a word, or several, of a list stands at a place of the text.
fn stands_at(wanted: &str, words: &[&str], index: usize) -> bool {
    wanted.split(' ').enumerate().all(|(offset, part)| {
        words.get(index + offset).is_some_and(|word| match part.strip_suffix('*') {
            Some(begin) => word.starts_with(begin),
            None => *word == part,
        })
    })
}

fn negated(place: Place, text: &str, words: &[&str]) -> bool {
    let negations = &RULES.tone.negations;
    match place {
        Place::English(index) => words[index.saturating_sub(3)..index]
            .iter()
            .any(|word| negations.en.iter().any(|negation| negation == word)),
        Place::Chinese(at) => {
            let before: Vec<char> = text[..at].chars().rev().take(2).collect();
            before.iter().any(|letter| negations.zh.iter().any(|negation| negation.starts_with(*letter)))
        }
    }
}

/// On one line, shortened, with e-mail addresses and numbers of seven digits or more covered.
fn quoted(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if word.contains('@') || digits >= 7 { COVER.to_owned() } else { word.to_owned() }
    });
    let mut words: Vec<String> = words.collect();
    // What stands before the long part of a number belongs to it, and what stands after it: "+49 170 1234567".
    while let Some(place) = (0..words.len()).find(|&place| {
        let beside = [place.checked_sub(1), Some(place + 1)].into_iter().flatten();
        is_of_number(&words[place])
            && beside.into_iter().any(|other| words.get(other).is_some_and(|word| word == COVER))
    }) {
        words.remove(place);
    }
    let line = words.join(" ");
    let mut out = String::new();
    let mut run = String::new();
    // Numbers written apart or between Chinese characters: "139 1234 5678".
    for letter in line.chars().chain(['\0']) {
        let begins = letter.is_ascii_digit() || matches!(letter, '+' | '(');
        if begins || !run.is_empty() && matches!(letter, ' ' | '-' | ')' | '.' | '/') {
            run.push(letter);
            continue;
        }
        if run.chars().filter(char::is_ascii_digit).count() >= 7 {
            out.push_str(COVER);
            out.push(' ');
        } else {
            out.push_str(&run);
        }
        run.clear();
        if letter != '\0' {
            out.push(letter);
        }
    }
    if out.chars().count() > LONGEST_QUOTE {
        out = out.chars().take(LONGEST_QUOTE - 1).collect::<String>() + "…";
    }
    out.trim().to_owned()
}

/// Whether a word is digits and what stands between them in a telephone number.
fn is_of_number(word: &str) -> bool {
    word.contains(|letter: char| letter.is_ascii_digit())
        && word
            .chars()
            .all(|letter| letter.is_ascii_digit() || matches!(letter, '+' | '-' | '(' | ')' | '.' | '/'))
}

#[cfg(test)]
mod tests;
