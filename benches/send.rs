//! Sending: e-mails made, signed and handed to a mail server, requests to a provider, and files.
//!
//! `cargo bench --profile release --bench send [-- MESSAGES]`. The servers run in this process, so that the cores are
//! shared with what they do. Budget: 2,000 messages a second to a mail server on two cores, with the same memory at the
//! end as at the beginning.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark stops at what goes wrong, and reports"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use perennial::campaign::channel::{Line, Outcome};
use perennial::campaign::message::{Composer, Doors, Envelope, Outgoing, Sender, Signer, message_id};
use perennial::campaign::sending::{Order, send};
use perennial::config::SendingConfig;
use perennial::data::Channel;
use perennial::strategy::{Part, Text};
use perennial::workspace::{Launch, NewSend, SendState, Workspace};

const RSA: &str = include_str!("../tests/it/data/dkim/rsa.pem");
const ED25519: &str = include_str!("../tests/it/data/dkim/ed25519.pem");

const BODY: &str = "Hi Anna,\n\nYou have chosen more than once from our tea range, so we thought of you when \
[the new pieces](https://shop.example/new?x=1&y=2) came in.\n\nThey fit in well with what is already on the shelves, and a \
little better with what is at home. There is **10% off** until 9 November: use code TEA-4711-ABCD.\n\nKind regards,\nTea & Co";

fn text(channel: Channel) -> Text {
    let parts: &[(Part, &str)] = match channel {
        Channel::Email => {
            &[(Part::Subject, "New in our tea range"), (Part::Preheader, "A short look"), (Part::Body, BODY)]
        }
        _ => &[
            (Part::Title, "New in our tea range"),
            (Part::Body, "Hi Anna, it is Tea & Co. Use code TEA-4711."),
        ],
    };
    parts.iter().map(|&(part, text)| (part, text.to_owned())).collect()
}

fn compose(composer: &Composer, text: &Text, number: usize) -> Outgoing {
    let customer = format!("C{number:07}");
    let id = message_id(b"key", "autumn", 1, &customer, "content", "shop.example");
    let (mail, phone) = (format!("anna{number}@mail.example"), format!("+49170{number:07}"));
    let email = composer.channel() == Channel::Email;
    let unsubscribe = format!("https://door.shop.example/u/{number:022}");
    let envelope = Envelope {
        recipient: if email { &mail } else { &phone },
        language: "en",
        message_id: &id,
        date: jiff::Timestamp::UNIX_EPOCH,
        campaign: "autumn",
        customer: &customer,
        coupon: Some("TEA-4711-ABCD"),
        doors: Doors { unsubscribe: Some(&unsubscribe), ..Doors::default() },
    };
    let rewrite =
        &mut |link: usize, _: &str| Some(format!("https://door.shop.example/c/{number:020}{link:02}"));
    composer.compose(text, &envelope, rewrite).expect("a message")
}

fn mail(key: Option<&str>) -> Composer {
    let signer = key.map(|key| Signer::new("shop.example", "perennial", key).expect("a key"));
    let sender = Sender { postal_address: Some("1 High Street".into()), ..Sender::sample("Tea & Co") };
    Composer::mail(sender, signer).expect("a sender")
}

/// Runs `work` on so many threads until all numbers are taken; messages a second.
fn rate(threads: usize, messages: usize, work: &(dyn Fn(&AtomicUsize) + Sync)) -> f64 {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&next));
        }
    });
    messages as f64 / began.elapsed().as_secs_f64()
}

fn composing(messages: usize) {
    let text = text(Channel::Email);
    let bytes = compose(&mail(None), &text, 0).mail.len();
    println!("an e-mail of {bytes} bytes unsigned");
    for (name, key, part) in
        [("unsigned", None, 1), ("Ed25519", Some(ED25519), 1), ("RSA 2048", Some(RSA), 20)]
    {
        let composer = mail(key);
        let messages = messages / part;
        for threads in [1, 2] {
            let rate = rate(threads, messages, &|next| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= messages {
                        break;
                    }
                    std::hint::black_box(compose(&composer, &text, number));
                }
            });
            println!("  made, {name}, {threads} thread(s): {rate:.0}/s");
        }
    }
}

/// A mail server that takes everything.
fn mail_server(pipelining: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            std::thread::spawn(move || drop(take_mail(&stream, pipelining)));
        }
    });
    port
}

fn take_mail(stream: &TcpStream, pipelining: bool) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::with_capacity(64 << 10, stream), stream);
    writer.write_all(b"220 sink\r\n")?;
    let (mut line, mut answers) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match &line[..4] {
            b"EHLO" if pipelining => {
                answers.extend_from_slice(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
            }
            b"DATA" => {
                answers.extend_from_slice(b"354 go on\r\n");
                writer.write_all(&answers)?;
                answers.clear();
                loop {
                    line.clear();
                    reader.read_until(b'\n', &mut line)?;
                    if line == b".\r\n" {
                        break;
                    }
                }
                answers.extend_from_slice(b"250 taken\r\n");
            }
            _ => answers.extend_from_slice(b"250 ok\r\n"),
        }
        if reader.buffer().is_empty() {
            writer.write_all(&answers)?;
            answers.clear();
        }
    }
}

/// A provider that takes everything.
fn provider() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            std::thread::spawn(move || drop(take_request(&stream)));
        }
    });
    port
}

