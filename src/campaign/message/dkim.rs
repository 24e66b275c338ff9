//! A domain's signature on an e-mail (DKIM: RFC 6376, Ed25519 by RFC 8463).
//!
//! In: a private key in a file that nobody else can read. Out: the header `DKIM-Signature`, which covers who sends what to
//! whom and the way out (RFC 8058 wants both `List-Unsubscribe` headers covered).

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;
use sha2::{Digest as _, Sha256};

use super::MessageError;
use crate::config::{EmailSendingConfig, private_text};

/// What is signed. A header that a message lacks is signed as lacking, so that nobody can add it.
const SIGNED: [&str; 13] = [
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
];

/// Signs for a domain.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    selector: String,
    key: Arc<dyn SigningKey>,
    algorithm: Algorithm,
}

#[derive(Clone, Copy, Debug)]
enum Algorithm {
    Rsa,
    Ed25519,
}

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
        if pem.contains("ENCRYPTED") {
            return Err("is locked by a pass phrase: take it off with `openssl pkey`".into());
        }
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "is no private key in PEM form, or is damaged")?;
        let key = any_supported_type(&key).map_err(|_| "is neither RSA of 2048 bits and more nor Ed25519")?;
        let takes = |scheme| key.choose_scheme(&[scheme]).is_some();
        let algorithm = if takes(SignatureScheme::RSA_PKCS1_SHA256) {
            Algorithm::Rsa
        } else if takes(SignatureScheme::ED25519) {
            Algorithm::Ed25519
        } else {
            return Err("is neither RSA nor Ed25519".into());
        };
        Ok(Self { domain: domain.into(), selector: selector.into(), key, algorithm })
    }

    /// The header `DKIM-Signature`, with its end of line, for a message whose lines end in CR LF. `at` is the time in it, in
    /// seconds since 1970: with the same time the same message has the same signature.
    ///
    /// # Errors
    /// The message has no body, or cannot be signed.
    pub(super) fn sign(&self, mail: &[u8], at: i64) -> Result<String, MessageError> {
        let failed = || MessageError::Text("it cannot be signed".into());
        let text = std::str::from_utf8(mail).map_err(|_| failed())?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(failed)?;
        let headers = headers(head);
        let mut covered = String::with_capacity(head.len());
        for wanted in SIGNED {
            if let Some((name, value)) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
                relaxed_header(name, value, &mut covered);
                covered.push_str("\r\n");
            }
        }
        let (name, scheme) = match self.algorithm {
            Algorithm::Rsa => ("rsa-sha256", SignatureScheme::RSA_PKCS1_SHA256),
            Algorithm::Ed25519 => ("ed25519-sha256", SignatureScheme::ED25519),
        };
        let body = STANDARD.encode(body_hash(body));
        let names = SIGNED.chunks(5).map(|names| names.join(":").to_lowercase()).collect::<Vec<_>>();
        let mut value = format!(
            " v=1; a={name}; c=relaxed/relaxed; q=dns/txt; t={at};\r\n d={}; s={};\r\n h={};\r\n bh={body};\r\n b=",
            self.domain,
            self.selector,
            names.join(":\r\n  ")
        );
        relaxed_header("DKIM-Signature", &value, &mut covered);
        let signer = self.key.choose_scheme(&[scheme]).ok_or_else(failed)?;
        let signature = match self.algorithm {
            Algorithm::Rsa => signer.sign(covered.as_bytes()),
            // RFC 8463, 3: the hash is what is signed.
            Algorithm::Ed25519 => signer.sign(&Sha256::digest(covered.as_bytes())),
        };
        let signature = STANDARD.encode(signature.map_err(|_| failed())?);
        for (number, line) in signature.as_bytes().chunks(72).enumerate() {
            if number > 0 {
                value.push_str("\r\n  ");
            }
            value.extend(line.iter().map(|&byte| char::from(byte)));
        }
        let mut header = String::with_capacity(value.len() + 32);
        let _ = write!(header, "DKIM-Signature:{value}\r\n");
        Ok(header)
    }
}

/// Name and value of each header, folded as it stands.
fn headers(head: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::with_capacity(16);
    let mut start = 0;
    while start < head.len() {
        let mut end = start;
        // A line that begins with a space goes on with the header before it.
        loop {
            end = head[end..].find("\r\n").map_or(head.len(), |at| end + at);
            if !head[end..].starts_with("\r\n ") && !head[end..].starts_with("\r\n\t") {
                break;
            }
            end += 2;
        }
        found.extend(head[start..end].split_once(':'));
        start = end + 2;
    }
    found
}

/// RFC 6376, 3.4.2: name in lower case, one line, one space where there were several.
fn relaxed_header(name: &str, value: &str, out: &mut String) {
    out.extend(name.trim_end().chars().map(|c| c.to_ascii_lowercase()));
    out.push(':');
    for (number, word) in value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).enumerate() {
        if number > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// SHA-256 of the body after RFC 6376, 3.4.4: no spaces at the ends of lines, one where there were several, no empty lines
/// at the end.
fn body_hash(body: &str) -> [u8; 32] {
    let mut relaxed = String::with_capacity(body.len());
    for line in body.split_inclusive("\r\n") {
        for character in line.trim_end_matches([' ', '\t', '\r', '\n']).chars() {
            if !matches!(character, ' ' | '\t') {
                relaxed.push(character);
            } else if !relaxed.ends_with(' ') {
                relaxed.push(' ');
            }
        }
        relaxed.push_str("\r\n");
    }
    let end = relaxed.trim_end_matches("\r\n").len();
    if end > 0 {
        relaxed.truncate(end);
        relaxed.push_str("\r\n");
    } else {
        relaxed.clear();
    }
    Sha256::digest(relaxed.as_bytes()).into()
}
