//! The settings of a mail server, checked, with its password and its certificates read.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use crate::campaign::channel::SetupError;
use crate::campaign::channel::secret::Secret;
use crate::config::{SMTP_PASSWORD, SendingConfig, at_home};

/// How the connection is made safe.
pub(super) enum Safety {
    StartTls(TlsParameters),
    Implicit(TlsParameters),
    None,
}

pub(in crate::campaign::channel) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) safety: Safety,
    pub(super) credentials: Option<(String, Secret)>,
    pub(super) hello: ClientId,
    /// Where failures go.
    pub(super) from: Address,
    pub(super) answer: Duration,
    pub(super) taken: Duration,
}

impl Settings {
    /// # Errors
    /// A setting that is missing or does not fit, a password or a certificate that cannot be read.
    pub fn of(sending: &SendingConfig) -> Result<Self, SetupError> {
        let email = &sending.email;
        let missing = |what: &str| SetupError(format!("no mail server can be asked: write {what}"));
        let host = email.host.clone().ok_or_else(|| missing("host = \"…\" under [sending.email]"))?;
        let bounce = sending.bounce_address.as_ref().or(sending.from_address.as_ref());
        let from = bounce.ok_or_else(|| missing("from-address = \"…\" under [sending]"))?;
        let from: Address = from
            .parse()
            .map_err(|_| SetupError(format!("\"{from}\" is no mail address: correct it under [sending]")))?;
        let (safety, port) = match email.tls.as_str() {
            "implicit" => (Safety::Implicit(trusted(&host, sending)?), 465),
            "none" => (Safety::None, 25),
            _ => (Safety::StartTls(trusted(&host, sending)?), 587),
        };
        let secret = || {
            Secret::find(SMTP_PASSWORD, email.password_file.as_deref(), "the mail server's password")
                .map_err(SetupError)
        };
        let credentials = match &email.user {
            None => None,
            Some(user) => {
                if matches!(safety, Safety::None) && !is_this_machine(&host) {
                    return Err(SetupError(format!(
                        "the password would go to {host} in clear text: set tls under [sending.email] to \"starttls\" or \
                         \"implicit\", or take user away"
                    )));
                }
                let password = secret()?.ok_or_else(|| {
                    SetupError(format!(
                        "the password of {user} is missing: set {SMTP_PASSWORD}, or name its file as password-file under \
                         [sending.email]"
                    ))
                })?;
                Some((user.clone(), password))
            }
        };
        let hello = email.hello_name.clone().unwrap_or_else(|| from.domain().to_owned());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
        if hello.is_empty() || !hello.chars().all(fits) {
            return Err(SetupError(format!(
                "\"{hello}\" is no name of a machine: correct hello-name under [sending.email]"
            )));
        }
        Ok(Self {
            host,
            port: email.port.unwrap_or(port),
            safety,
            credentials,
            hello: ClientId::Domain(hello),
            from,
            answer: Duration::from_secs(email.answer_seconds),
            taken: Duration::from_secs(email.taken_seconds),
        })
    }
}

/// Whom to trust for a connection to `host`: the authorities of the settings alone, or those that everybody trusts.
fn trusted(host: &str, sending: &SendingConfig) -> Result<TlsParameters, SetupError> {
    let failed = |why: String| SetupError(format!("{why}: correct ca-file and host under [sending.email]"));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = &sending.email.ca_file {
        let file = at_home(file);
        let pem = std::fs::read(&file).map_err(|error| {
            failed(format!("the certificate {} cannot be read ({error})", file.display()))
        })?;
        let marks = pem.windows(27).filter(|bytes| *bytes == b"-----BEGIN CERTIFICATE-----").count();
        if marks == 0 {
            return Err(failed(format!("{} holds no certificate", file.display())));
        }
        builder = builder.certificate_store(CertificateStore::None);
        builder = builder.add_root_certificate(
            Certificate::from_pem(&pem)
                .map_err(|error| failed(format!("{} holds no certificate ({error})", file.display())))?,
        );
    }
    builder.build().map_err(|error| failed(format!("no safe connection to {host} can be made ({error})")))
}

pub(in crate::campaign::channel) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.safety {
            Safety::StartTls(_) => "STARTTLS",
            Safety::Implicit(_) => "TLS",
            Safety::None => "in clear text",
        };
        write!(f, "the mail server {}:{} ({how})", self.host, self.port)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings({self})")
    }
}
