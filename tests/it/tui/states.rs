//! What stands on each screen where there is nothing to see: failed, empty, nothing matches, not yet.

use std::path::PathBuf;
use std::sync::Arc;

use perennial::config::Config;
use perennial::jobs::Failure;
use perennial::tui::work::{Outcome, Services, Work};

use super::harness::Harness;

/// All screens but Overview and Jobs, which have pictures of their own, at three sizes each.
fn pictures(mut harness: Harness, screens: &str) -> String {
    let mut out = String::new();
    for key in screens.split_whitespace() {
        harness = harness.keys(key);
        out.push_str(&format!("=== {key}\n{}", harness.screens()));
    }
    out
}

/// A dashboard on the public data set, everything loaded, with no model.
fn cdnow(folder: &std::path::Path) -> Harness {
    let mut config = Config::default();
    config.writing.model = "none".into();
    let mut harness = Harness::with(config, Services::default());
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-data/cdnow")];
    setup.folder = folder.into();
    harness.start()
}

#[test]
fn a_shop_that_could_not_be_read() {
    let harness = Harness::scripted(|work| match work {
        Work::Load { .. } => Some(Err(Failure::Failed(
            "orders.csv: the orders table needs a column ordered_at, and none was found.".into(),
        ))),
        Work::OpenModel { .. } => Some(Ok(Outcome::ModelOpened(None))),
        Work::LoadStrategies { .. } => Some(Ok(Outcome::StrategiesRead(Arc::new(Vec::new())))),
        Work::LoadQueue { .. } => {
            Some(Err(Failure::Failed("perennial.db is no database. Move it away; a new one is made.".into())))
        }
        _ => None,
    });
    let harness = harness.start().wait(std::time::Duration::from_secs(20));
    insta::assert_snapshot!(pictures(harness, "1 2 3 4 5 6 7 8 9"));
}

#[test]
fn before_anything_is_there() {
    let harness = Harness::scripted(|_| None).start().wait(std::time::Duration::from_secs(2));
    insta::assert_snapshot!(pictures(harness, "2 3 4 5 6 7 9"));
}

#[test]
fn customers_that_cannot_be_grouped() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(
        data.join("orders.csv"),
        "customer_id,ordered_at,amount\nc1,2025-01-02,10.00\nc2,2025-02-03,20.00\n",
    )
    .unwrap();
    let mut config = Config::default();
    config.writing.model = "none".into();
    let mut harness = Harness::with(config, Services::default());
    harness.app.shared.setup.sources = vec![data];
    harness.app.shared.setup.folder = folder.path().into();
    let harness = harness.start().wait(std::time::Duration::from_secs(20));
    insta::assert_snapshot!(pictures(harness, "2 3 4"));
}

#[test]
fn nothing_that_matches() {
    let folder = tempfile::tempdir().unwrap();
    let mut customers = cdnow(folder.path()).keys("3 /").types("zzzz");
    let mut palette = cdnow(folder.path()).keys(":").types("zzzz");
    insta::assert_snapshot!(format!("{}{}", customers.screens(), palette.screens()));
}

#[test]
fn a_mistake_being_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = cdnow(folder.path()).keys("4 e x");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn the_axes_of_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = cdnow(folder.path()).keys("2 a j tab j");
    let choice = harness.screens();
    let mut harness = harness.keys("enter tab tab");
    insta::assert_snapshot!(format!("{choice}{}", harness.screens()));
}

#[test]
fn a_strategy_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("strategies")).unwrap();
    std::fs::write(folder.path().join("strategies/broken.toml"), "name = \"Broken\"\nstage = \"later\"\n")
        .unwrap();
    let mut harness = cdnow(folder.path()).keys("4");
    insta::assert_snapshot!(harness.screens());
}
