//! What is wrong with a setting, where, and what to do.

use std::fmt;

use super::Origin;

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File and line, variable or flag.
    pub place: Origin,
    pub message: String,
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.place, self.message, self.remedy)
    }
}

/// Everything that is wrong with the settings, in the order of reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// Whether what was typed on the command line is wrong, and not a file.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.problems.iter().any(|problem| matches!(problem.place, Origin::Flag(_)))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut problems = self.problems.iter();
        if let Some(first) = problems.next() {
            write!(f, "{first}")?;
        }
        problems.try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// The name among `candidates` that a person most likely meant; `None` where nothing is near.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let wanted = plain(name);
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_a_different_word_is_not() {
        let names = ["variants", "temperature", "top-p", "seed"];
        let near = |name| nearest(name, names.into_iter());
        assert_eq!(near("temprature"), Some("temperature"));
        assert_eq!(near("top_p"), Some("top-p"));
        assert_eq!(near("sede"), Some("seed"));
        assert_eq!(near("colour"), None);
    }
}
