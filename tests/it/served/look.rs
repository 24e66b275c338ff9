//! How sure a served model was, and how it goes on from a chosen word: with each kind of server, and with those that cannot.

use std::net::TcpStream;

use perennial::jobs::Cancel;
use perennial::strategy::Strategy;
use perennial::writing::doubt::{Considered, chosen, fork, look_back};
use perennial::writing::replay::replay;
use perennial::writing::served::Served;
use perennial::writing::{Beginning, Draft, TextEngine};
use serde_json::json;

use super::engine;
use super::play::{Asked, Play, answer, done, event, finish, open, says};

/// What is written of itself, and behind a beginning.
const WRITES: &str = "We would be glad to see you here again soon.";
const GOES_ON: &str = " happy to show you around the new rooms.";
/// Another word than the fifth.
const OTHER: &str = " really";

/// What a server can do.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a server may offer")]
struct Can {
    tells: bool,
    marked: bool,
    last: bool,
    raw: bool,
    /// It goes on with a count, and else starts afresh.
    only_counts: bool,
    /// It writes the beginning again before it goes on.
    repeats: bool,
}

/// Tokens with what was told of them, in the form of a conversation or in the older one.
fn tell(stream: &mut TcpStream, words: &str, tells: bool, raw: bool) {
    open(stream);
    for word in words.split_inclusive(' ').map(str::to_owned).fold(Vec::<String>::new(), with_blanks_before) {
        let choice = match (raw, tells) {
            (true, true) => json!({ "index": 0, "text": word, "logprobs": { "tokens": [word],
                "token_logprobs": [-0.7], "top_logprobs": [{ word.clone(): -0.7, OTHER: -1.6, " today": -2.0 }] } }),
            (true, false) => json!({ "index": 0, "text": word }),
            (false, true) => {
                json!({ "index": 0, "delta": { "content": word }, "logprobs": { "content": [{ "token": word,
                "logprob": -0.7, "top_logprobs": [{ "token": word, "logprob": -0.7 },
                { "token": OTHER, "logprob": -1.6 }, { "token": " today", "logprob": -2.0 }] }] } })
            }
            (false, false) => json!({ "index": 0, "delta": { "content": word } }),
        };
        event(stream, &json!({ "choices": [choice] }));
    }
    finish(stream, 0);
    done(stream);
}

/// Blanks stand before words, as models have them.
fn with_blanks_before(mut words: Vec<String>, word: String) -> Vec<String> {
    let ended = words.last_mut().is_some_and(|last| last.ends_with(' ') && last.pop().is_some());
    words.push(if ended { format!(" {word}") } else { word });
    words
}

fn play(can: Can) -> Play {
    Play::start(move |asked: &Asked, _, stream| {
        let body = &asked.body;
        if asked.line.contains("/models") {
            return super::play::json_answer(stream, &json!({ "data": [{ "id": "org/play-1" }] }));
        }
        if body.get("continue_final_message").is_some() && !can.marked {
            let why = r#"{"error": {"message": "Unrecognized request argument: continue_final_message"}}"#;
            return answer(stream, "400 Bad Request", "", why);
        }
        if body.get("n").is_some() {
            return answer(
                stream,
                "400 Bad Request",
                "",
                r#"{"error": {"message": "property 'n' is unsupported"}}"#,
            );
        }
        let raw = asked.line.starts_with("POST /v1/completions ");
        if raw && !can.raw {
            return answer(stream, "404 Not Found", "", "");
        }
        let last = body["messages"].as_array().and_then(|messages| messages.last());
        let begun = last.filter(|last| last["role"] == "assistant").and_then(|last| last["content"].as_str());
        let begun = begun.or_else(|| body["prompt"].as_str()).map(str::to_owned);
        let told = can.tells && (body.get("top_logprobs").is_some() || raw && body.get("logprobs").is_some());
        let goes_on = raw || can.last || body.get("continue_final_message").is_some();
        match begun.filter(|_| goes_on) {
            Some(begun) if begun.ends_with("five six") => tell(stream, " seven eight nine", false, raw),
            Some(_) if can.only_counts => tell(stream, "Come back to us when it suits you.", told, raw),
            Some(begun) if can.repeats => tell(stream, &format!("{begun}{GOES_ON}"), told, raw),
            Some(_) => tell(stream, GOES_ON, told, raw),
            None => tell(stream, WRITES, told, raw),
        }
    })
}

