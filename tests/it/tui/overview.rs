//! Overview and what opens from it.

use std::sync::Arc;

use jiff::civil::date;
use perennial::config::Config;
use perennial::data::{
    DataReport, Example, FileOutline, Finding, MappedColumn, SetAside, Severity, SourceColumn, Table,
    TableReport,
};
use perennial::jobs::Failure;
use perennial::tui::app::Load;
use perennial::tui::event::Effect;
use perennial::tui::summary::{Month, Summary};
use perennial::tui::work::{Outcome, Services, Work};

use super::harness::Harness;

fn mapped(column: &str, source: Option<&str>, confidence: f64) -> MappedColumn {
    MappedColumn { column: column.into(), source: source.map(Into::into), confidence }
}

pub fn report() -> DataReport {
    let example = |line, value: &str| Example { file: "orders.csv".into(), line, value: value.into() };
    DataReport {
        ambiguous_date: None,
        tables: vec![
            TableReport {
                table: Table::Customers,
                file: "customers.csv".into(),
                rows_read: 3_004,
                rows_kept: 3_004,
                set_aside: vec![],
                later_days: std::collections::BTreeMap::new(),
                mapping: vec![mapped("customer_id", Some("id"), 1.0), mapped("email", None, 0.0)],
            },
            TableReport {
                table: Table::Orders,
                file: "orders.csv".into(),
                rows_read: 25_037,
                rows_kept: 25_002,
                set_aside: vec![
                    SetAside {
                        reason: "bad-date",
                        rows: 23,
                        examples: vec![example(17, "31/31/2024"), example(420, "\u{1b}[2Jsoon")],
                    },
                    SetAside { reason: "unknown-customer", rows: 12, examples: vec![example(99, "C-9999")] },
                ],
                later_days: std::collections::BTreeMap::new(),
                mapping: vec![
                    mapped("customer_id", Some("Kunde"), 0.95),
                    mapped("ordered_at", Some("Datum"), 0.6),
                    mapped("amount", Some("Betrag"), 0.9),
                ],
            },
        ],
        findings: vec![Finding {
            severity: Severity::Warning,
            code: "few-emails",
            message: "Only 41 % of the customers have an e-mail address.".into(),
            remedy: "Add the column email to customers.csv, or write for SMS.".into(),
        }],
    }
}

pub fn summary() -> Summary {
    let months = (0..24)
        .map(|index| Month {
            month: date(2023, 11, 1).checked_add(jiff::Span::new().months(index)).unwrap(),
            orders: 800 + 40 * (index as u64 % 12),
            revenue: 4_000_000 + 350_000 * (index % 12),
        })
        .collect();
    Summary {
        customers: 3_004,
        orders: 25_002,
        products: Some(150),
        events: None,
        revenue: 142_000_050,
        currency: "EUR".into(),
        currency_digits: 2,
        first_day: date(2023, 11, 1),
        last_day: date(2025, 10, 31),
        months,
        report: report(),
    }
}

/// A dashboard whose shop has been read and summed up; later jobs are held.
fn ready() -> Harness {
    let mut harness = Harness::scripted(|work| match work {
        Work::OpenModel { .. } => Some(Ok(Outcome::ModelOpened(None))),
        Work::SaveData { change, .. } => Some(Ok(Outcome::DataSaved(change.clone()))),
        Work::InspectFiles { .. } => Some(Ok(Outcome::FilesInspected(Arc::new(outlines())))),
        _ => None,
    })
    .start();
    harness.app.shared.summary = Load::Ready(Arc::new(summary()));
    harness
}

#[test]
fn a_shop_without_a_name_of_its_own_is_told_where_to_set_it() {
    let mut harness = ready();
    let settings = std::path::Path::new("shop/perennial.toml");
    harness.app.shared.setup.unnamed_brand = Config::default().brand.of_another_shop().unnamed(settings);
    let screen = harness.screen(160, 60);
    assert!(screen.contains("Messages are signed \"our shop\""), "{screen}");
    assert!(screen.contains("under [brand] in shop/perennial.toml"), "{screen}");
}

#[test]
fn it_shows_the_shop_its_health_and_what_next() {
    insta::assert_snapshot!(ready().wait(std::time::Duration::from_secs(20)).screens());
}

