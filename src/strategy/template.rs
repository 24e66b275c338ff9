//! Reads a message template without running it: its fields, its slots, and its tokens.
//!
//! In: the text of a template. Out: what stands in it and where. minijinja decides whether the syntax is
//! right; this reader never fails, so that fields can be named and coloured while somebody is still typing.

mod call;

use std::ops::Range;

pub(crate) use call::SlotCall;
use call::read_call;

/// What a stretch of a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `{{`, `}}`, `{%`, `%}`.
    Delimiter,
    Comment,
    Name,
    Text,
    Number,
    Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
}

/// A field that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldUse {
    pub name: String,
    pub range: Range<usize>,
    /// It is asked for in an `{% if %}` around it (or here), or has `| default(...)`: it may be missing.
    pub guarded: bool,
    /// It stands in the text, not in a condition.
    pub printed: bool,
}

/// Something that a message template may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub range: Range<usize>,
    pub message: String,
    pub remedy: &'static str,
}

/// All that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    pub tokens: Vec<Token>,
    pub fields: Vec<FieldUse>,
    pub slots: Vec<SlotCall>,
    pub faults: Vec<Fault>,
}

/// Filters that a message may use.
pub(crate) const FILTERS: [&str; 7] = ["default", "upper", "lower", "capitalize", "title", "trim", "round"];

const WORDS: [&str; 14] = [
    "if",
    "elif",
    "else",
    "endif",
    "and",
    "or",
    "not",
    "is",
    "in",
    "true",
    "false",
    "none",
    "defined",
    "undefined",
];

/// Reads a template.
pub(crate) fn read(source: &str) -> Template {
    let mut template = Template::default();
    // Fields that the enclosing `{% if %}`s ask for.
    let mut conditions: Vec<Vec<String>> = Vec::new();
    let mut place = 0;
    while let Some(open) = source[place..].find('{').map(|at| place + at) {
        let close = match source.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                let end = source[open..].find("#}").map_or(source.len(), |at| open + at + 2);
                template.tokens.push(Token { kind: TokenKind::Comment, range: open..end });
                place = end;
                continue;
            }
            _ => {
                place = open + 1;
                continue;
            }
        };
        let tokens = lex(source, open + 2, close);
        let end = tokens.last().map_or(open + 2, |token| token.range.end);
        place = end.max(open + 2);
        template.tokens.push(Token { kind: TokenKind::Delimiter, range: open..open + 2 });
        read_block(source, &tokens, close == "%}", &mut conditions, &mut template);
        template.tokens.extend(tokens);
    }
    template
}

/// Tokens up to and with the closing delimiter.
fn lex(source: &str, start: usize, close: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut place = start;
    let mut depth = 0_usize;
    while let Some(character) = source[place..].chars().next() {
        let rest = &source[place..];
        let trimmed = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        // `}}` may also close two inner braces; a message has no maps, so it closes the block.
        if trimmed.starts_with(close) && depth == 0 || rest.starts_with(close) {
            let end = place + rest.len() - trimmed.len() + close.len();
            tokens.push(Token { kind: TokenKind::Delimiter, range: place..end.min(source.len()) });
            break;
        }
        let (kind, length) = match character {
            '"' | '\'' => (TokenKind::Text, literal_length(rest, character)),
            '0'..='9' => (TokenKind::Number, length_while(rest, |c| c.is_ascii_digit() || c == '.')),
            c if c == '_' || c.is_alphabetic() => {
                (TokenKind::Name, length_while(rest, |c| c == '_' || c.is_alphanumeric()))
            }
            c if c.is_whitespace() => {
                place += c.len_utf8();
                continue;
            }
            c => {
                match c {
                    '(' | '[' => depth += 1,
                    ')' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let double = ["==", "!=", "<=", ">=", "//", "**"].iter().any(|pair| rest.starts_with(pair));
                (TokenKind::Operator, if double { 2 } else { c.len_utf8() })
            }
        };
        tokens.push(Token { kind, range: place..place + length });
        place += length;
    }
    tokens
}

fn length_while(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !keep(c)).unwrap_or(text.len())
}

fn literal_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return at + character.len_utf8();
        }
    }
    text.len()
}

