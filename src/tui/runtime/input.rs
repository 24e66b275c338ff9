//! Reads the keyboard on a thread of its own, which can be paused while another program has the terminal.
//!
//! The thread sleeps until there is something to read or it is woken; it never polls.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use super::Outside;

const KEYBOARD: Token = Token(0);
const WAKE: Token = Token(1);

enum Command {
    /// Leave the keyboard alone; the sender hears when it is so.
    Pause(Sender<()>),
    Resume,
}

/// The thread that reads.
pub struct Input {
    waker: Arc<Waker>,
    commands: Sender<Command>,
}

impl Input {
    /// Starts to read.
    ///
    /// # Errors
    /// The system refuses a poll or a thread.
    pub fn listen(outside: Sender<Outside>) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&io::stdin().as_raw_fd()), KEYBOARD, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (commands, receiver) = unbounded();
        std::thread::Builder::new().name("input".into()).spawn(move || {
            let _ = read(poll, &receiver, &outside);
            let _ = outside.send(Outside::InputLost);
        })?;
        Ok(Self { waker, commands })
    }

    /// Waits until the thread leaves the keyboard alone; not for long, should it be in the middle of a key.
    pub fn pause(&self) {
        let (done, heard) = bounded(1);
        if self.commands.send(Command::Pause(done)).is_ok() && self.waker.wake().is_ok() {
            let _ = heard.recv_timeout(Duration::from_millis(200));
        }
    }

    /// Has the thread look for events now. crossterm hears of a new size by a signal of its own, and forgets a key that comes
    /// before it was asked for that: so it is asked at once.
    pub fn look(&self) {
        let _ = self.waker.wake();
    }

    pub fn resume(&self) {
        let _ = self.commands.send(Command::Resume);
        let _ = self.waker.wake();
    }
}

fn read(mut poll: Poll, commands: &Receiver<Command>, outside: &Sender<Outside>) -> io::Result<()> {
    let mut events = Events::with_capacity(8);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        }
        while let Ok(command) = commands.try_recv() {
            let Command::Pause(done) = command else { continue };
            let _ = done.send(());
            loop {
                match commands.recv() {
                    Ok(Command::Resume) => break,
                    Ok(Command::Pause(done)) => drop(done.send(())),
                    Err(_) => return Ok(()),
                }
            }
        }
        let lost = events.iter().any(|event| event.token() == KEYBOARD && event.is_read_closed());
        if lost {
            return Ok(());
        }
        while crossterm::event::poll(Duration::ZERO)? {
            if outside.send(Outside::Event(crossterm::event::read()?)).is_err() {
                return Ok(());
            }
        }
    }
}
