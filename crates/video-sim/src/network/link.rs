//! One connection: two directions of bytes that take their time and may get lost.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use video_testkit::VirtualWallClock;

use super::tap::Tap;
use crate::witness::Wire;

/// How much one direction holds: what was written and has not been read.
const CAPACITY: usize = 64 * 1024;

/// The two ends, and at the same time the two directions, each named after its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client = 0,
    Server = 1,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

pub(super) struct Link {
    clock: VirtualWallClock,
    wire: Wire,
    latency: Duration,
    inner: Mutex<Inner>,
}

struct Inner {
    flows: [Flow; 2],
    /// The connection is cut, and both ends know.
    cut: bool,
    rng: fastrand::Rng,
    tap: Tap,
}

/// One direction.
#[derive(Default)]
struct Flow {
    chunks: VecDeque<(Duration, Vec<u8>)>,
    bytes: usize,
    /// When the reader learns that nothing more comes.
    ends: Option<Duration>,
    /// The sender has gone.
    gone: bool,
    /// Nothing arrives any more, and nobody is told.
    lost: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a link is made of.
pub(super) struct Parts {
    pub(super) clock: VirtualWallClock,
    pub(super) wire: Wire,
    pub(super) latency: Duration,
    pub(super) rng: fastrand::Rng,
    pub(super) tap: Tap,
}

/// A connection, as the network keeps it, and its two ends.
pub(super) fn connect(parts: Parts) -> (Arc<Link>, End, End) {
    let Parts {
        clock,
        wire,
        latency,
        rng,
        tap,
    } = parts;
    let inner = Mutex::new(Inner {
        flows: [Flow::default(), Flow::default()],
        cut: false,
        rng,
        tap,
    });
    let link = Arc::new(Link {
        clock,
        wire,
        latency,
        inner,
    });
    let end = |side| End {
        link: Arc::clone(&link),
        side,
        alarm: None,
    };
    let (client, server) = (end(Side::Client), end(Side::Server));
    (link, client, server)
}

impl Link {
    /// Breaks the connection, and both ends learn of it.
    pub(super) fn cut(&self) {
        let mut inner = self.inner();
        inner.cut = true;
        inner.flows.iter_mut().for_each(Flow::wake);
    }

    /// From now on nothing arrives that this side sends, and nobody is told.
    pub(super) fn lose(&self, sender: Side) {
        let flow = &mut self.inner().flows[sender as usize];
        flow.lost = true;
        flow.chunks.clear();
    }

    /// Whether it is half open, and the client has let go of its end.
    pub(super) fn is_orphan(&self) -> bool {
        let flows = &self.inner().flows;
        flows[Side::Client as usize].gone && flows.iter().any(|flow| flow.lost)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flow {
    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()] {
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn end(&mut self, at: Duration) {
        if !self.lost && self.ends.is_none() {
            self.ends = Some(at);
        }
        self.wake();
    }
}

/// One end of a connection.
pub(crate) struct End {
    link: Arc<Link>,
    side: Side,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let link = Arc::clone(&self.link);
            let mut inner = link.inner();
            if inner.cut {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let now = link.clock.elapsed();
            let flow = &mut inner.flows[self.side.other() as usize];
            let before = buf.filled().len();
            while let Some((arrival, chunk)) = flow.chunks.front_mut() {
                if *arrival > now || buf.remaining() == 0 {
                    break;
                }
                let part = chunk.len().min(buf.remaining());
                buf.put_slice(&chunk[..part]);
                chunk.drain(..part);
                if chunk.is_empty() {
                    flow.chunks.pop_front();
                }
            }
            let read = buf.filled().len() - before;
            if read > 0 || buf.remaining() == 0 {
                flow.bytes -= read;
                flow.wake();
                if self.side == Side::Client {
                    inner.tap.received(&buf.filled()[before..], now, &link.wire);
                }
                return Poll::Ready(Ok(()));
            }
            let next = flow.chunks.front().map(|(at, _)| *at).or(flow.ends);
            if next.is_some_and(|at| at <= now) {
                return Poll::Ready(Ok(()));
            }
            flow.reader = Some(cx.waker().clone());
            drop(inner);
            let Some(next) = next else {
                return Poll::Pending;
            };
            // Made anew, because what arrives next may have changed.
            let alarm = self.alarm.insert(Box::pin(sleep(next.saturating_sub(now))));
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut guard = self.link.inner();
        let Inner {
            flows,
            cut,
            rng,
            tap,
        } = &mut *guard;
        if *cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let now = self.link.clock.elapsed();
        let peer = &flows[self.side.other() as usize];
        let knows = peer.gone && peer.ends.is_some_and(|at| at <= now);
        let flow = &mut flows[self.side as usize];
        if knows || flow.ends.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = bytes.len().min(CAPACITY - flow.bytes);
        if length == 0 && !bytes.is_empty() {
            flow.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let accepted = &bytes[..length];
        if self.side == Side::Client {
            tap.sent(accepted, &self.link.wire);
        }
        flow.bytes += length;
        if !flow.lost {
            let jitter = self.link.latency.mul_f64(rng.f64());
            let last = flow.chunks.back().map_or(Duration::ZERO, |(at, _)| *at);
            let arrival = last.max(now + self.link.latency + jitter);
            flow.chunks.push_back((arrival, accepted.to_vec()));
            flow.reader.take().into_iter().for_each(Waker::wake);
        }
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finish(false);
        Poll::Ready(Ok(()))
    }
}

impl End {
    /// Nothing more is sent, after everything that is under way.
    fn finish(&self, gone: bool) {
        let mut inner = self.link.inner();
        let flow = &mut inner.flows[self.side as usize];
        let last = flow.chunks.back().map_or(Duration::ZERO, |(at, _)| *at);
        flow.end(last.max(self.link.clock.elapsed() + self.link.latency));
        flow.gone |= gone;
        if gone {
            inner.flows[self.side.other() as usize].wake();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.finish(true);
        if self.side == Side::Client {
            self.link.inner().tap.left(&self.link.wire);
        }
    }
}
