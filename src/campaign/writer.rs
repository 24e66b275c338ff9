//! Makes the message of each line of the ledger: merged, marked as the law asks, with links that lead through the door.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::CampaignError;
use super::approval::shared_code;
use super::message::{Composer, Doors, Envelope, MessageError, Outgoing, message_id};
use super::plan::Plan;
use super::versions::{Ground, Version, Versions};
use crate::config::Config;
use crate::data::{Channel, primary_language};
use crate::jobs::Task;
use crate::review::is_marked;
use crate::review::merge::Merger;
use crate::strategy::{Part, Text};
use crate::workspace::{Links, Send, TEST_SEND};

/// Before the subject of a Chinese advertisement.
const MARK: &str = "（广告）";
/// Before the subject of a test.
const TEST: &str = "[Test] ";
/// What says that a model wrote a text: of an e-mail, and of what is paid by the character.
const LABEL: &str = "（本邮件部分内容由人工智能生成）";
const SHORT_LABEL: &str = "（AI生成）";

/// What all messages of a campaign have in common, ready to make them one by one; serves any number of threads.
pub struct Writer<'a> {
    composer: &'a Composer,
    plan: &'a Plan,
    versions: &'a Versions,
    ground: Ground<'a>,
    /// One for each version.
    mergers: Vec<Merger<'a>>,
    /// Number of a segment by its name in the plan.
    segments: BTreeMap<&'a str, usize>,
    key: [u8; 32],
    links: Option<Links>,
    /// Where the numbered links of the campaign lead, from 1 on.
    urls: Vec<String>,
    launched: bool,
    unsubscribe_by_mail: Option<String>,
    domain: String,
    date: Timestamp,
}

/// What a campaign says, and what it must not say.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    pub plan: &'a Plan,
    pub versions: &'a Versions,
    pub banned_words: &'a [String],
}

/// How the messages of a campaign are addressed.
#[derive(Clone, Debug)]
pub struct Doorway {
    /// The secret of message ids.
    pub key: [u8; 32],
    /// Links through the door; `None` where it has no address.
    pub links: Option<Links>,
    /// Address that takes "unsubscribe" by mail.
    pub unsubscribe_by_mail: Option<String>,
    /// What the numbered links lead to; empty before the launch.
    pub urls: Vec<String>,
    /// Whether these are all the links that there are.
    pub launched: bool,
    /// The day and time that the messages bear.
    pub date: Timestamp,
}

/// The domain of message ids: of texts and notes too, which no sender's address stands in.
fn domain(composer: &Composer, config: &Config) -> String {
    let sending = &config.sending;
    let of_shop = || url::Url::parse(config.brand.url.as_deref()?).ok()?.host_str().map(str::to_owned);
    let of_address = || sending.from_address.as_deref().and_then(|address| address.rsplit_once('@'));
    match composer.sender() {
        Some(sender) => sender.domain.clone(),
        None => sending
            .domain
            .clone()
            .or_else(|| of_address().map(|(_, domain)| domain.to_owned()))
            .or_else(of_shop)
            .unwrap_or_else(|| "perennial.invalid".to_owned()),
    }
}

impl<'a> Writer<'a> {
    /// `rows`: of everybody to whom a message may be made.
    ///
    /// # Errors
    /// Cancelled; orders that cannot be read; a template that is not in order.
    pub fn new(
        composer: &'a Composer,
        said: Said<'a>,
        ground: Ground<'a>,
        doorway: Doorway,
        rows: &[u32],
        task: &Task<'_>,
    ) -> Result<Self, CampaignError> {
        let Said { plan, versions, banned_words } = said;
        let mergers = versions.mergers(ground, banned_words, &|_| rows.to_vec(), task)?;
        Ok(Self {
            domain: domain(composer, ground.config),
            composer,
            plan,
            versions,
            ground,
            mergers,
            segments: plan
                .segments
                .iter()
                .enumerate()
                .map(|(number, name)| (name.as_str(), number))
                .collect(),
            key: doorway.key,
            links: doorway.links,
            urls: doorway.urls,
            launched: doorway.launched,
            unsubscribe_by_mail: doorway.unsubscribe_by_mail,
            date: doorway.date,
        })
    }

    /// The message of a line. The same line gives the same text and Message-ID at every attempt.
    ///
    /// # Errors
    /// The customer is not in the files any more, the message would break a rule, or nothing can be sent there.
    pub fn compose(&self, line: &Send) -> Result<Outgoing, MessageError> {
        let place = self.place(line)?;
        self.made(line, place, line.coupon.as_deref(), false)
    }

