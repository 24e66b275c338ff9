//! Campaigns that were launched: what was approved, who is in them, and how far they are.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::audit::{Deed, note};
use super::ledger::SendState;
use super::{Store, left_out};
use crate::review::decision::DraftId;
use crate::workspace::WorkspaceError;

/// Room for the pages of the ledger while a million sends are written, in KiB.
const CACHE: i64 = 131_072;

/// How far a campaign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CampaignState {
    /// It is being sent, or waits for its hour.
    Sending,
    /// A person stopped it for a while.
    Paused,
    /// It stopped by itself: too many failures.
    Stopped,
    /// Every message has come to its end.
    Done,
    /// A person ended it; what was not sent stays unsent.
    Cancelled,
}

impl CampaignState {
    /// As in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "paused" => Self::Paused,
            "stopped" => Self::Stopped,
            "done" => Self::Done,
            "cancelled" => Self::Cancelled,
            _ => Self::Sending,
        }
    }
}

/// A campaign that was launched.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    pub id: i64,
    /// Of its file.
    pub name: String,
    /// The text of the plan's file as it was launched.
    pub plan: String,
    /// Hash of what was approved, in hexadecimal digits.
    pub fingerprint: String,
    /// The arms as JSON.
    pub arms: Value,
    /// Milliseconds since 1970-01-01 UTC.
    pub launched_at: i64,
    pub ended_at: Option<i64>,
    pub state: CampaignState,
}

/// One customer of a campaign that is being launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSend<'a> {
    pub customer: &'a str,
    pub segment: &'a str,
    /// Name of the arm.
    pub arm: &'a str,
    pub channel: &'static str,
    /// `None` for the holdout.
    pub address: Option<&'a str>,
    pub language: &'a str,
    /// Hash of the arm's content.
    pub content: &'a str,
    pub state: SendState,
    /// Not before this moment, in milliseconds since 1970-01-01 UTC.
    pub not_before: Option<i64>,
    pub detail: Option<&'a str>,
}

/// A campaign that is being launched.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    pub name: &'a str,
    pub plan: &'a str,
    pub fingerprint: &'a str,
    pub arms: &'a Value,
    /// The funnel as JSON, for the audit.
    pub funnel: &'a Value,
    /// Who was left out, as customer, segment and step of the funnel.
    pub left_out: &'a [(&'a str, &'a str, &'a str)],
    /// Where the numbered links of the messages lead.
    pub links: &'a [String],
    /// Where the messages go, in words.
    pub to: &'a str,
    pub at: i64,
    pub actor: &'a str,
}

