//! Streams through an HTTP proxy.

use std::pin::pin;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

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
        let io = self
            .inner
            .dial(&proxy)
            .await
            .map_err(|error| DialError::with_source(DialErrorKind::ProxyUnreachable, error))?;
        let tunnel = connect(io, target, way.basic_auth()).await?;
        Ok(BoxIo::new(TokioIo::new(tunnel)))
    }
}

/// The head of an answer, which is a line and some headers.
const MAX_ANSWER: usize = 16 * 1024;

/// Asks the proxy at the other end of `io` for a stream to `target`.
///
/// The tunnel of hyper-util is not used: it does not tell the status of a refusal, and loses what
/// the host says before we do.
async fn connect(
    io: BoxIo,
    target: &Target,
    auth: Option<&HeaderValue>,
) -> Result<Upgraded, DialError> {
    let authority = target.to_string();
    let mut request = http::Request::connect(authority.as_str()).header(HOST, authority.as_str());
    if let Some(auth) = auth {
        request = request.header(PROXY_AUTHORIZATION, auth);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| DialError::with_source(DialErrorKind::Target, error))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_ANSWER)
        .handshake(TokioIo::new(io))
        .await
        .map_err(unanswered)?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(unanswered)?;
        let status = response.status();
        if !status.is_success() {
            let status = status.as_u16();
            return Err(DialError::new(DialErrorKind::ProxyRefused { status }));
        }
        hyper::upgrade::on(response).await.map_err(unanswered)
    };
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection.with_upgrades()));
    tokio::select! {
        biased;
        upgraded = &mut exchange => upgraded,
        // The connection has handed over its stream, or broke: the exchange tells which.
        _ = &mut connection => exchange.await,
    }
}

fn unanswered(error: hyper::Error) -> DialError {
    let kind = if error.is_parse_too_large() {
        DialErrorKind::ProxyAnswerTooLong
    } else {
        DialErrorKind::ProxyAnswer
    };
    DialError::with_source(kind, error)
}

#[cfg(test)]
mod tests;
