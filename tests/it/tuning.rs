//! Teaching a model: held against PyTorch and PEFT, against differences, and through every way of being stopped.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::safetensors::load;
use candle_core::{Device, Tensor};
use serde::Deserialize;

use perennial::jobs::{Cancel, Task, unwatched};
use perennial::tuning::adapter::read;
use perennial::tuning::batches::encode;
use perennial::tuning::forward::{Batch, Network};
use perennial::tuning::lora::{Adapters, Projection};
use perennial::tuning::train::Extras;
use perennial::tuning::{Ended, Example, Outcome, Progress, Settings, TuneError, base, checkpoint, train};
use perennial::writing::adapter::{Adapter, Place, WEIGHTS};
use perennial::writing::gguf::Gguf;
use perennial::writing::tokenizer::Vocabulary;

use crate::program::{perennial, text};

mod preferences;
mod stops;

const MODELS: [&str; 3] = ["llama", "llama-pieces", "llama-q4_k"];

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/data/models/{name}.gguf"))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/tuning").join(name)
}

#[derive(Deserialize)]
struct Text {
    tokens: Vec<u32>,
    prompt: usize,
    weight: f32,
}

/// What `scripts/tuning_fixtures.py` froze.
#[derive(Deserialize)]
struct Frozen {
    texts: Vec<Text>,
    loss: f32,
    rows: Vec<usize>,
    logits: Vec<Vec<f32>>,
}

fn frozen(name: &str) -> Frozen {
    serde_json::from_str(&fs::read_to_string(fixture(name).join("batch.json")).unwrap()).unwrap()
}

fn network(name: &str) -> Network {
    let gguf = Gguf::open(&model(name)).unwrap();
    unwatched(|task| base::load(&gguf, &Device::Cpu, task)).unwrap()
}

/// The adapter that PEFT saved.
fn pefts(name: &str, network: &Network) -> Adapters {
    let found = read(&fixture(name)).unwrap();
    assert!(found.card.is_none());
    let how = (found.rank, found.alpha, 0.0);
    let adapters = Adapters::new(&network.sizes, &Projection::ALL, how, 1, &Device::Cpu).unwrap();
    found.put(&adapters).unwrap();
    adapters
}

fn batch(frozen: &Frozen) -> Batch {
    let total: f32 =
        frozen.texts.iter().map(|text| text.weight * (text.tokens.len() - text.prompt) as f32).sum();
    let mut batch = Batch::default();
    for text in &frozen.texts {
        batch.add(&text.tokens, text.prompt, text.weight / total);
    }
    batch
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// How far numbers are apart, in parts of the largest.
fn apart(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    let most = wanted.iter().fold(1e-12_f32, |most, number| most.max(number.abs()));
    found.iter().zip(wanted).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs())) / most
}

#[test]
fn logits_with_an_adapter_of_pefts_are_those_of_transformers() {
    for name in MODELS {
        let (frozen, network) = (frozen(name), network(name));
        let logits = network.logits(Some(&pefts(name, &network)), &batch(&frozen), None).unwrap();
        for (row, wanted) in frozen.rows.iter().zip(&frozen.logits) {
            let found = numbers(&logits.get(*row).unwrap());
            assert!(apart(&found, wanted) < 1e-4, "{name}, row {row}: {}", apart(&found, wanted));
        }
        // Without the adapter they are others: it was not in vain.
        let bare = numbers(&network.logits(None, &batch(&frozen), None).unwrap().get(0).unwrap());
        assert!(apart(&bare, &frozen.logits[0]) > 1e-2);
    }
}

#[test]
fn loss_and_gradients_are_those_of_torch() {
    for name in MODELS {
        let (frozen, network) = (frozen(name), network(name));
        let adapters = pefts(name, &network);
        let loss = network.loss(&adapters, &batch(&frozen), None).unwrap();
        let found = loss.to_scalar::<f32>().unwrap();
        assert!((found / frozen.loss - 1.0).abs() < 1e-5, "{name}: {found}, not {}", frozen.loss);
        let gradients = loss.backward().unwrap();
        let wanted = load(fixture(name).join("gradients.safetensors"), &Device::Cpu).unwrap();
        let variables = adapters.variables();
        assert_eq!(wanted.len(), variables.len());
        for (variable_name, variable) in variables {
            let found = numbers(gradients.get(variable).unwrap());
            let far = apart(&found, &numbers(&wanted[&variable_name]));
            assert!(far < 1e-4, "{name}, {variable_name}: {far}");
        }
    }
}

