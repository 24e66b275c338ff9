//! Where a field may stand in a sentence.
//!
//! In: what is written so far, and a field's name. Out: whether the field makes sense there: `until {offer_ends}` does,
//! `until {coupon_code}` does not, and what came of it would be a false message; so would one that says of the offer that
//! it is none. The words are those behind which the
//! fields stand in `assets/training`, and others as plain; what is not known here may not stand.

use std::ops::Range;

use super::is_unspaced;

/// Words behind which the last day of the offer may stand.
const BEFORE_ENDS: [&str; 28] = [
    "until",
    "till",
    "by",
    "before",
    "on",
    "to",
    "after",
    "through",
    "and",
    "or",
    "put",
    "circle",
    "note",
    "remember",
    "is",
    "keep",
    "why",
    "than",
    "write",
    "including",
    "that",
    "mark",
    "date",
    "day",
    "from",
    "past",
    "ends",
    "within",
];
/// Words behind which a code may not stand.
const NOT_BEFORE_CODE: [&str; 44] = [
    "until", "till", "by", "before", "on", "after", "through", "ends", "end", "dear", "hi", "hello", "our",
    "your", "the", "a", "an", "this", "these", "get", "gets", "have", "has", "receive", "take", "off",
    "from", "in", "at", "are", "want", "like", "need", "order", "choose", "see", "into", "about", "over",
    "some", "more", "other", "thank", "visit",
];
/// Words behind which somebody may be addressed.
const BEFORE_NAME: [&str; 6] = ["dear", "hello", "hi", "hey", "for", "welcome"];
/// Words behind which an offer may not stand.
const NOT_BEFORE_OFFER: [&str; 20] = [
    "until", "till", "by", "before", "after", "dear", "hi", "hello", "code", "enter", "type", "our", "the",
    "a", "an", "these", "those", "off", "from", "through",
];

/// Characters of Chinese texts behind which the last day may stand, besides marks.
const BEFORE_ENDS_CHINESE: [char; 9] = ['到', '至', '于', '在', '了', '意', '若', '住', '自'];
/// The same of a code.
const BEFORE_CODE_CHINESE: [char; 16] =
    ['码', '入', '上', '用', '凭', '填', '是', '把', '着', '写', '号', '下', '事', '得', '为', '持'];
/// Characters behind which nobody is addressed.
const NOT_BEFORE_NAME_CHINESE: [char; 9] = ['码', '至', '享', '用', '凭', '入', '填', '送', '得'];
/// Characters behind which no offer stands.
const NOT_BEFORE_OFFER_CHINESE: [char; 6] = ['码', '至', '入', '凭', '填', '于'];
/// The same of two: what ends, as in 截止到, where 得到 is in place.
const NOT_BEFORE_OFFER_CHINESE_PAIRS: [&str; 4] = ["止到", "效到", "期到", "直到"];

/// Fields of which nothing may be denied.
const PROMISED: [&str; 3] = ["{offer}", "{coupon_code}", "{offer_ends}"];
/// Words that deny, and more of them by `n't`.
const DENIES: [&str; 9] = ["no", "not", "without", "never", "cannot", "nothing", "none", "nor", "neither"];
const DENIES_CHINESE: [&str; 20] = [
    "不用", "不需", "不必", "不要", "不能", "不可", "不会", "不再", "不享", "不含", "不是", "不得", "不送",
    "不填", "没有", "无需", "无须", "无法", "未", "不输",
];
/// What denies nothing all the same: "do not forget `{coupon_code}`", and what the last day brings with it.
const DENIES_NOTHING: [&str; 5] = ["forget", "why not", "not only", "after {offer_ends}", "忘"];
/// Where a clause ends.
const CLAUSE_ENDS: [char; 15] =
    ['.', ',', ';', ':', '!', '?', '/', '—', '。', '，', '；', '：', '！', '？', '、'];

