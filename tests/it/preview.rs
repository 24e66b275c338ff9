//! `perennial preview` without a model: drafts and their checks, from the strategies' own texts.

use perennial::workspace::Workspace;

use crate::program::{perennial, text};

#[test]
fn five_drafts_from_facts_in_a_file() {
    let home = tempfile::tempdir().expect("a folder");
    let facts = home.path().join("facts.json");
    std::fs::write(&facts, r#"{"first_name": "Anna", "last_order_month": "March 2025"}"#).expect("written");
    let arguments = [
        "preview",
        "--strategy",
        "win-back-email-en",
        "--facts",
        "facts.json",
        "--model",
        "none",
        "-n",
        "5",
        "--seed",
        "3",
        "--send-on",
        "2025-11-03",
        "--json",
    ];
    let print = || text(&perennial(home.path()).args(arguments).assert().code(0).get_output().stdout);
    let first = print();
    assert_eq!(first, print(), "the same seed gives the same bytes");
    let document: serde_json::Value = serde_json::from_str(&first).expect("one JSON document");
    assert_eq!(document["schema"], 1);
    assert_eq!(document["passed"], 5);
    let drafts = document["drafts"].as_array().expect("drafts");
    let bodies: std::collections::BTreeSet<_> =
        drafts.iter().map(|draft| draft["text"]["body"].as_str()).collect();
    assert_eq!((drafts.len(), bodies.len()), (5, 5), "each draft is another text");
    for (number, draft) in drafts.iter().enumerate() {
        assert_eq!(draft["seed"], 3 + number);
        assert_eq!(draft["finish_reason"], "template");
        assert_eq!(draft["text"]["subject"], "15% off your next order, if you would like to come back");
        assert!(draft["text"]["body"].as_str().is_some_and(|body| body.contains("until 24 November")));
        assert!(
            draft["checks"].as_array().is_some_and(|checks| checks.iter().all(|check| check["ok"] == true))
        );
        assert_eq!(draft["fields"]["first_name"], "Anna");
        let claims = draft["claims"].as_array().expect("claims");
        let ends = claims.iter().find(|claim| claim["kind"] == "date" && claim["part"] == "body");
        assert!(
            claims.iter().any(|claim| claim["text"] == "24 November"
                && claim["verdict"] == "proved"
                && claim["source"] == "offer_ends"
                && claim["reason"].is_null()),
            "{claims:?}"
        );
        let (claim, body) = (ends.expect("a date"), draft["text"]["body"].as_str().expect("a body"));
        let (start, end) = (claim["start"].as_u64().expect("start"), claim["end"].as_u64().expect("end"));
        let taken: String = body.chars().skip(start as usize).take((end - start) as usize).collect();
        assert_eq!(taken, claim["text"].as_str().expect("text"));
        assert!(draft["model"]["name"].is_string() && draft["tokens"].is_u64());
    }
}

#[test]
fn a_draft_that_breaks_every_rule_stops_with_3() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("facts.json"), r#"{"first_name": "{first_name}"}"#).expect("written");
    let out = perennial(home.path())
        .args(["preview", "--strategy", "welcome-email-en", "--facts", "facts.json", "--model", "none"])
        .assert()
        .code(3);
    assert!(text(&out.get_output().stdout).contains("FAILS  unfilled-field"));
}

#[test]
fn data_that_the_users_settings_name_have_one_place_wherever_the_program_is_started() {
    let home = tempfile::tempdir().expect("a folder");
    let settings = home.path().join(".config/perennial");
    std::fs::create_dir_all(settings.join("shop")).expect("made");
    std::fs::create_dir(home.path().join("elsewhere")).expect("made");
    std::fs::write(settings.join("config.toml"), "[data]\nsources = [\"shop\"]\n").expect("written");
    let decisions = |folder: &str| {
        let mut command = perennial(home.path());
        command.current_dir(home.path().join(folder)).args(["doctor", "--model", "none"]);
        let page = text(&command.output().expect("it runs").stdout);
        page.lines().find(|line| line.contains("they will be kept in")).map(str::to_owned).expect(&page)
    };
    let kept = Workspace::kept_for(&[settings.join("shop")]).expect("a name");
    let name = kept.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(decisions(".").contains(name) && decisions("elsewhere").contains(name), "{}", decisions("."));
}

#[test]
fn mistakes_have_a_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("facts.json"), "[1]").expect("written");
    for (arguments, code, words) in [
        (
            &["--strategy", "winback-email-en", "--facts", "facts.json"][..],
            2,
            "Did you mean win-back-email-en?",
        ),
        (&["--strategy", "win-back-email-en", "--facts", "facts.json"], 1, "not a JSON object"),
        (&["--strategy", "win-back-email-en", "--facts", "none.json"], 1, "cannot be read"),
        (&["--strategy", "win-back-email-en"], 2, "--segment"),
        (&["--strategy", "nope", "--facts", "facts.json"], 2, "there is no strategy \"nope\". There are: "),
    ] {
        let out = perennial(home.path())
            .arg("preview")
            .args(arguments)
            .args(["--model", "none"])
            .assert()
            .code(code);
        let told = text(&out.get_output().stderr);
        assert!(told.contains(words), "{told}");
    }
}

