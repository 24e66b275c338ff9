//! Every set of instructions against plain arithmetic, and all of them against each other, bit by bit.

use half::f16;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn numbers(random: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

const PACKINGS: [Packing; 6] =
    [Packing::Four, Packing::Five, Packing::Eight, Packing::FourK, Packing::FiveK, Packing::SixK];

fn matrix(packing: Packing, rows: usize, columns: usize, random: &mut ChaCha8Rng) -> Matrix {
    let mut matrix = Matrix::new(packing, rows, columns).unwrap();
    for row in 0..rows {
        for index in 0..columns / BLOCK / packing.blocks() {
            let scale = f16::from_f32(random.random_range(0.0..0.1));
            let offset = f16::from_f32(random.random_range(-1.0..0.0));
            match packing {
                Packing::Four | Packing::Five => {
                    matrix.set(row, index, &random.random(), random.random(), scale, offset);
                }
                Packing::Eight => {
                    let codes = std::array::from_fn(|_| random.random_range(-127..=127));
                    matrix.set_eight(row, index, &codes, random.random_range(0.0..0.01));
                }
                Packing::FourK | Packing::FiveK | Packing::SixK => {
                    let most = match packing {
                        Packing::FourK => 15,
                        Packing::FiveK => 31,
                        _ => 63,
                    };
                    let largest = if packing == Packing::SixK { 255 } else { 63 };
                    let weights = SuperBlock {
                        codes: std::array::from_fn(|_| random.random_range(0..=most)),
                        scale: f16::from_f32(random.random_range(0.0..0.001)),
                        offset: f16::from_f32(random.random_range(-0.01..0.0)),
                        scales: std::array::from_fn(|_| random.random_range(0..=largest)),
                        offsets: std::array::from_fn(|_| random.random_range(0..=63)),
                    };
                    matrix.set_super(row, index, &weights);
                }
            }
        }
    }
    matrix
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn a_product_is_the_same_on_every_processor_and_close_to_plain_arithmetic() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (packing, lanes) in
        PACKINGS.into_iter().flat_map(|packing| (1..=19).map(move |lanes| (packing, lanes)))
    {
        let (rows, columns) = [(16, 1), (35, 3), (64, 5)][lanes % 3];
        let columns = columns * BLOCK * packing.blocks();
        let matrix = matrix(packing, rows, columns, &mut random);
        let inputs = numbers(&mut random, lanes * columns);
        let product = |processor| {
            let (mut activations, mut product) = (Activations::default(), vec![9.0; 3]);
            activations.set(processor, columns, &inputs);
            multiply(processor, &matrix, &activations, &mut product);
            product
        };
        let plain = product(Processor::all()[0]);
        for processor in Processor::all() {
            let name = processor.name();
            assert_eq!(
                bits(&product(processor)),
                bits(&plain),
                "{name}, {packing:?}, {rows} rows, {lanes} lanes"
            );
        }
        let mut row_of_weights = vec![0.0; columns];
        for row in 0..rows {
            matrix.row(row, &mut row_of_weights);
            for lane in 0..lanes {
                let inputs = &inputs[lane * columns..(lane + 1) * columns];
                let want: f32 = row_of_weights.iter().zip(inputs).map(|(weight, input)| weight * input).sum();
                // Each input is off by half a step of 1/127 at most.
                let bound: f32 = row_of_weights.iter().map(|weight| weight.abs()).sum::<f32>() / 254.0 + 1e-4;
                let got = plain[lane * rows + row];
                assert!((got - want).abs() <= bound, "row {row}, lane {lane}: {got}, not {want}");
            }
        }
    }
}

#[test]
fn a_product_does_not_depend_on_the_threads_or_on_the_lanes_beside() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (rows, columns, lanes) = (1000, 576, 7);
    let matrix = matrix(Packing::Four, rows, columns, &mut random);
    let inputs = numbers(&mut random, lanes * columns);
    let processor = Processor::detect();
    let product = |inputs: &[f32], threads: usize| {
        let (mut activations, mut product) = (Activations::default(), Vec::new());
        activations.set(processor, columns, inputs);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| multiply(processor, &matrix, &activations, &mut product));
        bits(&product)
    };
    let together = product(&inputs, 1);
    assert_eq!(product(&inputs, 3), together);
    for (lane, inputs) in inputs.chunks_exact(columns).enumerate() {
        assert_eq!(product(inputs, 2), together[lane * rows..(lane + 1) * rows]);
    }
}

