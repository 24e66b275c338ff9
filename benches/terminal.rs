//! The real program on a real terminal: first frame, shop ready, keys while the model writes, idleness, keys while it learns.
//!
//! `cargo bench --profile release --bench terminal [-- FOLDER]`; the terminal is made by `script` of util-linux, and the
//! model must have been fetched (`perennial model pull`). Budgets: first frame 50 ms, sample shop 500 ms, a key 16 ms at
//! the 99th percentile and 33 ms at worst, nothing at all when idle.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark stops at what goes wrong, and reports"
)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const WIDTH: u16 = 120;
const HEIGHT: u16 = 40;
/// Keys that are timed.
const KEYS: usize = 400;
/// Time between two of them: people do not type faster.
const PAUSE: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_mins(1);
const PROGRAM: &str = env!("CARGO_BIN_EXE_perennial");

struct Session {
    child: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    folder: tempfile::TempDir,
    bytes: usize,
}

impl Session {
    fn start(arguments: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let line = format!(
            "stty rows {HEIGHT} cols {WIDTH}; echo $$ > '{}'; exec '{PROGRAM}' {arguments}",
            folder.path().join("pid").display(),
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("XDG_STATE_HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`script` of util-linux makes the terminal");
        let mut reader = child.stdout.take().expect("piped");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(length) = reader.read(&mut buffer) {
                if length == 0 || sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |number| std::num::NonZeroU16::new(number).expect("not zero");
        Self {
            keyboard: child.stdin.take().expect("piped"),
            child,
            output,
            screen: vt100::Parser::new(size(HEIGHT), size(WIDTH), 0),
            folder,
            bytes: 0,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a program that runs");
        self.keyboard.flush().expect("a program that runs");
    }

    /// Waits until the screen holds something, and says how long that took.
    fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> Duration {
        let begun = Instant::now();
        loop {
            let contents = self.screen.screen().contents();
            if holds(&contents) {
                return begun.elapsed();
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let bytes = self.output.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| panic!("{what} did not come:\n{contents}"));
            self.screen.process(&bytes);
            self.bytes += bytes.len();
        }
    }

    /// Takes in what comes for some time.
    fn rest(&mut self, time: Duration) {
        let begun = Instant::now();
        while let Some(left) = time.checked_sub(begun.elapsed()) {
            if let Ok(bytes) = self.output.recv_timeout(left) {
                self.screen.process(&bytes);
                self.bytes += bytes.len();
            }
        }
    }

    /// Times that any thread of the program has been woken so far.
    fn wake_ups(&self) -> u64 {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).expect("the program's number");
        let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.trim())).expect("the program's threads");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok())
            .filter_map(|status| {
                let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
                line.trim().parse::<u64>().ok()
            })
            .sum()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A learning that runs is asked about.
        let _ = self.keyboard.write_all(b"\x1b\x1bq\r");
        let _ = self.child.wait();
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| milliseconds(times[((times.len() - 1) as f64 * share).round() as usize]);
    println!(
        "{what}: median {:.1} ms, 99th percentile {:.1} ms, worst {:.1} ms, of {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

/// Opens and closes the help again and again: the time from each key to its frame. `between` is done before each opening.
fn keys(session: &mut Session, mut between: impl FnMut(&mut Session)) -> Vec<Duration> {
    let mut times = Vec::new();
    while times.len() < KEYS {
        between(session);
        session.press("?");
        times.push(session.until("the help", |contents| contents.contains("Go down one row")));
        session.rest(PAUSE);
        session.press("\x1b");
        times.push(session.until("no help", |contents| !contents.contains("Go down one row")));
        session.rest(PAUSE);
    }
    times
}

fn main() {
    let data = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let data = data.map(|data| format!("--data '{data}'")).unwrap_or_default();

    let (mut first, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let begun = Instant::now();
        let mut session = Session::start(&data);
        session.until("the first frame", |contents| contents.contains("Overview]"));
        first.push(begun.elapsed());
        session.press("3");
        session.until("the customers", |contents| {
            contents.contains("[3 Customers") && contents.contains(" of ")
        });
        ready.push(begun.elapsed());
    }
    report("first frame, with the start of the process", first);
    report("customers can be browsed", ready);

    let mut session = Session::start(&data);
    session.until("the first frame", |contents| contents.contains("Overview]"));
    session.press("4");
    session.until("a finished preview", |contents| contents.contains(" tokens at "));
    let (mut pressed, mut written) = (Instant::now(), 0);
    let times = keys(&mut session, |session| {
        if pressed.elapsed() > Duration::from_millis(350) {
            session.press("n");
            (pressed, written) = (Instant::now(), written + 1);
            session.rest(PAUSE);
        }
    });
    report("key to frame while the model writes", times);
    println!("  (five variants were begun anew {written} times meanwhile)");

    session.rest(Duration::from_secs(3));
    let (bytes, wake_ups) = (session.bytes, session.wake_ups());
    session.rest(Duration::from_secs(5));
    println!("idle for 5 s: {} bytes, {} wake-ups", session.bytes - bytes, session.wake_ups() - wake_ups);
    drop(session);

    let home = tempfile::tempdir().expect("a temporary folder");
    let shop = reviewed(home.path());
    let mut session = Session::start(&format!("--workspace '{}'", shop.display()));
    session.until("the first frame", |contents| contents.contains("Overview]"));
    session.press("9");
    session.until("the lessons", |contents| contents.contains("lessons"));
    session.press("n");
    session.until("the question", |contents| contents.contains("Learn a voice from"));
    session.press("\r");
    session.until("the first step", |contents| contents.contains("step 1 of"));
    report("key to frame while a voice is learnt", keys(&mut session, |_| {}));
    session.press("x");
    session.until("the stop", |contents| contents.contains("Stopped at step"));
}

/// A project of the sample shop with drafts that were edited: enough to learn a voice from.
fn reviewed(home: &Path) -> PathBuf {
    let shop = home.join("shop");
    let run = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).current_dir(home).output().expect("the program");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["init", "shop"]);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/shop");
    for table in std::fs::read_dir(sample).expect("the sample shop").flatten() {
        std::fs::copy(table.path(), shop.join("data").join(table.file_name()))
            .expect("a folder of one's own");
    }
    let preview = ["--workspace", "shop", "preview", "--strategy", "win-back-email-en", "-n", "5", "--keep"];
    for segment in ["A", "B", "C"] {
        run(&[&preview[..], &["--segment", segment]].concat());
    }
    for draft in 1..=15 {
        let text =
            format!("The harbour is quiet today, and the {} bell rings for you.", "evening ".repeat(draft));
        run(&["--workspace", "shop", "review", "edit", &draft.to_string(), "--text", &text]);
    }
    shop
}
