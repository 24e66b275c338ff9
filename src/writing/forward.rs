//! What every model can do, whichever family it is of.
//!
//! In: tokens. Out: logits. A model remembers one prompt, and any number of continuations of it (lanes) side by side;
//! a prompt that begins like the one before keeps what they share.

use rayon::ThreadPool;

use super::WritingError;
use super::adapter::Adapter;
use super::kernels::Processor;

/// A loaded model's forward pass.
pub trait Forward: Send + Sync {
    /// Tokens that it knows; each row of logits is as long.
    fn vocabulary(&self) -> usize;

    /// Positions that a prompt and what is written behind it may take.
    fn context(&self) -> usize;

    /// Forgets the prompt and all lanes.
    fn forget(&mut self);

    /// Runs a prompt and returns the logits after it, `[vocabulary]`. What it shares with the prompt before is not run
    /// again. All lanes are closed. `go_on` is asked before each chunk.
    ///
    /// # Errors
    /// Cancelled when `go_on` says no; the prompt is empty, longer than the context, or has a token that is none.
    fn run_prompt(
        &mut self,
        prompt: &[u32],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<f32>, WritingError>;

    /// Logits of every position of a prompt in turn, while `each` says to go on; whether it came to the end.
    ///
    /// # Errors
    /// As [`Forward::run_prompt`], but for the cancel.
    fn run_prompt_in_full(
        &mut self,
        prompt: &[u32],
        each: &mut dyn FnMut(usize, &[f32]) -> bool,
    ) -> Result<bool, WritingError>;

    /// Closes all lanes and opens `count` that continue the prompt.
    fn open_lanes(&mut self, count: usize);

    /// Appends one token to each named lane and returns their logits, `[lanes, vocabulary]`, in that order.
    ///
    /// # Errors
    /// A lane is not open or named twice, its context is full, or a token is none.
    fn step(&mut self, tokens: &[(usize, u32)]) -> Result<Vec<f32>, WritingError>;

    /// Gets an adapter ready to be chosen, as number `slot`, in place of what was there.
    ///
    /// # Errors
    /// It does not fit the model, there is no memory for it, or none can stand beside models of this family.
    fn lay(&mut self, slot: usize, adapter: &Adapter) -> Result<(), WritingError>;

    /// Runs from now on with an adapter beside the weights, or with none. Where that is another than before, the prompt and
    /// all lanes are forgotten.
    fn choose(&mut self, slot: Option<usize>);

    /// The threads that write.
    fn pool(&self) -> &ThreadPool;

    /// The vector instructions that a step uses.
    fn processor(&self) -> Processor;

    /// Threads that a step uses.
    fn threads(&self) -> usize {
        self.pool().current_num_threads()
    }
}

impl dyn Forward {
    /// Runs `work` on the threads that write.
    pub fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool().install(work)
    }
}

/// That a prompt can be run at all.
///
/// # Errors
/// It is empty, longer than `context`, or has a token that is not below `vocabulary`.
pub(super) fn check_prompt(prompt: &[u32], vocabulary: usize, context: usize) -> Result<(), WritingError> {
    if prompt.is_empty() {
        return Err(WritingError::Failed("the prompt is empty: give at least one word".into()));
    }
    if prompt.len() > context {
        return Err(WritingError::Failed(format!(
            "the prompt has {} tokens and the model reads {context}: shorten it",
            prompt.len()
        )));
    }
    known(prompt.iter().copied(), vocabulary)
}

/// That a step can be made. `lengths` has the tokens of each open lane.
///
/// # Errors
/// A lane that is not open or comes twice, a lane whose context is full, or a token that is not below `vocabulary`.
pub(super) fn check_step(
    tokens: &[(usize, u32)],
    prompt: usize,
    lengths: &[usize],
    vocabulary: usize,
    context: usize,
) -> Result<(), WritingError> {
    let mut stepped = vec![false; lengths.len()];
    for (lane, _) in tokens {
        let Some(length) = lengths.get(*lane) else {
            return Err(WritingError::Failed(format!("lane {lane} is not open")));
        };
        if std::mem::replace(&mut stepped[*lane], true) {
            return Err(WritingError::Failed(format!("lane {lane} was given two tokens in one step")));
        }
        if prompt + length >= context {
            return Err(WritingError::Failed(format!(
                "the text has reached the {context} tokens that the model reads: ask for a shorter one"
            )));
        }
    }
    known(tokens.iter().map(|(_, token)| *token), vocabulary)
}

fn known(mut tokens: impl Iterator<Item = u32>, vocabulary: usize) -> Result<(), WritingError> {
    match tokens.find(|token| *token as usize >= vocabulary) {
        Some(token) => Err(WritingError::Failed(format!(
            "token {token} is not one of the model's {vocabulary}: its tokenizer belongs to another model"
        ))),
        None => Ok(()),
    }
}