#[test]
fn activations_that_are_all_zero_stay_zero() {
    let matrix = matrix(Packing::Eight, 16, 64, &mut ChaCha8Rng::seed_from_u64(3));
    for processor in Processor::all() {
        let (mut activations, mut product) = (Activations::default(), Vec::new());
        activations.set(processor, 64, &[0.0; 64]);
        multiply(processor, &matrix, &activations, &mut product);
        assert_eq!(product, [0.0; 16], "{}", processor.name());
    }
}

#[test]
fn a_product_without_rounding_is_the_same_on_every_processor_and_beside_any_lanes() {
    let mut random = ChaCha8Rng::seed_from_u64(10);
    for (rows, columns) in [(16, 32), (35, 7), (50, 48), (7, 1)] {
        let weights = numbers(&mut random, rows * columns);
        let halves: Vec<f16> = weights.iter().map(|weight| f16::from_f32(*weight)).collect();
        for (half, matrix) in
            [(false, Dense::single(columns, &weights)), (true, Dense::half(columns, &halves))]
        {
            for lanes in [1, 2, 3, 4, 5, 6, 7, 8, 9, 20] {
                let inputs = numbers(&mut random, lanes * columns);
                let stride = rows + lanes % 3;
                let product = |processor, inputs: &[f32]| {
                    let mut product = vec![7.0; inputs.len() / columns * stride];
                    multiply_dense(processor, &matrix, inputs, &mut product, stride);
                    product
                };
                let plain = product(Processor::all()[0], &inputs);
                for processor in Processor::all() {
                    assert_eq!(bits(&product(processor, &inputs)), bits(&plain), "{}", processor.name());
                }
                for (lane, inputs) in inputs.chunks_exact(columns).enumerate() {
                    let alone = product(Processor::detect(), inputs);
                    assert_eq!(bits(&alone[..rows]), bits(&plain[lane * stride..][..rows]));
                    assert_eq!(plain[lane * stride + rows..][..stride - rows], [7.0; 2][..stride - rows]);
                    let mut weights = vec![0.0; columns];
                    for (row, got) in alone[..rows].iter().enumerate() {
                        matrix.row(row, &mut weights);
                        let want: f64 =
                            weights.iter().zip(inputs).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                        assert!((f64::from(*got) - want).abs() < 1e-5, "{half}: {got}, not {want}");
                    }
                }
            }
            let mut row = vec![0.0; columns];
            matrix.row(rows - 1, &mut row);
            for (got, want) in row.iter().zip(&weights[(rows - 1) * columns..]) {
                assert!((got - want).abs() <= if half { 1e-3 } else { 0.0 });
            }
        }
    }
}

#[test]
fn the_largest_codes_overflow_nowhere() {
    for (packing, code) in
        [(Packing::Five, 31), (Packing::FiveK, 31), (Packing::SixK, 63), (Packing::SixK, 0)]
    {
        let columns = BLOCK * packing.blocks();
        let mut matrix = Matrix::new(packing, ROWS, columns).unwrap();
        for row in 0..ROWS {
            if packing == Packing::Five {
                matrix.set(row, 0, &[255; 16], u32::MAX, f16::ONE, f16::ZERO);
            } else {
                let scales = if packing == Packing::SixK { 0x80 } else { 63 };
                matrix.set_super(
                    row,
                    0,
                    &SuperBlock {
                        codes: [code; SUPER_BLOCK],
                        scale: f16::ONE,
                        offset: f16::ZERO,
                        scales: [scales; 16],
                        offsets: [63; 8],
                    },
                );
            }
        }
        let mut weights = vec![0.0; columns];
        matrix.row(0, &mut weights);
        for sign in [-1.0, 1.0] {
            let want = sign * 127.0 * weights.iter().sum::<f32>();
            for processor in Processor::all() {
                let (mut activations, mut product) = (Activations::default(), Vec::new());
                activations.set(processor, columns, &vec![sign * 127.0; columns]);
                multiply(processor, &matrix, &activations, &mut product);
                assert_eq!(product, [want; ROWS], "{}, {packing:?}, {code}", processor.name());
            }
        }
    }
}

