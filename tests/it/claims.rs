//! The claims of a message: each is found where it stands, and traced to what proves it or told why nothing does.

use perennial::config::Config;
use perennial::review::{ClaimKind, Rules, TracedClaim, Verdict};
use perennial::strategy::{self, Facts, Strategy, facts_from_json, parse};
use perennial::writing::Guard;
use perennial::writing::guard::Mask;
use proptest::prelude::*;

const ENGLISH: &str = r#"name = "Hello"
stage = "win-back"
goal = "See them again"
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
last_product = "choice"
segment_category = "things"

[message]
subject = "{{ offer }} for you"
preheader = "New arrivals at {{ shop_name }}"
body = """
Hi {{ first_name }},

{{ write("One sentence.", limit=400, fallback=["The new arrivals are here."]) }}

Your {{ last_product }} and more {{ segment_category }}: {{ coupon_code }}, for {{ offer_days }} days, until {{ offer_ends }}.
{{ unsubscribe }}
"""
"#;

const CHINESE: &str = r#"name = "你好"
stage = "win-back"
goal = "请顾客回来"
channel = "sms"
language = "zh"
tone = "温和"

[offer]
kind = "percentage"
value = 15
text = "八五折优惠"
coupon = "unique"
valid-days = 14

[message]
body = """{{ write("写一句话。", limit=300, fallback=["店里上新了。"]) }}{{ offer }}，优惠码：{{ coupon_code }}，{{ offer_ends }}前有效。{{ unsubscribe }}"""
"#;

struct Desk {
    strategy: Strategy,
    facts: Facts,
}

impl Desk {
    fn new(source: &str) -> Self {
        let strategy = parse("desk", source).unwrap();
        let given = serde_json::json!({
            "first_name": "Anna", "last_product": "The Best of Bach 24", "segment_category": "Kitchen",
            "favourite_category": "Lighting",
        });
        let given = given.as_object().unwrap();
        let sending = jiff::civil::date(2025, 11, 3);
        let facts = facts_from_json(given, &strategy, &Config::default(), "EUR", sending).unwrap();
        Self { strategy, facts }
    }

    fn claims(&self, slot: &str) -> Vec<TracedClaim> {
        let slots = [slot.to_owned()];
        let text = strategy::render(&self.strategy, &self.facts, &slots).unwrap();
        let claims = Rules::new(&self.strategy, &self.facts, &[]).claims(&self.facts, &slots, &text);
        for claim in &claims {
            let taken: String =
                text[&claim.part].chars().skip(claim.range.start).take(claim.range.len()).collect();
            assert_eq!(taken, claim.text, "the place is where the text stands");
        }
        claims
    }

    /// Text, kind, and the source where there is one, of each claim in the body.
    fn told(&self, slot: &str) -> Vec<(String, ClaimKind, Option<String>)> {
        let body = self.claims(slot).into_iter().filter(|claim| claim.part == strategy::Part::Body);
        body.map(|claim| {
            let source = match claim.verdict {
                Verdict::Proved { source } => Some(source),
                Verdict::Unproved { reason } => {
                    assert!(!reason.is_empty());
                    None
                }
            };
            (claim.text, claim.kind, source)
        })
        .collect()
    }

    /// What nothing proves in a slot's text.
    fn unproved(&self, slot: &str) -> Vec<(String, ClaimKind)> {
        let told = self.told(slot).into_iter().filter(|(_, _, source)| source.is_none());
        told.map(|(text, kind, _)| (text, kind)).collect()
    }

    fn is_approvable(&self, slot: &str) -> bool {
        let slots = [slot.to_owned()];
        let text = strategy::render(&self.strategy, &self.facts, &slots).unwrap();
        let checks = Rules::new(&self.strategy, &self.facts, &[]).check(&self.facts, &slots, &text);
        perennial::review::passes(&checks)
    }
}

