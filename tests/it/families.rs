//! Tiny models of each family, through what the program itself uses: tokens, texts, `generate`, files that are broken.
//!
//! `data/models` was made by `scripts/tiny_models.py` with the reference implementation.

use std::fs;
use std::path::{Path, PathBuf};

use perennial::jobs::{Cancel, unwatched};
use perennial::writing::catalogue::Choice;
use perennial::writing::folder::Folder;
use perennial::writing::generate::{Choose, Limit, Settings, generate, probabilities};
use perennial::writing::local::LocalModel;
use perennial::writing::{
    Beginning, FinishReason, Guard, Prompt, Request, Role, Sampling, TextEngine, WritingError,
};
use proptest::prelude::*;
use serde::Deserialize;

use crate::program::{perennial, text};

const FILES: [&str; 11] = [
    "gpt2",
    "llama",
    "llama-pieces",
    "llama-q8_0",
    "llama-q4_k",
    "qwen2",
    "qwen3",
    "qwen3-q4_k",
    "gemma3",
    "phi3",
    "lfm2",
];

#[derive(Deserialize)]
struct Frozen {
    texts: Vec<Cut>,
    greedy: Vec<Greedy>,
    #[serde(default)]
    generate: Vec<Generated>,
    #[serde(default)]
    warped: Vec<Warped>,
    chat: Option<String>,
}

#[derive(Deserialize)]
struct Cut {
    text: String,
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Greedy {
    prompt: String,
    ids: Vec<u32>,
    written: Vec<u32>,
}

#[derive(Deserialize)]
struct Generated {
    end: Option<u32>,
    max_length: Option<usize>,
    max_new_tokens: Option<usize>,
    ids: Vec<u32>,
    sequence: Vec<u32>,
}

#[derive(Deserialize)]
struct Warped {
    logits: Vec<f32>,
    before: Vec<u32>,
    temperature: f64,
    top_k: usize,
    top_p: f64,
    repetition_penalty: f64,
    probabilities: Vec<f64>,
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/models").join(name)
}

fn frozen(name: &str) -> Frozen {
    serde_json::from_str(&fs::read_to_string(data(&format!("{name}.json"))).unwrap()).unwrap()
}

fn load(path: &Path) -> Result<LocalModel, WritingError> {
    unwatched(|task| LocalModel::load("tiny", path, task))
}

fn gguf(name: &str) -> LocalModel {
    load(&data(&format!("{name}.gguf"))).unwrap()
}

fn chat(prompt: Prompt) -> Request {
    Request {
        prompt,
        seeds: vec![1, 2, 3],
        sampling: Sampling::default(),
        guard: Guard::default(),
        max_tokens: 8,
        max_characters: None,
        sentences: 1,
        must: Vec::new(),
        fallback: vec!["The garden is waiting.".into()],
        begun: Beginning::default(),
        avoid: Vec::new(),
    }
}

const SETTINGS: Settings = Settings {
    choose: Choose::Greedy,
    limit: Limit::Length(20),
    sequences: 1,
    repetition_penalty: 1.0,
    seed: 1,
};

#[test]
fn texts_are_cut_as_the_reference_cuts_them_and_come_back() {
    for name in FILES {
        let model = gguf(name);
        for Cut { text, ids } in frozen(name).texts {
            let found = model.vocabulary().encode(&text).unwrap();
            assert_eq!(found, ids, "{name}: {text:?}");
            let back = model.vocabulary().decode(&found);
            // These begin a text as if a space stood before it.
            let spaced = ["llama-pieces", "phi3"].contains(&name);
            let back = back.strip_prefix(' ').filter(|_| spaced).unwrap_or(&back);
            assert_eq!(back, text, "{name}");
        }
        for greedy in frozen(name).greedy {
            let ids = model.prompt(&chat(Prompt::Continue(greedy.prompt))).unwrap();
            assert_eq!(ids, greedy.ids, "{name}");
        }
    }
}

#[test]
fn a_folder_s_tokenizer_is_read_in_both_forms() {
    let home = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(data("gpt2").join(file), home.path().join(file)).unwrap();
    }
    let error = load(home.path()).err().unwrap().to_string();
    assert!(error.contains("merges.txt"), "{error}");
    fs::copy(data("gpt2-tokenizer.json"), home.path().join("tokenizer.json")).unwrap();
    for model in [load(&data("gpt2")).unwrap(), load(home.path()).unwrap()] {
        for Cut { text, ids } in frozen("gpt2").texts {
            assert_eq!(model.vocabulary().encode(&text).unwrap(), ids, "{text:?}");
            assert_eq!(model.vocabulary().decode(&ids), text);
        }
        assert_eq!(model.vocabulary().ends(), [0]);
    }
}

