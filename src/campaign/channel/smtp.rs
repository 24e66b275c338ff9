//! E-mail to a mail server (SMTP, RFC 5321), one connection for each carrier, kept open from message to message.
//!
//! In: messages. Out: the server's answers. [`Carrier::prepare`] ends with the server's 354, after which nothing is taken
//! until the whole message has been sent with its final dot. The connection is `lettre`'s; `MAIL`, `RCPT` and `DATA` go out
//! in one piece where the server offers PIPELINING (RFC 2920), so that a message costs two round trips in place of four.
//!
//! The message goes out in one write. Where that write fails, the final dot did not leave this machine, and the message
//! is not taken; whatever goes wrong after it is [`Outcome::Unknown`].

mod errors;
mod settings;

pub(super) use settings::{Settings, is_this_machine};

use std::sync::Arc;
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Noop, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};

use self::errors::{answered, refused, said_by};
use self::settings::Safety;
use super::{Carrier, Fault, FaultKind, Outcome};
use crate::campaign::message::Outgoing;

/// How long a connection may be idle before it is asked whether it still stands.
const IDLE: Duration = Duration::from_secs(30);
/// How long to wait for the answer to a farewell.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) struct Smtp {
    settings: Arc<Settings>,
    connection: Option<Connection>,
}

/// A connection that has greeted and, where it must, shown who it is.
struct Connection {
    smtp: SmtpConnection,
    pipelining: bool,
    /// The server waits for a message.
    in_data: bool,
    used: Instant,
}

/// What a failed step leaves behind.
enum Failure {
    /// The connection can be used for the next message.
    Refused(Fault),
    /// The connection is of no use any more.
    Broken(Fault),
}

impl Smtp {
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings, connection: None }
    }

    /// A connection that stands, and whether it was there before.
    fn connected(&mut self) -> Result<(&mut Connection, bool), Fault> {
        if let Some(connection) = &mut self.connection {
            let lives = !connection.in_data
                && (connection.used.elapsed() < IDLE || connection.smtp.command(Noop).is_ok());
            if !lives {
                self.connection = None;
            }
        }
        let known = self.connection.is_some();
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(&self.settings)?,
        };
        Ok((self.connection.insert(connection), known))
    }
}

impl Carrier for Smtp {
    fn prepare(&mut self, message: &Outgoing) -> Result<(), Fault> {
        let to: Address = message.recipient.parse().map_err(|_| {
            Fault::new(FaultKind::Permanent, format!("\"{}\" is no mail address", message.recipient))
        })?;
        let settings = Arc::clone(&self.settings);
        loop {
            let (connection, known) = self.connected()?;
            match connection.begin(&settings.from, &to, &message.mail) {
                Ok(()) => return Ok(()),
                Err(Failure::Refused(fault)) => return Err(fault),
                Err(Failure::Broken(fault)) => {
                    self.connection = None;
                    // A server may close an idle connection at any time; a new one tells more.
                    if !known {
                        return Err(fault);
                    }
                }
            }
        }
    }

    fn hand_over(&mut self, message: &Outgoing) -> Outcome {
        let Some(connection) = self.connection.as_mut().filter(|connection| connection.in_data) else {
            return Outcome::Failed(Fault::new(
                FaultKind::Network,
                "the server was not asked to take a message",
            ));
        };
        let (outcome, stands) = connection.deliver(&message.mail, &self.settings);
        if !stands {
            self.connection = None;
        }
        outcome
    }

    fn already_taken(&mut self, _: &str) -> Option<bool> {
        None
    }

    fn rest(&mut self) {
        if let Some(connection) = &mut self.connection {
            if !connection.in_data && connection.smtp.command(Noop).is_ok() {
                connection.used = Instant::now();
            } else {
                self.connection = None;
            }
        }
    }

    fn close(&mut self) {
        if let Some(mut connection) = self.connection.take().filter(|connection| !connection.in_data) {
            let _ = connection.smtp.set_timeout(Some(FAREWELL));
            let _ = connection.smtp.quit();
        }
    }
}

