//! A campaign of this project as the database has it: what is asked for, its ledger, and what came back.

use serde_json::Value;

use super::measure::DAY;
use super::observe::{Coupon, FeedbackRow, HOLDOUT, Question, SendRow};
use super::observed::{Arm, AudienceLine, Costs, Kind};
use crate::review::decision::DraftId;
use crate::strategy::fields::FIELDS;
use crate::strategy::{self, Offer, OfferKind};
use crate::workspace::{Campaign, Store, ToldOrder, WorkspaceError};

/// Everything about one campaign that is in the database.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub question: Question,
    pub sends: Vec<SendRow>,
    pub feedback: Vec<FeedbackRow>,
    /// Orders since the launch that the shop told of.
    pub told: Vec<ToldOrder>,
}

/// Reads a campaign. `currency_digits`: decimal digits of the shop's minor unit.
///
/// # Errors
/// The database cannot be read.
pub fn recorded(
    store: &Store,
    campaign: &Campaign,
    window_days: u32,
    costs: Costs,
    currency_digits: u32,
) -> Result<Recorded, WorkspaceError> {
    let redeemed = store.redeemed(campaign.id)?;
    let off = offer(store, campaign)?.map_or(Coupon::None, |offer| taken_off(&offer, currency_digits));
    let sends = store
        .sends(campaign.id)?
        .into_iter()
        .map(|line| SendRow {
            coupon: match &line.coupon {
                Some(code) if redeemed.contains(code) => off,
                _ => Coupon::None,
            },
            id: line.id,
            state: line.state,
            customer: line.customer,
            segment: line.segment,
            arm: line.arm,
        })
        .collect();
    let feedback = store
        .feedback_of(campaign.id)?
        .into_iter()
        .filter_map(|line| {
            Some(FeedbackRow {
                kind: Kind::named(&line.kind)?,
                send: line.send,
                customer: line.customer,
                scanner: line.scanner,
                rating: line.rating,
                // Of wishes it is a note of the program's.
                text: line.text.filter(|_| matches!(line.kind.as_str(), "rated" | "replied")),
            })
        })
        .collect();
    let mut arms = Vec::new();
    let total: f64 = drafts_of(campaign).map(|(_, share, _)| share).sum();
    let plan: toml::Table = toml::from_str(&campaign.plan).unwrap_or_default();
    let segments: Vec<&str> = plan
        .get("segments")
        .and_then(toml::Value::as_array)
        .map_or(Vec::new(), |names| names.iter().filter_map(toml::Value::as_str).collect());
    for (name, share, _) in drafts_of(campaign) {
        let message = said(store, campaign, &name, &segments)?;
        arms.push(Arm { name, message, share: (total > 0.0).then(|| share / total) });
    }
    if sends_have_holdout(store, campaign)? {
        arms.insert(0, Arm { name: HOLDOUT.into(), ..Arm::default() });
    }
    let question = Question {
        campaign: campaign.name.clone(),
        title: plan.get("title").and_then(toml::Value::as_str).map(str::to_owned),
        launched_at: campaign.launched_at,
        window_days,
        arms,
        costs,
        elsewhere: store.elsewhere(
            campaign.id,
            campaign.launched_at,
            campaign.launched_at + i64::from(window_days) * DAY,
        )?,
        audience: audience(store, campaign)?,
        ..Question::default()
    };
    // From midnight on, as for orders without a time of day.
    let told = store.told_orders(campaign.id, campaign.launched_at.div_euclid(DAY) * DAY)?;
    Ok(Recorded { question, sends, feedback, told })
}

/// The funnel that was noted at the launch.
fn audience(store: &Store, campaign: &Campaign) -> Result<Vec<AudienceLine>, WorkspaceError> {
    let entries = store.audit_of(&campaign.name)?;
    let launch = entries.into_iter().rev().find(|entry| entry.action == "launch");
    let funnel = launch.map(|mut entry| entry.document["funnel"].take());
    Ok(funnel.and_then(|funnel| serde_json::from_value(funnel).ok()).unwrap_or_default())
}

