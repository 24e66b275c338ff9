//! What a person relies on when a shop's files are read.

mod forms;
mod hostile;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};

use perennial::config::DataConfig;
use perennial::data::{self, DataError, Shop, TableReport};
use perennial::jobs;

/// The day on which the tests take place.
fn today() -> jiff::civil::Date {
    jiff::civil::date(2025, 12, 1)
}

/// A folder with files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self) -> Result<Shop, DataError> {
        self.load_with(&DataConfig::default())
    }

    fn load_with(&self, settings: &DataConfig) -> Result<Shop, DataError> {
        read(&[self.path().to_path_buf()], settings)
    }
}

fn read(sources: &[PathBuf], settings: &DataConfig) -> Result<Shop, DataError> {
    jobs::unwatched(|task| data::load_on(sources, settings, today(), task))
}

fn load(files: &[(&str, &str)]) -> Shop {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    Folder::with(&files).load().unwrap()
}

/// What is said when the files cannot be read.
fn refusal(files: &[(&str, &[u8])]) -> String {
    match Folder::with(files).load() {
        Ok(shop) => panic!("was read: {:?}", shop.report),
        Err(error) => error.to_string(),
    }
}

/// The reasons of a table and how many rows each has.
fn reasons(table: &TableReport) -> Vec<(&'static str, u64)> {
    table.set_aside.iter().map(|reason| (reason.reason, reason.rows)).collect()
}

/// Every line of every order: id of the customer, time, amount, whether it is a return.
fn lines(shop: &Shop) -> Vec<(String, i64, i64, bool)> {
    (0..shop.customers.len())
        .flat_map(|row| {
            shop.customer_orders(row)
                .unwrap()
                .into_iter()
                .map(move |line| (shop.customers.id(row).to_owned(), line.at, line.amount, line.returned))
        })
        .collect()
}

fn codes(shop: &Shop) -> Vec<&'static str> {
    shop.report.findings.iter().map(|finding| finding.code).collect()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