impl Store {
    /// Writes a campaign with everybody who is in it, all or nothing: from then on nobody is added, and what each
    /// customer gets is fixed. The number of the campaign.
    ///
    /// # Errors
    /// A campaign of this name was launched before; the database cannot be written.
    pub fn launch<'a>(
        &mut self,
        launch: &Launch<'_>,
        sends: impl Iterator<Item = NewSend<'a>>,
    ) -> Result<i64, WorkspaceError> {
        self.write(|transaction| {
            if find(transaction, launch.name)?.is_some() {
                return Ok(Err(WorkspaceError::Nothing(format!(
                    "the campaign {} was launched before, and a campaign is sent once. Make another plan for another \
                     message: copy campaigns/{}.toml under a new name.",
                    launch.name, launch.name
                ))));
            }
            transaction.pragma_update(None, "cache_size", -CACHE)?;
            transaction.execute(
                "INSERT INTO campaigns (name, plan, fingerprint, arms, launched_at, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'sending')",
                params![launch.name, launch.plan, launch.fingerprint, launch.arms.to_string(), launch.at],
            )?;
            let id = transaction.last_insert_rowid();
            for (number, url) in launch.links.iter().enumerate() {
                transaction.execute(
                    "INSERT INTO links (campaign, number, url) VALUES (?1, ?2, ?3)",
                    params![id, number as i64 + 1, url],
                )?;
            }
            let mut insert = transaction.prepare_cached(
                "INSERT INTO sends (campaign, step, customer, segment, arm, channel, address, language, content, state, \
                 not_before, at, detail) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?;
            let mut intended = 0_u64;
            let mut all = 0_u64;
            for send in sends {
                all += 1;
                intended += u64::from(send.state == SendState::Intended);
                insert.execute(params![
                    id,
                    send.customer,
                    send.segment,
                    send.arm,
                    send.channel,
                    send.address,
                    send.language,
                    send.content,
                    send.state.name(),
                    send.not_before,
                    launch.at,
                    send.detail
                ])?;
            }
            left_out::insert(transaction, id, launch.left_out.iter().copied())?;
            let document = serde_json::json!({
                "fingerprint": launch.fingerprint, "customers": all, "messages": intended, "funnel": launch.funnel, "to": launch.to,
            });
            note(
                transaction,
                Deed {
                    at: launch.at,
                    actor: launch.actor,
                    action: "launch",
                    subject: launch.name,
                    document: &document,
                },
            )?;
            Ok(Ok(id))
        })?
    }

    /// The campaign of that name, if it was launched.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn campaign(&self, name: &str) -> Result<Option<Campaign>, WorkspaceError> {
        self.read(|connection| find(connection, name))
    }

    /// All campaigns that were launched, the last one first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn campaigns(&self) -> Result<Vec<Campaign>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY id DESC"))?;
            let rows = statement.query_map([], campaign)?;
            rows.collect()
        })
    }

    /// Takes a campaign's approval back, and notes who did it: an entry of the audit. What was launched is approved for
    /// good: it is paused or ended instead.
    ///
    /// # Errors
    /// The campaign was launched; the database cannot be written.
    pub fn withdraw_approval(
        &mut self,
        name: &str,
        at: i64,
        actor: &str,
        document: &Value,
    ) -> Result<(), WorkspaceError> {
        self.write(|transaction| {
            if let Some(campaign) = find(transaction, name)? {
                return Ok(Err(WorkspaceError::Nothing(no_withdrawal(&campaign))));
            }
            note(transaction, Deed { at, actor, action: "withdraw", subject: name, document })?;
            Ok(Ok(()))
        })?
    }

    /// Changes how far a campaign is, and notes who did it. One that is done or cancelled stays so.
    ///
    /// # Errors
    /// The campaign has come to its end; the database cannot be written.
    pub fn turn_campaign(
        &mut self,
        id: i64,
        to: CampaignState,
        at: i64,
        actor: &str,
        why: &str,
    ) -> Result<(), WorkspaceError> {
        self.write(|transaction| {
            let now: (String, String) =
                transaction.query_row("SELECT name, state FROM campaigns WHERE id = ?1", [id], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let state = CampaignState::named(&now.1);
            if state == to {
                return Ok(Ok(()));
            }
            if matches!(state, CampaignState::Done | CampaignState::Cancelled) {
                return Ok(Err(WorkspaceError::Nothing(format!(
                    "the campaign {} is {}: there is nothing left to change.",
                    now.0,
                    state.name()
                ))));
            }
            let ended = matches!(to, CampaignState::Done | CampaignState::Cancelled).then_some(at);
            transaction.execute(
                "UPDATE campaigns SET state = ?2, ended_at = ?3 WHERE id = ?1",
                params![id, to.name(), ended],
            )?;
            if to == CampaignState::Cancelled {
                cancel_waiting(transaction, id, at)?;
            }
            let document = serde_json::json!({ "from": state.name(), "why": why });
            let action = match to {
                CampaignState::Sending => "resume",
                CampaignState::Paused => "pause",
                CampaignState::Stopped => "stop",
                CampaignState::Done => "finish",
                CampaignState::Cancelled => "cancel",
            };
            note(transaction, Deed { at, actor, action, subject: &now.0, document: &document })?;
            Ok(Ok(()))
        })?
    }

    /// What waits in a campaign that was ended is not sent any more, and its codes go back.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn cancel_waiting(&mut self, id: i64, at: i64) -> Result<(), WorkspaceError> {
        self.write(|transaction| cancel_waiting(transaction, id, at))
    }

    /// Why a campaign stopped by itself, the last time that it did.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn why_stopped(&self, name: &str) -> Result<Option<String>, WorkspaceError> {
        let stop = self.audit_of(name)?.into_iter().rev().find(|entry| entry.action == "stop");
        Ok(stop.and_then(|entry| entry.document["why"].as_str().map(str::to_owned)))
    }

    /// Who is in a campaign of each strategy, the holdout too: cancelled campaigns do not count.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn in_campaigns(&self) -> Result<HashMap<String, HashSet<String>>, WorkspaceError> {
        let mut all: HashMap<String, HashSet<String>> = HashMap::new();
        for campaign in self.campaigns()? {
            let draft = campaign.arms[0]["drafts"][0].as_i64();
            let Some(draft) = draft.filter(|_| campaign.state != CampaignState::Cancelled) else { continue };
            let strategy = self.draft(DraftId(draft))?.draft.strategy;
            let customers = all.entry(strategy).or_default();
            self.read(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT customer FROM sends WHERE campaign = ?1")?;
                for customer in statement.query_map([campaign.id], |row| row.get(0))? {
                    customers.insert(customer?);
                }
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// When messages went out to each customer since a moment, in all campaigns: milliseconds since 1970-01-01 UTC,
    /// in order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sent_since(&self, since: i64) -> Result<HashMap<String, Vec<i64>>, WorkspaceError> {
        self.read(|connection| {
            let mut sent: HashMap<String, Vec<i64>> = HashMap::new();
            let mut statement = connection.prepare_cached(
                "SELECT customer, at FROM sends WHERE state IN ('accepted', 'handing', 'unknown') AND at >= ?1 \
                 ORDER BY at",
            )?;
            let mut rows = statement.query([since])?;
            while let Some(row) = rows.next()? {
                sent.entry(row.get(0)?).or_default().push(row.get(1)?);
            }
            Ok(sent)
        })
    }

    /// Where the numbered links of a campaign's messages lead, in order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn links(&self, campaign: i64) -> Result<Vec<String>, WorkspaceError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT url FROM links WHERE campaign = ?1 ORDER BY number")?;
            let rows = statement.query_map([campaign], |row| row.get(0))?;
            rows.collect()
        })
    }
}

