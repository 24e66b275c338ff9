//! The outbox: everything that is approved, merged into files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::Outcome;
use super::reviewing::{Cabinet, key};
use crate::config::Config;
use crate::data::Shop;
use crate::features::Features;
use crate::jobs::{Failure, Task};
use crate::profiles;
use crate::review::decision::Status;
use crate::review::destination::{Destination, destination, why_held_back};
use crate::review::merge::{Audience, Copy, MergeError, Plan, Settings, coupon_recipients, merge};
use crate::review::outbox::write_csv_header;
use crate::review::queue::{Filter, Item, Queue, Show};
use crate::segments::{Group, Segmentation};
use crate::strategy::{facts_for_segment, fits};
use crate::workspace::{AtomicFile, Privacy, private_folder};

/// What an export needs to know.
#[derive(Clone, Debug)]
pub struct Export {
    pub folder: PathBuf,
    pub shop: Arc<Shop>,
    pub features: Arc<Features>,
    pub segmentation: Arc<Segmentation>,
    pub config: Config,
    pub sending: Date,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
}

fn outbox_folder(folder: &Path) -> PathBuf {
    folder.join("outbox")
}

/// The file of messages that is exported from a project.
pub(super) fn outbox_csv(folder: &Path) -> PathBuf {
    outbox_folder(folder).join("outbox.csv")
}

/// Merges everything that is approved into `outbox/outbox.csv` and `outbox/outbox.jsonl` of the project. Copy goes to
/// the group that it was approved for: where that group is not there any more it is held back, and that is said.
pub fn export(export: &Export, task: &Task<'_>) -> Result<Outcome, Failure> {
    let Export { folder, shop, features, segmentation, config, at, .. } = export;
    let mut cabinet = Cabinet::open(folder, config.banned_words())?;
    let (copies, held_back) = copies(export, &cabinet, task)?;
    // What was exported before is emptied where nothing is approved any more.
    let withdrawn = held_back.is_empty() && outbox_csv(folder).exists();
    if copies.is_empty() && !withdrawn {
        return Err(Failure::Failed(match held_back.as_slice() {
            [] => "Nothing is approved. Approve a draft in Review first.".into(),
            [first, ..] => format!(
                "Nothing was exported: {}. {first}. Read it again and approve it for the segment that there is now, \
                 or write for one of today's segments.",
                held_words(held_back.len())
            ),
        }));
    }
    let place = outbox_folder(folder);
    let unwritable = |error: std::io::Error| {
        Failure::Failed(format!(
            "{} cannot be written: {error}. Make it a folder that you may write, on a disk with room, and export \
             again. Nothing was changed there.",
            place.display()
        ))
    };
    private_folder(&place).map_err(unwritable)?;
    remove_left_overs(&place).map_err(unwritable)?;
    let mut csv = AtomicFile::create(outbox_csv(folder), Privacy::Private).map_err(unwritable)?;
    let mut json = AtomicFile::create(place.join("outbox.jsonl"), Privacy::Private).map_err(unwritable)?;
    write_csv_header(&mut csv).map_err(unwritable)?;
    let plan = Plan::new(shop, segmentation, &copies, task)?.without_campaigns(
        shop,
        &copies,
        &cabinet.store.in_campaigns()?,
    );
    let letters: Vec<String> = segmentation.clusters.iter().map(|cluster| cluster.id.clone()).collect();
    task.progress("noting the coupon codes", 0, None);
    let seed = config.writing.seed;
    let codes = cabinet.store.give_coupons(seed, &coupon_recipients(shop, &copies, &plan), *at)?;
    let settings =
        Settings { codes: &codes, banned_words: &config.banned_words(), segments: &letters, markdown: false };
    let mut outbox = |rows: &[u8], lines: &[u8], _: usize| {
        csv.write_all(rows)?;
        json.write_all(lines)
    };
    let audiences =
        merge(shop, features, &copies, plan, &settings, &mut outbox, task).map_err(|error| match error {
            MergeError::Cancelled(_) => Failure::Cancelled,
            MergeError::Write(error) => unwritable(error),
            other @ (MergeError::Template(_) | MergeError::Orders(_)) => Failure::Failed(other.to_string()),
        })?;
    csv.commit().map_err(unwritable)?;
    json.commit().map_err(unwritable)?;
    let total = Audience::total(&audiences);
    let out = copies.iter().zip(&audiences).map(|(copy, audience)| Sent { copy, audience });
    let (mut told, mut complete) = told(shop, segmentation, &total, &out.collect::<Vec<_>>(), &place);
    if let Some(first) = held_back.first() {
        told.push_str(&format!(" {}: {first}.", held_words(held_back.len())));
        complete = false;
    }
    Ok(Outcome::Exported { told, complete })
}

/// A copy and what became of its segment.
struct Sent<'a> {
    copy: &'a Copy,
    audience: &'a Audience,
}

