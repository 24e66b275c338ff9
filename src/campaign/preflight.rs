//! What is looked at before anything goes out: each check with what was found, and what to do.
//!
//! In: a [`Dossier`]. Out: [`Finding`]s. A campaign with one finding that blocks is not launched.

mod money;
mod nobody;
mod others;
mod specimens;

pub use specimens::specimens;

use std::collections::BTreeSet;

use serde::Serialize;

use super::approval::Approval;
use super::audience::Step;
use super::budget::Forecast;
use super::channel::Line;
use super::dossier::Dossier;
use super::message::{Outgoing, findings, forcing};
use super::outlook::Outlook;
use super::versions::Ground;
use super::writer::Writer;
use crate::data::{Channel, primary_language};
use crate::review::is_marked;
use crate::strategy::{Part, sms};
use nobody::{apart, emptied_by, why_nobody};
use specimens::is_address;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// As it should be.
    Good,
    /// It may go out, and somebody should know.
    Warning,
    /// Nothing goes out before it is mended.
    Blocking,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `approval`, `consent`, `unsubscribe`, ...
    pub check: &'static str,
    pub weight: Weight,
    pub found: String,
    /// What to do; empty where nothing is to be done.
    pub remedy: String,
}

/// What the checks need besides the dossier.
pub struct Surroundings<'a> {
    pub ground: Ground<'a>,
    /// Where messages go, or why they cannot.
    pub line: &'a Result<Line, String>,
    pub forecast: &'a Forecast,
    /// What this audience can show.
    pub outlook: &'a [Outlook],
    /// Makes the specimens; `None` where none can be made.
    pub writer: Option<&'a Writer<'a>>,
}

/// Whether nothing blocks.
#[must_use]
pub fn is_clear(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.weight != Weight::Blocking)
}

/// What blocks besides a missing approval: to mend it would void the approval, so that nobody gives one before.
pub fn in_the_way(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.weight == Weight::Blocking && finding.check != "approval")
}

/// Makes every check, in the order in which people would mend what they find.
#[must_use]
pub fn preflight(dossier: &Dossier, around: &Surroundings<'_>) -> Vec<Finding> {
    let mut checks = Checks { found: Vec::new() };
    checks.audience(dossier, around);
    checks.sender(dossier, around);
    checks.messages(dossier, around);
    checks.money(dossier, around);
    checks.others(dossier);
    checks.second_person(around);
    checks.approval(dossier);
    checks.found
}

struct Checks {
    found: Vec<Finding>,
}

impl Checks {
    fn add(
        &mut self,
        check: &'static str,
        weight: Weight,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.found.push(Finding { check, weight, found: found.into(), remedy: remedy.into() });
    }

    fn good(&mut self, check: &'static str, found: impl Into<String>) {
        self.add(check, Weight::Good, found, "");
    }

