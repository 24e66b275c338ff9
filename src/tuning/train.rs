//! The training itself.
//!
//! In: a model's file, examples, settings, a folder. Out: the adapter that did best on what was kept for judging, or the last
//! one where nothing was kept. It can be cancelled between any two batches, and goes on from its checkpoint as if it had
//! never stopped.

use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use sha2::{Digest as _, Sha256};

use super::adapter::{self, Card};
use super::batches::{self, Encoded, Split};
use super::checkpoint::{self, Origin, Standing, State};
use super::forward::Network;
use super::lora::Adapters;
use super::optimiser::{self, AdamW};
use super::preference::{self, BETA, PAIRS, Pair, Preference};
use super::trace::Trace;
use super::{Ended, Example, Losses, Outcome, Progress, Settings, TuneError, base};
use crate::jobs::Task;
use crate::writing::PROGRAM;
use crate::writing::adapter::{Base, SCHEMA, WEIGHTS};
use crate::writing::gguf::Gguf;
use crate::writing::guard::taught::Taught;
use crate::writing::local::{hex, sha256_of};
use crate::writing::tokenizer::Vocabulary;

/// What a kill may cost, unless a caller says otherwise.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);

/// What a caller may ask for beside the training.
#[derive(Debug, Default)]
pub struct Extras<'a> {
    /// Goes on from the checkpoint in the folder.
    pub resume: bool,
    /// Writes each step to this file.
    pub trace: Option<&'a Path>,
    /// An adapter to go on from, of the settings' rank, alpha and targets; a fresh one without it.
    pub start: Option<&'a Path>,
    /// Kept for judging, in place of a part of the examples.
    pub judged: &'a [Example],
    /// Pairs of a better and a worse text that are learnt besides.
    pub preferences: &'a [Preference],
    /// Writes the adapter as it is to this folder at each look, before anyone is told of it.
    pub looks: Option<&'a Path>,
    /// Keeps the adapter of the last step, whatever the looks at what was kept for judging say.
    pub keep_last: bool,
    /// Time after which a checkpoint is written between two looks; a minute where none is given.
    pub checkpoint_every: Option<Duration>,
}