#[test]
fn the_gradient_of_every_matrix_is_that_of_differences() {
    for name in ["llama", "llama-q4_k"] {
        let (frozen, network) = (frozen(name), network(name));
        let adapters = pefts(name, &network);
        let batch = batch(&frozen);
        let gradients = network.loss(&adapters, &batch, None).unwrap().backward().unwrap();
        for (variable_name, variable) in adapters.variables() {
            // Along the gradient the loss rises by the gradient's length.
            let (start, gradient) = (variable.copy().unwrap(), gradients.get(variable).unwrap());
            let length =
                numbers(gradient).iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            let moved = |by: f64| {
                variable.set(&(&start + (gradient * (by / length)).unwrap()).unwrap()).unwrap();
                f64::from(network.loss(&adapters, &batch, None).unwrap().to_scalar::<f32>().unwrap())
            };
            // Two widths, so that what is left of the curve goes away (Richardson).
            let (narrow, wide) = (2e-3, 4e-3);
            let slope = |width: f64| (moved(width) - moved(-width)) / (2.0 * width);
            let found = (4.0 * slope(narrow) - slope(wide)) / 3.0;
            variable.set(&start).unwrap();
            assert!((found / length - 1.0).abs() < 2e-2, "{name}, {variable_name}: {found}, not {length}");
        }
    }
}

#[test]
fn texts_are_cut_as_the_engine_would_have_to_choose_them() {
    for name in ["llama", "llama-pieces"] {
        let gguf = Gguf::open(&model(name)).unwrap();
        let vocabulary = Vocabulary::from_gguf(&gguf).unwrap();
        let end = vocabulary.ends()[0];
        for (prompt, text) in [
            ("we miss you at the shop:", " come back and see"),
            ("a message:\n", "thank you, 你好"),
            ("a message: ", "we miss you"),
            ("- ", "the garden\n"),
        ] {
            let example = Example { prompt: prompt.into(), text: text.into(), pattern: 3, weight: 1.0 };
            let encoded = encode(&[example], &vocabulary, end, 96).unwrap().remove(0);
            let given = vocabulary.begun(vocabulary.encode(prompt).unwrap());
            assert_eq!(encoded.tokens[..encoded.prompt], given, "{name}: {prompt}");
            let (last, learnt) = encoded.tokens[encoded.prompt..].split_last().unwrap();
            assert_eq!(*last, end);
            // No space comes between, and none is lost.
            assert_eq!(vocabulary.decode(learnt), text, "{name}: {prompt}");
        }
    }
}

/// A few messages that can be told apart by their prompts.
fn examples() -> Vec<Example> {
    let texts = ["come back and see", "the shop opens at nine", "thank you", "we miss you"];
    (0..24_usize)
        .map(|number| Example {
            prompt: format!("{} {number}:", ["garden", "hours", "thanks", "miss"][number % 4]),
            text: format!(" {}", texts[number % 4]),
            pattern: (number / 2) as u32,
            weight: if number == 5 { 2.0 } else { 1.0 },
        })
        .collect()
}

fn settings() -> Settings {
    Settings {
        base_name: "tiny".into(),
        rank: 4,
        dropout: 0.1,
        steps: 9,
        batch: 5,
        rate: 1e-2,
        held_out: 0.2,
        evaluate_every: 4,
        // Several batches a step, so that sums over them are part of it.
        tokens_at_once: 60,
        patience: None,
        ..Settings::default()
    }
}

type Tell<'a> = &'a mut dyn FnMut(Progress);

fn run(
    settings: &Settings,
    resume: bool,
    out: &Path,
    cancel: &Cancel,
    tell: Tell<'_>,
) -> Result<Outcome, TuneError> {
    train_with(settings, &Extras { resume, ..Extras::default() }, out, cancel, tell)
}

fn train_with(
    settings: &Settings,
    extras: &Extras<'_>,
    out: &Path,
    cancel: &Cancel,
    tell: Tell<'_>,
) -> Result<Outcome, TuneError> {
    train(&model("llama"), &examples(), settings, extras, out, &Task::new(cancel, &|_| {}), tell)
}

