//! Events that others tell of: a provider's webhook, a file of theirs, the mailbox that bounces come back to.
//!
//! In: an event, about a message, an address or a customer. Out: whether it was kept, and what it set in force.
//!
//! A bounce that says that the address is no good (RFC 3463: 5.1.x but for the sender's own, 5.2.1, and 5.0.0 where
//! nothing speaks of policy) suppresses at once. Any other counts, a full mailbox as much as a sender who is blocked for
//! the moment: three of different messages to one address within 30 days suppress it. A complaint suppresses and takes
//! the consent back. An SMS that says no more than STOP, or 退订 or TD, unsubscribes, and so does a short e-mail with the word in it.

use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::super::secrets::hex;
use super::super::suppressions::{self, Reason, ToSuppress, kind_of, normalised};
use super::super::{Secret, SecretName, Store, consents};
use super::{CLOCKS, Kind, Row, SENT, Sent, Source, apply, insert, mark_between, mark_scanners, sent_row};
use crate::data::Channel;
use crate::workspace::WorkspaceError;

/// Soft bounces of one address within [`SOFT_WITHIN`] that suppress it.
const SOFT_BOUNCES: i64 = 3;
const SOFT_WITHIN: i64 = 30 * 86_400_000;
/// An address alone stands for the last message to it within this time.
const ADDRESS_WITHIN: i64 = 30 * 86_400_000;
/// Words with which a person ends text messages: those of the American carriers, and the Chinese ones'.
const STOP_WORDS: [&str; 9] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "TD", "T", "退订"];

/// Words that end e-mails: that of `List-Unsubscribe` and of the foot of a message, and the Chinese ones.
pub const UNSUBSCRIBE_WORDS: [&str; 3] = ["unsubscribe", "退订", "取消订阅"];

/// Whether an address is no good, or only this once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounce {
    Hard,
    Soft,
}

impl Bounce {
    /// What a status (RFC 3463), the diagnosis of a server, or a provider's own word means.
    #[must_use]
    pub fn of(status: Option<&str>, diagnosis: &str) -> Self {
        let status = status.unwrap_or_default().trim().to_lowercase();
        if ["hard", "permanent", "undetermined-hard", "invalid"].contains(&status.as_str()) {
            return Self::Hard;
        }
        let Some(rest) = status.strip_prefix("5.") else { return Self::Soft };
        let diagnosis = diagnosis.to_lowercase();
        let policy = [
            "spam",
            "spm",
            "policy",
            "block",
            "blacklist",
            "reputation",
            "denied by",
            "mi:",
            "rate",
            "quota",
            "full",
        ];
        match rest {
            "1.7" | "1.8" => Self::Soft,
            "0.0" | "0" if policy.iter().any(|word| diagnosis.contains(word)) => Self::Soft,
            "0.0" | "0" | "2.1" => Self::Hard,
            _ if rest.starts_with("1.") => Self::Hard,
            _ => Self::Soft,
        }
    }
}

/// An event that somebody tells of. It is about the message with `send` or `message_id`, that in which `coupon` was
/// given out, or the last to `address`; else about the customer alone. An order is about no message that it does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackEvent {
    /// The teller's own id of it: told again, it is the same event.
    pub id: Option<String>,
    pub kind: Kind,
    /// Milliseconds since 1970, UTC.
    pub at: i64,
    pub send: Option<i64>,
    /// With or without angle brackets.
    pub message_id: Option<String>,
    pub address: Option<String>,
    pub customer: Option<String>,
    pub channel: Option<Channel>,
    pub coupon: Option<String>,
    /// Of an order: the id that it has in the shop.
    pub order: Option<String>,
    /// Of a bounce: RFC 3463's digits, or `hard` or `soft`.
    pub status: Option<String>,
    /// What was replied, or why it bounced.
    pub text: Option<String>,
    pub link: Option<u32>,
    pub rating: Option<u8>,
    /// Minor units.
    pub amount: Option<i64>,
    pub currency: Option<String>,
}

impl FeedbackEvent {
    #[must_use]
    pub fn new(kind: Kind, at: i64) -> Self {
        Self {
            id: None,
            kind,
            at,
            send: None,
            message_id: None,
            address: None,
            customer: None,
            channel: None,
            coupon: None,
            order: None,
            status: None,
            text: None,
            link: None,
            rating: None,
            amount: None,
            currency: None,
        }
    }

