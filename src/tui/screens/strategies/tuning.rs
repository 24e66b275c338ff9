//! How the next token is chosen, changed by keys while the variants are watched.
//!
//! What is changed here counts until the dashboard is left; the settings file says what counts from the start.

use crate::config::WritingConfig;
use crate::tui::keymap::Action;
use crate::writing::Sampling;

/// One number that can be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knob {
    Temperature,
    TopP,
    TopK,
    MinP,
    RepetitionPenalty,
    Seed,
}

const ALL: [Knob; 6] =
    [Knob::Temperature, Knob::TopP, Knob::TopK, Knob::MinP, Knob::RepetitionPenalty, Knob::Seed];
/// What a server is told of.
const SERVED: [Knob; 3] = [Knob::Temperature, Knob::TopP, Knob::Seed];
/// From the seeds of one set of variants to those of the next.
const NEXT_SEEDS: u64 = 1_000;

impl Knob {
    fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Temperature => ("Temperature", "0: the likeliest word, all alike; 2: wild"),
            Self::TopP => ("Top-p", "chooses among words that have this share together"),
            Self::TopK => ("Top-k", "chooses among so many words; 0 is any number"),
            Self::MinP => ("Min-p", "leaves out what is rarer than this part of the likeliest"),
            Self::RepetitionPenalty => {
                ("Repetition penalty", "makes words that were written rarer; 1 does not")
            }
            Self::Seed => ("Seed", "of the first variant; the others count up"),
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub name: &'static str,
    pub value: String,
    pub meaning: &'static str,
    pub selected: bool,
}

#[derive(Default)]
pub(super) struct Tuning {
    open: bool,
    row: usize,
    /// In place of the settings'.
    sampling: Option<Sampling>,
    seed: Option<u64>,
}

impl Tuning {
    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn toggle(&mut self) {
        self.open = !self.open;
    }

    pub fn close(&mut self) {
        self.open = false;
    }

    pub fn sampling(&self, config: &WritingConfig) -> Sampling {
        self.sampling.unwrap_or_else(|| Sampling::from(config))
    }

    /// Of the first variant.
    pub fn first_seed(&self, config: &WritingConfig) -> u64 {
        self.seed.unwrap_or(config.seed)
    }

    /// Other variants of the same message.
    pub fn next_seeds(&mut self, config: &WritingConfig) {
        self.seed = Some(self.first_seed(config).wrapping_add(NEXT_SEEDS));
    }

    /// The numbers; a server is told of some only.
    pub fn rows(&self, config: &WritingConfig, served: bool) -> Vec<Row> {
        let sampling = self.sampling(config);
        let knobs = knobs(served);
        let value = |knob: Knob| match knob {
            Knob::Temperature => format!("{:.1}", sampling.temperature),
            Knob::TopP => format!("{:.2}", sampling.top_p),
            Knob::TopK => sampling.top_k.unwrap_or(0).to_string(),
            Knob::MinP => format!("{:.2}", sampling.min_p),
            Knob::RepetitionPenalty => format!("{:.2}", sampling.repeat_penalty),
            Knob::Seed => self.first_seed(config).to_string(),
        };
        let selected = self.row.min(knobs.len() - 1);
        let rows = knobs.iter().enumerate().map(|(row, knob)| {
            let (name, meaning) = knob.label();
            Row { name, value: value(*knob), meaning, selected: row == selected }
        });
        rows.collect()
    }

    /// Goes to another number, or turns it; whether it is another now.
    pub fn act(&mut self, action: Action, config: &WritingConfig, served: bool) -> bool {
        let knobs = knobs(served);
        self.row = self.row.min(knobs.len() - 1);
        let by: i64 = match action {
            Action::Up => {
                self.row = self.row.saturating_sub(1);
                return false;
            }
            Action::Down => {
                self.row = (self.row + 1).min(knobs.len() - 1);
                return false;
            }
            Action::Left => -1,
            Action::Right => 1,
            _ => return false,
        };
        let (before, seed) = (self.sampling(config), self.first_seed(config));
        let mut now = before;
        match knobs[self.row] {
            Knob::Temperature => now.temperature = turned(now.temperature, by, 0.1, 0.0, 2.0),
            Knob::TopP => now.top_p = turned(now.top_p, by, 0.05, 0.05, 1.0),
            Knob::TopK => {
                let count = now.top_k.unwrap_or(0).saturating_add_signed(5 * by as isize).min(1000);
                now.top_k = (count > 0).then_some(count);
            }
            Knob::MinP => now.min_p = turned(now.min_p, by, 0.01, 0.0, 1.0),
            Knob::RepetitionPenalty => {
                now.repeat_penalty = turned(f64::from(now.repeat_penalty), by, 0.05, 1.0, 2.0) as f32;
            }
            Knob::Seed => self.seed = Some(seed.saturating_add_signed(by)),
        }
        self.sampling = Some(now);
        now != before || self.first_seed(config) != seed
    }
}

fn knobs(served: bool) -> &'static [Knob] {
    if served { &SERVED } else { &ALL }
}

/// A number one step on, on the grid of the steps and within its bounds.
fn turned(value: f64, by: i64, step: f64, least: f64, most: f64) -> f64 {
    // A rounded quotient, so that 0.1 + 0.2 is 0.3.
    let steps = (value / step).round() + by as f64;
    let per_one = (1.0 / step).round();
    (steps / per_one).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_turn_on_their_grid_and_stop_at_their_bounds() {
        let config = WritingConfig::default();
        let mut tuning = Tuning::default();
        assert_eq!(tuning.sampling(&config).temperature.to_bits(), 0.6_f64.to_bits());
        assert!(tuning.act(Action::Right, &config, false));
        assert_eq!(tuning.sampling(&config).temperature.to_bits(), 0.7_f64.to_bits());
        for _ in 0..40 {
            tuning.act(Action::Left, &config, false);
        }
        assert_eq!(tuning.sampling(&config).temperature.to_bits(), 0.0_f64.to_bits());
        assert!(!tuning.act(Action::Left, &config, false), "it is at its bound");
    }

    #[test]
    fn every_number_can_be_reached_and_a_server_is_offered_what_it_is_told() {
        let config = WritingConfig::default();
        let mut tuning = Tuning::default();
        let before: Vec<String> = tuning.rows(&config, false).into_iter().map(|row| row.value).collect();
        for _ in ALL {
            assert!(tuning.act(Action::Right, &config, false));
            tuning.act(Action::Down, &config, false);
        }
        let after: Vec<String> = tuning.rows(&config, false).into_iter().map(|row| row.value).collect();
        assert_eq!(before, ["0.6", "0.90", "40", "0.00", "1.10", "7"]);
        // The last row was turned once more, as there is nothing below it.
        assert_eq!(after, ["0.7", "0.95", "45", "0.01", "1.15", "8"]);
        let names: Vec<_> = tuning.rows(&config, true).into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["Temperature", "Top-p", "Seed"]);
    }
}
