use candle_core::quantized::ggml_file::qtensor_from_ggml;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Where the halves of a block stand, which must be numbers.
fn halves(kind: GgmlDType) -> &'static [usize] {
    match kind {
        GgmlDType::Q4_0 | GgmlDType::Q5_0 | GgmlDType::Q8_0 => &[0],
        GgmlDType::Q3K => &[108],
        GgmlDType::Q6K => &[208],
        _ => &[0, 2],
    }
}

#[test]
fn every_quantisation_is_packed_as_the_file_has_it() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (rows, columns) = (20, 2 * SUPER_BLOCK);
    for kind in [
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q8_0,
        GgmlDType::Q3K,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ] {
        assert!(keeps(kind));
        let mut bytes = vec![0; rows * columns / kind.block_size() * kind.type_size()];
        random.fill(&mut bytes[..]);
        for block in bytes.chunks_exact_mut(kind.type_size()) {
            for at in halves(kind) {
                let number = f16::from_f32(random.random_range(-0.01..0.01));
                block[*at..][..2].copy_from_slice(&number.to_le_bytes());
            }
        }
        let tensor = qtensor_from_ggml(kind, &bytes, vec![rows, columns], &Device::Cpu).unwrap();
        let mut matrix = Matrix::new(packing(kind), rows, columns).unwrap();
        fill(&mut matrix, 0, &tensor).unwrap();
        let mut row = vec![0.0; columns];
        for (index, wanted) in unpacked(&tensor).unwrap().chunks_exact(columns).enumerate() {
            matrix.row(index, &mut row);
            for (column, (got, want)) in row.iter().zip(wanted).enumerate() {
                assert!(
                    (got - want).abs() <= 1e-6 * (1.0 + want.abs()),
                    "{kind:?}, row {index}, column {column}: {got}, not {want}"
                );
            }
        }
    }
}
