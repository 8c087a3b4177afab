//! A dialer that is a closure.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use async_trait::async_trait;

use crate::net::{BoxIo, DialError, Dialer, Io, Target};

type Dial = dyn Fn(Target) -> Pin<Box<dyn Future<Output = io::Result<BoxIo>> + Send>> + Send + Sync;

/// A dialer that asks a closure, which may lead into memory instead of a network.
pub struct DialerFn(Box<Dial>);

/// Makes a dialer of a closure.
///
/// # Examples
///
/// ```
/// use video_transport::test_util::dialer_fn;
///
/// let dialer = dialer_fn(|_target| async {
///     let (near, _far) = tokio::io::duplex(64);
///     Ok(near)
/// });
/// ```
pub fn dialer_fn<F, Fut, S>(dial: F) -> DialerFn
where
    F: Fn(Target) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<S>> + Send + 'static,
    S: Io + 'static,
{
    DialerFn(Box::new(move |target| {
        let dialled = dial(target);
        Box::pin(async move { dialled.await.map(BoxIo::new) })
    }))
}

impl fmt::Debug for DialerFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DialerFn")
    }
}

#[async_trait]
impl Dialer for DialerFn {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        Ok((self.0)(target.clone()).await?)
    }
}
