//! A provider that is asked over HTTP and does as a script says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Debug)]
pub enum Reply {
    /// Status line, headers, body.
    Say(&'static str, &'static str, &'static str),
    Close,
    Hang,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// First line and headers, names in lower case.
    pub head: String,
    pub body: String,
}

#[derive(Clone)]
pub struct Provider {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Vec<Reply>>,
}

impl Provider {
    /// Answers the n-th request with the n-th reply, and all later ones with the last.
    pub fn start(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let provider = Self { port, asked: Arc::default(), replies: Arc::new(replies.to_vec()) };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let provider = serving.clone();
                std::thread::spawn(move || drop(provider.connection(stream)));
            }
        });
        provider
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn connection(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut head = String::new();
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                if line == "\r\n" {
                    break;
                }
                let line = line.trim_end();
                match line.split_once(':') {
                    Some((name, value)) if !head.is_empty() => {
                        head.push_str(&format!("{}:{value}\n", name.to_lowercase()));
                    }
                    _ => head.push_str(&format!("{line}\n")),
                }
            }
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
            stream.read_exact(&mut body)?;
            let number = {
                let mut asked = self.asked.lock().unwrap();
                asked.push(Asked { head, body: String::from_utf8(body).unwrap() });
                asked.len()
            };
            match &self.replies[(number - 1).min(self.replies.len() - 1)] {
                Reply::Say(status, headers, body) => {
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
                    stream.get_mut().write_all(answer.as_bytes())?;
                }
                Reply::Close => return Ok(()),
                Reply::Hang => {
                    std::thread::sleep(Duration::from_secs(30));
                    return Ok(());
                }
            }
        }
    }
}
