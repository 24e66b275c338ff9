//! What comes back from customers: clicks, ratings, wishes, and the events of providers ([`events`]).
//!
//! Each call is one transaction and is on the disk when it returns. What is told twice is kept once.

mod events;
mod listed;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::Serialize;

use super::consents;
use super::suppressions::{self, Reason, ToSuppress};
use super::{Secret, SecretName, Store};
use crate::data::Channel;
use crate::workspace::WorkspaceError;

pub use events::{Bounce, FeedbackEvent, Taken, UNSUBSCRIBE_WORDS};
pub use listed::{FeedbackLine, ToldOrder};

/// Clicks on one message that are kept at most: more say nothing, and a link may be called for ever.
const MOST_CLICKS: i64 = 200;
/// Ratings of one message that are kept at most; the last counts.
const MOST_RATINGS: i64 = 10;
/// Clicks on every link within this time are no person's, in milliseconds.
const AT_ONCE: i64 = 3_000;
/// The clocks of providers are taken to be right by so much, in milliseconds.
const CLOCKS: i64 = 2_000;

/// What came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    #[default]
    Delivered,
    Bounced,
    Complained,
    Unsubscribed,
    Clicked,
    Replied,
    Rated,
    Ordered,
    Preferences,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
        Self::Unsubscribed,
        Self::Clicked,
        Self::Replied,
        Self::Rated,
        Self::Ordered,
        Self::Preferences,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Unsubscribed => "unsubscribed",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
            Self::Rated => "rated",
            Self::Ordered => "ordered",
            Self::Preferences => "preferences",
        }
    }

    /// The kind that is spelt so; `None`: none is.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Through which way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    Page,
    OneClick,
    Webhook,
    Import,
    Mailbox,
}

impl Source {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::OneClick => "one-click",
            Self::Webhook => "webhook",
            Self::Import => "import",
            Self::Mailbox => "mailbox",
        }
    }
}

/// A message of the ledger, as far as answers to it need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub id: i64,
    pub campaign: i64,
    pub customer: String,
    pub channel: Channel,
    /// `None` after an erasure.
    pub address: Option<String>,
    pub language: String,
    pub state: String,
    /// When the state was reached, milliseconds since 1970, UTC.
    pub at: i64,
}

pub(super) const SENT: &str =
    "SELECT id, campaign, customer, channel, address, language, state, at FROM sends ";

pub(super) fn sent_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Sent> {
    Ok(Sent {
        id: row.get(0)?,
        campaign: row.get(1)?,
        customer: row.get(2)?,
        channel: consents::channel(row.get_ref(3)?.as_str()?).unwrap_or(Channel::Email),
        address: row.get(4)?,
        language: row.get(5)?,
        state: row.get(6)?,
        at: row.get(7)?,
    })
}

