use std::sync::Arc;

use candle_core::{Device, Tensor, Var};

use super::*;

/// Numbers around zero that differ from seed to seed.
fn some(seed: u64, shape: &[usize], spread: f32) -> Var {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * spread
        })
        .collect();
    Var::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn near(found: &Tensor, wanted: &Tensor, what: &str) {
    assert_eq!(found.shape(), wanted.shape(), "{what}");
    let (found, wanted) = (values(found), values(wanted));
    let most = wanted.iter().fold(1e-3_f32, |most, number| most.max(number.abs()));
    for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert!((found - wanted).abs() < 2e-5 * most, "{what} at {at}: {found}, not {wanted}");
    }
}

type Operation<'a> = &'a dyn Fn(&[&Tensor]) -> Result<Tensor>;

/// Holds an operation against the same in candle's own operations, and its way back against theirs and against
/// differences.
fn hold(inputs: &[Var], operation: Operation<'_>, plain: Operation<'_>) {
    let tensors: Vec<&Tensor> = inputs.iter().map(Var::as_tensor).collect();
    let (own, theirs) = (operation(&tensors).unwrap(), plain(&tensors).unwrap());
    near(&own, &theirs, "forward");
    // Any sum of the outputs, so that each has a gradient of its own.
    let weights = some(99, own.dims(), 2.0);
    let sum = |out: &Tensor| out.mul(weights.as_tensor()).unwrap().sum_all().unwrap();
    let (own, theirs) = (sum(&own).backward().unwrap(), sum(&theirs).backward().unwrap());
    for (index, input) in inputs.iter().enumerate() {
        let found = own.get(input).unwrap();
        near(found, theirs.get(input).unwrap(), &format!("gradient {index}"));
        let (start, found) = (values(input), values(found));
        for at in (0..start.len()).step_by(1 + start.len() / 7) {
            let step = 1e-2;
            let moved = |by: f32| {
                let mut numbers = start.clone();
                numbers[at] += by;
                let moved = Tensor::from_vec(numbers, input.shape(), &Device::Cpu).unwrap();
                let mut tensors: Vec<&Tensor> = inputs.iter().map(Var::as_tensor).collect();
                tensors[index] = &moved;
                let out = operation(&tensors).unwrap();
                values(&out)
                    .iter()
                    .zip(values(&weights))
                    .map(|(a, b)| f64::from(*a) * f64::from(b))
                    .sum::<f64>()
            };
            let wanted = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let difference = (f64::from(found[at]) - wanted).abs();
            assert!(
                difference < 2e-3 * (1.0 + wanted.abs()),
                "input {index} at {at}: {}, not {wanted}",
                found[at]
            );
        }
    }
}

#[test]
fn the_exponential_is_that_of_the_library() {
    for step in -8_700..8_800_i32 {
        let x = step as f32 / 100.0;
        assert!((exponential(x) / x.exp() - 1.0).abs() < 4e-7, "{x}: {} {}", exponential(x), x.exp());
    }
    assert!(exponential(-1e9) < 1e-37);
}

#[test]
fn products_of_every_size_are_plain_sums() {
    for (m, n, k) in [(1, 1, 1), (3, 5, 7), (8, 16, 4), (13, 41, 9), (21, 24, 33), (4, 0, 2), (2, 3, 0)] {
        let (a, b) = (values(&some(1, &[m, k], 2.0)), values(&some(2, &[k, n], 2.0)));
        let mut found = vec![1.0; m * n];
        product::add_product((m, n, k), product::Left::new(&a, k), (&b, n), (&mut found, n));
        let turned = product::turned(&a, k.max(1), 1.0);
        let mut again = vec![1.0; m * n];
        product::add_product((m, n, k), product::Left::turned(&turned, m), (&b, n), (&mut again, n));
        for row in 0..m {
            for column in 0..n {
                let sum: f32 = 1.0 + (0..k).map(|i| a[row * k + i] * b[i * n + column]).sum::<f32>();
                assert!((found[row * n + column] - sum).abs() < 1e-4);
                assert_eq!(found[row * n + column].to_bits(), again[row * n + column].to_bits());
            }
        }
    }
}

