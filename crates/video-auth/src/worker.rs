//! Drives the refresher on the runtime.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};
use video_core::{TokenError, TokenErrorKind, UserId, UserToken, WallClock};

use crate::carry::carry_subscriber;
use crate::claims::parse_token;
use crate::loader::{OnTokenUpdated, SharedTokenLoader};
use crate::refresh::{Input, Output, Refresher, Waiter};

/// Somebody's need of a token.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) rejected: Option<UserToken>,
    pub(crate) reply: oneshot::Sender<Result<UserToken, TokenError>>,
}

/// What the worker works with.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) refresher: Refresher,
    /// The token that is there from the start, to be announced.
    pub(crate) initial: Option<UserToken>,
    pub(crate) loading: Loading,
    pub(crate) wall_clock: Arc<dyn WallClock>,
    /// Where the token in use is shown, once it has been announced.
    pub(crate) current: watch::Sender<Option<UserToken>>,
}

/// A worker at work. Dropping this ends it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) task: AbortOnDropHandle<()>,
}

/// How a token is loaded.
#[derive(Debug, Clone)]
pub(crate) struct Loading {
    /// Marks the tasks of this loader, so that a loader that needs its own token is found out.
    pub(crate) marker: Arc<()>,
    pub(crate) user_id: UserId,
    /// Whether the token may name somebody else.
    pub(crate) anyone: bool,
    pub(crate) loader: Option<SharedTokenLoader>,
    pub(crate) on_token_updated: Option<OnTokenUpdated>,
    pub(crate) limit: Duration,
}

tokio::task_local! {
    /// Whose loader runs in this task.
    static RUNNING: Arc<()>;
}

/// Whether the current task runs the loader or the callback that this marks.
pub(crate) fn is_inside(marker: &Arc<()>) -> bool {
    RUNNING
        .try_with(|running| Arc::ptr_eq(running, marker))
        .unwrap_or(false)
}

/// How long the callback may take. With the loader's 10 s it stays below what a connection gives
/// its token, so that a callback that hangs can not fail one.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(4);

/// How many may ask at once before the next waits for room.
const REQUESTS: usize = 64;

/// The longest sleep towards a moment on the wall clock, so that a change of it is noticed.
const MAX_SLEEP: Duration = Duration::from_secs(60);

impl Worker {
    /// Starts the worker. It ends with the handle.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one task of a manager, which owns the handle"
    )]
    pub(crate) fn start(mut self, runtime: &Handle) -> Running {
        let (requests, mut receiver) = mpsc::channel(REQUESTS);
        let working = async move { self.run(&mut receiver).await };
        let task = AbortOnDropHandle::new(runtime.spawn(carry_subscriber(working)));
        Running { requests, task }
    }

    /// Borrows, because a future that owned `self` would have room for it twice.
    async fn run(&mut self, requests: &mut mpsc::Receiver<Request>) {
        if let Some(token) = self.initial.take() {
            self.loading.announce(token).await;
        }
        self.show();
        let mut jobs = JoinSet::new();
        let mut waiters = HashMap::new();
        let mut count = 0;
        loop {
            let deadline = self.refresher.deadline();
            let input = tokio::select! {
                biased;
                Some(loaded) = jobs.join_next() => Input::Loaded(loaded.unwrap_or_else(|_| {
                    warn!("the token loader panicked");
                    Err(TokenError::new(TokenErrorKind::LoaderPanicked))
                })),
                request = requests.recv() => {
                    let Some(Request { rejected, reply }) = request else { return };
                    count += 1;
                    waiters.insert(Waiter(count), reply);
                    Input::Demand { waiter: Waiter(count), rejected }
                }
                () = sleep_towards(deadline, &*self.wall_clock) => Input::Tick,
            };
            self.refresher.handle(self.wall_clock.now(), input);
            self.show();
            while let Some(output) = self.refresher.poll() {
                match output {
                    Output::Load => {
                        let known = self.refresher.current().cloned();
                        let loading = self.loading.clone();
                        let marker = Arc::clone(&loading.marker);
                        jobs.spawn(carry_subscriber(RUNNING.scope(marker, loading.run(known))));
                    }
                    Output::Answer(waiter, answer) => {
                        if let Some(reply) = waiters.remove(&waiter) {
                            // A waiter that has gone needs no answer.
                            drop(reply.send(answer));
                        }
                    }
                }
            }
        }
    }

    fn show(&self) {
        self.current.send_replace(self.refresher.current().cloned());
    }
}

impl Loading {
    /// Loads a token and announces it, unless it is the `known` one again.
    async fn run(self, known: Option<UserToken>) -> Result<UserToken, TokenError> {
        let token = self.load().await;
        match &token {
            Ok(token) if known.as_ref() == Some(token) => {
                debug!(?token, "loaded the token that is in use");
            }
            Ok(token) => {
                debug!(?token, "loaded a token");
                self.announce(token.clone()).await;
            }
            Err(error) => warn!(%error, "could not load a token"),
        }
        token
    }

    async fn load(&self) -> Result<UserToken, TokenError> {
        let Some(loader) = &self.loader else {
            return Err(TokenError::new(TokenErrorKind::NoLoader));
        };
        let raw = timeout(self.limit, loader.load(self.user_id.clone()))
            .await
            .map_err(|_| TokenError::new(TokenErrorKind::LoaderTimeout))?
            .map_err(|error| TokenError::with_source(TokenErrorKind::Loader, error.into_inner()))?;
        let token = parse_token(raw)
            .map_err(|error| TokenError::with_source(TokenErrorKind::Malformed, error))?;
        if !self.anyone && *token.user_id() != self.user_id {
            let (expected, actual) = (self.user_id.clone(), token.user_id().clone());
            return Err(TokenError::new(TokenErrorKind::WrongUser {
                expected,
                actual,
            }));
        }
        Ok(token)
    }

    /// Tells the application of a token, and waits until it has heard. Its faults are its own.
    async fn announce(&self, token: UserToken) {
        let Some(callback) = &self.on_token_updated else {
            return;
        };
        let callback = callback.clone();
        let mut job = JoinSet::new();
        let marker = Arc::clone(&self.marker);
        job.spawn(carry_subscriber(
            RUNNING.scope(marker, async move { callback.call(token).await }),
        ));
        match timeout(CALLBACK_TIMEOUT, job.join_next()).await {
            Ok(Some(Err(_))) => warn!("`on_token_updated` panicked"),
            Ok(_) => {}
            Err(_) => warn!("`on_token_updated` did not end in time"),
        }
    }
}

async fn sleep_towards(deadline: Option<SystemTime>, wall_clock: &dyn WallClock) {
    match deadline {
        Some(deadline) => {
            let rest = deadline
                .duration_since(wall_clock.now())
                .unwrap_or(Duration::ZERO);
            sleep(rest.min(MAX_SLEEP)).await;
        }
        None => std::future::pending().await,
    }
}
