//! Proof that a message was taken, or was not: a log of the server or the provider, or any other text that names Message-IDs.

use std::collections::HashSet;

use crate::workspace::Send;

/// What a log says of a campaign's messages.
pub struct Proof {
    ids: HashSet<String>,
    /// Messages that are known to be taken, and how many of them it names.
    known: usize,
    named: usize,
    /// When the last of those was taken.
    until: Option<i64>,
}

impl Proof {
    /// `accepted`: the campaign's messages that are known to be taken.
    #[must_use]
    pub fn new(text: &str, accepted: &[Send]) -> Self {
        let ids = ids_in(text);
        let named = accepted.iter().filter(|line| is_in(line, &ids));
        let (named, until) = (named.clone().count(), named.map(|line| line.at).max());
        Self { ids, known: accepted.len(), named, until }
    }

    /// Whether it says that a message was taken.
    #[must_use]
    pub fn names(&self, line: &Send) -> bool {
        is_in(line, &self.ids)
    }

    /// Whether a message that does not stand in it was not taken: it has everything that is known to be, and goes on after that
    /// message was handed over.
    #[must_use]
    pub fn covers(&self, line: &Send) -> bool {
        self.named == self.known && self.until.is_some_and(|until| until > line.at)
    }

    /// Why it proves nothing of the rest.
    #[must_use]
    pub fn lacks(&self, left: usize) -> String {
        let why = if self.known == 0 {
            "no message of this campaign is known to be taken, and so nothing shows that it is all of the log"
                .to_owned()
        } else if self.named < self.known {
            format!(
                "it names {} of the {} messages that are known to be taken, and so is not all of the log",
                self.named, self.known
            )
        } else {
            "nothing that is known to be taken came after them, and the log may end before".to_owned()
        };
        let messages = if left == 1 { "one message".to_owned() } else { format!("{left} messages") };
        format!(
            "of {messages} the log proves nothing: {why}. Look for their Message-IDs at the server, and decide with --taken or \
             --resend"
        )
    }
}

fn is_in(line: &Send, ids: &HashSet<String>) -> bool {
    line.message_id.as_ref().is_some_and(|id| ids.contains(id))
}

/// Everything in a text that has the form of a Message-ID.
fn ids_in(text: &str) -> HashSet<String> {
    let is_part =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '@' | '.' | '-' | '_' | '+');
    text.split(|letter: char| !is_part(letter))
        .filter(|word| word.contains('@'))
        .map(|word| word.trim_end_matches('.').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::SendState;

    fn line(id: &str, at: i64) -> Send {
        Send {
            id: at,
            customer: id.into(),
            segment: "A".into(),
            arm: "a".into(),
            channel: "email".into(),
            address: None,
            language: "en".into(),
            content: String::new(),
            coupon: None,
            state: SendState::Accepted,
            attempts: 1,
            not_before: None,
            at,
            detail: None,
            message_id: Some(format!("{id}@shop.example")),
        }
    }

    #[test]
    fn only_a_log_with_all_that_was_taken_and_something_later_proves_that_a_message_was_not() {
        let accepted = [line("one", 10), line("three", 30)];
        let (two, four) = (line("two", 20), line("four", 40));
        let whole = Proof::new("to=<a> id=<one@shop.example>. id=<three@shop.example>", &accepted);
        assert!(whole.covers(&two) && !whole.names(&two));
        // It may have ended before that one.
        assert!(!whole.covers(&four) && whole.lacks(1).contains("may end before"), "{}", whole.lacks(1));
        let cut = Proof::new("id=<three@shop.example> id=<two@shop.example>", &accepted);
        assert!(cut.names(&two) && !cut.covers(&two));
        assert!(cut.lacks(2).contains("names 1 of the 2"), "{}", cut.lacks(2));
        // Where nothing is known to be taken, nothing shows that it is the right one.
        let other = Proof::new("id=<two@shop.example>", &[]);
        assert!(
            !other.covers(&four) && other.lacks(1).contains("no message of this campaign"),
            "{}",
            other.lacks(1)
        );
    }
}
