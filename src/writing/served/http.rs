//! One exchange with a server, on a thread of its own.
//!
//! In: what to ask. Out: the JSON documents of the answer as they come, then how it ended. Each exchange has a
//! connection of its own, so that closing that is how it is stopped. A redirect is not followed: the key goes to
//! the host that was named, and to no other.

use std::io::Read as _;
use std::time::Duration;

use crossbeam_channel::Sender;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::events::{Events, Unreadable};
use super::{Fault, Server, retry};

/// Bytes of an error's text that are read.
const LONGEST_COMPLAINT: u64 = 64 << 10;
/// Characters of it that are told.
const TOLD: usize = 200;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// Which models it has.
    Models,
    /// A conversation to go on with, as JSON.
    Chat(String),
    /// A text to go on with, as JSON.
    Complete(String),
}

/// What an exchange tells.
pub(super) enum News {
    Document(Value),
    Ended(Result<(), Trouble>),
}

/// Whether it is worth asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// After a pause.
    Soon,
    /// Not before the server's own time is over.
    After(Duration),
    No,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub fault: Fault,
    pub again: Again,
    /// Cause and remedy.
    pub words: String,
    /// The status, where the server refused with one or its answer is empty, and what it said.
    pub refusal: Option<(u16, String)>,
}

impl Trouble {
    pub(super) fn new(fault: Fault, again: Again, server: &Server, what: &str) -> Self {
        let words = format!("the model server {} {what}", server.address.host());
        Self { fault, again, words: server.without_key(&words), refusal: None }
    }
}

/// Starts an exchange. Shutting the agent down ends it at once.
pub(super) fn start(
    server: &Server,
    question: Question,
    number: u64,
    news: Sender<(u64, News)>,
) -> Result<Agent, Trouble> {
    let agent = agent(server);
    let (inside, theirs) = (agent.clone(), server.clone());
    let thread = std::thread::Builder::new().name("served".into());
    let spawned = thread.spawn(move || {
        let ended = exchange(&inside, &theirs, question, &mut |document| {
            // Nobody listens any more: the connection is being closed.
            let _ = news.send((number, News::Document(document)));
        });
        let _ = news.send((number, News::Ended(ended)));
    });
    match spawned {
        Ok(_) => Ok(agent),
        Err(error) => Err(Trouble::new(
            Fault::NotAsked,
            Again::No,
            server,
            &format!(
                "cannot be asked: the system gives no thread ({error}). Close other programs and try again"
            ),
        )),
    }
}

fn agent(server: &Server) -> Agent {
    let connect = server.settings.connect;
    let config = Agent::config_builder()
        .timeout_connect(Some(connect))
        .timeout_resolve(Some(connect))
        .timeout_send_request(Some(connect))
        .timeout_send_body(Some(server.settings.idle))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        // A stream gains nothing by it.
        .accept_encoding("identity")
        .user_agent(concat!("perennial/", env!("CARGO_PKG_VERSION")));
    // What is on this machine is not asked by way of another.
    let config = if server.address.is_this_machine() { config.proxy(None) } else { config };
    let config = match &server.authorities {
        Some(own) => config.tls_config(TlsConfig::builder().root_certs(own.roots()).build()),
        None => config,
    };
    config.build().into()
}

fn exchange(
    agent: &Agent,
    server: &Server,
    question: Question,
    tell: &mut dyn FnMut(Value),
) -> Result<(), Trouble> {
    let key = server.key.as_ref().map(super::Key::header);
    let path = if matches!(question, Question::Complete(_)) { "completions" } else { "chat/completions" };
    let asked = match question {
        Question::Models => {
            let call = agent.get(server.address.of("models"));
            if let Some(key) = key { call.header("Authorization", key) } else { call }.call()
        }
        Question::Chat(body) | Question::Complete(body) => {
            let call = agent.post(server.address.of(path));
            let call = if let Some(key) = key { call.header("Authorization", key) } else { call };
            call.header("Content-Type", "application/json").header("Accept", "text/event-stream").send(body)
        }
    };
    let mut response = asked.map_err(|error| unanswered(server, error))?;
    let status = response.status().as_u16();
    if status != 200 {
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (wait, to, date) = (header("retry-after"), header("location"), header("date"));
        let wait = wait.and_then(|wait| retry::wait(&wait, date.as_deref()));
        let mut said = Vec::new();
        let _ = response.body_mut().as_reader().take(LONGEST_COMPLAINT).read_to_end(&mut said);
        return Err(refused(server, status, wait, to.as_deref(), &said));
    }
    let mut reader = response.body_mut().as_reader();
    let mut events = Events::default();
    let mut buffer = [0; 8192];
    loop {
        let read = reader.read(&mut buffer).map_err(|error| broken(server, &error))?;
        let step = match read {
            0 => events.finish(tell),
            read => events.push(&buffer[..read], tell),
        };
        step.map_err(|problem| unreadable(server, &problem))?;
        if read == 0 || events.is_done() {
            return Ok(());
        }
    }
}

