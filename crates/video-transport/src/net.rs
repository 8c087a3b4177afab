//! The lowest seam: a byte stream to a host.

mod proxy;
mod race;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod tunnel;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use video_core::{Classify, FailureClass};

pub use proxy::{InvalidProxy, Proxy};
pub use tcp::TcpDialer;
#[cfg(feature = "tls")]
pub use tls::{TlsDialer, TlsRoots};
pub use tunnel::ProxyDialer;

/// Opens byte streams. HTTP and the WebSocket both stand on it, so that one swapped dialer moves
/// the whole stack onto streams in memory.
///
/// The session's own task dials, so a dialer must not block its thread.
#[async_trait]
pub trait Dialer: fmt::Debug + Send + Sync {
    /// Opens a stream to `target`, encrypted if the target asks for it.
    ///
    /// # Errors
    ///
    /// [`DialError`] if there is no stream. Nothing has been sent then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a stream half open is closed.
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError>;
}

/// A host, a port, and whether the stream is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Target {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether to encrypt.
    pub secure: bool,
    /// Whether the layer that dials encrypts already. A proxy is chosen by it.
    pub encrypted: bool,
}

impl Target {
    /// The target of a URI.
    ///
    /// # Errors
    ///
    /// [`DialError`] if the URI has no host or another scheme than `http`, `https`, `ws`, `wss`.
    pub fn of(uri: &Uri) -> Result<Self, DialError> {
        let secure = match uri.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return Err(DialError::new(DialErrorKind::Target)),
        };
        let host = uri
            .host()
            .ok_or_else(|| DialError::new(DialErrorKind::Target))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self {
            host,
            port,
            secure,
            encrypted: false,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Anything that bytes go through.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A byte stream of any kind.
pub struct BoxIo(Box<dyn Io>);

impl BoxIo {
    /// Wraps a stream.
    pub fn new(io: impl Io + 'static) -> Self {
        Self(Box::new(io))
    }
}

impl fmt::Debug for BoxIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxIo")
    }
}

impl AsyncRead for BoxIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for BoxIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// Why there is no stream. Nothing has been sent.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct DialError {
    kind: DialErrorKind,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kept a stream from opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DialErrorKind {
    /// The URI names no host that can be dialled.
    #[error("the address names no host that can be dialled")]
    Target,
    /// The name could not be resolved.
    #[error("the host name could not be resolved")]
    Resolve,
    /// The host refuses connections.
    #[error("the host refuses connections")]
    Refused,
    /// The host could not be reached.
    #[error("the host could not be reached")]
    Unreachable,
    /// The stream did not open in time.
    #[error("the host did not answer in time")]
    Timeout,
    /// The encryption could not be agreed on.
    #[error("the TLS handshake failed")]
    Tls,
    /// There are no root certificates to trust.
    #[error(
        "there are no root certificates to trust; install the CA package of this machine, check \
         `SSL_CERT_FILE` and `SSL_CERT_DIR`, or choose `TlsRoots::WebPki` or `TlsRoots::Pem`"
    )]
    NoRoots,
    /// This build has no TLS.
    #[error("this build has no TLS; enable the feature `tls`")]
    NoTls,
    /// The proxy could not be reached. The source is the [`DialError`] that says why.
    #[error("the proxy could not be reached")]
    ProxyUnreachable,
    /// The proxy refuses to connect.
    #[error("the proxy refuses to connect, with status {status}")]
    ProxyRefused {
        /// The status of its answer. 407 asks for another user or password.
        status: u16,
    },
    /// The proxy hung up, or its answer is not HTTP.
    #[error("the proxy gave no proper answer")]
    ProxyAnswer,
    /// The proxy's answer is longer than any that is in order.
    #[error("the answer of the proxy is too long")]
    ProxyAnswerTooLong,
}

impl DialError {
    /// An error without an underlying cause.
    #[must_use]
    pub fn new(kind: DialErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    #[must_use]
    pub fn with_source(
        kind: DialErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> DialErrorKind {
        self.kind
    }
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionRefused => DialErrorKind::Refused,
            io::ErrorKind::TimedOut => DialErrorKind::Timeout,
            _ => DialErrorKind::Unreachable,
        };
        Self::with_source(kind, error)
    }
}

impl Classify for DialError {
    fn class(&self) -> FailureClass {
        self.kind.class()
    }
}

impl Classify for DialErrorKind {
    fn class(&self) -> FailureClass {
        match self {
            // A proxy's user and password do not change while we run.
            Self::Target | Self::NoRoots | Self::NoTls | Self::ProxyRefused { status: 407 } => {
                FailureClass::Permanent
            }
            _ => FailureClass::NotSent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_obj_safe!(Dialer, Io);
    static_assertions::assert_impl_all!(BoxIo: Send, Unpin);

    #[test]
    fn a_target_takes_its_port_from_the_scheme() {
        let of = |uri: &str| Target::of(&uri.parse().unwrap()).unwrap();
        assert_eq!(of("https://h.test/x").to_string(), "h.test:443");
        assert_eq!(of("ws://[::1]/x").to_string(), "[::1]:80");
        assert_eq!(of("ws://[::1]/x").host, "::1");
        assert_eq!(of("wss://h.test:8443").port, 8443);
        assert!(of("wss://h.test").secure && !of("http://h.test").secure);
    }

    #[test]
    fn an_address_that_can_not_be_dialled_is_a_permanent_error() {
        for uri in ["/path", "ftp://h.test"] {
            let error = Target::of(&uri.parse().unwrap()).unwrap_err();
            assert_eq!(error.class(), FailureClass::Permanent);
        }
    }

    #[test]
    fn a_proxy_that_wants_another_password_is_not_asked_again_and_one_that_is_busy_is() {
        let class = |status| DialErrorKind::ProxyRefused { status }.class();
        assert_eq!(class(407), FailureClass::Permanent);
        assert_eq!(class(503), FailureClass::NotSent);
        assert_eq!(class(403), FailureClass::NotSent);
    }
}