#[test]
fn every_fact_in_a_message_is_traced_to_its_field() {
    let some = |text: &str, kind, source: &str| (text.to_owned(), kind, Some(source.to_owned()));
    assert_eq!(
        Desk::new(ENGLISH).told("We would like to see you again."),
        [
            some("The Best of Bach 24", ClaimKind::Product, "last_product"),
            some("Kitchen", ClaimKind::Category, "segment_category"),
            some("TEST-CODE", ClaimKind::Code, "coupon_code"),
            some("14 days", ClaimKind::Duration, "offer_days"),
            some("17 November", ClaimKind::Date, "offer_ends"),
        ]
    );
    assert_eq!(
        Desk::new(CHINESE).told("店里上新了。"),
        [
            some("上新", ClaimKind::Stock, "strategy"),
            some("八五折", ClaimKind::Percentage, "offer_value"),
            some("优惠", ClaimKind::Offer, "offer"),
            some("TEST-CODE", ClaimKind::Code, "coupon_code"),
            some("11月17日", ClaimKind::Date, "offer_ends"),
        ]
    );
}

#[test]
fn what_the_author_says_of_the_stock_is_the_authors() {
    let desk = Desk::new(ENGLISH);
    let claims = desk.claims("The new arrivals are here.");
    let stock: Vec<_> = claims.iter().filter(|claim| claim.kind == ClaimKind::Stock).collect();
    assert_eq!(stock.len(), 2);
    assert!(stock.iter().all(|claim| claim.verdict == Verdict::Proved { source: "strategy".into() }));
    assert!(desk.is_approvable("The new arrivals are here."), "the strategy's own text");
    assert!(!desk.is_approvable("Have a look at the new arrivals of ours."), "the model cannot know");
}

#[test]
fn each_kind_of_claim_without_proof_is_flagged_and_blocks_approval() {
    let english = Desk::new(ENGLISH);
    for (slot, text, kind) in [
        ("We have 300 things for you to see.", "300", ClaimKind::Number),
        ("It costs 20 EUR at our place now.", "20 EUR", ClaimKind::Price),
        ("Take twenty percent off what you like.", "twenty percent", ClaimKind::Percentage),
        ("We would be glad until 1 January to see you.", "1 January", ClaimKind::Date),
        ("Come and see us by christmas, if you like.", "by christmas", ClaimKind::Date),
        ("It will be with you in two days at most.", "two days", ClaimKind::Duration),
        ("Use the code SAVE20 when you come back.", "SAVE20", ClaimKind::Code),
        ("You may like the Copper Moka Pot from us.", "Copper Moka Pot", ClaimKind::Product),
        ("Have a look at our \"Morning Light\" at last.", "Morning Light", ClaimKind::Product),
        ("There is more Lighting to see here for you.", "Lighting", ClaimKind::Category),
        ("You will get free shipping when you come.", "free shipping", ClaimKind::Offer),
        ("These are the best things that you can buy.", "the best", ClaimKind::Superlative),
        ("Hurry, they will not be here for long.", "Hurry", ClaimKind::Urgency),
        ("We wonder why did you leave us like that.", "why did you leave", ClaimKind::Pressure),
        ("The kettle is back in stock at our place.", "back in stock", ClaimKind::Stock),
        ("Double your discount if you order with a friend.", "Double your", ClaimKind::Offer),
        ("Our lamps are cheaper than ever, come and see.", "cheaper", ClaimKind::Offer),
        ("Our prices have never been lower than they are.", "never been lower", ClaimKind::Offer),
        ("You can return it whenever you would like to.", "return it", ClaimKind::Offer),
        ("Everyone is talking about what we have for you.", "Everyone is talking", ClaimKind::Superlative),
        ("We miss you! Why have you not come back?", "Why have you not", ClaimKind::Pressure),
    ] {
        let unproved = english.unproved(slot);
        assert!(unproved.contains(&(text.to_owned(), kind)), "{slot}: {unproved:?}");
        assert!(!english.is_approvable(slot), "{slot}");
    }
    let chinese = Desk::new(CHINESE);
    for (slot, text, kind) in [
        ("我们为您准备了三件东西。", "三", ClaimKind::Number),
        ("现在只要20元就能带回家。", "20元", ClaimKind::Price),
        ("现在下单可以享受七折。", "七折", ClaimKind::Percentage),
        ("欢迎您在12月1日来看看。", "12月1日", ClaimKind::Date),
        ("只要两天就能送到您手上。", "两天", ClaimKind::Duration),
        ("下单时输入SAVE20就可以。", "SAVE20", ClaimKind::Code),
        ("您也许会喜欢《晨光》这件。", "晨光", ClaimKind::Product),
        ("现在下单可以包邮到家。", "包邮", ClaimKind::Offer),
        ("这里有最好的东西等着您。", "最好", ClaimKind::Superlative),
        ("喜欢的话请抓紧来看看。", "抓紧", ClaimKind::Urgency),
        ("为什么离开我们这么久呢。", "为什么离开", ClaimKind::Pressure),
        ("您喜欢的东西到货了呢。", "到货", ClaimKind::Stock),
        ("送您一份小心意，敬请笑纳。", "小心意", ClaimKind::Offer),
        ("现在买一送一，欢迎来看看。", "买一送一", ClaimKind::Offer),
        ("我们是行业领先的家居店。", "行业领先", ClaimKind::Superlative),
    ] {
        let unproved = chinese.unproved(slot);
        let duration = unproved.iter().any(|claim| *claim == (text.to_owned(), kind));
        assert!(duration, "{slot}: {unproved:?}");
        assert!(!chinese.is_approvable(slot), "{slot}");
    }
}

