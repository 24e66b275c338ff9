use proptest::prelude::*;

use super::*;
use crate::jobs::unwatched;
use crate::writing::gguf::{Gguf, tiny};
use crate::writing::local::LocalModel;
use crate::writing::{Beginning, Prompt, Request, Role, Sampling, TextEngine};

fn strict() -> Guard {
    Guard {
        digits: true,
        links: true,
        coupon_like: true,
        line_breaks: true,
        gsm7_only: false,
        discount: true,
        chinese: false,
        own: String::new(),
        allowed: Vec::new(),
        fields: Vec::new(),
        banned_words: vec!["cheap".into(), "Perennial Shop".into()],
    }
}

fn mask(guard: &Guard) -> Mask {
    let (_folder, path) = tiny::file(1);
    Mask::new(guard, &Vocabulary::from_gguf(&Gguf::open(&path).unwrap()).unwrap(), None)
}

#[test]
fn what_a_slot_must_not_say_is_forbidden() {
    let mask = mask(&strict());
    for text in [
        "Save 20 now",
        "Only ٣ left",
        "Ⅷ of them",
        "full ５ stars",
        "just $ for you",
        "half the €",
        "ten %",
        "dix ％",
        "see shop.example for more",
        "http is here",
        "www is here",
        "write to me@home",
        "use SAVEBIG today",
        "use code X",
        "a coupon for you",
        "it is Free today",
        "so cheap!",
        "so CHEAP",
        "the perennial shop way",
        "line\nbreak",
        "hi {first_name}",
        "we will give you a little gift",
        "a new shelf, planned for next month",
        "three of them are new",
        "送您一份礼物",
        "为您打八折",
        "优惠券在这里",
        "只要十元",
        "zero\u{200B}width",
        "turn\u{202E}ed",
    ] {
        assert!(mask.forbids(text), "{text:?} got through");
    }
}

#[test]
fn ordinary_copy_is_allowed() {
    let mask = mask(&strict());
    for text in [
        "We have missed you, and the garden has changed since spring.",
        "It's a freedom that suits you - \"truly\" yours, isn't it?",
        "An inexpensive, cheapish-looking thing that you may like one day",
        "我们想念您，欢迎回来看看。",
        "Welcome back 🌱, friend!",
        "A. B. and C.",
    ] {
        assert!(!mask.forbids(text), "{text:?} was refused");
    }
}

#[test]
fn text_messages_keep_to_their_alphabet() {
    let mask = mask(&Guard { gsm7_only: true, ..Guard::default() });
    assert!(!mask.forbids("Grüße à tous, señor. Æ!"));
    for text in ["你好", "ç", "“quoted”", "🌱", "–"] {
        assert!(mask.forbids(text), "{text:?} got through");
    }
}

#[test]
fn a_word_made_of_several_tokens_is_caught_with_its_last() {
    let mask = mask(&strict());
    let tokens = tiny::tokens();
    let id = |token: &str| tokens.iter().position(|known| known == token).unwrap() as u32;
    assert_eq!(mask.judge("a big", &[], id("Ġdis"), b" dis"), Verdict::Allowed);
    assert_eq!(mask.judge("a big dis", &[], id("count"), b"count"), Verdict::Refused);
    assert_eq!(mask.judge("so che", &[], id("ap"), b"ap"), Verdict::Refused);
    assert_eq!(mask.judge("use SA", &[], id("VE"), b"VE"), Verdict::Refused);
    assert_eq!(mask.judge("my shop", &[], id(".com"), b".com"), Verdict::Refused);
}

#[test]
fn half_a_character_is_only_followed_by_its_other_half() {
    let mask = mask(&strict());
    let byte = |byte: u8| 3 + u32::from(byte);
    // 你 is E4 BD A0.
    assert_eq!(mask.judge("", &[0xE4], byte(0xBD), &[0xBD]), Verdict::Allowed);
    assert_eq!(mask.judge("", &[0xE4], byte(b'a'), b"a"), Verdict::Refused);
    // ５ is EF BC 95: refused when it is whole.
    assert_eq!(mask.judge("", &[0xEF, 0xBC], byte(0x95), &[0x95]), Verdict::Refused);
}

#[test]
fn a_new_line_ends_a_slot_that_has_text() {
    let mask = mask(&strict());
    let token = tiny::tokens().iter().position(|token| token == "ĊĊ").unwrap() as u32;
    assert_eq!(mask.judge("Some text", &[], token, b"\n\n"), Verdict::Ends);
    assert_eq!(mask.judge(" ", &[], token, b"\n\n"), Verdict::Refused);
}

#[test]
fn what_a_code_is_called_may_stand_where_there_is_one_and_nothing_like_it() {
    let with_code = mask(&Guard {
        allowed: facts::CODE_WORDS.map(String::from).to_vec(),
        fields: vec!["coupon_code"],
        ..strict()
    });
    for fine in ["Enter the code {coupon_code}.", "结账时输入优惠码{coupon_code}。", "用优惠"] {
        assert!(!with_code.forbids(fine), "{fine}");
    }
    for stray in ["Enter the codes.", "A barcode offer.", "优惠多多。", "领优惠券。", "用优惠吧"]
    {
        assert!(with_code.forbids(stray), "{stray}");
    }
    let none = mask(&Guard { fields: vec!["coupon_code"], ..strict() });
    assert!(none.forbids("Enter the code {coupon_code}.") && none.forbids("优惠码{coupon_code}"));
}

#[test]
fn an_offer_that_is_no_discount_is_said_of_nothing() {
    let guard = |discount| Guard { discount, fields: vec!["offer"], ..Guard::default() };
    let (discount, gift) = (mask(&guard(true)), mask(&guard(false)));
    for (text, of_a_gift) in [("You get {offer} our teas.", true), ("You get {offer}. Our teas wait.", false)]
    {
        assert_eq!((discount.forbids(text), gift.forbids(text)), (false, of_a_gift), "{text}");
    }
}