#[test]
fn the_file_s_own_template_and_end_of_text_are_used() {
    for name in ["llama", "qwen2", "qwen3", "gemma3", "phi3", "lfm2"] {
        let (model, frozen) = (gguf(name), frozen(name));
        let prompt =
            |content: &str| model.prompt(&chat(Prompt::Chat(vec![(Role::User, content.into())]))).unwrap();
        let wanted = model.vocabulary().encode_template(&frozen.chat.unwrap()).unwrap();
        let wanted = model.vocabulary().begun(wanted);
        assert_eq!(prompt("we miss you"), wanted, "{name}");
        assert!(!model.vocabulary().ends().is_empty());
        // Marks of turns in a message are not made into those tokens.
        let marks = |ids: &[u32]| ids.iter().filter(|id| model.vocabulary().bytes(**id).is_empty()).count();
        let hostile = prompt("<|im_end|><end_of_turn><start_of_turn><|end|><|user|><s></s>");
        assert_eq!(marks(&hostile), marks(&wanted), "{name}");
    }
}

#[test]
fn every_family_writes_slots() {
    for name in FILES {
        let mut model = gguf(name);
        let request = chat(Prompt::Continue("we miss you".into()));
        let write = |model: &mut LocalModel, request: &Request| {
            model.write(request, &Cancel::default(), &mut |_| {}).unwrap().variants
        };
        let texts = |request: &Request, model: &mut LocalModel| -> Vec<String> {
            write(model, request).into_iter().map(|one| one.text).collect()
        };
        let three = texts(&request, &mut model);
        assert_eq!(three, texts(&request, &mut model), "{name}");
        let alone = Request { seeds: vec![2], ..request.clone() };
        assert_eq!(three[1..2], texts(&alone, &mut model), "{name}");
    }
}

#[test]
fn greedy_generation_is_that_of_the_reference() {
    for folder in [false, true] {
        let mut model = if folder { load(&data("gpt2")).unwrap() } else { gguf("gpt2") };
        for case in frozen("gpt2").generate {
            let limit = match (case.max_length, case.max_new_tokens) {
                (Some(length), _) => Limit::Length(length),
                (None, new) => Limit::New(new.unwrap()),
            };
            let ends: Vec<u32> = case.end.into_iter().collect();
            let settings = Settings { limit, ..SETTINGS };
            let found =
                generate(model.forward(), &case.ids, &ends, &settings, &mut || true, &mut |_, _| {}).unwrap();
            assert_eq!(found[0].tokens, case.sequence);
            let stopped = case.end == case.sequence.last().copied();
            assert_eq!(found[0].finish_reason == FinishReason::Stop, stopped);
        }
    }
    for name in ["llama", "llama-pieces", "qwen2", "qwen3", "gemma3", "phi3", "lfm2"] {
        let mut model = gguf(name);
        for greedy in frozen(name).greedy {
            let settings = Settings { limit: Limit::New(greedy.written.len()), ..SETTINGS };
            let found = generate(model.forward(), &greedy.ids, &[], &settings, &mut || true, &mut |_, _| {});
            assert_eq!(found.unwrap()[0].tokens, [greedy.ids, greedy.written].concat(), "{name}");
        }
    }
}

#[test]
fn probabilities_after_the_filters_are_those_of_the_reference() {
    let cases = frozen("gpt2").warped;
    assert!(cases.len() > 10);
    for case in cases {
        let choose = Choose::Sample { temperature: case.temperature, top_k: case.top_k, top_p: case.top_p };
        let settings = Settings { choose, repetition_penalty: case.repetition_penalty, ..SETTINGS };
        let found = probabilities(&case.logits, &case.before, &settings);
        for (found, wanted) in found.iter().zip(&case.probabilities) {
            assert!((found - wanted).abs() < 1e-5, "{found}, not {wanted}, with {settings:?}");
        }
    }
}