#[test]
fn while_the_files_are_read_it_says_so_with_progress() {
    let mut harness = Harness::scripted(|_| None)
        .start()
        .progress(0, "reading orders.csv", 40, Some(100))
        .wait(std::time::Duration::from_secs(2))
        .progress(0, "reading orders.csv", 60, Some(100));
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn a_shop_that_cannot_be_read_says_what_to_do() {
    let mut harness = Harness::scripted(|work| match work {
        Work::Load { .. } => {
            Some(Err(Failure::Failed("No table was found in /nowhere/data. Put orders.csv there.".into())))
        }
        _ => Some(Ok(Outcome::ModelOpened(None))),
    })
    .start();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("could not be read"), "{screen}");
    assert!(screen.contains("Put orders.csv there"), "{screen}");
}

#[test]
fn the_rows_set_aside_are_one_key_away_with_file_and_line() {
    let mut harness = ready().keys("a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("orders.csv:17") && screen.contains("31/31/2024"), "{screen}");
    assert!(screen.contains("␛[2Jsoon"), "an escape sequence in the data is shown, not obeyed: {screen}");
    insta::assert_snapshot!(harness.screens());
    let screen = harness.keys("esc").screen(120, 40);
    assert!(!screen.contains("orders.csv:17"));
}

/// What the files are taken for: in the orders, the date is missing.
fn outlines() -> Vec<FileOutline> {
    let outline = |file: &str, table, columns: &[(&str, &str)], mapping| FileOutline {
        file: file.into(),
        table: Some(table),
        columns: columns
            .iter()
            .map(|(name, example)| SourceColumn { name: (*name).into(), example: (*example).into() })
            .collect(),
        mapping,
        required: vec!["customer_id".into(), "ordered_at".into()],
        missing: vec![],
        problem: None,
    };
    vec![
        outline(
            "customers.csv",
            Table::Customers,
            &[("id", "17")],
            vec![mapped("customer_id", Some("id"), 1.0)],
        ),
        outline(
            "orders.csv",
            Table::Orders,
            &[("Kunde", "17"), ("Datum", "01.11.2025"), ("Betrag", "12,50"), ("Notiz", "eilig")],
            report().tables[1].mapping.clone(),
        ),
    ]
}

#[test]
fn a_column_is_chosen_from_those_of_the_file_and_the_files_are_read_again() {
    // The orders' columns are the last eleven rows, and the date is the second of them.
    let mut harness = ready().keys("m G k k k k k k k k k enter");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Which column of orders.csv is ordered_at?"), "{screen}");
    assert!(screen.contains("● found automatically") && screen.contains("01.11.2025"), "{screen}");
    assert!(!screen.contains("none of them"), "an order has a date: {screen}");
    let mut harness = harness.keys("j j enter");
    assert_eq!(harness.app.shared.setup.config.data.mapping["orders"]["ordered_at"], "Datum");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("Saved in perennial.toml") && screen.contains("by you"), "{screen}");
    assert!(matches!(harness.app.shared.shop, Load::Loading(_)), "the files are read again");
    let mut harness = harness.keys("enter");
    assert!(harness.screen(120, 40).contains("● Datum"), "what is in force is marked");
}

#[test]
fn columns_and_their_choices_are_shown_at_every_size() {
    let mut harness = ready().keys("m");
    let list = harness.screens();
    let mut harness = harness.keys("j j j j j enter");
    insta::assert_snapshot!(format!("{list}{}", harness.screens()));
}

#[test]
fn a_column_is_chosen_with_the_mouse_and_one_that_is_not_there_is_said_to_be_so() {
    let size = (120, 40);
    let harness = ready().keys("m").click_on(size, "coupon_code").click_on(size, "coupon_code");
    let harness = harness.click_on(size, "Notiz").click_on(size, "Notiz");
    let mapping = |harness: &Harness| harness.app.shared.setup.config.data.mapping["orders"].clone();
    assert_eq!(mapping(&harness)["coupon_code"], "Notiz");
    let harness = harness.click_on(size, "coupon_code").click_on(size, "none of them").keys("enter");
    assert_eq!(mapping(&harness)["coupon_code"], "");
    let harness = harness.click_on(size, "coupon_code").click_on(size, "found automatically").keys("enter");
    assert!(!mapping(&harness).contains_key("coupon_code"));
}

/// The dashboard on files, with the real work and no model.
fn on_files(files: &[(&str, &str)]) -> (tempfile::TempDir, Harness) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for (name, content) in files {
        std::fs::write(data.join(name), content).unwrap();
    }
    let mut config = Config::default();
    config.writing.model = "none".into();
    let mut harness = Harness::with(config, Services::default());
    harness.app.shared.setup.sources = vec![data];
    harness.app.shared.setup.folder = folder.path().into();
    (folder, harness)
}

