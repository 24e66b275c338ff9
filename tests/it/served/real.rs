//! A real server: llama-cpp-python's, with the default model. `scripts/model-server.sh` sets it up.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use perennial::jobs::{Cancel, unwatched};
use perennial::writing::{Piece, TextEngine as _, catalogue, pull};
use serde_json::Value;

use super::{KEY, PREVIEW, engine_with, key_file, request, run, settings};
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
    let arguments = [&["--model", address.as_str()][..], &PREVIEW, &["--json"]].concat();
    let (code, out, err) = run(home.path(), true, &arguments);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let drafts = document["drafts"].as_array().unwrap();
    let host = format!("127.0.0.1:{}/", real.port);
    let by_server = drafts.iter().filter(|draft| draft["model"]["name"].as_str().unwrap().starts_with(&host));
    assert!(by_server.count() > 0, "{out}");
    let (code, _, err) = run(home.path(), false, &arguments);
    assert!(code == 1 && err.contains("wants a key"), "{err}");

    // Gone: told with its remedy.
    drop(real);
    let (code, out, err) = run(home.path(), true, &arguments);
    assert!(code == 1 && out.is_empty() && err.contains("is away"), "{err}");
}
