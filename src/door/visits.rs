//! What people reach by the links in their messages: preferences and unsubscribing, clicks, feedback.
//!
//! A link is right or it is not: no page says more of why. What a page changes is on the disk before it is shown.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use super::form::{pairs, value};
use super::pages::{LONGEST_SENTENCE, Page, Preferences, Told};
use super::routes::language;
use super::server::Peer;
use super::words::Words;
use super::{Door, Failure, now};
use crate::data::Channel;
use crate::workspace::{Purpose, Sent, Source, Store, TEST_SEND, Token, WorkspaceError};

type Shared = State<Arc<Door>>;

fn html(status: StatusCode, page: String) -> Response {
    (status, Html(page)).into_response()
}

impl Door {
    fn page(&self, words: &'static Words) -> Page<'_> {
        Page { words, brand: &self.settings.brand }
    }
}

fn wrong_link(door: &Door, words: &'static Words) -> Response {
    html(StatusCode::NOT_FOUND, door.page(words).note(words.no_link, words.no_link_more))
}

pub(super) fn busy(door: &Door, words: &'static Words) -> Response {
    let page = door.page(words).note(words.busy, words.busy_more);
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], Html(page)).into_response()
}

pub(super) fn failed(door: &Door, words: &'static Words) -> Response {
    html(StatusCode::INTERNAL_SERVER_ERROR, door.page(words).note(words.failed, words.failed_more))
}

/// A database that cannot be written now may be in a minute; whoever asks for a machine tries again.
fn unavailable(door: &Door, words: &'static Words, failure: &Failure) -> Response {
    door.log(&failure.to_string());
    let page = door.page(words).note(words.failed, words.failed_more);
    let status = match failure {
        Failure::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        Failure::Panic => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, [(header::RETRY_AFTER, "120")], Html(page)).into_response()
}

pub(super) async fn nothing(State(door): Shared, headers: HeaderMap) -> Response {
    wrong_link(&door, language(&headers))
}

/// A right token and its message; else the answer to be given.
async fn open(
    door: &Arc<Door>,
    text: &str,
    headers: &HeaderMap,
    is: fn(Purpose) -> bool,
) -> Result<(Token, Sent), Response> {
    let words = language(headers);
    let token = door.links.read(text, now()).filter(|token| is(token.purpose));
    let Some(token) = token else { return Err(wrong_link(door, words)) };
    if token.send == TEST_SEND {
        return Err(html(StatusCode::OK, door.page(words).note(words.test, words.test_more)));
    }
    match door.work(move |store| store.sent(token.send)).await {
        Ok(Some(sent)) => Ok((token, sent)),
        Ok(None) => Err(wrong_link(door, words)),
        Err(failure) => Err(unavailable(door, words, &failure)),
    }
}

/// What is shown of preferences, after something was done.
fn preferences_of(store: &mut Store, sent: &Sent, told: Told) -> Result<Preferences, WorkspaceError> {
    let mut asked = Channel::ALL.to_vec();
    asked.sort_by_key(|&channel| channel != sent.channel);
    Ok(Preferences {
        channel: sent.channel,
        suppressed: store.suppressed_for(sent)?,
        consents: store.last_consents_of(&sent.customer)?,
        asked,
        told,
        action: None,
    })
}

fn shown(door: &Door, words: &'static Words, found: Result<Preferences, Failure>) -> Response {
    match found {
        Ok(found) => html(StatusCode::OK, door.page(words).preferences(&found)),
        Err(failure) => unavailable(door, words, &failure),
    }
}

/// GET: shows, and changes nothing: scanners of mail follow every link.
pub(super) async fn preferences(
    State(door): Shared,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (_, sent) = match open(&door, &token, &headers, |purpose| purpose == Purpose::Unsubscribe).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    let words = Words::of(&sent.language);
    let found = door.work(move |store| preferences_of(store, &sent, Told::Nothing)).await;
    shown(&door, words, found)
}

