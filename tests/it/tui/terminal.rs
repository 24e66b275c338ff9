//! The real program on a real terminal: what it sends, and whether it gives the terminal back.
//!
//! The terminal is made by `script` of util-linux, which every Linux has; what the program draws is read back
//! through a terminal emulator.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A program on a terminal of its own.
struct Session {
    child: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    bytes: Vec<u8>,
    folder: tempfile::TempDir,
}

/// Far longer than anything takes: only a failure waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

impl Session {
    /// On a shop of three orders.
    fn start(width: u16, height: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(
            data.join("orders.csv"),
            "customer_id,ordered_at,amount\nc1,2025-01-02,10.00\nc2,2025-02-03,20.00\nc1,2025-03-04,30.00\n",
        )
        .unwrap();
        let arguments = format!("--data '{}'", data.display());
        Self::open(folder, width, height, &arguments)
    }

    /// With `folder` as home.
    fn open(folder: tempfile::TempDir, width: u16, height: u16, arguments: &str) -> Self {
        let line = format!(
            "stty rows {height} cols {width}; echo $$ > '{}'; exec '{}' {arguments} --model none",
            folder.path().join("pid").display(),
            env!("CARGO_BIN_EXE_perennial"),
        );
        let mut command = Command::new("script");
        command.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
        for (name, _) in std::env::vars_os() {
            let foreign = |name: &str| name.starts_with("PERENNIAL_") || name.starts_with("XDG_");
            if name.to_str().is_some_and(foreign) {
                command.env_remove(name);
            }
        }
        command.env("TERM", "xterm-256color").env("HOME", folder.path()).env_remove("NO_COLOR");
        command.env("SHELL", "/bin/sh").current_dir(folder.path());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`script` of util-linux makes the terminal for this test");
        let mut reader = child.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = reader.read(&mut buffer) {
                if length == 0 || sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            keyboard: child.stdin.take().unwrap(),
            child,
            output,
            screen: vt100::Parser::new(nonzero(height), nonzero(width), 0),
            bytes: Vec::new(),
            folder,
        }
    }

    /// Process of the program, not of `script`.
    fn pid(&self) -> String {
        let path: PathBuf = self.folder.path().join("pid");
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// Reads until the screen shows something; blocks without polling.
    fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let contents = self.screen.screen().contents();
            if holds(&contents) {
                return contents;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.output.recv_timeout(left) else {
                panic!("{what} did not come; the screen is\n{contents}");
            };
            self.screen.process(&bytes);
            self.bytes.extend(bytes);
        }
    }

    fn shows(&mut self, text: &str) -> String {
        self.until(text, |contents| contents.contains(text))
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for the end, and looks whether the terminal is as it was. Gives the home back too.
    fn ends(mut self) -> (Option<i32>, String, tempfile::TempDir) {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.screen.process(&bytes);
            self.bytes.extend(bytes);
        }
        let status = self.child.wait().unwrap();
        let bytes = std::mem::take(&mut self.bytes);
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left on");
        assert!(!screen.hide_cursor(), "the cursor was left hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste was left on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse was left on");
        (status.code(), String::from_utf8_lossy(&bytes).into_owned(), folder)
    }
}

impl Drop for Session {
    /// A failed test leaves no program behind: without its terminal it ends.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_opens_answers_keys_and_gives_the_terminal_back() {
    let mut session = Session::start(100, 30);
    session.shows("[1 Overview]");
    session.shows("60.00");
    session.press("8");
    session.shows("[8 Jobs]");
    session.press("?");
    session.shows("Go down one row");
    session.press("q");
    let (code, sent, _) = session.ends();
    assert_eq!(code, Some(0));
    assert!(sent.contains("\x1b[?2026h"), "frames are synchronized updates");
    for query in ["\x1b[6n", "\x1b[c", "\x1b[>c", "\x1b[?u", "\x1b]11;?"] {
        assert!(!sent.contains(query), "the terminal was asked {query:?}");
    }
}

#[test]
fn from_the_sample_shop_to_an_outbox_file_and_the_decision_is_there_the_next_time() {
    let mut session = Session::open(tempfile::tempdir().unwrap(), 120, 40, "");
    session.press("4");
    session.shows("The strategy's own texts");
    session.shows("▸ 1 ✓");
    session.press("a");
    session.shows("5 drafts wait: a approves");
    session.press("5");
    session.shows("waits for a decision");
    session.press("a");
    session.shows("1 approved");
    session.press("o");
    session.shows("messages are in");
    session.press("q");
    let (code, _, home) = session.ends();
    assert_eq!(code, Some(0));

    let outbox = home.path().join(".local/state/perennial/sample/outbox/outbox.csv");
    let mut rows = csv::Reader::from_path(&outbox).unwrap();
    let columns = rows.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (address, body) = (column("address"), column("body"));
    let messages: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert!(messages.len() > 50, "{} messages", messages.len());
    assert!(messages.iter().all(|row| row[address].contains('@') && row[body].contains("Kind regards")));

    let mut session = Session::open(home, 120, 40, "");
    session.press("5");
    session.shows("4 open, 0 failing, 1 approved");
    session.press("q");
    session.ends();
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    let mut session = Session::start(80, 24);
    session.shows("[1 Overview]");
    let killed = Command::new("kill").args(["-TERM", &session.pid()]).status().unwrap();
    assert!(killed.success());
    let (code, ..) = session.ends();
    assert_eq!(code, Some(130));
}

#[test]
fn a_name_given_to_a_segment_is_there_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let mut orders = String::from("customer_id,ordered_at,amount\n");
    for number in 0..40 {
        let (month, day, amount) = (1 + number % 12, 1 + number % 28, if number < 20 { 10 } else { 900 });
        orders.push_str(&format!("c{number},2024-{month:02}-{day:02},{amount}.00\n"));
        if number >= 20 {
            orders.push_str(&format!("c{number},2025-{month:02}-{day:02},{}.50\n", amount + number));
        }
    }
    let file = home.path().join("orders.csv");
    std::fs::write(&file, orders).unwrap();
    let arguments = format!("--data '{}'", file.display());
    let mut session = Session::open(home, 120, 40, &arguments);
    session.press("2");
    session.shows("kinds of customer");
    session.press("r\x15Friends of the house\r");
    session.shows("A Friends of the house");
    session.press("8");
    session.shows("Save the segment's name: done");
    session.press("q");
    let (_, _, home) = session.ends();
    let mut session = Session::open(home, 120, 40, &arguments);
    session.press("2");
    session.shows("A Friends of the house");
    session.press("q");
    session.ends();
}

#[test]
fn a_resized_window_is_drawn_anew() {
    let mut session = Session::start(80, 24);
    session.shows("[1 Overview]");
    let terminal = format!("/proc/{}/fd/0", session.pid());
    let resized = Command::new("stty").args(["-F", &terminal, "rows", "8", "cols", "30"]).status().unwrap();
    assert!(resized.success());
    session.screen.set_size(nonzero(8), nonzero(30));
    session.shows("Make the window");
    session.press("q");
    session.ends();
}