impl Store {
    /// A message of the ledger by its number; `None`: there is none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sent(&self, id: i64) -> Result<Option<Sent>, WorkspaceError> {
        self.read(|connection| {
            connection.prepare_cached(&format!("{SENT}WHERE id = ?1"))?.query_row([id], sent_row).optional()
        })
    }

    /// Where a numbered link of a campaign leads.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn link_target(&self, campaign: i64, number: u32) -> Result<Option<String>, WorkspaceError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT url FROM links WHERE campaign = ?1 AND number = ?2")?
                .query_row(params![campaign, number], |row| row.get(0))
                .optional()
        })
    }

    /// Why a message's recipient is not written to any more in its channel; `None`: nothing is known against it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn suppressed_for(&mut self, sent: &Sent) -> Result<Option<String>, WorkspaceError> {
        let Some(address) = &sent.address else { return Ok(Some(Reason::Erased.name().into())) };
        let key = self.secret(SecretName::Addresses)?;
        self.read(|connection| {
            suppressions::reason_of(connection, &key, Some(sent.channel), sent.channel, address)
        })
    }

    /// The recipient wants nothing more in this message's channel. Whether that was new; called again it writes
    /// nothing.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn unsubscribe(&mut self, sent: &Sent, at: i64, source: Source) -> Result<bool, WorkspaceError> {
        self.prefer(sent, &[(sent.channel, false)], at, source)
    }

    /// What the recipient wants by channel from now on. Whether anything was new.
    ///
    /// # Errors
    /// The database cannot be written: nothing is changed then.
    pub fn prefer(
        &mut self,
        sent: &Sent,
        wishes: &[(Channel, bool)],
        at: i64,
        source: Source,
    ) -> Result<bool, WorkspaceError> {
        // Whoever was erased stays suppressed, and nothing is kept about them any more.
        if sent.address.is_none() {
            return Ok(false);
        }
        let key = self.secret(SecretName::Addresses)?;
        // Most that call again find everything as they want it: no need to wait for the disk.
        if self.read(|connection| holds(connection, &key, sent, wishes))? {
            return Ok(false);
        }
        self.write(|transaction| {
            let mut new = false;
            for &(channel, wish) in wishes {
                new |= apply(transaction, &key, sent, channel, wish, at, source)?;
            }
            Ok(new)
        })
    }

    /// Notes a click. `scanner` where the request itself shows that no person made it; further signs are looked for
    /// here: a click within `after_delivery` milliseconds of the acceptance or delivery, and clicks on every link (or
    /// on three) within three seconds, of which the earlier ones are marked too.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn add_click(
        &mut self,
        sent: &Sent,
        link: u32,
        at: i64,
        scanner: bool,
        after_delivery: i64,
    ) -> Result<(), WorkspaceError> {
        // The same link within the same second is the same click.
        let key = format!("click:{}:{link}:{}:{}", sent.id, at / 1000, u8::from(scanner));
        self.write(|transaction| {
            if count(transaction, sent.id, Kind::Clicked)? >= MOST_CLICKS {
                return Ok(());
            }
            let row = Row {
                link: Some(link),
                scanner,
                key: Some(&key),
                ..Row::of(sent, Kind::Clicked, at, Source::Page)
            };
            if insert(transaction, &row)? {
                mark_scanners(transaction, sent, at, after_delivery)?;
            }
            Ok(())
        })
    }

    /// Keeps a rating (1 to 5) and what was said with it. Whether it was kept: the same twice is once, and there is an
    /// end to changing one's mind.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn rate(
        &mut self,
        sent: &Sent,
        rating: Option<u8>,
        text: Option<&str>,
        at: i64,
    ) -> Result<bool, WorkspaceError> {
        if sent.address.is_none() {
            return Ok(false);
        }
        self.write(|transaction| {
            let last: Option<(Option<u8>, Option<String>)> = transaction
                .prepare_cached(
                    "SELECT rating, text FROM feedback WHERE send = ?1 AND kind = 'rated' ORDER BY id DESC",
                )?
                .query_row([sent.id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let same = last.is_some_and(|(had, said)| had == rating && said.as_deref() == text);
            if same || count(transaction, sent.id, Kind::Rated)? >= MOST_RATINGS {
                return Ok(false);
            }
            insert(transaction, &Row { rating, text, ..Row::of(sent, Kind::Rated, at, Source::Page) })
        })
    }
}

/// A row to be added.
struct Row<'a> {
    at: i64,
    received_at: i64,
    kind: Kind,
    send: Option<i64>,
    customer: Option<&'a str>,
    channel: Option<Channel>,
    link: Option<u32>,
    rating: Option<u8>,
    text: Option<&'a str>,
    amount: Option<i64>,
    currency: Option<&'a str>,
    scanner: bool,
    source: Source,
    key: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(sent: &'a Sent, kind: Kind, at: i64, source: Source) -> Self {
        Self {
            send: Some(sent.id),
            customer: Some(&sent.customer),
            channel: Some(sent.channel),
            ..Self::alone(kind, at, source)
        }
    }

    fn alone(kind: Kind, at: i64, source: Source) -> Self {
        Self {
            at,
            received_at: at,
            kind,
            send: None,
            customer: None,
            channel: None,
            link: None,
            rating: None,
            text: None,
            amount: None,
            currency: None,
            scanner: false,
            source,
            key: None,
        }
    }
}

/// Whether it was new: a key that is there already is the same event.
fn insert(transaction: &Transaction<'_>, row: &Row<'_>) -> rusqlite::Result<bool> {
    let new = transaction
        .prepare_cached(
            "INSERT INTO feedback (at, received_at, kind, send, customer, channel, link, rating, text, amount, currency, \
             scanner, source, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
             ON CONFLICT (key) DO NOTHING",
        )?
        .execute(params![
            row.at,
            row.received_at,
            row.kind.name(),
            row.send,
            row.customer,
            row.channel.map(Channel::name),
            row.link,
            row.rating,
            row.text,
            row.amount,
            row.currency,
            row.scanner,
            row.source.name(),
            row.key,
        ])?;
    Ok(new > 0)
}