    fn audience(&mut self, dossier: &Dossier, around: &Surroundings<'_>) {
        let (arms, holdout) = dossier.audience.sizes();
        let to_send: u64 = arms.iter().sum();
        let name = &dossier.plan.name;
        if to_send == 0 {
            let funnel = dossier.audience.funnel();
            let why = why_nobody(&funnel);
            self.add(
                "audience",
                Weight::Blocking,
                format!("nobody would get a message{why}"),
                if emptied_by(&funnel) == Some(Step::Complete.name()) {
                    "Mend the text: what it breaks stands below."
                } else {
                    "Look at the funnel, and choose other segments or another channel."
                },
            );
        } else {
            self.good("audience", format!("{to_send} customers get a message, {holdout} are held out"));
        }
        let customers = &around.ground.shop.customers;
        let column = match dossier.versions.channel {
            Channel::Email => "email_consent",
            Channel::Sms => "sms_consent",
            Channel::Push => "push_consent",
        };
        let without = left(dossier, Step::Consented);
        if customers.has(column) {
            self.good(
                "consent",
                format!("everybody who is written to has consented; {without} have not, and are left out"),
            );
        } else {
            self.add(
                "consent",
                Weight::Warning,
                format!("the files have no column {column}: only who said so through the door has consented"),
                format!("Add a column {column} to the customers' file."),
            );
        }
        for &(step, hindered) in &dossier.audience.cancelled_by {
            let (check, what, key) = match step {
                Step::UnderCap => ("caps", "had as many messages as the cap allows", "cap"),
                _ => ("quiet-hours", "have quiet hours then", "quiet-hours"),
            };
            self.add(
                check,
                Weight::Blocking,
                format!("{hindered} customers {what}, and the plan says that nobody is written to then"),
                format!("Choose another time, or then = \"skip\" or \"hold\" under [{key}] in campaigns/{name}.toml."),
            );
        }
        let waiting = dossier
            .audience
            .recipients()
            .filter(|member| member.not_before.is_some() && member.waits != Some(Step::UnderCap))
            .count();
        if !dossier.audience.cancelled_by.iter().any(|(step, _)| *step == Step::OutsideQuietHours) {
            self.good(
                "quiet-hours",
                format!(
                    "{waiting} messages wait for their hour, {} customers are left out",
                    left(dossier, Step::OutsideQuietHours)
                ),
            );
        }
        if !dossier.audience.cancelled_by.iter().any(|(step, _)| *step == Step::UnderCap) {
            self.caps(dossier);
        }
        let assumed = dossier.audience.zone_assumed;
        if assumed > 0 {
            self.add(
                "time-zone",
                Weight::Warning,
                format!(
                    "the time zone of {assumed} customers is not known: {} is assumed",
                    dossier.plan.time_zone
                ),
                "Add a column time_zone to the customers' file, or set time-zone under [campaign].",
            );
        }
        if dossier.plan.holdout <= 0.0 {
            self.add(
                "holdout",
                Weight::Warning,
                "nobody is held out, so that the effect cannot be measured",
                format!("Write holdout = 0.1 in campaigns/{name}.toml."),
            );
        } else if let Some((days, effect)) = tells(around.outlook) {
            self.good(
                "holdout",
                format!(
                    "after {days} days, a difference of {:.1} points or more can be shown",
                    100.0 * effect
                ),
            );
        } else {
            self.add(
                "holdout",
                Weight::Warning,
                "too few to tell: with so few customers no difference can be shown",
                "Send to a larger segment, or take the result as an impression.",
            );
        }
    }

    fn sender(&mut self, dossier: &Dossier, around: &Surroundings<'_>) {
        match around.line {
            Ok(line) => self.good("carrier", line.said().to_owned()),
            Err(why) => self.add("carrier", Weight::Blocking, why.clone(), "Mend the setting that it names."),
        }
        let broken = dossier.composer.as_ref().err();
        if let Some(error) = broken {
            self.add("sender", Weight::Blocking, error.to_string(), "Say it in perennial.toml.");
        }
        if dossier.versions.channel != Channel::Email {
            self.good("sender", "a text has no sender of its own");
            return;
        }
        let sending = &around.ground.config.sending;
        let unnamed = around.ground.config.brand.name.is_empty() && sending.from_name.is_none();
        if unnamed {
            self.add(
                "sender",
                Weight::Blocking,
                "the message would come from a shop without a name",
                "Write name = \"...\" under [brand], or from-name under [sending].",
            );
        } else if broken.is_none() {
            self.good("sender", format!("it comes from {}", sending.from_address.as_deref().unwrap_or("")));
        }
        if sending.postal_address.as_deref().is_none_or(|address| address.trim().is_empty()) {
            self.add(
                "postal-address",
                Weight::Blocking,
                "the foot of the message has no postal address, which the law asks for",
                "Write postal-address = \"...\" under [sending].",
            );
        } else {
            self.good("postal-address", "the foot of the message has the shop's postal address");
        }
        if dossier.has_door() {
            self.good("unsubscribe", "one click unsubscribes, by link and by header (RFC 8058)");
        } else if dossier.takes_mail() {
            self.add(
                "unsubscribe",
                Weight::Warning,
                "people unsubscribe by mail: there is no link, and no one-click header, which large mail providers ask for",
                "Run `perennial serve` where customers can reach it, and write base-url under [door].",
            );
        } else {
            self.add(
                "unsubscribe",
                Weight::Blocking,
                "nobody could unsubscribe: there is neither a link nor an address",
                "Write base-url under [door], or reply-to under [sending].",
            );
        }
    }

