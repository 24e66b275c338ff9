//! What providers tell: webhooks and files.

use hmac::{KeyInit as _, Mac as _};
use perennial::door::import;
use perennial::jobs::unwatched;

use super::{ANNA, ANNA_AGAIN, ANNA_THIRD, DAY, LI, OTTO, Running, SECRET, WAITING, now, open};

fn told(door: &Running, kind: &str, body: &str) -> serde_json::Value {
    let answer = door.hook(kind, body);
    assert_eq!(answer.status, 202, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn only_who_knows_the_secret_is_heard() {
    let door = open(|_| {});
    let body = r#"{"id":"e","message_id":"m1@shop.example"}"#;
    let ask = |headers: &str| door.ask("POST", "/hook/complaint", headers, body).status;
    let signed = |key: &str, body: &str| {
        let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(ask(""), 401);
    assert_eq!(ask("Authorization: Bearer a secret of provider\r\n"), 401);
    assert_eq!(ask(&format!("Authorization: Basic {SECRET}\r\n")), 401);
    assert_eq!(ask(&format!("X-Perennial-Signature: sha256={}\r\n", signed(SECRET, "{}"))), 401);
    assert_eq!(
        ask(&format!("X-Perennial-Signature: sha256={}\r\n", signed("another key of ours", body))),
        401
    );
    assert!(door.feedback(ANNA).is_empty());
    assert_eq!(ask(&format!("X-Perennial-Signature: sha256={}\r\n", signed(SECRET, body))), 202);
    assert_eq!(ask(&format!("authorization: bearer {SECRET}\r\n")), 202);
    assert_eq!(door.feedback(ANNA), ["complained by webhook"]);
}

#[test]
fn whoever_guesses_secrets_is_stopped() {
    let door = open(|_| {});
    let codes: Vec<u16> = (0..20).map(|_| door.ask("POST", "/hook/bounce", "", "{}").status).collect();
    assert!(codes[..10].iter().all(|&code| code == 401) && codes.contains(&429), "{codes:?}");
}

#[test]
fn an_event_told_twice_is_kept_once_and_unknown_ones_are_counted() {
    let door = open(|_| {});
    let event = r#"{"id":"d1","message_id":"<m1@shop.example>","at":"2025-11-01T10:00:00Z"}"#;
    let said = told(&door, "delivery", event);
    assert_eq!((&said["kept"], &said["repeated"]), (&1.into(), &0.into()));
    let said = told(
        &door,
        "events",
        r#"[{"kind":"delivered","id":"d1","message_id":"m1@shop.example"},
            {"kind":"delivered","id":"d2","message_id":"of-another-shop@example.org"},
            {"kind":"opened","id":"d3","message_id":"m1@shop.example"}, 7]"#,
    );
    assert_eq!(
        said.to_string(),
        r#"{"received":4,"kept":0,"repeated":1,"unknown":1,"refused":2,"refusals":[[3,"there is no kind of event \"opened\""],[4,"it is no object"]]}"#
    );
    // Without an id it is known by all that it says.
    let reply = r#"{"message_id":"m1@shop.example","text":"Thanks!","at":1761990000}"#;
    assert_eq!(told(&door, "reply", reply)["kept"], 1);
    assert_eq!(told(&door, "reply", reply)["repeated"], 1);
    assert_eq!(told(&door, "reply", &reply.replace("Thanks", "Again"))["kept"], 1);
    // Nor does one without a time come twice.
    let timeless = r#"{"message_id":"m1@shop.example","text":"Hm."}"#;
    assert_eq!(told(&door, "reply", timeless)["kept"], 1);
    assert_eq!(told(&door, "reply", timeless)["repeated"], 1);
    assert_eq!(
        door.feedback(ANNA),
        [
            "delivered by webhook",
            "replied \"Thanks!\" by webhook",
            "replied \"Again!\" by webhook",
            "replied \"Hm.\" by webhook"
        ]
    );
}

#[test]
fn what_is_no_event_is_an_error_and_keeps_nothing() {
    let door = open(|_| {});
    for (kind, body, status) in [
        ("bounce", "{", 400),
        ("bounce", "\"text\"", 400),
        ("bounce", "", 400),
        ("opening", "{}", 404),
        ("../u/x", "{}", 404),
    ] {
        assert_eq!(door.hook(kind, body).status, status, "{kind} {body}");
    }
    let large = format!("[{}1]", "1,".repeat(600_000));
    assert_eq!(door.hook("bounce", &large).status, 413);
    assert_eq!(door.ask("GET", "/hook/bounce", "", "").status, 405);
}

#[test]
fn a_hard_bounce_suppresses_and_three_soft_ones_do() {
    let door = open(|_| {});
    let soft = |id: &str, message: &str, at: i64| {
        format!(r#"{{"id":"{id}","message_id":"{message}","status":"4.2.2","reason":"full","at":{at}}}"#)
    };
    let at = now();
    told(&door, "bounce", &soft("s1", "m1@shop.example", at - 20 * DAY));
    // The same message again is the same trouble.
    told(&door, "bounce", &soft("s1-again", "m1@shop.example", at - 19 * DAY));
    told(&door, "bounce", &soft("s2", "m4@shop.example", at - 10 * DAY));
    assert!(door.suppressed().is_empty(), "{:?}", door.suppressed());
    told(&door, "bounce", &soft("s3", "m5@shop.example", at));
    assert_eq!(door.suppressed(), ["email anna.meyer@example.com bounced"]);
    assert_eq!(door.feedback(ANNA_THIRD), ["bounced \"4.2.2 full\" by webhook"]);

    told(
        &door,
        "bounce",
        r#"{"id":"h1","message_id":"m2@shop.example","bounce":"hard","reason":"no such user"}"#,
    );
    assert_eq!(door.suppressed().len(), 2);
    // Blocked for what the sender is, not for what the address is.
    told(
        &door,
        "bounce",
        r#"{"id":"h2","message_id":"m3@shop.example","status":"5.7.1","reason":"blocked"}"#,
    );
    assert_eq!(door.suppressed().len(), 2);
}

#[test]
fn soft_bounces_long_ago_are_forgotten() {
    let door = open(|_| {});
    for (number, message, days) in [(1, "m1", 70), (2, "m4", 40), (3, "m5", 0)] {
        let at = now() - days * DAY;
        told(
            &door,
            "bounce",
            &format!(
                r#"{{"id":"{number}","message_id":"{message}@shop.example","bounce":"soft","at":{at}}}"#
            ),
        );
    }
    assert!(door.suppressed().is_empty(), "{:?}", door.suppressed());
    assert_eq!(door.feedback(ANNA_AGAIN).len(), 1);
}

#[test]
fn complaints_and_wishes_take_the_consent_back() {
    let door = open(|_| {});
    told(&door, "complaint", r#"{"id":"c","message_id":"m1@shop.example"}"#);
    told(&door, "unsubscribe", r#"{"id":"u","message_id":"m2@shop.example"}"#);
    // By address, when the number is spelt in another way.
    told(&door, "reply", r#"{"id":"r","address":"0049 1511 2345678","channel":"sms","text":" Stop. "}"#);
    assert_eq!(
        door.suppressed().iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        [
            "email anna.meyer@example.com complained",
            "email li@example.cn unsubscribed",
            "sms 4915112345678 unsubscribed"
        ]
        .into()
    );
    let store = door.store();
    for (customer, channel) in [("anna", 0), ("li", 0), ("otto", 1)] {
        assert_eq!(store.last_consents_of(customer).unwrap()[channel], Some(false), "{customer}");
    }
    // An address of which no message is known is suppressed all the same.
    assert_eq!(told(&door, "complaint", r#"{"id":"x","address":"Someone@Example.ORG"}"#)["unknown"], 1);
    assert!(door.suppressed().contains(&"email someone@example.org complained".to_owned()));
    // But a reply that only begins so is a reply.
    told(&door, "reply", r#"{"id":"r2","send":6,"text":"stop sending me blue ones"}"#);
    assert_eq!(door.feedback(WAITING), ["replied \"stop sending me blue ones\" by webhook"]);
}

#[test]
fn an_order_is_put_to_the_message_whose_coupon_it_used() {
    let door = open(|_| {});
    let database = door.database();
    database
        .execute(
            "INSERT INTO campaign_coupons (code, campaign, pool, customer, state, at) \
             VALUES ('ABCD-1', 1, 'spring', 'li', 'committed', 0)",
            [],
        )
        .unwrap();
    told(
        &door,
        "order",
        r#"[{"order_id":"o1","coupon":"ABCD-1","amount":"49.90","currency":"EUR"},
            {"order_id":"o2","customer":"otto","amount":1200,"currency":"JPY"}]"#,
    );
    let rows: Vec<(Option<i64>, String, i64, String)> = {
        let mut statement = database
            .prepare(
                "SELECT send, customer, amount, currency FROM feedback WHERE kind = 'ordered' ORDER BY id",
            )
            .unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(
        rows,
        [(Some(LI), "li".into(), 4990, "EUR".into()), (None, "otto".into(), 1200, "JPY".into())]
    );
    let state: String =
        database.query_row("SELECT state FROM campaign_coupons", [], |row| row.get(0)).unwrap();
    assert_eq!(state, "redeemed");
}

#[test]
fn files_tell_the_same_as_webhooks() {
    let door = open(|_| {});
    told(&door, "delivery", r#"{"id":"d1","message_id":"m1@shop.example"}"#);
    let file = |name: &str, text: &str| {
        let path = door.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let csv = file(
        "events.csv",
        "\u{feff}Event,ID,Message_ID,Time,Reason\n\
         delivered,d1,m1@shop.example,2025-11-01 10:00:00,\n\
         bounce,b1,<m2@shop.example>,2025-11-01T10:00:00Z,\"550 no, such user\"\n\
         delivered,d9,nobody@example.org,,\n\
         opened,o1,m1@shop.example,,\n",
    );
    let mut store = door.store();
    let read =
        |store: &mut _, path: &_| unwatched(|task| import::events(store, path, None, 10, task)).unwrap();
    let counts = read(&mut store, &csv);
    assert_eq!(
        (counts.received, counts.kept, counts.repeated, counts.unknown, counts.refused),
        (4, 1, 1, 1, 1)
    );
    assert_eq!(counts.refusals, [(4, "there is no kind of event \"opened\"".to_owned())]);
    assert_eq!(read(&mut store, &csv).repeated, 2);
    let ndjson = file(
        "events.ndjson",
        "{\"kind\":\"rating\",\"id\":\"r1\",\"send\":3,\"rating\":5}\n\nnonsense\n{\"kind\":\"reply\",\"id\":\"r2\",\"send\":3,\"text\":\"hm\"}",
    );
    let counts = read(&mut store, &ndjson);
    assert_eq!((counts.received, counts.kept, counts.refused), (3, 2, 1));
    assert_eq!(door.feedback(OTTO), ["rated rating 5 by import", "replied \"hm\" by import"]);
    let gone =
        unwatched(|task| import::events(&mut store, &door.folder.path().join("none.csv"), None, 10, task));
    assert!(gone.unwrap_err().to_string().contains("none.csv cannot be read"));
}

#[test]
fn lists_of_suppressed_addresses_come_and_go() {
    let door = open(|_| {});
    let file = |name: &str, text: &str| {
        let path = door.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut store = door.store();
    let bare = file("bare.txt", "A@example.com\nb@example.com\na@EXAMPLE.com\n");
    let counts = import::suppressions(&mut store, &bare).unwrap();
    assert_eq!((counts.received, counts.kept, counts.repeated), (3, 2, 1));
    let table = file(
        "list.csv",
        "email,phone,channel,reason\nc@example.com,,all,Spam complaint\n,+49 1511 2345678,,退订\nd@example.com,,fax,\n",
    );
    let counts = import::suppressions(&mut store, &table).unwrap();
    assert_eq!((counts.kept, counts.refused), (2, 1));
    assert_eq!(
        door.suppressed().iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        [
            "all c@example.com complained",
            "email a@example.com listed",
            "email b@example.com listed",
            "sms 4915112345678 unsubscribed"
        ]
        .into()
    );
    // Rows of this project whose address is gone come back by their hash.
    let before = store.suppressions().unwrap();
    let hash = before.iter().find(|one| one.channel == "all").unwrap().address_hash.clone();
    door.database().execute("DELETE FROM suppressions", []).unwrap();
    let own = file("own.csv", &format!("channel,address,address_hash,reason\nall,,{hash},erased\n"));
    let counts = import::suppressions(&mut store, &own).unwrap();
    assert_eq!((counts.kept, counts.unproved), (1, 1), "an old list does not say whose hashes it has");
    let mark = store.address_key_mark().unwrap();
    let marked = |key: &str| format!("channel,address,address_hash,reason,key\nall,,{hash},erased,{key}\n");
    let counts = import::suppressions(&mut store, &file("marked.csv", &marked(&mark))).unwrap();
    assert_eq!((counts.repeated, counts.unproved, counts.refused), (1, 0, 0));
    let counts = import::suppressions(&mut store, &file("other.csv", &marked("0123456789abcdef"))).unwrap();
    assert_eq!((counts.kept, counts.repeated, counts.refused), (0, 0, 1));
    assert!(counts.refusals[0].1.contains("another project's key"), "{counts:?}");
    let permissions = store.permissions().unwrap();
    assert!(permissions.is_suppressed(perennial::data::Channel::Email, "C@example.com"));
    assert!(!permissions.is_suppressed(perennial::data::Channel::Email, "a@example.com"));
}

#[test]
fn an_order_is_by_a_message_only_where_it_names_it() {
    let door = open(|_| {});
    told(&door, "order", r#"{"order_id":"A1","address":"anna.meyer@example.com","amount":"5.00"}"#);
    told(&door, "order", r#"{"order_id":"A2","customer":"anna","amount":"5.00"}"#);
    told(&door, "order", r#"{"order_id":"A3","message_id":"m1@shop.example","amount":"5.00"}"#);
    let kept = door.store().feedback_from("anna").unwrap();
    let sends: Vec<Option<i64>> = kept.iter().map(|line| line.send).collect();
    assert_eq!(sends, [None, None, Some(ANNA)]);
    // All three are orders of a customer of that campaign, with the shop's own ids.
    let orders = door.store().told_orders(1, 0).unwrap();
    let ids: Vec<_> = orders.iter().filter_map(|order| order.order.as_deref()).collect();
    assert_eq!((ids, orders[0].amount), (vec!["A1", "A2", "A3"], Some(500)));
}