fn count(connection: &Connection, send: i64, kind: Kind) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT COUNT(*) FROM feedback WHERE send = ?1 AND kind = ?2")?
        .query_row(params![send, kind.name()], |row| row.get(0))
}

/// Whether all wishes are in force already.
fn holds(
    connection: &Connection,
    key: &Secret,
    sent: &Sent,
    wishes: &[(Channel, bool)],
) -> rusqlite::Result<bool> {
    let last = consents::last(connection, &sent.customer)?;
    for &(channel, wish) in wishes {
        if last[channel as usize] != Some(wish) {
            return Ok(false);
        }
        for address in addresses(connection, sent, channel)? {
            let reason = suppressions::reason_of(connection, key, Some(channel), channel, &address)?;
            if wish && reason.as_deref() == Some("unsubscribed") || !wish && reason.is_none() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The addresses of a message's customer in a channel, as far as the ledger knows them.
fn addresses(connection: &Connection, sent: &Sent, channel: Channel) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT address FROM sends WHERE customer = ?1 AND channel = ?2 AND address IS NOT NULL",
    )?;
    let rows = statement.query_map(params![sent.customer, channel.name()], |row| row.get(0))?;
    rows.collect()
}

/// Puts a wish about one channel in force: consent, list, and a row of feedback. Whether it was new.
fn apply(
    transaction: &Transaction<'_>,
    key: &Secret,
    sent: &Sent,
    channel: Channel,
    wish: bool,
    at: i64,
    source: Source,
) -> rusqlite::Result<bool> {
    let mut new = consents::add(transaction, &sent.customer, channel, wish, at, source.name())?;
    for address in addresses(transaction, sent, channel)? {
        if wish {
            suppressions::lift(transaction, key, channel, &address)?;
        } else {
            let one = ToSuppress {
                channel: Some(channel),
                kind: channel,
                address: &address,
                reason: Reason::Unsubscribed,
                at,
                source: source.name(),
            };
            new |= suppressions::suppress(transaction, key, &one)?;
        }
    }
    if new {
        let said = format!("{}={}", channel.name(), if wish { "yes" } else { "no" });
        let kind = if !wish && channel == sent.channel { Kind::Unsubscribed } else { Kind::Preferences };
        insert(
            transaction,
            &Row { text: Some(&said), channel: Some(channel), ..Row::of(sent, kind, at, source) },
        )?;
    }
    Ok(new)
}

/// Marks the clicks about this moment that no person made.
fn mark_scanners(
    transaction: &Transaction<'_>,
    sent: &Sent,
    at: i64,
    after_delivery: i64,
) -> rusqlite::Result<()> {
    let accepted = (sent.state == "accepted").then_some(sent.at);
    let delivered: Vec<i64> = transaction
        .prepare_cached("SELECT at FROM feedback WHERE send = ?1 AND kind = 'delivered'")?
        .query_map([sent.id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for begin in accepted.into_iter().chain(delivered) {
        if (begin - CLOCKS..=begin + after_delivery).contains(&at) {
            mark_between(transaction, sent.id, at, at)?;
        }
    }
    let (clicked, all): (i64, i64) = transaction
        .prepare_cached(
            "SELECT (SELECT COUNT(DISTINCT link) FROM feedback \
                     WHERE send = ?1 AND kind = 'clicked' AND at BETWEEN ?2 AND ?3), \
                    (SELECT COUNT(*) FROM links WHERE campaign = ?4)",
        )?
        .query_row(params![sent.id, at - AT_ONCE, at + AT_ONCE, sent.campaign], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if all >= 2 && clicked >= all.min(3) {
        mark_between(transaction, sent.id, at - AT_ONCE, at + AT_ONCE)?;
    }
    Ok(())
}

fn mark_between(transaction: &Transaction<'_>, send: i64, from: i64, to: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE feedback SET scanner = 1 \
             WHERE send = ?1 AND kind = 'clicked' AND scanner = 0 AND at BETWEEN ?2 AND ?3",
        )?
        .execute(params![send, from, to])?;
    Ok(())
}
