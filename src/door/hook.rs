//! Webhooks: providers tell of deliveries, bounces, complaints, replies and orders.
//!
//! In: a POST of one object of JSON or an array of them, with the secret as `Authorization: Bearer` or with an
//! HMAC-SHA-256 of the body as `X-Perennial-Signature: sha256=HEX`. Out: 202 and how many were kept, repeated and
//! unknown: a provider that is told of an error tells everything again.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hmac::{KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::Value;

use super::event::{event, kind};
use super::server::Peer;
use super::{Door, DoorError, Failure, named, now};
use crate::config::{WEBHOOK_SECRET, private_text};
use crate::workspace::{FeedbackEvent, Hmac, Kind, Source, Taken};

/// Wrong secrets that one address may show at once; then one a second.
pub(super) const GUESSES: u32 = 10;
/// Refused events that are told one by one.
const TOLD: usize = 10;

/// Characters that a secret has at least.
const SHORTEST: usize = 16;

/// What providers show. Nothing shows it again.
#[derive(Clone)]
pub struct WebhookSecret(Hmac);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    /// The secret in `PERENNIAL_WEBHOOK_SECRET`, else in `file`; `None` where there is neither.
    ///
    /// # Errors
    /// The file cannot be read, others can read it, or what is there is too short.
    pub fn find(file: Option<&FilePath>) -> Result<Option<Self>, DoorError> {
        if let Some(secret) = std::env::var_os(WEBHOOK_SECRET).filter(|secret| !secret.is_empty()) {
            let secret = secret.into_string().unwrap_or_default();
            return Self::new(&secret, &format!("the environment variable {WEBHOOK_SECRET}")).map(Some);
        }
        file.map(Self::read).transpose()
    }

    fn read(file: &FilePath) -> Result<Self, DoorError> {
        let place = format!("the webhook secret's file {}", named(file));
        let text = private_text(file, "the webhook secret").map_err(|why| {
            DoorError::Unusable(format!(
                "{why}. It may stand in the environment variable {WEBHOOK_SECRET} too"
            ))
        })?;
        Self::new(&text, &place)
    }

    /// A secret from a text, of which `place` is the name.
    ///
    /// # Errors
    /// It is shorter than 16 characters.
    pub fn new(text: &str, place: &str) -> Result<Self, DoorError> {
        let text = text.trim();
        if text.chars().count() < SHORTEST {
            return Err(DoorError::Unusable(format!(
                "{place} holds no secret of {SHORTEST} characters or more: make one with `openssl rand -hex 32`, and give \
                 the same to the provider"
            )));
        }
        let mac = Hmac::new_from_slice(text.as_bytes());
        mac.map(Self).map_err(|error| DoorError::Unusable(format!("{place} cannot be used ({error})")))
    }

    /// Whether a request shows the secret, or a signature of its body with it. The time that this takes tells nothing.
    fn is_shown(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let signature = text("x-perennial-signature").or_else(|| text("x-hub-signature-256"));
        if let Some(code) = signature.and_then(|value| unhex(value.strip_prefix("sha256=").unwrap_or(value)))
        {
            return self.0.clone().chain_update(body).verify_slice(&code).is_ok();
        }
        let bearer = text(header::AUTHORIZATION.as_str()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        // Both as keys over the same text: equal codes are equal keys.
        bearer.and_then(|token| Hmac::new_from_slice(token.as_bytes()).ok()).is_some_and(|shown| {
            let code = shown.chain_update(b"perennial").finalize().into_bytes();
            self.0.clone().chain_update(b"perennial").verify_slice(&code).is_ok()
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|byte| u8::from_str_radix(text.get(2 * byte..2 * byte + 2)?, 16).ok()).collect()
}

/// What became of events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub received: usize,
    pub kept: usize,
    /// Told before.
    pub repeated: usize,
    /// About no message and no customer of this project.
    pub unknown: usize,
    /// Not understood.
    pub refused: usize,
    /// Hashes alone, kept although nothing shows that this project's key made them.
    #[serde(skip_serializing_if = "is_none")]
    pub unproved: usize,
    /// Why, of the first of them: place (from 1) and reason.
    pub refusals: Vec<(usize, String)>,
}

/// Whether there is none, and nothing to be told.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Counts {
    /// Counts one that was not understood.
    pub(super) fn refuse(&mut self, place: usize, why: String) {
        self.refused += 1;
        if self.refusals.len() < TOLD {
            self.refusals.push((place, why));
        }
    }

    pub(super) fn add(&mut self, taken: &[Taken]) {
        for one in taken {
            match one {
                Taken::Kept => self.kept += 1,
                Taken::Repeated => self.repeated += 1,
                Taken::Unknown => self.unknown += 1,
            }
        }
    }
}

/// Takes what a provider tells.
pub(super) async fn take(
    State(door): State<Arc<Door>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(of): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(secret) = &door.secret else {
        return (StatusCode::NOT_FOUND, "no webhook is taken here\n").into_response();
    };
    if !secret.is_shown(&headers, &body) {
        door.guesses.take(door.caller(peer, &headers), now());
        return (StatusCode::UNAUTHORIZED, "the secret is wrong or missing\n").into_response();
    }
    let of = match (of.as_str(), kind(&of)) {
        ("events", _) => None,
        (_, Some(kind)) => Some(kind),
        (_, None) => return (StatusCode::NOT_FOUND, "there is no such kind of event\n").into_response(),
    };
    let events = match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Array(events)) => events,
        Ok(event @ Value::Object(_)) => vec![event],
        Ok(_) => {
            return (StatusCode::BAD_REQUEST, "an object or an array of objects is wanted\n").into_response();
        }
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("this is no JSON: {error}\n")).into_response();
        }
    };
    let received_at = now();
    let (events, mut counts) = understood(&door, &events, of, received_at);
    let after_delivery = door.settings.scanner_milliseconds;
    let taken = door
        .work(move |store| store.take_events(&events, Source::Webhook, received_at, after_delivery))
        .await;
    match taken {
        Ok(taken) => {
            counts.add(&taken);
            let text = serde_json::to_string(&counts).unwrap_or_default();
            (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Err(failure) => {
            door.log(&failure.to_string());
            let status = match failure {
                Failure::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
                Failure::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, [(header::RETRY_AFTER, "60")], "nothing was kept: tell it again\n").into_response()
        }
    }
}

fn understood(
    door: &Door,
    events: &[Value],
    of: Option<Kind>,
    received_at: i64,
) -> (Vec<FeedbackEvent>, Counts) {
    let mut counts = Counts { received: events.len(), ..Counts::default() };
    let mut read = Vec::with_capacity(events.len());
    for (place, told) in events.iter().enumerate() {
        let one = match told {
            Value::Object(fields) => event(fields, of, received_at, door.settings.currency.as_deref()),
            _ => Err("it is no object".into()),
        };
        match one {
            Ok(event) => read.push(event),
            Err(why) => counts.refuse(place + 1, why),
        }
    }
    (read, counts)
}
