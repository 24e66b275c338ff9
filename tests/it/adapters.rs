//! Adapters beside the default model, as a person meets them: by name, in records, with what is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use predicates::str::contains;
use serde_json::{Value, json};

use crate::program::{perennial, text};

/// Of the default model's file.
const BASE: &str = "b179c9523d0e";

/// A small adapter on every layer's queries, for the default model.
pub fn adapter(folder: &Path, base: Option<&str>) {
    let (layers, rank, width) = (30, 2, 576);
    let (mut head, mut data) = (serde_json::Map::new(), Vec::new());
    for layer in 0..layers {
        for (half, shape) in [("A", [rank, width]), ("B", [width, rank])] {
            let start = data.len();
            for place in 0..rank * width {
                let number = ((place * 37 + layer * 11) % 101) as f32 / 250.0 - 0.2;
                data.extend(number.to_le_bytes());
            }
            let name = format!("base_model.model.model.layers.{layer}.self_attn.q_proj.lora_{half}.weight");
            let offsets = [start, data.len()];
            head.insert(name, json!({ "dtype": "F32", "shape": shape, "data_offsets": offsets }));
        }
    }
    let head = serde_json::to_vec(&head).unwrap();
    let file = [&(head.len() as u64).to_le_bytes()[..], &head, &data].concat();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("adapter_model.safetensors"), file).unwrap();
    let settings = json!({ "peft_type": "LORA", "r": rank, "lora_alpha": 4, "target_modules": ["q_proj"] });
    fs::write(folder.join("adapter_config.json"), settings.to_string()).unwrap();
    if let Some(base) = base {
        let card = json!({ "schema": 1, "base": { "name": "another-model", "sha256": base } });
        fs::write(folder.join("card.json"), card.to_string()).unwrap();
    }
}

/// The folder of the user's adapters in a home.
fn own(home: &Path) -> PathBuf {
    home.join(".local/share/perennial/adapters")
}

fn json_of(home: &Path, arguments: &[&str]) -> Value {
    let mut command = perennial(home);
    command.env("PERENNIAL_MODELS", crate::model::models());
    let out = command.args(arguments).arg("--json").assert();
    let code = out.get_output().status.code();
    assert!(matches!(code, Some(0 | 3)), "{code:?}: {}", text(&out.get_output().stderr));
    serde_json::from_str(&text(&out.get_output().stdout)).unwrap()
}

fn failed(home: &Path, arguments: &[&str]) -> String {
    let mut command = perennial(home);
    command.env("PERENNIAL_MODELS", crate::model::models());
    let out = command.args(arguments).assert().failure();
    assert!(out.get_output().stdout.is_empty());
    text(&out.get_output().stderr)
}

const PREVIEW: [&str; 9] =
    ["preview", "--strategy", "win-back-email-en", "--segment", "A", "-n", "2", "--send-on", "2025-11-03"];

#[test]
fn a_draft_says_which_adapter_wrote_it_and_is_written_again_with_it() {
    let home = tempfile::tempdir().unwrap();
    // The model must have been fetched.
    drop(crate::model::engine());
    let folder = own(home.path()).join("mine");
    adapter(&folder, None);
    let with = json_of(home.path(), &[&PREVIEW[..], &["--keep", "--adapter", "mine"]].concat());
    let model = &with["drafts"][0]["model"];
    assert_eq!(model["adapter"]["name"], "mine", "{model}");
    assert_eq!(model["adapter"]["sha256"].as_str().unwrap().len(), 64);
    assert!(model["sha256"].as_str().unwrap().starts_with(BASE));
    // By its folder, and by the file in it; and the model by itself writes something else.
    let path = folder.to_str().unwrap();
    let file = format!("{path}/adapter_model.safetensors");
    let texts = |document: &Value| -> Vec<Value> {
        document["drafts"].as_array().unwrap().iter().map(|draft| draft["text"].clone()).collect()
    };
    for way in [path, &file] {
        let again = json_of(home.path(), &[&PREVIEW[..], &["--adapter", way]].concat());
        assert_eq!(texts(&again), texts(&with));
    }
    let without = json_of(home.path(), &[&PREVIEW[..], &["--adapter", "none"]].concat());
    assert!(without["drafts"][0]["model"].get("adapter").is_none());
    assert_ne!(texts(&without), texts(&with));
    let id = with["drafts"][0]["id"].to_string();
    let replayed = json_of(home.path(), &["writing", "replay", &id]);
    assert_eq!((&replayed["same"], &replayed["differs"]), (&json!(true), &json!([])), "{replayed}");
    // One of the user's comes before the one of that name that the program brings.
    fs::rename(&folder, own(home.path()).join("house")).unwrap();
    let house = json_of(home.path(), &PREVIEW);
    assert_eq!(house["drafts"][0]["model"]["adapter"]["name"], "house");
    assert_eq!(texts(&house), texts(&with));
    let replayed = json_of(home.path(), &["writing", "replay", &id]);
    let differs = replayed["differs"].to_string();
    assert!(differs.contains("mine") && differs.contains("house"), "{replayed}");
    fs::remove_dir_all(own(home.path())).unwrap();
    let shipped = json_of(home.path(), &PREVIEW);
    assert_eq!(shipped["drafts"][0]["model"]["adapter"]["name"], "house");
    assert!(texts(&shipped) != texts(&house) && texts(&shipped) != texts(&without));
    let replayed = json_of(home.path(), &["writing", "replay", &id, "--adapter", "none"]);
    let differs = replayed["differs"].to_string();
    assert!(differs.contains("the adapter: mine") && differs.contains("none does now"), "{replayed}");
}

