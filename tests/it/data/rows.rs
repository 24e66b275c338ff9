//! Every row is kept, or set aside for a reason that is told with its place.

use std::collections::BTreeMap;

use perennial::config::DataConfig;
use perennial::data::{NO_CURRENCY, Severity};
use proptest::prelude::*;

use super::{Folder, codes, lines, load, reasons};

#[test]
fn two_files_of_a_table_may_have_headers_of_their_own_under_a_mapping() {
    let files: [(&str, &[u8]); 2] = [
        ("orders_old.csv", b"customer_id,Tag,amount\n1,2025-01-01,5\n"),
        ("orders_new.csv", b"customer_id,ordered_at,amount\n1,2025-02-01,6\n"),
    ];
    let mapping = |source: &str| DataConfig {
        mapping: BTreeMap::from([(
            "orders".to_owned(),
            BTreeMap::from([("ordered_at".to_owned(), source.to_owned())]),
        )]),
        ..DataConfig::default()
    };
    let shop = Folder::with(&files).load_with(&mapping("Tag")).unwrap();
    assert_eq!(lines(&shop).into_iter().map(|line| line.2).collect::<Vec<_>>(), [500, 600]);
    let told = Folder::with(&files).load_with(&mapping("Tog")).unwrap_err().to_string();
    assert!(told.contains("no column \"Tog\""), "{told}");
}

#[test]
fn each_reason_is_counted_with_the_line_and_the_value() {
    let shop = load(&[
        (
            "customers.csv",
            "customer_id,created_at\n1,2025-01-01\n1,2025-01-02\n,2025-01-01\n2,\n3,2099-01-01\n4,soon\n",
        ),
        (
            "orders.csv",
            "order_id,customer_id,ordered_at,amount,quantity,status\n\
             1,1,2025-05-01,10.00,1,paid\n\
             2,,2025-05-01,10.00,1,paid\n\
             3,1,31/31/2025,10.00,1,paid\n\
             4,1,2025-05-01,1O.00,1,paid\n\
             5,1,2025-05-01,-10.00,1,paid\n\
             1,1,2025-05-02,10.00,1,paid\n\
             6,99,2025-05-01,10.00,1,paid\n\
             7,1,2025-12-02,10.00,1,paid\n\
             8,1,2025-05-01,10.00\n\
             9,1,2025-05-01,-4.00,1,refunded\n\
             10,1,2025-05-01,-5.00,-1,paid\n\
             11,2,2025-12-01,1.00,1,paid\n",
        ),
    ]);
    let [customers, orders] = shop.report.tables.as_slice() else { panic!("{:?}", shop.report.tables) };
    assert_eq!(reasons(customers), [("missing-key", 1), ("duplicate-id", 1), ("future-date", 1)]);
    assert_eq!((customers.rows_read, customers.rows_kept), (6, 3));
    assert!(codes(&shop).contains(&"unreadable-cells"), "the row with a bad date of creation is kept");
    assert_eq!(
        reasons(orders),
        [
            ("missing-key", 1),
            ("bad-date", 1),
            ("bad-number", 1),
            ("negative-amount", 1),
            ("duplicate-id", 1),
            ("unknown-customer", 1),
            ("future-date", 1),
            ("bad-row", 1),
        ]
    );
    assert_eq!((orders.rows_read, orders.rows_kept), (12, 4));
    let places: Vec<(&str, u64, &str)> = orders
        .set_aside
        .iter()
        .map(|reason| (reason.reason, reason.examples[0].line, reason.examples[0].value.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("missing-key", 3, "2,,2025-05-01,10.00,1,paid"),
            ("bad-date", 4, "31/31/2025"),
            ("bad-number", 5, "1O.00"),
            ("negative-amount", 6, "-10.00"),
            ("duplicate-id", 7, "1"),
            ("unknown-customer", 8, "99"),
            ("future-date", 9, "2025-12-02"),
            ("bad-row", 10, "8,1,2025-05-01,10.00"),
        ]
    );
    assert_eq!(shop.last_day.to_string(), "2025-12-01", "what is dated later does not move the last day");
}

#[test]
fn quoted_line_breaks_and_quotes_keep_cells_and_line_numbers_right() {
    let shop = load(&[
        (
            "customers.csv",
            "customer_id,first_name,note\r\n1,\"Anna \"\"Nan\"\" B\",\"two\r\nlines\"\r\n2,5\" Tom,x\r\n\r\n3,\"  Eve \",\"a,b\"\r\n\
             4,only\r\n",
        ),
        ("orders.csv", "customer_id,ordered_at,amount\n1,2025-01-01,1\n"),
    ]);
    let text = |row, column| shop.customers.text(row, column);
    assert_eq!(text(0, "first_name"), Some("Anna \"Nan\" B"));
    assert_eq!(text(0, "note"), Some("two\r\nlines"));
    assert_eq!(text(1, "first_name"), Some("5\" Tom"));
    assert_eq!(text(2, "first_name"), Some("Eve"));
    assert_eq!(text(2, "note"), Some("a,b"));
    let bad = &shop.report.tables[0].set_aside[0];
    assert_eq!((bad.reason, bad.examples[0].line), ("bad-row", 7));
}

