//! E-mail: structure, headers, HTML, links.

use mail_parser::{Message, MessageParser, MimeHeaders as _};
use proptest::prelude::*;

use perennial::campaign::message::{Composer, Doors, Envelope, MessageError, Sender};
use perennial::data::Channel;
use perennial::strategy::Part;

use super::{composed, envelope, mail, sender, text};

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn html(bytes: &[u8]) -> String {
    parsed(bytes).body_html(0).unwrap().into_owned()
}

fn plain(bytes: &[u8]) -> String {
    parsed(bytes).body_text(0).unwrap().into_owned()
}

/// The body as HTML alone, without frame and foot.
fn inside(body: &str) -> String {
    let made = composed(&mail("Hi", body), &envelope("anna@mail.example")).unwrap();
    let html = html(&made.mail).replace("\r\n", "\n");
    let start = html.find("<div style=\"padding:24px 24px 8px\">\n").unwrap() + 36;
    let end = html.find("</div>\n<div class=\"f r\"").unwrap();
    html[start..end].to_owned()
}

#[test]
fn text_comes_first_and_html_second_with_every_header_that_a_sender_to_many_needs() {
    let body = "Hi Anna,\n\nsee [what is new](https://shop.example/new).\n\nKind regards,\nTea & Co";
    let made = composed(&mail("New in: tea", body), &envelope("anna@mail.example")).unwrap();
    assert!(made.mail.is_ascii());
    assert!(
        made.mail
            .split(|&byte| byte == b'\n')
            .all(|line| line.len() <= 999 && line.last().is_none_or(|&end| end == b'\r'))
    );
    let mail = parsed(&made.mail);
    let header = |name: &'static str| mail.header_raw(name).map(|value| value.trim().to_owned());
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Tea & Co"), Some("news@shop.example")));
    assert_eq!(header("To").unwrap(), "anna@mail.example");
    assert_eq!(header("Reply-To").unwrap(), "hello@shop.example");
    assert_eq!(header("Subject").unwrap(), "New in: tea");
    assert_eq!(header("Message-ID").unwrap(), "<0123456789abcdef0123456789abcdef@shop.example>");
    assert_eq!(header("Date").unwrap(), "Sat, 01 Nov 2025 09:30:00 +0000");
    assert_eq!(header("List-Unsubscribe").unwrap(), "<https://door.shop.example/u/abc>");
    assert_eq!(header("List-Unsubscribe-Post").unwrap(), "List-Unsubscribe=One-Click");
    assert_eq!(header("List-Id").unwrap(), "<news.shop.example>");
    assert_eq!(header("Feedback-ID").unwrap(), "autumn:en:perennial:shop.example");
    let kinds: Vec<String> = mail
        .parts
        .iter()
        .map(|part| {
            let kind = part.content_type().unwrap();
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
        })
        .collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "text/html"]);
    assert_eq!(
        plain(&made.mail).replace("\r\n", "\n"),
        "Hi Anna,\n\nsee what is new (https://door.shop.example/c/1).\n\nKind regards,\nTea & Co\n\n-- \n\
         You get this e-mail because you agreed to news from Tea & Co.\n\
         Unsubscribe: https://door.shop.example/u/abc\n\
         Tell us what you think: https://door.shop.example/f/abc\n1 High Street\nSampletown\n"
    );
    let html = html(&made.mail);
    for wanted in [
        "<html lang=\"en\">",
        "<title>New in: tea</title>",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "@media (prefers-color-scheme: dark)",
        "aria-hidden=\"true\">A short look&#847;",
        "<a class=\"l\" href=\"https://door.shop.example/c/1\" style=",
        ">what is new</a>",
        "Kind regards,<br>",
        "agreed to news from Tea &amp; Co.",
        "href=\"https://door.shop.example/u/abc\"",
        "1 High Street<br>",
    ] {
        assert!(html.contains(wanted), "{wanted} is not in\n{html}");
    }
    for never in ["<script", "<img", "@import", "url("] {
        assert!(!html.contains(never), "{never}");
    }
    assert_eq!(made.links, ["https://shop.example/new"]);
    // As it is read: the foot stands below.
    assert!(made.text[&Part::Body].starts_with(
        "Hi Anna,\n\nsee what is new (https://door.shop.example/c/1).\n\nKind regards,\nTea & Co\n\n-- \n"
    ));
}

