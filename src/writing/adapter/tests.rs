use std::path::PathBuf;

use super::*;
use crate::jobs::{Cancel, unwatched};
use crate::writing::families;
use crate::writing::forward::Forward;
use crate::writing::gguf::Gguf;
use crate::writing::local::LocalModel;
use crate::writing::sampler::log_probabilities;
use crate::writing::{Beginning, Guard, ModelIdentity, Prompt, Request, Sampling, TextEngine as _};

/// What PEFT says; made by `scripts/adapter_fixtures.py`.
#[derive(Deserialize)]
struct Frozen {
    model: String,
    texts: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    ids: Vec<u32>,
    plain: Vec<f32>,
    beside: Vec<f32>,
}

fn data(name: &str) -> PathBuf {
    Path::new("tests/it/data/adapters").join(name)
}

fn frozen(name: &str) -> Frozen {
    serde_json::from_str(&fs::read_to_string(data(&format!("{name}.json"))).unwrap()).unwrap()
}

fn place(path: &Path) -> Place {
    Place::Folder { name: None, path: path.to_owned() }
}

fn adapter(name: &str) -> Adapter {
    Adapter::read(&place(&data(name))).unwrap()
}

fn model_file(name: &str) -> PathBuf {
    Path::new("tests/it/data/models").join(format!("{name}.gguf"))
}

fn model(name: &str) -> Box<dyn Forward> {
    let gguf = Gguf::open(&model_file(name)).unwrap();
    unwatched(|task| families::load(&gguf, task)).unwrap()
}

/// Largest difference of the log-probabilities of a text's tokens from those wanted.
fn off(model: &mut dyn Forward, ids: &[u32], wanted: &[f32]) -> f32 {
    let mut most = 0_f32;
    let whole = model.run_prompt_in_full(ids, &mut |at, logits| {
        if let Some(next) = ids.get(at + 1) {
            most = most.max((log_probabilities(logits)[*next as usize] - wanted[at]).abs());
        }
        true
    });
    assert!(whole.unwrap());
    most
}

#[test]
fn a_model_with_an_adapter_says_what_transformers_and_peft_say() {
    // The second is rounded to eight bits, as its activations are, and held to what such models are held to. Queries and
    // keys in another order would be off by more than one.
    for (name, bound) in [("all", 1e-4), ("half", 0.5), ("root", 1e-4), ("qwen", 1e-4)] {
        let Frozen { model: of, texts } = frozen(name);
        let mut model = model(&of);
        model.lay(1, &adapter(name)).unwrap();
        for Case { ids, plain, beside } in texts {
            model.choose(None);
            let without = off(&mut *model, &ids, &plain);
            model.choose(Some(1));
            let with = off(&mut *model, &ids, &beside);
            println!("{name}: {without:e} without, {with:e} with the adapter");
            assert!(
                without < bound && with < bound,
                "{name}: {without:e} without, {with:e} with the adapter"
            );
            assert!(off(&mut *model, &ids, &plain) > 1.0, "{name}: it makes no difference");
        }
    }
}

#[test]
fn another_adapter_forgets_what_was_computed_beside_the_first() {
    for (of, names) in [("llama", ["all", "root"]), ("llama-q8_0", ["half", "all"])] {
        let mut model = model(of);
        for (slot, name) in names.iter().enumerate() {
            model.lay(slot, &adapter(name)).unwrap();
        }
        let prompt: Vec<u32> = (3..40).collect();
        let mut fresh = |chosen: Option<usize>| {
            model.choose(chosen);
            model.forget();
            model.run_prompt(&prompt, &mut || true).unwrap()
        };
        let wanted: Vec<Vec<f32>> = [None, Some(0), Some(1)].into_iter().map(&mut fresh).collect();
        assert!(wanted[0] != wanted[1] && wanted[1] != wanted[2] && wanted[0] != wanted[2]);
        for at in [0_usize, 1, 2, 1, 0, 2, 2, 0] {
            model.choose(at.checked_sub(1));
            let found = model.run_prompt(&prompt, &mut || true).unwrap();
            assert_eq!(found, wanted[at], "{of}");
            // And lanes behind it.
            model.open_lanes(2);
            let rows = model.step(&[(0, 7), (1, 7)]).unwrap();
            let (one, other) = rows.split_at(rows.len() / 2);
            assert_eq!(one, other);
        }
        // One in the place of the one that stands there.
        model.choose(Some(1));
        model.run_prompt(&prompt, &mut || true).unwrap();
        model.lay(1, &adapter(names[0])).unwrap();
        assert_eq!(model.run_prompt(&prompt, &mut || true).unwrap(), wanted[1], "{of}");
    }
}

