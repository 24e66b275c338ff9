//! Clicks: where they lead, and which of them no person made.

use rusqlite::params;

use super::{ANNA, DAY, LI, MINUTE, OTTO, Running, now, open};

#[test]
fn a_click_leads_to_the_campaigns_link_and_nowhere_else() {
    let door = open(|_| {});
    let answer = door.get(&door.links.click(ANNA, 2));
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), Some("https://shop.example/p/2?from=mail&n=%C3%BC"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(door.feedback(ANNA), ["clicked link 2 by page"]);
    // A number that the campaign has not, another target in the address, a target that is no page.
    assert_eq!(door.get(&door.links.click(ANNA, 9)).status, 404);
    let elsewhere = door.get(&format!("{}?url=https://evil.example", door.links.click(ANNA, 1)));
    assert_eq!(elsewhere.header("location"), Some("https://shop.example/p/1?from=mail&n=%C3%BC"));
    door.database().execute("INSERT INTO links VALUES (1, 7, 'javascript:alert(1)')", []).unwrap();
    assert_eq!(door.get(&door.links.click(ANNA, 7)).status, 404);
}

/// The same link every second for a while is so many clicks, and there is an end to them.
#[test]
fn clicks_are_counted_and_bounded() {
    let door = open(|_| {});
    for _ in 0..5 {
        door.get(&door.links.click(ANNA, 1));
    }
    let first = door.feedback(ANNA).len();
    assert!((1..=5).contains(&first), "the same link within a second is one click: {first}");
    let mut store = door.store();
    let sent = store.sent(ANNA).unwrap().unwrap();
    for second in 0..400 {
        store.add_click(&sent, 1, now() + (10 + second * 5) * 1_000, false, 0).unwrap();
    }
    assert_eq!(door.feedback(ANNA).len(), 200);
}

#[test]
fn scanners_are_marked_by_what_they_ask() {
    let door = open(|_| {});
    assert_eq!(door.ask("HEAD", &door.links.click(ANNA, 1), "", "").status, 302);
    door.ask("GET", &door.links.click(LI, 1), "Sec-Purpose: prefetch;anonymous-client-ip\r\n", "");
    assert_eq!(door.feedback(ANNA), ["clicked link 1 scanner by page"]);
    assert_eq!(door.feedback(LI), ["clicked link 1 scanner by page"]);
}

#[test]
fn a_click_within_seconds_of_acceptance_is_a_scanners() {
    let door = open(|config| config.door.scanner_seconds = 600);
    door.database().execute("UPDATE sends SET at = ?1 WHERE id = ?2", params![now() - 30_000, ANNA]).unwrap();
    door.get(&door.links.click(ANNA, 1));
    door.get(&door.links.click(LI, 1));
    assert_eq!(door.feedback(ANNA), ["clicked link 1 scanner by page"]);
    assert_eq!(door.feedback(LI), ["clicked link 1 by page"], "an hour after");
}

fn clicks(door: &Running, send: i64, at: &[(u32, i64)]) {
    let mut store = door.store();
    let sent = store.sent(send).unwrap().unwrap();
    for &(link, at) in at {
        store.add_click(&sent, link, at, false, 10_000).unwrap();
    }
}

#[test]
fn every_link_at_once_is_no_person_and_the_first_click_is_marked_afterwards() {
    let door = open(|_| {});
    let then = now() - 10 * MINUTE;
    clicks(&door, ANNA, &[(1, then), (2, then + 1_000), (3, then + 2_000), (1, then + MINUTE)]);
    assert_eq!(
        door.feedback(ANNA),
        [
            "clicked link 1 scanner by page",
            "clicked link 2 scanner by page",
            "clicked link 3 scanner by page",
            "clicked link 1 by page"
        ]
    );
    // A person reads in between.
    clicks(&door, LI, &[(1, then), (2, then + 4_000), (3, then + 9_000)]);
    assert!(door.feedback(LI).iter().all(|row| !row.contains("scanner")), "{:?}", door.feedback(LI));
}

#[test]
fn a_delivery_that_is_told_later_marks_the_clicks_that_followed_it_at_once() {
    let door = open(|_| {});
    let delivered = now() - 20 * MINUTE;
    clicks(&door, ANNA, &[(1, delivered + 3_000), (2, delivered + 5 * MINUTE)]);
    let told = format!(r#"{{"id":"d1","message_id":"<m1@shop.example>","at":{delivered}}}"#);
    assert_eq!(door.hook("delivery", &told).status, 202);
    assert_eq!(
        door.feedback(ANNA),
        ["clicked link 1 scanner by page", "clicked link 2 by page", "delivered by webhook"]
    );
    // The other way round: the delivery is known when the click comes.
    let told = format!(r#"{{"id":"d2","message_id":"m2@shop.example","at":{delivered}}}"#);
    door.hook("delivery", &told);
    clicks(&door, LI, &[(1, delivered + 9_000), (1, delivered + 11_000)]);
    assert_eq!(door.feedback(LI)[1..], ["clicked link 1 scanner by page", "clicked link 1 by page"]);
}

#[test]
fn clicks_that_a_provider_tells_are_looked_at_in_the_same_way() {
    let door = open(|_| {});
    let at = now() - DAY / 2;
    let told: Vec<String> =
        (1..=3).map(|link| format!(r#"{{"id":"c{link}","send":{OTTO},"link":{link},"at":{at}}}"#)).collect();
    assert_eq!(door.hook("click", &format!("[{}]", told.join(","))).status, 202);
    assert!(door.feedback(OTTO).iter().all(|row| row.contains("scanner")), "{:?}", door.feedback(OTTO));
}
