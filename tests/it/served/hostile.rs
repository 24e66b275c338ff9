//! Answers that are made to do harm: each is an error, soon, and takes no more memory than the limits allow.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::play::{Play, answer, open, says};
use super::{engine, engine_with, failure, settings, write};
use perennial::writing::served::Settings;

/// Writes the same bytes until nobody reads any more; how many were taken.
fn endless(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < 1 << 30 && stream.write_all(bytes).is_ok() {
        written += bytes.len();
    }
    written
}

/// What fails with this answer, and how many bytes of it were taken.
fn fails(hostile: impl Fn(&mut TcpStream) -> usize + Send + Sync + 'static) -> (String, usize) {
    let (sender, taken) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let play = Play::chat(move |_, _, stream| {
        let taken = hostile(stream);
        let _ = sender.lock().unwrap().send(taken);
    });
    let brief = Settings { first: Duration::from_secs(2), idle: Duration::from_secs(2), ..settings() };
    let begun = Instant::now();
    let words = write(&mut engine_with(&play.address(), brief), &[1]).unwrap_err().to_string();
    assert!(begun.elapsed() < Duration::from_secs(30), "{words}");
    (words, taken.recv_timeout(Duration::from_secs(20)).unwrap())
}

#[test]
fn what_has_no_end_is_cut_off() {
    const MOST: usize = 40 << 20;
    let line = |text: &'static str| {
        move |stream: &mut TcpStream| {
            open(stream);
            let _ = stream.write_all(text.as_bytes());
            endless(stream, &[b'a'; 1 << 14])
        }
    };
    let (words, taken) = fails(line("data: "));
    assert!(words.contains("too large") && taken < MOST, "{taken}: {words}");
    // A document, a comment, an event of many lines, events without end.
    let (words, taken) = fails(line("{\"choices\": \""));
    assert!(words.contains("too large") && taken < MOST, "{taken}: {words}");
    let (words, taken) = fails(line(": "));
    assert!(words.contains("too large") && taken < MOST, "{taken}: {words}");
    for again in ["data: 0\n", ": ping\n\n", "data: {\"choices\": []}\n\n", "\n", " "] {
        let (words, taken) = fails(move |stream| {
            open(stream);
            endless(stream, again.repeat(2000).as_bytes())
        });
        assert!(words.contains("too large") && taken < MOST, "{again:?}, {taken}: {words}");
    }
    // Headers.
    let (words, taken) = fails(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        endless(stream, "X-More: and more\r\n".repeat(500).as_bytes())
    });
    assert!(words.contains("check that") && taken < MOST, "{taken}: {words}");
    let (words, taken) = fails(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ");
        endless(stream, &[b'a'; 1 << 14])
    });
    assert!(words.contains("check that") && taken < MOST, "{taken}: {words}");
    // The reason of a refusal.
    let (words, taken) = fails(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n");
        endless(stream, &[b'a'; 1 << 14])
    });
    assert!(words.contains("418") && words.len() < 600 && taken < MOST, "{taken}: {words}");
}

#[test]
fn what_packs_much_into_little_is_cut_off() {
    // A gigabyte of letters in a megabyte.
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(b"data: ").unwrap();
    let much = vec![b'a'; 1 << 20];
    for _ in 0..1 << 10 {
        packed.write_all(&much).unwrap();
    }
    let packed = packed.finish().unwrap();
    let play = Play::chat(move |asked, _, stream| {
        assert!(!asked.header("accept-encoding").unwrap_or_default().contains("gzip"), "nobody asks for it");
        let length = packed.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: \
             {length}\r\n\r\n"
        );
        let _ = stream.write_all(&packed);
    });
    let begun = Instant::now();
    let words = failure(&play);
    // Whether it is unpacked or not: it is no answer.
    assert!(words.contains("too large") || words.contains("does not answer in JSON"), "{words}");
    assert!(begun.elapsed() < Duration::from_secs(5));

    // A text in which every character takes a value of its own.
    let (words, _) = fails(|stream| {
        open(stream);
        let _ = stream.write_all(b"{\"choices\": [");
        endless(stream, "0,".repeat(4000).as_bytes())
    });
    assert!(words.contains("too large"), "{words}");
    // Deeper than anybody reads.
    let (words, _) = fails(|stream| {
        open(stream);
        let _ = stream.write_all(format!("data: {}\n\n", "[".repeat(500_000)).as_bytes());
        0
    });
    assert!(words.contains("does not answer in JSON"), "{words}");
}

