//! Settings as a person gives them: files that are right, files that are wrong, and which source wins.

use std::fs;
use std::path::Path;

use perennial::config::{Config, Layers, Origin, SAMPLE, keys};
use predicates::prelude::PredicateBooleanExt as _;

use crate::program::{perennial, text};

fn read(source: &str) -> Result<Config, String> {
    let mut layers = Layers::with_defaults();
    layers.add_text(source, Path::new("perennial.toml")).map_err(|error| error.to_string())?;
    layers.finish().map(|settings| settings.config().clone()).map_err(|error| error.to_string())
}

#[test]
fn the_sample_is_exactly_the_defaults() {
    assert_eq!(read(SAMPLE).unwrap(), Config::default());
}

/// Lines of the sample that are settings, or would be without their `# `.
fn sample_with_everything_switched_on() -> String {
    let is_setting = |line: &str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        line.starts_with('[') && line.ends_with(']')
            || line.contains(" = ")
                && (name.starts_with('"')
                    || name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)))
    };
    let switched = SAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(setting) if is_setting(setting) => setting,
        _ => line,
    });
    switched.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_setting_is_in_the_sample_and_its_examples_are_valid() {
    let everything = sample_with_everything_switched_on();
    read(&everything).unwrap_or_else(|error| panic!("{error}\n{everything}"));
    let everything_set = toml::Value::Table(everything.parse().unwrap());
    for key in keys() {
        let found = key.path.split('.').try_fold(&everything_set, |value, step| value.get(step));
        assert!(found.is_some(), "{} is not in assets/default.toml", key.path);
    }
}

#[test]
fn every_setting_says_what_it_means() {
    for key in keys() {
        assert!(key.meaning.len() > 10, "{} has no doc comment", key.path);
    }
}

#[test]
fn valid_files_are_read() {
    let mut names = Vec::new();
    for entry in fs::read_dir("tests/it/configs/valid").unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let config = read(&source).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        insta::assert_debug_snapshot!(format!("valid_{}", names.last().unwrap()), config);
    }
    assert!(names.len() >= 3, "{names:?}");
}

