//! A served model: what is asked of a server, what becomes of its answers, and of its silence.

mod commands;
mod hostile;
mod kinds;
mod look;
mod play;
mod real;
mod safe;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use perennial::jobs::Cancel;
use perennial::writing::served::{Address, Served, Server, Settings};
use perennial::writing::{
    Beginning, FinishReason, Guard, Piece, Prompt, Request, Role, Sampling, TextEngine, Writing, WritingError,
};
use serde_json::json;

use play::{Play, answer, done, event, finish, hang, json_answer, open, says, text};

const KEY: &str = "sk-play-do-not-tell";

fn settings() -> Settings {
    let seconds = Duration::from_secs;
    Settings { connect: seconds(2), first: seconds(5), idle: seconds(5), ..Settings::default() }
}

fn engine_with(address: &str, settings: Settings) -> Served {
    Served::new(Server::new(Address::parse(address).unwrap(), settings).unwrap())
}

fn engine(play: &Play) -> Served {
    engine_with(&play.address(), settings())
}

fn request(seeds: &[u64]) -> Request {
    Request {
        prompt: Prompt::Chat(vec![
            (Role::System, "You write for a shop.".into()),
            (Role::User, "One line.".into()),
        ]),
        seeds: seeds.to_vec(),
        sampling: Sampling::default(),
        guard: Guard { digits: true, links: true, coupon_like: true, line_breaks: true, ..Guard::default() },
        max_tokens: 40,
        max_characters: Some(160),
        sentences: 1,
        must: Vec::new(),
        fallback: Vec::new(),
        begun: Beginning::default(),
        avoid: Vec::new(),
    }
}

fn write(engine: &mut Served, seeds: &[u64]) -> Result<Writing, WritingError> {
    engine.write(&request(seeds), &Cancel::default(), &mut |_| {})
}

fn texts(engine: &mut Served, seeds: &[u64]) -> Vec<String> {
    write(engine, seeds).unwrap().variants.into_iter().map(|written| written.text).collect()
}

fn failure(play: &Play) -> String {
    write(&mut engine(play), &[1]).unwrap_err().to_string()
}

