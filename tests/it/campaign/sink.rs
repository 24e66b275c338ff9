//! A mail server that takes everything and keeps only the Message-IDs.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How often each Message-ID was taken.
pub type Taken = Arc<Mutex<HashMap<String, u32>>>;

/// What the server does with the message that it takes as the so-manieth.
pub type Manner = fn(usize) -> Answer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Taken,
    /// Takes it, and breaks the connection in place of an answer.
    TakenAndCut,
    /// "Not now", and does not take it.
    Later,
}

pub struct Sink {
    pub port: u16,
    pub taken: Taken,
}

impl Sink {
    pub fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Taken::default();
        let (kept, number) = (Arc::clone(&taken), Arc::new(Mutex::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, number) = (Arc::clone(&kept), Arc::clone(&number));
                // A client that was killed ends its thread with an error.
                std::thread::spawn(move || serve(&stream, &kept, &number, manner));
            }
        });
        Self { port, taken }
    }

    /// Every Message-ID, one on a line, as a server's log would have them.
    pub fn log(&self) -> String {
        let taken = self.taken.lock().unwrap();
        taken.keys().map(|id| format!("taken <{id}>\n")).collect()
    }

    /// Messages, and how many of them came more than once.
    pub fn count(&self) -> (usize, usize) {
        let taken = self.taken.lock().unwrap();
        (taken.len(), taken.values().filter(|&&times| times > 1).count())
    }
}

fn serve(stream: &TcpStream, taken: &Taken, number: &Mutex<usize>, manner: Manner) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let say = |text: &str| (&*stream).write_all(text.as_bytes()).ok();
    say("220 sink\r\n")?;
    loop {
        let line = line(&mut reader)?;
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say("250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")?,
            "DATA" => {
                say("354 go on\r\n")?;
                let mut id = None;
                loop {
                    let line = self::line(&mut reader)?;
                    if line == "." {
                        break;
                    }
                    if let Some(found) = line.strip_prefix("Message-ID: <") {
                        id = Some(found.trim_end_matches('>').to_owned());
                    }
                }
                let place = {
                    let mut number = number.lock().unwrap();
                    *number += 1;
                    *number
                };
                let answer = manner(place);
                if answer == Answer::Later {
                    say("451 later\r\n")?;
                    continue;
                }
                *taken.lock().unwrap().entry(id?).or_default() += 1;
                if answer == Answer::TakenAndCut {
                    return None;
                }
                say("250 taken\r\n")?;
            }
            "QUIT" => {
                say("221 bye\r\n")?;
                return None;
            }
            _ => say("250 ok\r\n")?,
        }
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
}
