use proptest::prelude::*;

use super::*;
use crate::strategy::{Strategy, parse, render};

const ENGLISH: &str = r#"
name = "Hello again"
stage = "win-back"
goal = "Say hello"
channel = "email"
language = "en"
tone = "warm"

[offer]
kind = "percentage"
value = 10
text = "{{ offer_value }} off"
coupon = "unique"
valid-days = 14

[defaults]
first_name = "there"
last_product = "favourites"

[message]
subject = "Good things for you, {{ first_name }}"
preheader = "A word from {{ shop_name }}"
body = """
Hi {{ first_name }},

{{ write("One warm sentence.", fallback=["It has been a while since we heard from you."]) }}
Your {{ last_product }} was a fine choice. {{ write("One more.", fallback=["There is a lot to see on the shelves."]) }}

Use code {{ coupon_code }} for {{ offer }} until {{ offer_ends }}.
{{ unsubscribe }}
"""
"#;

const CHINESE: &str = r#"
name = "问候"
stage = "win-back"
goal = "问候"
channel = "sms"
language = "zh"
tone = "亲切"

[defaults]
first_name = "朋友"
last_product = "好物"

[message]
body = "【{{ shop_name }}】{{ first_name }}，您好！{{ write(\"一句\", fallback=[\"好久不见，店里又添了些新东西。\"]) }}您买过的{{ last_product }}又到货了。{{ unsubscribe }}"
"#;

/// What may go wrong, and what only looks like it.
const ADDED: [&str; 40] = [
    "",
    "Hello Sarah, how are you?",
    "Dear Mr",
    "Dear Mr Otto,",
    "Hello Anna",
    "{{ x }}",
    "[name]",
    "[a",
    "b]",
    "<your shop",
    "Save 50% today only",
    "10% off for you",
    "the best",
    "the besttower of all",
    "code ABCD1234",
    "K7RM3-XHP9TW",
    "and",
    "5",
    "We ship on 3 May",
    "until 17 November",
    "A long sentence that goes on for a while and then just breaks off with the",
    "It has been a while since we heard from you.",
    "has been a while since we heard from you again",
    "There is a lot to see on the shelves. There is a lot to see on the shelves.",
    "Hi ,",
    "feel free to look",
    "cheap",
    "亲爱的小雨，您好",
    "好久不见，店里又添了些新东西。",
    "小雨您好",
    "最好的东西",
    "五件好物",
    "（",
    "【】",
    "¥50",
    "十五天",
    "hurry",
    "abcdefghij klmnopqrst uvwxyz abcdefghij",
    "Hello ",
    "%}",
];
const NAMES: [&str; 9] = ["Anna", "Otto", "Will", "There", "Sarah", "小雨", "An", "May", "while"];
const PRODUCTS: [&str; 8] =
    ["Tea", "The Best of Bach", "Pot 5 l", "tower", "100% cotton", "shelves", "茶", "Sarah's choice"];

fn facts(name: Option<&str>, product: Option<&str>, code: &str) -> Facts {
    let mut facts = serde_json::json!({
        "shop_name": "Tulip", "offer": "10% off", "offer_value": "10%", "offer_ends": "17 November", "offer_days": 14,
        "coupon_code": code, "unsubscribe": "To stop receiving these e-mails, reply with the word \"unsubscribe\".",
        "order_count": 5, "segment_name": "Lapsed", "segment_category": "Garden",
    });
    let facts = facts.as_object_mut().unwrap();
    facts.insert("first_name".into(), name.unwrap_or("there").into());
    facts.insert("last_product".into(), product.unwrap_or("favourites").into());
    facts.clone()
}

fn message(strategy: &Strategy, slots: &[String], facts: &Facts, at: usize, added: &[&str]) -> Text {
    let mut text = render(strategy, facts, slots).unwrap();
    for added in added {
        let part = text.len() - 1 - usize::from(at % 5 == 4 && text.len() > 1);
        let (part, whole) = text.iter().nth(part).map(|(part, whole)| (*part, whole.clone())).unwrap();
        let mut lines: Vec<&str> = whole.split('\n').collect();
        let line = at % lines.len();
        let grown = format!("{} {added}", lines[line]);
        if at.is_multiple_of(2) {
            lines.insert(line, added);
        } else {
            lines[line] = &grown;
        }
        text.insert(part, lines.join("\n"));
    }
    text
}

