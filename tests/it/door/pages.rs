//! What people see and do: unsubscribe, preferences, feedback; in their language.

use perennial::data::Channel;
use perennial::workspace::{Links, Purpose, SecretName, Withheld};

use super::{ANNA, DAY, LI, OTTO, now, open};

#[test]
fn one_click_unsubscribes_at_once_and_as_often_as_it_is_asked() {
    let door = open(|_| {});
    let link = door.links.unsubscribe(ANNA);
    let multipart = "------7\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n------7--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=----7", multipart),
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
    ] {
        let answer = door.ask("POST", &link, &format!("Content-Type: {kind}\r\n"), body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!((answer.header("location"), answer.header("set-cookie")), (None, None));
        assert_eq!(door.suppressed(), ["email anna.meyer@example.com unsubscribed"]);
        assert_eq!(door.feedback(ANNA), ["unsubscribed \"email=no\" by one-click"]);
    }
    let permissions = door.store().permissions().unwrap();
    let may = |address: &str| permissions.may_send("anna", Channel::Email, address, Some(true));
    assert_eq!(may("ANNA.Meyer@Example.COM"), Err(Withheld::Suppressed));
    assert_eq!(may("another@example.com"), Err(Withheld::NoConsent), "the customer has said no");
    assert_eq!(permissions.may_send("li", Channel::Email, "li@example.cn", Some(true)), Ok(()));
    assert_eq!(permissions.may_send("li", Channel::Email, "li@example.cn", None), Err(Withheld::NoConsent));
}

#[test]
fn to_look_at_the_page_changes_nothing() {
    let door = open(|_| {});
    for method in ["GET", "HEAD"] {
        assert_eq!(door.ask(method, &door.links.unsubscribe(ANNA), "", "").status, 200);
    }
    // Nor does a POST that asks for nothing.
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "").status, 400);
    assert_eq!(door.post(&door.links.unsubscribe(ANNA), "List-Unsubscribe=maybe").status, 400);
    assert!(door.suppressed().is_empty() && door.feedback(ANNA).is_empty());
}

#[test]
fn a_page_is_kept_nowhere_and_tells_nobody() {
    let door = open(|_| {});
    let answer = door.get(&door.links.unsubscribe(ANNA));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    // The shop's name is text, whatever is in it; the address stands nowhere.
    assert!(answer.body.contains("Oak &amp; Linen &lt;Home&gt;") && !answer.body.contains("<Home>"));
    assert!(!answer.body.to_lowercase().contains("anna"), "{}", answer.body);
    assert!(!answer.body.contains("<script") && !answer.body.contains("http"), "{}", answer.body);
}

#[test]
fn the_page_speaks_the_messages_language() {
    let door = open(|_| {});
    let english = door.get(&door.links.unsubscribe(ANNA)).body;
    assert!(english.contains("<html lang=\"en\">") && english.contains("Unsubscribe"), "{english}");
    let chinese = door.get(&door.links.unsubscribe(LI)).body;
    assert!(chinese.contains("<html lang=\"zh-CN\">") && chinese.contains("退订"), "{chinese}");
    // A language that the pages do not speak yet.
    assert!(door.get(&door.links.unsubscribe(OTTO)).body.contains("<html lang=\"en\">"));
    // Where no message is known, the browser's.
    let lost = door.ask("GET", "/u/nothing", "Accept-Language: zh-CN,zh;q=0.9\r\n", "");
    assert_eq!(lost.status, 404);
    assert!(lost.body.contains("此链接无效"), "{}", lost.body);
}

#[test]
fn preferences_are_by_channel_and_can_be_changed_back() {
    let door = open(|_| {});
    let link = door.links.unsubscribe(LI);
    let answer = door.post(&link, "preferences=1&email=no&sms=no&push=yes");
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("已保存"), "{}", answer.body);
    // The text message that waits has an address too.
    assert_eq!(door.suppressed(), ["email li@example.cn unsubscribed", "sms 8613800138000 unsubscribed"]);
    let said = door.store().last_consents_of("li").unwrap();
    assert_eq!(said, [Some(false), Some(false), Some(true)]);
    // What is left open stays as it is; what is unknown is no answer.
    door.post(&link, "preferences=1&email=yes&push=perhaps");
    assert_eq!(door.suppressed(), ["sms 8613800138000 unsubscribed"]);
    assert_eq!(door.store().last_consents_of("li").unwrap(), [Some(true), Some(false), Some(true)]);
    let history = door.store().consents_of("li").unwrap();
    let history: Vec<(&str, bool)> = history.iter().map(|one| (one.channel.as_str(), one.consent)).collect();
    assert_eq!(history, [("email", false), ("sms", false), ("push", true), ("email", true)]);
    let kinds: Vec<String> = door.feedback(LI);
    assert_eq!(
        kinds,
        [
            "unsubscribed \"email=no\" by page",
            "preferences \"sms=no\" by page",
            "preferences \"push=yes\" by page",
            "preferences \"email=yes\" by page"
        ]
    );
}

