//! Files that cannot be read say why, where, and what to do.

use std::fs;

use perennial::config::DataConfig;
use perennial::data::Table;
use polars::prelude::{Column, DataFrame, ParquetWriter};

use super::{Folder, gzipped, lines, read, refusal};

const ORDERS: &[u8] = b"customer_id,ordered_at,amount\n1,2025-01-01,1\n2,2025-01-02,2\n";

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "\"{word}\" is not in: {message}");
    }
}

#[test]
fn a_missing_column_names_the_columns_there_are_and_the_nearest() {
    let message = refusal(&[("orders.csv", b"customer_id,order_dat,betrag,foo\n1,x,3,4\n")]);
    says(
        &message,
        &[
            "orders.csv",
            "ordered_at",
            "nearest is \"order_dat\"",
            "customer_id, order_dat, betrag, foo",
            "[data.mapping.orders]",
        ],
    );
    let message = refusal(&[("orders.csv", b"customer_id,ordered_at,quantity\n1,2025-01-01,3\n")]);
    says(&message, &["amount (or quantity and unit_price)"]);
}

#[test]
fn nothing_to_read_is_said_in_so_many_words() {
    says(&refusal(&[("orders.csv", b"")]), &["orders.csv is empty", "Export"]);
    says(&refusal(&[("orders.csv", b"\n \n\n")]), &["orders.csv", "blank lines"]);
    says(&refusal(&[("orders.csv.gz", &gzipped(b""))]), &["empty"]);
    says(&refusal(&[]), &["No table was found", "--data"]);
    says(
        &refusal(&[("README.md", b"hello"), ("notes.txt", b"nothing here")]),
        &["None of the files", "notes.txt"],
    );
    says(&refusal(&[("sheet.xlsx", b"PK\x03\x04....")]), &["sheet.xlsx", "CSV"]);
    let nowhere = read(&["/nowhere/at/all".into()], &DataConfig::default()).unwrap_err().to_string();
    says(&nowhere, &["/nowhere/at/all does not exist"]);
}

#[test]
fn a_folder_in_place_of_a_file_is_looked_into() {
    let folder = Folder::with(&[]);
    fs::create_dir(folder.path().join("orders.csv")).unwrap();
    let message = folder.load().unwrap_err().to_string();
    says(&message, &["No table was found"]);
    fs::write(folder.path().join("orders.csv").join("part-1.csv"), ORDERS).unwrap();
    assert_eq!(folder.load().unwrap().customers.len(), 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_opened() {
    let folder = Folder::with(&[("orders.csv", ORDERS)]);
    let pipe = folder.path().join("customers.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for place in [pipe, "/dev/null".into()] {
        let named = place.display().to_string();
        let message = read(&[place], &DataConfig::default()).unwrap_err().to_string();
        says(&message, &[&named, "pipe, device or socket", "to a file"]);
    }
    let shop = folder.load().unwrap();
    assert_eq!(shop.customers.len(), 2);
    let told = shop.report.findings.iter().find(|finding| finding.code == "file-not-read").unwrap();
    says(&told.message, &["customers.csv", "pipe"]);
}

#[test]
fn broken_containers_are_named() {
    let mut rows = ORDERS.to_vec();
    for customer in 0..50_000u32 {
        rows.extend_from_slice(
            format!("{},2025-01-01,{}\n", customer.wrapping_mul(2_654_435_761) % 99_991, customer % 97)
                .as_bytes(),
        );
    }
    let whole = gzipped(&rows);
    says(
        &refusal(&[("orders.csv.gz", &whole[..whole.len() / 2])]),
        &["orders.csv.gz", "gzip", "Copy or export"],
    );
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].fill(0x55);
    says(&refusal(&[("orders.csv.gz", &flipped)]), &["orders.csv.gz", "gzip"]);

    let mut parquet = Vec::new();
    let ids: Vec<i64> = (0..5000).collect();
    let mut frame = DataFrame::new_infer_height(vec![
        Column::new("customer_id".into(), &ids),
        Column::new("ordered_at".into(), vec!["2025-01-01"; ids.len()]),
        Column::new("amount".into(), &ids),
    ])
    .unwrap();
    ParquetWriter::new(&mut parquet).finish(&mut frame).unwrap();
    says(&refusal(&[("orders.parquet", &parquet[..parquet.len() / 2])]), &["orders.parquet", "Parquet"]);
    let mut flipped = parquet.clone();
    let at = flipped.len() / 3;
    flipped[at..at + 200].fill(0xAA);
    // What is damaged may be a value: then rows are set aside or read, but nothing panics.
    let _ = Folder::with(&[("orders.parquet", &flipped)]).load();
    let at = parquet.len() - 60;
    let mut flipped = parquet;
    flipped[at..at + 40].fill(0xAA);
    says(&refusal(&[("orders.parquet", &flipped)]), &["orders.parquet", "Parquet"]);
}

#[test]
fn binary_data_is_no_table() {
    let junk: Vec<u8> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    says(&refusal(&[("orders.csv", &junk)]), &["orders.csv", "binary"]);
    let folder = Folder::with(&[("orders.csv", &junk)]);
    let message = read(&[folder.path().join("orders.csv")], &DataConfig::default()).unwrap_err().to_string();
    says(&message, &["orders.csv", "binary"]);
}

#[test]
fn a_control_character_costs_its_cell_and_not_the_file() {
    let mut orders = ORDERS.to_vec();
    orders.extend_from_slice(b"3,2025-01-03,7\x000\n4,2025-01-03,8\n");
    let customers = b"customer_id,first_name\n1,An\x01na\n2,Ben\n4,Cai\n";
    let shop = Folder::with(&[("orders.csv", &orders), ("customers.csv", customers)]).load().unwrap();
    let aside = &shop.report.tables.iter().find(|table| table.table == Table::Orders).unwrap().set_aside;
    assert!(aside.iter().any(|aside| aside.examples.iter().any(|example| example.line == 4)), "{aside:?}");
    assert!(lines(&shop).iter().any(|line| line.0 == "4"));
    assert_eq!(shop.customers.len(), 3);
}

#[test]
fn an_endless_line_is_refused_before_it_fills_the_memory() {
    let mut long = ORDERS.to_vec();
    long.extend_from_slice(b"3,2025-01-03,");
    long.resize(long.len() + (20 << 20), b'7');
    says(&refusal(&[("orders.csv", &long)]), &["orders.csv", "line 4", "8 MB"]);
    let mut open = ORDERS.to_vec();
    open.extend_from_slice(b"3,2025-01-03,\"");
    for _ in 0..2_000_000 {
        open.extend_from_slice(b"1,2025-01\n");
    }
    says(&refusal(&[("orders.csv", &open)]), &["orders.csv", "line 4", "quote"]);
    let mut json =
        b"{\"customer_id\":1,\"ordered_at\":\"2025-01-01\",\"amount\":1}\n{\"customer_id\":\"".to_vec();
    json.resize(json.len() + (20 << 20), b'x');
    says(&refusal(&[("orders.ndjson", &json)]), &["orders.ndjson", "line 2"]);
}

#[test]
fn bad_settings_name_the_key_and_the_choices() {
    let folder = Folder::with(&[("orders.csv", ORDERS)]);
    let with = |settings: DataConfig| folder.load_with(&settings).unwrap_err().to_string();
    says(
        &with(DataConfig { date_order: Some("dmy".into()), ..DataConfig::default() }),
        &["date-order", "day-first", "month-first"],
    );
    says(&with(DataConfig { currency: Some("euro".into()), ..DataConfig::default() }), &["currency", "EUR"]);
}
