//! A stream whose other end is asked something, says what it was told to say, and hangs up.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use video_transport::{BoxIo, DialError, Dialer, Target};

/// The end that is near: it gives at most `step` bytes at a time, as a network might.
pub struct Peer {
    says: Vec<u8>,
    said: usize,
    step: usize,
    heard: Arc<Mutex<Vec<u8>>>,
    /// Whether the question was whole, and so the answer has begun.
    asked: bool,
    reader: Option<Waker>,
    /// Makes what comes before all else of the question.
    greeting: Option<fn(&[u8]) -> Vec<u8>>,
}

impl Peer {
    /// A peer that says this.
    #[must_use]
    pub fn new(says: &[u8], step: u8) -> Self {
        Self {
            says: says.to_vec(),
            said: 0,
            step: usize::from(step).max(1),
            heard: Arc::default(),
            asked: false,
            reader: None,
            greeting: None,
        }
    }

    /// A peer that first says what `greeting` makes of the question.
    #[must_use]
    pub fn after(mut self, greeting: fn(&[u8]) -> Vec<u8>) -> Self {
        self.greeting = Some(greeting);
        self
    }

    /// What it will have heard.
    #[must_use]
    pub fn heard(&self) -> Arc<Mutex<Vec<u8>>> {
        Arc::clone(&self.heard)
    }
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let question = heard.ends_with(b"\r\n\r\n").then(|| heard.clone());
            drop(heard);
            let Some(question) = question else {
                self.reader = Some(cx.waker().clone());
                return Poll::Pending;
            };
            self.asked = true;
            if let Some(greeting) = self.greeting {
                let greeting = greeting(&question);
                self.says.splice(..0, greeting);
            }
        }
        let left = &self.says[self.said..];
        let count = left.len().min(self.step).min(buf.remaining());
        buf.put_slice(&left[..count]);
        self.said += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend_from_slice(buf);
        drop(heard);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A dialer that reaches one peer, once.
pub struct DialOnce(Mutex<Option<Peer>>);

impl DialOnce {
    /// Reaches this peer.
    #[must_use]
    pub fn new(peer: Peer) -> Self {
        Self(Mutex::new(Some(peer)))
    }
}

impl std::fmt::Debug for DialOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DialOnce")
    }
}

#[async_trait]
impl Dialer for DialOnce {
    async fn dial(&self, _: &Target) -> Result<BoxIo, DialError> {
        let mut peer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(BoxIo::new(peer.take().expect("dialled once")))
    }
}

/// Reads all that the peer still has to say.
///
/// # Panics
///
/// If the stream breaks, which it has no reason to.
pub async fn rest(io: &mut BoxIo) -> Vec<u8> {
    let mut rest = Vec::new();
    io.read_to_end(&mut rest)
        .await
        .expect("the stream is in memory");
    rest
}

/// A runtime on this thread, which all runs of a target share.
///
/// # Panics
///
/// If the machine has no resources left.
#[must_use]
pub fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("resources for a runtime")
}
