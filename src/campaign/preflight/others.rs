//! What other messages, other campaigns and other people have to do with a campaign.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Checks, Surroundings, Weight, left};
use crate::campaign::audience::Step;
use crate::campaign::dossier::Dossier;

impl Checks {
    /// Who had as many messages as the cap allows, where the plan does not stop at them.
    pub(super) fn caps(&mut self, dossier: &Dossier) {
        match dossier.audience.waiting_for_cap() {
            Some((waiting, last)) => self.good(
                "caps",
                format!(
                    "{waiting} messages wait until their customers are under the cap, the last until {}",
                    day(last, &dossier.plan.time_zone)
                ),
            ),
            None => self.good(
                "caps",
                format!("{} customers are above the cap, and are left out", left(dossier, Step::UnderCap)),
            ),
        }
    }

    /// Customers on whom the effect of another campaign is being measured.
    pub(super) fn others(&mut self, dossier: &Dossier) {
        for other in &dossier.overlaps {
            let until = day(other.until - 1, &dossier.plan.time_zone);
            self.add(
                "other-campaigns",
                Weight::Warning,
                format!(
                    "{} of these are in the holdout and {} in an arm of {}, whose effect is measured until {until}",
                    other.held_out, other.in_arms, other.campaign
                ),
                "Send it after that day, or know that neither effect can then be told from the other.",
            );
        }
    }

    /// Two people, where nobody says who may be the second.
    pub(super) fn second_person(&mut self, around: &Surroundings<'_>) {
        let settings = &around.ground.config.campaign;
        if settings.two_person && settings.approvers.is_empty() {
            self.add(
                "two-person",
                Weight::Warning,
                "two people must stand behind it, and any name but the author's counts as the second: people say themselves who they are",
                "Write approvers = [\"...\"] under [campaign], so that only these names count.",
            );
        }
    }
}

/// The day of a moment, in a time zone.
fn day(at: i64, zone: &str) -> String {
    let zone = crate::profiles::zone(zone).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(at).map_or_else(|_| "?".into(), |at| zone.to_datetime(at).date().to_string())
}