    /// By which it is known again; what has no id is known by all that it says. The address goes in as a hash only.
    fn key(&self, secret: &Secret) -> String {
        if let Some(id) = self.id.as_deref().filter(|id| !id.is_empty()) {
            // Long ids of others, and what they may carry, stay outside.
            return format!("event:{}:{}", self.kind.name(), hex(&Sha256::digest(id)[..16]));
        }
        format!("event:{}:{}", self.kind.name(), secret.hash(&format!("{self:?}")))
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Kept,
    /// It was told before.
    Repeated,
    /// It is about no message and no customer of this project; an address that it named is suppressed all the same
    /// where it calls for that.
    Unknown,
}

impl Store {
    /// Takes events, in one transaction; what became of each, in their order. `after_delivery` is the time after the
    /// delivery within which a click is a scanner's, in milliseconds.
    ///
    /// # Errors
    /// The database cannot be written: none was taken then.
    pub fn take_events(
        &mut self,
        events: &[FeedbackEvent],
        source: Source,
        received_at: i64,
        after_delivery: i64,
    ) -> Result<Vec<Taken>, WorkspaceError> {
        let key = self.secret(SecretName::Addresses)?;
        self.write(|transaction| {
            let take = Take { transaction, key: &key, source, received_at, after_delivery };
            events.iter().map(|event| take.event(event)).collect()
        })
    }
}

struct Take<'a> {
    transaction: &'a Transaction<'a>,
    key: &'a Secret,
    source: Source,
    received_at: i64,
    after_delivery: i64,
}

