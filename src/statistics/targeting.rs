//! A score of who will respond, from what was known before: fitted on some customers, given to others.

use super::qini::Scored;

/// Parts into which customers are dealt; each part is scored by a fit on the others.
const FOLDS: usize = 5;
/// Added to the diagonal, per customer: columns that say the same then share their weight.
const RIDGE: f64 = 1e-4;

/// Customers with what was known of each before anything was sent.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Columns of the same length, one row a customer.
    pub columns: Vec<Vec<f64>>,
    pub treated: Vec<bool>,
    pub converted: Vec<bool>,
}

/// Scores by two least-squares fits, one of the treated and one of the control, whose difference is the expected uplift
/// (the T-learner of S. R. Künzel and others, PNAS 116 (2019) 4156-4165), cross-fitted so that no customer is scored by
/// a fit that has seen their own outcome (V. Chernozhukov and others, The Econometrics Journal 21 (2018), definition
/// 3.1). Columns are brought to mean 0 and deviation 1 first. Empty where there is no column or nobody.
#[must_use]
pub fn cross_fitted(known: &Known) -> Vec<Scored> {
    let rows = known.treated.len();
    let columns: Vec<Vec<f64>> = known.columns.iter().filter_map(|column| standardised(column)).collect();
    if rows == 0 || columns.is_empty() {
        return Vec::new();
    }
    let width = columns.len() + 1;
    // What each part of the customers adds to the normal equations of each arm.
    let mut parts = vec![[Normal::new(width), Normal::new(width)]; FOLDS];
    let mut row = vec![1.0; width];
    for index in 0..rows {
        fill(&mut row, &columns, index);
        let arm = usize::from(known.treated[index]);
        parts[fold(index)][arm].add(&row, f64::from(u8::from(known.converted[index])));
    }
    let fits: Vec<[Vec<f64>; 2]> = (0..FOLDS)
        .map(|left_out| {
            [0, 1].map(|arm| {
                let mut sum = Normal::new(width);
                for (number, part) in parts.iter().enumerate() {
                    if number != left_out {
                        sum.add_all(&part[arm]);
                    }
                }
                sum.solve()
            })
        })
        .collect();
    (0..rows)
        .map(|index| {
            fill(&mut row, &columns, index);
            let value = |arm: usize| -> f64 {
                row.iter().zip(&fits[fold(index)][arm]).map(|(value, weight)| value * weight).sum()
            };
            Scored {
                score: value(1) - value(0),
                treated: known.treated[index],
                converted: known.converted[index],
            }
        })
        .collect()
}

/// The part that a customer is dealt to, by the bits of the row number well mixed, so that the order of a file does
/// not deal them.
fn fold(index: usize) -> usize {
    let mut bits = (index as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) % FOLDS as u64) as usize
}

fn fill(row: &mut [f64], columns: &[Vec<f64>], index: usize) {
    for (cell, column) in row[1..].iter_mut().zip(columns) {
        *cell = column[index];
    }
}

/// Mean 0, deviation 1; `None` where nothing varies.
fn standardised(column: &[f64]) -> Option<Vec<f64>> {
    let moments = super::means::Moments::of(column.iter().copied());
    let deviation = moments.variance().sqrt();
    (deviation > 0.0).then(|| column.iter().map(|value| (value - moments.mean) / deviation).collect())
}

/// The normal equations of a least-squares fit.
#[derive(Clone)]
struct Normal {
    width: usize,
    /// Row by row; the part on and above the diagonal is kept.
    matrix: Vec<f64>,
    right: Vec<f64>,
    rows: f64,
}

impl Normal {
    fn new(width: usize) -> Self {
        Self { width, matrix: vec![0.0; width * width], right: vec![0.0; width], rows: 0.0 }
    }

    fn add(&mut self, row: &[f64], outcome: f64) {
        self.rows += 1.0;
        for (i, &left) in row.iter().enumerate() {
            self.right[i] += left * outcome;
            for (cell, &right) in
                self.matrix[i * self.width + i..(i + 1) * self.width].iter_mut().zip(&row[i..])
            {
                *cell += left * right;
            }
        }
    }

    fn add_all(&mut self, other: &Self) {
        self.rows += other.rows;
        for (cell, value) in self.matrix.iter_mut().zip(&other.matrix) {
            *cell += value;
        }
        for (cell, value) in self.right.iter_mut().zip(&other.right) {
            *cell += value;
        }
    }

    /// The weights, by Cholesky's decomposition; all 0 where there is nobody.
    fn solve(mut self) -> Vec<f64> {
        let width = self.width;
        if self.rows == 0.0 {
            return vec![0.0; width];
        }
        for i in 1..width {
            self.matrix[i * width + i] += RIDGE * self.rows;
        }
        // Upper factor U with U'U = the matrix, in place.
        for i in 0..width {
            for k in 0..i {
                let factor = self.matrix[k * width + i];
                for j in i..width {
                    self.matrix[i * width + j] -= factor * self.matrix[k * width + j];
                }
            }
            let pivot = self.matrix[i * width + i].max(1e-12).sqrt();
            for j in i..width {
                self.matrix[i * width + j] /= pivot;
            }
        }
        let mut x = self.right;
        for i in 0..width {
            for k in 0..i {
                x[i] -= self.matrix[k * width + i] * x[k];
            }
            x[i] /= self.matrix[i * width + i];
        }
        for i in (0..width).rev() {
            for k in i + 1..width {
                x[i] -= self.matrix[i * width + k] * x[k];
            }
            x[i] /= self.matrix[i * width + i];
        }
        x
    }
}

#[cfg(test)]
mod tests;
