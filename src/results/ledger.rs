//! A ledger as a file: who was assigned to which arm.
//!
//! In: CSV with the columns `customer_id` and `arm`, and `segment` and `state` where they are known. Out: rows for
//! [`super::observe::observe`]. A customer who stands there twice is an error: nobody is of two arms.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::observe::{Coupon, SendRow};
use super::observed::State;

/// Why a ledger cannot be read: cause, place and remedy.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("{} cannot be read: {source}. Check the path, and that the file may be read.", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Bad(String),
}

/// A ledger as a file has it.
#[derive(Debug)]
pub struct Ledger {
    pub sends: Vec<SendRow>,
    /// Whether it says what became of the messages. Without that they are taken to have been accepted.
    pub says_state: bool,
}

/// Reads a ledger.
///
/// # Errors
/// The file cannot be read, lacks a column, or has a row without a customer, without an arm, or with a state that
/// there is not.
pub fn read(path: &Path) -> Result<Ledger, LedgerError> {
    let file =
        File::open(path).map_err(|source| LedgerError::Unreadable { path: path.to_owned(), source })?;
    rows(&path.display().to_string(), file)
}

fn rows(file: &str, content: impl Read) -> Result<Ledger, LedgerError> {
    let bad = |line: u64, what: String| LedgerError::Bad(format!("{file}, line {line}: {what}"));
    let broken =
        |error: csv::Error| bad(error.position().map_or(1, csv::Position::line), format!("{error}."));
    let mut reader = csv::Reader::from_reader(content);
    let header = reader.headers().map_err(broken)?.clone();
    let place = |wanted: &str| {
        header.iter().position(|name| name.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case(wanted))
    };
    let needed = |wanted: &str| {
        place(wanted).ok_or_else(|| {
            bad(1, format!("there is no column \"{wanted}\". A ledger begins with customer_id,arm; segment and state may follow."))
        })
    };
    let (customer, arm) = (needed("customer_id")?, needed("arm")?);
    let (segment, state) = (place("segment"), place("state"));
    let says_state = state.is_some();
    let mut sends: Vec<SendRow> = Vec::new();
    let mut seen = HashSet::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: usize| record.get(place).unwrap_or_default().trim();
        if cell(customer).is_empty() || cell(arm).is_empty() {
            return Err(bad(line, "a row needs a customer_id and an arm.".into()));
        }
        if !seen.insert(cell(customer).to_owned()) {
            return Err(bad(
                line,
                format!("customer \"{}\" stands here for the second time.", cell(customer)),
            ));
        }
        let state = match state.map(cell).filter(|state| !state.is_empty()) {
            Some(name) => State::named(name).ok_or_else(|| {
                bad(
                    line,
                    format!(
                        "column \"state\": \"{name}\" is none of holdout, intended, handing, accepted, failed, unknown, \
                         skipped, cancelled."
                    ),
                )
            })?,
            None if cell(arm) == super::observe::HOLDOUT => State::Holdout,
            None => State::Accepted,
        };
        sends.push(SendRow {
            id: sends.len() as i64,
            customer: cell(customer).to_owned(),
            segment: segment.map(cell).unwrap_or_default().to_owned(),
            arm: cell(arm).to_owned(),
            state,
            coupon: Coupon::None,
        });
    }
    if sends.is_empty() {
        return Err(bad(1, "there is no row below the header.".into()));
    }
    Ok(Ledger { sends, says_state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<SendRow>, String> {
        rows("ledger.csv", text.as_bytes()).map(|read| read.sends).map_err(|error| error.to_string())
    }

    #[test]
    fn two_columns_are_enough() {
        let sends = read("\u{feff}customer_id,arm\nc1,holdout\nc2,warm\n").unwrap();
        assert_eq!((sends[0].state, sends[1].state), (State::Holdout, State::Accepted));
        let sends = read("state,arm,customer_id,segment\nfailed,warm,c2,B\n").unwrap();
        assert_eq!((sends[0].state, sends[0].segment.as_str()), (State::Failed, "B"));
    }

    #[test]
    fn errors_name_the_line() {
        assert!(read("customer,arm\n").unwrap_err().contains("line 1: there is no column \"customer_id\""));
        assert!(
            read("customer_id,arm\nc1,a\nc1,b\n")
                .unwrap_err()
                .contains("line 3: customer \"c1\" stands here")
        );
        assert!(read("customer_id,arm\nc1,\n").unwrap_err().contains("line 2"));
        assert!(read("customer_id,arm,state\nc1,a,lost\n").unwrap_err().contains("\"lost\" is none of"));
        assert!(read("customer_id,arm\n").unwrap_err().contains("no row"));
        assert!(read("customer_id,arm\nc1,a,b\n").unwrap_err().contains("line 2"));
    }
}