fn whole(settings: &Settings, out: &Path) -> Outcome {
    run(settings, false, out, &Cancel::default(), &mut |_| {}).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_others() {
    let home = tempfile::tempdir().unwrap();
    let one = whole(&settings(), &home.path().join("one"));
    let two = whole(&settings(), &home.path().join("two"));
    assert_eq!(one.sha256, two.sha256);
    let bytes = |name: &str| fs::read(home.path().join(name).join(WEIGHTS)).unwrap();
    assert_eq!(bytes("one"), bytes("two"));
    let other = whole(&Settings { seed: 2, ..settings() }, &home.path().join("other"));
    assert_ne!(one.sha256, other.sha256);
    assert!(!checkpoint::path(&home.path().join("one")).exists());
}

#[test]
fn what_can_be_learnt_is_learnt_and_kept_with_a_card() {
    let home = tempfile::tempdir().unwrap();
    let settings = Settings { steps: 80, dropout: 0.0, evaluate_every: 20, ..settings() };
    let outcome = whole(&settings, home.path());
    let (first, last) = (outcome.losses[0].held_out.unwrap(), outcome.losses.last().unwrap());
    // The held-out prompts are of the same four kinds, so what was learnt serves there too.
    assert!(last.held_out.unwrap() < 0.5 * first, "{:?}", outcome.losses);
    assert_eq!((outcome.patterns, outcome.examples + outcome.held_out_examples), (12, 24));
    let found = read(home.path()).unwrap();
    let card = found.card.unwrap();
    assert_eq!((card.schema, card.form, card.base.name.as_str()), (1, 0, "tiny"));
    let sha256 = unwatched(|task| Gguf::open(&model("llama")).unwrap().sha256(task.cancel())).unwrap();
    assert_eq!(card.base.sha256, sha256);
    assert_eq!(
        (card.losses, card.step, card.settings),
        (outcome.losses, outcome.best_step, settings.clone())
    );
    // The numbers on disk are those that were judged best, in half precision.
    let network = network("llama");
    let how = (found.rank, found.alpha, 0.0);
    let adapters = Adapters::new(&network.sizes, &settings.targets, how, 9, &Device::Cpu).unwrap();
    read(home.path()).unwrap().put(&adapters).unwrap();
    assert_eq!(found.numbers.len(), 28);
    let config = fs::read_to_string(home.path().join("adapter_config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!((config["r"].as_u64(), config["lora_alpha"].as_f64()), (Some(4), Some(16.0)));
}

#[test]
fn it_ends_when_what_was_kept_gets_no_better_and_keeps_the_best() {
    let home = tempfile::tempdir().unwrap();
    // Texts by chance: nothing that is learnt of some helps with the others.
    let examples: Vec<Example> = (0..20_u32)
        .map(|number| Example {
            prompt: "we".into(),
            text: (0..9_u32)
                .map(|at| char::from(b'a' + ((number * 97 + at * at * 31 + number * at * 7) % 26) as u8))
                .collect(),
            pattern: number,
            weight: 1.0,
        })
        .collect();
    let settings =
        Settings { steps: 300, evaluate_every: 5, patience: Some(2), rate: 3e-2, dropout: 0.0, ..settings() };
    let extras = Extras::default();
    let cancel = Cancel::default();
    let task = Task::new(&cancel, &|_| {});
    let outcome =
        train(&model("llama"), &examples, &settings, &extras, home.path(), &task, &mut |_| {}).unwrap();
    assert_eq!(outcome.ended, Ended::NoBetter);
    assert_eq!(outcome.steps, outcome.best_step + 10, "{:?}", outcome.losses);
    let best = outcome.losses.iter().filter_map(|at| at.held_out).fold(f32::INFINITY, f32::min);
    let kept = outcome.losses.iter().find(|at| at.step == outcome.best_step).unwrap();
    assert_eq!(kept.held_out, Some(best));
}

#[test]
fn models_and_examples_that_cannot_be_used_are_errors_with_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("voice");
    let said = |base: &Path, examples: &[Example], settings: &Settings| {
        let cancel = Cancel::default();
        let task = Task::new(&cancel, &|_| {});
        train(base, examples, settings, &Extras::default(), &out, &task, &mut |_| {}).unwrap_err().to_string()
    };
    let error = said(&model("qwen2"), &examples(), &settings());
    assert!(error.contains("qwen2.gguf") && error.contains("llama family"), "{error}");
    let cut = home.path().join("cut.gguf");
    let bytes = fs::read(model("llama")).unwrap();
    for part in (0..8).map(|part| bytes.len() * part / 8).chain([bytes.len() - 40]) {
        fs::write(&cut, &bytes[..part]).unwrap();
        let error = said(&cut, &examples(), &settings());
        assert!(error.contains("cut.gguf"), "{error}");
    }
    let one = |prompt: &str, text: &str, weight| {
        vec![Example { prompt: prompt.into(), text: text.into(), pattern: 0, weight }]
    };
    assert!(said(&model("llama"), &[], &settings()).contains("at least one example"));
    assert!(said(&model("llama"), &one("a", "", 1.0), &settings()).contains("example 1"));
    assert!(said(&model("llama"), &one("", "a", 1.0), &settings()).contains("prompt is empty"));
    assert!(said(&model("llama"), &one("a", "b", f32::NAN), &settings()).contains("weight"));
    assert!(said(&model("llama"), &one("a", "b", 0.0), &settings()).contains("weight above 0"));
    assert!(said(&model("llama"), &one("a", &"word ".repeat(200), 1.0), &settings()).contains("at most 96"));
    let error = said(&model("llama"), &examples(), &Settings { rank: 0, ..settings() });
    assert!(error.contains("rank is from 1"), "{error}");
    assert!(!out.exists());
}

#[test]
fn adapters_that_do_not_fit_are_errors_that_name_what() {
    let network = network("llama");
    let adapters = Adapters::new(&network.sizes, &Projection::ALL, (3, 7.0, 0.0), 1, &Device::Cpu).unwrap();
    let error = read(&fixture("llama-q4_k")).unwrap().put(&adapters).unwrap_err().to_string();
    assert!(error.contains("lora_"), "{error}");
    let home = tempfile::tempdir().unwrap();
    for file in ["adapter_config.json", WEIGHTS] {
        fs::copy(fixture("llama").join(file), home.path().join(file)).unwrap();
    }
    let bytes = fs::read(home.path().join(WEIGHTS)).unwrap();
    for part in (0..12).map(|part| bytes.len() * part / 12).chain([bytes.len() - 1]) {
        fs::write(home.path().join(WEIGHTS), &bytes[..part]).unwrap();
        let error = read(home.path()).unwrap_err().to_string();
        assert!(error.contains(WEIGHTS) && error.contains("cut or damaged"), "{error}");
    }
    fs::write(home.path().join("adapter_config.json"), "{\"peft_type\": \"LORA\"}").unwrap();
    assert!(read(home.path()).unwrap_err().to_string().contains("adapter_config.json"));
}

#[test]
fn the_command_makes_an_adapter_and_tells_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let lines: Vec<String> =
        examples().iter().map(|example| serde_json::to_string(example).unwrap()).collect();
    fs::write(home.path().join("examples.jsonl"), lines.join("\n\n")).unwrap();
    let path = model("llama");
    let tune = |more: &[&str]| {
        let mut arguments = vec!["tune", "--model", path.to_str().unwrap(), "--out", "voice", "--steps", "3"];
        arguments.extend(more);
        perennial(home.path()).args(arguments).output().unwrap()
    };
    let output =
        tune(&["--examples", "examples.jsonl", "--targets", "q_proj,v_proj", "--rank", "2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["schema"], &told["ended"], &told["steps"]), (&1.into(), &"done".into(), &3.into()));
    let found = read(&home.path().join("voice")).unwrap();
    assert_eq!((found.rank, found.numbers.len(), found.card.unwrap().name.as_str()), (2, 8, "voice"));
    // One bit is enough: nothing is read, and nothing written with it.
    let weights = home.path().join("voice").join(WEIGHTS);
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, &bytes).unwrap();
    let place = Place::Folder { name: None, path: home.path().join("voice") };
    let refused = [
        read(&home.path().join("voice")).unwrap_err().to_string(),
        Adapter::read(&place).err().unwrap().to_string(),
    ];
    assert!(refused.iter().all(|error| error.contains("another sha256 than card.json")), "{refused:?}");
    let again = tune(&["--examples", "examples.jsonl", "--resume"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again.stderr).contains("leave out --resume")
            || text(&again.stderr).contains("Leave out --resume")
    );
    assert_eq!(tune(&["--examples", "examples.jsonl", "--targets", "x_proj"]).status.code(), Some(2));
    assert_eq!(tune(&["--examples", "examples.jsonl", "--rank", "0"]).status.code(), Some(2));
    fs::write(home.path().join("broken.jsonl"), "{\"prompt\": \"a\", \"text\": \"b\"}\n{\"prompt\": 1}\n")
        .unwrap();
    let broken = tune(&["--examples", "broken.jsonl"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stderr).contains("broken.jsonl, line 2"), "{}", text(&broken.stderr));
    let served = perennial(home.path())
        .args(["tune", "--model", "none", "--examples", "examples.jsonl", "--out", "x"])
        .output()
        .unwrap();
    assert_eq!(served.status.code(), Some(2));
}
