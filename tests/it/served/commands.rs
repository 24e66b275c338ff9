//! Commands with a server in place of a model: what they print, and what they never do.

use std::path::Path;

use serde_json::json;

use super::KEY;
use super::play::{Play, answer, says};
use crate::program::{perennial, text as utf8};

/// The program's own words, on both streams, and what it wrote.
pub(super) fn run(
    home: &Path,
    key: bool,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> (i32, String, String) {
    let mut command = perennial(home);
    if key {
        command.env("PERENNIAL_API_KEY", KEY);
    }
    std::fs::write(home.join("facts.json"), r#"{"first_name": "Anna", "last_order_month": "March 2025"}"#)
        .unwrap();
    let output = command.args(arguments).output().unwrap();
    let (out, err) = (utf8(&output.stdout), utf8(&output.stderr));
    assert!(!out.contains(KEY) && !err.contains(KEY), "{out}{err}");
    (output.status.code().unwrap(), out, err)
}

pub(super) const PREVIEW: [&str; 9] = [
    "preview",
    "--strategy",
    "win-back-email-en",
    "--facts",
    "facts.json",
    "-n",
    "2",
    "--send-on",
    "2025-11-03",
];

#[test]
fn a_preview_by_a_server_says_who_wrote_it_and_never_the_key() {
    let home = tempfile::tempdir().unwrap();
    let lines = ["We would be glad to see you again soon.", "There is something new here that you may like."];
    let play = Play::chat(move |asked, number, stream| {
        if asked.header("authorization") == Some(&format!("Bearer {KEY}")) {
            says(stream, lines[number % 2]);
        } else {
            answer(stream, "401 Unauthorized", "", "");
        }
    });
    let address = play.address();
    let with = |arguments: &[&'static str]| -> Vec<String> {
        ["--model", &address].iter().chain(arguments).map(ToString::to_string).collect()
    };
    let (code, out, err) = run(home.path(), true, &with(&[&PREVIEW[..], &["--json"]].concat()));
    assert_eq!(code, 0, "{err}");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let draft = &document["drafts"][0];
    assert_eq!(draft["model"]["name"], format!("127.0.0.1:{}/org/play-1", play.port));
    assert_eq!((&draft["model"]["sha256"], &draft["sampling"]["top_k"]), (&json!(""), &json!(null)));
    assert!(draft["prompts"][0].as_str().unwrap().contains("You write short texts"));
    assert!(lines.iter().any(|line| draft["text"]["body"].as_str().unwrap().contains(line)), "{draft}");
    for arguments in [&["config", "print"][..], &["doctor"], &["model", "list"], &["model", "inspect"]] {
        let (_, out, err) = run(home.path(), true, &with(arguments));
        assert!(arguments[0] == "config" || out.contains("org/play-1"), "{out}{err}");
    }
    let (code, out, err) = run(home.path(), false, &with(&PREVIEW));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("wants a key") && err.contains("PERENNIAL_API_KEY"), "{err}");
    for (arguments, word) in
        [(&["model", "bench"][..], "is a server"), (&["model", "score", "--text", "a"], "is a server")]
    {
        let (code, _, err) = run(home.path(), true, &with(arguments));
        assert!(code == 1 && err.contains(word), "{err}");
    }
    let mut slip = perennial(home.path());
    let out = slip.env("PERENNIAL_APIKEY", KEY).args(["config", "print"]).assert().code(1);
    let err = utf8(&out.get_output().stderr);
    assert!(err.contains("Did you mean PERENNIAL_API_KEY?") && !err.contains(KEY), "{err}");
}

#[test]
fn a_server_that_is_away_ends_a_command_unless_another_may_write() {
    let home = tempfile::tempdir().unwrap();
    let gone = Play::chat(|_, _, stream| answer(stream, "503 Service Unavailable", "", ""));
    let address = gone.address();
    let with = |more: &[&str]| {
        let arguments = [&["--model", &address][..], &PREVIEW, &["--json"], more].concat();
        run(home.path(), false, &arguments)
    };
    let (code, out, err) = with(&[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("fault of its own (503)"), "{err}");
    let (code, out, err) = with(&["--set", "writing.fall-back=templates"]);
    assert_eq!(code, 0, "{err}");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["drafts"][0]["model"]["name"], "templates");
    assert!(err.contains("(503)") && err.contains("templates wrote in its place"), "{err}");
    let out = home.path().join("out");
    let address = gone.address();
    let run_out = ["run", "--out", out.to_str().unwrap(), "--model", &address, "--quiet"];
    let (code, _, err) = run(home.path(), false, &run_out);
    assert!(code == 1 && err.contains("503") && !out.join("drafts.jsonl").exists(), "{err}");
    let asked = [&run_out[..], &["--set", "writing.fall-back=templates"]].concat();
    let (code, _, err) = run(home.path(), false, &asked);
    assert!(code == 0 && err.contains("THE SERVER WAS AWAY"), "{err}");
    assert!(std::fs::read_to_string(out.join("summary.json")).unwrap().contains("THE SERVER WAS AWAY"));
}