fn drafts(engine: &mut Served) -> (Strategy, Draft) {
    let (strategy, _, drafts) = crate::model::drafts(engine, "exciting");
    let draft = drafts.into_iter().find(|draft| !draft.is_own_text()).unwrap();
    (strategy, draft)
}

fn text(tokens: &[Considered]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect()
}

/// The tokens of a draft, and the draft that goes on from another third word.
fn forked(engine: &mut Served) -> (Vec<Considered>, Result<(Strategy, Draft), String>) {
    let (strategy, draft) = drafts(engine);
    let tokens = look_back(&draft, &strategy, 0, engine, &Cancel::default()).unwrap();
    let other = tokens[2].others.iter().find(|other| other.text == OTHER).unwrap().clone();
    let begun = chosen(&tokens, 2, &other);
    let draft = fork(&draft, &strategy, 0, &begun, engine, &Cancel::default());
    (tokens, draft.map(|draft| (strategy, draft)).map_err(|error| error.to_string()))
}

#[test]
fn what_a_server_tells_is_shown_with_what_may_not_stand_there() {
    let play = play(Can { tells: true, marked: true, ..Can::default() });
    let mut engine = engine(&play);
    assert!(engine.looks_back());
    let (strategy, draft) = drafts(&mut engine);
    let asked = play.asked().len();
    let tokens = look_back(&draft, &strategy, 0, &mut engine, &Cancel::default()).unwrap();
    assert_eq!(play.asked().len(), asked, "it was told while it was written");
    assert_eq!(text(&tokens), WRITES);
    assert!(tokens.iter().all(|token| (token.probability - (-0.7_f32).exp()).abs() < 1e-6));
    let others = &tokens[2].others;
    assert_eq!(others.iter().map(|other| other.text.as_str()).collect::<Vec<_>>(), [OTHER, " today"]);
    assert_eq!(others.iter().map(|other| other.allowed).collect::<Vec<_>>(), [true, false]);
    assert!(others[0].probability > others[1].probability);
}

#[test]
fn each_kind_of_server_goes_on_from_a_chosen_word_in_its_own_manner() {
    let expected = format!("We would{OTHER}{GOES_ON}");
    for can in [
        Can { marked: true, ..Can::default() },
        Can { last: true, ..Can::default() },
        Can { raw: true, ..Can::default() },
        Can { last: true, repeats: true, ..Can::default() },
    ] {
        let play = play(Can { tells: true, ..can });
        let mut engine = engine(&play);
        let (tokens, outcome) = forked(&mut engine);
        let (strategy, draft) = outcome.unwrap();
        let written = &draft.slots[0];
        assert_eq!(written.text, expected);
        assert_eq!(written.begun, Beginning::Text(format!("We would{OTHER}")));
        assert!(draft.text.values().any(|part| part.contains(&expected)));
        assert!(engine.away().is_none(), "what a server does not know is no fault of its");
        let last = play.asked().pop().unwrap();
        assert_eq!(last.line.contains("/v1/completions"), can.raw, "{}", last.line);
        assert_eq!(last.body.get("continue_final_message").is_some(), can.marked);
        // Its record says how it began.
        let stored: Draft = serde_json::from_str(&serde_json::to_string(&draft).unwrap()).unwrap();
        let again =
            replay(&stored, &strategy, &stored.banned_words, &mut engine, &Cancel::default()).unwrap();
        assert!(again.is_same(), "{again:?}");
        if can.repeats {
            continue;
        }
        // Looked at again: the words before as they were, the chosen one with the one that stood there, and the new ones.
        let looked = look_back(&draft, &strategy, 0, &mut engine, &Cancel::default()).unwrap();
        assert_eq!(text(&looked), expected);
        assert_eq!((&looked[1], looked[2].text.as_str()), (&tokens[1], OTHER));
        assert!(looked[2].others.iter().any(|other| other.text == tokens[2].text));
    }
}