/// Reads one `{{ ... }}` or `{% ... %}`, given its tokens.
fn read_block(
    source: &str,
    tokens: &[Token],
    statement: bool,
    conditions: &mut Vec<Vec<String>>,
    template: &mut Template,
) {
    let text = |at: usize| tokens.get(at).map_or("", |token| &source[token.range.clone()]);
    let mut asked = Vec::new();
    let mut first = 0;
    if statement {
        first = 1;
        match text(0) {
            "if" => conditions.push(Vec::new()),
            "elif" | "else" => {
                // What was asked for before holds no longer.
                if let Some(last) = conditions.last_mut() {
                    last.clear();
                }
            }
            "endif" => {
                conditions.pop();
            }
            other => {
                if let Some(token) = tokens.first().filter(|token| token.kind == TokenKind::Name) {
                    template.faults.push(Fault {
                        range: token.range.clone(),
                        message: format!("`{other}` is not a statement of a message"),
                        remedy: "only `if`, `elif`, `else` and `endif` are; write the rest as plain text",
                    });
                }
                return;
            }
        }
    }
    let mut at = first;
    while let Some(token) = tokens.get(at) {
        let name = text(at);
        let before = if at > 0 { text(at - 1) } else { "" };
        if token.kind != TokenKind::Name || before == "." {
            at += 1;
            continue;
        }
        if before == "|" {
            if !FILTERS.contains(&name) && name != "d" {
                template.faults.push(Fault {
                    range: token.range.clone(),
                    message: format!("there is no filter `{name}`"),
                    remedy: "use default, upper, lower, capitalize, title, trim or round",
                });
            }
            at += 1;
            continue;
        }
        if name == "write" && text(at + 1) == "(" {
            let end = match read_call(source, tokens, at) {
                Ok((call, end)) => {
                    template.slots.push(call);
                    end
                }
                Err((fault, end)) => {
                    template.faults.push(fault);
                    end
                }
            };
            at = end;
            continue;
        }
        if text(at + 1) == "(" {
            template.faults.push(Fault {
                range: token.range.clone(),
                message: format!("there is no function `{name}`"),
                remedy: "`write(\"...\")` is the only one",
            });
            at += 1;
            continue;
        }
        if WORDS.contains(&name) || WORDS.contains(&name.to_ascii_lowercase().as_str()) {
            at += 1;
            continue;
        }
        let defaulted = text(at + 1) == "|" && matches!(text(at + 2), "default" | "d");
        if statement {
            asked.push(name.to_owned());
        }
        let guarded = statement || defaulted || conditions.iter().flatten().any(|field| field == name);
        template.fields.push(FieldUse {
            name: name.to_owned(),
            range: token.range.clone(),
            guarded,
            printed: !statement,
        });
        at += 1;
    }
    if let (true, Some(last)) = (statement, conditions.last_mut()) {
        last.extend(asked);
    }
}

/// Where the first `{{` stands that is not closed before the next begins, or the text ends.
pub(super) fn left_open(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("{{") {
        let start = from + found;
        let mut at = start + 2;
        let mut quote = None;
        loop {
            let byte = *bytes.get(at)?;
            match quote {
                Some(mark) => {
                    at += usize::from(byte == b'\\');
                    quote = quote.filter(|_| byte != mark);
                }
                None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
                None if bytes[at..].starts_with(b"}}") => break,
                None if bytes[at..].starts_with(b"{{") || bytes[at..].starts_with(b"{%") => {
                    return Some(start);
                }
                None => {}
            }
            at += 1;
            if at >= bytes.len() {
                return Some(start);
            }
        }
        from = at + 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_slots_are_found() {
        let template = read(
            "Hi {{ first_name }},{# no #} {{ write(\"About {{ segment_category }}.\", limit=90,\n fallback=[\"One.\", 'Two.',]) }} {% if last_product %}{{ last_product | upper }}{% endif %}",
        );
        assert_eq!(template.faults, []);
        let names: Vec<_> =
            template.fields.iter().map(|field| (field.name.as_str(), field.guarded)).collect();
        assert_eq!(names, [("first_name", false), ("last_product", true), ("last_product", true)]);
        let [slot] = template.slots.as_slice() else { panic!("one slot") };
        assert_eq!(slot.instruction.text, "About {{ segment_category }}.");
        assert_eq!(slot.limit, Some(90));
        assert_eq!(slot.fallback.iter().map(|text| text.text.as_str()).collect::<Vec<_>>(), ["One.", "Two."]);
    }

    #[test]
    fn a_guard_ends_with_its_if() {
        let template = read("{% if offer %}{{ offer }}{% else %}{{ offer }}{% endif %}{{ offer }}");
        let guarded: Vec<_> = template.fields.iter().map(|field| field.guarded).collect();
        assert_eq!(guarded, [true, true, false, false]);
    }

    #[test]
    fn what_a_message_may_not_have_is_named() {
        let template =
            read("{% for x in y %}{{ cycler(1) }}{{ a | tojson }}{{ write(b) }}{{ write(\"x\", tone=1) }}");
        let messages: Vec<_> = template.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`for` is not a statement of a message",
                "there is no function `cycler`",
                "there is no filter `tojson`",
                "write() has no instruction",
                "write() has no part `tone`",
            ]
        );
    }

    #[test]
    fn a_slot_without_its_instruction_is_read_while_it_is_typed() {
        for text in ["{{ write(李", "{{李=write(李", "{{ write(é }}", "{{ write(\"", "{{ write(\"李"] {
            let template = read(text);
            assert!(template.tokens.iter().all(|token| text.get(token.range.clone()).is_some()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text in "([{}%#\"'\\\\ a-z李é|.(),=\\[\\]-]|write\\()*") {
            let template = read(&text);
            for token in &template.tokens {
                proptest::prop_assert!(text.get(token.range.clone()).is_some());
            }
        }
    }

    #[test]
    fn a_field_that_is_left_open_is_found_where_it_begins() {
        assert_eq!(left_open("Hi {{ first_name,\n\nIt is {{ month }}."), Some(3));
        assert_eq!(left_open("{{ month }} {{ write(\"a }} {% if b %}\", limit=3)"), Some(12));
        assert_eq!(left_open("{{ write(\"{% if b %}\") }} and {{ month }}"), None);
        assert_eq!(left_open("no field, one { brace"), None);
    }
}
