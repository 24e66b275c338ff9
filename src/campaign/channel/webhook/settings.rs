//! The settings of a provider, checked, with its secret read and its template understood.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use minijinja::{Environment, UndefinedBehavior, context};
use serde_json::Value;
use ureq::http::{HeaderName, HeaderValue, Uri};
use ureq::tls::{Certificate, PemItem, parse_pem};

use crate::campaign::channel::SetupError;
use crate::campaign::channel::secret::Secret;
use crate::campaign::channel::smtp::is_this_machine;
use crate::campaign::message::Outgoing;
use crate::config::{PUSH_KEY, SMS_KEY, SendingConfig, TextSendingConfig, at_home};
use crate::data::Channel;
use crate::strategy::Part;

const BODY: &str = "body";

pub(in crate::campaign::channel) struct Settings {
    pub(super) url: String,
    pub(super) host: String,
    pub(super) is_this_machine: bool,
    pub(super) method: String,
    pub(super) headers: Vec<(String, String)>,
    /// Name of the header, and its whole value.
    pub(super) secret: Option<(String, Secret)>,
    pub(super) idempotency_header: String,
    pub(super) success: Vec<u16>,
    /// Place in the answer, and what has to stand there.
    agreement: Option<(String, String)>,
    pub(super) authorities: Option<Arc<Vec<Certificate<'static>>>>,
    pub(super) connect: Duration,
    pub(super) taken: Duration,
    form: bool,
    templates: Environment<'static>,
}

/// What a template may name.
struct Fields<'a> {
    id: &'a str,
    to: &'a str,
    text: &'a str,
    title: &'a str,
    language: &'a str,
    campaign: &'a str,
    customer: &'a str,
}

