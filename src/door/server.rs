//! The server: the only place with an async runtime, which lives as long as the call.
//!
//! In: a listening socket, a [`Door`], a flag. Out: nothing until the flag is up; then requests that have begun are
//! answered, and it returns. A connection takes one request, lives [`LIFETIME`] at most and brings [`MOST_BYTES`] at
//! most, so that whoever is slow or endless holds one place for a while and no more. When every place is taken, new
//! connections wait in the system's queue.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use super::{Door, routes};
use crate::jobs::Cancel;

/// From the first byte to the last.
const LIFETIME: Duration = Duration::from_secs(15);
/// A webhook's body and its head.
const MOST_BYTES: usize = routes::HOOK_BODY + (64 << 10);
/// Threads for work in the database: one writes, the others wait for it.
const DATABASE_THREADS: usize = 4;
/// How long a caller who was answered is heard out.
const LINGER: Duration = Duration::from_secs(2);
/// How often the flag is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Serves until `cancel` is up.
///
/// # Errors
/// The socket cannot be used, or no runtime can be made.
pub fn serve(listener: std::net::TcpListener, door: Arc<Door>, cancel: &Cancel) -> io::Result<()> {
    let connections = door.settings.connections;
    serve_app(listener, connections, routes::router(door), cancel)
}

/// Serves anything that knows its paths.
pub(super) fn serve_app(
    listener: std::net::TcpListener,
    connections: usize,
    app: axum::Router,
    cancel: &Cancel,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(DATABASE_THREADS)
        .thread_name("door")
        .build()?;
    let cancel = cancel.clone();
    runtime.block_on(async move {
        let listener = Guarded {
            listener: TcpListener::from_std(listener)?,
            places: Arc::new(Semaphore::new(connections)),
        };
        let app = app.into_make_service_with_connect_info::<Peer>();
        let stop = async move {
            while !cancel.is_cancelled() {
                tokio::time::sleep(LOOK).await;
            }
        };
        axum::serve(listener, app).with_graceful_shutdown(stop).await
    })
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Guarded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Guarded>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A listener with a number of places.
pub(super) struct Guarded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Listener for Guarded {
    type Io = Bounded;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Bounded, SocketAddr) {
        loop {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                // Nobody closes the semaphore.
                std::future::pending::<()>().await;
                continue;
            };
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let _ = stream.set_nodelay(true);
                    let end = Box::pin(tokio::time::sleep_until(Instant::now() + LIFETIME));
                    return (Bounded { stream, end, read: 0, lingers: None, _place: place }, address);
                }
                // Too many open files, or a caller that is gone already: others are waiting.
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends by itself.
pub(super) struct Bounded {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    read: usize,
    /// Until when the rest of what the caller sends is waited for, once everything is answered.
    lingers: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Bounded {
    /// An error once the time is over; until then whoever waits is woken for it.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        if self.read > MOST_BYTES {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::InvalidData)));
        }
        let before = into.filled().len();
        let ready = pin!(&mut self.stream).poll_read(context, into);
        self.read += into.filled().len() - before;
        ready
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.in_time(context)?;
        pin!(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_flush(context)
    }

    /// Says that nothing more comes, and hears out a caller who is still sending: to close at once would take the answer
    /// (that a body is too large) from the caller's own queue.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        let this = &mut *self;
        if this.lingers.is_none() {
            ready!(pin!(&mut this.stream).poll_shutdown(context))?;
        }
        let lingers = this.lingers.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut bytes = [0; 4096];
        while lingers.as_mut().poll(context).is_pending() {
            let mut into = ReadBuf::new(&mut bytes);
            match pin!(&mut this.stream).poll_read(context, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() && this.read <= 2 * MOST_BYTES => {
                    this.read += into.filled().len();
                }
                Poll::Ready(_) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}
