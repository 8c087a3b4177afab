//! An HTTP transport that is a closure.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::http::{HttpError, HttpTransport};

type Exchanged = Result<Response<Bytes>, HttpError>;
type Exchange =
    dyn Fn(Request<Bytes>) -> Pin<Box<dyn Future<Output = Exchanged> + Send>> + Send + Sync;

/// An HTTP transport that asks a closure, which may take its time.
pub struct HttpFn(Box<Exchange>);

/// Makes an HTTP transport of a closure.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use video_transport::test_util::http_fn;
///
/// let slow = http_fn(|_request| async {
///     tokio::time::sleep(Duration::from_secs(1)).await;
///     Ok(http::Response::default())
/// });
/// ```
pub fn http_fn<F, Fut>(exchange: F) -> HttpFn
where
    F: Fn(Request<Bytes>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Exchanged> + Send + 'static,
{
    HttpFn(Box::new(move |request| Box::pin(exchange(request))))
}

impl fmt::Debug for HttpFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpFn")
    }
}

#[async_trait]
impl HttpTransport for HttpFn {
    async fn exchange(&self, request: Request<Bytes>) -> Exchanged {
        (self.0)(request).await
    }
}
