//! How many sockets a client has: the promise is one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use http::Uri;
use video_transport::{ConnectError, EventConnector, EventSocket, Frame, SocketError};

/// How many sockets of a client there are, and were at once.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: AtomicUsize,
    most: AtomicUsize,
}

impl Sockets {
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// At once, so far.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// A connector that counts what it opens, from the first dial to the drop.
#[derive(Debug)]
pub(crate) struct Counted<C>(pub(crate) C, pub(crate) Arc<Sockets>);

#[derive(Debug)]
struct CountedSocket(
    Box<dyn EventSocket>,
    #[expect(dead_code, reason = "held")] One,
);

#[derive(Debug)]
struct One(Arc<Sockets>);

impl One {
    fn more(sockets: &Arc<Sockets>) -> Self {
        let open = sockets.open.fetch_add(1, Ordering::SeqCst) + 1;
        sockets.most.fetch_max(open, Ordering::SeqCst);
        Self(Arc::clone(sockets))
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl<C: EventConnector> EventConnector for Counted<C> {
    async fn open(&self, uri: Uri) -> Result<Box<dyn EventSocket>, ConnectError> {
        let one = One::more(&self.1);
        let socket = self.0.open(uri).await?;
        Ok(Box::new(CountedSocket(socket, one)))
    }
}

#[async_trait]
impl EventSocket for CountedSocket {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, SocketError>>> {
        self.0.poll_recv(cx)
    }

    async fn send(&mut self, frame: Frame) -> Result<(), SocketError> {
        self.0.send(frame).await
    }

    fn received(&self) -> u64 {
        self.0.received()
    }
}
