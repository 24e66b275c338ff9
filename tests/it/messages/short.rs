//! Text messages, push messages, and the page that shows messages.

use perennial::campaign::message::{Plainer, Platform, Shown, findings, page, plainer};
use perennial::data::Channel;
use perennial::strategy::Part;

use super::{composed, envelope, mail, short_message};

#[test]
fn links_in_a_text_message_are_rewritten_and_markup_is_words() {
    let composer = perennial::campaign::message::Composer::new(
        Channel::Sms,
        &perennial::config::SendingConfig::default(),
        "Tea & Co",
    )
    .unwrap();
    let text = super::text(&[(Part::Body, " *New*: https://shop.example/new.\r\nBye\u{7} ")]);
    let made = composer
        .compose(&text, &envelope("+49 170 1234567"), &mut |number, _| {
            Some(format!("https://d.example/c{number}"))
        })
        .unwrap();
    assert_eq!(made.text[&Part::Body], "*New*: https://d.example/c1. \nBye");
    assert_eq!(made.links, ["https://shop.example/new"]);
    assert!(made.mail.is_empty());
    for wrong in ["", "nobody", "+49\n170"] {
        assert!(
            composer.compose(&text, &envelope(wrong), &mut |_, url| Some(url.to_owned())).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_push_message_is_told_where_it_is_cut_and_where_it_is_refused() {
    let push = |title: &str, body: &str| {
        findings(&short_message(Channel::Push, &[(Part::Title, title), (Part::Body, body)], "device-1"))
    };
    assert!(push("New tea", "It has come in.").is_empty());
    let cut = push(&"t".repeat(36), "It has come in.");
    assert_eq!(
        cut.iter().map(|one| (one.platform, one.part, one.refused)).collect::<Vec<_>>(),
        [(Platform::Apple, Part::Title, false)]
    );
    // Eighteen Chinese characters are as wide as thirty-six letters.
    assert_eq!(push(&"茶".repeat(18), "到了").len(), 1);
    let refused = push("New tea", &"a".repeat(5000));
    assert_eq!(refused.iter().filter(|one| one.refused).count(), 3);
}

#[test]
fn a_page_shows_each_channel_and_runs_nothing() {
    let email = composed(
        &mail("New <in>", "Hi [x](https://shop.example) <script>alert(1)</script>"),
        &envelope("anna@mail.example"),
    )
    .unwrap();
    let sms = short_message(Channel::Sms, &[(Part::Body, "It’s <here>")], "+491701234567");
    let push = short_message(
        Channel::Push,
        &[(Part::Title, "New \"tea\""), (Part::Body, &"long ".repeat(60))],
        "d1",
    );
    let shown = [
        Shown { heading: "Arm A & B", message: &email, samples: true },
        Shown { heading: "SMS", message: &sms, samples: false },
        Shown { heading: "Push", message: &push, samples: false },
    ];
    let page = page("Preview of <autumn>", &shown);
    for wanted in [
        "default-src 'none'; style-src 'unsafe-inline'",
        "Preview of &lt;autumn&gt;",
        "Arm A &amp; B",
        "<dt>List-Unsubscribe</dt><dd>&lt;https://door.shop.example/u/abc&gt;</dd>",
        "<dt>Subject</dt><dd>New &lt;in&gt;</dd>",
        "class=\"dark\" sandbox title=\"HTML, dark\" srcdoc=\"&lt;!doctype html&gt;",
        "It<mark>’</mark>s &lt;here&gt;",
        "1 part in UCS-2, 11 units, 59 left in the last.",
        "New &quot;tea&quot;",
        "iOS: the body is cut after about 150 columns",
    ] {
        assert!(page.contains(wanted), "{wanted} is not in\n{page}");
    }
    assert!(!page.contains("<script"));
}

#[test]
fn what_was_written_is_made_plainer_without_a_loss_first() {
    let slots = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    // The letter with a mark waits while something can be had for nothing.
    let first = plainer(&slots(&["It’s new… for Čapek", "plain", "“yours”"]));
    let wanted = Plainer {
        slots: vec![(0, "It's new... for Čapek".into()), (2, "\"yours\"".into())],
        count: 4,
        loses: false,
    };
    assert_eq!(first, wanted);
    let then = plainer(&slots(&["It's new... for Čapek"]));
    assert_eq!((then.slots, then.count, then.loses), (vec![(0, "It's new... for Capek".into())], 1, true));
    // Nothing to be done: all of it is in the alphabet, or has no counterpart.
    for nothing in ["fünf", "到了", ""] {
        assert_eq!(plainer(&slots(&[nothing])), Plainer::default(), "{nothing}");
    }
}
