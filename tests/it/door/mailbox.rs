//! The mailbox: bounces and complaints as servers really shape them (`tests/it/data/mailbox`).

use std::path::PathBuf;

use perennial::door::mailbox::{self, Report};
use perennial::jobs::unwatched;

use super::{ANNA, LI, Running, WAITING, open};

const FIXTURES: &str = "tests/it/data/mailbox";

/// A mailbox with these of the fixtures.
fn mailbox(door: &Running, names: &[&str]) -> PathBuf {
    let folder = door.folder.path().join("mail");
    std::fs::create_dir_all(&folder).unwrap();
    for name in names {
        std::fs::copy(format!("{FIXTURES}/{name}"), folder.join(name)).unwrap();
    }
    folder
}

fn read(door: &Running, names: &[&str]) -> Report {
    let folder = mailbox(door, names);
    unwatched(|task| mailbox::read(&mut door.store(), &folder, task)).unwrap()
}

#[test]
fn hard_bounces_of_every_server_suppress() {
    for (name, row) in [
        (
            "postfix.eml",
            "bounced \"5.1.1 550 5.1.1 <anna.meyer@example.com>: Recipient address rejected: User unknown in virtual mailbox table\" by mailbox",
        ),
        ("exim.eml", "bounced \"5.0.0 550 Unrouteable address\" by mailbox"),
        (
            "exim-plain.eml",
            "bounced \"5.0.0 SMTP error from remote mail server after RCPT TO:<anna.meyer@example.com>: 550 No such user here\" by mailbox",
        ),
        (
            "gmail.eml",
            "bounced \"5.1.1 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address. 550 5.1.1 https://support.example.com/mail/?p=NoSuchUser\" by mailbox",
        ),
        (
            "outlook.eml",
            "bounced \"5.1.10 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\" by mailbox",
        ),
        ("netease.eml", "bounced \"5.0.0 550 User not found: anna.meyer@example.com\" by mailbox"),
    ] {
        let door = open(|_| {});
        let report = read(&door, &[name]);
        assert_eq!((report.messages, report.bounces, report.events.kept), (1, 1, 1), "{name}: {report:?}");
        assert_eq!(door.feedback(ANNA), [row], "{name}");
        assert_eq!(door.suppressed(), ["email anna.meyer@example.com bounced"], "{name}");
    }
}

#[test]
fn what_is_for_the_moment_or_about_the_sender_counts_only() {
    for name in ["postfix-expired.eml", "gmail-blocked.eml", "netease-spam.eml"] {
        let door = open(|_| {});
        let report = read(&door, &[name]);
        assert_eq!((report.bounces, report.events.kept), (1, 1), "{name}: {report:?}");
        assert_eq!(door.feedback(ANNA).len(), 1, "{name}");
        assert!(door.suppressed().is_empty(), "{name}: {:?}", door.suppressed());
    }
}

#[test]
fn a_complaint_suppresses() {
    let door = open(|_| {});
    let report = read(&door, &["complaint.eml", "complaint-redacted.eml", "not-spam.eml"]);
    assert_eq!((report.complaints, report.others, report.events.kept), (2, 1, 2), "{report:?}");
    assert_eq!(door.feedback(ANNA), ["complained by mailbox"]);
    assert_eq!(door.feedback(LI), ["complained by mailbox"], "its Message-ID is enough");
    assert_eq!(door.suppressed().len(), 2);
    assert_eq!(door.store().last_consents_of("li").unwrap()[0], Some(false));
}

#[test]
fn replies_are_kept_without_what_they_quote_and_machines_are_not_heard() {
    let door = open(|_| {});
    let report = read(&door, &["reply.eml", "holiday.eml", "postfix-delayed.eml", "newsletter.eml"]);
    assert_eq!((report.replies, report.waits, report.others), (1, 1, 2), "{report:?}");
    assert_eq!(door.feedback(ANNA), ["replied \"Thank you, the board is lovely.\" by mailbox"]);
    assert!(door.suppressed().is_empty());
}

