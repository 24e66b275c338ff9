//! The sample shops: the synthetic one is what the command makes, and CDNOW is the published data set.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use perennial::data::sample::{self, Options, SampleError};
use perennial::jobs::unwatched;

fn sample_data(shop: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data").join(shop)
}

fn options(customers: u32, orders: u64) -> Options {
    Options { customers, orders, seed: 7, clean: false, truth: None, overwrite: false }
}

fn make(options: &Options, folder: &Path) -> sample::Summary {
    unwatched(|task| sample::write(options, folder, task)).unwrap()
}

fn rows(file: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(file).unwrap().deserialize().map(Result::unwrap).collect()
}

const FILES: [&str; 4] = ["customers.csv", "orders.csv", "products.csv", "events.csv"];

#[test]
fn the_committed_shop_is_what_the_command_makes() {
    let folder = tempfile::tempdir().unwrap();
    make(&options(3_000, 25_000), folder.path());
    for file in FILES {
        let made = fs::read(folder.path().join(file)).unwrap();
        let committed = fs::read(sample_data("shop").join(file)).unwrap();
        // Not `assert_eq`: nobody reads two megabytes of difference.
        assert!(
            made == committed,
            "sample-data/shop/{file} differs; make it again with \
             `perennial sample --customers 3000 --orders 25000 --seed 7 --force --out sample-data/shop`"
        );
    }
}

#[test]
fn the_readme_counts_what_is_there() {
    let readme = fs::read_to_string(sample_data("shop").join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let summary = make(&options(3_000, 25_000), folder.path());
    for file in &summary.files {
        let name = file.file.file_name().unwrap().to_str().unwrap();
        let line = format!("| `{name}` | {} |", file.rows);
        assert!(readme.contains(&line), "sample-data/shop/README.md lacks {line:?}");
    }
    for count in sample::broken_rows() {
        let table = serde_json::to_value(count.table).unwrap();
        let line = format!("| {} | `{}` | {} |", table.as_str().unwrap(), count.reason, count.rows);
        assert!(readme.contains(&line), "sample-data/shop/README.md lacks {line:?}");
    }
}

#[test]
fn neither_threads_nor_the_broken_rows_change_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let five = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
    let shop = options(1_100, 6_000);
    one.install(|| make(&shop, &folder.path().join("one")));
    five.install(|| make(&shop, &folder.path().join("five")));
    five.install(|| make(&Options { clean: true, ..shop.clone() }, &folder.path().join("clean")));
    for file in FILES {
        let one = fs::read_to_string(folder.path().join("one").join(file)).unwrap();
        assert_eq!(one, fs::read_to_string(folder.path().join("five").join(file)).unwrap(), "{file}");
        let clean = fs::read_to_string(folder.path().join("clean").join(file)).unwrap();
        let table = match file {
            "customers.csv" => "customers",
            "orders.csv" => "orders",
            "products.csv" => "products",
            _ => "events",
        };
        let broken: u64 = sample::broken_rows()
            .iter()
            .filter(|count| serde_json::to_value(count.table).unwrap() == table)
            .map(|count| count.rows)
            .sum();
        assert_eq!(one.lines().count() as u64, clean.lines().count() as u64 + broken, "{file}");
        let all: BTreeSet<&str> = one.lines().collect();
        assert!(clean.lines().all(|line| all.contains(line)), "{file}");
    }
    let other = folder.path().join("other");
    make(&Options { seed: 8, ..shop }, &other);
    let orders = |name: &str| fs::read(folder.path().join(name).join("orders.csv")).unwrap();
    assert_ne!(orders("one"), orders("other"));
}

