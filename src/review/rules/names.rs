//! Names: the recipient's in the greeting, and none in a slot.

use super::words::is_han;
use super::{Check, Message, judged};
use crate::strategy::{Facts, Strategy};

const GREETINGS: [&str; 9] = [
    "Hi",
    "Hello",
    "Hey",
    "Dear",
    "Good morning",
    "Good afternoon",
    "Good evening",
    "Welcome back",
    "Greetings",
];
/// Who is greeted without a name.
const NOBODY: [&str; 22] = [
    "there",
    "friend",
    "friends",
    "all",
    "everyone",
    "again",
    "from",
    "and",
    "to",
    "customer",
    "reader",
    "neighbour",
    "neighbor",
    "you",
    "valued",
    "folks",
    "shopper",
    "team",
    "this",
    "we",
    "it",
    "from",
];
const NOBODY_CHINESE: [&str; 14] = [
    "朋友",
    "顾客",
    "客户",
    "会员",
    "老朋友",
    "新朋友",
    "老顾客",
    "用户",
    "您",
    "你",
    "大家",
    "尊敬的",
    "亲爱的",
    "各位",
];
const TITLES: [&str; 5] = ["先生", "女士", "小姐", "同学", "老师"];
const SALUTATIONS: [&str; 6] = ["Mr", "Mrs", "Ms", "Miss", "Dr", "Mx"];
/// Given names that a small model likes to greet, none of them an ordinary word.
const COMMON: [&str; 60] = [
    "Sarah",
    "John",
    "Emma",
    "Emily",
    "Michael",
    "David",
    "James",
    "Robert",
    "Jennifer",
    "Jessica",
    "Maria",
    "Anna",
    "Lisa",
    "Laura",
    "Karen",
    "Susan",
    "Peter",
    "Paul",
    "Thomas",
    "Daniel",
    "Alex",
    "Alice",
    "Olivia",
    "Sophia",
    "Sophie",
    "Lucas",
    "Liam",
    "Noah",
    "Ethan",
    "William",
    "Elizabeth",
    "Katherine",
    "Rachel",
    "Rebecca",
    "Hannah",
    "Samantha",
    "Amanda",
    "Andrew",
    "Matthew",
    "Kevin",
    "Brian",
    "George",
    "Charles",
    "Richard",
    "Joseph",
    "Linda",
    "Nancy",
    "Julia",
    "Chloe",
    "Isabella",
    "Charlotte",
    "Benjamin",
    "Jacob",
    "Jane",
    "Kate",
    "Kelly",
    "Ryan",
    "Nicole",
    "Stephanie",
    "Michelle",
];

pub(super) fn wrong_name(message: &Message<'_>) -> Check {
    let mut found = Vec::new();
    let known = known(message.strategy, message.facts);
    for text in message.text.values() {
        for name in greeted(text) {
            if !is_known(&name, &known) {
                found.push(format!("\"{name}\" is greeted, and is not the recipient"));
            }
        }
        for name in common(text) {
            if !is_known(&name, &known) && !found.iter().any(|line| line.contains(&name)) {
                found.push(format!("\"{name}\" is a name, and not the recipient's"));
            }
        }
    }
    let own = own(message.strategy, message.facts);
    for name in addressed(message.around).filter(|name| !is_known(name, &known)) {
        found.push(format!("the strategy's text speaks to \"{name}\", whoever gets it"));
    }
    for (index, slot) in message.bare.iter().enumerate() {
        for name in addressed(slot).filter(|name| !is_known(name, &known)) {
            found.push(format!("slot {} speaks to \"{name}\", and is merged for everyone", index + 1));
        }
        if let Some(name) = own.iter().find(|name| stands_in(slot, name)) {
            found.push(format!(
                "slot {} has the recipient's name {name}, and is merged for everyone",
                index + 1
            ));
        }
    }
    for name in ["first_name", "last_name", "full_name"] {
        let value = message.facts.get(name).and_then(serde_json::Value::as_str).unwrap_or("");
        if !is_plain(value) {
            found.push(format!("the {name} of the data has a line break or a mark that is in no name"));
        }
    }
    found.dedup();
    judged(
        "wrong-name",
        found,
        "Take the name out; {{ first_name }} and {{ full_name }} put the right one in. A name in the data is put right there.",
        "No name but the recipient's.",
    )
}

