//! Connections with a round-trip time, in tokio's time.

mod pipe;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::coordinator::Coordinator;
#[cfg(feature = "tls")]
use crate::tls::TlsCoordinator;

use pipe::{PipeReader, PipeWriter};

/// How much one direction holds: what was written and has not been read.
const CAPACITY: usize = 256 * 1024;

/// Dials a coordinator over a network that takes its time.
///
/// In paused time all of it is exact to the millisecond. Opening a connection takes one round
/// trip, as TCP does; each byte then takes half of one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use video_testkit::{Coordinator, DelayDialer};
///
/// let coordinator = Coordinator::builder("key", "secret").build();
/// let dialer = DelayDialer::new(coordinator, Duration::from_millis(100));
/// assert_eq!(dialer.dials(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct DelayDialer {
    coordinator: Coordinator,
    rtt: Duration,
    dials: Arc<AtomicUsize>,
    #[cfg(feature = "tls")]
    tls: Option<TlsCoordinator>,
}

impl DelayDialer {
    /// A network with this round-trip time.
    #[must_use]
    pub fn new(coordinator: Coordinator, rtt: Duration) -> Self {
        Self {
            coordinator,
            rtt,
            dials: Arc::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Lets secure connections be served too.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsCoordinator) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Opens a connection, which takes one round trip. If it is `secure`, the coordinator expects
    /// TLS on it.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] if it shall be secure and nobody is there who speaks TLS.
    ///
    /// # Cancel safety
    ///
    /// Cancelling it leaves no connection behind.
    pub async fn dial(&self, secure: bool) -> io::Result<DelayStream> {
        self.dials.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.rtt).await;
        let (client, server) = pair(self.rtt);
        if !secure {
            self.coordinator.serve_io(server);
            return Ok(client);
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            tls.serve_io_tls(server);
            return Ok(client);
        }
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this network has no TLS",
        ))
    }

    /// How often somebody dialled, successfully or not.
    #[must_use]
    pub fn dials(&self) -> usize {
        self.dials.load(Ordering::Relaxed)
    }
}

/// One end of a connection with a round-trip time.
#[derive(Debug)]
pub struct DelayStream {
    reader: PipeReader,
    writer: PipeWriter,
}

/// The two ends of a connection.
fn pair(rtt: Duration) -> (DelayStream, DelayStream) {
    let (there, here) = (pipe::new(rtt / 2, CAPACITY), pipe::new(rtt / 2, CAPACITY));
    let client = DelayStream {
        reader: here.1,
        writer: there.0,
    };
    let server = DelayStream {
        reader: there.1,
        writer: here.0,
    };
    (client, server)
}

impl AsyncRead for DelayStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reader.poll_read(cx, buf)
    }
}

impl AsyncWrite for DelayStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writer.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.close();
        Poll::Ready(Ok(()))
    }
}
