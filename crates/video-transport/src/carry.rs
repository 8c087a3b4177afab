//! Takes the subscriber of `tracing` along into a task.

use std::future::Future;

use tokio_util::either::Either;
use tracing::dispatcher;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

/// Lets a task log where the code logs that spawns it.
///
/// A scoped subscriber of `tracing` ends at `spawn`, unless it is taken along. Where there is none
/// nothing is taken, so that one that is installed later hears the task all the same.
///
/// # Examples
///
/// ```
/// use tokio::task::JoinSet;
/// use video_transport::carry_subscriber;
///
/// # async fn example() {
/// let mut tasks = JoinSet::new();
/// tasks.spawn(carry_subscriber(async { 6 * 7 }));
/// assert_eq!(tasks.join_next().await.unwrap().unwrap(), 42);
/// # }
/// ```
pub fn carry_subscriber<F: Future>(task: F) -> impl Future<Output = F::Output> {
    let current = dispatcher::get_default(|current| {
        let exists = !current.is::<NoSubscriber>();
        exists.then(|| current.clone())
    });
    match current {
        Some(current) => Either::Left(task.with_subscriber(current)),
        None => Either::Right(task),
    }
}