#[test]
fn a_quote_that_is_never_closed_spoils_one_line() {
    let shop = load(&[
        ("customers.csv", "customer_id,first_name\n1,Anna\n2,\"Tom\n3,Eve\n4,Bob\n"),
        ("orders.csv", "customer_id,ordered_at,amount\n1,2025-01-01,1\n"),
    ]);
    let customers = &shop.report.tables[0];
    assert_eq!((customers.rows_read, customers.rows_kept), (4, 3));
    assert_eq!(customers.set_aside[0].examples[0].line, 3);
}

#[test]
fn returns_count_once_however_the_shop_writes_them() {
    // A row for the refund, with a new order id, with the order's own, and a mark on the order.
    for orders in [
        "1,a,2025-05-01,50.00,paid\n2,a,2025-05-09,-50.00,refunded\n",
        "1,a,2025-05-01,50.00,paid\n1,a,2025-05-09,-50.00,refunded\n",
        "1,a,2025-05-01,50.00,paid\n1,a,2025-05-09,50.00,returned\n",
        "1,a,2025-05-01,50.00,已退款\n",
    ] {
        let shop =
            load(&[("orders.csv", &format!("order_id,customer_id,ordered_at,amount,status\n{orders}"))]);
        let lines = lines(&shop);
        let bought: Vec<i64> = lines.iter().filter(|line| !line.3).map(|line| line.2).collect();
        let returned: Vec<i64> = lines.iter().filter(|line| line.3).map(|line| line.2).collect();
        assert_eq!((bought, returned), (vec![5000], vec![-5000]), "{orders}");
    }
}

#[test]
fn cancelled_orders_are_read_but_are_no_purchases() {
    let shop = load(&[(
        "orders.csv",
        "order_id,customer_id,ordered_at,amount,status\n1,a,2025-05-01,50.00,paid\n2,a,2025-05-02,9.00,Cancelled\n3,a,2025-05-02,9.00,已取消\n",
    )]);
    assert_eq!(lines(&shop).len(), 1);
    assert_eq!(shop.report.tables[0].rows_kept, 3);
    assert!(codes(&shop).contains(&"cancelled-orders"));
}

#[test]
fn customers_are_derived_from_the_orders_where_there_is_no_table_of_them() {
    let shop = load(&[(
        "orders.csv",
        "customer_id,ordered_at,amount\nz,2025-05-01,1\na,2025-05-01,2\nz,2025-05-02,3\n",
    )]);
    assert_eq!((0..shop.customers.len()).map(|row| shop.customers.id(row)).collect::<Vec<_>>(), ["z", "a"]);
    assert!(codes(&shop).contains(&"customers-derived"));
    assert!(codes(&shop).contains(&"no-order-ids"));
}

#[test]
fn what_is_typed_in_place_of_an_amount_is_no_currency() {
    for junk in ["abc", "nil", "inf", "yes", "TBD", "abc 5", "try"] {
        for (sign, currency) in [("", NO_CURRENCY), ("€", "EUR")] {
            let mut orders = "order_id,customer_id,ordered_at,amount\n".to_owned();
            for order in 1..10 {
                orders.push_str(&format!("{order},a,2025-05-01,{sign}{order}.50\n"));
            }
            let shop = load(&[("orders.csv", &format!("{orders}10,a,2025-05-01,{junk}\n"))]);
            assert_eq!(shop.currency, currency, "{junk}");
            assert!(!shop.report.findings.iter().any(|it| it.code == "mixed-currencies"), "{junk}");
        }
    }
}

#[test]
fn files_without_a_row_have_no_days() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.csv"), "order_id,customer_id,ordered_at,amount\n").unwrap();
    let check = |more: &[&str]| {
        let mut command = crate::program::perennial(home.path());
        let out = command.args(["check", "--data", "orders.csv"]).args(more).output().unwrap();
        crate::program::text(&out.stdout)
    };
    assert!(check(&[]).contains("0 customers, no orders or events, amounts in"), "{}", check(&[]));
    let document: serde_json::Value = serde_json::from_str(&check(&["--json"])).unwrap();
    assert!(document["first_day"].is_null() && document["last_day"].is_null(), "{document}");
}

#[test]
fn several_currencies_stop_a_check() {
    let shop = load(&[(
        "orders.csv",
        "order_id,customer_id,ordered_at,amount,currency\n1,a,2025-05-01,1,EUR\n2,a,2025-05-01,1,EUR\n3,a,2025-05-01,1,USD\n",
    )]);
    let finding = shop.report.findings.iter().find(|finding| finding.code == "mixed-currencies").unwrap();
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.contains("EUR 67 %"), "{}", finding.message);
    assert_eq!(shop.currency, "EUR");
}