#[test]
fn a_shape_or_a_family_that_does_not_fit_is_told() {
    let told = |of: &str, name: &str| model(of).lay(0, &adapter(name)).unwrap_err().to_string();
    let error = told("llama-q4_k", "half");
    assert!(error.contains("layer 1") && error.contains("the model's last is 0"), "{error}");
    let small = folder(PLAIN, &safetensors(&whole()), None);
    let small = Adapter::read(&place(small.path())).unwrap();
    let error = model("llama-q4_k").lay(0, &small).unwrap_err().to_string();
    assert!(
        error.contains("mlp.up_proj") && error.contains("64 x 32") && error.contains("256 x 256"),
        "{error}"
    );
    for of in ["gpt2", "phi3", "lfm2"] {
        let error = told(of, "all");
        assert!(error.contains("llama, qwen2, qwen3 and gemma3"), "{of}: {error}");
    }
    // An error leaves the model as it was.
    let mut model = model("llama-q4_k");
    let before = model.run_prompt(&[5, 6, 7], &mut || true).unwrap();
    assert!(model.lay(0, &adapter("all")).is_err());
    model.choose(Some(0));
    assert_eq!(model.run_prompt(&[5, 6, 7], &mut || true).unwrap(), before);
}

/// A tensor of a file: its name, kind, shape, bytes.
type Tensor = (String, &'static str, Vec<usize>, Vec<u8>);

fn tensor(layer: usize, module: &str, half: &str, shape: [usize; 2], number: f32) -> Tensor {
    let bytes = (0..shape[0] * shape[1]).flat_map(|_| number.to_le_bytes()).collect();
    let name = format!("base_model.model.model.layers.{layer}.{module}.lora_{half}.weight");
    (name, "F32", shape.to_vec(), bytes)
}

fn safetensors(tensors: &[Tensor]) -> Vec<u8> {
    let (mut head, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, kind, shape, bytes) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        data.extend_from_slice(bytes);
        let about = serde_json::json!({ "dtype": kind, "shape": shape, "data_offsets": offsets });
        head.insert(name.clone(), about);
    }
    let head = serde_json::to_vec(&head).unwrap();
    [&(head.len() as u64).to_le_bytes()[..], &head, &data].concat()
}

const PLAIN: &str = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;

/// Two matrices of rank 2 for the first layer of `llama`.
fn whole() -> Vec<Tensor> {
    vec![tensor(0, "mlp.up_proj", "A", [2, 32], 0.5), tensor(0, "mlp.up_proj", "B", [64, 2], 0.25)]
}

fn folder(settings: &str, weights: &[u8], card: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(SETTINGS), settings).unwrap();
    fs::write(folder.path().join(WEIGHTS), weights).unwrap();
    if let Some(card) = card {
        fs::write(folder.path().join(CARD), card).unwrap();
    }
    folder
}

fn refused(settings: &str, weights: &[u8], card: Option<&str>) -> String {
    let folder = folder(settings, weights, card);
    let error = Adapter::read(&place(folder.path())).err().unwrap().to_string();
    assert!(error.contains(folder.path().to_str().unwrap()), "it names the place: {error}");
    error
}

