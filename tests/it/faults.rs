//! What a person is told when the disk, the folder or another program stands in the way, and what is left behind.

mod engine;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use perennial::config::Config;
use perennial::tui::work::Services;
use perennial::workspace::Workspace;

use crate::program::{perennial, text};
use crate::tui::harness::Harness;

/// The dashboard on the sample shop, with its project in `folder` and no model.
fn dashboard(folder: &Path) -> Harness {
    let mut config = Config::default();
    config.writing.model = "none".into();
    let mut harness = Harness::with(config, Services::default());
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![sample()];
    setup.folder = folder.into();
    harness.start()
}

fn sample() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-data/shop")
}

/// A folder that takes no files, or few.
pub struct Odd {
    folder: tempfile::TempDir,
    mounted: bool,
}

impl Odd {
    pub fn place(&self) -> &Path {
        self.folder.path()
    }

    fn mount(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.place());
        mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Nobody may write there, not even root: `None` where this machine cannot make such a folder.
    fn read_only(fill: impl FnOnce(&Path)) -> Option<Self> {
        let mut odd = Self { folder: tempfile::tempdir().unwrap(), mounted: false };
        odd.mounted = odd.mount("size=8m");
        fill(odd.place());
        let mut shut = if odd.mounted { Command::new("mount") } else { Command::new("chmod") };
        if odd.mounted {
            shut.args(["-o", "remount,ro"])
        } else {
            shut.arg("500")
        };
        assert!(shut.arg(odd.place()).status().unwrap().success());
        fs::write(odd.place().join("try"), "").is_err().then_some(odd)
    }

    /// A disk with room for `size` bytes: `None` where this machine lets nobody mount one.
    pub fn small(size: usize) -> Option<Self> {
        let mut odd = Self { folder: tempfile::tempdir().unwrap(), mounted: false };
        odd.mounted = odd.mount(&format!("size={size}"));
        odd.mounted.then_some(odd)
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg(self.place()).status();
        } else {
            let _ = Command::new("chmod").arg("700").arg(self.place()).status();
        }
    }
}

/// Names of the files in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A screen as one line, so that a sentence that is broken over lines can be found.
fn said(harness: &mut Harness) -> String {
    let screen = harness.screen(200, 60);
    let screen = screen.split(['▌', '│', '\n']).map(str::trim).collect::<Vec<_>>().join(" ");
    // A toast's lines stand among those of the screen below; the log has it whole.
    let log: Vec<&str> = harness.app.shared.log.iter().map(|note| note.text.as_str()).collect();
    format!("{screen}\n{}", log.join("\n"))
}

#[test]
fn a_project_that_cannot_be_written_is_told_with_a_remedy() {
    let Some(odd) = Odd::read_only(|folder| fs::write(folder.join("perennial.toml"), "").unwrap()) else {
        return;
    };
    let mut harness = dashboard(odd.place()).keys("2 j w a");
    let told = said(&mut harness);
    assert!(told.contains("decisions cannot be kept in"), "{told}");
    assert!(told.contains("you may write"), "{told}");

    let home = tempfile::tempdir().unwrap();
    let mut command = perennial(home.path());
    command.args(["run", "--out", "out", "--model", "none", "--workspace"]).arg(odd.place());
    let output = command.arg("--data").arg(sample()).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("coupon codes cannot be kept") && told.contains("you may write"), "{told}");
    assert!(!home.path().join("out").exists());
}

#[test]
fn a_full_disk_is_told_and_leaves_the_last_run_as_it_was() {
    let Some(odd) = Odd::small(300 << 10) else { return };
    let out = odd.place().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("outbox.csv"), "of the last run").unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = perennial(home.path());
    command.args(["run", "--model", "none", "--out"]).arg(&out).arg("--data").arg(sample());
    let output = command.output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left on device") && told.contains("out"), "{told}");
    assert_eq!(text(&output.stdout), "");
    assert_eq!(fs::read_to_string(out.join("outbox.csv")).unwrap(), "of the last run");
    assert_eq!(names(&out), ["outbox.csv"], "nothing half written");
}