    fn messages(&mut self, dossier: &Dossier, around: &Surroundings<'_>) {
        let name = &dossier.plan.name;
        let incomplete = left(dossier, Step::Complete);
        let claims: Vec<&str> = dossier
            .audience
            .incomplete
            .keys()
            .map(String::as_str)
            .filter(|rule| *rule != "unfilled-field")
            .collect();
        if incomplete == 0 {
            self.good("fields", "every field has a value for everybody");
            self.good("claims", "every claim is proved by a fact");
        } else {
            let weight = if dossier.plan.leave_out_incomplete { Weight::Warning } else { Weight::Blocking };
            for (rule, held) in &dossier.audience.incomplete {
                let lacks_field = rule == "unfilled-field";
                let (found, own) =
                    if lacks_field { (held.detail.as_str(), None) } else { apart(&held.detail) };
                let remedy = match own {
                    Some(own) => own,
                    None if lacks_field => "Give the field a default in the strategy.",
                    None => "Mend it in Review.",
                };
                self.add(
                    if lacks_field { "fields" } else { "claims" },
                    weight,
                    format!(
                        "{} messages break the rule {rule}, such as that to {}: {found}",
                        held.messages, held.customer_id
                    ),
                    if dossier.plan.leave_out_incomplete {
                        format!("They are left out, as the plan says. To keep them: {remedy}")
                    } else {
                        let some_are_left = dossier.audience.recipients().next().is_some();
                        let or = if some_are_left {
                            format!(
                                " Or leave them out: leave-out-incomplete = true in campaigns/{name}.toml."
                            )
                        } else {
                            String::new()
                        };
                        format!("{remedy}{or}")
                    },
                );
            }
            if claims.is_empty() {
                self.good("claims", "every claim is proved by a fact");
            }
        }
        let unapproved: BTreeSet<i64> = dossier
            .versions
            .all
            .iter()
            .filter(|version| !version.approved)
            .map(|version| version.draft.0)
            .collect();
        if !unapproved.is_empty() {
            let numbers: Vec<String> = unapproved.iter().map(ToString::to_string).collect();
            self.good(
                "review",
                format!(
                    "approved with the campaign, and not by itself in Review: draft {}",
                    numbers.join(", ")
                ),
            );
        }
        let Some(writer) = around.writer else { return };
        let specimens = specimens(dossier, writer);
        for message in specimens.iter().flatten() {
            self.specimen(dossier, message);
        }
        if let Some(Err(why)) = specimens.iter().find(|specimen| specimen.is_err()) {
            self.add(
                "message",
                Weight::Blocking,
                why.clone(),
                "Mend the draft or the setting that it names.",
            );
        }
        let urls: BTreeSet<&String> = specimens.iter().flatten().flat_map(|message| &message.links).collect();
        let shop = around.ground.config.brand.url.as_ref();
        let wrong = urls.iter().copied().chain(shop).find(|url| !is_address(url));
        match wrong {
            Some(url) => self.add(
                "links",
                Weight::Blocking,
                format!("\"{url}\" is no address that a browser can open"),
                "Write it with https:// and a domain.",
            ),
            None if urls.is_empty() && dossier.versions.channel == Channel::Email => self.add(
                "links",
                Weight::Warning,
                "no link leads to the shop: nobody can click, and clicks tell nothing",
                "Write url = \"https://...\" under [brand], and {{ shop_url }} into the strategy.",
            ),
            None => match urls.len() {
                // Without a message there is nothing to look at.
                0 if specimens.iter().all(Result::is_err) => {}
                1 => self.good("links", "one link, an address in form"),
                number => self.good("links", format!("{number} links, all of them addresses in form")),
            },
        }
        if primary_language(&dossier.versions.language) == "zh" {
            self.chinese(dossier, &specimens);
        }
    }

