use crate::review::queue::testing::draft;

use super::*;

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
    assert_eq!(store.template("00ff").unwrap().as_deref(), Some("name = \"x\""));
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
        crate::review::decision::Status::Approved { seal, at: 1, by: Author::Person }
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
fn a_code_belongs_to_one_customer() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let coupon = |code: &str, customer: &str| Coupon {
        code: code.into(),
        strategy: "s".into(),
        customer: customer.into(),
    };
    assert_eq!(store.reserve_coupons(&[coupon("AA", "1"), coupon("BB", "2")], 1).unwrap(), 2);
    assert_eq!(store.reserve_coupons(&[coupon("AA", "1"), coupon("CC", "3")], 2).unwrap(), 1);
    let error = store.reserve_coupons(&[coupon("DD", "4"), coupon("AA", "9")], 3).unwrap_err().to_string();
    assert!(error.contains("clashes"), "{error}");
    assert!(store.coupons_of("s", "4").unwrap().is_empty(), "all or none");
    store.reserve_coupons(&[coupon("EE", "1")], 4).unwrap();
    assert_eq!(store.coupons_of("s", "1").unwrap(), ["AA", "EE"]);
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
