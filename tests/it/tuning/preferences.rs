//! Preferences: their gradient held against differences, and what they do to a model.

use std::path::Path;

use candle_core::Device;

use perennial::jobs::{Cancel, Task};
use perennial::tuning::adapter::read;
use perennial::tuning::forward::Network;
use perennial::tuning::lora::{Adapters, Projection};
use perennial::tuning::preference::{self, Preference};
use perennial::tuning::train::Extras;
use perennial::tuning::{Settings, TuneError, train};
use perennial::writing::gguf::Gguf;
use perennial::writing::tokenizer::Vocabulary;

use super::{examples, model, network, numbers, pefts, run, settings};

fn preferences() -> Vec<Preference> {
    [
        ("garden:", " come back and see", " you must buy now"),
        ("hours:", " the shop opens at nine", " hurry up"),
    ]
    .map(|(prompt, chosen, rejected)| Preference {
        prompt: prompt.into(),
        chosen: chosen.into(),
        rejected: rejected.into(),
    })
    .to_vec()
}

/// Pairs of the tiny model, their margins where learning began.
fn pairs(network: &Network, adapters: &Adapters) -> Vec<preference::Pair> {
    let vocabulary = Vocabulary::from_gguf(&Gguf::open(&model("llama")).unwrap()).unwrap();
    let end = vocabulary.ends()[0];
    preference::pairs(&preferences(), network, adapters, (&vocabulary, end)).unwrap()
}

#[test]
fn the_gradient_of_a_preference_is_that_of_differences() {
    let network = network("llama");
    let adapters = pefts("llama", &network);
    let pairs = pairs(&network, &adapters);
    // Where learning begins nothing is gained: ln 2.
    for pair in &pairs {
        let judged = pair.judge(&network, &adapters, (0.1, 1.0), None).unwrap();
        assert!((judged.loss - std::f64::consts::LN_2).abs() < 1e-6, "{}", judged.loss);
        assert!((judged.margin - pair.reference).abs() < 1e-6);
    }
    // Elsewhere, with a beta that makes the loss bend: the reference is moved away by hand.
    let mut pair = pairs[0].clone();
    for gained in [-1.5, 0.8] {
        let beta = 0.7_f32;
        pair.reference = pair.margin(&network, &adapters).unwrap() - gained / f64::from(beta);
        let share = 0.5;
        let judged = pair.judge(&network, &adapters, (beta, share), None).unwrap();
        assert!((judged.loss - (1.0 + (-gained).exp()).ln()).abs() < 1e-5, "{}", judged.loss);
        let gradients = judged.surrogate.backward().unwrap();
        for (name, variable) in adapters.variables() {
            let (start, gradient) = (variable.copy().unwrap(), gradients.get(variable).unwrap());
            let length =
                numbers(gradient).iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            let moved = |by: f64| {
                variable.set(&(&start + (gradient * (by / length)).unwrap()).unwrap()).unwrap();
                f64::from(share) * pair.judge(&network, &adapters, (beta, share), None).unwrap().loss
            };
            let slope = |width: f64| (moved(width) - moved(-width)) / (2.0 * width);
            let found = (4.0 * slope(2e-3) - slope(4e-3)) / 3.0;
            variable.set(&start).unwrap();
            assert!((found / length - 1.0).abs() < 3e-2, "{name}: {found}, not {length}");
        }
    }
}

#[test]
fn preferences_move_the_better_text_ahead_and_survive_a_stop() {
    let home = tempfile::tempdir().unwrap();
    let start = home.path().join("start");
    run(&settings(), false, &start, &Cancel::default(), &mut |_| {}).unwrap();
    let (preferences, judged) = (preferences(), examples()[..4].to_vec());
    let settings = Settings { held_out: 0.0, steps: 12, rate: 5e-3, ..settings() };
    let learn = |out: &Path, resume: bool, preferences: &[Preference], stop: Option<usize>| {
        let cancel = Cancel::default();
        let extras =
            Extras { resume, start: Some(&start), judged: &judged, preferences, ..Extras::default() };
        let task = Task::new(&cancel, &|_| {});
        train(&model("llama"), &examples()[4..], &settings, &extras, out, &task, &mut |told| {
            assert_eq!(told.preference.is_some(), !preferences.is_empty());
            if Some(told.step) == stop {
                cancel.cancel();
            }
        })
    };
    let gained = |folder: &Path| {
        let network = network("llama");
        let put = |folder: &Path| {
            let found = read(folder).unwrap();
            let how = (found.rank, found.alpha, 0.0);
            let adapters = Adapters::new(&network.sizes, &Projection::ALL, how, 1, &Device::Cpu).unwrap();
            found.put(&adapters).unwrap();
            adapters
        };
        let after = put(folder);
        let pairs = pairs(&network, &put(&start));
        pairs.iter().map(|pair| pair.margin(&network, &after).unwrap() - pair.reference).sum::<f64>()
    };
    let (with, without) = (home.path().join("with"), home.path().join("without"));
    let whole = learn(&with, false, &preferences, None).unwrap();
    learn(&without, false, &[], None).unwrap();
    assert!(gained(&with) > gained(&without) + 0.1, "{} and {}", gained(&with), gained(&without));
    // What is judged is what was given for it, and where it began is looked at first.
    assert_eq!((whole.examples, whole.held_out_examples, whole.losses[0].step), (20, 4, 0));
    let stopped = home.path().join("stopped");
    assert!(matches!(learn(&stopped, false, &preferences, Some(5)), Err(TuneError::Cancelled(_))));
    assert_eq!(learn(&stopped, true, &preferences, None).unwrap().sha256, whole.sha256);
    // Another start, or other pairs, are another training.
    assert!(matches!(learn(&stopped, false, &preferences, Some(5)), Err(TuneError::Cancelled(_))));
    let error = learn(&stopped, true, &[], None).unwrap_err().to_string();
    assert!(error.contains("another training"), "{error}");
}