    /// What the channel says to one message.
    fn specimen(&mut self, dossier: &Dossier, message: &Outgoing) {
        match dossier.versions.channel {
            Channel::Email => {}
            Channel::Sms => {
                let body = message.text.get(&Part::Body).map_or("", String::as_str);
                let parts = sms::measure(body).parts;
                let forced: Vec<String> = forcing(body).into_iter().map(|forced| forced.text).collect();
                if !forced.is_empty() && primary_language(&dossier.versions.language) != "zh" {
                    self.add(
                        "sms",
                        Weight::Warning,
                        format!("{parts} parts, because of {}", forced.join(" ")),
                        "Replace what GSM-7 lacks: the preview of the campaign shows the key.",
                    );
                }
            }
            Channel::Push => {
                for finding in findings(message) {
                    let weight = if finding.refused { Weight::Blocking } else { Weight::Warning };
                    self.add("push", weight, finding.message, "Shorten it in Review.");
                }
            }
        }
    }

    fn chinese(&mut self, dossier: &Dossier, specimens: &[Result<Outgoing, String>]) {
        let messages = || specimens.iter().flatten();
        if dossier.versions.channel == Channel::Email && messages().next().is_some() {
            let marked = messages()
                .all(|message| message.text.get(&Part::Subject).is_some_and(|subject| is_marked(subject)));
            if marked {
                self.good("advertising-mark", "the subject begins with the mark of advertising");
            } else {
                self.add(
                    "advertising-mark",
                    Weight::Blocking,
                    "the subject of an advertisement in China begins with 广告 or AD, and this one does not",
                    "Write advertising-mark = true under [campaign].",
                );
            }
        }
        let generated = dossier.versions.all.iter().any(|version| version.generated);
        let labelled = messages().all(|message| {
            message
                .text
                .get(&Part::Body)
                .is_some_and(|body| body.contains("人工智能") || body.contains("AI生成"))
        });
        if generated && !labelled {
            self.add(
                "generated-label",
                Weight::Blocking,
                "a model wrote a part of it, and generated text must say so in China",
                "Write generated-label = true under [campaign].",
            );
        } else if generated {
            self.good("generated-label", "the message says that a model wrote a part of it");
        }
    }

    fn approval(&mut self, dossier: &Dossier) {
        let name = &dossier.plan.name;
        match &dossier.approval {
            Approval::Approved { by, .. } => self.good("approval", format!("approved by {by}, as it is now")),
            Approval::Voided { by, .. } => self.add(
                "approval",
                Weight::Blocking,
                format!("{by} approved it, and something has changed since"),
                format!("Read it again and approve it: `perennial campaign approve {name} --as NAME`."),
            ),
            Approval::Missing => self.add(
                "approval",
                Weight::Blocking,
                "nobody has approved it",
                format!("Read it and approve it: `perennial campaign approve {name} --as NAME`."),
            ),
        }
    }
}

/// The first length of waiting after which a difference that may be hoped for can be shown, and that difference.
fn tells(outlook: &[Outlook]) -> Option<(i64, f64)> {
    outlook.iter().filter(|look| !look.is_too_few()).find_map(|look| Some((look.days, look.smallest_effect?)))
}

/// Customers who are left out at a step.
fn left(dossier: &Dossier, step: Step) -> usize {
    let is_it = |place| place == super::audience::Place::Left(step);
    dossier.audience.members.iter().filter(|member| is_it(member.place)).count()
}
