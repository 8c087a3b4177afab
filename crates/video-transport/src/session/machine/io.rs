//! What happens to a session, and what it asks for.

use std::time::Duration;

use video_core::{ConnectionId, Event, Pace, TokenError, UserToken};

use super::super::state::{ConnectionState, Network};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::socket::{CloseFrame, SocketError};

/// The number of a socket. News of another socket than the current one is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in super::super) struct Epoch(u64);

impl Epoch {
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What happened.
#[derive(Debug)]
pub(in super::super) enum Input {
    /// Somebody wishes to be connected: until it is so, or as long as their patience.
    Connect {
        patience: Option<Duration>,
    },
    Disconnect,
    Pause,
    Resume,
    Shutdown,
    /// The answer to [`Output::FetchToken`].
    Token(Result<UserToken, TokenError>),
    /// The answers to [`Output::Open`].
    Opened(Epoch),
    OpenFailed(Epoch, ConnectError),
    Received(Epoch, Event),
    /// Something arrived that is no event.
    Heard(Epoch),
    Lost(Epoch, Loss),
    /// The host says whether it has a network, or that it is another one.
    Network(Network),
    /// There is reason to doubt that the peer is still there.
    Doubted,
    Tick,
}

/// What is to be done, in order.
#[derive(Debug)]
pub(in super::super) enum Output {
    /// Open a socket under this number.
    Open(Epoch),
    /// Get a token, other than the rejected one.
    FetchToken { rejected: Option<UserToken> },
    /// Show the token on the socket.
    Authenticate(UserToken),
    /// Ask whether the service lives.
    Ping(ConnectionId),
    /// Close the socket politely.
    Close,
    /// Drop the socket, or give up opening it.
    Discard,
    /// The state changed.
    State(ConnectionState),
    /// An event for the subscribers.
    Emit(Event),
    /// The service has told who the user is.
    Greeted(Event),
    /// Whoever waits to be connected learns this.
    Resolve(Result<UserToken, ConnectError>),
    /// Whoever waits to be disconnected is.
    Closed,
}

/// How a socket was lost.
#[derive(Debug)]
pub(in super::super) enum Loss {
    /// The peer closed it.
    Closed(Option<CloseFrame>),
    /// It broke.
    Failed(SocketError),
    /// It ended without a word.
    Ended,
}

impl Loss {
    /// How much distance the loss asks for: the peer is going away, restarting or overloaded.
    pub(super) fn pace(&self) -> Pace {
        match self {
            Self::Closed(Some(CloseFrame {
                code: 1001 | 1012 | 1013,
                ..
            })) => Pace::Slow,
            _ => Pace::Normal,
        }
    }

    pub(super) fn into_error(self) -> ConnectError {
        match self {
            Self::Closed(frame) => {
                let code = frame.as_ref().map(|frame| frame.code);
                let error = ConnectError::new(ConnectErrorKind::Closed { code });
                match frame {
                    Some(frame) if !frame.reason.is_empty() => {
                        error.caused_by(video_core::redact_tokens(&frame.reason).into_owned())
                    }
                    _ => error,
                }
            }
            Self::Failed(error) => {
                let kind = match error {
                    SocketError::Protocol(_)
                    | SocketError::NotUtf8
                    | SocketError::TooLarge { .. } => ConnectErrorKind::Protocol,
                    SocketError::Broken(_) | SocketError::WriteTimeout => ConnectErrorKind::Broken,
                };
                ConnectError::new(kind).caused_by(error)
            }
            Self::Ended => ConnectError::new(ConnectErrorKind::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn words(reason: &str) -> Option<String> {
        let frame = CloseFrame::new(4000, reason);
        let error = Loss::Closed(Some(frame)).into_error();
        assert_eq!(error.kind(), &ConnectErrorKind::Closed { code: Some(4000) });
        error.source().map(ToString::to_string)
    }

    #[test]
    fn the_reason_of_a_close_is_the_source_of_its_error_if_there_is_one() {
        assert_eq!(words("bye").as_deref(), Some("bye"));
        assert_eq!(words(""), None);
        let echoed = words("bad token eyJh.eyJi.c2ln!");
        assert_eq!(echoed.as_deref(), Some("bad token <redacted>!"));
    }
}
