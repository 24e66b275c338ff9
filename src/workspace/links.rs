//! Links that stand in a message and lead back to this project: unsubscribe, a click, the feedback page.
//!
//! In: the number of a send, the number of a link in its message. Out: an address, as short as it can be (an SMS is
//! paid by the character), and back again what an address stands for. A token is
//!
//! ```text
//! purpose (1 byte), send (LEB128), link (LEB128, of a click only), last day (2 bytes), HMAC-SHA-256 (first 12 bytes)
//! ```
//!
//! in base64url without padding (RFC 4648, section 5): 24 to 28 characters up to a hundred million sends. Nobody can
//! make or alter one without the project's key: 96 bits are left of the code, as RFC 2104 (section 5) allows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;

use super::store::{Hmac, SecretName};
use super::{Secret, Store, WorkspaceError};
use crate::config::DoorConfig;

/// Bytes of the code that are kept: 96 bits.
const CODE: usize = 12;
/// What the code covers besides the token, so that the key's codes serve nothing else.
const DOMAIN: &[u8] = b"perennial link 1\0";
/// A token of the greatest numbers is not longer.
const LONGEST: usize = 64;
const DAY: i64 = 86_400_000;

/// The number of a send that is none: of a message that somebody sends to themselves.
pub const TEST_SEND: i64 = 0;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The page of preferences, and one-click unsubscribe.
    Unsubscribe,
    /// To the link with this number among those of the campaign.
    Click(u32),
    Feedback,
}

/// A token that was signed with the project's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub purpose: Purpose,
    pub send: i64,
    /// Whether its last day (UTC) is over.
    pub expired: bool,
}

/// Makes links and reads them again.
#[derive(Clone)]
pub struct Links {
    base: String,
    mac: Hmac,
    last_day: u16,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links")
            .field("base", &self.base)
            .field("last_day", &self.last_day)
            .finish_non_exhaustive()
    }
}

impl Links {
    /// Links under an address such as `https://shop.example/m`, with the secret `links` of the project
    /// ([`super::Store::secret`]), that stand until the day of `until` (milliseconds since 1970, UTC) is over.
    #[must_use]
    pub fn new(base_url: &str, key: &Secret, until: i64) -> Self {
        let last_day = u16::try_from(until.max(0) / DAY).unwrap_or(u16::MAX);
        Self { base: base_url.trim_end_matches('/').to_owned(), mac: key.mac(), last_day }
    }

    /// The links of a project's messages, as the settings have them: from `now` on for so many days.
    ///
    /// # Errors
    /// The project's key cannot be read or made.
    pub fn of(store: &mut Store, config: &DoorConfig, now: i64) -> Result<Self, WorkspaceError> {
        let key = store.secret(SecretName::Links)?;
        // Until the server has a name for others, its links lead to this machine.
        let base = config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.bind));
        Ok(Self::new(&base, &key, now + config.link_days * DAY))
    }

    /// Where the recipient ends or changes what is sent; also takes the POST of RFC 8058.
    #[must_use]
    pub fn unsubscribe(&self, send: i64) -> String {
        format!("{}/u/{}", self.base, self.token(Purpose::Unsubscribe, send))
    }

    /// Leads on to a link of the campaign (table `links`), and notes the click.
    #[must_use]
    pub fn click(&self, send: i64, link: u32) -> String {
        format!("{}/c/{}", self.base, self.token(Purpose::Click(link), send))
    }

    /// A page for a rating and a sentence.
    #[must_use]
    pub fn feedback(&self, send: i64) -> String {
        format!("{}/f/{}", self.base, self.token(Purpose::Feedback, send))
    }

    /// The token alone.
    #[must_use]
    pub fn token(&self, purpose: Purpose, send: i64) -> String {
        let mut bytes = Vec::with_capacity(32);
        bytes.push(match purpose {
            Purpose::Unsubscribe => 1,
            Purpose::Click(_) => 2,
            Purpose::Feedback => 3,
        });
        write_number(&mut bytes, send as u64);
        if let Purpose::Click(link) = purpose {
            write_number(&mut bytes, u64::from(link));
        }
        bytes.extend(self.last_day.to_be_bytes());
        let code = self.code(&bytes).finalize().into_bytes();
        bytes.extend(&code[..CODE]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token stands for on a day (milliseconds since 1970, UTC); `None` where it was not signed with this key,
    /// or was altered. The comparison takes the same time wherever the difference is.
    #[must_use]
    pub fn read(&self, token: &str, now: i64) -> Option<Token> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, code) = bytes.split_at_checked(bytes.len().checked_sub(CODE)?)?;
        self.code(said).verify_truncated_left(code).ok()?;
        let (&purpose, mut rest) = said.split_first()?;
        let send = i64::try_from(read_number(&mut rest)?).ok()?;
        let purpose = match purpose {
            1 => Purpose::Unsubscribe,
            2 => Purpose::Click(u32::try_from(read_number(&mut rest)?).ok()?),
            3 => Purpose::Feedback,
            _ => return None,
        };
        let last_day = u16::from_be_bytes(rest.try_into().ok()?);
        Some(Token { purpose, send, expired: now / DAY > i64::from(last_day) })
    }

    fn code(&self, bytes: &[u8]) -> Hmac {
        self.mac.clone().chain_update(DOMAIN).chain_update(bytes)
    }
}

