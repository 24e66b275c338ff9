//! Identifiers as numbers: what makes ten million orders fit in little memory.
//!
//! In: identifiers as bytes. Out: row numbers, and whether an identifier was seen before. Most shops number
//! their customers and orders (`10023`, `ORD-0010023`), so an identifier that has the shape of the first one is
//! its own number and is looked up in pages; any other is looked up by a 64-bit hash (at ten million
//! identifiers two collide with a probability of three in a million).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// An identifier, ready to be looked up: a number below 2^31, or a hash with the top bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

const HASHED: u64 = 1 << 63;
const NUMBERS: u64 = 1 << 31;

/// The shape of a table's identifiers: a prefix and a number of at least `width` digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    prefix: Vec<u8>,
    width: usize,
}

impl Shape {
    /// The shape of one identifier, which others probably share.
    pub(super) fn of(id: &[u8]) -> Self {
        let digits = id.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        Self { prefix: id[..id.len() - digits].to_vec(), width: digits }
    }

    /// Two different identifiers have different keys, except for collisions of hashes.
    pub(super) fn key(&self, id: &[u8]) -> Key {
        if let Some(digits) = id.strip_prefix(self.prefix.as_slice())
            && self.width > 0
            && digits.len() <= 10
            // A longer number with a leading zero would have the value of a shorter one.
            && (digits.len() == self.width || (digits.len() > self.width && digits[0] != b'0'))
        {
            let mut value = 0u64;
            for &byte in digits {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return hashed(id);
                }
                value = value * 10 + u64::from(digit);
            }
            if value < NUMBERS {
                return Key(value);
            }
        }
        hashed(id)
    }
}

fn hashed(id: &[u8]) -> Key {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(id);
    Key(hasher.finish() | HASHED)
}

/// The keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        // The map takes its buckets from the low bits and its tags from the high ones, which are all set.
        self.0.rotate_left(1)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Hashed<V> = HashMap<u64, V, BuildHasherDefault<AsIs>>;

const PAGE: usize = 1024;
/// Cells of pages that are always allowed, and how many more there may be for each identifier: shops that draw their
/// numbers at random would fill memory with pages of one cell.
const FREE_CELLS: usize = 1 << 20;
const CELLS_PER_ID: usize = 16;
const NOTHING: u32 = u32::MAX;

/// Identifiers to row numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct IdMap {
    pub(super) shape: Shape,
    pages: Vec<Option<Box<[u32]>>>,
    /// Cells of the pages that there are.
    cells: usize,
    /// Identifiers in pages.
    paged: usize,
    /// By hash; also by number, for numbers that lie too far from the others for a page.
    others: Hashed<u32>,
}

impl IdMap {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    pub(super) fn key(&self, id: &[u8]) -> Key {
        self.shape.key(id)
    }

    pub(super) fn get(&self, key: Key) -> Option<u32> {
        if key.0 & HASHED == 0 {
            let number = key.0 as usize;
            if let Some(Some(page)) = self.pages.get(number / PAGE)
                && page[number % PAGE] != NOTHING
            {
                return Some(page[number % PAGE]);
            }
        }
        self.others.get(&key.0).copied()
    }

    /// The row of the identifier; `row` becomes its row where it has none, and then the second part is true.
    pub(super) fn get_or_insert(&mut self, key: Key, row: u32) -> (u32, bool) {
        if key.0 & HASHED == 0
            && let Some(cell) = self.cell(key.0 as usize)
        {
            if *cell != NOTHING {
                return (*cell, false);
            }
            // It may be there since before the page was.
            if self.others.is_empty() || !self.others.contains_key(&key.0) {
                if let Some(cell) = self.cell(key.0 as usize) {
                    *cell = row;
                }
                self.paged += 1;
                return (row, true);
            }
        }
        match self.others.entry(key.0) {
            Entry::Occupied(entry) => (*entry.get(), false),
            Entry::Vacant(entry) => (*entry.insert(row), true),
        }
    }

    /// The cell of a number; `None` where its page would take more memory than it is worth.
    fn cell(&mut self, number: usize) -> Option<&mut u32> {
        let place = number / PAGE;
        if self.pages.get(place).is_none_or(Option::is_none) {
            if self.cells > FREE_CELLS + CELLS_PER_ID * self.paged {
                return None;
            }
            if place >= self.pages.len() {
                self.pages.resize_with(place + 1, || None);
            }
            self.cells += PAGE;
        }
        let page = self.pages[place].get_or_insert_with(|| vec![NOTHING; PAGE].into_boxed_slice());
        Some(&mut page[number % PAGE])
    }
}

/// A set of numbers, as bits in pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    pages: Vec<Option<Box<[u64]>>>,
}

const WORDS: usize = 64;

impl Bits {
    /// Adds a number; false where it was there.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        let word = number as usize / 64;
        if word / WORDS >= self.pages.len() {
            self.pages.resize_with(word / WORDS + 1, || None);
        }
        let page = self.pages[word / WORDS].get_or_insert_with(|| vec![0; WORDS].into_boxed_slice());
        let bit = 1u64 << (number % 64);
        let was = page[word % WORDS] & bit != 0;
        page[word % WORDS] |= bit;
        !was
    }
}

