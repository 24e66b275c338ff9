use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8]) -> Result<Gguf, GgufError> {
    Gguf::read(Path::new("test.gguf"), bytes, bytes.len() as u64)
}

#[test]
fn metadata_and_tensors_are_read() {
    let gguf = read(&tiny::bytes(1)).unwrap();
    assert_eq!(gguf.architecture(), "llama");
    assert_eq!(gguf.count("llama.block_count"), Some(2));
    assert_eq!(gguf.texts("tokenizer.ggml.tokens").unwrap().len(), tiny::tokens().len());
    assert_eq!(gguf.tensors["blk.0.ffn_up.weight"].shape, [64, 32]);
    assert_eq!(gguf.quantisation(), "F32");
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let bytes = tiny::bytes(1);
    let head_end = bytes.len() - 150_000.min(bytes.len() / 2);
    for cut in (0..head_end).step_by(7).chain([bytes.len() - 1, bytes.len() - 4000]) {
        let error = read(&bytes[..cut]).unwrap_err().to_string();
        assert!(error.contains("test.gguf"), "{error}");
    }
}

/// A head with these counts, then the given bytes.
fn head(tensors: u64, values: u64, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(values.to_le_bytes());
    bytes.extend(rest);
    bytes
}

#[test]
fn counts_beyond_the_file_are_refused_before_memory_is_taken() {
    for bytes in [head(u64::MAX, 0, &[]), head(0, u64::MAX, &[]), head(1 << 40, 1 << 40, &[0; 64])] {
        assert!(read(&bytes).unwrap_err().to_string().contains("announces"));
    }
    // A text of 2^60 bytes, and an array of 2^60 numbers.
    let key = [&1_u64.to_le_bytes()[..], b"k"].concat();
    let text = [&key[..], &8_u32.to_le_bytes(), &(1_u64 << 60).to_le_bytes(), &[0; 32]].concat();
    assert!(read(&head(0, 1, &text)).is_err());
    let array =
        [&key[..], &9_u32.to_le_bytes(), &4_u32.to_le_bytes(), &(1_u64 << 60).to_le_bytes(), &[0; 32]];
    assert!(read(&head(0, 1, &array.concat())).is_err());
}

#[test]
fn a_head_is_no_longer_than_heads_are_however_long_the_file_is() {
    // A file of 2^50 bytes has room for a text of 2^40; no head has.
    let key = [&1_u64.to_le_bytes()[..], b"k"].concat();
    let text = [&key[..], &8_u32.to_le_bytes(), &(1_u64 << 40).to_le_bytes()].concat();
    let bytes = head(0, 1, &text);
    let error = Gguf::read(Path::new("test.gguf"), &bytes[..], 1 << 50).unwrap_err().to_string();
    assert!(error.contains("bytes that a head may take"), "{error}");
}

#[test]
fn a_model_that_is_larger_than_the_memory_is_refused_before_any_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.gguf");
    let (head, length) = tiny::huge();
    std::fs::write(&path, head).unwrap();
    // Nothing of it stands on the disk.
    File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
    let loaded = crate::jobs::unwatched(|task| crate::writing::local::LocalModel::load("huge", &path, task));
    let error = loaded.err().unwrap().to_string();
    assert!(error.contains("huge.gguf") && error.contains("GB of memory"), "{error}");
    assert!(error.contains("are free: close other programs"), "{error}");
}

#[test]
fn what_is_loaded_is_one_file_and_its_checksum_is_of_that() {
    let (folder, path) = tiny::file(1);
    let gguf = Gguf::open(&path).unwrap();
    let before = gguf.sha256(&Cancel::default()).unwrap();
    // Another file takes its place between its head and its weights.
    let other = folder.path().join("other");
    std::fs::write(&other, tiny::bytes(2)).unwrap();
    std::fs::rename(&other, &path).unwrap();
    let hash = gguf.sha256(&Cancel::default()).unwrap_err().to_string();
    let weights = crate::jobs::unwatched(|task| crate::writing::families::load(&gguf, task));
    for error in [hash, weights.err().unwrap().to_string()] {
        assert!(error.contains("tiny.gguf was changed") && error.contains("load it again"), "{error}");
    }
    let other = Gguf::open(&path).unwrap().sha256(&Cancel::default()).unwrap();
    assert_ne!(other, before);
}

#[test]
fn an_alignment_of_zero_is_refused() {
    let key = "general.alignment";
    let value =
        [&(key.len() as u64).to_le_bytes()[..], key.as_bytes(), &4_u32.to_le_bytes(), &0_u32.to_le_bytes()];
    let error = read(&head(0, 1, &value.concat())).unwrap_err().to_string();
    assert!(error.contains("alignment"), "{error}");
}

#[test]
fn a_tensor_whose_size_overflows_is_refused() {
    let name = [&1_u64.to_le_bytes()[..], b"t"].concat();
    let tensor = [
        &name[..],
        &2_u32.to_le_bytes(),
        &(1_u64 << 40).to_le_bytes(),
        &(1_u64 << 40).to_le_bytes(),
        &0_u32.to_le_bytes(),
        &0_u64.to_le_bytes(),
    ];
    assert!(read(&head(1, 0, &tensor.concat())).unwrap_err().to_string().contains("impossibly large"));
}

#[test]
fn what_is_no_gguf_says_so() {
    assert!(read(b"PK\x03\x04 a zip file").unwrap_err().to_string().contains("does not start with GGUF"));
    assert!(
        Gguf::open(Path::new("/nowhere/model.gguf")).unwrap_err().to_string().contains("/nowhere/model.gguf")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_heads_never_panic(changes in prop::collection::vec((0_usize..4000, any::<u8>()), 1..6)) {
        let mut bytes = tiny::bytes(1);
        for (at, value) in changes {
            bytes[at] = value;
        }
        let _ = read(&bytes);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&[b"GGUF\x03\0\0\0", &bytes[..]].concat());
    }
}
