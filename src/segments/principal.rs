//! The two directions in which customers differ most, for a picture of them.
//!
//! In: points. Out: their mean and the first two principal components: eigenvectors of the covariance
//! matrix, by Jacobi's rotations. The sign is fixed: the largest weight of a component is positive.

use super::points::Points;

/// Mean and first two principal components, each of as many values as the points have dimensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Principal {
    pub mean: Vec<f64>,
    pub first: Vec<f64>,
    pub second: Vec<f64>,
}

impl Principal {
    /// Fits the components. With one dimension the second component is 0.
    #[must_use]
    pub fn fit(points: &Points) -> Self {
        let dims = points.dims();
        let number = points.len().max(1) as f64;
        let mut mean = vec![0.0; dims];
        for row in points.rows() {
            mean.iter_mut().zip(row).for_each(|(mean, &value)| *mean += f64::from(value) / number);
        }
        let mut covariance = vec![vec![0.0; dims]; dims];
        for row in points.rows() {
            for i in 0..dims {
                for j in i..dims {
                    covariance[i][j] +=
                        (f64::from(row[i]) - mean[i]) * (f64::from(row[j]) - mean[j]) / number;
                    covariance[j][i] = covariance[i][j];
                }
            }
        }
        let mut components = eigenvectors(covariance).into_iter();
        let first = components.next().unwrap_or_else(|| vec![0.0; dims]);
        let second = components.next().unwrap_or_else(|| vec![0.0; dims]);
        Self { mean, first, second }
    }

    /// Where the row lies along the two components.
    #[must_use]
    pub fn project(&self, row: &[f32]) -> (f64, f64) {
        let along = |component: &[f64]| {
            row.iter()
                .zip(&self.mean)
                .zip(component)
                .map(|((&x, mean), weight)| (f64::from(x) - mean) * weight)
                .sum()
        };
        (along(&self.first), along(&self.second))
    }
}

/// Eigenvectors of a symmetric matrix, that of the largest eigenvalue first.
fn eigenvectors(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let size = matrix.len();
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    // Sweeps converge quadratically: a dozen is ample for matrices of this size.
    for _ in 0..12 {
        for p in 0..size {
            for q in p + 1..size {
                if matrix[p][q].abs() < 1e-300 {
                    continue;
                }
                let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
                let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for row in &mut matrix {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
                let (above, below) = matrix.split_at_mut(q);
                for (a, b) in above[p].iter_mut().zip(&mut below[0]) {
                    (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
                }
                for row in &mut vectors {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| matrix[b][b].total_cmp(&matrix[a][a]).then(a.cmp(&b)));
    order
        .into_iter()
        .map(|column| {
            let mut vector: Vec<f64> = vectors.iter().map(|row| row[column]).collect();
            let most = vector
                .iter()
                .copied()
                .fold(0.0, |most: f64, x| if x.abs() > most.abs() + 1e-12 { x } else { most });
            if most < 0.0 {
                for weight in &mut vector {
                    *weight = -*weight;
                }
            }
            vector
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilted_line_is_found() {
        // Along (3, 4) / 5, with a little across it.
        let points: Vec<f32> = (-10..=10)
            .flat_map(|t| {
                let across = if t % 2 == 0 { 0.25 } else { -0.25 };
                [0.6 * t as f32 - 0.8 * across, 0.8 * t as f32 + 0.6 * across]
            })
            .collect();
        let principal = Principal::fit(&Points::new(2, points));
        assert!(
            (principal.first[0] - 0.6).abs() < 0.01 && (principal.first[1] - 0.8).abs() < 0.01,
            "{principal:?}"
        );
        let across = principal.first[0] * principal.second[0] + principal.first[1] * principal.second[1];
        assert!(across.abs() < 1e-12);
    }

    #[test]
    fn one_dimension_and_no_rows_are_fine() {
        let one = Principal::fit(&Points::new(1, vec![1.0, 2.0, 3.0]));
        assert_eq!(one.project(&[3.0]), (1.0, 0.0));
        let none = Principal::fit(&Points::new(2, vec![]));
        assert_eq!(none.project(&[0.0, 0.0]), (0.0, 0.0));
    }
}
