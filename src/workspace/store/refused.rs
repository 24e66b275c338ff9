//! What a mail server says while a message is handed over, taken as a bounce is.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::Secret;
use super::feedback::Bounce;
use super::ledger::Change;
use super::suppressions::{self, Reason, ToSuppress};
use crate::data::Channel;

/// Lines of the ledger whose message failed because there is no such mailbox, of these steps.
pub(super) fn without_mailbox(changes: &[Change]) -> Vec<i64> {
    let gone = changes.iter().filter_map(|change| match change {
        Change::Failed { id, detail } if no_such_mailbox(detail) => Some(*id),
        _ => None,
    });
    gone.collect()
}

/// Suppresses the addresses of these lines.
pub(super) fn suppress(
    transaction: &Transaction<'_>,
    key: &Secret,
    lines: &[i64],
    at: i64,
) -> rusqlite::Result<()> {
    for line in lines {
        let address: Option<String> = transaction
            .prepare_cached(
                "SELECT address FROM sends WHERE id = ?1 AND channel = 'email' AND address IS NOT NULL",
            )?
            .query_row(params![line], |row| row.get(0))
            .optional()?;
        if let Some(address) = &address {
            let (channel, reason) = (Some(Channel::Email), Reason::Bounced);
            let one = ToSuppress { channel, kind: Channel::Email, address, reason, at, source: "sending" };
            suppressions::suppress(transaction, key, &one)?;
        }
    }
    Ok(())
}

/// Whether an answer as `550 5.1.1 no such user` names an address that is no good (RFC 3463: 5.1.x but for the sender's own).
fn no_such_mailbox(said: &str) -> bool {
    let code = said.split_whitespace().take(2).find(|word| word.starts_with("5.1."));
    code.is_some_and(|code| Bounce::of(Some(code), said) == Bounce::Hard)
}

#[cfg(test)]
mod tests {
    use super::no_such_mailbox;

    #[test]
    fn only_an_address_that_is_no_good_is_given_up() {
        assert!(no_such_mailbox("550 5.1.1 <a@b.example>: Recipient address rejected: User unknown"));
        assert!(no_such_mailbox("550 5.1.10 RESOLVER.ADR.RecipientNotFound"));
        // The sender is at fault, the mailbox is full, the message is not liked, or no code says why.
        for said in ["550 5.1.8 sender", "552 5.2.2 full", "554 5.7.1 spam", "550 no", "451 4.1.1 later"] {
            assert!(!no_such_mailbox(said), "{said}");
        }
    }
}