#[test]
fn a_model_is_tried_out_by_itself_or_beside_the_adapter_that_is_named() {
    let home = tempfile::tempdir().unwrap();
    drop(crate::model::engine());
    adapter(&own(home.path()).join("mine"), None);
    for (command, figure) in [
        (&["model", "generate", "--prompt", "Dear customer,", "--greedy"][..], "/sequences/0/logprobs"),
        (&["model", "score", "--text", "Dear customer, hello."], "/tokens/2/logprob"),
    ] {
        let with = json_of(home.path(), &[command, &["--adapter", "mine"]].concat());
        let alone = json_of(home.path(), command);
        assert_eq!((&with["adapter"], &alone["adapter"]), (&json!("mine"), &Value::Null));
        assert_ne!(with.pointer(figure).unwrap(), alone.pointer(figure).unwrap(), "{command:?}");
        let none = json_of(home.path(), &[command, &["--adapter", "none"]].concat());
        assert_eq!(none, alone);
        let error = failed(home.path(), &[command, &["--adapter", "nowhere"]].concat());
        assert!(error.contains("no adapter is called \"nowhere\""), "{error}");
    }
}

#[test]
fn what_is_wrong_with_an_adapter_is_told_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    drop(crate::model::engine());
    let preview = |adapter: &str| failed(home.path(), &[&PREVIEW[..], &["--adapter", adapter]].concat());
    adapter(&own(home.path()).join("harbour"), None);
    let error = preview("harbor");
    assert!(
        error.contains("no adapter is called \"harbor\"") && error.contains("Did you mean harbour?"),
        "{error}"
    );
    adapter(&own(home.path()).join("wrong"), Some(&"ab".repeat(32)));
    let error = preview("wrong");
    assert!(error.contains("tuned on another-model") && error.contains(BASE), "{error}");
    let cut = own(home.path()).join("harbour/adapter_model.safetensors");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let error = preview("harbour");
    assert!(error.contains("copy it again"), "{error}");
    let listed = json_of(home.path(), &["model", "list"]);
    let adapters = listed["adapters"].as_array().unwrap();
    let of = |name: &str| adapters.iter().find(|one| one["name"] == name).unwrap();
    assert!(of("harbour")["problem"].as_str().unwrap().contains("copy it again"), "{listed}");
    assert_eq!((&of("wrong")["rank"], &of("wrong")["base"]), (&json!(2), &json!("another-model")));
    let mut doctor = perennial(home.path());
    doctor.env("PERENNIAL_MODELS", crate::model::models());
    doctor.args(["doctor", "--adapter", "harbour"]).assert().stdout(contains("adapter"));
    // A strategy may name one that is not there.
    let file = "strategies/lost.toml";
    perennial(home.path()).args(["init", "shop"]).assert().success();
    let shop = home.path().join("shop");
    let source = fs::read_to_string(shop.join("strategies/win-back-email-en.toml")).unwrap();
    fs::write(shop.join(file), format!("adapter = \"lost\"\n{source}")).unwrap();
    fs::write(shop.join("facts.json"), r#"{"first_name": "Anna", "last_order_month": "March 2025"}"#)
        .unwrap();
    let facts = shop.join("facts.json");
    let arguments =
        ["--workspace", "shop", "preview", "--strategy", "lost", "--facts", facts.to_str().unwrap()];
    let error = failed(home.path(), &arguments);
    assert!(error.contains("no adapter is called \"lost\""), "{error}");
}