/// What an arm's drafts said as they were launched, each segment's own, to an invented customer: a report goes from hand
/// to hand, and no real one has a place in it. `None`: nothing is recorded.
fn said(
    store: &Store,
    campaign: &Campaign,
    arm: &str,
    segments: &[&str],
) -> Result<Option<String>, WorkspaceError> {
    let arms = campaign.arms.as_array().into_iter().flatten();
    let launched = arms.filter(|launched| launched["name"] == arm);
    let versions = launched.flat_map(|launched| launched["versions"].as_array().into_iter().flatten());
    let mut texts: Vec<(Vec<&str>, String)> = Vec::new();
    for version in versions {
        let Some(draft) = version["draft"].as_i64() else { continue };
        let text = version_text(store, version, draft)?;
        let segment = version["segment"].as_u64().and_then(|number| segments.get(number as usize).copied());
        match texts.iter_mut().find(|(_, other)| *other == text) {
            Some((of, _)) => of.extend(segment),
            None => texts.push((segment.into_iter().collect(), text)),
        }
    }
    if let [(_, only)] = texts.as_slice() {
        return Ok(Some(only.clone()));
    }
    let headed: Vec<String> =
        texts.into_iter().map(|(of, text)| format!("[{}]\n\n{text}", of.join(", "))).collect();
    Ok((!headed.is_empty()).then(|| headed.join("\n\n\n")))
}

fn version_text(store: &Store, version: &Value, draft: i64) -> Result<String, WorkspaceError> {
    let draft = store.draft(DraftId(draft))?.draft;
    let source = store.template(&draft.strategy, &draft.strategy_version)?.unwrap_or_default();
    let slots: Vec<String> = serde_json::from_value(version["slots"].clone()).unwrap_or_default();
    let rendered = strategy::parse(&draft.strategy, &source).ok().and_then(|strategy| {
        let chinese = strategy.language.starts_with("zh");
        let mut facts = draft.fields.clone();
        for field in FIELDS.iter().filter(|field| !field.scope.shared()) {
            if let Some(value) = facts.get_mut(field.name) {
                *value = invented(value, if chinese { field.example.1 } else { field.example.0 });
            }
        }
        // Those of the segment, the shop and the offer are as they were that day.
        facts.extend(version["facts"].as_object().cloned().unwrap_or_default());
        strategy::render(&strategy, &facts, &slots).ok()
    });
    // Without the strategy's text there is still what was written, in which no customer stands.
    Ok(rendered.map_or(slots.join("\n\n"), |text| {
        text.values().map(String::as_str).collect::<Vec<_>>().join("\n\n")
    }))
}

/// The table's example in the place of a customer's own value, of the same kind.
fn invented(value: &Value, example: &str) -> Value {
    match example.parse::<i64>() {
        Ok(number) if value.is_number() => number.into(),
        _ => example.into(),
    }
}

fn sends_have_holdout(store: &Store, campaign: &Campaign) -> Result<bool, WorkspaceError> {
    Ok(store.tally(campaign.id)?.contains_key(HOLDOUT))
}

/// Name, share and drafts of each arm.
fn drafts_of(campaign: &Campaign) -> impl Iterator<Item = (String, f64, Vec<i64>)> + '_ {
    campaign.arms.as_array().into_iter().flatten().map(|arm| {
        let drafts = arm["drafts"].as_array().into_iter().flatten().filter_map(Value::as_i64);
        (
            arm["name"].as_str().unwrap_or_default().to_owned(),
            arm["share"].as_f64().unwrap_or(1.0),
            drafts.collect(),
        )
    })
}

/// The offer of the strategy, as it was launched.
fn offer(store: &Store, campaign: &Campaign) -> Result<Option<Offer>, WorkspaceError> {
    let Some((_, _, drafts)) = drafts_of(campaign).next() else { return Ok(None) };
    let Some(&first) = drafts.first() else { return Ok(None) };
    let draft = store.draft(DraftId(first))?.draft;
    let source = store.template(&draft.strategy, &draft.strategy_version)?.unwrap_or_default();
    Ok(strategy::parse(&draft.strategy, &source).ok().and_then(|strategy| strategy.offer))
}

fn taken_off(offer: &Offer, digits: u32) -> Coupon {
    match (offer.kind, offer.value) {
        (OfferKind::Percentage, Some(value)) => Coupon::Share(value / 100.0),
        (OfferKind::Amount, Some(value)) => {
            Coupon::Amount((value * 10_f64.powi(digits as i32)).round() as i64)
        }
        _ => Coupon::None,
    }
}
