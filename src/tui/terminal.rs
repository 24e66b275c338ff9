//! The terminal: taken over, drawn on, and given back whatever happens.
//!
//! Assumed: standard input and output are a terminal that knows the common escape sequences. Nothing is asked
//! of it at start-up, so that a slow line costs nothing. [`restore`] can be called from anywhere, any number
//! of times: at the end, in a panic on the drawing thread, before the program is stopped.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

/// Clicks and the wheel, in the SGR form; movements are not asked for, so that they wake nobody.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Bytes of a frame, sent as one.
#[derive(Clone, Default)]
struct FrameBytes(Rc<RefCell<Vec<u8>>>);

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal while it is ours; given back when dropped.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<FrameBytes>>,
    bytes: FrameBytes,
    last: Vec<u8>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// The terminal refuses.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        restore_on_panic();
        take(mouse)?;
        let bytes = FrameBytes::default();
        let inner =
            ratatui::Terminal::new(CrosstermBackend::new(bytes.clone())).inspect_err(|_| restore())?;
        Ok(Self { inner, bytes, last: Vec::new(), mouse })
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame: what has changed is sent at once, as one synchronized update; nothing if nothing has.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.inner.draw(view)?;
        let frame = std::mem::take(&mut *self.bytes.0.borrow_mut());
        // The same bytes twice are the closing sequence of a frame in which no cell has changed.
        if frame == self.last {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let mut message = Vec::with_capacity(frame.len() + 32);
        queue!(message, BeginSynchronizedUpdate)?;
        message.extend_from_slice(&frame);
        queue!(message, EndSynchronizedUpdate)?;
        out.write_all(&message)?;
        out.flush()?;
        self.last = frame;
        Ok(())
    }

    /// Forgets what is on the screen, so that the next frame draws all of it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        let (width, height) = self.size()?;
        self.last.clear();
        // `clear` of ratatui would ask the terminal where the cursor is, and wait for the answer.
        self.inner.resize(Rect::new(0, 0, width, height))
    }

    /// Listens to the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        write_out(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    /// Puts text on the clipboard of the terminal (OSC 52); tmux passes it on where `set-clipboard` is on.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        write_out(&clipboard_sequence(text))
    }

    /// Gives the terminal to another program while `body` runs.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn lend<T>(&mut self, body: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let result = body();
        take(self.mouse)?;
        self.forget()?;
        Ok(result)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// The OSC 52 sequence that sets the clipboard.
#[must_use]
pub fn clipboard_sequence(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text))
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All))?;
    if mouse { write_out(MOUSE_ON) } else { Ok(()) }
}

/// Gives the terminal back as it was. Does nothing if it is not ours.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = write_out(MOUSE_OFF);
    let _ = execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// A panic on this thread ends the program: the terminal is given back before it is told of. A panic on
/// another thread becomes a failed job, and must not write over the screen.
fn restore_on_panic() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.swap(true, Ordering::SeqCst) {
        return;
    }
    let drawing = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == drawing {
            restore();
            before(info);
        } else if !TAKEN.load(Ordering::SeqCst) {
            before(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_sequence_is_base64_between_osc_and_bel() {
        assert_eq!(clipboard_sequence("李"), "\x1b]52;c;5p2O\x07");
    }
}
