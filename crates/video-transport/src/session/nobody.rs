//! The event channel of somebody who can have none.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use video_core::UserToken;
use video_core::model::OwnUser;

use super::events::Events;
use super::state::{ConnectionState, Network};
use super::{ConnectOptions, EventChannel};
use crate::error::{ConnectError, ConnectErrorKind};

/// The event channel of an anonymous user: never connected, and silent.
#[derive(Debug)]
pub struct NoSession {
    state: watch::Sender<ConnectionState>,
    me: watch::Sender<Option<Arc<OwnUser>>>,
    network: watch::Sender<Network>,
}

impl NoSession {
    /// A channel that stays [`ConnectionState::Idle`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: watch::Sender::new(ConnectionState::Idle),
            me: watch::Sender::new(None),
            network: watch::Sender::new(Network::Online),
        }
    }
}

impl Default for NoSession {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl EventChannel for NoSession {
    async fn connect(&self, _options: ConnectOptions) -> Result<UserToken, ConnectError> {
        Err(ConnectError::new(ConnectErrorKind::Anonymous))
    }

    fn connect_in_background(&self, _options: ConnectOptions) {}

    async fn disconnect(&self) {}

    fn disconnect_in_background(&self) {}

    async fn pause(&self) {}

    async fn resume(&self) {}

    async fn shutdown(&self) -> Result<(), ConnectError> {
        Ok(())
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.state.subscribe()
    }

    fn events(&self) -> Events {
        Events::ended()
    }

    fn set_network(&self, network: Network) {
        self.network.send_replace(network);
    }

    fn network(&self) -> watch::Receiver<Network> {
        self.network.subscribe()
    }

    fn me(&self) -> watch::Receiver<Option<Arc<OwnUser>>> {
        self.me.subscribe()
    }
}