fn take_request(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
    }
}

/// Sends over so many carriers, each on a thread of its own, as a loop with a ledger would: made, prepared, handed over.
fn sending(name: &str, line: &Line, composer: &Composer, threads: usize, messages: usize) {
    let text = text(composer.channel());
    let rate = rate(threads, messages, &|next| {
        let mut carrier = line.carrier().expect("a carrier");
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= messages {
                break;
            }
            let message = compose(composer, &text, number);
            carrier.prepare(&message).expect("a willing server");
            match carrier.hand_over(&message) {
                Outcome::Accepted { .. } => {}
                other => panic!("{other:?}"),
            }
            if number % 500 == 499 {
                carrier.settle().expect("room");
            }
        }
        carrier.close();
    });
    println!("  {name}, {threads} carrier(s): {rate:.0}/s, memory {:.0} MB", memory());
}

/// Sends a campaign as the program does: with a ledger on disk that has the last word before each message.
fn with_ledger(name: &str, line: &Line, composer: &Composer, carriers: usize, messages: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store =
        Workspace::open(folder.path()).and_then(|workspace| workspace.store()).expect("a database");
    let ids: Vec<String> = (0..messages).map(|number| format!("C{number:07}")).collect();
    let sends = ids.iter().map(|customer| NewSend {
        customer,
        segment: "A",
        arm: "message",
        channel: composer.channel().name(),
        address: Some("anna@mail.example"),
        language: "en",
        content: "content",
        state: SendState::Intended,
        not_before: None,
        detail: None,
    });
    let nothing = serde_json::json!([]);
    let launch = Launch {
        name: "autumn",
        plan: "",
        fingerprint: "",
        arms: &nothing,
        funnel: &nothing,
        left_out: &[],
        links: &[],
        at: 0,
        actor: "bench",
        to: "a sink",
    };
    let began = Instant::now();
    let campaign = store.launch(&launch, sends).expect("a launch");
    let launched = began.elapsed().as_secs_f64();
    let text = text(composer.channel());
    let order = Order {
        campaign,
        compose: &|line| Ok(compose(composer, &text, line.id as usize)),
        codes: &|_, _| Ok(()),
        attempts: 3,
        stop_at: 0.2,
        per_minute: None,
        patience: std::time::Duration::ZERO,
        now: &|| jiff::Timestamp::now().as_millisecond(),
        watch: &|_| {},
    };
    let carriers: Vec<_> = (0..carriers).map(|_| line.carrier().expect("a carrier")).collect();
    let (count, before) = (carriers.len(), memory());
    let began = Instant::now();
    let report =
        perennial::jobs::unwatched(|task| send(&mut store, &order, carriers, task)).expect("a ledger");
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    assert_eq!(report.accepted as usize, messages);
    println!(
        "  {name}, {count} carrier(s): {rate:.0}/s, memory {before:.0} to {:.0} MB, {messages} lines launched in {launched:.2} s",
        memory()
    );
}

/// Resident memory in megabytes.
fn memory() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * 4096.0 / 1e6
}

fn settings(text: &str) -> SendingConfig {
    toml::from_str(text).expect("settings")
}

fn main() {
    let messages = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20_000);
    composing(messages);
    let folder = tempfile::tempdir().expect("a folder");
    println!("to a mail server in clear text, made and sent");
    for (pipelining, name) in [(true, "pipelined"), (false, "step by step")] {
        for (signed, key) in [("unsigned", None), ("Ed25519", Some(ED25519))] {
            let smtp = settings(&format!(
                "from-address = \"news@shop.example\"\n[email]\ncarrier = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
                mail_server(pipelining)
            ));
            let line = Line::of(Channel::Email, &smtp, folder.path()).expect("settings");
            for threads in [1, 2, 4] {
                sending(&format!("{name}, {signed}"), &line, &mail(key), threads, messages);
            }
        }
    }
    println!("the same with the ledger");
    let smtp = settings(&format!(
        "from-address = \"news@shop.example\"\n[email]\ncarrier = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        mail_server(true)
    ));
    let line = Line::of(Channel::Email, &smtp, folder.path()).expect("settings");
    for (signed, key, part) in
        [("unsigned", None, 1), ("Ed25519", Some(ED25519), 1), ("RSA 2048", Some(RSA), 4)]
    {
        for carriers in [1, 2, 4, 8, 16, 32] {
            with_ledger(&format!("pipelined, {signed}"), &line, &mail(key), carriers, messages / part);
        }
    }
    println!("to a provider in clear text");
    let url = format!("[sms]\ncarrier = \"webhook\"\nurl = \"http://127.0.0.1:{}/send\"\n", provider());
    let line = Line::of(Channel::Sms, &settings(&url), folder.path()).expect("settings");
    let composer = Composer::new(Channel::Sms, &SendingConfig::default(), "Tea & Co").expect("a composer");
    for threads in [1, 2, 4] {
        sending("requests", &line, &composer, threads, messages);
    }
    println!("into files, made durable every 500");
    for form in ["eml", "csv", "json-lines"] {
        let files = settings(&format!("[email]\nfile-form = \"{form}\"\n"));
        let line = Line::of(Channel::Email, &files, folder.path()).expect("settings");
        sending(form, &line, &mail(None), 1, messages);
    }
}
