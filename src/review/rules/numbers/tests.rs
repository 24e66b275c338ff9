use super::*;

fn said(text: &str) -> Vec<Claim> {
    claims(text)
}

#[test]
fn amounts_are_read_in_both_languages() {
    use Claim::{Number, Percentage, Price};
    let cases: [(&str, &[Claim]); 21] = [
        ("10% off, ten percent, 10 per cent", &[Percentage(10.0), Percentage(10.0), Percentage(10.0)]),
        ("九折 八五折 8.5折 85折", &[Percentage(10.0), Percentage(15.0), Percentage(15.0), Percentage(15.0)]),
        ("百分之二十 半价 half price", &[Percentage(20.0), Percentage(50.0), Percentage(50.0)]),
        (
            "€10 10 EUR 10,50 euros $1,000.50",
            &[Price(10.0, "€"), Price(10.0, "€"), Price(10.5, "€"), Price(1000.5, "$")],
        ),
        ("99元 九十九元 ￥９９", &[Price(99.0, "¥"), Price(99.0, "¥"), Price(99.0, "¥")]),
        ("3 of 1,000", &[Number(3.0), Number(1000.0)]),
        ("two gifts, one gift", &[Number(2.0)]),
        ("两件礼物，一份心意，十分感谢，四季，万物", &[Number(2.0)]),
        ("第二单 一次又一次 三个月", &[Number(3.0)]),
        ("½ off", &[Claim::Odd('½')]),
        ("two-thirds of the 12ers", &[Number(2.0), Number(12.0)]),
        ("", &[]),
        ("no one", &[]),
        ("一百二十件", &[Number(120.0)]),
        ("两万人", &[Number(20_000.0)]),
        ("买3送1", &[Number(3.0), Number(1.0)]),
        ("5 %", &[Percentage(5.0)]),
        ("a 250ml cup", &[Number(250.0)]),
        ("1.5", &[Number(1.5)]),
        ("八成新", &[Percentage(80.0)]),
        ("twenty dollars", &[Price(20.0, "$")]),
    ];
    for (text, claims) in cases {
        assert_eq!(said(text), claims, "{text}");
    }
}

#[test]
fn dates_are_read_in_both_languages() {
    let date = |text: &str| match said(text).as_slice() {
        [Claim::Date(date)] => (date.year, date.month, date.day),
        other => panic!("{text}: {other:?}"),
    };
    for text in [
        "30 November 2025",
        "30th of November 2025",
        "November 30, 2025",
        "Nov. 30 2025",
        "2025-11-30",
        "2025年11月30日",
        "二〇二五年十一月三十日",
    ] {
        assert_eq!(date(text), (Some(2025), Some(11), Some(30)), "{text}");
    }
    assert_eq!(date("in May"), (None, Some(5), None));
    assert_eq!(date("March 2025"), (Some(2025), Some(3), None));
    assert_eq!(date("11月30日"), (None, Some(11), Some(30)));
    assert_eq!(date("十二月"), (None, Some(12), None));
    assert_eq!(said("May we help? You may march on."), []);
    assert!(matches!(said("on Friday, 周五").as_slice(), [Claim::Date(_), Claim::Date(_)]));
}

#[test]
fn codes_are_read_whole() {
    for (text, code) in [
        ("Use SAVE20 now", "SAVE20"),
        ("code WELCOME.", "WELCOME"),
        ("优惠码：ABC", "ABC"),
        ("with XK7P-M2QR!", "XK7P-M2QR"),
        ("save20now", "save20now"),
    ] {
        assert_eq!(said(text), [Claim::Code(code.to_owned())], "{text}");
    }
    assert_eq!(said("Reply STOP. Our DIY and USB things, a well-made set. UNSUBSCRIBE"), []);
}

#[test]
fn every_number_word_is_read() {
    for (word, value) in numerals::WORDS {
        let wanted = (word != "one").then_some(Claim::Number(value));
        let text = format!("about {word} of them");
        let said = said(&text).into_iter().find(|claim| matches!(claim, Claim::Number(_)));
        assert_eq!(said, wanted, "{text}");
    }
}
