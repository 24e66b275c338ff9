//! Text messages and push messages to a provider, one HTTP request for each.
//!
//! In: messages. Out: the provider's answers. The request bears the message's id, so that a provider that heeds it takes a
//! message once however often it is sent. A redirect is not followed: the secret goes to the host that was named.

mod retry;
mod settings;

pub(super) use settings::Settings;

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::{Carrier, Fault, FaultKind, Outcome};
use crate::campaign::message::Outgoing;

/// Bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 64 << 10;
/// Characters of it that are told.
const TOLD: usize = 300;
/// How long an idle connection is kept: shorter than providers keep theirs, so that none closes under a request.
const IDLE: Duration = Duration::from_secs(10);

pub(super) struct Webhook {
    settings: Arc<Settings>,
    agent: Agent,
    /// The body of the message that is prepared.
    prepared: Option<String>,
}

impl Webhook {
    pub fn new(settings: Arc<Settings>) -> Self {
        let config = Agent::config_builder()
            .timeout_resolve(Some(settings.connect))
            .timeout_connect(Some(settings.connect))
            .timeout_send_request(Some(settings.connect))
            .timeout_send_body(Some(settings.taken))
            .timeout_recv_response(Some(settings.taken))
            .timeout_recv_body(Some(settings.taken))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_age(IDLE)
            .accept_encoding("identity")
            .user_agent(concat!("perennial/", env!("CARGO_PKG_VERSION")));
        let config = if settings.is_this_machine { config.proxy(None) } else { config };
        let config = match &settings.authorities {
            Some(own) => config
                .tls_config(TlsConfig::builder().root_certs(RootCerts::Specific(Arc::clone(own))).build()),
            None => config,
        };
        Self { settings, agent: config.build().into(), prepared: None }
    }

    fn send(&self, id: &str, body: &str) -> Outcome {
        let settings = &self.settings;
        let mut request = if settings.method == "PUT" {
            self.agent.put(&settings.url)
        } else {
            self.agent.post(&settings.url)
        };
        request = request.header("Content-Type", settings.content_type());
        for (name, value) in &settings.headers {
            request = request.header(name, value);
        }
        if let Some((name, secret)) = &settings.secret {
            request = request.header(name, secret.reveal());
        }
        if !settings.idempotency_header.is_empty() {
            request = request.header(&settings.idempotency_header, id);
        }
        let mut response = match request.send(body) {
            Ok(response) => response,
            Err(error) => return self.unanswered(&error),
        };
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let after = header("retry-after").and_then(|text| retry::wait(&text, jiff::Timestamp::now()));
        let mut answer = Vec::new();
        let read = response.body_mut().as_reader().take(LONGEST_ANSWER).read_to_end(&mut answer);
        let words = self.told(status, &answer);
        if settings.success.contains(&status) {
            return match (settings.agrees(&answer), read) {
                (true, _) => Outcome::Accepted { reply: words },
                (false, Err(error)) => {
                    Outcome::Unknown { why: format!("{words}, and its answer broke off: {error}") }
                }
                (false, Ok(_)) => Outcome::Failed(Fault::new(FaultKind::Permanent, words)),
            };
        }
        let kind = match status {
            // Whoever stands before the provider does not know what became of the request.
            502 | 504 if settings.idempotency_header.is_empty() => return Outcome::Unknown { why: words },
            408 | 425 | 429 | 500.. => FaultKind::Temporary,
            // A redirect, no permission, no money, or no such way of asking: the same for every message.
            300..=399 | 401..=403 | 405 | 407 => FaultKind::Channel,
            _ => FaultKind::Permanent,
        };
        Outcome::Failed(Fault { after, ..Fault::new(kind, words).of_everything() })
    }

    /// What a request without an answer means.
    fn unanswered(&self, error: &ureq::Error) -> Outcome {
        use ureq::Timeout;
        let host = &self.settings.host;
        let network = |why: String| Outcome::Failed(Fault::new(FaultKind::Network, why));
        let channel = |why: String| Outcome::Failed(Fault::new(FaultKind::Channel, why));
        match error {
            ureq::Error::HostNotFound => network(format!("the provider {host} is not found")),
            ureq::Error::ConnectionFailed => network(format!("the provider {host} cannot be reached")),
            ureq::Error::Timeout(
                Timeout::Resolve
                | Timeout::Connect
                | Timeout::SendRequest
                | Timeout::SendBody
                | Timeout::PerWrite,
            ) => network(format!("the provider {host} did not take the request in time")),
            ureq::Error::Io(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::BrokenPipe
                ) =>
            {
                network(format!("the provider {host} cannot be reached: {error}"))
            }
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                channel(format!("there is no safe connection to the provider {host}: {error}"))
            }
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
                channel(format!("there is no safe connection to the provider {host}: {error}"))
            }
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::InvalidProxyUrl => {
                channel(format!("the provider {host} cannot be asked: {error}"))
            }
            error => Outcome::Unknown {
                why: format!("the provider {host} got the request and did not answer: {error}"),
            },
        }
    }

    fn told(&self, status: u16, answer: &[u8]) -> String {
        let words = String::from_utf8_lossy(answer);
        let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TOLD).collect();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = match &self.settings.secret {
            Some((_, secret)) => secret.kept_out_of(&words),
            None => words,
        };
        format!("{status} {words}").trim_end().to_owned()
    }
}

impl Carrier for Webhook {
    /// Makes the body. Nothing is sent yet: the connection and the request are one step, so that whatever goes wrong
    /// before the request is out is told by `hand_over` as certainly not taken.
    fn prepare(&mut self, message: &Outgoing) -> Result<(), Fault> {
        self.prepared =
            Some(self.settings.body_of(message).map_err(|why| Fault::new(FaultKind::Channel, why))?);
        Ok(())
    }

    fn hand_over(&mut self, message: &Outgoing) -> Outcome {
        match self.prepared.take() {
            Some(body) => self.send(&message.message_id, &body),
            None => Outcome::Failed(Fault::new(FaultKind::Network, "the message was not prepared")),
        }
    }

    fn already_taken(&mut self, _: &str) -> Option<bool> {
        None
    }
}