#[test]
fn an_export_to_a_full_disk_keeps_the_decisions_and_the_last_outbox() {
    let Some(odd) = Odd::small(1 << 20) else { return };
    let harness = dashboard(odd.place()).keys("2 j w a a");
    let outbox = odd.place().join("outbox");
    fs::create_dir(&outbox).unwrap();
    fs::write(outbox.join("outbox.csv"), "of the last export").unwrap();
    // What is left of the room goes.
    let mut filler = fs::File::create(odd.place().join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    drop(filler);
    let mut harness = harness.keys("o");
    let told = said(&mut harness);
    // SQLite says "disk is full" or "disk I/O error", the outbox "No space left": as it comes, with a remedy.
    let causes = ["disk is full", "disk I/O error", "No space left"];
    assert!(causes.iter().any(|cause| told.contains(cause)) && told.contains("room"), "{told}");
    assert_eq!(fs::read_to_string(outbox.join("outbox.csv")).unwrap(), "of the last export");
    assert_eq!(names(&outbox), ["outbox.csv"], "nothing half written");
    // With room again everything is there.
    fs::remove_file(odd.place().join("filler")).unwrap();
    let mut harness = dashboard(odd.place()).keys("5 f o");
    let told = said(&mut harness);
    assert!(told.contains("✓ approved") && told.contains("outbox/outbox.csv and outbox.jsonl"), "{told}");
}

#[test]
fn a_database_that_another_program_writes_is_waited_for_and_then_told() {
    let folder = tempfile::tempdir().unwrap();
    let harness = dashboard(folder.path()).keys("2 j w a");
    let other = rusqlite::Connection::open(folder.path().join("perennial.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut harness = harness.keys("a");
    let told = said(&mut harness);
    assert!(told.contains("is being written by another program"), "{told}");
    assert!(told.contains("Close the other Perennial, or try again."), "{told}");
    other.execute_batch("ROLLBACK").unwrap();
    let mut harness = harness.keys("a");
    assert!(said(&mut harness).contains("1 approved"));
}

/// Names the folder in which [`an_export_that_is_killed_leaves_whole_files`] has its other process export.
const FOLDER_OF_THE_KILLED: &str = "EXPORT_IN";

#[test]
fn an_export_that_is_killed_leaves_whole_files() {
    // The same test, as the process that will be killed: it exports for ever.
    if let Some(folder) = std::env::var_os(FOLDER_OF_THE_KILLED) {
        let mut harness = dashboard(Path::new(&folder)).keys("5");
        for number in 1.. {
            harness = harness.keys("o");
            writeln!(std::io::stderr(), "exported {number}").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    drop(dashboard(folder.path()).keys("2 j w a a o"));
    let outbox = folder.path().join("outbox");
    let read = |name: &str| fs::read_to_string(outbox.join(name)).unwrap();
    let (csv, json) = (read("outbox.csv"), read("outbox.jsonl"));
    for pause in [1, 4, 9] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::an_export_that_is_killed_leaves_whole_files", "--nocapture"])
            .env(FOLDER_OF_THE_KILLED, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let exported = lines.filter(|line| line.starts_with("exported")).nth(1);
        assert!(exported.is_some(), "the other process exports");
        // Somewhere in the middle of the next one.
        std::thread::sleep(std::time::Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((read("outbox.csv"), read("outbox.jsonl")), (csv.clone(), json.clone()));
    }
    let store = Workspace::open(folder.path()).unwrap().store().unwrap();
    assert_eq!(store.log().unwrap().len(), 1, "the decision is there");
    drop(store);
    // What a killed export left behind holds personal data: the next one clears it away.
    fs::write(outbox.join(".outbox.csv.1.partial"), "half").unwrap();
    drop(dashboard(folder.path()).keys("5 o"));
    assert_eq!(names(&outbox), ["outbox.csv", "outbox.jsonl"]);
    assert_eq!(read("outbox.csv"), csv);
}