    /// A version's message to a customer as it would go out, with a code that is none: nothing is spent; and with links of the
    /// door that have the form of those that will be sent, and lead to a page that says that they are a test's. With another address
    /// `to` it is a test, and says so in its subject.
    ///
    /// # Errors
    /// As [`Self::compose`].
    pub fn specimen(
        &self,
        version: &Version,
        row: usize,
        to: Option<&str>,
    ) -> Result<Outgoing, MessageError> {
        let customers = &self.ground.shop.customers;
        let channel = self.versions.channel;
        let place = self
            .versions
            .all
            .iter()
            .position(|other| other.arm == version.arm && other.segment == version.segment)
            .unwrap_or(0);
        let line = Send {
            id: TEST_SEND,
            customer: customers.id(row).to_owned(),
            segment: self.plan.segments[version.segment].clone(),
            arm: self.versions.arms[version.arm].0.clone(),
            channel: channel.name().to_owned(),
            address: to.or_else(|| customers.address(row, channel)).map(str::to_owned),
            language: self.versions.language.clone(),
            content: version.copy.approval.as_str().to_owned(),
            coupon: None,
            state: crate::workspace::SendState::Intended,
            attempts: 0,
            not_before: None,
            at: 0,
            detail: None,
            message_id: None,
        };
        self.made(&line, place, None, to.is_some())
    }

    fn place(&self, line: &Send) -> Result<usize, MessageError> {
        let lost =
            || MessageError::Text(format!("the plan has no version {} for {}", line.arm, line.segment));
        let segment = *self.segments.get(line.segment.as_str()).ok_or_else(lost)?;
        let is_it =
            |version: &Version| version.segment == segment && self.versions.arms[version.arm].0 == line.arm;
        self.versions.all.iter().position(is_it).ok_or_else(lost)
    }

    fn made(
        &self,
        line: &Send,
        place: usize,
        code: Option<&str>,
        test: bool,
    ) -> Result<Outgoing, MessageError> {
        let version = &self.versions.all[place];
        let customers = &self.ground.shop.customers;
        let row = customers
            .row_of(&line.customer)
            .ok_or_else(|| MessageError::Text("the customer is not in the shop's files any more".into()))?;
        let shared = shared_code(self.plan, version.segment);
        let code = code.or(shared);
        let mut text = self.mergers[place]
            .message(row, code)
            .map_err(|failures| {
                let told: Vec<String> =
                    failures.iter().map(|failure| format!("{}: {}", failure.rule, failure.detail)).collect();
                MessageError::Text(told.join("; "))
            })?
            .text;
        mark(&mut text, self.plan, self.versions, version.generated);
        if let Some(subject) = text.get_mut(&Part::Subject).filter(|_| test) {
            subject.insert_str(0, TEST);
        }
        let address = line.address.as_deref().unwrap_or_default();
        let id = message_id(&self.key, &self.plan.name, 1, &line.customer, &line.content, &self.domain);
        let doors = self.links.as_ref().map(|links| (links.unsubscribe(line.id), links.feedback(line.id)));
        let envelope = Envelope {
            recipient: address,
            language: &version.copy.strategy.language,
            message_id: &id,
            date: self.date,
            campaign: &self.plan.name,
            customer: &line.customer,
            coupon: code,
            doors: Doors {
                unsubscribe: doors.as_ref().map(|(unsubscribe, _)| unsubscribe.as_str()),
                unsubscribe_by_mail: self.unsubscribe_by_mail.as_deref(),
                feedback: doors.as_ref().map(|(_, feedback)| feedback.as_str()),
            },
        };
        let mut rewrite = |number: usize, url: &str| {
            let place = self.urls.iter().position(|known| known == url);
            match (place, &self.links) {
                (Some(place), Some(links)) => Some(links.click(line.id, place as u32 + 1)),
                // What was approved had other links: this one came with a customer's own words.
                (None, _) if self.launched => None,
                // Nothing is kept before the launch: a sample of the form that the link will have.
                (None, Some(links)) if line.id == TEST_SEND => Some(links.click(TEST_SEND, number as u32)),
                _ => Some(url.to_owned()),
            }
        };
        self.composer.compose(&text, &envelope, &mut rewrite)
    }
}

/// What Chinese law asks to stand in advertising mail and in generated text, where the plan says so.
fn mark(text: &mut Text, plan: &Plan, versions: &Versions, generated: bool) {
    if primary_language(&versions.language) != "zh" {
        return;
    }
    if plan.advertising_mark
        && versions.channel == Channel::Email
        && let Some(subject) = text.get_mut(&Part::Subject)
        && !is_marked(subject)
    {
        subject.insert_str(0, MARK);
    }
    if plan.generated_label
        && generated
        && let Some(body) = text.get_mut(&Part::Body)
        && !body.contains("人工智能")
        && !body.contains("AI生成")
    {
        match versions.channel {
            Channel::Email => {
                body.push_str("\n\n");
                body.push_str(LABEL);
            }
            Channel::Sms | Channel::Push => body.push_str(SHORT_LABEL),
        }
    }
}
