use crate::review::queue::testing::draft;

use super::*;
use crate::review::coupon::Recipient;
use crate::review::decision::Seal;

fn store(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("perennial.db")).unwrap()
}

fn fine(_: &Draft, _: &[String]) -> Vec<Check> {
    vec![Check { rule: "length", ok: true, detail: String::new() }]
}

fn broken(_: &Draft, _: &[String]) -> Vec<Check> {
    vec![Check { rule: "invented-number", ok: false, detail: "\"50\" is in no fact".into() }]
}

#[test]
fn a_draft_is_found_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = draft("A", "win-back", &["欢迎 back.", "Two"]);
    written.fields.insert("offer".into(), "10% off".into());
    written.sampling.top_k = Some(40);
    let ids = store(&folder).add_drafts(&[written.clone(), written.clone()], "name = \"x\"", 5).unwrap();
    let store = store(&folder);
    assert_eq!(ids, [DraftId(1), DraftId(2)]);
    assert_eq!(store.draft(ids[1]).unwrap(), StoredDraft { id: ids[1], made_at: 5, draft: written });
    assert_eq!(store.template("win-back", "00ff").unwrap().as_deref(), Some("name = \"x\""));
    assert!(matches!(store.draft(DraftId(3)), Err(WorkspaceError::Nothing(_))));
}

#[test]
fn decisions_follow_each_other_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let ids = store.add_drafts(&[draft("A", "s", &["One."]), draft("B", "s", &["Two."])], "", 0).unwrap();
    let seal = store.approve(ids[0], 1, Author::Person, &fine).unwrap();
    store.reject(ids[1], 2, Author::Person, "dull").unwrap();
    store.edit(ids[0], 3, Author::Person, 0, "One.").unwrap();
    assert_eq!(store.log().unwrap().len(), 2, "an edit that changes nothing is none");
    store.edit(ids[0], 4, Author::Person, 0, "One more.").unwrap();
    assert!(store.standing(ids[0]).unwrap().voided);

    let undone = store.undo(None, 5, Author::Person).unwrap().unwrap();
    assert_eq!(undone.decision, Decision::Edit { slot: 0, old: "One.".into(), new: "One more.".into() });
    assert_eq!(
        store.standing(ids[0]).unwrap().status,
        crate::review::decision::Status::Approved { seal, group: None, at: 1, by: Author::Person }
    );
    // Of one draft only, then whatever came last, until nothing is left.
    assert_eq!(store.undo(Some(ids[0]), 6, Author::Person).unwrap().unwrap().draft, ids[0]);
    assert_eq!(store.undo(Some(ids[0]), 7, Author::Person).unwrap(), None);
    assert_eq!(store.undo(None, 8, Author::Person).unwrap().unwrap().draft, ids[1]);
    assert_eq!(store.undo(None, 9, Author::Person).unwrap(), None);
    assert_eq!(store.log().unwrap().len(), 6);
}

#[test]
fn what_breaks_a_rule_is_not_approved() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let ids = store.add_drafts(&[draft("A", "s", &["Now 50 off."])], "", 0).unwrap();
    let error = store.approve(ids[0], 1, Author::Person, &broken).unwrap_err();
    assert!(error.to_string().contains("invented-number: \"50\" is in no fact"), "{error}");
    assert!(store.log().unwrap().is_empty());
    // The rules see the text with its edits.
    store.edit(ids[0], 2, Author::Person, 0, "Come back.").unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    let look = |draft: &Draft, slots: &[String]| {
        seen.borrow_mut().extend_from_slice(slots);
        fine(draft, slots)
    };
    store.approve(ids[0], 3, Author::Person, &look).unwrap();
    assert_eq!(*seen.borrow(), ["Come back."]);
    let items = store.items(&look).unwrap();
    assert!(items[0].standing.is_approved());
}