#[test]
fn a_server_that_starts_afresh_is_told_apart_and_nothing_is_glued() {
    for (can, says) in [
        (Can { tells: true, ..Can::default() }, "continue_final_message"),
        (Can { tells: true, marked: true, only_counts: true, ..Can::default() }, "started afresh"),
        (Can { tells: true, raw: true, only_counts: true, ..Can::default() }, "started afresh"),
    ] {
        let play = play(can);
        let mut engine = engine(&play);
        let (_, outcome) = forked(&mut engine);
        let why = outcome.unwrap_err();
        assert!(why.contains(says) && why.contains("127.0.0.1"), "{why}");
        assert!(engine.away().is_none());
    }
}

#[test]
fn a_server_that_tells_nothing_says_what_it_lacks() {
    let play = play(Can { marked: true, ..Can::default() });
    let mut engine = engine(&play);
    let (strategy, draft) = drafts(&mut engine);
    let error = look_back(&draft, &strategy, 0, &mut engine, &Cancel::default()).unwrap_err().to_string();
    assert!(error.contains("top_logprobs") && error.contains("--model"), "{error}");
}

#[test]
fn a_server_that_falls_silent_over_alternatives_is_asked_without_them() {
    let play = Play::chat(|asked, _, stream| {
        if asked.body.get("top_logprobs").is_some() {
            open(stream);
        } else {
            says(stream, "We miss you.");
        }
    });
    assert_eq!(super::texts(&mut engine(&play), &[1]), ["We miss you."]);
    assert_eq!(play.chats().len(), 2);
}

#[test]
fn what_was_not_told_is_told_when_somebody_looks() {
    // The text follows from the seed.
    let play = Play::chat(|asked, _, stream| {
        let seed = asked.body["seed"].as_u64().unwrap();
        let end = ["again soon.", "when it suits you.", "at our place."][seed as usize % 3];
        let words = format!("We would be glad to see you {end}");
        if asked.body.get("top_logprobs").is_none() {
            return says(stream, &words);
        }
        if asked.body.get("n").is_some() {
            return answer(
                stream,
                "400 Bad Request",
                "",
                r#"{"error": {"message": "property 'n' is unsupported"}}"#,
            );
        }
        tell(stream, &words, true, false);
    });
    let mut engine = engine(&play);
    let (strategy, mut draft) = drafts(&mut engine);
    for slot in &mut draft.slots {
        slot.told.clear();
    }
    let tokens = look_back(&draft, &strategy, 0, &mut engine, &Cancel::default()).unwrap();
    assert_eq!(text(&tokens), draft.slots[0].text);
    draft.slots[0].text = "We would be glad.".into();
    let error = look_back(&draft, &strategy, 0, &mut engine, &Cancel::default()).unwrap_err().to_string();
    assert!(error.contains("another text now for the same seed"), "{error}");
}

#[test]
fn the_dashboard_shows_how_sure_a_server_was_and_goes_on_from_a_chosen_word() {
    let folder = tempfile::tempdir().unwrap();
    let play = play(Can { tells: true, marked: true, ..Can::default() });
    let mut harness = super::kinds::dashboard(&play.address(), folder.path()).keys("2 j w v");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("How sure the model was of variant 1"), "{screen}");
    assert!(screen.contains("50 %") && screen.contains("20 %"), "what was told is shown\n{screen}");
    let mut harness = harness.keys("right right down");
    let screen = harness.screen(120, 40);
    assert!(screen.contains(OTHER.trim()) && screen.contains("may not stand here"), "{screen}");
    let mut harness = harness.keys("enter esc");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("(word chosen)") && screen.contains("We would really happy"), "{screen}");
}
