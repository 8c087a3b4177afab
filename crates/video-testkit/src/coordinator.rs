//! The handle to an embedded coordinator.

mod audience;
mod builder;
mod listener;
mod view;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::watch;
use video_core::UserId;

use crate::clock::VirtualWallClock;
use crate::fault::Faults;
use crate::journal::Journal;
use crate::serve::{self, Shutdown};
use crate::shared::{Shared, Tasks};
use crate::token::TokenSpec;

pub use audience::Audience;
pub use builder::CoordinatorBuilder;
pub use listener::Listening;
pub use view::{ConnectionInfo, DeviceInfo};

/// How much one direction of an in-memory connection holds.
const PIPE: usize = 64 * 1024;

/// An in-process double of the coordinator, served over anything that carries bytes.
///
/// The handle is cheap to clone. Dropping the last one ends everything that it serves, except for
/// what a [`Listening`] serves.
///
/// # Examples
///
/// ```
/// use video_testkit::Coordinator;
///
/// let coordinator = Coordinator::builder("key", "secret").build();
/// let token = coordinator.token("john");
/// assert_eq!(token.split('.').count(), 3);
/// assert!(coordinator.journal().entries().is_empty());
/// ```
#[derive(Clone)]
pub struct Coordinator {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    tasks: Mutex<Tasks>,
    shutdown: watch::Sender<bool>,
}

impl Coordinator {
    /// Starts to describe a coordinator for this application.
    pub fn builder(api_key: impl Into<String>, secret: impl Into<String>) -> CoordinatorBuilder {
        CoordinatorBuilder::new(api_key.into(), secret.into())
    }

    fn new(shared: Shared) -> Self {
        Self {
            inner: Arc::new(Inner {
                shared: Arc::new(shared),
                tasks: Mutex::default(),
                shutdown: watch::Sender::new(false),
            }),
        }
    }

    /// Opens a connection in memory and serves its other end.
    ///
    /// Needs a tokio runtime.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE);
        self.serve_io(server);
        client
    }

    /// Serves one connection on a task of the coordinator's.
    ///
    /// Needs a tokio runtime.
    pub fn serve_io<I>(&self, io: I)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.serve_accepted(std::future::ready(Ok(io)));
    }

    pub(crate) fn serve_accepted<I>(
        &self,
        accept: impl Future<Output = std::io::Result<I>> + Send + 'static,
    ) where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shared = &self.inner.shared;
        let shutdown = Shutdown::new(self.inner.shutdown.subscribe());
        let task = serve::serve(Arc::clone(shared), accept, None, shutdown);
        self.tasks(|tasks| tasks.spawn(shared, task));
    }

    /// A token of this user, valid for an hour from now.
    #[must_use]
    pub fn token(&self, user: &str) -> String {
        self.token_with(TokenSpec::user(user))
    }

    /// A token as described.
    #[must_use]
    pub fn token_with(&self, spec: TokenSpec) -> String {
        let shared = &self.inner.shared;
        let serial = shared.hub().world.next_token();
        spec.sign(&shared.config.secret, shared.clock.unix(), serial)
    }

    /// Makes all tokens worthless that this user has so far.
    ///
    /// Requests that carry one are answered with code 40. The user's live sockets get a
    /// `connection.error` with that code and are closed. A token that did not come from this
    /// coordinator counts as one that the user has if it was issued up to this second.
    pub fn expire_tokens(&self, user: &str) {
        let shared = &self.inner.shared;
        if let Ok(user) = UserId::new(user) {
            let (unix, now) = (shared.clock.unix(), shared.clock.rfc3339());
            shared.hub().expire_tokens(&user, unix, &now);
        }
    }

    /// The clock that decides what time it is at the coordinator.
    #[must_use]
    pub fn clock(&self) -> VirtualWallClock {
        self.inner.shared.clock.clone()
    }

    /// What has happened so far.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.inner.shared.journal.clone()
    }

    /// What shall go wrong.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.inner.shared.faults.clone()
    }

    /// Checks that no task of the coordinator has panicked.
    ///
    /// # Panics
    ///
    /// If one has. Its message is in the log.
    pub fn assert_healthy(&self) {
        let shared = &self.inner.shared;
        self.tasks(|tasks| tasks.reap(shared));
        let panics = shared.panics();
        assert!(panics == 0, "{panics} tasks of the coordinator panicked");
    }

    fn tasks(&self, act: impl FnOnce(&mut Tasks)) {
        act(&mut self
            .inner
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator")
            .field("api_key", &self.inner.shared.config.api_key)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}