#[test]
fn invalid_files_say_where_and_what_to_do() {
    let mut told = Vec::new();
    for entry in fs::read_dir("tests/it/configs/invalid").unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let mut layers = Layers::with_defaults();
        let error = match String::from_utf8(bytes) {
            Ok(source) => layers.add_text(&source, Path::new(path.file_name().unwrap())),
            Err(_) => layers.add_file(&path),
        };
        let Err(error) = error else { panic!("{} is let through", path.display()) };
        told.push(error.to_string());
    }
    told.sort();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_flag_beats_the_environment_beats_the_project_beats_the_user_beats_the_default() {
    let home = tempfile::tempdir().unwrap();
    let user = home.path().join(".config/perennial");
    fs::create_dir_all(&user).unwrap();
    fs::write(user.join("config.toml"), "[segments]\nseed = 2\n[writing]\nseed = 2\n[tui]\nmouse = false\n")
        .unwrap();
    fs::write(home.path().join("perennial.toml"), "[segments]\nseed = 3\n[writing]\nseed = 3\n").unwrap();
    let out = perennial(home.path())
        .args(["config", "print", "--json", "--set", "segments.k=4"])
        .env("PERENNIAL_SEGMENTS_SEED", "5")
        .env("PERENNIAL_SEGMENTS_K", "6")
        .env("XDG_CONFIG_HOME", home.path().join(".config"))
        .assert()
        .code(0);
    let document: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    let of = |key: &str| {
        let found =
            document["settings"].as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap();
        (found["value"].clone(), found["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(of("segments.k"), (4.into(), "--set segments.k=4".into()));
    assert_eq!(of("segments.seed"), (5.into(), "environment variable PERENNIAL_SEGMENTS_SEED".into()));
    assert_eq!(of("writing.seed").0, 3);
    assert!(of("writing.seed").1.ends_with("perennial.toml:4"));
    assert_eq!(of("tui.mouse").0, false);
    assert!(of("tui.mouse").1.ends_with("config.toml:6"));
    assert_eq!(of("writing.variants"), (5.into(), "default".into()));
}

#[test]
fn what_print_says_is_a_file_that_means_the_same() {
    let home = tempfile::tempdir().unwrap();
    let out = perennial(home.path())
        .args(["config", "print", "--set", "brand.name=Tea & Co", "--set", "brand.banned-words=cheap, free"])
        .assert()
        .code(0);
    let printed = read(&text(&out.get_output().stdout)).unwrap();
    assert_eq!(printed.brand.name, "Tea & Co");
    assert_eq!(printed.brand.banned_words, ["cheap", "free"]);
    assert_eq!(printed.writing, Config::default().writing);
}

#[test]
fn a_wrong_file_stops_every_command_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("perennial.toml"), "[segments]\n\nsede = 3\n").unwrap();
    let mistake = "perennial.toml:3: there is no setting `sede` in [segments]. Did you mean `seed`?";
    let told = predicates::str::contains(mistake);
    perennial(home.path()).args(["check"]).assert().code(1).stdout("").stderr(told.clone());
    // Whoever asks what is wrong is told this, and all the rest.
    let whole =
        told.and(predicates::str::contains("PROBLEM settings")).and(predicates::str::contains("terminal"));
    perennial(home.path()).args(["doctor"]).assert().code(3).stdout(whole);
}

#[test]
fn words_outside_a_file_need_no_quotation_marks() {
    let mut layers = Layers::with_defaults();
    layers.add_flag("tui.mouse=off").unwrap();
    layers.add_flag("data.sources=a.csv, b.csv").unwrap();
    layers.add_flag("segments.names.A=Our regulars").unwrap();
    let settings = layers.finish().unwrap();
    assert!(!settings.config().tui.mouse);
    assert_eq!(settings.config().data.sources, [Path::new("a.csv"), Path::new("b.csv")]);
    assert_eq!(settings.config().segments.names["A"], "Our regulars");
    assert_eq!(settings.origin_of("tui.mouse"), Origin::Flag("--set tui.mouse=off".into()));
}

#[test]
fn files_of_secrets_stand_beside_the_settings_that_name_them_and_secrets_are_no_settings() {
    let mut layers = Layers::with_defaults();
    let source = "[sending.email]\npassword-file = \"smtp.password\"\nca-file = \"/etc/authority.pem\"\n\
                  dkim-key-file = \"~/dkim.pem\"\n[sending.push]\nsecret-file = \"push.key\"\n";
    layers.add_text(source, Path::new("/shop/perennial.toml")).unwrap();
    let secrets = ["PERENNIAL_SMTP_PASSWORD", "PERENNIAL_SMS_KEY", "PERENNIAL_PUSH_KEY"];
    layers.add_environment(secrets.map(|name| (name.into(), "hush".into())).into_iter()).unwrap();
    let settings = layers.finish().unwrap();
    let sending = &settings.config().sending;
    let is = |file: Option<&Path>, wanted: &str| assert_eq!(file, Some(Path::new(wanted)));
    is(sending.email.password_file.as_deref(), "/shop/smtp.password");
    is(sending.email.ca_file.as_deref(), "/etc/authority.pem");
    is(sending.email.dkim_key_file.as_deref(), "~/dkim.pem");
    is(sending.push.secret_file.as_deref(), "/shop/push.key");
    assert!(!format!("{settings:?}").contains("hush"));
}

#[test]
fn wrong_variables_and_flags_are_told_like_wrong_files() {
    let told = |result: Result<(), perennial::config::ConfigError>| result.unwrap_err().to_string();
    let variable = |name: &str, value: &str| {
        told(Layers::with_defaults().add_environment([(name.into(), value.into())].into_iter()))
    };
    let flag = |words: &str| told(Layers::with_defaults().add_flag(words));
    let all = [
        variable("PERENNIAL_SEGMENTS_SEDE", "3"),
        variable("PERENNIAL_SEGMNTS_K", "3"),
        variable("PERENNIAL_SEGMENTS_K", "many"),
        variable("PERENNIAL_TUI_THEME", "drak"),
        flag("segments.k"),
        flag("segments.k=99"),
        flag("segment.k=5"),
        flag("data.as-of=yesterday"),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn the_schema_describes_every_setting() {
    let home = tempfile::tempdir().unwrap();
    let out = perennial(home.path()).args(["config", "schema"]).assert().code(0);
    let schema: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    for key in keys() {
        let mut at = &schema;
        for step in key.path.split('.') {
            at = &at["properties"][step];
        }
        assert!(at["description"].is_string(), "{} is not in the schema", key.path);
    }
}