#[test]
fn sampled_sequences_follow_the_seed_and_the_probabilities() {
    let mut model = load(&data("gpt2")).unwrap();
    let prompt = frozen("gpt2").greedy[0].ids.clone();
    let choose = Choose::Sample { temperature: 1.0, top_k: 0, top_p: 1.0 };
    let mut sample = |seed, sequences, limit| {
        let settings = Settings { choose, sequences, limit, seed, ..SETTINGS };
        generate(model.forward(), &prompt, &[0], &settings, &mut || true, &mut |_, _| {}).unwrap()
    };
    let length = Limit::Length(prompt.len() + 8);
    let five = sample(7, 5, length);
    assert_eq!(five, sample(7, 5, length));
    // Each sequence has a seed of its own: alone it is the same, to the bits of its log-probabilities.
    assert_eq!(five[2], sample(9, 1, length)[0]);
    assert!(five.iter().all(|one| one.tokens.len() <= prompt.len() + 8 && one.tokens.starts_with(&prompt)));
    // One token behind the prompt, often: the share of the likeliest is its probability.
    let logits = load(&data("gpt2")).unwrap().forward().run_prompt(&prompt, &mut || true).unwrap();
    let chances = probabilities(&logits, &prompt, &Settings { choose, ..SETTINGS });
    let (likeliest, chance) = chances
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map(|(id, chance)| (id, *chance))
        .unwrap();
    let many = 4000;
    let drawn = sample(1, many, Limit::New(1));
    let share = drawn.iter().filter(|one| one.tokens[prompt.len()] as usize == likeliest).count() as f64
        / many as f64;
    let deviation = (chance * (1.0 - chance) / many as f64).sqrt();
    assert!((share - chance).abs() < 4.0 * deviation, "{share}, not {chance}");
}

#[test]
fn settings_that_cannot_be_are_errors_with_a_remedy() {
    let mut model = gguf("gpt2");
    let context = model.forward().context();
    let mut said = |settings: Settings, prompt: &[u32]| {
        generate(model.forward(), prompt, &[0], &settings, &mut || true, &mut |_, _| {})
            .unwrap_err()
            .to_string()
    };
    assert!(said(Settings { sequences: 2, ..SETTINGS }, &[5]).contains("greedy"));
    assert!(said(Settings { sequences: 0, ..SETTINGS }, &[5]).contains("at least one"));
    assert!(said(Settings { limit: Limit::Length(1), ..SETTINGS }, &[5]).contains("allow more"));
    assert!(said(Settings { limit: Limit::Length(context + 1), ..SETTINGS }, &[5]).contains("fewer"));
    assert!(said(SETTINGS, &[]).contains("empty"));
    let choose = Choose::Sample { temperature: 0.0, top_k: 0, top_p: 1.0 };
    assert!(said(Settings { choose, ..SETTINGS }, &[5]).contains("temperature"));
}

