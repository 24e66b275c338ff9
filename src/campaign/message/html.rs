//! The events of a body as HTML with its styles in place.
//!
//! Mail programs drop style sheets as they please, so that every element carries its own style; classes are there for the
//! dark colours alone.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Tag, TagEnd};

/// Text as it stands between tags or in quotation marks.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => {}
            // No other control character is allowed in HTML.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
}

pub(super) const LINK: &str = "color:#0b57d0;text-decoration:underline";

/// Writes the events.
pub(super) fn write(events: &[Event<'_>], out: &mut String) {
    let mut bare = false;
    for event in events {
        match event {
            Event::Start(tag) => {
                bare = matches!(tag, Tag::Link { link_type: LinkType::Autolink, .. });
                start(tag, out);
            }
            Event::End(tag) => {
                bare = false;
                end(*tag, out);
            }
            // Mail programs warn of a label that is a whole URL and not the one that it leads to.
            Event::Text(text) if bare => {
                let host = text.split_once("://").map_or(&**text, |(_, rest)| rest);
                escape(host, out);
            }
            Event::Text(text) => escape(text, out),
            Event::Code(text) => {
                out.push_str("<code style=\"font-family:Menlo,Consolas,monospace;font-size:0.95em\">");
                escape(text, out);
                out.push_str("</code>");
            }
            Event::HardBreak | Event::SoftBreak => out.push_str("<br>\n"),
            Event::Rule => {
                out.push_str(
                    "<hr class=\"r\" style=\"border:0;border-top:1px solid #d5d7da;margin:24px 0\">\n",
                );
            }
            _ => {}
        }
    }
}

fn start(tag: &Tag<'_>, out: &mut String) {
    match tag {
        Tag::Paragraph => out.push_str("<p style=\"margin:0 0 16px\">"),
        Tag::Heading { level, .. } => {
            let (name, size) = heading(*level);
            out.push_str(&format!("<{name} style=\"margin:24px 0 12px;font-size:{size}px;line-height:1.3\">"));
        }
        Tag::BlockQuote(_) => out.push_str(
            "<blockquote class=\"r\" style=\"margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #d5d7da\">\n",
        ),
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
            out.push_str("<pre style=\"margin:0 0 16px;white-space:pre-wrap;font-family:Menlo,Consolas,monospace;font-size:14px\">");
        }
        Tag::List(None) => out.push_str("<ul style=\"margin:0 0 16px;padding:0 0 0 24px\">\n"),
        Tag::List(Some(1)) => out.push_str("<ol style=\"margin:0 0 16px;padding:0 0 0 24px\">\n"),
        Tag::List(Some(first)) => {
            out.push_str(&format!("<ol start=\"{first}\" style=\"margin:0 0 16px;padding:0 0 0 24px\">\n"));
        }
        Tag::Item => out.push_str("<li style=\"margin:0 0 8px\">"),
        Tag::Emphasis => out.push_str("<em>"),
        Tag::Strong => out.push_str("<strong>"),
        Tag::Link { dest_url, .. } => anchor(dest_url, out),
        _ => {}
    }
}

/// The beginning of a link.
pub(super) fn anchor(url: &str, out: &mut String) {
    out.push_str("<a class=\"l\" href=\"");
    escape(url, out);
    out.push_str("\" style=\"");
    out.push_str(LINK);
    out.push_str("\">");
}

fn end(tag: TagEnd, out: &mut String) {
    match tag {
        TagEnd::Paragraph => out.push_str("</p>\n"),
        TagEnd::Heading(level) => out.push_str(&format!("</{}>\n", heading(level).0)),
        TagEnd::BlockQuote(_) => out.push_str("</blockquote>\n"),
        TagEnd::CodeBlock => out.push_str("</pre>\n"),
        TagEnd::List(false) => out.push_str("</ul>\n"),
        TagEnd::List(true) => out.push_str("</ol>\n"),
        TagEnd::Item => out.push_str("</li>\n"),
        TagEnd::Emphasis => out.push_str("</em>"),
        TagEnd::Strong => out.push_str("</strong>"),
        TagEnd::Link => out.push_str("</a>"),
        _ => {}
    }
}

fn heading(level: HeadingLevel) -> (&'static str, u32) {
    match level {
        HeadingLevel::H1 => ("h1", 24),
        HeadingLevel::H2 => ("h2", 20),
        _ => ("h3", 17),
    }
}