const TWO_DATES: &str = "customer_id,entered,paid,amount\n\
    c1,2025-01-02,2025-01-03,10.00\nc2,2025-02-03,2025-02-05,20.00\n";

#[test]
fn a_shop_that_lacks_a_column_is_mended_by_choosing_one() {
    let (folder, harness) = on_files(&[("orders.csv", TWO_DATES)]);
    let mut harness = harness.start();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("could not be read") && screen.contains("m mapping"), "{screen}");
    let mut harness = harness.keys("m");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("✗ needed") && screen.contains("One column is not right"), "{screen}");
    let mut harness = harness.keys("j j enter").keys("j j j enter esc");
    assert!(harness.app.shared.summary.ready().is_some(), "{}", harness.screen(80, 24));
    assert_eq!(harness.app.shared.shop.ready().unwrap().first_day, date(2025, 1, 3));
    let settings = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
    assert!(settings.contains("[data.mapping.orders]\nordered_at = \"paid\""), "{settings}");
}

#[test]
fn a_mapping_that_no_file_has_is_mended_where_it_is_shown() {
    let (_folder, mut harness) = on_files(&[("orders.csv", TWO_DATES)]);
    let mapping = &mut harness.app.shared.setup.config.data.mapping;
    mapping.entry("orders".into()).or_default().insert("ordered_at".into(), "Datum".into());
    let mut harness = harness.start().keys("m");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Datum") && screen.contains("✗ no such"), "{screen}");
    let harness = harness.keys("j j enter").keys("j j enter");
    assert!(harness.app.shared.shop.ready().is_some());
}

#[test]
fn a_file_that_is_taken_for_no_table_is_given_one() {
    let (folder, harness) = on_files(&[("2025.csv", "who,one,other,sum\nc1,2025-01-02,2025-01-03,10.00\n")]);
    let mut harness = harness.start().keys("m");
    assert!(harness.screen(80, 24).contains("- no table"), "{}", harness.screen(80, 24));
    // The third answer is orders; then its columns can be chosen: the customer, the date and the amount.
    let mut harness = harness.keys("enter j j enter");
    assert!(harness.screen(80, 24).contains("✗ needed"), "{}", harness.screen(80, 24));
    let harness = harness.keys("j enter j enter j enter j j enter");
    assert!(harness.app.shared.shop.ready().is_some());
    let settings = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
    assert!(settings.contains("\"2025.csv\" = \"orders\""), "{settings}");
}

#[test]
fn a_folder_without_files_says_so_in_the_mapping_too() {
    let (_folder, harness) = on_files(&[]);
    let mut harness = harness.start().keys("m");
    assert!(harness.screen(80, 24).contains("The files cannot be looked at"), "{}", harness.screen(80, 24));
}

#[test]
fn whether_the_day_or_the_month_comes_first_is_asked_where_nothing_says() {
    let orders = "customer_id,ordered_at,amount\nc1,01/02/2025,10.00\nc2,03/04/2025,20.00\n";
    let (folder, harness) = on_files(&[("orders.csv", orders)]);
    let mut harness = harness.start();
    let screen = harness.screen(80, 24);
    assert!(screen.contains("▸ d · Say which comes first in 01/02/2025, the day or the month"), "{screen}");
    let mut harness = harness.keys("enter");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("01/02/2025"), "{screen}");
    assert!(screen.contains("1 February 2025") && screen.contains("2 January 2025"), "{screen}");
    let mut harness = harness.keys("j enter");
    assert_eq!(harness.app.shared.shop.ready().unwrap().first_day, date(2025, 1, 2));
    assert!(!harness.screen(80, 24).contains("Say which"), "it is asked once");
    let settings = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
    assert!(settings.contains("date-order = \"month-first\""), "{settings}");
}

#[test]
fn a_next_step_goes_to_its_screen_by_key_and_by_mouse() {
    let mut harness = ready().keys("j enter");
    assert!(harness.screen(120, 40).contains("[2 Segments]"));
    let mut harness = ready().click_on((120, 40), "Find a customer").click_on((120, 40), "Find a customer");
    assert!(harness.screen(120, 40).contains("[3 Customers]"));
}

#[test]
fn the_place_of_a_bad_row_can_be_copied() {
    let harness = ready().keys("a y");
    assert!(matches!(harness.effects.last(), Some(Effect::Copy(text)) if text == "orders.csv:17"));
}