/// A file with the key that only its owner may read.
fn key_file(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("server.key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    file
}

#[test]
fn texts_come_as_they_are_written_and_the_request_says_what_is_wanted() {
    let play = Play::chat(|asked, _, stream| {
        open(stream);
        let n = asked.body["n"].as_u64().unwrap_or(1) as usize;
        for word in ["- We ", "would ", "like ", "to ", "see ", "you, ", "您好", "! ", "And more."] {
            for index in 0..n {
                let probabilities = json!({ "content": [{ "token": word, "logprob": -0.5 }] });
                let choice =
                    json!({ "index": index, "delta": { "content": word }, "logprobs": probabilities });
                event(stream, &json!({ "choices": [choice] }));
            }
        }
        done(stream);
    });
    let mut engine = engine(&play);
    let mut told = vec![String::new(); 2];
    let mut pieces = 0;
    let writing = engine
        .write(&request(&[7, 8]), &Cancel::default(), &mut |piece| {
            if let Piece::Text { variant, text, .. } = piece {
                told[variant].push_str(&text);
                pieces += 1;
            }
        })
        .unwrap();
    assert_eq!(told, ["We would like to see you, 您好!", "We would like to see you, 您好!"]);
    assert!(pieces > 8, "{pieces} pieces");
    let written = &writing.variants[1];
    assert_eq!((written.text.as_str(), written.seed), (told[1].as_str(), 8));
    assert_eq!(written.finish_reason, FinishReason::Stop);
    assert!(
        written.mean_log_probability.is_some_and(|mean| (mean + 0.5).abs() < 1e-9) && written.tokens >= 8
    );
    assert_eq!(engine.identity().name, format!("127.0.0.1:{}/org/play-1", play.port));
    assert_eq!(engine.identity().sha256, "");
    let chats = play.chats();
    assert_eq!(chats.len(), 1, "the server writes several at once");
    let body = &chats[0].body;
    assert_eq!((&body["n"], &body["seed"], &body["stream"]), (&json!(2), &json!(7), &json!(true)));
    assert_eq!(
        (&body["model"], &body["stop"], &body["logprobs"]),
        (&json!("org/play-1"), &json!(["\n"]), &json!(true))
    );
    assert_eq!(body["messages"][0], json!({ "role": "system", "content": "You write for a shop." }));
    assert!(body["temperature"].is_f64() && body["top_p"].is_f64() && body["max_tokens"].is_u64());
    assert_eq!(chats[0].header("authorization"), None);
}

#[test]
fn a_character_that_is_cut_between_two_packets_comes_whole() {
    let play = Play::chat(|_, _, stream| {
        open(stream);
        let line = format!(
            "data: {}\n\n",
            json!({ "choices": [{ "index": 0, "delta": { "content": "您好😀。" } }] })
        );
        for byte in line.as_bytes() {
            let _ = stream.write_all(&[*byte]);
            let _ = stream.flush();
            std::thread::sleep(Duration::from_micros(200));
        }
        finish(stream, 0);
        done(stream);
    });
    assert_eq!(texts(&mut engine(&play), &[1]), ["您好😀。"]);
}

#[test]
fn where_n_is_ignored_or_refused_each_text_is_asked_for_with_its_own_seed() {
    let ignores = Play::chat(|asked, _, stream| {
        says(stream, if asked.body["seed"] == 1 { "We miss you." } else { "Come in." });
    });
    let mut engine_of_it = engine(&ignores);
    assert_eq!(texts(&mut engine_of_it, &[1, 2, 3]), ["We miss you.", "Come in.", "Come in."]);
    assert_eq!(ignores.chats().len(), 3);
    assert_eq!(texts(&mut engine_of_it, &[1, 2]).len(), 2);
    let chats = ignores.chats();
    assert!(chats[3..].iter().all(|asked| asked.body.get("n").is_none()), "it is remembered");

    let refuses = Play::chat(|asked, _, stream| {
        let body = &asked.body;
        if body.get("n").is_some() {
            answer(stream, "400 Bad Request", "", r#"{"error": {"message": "property 'n' is unsupported"}}"#);
        } else if body.get("logprobs").is_some() {
            answer(stream, "422 Unprocessable", "", r#"{"detail": "logprobs are not offered"}"#);
        } else if body.get("max_completion_tokens").is_none() {
            answer(stream, "400 Bad Request", "", r#"{"error": "use 'max_completion_tokens' instead"}"#);
        } else {
            says(stream, "We miss you.");
        }
    });
    assert_eq!(texts(&mut engine(&refuses), &[1, 2]), ["We miss you.", "We miss you."]);
}

#[test]
fn no_more_questions_are_open_than_are_allowed() {
    let (open_now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, seen) = (Arc::clone(&open_now), Arc::clone(&most));
    let play = Play::chat(move |_, number, stream| {
        seen.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(if number == 0 { 0 } else { 60 }));
        counted.fetch_sub(1, Ordering::SeqCst);
        says(stream, "We miss you.");
    });
    let mut first = engine_with(&play.address(), Settings { concurrency: 3, ..settings() });
    assert_eq!(first.at_once(), 3);
    let mut second = first.another().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| write(&mut first, &[1, 2, 3, 4, 5, 6]).unwrap());
        scope.spawn(|| second.write(&request(&[7, 8, 9, 10]), &Cancel::default(), &mut |_| {}).unwrap());
    });
    let most = most.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
}

#[test]
fn a_server_that_drops_one_answer_for_the_next_question_is_asked_one_by_one() {
    let open_now = Arc::new(AtomicUsize::new(0));
    let play = Play::chat(move |_, number, stream| {
        if number == 0 {
            return says(stream, "We miss you.");
        }
        let mine = open_now.fetch_add(1, Ordering::SeqCst) + 1;
        open(stream);
        text(stream, 0, "We miss");
        std::thread::sleep(Duration::from_millis(80));
        if open_now.load(Ordering::SeqCst) == mine {
            text(stream, 0, " you too.");
            finish(stream, 0);
        }
        done(stream);
    });
    let all = texts(&mut engine(&play), &[1, 2, 3, 4]);
    assert_eq!(all[0], "We miss you.");
    assert!(all[1..].iter().all(|text| text == "We miss you too."), "{all:?}");
}

