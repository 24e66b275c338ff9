//! Reads a server's answer as it comes: one JSON document, or a stream of them as server-sent events.
//!
//! In: bytes, cut anywhere. Out: JSON documents. Nothing is kept that is longer than the limits allow.

use serde_json::Value;

/// Bytes of one event at most.
const LONGEST_EVENT: usize = 1 << 20;
/// Bytes of a whole answer at most.
const LONGEST_ANSWER: usize = 16 << 20;
/// Bytes of an answer that is one document: as a value it takes many times as much.
const LONGEST_DOCUMENT: usize = 4 << 20;

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    TooLarge,
    /// How it begins, for people.
    NotJson(String),
}

/// An answer so far.
#[derive(Default)]
pub(super) struct Events {
    /// Of a line that has not ended, or of a whole document.
    open: Vec<u8>,
    /// The data of an event that has not ended.
    data: Vec<u8>,
    /// Whether it is one document and no stream; `None` before the first character.
    whole: Option<bool>,
    read: usize,
    done: bool,
}

impl Events {
    /// Takes in the next bytes and tells each document that they complete.
    pub(super) fn push(&mut self, bytes: &[u8], tell: &mut dyn FnMut(Value)) -> Result<(), Unreadable> {
        self.read += bytes.len();
        if self.read > LONGEST_ANSWER {
            return Err(Unreadable::TooLarge);
        }
        let whole = match self.whole {
            Some(whole) => whole,
            None => match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(first) => *self.whole.insert(matches!(first, b'{' | b'[')),
                None => return Ok(()),
            },
        };
        if whole {
            self.open.extend_from_slice(bytes);
            return if self.open.len() > LONGEST_DOCUMENT { Err(Unreadable::TooLarge) } else { Ok(()) };
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(part);
            if self.open.len() > LONGEST_EVENT {
                return Err(Unreadable::TooLarge);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.open);
                self.line(line.trim_ascii_end(), tell)?;
            }
        }
        Ok(())
    }

    /// The answer has ended.
    pub(super) fn finish(&mut self, tell: &mut dyn FnMut(Value)) -> Result<(), Unreadable> {
        let rest = std::mem::take(&mut self.open);
        if self.whole == Some(true) {
            tell(parse(&rest)?);
            return Ok(());
        }
        if self.whole.is_none() {
            return Err(Unreadable::NotJson(String::new()));
        }
        if !rest.is_empty() {
            self.line(rest.trim_ascii_end(), tell)?;
        }
        self.event(tell)
    }

    /// Whether the server has said that nothing follows.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    fn line(&mut self, line: &[u8], tell: &mut dyn FnMut(Value)) -> Result<(), Unreadable> {
        if line.is_empty() {
            return self.event(tell);
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
            return if self.data.len() > LONGEST_EVENT { Err(Unreadable::TooLarge) } else { Ok(()) };
        }
        let known = [&b":"[..], b"event:", b"id:", b"retry:"];
        if known.iter().any(|known| line.starts_with(known)) { Ok(()) } else { Err(not_json(line)) }
    }

    fn event(&mut self, tell: &mut dyn FnMut(Value)) -> Result<(), Unreadable> {
        let data = std::mem::take(&mut self.data);
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
        } else if !data.is_empty() {
            tell(parse(&data)?);
        }
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(bytes).map_err(|_| not_json(bytes))
}

fn not_json(bytes: &[u8]) -> Unreadable {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(240)]);
    Unreadable::NotJson(text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<Value>, Unreadable> {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            events.push(piece, &mut |value| found.push(value))?;
        }
        events.finish(&mut |value| found.push(value))?;
        Ok(found)
    }

    #[test]
    fn a_stream_is_read_whole_wherever_it_is_cut() {
        let stream =
            ": ping\n\nevent: x\r\ndata: {\"a\":\"您好\"}\r\n\r\ndata:{\"b\":\ndata: 2}\n\ndata: [DONE]\n\n";
        for piece in 1..stream.len() {
            let found = read(stream.as_bytes(), piece).unwrap();
            assert_eq!(found, [serde_json::json!({"a": "您好"}), serde_json::json!({"b": 2})], "{piece}");
        }
        let mut events = Events::default();
        events.push(b"data: [DONE]\n\n", &mut |_| {}).unwrap();
        assert!(events.is_done());
    }

    #[test]
    fn a_document_that_is_no_stream_is_read_too_and_so_is_a_last_event_without_its_end() {
        assert_eq!(read(b" \n{\"a\": 1}\n", 3).unwrap(), [serde_json::json!({"a": 1})]);
        assert_eq!(read(b"data: {\"a\": 1}", 5).unwrap(), [serde_json::json!({"a": 1})]);
    }

    #[test]
    fn what_is_no_json_is_told_by_how_it_begins() {
        for (text, begins) in
            [("<html>\n<p>", "<html>"), ("data: {broken\n\n", "{broken"), ("{\"a\":", "{\"a\":"), ("", "")]
        {
            assert_eq!(read(text.as_bytes(), 4), Err(Unreadable::NotJson(begins.into())), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut events = Events::default();
        events.push(b"data: ", &mut |_| {}).unwrap();
        let mut pushed = 0;
        while events.push(&[b'a'; 4096], &mut |_| {}).is_ok() {
            pushed += 4096;
        }
        assert!(pushed <= LONGEST_EVENT);
        let mut events = Events::default();
        events.push(b"{", &mut |_| {}).unwrap();
        while events.push(&[b' '; 1 << 12], &mut |_| {}).is_ok() {}
        assert!(events.open.len() <= LONGEST_DOCUMENT + (1 << 12));
    }
}
