//! A training that was stopped: it goes on as if it had not been, or says why it cannot.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use perennial::jobs::{Cancel, Task};
use perennial::tuning::train::Extras;
use perennial::tuning::{Settings, TuneError, adapter, checkpoint, train};
use perennial::writing::adapter::WEIGHTS;

use super::{examples, model, run, settings, train_with, whole};

/// Trains until `steps` are done and stops there.
fn stopped(steps: usize, out: &Path) {
    let cancel = Cancel::default();
    let mut last = 0;
    let error = run(&settings(), false, out, &cancel, &mut |told| {
        last = told.step;
        if told.step == steps {
            cancel.cancel();
        }
    });
    assert!(matches!(error, Err(TuneError::Cancelled(_))), "{error:?}");
    assert_eq!(last, steps);
}

#[test]
fn a_training_that_was_cancelled_goes_on_as_if_it_had_not() {
    let home = tempfile::tempdir().unwrap();
    let wanted = whole(&settings(), &home.path().join("whole"));
    // Between two looks, right after one, and before the last step.
    for steps in [1, 4, 6, 8] {
        let out = home.path().join(format!("stopped-{steps}"));
        stopped(steps, &out);
        assert!(!out.join(WEIGHTS).exists());
        let found = run(&settings(), true, &out, &Cancel::default(), &mut |_| {}).unwrap();
        assert_eq!(found.sha256, wanted.sha256, "stopped after {steps} steps");
        assert_eq!(found.losses, wanted.losses);
    }
}

#[test]
fn a_training_that_was_killed_goes_on_from_its_last_checkpoint() {
    // The last checkpoint is that of the look after step 4; or, where they are written as often as can be, of step 7.
    for (checkpoint_every, goes_on_with) in [(None, 5), (Some(Duration::ZERO), 8)] {
        let home = tempfile::tempdir().unwrap();
        let (out, killed) = (home.path().join("whole"), home.path().join("killed"));
        fs::create_dir(&killed).unwrap();
        let extras = Extras { checkpoint_every, ..Extras::default() };
        let wanted = train_with(&settings(), &extras, &out, &Cancel::default(), &mut |told| {
            if told.step == 7 {
                // What a kill would leave: the last checkpoint, and the next one half written beside it.
                let bytes = fs::read(checkpoint::path(&out)).unwrap();
                fs::write(checkpoint::path(&killed), &bytes).unwrap();
                fs::write(adapter::part_of(&checkpoint::path(&killed)), &bytes[..bytes.len() / 2]).unwrap();
            }
        });
        let mut first = None;
        let found = run(&settings(), true, &killed, &Cancel::default(), &mut |told| {
            first.get_or_insert(told.step);
        });
        assert_eq!(first, Some(goes_on_with));
        assert_eq!(found.unwrap().sha256, wanted.unwrap().sha256);
    }
}

#[test]
fn checkpoints_that_are_cut_missing_or_of_another_training_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("voice");
    let said = |settings: &Settings| {
        run(settings, true, &out, &Cancel::default(), &mut |_| {}).unwrap_err().to_string()
    };
    let error = said(&settings());
    assert!(error.contains("checkpoint.safetensors is not there") && error.contains("--resume"), "{error}");
    stopped(5, &out);
    let error = said(&Settings { rank: 8, ..settings() });
    assert!(error.contains("of another training (its rank was 4)"), "{error}");
    let other = train(
        &model("llama-pieces"),
        &examples(),
        &settings(),
        &Extras { resume: true, ..Extras::default() },
        &out,
        &Task::new(&Cancel::default(), &|_| {}),
        &mut |_| {},
    );
    assert!(other.unwrap_err().to_string().contains("its model is another file"));
    let mut fewer = examples();
    fewer.pop();
    let other = train(
        &model("llama"),
        &fewer,
        &settings(),
        &Extras { resume: true, ..Extras::default() },
        &out,
        &Task::new(&Cancel::default(), &|_| {}),
        &mut |_| {},
    );
    assert!(other.unwrap_err().to_string().contains("its examples were others"));
    let bytes = fs::read(checkpoint::path(&out)).unwrap();
    for part in (0..12).map(|part| bytes.len() * part / 12).chain([bytes.len() - 1]) {
        fs::write(checkpoint::path(&out), &bytes[..part]).unwrap();
        let error = said(&settings());
        assert!(error.contains("checkpoint.safetensors") && error.contains("without --resume"), "{error}");
    }
    // Whole again, it still serves.
    fs::write(checkpoint::path(&out), &bytes).unwrap();
    run(&settings(), true, &out, &Cancel::default(), &mut |_| {}).unwrap();
}

#[test]
fn a_training_that_is_killed_while_it_writes_checkpoints_ends_with_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("examples.jsonl");
    let lines: Vec<String> =
        examples().iter().map(|example| serde_json::to_string(example).unwrap()).collect();
    fs::write(&file, lines.join("\n")).unwrap();
    let tune = |out: &Path, resume: bool| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("perennial"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PERENNIAL_") || name.starts_with("XDG_")) {
                command.env_remove(name);
            }
        }
        command.current_dir(home.path()).env("HOME", home.path()).arg("--model").arg(model("llama"));
        command.args(["--quiet", "tune", "--rank", "4", "--steps", "30", "--patience", "0"]);
        command.args(["--evaluate-every", "1", "--examples"]).arg(&file).arg("--out").arg(out);
        command.args(resume.then_some("--resume")).stdout(Stdio::null());
        command
    };
    let (whole, out) = (home.path().join("whole"), home.path().join("killed"));
    assert!(tune(&whole, false).status().unwrap().success());

    let part = adapter::part_of(&checkpoint::path(&out));
    let mut kills = 0;
    while !out.join(WEIGHTS).exists() {
        let begun = SystemTime::now();
        let mut child = tune(&out, checkpoint::path(&out).exists()).spawn().unwrap();
        // Killed as soon as the next checkpoint lies half written beside the last, eight times at most.
        let half_written =
            || fs::metadata(&part).and_then(|part| part.modified()).is_ok_and(|written| written > begun);
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if kills < 8 && half_written() {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_micros(100));
        };
        if let Some(status) = ended {
            assert!(status.success());
            continue;
        }
        kills += 1;
        if checkpoint::path(&out).exists() {
            let refused = tune(&out, false).stderr(Stdio::null()).status().unwrap();
            assert_eq!(refused.code(), Some(1), "nothing is written over what was stopped");
        }
    }
    assert!(kills > 0);
    assert!(fs::read(whole.join(WEIGHTS)).unwrap() == fs::read(out.join(WEIGHTS)).unwrap());
}