#[test]
fn what_breaks_the_guard_is_not_kept_and_what_is_shown_stops_there() {
    for bad in
        ["Now 20 off for you.", "Visit www.shop.example now.", "Use SAVE now.", "Get a discount today."]
    {
        let play = Play::chat(move |_, _, stream| says(stream, bad));
        let writing = write(&mut engine(&play), &[1]).unwrap();
        assert_eq!(writing.variants[0].text, "", "{bad}");
    }
}

#[test]
fn what_fails_for_a_while_is_asked_again_and_a_servers_own_time_is_kept() {
    let play = Play::chat(|_, number, stream| match number {
        0 => answer(stream, "429 Too Many Requests", "Retry-After: 1\r\n", "{}"),
        1 => answer(stream, "503 Service Unavailable", "", "loading"),
        2 => {
            open(stream);
            text(stream, 0, "We mi");
        }
        _ => says(stream, "We miss you."),
    });
    let begun = Instant::now();
    let mut told = String::new();
    let writing = engine(&play)
        .write(&request(&[1]), &Cancel::default(), &mut |piece| {
            if let Piece::Text { text, .. } = piece {
                told.push_str(&text);
            }
        })
        .unwrap();
    assert_eq!((writing.variants[0].text.as_str(), told.as_str()), ("We miss you.", "We miss you."));
    assert!(begun.elapsed() >= Duration::from_secs(1), "its own time was kept");
    assert_eq!(play.chats().len(), 4);
}

#[test]
fn every_failure_has_its_cause_and_its_remedy() {
    let refusing = |status: &'static str, headers: &'static str, body: &'static str| {
        let play = Play::chat(move |_, _, stream| answer(stream, status, headers, body));
        let words = failure(&play);
        (words, play.chats().len())
    };
    for (status, headers, body, cause, remedy, times) in [
        (
            "500 Oops",
            "",
            r#"{"error": {"message": "out of memory"}}"#,
            "out of memory",
            "see what it logs",
            4,
        ),
        ("429 Busy", "Retry-After: 3600\r\n", "", "too much to do", "served-concurrency", 1),
        ("401 No", "", "", "wants a key", "PERENNIAL_API_KEY", 1),
        ("404 No", "", "not found", "knows nothing under", "check the address", 1),
        ("404 No", "", r#"{"error": "The model `x` does not exist"}"#, "no such model", "served-model", 1),
        ("418 Teapot", "", "short and stout", "short and stout", "chat completions", 1),
        ("200 OK", "", "<html><p>Hello</html>", "does not answer in JSON", "<html>", 1),
        // Once more without alternatives, for which some servers say nothing at all.
        ("200 OK", "", "", "empty answer", "model server", 2),
    ] {
        let (words, asked) = refusing(status, headers, body);
        assert!(
            words.contains(cause) && words.contains(remedy) && words.contains("127.0.0.1:"),
            "{status}: {words}"
        );
        assert_eq!(asked, times, "{status}");
    }
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let fails = |address: &str| {
        let mut engine = engine_with(address, settings());
        let words = write(&mut engine, &[1]).unwrap_err().to_string();
        assert_eq!(engine.away(), Some(words.as_str()));
        words
    };
    let words = fails(&format!("http://127.0.0.1:{closed}/v1#m"));
    assert!(words.contains("is away") && words.contains("connection refused"), "{words}");
    let words = fails("http://no-such-host.invalid/v1#m");
    assert!(words.contains("no-such-host.invalid"), "{words}");
    let play = Play::start(|_, _, stream| answer(stream, "404 Not Found", "", ""));
    let words = fails(&format!("http://127.0.0.1:{}", play.port));
    assert!(words.contains("/v1"), "{words}");
    let words = fails(&format!("https://127.0.0.1:{}/v1#m", play.port));
    assert!(words.contains("safe connection") && words.contains("http://"), "{words}");
    let play = Play::start(|_, _, stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n")));
    let words = fails(&format!("{}#m", play.address()));
    assert!(words.contains("does not speak HTTP"), "{words}");
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let endless = |stream: &mut TcpStream| {
        open(stream);
        let _ = stream.write_all(b"data: ");
        while stream.write_all(&[b'a'; 1 << 12]).is_ok() {}
    };
    let play = Play::chat(move |_, _, stream| endless(stream));
    assert!(failure(&play).contains("too large"));
}

#[test]
fn a_server_that_falls_silent_is_given_up_within_the_time_that_it_has() {
    let play = Play::chat(|_, _, stream| {
        open(stream);
        text(stream, 0, "We");
        hang(stream);
    });
    let brief = Settings { idle: Duration::from_millis(200), ..settings() };
    let begun = Instant::now();
    let words = write(&mut engine_with(&play.address(), brief), &[1]).unwrap_err().to_string();
    assert!(words.contains("served-idle-seconds") && play.chats().len() == 4, "{words}");
    assert!(begun.elapsed() < Duration::from_secs(12));
    let play = Play::chat(|_, _, stream| hang(stream));
    let brief = Settings { first: Duration::from_millis(200), ..settings() };
    let words = write(&mut engine_with(&play.address(), brief), &[1]).unwrap_err().to_string();
    assert!(words.contains("served-first-seconds"), "{words}");
}

#[test]
fn a_cancel_closes_the_connection_within_a_tenth_of_a_second() {
    let closed = Arc::new(std::sync::Mutex::new(None));
    let seen = Arc::clone(&closed);
    let play = Play::chat(move |_, _, stream| {
        open(stream);
        text(stream, 0, "We");
        hang(stream);
        *seen.lock().unwrap() = Some(Instant::now());
    });
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let (sender, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let ended = engine(&play).write(&request(&[1]), &asked, &mut |piece| drop(sender.send(piece)));
        (ended, Instant::now())
    });
    told.recv_timeout(Duration::from_secs(5)).unwrap();
    let at = Instant::now();
    cancel.cancel();
    let (ended, stopped) = thread.join().unwrap();
    assert!(matches!(ended, Err(WritingError::Cancelled(_))));
    assert!(stopped - at < Duration::from_millis(100), "{:?}", stopped - at);
    std::thread::sleep(Duration::from_millis(100));
    let closed = closed.lock().unwrap().expect("the server sees that nobody listens");
    assert!(closed - at < Duration::from_millis(150), "{:?}", closed - at);
}

