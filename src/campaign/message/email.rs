//! An e-mail: headers, text and HTML, signed.
//!
//! In: the parts of a message, an envelope, the sender. Out: bytes (RFC 5322, MIME) made by `lettre`. What is the same for
//! a whole campaign is made once, in the [`Composer`].
//!
//! No value can begin a header of its own: control characters become spaces before a value reaches the builder, which
//! encodes what is not ASCII (RFC 2047) and folds long lines.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use super::layout::{self, Frame};
use super::markup::Links;
use super::words::Words;
use super::{Envelope, MessageError, Outgoing, Rewrite, Signer, html, markup, plain, short};
use crate::config::SendingConfig;
use crate::data::Channel;
use crate::strategy::{Part, Text};

/// Characters of a header's value at most; a line may have 998 (RFC 5322, 2.1.1).
const LONGEST_VALUE: usize = 900;

/// Who an e-mail comes from, and what stands at its foot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    pub address: String,
    pub reply_to: Option<String>,
    /// Where failures go: the address in the envelope.
    pub bounce_address: Option<String>,
    pub postal_address: Option<String>,
    /// Why the recipient gets this.
    pub reason: Option<String>,
    /// The shop's name, as customers know it.
    pub shop: String,
    /// The domain of message ids and list ids.
    pub domain: String,
}

impl Sender {
    /// The sender that the settings name; `shop` is the brand's name.
    ///
    /// # Errors
    /// There is no address to come from, or one that is none.
    pub fn of(sending: &SendingConfig, shop: &str) -> Result<Self, MessageError> {
        let Some(address) = sending.from_address.clone() else {
            return Err(MessageError::Settings(
                "no e-mail can be made without a sender: write from-address = \"news@your-shop.example\" under [sending]"
                    .into(),
            ));
        };
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
        let sender = Self {
            name: sending.from_name.clone().unwrap_or_else(|| shop.to_owned()),
            reply_to: sending.reply_to.clone(),
            bounce_address: sending.bounce_address.clone(),
            postal_address: sending.postal_address.clone(),
            reason: sending.reason.clone(),
            shop: shop.to_owned(),
            domain: sending.domain.clone().unwrap_or(domain),
            address,
        };
        for (setting, value) in [
            ("from-address", Some(&sender.address)),
            ("reply-to", sender.reply_to.as_ref()),
            ("bounce-address", sender.bounce_address.as_ref()),
        ] {
            let wrong = value.filter(|value| !value.is_ascii() || value.parse::<Address>().is_err());
            if let Some(wrong) = wrong {
                return Err(MessageError::Settings(format!(
                    "\"{wrong}\" is no mail address: correct {setting} under [sending], as in news@your-shop.example"
                )));
            }
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if sender.domain.is_empty() || !sender.domain.chars().all(fits) {
            return Err(MessageError::Settings(format!(
                "\"{}\" is no domain: correct domain under [sending], as in your-shop.example",
                sender.domain
            )));
        }
        Ok(sender)
    }

    /// A sender for previews, where the settings name none yet.
    #[must_use]
    pub fn sample(shop: &str) -> Self {
        Self {
            name: shop.to_owned(),
            address: "news@shop.example".into(),
            reply_to: None,
            bounce_address: None,
            postal_address: None,
            reason: None,
            shop: shop.to_owned(),
            domain: "shop.example".into(),
        }
    }
}

/// Makes the messages of a channel. One serves any number of threads.
#[derive(Debug)]
pub struct Composer {
    channel: Channel,
    mail: Option<Mail>,
}

/// What is the same in all e-mails.
#[derive(Debug)]
struct Mail {
    sender: Sender,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    envelope_from: Address,
    signer: Option<Signer>,
}

impl Composer {
    /// Makes the messages of `channel` after the settings; `shop` is the brand's name.
    ///
    /// # Errors
    /// E-mail without a sender, or with a key that cannot be used.
    pub fn new(channel: Channel, sending: &SendingConfig, shop: &str) -> Result<Self, MessageError> {
        if channel == Channel::Email {
            Self::mail(Sender::of(sending, shop)?, Signer::of(&sending.email)?)
        } else {
            Ok(Self { channel, mail: None })
        }
    }

