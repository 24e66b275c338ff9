//! What customers may ask of a shop: all that is known, and to be forgotten.

use perennial::data::Channel;
use perennial::workspace::{ByFiles, DecidedBy, Identity, STOPPED_WHILE_HANDING, Withheld};
use rusqlite::params;

use super::{ANNA, ANNA_AGAIN, Running, now, open};

fn anna() -> Identity {
    Identity {
        customer: "anna".into(),
        first_name: Some("Anneliese".into()),
        last_name: Some("Meyerling".into()),
        addresses: vec![
            (Channel::Email, "Anna.Meyer@example.com".into()),
            (Channel::Sms, "+49 170 7654321".into()),
        ],
    }
}

/// A draft as the database keeps it, with this customer as its example.
fn draft(door: &Running) {
    let database = door.database();
    database.execute("INSERT INTO templates VALUES ('00ff', 'win-back', 'name = 1')", []).unwrap();
    for (first, text) in [("Anneliese", "Dear Anneliese, it is back."), ("Otto", "Dear Otto, it is back.")] {
        let document = serde_json::json!({
            "strategy": "win-back", "fields": {"first_name": first, "category": "Kitchen"},
            "text": {"body": text}, "slots": [{"text": "it is back"}]
        });
        database
            .execute(
                "INSERT INTO drafts (made_at, strategy, strategy_version, segment, document) \
                 VALUES (1, 'win-back', '00ff', 'A', ?1)",
                [document.to_string()],
            )
            .unwrap();
    }
    database
        .execute(
            "INSERT INTO decisions (draft, at, author, document) VALUES (2, 2, '\"person\"', ?1)",
            [r#"{"kind":"reject","reason":"Anneliese Meyerling asked us not to"}"#],
        )
        .unwrap();
    database.execute("INSERT INTO coupons VALUES ('2346-7', 'win-back', 'anna', 4)", []).unwrap();
    database
        .execute(
            "INSERT INTO campaign_coupons (code, campaign, customer, state, at) VALUES ('X1', 1, 'anna', 'committed', 0)",
            [],
        )
        .unwrap();
    database
        .execute("UPDATE sends SET detail = '250 to Anna.Meyer@example.com', coupon = 'X1' WHERE id = 1", [])
        .unwrap();
}

fn answers(door: &Running) {
    assert_eq!(door.post(&door.links.feedback(ANNA), "rating=5&text=Greetings+from+Anneliese").status, 200);
    assert_eq!(door.post(&door.links.unsubscribe(ANNA_AGAIN), "preferences=1&push=no").status, 200);
    let bounce = r#"{"id":"b","message_id":"m1@shop.example","status":"4.2.2","reason":"anna.meyer@example.com is full"}"#;
    assert_eq!(door.hook("bounce", bounce).status, 202);
}

/// Whether the bytes stand anywhere in the database's files.
fn stands(door: &Running, word: &str) -> bool {
    std::fs::read_dir(door.folder.path()).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap().to_ascii_lowercase();
        memchr::memmem::find(&bytes, word.to_lowercase().as_bytes()).is_some()
    })
}

#[test]
fn everything_known_is_given_out() {
    let door = open(|_| {});
    draft(&door);
    answers(&door);
    let known = door.store().known_of(&anna()).unwrap();
    let count = |part: &str| known[part].as_array().unwrap().len();
    assert_eq!(
        ["sends", "feedback", "consents", "coupons", "suppressions", "drafts"].map(count),
        [3, 3, 1, 2, 0, 2],
        "{known:#}"
    );
    assert_eq!(known["sends"][0]["address"], "Anna.Meyer@example.com");
    assert_eq!(known["sends"][0]["campaign"], "spring");
    assert_eq!(known["feedback"][0]["text"], "Greetings from Anneliese");
    assert_eq!(known["drafts"][0]["text"]["body"], "Dear Anneliese, it is back.");
}

