//! The rules on drafts: what passes, what does not, in English and in Chinese.

use std::collections::BTreeSet;

use perennial::config::Config;
use perennial::data::NO_CURRENCY;
use perennial::review::{Check, check};
use perennial::strategy::{self, Facts, Part, Strategy, Text, facts_from_json, parse, shipped};
use proptest::prelude::*;

const ENGLISH: &str = r#"name = "Hello"
stage = "win-back"
goal = "See them again"
channel = "email"
language = "en"
tone = "warm"
examples = ["A good thing gets better with time and use."]

[offer]
kind = "percentage"
value = 10
text = "{{ offer_value }} off"
coupon = "unique"
valid-days = 14

[defaults]
first_name = "there"

[message]
subject = "{{ offer }} for you"
preheader = "A friendly hello from {{ shop_name }}"
body = """
Hi {{ first_name }},

{{ write("One sentence.", limit=200, fallback=["We would like to see you again."]) }}

Your code is {{ coupon_code }}, good until {{ offer_ends }}.
{{ unsubscribe }}
"""
"#;

const CHINESE: &str = r#"name = "你好"
stage = "win-back"
goal = "请顾客回来"
channel = "email"
language = "zh"
tone = "温和"

[offer]
kind = "percentage"
value = 10
text = "九折优惠"
coupon = "unique"
valid-days = 14

[defaults]
full_name = "朋友"

[message]
subject = "广告｜为您备好{{ offer }}"
preheader = "欢迎回来看看"
body = """
{{ full_name }}，您好：

{{ write("写一句话。", limit=120, fallback=["我们很想念您。"]) }}

优惠码：{{ coupon_code }}，{{ offer_ends }}前有效。
{{ unsubscribe }}
"""
"#;

struct Bench {
    strategy: Strategy,
    facts: Facts,
}

impl Bench {
    #[expect(clippy::needless_pass_by_value, reason = "`json!` gives a value")]
    fn new(source: &str, given: serde_json::Value) -> Self {
        let strategy = parse("bench", source).expect("sound");
        let given = given.as_object().cloned().expect("an object");
        let sending = jiff::civil::date(2025, 11, 3);
        let facts =
            facts_from_json(&given, &strategy, &Config::default(), "EUR", sending).expect("plain facts");
        Self { strategy, facts }
    }

    fn english() -> Self {
        Self::new(ENGLISH, serde_json::json!({ "first_name": "Anna", "customer_since": "2023" }))
    }

    fn chinese() -> Self {
        Self::new(CHINESE, serde_json::json!({ "full_name": "李晓雨", "first_name": "晓雨" }))
    }

    fn checks(&self, slot: &str, banned: &[&str]) -> Vec<Check> {
        let slots = [slot.to_owned()];
        let text = strategy::render(&self.strategy, &self.facts, &slots).expect("text");
        self.checks_of(&slots, &text, banned)
    }

    fn checks_of(&self, slots: &[String], text: &Text, banned: &[&str]) -> Vec<Check> {
        let banned: Vec<String> = banned.iter().map(|&word| word.to_owned()).collect();
        check(&self.strategy, &self.facts, slots, text, &banned)
    }

    /// The rules that a slot text breaks.
    fn broken(&self, slot: &str) -> BTreeSet<&'static str> {
        broken(&self.checks(slot, &["synergy", "内卷"]))
    }

    /// The rules that the message breaks with `from` replaced by `to` in its body.
    fn edited(&self, from: &str, to: &str) -> BTreeSet<&'static str> {
        let slots = [if self.strategy.language == "zh" {
            "店里添了不少新东西。"
        } else {
            "New things have come in."
        }
        .to_owned()];
        let mut text = strategy::render(&self.strategy, &self.facts, &slots).expect("text");
        let mut replaced = false;
        for part in text.values_mut() {
            replaced |= part.contains(from);
            *part = part.replace(from, to);
        }
        assert!(replaced, "{from} is not in {text:?}");
        broken(&self.checks_of(&slots, &text, &[]))
    }
}

fn broken(checks: &[Check]) -> BTreeSet<&'static str> {
    for check in checks {
        assert!(!check.detail.is_empty(), "{} says nothing", check.rule);
    }
    checks.iter().filter(|check| !check.ok).map(|check| check.rule).collect()
}

