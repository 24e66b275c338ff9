//! The corpus that comes along.

use super::facts::Facts;
use super::{Corpus, CorpusError, read};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../assets/training/", $name)))),*]
    };
}

/// The files of `assets/training`, as they were when the program was built.
const FILES: [(&str, &str); 12] = files!(
    "en/acquisition.toml",
    "en/activation.toml",
    "en/retention.toml",
    "en/win-back.toml",
    "en/loyalty.toml",
    "en/lines.toml",
    "zh/acquisition.toml",
    "zh/activation.toml",
    "zh/retention.toml",
    "zh/win-back.toml",
    "zh/loyalty.toml",
    "zh/lines.toml",
);

/// The house corpus.
///
/// # Errors
/// A file is wrong; a test shows that none is.
pub fn shipped() -> Result<Corpus, CorpusError> {
    let mut corpus = Corpus::default();
    for (name, source) in FILES {
        corpus.groups.extend(read(name, source)?.groups);
    }
    Ok(corpus)
}

/// What its fields are filled with, English and Chinese.
///
/// # Errors
/// A file is wrong; a test shows that none is.
pub fn shipped_facts() -> Result<[Facts; 2], CorpusError> {
    let [english, chinese] = files!("facts/en.toml", "facts/zh.toml");
    Ok([Facts::read(english.0, english.1)?, Facts::read(chinese.0, chinese.1)?])
}
