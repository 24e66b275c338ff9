//! Addresses that are written to no more, and the question whether somebody may be written to.
//!
//! An address is kept as a keyed hash, so that it stays suppressed after its owner was erased: the hash says nothing
//! without the project's key, and the same address gives the same hash again. Beside it stands the address itself
//! until an erasure, for people and for other systems that are told of it.

use std::collections::{HashMap, HashSet};

use hmac::Mac as _;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use super::secrets::hex;
use super::{Hmac, Secret, SecretName, Store};
use crate::data::Channel;
use crate::workspace::WorkspaceError;

/// How a suppression of every channel is spelt.
pub const EVERY_CHANNEL: &str = "all";

/// Why an address is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The recipient asked for it; the recipient alone can take it back.
    Unsubscribed,
    Bounced,
    Complained,
    Erased,
    /// Somebody of the shop said so, or a list did.
    Listed,
}

impl Reason {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Erased => "erased",
            Self::Listed => "listed",
        }
    }

    /// The reason that a list of another system means.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if text == "stop" || any(&["unsub", "opt-out", "opt out", "optout", "退订"]) {
            Self::Unsubscribed
        } else if any(&["bounce", "invalid", "undeliver", "退信"]) {
            Self::Bounced
        } else if any(&["complain", "spam", "abuse", "投诉"]) {
            Self::Complained
        } else if any(&["erase", "delete"]) {
            Self::Erased
        } else {
            Self::Listed
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// `email`, `sms`, `push` or `all`.
    pub channel: String,
    /// HMAC-SHA-256 with this project's key, hexadecimal: it means nothing in another project.
    pub address_hash: String,
    /// `None` after an erasure.
    pub address: Option<String>,
    pub reason: String,
    /// Milliseconds since 1970, UTC.
    pub at: i64,
    pub source: String,
}

/// An address to be suppressed: in one channel, or in every (`None`).
#[derive(Clone, Copy, Debug)]
pub struct ToSuppress<'a> {
    pub channel: Option<Channel>,
    /// What kind of address it is.
    pub kind: Channel,
    pub address: &'a str,
    pub reason: Reason,
    pub at: i64,
    pub source: &'a str,
}

/// An address in the form in which all its spellings are the same: e-mail in small letters, without angle brackets;
/// the digits of a telephone number in the international form (E.164), without `+` or `00`.
#[must_use]
pub fn normalised(kind: Channel, address: &str) -> String {
    match kind {
        Channel::Email => {
            let address = address.trim().trim_start_matches('<').trim_end_matches('>');
            address.strip_prefix("mailto:").unwrap_or(address).trim().to_lowercase()
        }
        Channel::Sms => {
            let plus = address.contains(['+', '＋']);
            let digits: String = address
                .chars()
                .map(|c| match c {
                    '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
                    other => other,
                })
                .filter(char::is_ascii_digit)
                .collect();
            match digits.strip_prefix("00") {
                Some(rest) if !plus => rest.to_owned(),
                _ => digits,
            }
        }
        Channel::Push => address.trim().to_owned(),
    }
}

/// Whether it can be an address of this kind at all.
#[must_use]
pub fn may_be_address(kind: Channel, address: &str) -> bool {
    let address = normalised(kind, address);
    match kind {
        Channel::Email => address.rsplit_once('@').is_some_and(|(user, domain)| {
            let whole = |part: &str| {
                !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
            };
            whole(user) && whole(domain)
        }),
        // The shortest numbers that can be called have three digits.
        Channel::Sms => address.len() >= 3,
        Channel::Push => !address.is_empty(),
    }
}

/// The channel that an address is of, by its looks.
#[must_use]
pub fn kind_of(address: &str) -> Channel {
    if address.contains('@') { Channel::Email } else { Channel::Sms }
}

/// The keyed hash of an address, the same for all its spellings.
#[must_use]
pub fn address_hash(key: &Secret, kind: Channel, address: &str) -> String {
    hex(&code(key.mac(), kind, address))
}

