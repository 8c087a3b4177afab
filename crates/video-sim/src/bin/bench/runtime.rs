//! The runtimes that benchmarks run on.

use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Runs on one of two workers, as a program does.
pub(crate) fn two_workers<T: Send + 'static>(
    run: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut task = JoinSet::new();
        task.spawn(run);
        match task.join_next().await {
            Some(result) => result?,
            None => anyhow::bail!("nothing ran"),
        }
    })
}

/// Runs in virtual time.
pub(crate) fn paused<T>(run: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    runtime.block_on(run)
}