/// Whether a field may stand behind a text. A field that is not known here may stand anywhere.
#[must_use]
pub fn fits(before: &str, field: &str) -> bool {
    let kept = before.trim_end_matches([' ', '"', '“', '「', '\'', '(', '（']);
    let Some(last) = kept.chars().next_back() else {
        return true;
    };
    if last == '}' {
        // Two values side by side say nothing of each other.
        return !matches!(field, "first_name" | "offer" | "offer_ends" | "coupon_code");
    }
    if !last.is_alphanumeric() {
        return true;
    }
    if is_unspaced(last) {
        return match field {
            "offer_ends" => BEFORE_ENDS_CHINESE.contains(&last),
            "coupon_code" => BEFORE_CODE_CHINESE.contains(&last),
            "first_name" => !NOT_BEFORE_NAME_CHINESE.contains(&last),
            "offer" => {
                !NOT_BEFORE_OFFER_CHINESE.contains(&last)
                    && !NOT_BEFORE_OFFER_CHINESE_PAIRS.iter().any(|pair| kept.ends_with(pair))
            }
            _ => true,
        };
    }
    let begin = kept
        .rfind(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map_or(0, |at| at + kept[at..].chars().next().map_or(0, char::len_utf8));
    let word = kept[begin..].to_lowercase();
    let word = word.as_str();
    match field {
        "offer_ends" => BEFORE_ENDS.contains(&word),
        "coupon_code" => !NOT_BEFORE_CODE.contains(&word),
        "first_name" => BEFORE_NAME.contains(&word),
        "offer" => !NOT_BEFORE_OFFER.contains(&word),
        _ => true,
    }
}

/// Whether the offer is said of something, as only a discount is: "10% off our teas", but not "a small gift our teas".
#[must_use]
pub fn has_object(text: &str) -> bool {
    let mut after = text.split("{offer} ").skip(1);
    // At the end too, before its space: else the word would have to go on as another, which there is none of.
    let whole = |after: &str| !after.starts_with(char::is_alphabetic);
    after.any(|after| ["our", "your", "all"].iter().any(|word| after.strip_prefix(word).is_some_and(whole)))
}

/// Whether the offer leads to something, as a discount does not: "early access to our teas", but not "10% off to our teas".
#[must_use]
pub fn has_goal(text: &str) -> bool {
    let mut after = text.split("{offer} to ").skip(1);
    after.any(|after| ["our", "the", "your"].iter().any(|word| after.starts_with(word)))
}

/// The first clause that denies what is promised: "there is no `{offer}`", `不用填{coupon_code}`. A last English word that
/// may still grow denies nothing yet.
#[must_use]
pub fn denied(text: &str) -> Option<&str> {
    if !PROMISED.iter().any(|field| text.contains(field)) {
        return None;
    }
    text.split(CLAUSE_ENDS).map(str::trim).find(|clause| {
        if !PROMISED.iter().any(|field| clause.contains(field)) {
            return false;
        }
        let lower = clause.to_lowercase();
        let denies = |word: &str| DENIES.contains(&word) || word.ends_with("n't") || word.ends_with("n’t");
        let words =
            |text: &str| text.split(|c: char| !(c.is_alphabetic() || matches!(c, '\'' | '’'))).any(denies);
        let whole = if text.ends_with(clause) {
            lower.rfind(|c: char| !c.is_alphabetic()).map_or("", |at| &lower[..at])
        } else {
            &lower
        };
        (words(whole) || DENIES_CHINESE.iter().any(|word| lower.contains(word)))
            && !DENIES_NOTHING.iter().any(|phrase| lower.contains(phrase))
    })
}

/// Words by which something is given away in Chinese, and what may be without being an offer.
const GIVING: [&str; 2] = ["送您", "送给您"];
const WISHES: [&str; 4] = ["祝", "一句", "问候", "上"];

/// Where something is given away by name, in bytes, and what follows: 送您茶壶, but not 送您{offer} or 送您祝福.
pub fn given_away(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    GIVING.iter().flat_map(|giving| text.match_indices(giving)).filter_map(|(at, giving)| {
        let given = &text[at + giving.len()..];
        let named = given.chars().next().is_some_and(char::is_alphanumeric)
            && !WISHES.iter().any(|wish| given.starts_with(wish));
        named.then_some((at..at + giving.len(), given))
    })
}

/// The fields that stand where they make no sense, each with the word before it.
pub fn misplaced(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(open, _)| {
        let close = open + text[open..].find('}')?;
        let begin = text[..open].trim_end().rfind([' ', '}']).map_or(0, |at| at + 1);
        let begin = if text[begin..open].chars().any(is_unspaced) { open } else { begin };
        (!fits(&text[..open], &text[open + 1..close])).then(|| text[begin..=close].trim_start())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_discount_is_said_of_something() {
        assert!(has_object("You get {offer} our teas.") && has_object("Add {offer} your LPs."));
        assert!(has_object("You get {offer} our") && !has_object("Take {offer} ours"));
        assert!(!has_object("You get {offer} with our teas.") && !has_object("Take {offer}. Our teas"));
    }

    #[test]
    fn a_discount_leads_nowhere() {
        assert!(has_goal("A question: {offer} to our chisels for you."));
        assert!(
            !has_goal("Enter {coupon_code} for {offer} to get it.") && !has_goal("{offer} for our teas.")
        );
    }

    #[test]
    fn only_the_offer_is_given_away() {
        for (text, given) in [
            ("这回我们送您策略桌游，也许有您用得上的。", true),
            ("猫罐头送给您一罐。", true),
            ("这次想送您{offer}，挑到合心意的就好。", false),
            ("{offer}送给您：有空来挑茶壶。", false),
            ("鲜切花送您", false),
            ("送您一句祝福。", false),
        ] {
            assert_eq!(given_away(text).next().is_some(), given, "{text}");
        }
    }

    #[test]
    fn of_what_is_promised_nothing_is_denied() {
        for bad in [
            "There is no {offer} here.",
            "Order without {coupon_code}, please.",
            "You don't need {coupon_code} for it.",
            "{offer} is not for you.",
            "您回来看看不用优惠码{coupon_code}。",
            "没有{offer}，欢迎。",
            "{coupon_code}无需填写。",
        ] {
            assert!(denied(bad).is_some(), "{bad}");
        }
        for good in [
            "Not sure, {first_name}? Take {offer}.",
            "No hurry: {offer} with {coupon_code}.",
            "Do not forget {coupon_code}.",
            "Why not use {coupon_code}?",
            "After {offer_ends} the code {coupon_code} no longer gives you {offer}.",
            "不用着急，{offer}到{offer_ends}为止。",
            "别忘了填{coupon_code}。",
            "There is no hurry.",
        ] {
            assert_eq!(denied(good), None, "{good}");
        }
        // "no" may become "now".
        assert!(denied("You get {offer} no").is_none() && denied("You get {offer} no ").is_some());
    }

    #[test]
    fn a_field_stands_where_it_makes_sense() {
        for good in [
            "{first_name}, use {coupon_code} for {offer} until {offer_ends}.",
            "Dear {first_name}, your code is {coupon_code}. It gives you {offer}.",
            "Until {offer_ends}: {offer} on our teas.",
            "欢迎回来，{first_name}。优惠码{coupon_code}，可享{offer}，{offer_ends}前有效。",
            "有效期至{offer_ends}，下单时输入{coupon_code}。",
        ] {
            assert_eq!(misplaced(good).collect::<Vec<_>>(), [""; 0], "{good}");
        }
        for (bad, found) in [
            ("You get {offer} until {coupon_code}.", "until {coupon_code}"),
            ("Use the code {offer}.", "code {offer}"),
            ("Use {offer_ends} for it.", "Use {offer_ends}"),
            ("We pack {first_name} for you.", "pack {first_name}"),
            ("Take {offer} {coupon_code}.", "{coupon_code}"),
            ("优惠码{offer}，欢迎。", "{offer}"),
            ("有效期至{coupon_code}。", "{coupon_code}"),
            ("有空来看看，截止到{offer}。", "{offer}"),
        ] {
            assert_eq!(misplaced(bad).collect::<Vec<_>>(), [found], "{bad}");
        }
    }

    #[test]
    fn the_marks_of_an_unfinished_text_are_no_reason() {
        assert!(fits("", "offer_ends") && fits("Hello, ", "first_name") && fits("Code: ", "coupon_code"));
        assert!(fits("until ", "month"));
    }
}
