//! Which group of customers something was made for.
//!
//! A letter is no name for a group: with another k, seed or reference date, or with new data, the same letter
//! stands for other people. A [`Group`] says which grouping the letter is of and what the group was like there.

use std::collections::BTreeMap;
use std::hash::Hasher;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Segmentation;

/// One group of one grouping. Two are equal only if the same customers' behaviour made both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// "A", "B", ...
    pub letter: String,
    /// Our own English name, whatever a person calls the group.
    pub name: String,
    pub k: usize,
    pub seed: u64,
    pub as_of: Date,
    /// 16 hexadecimal digits: a hash of the group's size and of what was measured of its members.
    pub portrait: String,
}

/// FNV-1a, 64 bits: it is to tell groups apart and to be the same in every build.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Group {
    /// A cluster of a grouping; `None` where there is no cluster of this number.
    #[must_use]
    pub fn of(segmentation: &Segmentation, cluster: usize) -> Option<Self> {
        let found = segmentation.clusters.get(cluster)?;
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        hash.write(found.size.to_string().as_bytes());
        for (feature, spread) in &found.features {
            // Six digits: the last bits of a sum are nobody's business.
            let told = format!("|{feature:?}{:.5e}{:.5e}{:.5e}", spread.p10, spread.median, spread.p90);
            hash.write(told.as_bytes());
        }
        Some(Self {
            letter: found.id.clone(),
            name: found.names.en.clone(),
            k: segmentation.k,
            seed: segmentation.seed,
            as_of: segmentation.as_of,
            portrait: format!("{:016x}", hash.finish()),
        })
    }

    /// All groups of a grouping, in the order of its clusters.
    #[must_use]
    pub fn all(segmentation: &Segmentation) -> Vec<Self> {
        (0..segmentation.clusters.len()).filter_map(|cluster| Self::of(segmentation, cluster)).collect()
    }

    /// "B Lapsed big spenders".
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.letter, self.name)
    }
}

/// What to tell of names that were given to a letter: whose they were cannot be known.
pub(super) fn given_to_letters(names: &BTreeMap<String, String>) -> Option<String> {
    let is_letter = |key: &str| key.len() == 1 && key.bytes().all(|byte| byte.is_ascii_uppercase());
    let (letter, name) = names.iter().find(|(key, _)| is_letter(key))?;
    Some(format!(
        "The name \"{name}\" is given to the letter {letter}, which may be another group by now, and is not shown. \
         Name the group again, or write the group's own name in place of {letter} under [segments.names]."
    ))
}