/// Attention by the book: scores, softmax, weighted sum.
fn attention(queries: &[f32], keys: &[Vec<f32>], values: &[Vec<f32>], width: usize) -> Vec<f64> {
    queries
        .chunks_exact(width)
        .flat_map(|query| {
            let scores: Vec<f64> = keys
                .iter()
                .map(|key| {
                    let dot: f64 = query.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    (dot / (width as f64).sqrt()).exp()
                })
                .collect();
            let total: f64 = scores.iter().sum();
            (0..width).map(move |dimension| {
                scores
                    .iter()
                    .zip(values)
                    .map(|(score, value)| score / total * f64::from(value[dimension]))
                    .sum()
            })
        })
        .collect()
}

#[test]
fn attention_is_the_same_on_every_processor_and_that_of_the_book() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for (width, queries, first, second) in
        [(8, 1, 1, 0), (64, 3, 37, 13), (64, 2, 32, 16), (80, 5, 50, 1), (32, 9, 5, 40), (48, 4, 100, 33)]
    {
        let (heads, head) = (2, 1);
        let mut caches = [Cache::new(heads, width), Cache::new(heads, width)];
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for position in 0..first + second {
            let (key, value) = (numbers(&mut random, heads * width), numbers(&mut random, heads * width));
            caches[usize::from(position >= first)].push(&key, &value);
            keys.push(key[head * width..].to_vec());
            values.push(value[head * width..].to_vec());
        }
        let questions = numbers(&mut random, queries * width);
        let attended = |processor| {
            let mut out = vec![0.0; queries * width];
            let parts = [(&caches[0], 0..first), (&caches[1], 0..second)];
            Attention::default().attend(processor, head, &parts, &questions, &mut out);
            out
        };
        let plain = attended(Processor::all()[0]);
        for processor in Processor::all() {
            assert_eq!(bits(&attended(processor)), bits(&plain), "{}, width {width}", processor.name());
        }
        for (got, want) in plain.iter().zip(attention(&questions, &keys, &values, width)) {
            assert!((f64::from(*got) - want).abs() < 1e-5, "{got}, not {want}, at width {width}");
        }
    }
}

#[test]
fn a_cache_that_was_cut_goes_on_as_if_the_rest_had_never_been() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let rows: Vec<Vec<f32>> = (0..40).map(|_| numbers(&mut random, 16)).collect();
    let query = numbers(&mut random, 16);
    let attended = |cache: &Cache| {
        let mut out = vec![0.0; 16];
        let parts = [(cache, 0..cache.length())];
        Attention::default().attend(Processor::detect(), 0, &parts, &query, &mut out);
        bits(&out)
    };
    let mut straight = Cache::new(1, 16);
    for row in &rows[..20] {
        straight.push(row, row);
    }
    let mut cut = Cache::new(1, 16);
    for row in rows[..10].iter().chain(&rows[20..]) {
        cut.push(row, row);
    }
    cut.truncate(10);
    for row in &rows[10..20] {
        cut.push(row, row);
    }
    assert_eq!(attended(&cut), attended(&straight));
}

