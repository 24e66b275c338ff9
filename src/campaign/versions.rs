//! What a campaign says: each arm's text for each segment.
//!
//! In: a plan, the drafts of the workspace, and the groups of today. Out: [`Version`]s, each a strategy with the texts of its
//! slots, bound to the group that it was written for. Copy goes to the group that it was made for, and to no other.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::plan::{Arm, Plan};
use super::quiet::moment_of;
use super::{CampaignError, approval};
use crate::config::Config;
use crate::data::{Channel, Shop, primary_language};
use crate::features::Features;
use crate::jobs::Task;
use crate::profiles;
use crate::review::decision::{Author, DraftId, Seal, Standing, Status};
use crate::review::destination::{Destination, destination, why_held_back};
use crate::review::merge::{Copy, Merger, Settings};
use crate::segments::{Group, Segmentation};
use crate::strategy::{self, CouponPolicy, Facts, Mailing, Purchases, Strategy, facts_for_segment};
use crate::workspace::{Store, StoredDraft};

/// The shop as a campaign sees it.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    pub shop: &'a Shop,
    pub features: &'a Features,
    pub segmentation: &'a Segmentation,
    pub config: &'a Config,
}

/// What one arm says to one segment.
#[derive(Clone, Debug)]
pub struct Version {
    /// Index among the plan's arms ([`Versions::arms`]).
    pub arm: usize,
    /// Index among the plan's segments.
    pub segment: usize,
    pub draft: DraftId,
    /// The draft is approved in Review.
    pub approved: bool,
    /// A model wrote at least a part of it.
    pub generated: bool,
    /// The group of today that the draft was written for.
    pub group: Group,
    pub copy: Copy,
}

/// An arm in the record of a launch.
#[derive(Deserialize)]
struct FrozenArm {
    name: String,
    share: f64,
    sending: Date,
    versions: Vec<FrozenVersion>,
}

#[derive(Deserialize)]
struct FrozenVersion {
    draft: DraftId,
    segment: usize,
    group: Group,
    slots: Vec<String>,
    facts: Facts,
    generated: bool,
}

/// All that a campaign says.
#[derive(Clone, Debug)]
pub struct Versions {
    pub channel: Channel,
    /// Language tag of the text.
    pub language: String,
    /// Name and share of each arm.
    pub arms: Vec<(String, f64)>,
    /// Number of the cluster of each of the plan's segments; empty for a campaign that was launched.
    pub clusters: Vec<usize>,
    /// In the order of the arms, then of the segments.
    pub all: Vec<Version>,
    /// The day from which offers count.
    pub sending: Date,
}

impl Versions {
    /// What an arm says to a segment.
    #[must_use]
    pub fn of(&self, arm: usize, segment: usize) -> Option<&Version> {
        self.all.iter().find(|version| version.arm == arm && version.segment == segment)
    }

    /// The last day on which the offer holds, as the messages say it; the latest where they differ.
    #[must_use]
    pub fn offer_ends(&self) -> Option<Date> {
        let days = self.all.iter().filter_map(|version| version.copy.strategy.offer.as_ref()?.valid_days);
        self.sending.checked_add(i64::from(days.max()?).days()).ok()
    }

    /// The first moment after that day, as the days of coupon codes are counted (UTC).
    #[must_use]
    pub fn offer_until(&self) -> Option<i64> {
        let after = self.offer_ends()?.tomorrow().ok()?;
        Some(moment_of(after.at(0, 0, 0, 0), &TimeZone::UTC))
    }

    /// All of it as JSON, with each version's content hash: what a campaign that was launched goes on with, whatever becomes of
    /// the groups and the files.
    #[must_use]
    pub fn frozen(&self, contents: &[String]) -> Value {
        let of_arm = |number: usize| -> Vec<Value> {
            let versions = self.all.iter().zip(contents).filter(|(version, _)| version.arm == number);
            versions
                .map(|(version, content)| {
                    json!({
                        "draft": version.draft,
                        "segment": version.segment,
                        "group": version.group,
                        "slots": version.copy.slots,
                        "facts": version.copy.facts,
                        "generated": version.generated,
                        "content": content,
                    })
                })
                .collect()
        };
        self.arms
            .iter()
            .enumerate()
            .map(|(number, (name, share))| {
                let versions = of_arm(number);
                let drafts: Vec<&Value> = versions.iter().map(|version| &version["draft"]).collect();
                json!({ "name": name, "share": share, "sending": self.sending, "drafts": drafts, "versions": versions })
            })
            .collect()
    }