#[test]
fn every_shipped_strategy_passes_every_rule_with_each_of_its_fallbacks() {
    let full = serde_json::json!({
        "first_name": "Anna", "last_name": "Meyer", "full_name": "Anna Meyer", "last_product": "Chef knife",
        "favourite_category": "Kitchen & cooking", "segment_category": "Kitchen & cooking",
        "last_order_month": "March 2025", "customer_since": "2023", "order_count": 3,
    });
    let chinese = serde_json::json!({
        "first_name": "晓雨", "last_name": "李", "full_name": "李晓雨", "last_product": "主厨刀",
        "favourite_category": "厨房与烹饪", "segment_category": "厨房与烹饪", "last_order_month": "2025年3月",
        "customer_since": "2023", "order_count": 3,
    });
    for file in shipped() {
        let full = if file.id.ends_with("zh") { &chinese } else { &full };
        for given in [full.clone(), serde_json::json!({})] {
            let bench = Bench::new(file.source, given);
            let slots = strategy::slots(&bench.strategy, &bench.facts).expect("slots");
            for variant in 0..5 {
                let texts: Vec<String> =
                    slots.iter().map(|slot| slot.fallback[variant % slot.fallback.len()].clone()).collect();
                let text = strategy::render(&bench.strategy, &bench.facts, &texts).expect("text");
                for check in bench.checks_of(&texts, &text, &[]) {
                    assert!(check.ok, "{} {}: {}\n{text:?}", file.id, check.rule, check.detail);
                    assert!(!check.detail.contains("word for word"), "{}: a fallback is an example", file.id);
                }
            }
            for example in slots.iter().flat_map(|slot| &slot.examples) {
                let texts = vec![example.clone(); slots.len()];
                let text = strategy::render(&bench.strategy, &bench.facts, &texts).expect("text");
                let broken = broken(&bench.checks_of(&texts, &text, &[]));
                assert!(broken.is_empty(), "{}: example {example}: {broken:?}", file.id);
            }
        }
    }
}

#[test]
fn good_sentences_pass() {
    for slot in [
        "New things have come in, and we thought of you.",
        "You have been with us since 2023, and we are glad.",
        "Feel free to look around; all the best for the season!",
        "It's a well-made, everyday kind of thing (and easy to clean).",
        "One good thing is often enough. 🌱",
        "May we show you what is new?",
        "See you by 17 November.",
        "Looking for a present? There is a third shelf, off the main hall.",
        "It is all here: lamps, Perennial Home.",
        "Will you have a look?",
    ] {
        assert_eq!(Bench::english().broken(slot), BTreeSet::new(), "{slot}");
    }
    for slot in [
        "店里添了不少新东西，欢迎回来看看。",
        "一份心意，一次又一次的陪伴，十分感谢！",
        "有您相伴，四季都好。",
        "这件“老朋友”还在等您～",
        "喜欢的话，11月17日前来看看吧！",
        "Perennial Home 的新品到了，万物皆有时。",
    ] {
        assert_eq!(Bench::chinese().broken(slot), BTreeSet::new(), "{slot}");
    }
}

