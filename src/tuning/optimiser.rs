//! How the adapters move: `AdamW` (Loshchilov and Hutter 2019), its rate over time, and the bound on a step's gradient.
//!
//! In: gradients as plain numbers, in the order of the variables. Out: moved numbers. The moments are plain numbers too, so
//! that a checkpoint can keep them.

/// Decay of the moments, and what keeps a division from nothing: the usual ones.
const BETAS: (f32, f32) = (0.9, 0.999);
const EPSILON: f32 = 1e-8;

/// Moments of all variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdamW {
    /// Steps taken.
    pub steps: u32,
    /// Means of the gradients and of their squares.
    pub first: Vec<Vec<f32>>,
    pub second: Vec<Vec<f32>>,
}

impl AdamW {
    /// For variables of these lengths.
    #[must_use]
    pub fn new(like: &[Vec<f32>]) -> Self {
        let zeros = || like.iter().map(|numbers| vec![0.0; numbers.len()]).collect();
        Self { steps: 0, first: zeros(), second: zeros() }
    }

    /// Moves `numbers` against the gradients. The decay pulls them towards nothing by itself, apart from the gradient.
    pub fn step(&mut self, numbers: &mut [Vec<f32>], gradients: &[Vec<f32>], rate: f32, decay: f32) {
        self.steps += 1;
        let (one, two) = BETAS;
        let steps = f64::from(self.steps);
        let first_share = (1.0 - f64::from(one).powf(steps)) as f32;
        let second_share = (1.0 - f64::from(two).powf(steps)) as f32;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((numbers, gradients), (first, second)) in numbers.iter_mut().zip(gradients).zip(moments) {
            let moments = first.iter_mut().zip(second.iter_mut());
            for ((number, gradient), (first, second)) in numbers.iter_mut().zip(gradients).zip(moments) {
                *first = one * *first + (1.0 - one) * gradient;
                *second = two * *second + (1.0 - two) * gradient * gradient;
                let size = (*second / second_share).sqrt() + EPSILON;
                *number -= rate * (decay * *number + *first / first_share / size);
            }
        }
    }
}

/// Length of all gradients together.
#[must_use]
pub fn length(gradients: &[Vec<f32>]) -> f64 {
    gradients.iter().flatten().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt()
}

/// Makes gradients shorter where they are longer than `most` together; their length before.
pub fn clip(gradients: &mut [Vec<f32>], most: f64) -> f64 {
    let length = length(gradients);
    if length > most {
        // As torch does it, so that figures can be compared.
        let factor = (most / (length + 1e-6)) as f32;
        gradients.iter_mut().flatten().for_each(|number| *number *= factor);
    }
    length
}

/// The rate of step `step` of `steps`: up in a line over the first `warm_up` part, then down half a cosine to `floor` of the
/// highest.
#[must_use]
pub fn rate(highest: f64, step: usize, steps: usize, warm_up: f64, floor: f64) -> f64 {
    let rising = (steps as f64 * warm_up).ceil();
    let at = step as f64;
    if at < rising {
        return highest * (at + 1.0) / rising;
    }
    let gone = (at - rising) / (steps as f64 - rising).max(1.0);
    let share = floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * gone.min(1.0)).cos());
    highest * share
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of `torch.optim.AdamW` (2.15) from the same start and gradients: rate 0.1, decay 0.01.
    #[test]
    fn steps_are_those_of_torch() {
        let mut numbers = vec![vec![1.0_f32, -2.0], vec![0.5]];
        let mut adam = AdamW::new(&numbers);
        for gradients in
            [[[0.3_f32, -1.0], [2.0, 0.0]], [[-0.2, 0.4], [1.0, 0.0]], [[0.05, 0.0], [-3.0, 0.0]]]
        {
            let gradients = [gradients[0].to_vec(), gradients[1][..1].to_vec()];
            adam.step(&mut numbers, &gradients, 0.1, 0.01);
        }
        for (found, wanted) in numbers.concat().iter().zip(TORCH) {
            assert!((found - wanted).abs() < 2e-6, "{found}, not {wanted}");
        }
    }

    const TORCH: [f32; 3] = [0.862_917_9, -1.832_964_5, 0.313_774_35];

    #[test]
    fn the_rate_rises_falls_and_stays_within_its_bounds() {
        let rates: Vec<f64> = (0..100).map(|step| rate(1.0, step, 100, 0.05, 0.1)).collect();
        assert!((rates[0] - 0.2).abs() < 1e-12 && (rates[4] - 1.0).abs() < 1e-12);
        assert!(rates[5..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!(rates[99] > 0.1 && rates[99] < 0.101);
        assert!((rate(3.0, 0, 1, 0.0, 0.1) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn only_long_gradients_are_made_shorter() {
        let mut gradients = vec![vec![3.0], vec![0.0, 4.0]];
        assert!((clip(&mut gradients, 10.0) - 5.0).abs() < 1e-12);
        assert_eq!(gradients, [vec![3.0], vec![0.0, 4.0]]);
        clip(&mut gradients, 1.0);
        assert!((length(&gradients) - 1.0).abs() < 1e-5);
    }
}