impl Connection {
    fn open(settings: &Settings) -> Result<Self, Fault> {
        let place = settings.to_string();
        // A server that refuses us before it has heard of a message refuses every message.
        let failed = |error: &lettre::transport::smtp::Error| match refused(error, &place) {
            fault if fault.kind == FaultKind::Permanent => {
                Fault::new(FaultKind::Channel, format!("{place} refuses this machine: {}", fault.said))
            }
            fault => fault.of_everything(),
        };
        let implicit = match &settings.safety {
            Safety::Implicit(tls) => Some(tls),
            Safety::StartTls(_) | Safety::None => None,
        };
        let server = (settings.host.as_str(), settings.port);
        let hello = &settings.hello;
        let mut smtp = SmtpConnection::connect(server, Some(settings.answer), hello, implicit, None)
            .map_err(|error| failed(&error))?;
        if let Safety::StartTls(tls) = &settings.safety {
            if !smtp.can_starttls() {
                return Err(Fault::new(
                    FaultKind::Channel,
                    format!(
                        "{place} offers no STARTTLS: set tls under [sending.email] to \"implicit\", or to \"none\" for a \
                         server on this machine"
                    ),
                ));
            }
            smtp.starttls(tls, hello).map_err(|error| failed(&error))?;
        }
        if let Some((user, password)) = &settings.credentials {
            let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
            smtp.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).map_err(|error| {
                let fault = refused(&error, &place);
                let (kind, said) = match (error.status(), fault.kind) {
                    (Some(code), FaultKind::Permanent | FaultKind::Channel) => (
                        FaultKind::Channel,
                        format!(
                            "{place} refuses the user name or the password ({code} {}): correct them under [sending.email]",
                            said_by(&error)
                        ),
                    ),
                    (None, _) if error.is_client() => (
                        FaultKind::Channel,
                        format!("{place} takes neither PLAIN nor LOGIN: take user away under [sending.email]"),
                    ),
                    (_, kind) => (kind, fault.said),
                };
                Fault::new(kind, password.kept_out_of(&said)).of_everything()
            })?;
        }
        // `lettre` keeps of a greeting what it knows itself, and that is not PIPELINING.
        let offers = smtp.command(Ehlo::new(hello.clone())).map_err(|error| failed(&error))?;
        let pipelining = offers.message().any(|line| line.trim().eq_ignore_ascii_case("PIPELINING"));
        Ok(Self { smtp, pipelining, in_data: false, used: Instant::now() })
    }

    /// Sender, recipient, and the word that a message comes: up to the server's 354.
    fn begin(&mut self, from: &Address, to: &Address, mail: &[u8]) -> Result<(), Failure> {
        self.used = Instant::now();
        let mut parameters = Vec::new();
        let offers = |smtp: &SmtpConnection, extension| smtp.server_info().supports_feature(extension);
        if !AsRef::<str>::as_ref(to).is_ascii() {
            if !offers(&self.smtp, Extension::SmtpUtfEight) {
                return Err(Failure::Refused(Fault::new(
                    FaultKind::Permanent,
                    "the mail server takes no addresses beyond ASCII (SMTPUTF8)",
                )));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            if !offers(&self.smtp, Extension::EightBitMime) {
                return Err(Failure::Refused(Fault::new(
                    FaultKind::Permanent,
                    "the mail server takes no messages beyond ASCII (8BITMIME)",
                )));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let (mail, rcpt) = (Mail::new(Some(from.clone()), parameters), Rcpt::new(to.clone(), Vec::new()));
        let answers = if self.pipelining {
            let first = self.smtp.command(format!("{mail}{rcpt}{Data}"));
            let first = answered(first)?;
            let second = answered(self.smtp.read_response())?;
            let third = answered(self.smtp.read_response())?;
            [Some(first), Some(second), Some(third)]
        } else {
            let mut answers = [None, None, None];
            let commands: [&dyn std::fmt::Display; 3] = [&mail, &rcpt, &Data];
            for (answer, command) in answers.iter_mut().zip(commands) {
                let said = answered(self.smtp.command(command))?;
                let go_on = said.is_ok();
                *answer = Some(said);
                if !go_on {
                    break;
                }
            }
            answers
        };
        self.judge(answers)
    }

    /// What the answers to `MAIL`, `RCPT` and `DATA` mean.
    fn judge(&mut self, answers: [Option<Result<Response, Fault>>; 3]) -> Result<(), Failure> {
        let [mail, rcpt, data] = answers;
        let ready = matches!(&data, Some(Ok(answer)) if answer.has_code(354));
        let fault = match (mail, rcpt, data) {
            // Who may send is the same for every message.
            (Some(Err(fault)), _, _) if fault.kind == FaultKind::Permanent => Fault {
                kind: FaultKind::Channel,
                said: format!("the sender is refused: {}", fault.said),
                ..fault
            },
            (Some(Err(fault)), _, _) => fault.of_everything(),
            // A recipient whom the server puts off (greylisting does so to every new one) says nothing about the next.
            (_, Some(Err(fault)), _) | (_, _, Some(Err(fault))) => fault,
            _ if ready => {
                self.in_data = true;
                return Ok(());
            }
            _ => Fault::new(FaultKind::Temporary, "the mail server did not ask for the message"),
        };
        // The server says that it closes the connection (RFC 5321, 3.8).
        if fault.said.starts_with("421") {
            return Err(Failure::Broken(fault.of_everything()));
        }
        // A server may wait for a message although it has no recipient; it gets an empty one (RFC 2920, 3.1).
        if ready && answered(self.smtp.command(".\r\n")).is_err() {
            return Err(Failure::Broken(fault));
        }
        match self.smtp.command(Rset) {
            Ok(_) => Err(Failure::Refused(fault)),
            Err(_) => Err(Failure::Broken(fault)),
        }
    }

    /// The message itself, and whether the connection stands afterwards.
    fn deliver(&mut self, mail: &[u8], settings: &Settings) -> (Outcome, bool) {
        self.in_data = false;
        let Some(whole) = dotted(mail) else {
            let fault = Fault::new(FaultKind::Permanent, "the message is not UTF-8");
            return (Outcome::Failed(fault), false);
        };
        let _ = self.smtp.set_timeout(Some(settings.taken));
        let answer = self.smtp.command(whole);
        self.used = Instant::now();
        match answer {
            Ok(answer) if answer.code().severity == Severity::PositiveCompletion => {
                let stands = self.smtp.set_timeout(Some(settings.answer)).is_ok();
                (Outcome::Accepted { reply: errors::told(&answer) }, stands)
            }
            Ok(answer) => (
                Outcome::Unknown { why: format!("the server answered \"{}\"", errors::told(&answer)) },
                false,
            ),
            Err(error) if error.status().is_some() => {
                let fault = refused(&error, "the mail server");
                if fault.said.starts_with("421") {
                    return (Outcome::Failed(fault.of_everything()), false);
                }
                let stands = self.smtp.set_timeout(Some(settings.answer)).is_ok();
                (Outcome::Failed(fault), stands)
            }
            Err(error) if errors::unsent(&error) => {
                let why = "the connection was lost before the message was whole";
                (Outcome::Failed(Fault::new(FaultKind::Network, why)), false)
            }
            Err(error) => {
                let why =
                    format!("the message was sent whole, and no answer came ({})", errors::cause(&error));
                (Outcome::Unknown { why }, false)
            }
        }
    }
}

/// A message with its dots doubled and the final one at its end (RFC 5321, 4.5.2).
fn dotted(mail: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(mail).ok()?;
    let mut out = String::with_capacity(text.len() + text.len() / 64 + 8);
    for line in text.split_inclusive('\n') {
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
    }
    if !out.ends_with("\r\n") {
        out.push_str("\r\n");
    }
    out.push_str(".\r\n");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::dotted;

    #[test]
    fn a_line_that_begins_with_a_dot_does_not_end_the_message() {
        let whole = |mail: &str| dotted(mail.as_bytes()).unwrap();
        assert_eq!(whole("a\r\n.\r\n..b\r\nc.d"), "a\r\n..\r\n...b\r\nc.d\r\n.\r\n");
        assert_eq!(whole(".a\r\n"), "..a\r\n.\r\n");
        assert_eq!(dotted(&[0xff]), None);
    }
}