/// What is told on stderr while a win-back e-mail is previewed.
fn told(more: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = perennial(home.path());
    command.args(["preview", "--strategy", "win-back-email-en", "--segment", "B", "--model", "none"]);
    text(&command.args(more).assert().code(0).get_output().stderr)
}

const SHOP: [&str; 2] = ["--data", concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/shop")];

#[test]
fn a_day_of_sending_that_is_over_is_told() {
    let past = ["--send-on", "2025-11-01"];
    assert!(told(&past).contains("Offers count from 2025-11-01, which is over."));
    for more in [&["--send-on", "2999-01-01"][..], &[&past[..], &["--quiet"]].concat(), &[]] {
        assert!(!told(more).contains("Offers count"), "{more:?}");
    }
}

#[test]
fn a_shop_whose_name_is_not_known_does_not_sign_with_the_samples() {
    let signed = "Messages are signed \"our shop\", as the shop's name is not known. Write name = ";
    assert!(told(&SHOP).contains(signed));
    assert!(!told(&[&SHOP[..], &["--set", "brand.name=Teehaus"]].concat()).contains("signed"));
    assert!(!told(&[]).contains("signed"), "the sample shop has that name");
}

#[test]
fn what_the_dashboard_saved_about_the_same_data_is_used_without_a_project() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("facts.json"), "{}").expect("written");
    let preview = |data: &[&str]| {
        let mut command = perennial(home.path());
        command.args(data).args(["preview", "--strategy", "mine", "--facts", "facts.json"]);
        command.args(["--model", "none", "--send-on", "2025-11-03"]);
        command
    };
    let source = std::fs::read_to_string("assets/strategies/welcome-email-en.toml").expect("shipped");
    let save = |folder: std::path::PathBuf| {
        Workspace::open(&folder).expect("a folder").save_strategy("mine", &source).expect("saved");
    };
    let state = home.path().join(".local/state/perennial");

    preview(&[]).assert().code(2);
    std::fs::create_dir_all(state.join("sample")).expect("made");
    save(state.join("sample"));
    preview(&[]).assert().code(0);

    std::fs::create_dir(home.path().join("shop")).expect("made");
    preview(&["--data", "shop"]).assert().code(2);
    let kept = Workspace::kept_for(&[home.path().join("shop")]).expect("a name");
    let kept = state.join(kept.file_name().expect("a name"));
    std::fs::create_dir_all(&kept).expect("made");
    save(kept);
    preview(&["--data", "shop"]).assert().code(0);
}

#[test]
fn the_brands_voice_is_in_the_prompt_and_its_banned_words_are_held_to() {
    let home = tempfile::tempdir().expect("a folder");
    perennial(home.path()).args(["init", "shop"]).assert().success();
    let file = home.path().join("shop/perennial.toml");
    let settings = std::fs::read_to_string(&file).expect("settings");
    let voice = "[voice]\ndo = [\"speak plainly\"]\ndont = [\"no jokes\"]\nbanned-words = [\"discover\"]\n\
                 preferred-words = [\"glad\"]\nexamples = [\"Good things last.\", \"好物长伴。\"]\n";
    let start = settings.find("[voice]").expect("a section");
    let end = start + settings[start..].find("\n[writing]").expect("the next section");
    std::fs::write(&file, settings.replace(&settings[start..end], voice)).expect("written");
    std::fs::write(home.path().join("facts.json"), "{\"shop_name\": \"Tea House\"}").expect("written");
    let output = perennial(home.path())
        .args(["--workspace", "shop", "preview", "--strategy", "win-back-sms-en", "--facts", "facts.json"])
        .args(["--model", "none", "-n", "5", "--json"])
        .assert()
        .get_output()
        .stdout
        .clone();
    let document: serde_json::Value = serde_json::from_str(&text(&output)).expect("one JSON document");
    let drafts = document["drafts"].as_array().expect("drafts");
    let prompt = drafts[0]["prompts"][0].as_str().expect("a prompt");
    for line in ["Do: speak plainly.\n", "Do not: no jokes.\n", "- Good things last.\n"] {
        assert!(prompt.contains(line), "{prompt}");
    }
    assert!(!prompt.contains("好物"), "only examples of the strategy's language: {prompt}");
    assert_eq!(drafts[0]["voice"]["preferred_words"][0], "glad");
    // One of the strategy's own texts says "discover".
    let banned = drafts.iter().filter(|draft| {
        let checks = draft["checks"].as_array().expect("checks");
        checks.iter().any(|check| check["rule"] == "banned-word" && check["ok"] == false)
    });
    assert_eq!(banned.count(), 1);
}