fn unreadable(server: &Server, problem: &Unreadable) -> Trouble {
    let path = if server.address.has_version() { "" } else { "; the address of most servers ends in /v1" };
    let what = match problem {
        Unreadable::TooLarge => {
            "sends an answer that is too large to be one: check that it is a model server".to_owned()
        }
        Unreadable::NotJson(begins) if begins.is_empty() => {
            format!("sends an empty answer: check that {} is a model server{path}", server.address)
        }
        Unreadable::NotJson(begins) => format!(
            "does not answer in JSON (its answer begins with \"{begins}\"): check that {} is the address of an \
             OpenAI-compatible interface{path}",
            server.address
        ),
    };
    let empty = matches!(problem, Unreadable::NotJson(begins) if begins.is_empty());
    let refusal = empty.then(|| (200, String::new()));
    Trouble { refusal, ..Trouble::new(Fault::Stranger, Again::No, server, &what) }
}

fn broken(server: &Server, error: &std::io::Error) -> Trouble {
    let what = format!("broke the connection off ({error}): see what it logs, or try again");
    Trouble::new(Fault::Broken, Again::Soon, server, &what)
}

/// The connection cannot be made safe: `words` are those of the library.
fn not_safe(server: &Server, words: &str) -> Trouble {
    let host = server.address.host();
    let own = match &server.settings.ca_file {
        Some(file) => format!("only those in {} (writing.served-ca-file) are", file.display()),
        None => "name a file with its certificate in writing.served-ca-file if it is your own".to_owned(),
    };
    // Another key under a known name is nobody's who is trusted, either.
    let what = if words.contains("UnknownIssuer") || words.contains("BadSignature") {
        format!("shows a certificate of an authority that is not trusted: {own}")
    } else if words.contains("not valid for name") || words.contains("NotValidForName") {
        format!(
            "shows a certificate for another host than {host} ({words}): give the address by the name in it"
        )
    } else if words.contains("expired") || words.contains("Expired") || words.contains("not valid yet") {
        format!("shows a certificate that is out of date ({words}): renew it, or set this machine's clock")
    } else if words.contains("corrupt message") {
        "offers no safe connection, for it does not speak TLS: write http:// in its address, or give it a certificate".to_owned()
    } else {
        format!(
            "and this machine cannot agree on a safe connection ({words}): check its certificate, or write http:// \
             where it has none"
        )
    };
    Trouble::new(Fault::Unsafe, Again::No, server, &what)
}

/// There is no answer at all.
fn unanswered(server: &Server, error: ureq::Error) -> Trouble {
    use std::io::ErrorKind as Kind;
    let soon = |what: &str| Trouble::new(Fault::Unreachable, Again::Soon, server, what);
    let never = |fault, what: &str| Trouble::new(fault, Again::No, server, what);
    let unknown =
        "is not known: no host has this name. Check the address, and that this machine has a network";
    match error {
        ureq::Error::HostNotFound => never(Fault::Unreachable, unknown),
        ureq::Error::Timeout(_) => soon(&format!(
            "is away: no connection within {} s. Start it, or check the address and the network",
            server.settings.connect.as_secs()
        )),
        ureq::Error::Rustls(error) => not_safe(server, &error.to_string()),
        ureq::Error::Tls(words) => not_safe(server, words),
        ureq::Error::LargeResponseHeader(..) => unreadable(server, &Unreadable::TooLarge),
        ureq::Error::Io(error) => match error.kind() {
            Kind::ConnectionRefused => {
                soon("is away: nothing listens there (connection refused). Start it, or check the address")
            }
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
                soon(&format!("is away: it cannot be reached ({error}). Check the address and the network"))
            }
            Kind::InvalidData => not_safe(server, &error.to_string()),
            _ if error.to_string().contains("lookup") => never(Fault::Unreachable, unknown),
            _ => broken(server, &error),
        },
        ureq::Error::ConnectProxyFailed(words) => {
            let what =
                format!("cannot be reached through the proxy ({words}): check HTTPS_PROXY and NO_PROXY");
            never(Fault::Unreachable, &what)
        }
        other => {
            let what = format!(
                "does not speak HTTP ({other}): check that {} is the address of a model server",
                server.address
            );
            never(Fault::Stranger, &what)
        }
    }
}

