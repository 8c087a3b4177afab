//! Reads much at once from a peer that sends much.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// How much is read at once while the peer has more than is asked for.
const AHEAD: usize = 64 * 1024;

/// A reader that counts its bytes. Whoever reads it asks for little at a time, and each read of the
/// stream is a call of the operating system. So as soon as the peer has more than is asked for, it
/// reads ahead, into a buffer that it gives back when nothing more is there.
#[derive(Debug)]
pub(super) struct ReadAhead<R> {
    stream: R,
    buffer: Box<[u8]>,
    /// Where in it that stands which was read and not yet handed out.
    rest: Range<usize>,
    /// Whether the last read gave all that was asked for.
    filled: bool,
    count: Arc<AtomicU64>,
}

impl<R> ReadAhead<R> {
    /// Reads `stream`, and counts the bytes that are handed out.
    pub(super) fn new(stream: R, count: Arc<AtomicU64>) -> Self {
        Self {
            stream,
            buffer: Box::default(),
            rest: 0..0,
            filled: false,
            count,
        }
    }
}

impl<R: AsyncRead + Unpin> ReadAhead<R> {
    /// Reads ahead, if nothing is left of what was read before.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if self.buffer.is_empty() {
            self.buffer = vec![0; AHEAD].into();
        }
        let mut buf = ReadBuf::new(&mut self.buffer);
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut buf);
        self.rest = 0..buf.filled().len();
        if self.rest.is_empty() {
            self.buffer = Box::default();
            self.filled = false;
        }
        read
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for ReadAhead<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        if this.filled {
            ready!(this.poll_fill(cx))?;
            let rest = this.buffer.get(this.rest.clone()).unwrap_or_default();
            let (now, _) = rest.split_at(rest.len().min(buf.remaining()));
            buf.put_slice(now);
            this.rest.start += now.len();
        } else {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
            this.filled = buf.remaining() == 0;
        }
        let count = buf.filled().len() - before;
        this.count.fetch_add(count as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use proptest::prelude::*;

    use super::*;

    /// What each poll of a stream gives: so many bytes, or nothing yet. Then it ends.
    #[derive(Debug)]
    struct Script {
        polls: VecDeque<Option<usize>>,
        sent: u8,
    }

    impl AsyncRead for Script {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match self.polls.pop_front() {
                None => Poll::Ready(Ok(())),
                Some(None) => Poll::Pending,
                Some(Some(len)) => {
                    let (now, later) = (
                        len.min(buf.remaining()),
                        len.saturating_sub(buf.remaining()),
                    );
                    for _ in 0..now {
                        buf.put_slice(&[self.sent]);
                        self.sent = self.sent.wrapping_add(1);
                    }
                    if later > 0 {
                        self.polls.push_front(Some(later));
                    }
                    Poll::Ready(Ok(()))
                }
            }
        }
    }

    fn read(reader: &mut ReadAhead<Script>, len: usize) -> Poll<Vec<u8>> {
        let mut bytes = vec![0; len];
        let mut buf = ReadBuf::new(&mut bytes);
        let mut context = Context::from_waker(Waker::noop());
        let read = Pin::new(reader).poll_read(&mut context, &mut buf);
        read.map(|read| {
            read.unwrap();
            buf.filled().to_vec()
        })
    }

    fn reader(polls: impl IntoIterator<Item = Option<usize>>) -> ReadAhead<Script> {
        let polls = polls.into_iter().collect();
        ReadAhead::new(Script { polls, sent: 0 }, Arc::default())
    }

    #[test]
    fn a_peer_that_has_more_than_is_asked_for_is_read_ahead_until_it_has_no_more() {
        let mut reader = reader([Some(30), None, Some(3), None]);
        assert_eq!(
            read(&mut reader, 10).map(|bytes| bytes.len()),
            Poll::Ready(10)
        );
        assert_eq!(
            read(&mut reader, 10).map(|bytes| bytes.len()),
            Poll::Ready(10)
        );
        // Read already: the script has only what comes later.
        assert_eq!(reader.stream.polls.len(), 3);
        assert_eq!(
            read(&mut reader, 10).map(|bytes| bytes.len()),
            Poll::Ready(10)
        );
        assert!(read(&mut reader, 10).is_pending());
        assert_eq!(reader.buffer.len(), 0, "an idle socket holds no buffer");
        assert_eq!(read(&mut reader, 10), Poll::Ready(vec![30, 31, 32]));
        assert!(read(&mut reader, 10).is_pending());
        assert_eq!(reader.buffer.len(), 0);
        assert_eq!(read(&mut reader, 10), Poll::Ready(vec![]), "the end");
    }

    #[test]
    fn what_the_caller_had_before_is_not_counted() {
        let mut reader = reader([Some(3)]);
        let mut bytes = [0; 10];
        let mut buf = ReadBuf::new(&mut bytes);
        buf.put_slice(&[9; 5]);
        let mut context = Context::from_waker(Waker::noop());
        assert!(
            Pin::new(&mut reader)
                .poll_read(&mut context, &mut buf)
                .is_ready()
        );
        assert_eq!(buf.filled(), [9, 9, 9, 9, 9, 0, 1, 2]);
        assert_eq!(reader.count.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn not_more_than_64_kib_are_read_ahead() {
        let mut reader = reader([Some(1_000_000)]);
        for _ in 0..2 {
            assert_eq!(
                read(&mut reader, 10).map(|bytes| bytes.len()),
                Poll::Ready(10)
            );
        }
        assert_eq!(reader.rest, 10..65_536);
    }

    #[test]
    fn an_error_is_passed_on_and_frees_the_buffer() {
        #[derive(Debug)]
        struct Broken(bool);

        impl AsyncRead for Broken {
            fn poll_read(
                mut self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                if std::mem::replace(&mut self.0, true) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                buf.put_slice(&[7]);
                Poll::Ready(Ok(()))
            }
        }

        let mut reader = ReadAhead::new(Broken(false), Arc::default());
        let mut context = Context::from_waker(Waker::noop());
        let mut byte = [0];
        let mut read = || {
            let mut buf = ReadBuf::new(&mut byte);
            Pin::new(&mut reader).poll_read(&mut context, &mut buf)
        };
        assert!(matches!(read(), Poll::Ready(Ok(()))));
        assert!(matches!(read(), Poll::Ready(Err(_))));
        assert_eq!(reader.buffer.len(), 0);
    }

    proptest! {
        #[test]
        fn however_a_stream_is_read_every_byte_comes_once_in_order_and_is_counted(
            polls in prop::collection::vec(prop::option::of(1_usize..200_000), 0..12),
            asked in prop::collection::vec(1_usize..10_000, 1..8),
        ) {
            let total: usize = polls.iter().flatten().sum();
            let mut reader = reader(polls);
            let mut asked = asked.into_iter().cycle();
            let mut got = Vec::new();
            loop {
                let len = asked.next().unwrap();
                match read(&mut reader, len) {
                    Poll::Ready(bytes) if bytes.is_empty() => break,
                    Poll::Ready(bytes) => got.extend(bytes),
                    Poll::Pending => prop_assert_eq!(reader.buffer.len(), 0),
                }
                prop_assert_eq!(reader.count.load(Ordering::Relaxed), got.len() as u64);
            }
            prop_assert_eq!(got.len(), total);
            prop_assert!(got.iter().enumerate().all(|(n, byte)| n % 256 == usize::from(*byte)));
        }
    }
}
