//! How the brand speaks, and what somebody asks for on top: warmer, shorter, more formal.
//!
//! In: `[voice]` and the manners that were asked for. Out: lines of a prompt, and how much a text is liked for its
//! voice. A small model hardly follows such lines; so most of the effect is in which of its candidates are taken.

use serde::{Deserialize, Serialize};

use super::guard::is_unspaced;
use super::words::words;
use crate::config::VoiceConfig;

/// A change of the prompt that one key makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    Warmer,
    Shorter,
    MoreFormal,
}

impl Manner {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warmer => "warmer",
            Self::Shorter => "shorter",
            Self::MoreFormal => "more formal",
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Self::Warmer => "更亲切",
            Self::Shorter => "更简短",
            Self::MoreFormal => "更正式",
        }
    }
}

/// The voice that a draft is written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Voice {
    #[serde(rename = "do")]
    pub wanted: Vec<String>,
    #[serde(rename = "dont")]
    pub unwanted: Vec<String>,
    pub preferred_words: Vec<String>,
    pub examples: Vec<String>,
    pub manners: Vec<Manner>,
}

/// What a preferred word is worth, and a word of the manner, in nats for each token; two count at most.
const PREFERRED: f64 = 0.4;
const OF_MANNER: f64 = 0.5;
/// What a whole limit of characters costs where it is to be shorter.
const LENGTH: f64 = 6.0;
/// Part of a slot's limit that is left where it is to be shorter.
const SHORTER: f64 = 0.6;

const WARM: [&str; 22] = [
    "love",
    "glad",
    "happy",
    "welcome",
    "hope",
    "thank",
    "thanks",
    "delighted",
    "warm",
    "enjoy",
    "lovely",
    "friendly",
    "care",
    "wonderful",
    "pleasure",
    "欢",
    "谢",
    "愿",
    "喜",
    "暖",
    "念",
    "开",
];
const FORMAL: [&str; 12] =
    ["would", "invite", "pleased", "please", "assist", "kindly", "grateful", "may", "贵", "敬", "您", "请"];
const CASUAL: [&str; 14] = [
    "hi", "hey", "lots", "stuff", "guys", "cool", "awesome", "yeah", "don't", "we're", "you'll", "it's",
    "你", "啦",
];

impl Voice {
    /// The brand's voice with what is asked for on top.
    #[must_use]
    pub fn new(config: &VoiceConfig, manners: &[Manner]) -> Self {
        Self {
            wanted: config.wanted.clone(),
            unwanted: config.unwanted.clone(),
            preferred_words: config.preferred_words.clone(),
            examples: config.examples.clone(),
            manners: manners.to_vec(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A slot's limit in characters, given what it is without a voice.
    pub(super) fn limit(&self, limit: usize) -> usize {
        if self.manners.contains(&Manner::Shorter) { (limit as f64 * SHORTER) as usize } else { limit }
    }

    /// The strategy's tone with the manners.
    pub(super) fn tone(&self, tone: &str, chinese: bool) -> String {
        let mut parts = vec![tone.trim_end_matches(['.', '。']).to_owned()];
        parts.extend(
            self.manners
                .iter()
                .map(|manner| if chinese { manner.chinese().to_owned() } else { manner.name().to_owned() }),
        );
        parts.join(if chinese { "，" } else { ", " })
    }

    /// What to do and what not, as lines of a prompt.
    pub(super) fn lines(&self, chinese: bool) -> String {
        let (done, not_done) = if chinese { ("要", "不要") } else { ("Do", "Do not") };
        let (colon, comma, stop) = if chinese { ("：", "；", "。") } else { (": ", "; ", ".") };
        let line = |label: &str, texts: &[String]| {
            if texts.is_empty() {
                String::new()
            } else {
                format!("{label}{colon}{}{stop}\n", texts.join(comma))
            }
        };
        line(done, &self.wanted) + &line(not_done, &self.unwanted)
    }

    /// The brand's own sentences in a language.
    pub(super) fn examples_in(&self, chinese: bool) -> impl Iterator<Item = &String> {
        self.examples.iter().filter(move |example| example.chars().any(is_unspaced) == chinese)
    }

    /// How much a text of a slot with this limit is liked for its voice, in nats for each token.
    pub(super) fn liking(&self, text: &str, limit: usize) -> f64 {
        if self.preferred_words.is_empty() && self.manners.is_empty() {
            return 0.0;
        }
        let said = words(text);
        let count =
            |list: &[&str]| said.iter().filter(|word| list.contains(&word.as_str())).count().min(2) as f64;
        let lower = text.to_lowercase();
        let preferred =
            self.preferred_words.iter().filter(|word| lower.contains(&word.to_lowercase())).count();
        let manners = self.manners.iter().map(|manner| match manner {
            Manner::Warmer => OF_MANNER * count(&WARM),
            Manner::MoreFormal => OF_MANNER * (count(&FORMAL) - count(&CASUAL)),
            Manner::Shorter => -LENGTH * text.chars().count() as f64 / limit.max(1) as f64,
        });
        PREFERRED * preferred.min(2) as f64 + manners.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_manner_likes_what_it_asks_for() {
        let (warm, plain) = ("We would love to see you; thank you.", "There are new things to see.");
        let liking = |manner, text| Voice { manners: vec![manner], ..Voice::default() }.liking(text, 100);
        assert!(liking(Manner::Warmer, warm) > liking(Manner::Warmer, plain));
        assert!(liking(Manner::Shorter, "New here.") > liking(Manner::Shorter, plain));
        assert!(
            liking(Manner::MoreFormal, "We would be pleased to assist.")
                > liking(Manner::MoreFormal, "Hey, lots of stuff.")
        );
        let preferring = Voice { preferred_words: vec!["Things".into()], ..Voice::default() };
        assert!(preferring.liking(plain, 100) > preferring.liking(warm, 100));
        assert_eq!(Voice::default().liking(warm, 100).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn the_prompt_says_what_the_brand_wants_in_its_language() {
        let voice = Voice {
            wanted: vec!["speak plainly".into(), "be brief".into()],
            unwanted: vec!["no jokes".into()],
            examples: vec!["Good things last.".into(), "好物长伴。".into()],
            manners: vec![Manner::Warmer],
            ..Voice::default()
        };
        assert_eq!(voice.lines(false), "Do: speak plainly; be brief.\nDo not: no jokes.\n");
        assert_eq!(voice.tone("kind.", false), "kind, warmer");
        assert_eq!(voice.tone("温和。", true), "温和，更亲切");
        assert_eq!(voice.examples_in(true).collect::<Vec<_>>(), ["好物长伴。"]);
        assert_eq!(voice.examples_in(false).collect::<Vec<_>>(), ["Good things last."]);
    }
}