/// A set of identifiers.
#[derive(Clone, Debug, Default)]
pub(super) struct IdSet {
    numbers: Bits,
    others: HashSet<u64, BuildHasherDefault<AsIs>>,
}

impl IdSet {
    /// Adds an identifier; false where it was there.
    pub(super) fn insert(&mut self, key: Key) -> bool {
        if key.0 & HASHED == 0 { self.numbers.insert(key.0 as u32) } else { self.others.insert(key.0) }
    }
}

/// Gives each order a number of 32 bits: its own where it has one, else one from the other half of the range.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderNumbers {
    others: Hashed<u32>,
}

impl OrderNumbers {
    /// The number that the key has, or will have as its own; `None`: no order has it.
    fn known(&self, key: Key) -> Option<u32> {
        if key.0 & HASHED == 0 { Some(key.0 as u32) } else { self.others.get(&key.0).copied() }
    }

    pub(super) fn number(&mut self, key: Key) -> u32 {
        if key.0 & HASHED == 0 {
            return key.0 as u32;
        }
        let next = NUMBERS as u32 + self.others.len() as u32;
        *self.others.entry(key.0).or_insert(next)
    }
}

/// The numbers of the files' orders, by the ids that these have there.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderIds {
    /// `None`: the files have no ids of orders.
    pub(super) shape: Option<Shape>,
    pub(super) numbers: OrderNumbers,
    /// Orders that never came about: they have no lines.
    pub(super) cancelled: HashSet<u32>,
}

/// What the files have of an order that is known by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// Orders have no ids there.
    Unnamed,
    Never,
    /// Cancelled, failed or expired: no purchase.
    Cancelled,
    /// Its lines, if there are any, bear this number.
    Numbered(u32),
}

impl OrderIds {
    pub(super) fn filed(&self, id: &str) -> Filed {
        let Some(shape) = &self.shape else { return Filed::Unnamed };
        match self.numbers.known(shape.key(id.trim().as_bytes())) {
            None => Filed::Never,
            Some(number) if self.cancelled.contains(&number) => Filed::Cancelled,
            Some(number) => Filed::Numbered(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_found_by_the_id_that_it_has_in_the_files() {
        let shape = Shape::of(b"A-10");
        let mut ids = OrderIds { shape: Some(shape.clone()), ..OrderIds::default() };
        for id in ["A-10", "A-11", "web/7"] {
            ids.numbers.number(shape.key(id.as_bytes()));
        }
        ids.cancelled.insert(11);
        assert_eq!(ids.filed(" A-10 "), Filed::Numbered(10));
        assert_eq!(ids.filed("A-11"), Filed::Cancelled);
        assert_eq!(ids.filed("web/7"), Filed::Numbered(NUMBERS as u32));
        assert_eq!(ids.filed("web/8"), Filed::Never);
        assert_eq!(OrderIds::default().filed("A-10"), Filed::Unnamed);
    }

    #[test]
    fn identifiers_of_one_shape_are_numbers_and_others_are_hashed() {
        let shape = Shape::of(b"ORD-0042");
        assert_eq!(shape.key(b"ORD-0007"), Key(7));
        assert_eq!(shape.key(b"ORD-12345"), Key(12345));
        for other in
            [&b"ORD-7"[..], b"ORD-00007", b"ord-0007", b"ORD-", b"0007", b"ORD-00x7", b"ORD-9999999999"]
        {
            assert_ne!(shape.key(other).0 & HASHED, 0, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn a_map_gives_the_row_back_for_numbers_and_for_words() {
        let mut map = IdMap::new(Shape::of(b"10"));
        let ids: [&[u8]; 5] = [b"10", b"11", b"anna", b"2000000000", b"5"];
        for (row, id) in ids.iter().enumerate() {
            let key = map.key(id);
            assert_eq!(map.get_or_insert(key, row as u32), (row as u32, true));
        }
        for (row, id) in ids.iter().enumerate() {
            assert_eq!(map.get(map.key(id)), Some(row as u32));
            let key = map.key(id);
            assert_eq!(map.get_or_insert(key, 99), (row as u32, false));
        }
        assert_eq!(map.get(map.key(b"12")), None);
    }

    #[test]
    fn numbers_drawn_at_random_do_not_fill_memory_with_pages() {
        let mut map = IdMap::new(Shape::of(b"1"));
        // Multiplication by an odd number spreads the numbers over all pages.
        let ids = || (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 1).to_string());
        for (row, id) in ids().enumerate() {
            let key = map.key(id.as_bytes());
            assert_eq!(map.get_or_insert(key, row as u32), (row as u32, true));
        }
        for (row, id) in ids().enumerate() {
            let key = map.key(id.as_bytes());
            assert_eq!(map.get(key), Some(row as u32));
            assert_eq!(map.get_or_insert(key, 0), (row as u32, false));
        }
        assert!(map.cells * 4 < 16 << 20, "{} cells", map.cells);
    }

    proptest::proptest! {
        #[test]
        fn a_set_of_identifiers_agrees_with_a_set_of_strings(ids in proptest::collection::vec("[A-B]?[0-9]{0,3}", 1..60)) {
            let shape = Shape::of(ids[0].as_bytes());
            let mut set = IdSet::default();
            let mut strings = HashSet::new();
            for id in ids {
                proptest::prop_assert_eq!(set.insert(shape.key(id.as_bytes())), strings.insert(id));
            }
        }
    }
}