#[test]
fn fields_in_a_free_message_are_filled_in_and_traced() {
    let source = ENGLISH.replace("limit=400,", "limit=400, free=true, sentences=2, must=[\"{first_name}\"],");
    let desk = Desk::new(&source);
    let slot = "Hello {first_name}, see {last_product}. Use {coupon_code} for {offer} until {offer_ends}.";
    let slots = [slot.to_owned()];
    let text = strategy::render(&desk.strategy, &desk.facts, &slots).unwrap();
    let body = &text[&strategy::Part::Body];
    assert!(
        body.contains("Hello Anna, see The Best of Bach 24. Use TEST-CODE for 10% off until 17 November."),
        "{body}"
    );
    assert_eq!(desk.unproved(slot), []);
    assert!(desk.is_approvable(slot));
    let told = desk.told(slot);
    let percentage = ("10%".to_owned(), ClaimKind::Percentage, Some("offer_value".to_owned()));
    assert!(told.contains(&percentage), "{told:?}");
    // Typed out, the same words are one customer's, and would go to everyone.
    assert!(!desk.is_approvable("Hello there, see The Best of Bach 24 again."));
    assert!(!desk.is_approvable("Hello {first_name}, use {shoe_size} for it."), "no such field");
}

#[test]
fn good_sentences_claim_nothing() {
    for slot in [
        "We would be glad to see you again when it suits you.",
        "Many things for the Kitchen are waiting to be seen.",
        "If you have a moment, come and look around; we would be happy.",
        "Perhaps something for a quiet evening at home.",
    ] {
        assert_eq!(Desk::new(ENGLISH).unproved(slot), [], "{slot}");
        assert!(Desk::new(ENGLISH).is_approvable(slot), "{slot}");
    }
    for slot in ["店里添了不少新东西，欢迎您来看看。", "万事如意，一份心意送给您。"]
    {
        assert_eq!(Desk::new(CHINESE).unproved(slot), [], "{slot}");
    }
}

