//! Signals of the system, as messages.

use std::io;

use crossbeam_channel::Sender;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::Outside;

pub const RESIZED: i32 = SIGWINCH;
pub const STOP: i32 = SIGTSTP;
pub const CONTINUED: i32 = SIGCONT;

/// Starts the thread that waits for signals.
///
/// # Errors
/// The system refuses a handler or a thread.
pub fn listen(outside: Sender<Outside>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            if outside.send(Outside::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// Stops this process until it is continued.
pub fn stop() {
    let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
}