#[test]
fn the_orders_are_as_many_as_asked_for_and_their_amounts_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.csv");
    let shop = Options { clean: true, truth: Some(truth.clone()), ..options(1_000, 8_300) };
    make(&shop, folder.path());

    let customers = rows(&folder.path().join("customers.csv"));
    let ids: BTreeSet<&str> = customers.iter().map(|row| row["customer_id"].as_str()).collect();
    assert_eq!(ids.len(), 1_000);
    assert_eq!(rows(&folder.path().join("products.csv")).len(), 150);

    let cents = |text: &str| (text.parse::<f64>().unwrap() * 100.0).round() as i64;
    let mut orders: BTreeMap<String, String> = BTreeMap::new();
    for line in rows(&folder.path().join("orders.csv")) {
        let quantity: i64 = line["quantity"].parse().unwrap();
        let gross = quantity * cents(&line["unit_price"]);
        assert_eq!(cents(&line["amount"]), gross - cents(&line["discount"]), "{line:?}");
        assert_eq!(quantity < 0, line["status"] == "returned", "{line:?}");
        let day = &line["ordered_at"][..10];
        assert!(("2023-11-01"..="2025-10-31").contains(&day), "{line:?}");
        assert!(ids.contains(line["customer_id"].as_str()), "{line:?}");
        if line["status"] != "returned" {
            orders.insert(line["order_id"].clone(), line["customer_id"].clone());
        }
    }
    assert_eq!(orders.len(), 8_300);

    let kinds: HashMap<String, String> =
        rows(&truth).into_iter().map(|row| (row["customer_id"].clone(), row["kind"].clone())).collect();
    assert_eq!(kinds.len(), 1_000);
    assert!(orders.values().all(|customer| kinds[customer] != "browser"));
}

#[test]
fn the_people_are_nobody_and_write_in_two_scripts() {
    let folder = tempfile::tempdir().unwrap();
    make(&Options { clean: true, ..options(2_000, 2_000) }, folder.path());
    let customers = rows(&folder.path().join("customers.csv"));
    let mut chinese = 0;
    for customer in &customers {
        let email = &customer["email"];
        let nobody = ["@example.com", "@example.org", "@example.net"];
        assert!(email.is_empty() || nobody.iter().any(|domain| email.ends_with(domain)), "{email}");
        assert!(email.is_ascii(), "{email}");
        let name = format!("{}{}", customer["last_name"], customer["first_name"]);
        chinese += usize::from(name.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)));
    }
    let share = chinese as f64 / customers.len() as f64;
    assert!((0.25..0.45).contains(&share), "{share}");
    for column in ["email", "phone", "language", "time_zone", "birth_date", "first_name", "email_consent"] {
        let missing = customers.iter().filter(|customer| customer[column].is_empty()).count();
        assert!(missing > 0 && missing < customers.len() / 2, "{missing} have no {column}");
    }
}

#[test]
fn files_that_are_there_are_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.csv"), "mine").unwrap();
    let shop = options(10, 20);
    let refused = unwatched(|task| sample::write(&shop, folder.path(), task));
    assert!(matches!(refused, Err(SampleError::Exists(file)) if file.ends_with("orders.csv")));
    assert_eq!(fs::read_to_string(folder.path().join("orders.csv")).unwrap(), "mine");
    make(&Options { overwrite: true, ..shop }, folder.path());
    assert!(fs::read_to_string(folder.path().join("orders.csv")).unwrap().starts_with("order_id,"));
}

#[test]
fn cdnow_is_the_published_sample() {
    let orders = rows(&sample_data("cdnow").join("orders.csv"));
    let customers: BTreeSet<&str> = orders.iter().map(|row| row["customer_id"].as_str()).collect();
    let cents: i64 = orders.iter().map(|row| row["amount"].replace('.', "").parse::<i64>().unwrap()).sum();
    let days: BTreeSet<&str> = orders.iter().map(|row| row["ordered_at"].as_str()).collect();
    assert_eq!((orders.len(), customers.len(), cents), (6_919, 2_357, 24_409_194));
    assert_eq!((days.first(), days.last()), (Some(&"1997-01-01"), Some(&"1998-06-30")));
}