#[test]
fn the_settings_override_what_is_recognised() {
    let files: [(&str, &[u8]); 1] =
        [("export.csv", b"who,id,when,total,net\n1,9,2025-05-01,12.00,10.00\n2,8,2025-05-02,24.00,20.00\n")];
    let mapping = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(column, source)| ((*column).to_owned(), (*source).to_owned())).collect()
    };
    let settings = DataConfig {
        tables: [("export.csv".to_owned(), "orders".to_owned())].into(),
        mapping: [(
            "orders".to_owned(),
            mapping(&[("customer_id", "who"), ("ordered_at", "when"), ("amount", "net")]),
        )]
        .into(),
        currency: Some("CHF".into()),
        ..DataConfig::default()
    };
    let shop = Folder::with(&files).load_with(&settings).unwrap();
    assert_eq!(lines(&shop).iter().map(|line| line.2).collect::<Vec<_>>(), [1000, 2000]);
    assert_eq!(shop.currency, "CHF");
    let wrong = |settings: &DataConfig| Folder::with(&files).load_with(settings).unwrap_err().to_string();
    let mut typo = settings.clone();
    typo.mapping.insert("orders".into(), mapping(&[("orderd_at", "when")]));
    assert!(wrong(&typo).contains("did you mean \"ordered_at\"?"), "{}", wrong(&typo));
    typo.mapping.insert("orders".into(), mapping(&[("ordered_at", "whem")]));
    assert!(wrong(&typo).contains("did you mean \"when\"?"), "{}", wrong(&typo));
    typo.tables.insert("export.csv".into(), "ordres".into());
    assert!(wrong(&typo).contains("did you mean \"orders\"?"), "{}", wrong(&typo));
}

/// A cell that may or may not be what its column wants.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]{1,3}",
        3 => "2025-0[1-9]-[0-3][0-9]",
        2 => "-?[0-9]{1,3}[.,][0-9]{2}",
        1 => Just(String::new()),
        1 => "[ -~]{0,12}",
        1 => "[a-z\"\n\r,;€¥ ]{0,8}",
        1 => Just("refunded".to_owned()),
        1 => Just("2099-01-01".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_record_is_kept_or_set_aside(
        customers in proptest::collection::vec((cell(), cell(), cell()), 0..20),
        orders in proptest::collection::vec((cell(), cell(), cell(), cell(), cell()), 1..40),
        gzip in any::<bool>(),
    ) {
        // Cells are quoted as RFC 4180 asks, so that each record is one.
        let mut people = csv::Writer::from_writer(Vec::new());
        people.write_record(["customer_id", "first_name", "created_at"]).unwrap();
        for (a, b, c) in &customers {
            people.write_record([a, b, c]).unwrap();
        }
        let mut sales = csv::Writer::from_writer(Vec::new());
        sales.write_record(["order_id", "customer_id", "ordered_at", "amount", "status"]).unwrap();
        for (a, b, c, d, e) in &orders {
            sales.write_record([a, b, c, d, e]).unwrap();
        }
        let sales = sales.into_inner().unwrap();
        let sales = if gzip { super::gzipped(&sales) } else { sales };
        let shop = Folder::with(&[("customers.csv", &people.into_inner().unwrap()), ("orders.csv", &sales)]).load().unwrap();
        for table in &shop.report.tables {
            let aside: u64 = table.set_aside.iter().map(|reason| reason.rows).sum();
            prop_assert_eq!(table.rows_read, table.rows_kept + aside);
            let written = if table.table == perennial::data::Table::Orders { orders.len() } else { customers.len() };
            prop_assert_eq!(table.rows_read, written as u64, "{:?}", table);
        }
        let kept = shop.report.tables.iter().find(|table| table.table == perennial::data::Table::Orders).unwrap().rows_kept;
        prop_assert!(lines(&shop).len() as u64 <= 2 * kept);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'\n'), Just(b'"'), 32u8..127], 0..600),
        ending in prop_oneof![Just("csv"), Just("ndjson"), Just("parquet"), Just("csv.gz")],
    ) {
        let _ = Folder::with(&[(&format!("orders.{ending}"), &bytes)]).load();
        let mut headed = b"order_id,customer_id,ordered_at,amount\n".to_vec();
        headed.extend_from_slice(&bytes);
        let _ = Folder::with(&[("orders.csv", &headed)]).load();
        let mut parquet = b"PAR1".to_vec();
        parquet.extend_from_slice(&bytes);
        parquet.extend_from_slice(b"PAR1");
        let _ = Folder::with(&[("orders.parquet", &parquet)]).load();
    }
}
