//! Finds customers by what a person remembers of them.
//!
//! In: a few letters. Out: rows whose name, id or e-mail address has them in that order, with gaps or without.
//! The dashboard and the command find alike.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use rayon::prelude::*;

use crate::data::Customers;
use crate::jobs::{Cancelled, Task};

/// Customers between two looks at whether to stop.
const CHUNK: usize = 4_096;
/// A name counts a little more than an address with the same letters.
const NAME: u32 = 8;

/// How close a match is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    /// The letters are there, with gaps.
    Letters,
    /// The text is part of it.
    Part,
    /// It is the text.
    Whole,
}

/// Of these rows the ones that match: whole names, ids and addresses first, then those that hold the text as
/// it is, then the best of the others.
///
/// # Errors
/// Cancelled.
pub fn find(customers: &Customers, rows: &[u32], text: &str, task: &Task<'_>) -> Result<Vec<u32>, Cancelled> {
    let text = text.trim();
    let plain = text.to_lowercase();
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let chunks: Vec<Vec<(Closeness, u32, u32)>> = rows
        .par_chunks(CHUNK)
        .map(|chunk| {
            task.check()?;
            let mut matcher = Matcher::new(Config::DEFAULT);
            let mut buffer = Vec::new();
            let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
            let found = chunk.iter().filter_map(|&row| {
                let (name, id) = (customers.display_name(row as usize), customers.id(row as usize));
                let email = customers.text(row as usize, "email");
                let best =
                    score(&name).map(|score| score + NAME).max(score(id)).max(email.and_then(&mut score))?;
                let closeness = [Some(name.as_str()), Some(id), email].into_iter().flatten().map(|value| {
                    let value = value.to_lowercase();
                    if value == plain {
                        Closeness::Whole
                    } else if value.contains(&plain) {
                        Closeness::Part
                    } else {
                        Closeness::Letters
                    }
                });
                Some((closeness.max().unwrap_or(Closeness::Letters), best, row))
            });
            Ok(found.collect())
        })
        .collect::<Result<_, Cancelled>>()?;
    let mut found: Vec<(Closeness, u32, u32)> = chunks.into_iter().flatten().collect();
    found.par_sort_by_key(|&(closeness, score, row)| (Reverse(closeness), Reverse(score), row));
    Ok(found.into_iter().map(|(_, _, row)| row).collect())
}
