//! How sure the model was of each word, and a draft that goes on from a word that somebody chose.

use perennial::jobs::Cancel;
use perennial::strategy::Strategy;
use perennial::writing::doubt::{Considered, chosen, fork, look_back};
use perennial::writing::replay::replay;
use perennial::writing::templates::Templates;
use perennial::writing::{Beginning, Draft, TextEngine, WritingError};

use crate::model::engine as model;

/// Drafts of an engine, with their strategy.
fn drafts(engine: &mut dyn TextEngine) -> (Strategy, Vec<Draft>) {
    let (strategy, _, drafts) = crate::model::drafts(engine, "exciting");
    (strategy, drafts)
}

fn text(tokens: &[Considered]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect()
}

#[test]
fn each_word_has_the_probability_that_it_was_written_with() {
    let mut engine = model();
    let (strategy, drafts) = drafts(engine.as_mut());
    let by_model: Vec<&Draft> = drafts.iter().filter(|draft| !draft.is_own_text()).collect();
    assert!(!by_model.is_empty());
    for draft in by_model {
        let tokens = look_back(draft, &strategy, 0, engine.as_mut(), &Cancel::default()).unwrap();
        let written = &draft.slots[0];
        assert_eq!(text(&tokens).trim(), written.text);
        let mean =
            tokens.iter().map(|token| f64::from(token.probability.ln())).sum::<f64>() / tokens.len() as f64;
        assert!((mean - written.mean_log_probability.unwrap()).abs() < 1e-4, "{mean}: {written:?}");
        for token in &tokens {
            let likely: Vec<f32> = token.others.iter().map(|other| other.probability).collect();
            assert!(likely.is_sorted_by(|one, other| one >= other), "{token:?}");
            assert!(token.probability + likely.iter().sum::<f32>() <= 1.0 + 1e-4, "{token:?}");
            assert!(token.others.iter().all(|other| other.token != token.token && !other.text.is_empty()));
        }
    }
}

#[test]
fn a_draft_goes_on_from_a_chosen_word_and_can_be_replayed() {
    let mut engine = model();
    let (strategy, drafts) = drafts(engine.as_mut());
    let draft = drafts.iter().find(|draft| !draft.is_own_text()).unwrap();
    let cancel = Cancel::default();
    let tokens = look_back(draft, &strategy, 0, engine.as_mut(), &cancel).unwrap();
    // The third word, and the likeliest other that may stand there.
    let other = tokens[2].others.iter().find(|other| other.allowed).unwrap();
    let begun = chosen(&tokens, 2, other);
    let forked = fork(draft, &strategy, 0, &begun, engine.as_mut(), &cancel).unwrap();
    let start = format!("{}{}", text(&tokens[..2]), other.text);
    let written = &forked.slots[0];
    assert!(written.text.starts_with(start.trim()), "{} does not begin with {start}", written.text);
    assert!(written.text.len() > start.len() && written.text != draft.slots[0].text);
    let ids: Vec<u32> = begun.iter().filter_map(|token| token.token).collect();
    assert!(written.token_ids.starts_with(&ids) && written.begun == Beginning::Tokens(ids));
    // Nothing but the stretch is another.
    for (part, before) in &draft.text {
        let expected = before.replace(&draft.slots[0].text, &written.text);
        assert_eq!(forked.text[part], expected);
    }
    // Its record says how it began, so that it can be written again.
    let stored: Draft = serde_json::from_str(&serde_json::to_string(&forked).unwrap()).unwrap();
    let again = replay(&stored, &strategy, &stored.banned_words, engine.as_mut(), &cancel).unwrap();
    assert!(again.is_same() && again.differs.is_empty(), "{again:?}");
    // And looked at again: the chosen word is less likely than the one that stood there, or as likely.
    let looked = look_back(&forked, &strategy, 0, engine.as_mut(), &cancel).unwrap();
    assert_eq!(looked[2].token, other.token);
    assert!((looked[2].probability - other.probability).abs() < 1e-5);
}

#[test]
fn what_the_guard_refuses_is_shown_as_refused() {
    let mut engine = model();
    let (strategy, drafts) = drafts(engine.as_mut());
    let refused: Vec<String> = drafts
        .iter()
        .filter(|draft| !draft.is_own_text())
        .flat_map(|draft| look_back(draft, &strategy, 0, engine.as_mut(), &Cancel::default()).unwrap())
        .flat_map(|token| token.others)
        .filter(|other| !other.allowed)
        .map(|other| other.text)
        .collect();
    // The shop has banned the one word, and the other is a date, which comes from the facts alone.
    assert!(refused.iter().any(|text| text.trim() == "exciting"), "{refused:?}");
    assert!(refused.iter().any(|text| text.trim() == "today"), "{refused:?}");
}

#[test]
fn what_no_model_wrote_has_no_words_to_look_at() {
    let (strategy, drafts) = drafts(&mut Templates::default());
    let cancel = Cancel::default();
    let looked = look_back(&drafts[0], &strategy, 0, &mut Templates::default(), &cancel);
    assert!(matches!(looked, Err(WritingError::Failed(why)) if why.contains("own text")));
    let forked = fork(&drafts[0], &strategy, 0, &[], &mut Templates::default(), &cancel);
    assert!(matches!(forked, Err(WritingError::Failed(why)) if why.contains("--model")));
}
