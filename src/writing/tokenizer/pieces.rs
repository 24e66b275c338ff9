//! Vocabularies of pieces with scores (`SentencePiece`), as the `llama` kind of GGUF tokenizer has them.
//!
//! A text's characters are joined pair by pair, the pair of the highest score first; a character that is no piece is
//! spelled in bytes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

/// Stands for a space.
const SPACE: char = '▁';

/// Kinds of tokens in a GGUF file.
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const ADDED: i64 = 4;
const UNUSED: i64 = 5;
const BYTE: i64 = 6;

pub(super) struct Pieces {
    /// Number and score of each piece that text is made of.
    pieces: HashMap<String, (u32, f32)>,
    /// Pieces that are taken whole wherever they stand, the longest first.
    added: Vec<(String, u32)>,
    bytes: HashMap<u8, u32>,
    unknown: Option<u32>,
    /// Whether a text begins as if a space stood before it.
    prefix: bool,
}

/// Two neighbours that may be joined.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Bytes of both; another number, and one of them has been joined with something else.
    length: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// A stretch of the text between its neighbours.
struct Stretch {
    start: usize,
    end: usize,
    before: Option<usize>,
    next: Option<usize>,
}

impl Pieces {
    /// From the lists of a file, which are of one length. Fills `special`, and says what bytes each token stands for.
    pub fn new(
        tokens: &[String],
        scores: &[f32],
        kinds: &[i64],
        prefix: bool,
        special: &mut HashMap<String, u32>,
    ) -> (Self, Vec<Box<[u8]>>) {
        let mut found =
            Self { pieces: HashMap::new(), added: Vec::new(), bytes: HashMap::new(), unknown: None, prefix };
        let mut plain = Vec::with_capacity(tokens.len());
        for (((id, token), score), kind) in (0_u32..).zip(tokens).zip(scores).zip(kinds) {
            let byte = token
                .strip_prefix("<0x")
                .and_then(|rest| rest.strip_suffix('>'))
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match (*kind, byte) {
                (BYTE, Some(byte)) => {
                    found.bytes.insert(byte, id);
                    plain.push([byte].into());
                    continue;
                }
                (UNKNOWN, _) => found.unknown = Some(id),
                (UNUSED | BYTE, _) => {}
                (CONTROL, _) => drop(special.insert(token.clone(), id)),
                // What looks like a mark of turns must not be made of a text.
                (ADDED, _) if token.starts_with('<') => drop(special.insert(token.clone(), id)),
                (kind, _) => {
                    if kind == ADDED {
                        found.added.push((token.clone(), id));
                    } else {
                        found.pieces.insert(token.clone(), (id, *score));
                    }
                    plain.push(token.replace(SPACE, " ").into_bytes().into());
                    continue;
                }
            }
            plain.push(Box::default());
        }
        found.added.retain(|(token, _)| !token.is_empty());
        found.added.sort_by_key(|(token, _)| std::cmp::Reverse(token.len()));
        (found, plain)
    }

    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        if text.is_empty() {
            return ids;
        }
        let prefix = if self.prefix { " " } else { "" };
        let text = format!("{prefix}{text}").replace(' ', "▁");
        let (mut plain, mut at) = (0, 0);
        while at < text.len() {
            let added = self.added.iter().find(|(token, _)| text[at..].starts_with(token.as_str()));
            if let Some((token, id)) = added {
                self.join(&text[plain..at], &mut ids);
                ids.push(*id);
                at += token.len();
                plain = at;
            } else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        self.join(&text[plain..], &mut ids);
        ids
    }

    /// Joins the characters of `text` and appends what becomes of them.
    fn join(&self, text: &str, ids: &mut Vec<u32>) {
        let mut stretches: Vec<Stretch> = text
            .char_indices()
            .enumerate()
            .map(|(index, (start, c))| Stretch {
                start,
                end: start + c.len_utf8(),
                before: index.checked_sub(1),
                next: Some(index + 1),
            })
            .collect();
        if let Some(last) = stretches.last_mut() {
            last.next = None;
        }
        let mut pairs = BinaryHeap::new();
        let offer = |stretches: &[Stretch], left: usize, right: usize, pairs: &mut BinaryHeap<Pair>| {
            let both = &text[stretches[left].start..stretches[right].end];
            if let Some((_, score)) = self.pieces.get(both) {
                pairs.push(Pair { score: *score, left, right, length: both.len() });
            }
        };
        for right in 1..stretches.len() {
            offer(&stretches, right - 1, right, &mut pairs);
        }
        while let Some(Pair { left, right, length, .. }) = pairs.pop() {
            let gone = |at: usize| stretches[at].start == stretches[at].end;
            if gone(left) || gone(right) || stretches[right].end - stretches[left].start != length {
                continue;
            }
            // The right one goes into the left one.
            let (end, next) = (stretches[right].end, stretches[right].next);
            stretches[right].end = stretches[right].start;
            stretches[left].end = end;
            stretches[left].next = next;
            if let Some(next) = next {
                stretches[next].before = Some(left);
                offer(&stretches, left, next, &mut pairs);
            }
            if let Some(before) = stretches[left].before {
                offer(&stretches, before, left, &mut pairs);
            }
        }
        for stretch in stretches.iter().filter(|stretch| stretch.start < stretch.end) {
            let piece = &text[stretch.start..stretch.end];
            if let Some((id, _)) = self.pieces.get(piece) {
                ids.push(*id);
                continue;
            }
            let spelled: Option<Vec<u32>> =
                piece.bytes().map(|byte| self.bytes.get(&byte).copied()).collect();
            ids.extend(spelled.unwrap_or_else(|| self.unknown.into_iter().collect()));
        }
    }
}
