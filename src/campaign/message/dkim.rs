//! A domain's signature on an e-mail (DKIM: RFC 6376, Ed25519 by RFC 8463).
//!
//! In: a private key in a file that nobody else can read. Out: the header `DKIM-Signature`, which covers who sends what to
//! whom and the way out (RFC 8058 wants both `List-Unsubscribe` headers covered).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::HeaderName;

use super::MessageError;
use crate::campaign::channel::private_text;
use crate::config::EmailSendingConfig;

/// What is signed. A header that a message lacks is signed as lacking, so that nobody can add it.
const SIGNED: [&str; 14] = [
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
];

/// Signs for a domain.
#[derive(Debug)]
pub struct Signer(DkimConfig);

impl Signer {
    /// The signer of the settings; `None` where no domain is named.
    ///
    /// # Errors
    /// A setting is missing, or the key cannot be used.
    pub fn of(email: &EmailSendingConfig) -> Result<Option<Self>, MessageError> {
        let Some(domain) = &email.dkim_domain else { return Ok(None) };
        let missing = |setting: &str| {
            MessageError::Settings(format!(
                "messages cannot be signed for {domain}: write {setting} under [sending.email], or take dkim-domain away"
            ))
        };
        let selector = email.dkim_selector.as_ref().ok_or_else(|| missing("dkim-selector"))?;
        let file = email.dkim_key_file.as_ref().ok_or_else(|| missing("dkim-key-file"))?;
        Self::from_file(domain, selector, file).map(Some)
    }

    /// A signer with the key in a file.
    ///
    /// # Errors
    /// The key cannot be read or used, or others can read it.
    pub fn from_file(domain: &str, selector: &str, file: &Path) -> Result<Self, MessageError> {
        let text = private_text(file, "the DKIM key").map_err(MessageError::Settings)?;
        Self::new(domain, selector, &text).map_err(|why| {
            MessageError::Settings(format!(
                "the DKIM key {} {why}: make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`",
                file.display()
            ))
        })
    }

    /// A signer with a key in PEM form: PKCS #8 or PKCS #1 for RSA, PKCS #8 for Ed25519.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow on "the key".
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, String> {
        for (named, text) in [("domain", domain), ("selector", selector)] {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if text.is_empty() || !text.chars().all(fits) {
                return Err(format!("has no use with the {named} \"{text}\""));
            }
        }
        let (key, algorithm) = plain_key(pem)?;
        let key =
            DkimSigningKey::new(&key, algorithm).map_err(|error| format!("cannot be used ({error})"))?;
        let way = DkimCanonicalization {
            header: DkimCanonicalizationType::Relaxed,
            body: DkimCanonicalizationType::Relaxed,
        };
        let headers = SIGNED.map(HeaderName::new_from_ascii_str).into();
        Ok(Self(DkimConfig::new(selector.into(), domain.into(), key, headers, way)))
    }

    pub(super) fn sign(&self, message: &mut lettre::Message) {
        message.sign(&self.0);
    }
}

/// A key in the form that `lettre` takes: PKCS #1 in PEM form for RSA, the bare 32 bytes in base64 for Ed25519.
fn plain_key(pem: &str) -> Result<(String, DkimSigningAlgorithm), String> {
    if pem.contains("-----BEGIN RSA PRIVATE KEY-----") {
        return Ok((pem.trim().to_owned(), DkimSigningAlgorithm::Rsa));
    }
    if pem.contains("ENCRYPTED") {
        return Err("is locked by a pass phrase: take it off with `openssl pkey`".into());
    }
    let inside = pem
        .split_once("-----BEGIN PRIVATE KEY-----")
        .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
        .map(|(inside, _)| inside.split_whitespace().collect::<String>())
        .ok_or("is no private key in PEM form")?;
    let der = STANDARD.decode(inside).map_err(|_| "is damaged (no base64)")?;
    let (algorithm, key) = pkcs8(&der).ok_or("is damaged (no PKCS #8)")?;
    match algorithm {
        // 1.2.840.113549.1.1.1
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] => {
            let lines = STANDARD.encode(key);
            let lines: Vec<&str> =
                lines.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
            let pem = format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
                lines.join("\n")
            );
            Ok((pem, DkimSigningAlgorithm::Rsa))
        }
        // 1.3.101.112
        [0x2b, 0x65, 0x70] => {
            let (0x04, seed, _) = der_item(key).ok_or("is damaged (no Ed25519)")? else {
                return Err("is damaged (no Ed25519)".into());
            };
            Ok((STANDARD.encode(seed), DkimSigningAlgorithm::Ed25519))
        }
        _ => Err("is neither RSA nor Ed25519".into()),
    }
}

/// Algorithm and key of a PKCS #8 structure (RFC 5958): SEQUENCE { version, SEQUENCE { OID, .. }, OCTET STRING, .. }.
fn pkcs8(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (0x30, inside, _) = der_item(der)? else { return None };
    let (0x02, _, rest) = der_item(inside)? else { return None };
    let (0x30, algorithm, rest) = der_item(rest)? else { return None };
    let (0x06, algorithm, _) = der_item(algorithm)? else { return None };
    let (0x04, key, _) = der_item(rest)? else { return None };
    Some((algorithm, key))
}

/// Tag, content and what comes after it.
fn der_item(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 3 || rest.len() < count {
            return None;
        }
        let (length, rest) = rest.split_at(count);
        (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
    };
    (rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}