#[test]
fn the_key_is_shown_to_the_server_alone() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Play::chat(|_, _, stream| says(stream, "We miss you."));
    let to = elsewhere.address();
    let play = Play::chat(move |asked, number, stream| match number {
        0 => {
            assert_eq!(asked.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
            says(stream, "We miss you.");
        }
        1 => answer(stream, "500 Oops", "", &format!("the key {KEY} made me stumble")),
        2 => answer(stream, "401 No", "", &format!("Incorrect API key provided: {KEY}")),
        3 => event_error(stream),
        _ => answer(stream, "302 Found", &format!("Location: {to}/chat/completions\r\n"), ""),
    });
    let server = Settings { key_file: Some(key_file(folder.path())), ..settings() };
    let mut engine = engine_with(&play.address(), server.clone());
    assert_eq!(texts(&mut engine, &[1]), ["We miss you."]);
    let words = write(&mut engine, &[1]).unwrap_err().to_string();
    assert!(words.contains("refuses the key") && !words.contains(KEY), "{words}");
    let words = write(&mut engine, &[1]).unwrap_err().to_string();
    assert!(words.contains("sends on to") && !words.contains(KEY), "{words}");
    assert!(elsewhere.asked().is_empty(), "nothing goes to another host");
    let shown = format!("{:?}", Server::new(Address::parse(&play.address()).unwrap(), server).unwrap());
    assert!(!shown.contains(KEY), "{shown}");
}

fn event_error(stream: &mut TcpStream) {
    open(stream);
    event(stream, &json!({ "error": { "message": format!("lost {KEY}") } }));
}

#[test]
fn a_whole_answer_instead_of_a_stream_is_taken_too() {
    let play = Play::chat(|_, _, stream| {
        let choice =
            json!({ "index": 0, "message": { "content": "\"We miss you.\"" }, "finish_reason": "stop" });
        json_answer(stream, &json!({ "choices": [choice], "usage": { "prompt_tokens": 12 } }));
    });
    let writing = write(&mut engine(&play), &[1]).unwrap();
    assert_eq!((writing.variants[0].text.as_str(), writing.prompt_tokens), ("We miss you.", 12));
}
