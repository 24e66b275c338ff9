//! Keys that this project made for itself: for links, for hashes of addresses, for the draw of arms, for message ids.
//!
//! A key is made from the system's randomness at its first use and stays as long as the database. Whoever has the
//! database has the keys.

use std::fmt;

use hmac::{KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use rusqlite::{OptionalExtension as _, params};

use super::Store;
use crate::workspace::WorkspaceError;

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4).
pub type Hmac = hmac::Hmac<sha2::Sha256>;

const LENGTH: usize = 32;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// Who is in which arm.
    Assignment,
    /// Tokens in links.
    Links,
    /// Hashes of suppressed addresses.
    Addresses,
    /// Message ids.
    MessageId,
    /// Coupon codes that are made here.
    Coupons,
}

impl SecretName {
    fn name(self) -> &'static str {
        match self {
            Self::Assignment => "assignment",
            Self::Links => "links",
            Self::Addresses => "addresses",
            Self::MessageId => "message-id",
            Self::Coupons => "coupons",
        }
    }
}

/// A key of 32 random bytes. Nothing shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; LENGTH]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<[u8; LENGTH]> for Secret {
    fn from(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }
}

impl Secret {
    /// A new one from the system's randomness.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn random() -> Result<Self, WorkspaceError> {
        let mut bytes = [0; LENGTH];
        SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
            WorkspaceError::Unusable(format!(
                "the system gives no random bytes for a key ({error}). Look at what keeps /dev/urandom from this program."
            ))
        })?;
        Ok(Self(bytes))
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// An HMAC-SHA-256 that waits for what it is to sign.
    #[must_use]
    pub fn mac(&self) -> Hmac {
        // A key shorter than a block is filled up with zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        block[..LENGTH].copy_from_slice(&self.0);
        Hmac::new(&block.into())
    }

    /// The HMAC-SHA-256 of a text, 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self, text: &str) -> String {
        hex(&self.mac().chain_update(text.as_bytes()).finalize().into_bytes())
    }
}

/// Bytes in hexadecimal digits, without a piece of memory for each.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

impl Store {
    /// A key of this project, which is made at the first call.
    ///
    /// # Errors
    /// The database cannot be read or written, or the system has no randomness.
    pub fn secret(&mut self, name: SecretName) -> Result<Secret, WorkspaceError> {
        let found = |connection: &rusqlite::Connection| {
            connection
                .prepare_cached("SELECT key FROM secrets WHERE name = ?1")?
                .query_row([name.name()], |row| row.get(0).map(Secret))
                .optional()
        };
        if let Some(secret) = self.read(found)? {
            return Ok(secret);
        }
        let new = Secret::random()?;
        self.write(|transaction| {
            // Another program may have made it a moment ago.
            transaction.execute(
                "INSERT OR IGNORE INTO secrets (name, key) VALUES (?1, ?2)",
                params![name.name(), new.0],
            )?;
            Ok(found(transaction)?.unwrap_or(new))
        })
    }
}