#[test]
fn wrong_lengths_and_broken_chunks_are_errors() {
    let event = "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"We miss\"}}]}\n\n";
    for (head, body) in [
        // Less than was announced, more than can be, no number at all, two that differ.
        ("Content-Length: 100000\r\n", event),
        ("Content-Length: 99999999999999999999999999\r\n", event),
        ("Content-Length: many\r\n", event),
        ("Content-Length: -5\r\n", event),
        ("Content-Length: 5\r\nContent-Length: 70\r\n", event),
        ("Content-Length: 0\r\n", event),
        ("Transfer-Encoding: chunked\r\n", "zz\r\nnot a length\r\n"),
        ("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\nmuch\r\n"),
        ("Transfer-Encoding: chunked\r\n", "7fffffff\r\nlittle"),
        ("Content-Encoding: gzip\r\n", event),
    ] {
        let (words, _) = fails(move |stream| {
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\n{body}");
            let _ = stream.write_all(head.as_bytes());
            0
        });
        assert!(words.starts_with("the model server 127.0.0.1:"), "{head:?}: {words}");
        assert!(words.contains(": see what it logs") || words.contains("check that"), "{head:?}: {words}");
    }
}

#[test]
fn one_byte_now_and_then_does_not_hold_a_question_for_ever() {
    let (words, _) = fails(|stream| {
        open(stream);
        let mut written = 0;
        while written < 600 && stream.write_all(b":").is_ok() {
            written += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
        written
    });
    assert!(words.contains("said nothing for 2 s"), "{words}");
}

#[test]
fn numbers_and_names_that_cannot_be_do_no_harm() {
    let play = Play::chat(|_, _, stream| {
        open(stream);
        for event in [
            r#"{"choices": [{"index": 18446744073709551615, "delta": {"content": "No."}, "finish_reason": "stop"}]}"#,
            r#"{"choices": [{"index": -1, "delta": {"content": 7}, "logprobs": [[]]}]}"#,
            r#"{"choices": [null, 1, "a", {"delta": null}], "usage": {"prompt_tokens": 1e300}}"#,
            r#"{"choices": [{"index": 0, "delta": {"content": "We miss "}, "logprobs": {"content": [{"logprob": 1e308}]}}]}"#,
        ] {
            let _ = stream.write_all(format!("data: {event}\n\n").as_bytes());
        }
        let _ = stream.write_all(b"event: error\nid: \xF0\x9F\nretry: never\n\n");
        let last = r#"{"choices": [{"index": 0, "delta": {"content": "you."}, "finish_reason": "stop"}]}"#;
        let _ = stream.write_all(format!("data: {last}\n\ndata: [DONE]\n\n").as_bytes());
    });
    let writing = write(&mut engine(&play), &[1]).unwrap();
    assert_eq!(writing.variants[0].text, "We miss you.");
}

#[test]
fn a_redirect_within_the_host_or_to_another_is_not_followed() {
    let elsewhere = Play::chat(|_, _, stream| says(stream, "We miss you."));
    for to in [elsewhere.address(), "/v2/chat/completions".into(), "//other.example/".into(), "\u{7f}".into()]
    {
        for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
            let location = format!("Location: {to}\r\n");
            let play = Play::chat(move |_, _, stream| answer(stream, status, &location, ""));
            let words = failure(&play);
            assert!(words.contains("127.0.0.1:") && play.asked().len() == 2, "{to}: {words}");
        }
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_connection_that_never_becomes_an_answer_is_given_up() {
    let play = Play::chat(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let _ = stream.read(&mut [0; 16]);
    });
    let brief = Settings { first: Duration::from_millis(200), ..settings() };
    let words = write(&mut engine_with(&play.address(), brief), &[1]).unwrap_err().to_string();
    assert!(words.contains("served-first-seconds"), "{words}");
}