#[test]
fn each_rule_finds_its_fault() {
    let english = [
        ("", "unfilled-field"),
        ("Hello {name}, welcome.", "unfilled-field"),
        ("We at [Your Shop] say hello.", "unfilled-field"),
        ("Here is {{ offer }}.", "unfilled-field"),
        ("All our synergy for you.", "banned-word"),
        ("We have 25 new things.", "invented-number"),
        ("There are two new shelves.", "invented-number"),
        ("Now with ½ the weight.", "invented-number"),
        ("Everything is from $10 on.", "invented-price"),
        ("It costs twenty euros.", "invented-price"),
        ("Take 20% of the work.", "invented-percentage"),
        ("Take 15 percent less.", "invented-percentage"),
        ("It is half price now.", "invented-percentage"),
        ("A third off all beds.", "invented-percentage"),
        ("One quarter off everything.", "invented-percentage"),
        ("It will be here until Christmas Eve.", "invented-date"),
        ("Come back within a fortnight.", "invented-date"),
        ("Save a tenner.", "invented-offer"),
        ("Everything at no cost.", "invented-offer"),
        ("We will send you a present.", "invented-offer"),
        ("Come before 24 December.", "invented-date"),
        ("We open on Friday.", "invented-date"),
        ("It will be here until 2025-11-18.", "invented-date"),
        ("Use SAVE20 for it.", "invented-code"),
        ("Use code TEST-CODE2 for it.", "invented-code"),
        ("Get a free gift card with it.", "invented-offer"),
        ("It comes with a refund.", "invented-offer"),
        ("These are the best in town.", "overclaim"),
        ("Hurry, they will not last.", "overclaim"),
        ("Hi Sarah, good to see you.", "wrong-name"),
        ("Dear Mr. Miller, welcome back to us.", "wrong-name"),
        ("We have missed Anna here.", "wrong-name"),
        ("Anna, we have missed you.", "wrong-name"),
        ("We missed you, Tobias.", "wrong-name"),
        ("We missed you. We missed you.", "repeated-text"),
        ("We like it. We think of you often. We think of you often.", "repeated-text"),
        ("Look at the the new things.", "repeated-text"),
        ("So new and so bright and so new and so bright.", "repeated-text"),
        ("We would love to see you and", "unfinished-sentence"),
        ("We would love to see you,", "unfinished-sentence"),
        ("We would love to see you", "unfinished-sentence"),
        ("We would love to see the.", "unfinished-sentence"),
        ("We said \"hello to you.", "unfinished-sentence"),
        ("I'm glad to see you here.", "voice"),
        ("It makes me smile.", "voice"),
        ("我们很想念您。", "wrong-language"),
        ("We are 很 glad.", "wrong-language"),
    ];
    for (slot, rule) in english {
        let bench = Bench::english();
        let text: Text = strategy::render(&bench.strategy, &bench.facts, &[slot.into()]).expect("text");
        let broken = broken(&bench.checks_of(&[slot.into()], &text, &["synergy"]));
        assert!(broken.contains(rule), "{slot}: {broken:?}");
    }
    let long = "word ".repeat(45) + "end.";
    assert!(Bench::english().broken(&long).contains("length"));
    let chinese = [
        ("{姓名}，欢迎。", "unfilled-field"),
        ("拒绝内卷，好好生活。", "banned-word"),
        ("有25种新品等您。", "invented-number"),
        ("有三款新品等您。", "invented-number"),
        ("只要99元起。", "invented-price"),
        ("只要九十九元起。", "invented-price"),
        ("现在八折。", "invented-percentage"),
        ("省下百分之三十。", "invented-percentage"),
        ("12月24日前来看看。", "invented-date"),
        ("圣诞节前来看看。", "invented-date"),
        ("随单送您礼物。", "invented-offer"),
        ("周五见。", "invented-date"),
        ("优惠码：HELLO，欢迎使用。", "invented-code"),
        ("免费送您一份心意。", "invented-offer"),
        ("这是最好的选择。", "overclaim"),
        ("限时抢购，错过不再来。", "overclaim"),
        ("王芳您好，欢迎回来。", "wrong-name"),
        ("晓雨，好久不见。", "wrong-name"),
        ("我们很想念您。我们很想念您。", "repeated-text"),
        ("我们很想念您，", "unfinished-sentence"),
        ("我们想念您和", "unfinished-sentence"),
        ("我们想念您", "unfinished-sentence"),
        ("我很想念您。", "voice"),
        ("We would like to see you.", "wrong-language"),
    ];
    for (slot, rule) in chinese {
        let broken = Bench::chinese().broken(slot);
        assert!(broken.contains(rule), "{slot}: {broken:?}");
    }
    assert!(Bench::chinese().broken(&("好".repeat(60) + &"看".repeat(65) + "。")).contains("length"));
}

/// The checks of the English strategy with more words of its author's, and that text in its slot.
fn checks_with(more: &str, slot: &str) -> Vec<Check> {
    let source = ENGLISH.replace("Your code is", &format!("{more} Your code is"));
    let strategy = parse("test", &source).unwrap_or_else(|problems| panic!("{problems:?}"));
    let bench = Bench { strategy, ..Bench::english() };
    let slots = [slot.to_owned()];
    let text = strategy::render(&bench.strategy, &bench.facts, &slots).expect("text");
    bench.checks_of(&slots, &text, &[])
}

#[test]
fn what_the_author_writes_into_the_message_proves_no_offer() {
    let with = |more: &str| {
        let checks = checks_with(more, "Take 50% of it, or one of 24 more.");
        let of = |rule: &str| checks.iter().find(|check| check.rule == rule).cloned().expect("the rule");
        (of("invented-percentage"), of("invented-price"), of("invented-code"), of("invented-number"))
    };
    let (percentage, price, code, number) =
        with("Get 50% off. Now only €19.99 with SAVE50. We answer within 24 hours.");
    for (check, said) in [(percentage, "50%"), (price, "€19.99"), (code, "SAVE50")] {
        assert!(!check.ok && check.detail.contains(said), "{check:?}");
    }
    assert!(number.ok && number.detail.contains("the strategy's own words"), "{number:?}");
    let (percentage, ..) = with("It is 10% off.");
    assert!(
        !percentage.ok && percentage.detail.contains("50%"),
        "the offer itself may be said: {percentage:?}"
    );
}

