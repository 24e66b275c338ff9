//! `[sending]`: who sends, and what carries the messages of each channel.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The sender, and one table of settings for each channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SendingConfig {
    /// Name that an e-mail comes from; absent: the brand's.
    pub from_name: Option<String>,
    /// Address that an e-mail comes from; without it no e-mail is made.
    pub from_address: Option<String>,
    /// Address that answers go to; absent: the one that it comes from.
    pub reply_to: Option<String>,
    /// Address that mail servers send failures to; absent: the one that it comes from.
    pub bounce_address: Option<String>,
    /// The shop's postal address, for the foot of an e-mail, as the law of most countries wants it.
    pub postal_address: Option<String>,
    /// Why the recipient gets an e-mail, one sentence for its foot; absent: that they agreed to news of the shop.
    pub reason: Option<String>,
    /// Domain that message ids and list ids end in; absent: that of the address it comes from.
    pub domain: Option<String>,
    /// Folder for messages that go into files, relative to the workspace.
    pub folder: PathBuf,
    pub email: EmailSendingConfig,
    pub sms: TextSendingConfig,
    pub push: TextSendingConfig,
}

/// How e-mail goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EmailSendingConfig {
    /// What carries it: files (`file`) or a mail server (`smtp`).
    #[schemars(extend("enum" = ["file", "smtp"]))]
    pub carrier: String,
    /// What the files are: one `.eml` for each message (`eml`), one sheet (`csv`) or one file of JSON lines (`json-lines`).
    #[schemars(extend("enum" = ["eml", "csv", "json-lines"]))]
    pub file_form: String,
    /// Name of the mail server.
    pub host: Option<String>,
    /// Its port; absent: 587, 465 with `implicit`, 25 with `none`.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// How the connection is made safe: `starttls` after a greeting in clear text, `implicit` from the first byte, or `none`,
    /// for a server on this machine.
    #[schemars(extend("enum" = ["starttls", "implicit", "none"]))]
    pub tls: String,
    /// File with the certificate of the authority that signed the server's, in PEM form and relative to this file; absent:
    /// the authorities that everybody trusts.
    pub ca_file: Option<PathBuf>,
    /// User name at the server; absent: the server asks for none.
    pub user: Option<String>,
    /// File with the password, readable by you alone and relative to this file; `PERENNIAL_SMTP_PASSWORD` comes before it.
    pub password_file: Option<PathBuf>,
    /// Name by which this machine greets the server; absent: the domain of the address that e-mail comes from.
    pub hello_name: Option<String>,
    /// Connections at the same time, 1 to 32.
    #[schemars(range(min = 1, max = 32))]
    pub connections: usize,
    /// Most messages a minute; absent: as many as the server takes.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub per_minute: Option<u32>,
    /// Seconds to wait for a connection and for each answer but the last, 1 to 600.
    #[schemars(range(min = 1, max = 600))]
    pub answer_seconds: u64,
    /// Seconds to wait for the answer to a whole message, 1 to 1200; what is not answered by then is of unknown fate.
    #[schemars(range(min = 1, max = 1200))]
    pub taken_seconds: u64,
    /// Domain that signs (DKIM); absent: messages are not signed here.
    pub dkim_domain: Option<String>,
    /// Name of the key in the domain's DNS, as in `SELECTOR._domainkey.DOMAIN`.
    pub dkim_selector: Option<String>,
    /// File with the private key, RSA or Ed25519 in PEM form, readable by you alone and relative to this file.
    pub dkim_key_file: Option<PathBuf>,
}

