//! Watches again what was watched, on each new connection.

mod plan;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    task: Mutex<Task>,
}

enum Task {
    NotNeeded,
    Running(AbortOnDropHandle<()>),
    Stopped,
}

struct Shared {
    api: Api,
    state: watch::Receiver<ConnectionState>,
    calls: Mutex<Calls>,
    changed: Notify,
}

#[derive(Default)]
struct Calls {
    era: Era,
    /// Each call with the connection on which the service was last told of it.
    told: BTreeMap<CallCid, ConnectionId>,
}

/// The time between two moments at which all calls were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Era(u64);

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
            task: Mutex::new(Task::NotNeeded),
        }
    }

    /// The era to which a request that begins now belongs.
    pub(crate) fn era(&self) -> Era {
        self.shared.calls().era
    }

    /// Notes that the service was told to watch `cid` on `connection`, unless all calls were
    /// forgotten since the request began.
    pub(crate) fn note(&self, begun: Era, cid: &CallCid, connection: ConnectionId) {
        {
            let mut calls = self.shared.calls();
            if calls.era != begun {
                return;
            }
            calls.told.insert(cid.clone(), connection);
        }
        self.shared.changed.notify_one();
        self.start();
    }

    /// Stops watching `cid`.
    pub(crate) fn remove(&self, cid: &CallCid) {
        self.shared.calls().told.remove(cid);
    }

    /// Forgets all calls, those too of which an answer is still under way.
    pub(crate) fn clear(&self) {
        let mut calls = self.shared.calls();
        calls.era.0 += 1;
        calls.told.clear();
    }

    /// Ends the task, for ever.
    pub(crate) async fn stop(&self) {
        self.clear();
        let task = std::mem::replace(&mut *self.task(), Task::Stopped);
        if let Task::Running(task) = task {
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
        let mut task = self.task();
        if matches!(*task, Task::NotNeeded) {
            let shared = Arc::clone(&self.shared);
            let spawn = || tokio::spawn(carry_subscriber(async move { shared.run().await }));
            *task = Task::Running(AbortOnDropHandle::new(self.shared.api.log().enter(spawn)));
        }
    }

    fn task(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut plan = Plan::new(self.calls().stale(connection));
        while let Some(mut chunk) = plan.next_chunk() {
            let is_current = || self.state.borrow().connection_id() == Some(connection);
            if !is_current() {
                return;
            }
            // Some may have been given up, or watched by their user, since the plan was made.
            {
                let calls = self.calls();
                chunk.retain(|cid| calls.is_stale(cid, connection));
            }
            if chunk.is_empty() {
                plan.succeeded();
                continue;
            }
            match self.watch_chunk(&chunk).await {
                Ok(()) => {
                    debug!(calls = chunk.len(), "watching again");
                    plan.succeeded();
                    let mut calls = self.calls();
                    for cid in &chunk {
                        if let Some(last) = calls.told.get_mut(cid) {
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

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    /// Those of which the service was last told on another connection.
    fn stale(&self, connection: &ConnectionId) -> Vec<CallCid> {
        let stale = self.told.iter().filter(|(_, last)| *last != connection);
        stale.map(|(cid, _)| cid.clone()).collect()
    }

    fn is_stale(&self, cid: &CallCid, connection: &ConnectionId) -> bool {
        self.told.get(cid).is_some_and(|last| last != connection)
    }
}

/// The pause before a chunk is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use tokio::runtime::Handle;
    use video_transport::test_util::MockRpcTransport;

    use super::*;
    use crate::logging::LogBridge;

    #[tokio::test]
    async fn what_is_noted_after_the_stop_starts_nothing() {
        let (_state, watching) = watch::channel(ConnectionState::Idle);
        let api = Api::new(Arc::new(MockRpcTransport::new()), LogBridge::default());
        let watched = Watched::new(api, watching);
        let cid = CallCid::of("default", "standup");
        let note = || {
            let (era, connection) = (watched.era(), ConnectionId::new("c"));
            watched.note(era, &cid, connection);
        };
        let running = || Handle::current().metrics().num_alive_tasks();
        note();
        assert_eq!(running(), 1);
        watched.stop().await;
        note();
        assert_eq!(running(), 0);
    }
}
