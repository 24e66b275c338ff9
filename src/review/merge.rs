//! Merges approved copy for every customer who may have it.
//!
//! In: the shop, and copy (a strategy, the approved slot texts, the facts of the segment). Out: messages, and
//! for each copy how many customers got it and why the others did not. Nothing is written by a model here.
//!
//! A customer gets a copy who is in its segment, reads its language, has consented to its channel and has an
//! address there. Consent that the shop's files do not state is not given. Of several copies of one channel a
//! customer gets the one with the best fit. The rules are run on every message: what breaks one is held back.
//! Rows are merged in parallel, a batch at a time, and told in the order of the copies and of the shop's rows,
//! so that memory does not grow with the audience and the bytes do not depend on the number of threads.

mod audience;
mod message;

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::coupon::Recipient;
use super::decision::{Author, Seal};
use crate::data::{Channel, DataError, Hindrance, Shop, primary_language};
use crate::features::Features;
use crate::jobs::{Cancelled, Task};
use crate::profiles::ClusterProfile;
use crate::segments::Segmentation;
use crate::strategy::{CouponPolicy, Facts, Mailing, Purchases, Strategy};

pub use audience::{Audience, HeldBack};
use message::Merged;
pub use message::Merger;

/// Recipients merged at a time.
const BATCH: usize = 4_096;
/// Recipients that one thread merges in one go.
const CHUNK: usize = 64;
/// Recipients whose purchases are looked up in one reading of the orders, some 50 MB of them; of a copy with more all.
const READ: usize = 1 << 18;

/// What was approved for a segment.
#[derive(Clone, Debug)]
pub struct Copy {
    pub strategy: Strategy,
    /// Number of the cluster.
    pub cluster: usize,
    /// The approved texts.
    pub slots: Vec<String>,
    /// Facts that hold for the whole segment.
    pub facts: Facts,
    pub approval: Seal,
    pub approved_by: Author,
    /// Counted from 1.
    pub variant: usize,
    /// The draft's.
    pub seed: u64,
    /// How well the strategy fits the segment, 0..=1.
    pub fit: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("the outbox cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// Cause and remedy in words.
    #[error("{0}")]
    Template(String),
    /// The orders cannot be read: cause and remedy in words.
    #[error("{0}")]
    Orders(String),
}

impl From<DataError> for MergeError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            DataError::Unreadable(words) => Self::Orders(words),
        }
    }
}

/// Who gets which copy.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Customer rows of each copy.
    recipients: Vec<Vec<u32>>,
    audiences: Vec<Audience>,
}

impl Plan {
    /// Decides for every member of the copies' segments.
    ///
    /// # Errors
    /// Cancelled.
    pub fn new(
        shop: &Shop,
        segmentation: &Segmentation,
        copies: &[Copy],
        task: &Task<'_>,
    ) -> Result<Self, Cancelled> {
        let mut recipients = vec![Vec::new(); copies.len()];
        let languages: Vec<String> =
            copies.iter().map(|copy| primary_language(&copy.strategy.language)).collect();
        let mut audiences = vec![Audience::default(); copies.len()];
        // Copies by cluster and channel, the best fit first.
        let mut by_cluster = vec![Vec::new(); segmentation.clusters.len()];
        for (number, copy) in copies.iter().enumerate() {
            if let Some(list) = by_cluster.get_mut(copy.cluster) {
                list.push(number);
            }
        }
        for list in &mut by_cluster {
            list.sort_by(|&a: &usize, &b: &usize| {
                let (a, b) = (&copies[a], &copies[b]);
                b.fit.total_cmp(&a.fit).then_with(|| a.strategy.id.cmp(&b.strategy.id))
            });
        }
        for row in 0..shop.customers.len() {
            if row % 65_536 == 0 {
                task.check()?;
            }
            let Some(list) = segmentation.cluster_of(row).and_then(|cluster| by_cluster.get(cluster)) else {
                continue;
            };
            if list.is_empty() {
                continue;
            }
            let stated = shop.customers.stated_language(row).is_some();
            let mut served: Vec<Channel> = Vec::new();
            for &number in list {
                let strategy = &copies[number].strategy;
                let audience = &mut audiences[number];
                audience.members += 1;
                match shop.customers.hindrance(row, &languages[number], strategy.channel) {
                    Some(Hindrance::OtherLanguage) => audience.other_language += 1,
                    Some(Hindrance::NoLanguage) => audience.no_language += 1,
                    Some(Hindrance::NoConsent) => audience.no_consent += 1,
                    Some(Hindrance::NoAddress) => audience.no_address += 1,
                    None if served.contains(&strategy.channel) => audience.other_strategy += 1,
                    None => {
                        served.push(strategy.channel);
                        audience.language_assumed += usize::from(!stated);
                        recipients[number].push(row as u32);
                    }
                }
            }
        }
        Ok(Self { recipients, audiences })
    }