#[test]
fn what_bounced_is_not_asked_back() {
    let door = open(|_| {});
    assert_eq!(
        door.hook("bounce", r#"{"id":"b1","message_id":"m1@shop.example","status":"5.1.1"}"#).status,
        202
    );
    let page = door.get(&door.links.unsubscribe(ANNA)).body;
    assert!(page.contains("came back or were reported") && !page.contains("<form"), "{page}");
    door.post(&door.links.unsubscribe(ANNA), "preferences=1&email=yes");
    assert_eq!(door.suppressed(), ["email anna.meyer@example.com bounced"]);
}

#[test]
fn a_rating_and_a_sentence_are_kept() {
    let door = open(|_| {});
    let link = door.links.feedback(ANNA);
    let page = door.get(&link).body;
    assert!(page.contains("maxlength=\"500\"") && page.contains("for=\"text\""), "{page}");
    assert_eq!(door.post(&link, "rating=&text=+").status, 400);
    assert_eq!(door.post(&link, "rating=6").status, 400);
    for _ in 0..2 {
        let thanks = door.post(&link, "rating=4&text=Sch%C3%B6n%21");
        assert!(thanks.status == 200 && thanks.body.contains("Thank you"), "{thanks:?}");
    }
    assert_eq!(door.feedback(ANNA), ["rated rating 4 \"Schön!\" by page"]);
    // A changed mind is one more row, but not for ever, and a long one is cut.
    for number in 0..30 {
        door.post(&link, &format!("rating=2&text={number}{}", "x".repeat(3_000)));
    }
    let rows = door.feedback(ANNA);
    assert_eq!(rows.len(), 10);
    assert!(rows[9].chars().count() < 540, "{}", rows[9]);
}

#[test]
fn a_link_of_one_kind_opens_no_other() {
    let door = open(|_| {});
    let token = |purpose| door.links.token(purpose, ANNA);
    for path in [
        format!("/u/{}", token(Purpose::Feedback)),
        format!("/u/{}", token(Purpose::Click(1))),
        format!("/c/{}", token(Purpose::Unsubscribe)),
        format!("/f/{}", token(Purpose::Unsubscribe)),
        format!("/u/{}", door.links.token(Purpose::Unsubscribe, 999)),
        "/".to_owned(),
        "/u/%00".to_owned(),
    ] {
        assert_eq!(door.get(&path).status, 404, "{path}");
        assert!(door.post(&path, "List-Unsubscribe=One-Click").status >= 400, "{path}");
    }
    assert!(door.suppressed().is_empty());
}

#[test]
fn unsubscribing_works_for_ever_and_other_links_say_that_their_time_is_over() {
    let door = open(|_| {});
    let key = door.store().secret(SecretName::Links).unwrap();
    let old = Links::new("", &key, now() - 2 * DAY);
    for link in [old.click(ANNA, 1), old.feedback(ANNA)] {
        let page = door.get(&link);
        assert_eq!(page.status, 410);
        assert!(page.body.contains("This link has expired"), "{}", page.body);
        // The page still lets them unsubscribe.
        let action = page.body.split("action=\"../u/").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(door.get(&format!("/u/{action}")).status, 200);
    }
    assert!(door.feedback(ANNA).is_empty());
    assert_eq!(door.post(&old.unsubscribe(ANNA), "List-Unsubscribe=One-Click").status, 200);
    assert_eq!(door.suppressed().len(), 1);
}

/// The shop's id is the push address, and what an erased customer is known by.
#[test]
fn no_push_is_no_silence() {
    let door = open(|_| {});
    let database = door.database();
    database
        .execute(
            "UPDATE sends SET channel = 'push', address = 'li' WHERE customer = 'li' AND channel = 'sms'",
            [],
        )
        .unwrap();
    door.post(&door.links.unsubscribe(LI), "preferences=1&push=no");
    assert_eq!(door.suppressed(), ["push li unsubscribed"]);
    let permissions = door.store().permissions().unwrap();
    assert_eq!(permissions.may_send("li", Channel::Push, "li", Some(true)), Err(Withheld::Suppressed));
    assert_eq!(permissions.may_send("li", Channel::Email, "li@example.cn", Some(true)), Ok(()));
}