#[test]
fn the_log_cannot_be_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let ids = store.add_drafts(&[draft("A", "s", &["One."])], "", 0).unwrap();
    store.reject(ids[0], 1, Author::Person, "dull").unwrap();
    for sql in [
        "UPDATE decisions SET at = 0",
        "DELETE FROM decisions",
        "UPDATE drafts SET document = '{}'",
        "DELETE FROM drafts",
    ] {
        let error = store.connection.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("only added"), "{sql}: {error}");
    }
}

#[test]
fn a_code_belongs_to_one_customer_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let ids: Vec<String> = (0..400).map(|number| format!("C{number}")).collect();
    let of = |strategy: &'static str| -> Vec<Recipient<'_>> {
        ids.iter().map(|id| Recipient { strategy, customer: id }).collect()
    };
    let first = store.give_coupons(7, &of("win-back")[..300], 1).unwrap();
    assert_eq!(first, crate::review::coupon::codes(7, &of("win-back")[..300]));
    // The same export again, with another seed and more customers: who had a code keeps it.
    let again = store.give_coupons(8, &of("win-back"), 2).unwrap();
    assert_eq!(again[..300], first);
    assert_eq!(again.iter().collect::<std::collections::BTreeSet<_>>().len(), 400);
    assert!(store.give_coupons(8, &of("thanks"), 3).unwrap().iter().all(|code| !again.contains(code)));
}

#[test]
fn a_code_that_somebody_else_has_is_drawn_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let anna = Recipient { strategy: "win-back", customer: "anna" };
    let drawn = crate::review::coupon::codes(7, std::slice::from_ref(&anna)).remove(0);
    store.connection.execute("INSERT INTO coupons VALUES (?1, 'thanks', 'otto', 0)", [&drawn]).unwrap();
    let given = store.give_coupons(7, std::slice::from_ref(&anna), 1).unwrap();
    assert_ne!(given[0], drawn);
    assert!(crate::review::coupon::is_code(&given[0]));
    assert_eq!(store.give_coupons(7, &[anna], 2).unwrap(), given);
}

#[test]
fn one_variant_of_a_message_goes_to_a_group() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let group = crate::segments::Group {
        letter: "A".into(),
        name: "Lapsed big spenders".into(),
        k: 3,
        seed: 7,
        as_of: jiff::civil::date(2025, 11, 1),
        portrait: "0".repeat(16),
    };
    let mut written = draft("A", "s", &["One."]);
    written.group = Some(group.clone());
    let ids = store.add_drafts(&[written.clone(), written.clone(), written], "", 0).unwrap();
    let seal = store.approve(ids[0], 1, Author::Person, &fine).unwrap();
    // The key pressed twice is one approval.
    assert_eq!(store.approve(ids[0], 2, Author::Person, &fine).unwrap(), seal);
    assert_eq!(store.log().unwrap().len(), 1);
    let error = store.approve(ids[1], 3, Author::Person, &fine).unwrap_err().to_string();
    assert!(error.contains("Variant 1 of this message is approved for A already"), "{error}");
    // For the same kind of customer in another grouping it is another message.
    let later = crate::segments::Group { as_of: jiff::civil::date(2025, 12, 1), ..group.clone() };
    store.approve_for(ids[1], 4, Author::Person, Some(&later), &fine).unwrap();
    assert_eq!(store.standing(ids[1]).unwrap().group(&draft("A", "s", &[])), Some(&later));
    // A rejection makes room.
    assert!(store.reject(ids[0], 5, Author::Person, "  ").unwrap_err().to_string().contains("why"));
    store.reject(ids[0], 5, Author::Person, "dull").unwrap();
    store.approve(ids[2], 6, Author::Person, &fine).unwrap();
}