fn slots_of(strategy: &Strategy, facts: &Facts) -> Vec<String> {
    crate::strategy::slots(strategy, facts)
        .unwrap()
        .into_iter()
        .map(|slot| slot.fallback[0].clone())
        .collect()
}

#[test]
fn a_good_message_is_found_good_at_a_glance() {
    for source in [ENGLISH, CHINESE] {
        let strategy = parse("hello", source).unwrap();
        let banned = ["cheap".to_owned()];
        let known = facts(Some("Otto"), Some("Tea"), "K7RM3-XHP9TW");
        let slots = slots_of(&strategy, &known);
        let rules = Rules::for_many(&strategy, &known, &slots, &banned);
        let first = message(&strategy, &slots, &known, 0, &[]);
        assert_eq!(rules.failures(&known, &slots, &first), []);
        let quick = rules.quick.as_ref().unwrap();
        for (name, product) in [("Anna", "Pot 5 l"), ("小雨", "茶"), ("there", "favourites")] {
            let mut other = facts(Some(name), Some(product), "2346C-789FHJ");
            if source == CHINESE {
                other.insert("unsubscribe".into(), "拒收请回复R".into());
            }
            let text = message(&strategy, &slots, &other, 0, &[]);
            let looked = rules.check(&other, &slots, &text);
            let (sure, holds) =
                (quick.surely_holds(&rules, &other, &text), looked.iter().all(|check| check.ok));
            assert!(holds || !sure, "{text:?} {looked:?}");
            // A name and a product in the language of the copy are what nearly all messages have.
            if name != "there" {
                assert_eq!(sure, holds, "{text:?} {looked:?}");
            }
        }
    }
}

#[test]
fn a_sentence_twice_in_one_line_is_seen() {
    let strategy = parse("hello", ENGLISH).unwrap();
    let known = facts(Some("Otto"), Some("Tea"), "K7RM3-XHP9TW");
    let slots = slots_of(&strategy, &known);
    let rules = Rules::for_many(&strategy, &known, &slots, &[]);
    assert_eq!(rules.failures(&known, &slots, &message(&strategy, &slots, &known, 0, &[])), []);
    let twice = "We are open every day. We are open every day.";
    let broken: Vec<&str> = rules
        .failures(&known, &slots, &message(&strategy, &slots, &known, 2, &[twice]))
        .iter()
        .map(|check| check.rule)
        .collect();
    assert_eq!(broken, ["repeated-text"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_passed_at_a_glance_breaks_no_rule(
        english in any::<bool>(),
        people in proptest::collection::vec(
            (proptest::option::of(0..NAMES.len()), proptest::option::of(0..PRODUCTS.len()),
             proptest::collection::vec(0..ADDED.len(), 0..3), 0..16_usize),
            1..6,
        ),
    ) {
        let strategy = parse("hello", if english { ENGLISH } else { CHINESE }).unwrap();
        let banned = ["cheap".to_owned()];
        let known = facts(Some("Otto"), Some("Tea"), "K7RM3-XHP9TW");
        let slots = slots_of(&strategy, &known);
        let rules = Rules::for_many(&strategy, &known, &slots, &banned);
        let first = message(&strategy, &slots, &known, 0, &[]);
        prop_assert_eq!(rules.failures(&known, &slots, &first), []);
        for (name, product, added, at) in people {
            let facts = facts(name.map(|at| NAMES[at]), product.map(|at| PRODUCTS[at]), "2346C-789FHJ");
            let added: Vec<&str> = added.into_iter().map(|at| ADDED[at]).collect();
            let text = message(&strategy, &slots, &facts, at, &added);
            let mut wanted = rules.check(&facts, &slots, &text);
            wanted.retain(|check| !check.ok);
            prop_assert_eq!(rules.failures(&facts, &slots, &text), wanted, "{:?}", text);
        }
    }
}