#[test]
fn a_chinese_message_has_chinese_words_at_its_foot_and_reads_back_as_it_was() {
    let sender = Sender { name: "茶与朋友".into(), shop: "茶与朋友".into(), ..sender() };
    let composer = Composer::mail(sender, None).unwrap();
    let envelope = Envelope { language: "zh-CN", ..envelope("anna@mail.example") };
    let subject = "新品上架：一壶好茶，等您来品尝，还有更多您可能会喜欢的杯子与茶盘";
    let text = text(&[
        (Part::Subject, subject),
        (Part::Body, "安娜，您好！\n\n请看[新品](https://shop.example/新品)。"),
    ]);
    let made = composer.compose(&text, &envelope, &mut |_, url| Some(url.to_owned())).unwrap();
    assert!(made.mail.is_ascii());
    let mail = parsed(&made.mail);
    assert_eq!(mail.subject(), Some(subject));
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("茶与朋友"));
    assert!(
        plain(&made.mail)
            .replace("\r\n", "\n")
            .contains("您收到这封邮件，是因为您同意接收茶与朋友的消息。\n退订：https://")
    );
    assert!(html(&made.mail).contains("<html lang=\"zh-CN\">"));
    assert!(html(&made.mail).contains(">退订</a>"));
}

#[test]
fn the_same_message_is_the_same_bytes() {
    let made = || composed(&mail("Hi", "Hello *there*"), &envelope("anna@mail.example")).unwrap();
    assert_eq!(made().mail, made().mail);
}

#[test]
fn html_in_the_text_is_words_and_only_pages_and_mail_addresses_are_links() {
    assert_eq!(inside("a <b>c</b> & d"), "<p style=\"margin:0 0 16px\">a &lt;b&gt;c&lt;/b&gt; &amp; d</p>\n");
    assert!(inside("<script>alert(1)</script>").contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for wrong in [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hi)",
        "[x](//evil.example)",
        "[x](/relative)",
        "[x](https://)",
        "<javascript:alert(1)>",
        "[x](<https://a b>)",
    ] {
        assert!(!inside(wrong).contains("<a "), "{wrong}: {}", inside(wrong));
    }
    assert!(inside("![a cup](https://evil.example/pixel.gif)").contains(">a cup</p>"));
    assert!(inside("<hello@shop.example>").contains("href=\"mailto:hello@shop.example\""));
    assert!(!inside("[x](https://a.example/?q=\"><b>)").contains("<b>"));
    // A quotation mark cannot leave the attribute.
    let composer = Composer::mail(sender(), None).unwrap();
    let made = composer.compose(
        &mail("Hi", "[x](https://a.example/?q=\"'onclick=)"),
        &envelope("anna@mail.example"),
        &mut |_, url| Some(url.to_owned()),
    );
    assert!(html(&made.unwrap().mail).contains("href=\"https://a.example/?q=&quot;&#39;onclick=\""));
}

#[test]
fn links_are_numbered_once_each_and_rewritten_in_both_parts() {
    let body = "See https://shop.example/a?x=1&y=2, [b](https://shop.example/b), [again](https://shop.example/a?x=1&y=2) \
                and <https://shop.example/c>.\n\n`https://shop.example/code`\n";
    let made = composed(&mail("Hi", body), &envelope("anna@mail.example")).unwrap();
    assert_eq!(
        made.links,
        ["https://shop.example/a?x=1&y=2", "https://shop.example/b", "https://shop.example/c"]
    );
    let door = |number: usize| format!("https://door.shop.example/c/{number}");
    assert!(made.text[&Part::Body].starts_with(&format!(
        "See {}, b ({}), again ({}) and {}.\n\nhttps://shop.example/code\n\n-- \n",
        door(1),
        door(2),
        door(1),
        door(3)
    )));
    let html = html(&made.mail);
    for (number, count) in [(1, 2), (2, 1), (3, 1)] {
        assert_eq!(html.matches(&format!("href=\"{}\"", door(number))).count(), count);
    }
    // The label of a bare address is no other address than the one that it leads to.
    assert!(html.contains(">shop.example/a?x=1&amp;y=2</a>"));
}