    /// Makes e-mails from `sender`, signed by `signer`.
    ///
    /// # Errors
    /// An address of the sender is none.
    pub fn mail(sender: Sender, signer: Option<Signer>) -> Result<Self, MessageError> {
        let name = header_text(&sender.name);
        let from = Mailbox::new((!name.is_empty()).then_some(name), address(&sender.address)?);
        let reply_to = sender.reply_to.as_deref().map(address).transpose()?;
        let envelope_from = match &sender.bounce_address {
            Some(other) => address(other)?,
            None => from.email.clone(),
        };
        let reply_to = reply_to.map(|address| Mailbox::new(None, address));
        Ok(Self {
            channel: Channel::Email,
            mail: Some(Mail { sender, from, reply_to, envelope_from, signer }),
        })
    }

    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// Who e-mails come from.
    #[must_use]
    pub fn sender(&self) -> Option<&Sender> {
        self.mail.as_ref().map(|mail| &mail.sender)
    }

    /// The message for one recipient. Links in it go through `rewrite`.
    ///
    /// # Errors
    /// An address that is none, a part that is missing, a door that is no URL.
    pub fn compose(
        &self,
        text: &Text,
        envelope: &Envelope<'_>,
        rewrite: Rewrite<'_>,
    ) -> Result<Outgoing, MessageError> {
        let mut links = Links::new(rewrite);
        let (recipient, parts, bytes) = if let Some(mail) = &self.mail {
            mail.compose(text, envelope, &mut links)?
        } else {
            let parts = short::compose(self.channel, text, envelope, &mut links)?;
            (envelope.recipient.trim().to_owned(), parts, Vec::new())
        };
        Ok(Outgoing {
            channel: self.channel,
            message_id: envelope.message_id.to_owned(),
            recipient,
            language: envelope.language.to_owned(),
            campaign: envelope.campaign.to_owned(),
            customer: envelope.customer.to_owned(),
            coupon: envelope.coupon.map(str::to_owned),
            text: parts,
            mail: bytes,
            links: links.into_list(),
        })
    }
}

impl Mail {
    fn compose(
        &self,
        text: &Text,
        envelope: &Envelope<'_>,
        links: &mut Links<'_>,
    ) -> Result<(String, Text, Vec<u8>), MessageError> {
        let part = |part: Part| text.get(&part).map_or("", |text| text.trim());
        let subject = header_text(part(Part::Subject));
        if subject.is_empty() || part(Part::Body).is_empty() {
            return Err(MessageError::Text("an e-mail has a subject and a body".into()));
        }
        let to = address(envelope.recipient)?;
        let recipient = to.to_string();
        let doors = envelope.doors;
        for url in [doors.unsubscribe, doors.feedback].into_iter().flatten() {
            check_url(url)?;
        }
        let preheader = header_text(part(Part::Preheader));
        let own = Words::of(envelope.language);
        let reason = match &self.sender.reason {
            Some(reason) => reason.clone(),
            None => own.reason(&self.sender.shop),
        };
        let frame = Frame {
            language: envelope.language,
            subject: &subject,
            preheader: &preheader,
            reason: &reason,
            postal_address: self.sender.postal_address.as_deref(),
            unsubscribe: doors.unsubscribe,
            feedback: doors.feedback,
        };
        let events = markup::read(part(Part::Body), links);
        let mut page = String::with_capacity(6 << 10);
        layout::open(&frame, &mut page);
        html::write(&events, &mut page);
        layout::close(&frame, &mut page);
        let mut words = String::with_capacity(2 << 10);
        plain::write(&events, &mut words);
        layout::foot(&frame, &mut words);
        let body = words.clone();

        let id = envelope.message_id;
        let plain_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if id.is_empty() || id.len() > 200 || !id.chars().all(plain_id) {
            return Err(MessageError::Text(format!("\"{id}\" is no message id")));
        }
        // The envelope has its own addresses, which may differ from those in the headers.
        let smtp = lettre::address::Envelope::new(Some(self.envelope_from.clone()), vec![to.clone()])
            .map_err(|error| MessageError::Text(error.to_string()))?;
        let mut builder = Message::builder()
            .envelope(smtp)
            .date(
                SystemTime::UNIX_EPOCH + Duration::from_secs(envelope.date.as_second().max(0).unsigned_abs()),
            )
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject.clone())
            .message_id(Some(format!("<{id}>")));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        for (name, value) in self.list_headers(envelope)? {
            builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
        }
        let parts = MultiPart::alternative()
            .boundary(boundary(id))
            .singlepart(SinglePart::plain(words))
            .singlepart(SinglePart::html(page));
        let message = builder.multipart(parts).map_err(|error| MessageError::Text(error.to_string()))?;
        let mut bytes = message.formatted();
        if let Some(signer) = &self.signer {
            let mut signed = signer.sign(&bytes, envelope.date.as_second())?.into_bytes();
            signed.append(&mut bytes);
            bytes = signed;
        }
        let text = [(Part::Subject, subject), (Part::Preheader, preheader), (Part::Body, body)];
        Ok((recipient, text.into_iter().filter(|(_, text)| !text.is_empty()).collect(), bytes))
    }