#[test]
fn a_chinese_slot_has_no_rare_character_and_no_foreign_word_but_its_own() {
    let guard = Guard {
        chinese: true,
        own: "请人回来看看LED灯和囍庄手作。".into(),
        fields: vec!["first_name"],
        ..Guard::default()
    };
    let mask = mask(&guard);
    for fine in ["好久不见，{first_name}，LED灯为您亮着。", "囍庄手作欢迎您。"] {
        assert!(!mask.forbids(fine), "{fine}");
    }
    for stray in ["优惞码", "欢迎 back 来", "LEDs灯"] {
        assert!(mask.forbids(stray), "{stray}");
    }
    let any = tiny::tokens().iter().position(|token| token == "e").unwrap() as u32;
    let judged = |text: &str, pending: &[u8], bytes: &[u8]| mask.judge(text, pending, any, bytes);
    // Already the byte before the last is refused where no everyday character can come of it: 鿀.
    assert_eq!(judged("优", &[0xE9], &[0xBF]), Verdict::Refused);
    assert_eq!(judged("优", &[0xE6], &[0x83]), Verdict::Allowed);
    assert_eq!(judged("优", &[0xE6, 0x83], &[0xA0]), Verdict::Allowed);
    assert_eq!(judged("优", &[0xE6, 0x83], &[0x9E]), Verdict::Refused);
    // A word of its own is written letter by letter, and judged from its beginning also behind a long text.
    assert_eq!(judged("看看", &[], b"L"), Verdict::Allowed);
    assert_eq!(judged("看看", &[], b"x"), Verdict::Refused);
    let long = format!("{}LE", "好".repeat(TAIL - 1));
    assert_eq!(judged(&long, &[], b"D"), Verdict::Allowed);
}

fn guards() -> impl Strategy<Value = Guard> {
    let words = prop::sample::subsequence(vec!["the", "you", "cheap", "a"], 0..3);
    (any::<[bool; 5]>(), words).prop_map(|([digits, links, coupon_like, line_breaks, gsm7_only], words)| {
        Guard {
            digits,
            links,
            coupon_like,
            line_breaks,
            gsm7_only,
            discount: true,
            chinese: false,
            own: String::new(),
            allowed: Vec::new(),
            fields: Vec::new(),
            banned_words: words.into_iter().map(String::from).collect(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A model with weights by chance writes anything that it may; nothing forbidden is among it.
    #[test]
    fn nothing_forbidden_is_ever_written(guard in guards(), weights in 0_u64..4, seed in any::<u64>()) {
        let (_folder, path) = tiny::file(weights);
        let mut model = unwatched(|task| LocalModel::load("tiny", &path, task)).unwrap();
        let request = Request {
            prompt: Prompt::Chat(vec![(Role::User, "Hello".into())]),
            seeds: (0..4).map(|lane| seed.wrapping_add(lane)).collect(),
            sampling: Sampling { temperature: 2.0, top_p: 1.0, top_k: None, min_p: 0.0, repeat_penalty: 1.0 },
            guard: guard.clone(),
            max_tokens: 40,
            max_characters: None,
            sentences: 3,
            must: Vec::new(),
            fallback: vec!["One warm line.".into()],
            begun: Beginning::default(),
            avoid: Vec::new(),
        };
        let written = model.write(&request, &crate::jobs::Cancel::default(), &mut |_| {}).unwrap();
        let mask = Mask::new(&guard, model.vocabulary(), None);
        for variant in written.variants {
            prop_assert!(!variant.text.is_empty());
            prop_assert!(variant.text == "One warm line." || !mask.forbids(&variant.text), "{:?}", variant.text);
            for c in variant.text.chars() {
                prop_assert!(!(guard.digits && c.is_numeric()), "{:?}", variant.text);
                prop_assert!(!(guard.line_breaks && matches!(c, '\n' | '\r')), "{:?}", variant.text);
                prop_assert!(!(guard.gsm7_only && sms::septets(c).is_none()), "{:?}", variant.text);
            }
        }
    }
}

#[test]
fn a_free_slot_may_have_fields_and_nothing_else_in_braces() {
    let free = mask(&Guard { fields: vec!["first_name", "offer", "coupon_code"], ..strict() });
    for text in [
        "Hi {first_name}, we are glad.",
        "Hi {first_name",
        "Use {coupon_code} for {offer}.",
        "Hello {first_name}, {",
    ] {
        assert!(!free.forbids(text), "{text}");
    }
    for text in [
        "Hi {last_name}, hello",
        "Hi {first-name}, hello",
        "Hi first_name, hello",
        "Hi {first_name} and {x",
        "Hi } there",
        "Hi {first_name}s, hello",
        "Hix{first_name}, hello",
        "Hi {first_name}, {first_name {offer}",
        "It is free, {first_name}.",
        "{first_name}20",
    ] {
        assert!(free.forbids(text), "{text}");
    }
    assert!(free.is_inside_field("Hi {first") && !free.is_inside_field("Hi {first_name}, you"));
}

#[test]
fn a_word_that_is_demanded_may_stand_although_it_is_banned() {
    let mask = mask(&Guard { allowed: vec!["Alcohol-Free Gin".into()], ..strict() });
    for text in ["Our alcohol-free gin is here.", "Our alcohol-free", "Our alcohol-free g"] {
        assert!(!mask.forbids(text), "{text}");
    }
    for text in ["It is free.", "Our alcohol-free gin is free.", "Our gin-free"] {
        assert!(mask.forbids(text), "{text}");
    }
}
