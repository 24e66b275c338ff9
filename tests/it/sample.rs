//! The sample shops: the synthetic one is what the command makes, and CDNOW is the published data set.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use perennial::config::DataConfig;
use perennial::data::sample::{self, Options, SampleError};
use perennial::data::{self, Table};
use perennial::features;
use perennial::jobs::unwatched;
use perennial::segments;

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

#[test]
fn the_report_finds_every_broken_row_and_no_other() {
    let shop = unwatched(|task| data::load(&[sample_data("shop")], &DataConfig::default(), task)).unwrap();
    let mut found: Vec<(Table, &str, u64)> = Vec::new();
    for table in &shop.report.tables {
        found.extend(table.set_aside.iter().map(|aside| (table.table, aside.reason, aside.rows)));
        let aside: u64 = table.set_aside.iter().map(|aside| aside.rows).sum();
        assert_eq!(table.rows_read, table.rows_kept + aside, "{}", table.file);
    }
    found.sort_unstable();
    let planted: Vec<_> =
        sample::broken_rows().iter().map(|count| (count.table, count.reason, count.rows)).collect();
    assert_eq!(found, planted);
    assert_eq!(shop.customers.len(), 3_000);
}

#[test]
fn cdnow_is_read_whole() {
    let shop = unwatched(|task| data::load(&[sample_data("cdnow")], &DataConfig::default(), task)).unwrap();
    let mut cents = 0;
    shop.each_order_line(&mut |_, line| {
        cents += line.amount;
        Ok(())
    })
    .unwrap();
    assert_eq!((shop.customers.len(), shop.order_line_count(), cents), (2_357, 6_919, 24_409_194));
    assert_eq!((shop.currency.as_str(), shop.orders_have_time), ("USD", false));
    assert_eq!((shop.first_day, shop.last_day), (date(1997, 1, 1), date(1998, 6, 30)));
}

/// The kinds are found by somebody who has only the files.
#[test]
fn the_planted_kinds_can_be_found() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.csv");
    let data = folder.path().join("data");
    make(&Options { truth: Some(truth.clone()), ..options(3_000, 25_000) }, &data);
    let (shop, segmentation) = unwatched(|task| {
        let shop = data::load(&[data], &DataConfig::default(), task).unwrap();
        let features = features::compute(&shop, None, task).unwrap();
        let options = segments::Options { k: Some(7), seed: 7, names: BTreeMap::new() };
        (shop, segments::segment(&features, &options, task).unwrap())
    });
    let (mut planted, mut found) = (Vec::new(), Vec::new());
    let mut numbers: BTreeMap<String, u8> = BTreeMap::new();
    for row in rows(&truth) {
        let next = numbers.len() as u8;
        let kind = *numbers.entry(row["kind"].clone()).or_insert(next);
        let customer = shop.customers.row_of(&row["customer_id"]).unwrap();
        if segmentation.is_clustered(customer) {
            planted.push(kind);
            found.push(segmentation.cluster_of(customer).unwrap() as u8);
        }
    }
    let agreement = segments::stability::adjusted_rand_index(&planted, &found);
    assert!(agreement > 0.6, "adjusted Rand index {agreement:.3}");
    assert!(agreement < 0.999, "the kinds are meant to be noisy");
}
