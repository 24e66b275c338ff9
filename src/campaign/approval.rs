//! What is approved, by whom, and whether it still holds.
//!
//! In: a plan, what it says, and how it is sent. Out: a [`fingerprint`], the SHA-256 of all of it. An approval is an entry of the
//! audit that names a fingerprint: another byte in a template, a slot, a header, the layout, the rule of the audience or the
//! schedule gives another fingerprint, and what was approved stands no more. Nothing has to be voided by anybody.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::plan::{CouponPolicy, Plan};
use super::versions::Versions;
use crate::config::CampaignConfig;
use crate::workspace::{AuditEntry, Campaign, Deed, Store, WorkspaceError};

/// Action of an approval in the audit.
pub const APPROVE: &str = "approve";
/// Action of taking one back.
pub const WITHDRAW: &str = "withdraw";
/// Action of a plan that was made, or changed, in the audit.
pub const PLAN: &str = "plan";

/// The code that everybody in a segment gets, where the plan gives one.
#[must_use]
pub fn shared_code(plan: &Plan, segment: usize) -> Option<&str> {
    match plan.coupons.policy {
        CouponPolicy::Unique => None,
        CouponPolicy::Single => plan.coupons.code.as_deref(),
        CouponPolicy::PerSegment => plan.coupons.codes.get(plan.segments.get(segment)?).map(String::as_str),
    }
}

/// SHA-256, in 64 hexadecimal digits, of everything that leaves or decides who gets it: the plan as read, each version's template, texts
/// and facts, the content hash of each version's message as it goes out (`contents`, in the order of the versions), and the groups
/// that the audience is taken from.
#[must_use]
pub fn fingerprint(plan: &Plan, versions: &Versions, contents: &[String]) -> String {
    let said: Vec<Value> = versions
        .all
        .iter()
        .zip(contents)
        .map(|(version, content)| {
            json!({
                "arm": version.arm,
                "segment": version.segment,
                "group": version.group,
                "seal": version.copy.approval,
                "facts": version.copy.facts,
                "content": content,
            })
        })
        .collect();
    let all = json!({ "form": 1, "plan": plan, "channel": versions.channel, "versions": said });
    Sha256::digest(all.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands about a campaign's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Approval {
    /// Approved as it is now.
    Approved { by: String, at: i64 },
    /// It was approved, and something has changed since.
    Voided { by: String, at: i64 },
    /// Nobody has approved it.
    Missing,
}

impl Approval {
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Approved { .. })
    }

    /// What follows from the audit's entries about the campaign, oldest first.
    #[must_use]
    pub fn of(entries: &[AuditEntry], fingerprint: &str) -> Self {
        let mut standing = Self::Missing;
        for entry in entries {
            match entry.action.as_str() {
                WITHDRAW => standing = Self::Missing,
                APPROVE => {
                    let (by, at) = (entry.actor.clone(), entry.at);
                    standing = if entry.document["fingerprint"] == fingerprint {
                        Self::Approved { by, at }
                    } else {
                        Self::Voided { by, at }
                    };
                }
                _ => {}
            }
        }
        standing
    }
}

/// Why a campaign that was launched may not go on: its approval does not stand. `None`: it may.
///
/// # Errors
/// The audit cannot be read.
pub fn may_not_resume(store: &Store, campaign: &Campaign) -> Result<Option<String>, WorkspaceError> {
    let standing = Approval::of(&store.audit_of(&campaign.name)?, &campaign.fingerprint);
    Ok((!standing.holds()).then(|| {
        format!(
            "the campaign {} has no approval that stands: it was taken back after the launch. Cancel it, and plan another for \
             those who got nothing.",
            campaign.name
        )
    }))
}

/// How somebody comes to stand in the audit beside a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// They made it as it is, or say so.
    Wrote,
    /// They came upon it: its file was written by another program.
    Found,
}