#[test]
fn what_was_not_approved_as_a_link_becomes_none() {
    let composer = Composer::mail(sender(), None).unwrap();
    let body = "Hi [win](https://evil.example), see https://shop.example/a or https://evil.example/b.";
    let made = composer
        .compose(&mail("Hi", body), &envelope("anna@mail.example"), &mut |number, url| {
            url.starts_with("https://shop.example/").then(|| format!("https://door.shop.example/c/{number}"))
        })
        .unwrap();
    assert_eq!(made.links, ["https://shop.example/a"]);
    assert!(made.text[&Part::Body].starts_with("Hi win, see https://door.shop.example/c/1 or https://evil"));
    assert!(!html(&made.mail).contains("href=\"https://evil"));
}

#[test]
fn lists_headings_and_quotes_are_plain_in_the_text() {
    let body = "# New\n\n- one\n- two\n  - deep\n\n1. first\n2. second\n\n> said\n> twice\n\n---\n\n**bold** and *soft*";
    let made = composed(&mail("Hi", body), &envelope("anna@mail.example")).unwrap();
    assert!(made.text[&Part::Body].starts_with(
        "New\n\n- one\n- two\n  - deep\n\n1. first\n2. second\n\n> said\n> twice\n\n----\n\nbold and soft\n\n-- \n"
    ));
    let html = inside(body);
    for wanted in [
        "<h1 style=",
        "<ul style=",
        "<ol style=",
        "<blockquote",
        "<hr",
        "<strong>bold</strong>",
        "<em>soft</em>",
    ] {
        assert!(html.contains(wanted), "{wanted} is not in\n{html}");
    }
}

#[test]
fn a_way_out_by_post_is_offered_on_safe_pages_only() {
    let headers = |doors: Doors<'static>| {
        let envelope = Envelope { doors, ..envelope("anna@mail.example") };
        let made = composed(&mail("Hi", "Hello"), &envelope).unwrap();
        let mail = parsed(&made.mail);
        let raw = |name: &'static str| {
            mail.header_raw(name).map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        (raw("List-Unsubscribe"), raw("List-Unsubscribe-Post"))
    };
    let doors = |unsubscribe, unsubscribe_by_mail| Doors { unsubscribe, unsubscribe_by_mail, feedback: None };
    let one_click = Some("List-Unsubscribe=One-Click".to_owned());
    assert_eq!(headers(doors(None, None)), (None, None));
    assert_eq!(
        headers(doors(Some("https://d.example/u"), Some("leave@shop.example"))),
        (
            Some("<https://d.example/u>, <mailto:leave@shop.example?subject=unsubscribe>".into()),
            one_click.clone()
        )
    );
    assert_eq!(headers(doors(Some("http://d.example/u"), None)), (Some("<http://d.example/u>".into()), None));
    assert_eq!(headers(doors(Some("http://127.0.0.1:8080/u"), None)).1, one_click);
    assert_eq!(headers(doors(None, Some("leave@shop.example"))).1, None);
}

#[test]
fn what_cannot_be_sent_is_refused_with_the_reason() {
    for wrong in [
        "",
        "anna",
        "anna@",
        "@mail.example",
        "anna@mail.example, bob@mail.example",
        "a b@c.example",
        "Anna <anna@mail.example>",
        "anna@mail.example\r\nBcc: bob@mail.example",
    ] {
        let refused = composed(&mail("Hi", "Hello"), &envelope(wrong));
        assert!(matches!(refused, Err(MessageError::Address(..))), "{wrong}: {refused:?}");
    }
    for (subject, body) in [("", "Hello"), ("Hi", ""), (" \n ", "Hello")] {
        assert!(matches!(
            composed(&mail(subject, body), &envelope("a@b.example")),
            Err(MessageError::Text(_))
        ));
    }
    for url in [
        "javascript:alert(1)",
        "https://a.example/\r\nBcc: x@y.example",
        "https://a.example/>,<http://b.example",
    ] {
        let doors = Doors { unsubscribe: Some(url), ..Doors::default() };
        let envelope = Envelope { doors, ..envelope("a@b.example") };
        assert!(matches!(composed(&mail("Hi", "Hello"), &envelope), Err(MessageError::Text(_))), "{url}");
    }
    let id = Envelope { message_id: "a>\r\nBcc: x@y.example", ..envelope("a@b.example") };
    assert!(matches!(composed(&mail("Hi", "Hello"), &id), Err(MessageError::Text(_))));
}