fn code(mac: Hmac, kind: Channel, address: &str) -> [u8; 32] {
    let mac = mac.chain_update(kind.name()).chain_update(":").chain_update(normalised(kind, address));
    mac.finalize().into_bytes().into()
}

/// What keeps a message from somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// The address, or the customer, is on the list.
    Suppressed,
    /// No consent: neither told here nor in the shop's files, or withdrawn.
    NoConsent,
}

/// Everything that decides whether somebody may be written to, for as many as there are: read once, asked often.
pub struct Permissions {
    /// Waits for an address to sign.
    mac: Hmac,
    /// Channel (or none for every) and the first half of the hash.
    suppressed: HashSet<(Option<Channel>, u128)>,
    /// Rows of each channel, and last of those for every.
    counts: [usize; 4],
    consents: HashMap<String, [Option<bool>; 3]>,
}

impl Permissions {
    /// Whether a customer may be written to at this address by this channel. `by_files` is what the shop's files say of
    /// consent; what the customer said here counts over it.
    ///
    /// # Errors
    /// What keeps the message back.
    pub fn may_send(
        &self,
        customer: &str,
        channel: Channel,
        address: &str,
        by_files: Option<bool>,
    ) -> Result<(), Withheld> {
        if self.withholds(customer, channel, address) {
            return Err(Withheld::Suppressed);
        }
        if self.consent(customer, channel).or(by_files) == Some(true) {
            Ok(())
        } else {
            Err(Withheld::NoConsent)
        }
    }

    /// Whether the list keeps this channel from a customer at this address.
    #[must_use]
    pub fn withholds(&self, customer: &str, channel: Channel, address: &str) -> bool {
        // Whoever was erased is known by the shop's own id, which is a push address too: no push is no erasure.
        self.is_suppressed(channel, address) || self.on_list(None, Channel::Push, customer)
    }

    /// Whether the address is on the list, for its own channel or for every.
    #[must_use]
    pub fn is_suppressed(&self, channel: Channel, address: &str) -> bool {
        self.on_list(Some(channel), channel, address) || self.on_list(None, channel, address)
    }

    fn on_list(&self, of: Option<Channel>, kind: Channel, address: &str) -> bool {
        // Nothing is signed for a list that is empty.
        if self.counts[of.map_or(3, |channel| channel as usize)] == 0 {
            return false;
        }
        let code = code(self.mac.clone(), kind, address);
        self.suppressed.contains(&(of, code.first_chunk().map_or(0, |half| u128::from_be_bytes(*half))))
    }

    /// Whether nobody has said anything, and nobody is suppressed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.suppressed.is_empty() && self.consents.is_empty()
    }

    /// What the customer said here last; `None`: nothing.
    #[must_use]
    pub fn consent(&self, customer: &str, channel: Channel) -> Option<bool> {
        self.consents.get(customer).and_then(|consents| consents[channel as usize])
    }
}

/// 128 of the hash's 256 bits: two of a billion addresses share them with a probability of 1e-21.
fn first_half(hash: &str) -> u128 {
    hash.get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default()
}