impl Take<'_> {
    fn event(&self, event: &FeedbackEvent) -> rusqlite::Result<Taken> {
        let named = self.named(event)?;
        let by_address = if named.is_none() { self.last_to_address(event)? } else { None };
        // An order is not by a message just because the customer had one.
        let (last, orders) = match event.kind {
            Kind::Ordered => (None, by_address),
            _ => (by_address, None),
        };
        let sent = named.or(last);
        let customer = sent.as_ref().map(|sent| sent.customer.clone()).or_else(|| event.customer.clone());
        let customer = customer.or_else(|| orders.map(|sent| sent.customer));
        let Some(customer) = customer else {
            // Nobody can be told to have answered. An address that is no good is none the less, but for what anybody
            // may put into a mailbox.
            if self.source != Source::Mailbox {
                self.address_alone(event)?;
            }
            return Ok(Taken::Unknown);
        };
        let text = match event.kind {
            // The status first, so that what is counted later is told apart.
            Kind::Bounced => Some(format!(
                "{} {}",
                event.status.as_deref().unwrap_or("4.0.0"),
                event.text.as_deref().unwrap_or_default()
            )),
            // By which the shop's files know it.
            Kind::Ordered => event.order.clone(),
            _ => event.text.clone(),
        };
        let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        // Of whoever was erased no words are kept.
        let erased = sent.as_ref().is_some_and(|sent| sent.address.is_none());
        let key = event.key(self.key);
        let row = Row {
            received_at: self.received_at,
            send: sent.as_ref().map(|sent| sent.id),
            customer: Some(&customer),
            channel: sent.as_ref().map(|sent| sent.channel).or(event.channel),
            link: event.link,
            rating: event.rating,
            text: text.as_deref().filter(|_| !erased),
            amount: event.amount,
            currency: event.currency.as_deref(),
            key: Some(&key),
            ..Row::alone(event.kind, event.at, self.source)
        };
        if !insert(self.transaction, &row)? {
            return Ok(Taken::Repeated);
        }
        match &sent {
            Some(sent) => self.consequences(event, sent)?,
            None => self.address_alone(event)?,
        }
        if event.kind == Kind::Ordered
            && let Some(code) = &event.coupon
        {
            self.transaction
                .prepare_cached(
                    "UPDATE campaign_coupons SET state = 'redeemed', at = ?2 \
                     WHERE code = ?1 AND state IN ('reserved', 'committed')",
                )?
                .execute(params![code, event.at])?;
        }
        Ok(Taken::Kept)
    }

    /// The message that the event names: by itself, or by the coupon that it gave out.
    fn named(&self, event: &FeedbackEvent) -> rusqlite::Result<Option<Sent>> {
        if let Some(id) = event.send
            && let Some(sent) = self.one("WHERE id = ?1", params![id])?
        {
            return Ok(Some(sent));
        }
        if let Some(id) = &event.message_id {
            let id = id.trim().trim_start_matches('<').trim_end_matches('>');
            if let Some(sent) = self.one("WHERE message_id = ?1 ORDER BY id DESC LIMIT 1", params![id])? {
                return Ok(Some(sent));
            }
        }
        if let Some(code) = &event.coupon {
            let found = self.one(
                "WHERE id = (SELECT MAX(s.id) FROM campaign_coupons c JOIN sends s ON s.customer = c.customer \
                 AND s.campaign = c.campaign WHERE c.code = ?1)",
                params![code],
            )?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The last message to the address that the event names.
    fn last_to_address(&self, event: &FeedbackEvent) -> rusqlite::Result<Option<Sent>> {
        let Some(address) = &event.address else { return Ok(None) };
        let address = normalised(event.channel.unwrap_or_else(|| kind_of(address)), address);
        self.one(
            "WHERE id = (SELECT MAX(id) FROM sends WHERE address IN (?1, '+' || ?1) COLLATE NOCASE \
             AND state IN ('handing', 'accepted', 'unknown', 'failed') AND at BETWEEN ?2 AND ?3)",
            params![address, event.at - ADDRESS_WITHIN, event.at + CLOCKS],
        )
    }

    fn one(&self, clause: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Option<Sent>> {
        self.transaction
            .prepare_cached(&format!("{SENT}{clause}"))?
            .query_row(parameters, sent_row)
            .optional()
    }

    /// What follows from an event about a message.
    fn consequences(&self, event: &FeedbackEvent, sent: &Sent) -> rusqlite::Result<()> {
        let end = |reason| match &sent.address {
            Some(address) => self.suppress(sent.channel, address, reason, event.at),
            None => Ok(()),
        };
        match event.kind {
            Kind::Bounced => {
                let diagnosis = event.text.as_deref().unwrap_or_default();
                if Bounce::of(event.status.as_deref(), diagnosis) == Bounce::Hard
                    || self.bounced_often(event, sent)?
                {
                    end(Reason::Bounced)?;
                }
            }
            Kind::Complained => {
                end(Reason::Complained)?;
                if sent.address.is_some() {
                    let source = self.source.name();
                    consents::add(self.transaction, &sent.customer, sent.channel, false, event.at, source)?;
                }
            }
            Kind::Unsubscribed => self.unsubscribe(event, sent)?,
            Kind::Replied if asks_to_end(sent.channel, event.text.as_deref().unwrap_or_default()) => {
                self.unsubscribe(event, sent)?;
            }
            Kind::Clicked => mark_scanners(self.transaction, sent, event.at, self.after_delivery)?,
            Kind::Delivered => {
                mark_between(self.transaction, sent.id, event.at - CLOCKS, event.at + self.after_delivery)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The row of the event itself stands already: what `apply` would add beside it is not wanted.
    fn unsubscribe(&self, event: &FeedbackEvent, sent: &Sent) -> rusqlite::Result<()> {
        if sent.address.is_none() {
            return Ok(());
        }
        if event.kind == Kind::Unsubscribed {
            consents::add(
                self.transaction,
                &sent.customer,
                sent.channel,
                false,
                event.at,
                self.source.name(),
            )?;
            return match &sent.address {
                Some(address) => self.suppress(sent.channel, address, Reason::Unsubscribed, event.at),
                None => Ok(()),
            };
        }
        apply(self.transaction, self.key, sent, sent.channel, false, event.at, self.source).map(|_| ())
    }

    /// Whether so many messages to this address came back that it is given up.
    fn bounced_often(&self, event: &FeedbackEvent, sent: &Sent) -> rusqlite::Result<bool> {
        let Some(address) = &sent.address else { return Ok(false) };
        let bounced: i64 = self
            .transaction
            .prepare_cached(
                "SELECT COUNT(DISTINCT f.send) FROM sends s JOIN feedback f ON f.send = s.id AND f.kind = 'bounced' \
                 WHERE s.address = ?1 COLLATE NOCASE AND f.at BETWEEN ?2 AND ?3",
            )?
            .query_row(params![address, event.at - SOFT_WITHIN, event.at + CLOCKS], |row| row.get(0))?;
        Ok(bounced >= SOFT_BOUNCES)
    }

    /// What follows for an address of which no message is known.
    fn address_alone(&self, event: &FeedbackEvent) -> rusqlite::Result<()> {
        let Some(address) = &event.address else { return Ok(()) };
        let kind = event.channel.unwrap_or_else(|| kind_of(address));
        let diagnosis = event.text.as_deref().unwrap_or_default();
        let reason = match event.kind {
            Kind::Bounced if Bounce::of(event.status.as_deref(), diagnosis) == Bounce::Hard => {
                Reason::Bounced
            }
            Kind::Complained => Reason::Complained,
            Kind::Unsubscribed => Reason::Unsubscribed,
            _ => return Ok(()),
        };
        self.suppress(kind, address, reason, event.at)
    }

    fn suppress(&self, channel: Channel, address: &str, reason: Reason, at: i64) -> rusqlite::Result<()> {
        let one = ToSuppress {
            channel: Some(channel),
            kind: channel,
            address,
            reason,
            at,
            source: self.source.name(),
        };
        suppressions::suppress(self.transaction, self.key, &one).map(|_| ())
    }
}

/// Whether a reply asks for no more messages.
fn asks_to_end(channel: Channel, text: &str) -> bool {
    let said = text.trim().trim_end_matches(['.', '!', '。', '！']).to_uppercase();
    match channel {
        Channel::Sms => STOP_WORDS.contains(&said.as_str()),
        // E-mails tell people to reply with that word; some put a sentence round it. A long text may only speak of it.
        Channel::Email => {
            let said = said.to_lowercase();
            let short = said.split_whitespace().count() <= 12 && said.chars().count() <= 80;
            said == "stop" || short && UNSUBSCRIBE_WORDS.iter().any(|word| said.contains(word))
        }
        Channel::Push => false,
    }
}
