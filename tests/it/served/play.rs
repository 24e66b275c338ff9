//! A model server that plays a script: what it is asked is kept, what it answers is the test's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn is_chat(&self) -> bool {
        self.line.starts_with("POST /v1/chat/completions ")
    }
}

/// The server; it ends with the test.
pub struct Play {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Play {
    /// Answers each request by the function, which is given the number of chat requests before it.
    pub fn start(answer: impl Fn(&Asked, usize, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let Some(request) = read(&stream) else {
                        return self::answer(&mut stream, "400 Bad Request", "", "");
                    };
                    let before = {
                        let mut kept = kept.lock().unwrap();
                        let before = kept.iter().filter(|asked| asked.is_chat()).count();
                        kept.push(request.clone());
                        before
                    };
                    answer(&request, before, &mut stream);
                });
            }
        });
        Self { port, asked }
    }

    /// A server with one model, whose chat answers are the function's.
    pub fn chat(answer: impl Fn(&Asked, usize, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::start(move |asked, number, stream| {
            if asked.is_chat() {
                answer(asked, number, stream);
            } else {
                json_answer(stream, &json!({ "data": [{ "id": "org/play-1" }, { "id": "other" }] }));
            }
        })
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn chats(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(Asked::is_chat).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Asked { line: line.trim_end().to_owned(), headers, body })
}

/// An answer of any kind.
pub fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
}

pub fn json_answer(stream: &mut TcpStream, body: &Value) {
    answer(stream, "200 OK", "Content-Type: application/json\r\n", &body.to_string());
}

/// The beginning of a streamed answer.
pub fn open(stream: &mut TcpStream) {
    let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
}

/// More text of one choice; whether somebody still listens.
pub fn text(stream: &mut TcpStream, index: usize, text: &str) -> bool {
    event(
        stream,
        &json!({ "choices": [{ "index": index, "delta": { "content": text }, "finish_reason": null }] }),
    )
}

pub fn event(stream: &mut TcpStream, event: &Value) -> bool {
    stream.write_all(format!("data: {event}\n\n").as_bytes()).is_ok()
}

pub fn finish(stream: &mut TcpStream, index: usize) {
    event(stream, &json!({ "choices": [{ "index": index, "delta": {}, "finish_reason": "stop" }] }));
}

pub fn done(stream: &mut TcpStream) {
    let _ = stream.write_all(b"data: [DONE]\n\n");
}

/// A whole answer with one text.
pub fn says(stream: &mut TcpStream, words: &str) {
    open(stream);
    for word in words.split_inclusive(' ') {
        text(stream, 0, word);
    }
    finish(stream, 0);
    done(stream);
}

/// Says nothing until the other side goes away; how long that took at most.
pub fn hang(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let _ = stream.read(&mut [0; 16]);
}
