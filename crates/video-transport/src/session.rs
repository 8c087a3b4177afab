//! A supervised session: one socket at a time, kept alive until told otherwise.

mod codec;
mod driver;
mod events;
mod gate;
mod handle;
mod heartbeat;
mod hub;
#[cfg(feature = "__internals")]
pub(crate) mod internals;
mod job;
mod machine;
mod me;
mod nobody;
mod online;
mod sleep_watch;
mod state;
mod wishes;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use video_core::UserToken;
use video_core::model::OwnUser;

use crate::error::ConnectError;

pub use events::{EventStream, Events, WaitError};
pub use gate::{ConnectionGate, NotConnected};
pub(crate) use handle::FOR_EVER;
pub use handle::{Session, SessionConfig, SessionTimeouts};
pub use hub::{EventItem, SkippedFrame};
pub use nobody::NoSession;
pub use online::Online;
pub use state::{ConnectionState, DisconnectReason, Network};

/// The way to a session: what the facade needs of it, and what it mocks.
#[cfg_attr(any(test, feature = "test-util"), mockall::automock)]
#[async_trait]
pub trait EventChannel: fmt::Debug + Send + Sync {
    /// Wishes to be connected, and waits until that is so. Gives the token in use.
    ///
    /// Without `wait` the wish stands until it is fulfilled or withdrawn; with it, it ends with
    /// the connect timeout.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the service refuses, or there is no connection in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the wish stands, nobody waits for it.
    async fn connect(&self, options: ConnectOptions) -> Result<UserToken, ConnectError>;

    /// Wishes to be connected, and does not wait.
    fn connect_in_background(&self, options: ConnectOptions);

    /// Wishes not to be connected, and waits until the socket is closed. Never fails.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the wish stands, nobody waits for it.
    async fn disconnect(&self);

    /// Wishes not to be connected, and does not wait.
    fn disconnect_in_background(&self);

    /// Closes the socket and keeps the wish for later.
    async fn pause(&self);

    /// Takes up the wish that was paused. Does not wait for the connection.
    async fn resume(&self);

    /// Disconnects for ever, ends the event streams and the task behind the session.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if that task panicked.
    async fn shutdown(&self) -> Result<(), ConnectError>;

    /// The state of the connection, now and as it changes.
    fn state(&self) -> watch::Receiver<ConnectionState>;

    /// The events from now on.
    fn events(&self) -> Events;

    /// Tells what the host says of its network. While it has none nothing is dialled; when it has
    /// one, or another, an attempt begins at once, and a connection that lives is asked whether it
    /// does.
    fn set_network(&self, network: Network);

    /// What the host last said of its network, and as that changes.
    fn network(&self) -> watch::Receiver<Network>;

    /// The signed-in user as the service knows them, now and as that changes.
    fn me(&self) -> watch::Receiver<Option<Arc<OwnUser>>>;
}

/// How to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Whether the service is told name, image and custom data of the user. True by default.
    pub include_user_details: bool,
}

impl ConnectOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            include_user_details: true,
        }
    }

    /// Sets whether the service is told name, image and custom data of the user.
    #[must_use]
    pub fn include_user_details(mut self, include: bool) -> Self {
        self.include_user_details = include;
        self
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self::new()
    }
}
