//! Which strategies fit which segment.
//!
//! In: a strategy, a cluster and its profile. Out: how much of the segment the strategy is for, and why.

use serde::Serialize;

use super::Strategy;
use crate::data::primary_language;
use crate::profiles::ClusterProfile;
use crate::segments::Cluster;

/// How well a strategy fits a segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// About the share of the segment that the strategy is for and that can be reached, 0..=1;
    /// 0 where it does not fit.
    pub score: f64,
    /// Reasons in plain words; where it does not fit, only what stands against it.
    pub why: Vec<String>,
}

impl Fit {
    /// Whether the strategy may be used for the segment.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.score > 0.0
    }
}

/// Whether the strategy fits: the stage is the same, somebody can be reached by the channel, and the
/// language is spoken there. A shop whose files hold no addresses at all can still have messages written.
#[must_use]
pub fn fits(strategy: &Strategy, cluster: &Cluster, profile: &ClusterProfile) -> Fit {
    let mut against = Vec::new();
    let mut why = Vec::new();
    if strategy.stage == cluster.stage {
        why.push(format!("written for {}, where this segment stands", cluster.stage.name()));
    } else {
        against.push(format!(
            "written for {}; this segment stands at {}",
            strategy.stage.name(),
            cluster.stage.name()
        ));
    }
    let channel = strategy.channel.name();
    let reachable = profile.reach.iter().find(|reach| reach.channel == strategy.channel);
    let reach = reachable.map_or(0.0, |reach| reach.share);
    let any_address = profile.reach.iter().any(|reach| reach.customers > 0);
    if reach > 0.0 {
        let customers = reachable.map_or(0, |reach| reach.customers);
        why.push(format!("{} of the segment ({customers}) can be reached by {channel}", percentage(reach)));
    } else if any_address {
        against.push(format!("nobody here can be reached by {channel}"));
    } else {
        why.push("the shop's files hold no addresses: the message can be written, not sent".to_owned());
    }
    let spoken = spoken(strategy, profile);
    if spoken > 0.0 {
        why.push(format!("{} of the segment read {}", percentage(spoken), strategy.language));
    } else {
        against.push(format!("nobody here reads {}", strategy.language));
    }
    if against.is_empty() {
        let reach = if any_address { reach } else { 1.0 };
        Fit { score: (reach * spoken).clamp(0.0, 1.0), why }
    } else {
        Fit { score: 0.0, why: against }
    }
}

/// Share of the segment that reads the strategy's language; where the shop does not say, all read English.
fn spoken(strategy: &Strategy, profile: &ClusterProfile) -> f64 {
    let wanted = primary_language(&strategy.language);
    if profile.languages.is_empty() {
        return if wanted == "en" { 1.0 } else { 0.0 };
    }
    profile
        .languages
        .iter()
        .filter(|portion| primary_language(&portion.name) == wanted)
        .map(|portion| portion.share)
        .sum()
}

fn percentage(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "under 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Channel;
    use crate::profiles::{Portion, Reach};
    use crate::segments::{Name, Stage};

    fn cluster(stage: Stage) -> Cluster {
        Cluster {
            id: "A".into(),
            name: "Lapsed".into(),
            names: Name { en: "Lapsed".into(), zh: "流失".into() },
            stage,
            size: 10,
            share: 1.0,
            features: std::collections::BTreeMap::new(),
            drivers: Vec::new(),
        }
    }

    fn profile(reach: &[(Channel, usize)], languages: &[(&str, f64)]) -> ClusterProfile {
        ClusterProfile {
            cluster: 0,
            size: 10,
            share_of_customers: 1.0,
            share_of_revenue: 1.0,
            comparisons: Vec::new(),
            top_categories: Vec::new(),
            hours: None,
            weekdays: [0.0; 7],
            languages: languages
                .iter()
                .map(|&(name, share)| Portion { name: name.into(), name_zh: None, count: 1, share })
                .collect(),
            reach: reach
                .iter()
                .map(|&(channel, customers)| Reach { channel, customers, share: customers as f64 / 10.0 })
                .collect(),
            active_members: Vec::new(),
            representatives: Vec::new(),
        }
    }

    fn shipped(id: &str) -> Strategy {
        let file = super::super::shipped().iter().find(|file| file.id == id).expect("shipped");
        super::super::parse(id, file.source).expect("valid")
    }

    #[test]
    fn stage_reach_and_language_decide() {
        let strategy = shipped("win-back-email-zh");
        let reach = [(Channel::Email, 6), (Channel::Sms, 0)];
        let fit = fits(&strategy, &cluster(Stage::WinBack), &profile(&reach, &[("en", 0.5), ("zh-CN", 0.5)]));
        assert!((fit.score - 0.3).abs() < 1e-9, "{fit:?}");
        assert_eq!(fit.why.len(), 3);
        for (stage, reach, languages) in [
            (Stage::Loyalty, &reach[..], &[("zh", 1.0)][..]),
            (Stage::WinBack, &[(Channel::Email, 0), (Channel::Sms, 3)], &[("zh", 1.0)]),
            (Stage::WinBack, &reach, &[("en", 1.0)]),
            (Stage::WinBack, &reach, &[]),
        ] {
            let fit = fits(&strategy, &cluster(stage), &profile(reach, languages));
            assert!(!fit.is_fit() && fit.why.len() == 1, "{fit:?}");
        }
    }

    #[test]
    fn a_shop_without_addresses_can_have_messages_written() {
        let strategy = shipped("win-back-email-en");
        let nobody = [(Channel::Email, 0), (Channel::Sms, 0), (Channel::Push, 0)];
        let fit = fits(&strategy, &cluster(Stage::WinBack), &profile(&nobody, &[]));
        assert!(fit.is_fit() && fit.why.iter().any(|why| why.contains("no addresses")), "{fit:?}");
    }
}