/// Whether a name of the data has only what a name may have: no line break, no mark of a program's, no address.
pub(super) fn is_plain(name: &str) -> bool {
    let marks = ['<', '>', '{', '}', '|', '\\', '@', '\u{2028}', '\u{2029}'];
    let lower = name.to_lowercase();
    !(name.contains(|c: char| c.is_control() || marks.contains(&c) || matches!(c, '\u{202A}'..='\u{202E}'))
        || lower.contains("://")
        || lower.contains("www."))
}

/// The recipient's names. A default stands in where there is none: "there" and 朋友 name nobody.
pub(super) fn own<'a>(strategy: &Strategy, facts: &'a Facts) -> Vec<&'a str> {
    ["first_name", "last_name", "full_name"]
        .into_iter()
        .filter_map(|name| {
            let value = super::told(facts, name)?;
            strategy.defaults.get(name).is_none_or(|default| default != value).then_some(value)
        })
        .collect()
}

/// Names that may stand in the message, in lower case: the recipient's, the shop's, the product's.
pub(super) fn known(strategy: &Strategy, facts: &Facts) -> Vec<String> {
    let own = own(strategy, facts);
    let mut known: Vec<String> =
        own.iter().flat_map(|name| name.split_whitespace()).map(str::to_lowercase).collect();
    known.extend(own.iter().map(|name| name.to_lowercase()));
    for value in ["shop_name", "last_product"]
        .into_iter()
        .filter_map(|name| super::told(facts, name))
        .chain(strategy.defaults.values().map(String::as_str))
    {
        known.extend(value.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase));
        known.push(value.to_lowercase());
    }
    known
}

pub(super) fn is_known(name: &str, known: &[String]) -> bool {
    let lower = name.to_lowercase();
    let stem = lower.strip_suffix("'s").or(lower.strip_suffix("’s")).unwrap_or(&lower);
    NOBODY.contains(&stem) || known.iter().any(|known| known == stem) || NOBODY_CHINESE.contains(&stem)
}

/// Given names that stand anywhere in the text.
pub(super) fn common(text: &str) -> impl Iterator<Item = String> + '_ {
    latin_words(text).filter(|name| COMMON.contains(&name.as_str()))
}

/// Who is spoken to at the end of a sentence: "We missed you, Tobias."
fn addressed(text: &str) -> impl Iterator<Item = &str> {
    text.split(super::words::is_terminator).filter_map(|sentence| {
        let (before, name) = sentence.rsplit_once(", ")?;
        let mut letters = name.chars();
        let capital = letters.next().is_some_and(char::is_uppercase);
        // One word that is no abbreviation, after words that are no list of such.
        let plain = name.chars().count() > 2 && letters.all(char::is_lowercase);
        let last = before.rsplit([' ', ',']).next().unwrap_or("");
        (capital && plain && !last.starts_with(char::is_uppercase)).then_some(name)
    })
}

/// Whether what is greeted at the end of a line may stand in the next one.
pub(super) fn may_go_on(line: &str) -> bool {
    let last = line.split_whitespace().next_back().unwrap_or("");
    line.ends_with(char::is_whitespace) || SALUTATIONS.contains(&last.trim_end_matches('.'))
}