/// How text messages or push messages go out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextSendingConfig {
    /// What carries it: files (`file`) or a provider that is asked over HTTP (`webhook`).
    #[schemars(extend("enum" = ["file", "webhook"]))]
    pub carrier: String,
    /// What the file is: one sheet (`csv`) or JSON lines (`json-lines`).
    #[schemars(extend("enum" = ["csv", "json-lines"]))]
    pub file_form: String,
    /// The provider's address, with `https://`; `http://` is for this machine alone.
    pub url: Option<String>,
    /// How it is asked.
    #[schemars(extend("enum" = ["POST", "PUT"]))]
    pub method: String,
    /// What the body is; values in it are escaped for that: `json` or `form`.
    #[schemars(extend("enum" = ["json", "form"]))]
    pub body_form: String,
    /// The body, with `{{ to }}`, `{{ text }}`, `{{ title }}`, `{{ id }}`, `{{ language }}`, `{{ campaign }}` and
    /// `{{ customer }}`. Values stand without quotation marks around them: they bring their own.
    pub body: String,
    /// Headers, each as `Name: value`.
    pub headers: Vec<String>,
    /// Header that carries the secret.
    pub secret_header: String,
    /// What stands before the secret in that header, as `Bearer `.
    pub secret_prefix: String,
    /// File with the secret, readable by you alone and relative to this file; the environment (`PERENNIAL_SMS_KEY`,
    /// `PERENNIAL_PUSH_KEY`) comes before it; with neither the header is left out.
    pub secret_file: Option<PathBuf>,
    /// Header that carries the message's id, so that the provider knows a message that it gets twice; empty: none.
    pub idempotency_header: String,
    /// Status codes by which the provider says that it took the message.
    pub success: Vec<u16>,
    /// Place in the JSON answer (`/status`, `/result/0/code`) that has to say `success-value`; absent: the status is enough.
    pub success_pointer: Option<String>,
    /// What has to stand there.
    pub success_value: Option<String>,
    /// File with the certificate of the authority that signed the provider's, in PEM form and relative to this file;
    /// absent: the authorities that everybody trusts.
    pub ca_file: Option<PathBuf>,
    /// Requests at the same time, 1 to 32.
    #[schemars(range(min = 1, max = 32))]
    pub connections: usize,
    /// Most messages a minute; absent: as many as the provider takes.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub per_minute: Option<u32>,
    /// Seconds to wait for a connection, 1 to 600.
    #[schemars(range(min = 1, max = 600))]
    pub connect_seconds: u64,
    /// Seconds to wait for the answer, 1 to 600; what is not answered by then is of unknown fate.
    #[schemars(range(min = 1, max = 600))]
    pub taken_seconds: u64,
}

impl SendingConfig {
    /// For the sample shop, whose messages go into files: a sender and a postal address that are nobody's.
    #[must_use]
    pub fn of_the_sample(self) -> Self {
        let stand_in = |text: &str| Some(text.to_owned());
        Self {
            from_address: self.from_address.or_else(|| stand_in("news@perennial-home.example")),
            postal_address: self.postal_address.or_else(|| stand_in("1 Garden Lane, Sampletown")),
            ..self
        }
    }
}

impl Default for SendingConfig {
    fn default() -> Self {
        Self {
            from_name: None,
            from_address: None,
            reply_to: None,
            bounce_address: None,
            postal_address: None,
            reason: None,
            domain: None,
            folder: "sent".into(),
            email: EmailSendingConfig::default(),
            sms: TextSendingConfig::default(),
            push: TextSendingConfig::default(),
        }
    }
}

impl Default for EmailSendingConfig {
    fn default() -> Self {
        Self {
            carrier: "file".into(),
            file_form: "eml".into(),
            host: None,
            port: None,
            tls: "starttls".into(),
            ca_file: None,
            user: None,
            password_file: None,
            hello_name: None,
            connections: 2,
            per_minute: None,
            answer_seconds: 30,
            taken_seconds: 300,
            dkim_domain: None,
            dkim_selector: None,
            dkim_key_file: None,
        }
    }
}

impl Default for TextSendingConfig {
    fn default() -> Self {
        Self {
            carrier: "file".into(),
            file_form: "csv".into(),
            url: None,
            method: "POST".into(),
            body_form: "json".into(),
            body: r#"{"id": {{ id }}, "to": {{ to }}, "title": {{ title }}, "text": {{ text }}}"#.into(),
            headers: Vec::new(),
            secret_header: "Authorization".into(),
            secret_prefix: "Bearer ".into(),
            secret_file: None,
            idempotency_header: "Idempotency-Key".into(),
            success: vec![200, 201, 202],
            success_pointer: None,
            success_value: None,
            ca_file: None,
            connections: 4,
            per_minute: None,
            connect_seconds: 5,
            taken_seconds: 60,
        }
    }
}