/// Trains an adapter on examples and writes it to the folder `out`, telling `tell` after each step.
///
/// # Errors
/// The model or the examples cannot be used, the folder cannot be written, the checkpoint to go on from is missing or of
/// another training, or cancelled: then a checkpoint has been left.
pub fn train(
    base: &Path,
    examples: &[Example],
    settings: &Settings,
    extras: &Extras<'_>,
    out: &Path,
    task: &Task<'_>,
    tell: &mut dyn FnMut(Progress),
) -> Result<Outcome, TuneError> {
    settings.check()?;
    let gguf = Gguf::open(base)?;
    let sizes = base::sizes(&gguf)?;
    base::check_memory(&gguf, &sizes, settings.tokens_at_once)?;
    let unusable = |what: String| TuneError::Failed(format!("{} cannot be tuned: {what}", base.display()));
    let vocabulary = Vocabulary::from_gguf(&gguf).map_err(unusable)?;
    let end = end_of(&gguf, &vocabulary)
        .ok_or_else(|| unusable("it does not say which token ends a text".into()))?;
    let mut encoded = batches::encode(examples, &vocabulary, end, sizes.context)?;
    let split = if extras.judged.is_empty() {
        let patterns: Vec<u32> = encoded.iter().map(|example| example.pattern).collect();
        batches::split(&patterns, settings.held_out, settings.seed)
    } else {
        encoded.extend(batches::encode(extras.judged, &vocabulary, end, sizes.context)?);
        Split { learnt: (0..examples.len()).collect(), held_out: (examples.len()..encoded.len()).collect() }
    };
    if split.learnt.iter().all(|index| encoded[*index].weight <= 0.0) {
        return Err(TuneError::Failed(
            "there is nothing to learn from: give at least one example with a weight above 0".into(),
        ));
    }
    let origin = Origin {
        base_sha256: gguf.sha256(task.cancel())?,
        data_sha256: fingerprint(examples, extras, task)?,
        settings: settings.clone(),
    };
    let network = base::load(&gguf, &base::device(), task)?;
    let adapters = Adapters::new(
        &network.sizes,
        &settings.targets,
        (settings.rank, settings.alpha, settings.dropout),
        settings.seed,
        &network.device,
    )?;
    let mut taught = taught(examples, &split);
    if let Some(start) = extras.start {
        adapter::read(start)?.put(&adapters)?;
        taught.extend(&adapter::read_taught(start)?);
    }
    let pairs = preference::pairs(extras.preferences, &network, &adapters, (&vocabulary, end))?;
    let now = adapters.numbers()?;
    let state = if extras.resume {
        let lengths: Vec<usize> = now.iter().map(Vec::len).collect();
        let state = checkpoint::read(out, &origin, &lengths)?;
        adapters.set(&state.now)?;
        state
    } else {
        State { standing: Standing::default(), optimiser: AdamW::new(&now), best: now.clone(), now }
    };
    let trace = extras.trace.map(|path| Trace::new(path, settings));
    let mut judged = split.held_out.clone();
    judged.shuffle(&mut batches::chance(settings.seed, u64::MAX - 1));
    judged.truncate(settings.evaluate_examples);
    let (began, tokens) = (Instant::now(), 0);
    let (looks, keep_last) = (extras.looks, extras.keep_last);
    let checkpoint_every = extras.checkpoint_every.unwrap_or(CHECKPOINT_EVERY);
    let mut run = Run {
        network,
        adapters,
        encoded,
        split,
        taught,
        judged,
        pairs,
        origin,
        state,
        trace,
        looks,
        keep_last,
        checkpoint_every,
        out,
        task,
        began,
        saved: None,
        tokens,
    };
    if let Some(trace) = &run.trace {
        adapter::write(&trace.begin(), (&run.card(), &run.taught), &run.tensors(&run.state.now)?, false)?;
    }
    match run.all(tell) {
        Err(TuneError::Cancelled(cancelled)) => {
            run.save()?;
            Err(cancelled.into())
        }
        Err(error) => Err(error),
        Ok(()) => run.finish(),
    }
}

/// What the examples put together that are learnt from.
#[must_use]
pub fn taught(examples: &[Example], split: &Split) -> Taught {
    Taught::of(
        split.learnt.iter().filter_map(|index| examples.get(*index)).map(|example| example.text.as_str()),
    )
}

/// The token that a model learns to end a text with: of several, the model's own.
#[must_use]
pub fn end_of(gguf: &Gguf, vocabulary: &Vocabulary) -> Option<u32> {
    let own = gguf.count("tokenizer.ggml.eos_token_id").map(|id| id as u32);
    own.filter(|id| vocabulary.ends().contains(id)).or(vocabulary.ends().first().copied())
}

struct Run<'a> {
    network: Network,
    adapters: Adapters,
    encoded: Vec<Encoded>,
    split: Split,
    /// What the examples put together that are learnt from.
    taught: Taught,
    /// Of those that were kept, the ones that are looked at.
    judged: Vec<usize>,
    pairs: Vec<Pair>,
    origin: Origin,
    state: State,
    trace: Option<Trace>,
    looks: Option<&'a Path>,
    keep_last: bool,
    checkpoint_every: Duration,
    out: &'a Path,
    task: &'a Task<'a>,
    began: Instant,
    /// When the last checkpoint of this run was written; none is before the first step.
    saved: Option<Instant>,
    tokens: u64,
}

