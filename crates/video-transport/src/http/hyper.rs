//! HTTP/1.1 over a pool of connections.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{HttpError, HttpErrorKind, HttpTransport};
use crate::carry::carry_subscriber;
use crate::net::{BoxIo, DialError, DialErrorKind, Dialer, Target};

/// Exchanges over HTTP/1.1 with connections that are kept and reused.
///
/// Dropping it closes the connections and ends the tasks that serve them.
pub struct HyperTransport {
    client: legacy::Client<DialConnector, Full<Bytes>>,
    max_response: usize,
    tasks: Tasks,
}

impl HyperTransport {
    /// A pool of connections opened by `dialer`, each within `dial_timeout`.
    ///
    /// A response of more than `max_response` bytes is refused.
    #[must_use]
    pub fn new(dialer: Arc<dyn Dialer>, dial_timeout: Duration, max_response: usize) -> Self {
        let tasks = Tasks::default();
        let client = legacy::Client::builder(TaskSpawner(Arc::downgrade(&tasks.0)))
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_MAX_IDLE)
            .build(DialConnector {
                dialer,
                timeout: dial_timeout,
            });
        Self {
            client,
            max_response,
            tasks,
        }
    }

    /// Closes the connections for ever and begins to end the tasks that serve them. Exchanges fail
    /// from then on.
    pub fn close(&self) {
        drop(self.tasks.take());
    }

    /// Closes as [`close`](Self::close) does, and waits for the end of the tasks.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tasks end all the same.
    pub async fn shutdown(&self) {
        if let Some(mut tasks) = self.tasks.take() {
            tasks.shutdown().await;
        }
    }
}

/// Shorter than what proxies and load balancers keep, so that few requests meet a closed one.
const POOL_IDLE: Duration = Duration::from_secs(50);
const POOL_MAX_IDLE: usize = 5;

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("max_response", &self.max_response)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpTransport for HyperTransport {
    async fn exchange(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        if self.tasks.are_over() {
            return Err(HttpError::with_source(HttpErrorKind::NotSent, "closed"));
        }
        let response = self
            .client
            .request(request.map(Full::new))
            .await
            .map_err(sending_failed)?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, self.max_response)
            .collect()
            .await
            .map_err(|error| {
                let kind = if error.is::<LengthLimitError>() {
                    HttpErrorKind::TooLarge
                } else {
                    HttpErrorKind::Exchange
                };
                HttpError::with_source(kind, error)
            })?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    }
}

fn sending_failed(error: legacy::Error) -> HttpError {
    let cause = std::error::Error::source(&error).and_then(|e| e.downcast_ref::<hyper::Error>());
    let kind = match (error.is_connect(), cause) {
        (true, _) => HttpErrorKind::Dial,
        // hyper's word for a request that it never began to write.
        (false, Some(cause)) if cause.is_canceled() => HttpErrorKind::NotSent,
        (false, Some(cause)) if cause.is_user() => HttpErrorKind::InvalidRequest,
        (false, Some(_)) => HttpErrorKind::Exchange,
        (false, None) => HttpErrorKind::InvalidRequest,
    };
    HttpError::with_source(kind, error)
}

/// Lets the pool dial through our seam.
#[derive(Clone)]
struct DialConnector {
    dialer: Arc<dyn Dialer>,
    timeout: Duration,
}

impl tower_service::Service<Uri> for DialConnector {
    type Response = Pooled;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Pooled, DialError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self {
            dialer,
            timeout: limit,
        } = self.clone();
        Box::pin(async move {
            let target = Target::of(&uri)?;
            let io = timeout(limit, dialer.dial(&target))
                .await
                .map_err(|_| DialError::new(DialErrorKind::Timeout))??;
            Ok(Pooled(TokioIo::new(io)))
        })
    }
}

struct Pooled(TokioIo<BoxIo>);

impl Connection for Pooled {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Pooled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Pooled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }
}

/// The tasks of a pool. They end when this is dropped, or when they are taken out and dropped.
struct Tasks(Arc<Mutex<Option<JoinSet<()>>>>);

impl Tasks {
    fn take(&self) -> Option<JoinSet<()>> {
        self.lock().take()
    }

    fn are_over(&self) -> bool {
        self.lock().is_none()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<JoinSet<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(JoinSet::new()))))
    }
}

/// The pool's way to start a task, without keeping the tasks alive.
#[derive(Clone)]
struct TaskSpawner(std::sync::Weak<Mutex<Option<JoinSet<()>>>>);

impl<F> hyper::rt::Executor<F> for TaskSpawner
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let Some(tasks) = self.0.upgrade() else {
            return;
        };
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tasks) = &mut *tasks {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(carry_subscriber(future));
        }
    }
}

#[cfg(test)]
mod tests {
    use video_core::{Classify, FailureClass};

    use super::*;

    static_assertions::assert_impl_all!(HyperTransport: Send, Sync);

    /// Dials for ever, or fails at once.
    #[derive(Debug)]
    struct Nowhere(Option<DialErrorKind>);

    #[async_trait]
    impl Dialer for Nowhere {
        async fn dial(&self, _target: &Target) -> Result<BoxIo, DialError> {
            match self.0 {
                Some(kind) => Err(DialError::new(kind)),
                None => std::future::pending().await,
            }
        }
    }

    async fn failure(dialer: Nowhere, uri: &str) -> HttpError {
        let transport = HyperTransport::new(Arc::new(dialer), Duration::from_secs(5), 1);
        let request = http::Request::get(uri).body(Bytes::new()).unwrap();
        transport.exchange(request).await.unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_dial_that_never_ends_is_a_failure_to_connect() {
        let error = failure(Nowhere(None), "http://h.test/").await;
        assert_eq!(error.kind(), HttpErrorKind::Dial);
        assert_eq!(error.class(), FailureClass::NotSent);
    }

    #[tokio::test]
    async fn a_dial_that_can_never_succeed_is_not_repeated() {
        let kinds = [
            (DialErrorKind::NoRoots, FailureClass::Permanent),
            (DialErrorKind::Refused, FailureClass::NotSent),
        ];
        for (kind, class) in kinds {
            let error = failure(Nowhere(Some(kind)), "https://h.test/").await;
            assert_eq!((error.kind(), error.class()), (HttpErrorKind::Dial, class));
        }
    }

    #[tokio::test]
    async fn after_its_end_nothing_is_dialled() {
        let transport = HyperTransport::new(Arc::new(Nowhere(None)), Duration::from_secs(5), 1);
        transport.shutdown().await;
        let request = http::Request::get("http://h.test/").body(Bytes::new());
        let error = transport.exchange(request.unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::NotSent);
        transport.close();
        transport.shutdown().await;
    }

    #[tokio::test]
    async fn a_request_without_a_host_is_invalid() {
        let error = failure(Nowhere(None), "/path").await;
        assert_eq!(error.kind(), HttpErrorKind::InvalidRequest);
    }
}
