//! Which request goes where, and what holds for all of them: bounds, rates, headers, a panic that harms one alone.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::pages::content_security_policy;
use super::server::Peer;
use super::words::Words;
use super::{Door, Failure, hook, now, visits};
use crate::workspace::Purpose;

/// Bytes of a form.
const FORM_BODY: usize = 16 << 10;
/// Bytes of a webhook's body: some thousands of events.
pub(super) const HOOK_BODY: usize = 1 << 20;
/// Bytes of all headers of a request.
const HEADERS: usize = 16 << 10;
const ADDRESS: usize = 2 << 10;

pub(super) fn router(door: Arc<Door>) -> Router {
    let routes = Router::new()
        .route("/u/{token}", get(visits::preferences).post(visits::unsubscribe))
        .route("/c/{token}", get(visits::click))
        .route("/f/{token}", get(visits::feedback).post(visits::rate))
        .route("/hook/{kind}", post(hook::take).layer(DefaultBodyLimit::max(HOOK_BODY)))
        .route("/health", get(|| async { "ok\n" }))
        .fallback(visits::nothing);
    gated(routes, door)
}

fn gated(routes: Router<Arc<Door>>, door: Arc<Door>) -> Router {
    routes
        .layer(DefaultBodyLimit::max(FORM_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), gate))
        .with_state(door)
}

/// What every request passes.
async fn gate(
    State(door): State<Arc<Door>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let words = language(request.headers());
    let mut answer = match refusal(&door, peer, &request) {
        Some(refused) => refused,
        // In a task of its own: a panic ends that task alone.
        None => tokio::spawn(next.run(request)).await.unwrap_or_else(|_| {
            door.log(&Failure::Panic.to_string());
            visits::failed(&door, words)
        }),
    };
    let said = answer.headers_mut();
    let csp = HeaderValue::try_from(content_security_policy()).ok();
    said.extend(csp.map(|csp| (header::CONTENT_SECURITY_POLICY, csp)));
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (header::CONNECTION, "close"),
    ] {
        said.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// What is not even looked at.
fn refusal(door: &Door, peer: Peer, request: &Request) -> Option<Response> {
    if request.uri().to_string().len() > ADDRESS {
        return Some(StatusCode::URI_TOO_LONG.into_response());
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > HEADERS {
        return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response());
    }
    let path = request.uri().path();
    // A body that is promised to be too long is not waited for.
    let most = if path.starts_with("/hook/") { HOOK_BODY } else { FORM_BODY };
    let promised =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if promised.is_some_and(|bytes: u64| bytes > most as u64) {
        return Some(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    }
    let address = door.caller(peer, request.headers());
    // Mail providers unsubscribe for many people from few addresses, and events come in floods: who shows a signature is
    // not counted here, but in [`visits::unsubscribe`] and [`hook::take`].
    let signed = request.method() == Method::POST
        && path.strip_prefix("/u/").is_some_and(|token| {
            door.links.read(token, now()).is_some_and(|token| token.purpose == Purpose::Unsubscribe)
        });
    let may = if path.starts_with("/hook/") {
        !door.guesses.is_empty(address, now())
    } else {
        signed || door.limits.take(address, now())
    };
    (!may).then(|| visits::busy(door, language(request.headers())))
}

/// The pages' language where no message says which.
pub(super) fn language(headers: &HeaderMap) -> &'static Words {
    Words::asked(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

impl Door {
    /// Whose request it is. Behind a proxy that is the last address of `X-Forwarded-For`: the one that the proxy put
    /// there, whatever a caller wrote before it.
    pub(super) fn caller(&self, peer: Peer, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let forwarded =
            forwarded.filter(|_| self.settings.behind_proxy).and_then(|value| value.to_str().ok());
        let last =
            forwarded.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
        last.unwrap_or_else(|| peer.0.ip())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Mutex;

    use super::*;
    use crate::config::Config;
    use crate::jobs::Cancel;
    use crate::workspace::Store;

    #[test]
    fn a_panic_is_one_answer_of_500_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perennial.db")).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&told);
        let door =
            Door::new(store, &Config::default(), None, move |what| log.lock().unwrap().push(what.to_owned()));
        let routes = Router::new()
            .route("/panic", get(|| async { Vec::<&'static str>::new()[0] }))
            .route(
                "/panic-in-the-database",
                get(|State(door): State<Arc<Door>>| async move {
                    let broken = door.work::<()>(|_| panic!("a mistake")).await;
                    broken.unwrap_err().to_string()
                }),
            )
            .route(
                "/fine",
                get(|State(door): State<Arc<Door>>| async move {
                    door.work(|store| store.suppressions()).await.map_or("locked", |_| "fine")
                }),
            );
        let app = gated(routes, Arc::new(door.unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cancel = Cancel::default();
        let stop = cancel.clone();
        let server = std::thread::spawn(move || super::super::server::serve_app(listener, 8, app, &stop));
        let ask = |path: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        assert!(ask("/panic").starts_with("HTTP/1.1 500 "));
        assert!(ask("/panic-in-the-database").contains("a mistake of this program"));
        assert!(ask("/fine").ends_with("fine"), "the others go on");
        assert_eq!(told.lock().unwrap().len(), 1);
        cancel.cancel();
        server.join().unwrap().unwrap();
    }
}
