//! Where a session stands. Each phase carries what only it needs.

use std::time::Instant;

use video_core::{ConnectionId, UserToken};

use super::super::heartbeat::Heartbeat;

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Desire {
    Off,
    On,
    Paused,
    Shutdown,
}

/// What is.
#[derive(Debug)]
pub(super) enum Phase {
    /// No socket, and none is wished for.
    Idle,
    /// A socket is being opened while a token is fetched.
    Opening {
        progress: Progress,
        token: Option<UserToken>,
    },
    /// The token was shown; the answer is awaited.
    Greeting { until: Instant, token: UserToken },
    /// Events arrive.
    Live {
        since: Instant,
        heartbeat: Heartbeat,
        connection_id: ConnectionId,
        token: UserToken,
    },
    /// The next attempt is scheduled.
    Waiting { until: Instant },
    /// The next attempt begins when the host has a network again.
    Offline,
    /// The socket was closed politely; the peer's answer is awaited.
    Closing { until: Instant },
    /// No socket until resumed.
    Paused,
}

/// How far the socket of an attempt is.
#[derive(Debug)]
pub(super) enum Progress {
    Dialling {
        until: Instant,
    },
    /// Open, and waiting for the token.
    Open {
        until: Instant,
    },
    /// Given up because the token took too long; dialled again once it is there.
    TokenLate,
}

impl Phase {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Opening {
                progress: Progress::TokenLate,
                ..
            }
            | Self::Idle
            | Self::Offline
            | Self::Paused => None,
            Self::Opening {
                progress: Progress::Dialling { until } | Progress::Open { until },
                ..
            }
            | Self::Greeting { until, .. }
            | Self::Waiting { until }
            | Self::Closing { until } => Some(*until),
            Self::Live { heartbeat, .. } => Some(heartbeat.deadline()),
        }
    }

    /// Whether the service's word of acceptance means something.
    pub(super) fn can_be_accepted(&self) -> bool {
        matches!(self, Self::Greeting { .. } | Self::Live { .. })
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    pub(super) fn is_dialling(&self) -> bool {
        matches!(
            self,
            Self::Opening {
                progress: Progress::Dialling { .. },
                ..
            }
        )
    }

    pub(super) fn is_closing(&self) -> bool {
        matches!(self, Self::Closing { .. })
    }

    /// Whether there is an open socket that deserves a polite close.
    pub(super) fn has_socket(&self) -> bool {
        matches!(
            self,
            Self::Opening {
                progress: Progress::Open { .. },
                ..
            } | Self::Greeting { .. }
                | Self::Live { .. }
        )
    }

    /// Whether a token that can not be had concerns this phase.
    pub(super) fn wants_token(&self) -> bool {
        matches!(self, Self::Opening { .. } | Self::Waiting { .. })
    }
}