    /// The content hashes in what was frozen, in the order of the versions.
    #[must_use]
    pub fn contents_of(frozen: &Value) -> Vec<&str> {
        let arms = frozen.as_array().into_iter().flatten();
        arms.flat_map(|arm| arm["versions"].as_array().into_iter().flatten())
            .filter_map(|version| version["content"].as_str())
            .collect()
    }

    /// What was frozen at the launch.
    ///
    /// # Errors
    /// A draft or its strategy is not kept any more, or the record cannot be read.
    pub fn thawed(plan: &Plan, frozen: &Value, store: &Store) -> Result<Self, CampaignError> {
        let arms: Vec<FrozenArm> = serde_json::from_value(frozen.clone()).map_err(|error| {
            CampaignError::Unusable(format!(
                "what was launched as {} cannot be read by this program: {error}",
                plan.name
            ))
        })?;
        let mut all = Vec::new();
        for (number, arm) in arms.iter().enumerate() {
            for version in &arm.versions {
                let stored = store.draft(version.draft)?;
                let strategy = template(store, &stored)?;
                all.push(Version {
                    arm: number,
                    segment: version.segment,
                    draft: version.draft,
                    approved: true,
                    generated: version.generated,
                    group: version.group.clone(),
                    copy: Copy {
                        approval: Seal::of_draft(&stored.draft, &version.slots),
                        approved_by: Author::Person,
                        variant: number + 1,
                        seed: stored.draft.seed,
                        fit: 1.0,
                        slots: version.slots.clone(),
                        cluster: 0,
                        facts: version.facts.clone(),
                        strategy,
                    },
                });
            }
        }
        let (Some(first), Some(arm)) = (all.first(), arms.first()) else {
            return Err(CampaignError::Unusable(format!("what was launched as {} says nothing", plan.name)));
        };
        Ok(Self {
            channel: first.copy.strategy.channel,
            language: first.copy.strategy.language.clone(),
            arms: arms.iter().map(|arm| (arm.name.clone(), arm.share)).collect(),
            clusters: Vec::new(),
            sending: arm.sending,
            all,
        })
    }

    /// What merges each version's message, in their order. `rows` are the rows of the shop to which it may be made; the orders are
    /// read once for all versions.
    ///
    /// # Errors
    /// Cancelled; orders that cannot be read; a template that is not in order.
    pub fn mergers<'a>(
        &'a self,
        ground: Ground<'a>,
        banned_words: &'a [String],
        rows: &dyn Fn(&Version) -> Vec<u32>,
        task: &Task<'_>,
    ) -> Result<Vec<Merger<'a>>, CampaignError> {
        let recipients: Vec<Vec<u32>> = self.all.iter().map(rows).collect();
        let mailings: Vec<Mailing<'_>> = self
            .all
            .iter()
            .zip(&recipients)
            .map(|(Version { copy, .. }, recipients)| Mailing {
                recipients,
                strategy: &copy.strategy,
                slots: &copy.slots,
            })
            .collect();
        let purchases = Purchases::of_each(ground.shop, ground.features.as_of, &mailings, task)?;
        let settings = Settings { codes: &[], banned_words, segments: &[], markdown: true };
        let merger = |(version, purchases): (&'a Version, Purchases)| {
            let copy = &version.copy;
            Merger::new(ground.shop, ground.features, copy, purchases, &settings).map_err(|problem| {
                CampaignError::Unusable(format!(
                    "the strategy {} cannot be merged: {problem}",
                    copy.strategy.id
                ))
            })
        };
        self.all.iter().zip(purchases).map(merger).collect()
    }

    /// Whether the message has a coupon code.
    #[must_use]
    pub fn has_coupon(&self) -> bool {
        let with_code = |strategy: &Strategy| {
            strategy.offer.as_ref().is_some_and(|offer| offer.coupon == CouponPolicy::Unique)
        };
        self.all.iter().any(|version| with_code(&version.copy.strategy))
    }
}