proptest! {
    #[test]
    fn any_text_has_its_claims_where_they_stand(
        slot in "([a-zA-Z0-9 ,.%€$¥李小雨İẞ折元月日年百分之半价最好到货“”\"《》{}\\n-]|code |TEST-CODE|Lighting|The Best of Bach 24|days )*"
    ) {
        for source in [ENGLISH, CHINESE] {
            Desk::new(source).claims(&slot);
        }
    }

    #[test]
    fn a_message_with_an_unproved_claim_cannot_be_approved(
        before in "[a-z ]{0,20}",
        claim in "(hurry|tonight|the best|in stock|[1-9][0-9]{2}|[2-9] days|[1-9][0-9] EUR|SAVE[0-9]{2}|3 March)",
        after in "( [a-z]+){0,4}",
    ) {
        let desk = Desk::new(ENGLISH);
        let slot = format!("{before} {claim} {after}.");
        prop_assert!(!desk.unproved(&slot).is_empty());
        prop_assert!(!desk.is_approvable(&slot));
    }
}

/// Kind and sentence of each line of a list.
fn listed(list: &str) -> Vec<(&str, &str)> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(" | ").unwrap()).collect()
}

/// The strategy with nothing offered: what is offered proves some claims.
fn without_offer(source: &str) -> Desk {
    let (before, rest) = source.split_once("[offer]").unwrap();
    let after = &rest[rest.find("\n[").unwrap()..];
    let lines = format!("{before}{after}");
    let kept: Vec<&str> = lines.lines().filter(|line| !line.contains("coupon_code")).collect();
    let body =
        kept.join("\n").replace("{{ offer }}", "Something").replace("\"\"\"\n{{ unsub", "\"\"\"\nx {{ unsub");
    Desk::new(&body)
}

/// The Chinese strategy without the words of its offer.
fn chinese_alone() -> String {
    CHINESE.replace(
        "{{ offer }}，优惠码：{{ coupon_code }}，{{ offer_ends }}前有效。{{ unsubscribe }}\"\"\"",
        "\n{{ unsubscribe }}\"\"\"",
    )
}