#[test]
fn the_norm_and_its_way_back() {
    let weight = some(3, &[37], 2.0);
    hold(&[some(1, &[19, 37], 4.0)], &|x| norm(x[0], &weight, 1e-5), &|x| plain::norm(x[0], &weight, 1e-5));
}

#[test]
fn the_gate_and_its_way_back() {
    let inputs = [some(1, &[18, 21], 12.0), some(2, &[18, 21], 3.0)];
    hold(&inputs, &|x| gate(x[0], x[1]), &|x| plain::gate(x[0], x[1]));
}

#[test]
fn the_matrix_with_its_adapter_and_its_way_back() {
    let weight = some(4, &[70, 37], 1.0);
    hold(&[some(1, &[35, 37], 2.0)], &|x| linear(x[0], &weight, None), &|x| {
        plain::linear(x[0], &weight, None)
    });
    for (rank, dropout) in [(1, None), (8, None), (5, None), (8, Some(Dropout { rate: 0.3, seed: 7 }))] {
        let inputs = [some(1, &[35, 37], 2.0), some(2, &[rank, 37], 1.0), some(3, &[70, rank], 1.0)];
        fn low<'a>(x: &[&'a Tensor], dropout: Option<Dropout>) -> LowRank<'a> {
            LowRank { down: x[1], up: x[2], scale: 1.7, dropout }
        }
        hold(&inputs, &|x| linear(x[0], &weight, Some(&low(x, dropout))), &|x| {
            plain::linear(x[0], &weight, Some(&low(x, dropout)))
        });
    }
}

#[test]
fn dropping_leaves_the_mean_and_takes_the_part_that_it_should() {
    let mut numbers = vec![1.0; 40_000];
    Dropout { rate: 0.25, seed: 3 }.apply(0, &mut numbers);
    let gone = numbers.iter().filter(|number| **number == 0.0).count() as f64 / 40_000.0;
    let mean = numbers.iter().map(|number| f64::from(*number)).sum::<f64>() / 40_000.0;
    assert!((gone - 0.25).abs() < 0.01 && (mean - 1.0).abs() < 0.01, "{gone} {mean}");
    let mut late = vec![1.0; 100];
    Dropout { rate: 0.25, seed: 3 }.apply(500, &mut late);
    assert_eq!(late, numbers[500..600]);
}

#[test]
fn the_loss_and_its_way_back() {
    let wanted: Vec<(u32, f32)> = (0..9).map(|row| (row * 5 % 43, 0.1 + row as f32 / 20.0)).collect();
    hold(&[some(1, &[9, 43], 8.0)], &|x| loss(x[0], &wanted), &|x| plain::loss(x[0], &wanted));
}

#[test]
fn attention_of_several_texts_and_grouped_heads_and_its_way_back() {
    for (heads, kv_heads) in [(6, 2), (3, 3)] {
        let (width, half) = (12, 6);
        let rotations = (0..40 * half).map(|at| {
            let angle = (at / half) as f32 * 10_f32.powf(-((at % half) as f32) / 2.0);
            (angle.cos(), angle.sin())
        });
        let places = Places {
            texts: Arc::from([(0, 5), (5, 21), (26, 1)]),
            heads,
            kv_heads,
            head_width: width,
            rotations: Arc::new(rotations.collect()),
        };
        let inputs = [
            some(1, &[27, heads * width], 3.0),
            some(2, &[27, kv_heads * width], 3.0),
            some(3, &[27, kv_heads * width], 3.0),
        ];
        hold(&inputs, &|x| attention(x[0], x[1], x[2], &places), &|x| {
            plain::attention(x[0], x[1], x[2], &places)
        });
    }
}
