use proptest::prelude::*;
use serde_json::json;

use super::*;

fn known(facts: &serde_json::Value) -> Known {
    Known::of(facts.as_object().unwrap(), None)
}

fn person(first: &str, last: &str) -> Known {
    known(&json!({ "first_name": first, "last_name": last, "full_name": format!("{first} {last}") }))
}

#[test]
fn data_is_replaced_by_the_field_that_it_came_from() {
    let known = known(&json!({
        "first_name": "Anna", "last_name": "Meyer", "full_name": "Anna Meyer", "coupon_code": "K7-PLUM",
        "last_product": "Oak Chopping Board", "last_order_month": "March 2025", "segment_category": "Kitchen",
        "favourite_category": "Kitchen", "offer": "10% off",
    }));
    for (text, wanted) in [
        ("Anna Meyer, hello.", "{full_name}, hello."),
        ("Dear Ms Meyer, ANNA's table waits.", "Dear Ms {last_name}, {first_name}'s table waits."),
        ("Your oak chopping board of March 2025.", "Your {last_product} of {last_order_month}."),
        ("Take K7-PLUM for 10% off.", "Take {coupon_code} for 10% off."),
        // The segment's category is everybody's, and a part of a word is nobody.
        ("Our kitchen is open, Hannah says, and Annabel.", "Our kitchen is open, Hannah says, and Annabel."),
        ("{first_name}, hello.", "{first_name}, hello."),
    ] {
        let replaced = with_fields(text, &known);
        assert_eq!(replaced, wanted);
        assert_eq!(leaks(&replaced, &known), Vec::<String>::new(), "{replaced}");
    }
    assert_eq!(leaks("Anna, hello.", &known), ["first_name"]);
}

#[test]
fn names_that_are_words_are_told_apart_or_told_of() {
    for (first, text, wanted) in [
        ("Will", "Will, your tea will wait.", "{first_name}, your tea will wait."),
        ("Will", "Dear Will, it will be ready.", "Dear {first_name}, it will be ready."),
        ("May", "May, you may like this.", "{first_name}, you may like this."),
        ("Rose", "For you, Rose: rose tea.", "For you, {first_name}: rose tea."),
    ] {
        let known = person(first, "Okafor");
        let replaced = with_fields(text, &known);
        assert_eq!(replaced, wanted);
        assert!(leaks(&replaced, &known).is_empty(), "{replaced}");
    }
    // Nobody can tell: it is left as it is, and told of.
    for (first, text) in
        [("Will", "Will you come?"), ("May", "New in May."), ("Hope", "Ready. Hope to see you.")]
    {
        let known = person(first, "Okafor");
        assert_eq!(with_fields(text, &known), text);
        assert_eq!(leaks(text, &known), ["first_name"], "{text}");
    }
}

#[test]
fn chinese_names_are_found_and_words_with_their_characters_are_not() {
    let known = known(&json!({ "first_name": "晓雨", "last_name": "李", "full_name": "李晓雨" }));
    for (text, wanted) in [
        ("李晓雨，您好。", "{full_name}，您好。"),
        ("晓雨，茶到了。", "{first_name}，茶到了。"),
        ("李女士，行李和李子都到了。", "{last_name}女士，行李和李子都到了。"),
        ("亲爱的李，您好。", "亲爱的{last_name}，您好。"),
    ] {
        let replaced = with_fields(text, &known);
        assert_eq!(replaced, wanted);
        assert!(leaks(&replaced, &known).is_empty(), "{replaced}");
    }
    assert_eq!(leaks("李先生的行李", &known), ["last_name"]);
    assert!(leaks("行李和李子", &known).is_empty());
}

#[test]
fn numbers_addresses_and_what_no_field_holds_are_told_of() {
    let known = known(&json!({
        "order_count": 3, "days_since_last_order": 74, "e_mail": "anna@example.com", "city": "Lisbon",
        "offer_days": 14,
    }));
    for (text, wanted) in [
        ("After 74 days.", "days_since_last_order"),
        ("Your 3 orders.", "order_count"),
        ("Write to anna@example.com.", "e_mail"),
        ("Write to bob.k@shop.example today.", "an e-mail address"),
        ("Call +49 30 1234567.", "a long number"),
        ("Soon in Lisbon.", "city"),
    ] {
        assert_eq!(with_fields(text, &known), text);
        assert!(leaks(text, &known).iter().any(|leak| leak == wanted), "{text}: {:?}", leaks(text, &known));
    }
    assert!(leaks("For 14 days, until 30 November, 1374 cups @ home.", &known).is_empty());
}

#[test]
fn a_default_names_nobody() {
    let source =
        crate::strategy::shipped().iter().find(|file| file.id == "win-back-email-en").unwrap().source;
    let mut strategy = crate::strategy::parse("s", source).unwrap();
    strategy.defaults.insert("first_name".into(), "there".into());
    let facts = json!({ "first_name": "there", "last_name": "Meyer" });
    let known = Known::of(facts.as_object().unwrap(), Some(&strategy));
    assert_eq!(with_fields("Hello there, Meyer.", &known), "Hello there, {last_name}.");
}

proptest! {
    /// Whatever the names and the text: what passes the check holds none of them, not even as a word of another case.
    #[test]
    fn what_passes_has_no_name_left_in_it(
        first in "[A-Z][a-z]{2,7}", last in "[A-Z][a-z]{2,7}", words in prop::collection::vec("[a-z]{1,6}", 0..6),
        place in 0..6_usize, upper: bool, mark in "[,.! ]?",
    ) {
        let known = person(&first, &last);
        let mut said = words.clone();
        let name = if upper { first.to_uppercase() } else { first.clone() };
        said.insert(place.min(said.len()), format!("{name}{mark}"));
        said.push(last.clone());
        let text = said.join(" ");
        let replaced = with_fields(&text, &known);
        let passes = leaks(&replaced, &known).is_empty();
        // Fields apart, no word of the rest is a name in its own writing.
        let rest = replaced.replace("{first_name}", " ").replace("{last_name}", " ").replace("{full_name}", " ");
        let left = rest.split(|c: char| !c.is_alphanumeric()).any(|word| word == first || word == last);
        prop_assert!(!(passes && left), "{replaced}");
        // And nothing but the names was touched.
        prop_assert!(words.iter().all(|word| replaced.to_lowercase().contains(word) || known.values.iter().any(|value| value.text.to_lowercase() == *word)));
    }
}
