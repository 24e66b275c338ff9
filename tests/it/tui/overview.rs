//! Overview and what opens from it.

use std::sync::Arc;

use jiff::civil::date;
use perennial::data::{DataReport, Example, Finding, MappedColumn, SetAside, Severity, Table, TableReport};
use perennial::jobs::Failure;
use perennial::tui::app::Load;
use perennial::tui::event::Effect;
use perennial::tui::summary::{Month, Summary};
use perennial::tui::work::{Outcome, Work};

use super::harness::Harness;

fn mapped(column: &str, source: Option<&str>, confidence: f64) -> MappedColumn {
    MappedColumn { column: column.into(), source: source.map(Into::into), confidence }
}

pub fn report() -> DataReport {
    let example = |line, value: &str| Example { file: "orders.csv".into(), line, value: value.into() };
    DataReport {
        tables: vec![
            TableReport {
                table: Table::Customers,
                file: "customers.csv".into(),
                rows_read: 3_004,
                rows_kept: 3_004,
                set_aside: vec![],
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
        Work::SaveMapping { .. } => Some(Ok(Outcome::MappingSaved(perennial::config::DataConfig::default()))),
        _ => None,
    })
    .start();
    harness.app.shared.summary = Load::Ready(Arc::new(summary()));
    harness
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

#[test]
fn a_column_can_be_mapped_by_hand_and_the_files_are_read_again() {
    let mut harness = ready().keys("m j j j enter ctrl-u").types("Bestelldatum");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("ordered_at in the file: Bestelldatum"), "{screen}");
    let mut harness = harness.keys("enter");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("The mapping is saved"), "{screen}");
    assert!(matches!(harness.app.shared.shop, Load::Loading(_)), "the files are read again");
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
