//! The faults, and the places where each of them can happen.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPlace {
    /// A client opens a connection.
    Dial,
    /// A REST request has been read.
    Rest,
    /// A client asks where it is.
    Hint,
    /// A client measures how far off an edge is.
    Edge,
    /// A client asks for a socket and has not been answered.
    Upgrade,
    /// The first frame of a socket has been read.
    Greeting,
    /// A health check of an authenticated socket has been read.
    HealthCheck,
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dial => "dial",
            Self::Rest => "rest",
            Self::Hint => "hint",
            Self::Edge => "edge",
            Self::Upgrade => "upgrade",
            Self::Greeting => "greeting",
            Self::HealthCheck => "health check",
        })
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is cut at once, before any byte. *Dial.*
    Refuse,
    /// Everything is as usual, but later. *Everywhere.*
    Delay(Duration),
    /// Nothing is ever answered; at a health check, only this one. *Everywhere.*
    Stall,
    /// The connection is cut without a word. *Everywhere but dial.*
    Drop,
    /// An HTTP answer that the coordinator would not give; see [`Fault::status`]. *REST, hint,
    /// edge, upgrade.*
    Status {
        /// The HTTP status.
        status: u16,
        /// The body, JSON or not.
        body: Bytes,
        /// The `Retry-After` header.
        retry_after: Option<String>,
    },
    /// An error of the service with this code and the status that goes with it. *REST, upgrade.*
    ApiError(i64),
    /// All tokens that the user has so far expire, and the request is judged after that.
    /// *REST, greeting, health check.*
    ExpireToken,
    /// The answer to the upgrade is not derived from the client's key. *Upgrade.*
    WrongAcceptKey,
    /// The socket is closed with this code and no error. *Greeting, health check.*
    Close(u16),
    /// A `connection.error` with this code, then the socket is closed. *Greeting, health check.*
    ConnectionError(i64),
    /// A text frame that is not JSON precedes the answer. *Greeting, health check.*
    Garbage,
    /// An event of a type that nobody knows follows the answer. *Greeting, health check.*
    UnknownEvent,
    /// From the answer on, each message comes in fragments of this many bytes, with a ping between
    /// two of them. *Greeting, health check.*
    SplitFrames(usize),
    /// From the answer on, each event comes twice. *Greeting, health check.*
    DuplicateEvents,
}

impl Fault {
    /// An HTTP answer with any status and body.
    #[must_use]
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Status {
            status,
            body: body.into(),
            retry_after: None,
        }
    }

    /// Adds a `Retry-After` header to a [`Fault::Status`]; other faults stay as they are.
    #[must_use]
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        if let Self::Status { retry_after, .. } = &mut self {
            *retry_after = Some(value.into());
        }
        self
    }

    pub(crate) fn fits(&self, place: FaultPlace) -> bool {
        use FaultPlace::{Dial, Edge, Greeting, HealthCheck, Hint, Rest, Upgrade};
        match self {
            Self::Refuse => place == Dial,
            Self::Delay(_) | Self::Stall => true,
            Self::Drop => place != Dial,
            Self::Status { status, .. } => {
                matches!(place, Rest | Hint | Edge | Upgrade) && (200..=599).contains(status)
            }
            Self::ApiError(_) => matches!(place, Rest | Upgrade),
            Self::ExpireToken => matches!(place, Rest | Greeting | HealthCheck),
            Self::WrongAcceptKey => place == Upgrade,
            Self::SplitFrames(bytes) => *bytes > 0 && matches!(place, Greeting | HealthCheck),
            Self::Close(_)
            | Self::ConnectionError(_)
            | Self::Garbage
            | Self::UnknownEvent
            | Self::DuplicateEvents => matches!(place, Greeting | HealthCheck),
        }
    }
}

/// The name and the parameters, without bodies.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse => f.write_str("refuse"),
            Self::Delay(span) => write!(f, "delay {span:?}"),
            Self::Stall => f.write_str("stall"),
            Self::Drop => f.write_str("drop"),
            Self::Status { status, .. } => write!(f, "status {status}"),
            Self::ApiError(code) => write!(f, "api error {code}"),
            Self::ExpireToken => f.write_str("expire token"),
            Self::WrongAcceptKey => f.write_str("wrong accept key"),
            Self::Close(code) => write!(f, "close {code}"),
            Self::ConnectionError(code) => write!(f, "connection error {code}"),
            Self::Garbage => f.write_str("garbage"),
            Self::UnknownEvent => f.write_str("unknown event"),
            Self::SplitFrames(bytes) => write!(f, "split frames {bytes}"),
            Self::DuplicateEvents => f.write_str("duplicate events"),
        }
    }
}