#[test]
fn the_scale_is_alpha_over_rank_or_over_its_root() {
    let up = |settings: &str| {
        let folder = folder(settings, &safetensors(&whole()), None);
        let adapter = Adapter::read(&place(folder.path())).unwrap();
        adapter.pair(0, Projection::Up, [64, 32]).unwrap().unwrap().up[0]
    };
    assert!((up(PLAIN) - 0.5).abs() < 1e-6);
    let root = up(r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_rslora": true}"#);
    assert!((root - 0.25 * 4.0 / 2_f32.sqrt()).abs() < 1e-6, "{root}");
}

#[test]
fn what_cannot_be_done_here_is_refused_by_its_name() {
    let weights = safetensors(&whole());
    for (settings, words) in [
        ("{", "adapter_config.json is not JSON"),
        ("[]", "not an object"),
        ("{}", "peft_type"),
        (r#"{"peft_type": "IA3", "r": 2, "lora_alpha": 4}"#, "IA3"),
        (r#"{"peft_type": "LORA", "lora_alpha": 4}"#, "rank"),
        (r#"{"peft_type": "LORA", "r": 0, "lora_alpha": 4}"#, "rank"),
        (r#"{"peft_type": "LORA", "r": 2.5, "lora_alpha": 4}"#, "rank"),
        (r#"{"peft_type": "LORA", "r": 1000000, "lora_alpha": 4}"#, "rank"),
        (r#"{"peft_type": "LORA", "r": 2}"#, "lora_alpha"),
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": "4"}"#, "lora_alpha"),
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": -1}"#, "lora_alpha"),
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_dora": true}"#, "DoRA"),
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "fan_in_fan_out": true}"#, "fan_in_fan_out"),
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "all"}"#, "bias"),
        (
            r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "modules_to_save": ["lm_head"]}"#,
            "modules_to_save",
        ),
        (
            r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "alpha_pattern": {"q_proj": 3}}"#,
            "alpha_pattern",
        ),
        (r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "init_lora_weights": "pissa"}"#, "pissa"),
        (r#"{"peft_type": "LORA", "r": 3, "lora_alpha": 4}"#, "do not belong together"),
    ] {
        let error = refused(settings, &weights, None);
        assert!(error.contains(words), "{settings}: {error}");
    }
}

#[test]
fn a_damaged_file_is_told_with_what_to_do() {
    let with = |change: &dyn Fn(&mut Vec<Tensor>)| {
        let mut tensors = whole();
        change(&mut tensors);
        refused(PLAIN, &safetensors(&tensors), None)
    };
    let number = |tensors: &mut Vec<Tensor>, which: usize, number: f32| {
        tensors[which].3[..4].copy_from_slice(&number.to_le_bytes());
    };
    let cases: [(String, &str); 11] = [
        (with(&|tensors| number(tensors, 0, f32::NAN)), "NaN"),
        (with(&|tensors| number(tensors, 1, f32::INFINITY)), "infinite"),
        (with(&|tensors| number(tensors, 1, 60_000.0)), "above 65504"),
        (with(&|tensors| drop(tensors.pop())), "no lora_B"),
        (with(&|tensors| drop(tensors.remove(0))), "no lora_A"),
        (with(&Vec::clear), "no matrices"),
        (with(&|tensors| tensors[0].0 = "base_model.model.lm_head.lora_A.weight".into()), "lm_head"),
        (with(&|tensors| tensors[0].0 = tensors[0].0.replace("layers.0", "layers.99999999")), "99999999"),
        (with(&|tensors| tensors[1] = tensor(0, "mlp.up_proj", "B", [64, 3], 0.1)), "do not belong together"),
        (
            with(&|tensors| {
                tensors[0].1 = "I32";
            }),
            "F32, F16 and BF16",
        ),
        (
            with(&|tensors| {
                let (name, kind, _, bytes) = tensors.remove(0);
                tensors.push((name, kind, vec![64], bytes));
            }),
            "dimensions",
        ),
    ];
    for (error, words) in cases {
        assert!(error.contains(words), "{words}: {error}");
    }
    // Cut anywhere, or with a head that says anything.
    let good = safetensors(&whole());
    for length in (0..good.len()).step_by(7).chain([good.len() - 1]) {
        let error = refused(PLAIN, &good[..length], None);
        assert!(error.contains("copy it again"), "{length}: {error}");
    }
    let mut huge = good.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(refused(PLAIN, &huge, None).contains("copy it again"));
    let mut wide = whole();
    wide[0].2 = vec![usize::MAX / 8, 32];
    assert!(refused(PLAIN, &safetensors(&wide), None).contains("copy it again"));
}

#[test]
fn a_folder_that_is_not_whole_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let error = Adapter::read(&place(empty.path())).err().unwrap().to_string();
    assert!(error.contains(SETTINGS), "{error}");
    fs::write(empty.path().join(SETTINGS), PLAIN).unwrap();
    let error = Adapter::read(&place(empty.path())).err().unwrap().to_string();
    assert!(error.contains(WEIGHTS), "{error}");
    fs::create_dir(empty.path().join(WEIGHTS)).unwrap();
    let error = Adapter::read(&place(empty.path())).err().unwrap().to_string();
    assert!(error.contains("not a file"), "{error}");
}

#[test]
fn a_card_says_the_base_and_the_form() {
    let weights = safetensors(&whole());
    let base = "ab".repeat(32);
    let card = format!(
        r#"{{"schema": 1, "name": "mine", "base": {{"name": "tiny", "sha256": "{base}"}}, "form": 1, "examples": 9}}"#
    );
    let good = folder(PLAIN, &weights, Some(&card));
    let adapter = Adapter::read(&place(good.path())).unwrap();
    assert_eq!((adapter.form, adapter.identity.name.as_str()), (Form::Brief, "mine"));
    assert!(adapter.check_base("tiny", &base).is_ok());
    let error = adapter.check_base("other", &"cd".repeat(32)).unwrap_err().to_string();
    for words in ["tuned on tiny", "other", "abababababab", "cdcdcdcdcdcd", "--adapter none"] {
        assert!(error.contains(words), "{error}");
    }
    // A name that was looked up is its name; without a card there is no base to hold it against.
    let named = Place::Folder { name: Some("looked-up".into()), path: good.path().to_owned() };
    assert_eq!(Adapter::read(&named).unwrap().identity.name, "looked-up");
    let bare = folder(PLAIN, &weights, None);
    let adapter = Adapter::read(&place(bare.path())).unwrap();
    assert_eq!(adapter.form, Form::List);
    assert!(adapter.check_base("any", "").is_ok());
    for (card, words) in [
        ("{", "card.json"),
        (r#"{"schema": 2}"#, "schema 2"),
        (r#"{"schema": 1, "form": 2}"#, "form 2"),
        (r#"{"schema": 1, "base": {"name": "x", "sha256": "y"}}"#, "sha256"),
        (r#"{"schema": 1, "weights_sha256": "y"}"#, "another sha256 than card.json says"),
    ] {
        let error = refused(PLAIN, &weights, Some(card));
        assert!(error.contains(words), "{card}: {error}");
    }
}

fn tiny(name: &str) -> LocalModel {
    unwatched(|task| LocalModel::load("tiny", &model_file(name), task)).unwrap()
}

fn written(model: &mut LocalModel) -> String {
    let request = Request {
        prompt: Prompt::Continue("we miss you at the shop".into()),
        seeds: vec![3],
        sampling: Sampling::default(),
        guard: Guard::default(),
        max_tokens: 24,
        max_characters: None,
        sentences: 3,
        must: Vec::new(),
        fallback: Vec::new(),
        begun: Beginning::default(),
        avoid: Vec::new(),
    };
    model.write(&request, &Cancel::default(), &mut |_| {}).unwrap().variants.remove(0).text
}

#[test]
fn a_model_keeps_several_and_says_which_one_stands_beside_it() {
    let mut model = tiny("llama");
    let cancel = Cancel::default();
    let plain = written(&mut model);
    assert!(model.identity().adapter.is_none());
    let mut texts = Vec::new();
    for name in ["all", "root"] {
        model.adapt(Some(&place(&data(name))), &cancel).unwrap();
        let identity = model.identity().clone();
        assert_eq!(identity.adapter.as_ref().unwrap().name, name);
        assert_eq!(identity.title(), format!("tiny + {name}"));
        texts.push((identity, written(&mut model)));
    }
    assert!(texts[0].1 != plain && texts[1].1 != plain && texts[0].1 != texts[1].1);
    // What a record says is found again, also where nothing stood beside it.
    for (identity, text) in texts.iter().chain(&texts) {
        model.adapt_as(identity).unwrap();
        assert_eq!(model.identity(), identity);
        assert_eq!(written(&mut model), *text);
    }
    model.adapt_as(&ModelIdentity::plain("tiny", "")).unwrap();
    assert_eq!(written(&mut model), plain);
    let never = ModelIdentity {
        adapter: Some(AdapterIdentity { name: "gone".into(), sha256: "0".repeat(64) }),
        ..ModelIdentity::plain("tiny", "")
    };
    assert!(model.adapt_as(&never).unwrap_err().to_string().contains("gone"));
    // More than are kept: the first is read again when it is wanted.
    let copies = tempfile::tempdir().unwrap();
    for number in 0..6 {
        let copy = copies.path().join(number.to_string());
        fs::create_dir(&copy).unwrap();
        for file in [SETTINGS, WEIGHTS] {
            fs::copy(data("root").join(file), copy.join(file)).unwrap();
        }
        model.adapt(Some(&place(&copy)), &cancel).unwrap();
        assert_eq!(written(&mut model), texts[1].1);
    }
    assert!(model.adapt_as(&texts[0].0).is_err());
    model.adapt(Some(&place(&data("all"))), &cancel).unwrap();
    assert_eq!(written(&mut model), texts[0].1);
    // A file that was changed meanwhile is another adapter.
    let copy = copies.path().join("5");
    fs::copy(data("all").join(WEIGHTS), copy.join(WEIGHTS)).unwrap();
    fs::copy(data("all").join(SETTINGS), copy.join(SETTINGS)).unwrap();
    model.adapt(Some(&place(&copy)), &cancel).unwrap();
    assert_eq!(written(&mut model), texts[0].1);
}

#[test]
fn the_wrong_base_is_refused_and_the_model_writes_on_as_before() {
    let mut model = tiny("llama");
    let plain = written(&mut model);
    let weights = fs::read(data("all").join(WEIGHTS)).unwrap();
    let settings = fs::read_to_string(data("all").join(SETTINGS)).unwrap();
    let card =
        |sha256: &str| format!(r#"{{"schema": 1, "base": {{"name": "another", "sha256": "{sha256}"}}}}"#);
    let wrong = folder(&settings, &weights, Some(&card(&"12".repeat(32))));
    let error = model.adapt(Some(&place(wrong.path())), &Cancel::default()).unwrap_err().to_string();
    assert!(error.contains("tuned on another") && error.contains("--adapter none"), "{error}");
    assert_eq!(written(&mut model), plain);
    let right = folder(&settings, &weights, Some(&card(&model.identity().sha256)));
    model.adapt(Some(&place(right.path())), &Cancel::default()).unwrap();
    assert_ne!(written(&mut model), plain);
}

#[test]
fn older_records_of_who_wrote_are_read_and_no_adapter_is_not_written() {
    let old: ModelIdentity = serde_json::from_str(r#"{"name": "m", "sha256": "ab"}"#).unwrap();
    assert_eq!(old, ModelIdentity::plain("m", "ab"));
    assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"name":"m","sha256":"ab"}"#);
}
