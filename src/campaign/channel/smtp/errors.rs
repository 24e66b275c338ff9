//! A mail server's answers and failures as faults, with the server's own words.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::Failure;
use crate::campaign::channel::{Fault, FaultKind};

/// Characters of an answer that are kept.
const TOLD: usize = 300;

/// An answer in one line: `250 2.0.0 Ok: queued as 4711`.
pub(super) fn told(answer: &Response) -> String {
    one_line(&format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" ")))
}

fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TOLD).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a refusal without its code.
pub(super) fn said_by(error: &Error) -> String {
    error.source().map_or_else(String::new, |source| one_line(&source.to_string()))
}

/// The answer to a command, or the refusal; a connection that does not answer is broken.
pub(super) fn answered(answer: Result<Response, Error>) -> Result<Result<Response, Fault>, Failure> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if error.status().is_some() => Ok(Err(refused(&error, "the mail server"))),
        Err(error) => Err(Failure::Broken(refused(&error, "the mail server"))),
    }
}

/// A failure before anything was handed over.
pub(super) fn refused(error: &Error, place: &str) -> Fault {
    if let Some(code) = error.status() {
        let kind = if error.is_permanent() { FaultKind::Permanent } else { FaultKind::Temporary };
        return Fault::new(kind, format!("{code} {}", said_by(error)).trim().to_owned());
    }
    let cause = cause(error);
    // rustls tells of a certificate that it does not trust in this way.
    if error.is_tls() || kind_of(error) == Some(io::ErrorKind::InvalidData) {
        return Fault::new(
            FaultKind::Channel,
            format!(
                "there is no safe connection to {place}: {cause}. Set tls and ca-file under [sending.email]"
            ),
        );
    }
    Fault::new(FaultKind::Network, format!("{place} cannot be reached: {cause}"))
}

/// Why, without the program's own words around it.
pub(super) fn cause(error: &Error) -> String {
    match kind_of(error) {
        Some(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => "no answer in time".into(),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            "the connection was closed".into()
        }
        _ if error.is_response() => "the connection was closed, or the answer makes no sense".into(),
        _ => one_line(&error.to_string()),
    }
}

/// Whether the write of a message failed, so that its end did not leave this machine. A reset or a timeout may come from
/// the write as from the wait for the answer, so that they do not count.
pub(super) fn unsent(error: &Error) -> bool {
    matches!(kind_of(error), Some(io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero))
}

fn kind_of(error: &Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return Some(inner.kind());
        }
        source = inner.source();
    }
    None
}
