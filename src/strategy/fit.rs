//! Which strategies fit which segment.
//!
//! In: a strategy, a cluster and its profile. Out: how much of the segment the strategy is for, and why.

use serde::Serialize;

use super::Strategy;
use crate::data::{language_name, primary_language};
use crate::profiles::ClusterProfile;
use crate::segments::Cluster;

/// How well a strategy fits a segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Share of the segment that could be sent the message, 0..=1: as many as a merge would reach before the rules are
    /// run and other strategies count. Where the shop has no addresses at all: that reads its language. 0 where the
    /// strategy does not fit.
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
    if strategy.stage != cluster.stage {
        against.push(format!(
            "written for {}; this segment stands at {}",
            strategy.stage.name(),
            cluster.stage.name()
        ));
    }
    let tag = primary_language(&strategy.language);
    let language = language_name(&tag);
    let channel = strategy.channel.words();
    let readers = profile.readers.get(&tag).copied().unwrap_or_default();
    let of_channel = profile.reach.iter().find(|reach| reach.channel == strategy.channel);
    let by_channel = of_channel.map_or(0, |reach| reach.customers);
    let any_address = profile.reach.iter().any(|reach| reach.customers > 0);
    let size = profile.size.max(1) as f64;
    let spoken = readers.customers as f64 / size;
    let reached = readers.reach[strategy.channel as usize];
    if readers.customers == 0 {
        let unstated: usize = profile.readers.values().map(|readers| readers.unstated).sum();
        let assumed = match profile.readers.keys().next() {
            Some(one) if unstated == profile.size && profile.readers.len() == 1 => {
                format!(
                    ": the files state no language, and {} is assumed (data.language says otherwise)",
                    language_name(one)
                )
            }
            _ => String::new(),
        };
        against.push(format!("nobody here reads {language}{assumed}"));
    }
    if by_channel == 0 && any_address {
        against.push(format!("nobody here can be reached by {channel}"));
    } else if reached == 0 && any_address && readers.customers > 0 {
        against.push(format!("nobody here who reads {language} can be reached by {channel}"));
    } else if any_address {
        why.push(format!(
            "{} of the segment ({reached}) can be sent it: they read {language} and agreed to {channel}",
            percentage(reached as f64 / size)
        ));
    } else {
        why.push(
            "the shop's files hold no address with a consent: the message can be written, not sent"
                .to_owned(),
        );
    }
    if against.is_empty() {
        let assumed = match readers.unstated {
            0 => String::new(),
            all if all == readers.customers => ", which is assumed: the files state no language".to_owned(),
            some => format!("; for {some} of them it is assumed, as the files state none"),
        };
        why.push(format!("{} of the segment read {language}{assumed}", percentage(spoken)));
        why.push(format!("written for {}, where this segment stands", strategy.stage.name()));
        let score = if any_address { reached as f64 / size } else { spoken };
        Fit { score: score.clamp(0.0, 1.0), why }
    } else {
        Fit { score: 0.0, why: against }
    }
}

fn percentage(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "under 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Channel;
    use crate::profiles::{Reach, Readers};
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

    /// Of ten customers: readers by language with those of them who can be reached by e-mail.
    fn profile(reach: &[(Channel, usize)], readers: &[(&str, usize, usize)]) -> ClusterProfile {
        ClusterProfile {
            cluster: 0,
            size: 10,
            share_of_customers: 1.0,
            share_of_revenue: 1.0,
            comparisons: Vec::new(),
            top_categories: Vec::new(),
            hours: None,
            weekdays: [0.0; 7],
            languages: Vec::new(),
            reach: reach
                .iter()
                .map(|&(channel, customers)| Reach { channel, customers, share: customers as f64 / 10.0 })
                .collect(),
            readers: readers
                .iter()
                .map(|&(name, customers, email)| {
                    (name.into(), Readers { customers, unstated: 0, reach: [email, 0, 0] })
                })
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
        let both = [("en", 5, 5), ("zh", 5, 1)];
        let fit = fits(&strategy, &cluster(Stage::WinBack), &profile(&reach, &both));
        assert!((fit.score - 0.1).abs() < 1e-9, "one who reads Chinese can be reached: {fit:?}");
        assert_eq!(fit.why.len(), 3);
        assert!(fit.why[0].starts_with("10 % of the segment (1) can be sent it"), "{fit:?}");
        for (stage, reach, readers) in [
            (Stage::Loyalty, &reach[..], &[("zh", 10, 6)][..]),
            (Stage::WinBack, &[(Channel::Email, 0), (Channel::Sms, 3)], &[("zh", 10, 0)]),
            (Stage::WinBack, &reach, &[("en", 10, 6)]),
            (Stage::WinBack, &reach, &[("en", 5, 6), ("zh", 5, 0)]),
        ] {
            let fit = fits(&strategy, &cluster(stage), &profile(reach, readers));
            assert!(!fit.is_fit() && fit.why.len() == 1, "{fit:?}");
        }
    }

    #[test]
    fn a_shop_without_addresses_or_languages_can_have_messages_written() {
        let nobody = [(Channel::Email, 0), (Channel::Sms, 0), (Channel::Push, 0)];
        let mut profile = profile(&nobody, &[("en", 10, 0)]);
        for readers in profile.readers.values_mut() {
            readers.unstated = readers.customers;
        }
        let fit = fits(&shipped("win-back-email-en"), &cluster(Stage::WinBack), &profile);
        assert!(fit.is_fit(), "{fit:?}");
        assert_eq!(
            fit.why[..2],
            [
                "the shop's files hold no address with a consent: the message can be written, not sent",
                "100 % of the segment read English, which is assumed: the files state no language",
            ]
        );
        let fit = fits(&shipped("win-back-email-zh"), &cluster(Stage::WinBack), &profile);
        assert_eq!(
            fit.why,
            [
                "nobody here reads Chinese: the files state no language, and English is assumed (data.language says \
              otherwise)"
            ]
        );
    }
}