impl Run<'_> {
    /// Steps until the last, or until what was kept gets no better.
    fn all(&mut self, tell: &mut dyn FnMut(Progress)) -> Result<(), TuneError> {
        let (first, steps) = (self.state.standing.step, self.origin.settings.steps);
        if self.is_due() {
            let begun = Instant::now();
            self.task.progress("looking at what was kept for judging", 0, None);
            self.look()?;
            self.state.standing.seconds += begun.elapsed().as_secs_f64();
        }
        while self.state.standing.step < steps {
            if self.is_spent() {
                break;
            }
            let begun = Instant::now();
            let mut told = self.step()?;
            // It is looked before anyone is told, and again after a stop in between.
            if self.is_due() {
                told.held_out = self.look()?;
                self.state.standing.seconds += begun.elapsed().as_secs_f64();
                self.save()?;
                if let Some(looks) = self.looks {
                    adapter::write(
                        looks,
                        (&self.card(), &self.taught),
                        &self.tensors(&self.state.now)?,
                        true,
                    )?;
                }
            } else {
                self.state.standing.seconds += begun.elapsed().as_secs_f64();
                if self.saved.is_none_or(|saved| saved.elapsed() >= self.checkpoint_every) {
                    self.save()?;
                }
            }
            let each = self.began.elapsed().as_secs_f64() / (told.step - first) as f64;
            told.seconds_left = each * (steps - told.step) as f64;
            tell(told);
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), TuneError> {
        checkpoint::write(self.out, &self.origin, &self.state)?;
        self.saved = Some(Instant::now());
        Ok(())
    }

    /// One step. The state changes only when all of it has been computed, so a stop leaves it whole.
    fn step(&mut self) -> Result<Progress, TuneError> {
        let settings = &self.origin.settings;
        let (step, begun) = (self.state.standing.step, Instant::now());
        let chosen = batches::step(&self.split.learnt, settings.seed, settings.batch, step);
        let chosen: Vec<&Encoded> = chosen.iter().map(|index| &self.encoded[*index]).collect();
        let tokens: usize = chosen.iter().map(|example| example.tokens.len()).sum();
        let (loss, mut gradients) = self.gradients(&chosen, step)?;
        let (preference, of_pairs) = self.prefer(&mut gradients, step)?;
        let tokens = tokens + of_pairs;
        let gradient = optimiser::clip(&mut gradients, settings.clip);
        if !(loss.is_finite() && gradient.is_finite()) {
            return Err(TuneError::Failed(format!(
                "the loss of step {} is {loss} and its gradient {gradient}: lower the rate (it is {})",
                step + 1,
                settings.rate
            )));
        }
        let rate = optimiser::rate(settings.rate, step, settings.steps, settings.warm_up, settings.floor);
        let decay = settings.weight_decay as f32;
        self.state.optimiser.step(&mut self.state.now, &gradients, rate as f32, decay);
        self.adapters.set(&self.state.now)?;
        self.state.standing.step = step + 1;
        self.state.standing.recent.push(loss);
        self.tokens += tokens as u64;
        let seconds = begun.elapsed().as_secs_f64();
        let told = Progress {
            step: step + 1,
            of: settings.steps,
            loss,
            held_out: None,
            preference,
            gradient,
            rate,
            tokens_per_second: tokens as f64 / seconds.max(1e-9),
            seconds_left: 0.0,
            peak_memory: peak_memory(),
        };
        if let Some(trace) = &mut self.trace {
            trace.step(&chosen, &told, seconds)?;
        }
        Ok(told)
    }

    /// Loss and gradients of examples, summed over batches that memory has room for.
    fn gradients(&self, examples: &[&Encoded], step: usize) -> Result<(f32, Vec<Vec<f32>>), TuneError> {
        let settings = &self.origin.settings;
        let mut sums: Vec<Vec<f32>> = self.state.now.iter().map(|numbers| vec![0.0; numbers.len()]).collect();
        let mut total = 0.0;
        for (index, batch) in batches::pack(examples, settings.tokens_at_once).0.iter().enumerate() {
            self.task.check()?;
            let drop = batches::chance(settings.seed, (step as u64) << 20 | index as u64).next_u64();
            let loss = self.network.loss(&self.adapters, batch, Some(drop))?;
            total += f64::from(loss.to_scalar::<f32>()?);
            self.send_back(&loss, &mut sums)?;
        }
        Ok((total as f32, sums))
    }

    /// Adds the gradients of a loss to what they are so far.
    fn send_back(&self, loss: &Tensor, sums: &mut [Vec<f32>]) -> Result<(), TuneError> {
        let gradients = loss.backward()?;
        for ((_, variable), sum) in self.adapters.variables().into_iter().zip(sums) {
            if let Some(gradient) = gradients.get(variable) {
                let gradient: Vec<f32> = gradient.flatten_all()?.to_vec1()?;
                sum.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient);
            }
        }
        Ok(())
    }

    /// Adds the gradients of the step's pairs; their mean loss, where there are pairs, and their tokens.
    fn prefer(&self, sums: &mut [Vec<f32>], step: usize) -> Result<(Option<f32>, usize), TuneError> {
        if self.pairs.is_empty() {
            return Ok((None, 0));
        }
        let seed = self.origin.settings.seed;
        let all: Vec<usize> = (0..self.pairs.len()).collect();
        // An order of their own.
        let chosen = batches::step(&all, seed ^ u64::from(u32::MAX), PAIRS, step);
        let share = 1.0 / chosen.len().max(1) as f32;
        let (mut total, mut tokens) = (0.0, 0);
        for (index, place) in chosen.into_iter().enumerate() {
            self.task.check()?;
            let pair = &self.pairs[place];
            let drop = batches::chance(seed, (step as u64) << 20 | 1 << 19 | index as u64).next_u64();
            let judged = pair.judge(&self.network, &self.adapters, (BETA, share), Some(drop))?;
            total += judged.loss * f64::from(share);
            tokens += pair.tokens();
            self.send_back(&judged.surrogate, sums)?;
        }
        Ok((Some(total as f32), tokens))
    }

    /// Whether what was kept is to be looked at now.
    fn is_due(&self) -> bool {
        let Standing { step, losses, .. } = &self.state.standing;
        let settings = &self.origin.settings;
        let stop = *step == settings.steps || step.is_multiple_of(settings.evaluate_every);
        stop && losses.last().is_none_or(|last| last.step != *step)
    }

    /// Looks at what was kept, and keeps the adapter where it is the best so far.
    fn look(&mut self) -> Result<Option<f32>, TuneError> {
        let held_out = self.judge()?;
        let State { standing, now, best, .. } = &mut self.state;
        let recent = std::mem::take(&mut standing.recent);
        let mean = recent.iter().map(|loss| f64::from(*loss)).sum::<f64>() / recent.len() as f64;
        let train = (!recent.is_empty()).then_some(mean as f32);
        standing.losses.push(Losses { step: standing.step, train, held_out });
        let better = match (held_out, standing.best_held_out) {
            (Some(held_out), Some(best)) => held_out < best || self.keep_last,
            _ => true,
        };
        if better {
            best.clone_from(now);
            standing.best_step = standing.step;
            standing.best_held_out = held_out;
            standing.looks_since = 0;
        } else {
            standing.looks_since += 1;
        }
        Ok(held_out)
    }

    /// Mean loss of what was kept; `None` where nothing was.
    fn judge(&self) -> Result<Option<f32>, TuneError> {
        if self.judged.is_empty() {
            return Ok(None);
        }
        let examples: Vec<&Encoded> = self.judged.iter().map(|index| &self.encoded[*index]).collect();
        let mut total = 0.0;
        for batch in batches::pack(&examples, self.origin.settings.tokens_at_once).0 {
            self.task.check()?;
            total += f64::from(self.network.loss(&self.adapters, &batch, None)?.to_scalar::<f32>()?);
        }
        Ok(Some(total as f32))
    }

    /// Whether what was kept has got no better for too long.
    fn is_spent(&self) -> bool {
        self.origin.settings.patience.is_some_and(|most| self.state.standing.looks_since >= most.max(1))
    }

    /// Writes the best adapter and takes the checkpoint away.
    fn finish(&self) -> Result<Outcome, TuneError> {
        let standing = &self.state.standing;
        adapter::write(self.out, (&self.card(), &self.taught), &self.tensors(&self.state.best)?, true)?;
        let path = self.out.join(WEIGHTS);
        let bytes = std::fs::metadata(&path).map_err(adapter::io(&path, "read"))?.len();
        let sha256 = sha256_of(&path, self.task.cancel())?;
        // It is of no use any more; where it cannot be removed it does no harm.
        let _ = std::fs::remove_file(checkpoint::path(self.out));
        let ended = if standing.step < self.origin.settings.steps { Ended::NoBetter } else { Ended::Done };
        Ok(Outcome {
            folder: self.out.to_owned(),
            sha256,
            bytes,
            ended,
            steps: standing.step,
            best_step: standing.best_step,
            losses: standing.losses.clone(),
            examples: self.split.learnt.len(),
            held_out_examples: self.split.held_out.len(),
            patterns: self.patterns(),
            seconds: standing.seconds,
            tokens: self.tokens,
            peak_memory: peak_memory(),
        })
    }

    fn patterns(&self) -> usize {
        let mut patterns: Vec<u32> = self.encoded.iter().map(|example| example.pattern).collect();
        patterns.sort_unstable();
        patterns.dedup();
        patterns.len()
    }

    fn card(&self) -> Card {
        let Origin { base_sha256, data_sha256, settings } = &self.origin;
        Card {
            schema: SCHEMA,
            name: settings.name.clone(),
            base: Base { name: settings.base_name.clone(), sha256: base_sha256.clone() },
            data_sha256: data_sha256.clone(),
            examples: self.split.learnt.len(),
            patterns: self.patterns(),
            settings: settings.clone(),
            losses: self.state.standing.losses.clone(),
            step: self.state.standing.best_step,
            form: settings.form,
            languages: settings.languages.clone(),
            program: PROGRAM.into(),
            weights_sha256: None,
        }
    }

    /// Numbers in the shapes of the variables, by name.
    fn tensors(&self, numbers: &[Vec<f32>]) -> Result<Vec<(String, Tensor)>, TuneError> {
        let named = self.adapters.variables().into_iter().zip(numbers).map(|((name, variable), numbers)| {
            Ok((name, Tensor::from_slice(numbers, variable.shape(), &Device::Cpu)?))
        });
        named.collect()
    }
}

/// SHA-256 of all that is learnt from: what the examples say, and what else there is.
///
/// # Errors
/// The adapter to go on from cannot be read, or cancelled.
pub fn fingerprint(examples: &[Example], extras: &Extras<'_>, task: &Task<'_>) -> Result<String, TuneError> {
    let mut hash = Sha256::new();
    let say = |hash: &mut Sha256, text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for Example { prompt, text, pattern, weight } in examples.iter().chain(extras.judged) {
        say(&mut hash, prompt);
        say(&mut hash, text);
        hash.update(pattern.to_le_bytes());
        hash.update(weight.to_le_bytes());
    }
    for Preference { prompt, chosen, rejected } in extras.preferences {
        for text in [prompt, chosen, rejected] {
            say(&mut hash, text);
        }
    }
    if !extras.judged.is_empty() {
        hash.update((examples.len() as u64).to_le_bytes());
    }
    if let Some(start) = extras.start {
        say(&mut hash, &sha256_of(&start.join(WEIGHTS), task.cancel())?);
    }
    Ok(hex(&hash.finalize()))
}

/// The most memory that this process ever had, in bytes, where the system says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}
