//! One direction of a connection: bytes come out a fixed time after they went in.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use crate::clock::now;

pub(super) fn new(delay: Duration, capacity: usize) -> (PipeWriter, PipeReader) {
    let pipe = Arc::new(Pipe {
        delay,
        capacity,
        flow: Mutex::default(),
    });
    let writer = PipeWriter {
        pipe: Arc::clone(&pipe),
    };
    (writer, PipeReader { pipe, alarm: None })
}

struct Pipe {
    delay: Duration,
    capacity: usize,
    flow: Mutex<Flow>,
}

#[derive(Default)]
struct Flow {
    /// What is under way, with the time of its arrival.
    chunks: VecDeque<(Instant, Bytes)>,
    bytes: usize,
    /// When the reader learns that nothing more will come.
    ends: Option<Instant>,
    /// When the writer learns that nobody reads any more.
    unread_from: Option<Instant>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where bytes go in. Dropping it ends the stream.
pub(super) struct PipeWriter {
    pipe: Arc<Pipe>,
}

impl PipeWriter {
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut flow = self.pipe.flow();
        let now = now();
        let room = self.pipe.capacity - flow.bytes;
        let unread = flow.unread_from.is_some_and(|at| at <= now || room == 0);
        if unread || flow.ends.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if room == 0 {
            flow.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let accepted = &bytes[..bytes.len().min(room)];
        if flow.unread_from.is_none() {
            flow.bytes += accepted.len();
            let chunk = Bytes::copy_from_slice(accepted);
            flow.chunks.push_back((now + self.pipe.delay, chunk));
            wake(&mut flow.reader);
        }
        Poll::Ready(Ok(accepted.len()))
    }

    /// Ends the stream, after everything that is under way.
    pub(super) fn close(&self) {
        let mut flow = self.pipe.flow();
        if flow.ends.is_none() {
            flow.ends = Some(now() + self.pipe.delay);
            wake(&mut flow.reader);
        }
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.close();
    }
}

/// Where bytes come out. Dropping it lets the writer know, after the delay.
pub(super) struct PipeReader {
    pipe: Arc<Pipe>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl PipeReader {
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut flow = self.pipe.flow();
            let now = now();
            let mut read = 0;
            while let Some((arrival, chunk)) = flow.chunks.front_mut() {
                if *arrival > now || buf.remaining() == 0 {
                    break;
                }
                let part = chunk.split_to(chunk.remaining().min(buf.remaining()));
                buf.put_slice(&part);
                read += part.len();
                if chunk.is_empty() {
                    flow.chunks.pop_front();
                }
            }
            if read > 0 || buf.remaining() == 0 {
                flow.bytes -= read;
                wake(&mut flow.writer);
                return Poll::Ready(Ok(()));
            }
            let next = match flow.chunks.front() {
                Some((arrival, _)) => Some(*arrival),
                None => flow.ends,
            };
            if flow.chunks.is_empty() && next.is_some_and(|at| at <= now) {
                return Poll::Ready(Ok(()));
            }
            flow.reader = Some(cx.waker().clone());
            drop(flow);
            let Some(next) = next else {
                return Poll::Pending;
            };
            if self.alarm(next).as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn alarm(&mut self, at: Instant) -> &mut Pin<Box<Sleep>> {
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if alarm.deadline() != at {
            alarm.as_mut().reset(at);
        }
        alarm
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut flow = self.pipe.flow();
        flow.unread_from = Some(now() + self.pipe.delay);
        flow.chunks.clear();
        wake(&mut flow.writer);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeWriter").finish_non_exhaustive()
    }
}

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeReader").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const DELAY: Duration = Duration::from_millis(50);

    async fn read(reader: &mut PipeReader, most: usize) -> Vec<u8> {
        let mut space = vec![0; most];
        let mut buf = ReadBuf::new(&mut space);
        poll_fn(|cx| reader.poll_read(cx, &mut buf)).await.unwrap();
        buf.filled().to_vec()
    }

    async fn write(writer: &PipeWriter, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|cx| writer.poll_write(cx, bytes)).await
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_come_in_order_each_after_the_delay() {
        let (writer, mut reader) = new(DELAY, 100);
        let start = now();
        write(&writer, b"ab").await.unwrap();
        tokio::time::sleep(DELAY / 2).await;
        write(&writer, b"c").await.unwrap();
        assert_eq!(read(&mut reader, 1).await, b"a");
        assert_eq!(read(&mut reader, 9).await, b"b");
        assert_eq!(start.elapsed(), DELAY);
        assert_eq!(read(&mut reader, 9).await, b"c");
        assert_eq!(start.elapsed(), DELAY + DELAY / 2);
        drop(writer);
        assert_eq!(read(&mut reader, 9).await, b"");
        assert_eq!(start.elapsed(), DELAY * 2 + DELAY / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_pipe_waits_for_its_reader() {
        let (writer, mut reader) = new(DELAY, 3);
        assert_eq!(write(&writer, b"abcd").await.unwrap(), 3);
        let start = now();
        let (written, seen) = tokio::join!(write(&writer, b"d"), read(&mut reader, 2));
        assert_eq!((written.unwrap(), seen.as_slice()), (1, &b"ab"[..]));
        assert_eq!(start.elapsed(), DELAY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_learns_of_a_lost_reader_after_the_delay() {
        let (writer, reader) = new(DELAY, 100);
        drop(reader);
        assert!(write(&writer, b"lost").await.is_ok());
        tokio::time::advance(DELAY).await;
        let error = write(&writer, b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