#[test]
fn an_erased_customer_is_gone_from_the_file_and_stays_suppressed() {
    let door = open(|_| {});
    draft(&door);
    answers(&door);
    door.database().execute("UPDATE sends SET state = 'intended' WHERE id = 5", []).unwrap();
    door.database()
        .execute("UPDATE sends SET state = 'unknown', detail = ?1 WHERE id = 1", [STOPPED_WHILE_HANDING])
        .unwrap();
    for word in ["anna.meyer@example.com", "Anneliese", "Meyerling", "m1@shop.example"] {
        assert!(stands(&door, word), "{word} is there before");
    }
    let mut store = door.store();
    // The other's name stands elsewhere, and stays.
    let erased = store.erase(&anna(), now(), "keeper").unwrap();
    assert_eq!(
        (
            erased.sends,
            erased.cancelled,
            erased.feedback,
            erased.consents,
            erased.coupons,
            erased.drafts,
            erased.wiped
        ),
        (3, 1, 3, 1, 2, 2, true),
        "{erased:?}"
    );
    for word in
        ["anna.meyer@example.com", "7654321", "Anneliese", "Meyerling", "m1@shop.example", "from anne"]
    {
        assert!(!stands(&door, word), "{word}");
    }
    assert!(stands(&door, "Dear Otto"));
    let known = store.known_of(&Identity { customer: "anna".into(), ..Identity::default() }).unwrap();
    assert!(
        known["sends"].as_array().unwrap().is_empty() && known["feedback"].as_array().unwrap().is_empty()
    );
    // The ledger can be counted as before, and the hash tells nothing: it is another every time.
    let database = door.database();
    let hash: String =
        database.query_row("SELECT customer FROM sends WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert!(hash.starts_with("erased:") && hash.len() == 39, "{hash}");
    let why: String =
        database.query_row("SELECT detail FROM sends WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(why, STOPPED_WHILE_HANDING, "what we said ourselves stays");
    let rows: i64 = database
        .query_row("SELECT COUNT(*) FROM sends WHERE customer = ?1", params![hash], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 3);
    let bounce: String =
        database.query_row("SELECT text FROM feedback WHERE kind = 'bounced'", [], |row| row.get(0)).unwrap();
    assert_eq!(bounce, "4.2.2", "what is counted stays");

    // Whoever comes back in the shop's files is not written to.
    let permissions = store.permissions().unwrap();
    for (channel, address) in [
        (Channel::Email, "ANNA.MEYER@example.com"),
        (Channel::Sms, "0049 170 7654321"),
        (Channel::Push, "anna"),
        (Channel::Email, "her-new-address@example.com"),
    ] {
        let may = permissions.may_send("anna", channel, address, Some(true));
        assert_eq!(may, Err(Withheld::Suppressed), "{address}");
    }
    assert_eq!(permissions.may_send("otto", Channel::Sms, "+4915112345678", Some(true)), Ok(()));

    // Links in old messages do no harm and keep nothing.
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "List-Unsubscribe=One-Click").status, 200);
    assert_eq!(door.get(&door.links.unsubscribe(ANNA)).status, 200);
    assert_eq!(door.post(&door.links.feedback(ANNA), "rating=1&text=Anneliese+again").status, 200);
    assert!(!stands(&door, "Anneliese"));
    // Once more: nothing is left to do.
    let again = store.erase(&anna(), now(), "keeper").unwrap();
    assert_eq!((again.sends, again.feedback, again.drafts), (0, 0, 0), "{again:?}");
}

#[test]
fn drafts_are_rewritten_for_an_erasure_alone() {
    let door = open(|_| {});
    draft(&door);
    door.store().erase(&anna(), now(), "keeper").unwrap();
    let database = door.database();
    let (document, reason): (String, String) = database
        .query_row(
            "SELECT (SELECT document FROM drafts WHERE id = 1), (SELECT document FROM decisions)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(document.contains("Dear …, it is back.") && document.contains("Kitchen"), "{document}");
    assert!(reason.contains("… asked us not to"), "{reason}");
    for sql in
        ["UPDATE drafts SET document = '{}'", "UPDATE decisions SET document = '{}'", "DELETE FROM feedback"]
    {
        assert!(database.execute(sql, []).is_err() || sql.starts_with("DELETE"), "{sql}");
    }
}

#[test]
fn a_reader_that_keeps_the_old_bytes_is_told_of() {
    let door = open(|_| {});
    draft(&door);
    let reader = door.database();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM sends;").unwrap();
    let mut store = door.store();
    let erased = store.erase(&anna(), now(), "keeper").unwrap();
    assert_eq!((erased.sends, erased.wiped), (3, false));
    drop(reader);
    assert!(store.erase(&anna(), now(), "keeper").unwrap().wiped);
    assert!(!stands(&door, "Anneliese"));
}

#[test]
fn what_counts_of_a_consent_is_said_with_what_decides_it() {
    let door = open(|_| {});
    let files = ByFiles {
        customer: "anna".into(),
        consents: [Some(true), Some(false), None],
        addresses: [Some("Anna.Meyer@example.com".into()), Some("+49 170 7654321".into()), None],
    };
    let now_counts = |door: &Running| {
        let counts = door.store().effective(&files).unwrap();
        counts.map(|one| (one.may_be_written_to, one.decided_by, one.reason))
    };
    let by_files = [
        (true, DecidedBy::ShopFiles, None),
        (false, DecidedBy::ShopFiles, None),
        (false, DecidedBy::Nothing, None),
    ];
    assert_eq!(now_counts(&door), by_files);
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "List-Unsubscribe=One-Click").status, 200);
    let mut then = by_files;
    then[0] = (false, DecidedBy::Suppression, Some("unsubscribed".into()));
    assert_eq!(now_counts(&door), then);
    // Taken back by the same person: the last word counts, whatever the files say.
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "preferences=1&email=yes").status, 200);
    assert_eq!(now_counts(&door)[0], (true, DecidedBy::Consent, None));
    // An erasure is of every channel, also of one without an address.
    door.store().erase(&anna(), now(), "keeper").unwrap();
    assert!(now_counts(&door).iter().all(|(may, by, _)| !may && *by == DecidedBy::Suppression));
}
