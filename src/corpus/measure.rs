//! How much of what a model writes is the corpus's own, and which slips of grammar it makes.
//!
//! In: texts with the names that were put into them. Out: whether a sentence stands in the corpus when fields and names
//! are taken out of both, and slips that simple rules find. Rules find what they know: a text without a finding may still be wrong.

use std::collections::HashSet;

use super::Corpus;
use super::grammar::ENDS;
use crate::writing::guard::is_unspaced;
use crate::writing::guard::places::{denied, misplaced};
use crate::writing::words::words;

/// What stands for a field or a name.
const BLANK: char = '□';

/// Different pairs of neighbouring words over all of them (Li et al. 2016); `None` where there is no pair.
#[must_use]
pub fn distinct_2<'a>(texts: impl Iterator<Item = &'a str>) -> Option<f64> {
    let texts: Vec<Vec<String>> = texts.map(words).collect();
    let pairs = || texts.iter().flat_map(|words| words.windows(2));
    let all = pairs().count();
    (all > 0).then(|| pairs().collect::<HashSet<_>>().len() as f64 / all as f64)
}

/// The sentences of a corpus, without fields.
#[derive(Clone, Debug, Default)]
pub struct Known {
    sentences: HashSet<String>,
}

impl Known {
    #[must_use]
    pub fn of(corpus: &Corpus) -> Self {
        let mut sentences = HashSet::new();
        for (_, message) in corpus.messages() {
            for plural in [false, true] {
                let text = chosen(&message.text, plural);
                sentences.extend(split(&text).map(plain));
            }
        }
        Self { sentences }
    }

    /// Of a text's sentences: how many stand in the corpus, and how many there are. `names` are what was put in where
    /// the corpus has fields.
    #[must_use]
    pub fn copied(&self, text: &str, names: &[&str]) -> (usize, usize) {
        let mut bare = chosen(text, false);
        for name in names.iter().filter(|name| !name.is_empty()) {
            bare = without(&bare, name);
        }
        let sentences: Vec<String> = split(&bare).map(plain).collect();
        let copied = sentences.iter().filter(|sentence| self.sentences.contains(*sentence)).count();
        (copied, sentences.len())
    }
}

/// The text with each field as a blank, and each choice decided.
fn chosen(text: &str, plural: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            rest = &rest[open..];
            break;
        };
        let inner = &rest[open + 1..open + close];
        match inner.split_once('|') {
            Some((left, right)) => out.push_str(if plural { right } else { left }),
            None => out.push(BLANK),
        }
        rest = &rest[open + close + 1..];
    }
    out + rest
}

/// A text with a name as a blank, in whatever case it stands.
fn without(text: &str, name: &str) -> String {
    let (lower, name) = (text.to_lowercase(), name.to_lowercase());
    if lower.len() != text.len() || name.is_empty() {
        return text.replace(&name, &BLANK.to_string());
    }
    let mut out = String::with_capacity(text.len());
    let mut place = 0;
    // In a language with spaces a name is whole words: "tea" does not stand in "team".
    let goes_on = |one: Option<char>, next: Option<char>| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c));
        letter(one) && letter(next)
    };
    for (at, found) in lower.match_indices(&name) {
        let (before, behind) = (&lower[..at], &lower[at + found.len()..]);
        if goes_on(before.chars().next_back(), found.chars().next())
            || goes_on(found.chars().next_back(), behind.chars().next())
        {
            continue;
        }
        out.push_str(&text[place..at]);
        out.push(BLANK);
        place = at + found.len();
    }
    out + &text[place..]
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(ENDS).map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// Letters, digits and blanks, in lower case, articles before a blank apart.
fn plain(sentence: &str) -> String {
    let words: String = sentence
        .chars()
        .map(|c| if c.is_alphanumeric() || c == BLANK { c } else { ' ' })
        .collect::<String>()
        .to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let article = |place: usize| {
        matches!(words[place], "a" | "an") && words.get(place + 1).is_some_and(|next| next.contains(BLANK))
    };
    let kept: Vec<&str> =
        (0..words.len()).filter(|place| !article(*place)).map(|place| words[place]).collect();
    kept.join(" ")
}

/// Slips that rules find: fields in each other's places, in both languages; in English articles, the number of a category,
/// words that stand twice, sentences that begin small. `categories` are those that the text is about.
#[must_use]
pub fn slips(text: &str, categories: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '{' || c == '}' || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    for two in words.windows(2) {
        let (one, next) = (two[0], two[1]);
        if one == next && !matches!(one, "that" | "had") {
            found.push(format!("\"{one} {next}\""));
        }
        let letter = next.chars().next().unwrap_or(' ');
        let vowel = matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u');
        let silent = ["hour", "honest", "honour", "heir"].iter().any(|start| next.starts_with(start));
        let sounded =
            ["uni", "use", "eu", "one", "once", "usual", "uk"].iter().any(|start| next.starts_with(start));
        let wrong = match one {
            "a" => (vowel && !sounded) || silent,
            "an" => !(vowel && !sounded || silent) && letter.is_alphabetic(),
            _ => false,
        };
        if wrong {
            found.push(format!("\"{one} {next}\""));
        }
    }
    for category in categories.iter().filter(|category| category.len() > 2) {
        of_category(&lower, &category.to_lowercase(), &mut found);
    }
    found.extend(misplaced(text).chain(denied(text)).map(|place| format!("\"{place}\"")));
    let mut starts = true;
    for c in text.chars() {
        if starts && c.is_alphabetic() {
            if c.is_lowercase() {
                found.push("a sentence begins small".into());
            }
            starts = false;
        } else if starts && c == '{' {
            starts = false;
        }
        if matches!(c, '.' | '!' | '?') {
            starts = true;
        }
    }
    found
}

