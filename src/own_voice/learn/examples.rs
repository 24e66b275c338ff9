//! What a training is given: the shop's own texts, with the house's beside them.
//!
//! In: [`Lessons`] and the shipped corpus. Out: examples, what is kept for judging, and preferences.

use rand::seq::SliceRandom as _;

use super::Ask;
use crate::corpus;
use crate::own_voice::{HOUSE_SHARE, Lesson, Lessons, OwnVoiceError};
use crate::tuning::batches::{self, chance};
use crate::tuning::preference::Preference;
use crate::tuning::{Example, Settings};
use crate::writing::brief::gap;

/// House texts that are held out and looked at: while it learns, and in the report.
const HOUSE_LOOKED_AT: usize = 16;
const HOUSE_JUDGED: usize = 24;
/// Approved texts that are looked at in the report.
const APPROVED_JUDGED: usize = 48;
/// Times that a text of the shop's own is learnt at most before the house's are told anew.
const MOST_ROUNDS: usize = 8;

/// What is learnt of the house corpus besides, and what is kept of it for judging.
pub(super) struct House {
    pub facts: [corpus::Facts; 2],
    pub learnt: Vec<Example>,
    pub held_out: Vec<Example>,
    /// Messages of the corpus: numbers of patterns below it are taken.
    pub patterns: u32,
    /// Times that each of the shop's own texts is learnt.
    pub rounds: usize,
}

impl House {
    pub fn new(lessons: &Lessons, ask: &Ask) -> Result<Self, OwnVoiceError> {
        let failed = |error: corpus::CorpusError| OwnVoiceError::Failed(error.to_string());
        let (corpus, facts) = (corpus::shipped().map_err(failed)?, corpus::shipped_facts().map_err(failed)?);
        let patterns = corpus.len() as u32;
        // Those that the house adapter was kept from seeing are kept from its children too.
        let house = Settings::default();
        let split = batches::split(&(0..patterns).collect::<Vec<_>>(), house.held_out, house.seed);
        let of_lessons = lessons.learnt.len().max(1);
        // A quarter of what the steps see is the shop's own.
        let rounds = (ask.steps * house.batch / (1 + HOUSE_SHARE)).div_ceil(of_lessons).clamp(1, MOST_ROUNDS);
        let wanted = HOUSE_SHARE * rounds * of_lessons;
        let filled = |turn: u32, places: &[usize]| -> Vec<Example> {
            let mut all: Vec<Option<Example>> =
                corpus::examples(&corpus, &facts, ask.seed, turn).into_iter().map(Some).collect();
            places.iter().filter_map(|place| all.get_mut(*place).and_then(Option::take)).collect()
        };
        let mut places = split.learnt;
        let mut learnt = Vec::with_capacity(wanted);
        for turn in 1.. {
            places.shuffle(&mut chance(ask.seed, u64::MAX - 8 - u64::from(turn)));
            let some = &places[..places.len().min(wanted - learnt.len())];
            learnt.extend(filled(turn, some));
            if learnt.len() >= wanted || some.is_empty() {
                break;
            }
        }
        let mut places = split.held_out;
        places.shuffle(&mut chance(ask.seed, u64::MAX - 8));
        places.truncate(HOUSE_JUDGED);
        let held_out = filled(0, &places);
        Ok(Self { facts, learnt, held_out, patterns, rounds })
    }
}

/// What the training is given.
pub(super) struct Data {
    pub examples: Vec<Example>,
    pub judged: Vec<Example>,
    pub preferences: Vec<Preference>,
    /// The held-out texts of the shop's own.
    pub approved: Vec<Example>,
}

impl Data {
    pub fn new(lessons: &Lessons, house: &House) -> Self {
        let example = |(index, lesson): (usize, &Lesson)| Example {
            prompt: lesson.prompt.clone(),
            text: format!("{}{}", gap(lesson.language.starts_with("zh")), lesson.text),
            pattern: house.patterns + index as u32,
            weight: lesson.weight,
        };
        let own: Vec<Example> = lessons.learnt.iter().enumerate().map(example).collect();
        let mut examples = house.learnt.clone();
        (0..house.rounds).for_each(|_| examples.extend(own.iter().cloned()));
        let judge = |mut example: Example, weight: f32| {
            example.weight = weight;
            example
        };
        let first = lessons.learnt.len();
        let mut approved: Vec<Example> = lessons
            .held_out
            .iter()
            .enumerate()
            .map(|(index, lesson)| judge(example((first + index, lesson)), 1.0))
            .collect();
        approved.truncate(APPROVED_JUDGED);
        // Both count the same, however many there are.
        let house_texts = &house.held_out[..house.held_out.len().min(HOUSE_LOOKED_AT)];
        let length =
            |texts: &[Example]| texts.iter().map(|text| text.text.len()).sum::<usize>().max(1) as f32;
        let weight = length(house_texts) / length(&approved);
        let judged = approved
            .iter()
            .map(|text| judge(text.clone(), weight))
            .chain(house_texts.iter().map(|text| judge(text.clone(), 1.0)))
            .collect();
        let preferences = if lessons.has_preferences() {
            let pairs = lessons.pairs.iter().map(|pair| {
                let gap = gap(pair.language.starts_with("zh"));
                Preference {
                    prompt: pair.prompt.clone(),
                    chosen: format!("{gap}{}", pair.chosen),
                    rejected: format!("{gap}{}", pair.rejected),
                }
            });
            pairs.collect()
        } else {
            Vec::new()
        };
        Self { examples, judged, preferences, approved }
    }
}