/// Notes the plan's file in the audit, where it is another than the one noted last: who planned what, or changed it.
///
/// # Errors
/// The database cannot be written.
pub fn note_plan(
    store: &mut Store,
    (name, source): (&str, &str),
    (actor, hand): (&str, Hand),
    at: i64,
) -> Result<(), WorkspaceError> {
    let hash: String = Sha256::digest(source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let entries = store.audit_of(name)?;
    let last = entries.iter().rev().find(|entry| entry.action == PLAN);
    // Who wrote what somebody else came upon is worth an entry of its own.
    let says_more = |entry: &AuditEntry| hand == Hand::Wrote && entry.document["wrote"] == false;
    if last.is_some_and(|entry| entry.document["plan"] == hash.as_str() && !says_more(entry)) {
        return Ok(());
    }
    let document = json!({ "plan": hash, "changed": last.is_some(), "wrote": hand == Hand::Wrote });
    store.note(Deed { at, actor, action: PLAN, subject: name, document: &document })
}

/// Why this person may not approve the campaign; `None`: they may. `entries`: of the audit about it, oldest first. With two people
/// whoever planned it or wrote it last, as the audit has it, is an author as well as the one whom the plan names.
#[must_use]
pub fn may_not_approve(
    plan: &Plan,
    settings: &CampaignConfig,
    entries: &[AuditEntry],
    person: &str,
) -> Option<String> {
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    if person.trim().is_empty() {
        return Some("say who approves it, with --as NAME.".into());
    }
    if !settings.approvers.is_empty() && !settings.approvers.iter().any(|name| same(name, person)) {
        return Some(format!(
            "{person} is not among those who may approve: {}. Ask one of them, or add the name to approvers under [campaign] in \
             perennial.toml.",
            settings.approvers.join(", ")
        ));
    }
    if !settings.two_person {
        return None;
    }
    if plan.author.trim().is_empty() {
        return Some(format!(
            "two people must stand behind a campaign, and campaigns/{}.toml names no author. Write author = \"...\" there.",
            plan.name
        ));
    }
    let latest = entries.iter().rfind(|entry| entry.action == PLAN);
    if latest.is_some_and(|entry| entry.document["changed"] == true && entry.document["wrote"] == false) {
        return Some(format!(
            "campaigns/{0}.toml was changed outside this program, and nobody has said who did it; two people must stand behind a \
             campaign. Whoever changed it says so with `perennial campaign plan {0} --as NAME`, and somebody else approves.",
            plan.name
        ));
    }
    let wrote = |entry: &&AuditEntry| entry.action == PLAN && entry.document["wrote"] == true;
    let first = entries.iter().find(wrote);
    let last = entries.iter().rfind(wrote);
    let is_person = |entry: Option<&AuditEntry>| entry.is_some_and(|entry| same(&entry.actor, person));
    let what = if same(&plan.author, person) {
        "is its author"
    } else if is_person(first) {
        "planned it, as the audit says"
    } else if is_person(last) {
        "changed it last, as the audit says"
    } else {
        return None;
    };
    Some(format!(
        "{person} {what}, and two people must stand behind a campaign. Ask somebody else to approve it."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &str, actor: &str, fingerprint: &str) -> AuditEntry {
        AuditEntry {
            id: 1,
            at: 5,
            actor: actor.into(),
            action: action.into(),
            subject: "spring".into(),
            document: json!({ "fingerprint": fingerprint }),
            hash: String::new(),
        }
    }

    #[test]
    fn an_approval_holds_for_what_was_approved_and_nothing_else() {
        let log = [entry(APPROVE, "reviewer", "aa")];
        assert!(Approval::of(&log, "aa").holds());
        assert_eq!(Approval::of(&log, "bb"), Approval::Voided { by: "reviewer".into(), at: 5 });
        let log = [entry(APPROVE, "reviewer", "aa"), entry(WITHDRAW, "reviewer", "aa")];
        assert_eq!(Approval::of(&log, "aa"), Approval::Missing);
        // Approved again after a change, and changed back: the last approval counts.
        let log = [entry(APPROVE, "reviewer", "aa"), entry(APPROVE, "reviewer", "bb")];
        assert!(!Approval::of(&log, "aa").holds());
    }

    #[test]
    fn an_author_does_not_approve_alone() {
        let source = "author = \"author\"\nstrategy = \"s\"\nsegments = [\"A\"]\n";
        let mut settings = CampaignConfig::default();
        let plan = Plan::parse("spring", source, &settings).unwrap();
        let may_not =
            |plan: &Plan, settings: &CampaignConfig, who: &str| may_not_approve(plan, settings, &[], who);
        assert_eq!(may_not(&plan, &settings, "author"), None);
        settings.two_person = true;
        assert!(may_not(&plan, &settings, " Author ").unwrap().contains("two people"));
        assert_eq!(may_not(&plan, &settings, "reviewer"), None);
        let nobody = Plan::parse("spring", &source[source.find("strategy").unwrap()..], &settings).unwrap();
        assert!(may_not(&nobody, &settings, "reviewer").unwrap().contains("names no author"));
        settings.approvers = vec!["chief".into()];
        assert!(may_not(&plan, &settings, "reviewer").unwrap().contains("chief"));
    }

    #[test]
    fn who_planned_it_or_changed_it_last_is_an_author_whatever_the_plan_says() {
        let source = "author = \"somebody else\"\nstrategy = \"s\"\nsegments = [\"A\"]\n";
        let settings = CampaignConfig { two_person: true, ..CampaignConfig::default() };
        let plan = Plan::parse("spring", source, &settings).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("perennial.db")).unwrap();
        let steps = [
            ("planner", Hand::Wrote, "1"),
            ("between", Hand::Wrote, "2"),
            ("changer", Hand::Wrote, "3"),
            ("reader", Hand::Found, "4"),
            ("reader", Hand::Found, "4"),
        ];
        for (at, (who, hand, source)) in (1..).zip(steps) {
            note_plan(&mut store, ("spring", source), (who, hand), at).unwrap();
        }
        let entries = store.audit_of("spring").unwrap();
        assert_eq!(entries.len(), 4);
        let why = |who: &str| may_not_approve(&plan, &settings, &entries, who);
        let written = &entries[..3];
        let before = |who: &str| may_not_approve(&plan, &settings, written, who);
        assert!(before("Planner").unwrap().contains("planned it, as the audit says"));
        assert!(before("changer").unwrap().contains("changed it last, as the audit says"));
        assert_eq!(before("between"), None);
        // Nobody has said who wrote what the reader came upon.
        for who in ["between", "reader"] {
            assert!(why(who).unwrap().contains("changed outside this program"), "{who}");
        }
        // The one who wrote what the reader came upon says so.
        note_plan(&mut store, ("spring", "4"), ("writer", Hand::Wrote), 9).unwrap();
        let entries = store.audit_of("spring").unwrap();
        assert!(may_not_approve(&plan, &settings, &entries, "writer").unwrap().contains("changed it last"));
        assert_eq!(may_not_approve(&plan, &settings, &entries, "reader"), None);
        let alone = CampaignConfig::default();
        assert_eq!(may_not_approve(&plan, &alone, &entries, "planner"), None);
    }
}