/// Whether a category is many, as far as its last letters tell.
fn is_plural(category: &str) -> bool {
    category.ends_with('s') && !category.ends_with("ss") && !category.ends_with("us")
        || ["children", "people", "dice", "knives", "feet"].iter().any(|ending| category.ends_with(ending))
}

fn of_category(lower: &str, category: &str, found: &mut Vec<String>) {
    let plural = is_plural(category);
    let before: &[&str] = if plural {
        &["a ", "an ", "every ", "each ", "this ", "that ", "much ", "a little ", "less "]
    } else {
        &["a ", "an ", "every ", "each ", "these ", "those ", "many ", "a few ", "several ", "both "]
    };
    let after: &[&str] = if plural {
        &[" is ", " has ", " was ", " does ", " goes ", " isn't ", " doesn't "]
    } else {
        &[" are ", " have ", " were ", " go ", " aren't ", " don't "]
    };
    for (at, _) in lower.match_indices(category) {
        let (head, tail) = (&lower[..at], &lower[at + category.len()..]);
        let bounded = !head.ends_with(char::is_alphanumeric) && !tail.starts_with(char::is_alphanumeric);
        if !bounded {
            continue;
        }
        let starts = |word: &&&str| {
            head.ends_with(**word) && !head[..head.len() - word.len()].ends_with(char::is_alphanumeric)
        };
        if let Some(word) = before.iter().find(starts) {
            found.push(format!("\"{word}{category}\""));
        }
        // "with our tea are two cups": only where the category begins its clause.
        let subject = head.trim_end().is_empty()
            || head.trim_end().ends_with(['.', '!', '?', ':', ','])
            || ["our ", "the ", "your ", "some ", "that "].iter().any(|start| {
                head.strip_suffix(start).is_some_and(|rest| {
                    rest.trim_end().is_empty() || rest.trim_end().ends_with(['.', '!', '?', ':', ','])
                })
            });
        if let Some(word) = after.iter().find(|word| subject && tail.starts_with(**word)) {
            found.push(format!("\"{category}{}\"", word.trim_end()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::read;

    #[test]
    fn pairs_of_words_are_counted_once_in_either_language() {
        // see-you, you-soon, soon-see, see-you, you-soon: three of five.
        assert_eq!(distinct_2(["See you soon, see you soon."].into_iter()), Some(0.6));
        assert_eq!(distinct_2(["再来再来"].into_iter()), Some(2.0 / 3.0));
        assert_eq!(distinct_2(std::iter::empty()), None);
    }

    #[test]
    fn a_sentence_of_the_corpus_is_known_with_other_names_in_it() {
        let file = r#"
language = "en"
stage = "any"
[[group]]
part = "line"
offer = "none"
tasks = ["A line about {category}."]
messages = [
  { tone = "warm", text = "Our {category} {is|are} easy to like, {first_name}. Meet {a product}." },
]
"#;
        let known = Known::of(&read("one.toml", file).unwrap());
        let names = ["board games", "Oak Bench"];
        assert_eq!(known.copied("Our board games are easy to like, {first_name}.", &names), (1, 1));
        assert_eq!(
            known.copied("Our tea is easy to like, {first_name}! Meet an Oak Bench.", &["tea", "Oak Bench"]),
            (2, 2)
        );
        let team = Known::of(
            &read("two.toml", &file.replace("Our {category} {is|are} easy to like", "Our team is here"))
                .unwrap(),
        );
        assert_eq!(team.copied("Our team is here, {first_name}.", &["tea"]), (1, 1));
        assert_eq!(
            known
                .copied("Our board games are a joy. Our board games are easy to like, {first_name}.", &names),
            (1, 2)
        );
    }

    #[test]
    fn slips_are_found_and_good_sentences_pass() {
        for (text, category) in [
            ("Board games is waiting for you.", "Board Games"),
            ("A ice cream for you.", "tea"),
            ("An tea for you.", "tea"),
            ("You may like a tea from us.", "tea"),
            ("Have a look at these tea.", "tea"),
            ("Our tea are ready.", "tea"),
            ("We have the the list.", "tea"),
            ("we have it.", "tea"),
            ("Every board games counts.", "board games"),
        ] {
            assert!(!slips(text, &[category]).is_empty(), "{text}");
        }
        for (text, category) in [
            ("Board games are waiting for you. An hour is enough.", "board games"),
            ("{first_name}, a look at our tea is a good start.", "tea"),
            ("A user of our tea and a unicorn.", "tea"),
            ("What goes with these board games is up to you.", "board games"),
            ("All that glassware is here, and steam too.", "glassware"),
        ] {
            assert_eq!(slips(text, &[category]), Vec::<String>::new(), "{text}");
        }
    }
}