/// Names that follow a greeting.
pub(super) fn greeted(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for greeting in GREETINGS {
        for (at, found) in text.match_indices(greeting) {
            let before = text[..at].chars().next_back();
            let rest = &text[at + found.len()..];
            let comma = rest.starts_with(", ");
            let Some(rest) = rest.strip_prefix([' ', '\u{a0}']).or_else(|| rest.strip_prefix(", ")) else {
                continue;
            };
            if before.is_some_and(char::is_alphanumeric) {
                continue;
            }
            let mut words = rest.split(|c: char| c.is_whitespace()).filter(|word| !word.is_empty());
            let mut name = words.next().unwrap_or("");
            if SALUTATIONS.contains(&name.trim_end_matches('.')) {
                name = words.next().unwrap_or("");
            }
            let ended = name.trim_end_matches(|c: char| !c.is_alphanumeric());
            let name = ended.trim_start_matches(|c: char| !c.is_alphanumeric());
            // A name has a capital, or is in a script without them.
            let named = name.chars().next().is_some_and(|c| c.is_uppercase() || is_han(c));
            // "Hello, Anna!" greets somebody; "Hello, We have ..." does not.
            let closed = !comma
                || rest.trim_start().strip_prefix(name).is_some_and(|after| after.starts_with([',', '!']));
            if named && closed {
                let chinese: String = name.chars().take_while(|&c| is_han(c)).collect();
                names.push(if chinese.is_empty() { name.to_owned() } else { chinese });
            }
        }
    }
    // "亲爱的小雨", "尊敬的李女士": up to the first mark.
    for greeting in ["亲爱的", "尊敬的", "敬爱的"] {
        for (at, found) in text.match_indices(greeting) {
            let name: String = text[at + found.len()..]
                .chars()
                .take_while(|&c| is_han(c) || c.is_alphanumeric() || c == ' ')
                .collect();
            names.extend(chinese_name(name.trim()));
        }
    }
    // "李小龙，您好", "李小龙您好": what stands before it in its line.
    for (at, _) in text.match_indices("您好").chain(text.match_indices("你好")) {
        let before = text[..at].trim_end_matches(['，', ',', ' ', '！', '!']);
        let start = before
            .rfind(|c: char| !(is_han(c) || c.is_alphanumeric() || matches!(c, ' ' | '·' | '-' | '\'' | '’')))
            .map_or(0, |place| place + before[place..].chars().next().map_or(1, char::len_utf8));
        names.extend(chinese_name(before[start..].trim()));
    }
    names
}

/// What is left of a Chinese form of address when titles and pronouns are off; a whole clause is no name.
fn chinese_name(text: &str) -> Option<String> {
    let mut name = text;
    for greeting in ["亲爱的", "尊敬的", "敬爱的"] {
        name = name.strip_prefix(greeting).unwrap_or(name);
    }
    for ending in ["您好", "你好"].iter().chain(&TITLES) {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    let length = name.chars().count();
    let han = name.chars().all(is_han);
    ((1..=if han { 4 } else { 24 }).contains(&length)).then(|| name.to_owned())
}

fn latin_words(text: &str) -> impl Iterator<Item = String> + '_ {
    super::words::words(text)
        .into_iter()
        .map(|range| text[range].trim_end_matches("'s").trim_end_matches("’s").to_owned())
}

/// Whether the name stands in the text as a whole word that is not just the first word of a sentence
/// ("Will you ...", "Rose petals ..."). One Chinese character is a word more often than a name.
pub(super) fn stands_in(text: &str, name: &str) -> bool {
    if name.chars().count() < 2 {
        return false;
    }
    text.match_indices(name).any(|(at, found)| {
        let before = &text[..at];
        let after = text[at + found.len()..].chars().next();
        if name.chars().any(is_han) {
            return true;
        }
        let whole = !before.chars().next_back().is_some_and(char::is_alphanumeric)
            && !after.is_some_and(char::is_alphanumeric);
        let opens = before.trim_end().chars().next_back().is_none_or(super::words::is_terminator);
        whole && (!opens || matches!(after, Some(',' | '!' | '，' | '！')))
    })
}
