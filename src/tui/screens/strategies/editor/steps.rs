//! How far one undo goes back: a word, and not a letter.
//!
//! In: each change of the text, as a letter that was typed or as anything else. Out: how many of the text's own changes
//! the next undo takes back, and the next redo makes again. A word goes with the blanks and marks behind it.

/// Changes that are taken back and made again together.
#[derive(Default)]
pub(super) struct Steps {
    done: Vec<usize>,
    undone: Vec<usize>,
    /// The letter that was typed last, where the next one may join it.
    last: Option<char>,
}

impl Steps {
    /// The text was changed `changes` times at once: by a letter, or by anything else.
    pub fn add(&mut self, letter: Option<char>, changes: usize) {
        self.undone.clear();
        let joins = match (self.last, letter) {
            (Some(before), Some(now)) => before.is_alphanumeric() || !now.is_alphanumeric(),
            _ => false,
        };
        match self.done.last_mut() {
            Some(step) if joins => *step += changes,
            _ => self.done.push(changes),
        }
        self.last = letter;
    }

    /// What is typed next is a step of its own.
    pub fn close(&mut self) {
        self.last = None;
    }

    /// Changes to take back; one where none is known.
    pub fn undo(&mut self) -> usize {
        self.close();
        let step = self.done.pop();
        self.undone.extend(step);
        step.unwrap_or(1)
    }

    /// Changes to make again.
    pub fn redo(&mut self) -> usize {
        self.close();
        let step = self.undone.pop();
        self.done.extend(step);
        step.unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_word_with_what_follows_it() {
        let mut steps = Steps::default();
        for letter in "We miss, you".chars() {
            steps.add(Some(letter), 1);
        }
        steps.add(None, 1);
        steps.add(Some('a'), 1);
        assert_eq!([1, 2, 3, 4, 5].map(|_| steps.undo()), [1, 1, 3, 6, 3]);
        assert_eq!([1, 2].map(|_| steps.redo()), [3, 6]);
        steps.add(Some('b'), 1);
        assert_eq!(steps.redo(), 1, "nothing is known to make again");
    }
}
