//! Signatures, checked by a reading of RFC 6376 of its own and by another library than the one that signs.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::alg_id;
use sha2::{Digest as _, Sha256};

use perennial::campaign::message::{Composer, MessageError, Signer};
use perennial::config::EmailSendingConfig;

use super::{envelope, mail, sender};

const RSA: &str = include_str!("../data/dkim/rsa.pem");
const RSA_PKCS1: &str = include_str!("../data/dkim/rsa-pkcs1.pem");
const RSA_PUBLIC: &str = include_str!("../data/dkim/rsa-public.pem");
const ED25519: &str = include_str!("../data/dkim/ed25519.pem");
const ED25519_PUBLIC: &str = include_str!("../data/dkim/ed25519-public.pem");

fn signed(key: &str) -> String {
    let once = signed_once(key);
    assert_eq!(once, signed_once(key), "the same message has the same signature");
    once
}

fn signed_once(key: &str) -> String {
    let signer = Signer::new("shop.example", "perennial", key).unwrap();
    let composer = Composer::mail(sender(), Some(signer)).unwrap();
    let body = "Hi  Anna, \n\nsee [what is new](https://shop.example/new), 您好.\n\n";
    let made = composer
        .compose(
            &mail("New in: 茶, and much more of what you may like", body),
            &envelope("anna@mail.example"),
            &mut |_, url| Some(url.to_owned()),
        )
        .unwrap();
    String::from_utf8(made.mail).unwrap()
}