    /// The same without customers whom a campaign of the copy's strategy writes to or holds out: nobody gets a message twice, and who is to
    /// get none gets none. `taken` holds their ids by strategy.
    #[must_use]
    pub fn without_campaigns(
        mut self,
        shop: &Shop,
        copies: &[Copy],
        taken: &HashMap<String, HashSet<String>>,
    ) -> Self {
        for ((copy, rows), audience) in copies.iter().zip(&mut self.recipients).zip(&mut self.audiences) {
            let Some(customers) = taken.get(&copy.strategy.id) else { continue };
            let before = rows.len();
            rows.retain(|&row| !customers.contains(shop.customers.id(row as usize)));
            audience.in_campaign = before - rows.len();
        }
        self
    }

    /// Messages that will be merged, before the rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recipients.iter().map(Vec::len).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Customers to show drafts of this strategy with, at most `most`: those of the segment who could be sent the message,
/// the most typical first; where there are none, those who read its language; else the most typical ones.
#[must_use]
pub fn shown_customers(
    shop: &Shop,
    segmentation: &Segmentation,
    profile: &ClusterProfile,
    strategy: &Strategy,
    most: usize,
) -> Vec<usize> {
    let first = |suits: &dyn Fn(usize) -> bool| {
        let mut rows: Vec<usize> = Vec::with_capacity(most);
        let typical = profile.representatives.iter().copied();
        for row in typical.chain(segmentation.members(profile.cluster)) {
            if rows.len() >= most {
                break;
            }
            if !rows.contains(&row) && suits(row) {
                rows.push(row);
            }
        }
        rows
    };
    let language = primary_language(&strategy.language);
    let mut rows = first(&|row| shop.customers.hindrance(row, &language, strategy.channel).is_none());
    if rows.is_empty() {
        rows = first(&|row| shop.customers.language(row) == language);
    }
    if rows.is_empty() {
        rows = first(&|_| true);
    }
    rows
}

/// Where the messages go: one call for each batch, in order.
pub trait Outbox {
    /// Rows of the CSV file, without its header, and lines of JSON: `messages` of each.
    ///
    /// # Errors
    /// It cannot be kept.
    fn batch(&mut self, csv: &[u8], json: &[u8], messages: usize) -> std::io::Result<()>;
}

impl<F: FnMut(&[u8], &[u8], usize) -> std::io::Result<()>> Outbox for F {
    fn batch(&mut self, csv: &[u8], json: &[u8], messages: usize) -> std::io::Result<()> {
        self(csv, json, messages)
    }
}

/// Merges all that was planned. The audiences are those of the copies.
///
/// # Errors
/// Cancelled, the outbox cannot be written, orders that cannot be read, or a template that is not in order.
pub fn merge(
    shop: &Shop,
    features: &Features,
    copies: &[Copy],
    plan: Plan,
    settings: &Settings<'_>,
    outbox: &mut (dyn Outbox + Send),
    task: &Task<'_>,
) -> Result<Vec<Audience>, MergeError> {
    let total = plan.len() as u64;
    let Plan { recipients, mut audiences } = plan;
    let mut done = 0;
    let mut codes = settings.codes;
    let mut purchases = Vec::new().into_iter();
    for (number, ((copy, rows), audience)) in copies.iter().zip(&recipients).zip(&mut audiences).enumerate() {
        let (own, others) = codes.split_at(if has_coupon(copy) { rows.len().min(codes.len()) } else { 0 });
        codes = others;
        if purchases.len() == 0 {
            let next = mailings(&copies[number..], &recipients[number..]);
            purchases = Purchases::of_each(shop, features.as_of, &next, task)?.into_iter();
        }
        let bought = purchases.next().unwrap_or_default();
        let merger = Merger::new(shop, features, copy, bought, settings).map_err(|problem| {
            MergeError::Template(format!("the strategy {} cannot be merged: {problem}", copy.strategy.id))
        })?;
        let merge = |number: usize, batch: &[u32]| -> std::io::Result<Vec<Merged>> {
            batch
                .par_chunks(CHUNK)
                .enumerate()
                .map(|(chunk, rows)| merger.chunk(rows, own, number * BATCH + chunk * CHUNK))
                .collect()
        };
        let mut batches = rows.chunks(BATCH).enumerate();
        let mut next = batches.next();
        let mut merged: Vec<Merged> = Vec::new();
        while next.is_some() || !merged.is_empty() {
            task.check()?;
            task.progress("merging messages", done, Some(total));
            // One batch is written while the next is merged.
            let ready = std::mem::take(&mut merged);
            let (written, following) = rayon::join(
                || ready.iter().try_for_each(|part| outbox.batch(&part.csv, &part.json, part.messages)),
                || next.map_or(Ok(Vec::new()), |(number, batch)| merge(number, batch)),
            );
            written?;
            merged = following?;
            done += next.map_or(0, |(_, batch)| batch.len() as u64);
            next = batches.next();
            for part in ready {
                audience.messages += part.messages;
                audience.held_back += part.held_back;
                for (rule, held) in part.held_back_by {
                    audience.hold_back(&rule, &held);
                }
            }
        }
    }
    task.progress("merging messages", total, Some(total));
    Ok(audiences)
}

/// The first copies, as many as have [`READ`] recipients together; one at least.
fn mailings<'a>(copies: &'a [Copy], recipients: &'a [Vec<u32>]) -> Vec<Mailing<'a>> {
    let mut together = 0;
    let with_recipients = copies.iter().zip(recipients);
    let first = with_recipients.take_while(|(_, rows)| {
        let is_first = together == 0;
        together += rows.len();
        is_first || together <= READ
    });
    first
        .map(|(copy, rows)| Mailing { recipients: rows, strategy: &copy.strategy, slots: &copy.slots })
        .collect()
}

/// What holds for all copies.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// A code for each of [`coupon_recipients`], in their order.
    pub codes: &'a [String],
    /// The brand's.
    pub banned_words: &'a [String],
    /// Cluster letters by number.
    pub segments: &'a [String],
    /// The body of an e-mail is read as Markdown afterwards: signs of it in the shop's data are to stand for themselves.
    pub markdown: bool,
}

fn has_coupon(copy: &Copy) -> bool {
    copy.strategy.offer.as_ref().is_some_and(|offer| offer.coupon == CouponPolicy::Unique)
}

/// Who is to have a coupon code of their own, in the order of the copies and of their recipients.
#[must_use]
pub fn coupon_recipients<'a>(shop: &'a Shop, copies: &'a [Copy], plan: &Plan) -> Vec<Recipient<'a>> {
    let mut recipients = Vec::new();
    for (copy, rows) in copies.iter().zip(&plan.recipients).filter(|(copy, _)| has_coupon(copy)) {
        recipients.extend(rows.iter().map(|&row| Recipient {
            strategy: copy.strategy.id.as_str(),
            customer: shop.customers.id(row as usize),
        }));
    }
    recipients
}
