//! What became of the members of a copy's segment, and how that is told.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::data::{Channel, Customers};

/// What became of the members of a copy's segment. All numbers but `members` and `language_assumed` add up to
/// `members`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audience {
    pub members: usize,
    /// Their files state another language.
    pub other_language: usize,
    /// No language is stated for them, and the one that is assumed is another.
    pub no_language: usize,
    /// They have not consented to the channel.
    pub no_consent: usize,
    /// No address in this channel.
    pub no_address: usize,
    /// They get another strategy's message in this channel.
    pub other_strategy: usize,
    /// A campaign of the same strategy writes to them, or holds them out.
    pub in_campaign: usize,
    /// The message broke a rule, or a field had no value.
    pub held_back: usize,
    /// Rule to the number of messages that broke it; a message may break several.
    pub held_back_by: BTreeMap<String, HeldBack>,
    /// Messages in the outbox.
    pub messages: usize,
    /// Of those who were to get a message, the ones for whom no language is stated: it was assumed.
    pub language_assumed: usize,
}

/// Messages that broke one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    pub messages: usize,
    /// The first one: whose, and what was found.
    pub customer_id: String,
    pub detail: String,
}

impl Audience {
    /// Of several copies together.
    #[must_use]
    pub fn total(audiences: &[Self]) -> Self {
        let mut total = Self::default();
        for audience in audiences {
            total.members += audience.members;
            total.other_language += audience.other_language;
            total.no_language += audience.no_language;
            total.no_consent += audience.no_consent;
            total.no_address += audience.no_address;
            total.other_strategy += audience.other_strategy;
            total.in_campaign += audience.in_campaign;
            total.held_back += audience.held_back;
            total.messages += audience.messages;
            total.language_assumed += audience.language_assumed;
            for (rule, held) in &audience.held_back_by {
                total.hold_back(rule, held);
            }
        }
        total
    }

    /// Counts messages that broke a rule; the first one stays the example.
    pub(super) fn hold_back(&mut self, rule: &str, held: &HeldBack) {
        match self.held_back_by.get_mut(rule) {
            Some(known) => known.messages += held.messages,
            None => drop(self.held_back_by.insert(rule.to_owned(), held.clone())),
        }
    }

    /// Why members got no message, each reason with its number; empty where all got one. `channel`: of the copy, if it
    /// is one.
    #[must_use]
    pub fn reasons(&self, customers: &Customers, channel: Option<Channel>) -> Vec<String> {
        let (consent, address) = match channel {
            Some(Channel::Email) => ("email_consent", "e-mail address"),
            Some(Channel::Sms) => ("sms_consent", "telephone number"),
            Some(Channel::Push) => ("push_consent", "address"),
            None => ("", "address"),
        };
        let to = channel.map_or(String::new(), |channel| format!(" to {}", channel.words()));
        let column = if channel.is_some() && !customers.has(consent) {
            format!(" (the files have no column {consent})")
        } else if !["email_consent", "sms_consent", "push_consent"].iter().any(|name| customers.has(name)) {
            " (the files have no column of consents)".to_owned()
        } else {
            String::new()
        };
        let have = |number: usize| if number == 1 { "has" } else { "have" };
        let mut reasons = Vec::new();
        let mut add = |number: usize, words: String| {
            if number > 0 {
                reasons.push(format!("{number} {words}"));
            }
        };
        let reads = if self.other_language == 1 { "reads" } else { "read" };
        let are = if self.in_campaign == 1 { "is" } else { "are" };
        add(self.in_campaign, format!("{are} in a campaign of the same strategy"));
        add(self.other_language, format!("{reads} another language"));
        add(
            self.no_language,
            format!(
                "{} no stated language, and another is assumed (see data.language)",
                have(self.no_language)
            ),
        );
        add(self.no_consent, format!("{} not consented{to}{column}", have(self.no_consent)));
        add(self.no_address, format!("{} no {address}", have(self.no_address)));
        let gets = if self.other_strategy == 1 { "gets" } else { "get" };
        add(self.other_strategy, format!("{gets} another strategy's message"));
        let rules: Vec<&str> = self.held_back_by.keys().map(String::as_str).collect();
        let rules = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join(", ")) };
        add(self.held_back, format!("would get a message that breaks a rule{rules}"));
        reasons
    }
}
