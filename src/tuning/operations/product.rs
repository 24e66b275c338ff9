//! Products of small matrices, and of matrices of which one is narrow, that a thread computes by itself.
//!
//! In: slices and how far apart their rows lie. Out: sums added to what was there. The order of the sums depends on
//! the sizes alone. Large products are candle's.

/// A matrix that is read number by number, perhaps turned.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub numbers: &'a [f32],
    /// From one row to the next, and from one column to the next.
    pub row: usize,
    pub column: usize,
}

impl<'a> Left<'a> {
    pub fn new(numbers: &'a [f32], row: usize) -> Self {
        Self { numbers, row, column: 1 }
    }

    /// The transposed of rows that are `row` apart.
    pub fn turned(numbers: &'a [f32], row: usize) -> Self {
        Self { numbers, row: 1, column: row }
    }
}

/// `out[m, n] += left[m, k] * right[k, n]`; `right` and `out` have rows that are `right_row` and `out_row` apart.
pub(super) fn add_product(
    (m, n, k): (usize, usize, usize),
    left: Left<'_>,
    (right, right_row): (&[f32], usize),
    (out, out_row): (&mut [f32], usize),
) {
    let mut row = 0;
    while row < m {
        let left = Left { numbers: &left.numbers[(row * left.row).min(left.numbers.len())..], ..left };
        let out = &mut out[row * out_row..];
        row += match m - row {
            8.. => rows::<8>(n, k, left, right, right_row, out, out_row),
            4.. => rows::<4>(n, k, left, right, right_row, out, out_row),
            _ => rows::<1>(n, k, left, right, right_row, out, out_row),
        };
    }
}

fn rows<const M: usize>(
    n: usize,
    k: usize,
    left: Left<'_>,
    right: &[f32],
    right_row: usize,
    out: &mut [f32],
    out_row: usize,
) -> usize {
    let mut column = 0;
    while column < n {
        let (right, out) = (&right[column.min(right.len())..], &mut out[column..]);
        column += match n - column {
            16.. => block::<M, 16>(k, left, right, right_row, out, out_row),
            8.. => block::<M, 8>(k, left, right, right_row, out, out_row),
            4.. => block::<M, 4>(k, left, right, right_row, out, out_row),
            _ => block::<M, 1>(k, left, right, right_row, out, out_row),
        };
    }
    M
}

/// One block, whose sums stay in registers.
#[inline]
fn block<const M: usize, const N: usize>(
    k: usize,
    left: Left<'_>,
    right: &[f32],
    right_row: usize,
    out: &mut [f32],
    out_row: usize,
) -> usize {
    let mut sums = [[0.0_f32; N]; M];
    for inner in 0..k {
        let right = &right[inner * right_row..][..N];
        let at = inner * left.column;
        for (row, sums) in sums.iter_mut().enumerate() {
            let factor = left.numbers[at + row * left.row];
            for (sum, number) in sums.iter_mut().zip(right) {
                *sum = fused(factor, *number, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        for (out, sum) in out[row * out_row..][..N].iter_mut().zip(sums) {
            *out += sum;
        }
    }
    N
}

/// `a * b + c`, in one step where the processor has one for it: elsewhere that would be a call.
#[inline]
pub(super) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

/// The transposed of a matrix of `columns` columns, every number times `scale`.
pub(super) fn turned(numbers: &[f32], columns: usize, scale: f32) -> Vec<f32> {
    let rows = numbers.len() / columns.max(1);
    let mut out = vec![0.0; numbers.len()];
    for (row, line) in numbers.chunks_exact(columns.max(1)).enumerate() {
        for (column, number) in line.iter().enumerate() {
            out[column * rows + row] = number * scale;
        }
    }
    out
}
