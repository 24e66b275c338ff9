//! The machine: processor, threads, and the folders that are written to.

use std::path::Path;

use super::Finding;
use crate::tui::numbers;
use crate::writing::kernels::Processor;

/// Free space below which fetching the model or writing an outbox may fail, in bytes.
const LITTLE_SPACE: u64 = 1_000_000_000;

pub(super) fn look() -> Vec<Finding> {
    let mut findings = vec![simd(Processor::detect().name(), &compiled_in(), &processor())];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = Finding::new(
        "machine",
        "threads",
        format!("{} for work, of {cores} cores", rayon::current_num_threads()),
    );
    findings.push(if cores == 1 {
        threads.warn("With one core the dashboard waits for the model now and then.")
    } else {
        threads
    });
    findings.extend(folders());
    findings
}

/// What the whole program was compiled for.
fn compiled_in() -> Vec<&'static str> {
    [
        ("AVX2", cfg!(target_feature = "avx2")),
        ("F16C", cfg!(target_feature = "f16c")),
        ("NEON", cfg!(target_feature = "neon")),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

/// What this processor has.
fn processor() -> Vec<&'static str> {
    let mut has = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            has.push("AVX2");
        }
        if is_x86_feature_detected!("f16c") {
            has.push("F16C");
        }
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") {
        has.push("NEON");
    }
    has
}

/// `in_use`: what the writing engine has chosen for this processor.
fn simd(in_use: &str, compiled: &[&str], processor: &[&str]) -> Finding {
    let list = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let finding = Finding::new(
        "machine",
        "SIMD",
        format!("the model is run with {in_use}; the program was compiled for {}", list(compiled)),
    );
    if let Some(missing) = compiled.iter().find(|name| !processor.contains(name)) {
        finding.problem(format!(
            "This build needs {missing}, which this processor lacks. Build it on this machine: cargo build --release."
        ))
    } else if in_use == Processor::PLAIN {
        finding.warn(
            "This processor has no vector instructions that the model can be run with, so that it writes slowly. \
             `--model none` writes from the strategies' own texts.",
        )
    } else {
        finding
    }
}

fn folders() -> Vec<Finding> {
    let Some(dirs) = directories::ProjectDirs::from("", "", "perennial") else {
        return vec![
            Finding::new("machine", "folders", "this user has no home folder")
                .problem("Set HOME to a folder that can be written."),
        ];
    };
    [
        ("cache", dirs.cache_dir()),
        ("state", dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir())),
    ]
    .into_iter()
    .map(|(name, folder)| folder_finding(name, folder))
    .collect()
}

/// Whether a folder, or the nearest one above it that exists, can be written and has room.
pub(super) fn folder_finding(name: &'static str, folder: &Path) -> Finding {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(folder);
    let shown = folder.display();
    let not_writable = |error: &std::io::Error| {
        Finding::new("machine", name, format!("{shown} cannot be written: {error}"))
            .problem("Give yourself the right to write there, or set the XDG variable to another folder.")
    };
    if !existing.is_dir() {
        return Finding::new("machine", name, format!("{} is not a folder", existing.display()))
            .problem("Move that file away.");
    }
    // A file without a name, gone when it is closed: nothing is left behind.
    if let Err(error) = probe(existing) {
        return not_writable(&error);
    }
    match fs4::available_space(existing) {
        Ok(bytes) => {
            let found = format!("{shown}, {} free", numbers::bytes(bytes));
            let finding = Finding::new("machine", name, found);
            if bytes < LITTLE_SPACE {
                finding.warn("Free 1 GB, or set the XDG variable to a folder on another disk.")
            } else {
                finding
            }
        }
        Err(error) => {
            Finding::new("machine", name, format!("{shown}, free space unknown")).warn(format!("{error}."))
        }
    }
}

fn probe(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".perennial-probe-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_build_that_needs_more_than_the_processor_has_is_a_problem_and_plain_code_a_warning() {
        assert_eq!(simd("AVX2", &["AVX2"], &["AVX2"]).verdict, Verdict::Ok);
        assert_eq!(simd("AVX2", &[], &["AVX2"]).verdict, Verdict::Ok);
        assert_eq!(simd("none", &["AVX2"], &[]).verdict, Verdict::Problem);
        assert_eq!(simd("none", &[], &[]).verdict, Verdict::Warn);
    }

    #[test]
    fn a_folder_that_is_yet_to_be_made_is_judged_by_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(folder_finding("cache", &folder.path().join("a/b")).verdict, Verdict::Problem);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(folder_finding("cache", &file.join("below")).verdict, Verdict::Problem);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "the probe leaves nothing behind");
    }
}