/// Why the approval of a campaign that was launched stays.
fn no_withdrawal(campaign: &Campaign) -> String {
    let name = &campaign.name;
    match campaign.state {
        CampaignState::Done | CampaignState::Cancelled => format!(
            "the campaign {name} is {}: there is nothing left that its approval could stop.",
            campaign.state.name()
        ),
        _ => format!(
            "the campaign {name} was launched, and its approval cannot be taken back any more. Pause it, or cancel it: \
             `perennial campaign pause {name}`, `perennial campaign cancel {name}`."
        ),
    }
}

const SELECT: &str = "SELECT id, name, plan, fingerprint, arms, launched_at, ended_at, state FROM campaigns";

fn find(connection: &rusqlite::Connection, name: &str) -> rusqlite::Result<Option<Campaign>> {
    connection.prepare_cached(&format!("{SELECT} WHERE name = ?1"))?.query_row([name], campaign).optional()
}

fn campaign(row: &Row<'_>) -> rusqlite::Result<Campaign> {
    Ok(Campaign {
        id: row.get(0)?,
        name: row.get(1)?,
        plan: row.get(2)?,
        fingerprint: row.get(3)?,
        arms: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or(Value::Null),
        launched_at: row.get(5)?,
        ended_at: row.get(6)?,
        state: CampaignState::named(row.get_ref(7)?.as_str()?),
    })
}

/// The state of a campaign, inside a transaction.
pub(super) fn state_of(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<CampaignState> {
    transaction
        .prepare_cached("SELECT state FROM campaigns WHERE id = ?1")?
        .query_row([id], |row| Ok(CampaignState::named(row.get_ref(0)?.as_str()?)))
}

fn cancel_waiting(transaction: &Transaction<'_>, id: i64, at: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE campaign_coupons SET state = CASE WHEN pool IS NULL THEN 'returned' ELSE 'free' END, \
         customer = NULL, campaign = CASE WHEN pool IS NULL THEN campaign END, at = ?2 \
         WHERE state = 'reserved' AND code IN \
         (SELECT coupon FROM sends WHERE campaign = ?1 AND state = 'intended')",
        params![id, at],
    )?;
    transaction.execute(
        "UPDATE sends SET state = 'cancelled', at = ?2, \
         coupon = CASE WHEN coupon IN (SELECT code FROM campaign_coupons WHERE state IN ('committed', 'redeemed')) \
         THEN coupon END WHERE campaign = ?1 AND state = 'intended'",
        params![id, at],
    )?;
    Ok(())
}
