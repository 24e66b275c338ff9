//! A real server: llama-cpp-python's, with the default model. `scripts/model-server.sh` sets it up.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use perennial::jobs::{Cancel, unwatched};
use perennial::writing::doubt::chosen;
use perennial::writing::{Beginning, Piece, Request, TextEngine as _, catalogue, pull};
use serde_json::Value;

use crate::program::perennial;
use crate::run::{FILES, sample_data};

use super::commands::{PREVIEW, run};
use super::{KEY, engine_with, key_file, request, settings};
use perennial::writing::served::Settings;

/// The server; it ends with the test.
struct Real {
    child: Child,
    port: u16,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Real {
    fn start() -> Self {
        let entry = catalogue::entries().unwrap().remove(0);
        let model = unwatched(|task| pull::pull(&entry, task)).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/model-server.sh");
        let made = Command::new(script).arg("setup").output().unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(
            made.status.success(),
            "the real server cannot be set up: run `{script} setup`, which needs Python 3, a C++ compiler and a package \
             index that pip reaches.\n{said}"
        );
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::env::temp_dir().join(format!("model-server-{port}.log"));
        let out = File::create(&log).unwrap();
        let child = Command::new(script)
            .arg(&model)
            .arg(port.to_string())
            .env("MODEL_SERVER_KEY", KEY)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        let mut real = Self { child, port };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = real.child.try_wait().unwrap();
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(
                ended.is_none() && begun.elapsed() < Duration::from_mins(2),
                "it does not start:\n{}",
                said()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = std::fs::remove_file(log);
        real
    }
}

/// The whole flow with two strategies: every file is there, names who wrote it, and holds no key.
fn a_run_ends_with_every_file(home: &Path, address: &str, host: &str) {
    perennial(home).args(["init", "shop"]).assert().success();
    let strategies = home.join("shop/strategies");
    for entry in std::fs::read_dir(&strategies).unwrap() {
        let file = entry.unwrap().path();
        if !["retention-email-en.toml", "loyalty-email-en.toml"].iter().any(|kept| file.ends_with(kept)) {
            std::fs::remove_file(file).unwrap();
        }
    }
    let data = sample_data("shop");
    let arguments =
        ["--model", address, "run", "--workspace", "shop", "--out", "out", "--data", data.to_str().unwrap()];
    let brief =
        ["--k", "2", "--seed", "5", "--send-on", "2025-11-03", "--set", "writing.variants=5", "--json"];
    let (code, out, err) = run(home, true, &[&arguments[..], &brief].concat());
    assert_eq!(code, 0, "{err}");
    let read = |file: &str| std::fs::read_to_string(home.join("out").join(file)).unwrap();
    for file in FILES {
        let text = read(file);
        assert!(!text.is_empty() && !text.contains(KEY), "{file}");
    }
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(summary, serde_json::from_str::<Value>(&read("summary.json")).unwrap());
    assert!(summary["model"]["name"].as_str().unwrap().starts_with(host), "{}", summary["model"]);
    assert!(summary["model"]["fallback"].is_null() && summary["counts"]["messages"].as_u64() > Some(0));
    let drafts: Vec<Value> =
        read("drafts.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let name = |draft: &Value| draft["model"]["name"].as_str().unwrap().to_owned();
    assert!(drafts.iter().any(|draft| name(draft).starts_with(host)), "{drafts:?}");
    assert!(drafts.iter().all(|draft| name(draft).starts_with(host) || name(draft) == "templates"));
    assert_eq!(read("outbox.jsonl").lines().count() as u64, summary["counts"]["messages"].as_u64().unwrap());
}

/// The tokens of a text as the server told of them, and texts that go on from another word: by the older question, as this
/// server starts each answer of a conversation afresh.
fn it_tells_how_sure_it_was_and_goes_on_from_a_chosen_word(address: &str, home: &Path) {
    let cancel = Cancel::default();
    let keyed = Settings { key_file: Some(key_file(home)), ..settings() };
    let mut engine = engine_with(address, keyed);
    let asked = request(&[7, 8, 9]);
    let written = engine.write(&asked, &cancel, &mut |_| {}).unwrap().variants;
    let mut why = Vec::new();
    let looked = written.iter().filter(|written| !written.text.is_empty()).find_map(|written| {
        let tokens = engine.look_back(&asked, written, &cancel);
        tokens.map_err(|error| why.push(error.to_string())).ok().map(|tokens| (written, tokens))
    });
    let (written, tokens) = looked.unwrap_or_else(|| panic!("nothing is told of {written:?}: {why:?}"));
    let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(text, written.text);
    for token in &tokens {
        let others: f32 = token.others.iter().map(|other| other.probability).sum();
        assert!(token.probability > 0.0 && token.probability + others <= 1.0 + 1e-3, "{token:?}");
        assert!(token.others.len() >= 3, "{token:?}");
    }
    let mut gone_on = 0;
    for other in tokens[2].others.iter().filter(|other| other.allowed) {
        let start: String = chosen(&tokens, 2, other).iter().map(|token| token.text.as_str()).collect();
        let asked = Request { begun: Beginning::Text(start.clone()), ..asked.clone() };
        match engine.write(&asked, &cancel, &mut |_| {}) {
            Ok(writing) => {
                for written in writing.variants {
                    assert!(written.text.starts_with(&start), "{} does not begin with {start}", written.text);
                    assert!(written.text.len() > start.len() && !written.told.is_empty());
                    gone_on += 1;
                }
            }
            // What it writes may not stand there; that it cannot go on would be another matter.
            Err(error) => assert!(error.to_string().contains("did not go on"), "{error}"),
        }
    }
    assert!(gone_on > 0, "of {:?} none is gone on from", tokens[2].others);
}

#[test]
fn a_real_server_writes_drafts_streams_stops_and_wants_its_key() {
    let real = Real::start();
    let home = tempfile::tempdir().unwrap();
    let address = format!("http://127.0.0.1:{}/v1", real.port);

    // The same seeds give the same texts, each its own.
    let keyed = Settings { key_file: Some(key_file(home.path())), ..settings() };
    let mut engine = engine_with(&address, keyed);
    let mut pieces = 0;
    let mut write = |seeds: &[u64]| {
        let told = &mut |piece| pieces += usize::from(matches!(piece, Piece::Text { .. }));
        engine.write(&request(seeds), &Cancel::default(), told).unwrap().variants
    };
    let (first, second) = (write(&[7, 8, 9]), write(&[7, 8, 9]));
    let texts = |variants: &[perennial::writing::Written]| -> Vec<String> {
        variants.iter().map(|written| written.text.clone()).collect()
    };
    assert_eq!(texts(&first), texts(&second));
    assert!(first.iter().any(|written| written.text.len() > 3 && written.tokens > 2), "{first:?}");
    assert!(pieces > 12, "{pieces} pieces");
    assert!(engine.identity().name.contains("SmolLM2") && engine.away().is_none());

    // A cancel in the middle of a text is heeded at once.
    let cancel = Cancel::default();
    let mut at = None;
    let ended = engine.write(&request(&[11]), &cancel, &mut |_| {
        at.get_or_insert_with(Instant::now);
        cancel.cancel();
    });
    assert!(ended.is_err() && at.unwrap().elapsed() < Duration::from_millis(100));

    // The program, from its settings to its drafts.
    let host = format!("127.0.0.1:{}/", real.port);
    let arguments = [&["--model", address.as_str()][..], &PREVIEW, &["--json"]].concat();
    // A model of this size writes nothing that can stand with some seeds.
    let written = ["7", "21", "33", "47"].iter().any(|seed| {
        let (code, out, err) = run(home.path(), true, &[&arguments[..], &["--seed", seed]].concat());
        assert_eq!(code, 0, "{err}");
        let document: Value = serde_json::from_str(&out).unwrap();
        let drafts = document["drafts"].as_array().unwrap();
        drafts.iter().any(|draft| draft["model"]["name"].as_str().unwrap().starts_with(&host))
    });
    assert!(written, "nothing was written by the server");

    it_tells_how_sure_it_was_and_goes_on_from_a_chosen_word(&address, home.path());
    let (code, _, err) = run(home.path(), false, &arguments);
    assert!(code == 1 && err.contains("wants a key"), "{err}");

    a_run_ends_with_every_file(home.path(), &address, &host);

    // Gone: told with its remedy.
    drop(real);
    let (code, out, err) = run(home.path(), true, &arguments);
    assert!(code == 1 && out.is_empty() && err.contains("is away"), "{err}");
}
