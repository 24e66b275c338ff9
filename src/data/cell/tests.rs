use super::*;

fn at(cell: &str) -> Option<String> {
    parse_when(cell.as_bytes(), DateOrder::DayFirst)
        .map(|ms| jiff::Timestamp::from_millisecond(ms).unwrap().to_string())
}

#[test]
fn dates_are_read_in_the_forms_that_shops_export() {
    for (cell, expected) in [
        ("2025-11-01", "2025-11-01T00:00:00Z"),
        ("2025-11-01 10:30", "2025-11-01T10:30:00Z"),
        ("2025-11-01T10:30:15Z", "2025-11-01T10:30:15Z"),
        ("2025-11-01T10:30:15.250+08:00", "2025-11-01T02:30:15.25Z"),
        ("2025-11-01 10:30:15 UTC", "2025-11-01T10:30:15Z"),
        ("2025-11-01 10:30:15 +0800", "2025-11-01T02:30:15Z"),
        ("2025/11/1", "2025-11-01T00:00:00Z"),
        ("2025.11.01 9:05", "2025-11-01T09:05:00Z"),
        ("20251101", "2025-11-01T00:00:00Z"),
        ("20251101103000", "2025-11-01T10:30:00Z"),
        ("01/11/2025", "2025-11-01T00:00:00Z"),
        ("01.11.2025", "2025-11-01T00:00:00Z"),
        ("1-11-25", "2025-11-01T00:00:00Z"),
        ("01/11/2025 02:15 PM", "2025-11-01T14:15:00Z"),
        ("01/11/2025 12:15:30 am", "2025-11-01T00:15:30Z"),
        ("2025年11月1日", "2025-11-01T00:00:00Z"),
        ("2025年11月1日 10:30", "2025-11-01T10:30:00Z"),
        ("2025年11月01日10时30分05秒", "2025-11-01T10:30:05Z"),
        ("1 Nov 2025", "2025-11-01T00:00:00Z"),
        ("01-Nov-2025", "2025-11-01T00:00:00Z"),
        ("Nov 1, 2025", "2025-11-01T00:00:00Z"),
        ("Saturday, November 1, 2025", "2025-11-01T00:00:00Z"),
        ("Sat, 01 Nov 2025 10:00:00 +0000", "2025-11-01T10:00:00Z"),
        ("1761955200", "2025-11-01T00:00:00Z"),
        ("1761955200.5", "2025-11-01T00:00:00.5Z"),
        ("1761955200000", "2025-11-01T00:00:00Z"),
        ("1761955200000000", "2025-11-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("1997-01-01", "1997-01-01T00:00:00Z"),
        ("1900-01-01", "1900-01-01T00:00:00Z"),
    ] {
        assert_eq!(at(cell).as_deref(), Some(expected), "{cell}");
    }
    for cell in [
        "",
        "2025-02-29",
        "2025-13-01",
        "2025-00-10",
        "2025-11-31",
        "31/11/2025",
        "13/13/2025",
        "yesterday",
        "0000-00-00",
        "2025-11-01x",
        "2025-11-01T25:00",
        "2025-11-01T10:61",
        "20251301",
        "12",
        "2025",
        "11/2025",
        "2025-11-01 10:30 QM",
        "99999999999999999999",
        "1/2/3/4",
        "//",
        "年月日",
        "2025年",
        "Nov",
        "2025-11-01T10:30+",
        "1/11-2025",
    ] {
        assert_eq!(at(cell), None, "{cell}");
    }
}

#[test]
fn the_order_of_day_and_month_follows_from_the_column() {
    let decide = |cells: &[&str]| {
        let mut evidence = DateEvidence::default();
        for cell in cells {
            evidence.add(cell.as_bytes());
        }
        evidence.decided()
    };
    assert_eq!(decide(&["01/11/2025", "13/11/2025"]), Some(DateOrder::DayFirst));
    assert_eq!(decide(&["01/11/2025", "11/13/2025 10:00"]), Some(DateOrder::MonthFirst));
    assert_eq!(decide(&["01/11/2025", "02/03/2025"]), None);
    assert_eq!(decide(&["2025-11-13"]), None);
    assert_eq!(
        parse_when(b"01/11/2025", DateOrder::MonthFirst),
        parse_when(b"2025-01-11", DateOrder::DayFirst)
    );
}

fn cents(cell: &str, decimal: Decimal) -> Option<i64> {
    parse_number(cell.as_bytes(), decimal)?.in_minor_units(2)
}

#[test]
fn amounts_are_read_with_signs_separators_and_currencies() {
    for (cell, expected) in [
        ("12", 1200),
        ("12.5", 1250),
        ("-12.50", -1250),
        (".5", 50),
        ("12.", 1200),
        ("1,234.50", 123_450),
        ("1,234,567", 123_456_700),
        ("1 234.50", 123_450),
        ("1'234.50", 123_450),
        ("1\u{a0}234.50", 123_450),
        ("€12.50", 1250),
        ("R$ 12.50", 1250),
        ("Rs. 12.50", 1250),
        ("１２．５０", 1250),
        ("￥１２", 1200),
        ("12.50 zł", 1250),
        ("12.50 €", 1250),
        ("$ 1,299.99", 129_999),
        ("US$5", 500),
        ("¥1,299", 129_900),
        ("￥88", 8800),
        ("88元", 8800),
        ("CNY 8", 800),
        ("8 EUR", 800),
        ("(12.00)", -1200),
        ("12-", -1200),
        ("-€5", -500),
        ("€-5", -500),
        ("\u{2212}5", -500),
        ("+5", 500),
        ("1.5e3", 150_000),
        ("12.345", 1235),
        ("12.344999999", 1234),
        ("-12.345", -1235),
        ("0.1000000000000000055511151231257827", 10),
    ] {
        assert_eq!(cents(cell, Decimal::Point), Some(expected), "{cell}");
    }
    for (cell, expected) in [
        ("1.234,50", 123_450),
        ("12,5", 1250),
        ("1.234.567", 123_456_700),
        ("1 234,50 €", 123_450),
        ("-0,99", -99),
    ] {
        assert_eq!(cents(cell, Decimal::Comma), Some(expected), "{cell}");
    }
    for cell in [
        "",
        "-",
        ".",
        "€",
        "abc",
        "12,34",
        "1,23,456",
        "12.3.4",
        "1234,567",
        "--5",
        "(-5",
        "-(5)-",
        "12 apples",
        "1e99",
        "NaN",
        "inf",
        "0x10",
        ",123",
        "9999999999999999999999",
    ] {
        assert_eq!(cents(cell, Decimal::Point), None, "{cell}");
    }
}

#[test]
fn the_decimal_sign_follows_from_the_column() {
    let decide = |cells: &[&str]| {
        let mut evidence = DecimalEvidence::default();
        for cell in cells {
            evidence.add(cell.as_bytes());
        }
        evidence.decided()
    };
    assert_eq!(decide(&["12,50"]), Some(Decimal::Comma));
    assert_eq!(decide(&["12.50"]), Some(Decimal::Point));
    assert_eq!(decide(&["1.234", "5,5"]), Some(Decimal::Comma));
    assert_eq!(decide(&["1.234,50 €"]), Some(Decimal::Comma));
    assert_eq!(decide(&["1,234.50"]), Some(Decimal::Point));
    assert_eq!(decide(&["1.234.567"]), Some(Decimal::Comma));
    assert_eq!(decide(&["1.234", "12"]), None);
    assert_eq!(decide(&["0.125"]), Some(Decimal::Point));
}

#[test]
fn flags_are_read_in_both_languages_and_nothing_else_is_a_flag() {
    for cell in ["true", "YES", "1", "是", "subscribed"] {
        assert_eq!(parse_flag(cell.as_bytes()), Some(true), "{cell}");
    }
    for cell in ["False", "n", "0", "否", "unsubscribed"] {
        assert_eq!(parse_flag(cell.as_bytes()), Some(false), "{cell}");
    }
    for cell in ["", "maybe", "2", "pending"] {
        assert_eq!(parse_flag(cell.as_bytes()), None, "{cell}");
    }
}

proptest::proptest! {
    #[test]
    fn no_cell_makes_a_parser_panic(cell in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
        for order in [DateOrder::DayFirst, DateOrder::MonthFirst] {
            let _ = parse_when(&cell, order);
        }
        for decimal in [Decimal::Point, Decimal::Comma] {
            if let Some(number) = parse_number(&cell, decimal) {
                let _ = (number.as_f64(), number.in_minor_units(0), number.in_minor_units(2), number.in_minor_units(3));
            }
        }
        DateEvidence::default().add(&cell);
        DecimalEvidence::default().add(&cell);
        let _ = (parse_flag(&cell), is_missing(&cell), trim(&cell));
    }

    #[test]
    fn no_date_like_cell_makes_a_parser_panic(cell in "[0-9]{0,4}[-/.年 ][0-9]{0,3}[-/.月 ]?[0-9]{0,4}[T 日]?[0-9:.+Z ]{0,12}") {
        let _ = parse_when(cell.as_bytes(), DateOrder::DayFirst);
        DateEvidence::default().add(cell.as_bytes());
    }

    #[test]
    fn every_day_is_read_the_same_in_every_form(day in -25_567i64..84_000, second in 0i64..86_400) {
        let moment = jiff::Timestamp::from_second(day * 86_400 + second).unwrap();
        let zoned = moment.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let midnight = day * DAY_MS;
        for form in ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d/%m/%Y", "%d.%m.%Y", "%Y年%m月%d日", "%d %b %Y", "%B %d, %Y"] {
            let cell = zoned.strftime(form).to_string();
            proptest::prop_assert_eq!(parse_when(cell.as_bytes(), DateOrder::DayFirst), Some(midnight), "{}", cell);
        }
        for form in ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y%m%d%H%M%S"] {
            let cell = zoned.strftime(form).to_string();
            proptest::prop_assert_eq!(
                parse_when(cell.as_bytes(), DateOrder::MonthFirst), Some(midnight + second * 1000), "{}", cell
            );
        }
    }

    #[test]
    fn an_amount_survives_being_written_by_any_country(minor in -99_999_999_999i64..99_999_999_999) {
        let (whole, part) = (minor.abs() / 100, minor.abs() % 100);
        let digits = whole.to_string();
        let grouped = |sign: &str| {
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    text.push_str(sign);
                }
                text.push(digit);
            }
            text
        };
        let minus = if minor < 0 { "-" } else { "" };
        for (cell, decimal) in [
            (format!("{minus}{whole}.{part:02}"), Decimal::Point),
            (format!("{minus}{}.{part:02}", grouped(",")), Decimal::Point),
            (format!("{minus}€{}.{part:02}", grouped(",")), Decimal::Point),
            (format!("{minus}{},{part:02} €", grouped(".")), Decimal::Comma),
            (format!("{minus}{},{part:02}", grouped("\u{a0}")), Decimal::Comma),
        ] {
            proptest::prop_assert_eq!(cents(&cell, decimal), Some(minor), "{}", cell);
        }
    }
}