#[test]
fn a_window_sees_its_positions_and_no_other() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let rows: Vec<Vec<f32>> = (0..50).map(|_| numbers(&mut random, 16)).collect();
    let query = numbers(&mut random, 16);
    let cache = |rows: &[Vec<f32>]| {
        let mut cache = Cache::new(1, 16);
        for row in rows {
            cache.push(row, row);
        }
        cache
    };
    let whole = cache(&rows);
    for (start, end) in [(0, 50), (3, 20), (16, 33), (17, 18), (31, 50)] {
        let attended = |cache: &Cache, seen| {
            let mut out = vec![0.0; 16];
            Attention::default().attend(Processor::detect(), 0, &[(cache, seen)], &query, &mut out);
            out
        };
        let alone = attended(&cache(&rows[start..end]), 0..end - start);
        for (got, want) in attended(&whole, start..end).iter().zip(alone) {
            assert!((got - want).abs() < 1e-5, "{got}, not {want}, for {start}..{end}");
        }
    }
}

#[test]
fn norms_and_units_are_the_same_on_every_processor() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let (rows, weights) = (numbers(&mut random, 5 * 70), numbers(&mut random, 70));
    let all = |processor| {
        let mut found = vec![Vec::new(); 3];
        norm(processor, &rows, &weights, 1e-5, &mut found[0]);
        gate(processor, Unit::Silu, 35, &rows, &mut found[1]);
        gate(processor, Unit::GeluTanh, 35, &rows, &mut found[2]);
        for kind in [Unit::Silu, Unit::GeluTanh] {
            let mut numbers: Vec<f32> = rows.iter().cycle().take(1500).map(|x| 12.0 * x).collect();
            unit(processor, kind, &mut numbers);
            found.push(numbers);
        }
        found
    };
    let plain = all(Processor::all()[0]);
    for processor in Processor::all() {
        for (found, plain) in all(processor).iter().zip(&plain) {
            assert_eq!(bits(found), bits(plain), "{}", processor.name());
        }
    }
    let squares: f64 = rows[..70].iter().map(|value| f64::from(*value).powi(2)).sum();
    let want = f64::from(rows[0]) / (squares / 70.0 + 1e-5).sqrt() * f64::from(weights[0]);
    assert!((f64::from(plain[0][0]) - want).abs() < 1e-5);
    let silu = |x: f64| x / (1.0 + (-x).exp());
    let gelu =
        |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
    for (at, row) in rows.iter().enumerate().take(35) {
        let (x, value) = (f64::from(*row), f64::from(rows[35 + at]));
        assert!((f64::from(plain[1][at]) - silu(x) * value).abs() < 1e-6);
        assert!((f64::from(plain[2][at]) - gelu(x) * value).abs() < 1e-6);
    }
    for (x, (got_silu, got_gelu)) in rows.iter().zip(plain[3].iter().zip(&plain[4])) {
        let x = f64::from(12.0 * x);
        assert!((f64::from(*got_silu) - silu(x)).abs() < 1e-5, "silu({x}) = {got_silu}");
        assert!((f64::from(*got_gelu) - gelu(x)).abs() < 1e-5, "gelu({x}) = {got_gelu}");
    }
}

#[test]
fn the_sum_of_exponentials_is_the_same_on_every_processor_and_close() {
    let logits: Vec<f32> =
        numbers(&mut ChaCha8Rng::seed_from_u64(7), 1003).iter().map(|logit| logit * 30.0).collect();
    let want = logits.iter().map(|logit| f64::from(*logit).exp()).sum::<f64>().ln();
    let plain = log_sum(Processor::all()[0], &logits);
    assert!((f64::from(plain) - want).abs() < 1e-4, "{plain}, not {want}");
    for processor in Processor::all() {
        assert_eq!(log_sum(processor, &logits).to_bits(), plain.to_bits(), "{}", processor.name());
    }
}

#[test]
fn exponential_is_close_over_the_range_that_softmax_uses() {
    for step in -8700..=8800 {
        let x = step as f32 / 100.0;
        let (got, want) = (f64::from(exp(x)), f64::from(x).exp());
        assert!((got / want - 1.0).abs() < 3e-7, "exp({x}) = {got}, not {want}");
    }
    assert!(exp(f32::NEG_INFINITY) < 1e-37);
}

