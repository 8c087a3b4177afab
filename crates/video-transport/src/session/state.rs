//! The state of a connection, as everyone may see it.

use std::time::Instant;

use video_core::ConnectionId;

use crate::error::ConnectError;

/// The state of the connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Nobody has wished to be connected yet.
    Idle,
    /// An attempt is under way.
    Connecting {
        /// Failed attempts before this one.
        attempt: u32,
    },
    /// The socket is authenticated and events arrive.
    Connected {
        /// The id that the service gave to this connection.
        connection_id: ConnectionId,
    },
    /// The connection was lost or an attempt failed; the next attempt is scheduled. Events that
    /// happen meanwhile are missed.
    Reconnecting {
        /// Failed attempts so far.
        attempt: u32,
        /// What went wrong, with the service's own words if it said something.
        cause: ConnectError,
        /// When the next attempt begins.
        next_at: Instant,
    },
    /// The host says that it has no network. An attempt begins as soon as it has one.
    Offline {
        /// What the last attempt or connection failed with, if there was one.
        cause: Option<ConnectError>,
    },
    /// Paused: no socket, until resumed.
    Paused,
    /// There is no connection and none is wished for.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
}

/// Why no connection is wished for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The application said so.
    Requested,
    /// It failed for good: connecting again makes no sense before something changes.
    Failed(ConnectError),
    /// The client is shut down.
    Shutdown,
}

/// What the host says of its network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Network {
    /// It has one; said again, it may be another than before.
    #[default]
    Online,
    /// It has none.
    Offline,
}

impl ConnectionState {
    /// Whether events arrive.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }

    /// The id of the connection, while there is one.
    #[must_use]
    pub fn connection_id(&self) -> Option<&ConnectionId> {
        match self {
            Self::Connected { connection_id } => Some(connection_id),
            _ => None,
        }
    }

    /// Whether somebody wishes to be connected.
    pub(super) fn is_wished(&self) -> bool {
        !matches!(self, Self::Idle | Self::Paused | Self::Disconnected { .. })
    }

    /// What went wrong, if something did.
    #[must_use]
    pub fn error(&self) -> Option<&ConnectError> {
        match self {
            Self::Reconnecting { cause, .. } => Some(cause),
            Self::Offline { cause } => cause.as_ref(),
            Self::Disconnected {
                reason: DisconnectReason::Failed(error),
            } => Some(error),
            _ => None,
        }
    }
}
