//! Strategy templates: what is said to whom, with the facts as fields and the model's part marked.
//!
//! In: TOML files. Out: checked [`Strategy`] values, the slots that a model is to write, the facts about a
//! customer, and rendered text. A field that has no value and no default is an error: it never goes out
//! silently.
//!
//! A message is a minijinja template per part. Facts are fields (`{{ first_name }}`, the table is
//! [`fields::FIELDS`]); `{% if %}` is the only statement; the model's part is a slot:
//!
//! ```text
//! {{ write("One warm sentence about {{ segment_category }}.", limit=140, fallback=["...", "..."]) }}
//! ```
//!
//! In a free slot (`free=true`) the model writes the whole message, or most of it, and puts fields in braces
//! (`{first_name}`), which the merge fills in.
//!
//! A slot is written once per variant and merged for everyone, so its instruction and its fallbacks may use
//! only facts that hold for every recipient (of the segment, the shop and the offer). The fallbacks are
//! what stands there with no model.

mod bought;
mod channel;
mod document;
mod facts;
pub mod fields;
mod file;
mod fit;
mod highlight;
mod render;
mod shipped;
pub mod sms;
mod template;
mod validate;

pub use bought::{Mailing, Purchases};
pub use channel::{Bound, limits_of};
pub(crate) use facts::add_used_facts;
pub use facts::{facts_for_customer, facts_for_recipient, facts_for_segment, facts_from_json};
pub use fields::{Field, Scope};
pub use fit::{Fit, fits};
pub use highlight::{Kind, highlight};
pub use render::{Renderer, filled, render, slots};
pub use shipped::{Shipped, shipped};
pub use validate::{parse, unknown_adapter, validate};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::Channel;
use crate::segments::Stage;

/// A part of a message: `subject`, `preheader`, `body` of e-mail; `body` of SMS; `title`, `body` of push.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Subject,
    Preheader,
    Title,
    Body,
}

/// What a customer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OfferKind {
    Percentage,
    Amount,
    FreeShipping,
    Gift,
    EarlyAccess,
}

impl OfferKind {
    /// Whether something is cheaper by it.
    #[must_use]
    pub fn is_discount(self) -> bool {
        matches!(self, Self::Percentage | Self::Amount)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CouponPolicy {
    /// No code.
    #[default]
    None,
    /// A code of its own for each customer.
    Unique,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Offer {
    pub kind: OfferKind,
    /// Per cent for `percentage`, major currency units for `amount`.
    pub value: Option<f64>,
    /// As the customer reads it: "10% off", "free shipping". The field `offer`; a template itself, in which
    /// `{{ offer_value }}` is the value with its unit.
    pub text: String,
    /// "on orders over 40 EUR". The field `offer_conditions`; a template too.
    #[serde(default)]
    pub conditions: Option<String>,
    #[serde(default)]
    pub coupon: CouponPolicy,
    /// Days from sending until the offer ends.
    #[serde(default)]
    pub valid_days: Option<u32>,
}

/// What a message may not exceed; the channel's own limits hold besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Characters per part.
    pub characters: BTreeMap<Part, usize>,
    /// SMS parts.
    pub sms_parts: Option<usize>,
}

/// A strategy template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Strategy {
    /// File name without `.toml`; not in the file.
    #[serde(skip)]
    pub id: String,
    pub name: String,
    pub stage: Stage,
    pub goal: String,
    pub channel: Channel,
    /// BCP 47: `en`, `zh`.
    pub language: String,
    pub tone: String,
    /// The adapter that is to stand beside a model on this machine: its name, its folder, or `none`. Absent: that of the
    /// settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    #[serde(default)]
    pub offer: Option<Offer>,
    #[serde(default)]
    pub limits: Limits,
    /// Values for fields that a customer may lack: `first_name = "there"`.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// Slot texts in the style that is wanted, for few-shot prompts.
    #[serde(default)]
    pub examples: Vec<String>,
    /// minijinja templates.
    pub message: BTreeMap<Part, String>,
}

/// Values of fields by name. Text, number or truth value.
pub type Facts = serde_json::Map<String, serde_json::Value>;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The strategy cannot be used.
    Error,
    /// It can be used, and could be better.
    Warning,
}

/// Something wrong in a strategy file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Counted from 1, in the file.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    pub severity: Severity,
    pub message: String,
    pub remedy: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}; {}", self.line, self.column, self.message, self.remedy)
    }
}

/// A stretch that the model is to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// Counted from 0 over the whole message, in the order of the parts.
    pub index: usize,
    pub part: Part,
    /// The instruction, with facts about the segment, the shop and the offer filled in.
    pub instruction: String,
    /// Most characters that the text may have.
    pub limit: Option<usize>,
    /// What stands there with no model; never empty.
    pub fallback: Vec<String>,
    /// Texts in the style that is wanted, for few-shot prompts; the strategy's where the slot has none.
    pub examples: Vec<String>,
    /// Words and fields (`{first_name}`) that the text must have.
    pub must: Vec<String>,
    /// A free message: the model may use every field that a customer may read, as `{first_name}`.
    pub free: bool,
    /// Sentences that are written; at least one.
    pub sentences: usize,
}

impl Slot {
    /// What the strategy itself says about it and for it, in lines.
    #[must_use]
    pub fn own_words(&self) -> String {
        let texts = self.must.iter().chain(&self.fallback).map(String::as_str);
        texts.chain([self.instruction.as_str()]).collect::<Vec<_>>().join("\n")
    }
}

/// Rendered text by part.
pub type Text = BTreeMap<Part, String>;
