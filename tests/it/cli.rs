//! The frame of the command line: exit statuses, and what goes to stdout and what to stderr.

use clap::CommandFactory as _;
use perennial::cli::Cli;
use predicates::prelude::*;

use crate::program::{perennial, text};

/// The names of all commands.
fn commands() -> Vec<String> {
    let names: Vec<_> =
        Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    assert!(names.len() >= 10, "{names:?}");
    names
}

#[test]
fn help_names_every_command_and_goes_to_stdout() {
    let home = tempfile::tempdir().unwrap();
    let out = perennial(home.path()).arg("--help").assert().code(0).stderr("");
    let help = text(&out.get_output().stdout);
    for command in commands() {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in the help:\n{help}");
    }
}

#[test]
fn every_command_explains_itself() {
    let home = tempfile::tempdir().unwrap();
    for command in commands() {
        let out = perennial(home.path()).args([command.as_str(), "--help"]).assert().code(0).stderr("");
        let help = text(&out.get_output().stdout);
        let first = help.lines().next().unwrap_or_default();
        assert!(first.len() > 15, "{command} has no sentence about itself:\n{help}");
    }
}

#[test]
fn an_unknown_command_or_option_is_wrong_usage() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path()).args(["segments", "--nonsense"]).assert().code(2).stdout("");
    perennial(home.path())
        .args(["segmnts"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("Did you mean `perennial segments`?"));
}

#[test]
fn options_of_every_command_stand_before_it_or_after_it() {
    let home = tempfile::tempdir().unwrap();
    let orders = home.path().join("orders.csv");
    std::fs::write(&orders, "customer_id,ordered_at,amount\n1,2025-01-01,5\n2,2025-01-02,7\n").unwrap();
    let said =
        |words: &[&str]| text(&perennial(home.path()).args(words).assert().code(0).get_output().stdout);
    let after = said(&["check", "--data", "orders.csv", "--json"]);
    assert!(after.contains("\"customers\": 2"), "{after}");
    assert_eq!(said(&["--data", "orders.csv", "--json", "check"]), after);
    assert_eq!(said(&["--json", "-q", "check", "--data=orders.csv"]), after);
    let keys = said(&["keys", "--json"]);
    assert_eq!(said(&["--json", "keys"]), keys);
    assert_eq!(
        said(&["--set", "segments.k=5", "config", "print"]),
        said(&["config", "print", "--set", "segments.k=5"])
    );

    // Nothing that was given is passed over.
    perennial(home.path())
        .args(["--data", "orders.csv", "check", "--data", "more.csv"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("--data stands both before and after"));
    perennial(home.path())
        .args(["some-folder", "check"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("--workspace some-folder"));
    // Without a command they are the dashboard's.
    perennial(home.path())
        .args(["--data", "orders.csv", "--quiet"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("needs a terminal"));
}

#[test]
fn quiet_and_an_option_of_the_command_go_together() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path())
        .args(["-q", "segments", "--k", "4", "--assignments", "assignments.csv"])
        .assert()
        .code(0)
        .stderr("");
    let written = std::fs::read_to_string(home.path().join("assignments.csv")).unwrap();
    assert!(written.lines().next().is_some_and(|head| head.ends_with("customer_id,cluster")), "{written}");
}

#[test]
fn the_model_to_inspect_is_named_by_a_word_or_by_the_option() {
    let home = tempfile::tempdir().unwrap();
    for words in [
        &["model", "inspect", "none"][..],
        &["model", "inspect", "--model", "none"],
        &["--model", "none", "model", "bench"],
    ] {
        perennial(home.path())
            .args(words)
            .assert()
            .code(1)
            .stdout("")
            .stderr(predicate::str::contains("`none` means no model"));
    }
}

#[test]
fn a_workspace_that_is_not_there_is_an_error_that_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path())
        .args(["config", "print", "--workspace", "nowhere"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(predicate::str::contains("nowhere").and(predicate::str::contains("perennial init")));
}

#[test]
fn the_dashboard_without_a_terminal_names_the_command_to_use() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path()).assert().code(2).stdout("").stderr(
        predicate::str::contains("needs a terminal").and(predicate::str::contains("perennial run --out")),
    );
}

#[test]
fn data_that_is_not_there_is_named_in_the_error() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path())
        .args(["check", "--data", "missing-folder"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(predicate::str::contains("missing-folder").and(predicate::str::contains("--data")));
}

#[test]
fn an_error_with_json_leaves_stdout_empty() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path()).args(["check", "--json", "--data", "missing-folder"]).assert().code(1).stdout("");
    perennial(home.path())
        .args(["config", "print", "--json", "--set", "segments.k=99"])
        .assert()
        .code(2)
        .stdout("");
}

#[test]
fn json_is_one_document_with_a_schema_version() {
    let home = tempfile::tempdir().unwrap();
    for command in [
        &["config", "print"][..],
        &["config", "path"],
        &["config", "schema"],
        &["completions", "bash"],
        &["keys"],
        &["doctor"],
    ] {
        let out = perennial(home.path()).args(command).arg("--json").output().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|error| panic!("{command:?} prints no single document: {error}"));
        assert_eq!(document["schema"], 1, "{command:?}");
    }
}

#[test]
fn completions_exist_for_the_usual_shells() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        perennial(home.path())
            .args(["completions", shell])
            .assert()
            .code(0)
            .stderr("")
            .stdout(predicate::str::contains("segments").and(predicate::str::contains("workspace")));
    }
    perennial(home.path()).args(["completions", "tcsh"]).assert().code(2).stdout("");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("perennial"))
        .args(["completions", "zsh"])
        .env("HOME", home.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(text(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}
