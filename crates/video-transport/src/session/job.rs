//! What a driver waits for within its own task.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// What is under way within the driver's task. Dropping it gives it up.
pub(super) struct Job<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> Job<T> {
    pub(super) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Waits for its end. It may be somebody's own code, which may panic.
    pub(super) async fn run(&mut self) -> Result<T, Panicked> {
        poll_fn(|cx| {
            let poll = AssertUnwindSafe(|| self.0.as_mut().poll(cx).map(Ok));
            catch_unwind(poll).unwrap_or(Poll::Ready(Err(Panicked)))
        })
        .await
    }
}

/// That a job panicked.
#[derive(Debug, thiserror::Error)]
#[error("it panicked")]
pub(super) struct Panicked;

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}
