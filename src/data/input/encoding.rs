//! Which encoding a text is in, and its conversion to UTF-8 in blocks.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, GB18030, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How a file writes its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Encoding {
    /// Also ASCII, and with or without a byte order mark.
    Utf8,
    Utf16Le,
    Utf16Be,
    Gb18030,
    Windows1252,
}

impl Encoding {
    /// As people know it.
    pub(in crate::data) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::Gb18030 => "GB18030",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The encoding of a file that begins with `head`; `None` where that is no text.
    pub(in crate::data) fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => return Some(Self::Utf8),
            [0xFF, 0xFE, ..] => return Some(Self::Utf16Le),
            [0xFE, 0xFF, ..] => return Some(Self::Utf16Be),
            _ => {}
        }
        let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
        let (even, odd) = (zeros(0), zeros(1));
        if even + odd > 0 {
            // Without a mark: Latin letters and delimiters have a zero in every second byte.
            let pairs = head.len() / 2;
            if odd * 10 > pairs * 3 && even * 20 < pairs {
                return Some(Self::Utf16Le);
            } else if even * 10 > pairs * 3 && odd * 20 < pairs {
                return Some(Self::Utf16Be);
            }
        }
        let controls =
            head.iter().filter(|&&byte| byte < 32 && !matches!(byte, b'\n' | b'\r' | b'\t' | 12)).count();
        // One that slipped into a cell is no reason to refuse a file; packed data has them everywhere.
        if controls > (head.len() / 50).max(2).min(head.len() / 10) {
            return None;
        }
        match std::str::from_utf8(head) {
            Ok(_) => Some(Self::Utf8),
            // The head may end inside a letter.
            Err(error) if error.error_len().is_none() => Some(Self::Utf8),
            Err(_) => Some(guess_without_utf8(head)),
        }
    }

    /// The beginning of a text, as far as it can be read.
    pub(in crate::data) fn decode_head(self, head: &[u8]) -> String {
        match self.decoder() {
            None => String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)).into_owned(),
            Some(mut decoder) => {
                let mut text = String::with_capacity(head.len() * 3 + 16);
                let _ = decoder.decode_to_string(head, &mut text, false);
                text
            }
        }
    }

    fn decoder(self) -> Option<Decoder> {
        match self {
            Self::Utf8 => None,
            Self::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Self::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
            Self::Gb18030 => Some(GB18030.new_decoder_without_bom_handling()),
            Self::Windows1252 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
        }
    }

    /// A reader of the same text in UTF-8, without a byte order mark.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub(in crate::data) fn reader(self, mut bytes: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        if let Some(decoder) = self.decoder() {
            return Ok(Box::new(Decoding {
                bytes,
                decoder,
                input: vec![0; 1 << 16],
                unread: 0..0,
                output: vec![0; 1 << 18],
                ready: 0..0,
                ended: false,
            }));
        }
        let mut first = Vec::with_capacity(3);
        bytes.by_ref().take(3).read_to_end(&mut first)?;
        if first == b"\xEF\xBB\xBF" {
            first.clear();
        }
        Ok(Box::new(io::Cursor::new(first).chain(bytes)))
    }
}

/// GB18030 or a Western single-byte encoding? Common Chinese characters are pairs of bytes in the rows of
/// GB 2312; the accents of Western text mostly stand alone between ASCII letters.
fn guess_without_utf8(head: &[u8]) -> Encoding {
    let (mut pairs, mut alone) = (0u32, 0u32);
    let mut rest = head;
    while let Some(at) = rest.iter().position(|byte| !byte.is_ascii()) {
        rest = match &rest[at..] {
            // Two bytes, or four for what GB 2312 lacks, such as ¥.
            [0xB0..=0xF7 | 0xA1..=0xA3, 0xA1..=0xFE, after @ ..]
            | [0x81..=0xFE, b'0'..=b'9', 0x81..=0xFE, b'0'..=b'9', after @ ..] => {
                pairs += 1;
                after
            }
            [_, after @ ..] => {
                alone += 1;
                after
            }
            [] => break,
        };
    }
    if pairs > alone * 2 { Encoding::Gb18030 } else { Encoding::Windows1252 }
}

/// A cell that is not UTF-8 in a file that is, read by the encoding that fits it best.
pub(in crate::data) fn decode_cell(cell: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(cell) {
        return Cow::Borrowed(text);
    }
    let encoding = if guess_without_utf8(cell) == Encoding::Gb18030 { GB18030 } else { WINDOWS_1252 };
    encoding.decode_without_bom_handling(cell).0
}

struct Decoding {
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    unread: std::ops::Range<usize>,
    output: Vec<u8>,
    ready: std::ops::Range<usize>,
    ended: bool,
}

impl Read for Decoding {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if self.unread.is_empty() {
                if self.ended {
                    return Ok(0);
                }
                let read = self.bytes.read(&mut self.input)?;
                self.unread = 0..read;
                self.ended = read == 0;
            }
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.input[self.unread.clone()], &mut self.output, self.ended);
            self.unread.start += read;
            self.ready = 0..written;
            if self.ended && result == CoderResult::InputEmpty && written == 0 {
                return Ok(0);
            }
        }
        let count = into.len().min(self.ready.len());
        into[..count].copy_from_slice(&self.output[self.ready.start..self.ready.start + count]);
        self.ready.start += count;
        Ok(count)
    }
}