/// POST: one-click (RFC 8058), the button, or the form of preferences.
pub(super) async fn unsubscribe(
    State(door): Shared,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (_, sent) = match open(&door, &token, &headers, |purpose| purpose == Purpose::Unsubscribe).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    let words = Words::of(&sent.language);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = pairs(kind, &body);
    if value(&form, "List-Unsubscribe").is_some_and(|value| value.trim() == "One-Click") {
        return match door.work(move |store| store.unsubscribe(&sent, now(), Source::OneClick)).await {
            Ok(_) => (StatusCode::OK, "unsubscribed\n").into_response(),
            Err(failure) => unavailable(&door, words, &failure),
        };
    }
    // A program's click is free and changes nothing the second time; a form that can be sent to and fro is not.
    if !door.limits.take(door.caller(peer, &headers), now()) {
        return busy(&door, words);
    }
    let found = if value(&form, "unsubscribe").is_some() {
        door.work(move |store| {
            store.unsubscribe(&sent, now(), Source::Page)?;
            preferences_of(store, &sent, Told::Unsubscribed)
        })
        .await
    } else if value(&form, "preferences").is_some() {
        let wishes: Vec<(Channel, bool)> = Channel::ALL
            .into_iter()
            .filter_map(|channel| match value(&form, channel.name())? {
                "yes" => Some((channel, true)),
                "no" => Some((channel, false)),
                _ => None,
            })
            .collect();
        door.work(move |store| {
            store.prefer(&sent, &wishes, now(), Source::Page)?;
            preferences_of(store, &sent, Told::Saved)
        })
        .await
    } else {
        // Nothing that asks for anything: shown again, and told apart from what was done.
        let found = door.work(move |store| preferences_of(store, &sent, Told::Nothing)).await;
        let mut answer = shown(&door, words, found);
        if answer.status() == StatusCode::OK {
            *answer.status_mut() = StatusCode::BAD_REQUEST;
        }
        return answer;
    };
    shown(&door, words, found)
}

/// On to a link of the campaign, and nowhere else.
pub(super) async fn click(
    State(door): Shared,
    method: Method,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (token, sent) =
        match open(&door, &token, &headers, |purpose| matches!(purpose, Purpose::Click(_))).await {
            Ok(opened) => opened,
            Err(answer) => return answer,
        };
    let words = Words::of(&sent.language);
    let Purpose::Click(link) = token.purpose else { return wrong_link(&door, words) };
    if token.expired {
        return expired(&door, sent).await;
    }
    let target = {
        let campaign = sent.campaign;
        door.work(move |store| store.link_target(campaign, link)).await
    };
    let location = match target {
        Ok(Some(url)) => location(&url),
        Ok(None) => None,
        Err(failure) => return unavailable(&door, words, &failure),
    };
    let Some(location) = location else { return wrong_link(&door, words) };
    let scanner = method == Method::HEAD || looks_ahead(&headers);
    let after_delivery = door.settings.scanner_milliseconds;
    let noted = door.work(move |store| store.add_click(&sent, link, now(), scanner, after_delivery)).await;
    if let Err(failure) = noted {
        // Whoever clicked wants to see the page; that it was not noted is the shop's trouble.
        door.log(&failure.to_string());
    }
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// Browsers and mail programs that fetch before anybody asked.
fn looks_ahead(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| {
        headers.get(*name).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("prefetch") || value.contains("preview")
        })
    })
}

/// An address of the web as a header takes it.
fn location(url: &str) -> Option<HeaderValue> {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return None;
    }
    let ascii: String = url
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_graphic() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect();
    HeaderValue::try_from(ascii).ok()
}

/// A link whose time is over: what was to be sent can be decided all the same.
async fn expired(door: &Arc<Door>, sent: Sent) -> Response {
    let words = Words::of(&sent.language);
    let action = format!("../u/{}", door.links.token(Purpose::Unsubscribe, sent.id));
    let found = door.work(move |store| preferences_of(store, &sent, Told::Nothing)).await;
    match found {
        Ok(found) => {
            let found = Preferences { action: Some(action), ..found };
            html(StatusCode::GONE, door.page(words).preferences(&found))
        }
        Err(failure) => unavailable(door, words, &failure),
    }
}

pub(super) async fn feedback(State(door): Shared, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let (token, sent) = match open(&door, &token, &headers, |purpose| purpose == Purpose::Feedback).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    if token.expired {
        return expired(&door, sent).await;
    }
    html(StatusCode::OK, door.page(Words::of(&sent.language)).feedback(false))
}

pub(super) async fn rate(
    State(door): Shared,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (token, sent) = match open(&door, &token, &headers, |purpose| purpose == Purpose::Feedback).await {
        Ok(opened) => opened,
        Err(answer) => return answer,
    };
    if token.expired {
        return expired(&door, sent).await;
    }
    let words = Words::of(&sent.language);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = pairs(kind, &body);
    let rating =
        value(&form, "rating").and_then(|text| text.parse::<u8>().ok()).filter(|rate| (1..=5).contains(rate));
    let text: String =
        value(&form, "text").unwrap_or_default().trim().chars().take(LONGEST_SENTENCE).collect();
    let text = (!text.is_empty()).then_some(text);
    if rating.is_none() && text.is_none() {
        return html(StatusCode::BAD_REQUEST, door.page(words).feedback(true));
    }
    match door.work(move |store| store.rate(&sent, rating, text.as_deref(), now())).await {
        Ok(_) => html(StatusCode::OK, door.page(words).note(words.thanks, words.thanks_more)),
        Err(failure) => unavailable(&door, words, &failure),
    }
}
