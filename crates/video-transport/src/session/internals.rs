//! The session's machine, for who feeds it inputs of their own.

use std::time::{Duration, Instant};

use video_core::{ConnectionId, Event, TokenError, UserToken};

use super::machine::{Epoch, Input, Loss, Machine, Output, Policies};
use super::state::{ConnectionState, Network};
use crate::error::ConnectError;
use crate::socket::{CloseFrame, SocketError};

/// The machine, with the usual policies.
#[derive(Debug)]
pub struct SessionMachine(Machine);

/// The number of a socket. The default is that of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SocketNumber(Epoch);

/// What happened.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "made by who feeds the machine")]
#[expect(missing_docs, reason = "those of the machine's own input")]
pub enum SessionInput {
    Connect { patience: Option<Duration> },
    Disconnect,
    Pause,
    Resume,
    Shutdown,
    Token(Result<UserToken, TokenError>),
    Opened(SocketNumber),
    OpenFailed(SocketNumber, ConnectError),
    Received(SocketNumber, Event),
    Heard(SocketNumber),
    Closed(SocketNumber, Option<CloseFrame>),
    Broken(SocketNumber, SocketError),
    Ended(SocketNumber),
    Network(Network),
    Doubted,
    Tick,
}

/// What is to be done, in order.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "nothing that is asked is missed")]
#[expect(missing_docs, reason = "those of the machine's own output")]
pub enum SessionOutput {
    Open(SocketNumber),
    FetchToken { rejected: Option<UserToken> },
    Authenticate(UserToken),
    Ping(ConnectionId),
    Close,
    Discard,
    State(ConnectionState),
    Greeted(Event),
    Emit(Event),
    Resolve(Result<UserToken, ConnectError>),
    Closed,
}

impl SessionMachine {
    /// A machine to which nothing has happened.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "as the machine's own")]
    pub fn new() -> Self {
        Self(Machine::new(Policies::default()))
    }

    /// Takes what happened at `now`. `jitter` is uniform in `[0, 1)`.
    pub fn handle(&mut self, now: Instant, jitter: f64, input: SessionInput) {
        self.0.handle(now, jitter, input.into());
    }

    /// What is to be done next, until `None`.
    pub fn poll(&mut self) -> Option<SessionOutput> {
        self.0.poll().map(Into::into)
    }

    /// When a [`SessionInput::Tick`] is due at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// Whether nothing can happen any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl From<SessionInput> for Input {
    fn from(input: SessionInput) -> Self {
        match input {
            SessionInput::Connect { patience } => Self::Connect { patience },
            SessionInput::Disconnect => Self::Disconnect,
            SessionInput::Pause => Self::Pause,
            SessionInput::Resume => Self::Resume,
            SessionInput::Shutdown => Self::Shutdown,
            SessionInput::Token(result) => Self::Token(result),
            SessionInput::Opened(number) => Self::Opened(number.0),
            SessionInput::OpenFailed(number, error) => Self::OpenFailed(number.0, error),
            SessionInput::Received(number, event) => Self::Received(number.0, event),
            SessionInput::Heard(number) => Self::Heard(number.0),
            SessionInput::Closed(number, frame) => Self::Lost(number.0, Loss::Closed(frame)),
            SessionInput::Broken(number, error) => Self::Lost(number.0, Loss::Failed(error)),
            SessionInput::Ended(number) => Self::Lost(number.0, Loss::Ended),
            SessionInput::Network(network) => Self::Network(network),
            SessionInput::Doubted => Self::Doubted,
            SessionInput::Tick => Self::Tick,
        }
    }
}

impl From<Output> for SessionOutput {
    fn from(output: Output) -> Self {
        match output {
            Output::Open(epoch) => Self::Open(SocketNumber(epoch)),
            Output::FetchToken { rejected } => Self::FetchToken { rejected },
            Output::Authenticate(token) => Self::Authenticate(token),
            Output::Ping(id) => Self::Ping(id),
            Output::Close => Self::Close,
            Output::Discard => Self::Discard,
            Output::State(state) => Self::State(state),
            Output::Greeted(event) => Self::Greeted(event),
            Output::Emit(event) => Self::Emit(event),
            Output::Resolve(result) => Self::Resolve(result),
            Output::Closed => Self::Closed,
        }
    }
}