    /// The headers by which mail programs know a message to many, and offer a way out of it (RFC 2369, 2919 and 8058).
    fn list_headers(&self, envelope: &Envelope<'_>) -> Result<Vec<(&'static str, String)>, MessageError> {
        let mut headers = Vec::with_capacity(4);
        let doors = envelope.doors;
        let mut ways = Vec::with_capacity(2);
        if let Some(url) = doors.unsubscribe {
            ways.push(format!("<{url}>"));
        }
        if let Some(mail) = doors.unsubscribe_by_mail {
            address(mail)?;
            ways.push(format!("<mailto:{mail}?subject=unsubscribe>"));
        }
        if !ways.is_empty() {
            headers.push(("List-Unsubscribe", ways.join(", ")));
        }
        if doors.unsubscribe.is_some_and(takes_one_click) {
            headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()));
        }
        headers.push(("List-Id", format!("<news.{}>", self.sender.domain)));
        let campaign: String = envelope
            .campaign
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' })
            .take(60)
            .collect();
        if !campaign.is_empty() {
            // Gmail's postmaster tools count complaints by it: any three fields, then the sender.
            headers.push((
                "Feedback-ID",
                format!("{campaign}:{}:perennial:{}", envelope.language, self.sender.domain),
            ));
        }
        Ok(headers.into_iter().map(|(name, value)| (name, header_text(&value))).collect())
    }
}

/// A boundary that stands in no part: both parts are ours, and no line of them begins with it.
fn boundary(message_id: &str) -> String {
    let id: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_perennial_{id}")
}

/// An address that mail can go to.
///
/// # Errors
/// It is none.
pub(super) fn address(text: &str) -> Result<Address, MessageError> {
    let text = text.trim();
    let wrong = |why: &str| MessageError::address(text, why);
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')' | ',' | ';'))
    {
        return Err(wrong("an address has no spaces, brackets, quotation marks or commas"));
    }
    let usual = "an address is as in anna@mail.example";
    let (user, domain) = text.rsplit_once('@').ok_or_else(|| wrong(usual))?;
    // A domain has a form in ASCII that every server knows (RFC 5891); what stands before it has none (RFC 6531).
    let domain = idna::domain_to_ascii(domain).map_err(|_| wrong("its domain is none"))?;
    Address::new(user, domain).map_err(|_| wrong(usual))
}

/// A URL of ours that goes into a header and the foot.
fn check_url(url: &str) -> Result<(), MessageError> {
    let known = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b','));
    if known && plain && url.len() <= LONGEST_VALUE {
        Ok(())
    } else {
        Err(MessageError::Text(format!(
            "\"{}\" is no address of a page",
            url.chars().take(100).collect::<String>()
        )))
    }
}

/// Whether a mail program may unsubscribe by a POST there: `https` alone (RFC 8058, 3.1), or a page on this machine, for
/// trying it out.
fn takes_one_click(url: &str) -> bool {
    match url.split_once("://") {
        Some(("https", _)) => true,
        Some(("http", rest)) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or("");
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            host == "localhost" || host == "127.0.0.1" || host == "[::1]"
        }
        _ => false,
    }
}

/// A text as the value of a header: one line, no control characters, of a length that a line may have.
///
/// What looks like an encoded word (RFC 2047) is parted by an invisible joiner, so that it is read as it stands.
pub(super) fn header_text(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim().chars().take(LONGEST_VALUE) {
        let breaks = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
        if !breaks && character == '?' && line.ends_with('=') {
            line.push('\u{2060}');
        }
        line.push(if breaks { ' ' } else { character });
    }
    line.trim().to_owned()
}
