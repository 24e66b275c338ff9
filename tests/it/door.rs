//! The door over real sockets: pages, clicks, webhooks, files, the mailbox, bounds, restarts, rights.

mod bounds;
mod browser;
mod clicks;
mod commands;
mod events;
mod mailbox;
mod pages;
mod rights;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use perennial::config::Config;
use perennial::door::{Door, WebhookSecret};
use perennial::jobs::Cancel;
use perennial::workspace::{Links, SecretName, Store};
use rusqlite::{Connection, params};

/// What providers show in these tests.
pub const SECRET: &str = "a secret of providers";
pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 86_400_000;

/// Numbers of the sends that [`sow`] makes.
pub const ANNA: i64 = 1;
pub const LI: i64 = 2;
pub const OTTO: i64 = 3;
/// A second message to Anna.
pub const ANNA_AGAIN: i64 = 4;
/// A third.
pub const ANNA_THIRD: i64 = 5;
/// Not gone out yet.
pub const WAITING: i64 = 6;

pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A ledger as a campaign leaves it: three customers, accepted an hour ago.
pub fn sow(path: &Path) {
    drop(Store::open(path).unwrap());
    let database = Connection::open(path).unwrap();
    let hour_ago = now() - 60 * MINUTE;
    for name in ["spring", "summer", "autumn"] {
        database
            .execute(
                "INSERT INTO campaigns (name, plan, fingerprint, arms, launched_at, state) \
                 VALUES (?1, '', 'f', '[]', ?2, 'done')",
                params![name, hour_ago],
            )
            .unwrap();
    }
    for number in 1..=3 {
        database
            .execute(
                "INSERT INTO links VALUES (1, ?1, ?2)",
                params![number, format!("https://shop.example/p/{number}?from=mail&n=ü")],
            )
            .unwrap();
    }
    let sends = [
        (1, "anna", "email", "Anna.Meyer@example.com", "en", "accepted", "m1@shop.example"),
        (1, "li", "email", "li@example.cn", "zh-CN", "accepted", "m2@shop.example"),
        (1, "otto", "sms", "+4915112345678", "de", "accepted", "m3@shop.example"),
        (2, "anna", "email", "anna.meyer@example.com", "en", "accepted", "m4@shop.example"),
        (3, "anna", "email", "anna.meyer@example.com", "en", "accepted", "m5@shop.example"),
        (2, "li", "sms", "+86 138 0013 8000", "zh", "intended", "m6@shop.example"),
    ];
    for (campaign, customer, channel, address, language, state, message) in sends {
        database
            .execute(
                "INSERT INTO sends (campaign, step, customer, segment, arm, channel, address, language, content, state, at, \
                 message_id) VALUES (?1, 1, ?2, 'A', 'a', ?3, ?4, ?5, 'c', ?6, ?7, ?8)",
                params![campaign, customer, channel, address, language, state, hour_ago, message],
            )
            .unwrap();
    }
}

/// A door that is open until it is dropped.
pub struct Running {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub links: Links,
    pub log: Arc<Mutex<Vec<String>>>,
    cancel: Cancel,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(server) = self.server.take() {
            server.join().unwrap().unwrap();
        }
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub fn open(configure: impl FnOnce(&mut Config)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("perennial.db");
    sow(&path);
    let mut config = Config::default();
    config.brand.name = "Oak & Linen <Home>".into();
    config.door.requests_per_second = 1_000;
    config.door.burst = 10_000;
    configure(&mut config);
    let mut store = Store::open(&path).unwrap();
    let links = Links::new("", &store.secret(SecretName::Links).unwrap(), now() + DAY);
    let log = Arc::<Mutex<Vec<String>>>::default();
    let told = Arc::clone(&log);
    let secret = WebhookSecret::new(SECRET, "the test").unwrap();
    let door =
        Door::new(store, &config, Some(secret), move |what| told.lock().unwrap().push(what.to_owned()))
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let server = Some(std::thread::spawn(move || perennial::door::serve(listener, Arc::new(door), &stop)));
    Running { folder, address, links, log, cancel, server }
}

/// Sends bytes and reads to the end.
pub fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

impl Running {
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("perennial.db")
    }

    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: door\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        exchange(self.address, request.as_bytes())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", body)
    }

    pub fn hook(&self, kind: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {SECRET}\r\nContent-Type: application/json\r\n");
        self.ask("POST", &format!("/hook/{kind}"), &headers, body)
    }

    pub fn store(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// The feedback about a send: kind, link, rating, text, scanner, source.
    pub fn feedback(&self, send: i64) -> Vec<String> {
        let database = self.database();
        let mut statement = database
            .prepare(
                "SELECT kind || coalesce(' link ' || link, '') || coalesce(' rating ' || rating, '') \
                 || coalesce(' \"' || text || '\"', '') || iif(scanner, ' scanner', '') || ' by ' || source \
                 FROM feedback WHERE send = ?1 ORDER BY id",
            )
            .unwrap();
        let rows = statement.query_map([send], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The list: channel, address, reason.
    pub fn suppressed(&self) -> Vec<String> {
        let list = self.store().suppressions().unwrap();
        let line = |one: &perennial::workspace::Suppression| {
            format!("{} {} {}", one.channel, one.address.as_deref().unwrap_or("-"), one.reason)
        };
        list.iter().map(line).collect()
    }
}