impl Settings {
    /// # Errors
    /// A setting that is missing or does not fit, a secret or a certificate that cannot be read.
    pub fn of(channel: Channel, sending: &SendingConfig) -> Result<Self, SetupError> {
        let (own, variable) = match channel {
            Channel::Push => (&sending.push, PUSH_KEY),
            Channel::Email | Channel::Sms => (&sending.sms, SMS_KEY),
        };
        let section = format!("[sending.{}]", channel.name());
        let wrong = |why: String| SetupError(format!("{why} under {section}"));
        let (url, host) = address(own).map_err(wrong)?;
        let header = |name: &str, value: &str| -> Result<(String, String), SetupError> {
            let fits =
                HeaderName::try_from(name.trim()).is_ok() && HeaderValue::try_from(value.trim()).is_ok();
            // What stands in a header may be a secret: only its name is told.
            fits.then(|| (name.trim().to_owned(), value.trim().to_owned()))
                .ok_or_else(|| wrong(format!("\"{}\" is no header: write \"Name: value\"", name.trim())))
        };
        let headers = own
            .headers
            .iter()
            .map(|line| {
                line.split_once(':').map_or_else(|| header(line, "\n"), |(name, value)| header(name, value))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let what = format!("the secret of the provider under {section}");
        let secret = Secret::find(variable, own.secret_file.as_deref(), &what).map_err(SetupError)?;
        let secret = match secret {
            Some(secret) => {
                let value = format!("{}{}", own.secret_prefix, secret.reveal());
                let (name, _) = header(&own.secret_header, &value)?;
                Some((name, secret.after(&own.secret_prefix)))
            }
            None => None,
        };
        if !own.idempotency_header.is_empty() {
            header(&own.idempotency_header, "id")?;
        }
        let agreement = match (&own.success_pointer, &own.success_value) {
            (None, None) => None,
            (Some(pointer), Some(value)) if pointer.starts_with('/') => {
                Some((pointer.clone(), value.clone()))
            }
            (Some(pointer), Some(_)) => {
                return Err(wrong(format!(
                    "success-pointer is \"{pointer}\", and begins with a slash: correct it"
                )));
            }
            _ => return Err(wrong("success-pointer and success-value go together: write both".into())),
        };
        let authorities = own.ca_file.as_deref().map(certificates).transpose().map_err(wrong)?;
        let form = own.body_form == "form";
        let settings = Self {
            is_this_machine: is_this_machine(&host),
            url,
            host,
            method: own.method.clone(),
            headers,
            secret,
            idempotency_header: own.idempotency_header.clone(),
            success: own.success.clone(),
            agreement,
            authorities,
            connect: Duration::from_secs(own.connect_seconds),
            taken: Duration::from_secs(own.taken_seconds),
            form,
            templates: templates(&own.body, form).map_err(wrong)?,
        };
        // A template that makes no JSON is found before the first message.
        let hostile = "\"quoted\" \\ line\nbreak";
        let fields = Fields {
            id: hostile,
            to: hostile,
            text: hostile,
            title: hostile,
            language: hostile,
            campaign: hostile,
            customer: hostile,
        };
        let body = settings.render(&fields).map_err(wrong)?;
        if !form && serde_json::from_str::<Value>(&body).is_err() {
            return Err(wrong(
                "body makes no JSON: values bring their own quotation marks, as in {\"to\": {{ to }}}; correct it".into(),
            ));
        }
        Ok(settings)
    }

    pub(super) fn content_type(&self) -> &'static str {
        if self.form { "application/x-www-form-urlencoded" } else { "application/json" }
    }

    /// The body of the request for a message.
    ///
    /// # Errors
    /// The template fails.
    pub(super) fn body_of(&self, message: &Outgoing) -> Result<String, String> {
        let part = |part: Part| message.text.get(&part).map_or("", String::as_str);
        self.render(&Fields {
            id: &message.message_id,
            to: &message.recipient,
            text: part(Part::Body),
            title: part(Part::Title),
            language: &message.language,
            campaign: &message.campaign,
            customer: &message.customer,
        })
    }

    fn render(&self, fields: &Fields<'_>) -> Result<String, String> {
        let Fields { id, to, text, title, language, campaign, customer } = *fields;
        let values = context! { id, to, text, title, language, campaign, customer };
        let rendered = self.templates.get_template(BODY).and_then(|template| template.render(values));
        rendered.map_err(|error| {
            format!(
                "body cannot be filled in ({error}): use to, text, title, id, language, campaign and customer; correct it"
            )
        })
    }

    /// Whether the answer says that the message was taken.
    pub(super) fn agrees(&self, answer: &[u8]) -> bool {
        let Some((pointer, wanted)) = &self.agreement else { return true };
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        match answer.pointer(pointer) {
            Some(Value::String(text)) => text == wanted,
            Some(other) => format!("{other}") == *wanted,
            None => false,
        }
    }
}

/// URL and host.
fn address(own: &TextSendingConfig) -> Result<(String, String), String> {
    let url = own.url.clone().ok_or("no provider can be asked: write url = \"https://…\"")?;
    let uri: Uri = url.parse().map_err(|_| format!("\"{url}\" is no address: correct url"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!("\"{url}\" is no address: write url = \"https://…\""));
    };
    if authority.as_str().contains('@') {
        return Err("url holds a name or a password: give it as a secret, and take it out of url".into());
    }
    let host = authority.host().to_owned();
    match scheme {
        "https" => Ok((url, host)),
        "http" if is_this_machine(&host) => Ok((url, host)),
        _ => Err(format!("messages would go to {host} in clear text: write https:// in url")),
    }
}

fn certificates(file: &std::path::Path) -> Result<Arc<Vec<Certificate<'static>>>, String> {
    let file = at_home(file);
    let pem = std::fs::read(&file).map_err(|error| {
        format!("the certificate {} cannot be read ({error}): correct ca-file", file.display())
    })?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(format!("{} holds no certificate: correct ca-file", file.display()));
    }
    Ok(found.into())
}

/// A template engine whose values are escaped for JSON or for a form, whatever stands in them.
fn templates(body: &str, form: bool) -> Result<Environment<'static>, String> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(100_000));
    environment.set_formatter(move |out, _, value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if form {
            encode(&text, out)?;
        } else {
            out.write_str(&Value::from(text).to_string())?;
        }
        Ok(())
    });
    environment
        .add_template_owned(BODY, body.to_owned())
        .map_err(|error| format!("body cannot be understood ({error}): correct it"))?;
    Ok(environment)
}

/// Percent-encodes all but letters, digits and `-._*`, as a form does (WHATWG URL, `application/x-www-form-urlencoded`).
fn encode(text: &str, out: &mut minijinja::Output<'_>) -> fmt::Result {
    for byte in text.bytes() {
        match byte {
            b' ' => out.write_char('+')?,
            byte if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) => out.write_char(byte.into())?,
            byte => write!(out, "%{byte:02X}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the provider {}", self.host)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings({self})")
    }
}
