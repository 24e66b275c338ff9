//! `perennial writing replay`: a stored draft is written again, to the same bytes.

use std::path::Path;

use perennial::strategy::shipped;
use perennial::workspace::Workspace;
use perennial::writing::{Draft, FinishReason};
use predicates::str::contains;
use serde_json::Value;

use crate::program::{perennial, text};

/// A project whose Review holds five drafts of the default model, the first with number 1.
fn project(home: &Path) -> Vec<Draft> {
    perennial(home).args(["init", "shop"]).assert().success();
    let (_, source, drafts) = crate::model::drafts(crate::model::engine().as_mut(), "synergy");
    let mut store = Workspace::open(home.join("shop")).unwrap().store().unwrap();
    store.add_drafts(&drafts, source, 0).unwrap();
    drafts
}

#[test]
fn a_stored_draft_is_written_again_to_the_same_bytes_or_what_differs_is_told() {
    let home = tempfile::tempdir().unwrap();
    let drafts = project(home.path());
    let replay = |number: usize, more: &[&str]| {
        let mut command = perennial(home.path());
        command.env("PERENNIAL_MODELS", crate::model::models());
        command.args(["--workspace", "shop", "writing", "replay", &number.to_string()]).args(more);
        command.assert()
    };
    for (number, draft) in (1..).zip(&drafts) {
        let banned = ["--set", "brand.banned-words=synergy", "--json"];
        let told = text(&replay(number, &banned).code(0).get_output().stdout);
        let document: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            (&document["same"], &document["differs"]),
            (&Value::from(true), &serde_json::json!([])),
            "{told}"
        );
        assert_eq!(document["slots"][0]["stored"], draft.slots[0].text.as_str());
        if draft.slots[0].finish_reason != FinishReason::Template {
            assert_eq!(document["slots"][0]["again"], draft.slots[0].text.as_str());
        }
    }
    let number = 1 + drafts.iter().position(|draft| draft.tokens > 0).unwrap();
    replay(number, &[]).code(0).stdout(contains("not as it was: the banned words"));
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/models/llama-q8_0.gguf");
    replay(number, &["--model", other.to_str().unwrap()])
        .code(1)
        .stderr(contains("the model: smollm2-135m-instruct (b179c9523d0e…) wrote it, llama-q8_0.gguf"));
    let mut changed = drafts[number - 1].clone();
    changed.slots[0].seed = changed.slots[0].seed.wrapping_add(40);
    let file = shipped().iter().find(|file| file.id == "win-back-email-en").unwrap();
    let mut store = Workspace::open(home.path().join("shop")).unwrap().store().unwrap();
    store.add_drafts(&[changed], file.source, 0).unwrap();
    replay(6, &["--json"]).code(3).stdout(contains("\"same\": false"));
    replay(99, &[]).code(1).stderr(contains("99"));
}