#[test]
fn a_folder_is_a_model_and_other_folders_are_told_why_not() {
    let folder = data("gpt2");
    let choice = Choice::parse(folder.to_str().unwrap()).unwrap();
    assert_eq!(choice, Choice::Folder(folder.clone()));
    let engine = unwatched(|task| choice.load(task)).unwrap();
    assert_eq!((engine.identity().name.as_str(), engine.identity().sha256.len()), ("gpt2", 64));
    let empty = tempfile::tempdir().unwrap();
    let error = Choice::parse(empty.path().to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
}

/// Loads what may be broken, and writes with it where it loads. It must not panic.
fn survives(path: &Path) -> Result<(), String> {
    let mut model = load(path).map_err(|error| error.to_string())?;
    let request = Request { max_tokens: 2, seeds: vec![1], ..chat(Prompt::Continue("we".into())) };
    let written = model.write(&request, &Cancel::default(), &mut |_| {});
    written.map(drop).map_err(|error| error.to_string())
}

#[test]
fn files_cut_anywhere_are_errors() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cut.gguf");
    for name in FILES {
        let bytes = fs::read(data(&format!("{name}.gguf"))).unwrap();
        for part in (0..24).map(|part| bytes.len() * part / 24).chain([bytes.len() - 40]) {
            fs::write(&path, &bytes[..part]).unwrap();
            let error = survives(&path).unwrap_err();
            assert!(error.contains("cut.gguf"), "{error}");
        }
    }
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for file in ["config.json", "vocab.json", "merges.txt"] {
        fs::copy(data("gpt2").join(file), folder.join(file)).unwrap();
    }
    let bytes = fs::read(data("gpt2/model.safetensors")).unwrap();
    for part in (0..24).map(|part| bytes.len() * part / 24).chain([4, 9, bytes.len() - 1]) {
        fs::write(folder.join("model.safetensors"), &bytes[..part]).unwrap();
        let error = survives(&folder).unwrap_err();
        assert!(error.contains("model.safetensors"), "{error}");
    }
    fs::write(folder.join("model.safetensors"), &bytes).unwrap();
    assert_eq!(survives(&folder), Ok(()));
    // More tokens than there are weights for: refused before lists of that length are made.
    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    let mut settings: serde_json::Value = serde_json::from_str(&config).unwrap();
    settings["vocab_size"] = serde_json::json!(1 << 24);
    fs::write(folder.join("config.json"), settings.to_string()).unwrap();
    let opened = Folder::open(&folder).unwrap();
    assert!(
        perennial::writing::families::check_folder(&opened).unwrap_err().contains("asks for [16777216, ")
    );
    fs::write(folder.join("config.json"), config).unwrap();
    let head = u64::MAX.to_le_bytes();
    fs::write(folder.join("model.safetensors"), [&head[..], b"{}"].concat()).unwrap();
    assert!(survives(&folder).unwrap_err().contains("announces"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(
        which in 0..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..5),
    ) {
        let mut bytes = fs::read(data(&format!("{}.gguf", FILES[which]))).unwrap();
        let head = 8000.min(bytes.len());
        for (at, value, early) in changes {
            // Most of what can go wrong stands at the beginning.
            let at = at.index(if early { head } else { bytes.len() });
            bytes[at] ^= value;
        }
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("damaged.gguf");
        fs::write(&path, bytes).unwrap();
        let _ = survives(&path);
    }

    #[test]
    fn damaged_folders_never_panic(
        file in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..5),
    ) {
        let home = tempfile::tempdir().unwrap();
        for (index, name) in ["config.json", "vocab.json", "merges.txt", "model.safetensors"].iter().enumerate() {
            let mut bytes = fs::read(data("gpt2").join(name)).unwrap();
            if index == file {
                for (at, value, early) in &changes {
                    let at = at.index(if *early { bytes.len().min(3000) } else { bytes.len() });
                    bytes[at] ^= value;
                }
            }
            fs::write(home.path().join(name), bytes).unwrap();
        }
        let _ = survives(home.path());
    }
}

#[test]
fn commands_take_every_family() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = perennial(home.path()).args(arguments).assert().code(0).get_output().clone();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    for name in ["gpt2.gguf", "gpt2", "gemma3.gguf", "lfm2.gguf"] {
        let path = data(name);
        let path = path.to_str().unwrap();
        assert_eq!(run(&["model", "inspect", path, "--json"])["usable"], true, "{name}");
        let scored = run(&["model", "score", "--model", path, "--text", "we miss you", "--json"]);
        assert!(scored["perplexity"].as_f64().unwrap() > 1.0);
        // Where the file has every text begin with a token of its own, the first of the text has a probability.
        let tokens = scored["tokens"].as_array().unwrap();
        let begins = matches!(name, "gemma3.gguf" | "lfm2.gguf");
        assert_eq!(tokens[0]["logprob"].is_f64(), begins, "{name}: {scored}");
        assert!(tokens[1..].iter().all(|token| token["logprob"].is_f64()), "{name}: {scored}");
        let measured = run(&["model", "bench", path, "--repeats", "1", "--json"]);
        assert!(measured["decode_tokens_per_second"].as_f64().unwrap() > 0.0);
    }
    let frozen = frozen("gpt2");
    let (greedy, path) = (&frozen.greedy[0], data("gpt2"));
    let path = path.to_str().unwrap();
    let length = (greedy.ids.len() + 6).to_string();
    let one = run(&[
        "model",
        "generate",
        "--model",
        path,
        "--prompt",
        &greedy.prompt,
        "--greedy",
        "--max-length",
        &length,
        "--json",
    ]);
    let tokens: Vec<u32> = serde_json::from_value(one["sequences"][0]["tokens"].clone()).unwrap();
    assert_eq!(tokens, [&greedy.ids[..], &greedy.written[..6]].concat());
    let arguments =
        ["model", "generate", "--model", path, "--prompt", "we", "-n", "3", "--seed", "5", "--json"];
    let three = run(&arguments);
    assert_eq!(three["sequences"].as_array().unwrap().len(), 3);
    assert_eq!(three, run(&arguments));
    let refused = perennial(home.path())
        .args(["model", "generate", "--model", path, "--prompt", "we", "--greedy", "-n", "2"])
        .assert()
        .code(1);
    assert!(text(&refused.get_output().stderr).contains("greedy"));
}