#[test]
fn a_sender_that_does_not_do_is_told_with_its_setting() {
    let told = |text: &str| {
        let sending = toml::from_str(text).unwrap();
        match Composer::new(Channel::Email, &sending, "Tea & Co") {
            Err(MessageError::Settings(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(told("").contains("from-address = \"news@your-shop.example\" under [sending]"));
    assert!(told("from-address = \"nobody\"").contains("correct from-address"));
    assert!(told("from-address = \"zoë@shop.example\"").contains("correct from-address"));
    let from = "from-address = \"news@shop.example\"\n";
    assert!(told(&format!("{from}reply-to = \"a b\"")).contains("correct reply-to"));
    assert!(told(&format!("{from}bounce-address = \"a\"")).contains("correct bounce-address"));
    assert!(told(&format!("{from}domain = \"a b\"")).contains("correct domain"));
    assert!(told(&format!("{from}[email]\ndkim-domain = \"shop.example\"")).contains("dkim-selector"));
    let sending = toml::from_str(from).unwrap();
    let composer = Composer::new(Channel::Email, &sending, "Tea & Co").unwrap();
    let sender = composer.sender().unwrap();
    assert_eq!((sender.name.as_str(), sender.domain.as_str()), ("Tea & Co", "shop.example"));
}

#[test]
fn an_address_beyond_ascii_goes_out_as_it_is_and_a_domain_in_its_ascii_form() {
    let made = composed(&mail("Hi", "Hello"), &envelope("zoë@mail.example")).unwrap();
    assert!(!made.mail.is_ascii(), "such a message needs SMTPUTF8");
    assert_eq!(parsed(&made.mail).to().unwrap().first().unwrap().address(), Some("zoë@mail.example"));
    let made = composed(&mail("Hi", "Hello"), &envelope("anna@茶.example")).unwrap();
    assert!(made.mail.is_ascii());
    assert_eq!(made.recipient, "anna@xn--cl1a.example");
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\r\nBcc: eve@evil.example\r\n".to_owned()),
        Just("\n\n<b>body</b>".to_owned()),
        Just("\rX-Evil: 1".to_owned()),
        Just("=?utf-8?q?evil?=".to_owned()),
        Just("\u{85}\u{2028}\u{0}\u{b}".to_owned()),
        Just("\"<eve@evil.example>,".to_owned()),
        Just("--=_perennial_0123456789abcdef0123456789abcdef".to_owned()),
        "\\PC{0,40}",
        "[ a-z]{0,300}",
        "[\\x00-\\x7f]{0,20}",
        "[\u{80}-\u{10000}]{0,30}",
    ];
    proptest::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_header_or_a_part(
        name in hostile(), shop in hostile(), subject in hostile(), preheader in hostile(), body in hostile(),
        campaign in hostile(), postal in hostile(), reason in hostile(), language in hostile(),
    ) {
        let sender = Sender { name, shop, postal_address: Some(postal), reason: Some(reason), ..sender() };
        let composer = Composer::mail(sender, None).unwrap();
        let subject = format!("s{subject}");
        let text = text(&[(Part::Subject, &subject), (Part::Preheader, &preheader), (Part::Body, &format!("b{body}"))]);
        let envelope = Envelope { campaign: &format!("c{campaign}"), language: &language, ..envelope("anna@mail.example") };
        let made = composer.compose(&text, &envelope, &mut |_, url| Some(url.to_owned())).unwrap();
        prop_assert!(made.mail.is_ascii());
        prop_assert!(made.mail.split(|&byte| byte == b'\n').all(|line| line.len() <= 999));
        let mail = parsed(&made.mail);
        let mut names: Vec<String> = mail.headers().iter().map(|header| header.name().to_owned()).collect();
        names.sort();
        let mut wanted = ["Date", "From", "To", "Subject", "Message-ID", "Reply-To", "List-Unsubscribe",
            "List-Unsubscribe-Post", "List-ID", "Feedback-ID", "MIME-Version", "Content-Type"];
        wanted.sort_unstable();
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        prop_assert_eq!(lower(&names), lower(&wanted.map(str::to_owned)));
        prop_assert_eq!(mail.parts.len(), 3);
        prop_assert_eq!(mail.to().unwrap().iter().count(), 1);
        prop_assert_eq!(mail.from().unwrap().iter().count(), 1);
        prop_assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("news@shop.example"));
        let words = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(words(mail.subject().unwrap_or("")), words(&made.text[&Part::Subject]));
        prop_assert!(!html(&made.mail).contains("<b>"));
    }
}
