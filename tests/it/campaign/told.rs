//! Orders that the shop tells of as they come in, beside those in its files.

use serde_json::Value;

use super::project::{Project, mail_server};
use super::sink::{Answer, Sink};

/// Conversions and revenue of all arms together.
fn sums(results: &Value) -> (u64, f64) {
    let arms = results["arms"].as_array().unwrap();
    (
        arms.iter().map(|arm| arm["conversions"].as_u64().unwrap()).sum(),
        arms.iter().map(|arm| arm["revenue"].as_f64().unwrap()).sum(),
    )
}

fn figure(results: &Value, code: &str) -> Value {
    let caveats = results["caveats"].as_array().unwrap();
    caveats
        .iter()
        .find(|caveat| caveat["code"] == code)
        .map_or(Value::Null, |caveat| caveat["figure"].clone())
}

#[test]
fn an_order_that_was_told_of_counts_once_until_the_files_have_it_and_then_by_them() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 2));
    project.plan("spring", "");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    assert_eq!(sums(&project.json(&["results", "spring"])), (0, 0.0));

    let told = "kind,id,customer,order_id,amount,currency\n\
                order,e1,C00001,W1,25.00,EUR\n\
                order,e2,C00001,W1,25.00,EUR\n\
                order,e3,C00002,W2,10.00,EUR\n\
                order,e4,C00003,W3,10.00,USD\n\
                order,e5,C00004,W4,,EUR\n\
                order,e6,C00005,O5-0,99.00,EUR\n";
    std::fs::write(project.path().join("told.csv"), told).unwrap();
    project.run(&["feedback", "import", "told.csv"]).assert().success();
    let results = project.json(&["results", "spring"]);
    // The files have O5-0, long before the launch; USD and no amount wait for the files.
    assert_eq!(sums(&results), (2, 35.0));
    assert_eq!((figure(&results, "told-orders"), figure(&results, "told-left-out")), (2.into(), 2.into()));
    let orders: u64 =
        results["arms"].as_array().unwrap().iter().map(|arm| arm["orders"].as_u64().unwrap()).sum();
    assert_eq!(orders, 2);

    let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let later = format!(
        "order_id,customer_id,ordered_at,amount,currency\nW1,C00001,{today},30.00,EUR\nW3,C00003,{today},9.00,EUR\n"
    );
    std::fs::write(project.path().join("data/orders-later.csv"), later).unwrap();
    let results = project.json(&["results", "spring"]);
    // W1 and W3 as the files have them, W2 still as it was told.
    assert_eq!(sums(&results), (3, 49.0));
    assert_eq!((figure(&results, "told-orders"), figure(&results, "told-left-out")), (1.into(), 1.into()));

    // Of whoever is erased nothing counts any more, and the results say why an arm is smaller.
    project.run(&["customer", "erase", "C00002", "--yes"]).output().unwrap();
    let results = project.json(&["results", "spring"]);
    assert_eq!(sums(&results), (2, 39.0));
    assert_eq!((figure(&results, "erased"), figure(&results, "unknown-customers")), (1.into(), Value::Null));
}

#[test]
fn orders_that_were_set_aside_as_dated_in_the_future_are_said_to_be_and_count_when_asked_for() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 2));
    project.plan("spring", "");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let day = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let later = day.saturating_add(jiff::Span::new().days(20));
    let rows = format!(
        "order_id,customer_id,ordered_at,amount,currency\nW1,C00001,{later},30.00,EUR\nW2,C00002,{later},9.00,EUR\n"
    );
    std::fs::write(project.path().join("data/orders-later.csv"), rows).unwrap();
    let results = project.json(&["results", "spring"]);
    assert_eq!((figure(&results, "later-orders"), sums(&results)), (2.into(), (0, 0.0)));
    let told = project.run(&["results", "spring"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains("2 rows of the orders are dated in the future") && told.contains("--as-of"),
        "{told}"
    );

    let results = project.json(&["results", "spring", "--as-of", &later.to_string()]);
    assert_eq!((figure(&results, "later-orders"), sums(&results).0), (Value::Null, 2));
}
