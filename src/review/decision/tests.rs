use proptest::prelude::*;

use super::super::queue::testing::draft;
use super::*;

fn entry(id: i64, decision: Decision) -> Entry {
    Entry { id: DecisionId(id), draft: DraftId(1), at: id * 1000, by: Author::Person, decision }
}

fn approve(id: i64, draft: &Draft, slots: &[&str]) -> Entry {
    let slots: Vec<String> = slots.iter().map(ToString::to_string).collect();
    entry(id, Decision::Approve { seal: Seal::of_draft(draft, &slots), group: None })
}

fn edit(id: i64, old: &str, new: &str) -> Entry {
    entry(id, Decision::Edit { slot: 0, old: old.into(), new: new.into() })
}

#[test]
fn an_edit_voids_an_approval_and_its_undo_brings_it_back() {
    let draft = draft("A", "win-back", &["Come back soon."]);
    let mut log = vec![approve(1, &draft, &["Come back soon."])];
    assert!(Standing::of(&draft, &log).is_approved());
    log.push(edit(2, "Come back soon.", "Come back."));
    let standing = Standing::of(&draft, &log);
    assert!(!standing.is_approved() && standing.voided);
    assert_eq!(standing.slots, ["Come back."]);
    // The same bytes once more: a person must look again.
    let mut again = log.clone();
    again.push(edit(3, "Come back.", "Come back soon."));
    assert!(!Standing::of(&draft, &again).is_approved());
    log.push(entry(3, Decision::Undo { decision: DecisionId(2) }));
    let standing = Standing::of(&draft, &log);
    assert!(standing.is_approved() && !standing.voided);
    assert_eq!(standing.last, Some(DecisionId(1)));
}

#[test]
fn undo_goes_further_back_each_time() {
    let draft = draft("A", "win-back", &["One."]);
    let mut log = vec![
        edit(1, "One.", "Two."),
        entry(2, Decision::Reject { reason: "dull".into() }),
        entry(3, Decision::Undo { decision: DecisionId(2) }),
    ];
    let standing = Standing::of(&draft, &log);
    assert_eq!(
        (standing.status, standing.slots, standing.last),
        (Status::Open, vec!["Two.".into()], Some(DecisionId(1)))
    );
    log.push(entry(4, Decision::Undo { decision: DecisionId(1) }));
    let standing = Standing::of(&draft, &log);
    assert_eq!((standing.slots, standing.last), (vec!["One.".to_owned()], None));
}

#[test]
fn an_approval_of_other_bytes_counts_for_nothing() {
    let mut draft = draft("A", "win-back", &["One."]);
    let log = [approve(1, &draft, &["One."])];
    draft.strategy_version.push('0');
    let standing = Standing::of(&draft, &log);
    assert!(!standing.is_approved() && standing.voided);
}

proptest! {
    #[test]
    fn any_change_of_a_byte_breaks_the_seal(
        slots in proptest::collection::vec(".{0,12}", 1..4),
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        put in any::<char>(),
    ) {
        let seal = Seal::of("s", "v", &slots);
        let mut changed = slots.clone();
        let text = &mut changed[which.index(slots.len())];
        let mut letters: Vec<char> = text.chars().collect();
        let place = at.index(letters.len() + 1);
        if place < letters.len() { letters[place] = put } else { letters.push(put) }
        *text = letters.into_iter().collect();
        prop_assert_eq!(seal == Seal::of("s", "v", &changed), slots == changed);
    }

    #[test]
    fn texts_that_run_together_are_told_apart(a in ".{1,8}", b in ".{1,8}") {
        let joined = format!("{a}{b}");
        prop_assert_ne!(Seal::of("s", "v", &[a.clone(), b.clone()]), Seal::of("s", "v", std::slice::from_ref(&joined)));
        prop_assert_ne!(Seal::of("s", "v", &[a, b]), Seal::of("s", "v", &[joined, String::new()]));
    }
}
