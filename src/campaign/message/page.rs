//! One page for a browser that shows messages as their recipients see them.
//!
//! In: messages, each with a heading. Out: HTML that loads nothing. An e-mail is read back from its bytes, so that what
//! is shown is what was made; its HTML stands in a frame without scripts, once light and once dark, beside its text.

use mail_parser::{HeaderValue, MessageParser, MimeHeaders as _};

use super::html::escape;
use super::{Outgoing, findings};
use crate::data::Channel;
use crate::strategy::Part;
use crate::strategy::sms::measure;

/// A message to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// As in `Arm A, for Anna`.
    pub heading: &'a str,
    pub message: &'a Outgoing,
    /// Its links lead to the door, and are samples.
    pub samples: bool,
}

/// What is told of such links, after "the".
pub const SAMPLE_LINKS: &str =
    "links in it are samples that lead nowhere: each customer gets their own through the door";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#202124;--soft:#5f6368;--ground:#fff;--card:#f3f4f5;--edge:#d5d7da;--bubble:#e3eefd}\
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#b3b8bd;--ground:#17181a;--card:#242629;--edge:#4a4d51;--bubble:#1f3a5f}}\
body{margin:0 auto;padding:24px;max-width:1280px;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,'PingFang SC','Microsoft YaHei',sans-serif}\
section{margin:0 0 40px;padding:0 0 16px;border-bottom:1px solid var(--edge)}h1{font-size:24px}h2{font-size:19px}h3{font-size:14px;color:var(--soft);margin:16px 0 6px}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0;font-size:14px}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\
.side{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px}iframe{width:100%;height:640px;border:1px solid var(--edge);border-radius:8px;background:#fff}\
.dark{color-scheme:dark;background:#17181a}.light{color-scheme:light}pre{margin:0;padding:12px;height:616px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border:1px solid var(--edge);border-radius:8px;font:13px/1.5 Menlo,Consolas,monospace}\
.row{padding:10px 12px;border:1px solid var(--edge);border-radius:8px;background:var(--card);max-width:560px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}.row span{color:var(--soft)}\
.bubble{max-width:340px;padding:10px 14px;border-radius:18px 18px 18px 4px;background:var(--bubble);white-space:pre-wrap;overflow-wrap:anywhere}\
.push{max-width:360px;padding:12px 14px;border-radius:16px;box-shadow:0 1px 4px #0004}.push b,.push span{display:block;overflow:hidden}.push b{white-space:nowrap;text-overflow:ellipsis}.push span{display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical}\
.push.light{background:#fff;color:#202124}.push.dark{background:#2b2d30;color:#e8eaed}mark{background:#ffd54f;color:#202124}.note{color:var(--soft);font-size:14px}";

/// The page.
#[must_use]
pub fn page(title: &str, shown: &[Shown<'_>]) -> String {
    let mut out = String::with_capacity(16 << 10);
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing is loaded and no script runs, whatever stands in a message.
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>");
    escape(title, &mut out);
    out.push_str("</title>\n<style>");
    out.push_str(STYLE);
    out.push_str("</style>\n</head>\n<body>\n<h1>");
    escape(title, &mut out);
    out.push_str("</h1>\n");
    for one in shown {
        out.push_str("<section>\n<h2>");
        escape(one.heading, &mut out);
        out.push_str("</h2>\n");
        if one.samples && !one.message.links.is_empty() {
            out.push_str(&format!(
                "<p class=\"note\">The {SAMPLE_LINKS}. They stand for:</p>\n<ol class=\"note\">\n"
            ));
            for link in &one.message.links {
                out.push_str("<li>");
                escape(link, &mut out);
                out.push_str("</li>\n");
            }
            out.push_str("</ol>\n");
        }
        match one.message.channel {
            Channel::Email => email(one.message, &mut out),
            Channel::Sms => sms(one.message, &mut out),
            Channel::Push => push(one.message, &mut out),
        }
        out.push_str("</section>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn email(message: &Outgoing, out: &mut String) {
    let Some(parsed) = MessageParser::default().parse(&message.mail) else {
        out.push_str("<p>The message cannot be read back.</p>\n");
        return;
    };
    let part = |part: Part| message.text.get(&part).map_or("", String::as_str);
    out.push_str("<h3>In the list</h3>\n<div class=\"row\"><b>");
    escape(part(Part::Subject), out);
    out.push_str("</b> <span>");
    escape(part(Part::Preheader), out);
    out.push_str("</span></div>\n<h3>Headers</h3>\n<dl>\n");
    for header in parsed.headers() {
        out.push_str("<dt>");
        escape(header.name(), out);
        out.push_str("</dt><dd>");
        let raw = message.mail.get(header.offset_start() as usize..header.offset_end() as usize);
        let raw = raw.map_or_else(String::new, |raw| String::from_utf8_lossy(raw).trim().to_owned());
        let said = match header.value() {
            HeaderValue::Text(text) => text.to_string(),
            // The parser takes every header of angle brackets for addresses.
            HeaderValue::Address(address) if ["From", "To", "Reply-To"].contains(&header.name()) => {
                let one = |one: &mail_parser::Addr<'_>| match (one.name(), one.address()) {
                    (Some(name), Some(address)) => format!("{name} <{address}>"),
                    (name, address) => name.or(address).unwrap_or("").to_owned(),
                };
                address.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            _ => raw,
        };
        escape(&said, out);
        out.push_str("</dd>\n");
    }
    out.push_str("</dl>\n<div class=\"side\">\n");
    let html = parsed.parts.iter().find(|part| part.is_content_type("text", "html"));
    let html = html.and_then(mail_parser::MessagePart::text_contents).unwrap_or("");
    for shade in ["light", "dark"] {
        out.push_str(&format!(
            "<div><h3>HTML, {shade}</h3>\n<iframe class=\"{shade}\" sandbox title=\"HTML, {shade}\" srcdoc=\""
        ));
        escape(html, out);
        out.push_str("\"></iframe></div>\n");
    }
    out.push_str("<div><h3>Text</h3>\n<pre>");
    let text = parsed.parts.iter().find(|part| part.is_content_type("text", "plain"));
    escape(text.and_then(mail_parser::MessagePart::text_contents).unwrap_or(""), out);
    out.push_str("</pre></div>\n</div>\n");
}

fn sms(message: &Outgoing, out: &mut String) {
    let text = message.text.get(&Part::Body).map_or("", String::as_str);
    let size = measure(text);
    out.push_str("<div class=\"bubble\">");
    let mut written = 0;
    // One character of all: where nothing is GSM-7, as in Chinese, there is nothing to point at.
    let forcing = super::forcing(text);
    for forced in forcing.iter().filter(|forced| forced.replacement.is_some()) {
        escape(&text[written..forced.at], out);
        out.push_str("<mark>");
        escape(&forced.text, out);
        out.push_str("</mark>");
        written = forced.at + forced.text.len();
    }
    escape(&text[written..], out);
    let parts = if size.parts == 1 { "part" } else { "parts" };
    out.push_str(&format!(
        "</div>\n<p class=\"note\">To {}: {} {parts} in {}, {} units, {} left in the last.",
        escaped(&message.recipient),
        size.parts,
        size.encoding.name(),
        size.units,
        size.left
    ));
    if forcing.iter().any(|forced| forced.replacement.is_some()) {
        out.push_str(" The marked characters make it UCS-2.");
    }
    out.push_str("</p>\n");
}

fn push(message: &Outgoing, out: &mut String) {
    let part = |part: Part| escaped(message.text.get(&part).map_or("", String::as_str));
    out.push_str("<div class=\"side\">\n");
    for shade in ["light", "dark"] {
        out.push_str(&format!(
            "<div><h3>{shade}</h3><div class=\"push {shade}\"><b>{}</b><span>{}</span></div></div>\n",
            part(Part::Title),
            part(Part::Body)
        ));
    }
    out.push_str("</div>\n");
    for finding in findings(message) {
        out.push_str(&format!("<p class=\"note\">{}.</p>\n", escaped(&finding.message)));
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}