#[test]
fn what_the_author_promises_beyond_the_offer_is_found() {
    let with = |more: &str| broken(&checks_with(more, "New things have come in."));
    assert_eq!(with("We will be here."), BTreeSet::new());
    assert!(with("Buy one, get one free.").contains("invented-offer"));
    assert!(with("Free delivery for you.").contains("invented-offer"));
    assert!(with("We missed you, Tobias.").contains("wrong-name"));
    assert!(with("This is open until Christmas Eve.").contains("invented-date"));
}

/// "优惠码" is what a code is called whatever it brings, and "优惠" alone is an offer.
#[test]
fn the_word_for_a_code_promises_nothing_where_there_is_a_code() {
    let with = |slot: &str, code: bool| {
        let line = "优惠码：{{ coupon_code }}，{{ offer_ends }}前有效。";
        let source = if code { CHINESE.to_owned() } else { CHINESE.replace(line, "") };
        let source = source.replace("coupon = \"unique\"", if code { "coupon = \"unique\"" } else { "" });
        let mut bench = Bench::new(&source, serde_json::json!({ "full_name": "李晓雨" }));
        bench.facts.insert("offer".into(), "包邮".into());
        bench.broken(slot).contains("invented-offer")
    };
    assert!(!with("欢迎回来，下单时用优惠码就好。", true));
    assert!(with("欢迎回来，下单时用优惠码就好。", false));
    assert!(with("欢迎回来，下单有优惠。", true));
}

#[test]
fn an_amount_in_no_currency_is_no_offer() {
    let source = ENGLISH.replace("kind = \"percentage\"", "kind = \"amount\"");
    let strategy = parse("test", &source).unwrap_or_else(|problems| panic!("{problems:?}"));
    let given = serde_json::json!({ "first_name": "Anna" });
    let day = jiff::civil::date(2025, 11, 3);
    let price = |currency: &str| {
        let given = given.as_object().expect("an object");
        let facts = facts_from_json(given, &strategy, &Config::default(), currency, day).expect("facts");
        let slots = ["New things have come in.".to_owned()];
        let text = strategy::render(&strategy, &facts, &slots).expect("text");
        let checks = check(&strategy, &facts, &slots, &text, &[]);
        checks.into_iter().find(|check| check.rule == "invented-price").expect("the rule")
    };
    let unknown = price(NO_CURRENCY);
    assert!(price("EUR").ok && !unknown.ok, "{unknown:?}");
    assert!(unknown.detail.contains("data.currency=EUR"));
}

#[test]
fn edits_of_the_whole_message_are_checked_too() {
    let english = Bench::english();
    assert_eq!(english.edited("New things", "Fine things"), BTreeSet::new());
    for (from, to, rule) in [
        ("10%", "50%", "invented-percentage"),
        ("17 November", "18 November", "invented-date"),
        ("TEST-CODE", "TEST-CODF", "invented-code"),
        ("Your code is TEST-CODE", "Your code is on its way", "invented-code"),
        ("Hi Anna", "Hi Bernhard", "wrong-name"),
        ("Hi Anna", "Hi ", "unfilled-field"),
        ("To stop receiving these e-mails, reply with the word \"unsubscribe\".", "Bye.", "opt-out"),
        (
            "New things have come in.",
            "New things have come in and we think that you would",
            "unfinished-sentence",
        ),
        ("New things have come in.", "New things have come in.\n\nT", "unfinished-sentence"),
    ] {
        let broken = english.edited(from, to);
        assert!(broken.contains(rule), "{to}: {broken:?}");
    }
    let chinese = Bench::chinese();
    for (from, to, rule) in [
        ("九折", "五折", "invented-percentage"),
        ("11月17日", "11月18日", "invented-date"),
        ("李晓雨，您好", "王小明，您好", "wrong-name"),
        ("李晓雨，您好", "，您好", "unfilled-field"),
        ("如不想再收到此类邮件，请回复“退订”。", "再见。", "opt-out"),
        ("广告｜", "", "ad-mark"),
    ] {
        let broken = chinese.edited(from, to);
        assert!(broken.contains(rule), "{to}: {broken:?}");
    }
    for sentence in ["Here are the people that we work with.", "This is what our tea is made of."] {
        assert_eq!(english.edited("New things have come in.", sentence), BTreeSet::new(), "{sentence}");
    }
    // The same offer in other words is the same offer.
    assert_eq!(chinese.edited("九折优惠", "10%优惠"), BTreeSet::new());
    assert_eq!(english.edited("10% off", "ten percent off"), BTreeSet::new());
}

