//! Launching a campaign, and sending what was launched: what the dashboard and the command both do.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::CampaignError;
use super::approval::{Approval, may_not_resume};
use super::audience::Place;
use super::channel::{Carrier, Line};
use super::dossier::Dossier;
use super::plan::{CouponPolicy, HOLDOUT};
use super::preflight::specimens;
use super::sending::{Leftovers, Order, Pulse, Report, send, settle_leftovers};
use super::versions::{Ground, Versions};
use crate::jobs::Task;
use crate::workspace::{
    Campaign, CampaignState, CodeSource, Launch, NewSend, SecretName, Send, SendState, Store,
};

/// Held while a campaign of the workspace is being sent.
const LOCK: &str = ".sending.lock";

/// Writes everybody who is in the campaign into the ledger. From then on the plan, the messages and the audience are what
/// they are. `actor`: who launches it; `to`: where the messages go, in words.
///
/// # Errors
/// It is not approved as it is now, or was launched before; the database cannot be written.
pub fn launch(
    dossier: &Dossier,
    store: &mut Store,
    ground: Ground<'_>,
    (actor, to): (&str, &str),
    now: i64,
    task: &Task<'_>,
) -> Result<i64, CampaignError> {
    if !matches!(dossier.approval, Approval::Approved { .. }) {
        return Err(CampaignError::Unusable(format!(
            "the campaign {} is not approved as it is now. Read it, and approve it with `perennial campaign approve {} --as NAME`.",
            dossier.plan.name, dossier.plan.name
        )));
    }
    let rows = dossier.rows();
    let writer = dossier.writer(ground, &rows, task)?;
    let mut links: Vec<String> = Vec::new();
    for message in specimens(dossier, &writer) {
        let message = message.map_err(CampaignError::Unusable)?;
        for url in message.links {
            if !links.contains(&url) {
                links.push(url);
            }
        }
    }
    let versions = &dossier.versions;
    let channel = versions.channel;
    let customers = &ground.shop.customers;
    let sends = dossier.audience.members.iter().filter_map(|member| {
        let (segment, row) = (usize::from(member.segment), member.row as usize);
        let (arm, state, content) = match member.place {
            Place::Left(_) => return None,
            Place::Holdout => (HOLDOUT, SendState::Holdout, ""),
            Place::Arm(arm) => {
                (versions.arms[arm].0.as_str(), SendState::Intended, dossier.content(arm, segment))
            }
        };
        Some(NewSend {
            customer: customers.id(row),
            segment: &dossier.plan.segments[segment],
            arm,
            channel: channel.name(),
            address: (state == SendState::Intended).then(|| customers.address(row, channel)).flatten(),
            language: &versions.language,
            content,
            state,
            not_before: member.not_before.filter(|_| state == SendState::Intended),
            detail: None,
        })
    });
    let left_out: Vec<_> = dossier
        .audience
        .members
        .iter()
        .filter_map(|member| match member.place {
            Place::Left(step) => {
                let segment = dossier.plan.segments[usize::from(member.segment)].as_str();
                Some((customers.id(member.row as usize), segment, step.name()))
            }
            _ => None,
        })
        .collect();
    let launch = Launch {
        name: &dossier.plan.name,
        plan: &dossier.source,
        fingerprint: &dossier.fingerprint,
        arms: &versions.frozen(&dossier.contents),
        funnel: &json!(dossier.audience.funnel()),
        left_out: &left_out,
        links: &links,
        to,
        at: now,
        actor,
    };
    Ok(store.launch(&launch, sends)?)
}

/// How a campaign that was launched is sent on.
pub struct Dispatch<'a> {
    pub dossier: &'a Dossier,
    pub ground: Ground<'a>,
    pub line: &'a Line,
    /// The workspace's folder.
    pub folder: &'a Path,
    /// How long to wait for messages that may go out later.
    pub patience: Duration,
    /// Milliseconds since 1970-01-01 UTC.
    pub now: &'a (dyn Fn() -> i64 + Sync),
    pub watch: &'a dyn Fn(&Pulse),
}

