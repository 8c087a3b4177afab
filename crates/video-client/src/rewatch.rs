//! Watches again what was watched, on each new connection.

mod plan;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};
use video_core::model::QueryCallsRequest;
use video_core::{CallCid, ConnectionId, Json};
use video_transport::{ConnectionState, carry_subscriber};

use self::plan::Plan;
use crate::api::Api;
use crate::error::Error;

/// The calls that this client watches.
///
/// The service forgets them with the connection. A task, started with the first of them, watches
/// them again on each new one.
pub(crate) struct Watched {
    shared: Arc<Shared>,
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

struct Shared {
    api: Api,
    state: watch::Receiver<ConnectionState>,
    /// Each call with the connection on which the service was last told of it.
    calls: Mutex<BTreeMap<CallCid, ConnectionId>>,
    changed: Notify,
}

impl Watched {
    pub(crate) fn new(api: Api, state: watch::Receiver<ConnectionState>) -> Self {
        let calls = Mutex::default();
        let shared = Arc::new(Shared {
            api,
            state,
            calls,
            changed: Notify::new(),
        });
        Self {
            shared,
            task: Mutex::new(None),
        }
    }

    /// Notes that the service was told to watch `cid` on `connection`.
    pub(crate) fn note(&self, cid: &CallCid, connection: ConnectionId) {
        self.shared.calls().insert(cid.clone(), connection);
        self.shared.changed.notify_one();
        self.start();
    }

    /// Stops watching `cid`.
    pub(crate) fn remove(&self, cid: &CallCid) {
        self.shared.calls().remove(cid);
    }

    /// Forgets all calls.
    pub(crate) fn clear(&self) {
        self.shared.calls().clear();
    }

    /// Ends the task.
    pub(crate) async fn stop(&self) {
        self.clear();
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
            // Aborted: what it was doing is of no interest any more.
            drop(task.await);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the re-watcher, owned by the client"
    )]
    fn start(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            let shared = Arc::clone(&self.shared);
            let spawn = || tokio::spawn(carry_subscriber(async move { shared.run().await }));
            *task = Some(AbortOnDropHandle::new(self.shared.api.log().enter(spawn)));
        }
    }
}

impl Shared {
    async fn run(&self) {
        let mut state = self.state.clone();
        loop {
            let connection = state.borrow_and_update().connection_id().cloned();
            if let Some(connection) = connection {
                self.watch_again(&connection).await;
            }
            tokio::select! {
                biased;
                changed = state.changed() => if changed.is_err() { return },
                () = self.changed.notified() => {}
            }
        }
    }

    /// Watches on `connection` all that was last watched on another.
    async fn watch_again(&self, connection: &ConnectionId) {
        let stale: Vec<CallCid> = {
            let calls = self.calls();
            let stale = calls.iter().filter(|(_, last)| *last != connection);
            stale.map(|(cid, _)| cid.clone()).collect()
        };
        let mut plan = Plan::new(stale);
        while let Some(chunk) = plan.next_chunk() {
            let is_current = || self.state.borrow().connection_id() == Some(connection);
            if !is_current() {
                return;
            }
            match self.watch_chunk(&chunk).await {
                Ok(()) => {
                    debug!(calls = chunk.len(), "watching again");
                    plan.succeeded();
                    let mut calls = self.calls();
                    for cid in &chunk {
                        if let Some(last) = calls.get_mut(cid) {
                            *last = connection.clone();
                        }
                    }
                }
                Err(error) => {
                    let pause = plan.failed(chunk, error.is_retryable());
                    warn!(%error, ?pause, "could not watch again");
                    if let Some(pause) = pause {
                        sleep(pause).await;
                    }
                }
            }
        }
    }

    async fn watch_chunk(&self, cids: &[CallCid]) -> Result<(), Error> {
        let mut request = QueryCallsRequest::default();
        request.filter_conditions = Json::encode(&serde_json::json!({ "cid": { "$in": cids } }))?;
        request.limit = u32::try_from(cids.len()).ok();
        request.watch = Some(true);
        self.api.query_calls(&request).await?;
        Ok(())
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, BTreeMap<CallCid, ConnectionId>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause before a chunk is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