#[test]
fn a_text_message_says_what_made_it_long() {
    let source = ENGLISH.replace("\"email\"", "\"sms\"").replace(
        "subject = \"{{ offer }} for you\"\npreheader = \"A friendly hello from {{ shop_name }}\"\n",
        "",
    );
    let bench = Bench::new(&source, serde_json::json!({ "first_name": "Anna" }));
    let checks = bench.checks("Come by for the new tea.", &[]);
    let parts = checks.iter().find(|check| check.rule == "sms-parts").expect("sms-parts");
    assert!(parts.ok && parts.detail.contains("1 part") && parts.detail.contains("GSM-7"), "{parts:?}");
    let checks = bench.checks(
        &("Come by for the new façade of our shop, ".to_owned()
            + &"and for the new tea in it ".repeat(4)
            + "too."),
        &[],
    );
    let parts = checks.iter().find(|check| check.rule == "sms-parts").expect("sms-parts");
    assert!(!parts.ok && parts.detail.contains("UCS-2") && parts.detail.contains("\"ç\""), "{parts:?}");
}

#[test]
fn a_copied_example_is_told_and_allowed() {
    let checks = Bench::english().checks("A good thing gets better with time and use.", &[]);
    let check = checks.iter().find(|check| check.rule == "repeated-text").expect("the rule");
    assert!(check.ok && check.detail.contains("word for word"), "{check:?}");
}

#[test]
fn the_same_rules_are_told_for_any_text() {
    let bench = Bench::english();
    let rules = |slot: &str| bench.checks(slot, &[]).iter().map(|check| check.rule).collect::<Vec<_>>();
    assert_eq!(rules("We are glad."), rules("50% off, hurry, Sarah"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_can_be_checked(slot in "\\PC*", body in "([a-zA-Z0-9 ,.%€$¥李小雨折元月日年百分之半价您好亲爱的{}\\[\\]<>【】🎁\n-]|code |优惠码|Hi |Dear |٣|½)*") {
        for bench in [Bench::english(), Bench::chinese()] {
            let mut text = Text::new();
            text.insert(Part::Body, body.clone());
            text.insert(Part::Subject, slot.clone());
            let checks = bench.checks_of(std::slice::from_ref(&slot), &text, &[&body]);
            prop_assert!(checks.len() >= 12);
            let swapped = bench.checks_of(std::slice::from_ref(&body), &text, &["李", ""]);
            prop_assert_eq!(checks.len(), swapped.len());
        }
    }

    /// A number that is in no fact is always found, wherever it stands.
    #[test]
    fn an_invented_number_is_found(before in "[a-z ]{0,20}", number in 100_u32..999, after in "( [a-z]+){0,4}") {
        let slot = format!("We say {before} {number}{after}.");
        let broken = Bench::english().broken(&slot);
        prop_assert!(broken.iter().any(|rule| rule.starts_with("invented-")), "{slot}: {broken:?}");
    }
}

#[test]
fn a_name_proves_no_offer() {
    let called = |name: &str| Bench::new(ENGLISH, serde_json::json!({ "first_name": name }));
    let slot = "New things have come in.";
    assert!(called("Anna").broken(slot).is_empty());
    // People are called all sorts of things.
    assert!(called("Anna-Lena 2nd").broken(slot).is_empty());
    let broken = called("Anna 50% off SAVE99").broken(slot);
    assert!(broken.contains("invented-percentage") && broken.contains("invented-code"), "{broken:?}");
    assert!(called("Anna 20 EUR").broken(slot).contains("invented-price"));
    let own = ENGLISH.replace("A friendly hello from {{ shop_name }}", "More of our {{ segment_category }}");
    let own = own.replace("[defaults]", "[defaults]\nsegment_category = \"things\"");
    let of = |category: &str| Bench::new(&own, serde_json::json!({ "segment_category": category }));
    assert!(of("4K TVs").broken(slot).is_empty());
    assert!(of("50% off teapots").broken(slot).contains("invented-percentage"));
}
