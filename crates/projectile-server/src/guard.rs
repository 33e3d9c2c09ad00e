//! A connection's bytes under watch: silence, slow heads and stalled readers end it on time.
//!
//! hyper has one read timeout for everything before a request is complete, idle time between requests included, and
//! none for writing. Here each phase has its own deadline.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::framing::Framing;
use crate::payload::Payload;
use crate::unsent::Seat;

/// How long what a client still sends is read after its last answer: a connection that is closed before is reset, and the
/// client may never see the answer.
const LINGER: Duration = Duration::from_secs(1);

/// Where a connection stands. The request's head sets [`BUSY`], the end of the answer's body [`IDLE`].
#[derive(Clone, Debug)]
pub(crate) struct Phase(Arc<Standing>);

#[derive(Debug)]
struct Standing {
    phase: AtomicU8,
    /// Whether an answer was given before all of its request was read: it is the last one.
    is_unread: AtomicBool,
}

/// Nothing was read since the last answer.
const IDLE: u8 = 0;
/// A head is due: the connection is new, or part of the head came.
const HEAD: u8 = 1;
/// A request is being answered.
const BUSY: u8 = 2;

impl Phase {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Standing {
            phase: AtomicU8::new(HEAD),
            is_unread: AtomicBool::new(false),
        }))
    }

    pub(crate) fn busy(&self) {
        self.set(BUSY);
    }

    /// Takes note that the request will not be read to its end.
    pub(crate) fn leave_unread(&self) {
        self.0.is_unread.store(true, Ordering::Relaxed);
    }

    fn set(&self, phase: u8) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.phase.load(Ordering::Relaxed)
    }
}

/// How long each phase may last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    pub(crate) head: Duration,
    pub(crate) idle: Duration,
    pub(crate) stall: Duration,
}

/// A stream that fails with [`TimedOut`](io::ErrorKind::TimedOut) when a phase lasts too long.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    stream: S,
    phase: Phase,
    framing: Framing,
    seat: Arc<Seat>,
    deadlines: Deadlines,
    is_shut: bool,
    read: Alarm,
    /// The phase for which `read` is set.
    set_for: u8,
    write: Alarm,
}

/// A timer that is made when first needed.
#[derive(Debug, Default)]
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    set: bool,
}

impl Alarm {
    fn set(&mut self, after: Duration) {
        // Where there is no such time, tokio takes one that nobody lives to see.
        let deadline = Instant::now().checked_add(after);
        let deadline = deadline.unwrap_or_else(|| tokio::time::sleep(after).deadline());
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(deadline),
            none => *none = Some(Box::pin(tokio::time::sleep_until(deadline))),
        }
        self.set = true;
    }

    fn clear(&mut self) {
        // The timer may still wake the task; nobody looks at it then.
        self.set = false;
    }

    fn rings(&mut self, context: &mut Context<'_>) -> bool {
        self.set
            && self
                .sleep
                .as_mut()
                .is_some_and(|sleep| sleep.as_mut().poll(context).is_ready())
    }

    fn is_over(&self) -> bool {
        self.sleep
            .as_ref()
            .is_some_and(|sleep| sleep.deadline() <= Instant::now())
    }
}

impl<S> Guarded<S> {
    pub(crate) fn new(stream: S, phase: Phase, seat: Arc<Seat>, deadlines: Deadlines) -> Self {
        let (read, write) = (Alarm::default(), Alarm::default());
        Self {
            stream,
            phase,
            framing: Framing::default(),
            seat,
            deadlines,
            is_shut: false,
            read,
            set_for: BUSY,
            write,
        }
    }

    fn watch_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.phase.get();
        if phase != self.set_for {
            match phase {
                BUSY => self.read.clear(),
                HEAD => self.read.set(self.deadlines.head),
                _ => self.read.set(self.deadlines.idle),
            }
            self.set_for = phase;
        }
        if self.read.rings(context) {
            return Poll::Ready(Err(timed_out("no request came in time")));
        }
        Poll::Pending
    }

    fn watch_write(
        &mut self,
        context: &mut Context<'_>,
        done: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if done.is_ready() {
            if self.write.set {
                self.write.clear();
                self.seat.moves();
            }
            if self.set_for == IDLE {
                // A slow reader still takes the last answer: that is no silence.
                self.read.set(self.deadlines.idle);
            }
            return done;
        }
        if !self.write.set {
            self.write.set(self.deadlines.stall);
        }
        if self.seat.is_cut_while_stalled(context) {
            return Poll::Ready(Err(timed_out("others need the room that its answer takes")));
        }
        if self.write.rings(context) {
            return Poll::Ready(Err(timed_out("the client does not read its answer")));
        }
        Poll::Pending
    }
}

fn timed_out(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let tail = this.framing.take_tail(buffer.remaining());
        if !tail.is_empty() {
            buffer.put_slice(tail);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let done = Pin::new(&mut this.stream).poll_read(context, buffer);
        if done.is_ready() {
            if buffer.filled().len() > before && this.phase.get() == IDLE {
                this.phase.set(HEAD);
            }
            let came = buffer.filled_mut().get_mut(before..).unwrap_or_default();
            let kept = this.framing.check(came);
            buffer.set_filled(before.saturating_add(kept));
            return done;
        }
        this.watch_read(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch_write(context, done)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.watch_write(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_shut {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.is_shut = true;
            let is_refused = this.phase.get() == HEAD && this.framing.is_unread();
            if !is_refused && !this.phase.0.is_unread.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            this.read.set(LINGER);
        }
        let mut space = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut this.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && !this.read.is_over() => {}
                Poll::Pending if !this.read.is_over() && !this.read.rings(context) => return Poll::Pending,
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// An answer's body on a connection, which is idle once it is dropped.
#[derive(Debug)]
pub(crate) struct Answer {
    payload: Payload,
    phase: Phase,
}

impl Answer {
    pub(crate) fn new(payload: Payload, phase: Phase) -> Self {
        Self { payload, phase }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.get_mut().payload).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.phase.set(IDLE);
    }
}