/// The cluster that a plan calls by its letter or name, whatever the case.
#[must_use]
pub fn cluster_named(segmentation: &Segmentation, name: &str) -> Option<usize> {
    let is = |other: &str| other.eq_ignore_ascii_case(name) || other == name;
    segmentation
        .clusters
        .iter()
        .position(|cluster| is(&cluster.name) || is(&cluster.names.en) || is(&cluster.names.zh))
        .or_else(|| segmentation.clusters.iter().position(|cluster| is(&cluster.id)))
}

/// Reads what the plan's drafts say. Without arms in the plan there is one, `message`, of the drafts that are approved
/// in Review.
///
/// # Errors
/// A segment or a draft that is not there, a draft of another strategy or for another group, a rejected one; no draft for one of
/// the segments.
pub fn versions(
    plan: &Plan,
    store: &Store,
    ground: Ground<'_>,
    sending: Date,
    task: &Task<'_>,
) -> Result<Versions, CampaignError> {
    let unusable =
        |message: String| CampaignError::Unusable(format!("the campaign {}: {message}", plan.name));
    let today = Group::all(ground.segmentation);
    let mut clusters = Vec::new();
    for name in &plan.segments {
        let Some(cluster) = cluster_named(ground.segmentation, name) else {
            let known: Vec<String> = today.iter().map(Group::title).collect();
            return Err(unusable(format!("there is no segment \"{name}\". There are {}.", known.join(", "))));
        };
        if clusters.contains(&cluster) {
            return Err(unusable(format!(
                "\"{name}\" is a segment that the plan names already. Name it once."
            )));
        }
        clusters.push(cluster);
    }
    let drafts = store.drafts()?;
    let arms = if plan.arms.is_empty() {
        vec![approved_in_review(plan, store, &drafts, &clusters, &today).map_err(unusable)?]
    } else {
        plan.arms.clone()
    };
    let profiles = profiles::clusters(ground.shop, ground.features, ground.segmentation, task)?;
    let mut all = Vec::new();
    for (number, arm) in arms.iter().enumerate() {
        for &id in &arm.drafts {
            let stored = drafts.iter().find(|stored| stored.id.0 == id).ok_or_else(|| {
                unusable(format!(
                    "there is no draft {id}, which the arm {} names. Review lists the drafts.",
                    arm.name
                ))
            })?;
            let (segment, standing) = belongs(plan, stored, store, &clusters, &today)
                .map_err(|why| unusable(format!("draft {id} of the arm {} {why}", arm.name)))?;
            if all.iter().any(|version: &Version| version.arm == number && version.segment == segment) {
                return Err(unusable(format!(
                    "the arm {} has two drafts for {}. Name one.",
                    arm.name, plan.segments[segment]
                )));
            }
            let strategy = template(store, stored)?;
            let cluster = clusters[segment];
            let Some(profile) = profiles.get(cluster) else { continue };
            let mut facts = facts_for_segment(
                ground.segmentation,
                profile,
                &strategy,
                ground.config,
                &ground.shop.currency,
                sending,
            );
            if strategy.channel == Channel::Email && ground.config.door.base_url.is_some() {
                // The link stands at the foot; two ways out would only make people ask which is meant.
                let words = match primary_language(&strategy.language).as_str() {
                    "zh" => "如不想再收到此类邮件，请使用页脚的退订链接。",
                    _ => "To stop receiving these e-mails, use the link below.",
                };
                facts.insert("unsubscribe".to_owned(), words.into());
            }
            if let Some(code) = approval::shared_code(plan, segment) {
                facts.insert("coupon_code".to_owned(), code.into());
            }
            all.push(Version {
                arm: number,
                segment,
                draft: stored.id,
                approved: standing.is_approved(),
                generated: !stored.draft.is_own_text(),
                group: today[cluster].clone(),
                copy: Copy {
                    approval: Seal::of_draft(&stored.draft, &standing.slots),
                    approved_by: Author::Person,
                    variant: number + 1,
                    seed: stored.draft.seed,
                    fit: 1.0,
                    slots: standing.slots,
                    cluster,
                    facts,
                    strategy,
                },
            });
        }
        if let Some(lacks) = (0..clusters.len()).find(|&segment| {
            !all.iter().any(|version: &Version| version.arm == number && version.segment == segment)
        }) {
            return Err(unusable(format!(
                "the arm {} has no draft for {}. Add the number of one to its drafts, or take the segment out.",
                arm.name, plan.segments[lacks]
            )));
        }
    }
    let Some(first) = all.first() else {
        return Err(unusable("it says nothing. Add an arm with drafts.".into()));
    };
    Ok(Versions {
        channel: first.copy.strategy.channel,
        language: first.copy.strategy.language.clone(),
        arms: arms.iter().map(|arm| (arm.name.clone(), arm.share)).collect(),
        clusters,
        all,
        sending,
    })
}

