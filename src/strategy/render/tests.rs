//! Pieces against minijinja.

use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;
use serde_json::json;

use super::*;
use crate::strategy::{parse, shipped};

const NAMES: [&str; 6] =
    ["first_name", "last_product", "order_count", "favourite_category", "offer", "shop_name"];

/// A template of stretches that pieces can and cannot do, `{% if %}`s open and closed.
fn template() -> impl proptest::strategy::Strategy<Value = String> {
    let name = prop::sample::select(NAMES.to_vec());
    let leaf = prop_oneof![
        9 => "[ a-z<&\"'éU李。{}\r\n\t]{0,8}",
        9 => name.clone().prop_map(|name| format!("{{{{ {name} }}}}")),
        6 => name.clone().prop_map(|name| format!("{{{{{name}\n|lower}}}}")),
        1 => name.clone().prop_map(|name| format!("{{{{ {name} | upper }}}}")),
        1 => name.clone().prop_map(|name| format!("{{{{- {name} -}}}}")),
        6 => Just("{{ write(\"x\", fallback=[\"y\"]) }}".to_owned()),
        1 => Just("{# no #}".to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let branch = (name.clone(), inner.clone(), inner.clone(), any::<bool>());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|parts| parts.concat()),
            branch.prop_map(|(name, then, other, has_else)| {
                let other = if has_else { format!("{{% else %}}{other}") } else { String::new() };
                format!("{{% if {name} %}}{then}{other}{{%endif%}}")
            }),
        ]
    })
}

/// What a field may say.
fn fact() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
    prop_oneof![
        6 => "([A-Za-zÉßİ李&<> ]|\u{202e}|\u{2028}|\u{85}|\n|\\PC){0,8}".prop_map(|text| json!(text)),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => (-3_i64..3).prop_map(|number| json!(number)),
        1 => any::<u64>().prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|truth| json!(truth)),
        1 => Just(json!(null)),
    ]
}

fn facts() -> impl proptest::strategy::Strategy<Value = Facts> {
    let facts = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), fact(), 2..=6);
    facts.prop_map(|facts| facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Where pieces give a text, it is minijinja's, and they give none where minijinja fails.
    #[test]
    fn pieces_say_what_minijinja_says(
        subject in template(),
        body in template(),
        facts in facts(),
        defaults in prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), "[ a-z\u{200e}É李]{0,2}", 0..6),
        slots in prop::collection::vec("([ a-z李\n]|\\{first_name\\}|\\{offer\\}|\\{){0,6}", 24),
    ) {
        let mut strategy = strategy();
        strategy.message = BTreeMap::from([(Part::Subject, subject), (Part::Body, body)]);
        strategy.defaults = defaults.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        if let Ok(renderer) = Renderer::new(&strategy) {
            let slow = renderer.fill_templates(&facts, &slots).ok();
            if let Some(fast) = renderer.fill_pieces(&facts, &slots) {
                prop_assert_eq!(Some(fast), slow);
            }
        }
    }
}

fn strategy() -> Strategy {
    let file = shipped().iter().next().unwrap();
    parse(file.id, file.source).unwrap()
}

#[test]
fn every_shipped_strategy_is_plain_pieces() {
    for file in shipped() {
        let renderer = Renderer::new(&parse(file.id, file.source).unwrap()).unwrap();
        assert!(renderer.pieces.is_some(), "{}", file.id);
    }
}

#[test]
fn a_field_without_a_value_is_an_error_that_names_it() {
    let mut strategy = strategy();
    strategy.defaults.clear();
    strategy.message = BTreeMap::from([(Part::Body, "Hi {{ first_name }}".to_owned())]);
    let renderer = Renderer::new(&strategy).unwrap();
    assert!(renderer.pieces.is_some());
    let problem = renderer.render(&Facts::new(), &[]).unwrap_err();
    assert_eq!(problem.message, "body: the field first_name has no value");
}

#[test]
fn what_brings_its_article_along_has_no_second_one() {
    let mut strategy = strategy();
    let body = "Thanks for the {{ last_product }}.\n\n{{ write(\"Thank.\", fallback=[\"Thanks.\"]) }}";
    strategy.message = BTreeMap::from([(Part::Body, body.to_owned())]);
    let facts: Facts = [("last_product".to_owned(), json!("The Owl"))].into_iter().collect();
    let text =
        render(&strategy, &facts, &["We hope that the {last_product} is to your taste.".into()]).unwrap();
    assert_eq!(text[&Part::Body], "Thanks for The Owl.\n\nWe hope that The Owl is to your taste.");
}
