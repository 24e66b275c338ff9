//! All that there is to know of a campaign before it is launched.
//!
//! In: a plan's file, the workspace, the shop. Out: a [`Dossier`], from which the funnel is shown, the checks are made, the
//! approval is given and the launch is done. It writes nothing but secrets of the workspace that are not there yet.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::CampaignError;
use super::approval::{Approval, fingerprint};
use super::audience::{Audience, Known, Member, Place, Step};
use super::message::{Composer, Content, MessageError, content_hash};
use super::overlap::{Overlap, overlaps};
use super::owed::owed;
use super::plan::Plan;
use super::versions::{Ground, Version, Versions, versions};
use super::writer::{Doorway, Said, Writer};
use crate::config::{Config, SendingConfig};
use crate::jobs::Task;
use crate::workspace::{Campaign, Links, SecretName, Stock, Store};

const DAY: i64 = 86_400_000;
/// The sender of what is only shown, before the settings name one.
const STAND_IN: &str = "news@your-shop.example";

/// A campaign before its launch, or as it was launched.
pub struct Dossier {
    pub plan: Plan,
    /// Text of the plan's file.
    pub source: String,
    pub versions: Versions,
    pub audience: Audience,
    /// Makes the messages; else why none can be made.
    pub composer: Result<Composer, MessageError>,
    /// Content hash of each version.
    pub contents: Vec<String>,
    pub fingerprint: String,
    pub approval: Approval,
    /// As it was launched, if it was.
    pub launched: Option<Campaign>,
    /// What the plan's pool has for the messages that have no code yet, where they get theirs from one.
    pub stock: Option<Stock>,
    /// Messages that have no code yet, if each is to have one of its own.
    pub without_code: u64,
    /// Campaigns that are being measured, with customers whom this one is to write to.
    pub overlaps: Vec<Overlap>,
    doorway: Doorway,
    banned_words: Vec<String>,
}

impl Dossier {
    /// Puts together what the plan of that name comes to. `now` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// The plan or what it names is wrong; the data or the database cannot be read; cancelled.
    pub fn open(
        name: &str,
        source: String,
        store: &mut Store,
        ground: Ground<'_>,
        now: i64,
        task: &Task<'_>,
    ) -> Result<Self, CampaignError> {
        let config = ground.config;
        let launched = store.campaign(name)?;
        // What was launched goes on as it was, whatever became of the file.
        let source = launched.as_ref().map_or(source, |campaign| campaign.plan.clone());
        let plan = Plan::parse(name, &source, &config.campaign)?;
        let begun = launched.as_ref().map_or(now, |campaign| campaign.launched_at);
        let versions = match &launched {
            Some(campaign) => Versions::thawed(&plan, &campaign.arms, store)?,
            None => versions(&plan, store, ground, sending_day(&plan, now), task)?,
        };
        let shop = config.brand.said(&versions.language);
        let composer = Composer::new(versions.channel, &config.sending, shop);
        let doorway = doorway(config, store, launched.as_ref(), begun)?;
        let contents = contents(config, &versions, composer.as_ref().ok(), &doorway);
        let fingerprint = match &launched {
            Some(campaign) => campaign.fingerprint.clone(),
            None => fingerprint(&plan, &versions, &contents),
        };
        let approval = Approval::of(&store.audit_of(name)?, &fingerprint);
        let audience = if let Some(campaign) = &launched {
            Audience::launched(
                &plan,
                &versions,
                ground.shop,
                &store.sends(campaign.id)?,
                &store.left_out(campaign.id)?,
            )
        } else {
            let permissions = store.permissions()?;
            let sent = store.sent_since(now - i64::from(plan.cap.days) * DAY)?;
            let secret = store.secret(SecretName::Assignment)?;
            let known = Known {
                suppressed: &|channel, address| permissions.is_suppressed(channel, address),
                consent: &|customer, channel| permissions.consent(customer, channel),
                sent: &sent,
                secret: secret.bytes(),
                now,
            };
            Audience::new(&plan, &versions, ground, &known, task)?
        };
        let stock = match plan.pool().filter(|_| versions.has_coupon()) {
            Some(pool) => {
                let others = owed(store, &config.campaign, Some(name))?;
                Some(store.stock(pool, versions.offer_until(), &others, now)?)
            }
            None => None,
        };
        let (without_code, overlaps) = match &launched {
            Some(campaign) => (store.without_code(campaign.id)?, Vec::new()),
            None => {
                (audience.recipients().count() as u64, overlaps(&plan, &audience, ground.shop, store, now)?)
            }
        };
        Ok(Self {
            stock,
            without_code,
            overlaps,
            plan,
            source,
            versions,
            audience,
            composer,
            contents,
            fingerprint,
            approval,
            launched,
            doorway,
            banned_words: config.banned_words(),
        })
    }