#[test]
fn a_database_of_an_older_program_is_read_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("perennial.db");
    let slots = ["Come back soon.".to_owned()];
    let seal = Seal::of("win-back", "00ff", &slots);
    // As the first program wrote it: no group, no prompts.
    let mut document = serde_json::to_value(draft("B", "win-back", &["Come back soon."])).unwrap();
    document.as_object_mut().unwrap().retain(|key, _| !matches!(key.as_str(), "group" | "prompts"));
    let old = Connection::open(&path).unwrap();
    old.execute_batch(migrations::STEPS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute("INSERT INTO templates VALUES ('00ff', 'win-back', 'name = 1')", []).unwrap();
    old.execute(
        "INSERT INTO drafts (made_at, strategy, strategy_version, segment, document) \
         VALUES (1, 'win-back', '00ff', 'B', ?1), (2, 'win-back-2', '00ff', 'B', ?1)",
        [document.to_string()],
    )
    .unwrap();
    old.execute(
        "INSERT INTO decisions (draft, at, author, document) VALUES (1, 3, '\"person\"', ?1)",
        [format!("{{\"kind\":\"approve\",\"seal\":\"{}\"}}", seal.as_str())],
    )
    .unwrap();
    old.execute("INSERT INTO coupons VALUES ('2346-7', 'win-back', 'anna', 4)", []).unwrap();
    drop(old);

    let mut store = Store::open(&path).unwrap();
    let read = store.drafts().unwrap();
    assert_eq!((read.len(), &read[0].draft.group, read[0].draft.prompts.len()), (2, &None, 0));
    assert!(store.standing(DraftId(1)).unwrap().is_approved());
    assert_eq!(store.template("win-back", "00ff").unwrap().as_deref(), Some("name = 1"));
    // That program kept one text for all strategies that said the same.
    assert_eq!(store.template("win-back-2", "00ff").unwrap().as_deref(), Some("name = 1"));
    let anna = Recipient { strategy: "win-back", customer: "anna" };
    assert_eq!(store.give_coupons(9, &[anna], 5).unwrap(), ["2346-7"]);
    let mut copy = draft("B", "win-back-2", &["Two."]);
    copy.strategy_version = "00fe".into();
    store.add_drafts(&[copy], "name = 2", 6).unwrap();
    assert_eq!(store.template("win-back-2", "00fe").unwrap().as_deref(), Some("name = 2"));
}

#[test]
fn a_full_disk_is_told_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    store.add_drafts(&[draft("A", "s", &["One."])], "", 0).unwrap();
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let long = draft("A", "s", &["x".repeat(1 << 20).as_str()]);
    let error = store.add_drafts(&[long], "", 1).unwrap_err().to_string();
    assert!(error.contains("the disk is full") && error.contains("perennial.db"), "{error}");
    assert_eq!(store.drafts().unwrap().len(), 1);
    assert!(store.reject(DraftId(1), 2, Author::Person, "short").is_ok());
}

#[test]
fn a_database_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    store.connection.pragma_update(None, "query_only", true).unwrap();
    let error = store.add_drafts(&[draft("A", "s", &["One."])], "", 0).unwrap_err().to_string();
    assert!(error.contains("cannot be written") && error.contains("you may write"), "{error}");
    // A folder that is none, a database that is a folder.
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir(folder.path().join("folder.db")).unwrap();
    for path in ["file/perennial.db", "folder.db"] {
        let error = Store::open(&folder.path().join(path)).unwrap_err().to_string();
        assert!(error.contains("decisions cannot be kept in") && error.contains(path), "{error}");
    }
}

#[test]
fn what_is_no_database_or_is_newer_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("perennial.db");
    std::fs::write(&path, "customer_id,name\n".repeat(100)).unwrap();
    let error = Store::open(&path).unwrap_err().to_string();
    assert!(error.contains("is no database"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("customer_id"));

    let path = folder.path().join("newer.db");
    let store = Store::open(&path).unwrap();
    store.connection.pragma_update(None, "user_version", migrations::VERSION + 1).unwrap();
    drop(store);
    let error = Store::open(&path).unwrap_err().to_string();
    assert!(error.contains("newer Perennial"), "{error}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    store.add_drafts(&[draft("A", "s", &["One."])], "", 0).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 2, "the write-ahead log is there too");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}
