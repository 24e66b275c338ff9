//! The outbox: one row for each message to one customer, as CSV for people and as JSON lines for machines.
//!
//! The CSV is safe for spreadsheets ([`super::spreadsheet`]); the JSON lines hold the exact text.

use std::io::Write;

use serde::Serialize;

use super::decision::{Author, Seal};
use super::spreadsheet::Sheet;
use crate::data::Channel;
use crate::strategy::{Part, Text};

/// A message to one customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message<'a> {
    pub customer_id: &'a str,
    pub channel: Channel,
    /// E-mail address or telephone number; for push, where the shop's files hold no address, the customer's id.
    pub address: &'a str,
    /// Primary language tag of the text.
    pub language: &'a str,
    #[serde(flatten)]
    pub text: Text,
    pub coupon_code: Option<&'a str>,
    /// Cluster letter.
    pub segment: &'a str,
    pub strategy: &'a str,
    /// Number of the draft among those written for the strategy and segment, counted from 1.
    pub variant: usize,
    /// The seal that was approved.
    pub approval: &'a Seal,
    pub approved_by: Author,
    /// The draft's.
    pub seed: u64,
}

/// The columns of the CSV file.
pub const COLUMNS: [&str; 15] = [
    "customer_id",
    "channel",
    "address",
    "language",
    "subject",
    "preheader",
    "title",
    "body",
    "coupon_code",
    "segment",
    "strategy",
    "variant",
    "approval",
    "approved_by",
    "seed",
];

/// The first line of the CSV file.
///
/// # Errors
/// `out` cannot be written.
pub fn write_csv_header(out: &mut impl Write) -> std::io::Result<()> {
    let mut sheet = Sheet::new(out);
    sheet.row(COLUMNS)?;
    sheet.finish().map(|_| ())
}

/// A channel as it stands in the files.
#[must_use]
pub fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
        Channel::Sms => "sms",
        Channel::Push => "push",
    }
}

impl Message<'_> {
    /// # Errors
    /// `sheet` cannot be written.
    pub fn write_csv(&self, sheet: &mut Sheet<impl Write>) -> std::io::Result<()> {
        let part = |part: Part| self.text.get(&part).map_or("", String::as_str);
        let (variant, seed) = (self.variant.to_string(), self.seed.to_string());
        sheet.row([
            self.customer_id,
            channel_name(self.channel),
            self.address,
            self.language,
            part(Part::Subject),
            part(Part::Preheader),
            part(Part::Title),
            part(Part::Body),
            self.coupon_code.unwrap_or(""),
            self.segment,
            self.strategy,
            &variant,
            self.approval.as_str(),
            match self.approved_by {
                Author::Person => "person",
                Author::Program => "program",
            },
            &seed,
        ])
    }

    /// One line.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_json(&self, out: &mut impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}