/// Sends on a campaign that was launched: first what a process that was killed has left is settled, then what is due goes out.
///
/// # Errors
/// It was not launched, or is changed since; another process is sending; the channel or the ledger cannot be used.
pub fn dispatch(
    order: &Dispatch<'_>,
    store: &mut Store,
    task: &Task<'_>,
) -> Result<(Report, Leftovers), CampaignError> {
    let dossier = order.dossier;
    let name = &dossier.plan.name;
    let unusable = |why: String| CampaignError::Unusable(format!("the campaign {name} {why}"));
    let Some(campaign) = store.campaign(name)? else {
        return Err(unusable("was not launched".into()));
    };
    let _lock = lock(order.folder)?;
    unchanged(dossier, &campaign).map_err(unusable)?;
    if !matches!(campaign.state, CampaignState::Done | CampaignState::Cancelled)
        && let Some(why) = may_not_resume(store, &campaign)?
    {
        return Err(CampaignError::Unusable(why));
    }
    match campaign.state {
        CampaignState::Sending => {}
        CampaignState::Paused | CampaignState::Stopped => {
            return Err(unusable(format!(
                "is {}. Resume it with `perennial campaign resume {name}`.",
                campaign.state.name()
            )));
        }
        // Called from cron again and again, it says the same again.
        CampaignState::Done => {
            return Ok((Report::of(store, campaign.id, campaign.state)?, Leftovers::default()));
        }
        CampaignState::Cancelled => return Err(unusable("is cancelled: nothing is left to send.".into())),
    }
    let open = || order.line.carrier().map_err(|error| CampaignError::Unusable(error.to_string()));
    let mut carriers: Vec<Box<dyn Carrier>> = vec![open()?];
    let leftovers =
        settle_leftovers(store, campaign.id, carriers[0].as_mut(), dossier.plan.unknown, (order.now)())?;
    for _ in 1..order.line.connections() {
        carriers.push(open()?);
    }
    let rows: Vec<u32> = store
        .sends_in(campaign.id, SendState::Intended)?
        .iter()
        .filter_map(|line| order.ground.shop.customers.row_of(&line.customer))
        .map(|row| row as u32)
        .collect();
    let writer = dossier.writer(order.ground, &rows, task)?;
    let unique = dossier.versions.has_coupon() && dossier.plan.coupons.policy == CouponPolicy::Unique;
    let secret = store.secret(SecretName::Coupons)?;
    // 64 secret bits: nobody can tell a code from the ids of customers.
    let seed = u64::from_le_bytes(std::array::from_fn(|place| secret.bytes()[place]));
    let until = dossier.offer_until();
    let codes = |store: &mut Store, lines: &mut [Send]| -> Result<(), CampaignError> {
        if !unique {
            return Ok(());
        }
        let lacking: Vec<usize> = (0..lines.len()).filter(|&place| lines[place].coupon.is_none()).collect();
        let wanted: Vec<(i64, &str)> =
            lacking.iter().map(|&place| (lines[place].id, lines[place].customer.as_str())).collect();
        let source = match &dossier.plan.coupons.pool {
            Some(pool) => CodeSource::Pool(pool),
            None => CodeSource::Made { seed, name },
        };
        let codes = store.reserve_codes(campaign.id, &source, &wanted, until, (order.now)())?;
        for (place, code) in lacking.into_iter().zip(codes) {
            lines[place].coupon = Some(code);
        }
        Ok(())
    };
    let own = dossier.plan.per_minute;
    let sending = Order {
        campaign: campaign.id,
        compose: &|line| writer.compose(line),
        codes: &codes,
        attempts: dossier.plan.attempts,
        stop_at: dossier.plan.stop_at,
        per_minute: match (own, order.line.per_minute()) {
            (Some(own), Some(line)) => Some(own.min(line)),
            (own, line) => own.or(line),
        },
        patience: order.patience,
        now: order.now,
        watch: order.watch,
    };
    let report = send(store, &sending, carriers, task)?;
    Ok((report, leftovers))
}

/// What was approved is what goes out, to the last message: the templates and texts are those of the launch, and nothing else that
/// stands in a message may have changed either.
fn unchanged(dossier: &Dossier, campaign: &Campaign) -> Result<(), String> {
    let approved: Vec<&str> = Versions::contents_of(&campaign.arms);
    if dossier.contents.iter().map(String::as_str).eq(approved) {
        return Ok(());
    }
    Err("was approved with other settings of the sender, the door or the layout than there are now, and messages would not be what was \
         approved. Undo the change under [sending] or [door] to go on, or cancel the campaign and make another."
        .into())
}

/// Whether a process is sending in the workspace of this folder at this moment.
#[must_use]
pub fn is_sending(folder: &Path) -> bool {
    let held = File::open(folder.join(LOCK)).map(|file| file.try_lock_shared());
    matches!(held, Ok(Err(_)))
}

/// Keeps other processes from sending in this workspace. The system gives it up when the process ends, however it ends.
fn lock(folder: &Path) -> Result<File, CampaignError> {
    let path = folder.join(LOCK);
    let unusable = |why: String| CampaignError::Unusable(why);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| unusable(format!("{} cannot be written: {error}.", path.display())))?;
    file.try_lock().map_err(|_| {
        unusable("another Perennial is sending in this project. Wait until it is done, or pause the campaign there.".into())
    })?;
    Ok(file)
}
