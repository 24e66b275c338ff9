//! A mail server that does as a script says.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Where in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Greeting,
    Hello,
    Auth,
    Mail,
    Recipient,
    Data,
    /// Some of the message has come, and not all.
    Middle,
    /// The message has come whole.
    Message,
    Reset,
}

/// What the server does there.
#[derive(Clone, Debug)]
pub enum Do {
    Say(&'static str),
    Close,
    /// Says nothing.
    Hang,
}

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub to: String,
    /// As it came, without the dots of the transport.
    pub mail: Vec<u8>,
}

/// What it offers and does.
#[derive(Clone, Default)]
pub struct Script {
    /// Lines of the answer to EHLO.
    pub offers: Vec<&'static str>,
    /// What it does the n-th time (from 1) that it comes there, counted over all connections.
    pub turns: Vec<(At, usize, Do)>,
    /// STARTTLS with this certificate, or TLS from the first byte.
    pub tls: Option<(Arc<ServerConfig>, bool)>,
}

#[derive(Default)]
struct State {
    counts: Vec<At>,
    commands: Vec<String>,
    taken: Vec<Taken>,
    connections: usize,
    /// Commands that came in one piece with one before.
    pipelined: usize,
}

#[derive(Clone)]
pub struct MailServer {
    pub port: u16,
    script: Arc<Script>,
    state: Arc<Mutex<State>>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl MailServer {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, script: Arc::new(script), state: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let server = serving.clone();
                std::thread::spawn(move || drop(server.connection(stream)));
            }
        });
        server
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    pub fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub fn pipelined(&self) -> usize {
        self.state.lock().unwrap().pipelined
    }

    fn turn(&self, at: At, usual: &'static str) -> Do {
        let mut state = self.state.lock().unwrap();
        state.counts.push(at);
        let count = state.counts.iter().filter(|known| **known == at).count();
        let turn = self.script.turns.iter().find(|(where_, number, _)| *where_ == at && *number == count);
        turn.map_or(Do::Say(usual), |(_, _, action)| action.clone())
    }

    fn connection(&self, stream: TcpStream) -> std::io::Result<()> {
        self.state.lock().unwrap().connections += 1;
        stream.set_nodelay(true)?;
        match &self.script.tls {
            Some((config, true)) => self.talk(Box::new(secured(config, stream)?), None, true),
            Some((config, false)) => {
                let raw = stream.try_clone()?;
                self.talk(Box::new(stream), Some((Arc::clone(config), raw)), true)
            }
            None => self.talk(Box::new(stream), None, true),
        }
    }

    fn talk(
        &self,
        stream: Box<dyn Stream>,
        secure: Option<(Arc<ServerConfig>, TcpStream)>,
        greet: bool,
    ) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let act = |stream: &mut BufReader<Box<dyn Stream>>, action: Do| -> std::io::Result<String> {
            match action {
                Do::Say(text) => {
                    stream.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
                    stream.get_mut().flush()?;
                    Ok(text.to_owned())
                }
                Do::Close => Err(std::io::ErrorKind::ConnectionAborted.into()),
                Do::Hang => {
                    std::thread::sleep(Duration::from_secs(30));
                    Err(std::io::ErrorKind::TimedOut.into())
                }
            }
        };
        if greet {
            act(&mut stream, self.turn(At::Greeting, "220 mail.example ESMTP"))?;
        }
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let mut command = String::new();
            if stream.read_line(&mut command)? == 0 {
                return Ok(());
            }
            let command = command.trim_end().to_owned();
            {
                let mut state = self.state.lock().unwrap();
                state.pipelined += usize::from(!stream.buffer().is_empty());
                state.commands.push(command.clone());
            }
            let verb = command.split([' ', ':']).next().unwrap_or("").to_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let mut lines = vec!["mail.example"];
                    lines.extend(&self.script.offers);
                    if secure.is_some() {
                        lines.push("STARTTLS");
                    }
                    if let Do::Say(text) = self.turn(At::Hello, "") {
                        if text.is_empty() {
                            let last = lines.len() - 1;
                            let answer: String = lines
                                .iter()
                                .enumerate()
                                .map(|(number, line)| {
                                    format!("250{}{line}\r\n", if number == last { ' ' } else { '-' })
                                })
                                .collect();
                            stream.get_mut().write_all(answer.as_bytes())?;
                            stream.get_mut().flush()?;
                        } else {
                            act(&mut stream, Do::Say(text))?;
                        }
                    }
                }
                "STARTTLS" => {
                    act(&mut stream, Do::Say("220 go on"))?;
                    let Some((config, raw)) = secure else { return Ok(()) };
                    return self.talk(Box::new(secured(&config, raw)?), None, false);
                }
                "AUTH" => {
                    if command.ends_with("LOGIN") {
                        for asked in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                            act(&mut stream, Do::Say(asked))?;
                            let mut answer = String::new();
                            stream.read_line(&mut answer)?;
                            self.state.lock().unwrap().commands.push(answer.trim_end().to_owned());
                        }
                    }
                    let _ = act(&mut stream, self.turn(At::Auth, "235 welcome"))?;
                }
                "MAIL" => {
                    command["MAIL FROM:".len()..].clone_into(&mut from);
                    act(&mut stream, self.turn(At::Mail, "250 ok"))?;
                }
                "RCPT" => {
                    command["RCPT TO:".len()..].trim_matches(['<', '>']).clone_into(&mut to);
                    act(&mut stream, self.turn(At::Recipient, "250 ok"))?;
                }
                "DATA" => {
                    let said = act(&mut stream, self.turn(At::Data, "354 go on"))?;
                    if said.starts_with("354") {
                        let mail = self.message(&mut stream)?;
                        let action = self.turn(At::Message, "250 2.0.0 taken as 4711");
                        // Taken, and cut off before the answer, is taken all the same.
                        let takes = !matches!(action, Do::Say(text) if !text.starts_with("250"));
                        if takes && !mail.is_empty() {
                            let taken = Taken { from: from.clone(), to: to.clone(), mail };
                            self.state.lock().unwrap().taken.push(taken);
                        }
                        act(&mut stream, action)?;
                    }
                }
                "RSET" => {
                    let _ = act(&mut stream, self.turn(At::Reset, "250 ok"))?;
                }
                "QUIT" => {
                    act(&mut stream, Do::Say("221 bye"))?;
                    return Ok(());
                }
                _ => {
                    act(&mut stream, Do::Say("250 ok"))?;
                }
            }
        }
    }

    fn message(&self, stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Vec<u8>> {
        if let Do::Close = self.turn(At::Middle, "") {
            let mut some = [0; 100];
            stream.read_exact(&mut some)?;
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        let mut mail = Vec::new();
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                return Ok(mail);
            }
            mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}

fn secured(
    config: &Arc<ServerConfig>,
    stream: TcpStream,
) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}
