//! Takes the subscriber of `tracing` along into a task.

use std::future::Future;

use tracing::dispatcher;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

/// Lets a task log where the code logs that spawns it.
///
/// A scoped subscriber of `tracing` ends at `spawn`, unless it is taken along. Where there is none
/// nothing is taken, so that one that is installed later hears the task all the same.
pub(crate) fn carry_subscriber<F: Future>(task: F) -> impl Future<Output = F::Output> {
    let current = dispatcher::get_default(|current| {
        let exists = !current.is::<NoSubscriber>();
        exists.then(|| current.clone())
    });
    async move {
        match current {
            Some(current) => task.with_subscriber(current).await,
            None => task.await,
        }
    }
}