#[test]
fn sentences_that_claim_something_are_found_and_warm_ones_pass() {
    let english = (include_str!("data/claims/english.txt"), without_offer(ENGLISH));
    let chinese = without_offer(&chinese_alone());
    let mask = |allowed: &str| {
        let guard =
            Guard { digits: true, links: true, coupon_like: true, line_breaks: true, ..Guard::default() };
        !Mask::of_texts(&guard).forbids(allowed)
    };
    let mut wrong = Vec::new();
    for (list, desk) in [english, (include_str!("data/claims/chinese.txt"), chinese)] {
        for (kind, sentence) in listed(list) {
            let unproved = desk.unproved(sentence);
            let kinds: Vec<String> = unproved
                .iter()
                .map(|(_, kind)| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned())
                .collect();
            let right = match kind {
                "none" => unproved.is_empty() && desk.is_approvable(sentence),
                kind => kinds.iter().any(|found| found == kind) && !desk.is_approvable(sentence),
            };
            if !right {
                wrong.push(format!(
                    "{kind} | {sentence}: {unproved:?}, approvable {}",
                    desk.is_approvable(sentence)
                ));
            }
            // What claims something could not have been written in a slot, but for names, which are not known beforehand.
            if !matches!(kind, "none" | "product" | "category") && mask(sentence) {
                wrong.push(format!("{kind} | {sentence}: the model may write it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A desk for a customer who is called like that.
fn called(source: &str, name: &str) -> Desk {
    let mut desk = Desk::new(source);
    desk.facts.insert("first_name".into(), name.into());
    desk
}

#[test]
fn a_name_is_a_name_whatever_it_reads_like() {
    let slot = "We would like to see you again.";
    for name in ["FREE", "Free Gift", "Hurry", "Best", "An", "the best", "F R E E"] {
        let desk = called(ENGLISH, name);
        assert_eq!(desk.unproved(slot), [], "{name}");
        assert!(desk.is_approvable(slot), "{name}");
        // It excuses nothing that stands in the slot, or that the author wrote.
        assert!(!desk.is_approvable("Free delivery, the best of all gifts, last chance, hurry."), "{name}");
    }
    let free = ENGLISH.replace("limit=400,", "limit=400, free=true, sentences=2,");
    assert!(called(&free, "Free Gift").is_approvable("Good to see you, {first_name}, come and look around."));
    let promising =
        ENGLISH.replace("Your {{ last_product }}", "A free gift, last chance. Your {{ last_product }}");
    let desk = called(&promising, "ree gi");
    assert!(!desk.unproved(slot).is_empty() && !desk.is_approvable(slot));
}

#[test]
fn a_name_with_a_number_a_mark_or_a_line_break_is_refused() {
    let slot = "We would like to see you again.";
    for name in [
        "50% off",
        "FREE50",
        "Free Gift 20",
        "Save 20 EUR",
        "<|im_end|>",
        "Anna\nBcc: all",
        "Anna {{ offer }}",
        "https://shop.example",
        "anna@shop.example",
    ] {
        assert!(!called(ENGLISH, name).is_approvable(slot), "{name}");
    }
}

#[test]
fn a_disguised_claim_is_found_where_it_stands() {
    let desk = Desk::new(ENGLISH);
    for (slot, text) in [
        ("Here is your r e f u n d at last.", "r e f u n d"),
        ("It is the last ch\u{200B}ance for you.", "last ch\u{200B}ance"),
        ("We have ２００ of them.", "２００"),
        ("Our ｂｅｓｔ ｅｖｅｒ chair is here.", "ｂｅｓｔ ｅｖｅｒ"),
    ] {
        assert_eq!(desk.unproved(slot).first().map(|(text, _)| text.as_str()), Some(text), "{slot}");
        assert!(!desk.is_approvable(slot), "{slot}");
    }
    let desk = without_offer(&chinese_alone());
    assert_eq!(desk.unproved("店里免 運 費呢。").first().map(|(text, _)| text.as_str()), Some("免 運 費"));
}

#[test]
fn a_fact_excuses_the_words_that_it_says() {
    let desk = Desk::new(ENGLISH);
    for slot in [
        "Use the code {coupon_code} for {offer}, within {offer_days} days.",
        "Your offer is here: {offer}, until {offer_ends}.",
    ] {
        let source = ENGLISH.replace("limit=400,", "limit=400, free=true, sentences=2,");
        let free = Desk::new(&source);
        assert_eq!(free.unproved(slot), [], "{slot}");
        assert!(free.is_approvable(slot), "{slot}");
    }
    assert!(!desk.is_approvable("Come and see us today."));
    let demanded = ENGLISH.replace("limit=400,", "limit=400, must=[\"today\"],");
    assert!(Desk::new(&demanded).is_approvable("Come and see us today."));
}

proptest! {
    /// Whatever stands in the slot and in the name: what the ledger has no proof for, some rule refuses.
    #[test]
    fn what_is_unproved_is_refused(
        parts in prop::collection::vec(prop::sample::select(vec![
            "free", "F R E E", "gift", "half the price", "today", "hurry", "we", "see", "you", "the best", "20", "20%",
            "two", "days", "Kitchen", "Lighting", "The Best of Bach 24", "TEST-CODE", "in stock", "until christmas",
            "Copper Moka Pot", "save", "made in", "\u{200B}", "折", "免運", "几十种", "两百多款", "意大利工匠", "周末", ",", ".",
        ]), 1..7),
        name in prop::sample::select(vec!["Anna", "FREE", "Free Gift", "free", "20", "An", "Hurry", "the best", "today", "小雨"]),
    ) {
        for source in [ENGLISH, CHINESE] {
            let desk = called(source, name);
            let slot = parts.join(" ");
            let unproved = desk.claims(&slot).into_iter().any(|claim| !claim.is_proved());
            prop_assert!(!unproved || !desk.is_approvable(&slot), "{slot:?} {name:?}");
        }
    }
}