#[test]
fn who_asks_by_mail_for_no_more_messages_gets_none() {
    let reply = std::fs::read_to_string(format!("{FIXTURES}/reply.eml")).unwrap();
    let said = "Thank you, the board is lovely.";
    for (words, ends) in [
        ("unsubscribe", true),
        ("Please unsubscribe me.", true),
        ("请帮我退订，谢谢", true),
        ("STOP", true),
        (
            "Where can I unsubscribe from the other list? I like this one, and would keep it, so do not take me off.",
            false,
        ),
        ("I cannot stop looking at the board.", false),
    ] {
        let door = open(|_| {});
        std::fs::write(mailbox(&door, &[]).join("reply.eml"), reply.replace(said, words)).unwrap();
        let report = read(&door, &[]);
        assert_eq!((report.replies, report.events.kept), (1, 1), "{words}: {report:?}");
        assert_eq!(door.suppressed().len(), usize::from(ends), "{words}: {:?}", door.suppressed());
    }
    // As a mail program writes it to the address in the header: no reply to anything.
    let door = open(|_| {});
    let today = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let mail = format!(
        "From: Anna <Anna.Meyer@example.com>\nTo: hello@shop.example\nSubject: Unsubscribe\nDate: {today}\n\
         Message-ID: <u-1@example.com>\n\n"
    );
    std::fs::write(mailbox(&door, &[]).join("one.eml"), mail).unwrap();
    let report = read(&door, &[]);
    assert_eq!((report.unsubscribes, report.replies, report.events.kept), (1, 0, 1), "{report:?}");
    assert_eq!(door.suppressed().len(), 1);
    assert_eq!(door.store().last_consents_of("anna").unwrap()[0], Some(false));
}

#[test]
fn a_mailbox_read_again_changes_nothing() {
    let door = open(|_| {});
    let first = read(&door, &["postfix.eml", "complaint.eml", "reply.eml"]);
    assert_eq!((first.events.kept, first.events.repeated), (3, 0));
    // Maildir moves what was seen, and puts flags into its name.
    let mail = door.folder.path().join("mail");
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir(mail.join(part)).unwrap();
    }
    std::fs::rename(mail.join("postfix.eml"), mail.join("cur/1700000000.M1P1.host:2,S")).unwrap();
    std::fs::rename(mail.join("reply.eml"), mail.join("new/1700000001.M1P1.host")).unwrap();
    let again = read(&door, &[]);
    assert_eq!((again.messages, again.events.kept, again.events.repeated), (2, 0, 2), "{again:?}");
}

#[test]
fn a_forged_bounce_of_a_stranger_suppresses_nobody() {
    let door = open(|_| {});
    let folder = mailbox(&door, &[]);
    let real = std::fs::read_to_string(format!("{FIXTURES}/postfix.eml")).unwrap();
    let today = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let real = real.replace("Sat, 1 Nov 2025 10:05:12 +0000 (UTC)", &today);
    let forged = ["anna.meyer@example.com", "Anna.Meyer@example.com"]
        .iter()
        .fold(real.replace("m1@shop.example", "guess@shop.example"), |text, address| {
            text.replace(address, "boss@example.org")
        });
    std::fs::write(folder.join("forged.eml"), forged).unwrap();
    let report = unwatched(|task| mailbox::read(&mut door.store(), &folder, task)).unwrap();
    assert_eq!((report.bounces, report.events.unknown), (1, 1));
    assert!(door.suppressed().is_empty());
    // Without its Message-ID the address alone tells: the last message to it.
    std::fs::write(
        folder.join("headless.eml"),
        real.replace("Message-ID: <m1@shop.example>", "X-Nothing: here"),
    )
    .unwrap();
    unwatched(|task| mailbox::read(&mut door.store(), &folder, task)).unwrap();
    assert_eq!(door.suppressed(), ["email anna.meyer@example.com bounced"]);
}

#[test]
fn whatever_lies_in_the_folder_is_read_or_told() {
    let door = open(|_| {});
    let folder = mailbox(&door, &["postfix.eml"]);
    let whole = std::fs::read(format!("{FIXTURES}/postfix.eml")).unwrap();
    // Every beginning of a bounce, bytes that are no text, nothing at all, a file that is too long.
    for end in (0..whole.len()).step_by(37) {
        std::fs::write(folder.join(format!("cut-{end}.eml")), &whole[..end]).unwrap();
    }
    std::fs::write(folder.join("bytes.eml"), (0..=255_u8).cycle().take(5_000).collect::<Vec<_>>()).unwrap();
    std::fs::write(folder.join(".hidden"), "x").unwrap();
    let long = std::fs::File::create(folder.join("long.eml")).unwrap();
    long.set_len(11 << 20).unwrap();
    let report = unwatched(|task| mailbox::read(&mut door.store(), &folder, task)).unwrap();
    assert_eq!((report.unreadable, report.messages), (1, whole.len().div_ceil(37) + 2), "{report:?}");
    assert!(report.unreadable_files[0].ends_with("long.eml"));
    assert!(door.feedback(WAITING).is_empty());
    let gone = unwatched(|task| mailbox::read(&mut door.store(), &folder.join("none"), task)).unwrap_err();
    assert!(gone.to_string().contains("Maildir"), "{gone}");
}