/// The one arm of a plan that names none.
fn approved_in_review(
    plan: &Plan,
    store: &Store,
    drafts: &[StoredDraft],
    clusters: &[usize],
    today: &[Group],
) -> Result<Arm, String> {
    let mut chosen = Vec::new();
    for (segment, name) in plan.segments.iter().enumerate() {
        let found = drafts.iter().find(|stored| {
            stored.draft.strategy == plan.strategy
                && belongs(plan, stored, store, clusters, today)
                    .is_ok_and(|(place, standing)| place == segment && standing.is_approved())
        });
        let Some(found) = found else {
            return Err(format!(
                "no draft of {} is approved for {name}. Approve one in Review, or name drafts in [[arms]].",
                plan.strategy
            ));
        };
        chosen.push(found.id.0);
    }
    Ok(Arm { name: "message".into(), share: 1.0, drafts: chosen })
}

/// The segment of the plan that a draft is for, and what stands about it; else what is wrong with it.
fn belongs(
    plan: &Plan,
    stored: &StoredDraft,
    store: &Store,
    clusters: &[usize],
    today: &[Group],
) -> Result<(usize, Standing), String> {
    let draft = &stored.draft;
    if draft.strategy != plan.strategy {
        return Err(format!("is of the strategy {}, and the plan's is {}.", draft.strategy, plan.strategy));
    }
    let log = store.log_of(stored.id).map_err(|error| format!("cannot be read: {error}"))?;
    let standing = Standing::of(draft, &log);
    if let Status::Rejected { reason, .. } = &standing.status {
        return Err(format!("was rejected: {reason}."));
    }
    let group = standing.group(draft);
    let Destination::Same(cluster) = destination(group, &draft.segment, today) else {
        let why = why_held_back(group, &draft.segment, today).unwrap_or_default();
        return Err(format!(
            "was {why}. Write it again for one of today's segments, or approve it for one in Review."
        ));
    };
    match clusters.iter().position(|&other| other == cluster) {
        Some(segment) => Ok((segment, standing)),
        None => Err(format!("is for {}, which the plan does not name.", today[cluster].title())),
    }
}

/// The strategy as it was when the draft was written.
fn template(store: &Store, stored: &StoredDraft) -> Result<Strategy, CampaignError> {
    let draft = &stored.draft;
    let lost = |why: &str| {
        CampaignError::Unusable(format!(
            "the strategy {} as draft {} was written from {why}. Write the message again.",
            draft.strategy, stored.id.0
        ))
    };
    let source =
        store.template(&draft.strategy, &draft.strategy_version)?.ok_or_else(|| lost("is not kept"))?;
    strategy::parse(&draft.strategy, &source).map_err(|_| lost("cannot be read by this program"))
}