/// Name and value of each header, unfolded by nothing.
fn headers(head: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        match found.last_mut() {
            Some((_, value)) if line.starts_with([' ', '\t']) => write!(value, "\r\n{line}").unwrap(),
            _ => {
                let (name, value) = line.split_once(':').unwrap();
                found.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    found
}

/// RFC 6376, 3.4.2.
fn relaxed(name: &str, value: &str) -> String {
    let value = value.replace("\r\n", "");
    let value = value.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    format!("{}:{value}", name.trim_end().to_lowercase())
}

/// RFC 6376, 3.4.4.
fn relaxed_body(body: &str) -> String {
    let mut lines: Vec<String> = body
        .split("\r\n")
        .map(|line| {
            let mut out = String::new();
            for c in line.chars() {
                let blank = c == ' ' || c == '\t';
                if !(blank && out.ends_with(' ')) {
                    out.push(if blank { ' ' } else { c });
                }
            }
            out.trim_end_matches(' ').to_owned()
        })
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

/// The bytes of the key in a `SubjectPublicKeyInfo`: of RSA the inner structure, of Ed25519 the 32 bytes.
fn public_key(pem: &str) -> Vec<u8> {
    let inside: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(inside).unwrap();
    // BIT STRING: its content after the number of unused bits comes last in both.
    let start = if der.len() > 100 { der.len() - 270 } else { der.len() - 32 };
    der[start..].to_vec()
}

fn verifies(mail: &str, public: &str) -> bool {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let all = headers(head);
    let (name, signature) = all.iter().find(|(name, _)| name == "DKIM-Signature").unwrap();
    let tags: std::collections::BTreeMap<String, String> = signature
        .split(';')
        .filter_map(|tag| tag.split_once('='))
        .map(|(tag, value)| (tag.trim().to_owned(), value.split_whitespace().collect::<String>()))
        .collect();
    assert_eq!(
        (tags["v"].as_str(), tags["d"].as_str(), tags["s"].as_str()),
        ("1", "shop.example", "perennial")
    );
    assert_eq!(tags["c"], "relaxed/relaxed");
    if STANDARD.encode(Sha256::digest(relaxed_body(body).as_bytes())) != tags["bh"] {
        return false;
    }
    let mut covered = String::new();
    for wanted in tags["h"].split(':') {
        if let Some((name, value)) = all.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
            covered.push_str(&relaxed(name, value));
            covered.push_str("\r\n");
        }
    }
    let start = signature.rfind("b=").unwrap() + 2;
    covered.push_str(&relaxed(name, &signature[..start]));
    let bytes = STANDARD.decode(&tags["b"]).unwrap();
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let (kind, covered) = match tags["a"].as_str() {
        "rsa-sha256" => (alg_id::RSA_PKCS1_SHA256, covered.into_bytes()),
        // RFC 8463, 3: the hash is what is signed.
        "ed25519-sha256" => (alg_id::ED25519, Sha256::digest(covered.as_bytes()).to_vec()),
        other => panic!("{other}"),
    };
    let algorithm = algorithms.all.iter().find(|one| one.signature_alg_id() == kind).unwrap();
    algorithm.verify_signature(&public_key(public), &covered, &bytes).is_ok()
}

#[test]
fn a_signature_covers_who_sends_what_to_whom_and_the_way_out() {
    for (key, public) in [(RSA, RSA_PUBLIC), (RSA_PKCS1, RSA_PUBLIC), (ED25519, ED25519_PUBLIC)] {
        let mail = signed(key);
        assert!(verifies(&mail, public), "{mail}");
        let changes = [
            ("news@shop.example", "news@evil.example"),
            ("To: anna@", "To: eve@"),
            ("Reply-To: hello@", "Reply-To: eve@"),
            ("Subject: New", "Subject: Old"),
            ("Date: Sat, 01", "Date: Sat, 02"),
            ("Message-ID: <0", "Message-ID: <1"),
            ("MIME-Version: 1.0", "MIME-Version: 1.1"),
            ("multipart/alternative", "multipart/mixed"),
            ("List-Unsubscribe: <https://door", "List-Unsubscribe: <https://evil"),
            ("List-Unsubscribe-Post: List", "List-Unsubscribe-Post: Lost"),
            ("List-Id: <news", "List-Id: <olds"),
            ("Feedback-ID: autumn", "Feedback-ID: spring"),
            ("\r\n\r\n--=_perennial", "\r\n\r\nHello\r\n--=_perennial"),
            // A header that was not there.
            ("Date: Sat", "Cc: eve@evil.example\r\nDate: Sat"),
        ];
        for (from, to) in changes {
            assert!(mail.contains(from), "{from}\n{mail}");
            assert!(!verifies(&mail.replacen(from, to, 1), public), "{to}");
        }
        // What may change on the way does not count: folding, spaces at the ends of lines, empty lines at the end.
        let on_the_way = mail.replacen("Feedback-ID: ", "Feedback-ID:\r\n\t", 1) + "\r\n\r\n";
        assert!(verifies(&on_the_way, public));
    }
}

#[cfg(unix)]
#[test]
fn a_key_is_read_from_a_file_of_ones_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dkim.pem");
    let mut email = EmailSendingConfig::default();
    assert!(Signer::of(&email).unwrap().is_none());
    let refused = |email: &EmailSendingConfig| match Signer::of(email) {
        Err(MessageError::Settings(why)) => why,
        other => panic!("{other:?}"),
    };
    email.dkim_domain = Some("shop.example".into());
    assert!(refused(&email).contains("dkim-selector under [sending.email]"));
    email.dkim_selector = Some("perennial".into());
    assert!(refused(&email).contains("dkim-key-file under [sending.email]"));
    email.dkim_key_file = Some(file.clone());
    std::fs::write(&file, RSA).unwrap();
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    assert!(refused(&email).contains("chmod 600"));
    mode(0o600);
    assert!(Signer::of(&email).unwrap().is_some());
    for wrong in [
        "",
        "hush",
        RSA_PUBLIC,
        "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4CAQ==\n-----END ENCRYPTED PRIVATE KEY-----",
    ] {
        std::fs::write(&file, wrong).unwrap();
        let why = refused(&email);
        assert!(why.contains("dkim.pem") && !why.contains("MC4C"), "{why}");
    }
    assert!(Signer::new("shop.example; x", "perennial", RSA).is_err());
}