impl Store {
    /// Suppresses addresses; how many were not suppressed before.
    ///
    /// # Errors
    /// The database cannot be written: none is suppressed then.
    pub fn suppress(&mut self, all: &[ToSuppress<'_>]) -> Result<usize, WorkspaceError> {
        let key = self.secret(SecretName::Addresses)?;
        self.write(|transaction| {
            let mut new = 0;
            for one in all {
                new += usize::from(suppress(transaction, &key, one)?);
            }
            Ok(new)
        })
    }

    /// The list, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn suppressions(&self) -> Result<Vec<Suppression>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT channel, address_hash, address, reason, at, source FROM suppressions \
                 ORDER BY at, channel, address_hash",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Suppression {
                    channel: row.get(0)?,
                    address_hash: row.get(1)?,
                    address: row.get(2)?,
                    reason: row.get(3)?,
                    at: row.get(4)?,
                    source: row.get(5)?,
                })
            })?;
            rows.collect()
        })
    }

    /// A mark by which an exported list tells whose key its hashes were made with: 16 hexadecimal digits that say nothing of the
    /// key itself.
    ///
    /// # Errors
    /// The database cannot be read, or its key cannot be made.
    pub fn address_key_mark(&mut self) -> Result<String, WorkspaceError> {
        let mut mark = self.secret(SecretName::Addresses)?.hash("mark of the key");
        mark.truncate(16);
        Ok(mark)
    }

    /// Brings back rows that this project gave out: for those without an address the hash is taken as it is. How many
    /// were new.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn restore_suppressions(&mut self, rows: &[Suppression]) -> Result<usize, WorkspaceError> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO suppressions (channel, address_hash, address, reason, at, source) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let mut new = 0;
            for row in rows {
                new += insert.execute(params![
                    row.channel,
                    row.address_hash,
                    row.address,
                    row.reason,
                    row.at,
                    row.source
                ])?;
            }
            Ok(new)
        })
    }

    /// Who may be written to: the suppressions and the last word of each customer about each channel.
    ///
    /// # Errors
    /// The database cannot be read, or its key cannot be made.
    pub fn permissions(&mut self) -> Result<Permissions, WorkspaceError> {
        let key = self.secret(SecretName::Addresses)?;
        let suppressed: HashSet<(Option<Channel>, u128)> = self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT channel, address_hash FROM suppressions")?;
            let rows = statement.query_map([], |row| {
                let channel = row.get_ref(0)?.as_str()?;
                let channel = Channel::ALL.into_iter().find(|known| known.name() == channel);
                Ok((channel, first_half(row.get_ref(1)?.as_str()?)))
            })?;
            rows.collect()
        })?;
        let mut counts = [0; 4];
        for (channel, _) in &suppressed {
            counts[channel.map_or(3, |channel| channel as usize)] += 1;
        }
        Ok(Permissions { mac: key.mac(), suppressed, counts, consents: self.last_consents()? })
    }
}

/// A recipient's own wish gives way to a stronger reason, which the recipient cannot take back; otherwise the first
/// reason stays. Whether the address was not suppressed before.
pub(super) fn suppress(
    transaction: &Transaction<'_>,
    key: &Secret,
    one: &ToSuppress<'_>,
) -> rusqlite::Result<bool> {
    let hash = address_hash(key, one.kind, one.address);
    let channel = one.channel.map_or(EVERY_CHANNEL, Channel::name);
    let address = (one.reason != Reason::Erased).then(|| normalised(one.kind, one.address));
    let new = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO suppressions (channel, address_hash, address, reason, at, source) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![channel, hash, address, one.reason.name(), one.at, one.source])?;
    if new == 0 && one.reason != Reason::Unsubscribed {
        transaction
            .prepare_cached(
                "UPDATE suppressions SET reason = ?3, at = ?4, source = ?5 \
                 WHERE channel = ?1 AND address_hash = ?2 AND reason = 'unsubscribed'",
            )?
            .execute(params![channel, hash, one.reason.name(), one.at, one.source])?;
    }
    Ok(new > 0)
}

/// Takes back what the recipient asked for; what bounced or was complained about stays.
pub(super) fn lift(
    transaction: &Transaction<'_>,
    key: &Secret,
    channel: Channel,
    address: &str,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM suppressions WHERE channel = ?1 AND address_hash = ?2 AND reason = 'unsubscribed'",
        )?
        .execute(params![channel.name(), address_hash(key, channel, address)])?;
    Ok(())
}

/// Why an address of a kind is suppressed in a channel, or (`None`) in every; `None`: it is not.
pub(super) fn reason_of(
    connection: &Connection,
    key: &Secret,
    channel: Option<Channel>,
    kind: Channel,
    address: &str,
) -> rusqlite::Result<Option<String>> {
    use rusqlite::OptionalExtension as _;
    connection
        .prepare_cached(
            "SELECT reason FROM suppressions WHERE address_hash = ?2 AND channel IN (?1, 'all') \
             ORDER BY reason = 'unsubscribed' LIMIT 1",
        )?
        .query_row(
            params![channel.map_or(EVERY_CHANNEL, Channel::name), address_hash(key, kind, address)],
            |row| row.get(0),
        )
        .optional()
}
