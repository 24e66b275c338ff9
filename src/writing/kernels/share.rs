//! Work shared out over the threads of the pool that runs it.

use std::marker::PhantomData;
use std::ops::Range;

/// Products below which sharing work out costs more than it saves.
const WORTH_SHARING: usize = 100_000;
/// Parts for each thread: a thread that the system keeps waiting holds up only its part.
const PARTS_PER_THREAD: usize = 4;

/// Parts to make of work that takes so many products.
fn parts(products: usize) -> usize {
    match rayon::current_num_threads() {
        1 => 1,
        threads => (products / WORTH_SHARING).min(PARTS_PER_THREAD * threads),
    }
}

/// Runs `work` on all of `0..items`, in parts on several threads if there are `products` enough.
pub(super) fn share_out(items: usize, products: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
    fn halve(range: Range<usize>, parts: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        if parts <= 1 || range.len() <= 1 {
            return work(range);
        }
        let middle = range.start + range.len() / 2;
        let (first, second) = (range.start..middle, middle..range.end);
        rayon::join(|| halve(first, parts / 2, work), || halve(second, parts - parts / 2, work));
    }
    halve(0..items, parts(products), work);
}

/// Runs `work` on all of `numbers` in pieces of `size`, each of which takes so many products, in parts on several
/// threads if that is worth it. `work` is told the index of its first piece.
pub fn share_out_pieces<T: Send>(
    numbers: &mut [T],
    size: usize,
    products: usize,
    work: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    fn halve<T: Send>(
        first: usize,
        numbers: &mut [T],
        size: usize,
        parts: usize,
        work: &(dyn Fn(usize, &mut [T]) + Sync),
    ) {
        let pieces = numbers.len() / size;
        if parts <= 1 || pieces <= 1 {
            return work(first, numbers);
        }
        let (left, right) = numbers.split_at_mut(pieces / 2 * size);
        rayon::join(
            || halve(first, left, size, parts / 2, work),
            || halve(first + pieces / 2, right, size, parts - parts / 2, work),
        );
    }
    let parts = parts(numbers.len() / size * products);
    halve(0, numbers, size, parts, work);
}

/// Numbers that several threads write, each its own.
pub(super) struct Disjoint<'a> {
    start: *mut f32,
    length: usize,
    lent: PhantomData<&'a mut [f32]>,
}

// SAFETY: it stands for a `&mut [f32]`, which may go to other threads; that no two of them write the same place is
// asked of the callers of `part`.
unsafe impl Sync for Disjoint<'_> {}

impl<'a> Disjoint<'a> {
    pub(super) fn new(numbers: &'a mut [f32]) -> Self {
        Self { start: numbers.as_mut_ptr(), length: numbers.len(), lent: PhantomData }
    }

    /// The numbers in `range`.
    ///
    /// # Safety
    /// No two parts that exist at the same time may overlap.
    ///
    /// # Panics
    /// The range ends behind the last number.
    #[expect(clippy::mut_from_ref, reason = "the parts do not overlap")]
    pub(super) unsafe fn part(&self, range: Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: the range lies inside the slice that was lent for `'a`; the caller lets no two parts overlap.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