/// The server answered that it will not answer. `wait` is its own time after which it may be asked again.
fn refused(server: &Server, status: u16, wait: Option<Duration>, to: Option<&str>, said: &[u8]) -> Trouble {
    let no_model = is_about_the_model(said);
    let said = complaint(said);
    // What is not found, and a model is spoken of, is the model.
    let no_model = no_model || status == 404 && said.to_lowercase().contains("model");
    let told: String = said.chars().take(TOLD).collect();
    let saying = if told.is_empty() { String::new() } else { format!(" and says \"{told}\"") };
    let pause = wait.map_or(Again::Soon, Again::After);
    let (fault, again, what) = match status {
        300..=399 => {
            let uri = to.and_then(|to| to.parse::<ureq::http::Uri>().ok());
            let host = uri.as_ref().and_then(|uri| uri.authority()).map(ToString::to_string);
            let place = host.map_or_else(|| "another path".to_owned(), |host| format!("to {host}"));
            let what = format!(
                "sends on {place} ({status}), and nothing is sent there: a key is for the host that was named. Give the \
                 address where it ends up"
            );
            (Fault::Stranger, Again::No, what)
        }
        // Some servers repeat the key here.
        401 | 403 if server.key.is_some() => (
            Fault::WrongKey,
            Again::No,
            format!("refuses the key ({status}): check PERENNIAL_API_KEY, or the file of writing.key-file"),
        ),
        401 | 403 => (
            Fault::NoKey,
            Again::No,
            format!(
                "wants a key ({status}): set PERENNIAL_API_KEY, or name a file with it in writing.key-file"
            ),
        ),
        400 | 404 | 422 if no_model => (
            Fault::NoModel,
            Again::No,
            format!("has no such model{saying} ({status}): name one of its own in writing.served-model"),
        ),
        404 => {
            let address = &server.address;
            let hint = if address.has_version() { "check the address" } else { "most addresses end in /v1" };
            (Fault::Stranger, Again::No, format!("knows nothing under {address} ({status}): {hint}"))
        }
        429 => {
            let time = wait.map_or_else(String::new, |wait| format!(" for {} s", wait.as_secs()));
            let what = format!(
                "has too much to do{time}{saying} ({status}): wait, or lower writing.served-concurrency"
            );
            (Fault::Busy, pause, what)
        }
        408 | 500..=599 => {
            let what = format!("has a fault of its own{saying} ({status}): see what it logs, or try again");
            (Fault::Broken, pause, what)
        }
        _ => (
            Fault::Refused,
            Again::No,
            format!("refuses the request{saying} ({status}): check that it can do chat completions"),
        ),
    };
    Trouble {
        refusal: Some((status, server.without_key(&said))),
        ..Trouble::new(fault, again, server, &what)
    }
}

/// Whether a refusal says that there is no such model, in any of the ways in which servers say so.
fn is_about_the_model(said: &[u8]) -> bool {
    if let Ok(value) = serde_json::from_slice::<Value>(said) {
        let error = &value["error"];
        let is = |key: &str, wanted: &str| error[key].as_str() == Some(wanted);
        if is("code", "model_not_found") || is("type", "model_not_found") || is("param", "model") {
            return true;
        }
    }
    let said = complaint(said).to_lowercase();
    // "This model does not exist" is, "this parameter is unknown to this model" is not.
    let parameters =
        ["parameter", "logprob", "max_tokens", "max_completion", "temperature", "top_p", "seed", "stop"];
    let missing =
        ["not found", "not exist", "no such", "unknown", "not available", "invalid model", "not a valid"];
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    said.contains("model") && says(&missing) && !says(&parameters)
}

/// What a server says is wrong, on one line.
pub(super) fn complaint(said: &[u8]) -> String {
    let text = match serde_json::from_slice::<Value>(said) {
        Ok(value) => of_error(&value).unwrap_or_else(|| value.to_string()),
        Err(_) => String::from_utf8_lossy(said).into_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The message of an error in any of the forms that servers use.
pub(super) fn of_error(value: &Value) -> Option<String> {
    let error = value.get("error")?;
    let message = error.get("message").or(Some(error))?;
    Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_about_the_model_only_where_it_says_so() {
        for said in [
            r#"{"error": {"message": "No", "code": "model_not_found"}}"#,
            r#"{"error": {"message": "The model `x` does not exist.", "param": "model"}}"#,
            r#"{"error": {"message": "model \"x\" not found, try pulling it first"}}"#,
            r#"{"object": "error", "message": "The model `x` does not exist."}"#,
            r#"{"detail": "Unknown model: x"}"#,
            "no such model",
        ] {
            assert!(is_about_the_model(said.as_bytes()), "{said}");
        }
        for said in [
            r#"{"error": {"message": "Unknown parameter: 'logprobs' for this model", "param": "logprobs"}}"#,
            r#"{"error": "Unsupported parameter: 'max_tokens' is not supported with this model."}"#,
            "top_p is not available for this model",
            "the messages are wrong",
            "<html>404 Not Found</html>",
            "",
        ] {
            assert!(!is_about_the_model(said.as_bytes()), "{said}");
        }
    }
}
