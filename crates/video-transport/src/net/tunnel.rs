//! Streams through an HTTP proxy.

use std::io;

use async_trait::async_trait;
use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{BoxIo, DialError, DialErrorKind, Dialer, Proxy, Target};

/// Leads the streams of another dialer through an HTTP proxy, where one is on the way.
///
/// Every stream is a tunnel made with `CONNECT`, to hosts with and without TLS alike, and the proxy
/// resolves the host's name. It stands below `TlsDialer`, so that TLS goes from end to end: of a
/// host with TLS the proxy learns name and port. An answer of the proxy other than success is a
/// refusal, a redirect and a page for people included.
///
/// # Examples
///
/// ```
/// use video_transport::{Proxy, ProxyDialer, TcpDialer};
///
/// let dialer = ProxyDialer::new(TcpDialer::default(), Proxy::url("http://proxy.corp:3128")?);
/// # Ok::<(), video_transport::InvalidProxy>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProxyDialer<D> {
    inner: D,
    proxy: Proxy,
}

impl<D: Dialer> ProxyDialer<D> {
    /// Leads the streams of `inner`, which also dials the proxy itself, through `proxy`.
    #[must_use]
    pub fn new(inner: D, proxy: Proxy) -> Self {
        Self { inner, proxy }
    }
}

#[async_trait]
impl<D: Dialer> Dialer for ProxyDialer<D> {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        let Some(way) = self.proxy.on_the_way_to(target)? else {
            return self.inner.dial(target).await;
        };
        if target.secure {
            return Err(DialError::new(DialErrorKind::NoTls));
        }
        let proxy = Target::of(way.uri())?;
        let mut io = self
            .inner
            .dial(&proxy)
            .await
            .map_err(|error| DialError::with_source(DialErrorKind::ProxyUnreachable, error))?;
        connect(&mut io, target, way.basic_auth()).await?;
        Ok(io)
    }
}

/// The longest head of an answer, which is a line and some headers.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Asks the proxy at the other end of `io` for a way to `target`, whose form has been checked.
///
/// The tunnel of hyper-util is not used: it does not tell the status of a refusal, and loses what
/// the host says before we do.
async fn connect(
    io: &mut BoxIo,
    target: &Target,
    auth: Option<&HeaderValue>,
) -> Result<(), DialError> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(auth) = auth {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(auth.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    io.write_all(&request).await.map_err(hung_up)?;
    io.flush().await.map_err(hung_up)?;
    match status(io).await? {
        200..=299 => Ok(()),
        status => Err(DialError::new(DialErrorKind::ProxyRefused { status })),
    }
}

/// Reads the head of an answer and nothing beyond it: what follows belongs to the host. So it is
/// read byte by byte, which a dial can afford.
async fn status(io: &mut BoxIo) -> Result<u16, DialError> {
    let mut head = Vec::new();
    while head.len() < MAX_HEAD {
        let byte = io.read_u8().await.map_err(hung_up)?;
        head.push(byte);
        if byte != b'\n' {
            continue;
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        match answer.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                let no_status = || DialError::new(DialErrorKind::ProxyAnswer);
                return answer.code.ok_or_else(no_status);
            }
            Ok(httparse::Status::Partial) => {}
            Err(httparse::Error::TooManyHeaders) => break,
            Err(error) => return Err(DialError::with_source(DialErrorKind::ProxyAnswer, error)),
        }
    }
    Err(DialError::new(DialErrorKind::ProxyAnswerTooLong))
}

fn hung_up(error: io::Error) -> DialError {
    DialError::with_source(DialErrorKind::ProxyAnswer, error)
}

#[cfg(test)]
mod tests;
