//! Strategy templates: what is said to whom, with the facts as fields and the model's part marked.
//!
//! In: TOML files. Out: checked [`Strategy`] values, the slots that a model is to write, and rendered text.
//! A field that has no value and no default is an error: it never goes out silently.

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
    /// As the customer reads it: "10% off", "free shipping". The field `offer`.
    pub text: String,
    /// "orders over 40 EUR".
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
    #[serde(default)]
    pub offer: Option<Offer>,
    #[serde(default)]
    pub limits: Limits,
    /// Values for fields that a customer may lack: `first_name = "there"`.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// Example slot texts for few-shot prompts.
    #[serde(default)]
    pub examples: Vec<String>,
    /// minijinja templates.
    pub message: BTreeMap<Part, String>,
}

/// Values of fields by name. Text, number or truth value.
pub type Facts = serde_json::Map<String, serde_json::Value>;

/// Something wrong in a strategy file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Counted from 1, in the file.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    pub message: String,
    pub remedy: String,
}

/// A stretch that the model is to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// Counted from 0 over the whole message, in the order of the parts.
    pub index: usize,
    pub part: Part,
    /// The instruction, with facts about the segment filled in and personal fields left as `{first_name}`.
    pub instruction: String,
}

/// Rendered text by part.
pub type Text = BTreeMap<Part, String>;

/// Reads and checks a strategy; every problem found, in the order of the file.
///
/// # Errors
/// At least one problem.
pub fn parse(id: &str, source: &str) -> Result<Strategy, Vec<Problem>> {
    let _ = (id, source);
    todo!()
}

/// The slots of the message for these facts.
///
/// # Errors
/// A field without a value, or a template that fails.
pub fn slots(strategy: &Strategy, facts: &Facts) -> Result<Vec<Slot>, Problem> {
    let _ = (strategy, facts);
    todo!()
}

/// The message with the facts and the slots' texts filled in.
///
/// # Errors
/// A field without a value, too few slot texts, or a template that fails.
pub fn render(strategy: &Strategy, facts: &Facts, slots: &[String]) -> Result<Text, Problem> {
    let _ = (strategy, facts, slots);
    todo!()
}