/// LEB128: seven bits a byte, the lowest first.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(until: i64) -> Links {
        Links::new("https://shop.example/m/", &Secret::from([7; 32]), until)
    }

    #[test]
    fn a_link_says_what_it_was_made_for() {
        let links = links(20_000 * DAY);
        assert!(links.unsubscribe(1).starts_with("https://shop.example/m/u/"));
        assert!(links.click(1, 2).starts_with("https://shop.example/m/c/"));
        assert!(links.feedback(1).starts_with("https://shop.example/m/f/"));
        for send in [1, 127, 128, 99_999_999, i64::MAX] {
            for purpose in
                [Purpose::Unsubscribe, Purpose::Click(0), Purpose::Click(u32::MAX), Purpose::Feedback]
            {
                let token = links.token(purpose, send);
                assert_eq!(links.read(&token, 0), Some(Token { purpose, send, expired: false }));
                // The last day counts to its end.
                assert!(!links.read(&token, 20_001 * DAY - 1).unwrap().expired);
                assert!(links.read(&token, 20_001 * DAY).unwrap().expired);
            }
        }
        assert!(links.token(Purpose::Unsubscribe, 99_999_999).len() <= 26);
        assert!(links.token(Purpose::Click(9), 99_999_999).len() <= 28);
    }

    #[test]
    fn a_token_with_any_bit_altered_is_refused() {
        let links = links(20_000 * DAY);
        for purpose in [Purpose::Unsubscribe, Purpose::Click(3), Purpose::Feedback] {
            let token = links.token(purpose, 123_456);
            let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut altered = bytes.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(altered), 0), None, "bit {bit}");
            }
            // Nor is there a second spelling of the same token: every other character, one more, one less.
            for place in 0..token.len() {
                for other in (0x21..0x7f_u8).filter(|&other| other != token.as_bytes()[place]) {
                    let mut altered = token.clone().into_bytes();
                    altered[place] = other;
                    assert_eq!(links.read(&String::from_utf8(altered).unwrap(), 0), None, "place {place}");
                }
            }
            for altered in
                [&token[1..], &token[..token.len() - 1], &format!("{token}="), &format!("{token}A"), ""]
            {
                assert_eq!(links.read(altered, 0), None, "{altered}");
            }
        }
    }

    #[test]
    fn another_key_reads_nothing() {
        let token = links(20_000 * DAY).token(Purpose::Unsubscribe, 1);
        let other = Links::new("https://shop.example", &Secret::from([8; 32]), 20_000 * DAY);
        assert_eq!(other.read(&token, 0), None);
    }
}