/// What the export came to, and whether every copy went to somebody.
fn told(
    shop: &Shop,
    segmentation: &Segmentation,
    total: &Audience,
    sent: &[Sent<'_>],
    place: &Path,
) -> (String, bool) {
    let customers = &shop.customers;
    let why =
        |Sent { copy, audience }: &Sent<'_>| match audience.reasons(customers, Some(copy.strategy.channel)) {
            reasons if reasons.is_empty() => "nobody is in that segment".to_owned(),
            reasons => reasons.join(", "),
        };
    let nobody: Vec<&Sent<'_>> = sent.iter().filter(|sent| sent.audience.messages == 0).collect();
    let files = format!("{} and outbox.jsonl", place.join("outbox.csv").display());
    if let (0, [only]) = (total.messages, nobody.as_slice()) {
        return (
            format!("0 messages of {}: {}. Empty files: {files}.", only.copy.strategy.name, why(only)),
            false,
        );
    }
    if sent.is_empty() {
        return (format!("The outbox is empty now: nothing is approved any more. Files: {files}."), true);
    }
    if total.messages == 0 {
        let reasons = total.reasons(customers, None).join(", ");
        return (format!("0 messages: {reasons}. Empty files: {files}."), false);
    }
    let are = if total.messages == 1 { "message is" } else { "messages are" };
    let mut told = format!("{} {are} in {files}.", total.messages);
    let reasons = total.reasons(customers, None);
    if !reasons.is_empty() {
        told.push_str(&format!(" Left out: {}.", reasons.join(", ")));
    }
    for none in &nobody {
        let letter = segmentation.clusters.get(none.copy.cluster).map_or("?", |cluster| cluster.id.as_str());
        told.push_str(&format!(" 0 of them from “{}” for {letter}: {}.", none.copy.strategy.name, why(none)));
    }
    if total.language_assumed > 0 {
        told.push_str(&format!(
            " No language is stated for {} of the recipients: it was assumed.",
            total.language_assumed
        ));
    }
    (told, nobody.is_empty())
}

fn held_words(count: usize) -> String {
    if count == 1 {
        "1 approved draft is held back".into()
    } else {
        format!("{count} approved drafts are held back")
    }
}

/// What is merged, and why each of the other approved drafts is not.
fn copies(export: &Export, cabinet: &Cabinet, task: &Task<'_>) -> Result<(Vec<Copy>, Vec<String>), Failure> {
    let Export { shop, features, segmentation, config, sending, .. } = export;
    let today = Group::all(segmentation);
    let queue = cabinet.queue()?;
    let (mut copies, mut held_back): (Vec<Copy>, Vec<String>) = (Vec::new(), Vec::new());
    let mut profiles = None;
    let filter = Filter { show: Show::Approved, ..Filter::default() };
    for item in queue.shown(&filter) {
        let Status::Approved { seal, by, .. } = &item.standing.status else { continue };
        let name = &item.draft.strategy;
        let Some(strategy) = cabinet.strategies.get(&key(&item.draft)) else {
            held_back.push(format!("{name} is not known any more"));
            continue;
        };
        let group = item.standing.group(&item.draft);
        let Destination::Same(cluster) = destination(group, &item.draft.segment, &today) else {
            let why = why_held_back(group, &item.draft.segment, &today).unwrap_or_default();
            held_back.push(format!("“{}” was {why}", strategy.name));
            continue;
        };
        // An older program let several be approved.
        if let Some(taken) =
            copies.iter().find(|copy| copy.cluster == cluster && copy.strategy.id == strategy.id)
        {
            held_back.push(format!(
                "of “{}” for {}, variant {} goes out, and a customer gets one",
                strategy.name, segmentation.clusters[cluster].id, taken.variant
            ));
            continue;
        }
        if profiles.is_none() {
            profiles = Some(profiles::clusters(shop, features, segmentation, task)?);
        }
        let Some(profile) = profiles.as_ref().and_then(|profiles| profiles.get(cluster)) else { continue };
        let facts = facts_for_segment(segmentation, profile, strategy, config, &shop.currency, *sending);
        copies.push(Copy {
            strategy: strategy.clone(),
            cluster,
            slots: item.standing.slots.clone(),
            facts,
            approval: seal.clone(),
            approved_by: *by,
            variant: variant_of(&queue, item),
            seed: item.draft.seed,
            fit: fits(strategy, &segmentation.clusters[cluster], profile).score,
        });
    }
    Ok((copies, held_back))
}

/// Removes what a killed export left behind: it holds personal data, and nobody would look for it.
fn remove_left_overs(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(".outbox.") && name.ends_with(".partial") {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Number of the draft among those of its strategy and segment, counted from 1.
fn variant_of(queue: &Queue, item: &Item) -> usize {
    queue
        .items()
        .iter()
        .filter(|other| {
            other.draft.strategy == item.draft.strategy && other.draft.segment == item.draft.segment
        })
        .filter(|other| other.id <= item.id)
        .count()
}
