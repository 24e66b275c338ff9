//! Where a draft would go today.
//!
//! In: the group that a draft was made for (or that its approval names), and the groups of today. Out: the
//! cluster that it may be sent to, or words that say why it may not. Copy goes to the group that it was made for
//! and to no other: that another one has its letter now counts for nothing.

use crate::segments::Group;

/// Where a draft would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The group that it was made for: its cluster number.
    Same(usize),
    /// The customers were grouped anew, and there is a group of the same kind. It may be sent there once a person
    /// has approved it for that group.
    Renewed(usize),
    /// There is no such group any more.
    Gone,
}

/// Where a draft for `group` goes, of the groups that there are today; `letter` is all that is known of the group
/// in drafts of older programs.
#[must_use]
pub fn destination(group: Option<&Group>, letter: &str, today: &[Group]) -> Destination {
    let place = |fits: &dyn Fn(&Group) -> bool| today.iter().position(fits);
    let alike = match group {
        None => place(&|other| other.letter == letter),
        Some(group) => {
            if let Some(number) = place(&|other| other == group) {
                return Destination::Same(number);
            }
            place(&|other| other.name == group.name)
        }
    };
    alike.map_or(Destination::Gone, Destination::Renewed)
}

/// Why the draft is held back, for people; `None` where it is not.
#[must_use]
pub fn why_held_back(group: Option<&Group>, letter: &str, today: &[Group]) -> Option<String> {
    let letter = group.map_or(letter, |group| group.letter.as_str());
    let now = today.iter().find(|other| other.letter == letter).map_or_else(
        || format!("there is no {letter} now"),
        |other| format!("{letter} is now {}", other.name),
    );
    Some(match (destination(group, letter, today), group) {
        (Destination::Same(_), _) => return None,
        (Destination::Gone, Some(group)) => format!("made for {}; {now}", group.title()),
        (Destination::Gone, None) => format!("made for {letter}; {now}"),
        (Destination::Renewed(_), None) => {
            format!("made for {letter}, and what {letter} was then is not known; {now}")
        }
        (Destination::Renewed(number), Some(group)) => {
            let other = &today[number];
            let mut changed = Vec::new();
            if group.k != other.k {
                changed.push(format!("{} groups, not {}", other.k, group.k));
            }
            if group.seed != other.seed {
                changed.push(format!("seed {}, not {}", other.seed, group.seed));
            }
            if group.as_of != other.as_of {
                changed.push(format!("as of {}, not {}", other.as_of, group.as_of));
            }
            if changed.is_empty() {
                changed.push("other data or settings".to_owned());
            }
            format!(
                "made for {}; the customers were grouped anew ({}), so {} may be other people",
                group.title(),
                changed.join(", "),
                other.title()
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Feature, Features};
    use crate::jobs::unwatched;
    use crate::segments::{Options, segment};

    /// Three kinds of customer; `shift` moves one of them.
    fn groups(shift: f32) -> Vec<Group> {
        let rows = 90;
        let value = |row: usize, feature: Feature| match (row % 3, feature) {
            (kind, Feature::RecencyDays) => [3.0, 60.0, 400.0][kind] + (row / 3) as f32,
            (kind, Feature::Orders) => [20.0, 6.0, 1.0][kind] + (row / 3 % 3) as f32,
            (kind, _) => [900.0 + shift, 300.0, 40.0][kind] + (row / 3) as f32,
        };
        let column = |feature: Feature| crate::features::FeatureColumn {
            feature,
            values: (0..rows).map(|row| value(row, feature)).collect(),
        };
        let features = Features {
            as_of: jiff::civil::date(2025, 11, 1),
            rows,
            columns: [Feature::RecencyDays, Feature::Orders, Feature::Total].map(column).into(),
            came_later: Vec::new(),
        };
        let options = Options { k: Some(3), seed: 7, names: std::collections::BTreeMap::new() };
        Group::all(&unwatched(|task| segment(&features, &options, task)).unwrap())
    }

    #[test]
    fn copy_follows_its_group_and_never_the_letter() {
        let today = groups(0.0);
        assert_eq!(today.len(), 3);
        for (number, group) in today.iter().enumerate() {
            assert_eq!(destination(Some(group), &group.letter, &today), Destination::Same(number));
            assert_eq!(why_held_back(Some(group), &group.letter, &today), None);
            // Another kind of customer has the letter now.
            let gone = Group { name: "Somebody else".into(), ..group.clone() };
            assert_eq!(destination(Some(&gone), &group.letter, &today), Destination::Gone);
            let why = why_held_back(Some(&gone), &group.letter, &today).unwrap();
            let letter = &group.letter;
            assert_eq!(why, format!("made for {letter} Somebody else; {letter} is now {}", group.name));
        }
    }

    #[test]
    fn the_same_kind_in_another_grouping_asks_for_another_approval() {
        let (before, today) = (groups(0.0), groups(500.0));
        assert_eq!(before[0].name, today[0].name, "the same kind of customer");
        assert_eq!(destination(Some(&before[0]), "A", &today), Destination::Renewed(0));
        assert!(why_held_back(Some(&before[0]), "A", &today).unwrap().contains("(other data or settings)"));
        let seeded = Group { seed: 8, ..before[0].clone() };
        assert_eq!(destination(Some(&seeded), "A", &before), Destination::Renewed(0));
        assert!(why_held_back(Some(&seeded), "A", &before).unwrap().contains("(seed 7, not 8)"));
    }

    #[test]
    fn of_an_older_draft_only_the_letter_is_known() {
        let today = groups(0.0);
        assert_eq!(destination(None, "B", &today), Destination::Renewed(1));
        assert_eq!(destination(None, "K", &today), Destination::Gone);
        assert_eq!(why_held_back(None, "K", &today).unwrap(), "made for K; there is no K now");
    }
}
