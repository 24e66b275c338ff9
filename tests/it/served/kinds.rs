//! What is wrong with a server is told apart, asked again or not, and shown in the dashboard; and its own time is kept.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use perennial::config::Config;
use perennial::tui::work::Services;
use perennial::writing::TextEngine as _;
use perennial::writing::served::{Fault, Settings};
use serde_json::json;

use super::commands::{PREVIEW, run};
use super::play::{Play, answer, hang, json_answer, says};
use super::{KEY, engine, engine_with, key_file, settings, write};
use crate::tui::harness::Harness;

#[test]
fn each_kind_of_fault_has_its_name_and_only_what_may_pass_is_asked_again() {
    let no_model = r#"{"error": {"message": "The model does not exist", "code": "model_not_found"}}"#;
    for (status, body, fault, times) in [
        ("401 Unauthorized", "", Fault::NoKey, 1),
        ("403 Forbidden", "", Fault::NoKey, 1),
        ("404 Not Found", no_model, Fault::NoModel, 1),
        ("400 Bad Request", no_model, Fault::NoModel, 1),
        ("400 Bad Request", r#"{"error": "unknown model: org/play-1"}"#, Fault::NoModel, 1),
        ("404 Not Found", "nothing here", Fault::Stranger, 1),
        ("302 Found", "", Fault::Stranger, 1),
        ("413 Too Large", "", Fault::Refused, 1),
        ("429 Too Many Requests", "", Fault::Busy, 4),
        ("500 Oops", "", Fault::Broken, 4),
        ("503 Service Unavailable", "", Fault::Broken, 4),
        ("200 OK", "<html>", Fault::Stranger, 1),
        // JSON, but nothing that a model server says.
        ("200 OK", r#"{"hello": "world"}"#, Fault::Stranger, 1),
        ("200 OK", "[1, 2, 3]", Fault::Stranger, 1),
        // Asked once more without alternatives, for which some servers say nothing at all.
        ("200 OK", "", Fault::Stranger, 2),
    ] {
        let play = Play::chat(move |_, _, stream| answer(stream, status, "", body));
        let mut engine = engine(&play);
        let words = write(&mut engine, &[1]).unwrap_err().to_string();
        assert_eq!((engine.fault(), play.chats().len()), (Some(fault), times), "{status} {body}: {words}");
    }
    let folder = tempfile::tempdir().unwrap();
    let play = Play::chat(|_, _, stream| answer(stream, "403 Forbidden", "", ""));
    let keyed = Settings { key_file: Some(key_file(folder.path())), ..settings() };
    let mut refused = engine_with(&play.address(), keyed);
    assert!(write(&mut refused, &[1]).is_err());
    assert_eq!((refused.fault(), play.chats().len()), (Some(Fault::WrongKey), 1));

    let play = Play::chat(|_, _, stream| hang(stream));
    let brief = Settings { first: Duration::from_millis(100), ..settings() };
    let mut silent = engine_with(&play.address(), brief);
    assert!(write(&mut silent, &[1]).is_err());
    assert_eq!(silent.fault(), Some(Fault::Silent));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut away = engine_with(&format!("http://127.0.0.1:{closed}/v1#m"), settings());
    assert!(write(&mut away, &[1]).is_err());
    assert_eq!(away.fault(), Some(Fault::Unreachable));
    // A list that is none is no reason to ask for a model's name.
    let play = Play::start(|_, _, stream| json_answer(stream, &json!({ "status": "ok" })));
    let mut strange = engine(&play);
    let words = write(&mut strange, &[1]).unwrap_err().to_string();
    assert!(words.contains("not as a model server does"), "{words}");
    assert_eq!(strange.fault(), Some(Fault::Stranger));
    // What has passed is no fault any more.
    let play = Play::chat(|_, number, stream| match number {
        0 => answer(stream, "401 Unauthorized", "", ""),
        _ => says(stream, "We miss you."),
    });
    let mut mended = engine(&play);
    assert!(write(&mut mended, &[1]).is_err() && write(&mut mended, &[1]).is_ok());
    assert_eq!(mended.fault(), None);
}

#[test]
fn a_date_in_retry_after_is_kept_by_the_servers_own_clock() {
    // Its clock is wrong by years.
    let date = |seconds: i64| {
        let then = Timestamp::from_second(1_000_000_000 + seconds).unwrap();
        DateTimePrinter::new().timestamp_to_rfc9110_string(&then).unwrap()
    };
    let headers = format!("Date: {}\r\nRetry-After: {}\r\n", date(0), date(1));
    let play = Play::chat(move |_, number, stream| match number {
        0 => answer(stream, "429 Too Many Requests", &headers, "{}"),
        _ => says(stream, "We miss you."),
    });
    let begun = Instant::now();
    let writing = write(&mut engine(&play), &[1]).unwrap();
    assert_eq!(writing.variants[0].text, "We miss you.");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    // For longer than anybody waits: told at once, with the time.
    let headers = format!("Date: {}\r\nRetry-After: {}\r\n", date(0), date(7200));
    let play = Play::chat(move |_, _, stream| answer(stream, "503 Busy", &headers, "{}"));
    let begun = Instant::now();
    let words = write(&mut engine(&play), &[1]).unwrap_err().to_string();
    assert!(words.contains("503") && play.chats().len() == 1, "{words}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let headers = format!("Date: {}\r\nRetry-After: {}\r\n", date(0), date(7200));
    let play = Play::chat(move |_, _, stream| answer(stream, "429 Busy", &headers, ""));
    let words = write(&mut engine(&play), &[1]).unwrap_err().to_string();
    assert!(words.contains("too much to do for 7200 s"), "{words}");
}

/// The dashboard on the sample shop, written by a server that has a key to see.
pub(super) fn dashboard(address: &str, folder: &std::path::Path) -> Harness {
    let mut config = Config::default();
    config.writing.model = address.into();
    config.writing.key_file = Some(key_file(folder));
    config.writing.variants = 2;
    let mut harness = Harness::with(config, Services::default());
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-data/shop")];
    setup.folder = folder.into();
    harness.start()
}

#[test]
fn the_dashboard_says_what_is_wrong_asks_again_by_a_key_and_never_shows_the_servers() {
    let folder = tempfile::tempdir().unwrap();
    // Turned away, then without the model, then there.
    let turns = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let turn = std::sync::Arc::clone(&turns);
    let play =
        Play::start(move |asked, number, stream| match turn.load(std::sync::atomic::Ordering::SeqCst) {
            0 => answer(stream, "401 Unauthorized", "", &format!("wrong key {KEY}")),
            1 => answer(stream, "500 Oops", "", &format!("I lost {KEY}")),
            2 if asked.is_chat() => answer(stream, "404 Not Found", "", r#"{"error": "model not found"}"#),
            _ if asked.is_chat() => {
                let line =
                    ["We would be glad to see you again.", "There is something new for you."][number % 2];
                says(stream, line);
            }
            _ => json_answer(stream, &json!({ "data": [{ "id": "org/play-1" }] })),
        });
    let host = format!("127.0.0.1:{}", play.port);
    let mut harness = dashboard(&play.address(), folder.path());
    let mut shown = harness.screen(160, 40);
    assert!(shown.contains(&format!("{host} refuses the key, nothing is written, L asks again")), "{shown}");
    turns.store(1, std::sync::atomic::Ordering::SeqCst);
    let mut harness = harness.keys("L");
    shown += &harness.screen(160, 40);
    assert!(shown.contains(&format!("{host} has a fault, nothing is written")), "{shown}");
    turns.store(2, std::sync::atomic::Ordering::SeqCst);
    let mut harness = harness.keys("L 2 j w");
    let screen = harness.screen(160, 40);
    assert!(screen.contains(&format!("{host} has no such model, nothing is written")), "{screen}");
    assert!(screen.contains("served-model") && screen.contains("Press n to try again."), "{screen}");
    turns.store(3, std::sync::atomic::Ordering::SeqCst);
    let mut harness = harness.keys("n a");
    let screen = harness.screen(160, 40);
    assert!(screen.contains(&format!("org/play-1 at {host}")), "{screen}");
    shown += &screen;
    shown += &harness.keys("8").screen(160, 60);
    assert!(!shown.contains(KEY), "{shown}");
    let mut kept = std::fs::read(folder.path().join("perennial.db")).unwrap();
    kept.extend(std::fs::read(folder.path().join("perennial.db-wal")).unwrap_or_default());
    assert!(kept.windows(10).any(|bytes| bytes == b"org/play-1"), "the drafts are there");
    assert!(!kept.windows(KEY.len()).any(|bytes| bytes == KEY.as_bytes()));
}

#[test]
fn a_server_that_repeats_the_key_in_its_texts_and_names_spreads_it_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let play = Play::start(|asked, number, stream| {
        if asked.is_chat() {
            let line = format!("We kept {KEY} for you to see again.");
            says(stream, if number == 0 { &line } else { "We would be glad to see you again." });
        } else {
            json_answer(stream, &json!({ "data": [{ "id": format!("model-{KEY}") }, { "id": "other" }] }));
        }
    });
    let address = play.address();
    let with = |arguments: &[&'static str]| -> Vec<String> {
        ["--model", &address].iter().chain(arguments).map(ToString::to_string).collect()
    };
    // `run` of the test looks for the key on both streams.
    for arguments in [
        &["model", "list", "--json"][..],
        &["model", "inspect", "--json"],
        &["doctor", "--json"],
        &["config", "print", "--json"],
    ] {
        let (_, out, _) = run(home.path(), true, &with(arguments));
        assert!(!out.is_empty(), "{arguments:?}");
    }
    let preview = [&PREVIEW[..], &["--json"]].concat();
    let (code, out, err) = run(home.path(), true, &with(&preview));
    assert!(code == 0 && out.contains("glad to see you again"), "{out}{err}");
}