/// An adapter's pair by chance.
fn pair(rank: usize, rows: usize, columns: usize, random: &mut ChaCha8Rng) -> Pair {
    Pair { rank, down: numbers(random, rank * columns), up: numbers(random, rows * rank) }
}

#[test]
fn what_an_adapter_adds_is_the_same_on_every_processor_and_close_to_plain_arithmetic() {
    let mut random = ChaCha8Rng::seed_from_u64(20);
    for (lanes, ranks) in
        (1..=19).zip([[8, 8, 8], [16, 4, 1], [3, 0, 40], [0, 0, 5], [64, 2, 2]].into_iter().cycle())
    {
        let columns = 3 * BLOCK;
        // The first two are one matrix, as they are where a file has them packed alike; the last is not whole strips.
        let rows = [32, 48, 35];
        let matrices = [
            matrix(Packing::Four, rows[0] + rows[1], columns, &mut random),
            matrix(Packing::Eight, rows[2], columns, &mut random),
        ];
        let pairs: Vec<Option<Pair>> = ranks
            .iter()
            .zip(rows)
            .map(|(rank, rows)| (*rank > 0).then(|| pair(*rank, rows, columns, &mut random)))
            .collect();
        let parts: Vec<(usize, Option<&Pair>)> =
            rows.iter().zip(&pairs).map(|(rows, pair)| (*rows, pair.as_ref())).collect();
        let adapter = LowRank::new(columns, &parts).unwrap().unwrap();
        let inputs = numbers(&mut random, lanes * columns);
        let product = |processor, adapter: Option<&LowRank>, inputs: &[f32]| {
            let (mut activations, mut found, mut product) = (Activations::default(), vec![7.0], vec![9.0; 3]);
            activations.set(processor, columns, inputs);
            multiply_all(processor, &matrices, adapter, &activations, &mut found, &mut product);
            product
        };
        let plain = product(Processor::all()[0], Some(&adapter), &inputs);
        for processor in Processor::all() {
            let name = processor.name();
            assert_eq!(
                bits(&product(processor, Some(&adapter), &inputs)),
                bits(&plain),
                "{name}, {lanes} lanes"
            );
        }
        let stride: usize = rows.iter().sum();
        let without = product(Processor::detect(), None, &inputs);
        for (lane, inputs) in inputs.chunks_exact(columns).enumerate() {
            let alone = product(Processor::detect(), Some(&adapter), inputs);
            assert_eq!(
                bits(&alone),
                bits(&plain[lane * stride..(lane + 1) * stride]),
                "lane {lane} beside others"
            );
            let mut first = 0;
            for (rows, pair) in &parts {
                for row in 0..*rows {
                    let at = lane * stride + first + row;
                    let mut want = without[at];
                    let mut bound = 1e-4;
                    if let Some(Pair { rank, down, up }) = pair {
                        for (narrow, up) in down.chunks_exact(columns).zip(&up[row * rank..]) {
                            want += up * narrow.iter().zip(inputs).map(|(a, b)| a * b).sum::<f32>();
                            // Inputs and narrow matrix are off by half a step of 1/127 at most, each number of the
                            // wide one by 1/2048 of itself.
                            bound += up.abs()
                                * narrow.iter().map(|a| a.abs() / 254.0 + 1.0 / 254.0 + 1e-3).sum::<f32>();
                        }
                    }
                    assert!(
                        (plain[at] - want).abs() <= bound,
                        "row {row}, lane {lane}: {}, not {want}",
                        plain[at]
                    );
                }
                first += rows;
            }
        }
    }
}

#[test]
fn an_adapter_that_changes_nothing_of_a_group_is_none() {
    assert!(LowRank::new(BLOCK, &[(16, None), (32, None)]).unwrap().is_none());
}
