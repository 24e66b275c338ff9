//! Approving a draft: the one decision that lets something go out.

use rusqlite::Connection;

use super::{Store, StoredDraft, add, find_draft, log_of, no_draft, stored_draft};
use crate::review::decision::{Author, Decision, DraftId, Seal, Standing, Status};
use crate::review::{Check, passes};
use crate::segments::Group;
use crate::workspace::WorkspaceError;
use crate::writing::Draft;

impl Store {
    /// Approves a draft as it stands, for the group that it was written for. See [`Self::approve_for`].
    ///
    /// # Errors
    /// As there.
    pub fn approve(
        &mut self,
        id: DraftId,
        at: i64,
        by: Author,
        check: &dyn Fn(&Draft, &[String]) -> Vec<Check>,
    ) -> Result<Seal, WorkspaceError> {
        self.approve_for(id, at, by, None, check)
    }

    /// Approves a draft as it stands for a group; `None`: the one that it was written for. The rules are run here,
    /// on what is in the database now. What is approved for that group already stays as it is.
    ///
    /// # Errors
    /// [`WorkspaceError::Refused`] where a rule is broken; another draft of the same strategy is approved for the
    /// same group, of which a customer gets one; no such draft; the database cannot be written.
    pub fn approve_for(
        &mut self,
        id: DraftId,
        at: i64,
        by: Author,
        group: Option<&Group>,
        check: &dyn Fn(&Draft, &[String]) -> Vec<Check>,
    ) -> Result<Seal, WorkspaceError> {
        self.write(|transaction| {
            let Some(StoredDraft { draft, .. }) = find_draft(transaction, id)? else {
                return Ok(Err(no_draft(id)));
            };
            let standing = Standing::of(&draft, &log_of(transaction, id)?);
            let wanted = group.or(draft.group.as_ref());
            if let Status::Approved { seal, .. } = &standing.status
                && standing.group(&draft) == wanted
            {
                return Ok(Ok(seal.clone()));
            }
            let checks = check(&draft, &standing.slots);
            if !passes(&checks) {
                return Ok(Err(WorkspaceError::Refused(checks)));
            }
            if let Some(variant) = approved_variant(transaction, id, &draft, wanted)? {
                return Ok(Err(WorkspaceError::Nothing(one_variant(variant, &draft.segment))));
            }
            let seal = Seal::of_draft(&draft, &standing.slots);
            // Only what differs from the draft is worth a word.
            let group = group.filter(|group| draft.group.as_ref() != Some(group)).cloned();
            add(transaction, id, at, by, &Decision::Approve { seal: seal.clone(), group })?;
            Ok(Ok(seal))
        })?
    }
}

/// What is told where a second variant of a message is to be approved for a group.
#[must_use]
pub fn one_variant(approved: usize, segment: &str) -> String {
    format!(
        "Variant {approved} of this message is approved for {segment} already, and a customer gets one of them. \
         Reject that one first to send this in its place."
    )
}

/// Another draft of the same strategy that is approved for the same group: its number among the segment's
/// drafts of the strategy, counted from 1.
fn approved_variant(
    connection: &Connection,
    id: DraftId,
    draft: &Draft,
    group: Option<&Group>,
) -> rusqlite::Result<Option<usize>> {
    let mut statement = connection
        .prepare_cached("SELECT id, made_at, document FROM drafts WHERE strategy = ?1 ORDER BY id")?;
    let drafts: Vec<StoredDraft> =
        statement.query_map([&draft.strategy], stored_draft)?.collect::<rusqlite::Result<_>>()?;
    for other in drafts.iter().filter(|other| other.id != id) {
        let standing = Standing::of(&other.draft, &log_of(connection, other.id)?);
        let same_letter = group.is_some() || other.draft.segment == draft.segment;
        if standing.is_approved() && same_letter && standing.group(&other.draft) == group {
            let before = drafts.iter().take_while(|before| before.id != other.id);
            return Ok(Some(before.filter(|before| before.draft.segment == other.draft.segment).count() + 1));
        }
    }
    Ok(None)
}