    /// Makes messages for these rows of the shop.
    ///
    /// # Errors
    /// The sender is not set up; orders that cannot be read; cancelled.
    pub fn writer<'a>(
        &'a self,
        ground: Ground<'a>,
        rows: &[u32],
        task: &Task<'_>,
    ) -> Result<Writer<'a>, CampaignError> {
        let composer = self.composer.as_ref().map_err(|error| CampaignError::Unusable(error.to_string()))?;
        self.writer_by(composer, ground, rows, task)
    }

    /// The composer of the messages as they can be shown: where the settings name no sender, one with an address that stands in
    /// for it, and what is missing.
    ///
    /// # Errors
    /// What is wrong is another thing.
    pub fn shown_composer(&self, config: &Config) -> Result<Option<(Composer, String)>, MessageError> {
        let Err(error) = &self.composer else { return Ok(None) };
        let sending = SendingConfig { from_address: Some(STAND_IN.into()), ..config.sending.clone() };
        let shop = config.brand.said(&self.versions.language);
        Ok(Some((Composer::new(self.versions.channel, &sending, shop)?, error.to_string())))
    }

    /// Makes messages as this composer does; see [`Self::writer`].
    ///
    /// # Errors
    /// Orders that cannot be read; cancelled.
    pub fn writer_by<'a>(
        &'a self,
        composer: &'a Composer,
        ground: Ground<'a>,
        rows: &[u32],
        task: &Task<'_>,
    ) -> Result<Writer<'a>, CampaignError> {
        let said = Said { plan: &self.plan, versions: &self.versions, banned_words: &self.banned_words };
        Writer::new(composer, said, ground, self.doorway.clone(), rows, task)
    }

    /// A version's content hash.
    #[must_use]
    pub fn content(&self, arm: usize, segment: usize) -> &str {
        let is_it = |version: &Version| version.arm == arm && version.segment == segment;
        let place = self.versions.all.iter().position(is_it);
        place.and_then(|place| self.contents.get(place)).map_or("", String::as_str)
    }

    /// Whose message a version is shown by: its first recipient; where its message breaks a rule for everybody, one of them.
    #[must_use]
    pub fn reader_of(&self, version: &Version) -> Option<&Member> {
        let places = [Place::Arm(version.arm), Place::Left(Step::Complete)];
        places.into_iter().find_map(|place| {
            let is_it =
                |member: &&Member| usize::from(member.segment) == version.segment && member.place == place;
            self.audience.members.iter().find(is_it)
        })
    }

    /// The last day on which the offer holds, where it has one.
    #[must_use]
    pub fn offer_ends(&self) -> Option<Date> {
        self.versions.offer_ends()
    }

    /// The first moment after that day, as the days of coupon codes are counted (UTC).
    #[must_use]
    pub fn offer_until(&self) -> Option<i64> {
        self.versions.offer_until()
    }

    /// Whether messages have links through the door.
    #[must_use]
    pub fn has_door(&self) -> bool {
        self.doorway.links.is_some()
    }

    /// Whether "unsubscribe" can be answered by mail.
    #[must_use]
    pub fn takes_mail(&self) -> bool {
        self.doorway.unsubscribe_by_mail.is_some()
    }

    /// Rows of those who are written to.
    #[must_use]
    pub fn rows(&self) -> Vec<u32> {
        self.audience.recipients().map(|member| member.row).collect()
    }
}

/// The day from which offers count: that of the schedule, or today.
fn sending_day(plan: &Plan, now: i64) -> Date {
    let zone = crate::profiles::zone(&plan.time_zone).unwrap_or(TimeZone::UTC);
    let today = Timestamp::from_millisecond(now).map_or(Date::MIN, |now| zone.to_datetime(now).date());
    plan.schedule.at.map_or(today, |at| at.date().max(today))
}

fn doorway(
    config: &Config,
    store: &mut Store,
    launched: Option<&Campaign>,
    begun: i64,
) -> Result<Doorway, CampaignError> {
    let links = match &config.door.base_url {
        Some(base) => {
            let until = begun + config.door.link_days * DAY;
            Some(Links::new(base, &store.secret(SecretName::Links)?, until))
        }
        None => None,
    };
    let sending = &config.sending;
    let urls = match launched {
        Some(campaign) => store.links(campaign.id)?,
        None => Vec::new(),
    };
    Ok(Doorway {
        key: *store.secret(SecretName::MessageId)?.bytes(),
        links,
        unsubscribe_by_mail: sending.reply_to.clone().or_else(|| sending.from_address.clone()),
        urls,
        launched: launched.is_some(),
        date: Timestamp::from_millisecond(begun).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

/// The content hash of each version: its templates with the texts in their slots, and what goes with them.
fn contents(
    config: &Config,
    versions: &Versions,
    composer: Option<&Composer>,
    doorway: &Doorway,
) -> Vec<String> {
    let base = config.door.base_url.clone().unwrap_or_default();
    let days = config.door.link_days.to_string();
    let mail = doorway.unsubscribe_by_mail.clone().unwrap_or_default();
    versions
        .all
        .iter()
        .map(|version| {
            let copy = &version.copy;
            let generated = version.generated.to_string();
            let offer = serde_json::to_string(&copy.strategy.offer).unwrap_or_default();
            let defaults = serde_json::to_string(&copy.strategy.defaults).unwrap_or_default();
            let mut besides = vec![
                ("door", base.as_str()),
                ("link-days", days.as_str()),
                ("unsubscribe-by-mail", mail.as_str()),
                ("generated", generated.as_str()),
                ("offer", offer.as_str()),
                ("defaults", defaults.as_str()),
            ];
            besides.extend(copy.slots.iter().map(|slot| ("slot", slot.as_str())));
            content_hash(&Content {
                channel: versions.channel,
                language: &copy.strategy.language,
                text: &copy.strategy.message,
                sender: composer.and_then(Composer::sender),
                besides: &besides,
            })
        })
        .collect()
}
