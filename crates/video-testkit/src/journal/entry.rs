//! What the journal can say.

use std::fmt;

use serde_json::Value;
use video_core::{CallCid, ConnectionId, UserId};

use super::probe::Probe;
use super::request::{RestCall, Shown};

/// One thing that happened at the coordinator.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Entry {
    /// A client opened a connection, before its first byte.
    Dialed,
    /// A REST request came in and was answered, or was left without an answer.
    Rest(Box<RestCall>),
    /// A client asked where it is.
    Hint(Box<Probe>),
    /// A client measured how far off an edge is.
    LatencyTest {
        /// The id of the edge.
        edge: String,
        /// The request.
        probe: Box<Probe>,
    },
    /// A client asked for a socket. The answer may be 101 or an error status.
    SocketOpened {
        /// The names of the query parameters, in the order they came.
        query: Vec<String>,
        /// The way of authentication that the client announced.
        auth_type: Option<String>,
        /// How the client describes itself.
        client_tag: Option<String>,
        /// The HTTP status of the answer, if there was one.
        status: Option<u16>,
    },
    /// A socket's first frame was accepted.
    Authenticated {
        /// The user of the token.
        user: UserId,
        /// The id of the new connection.
        connection_id: ConnectionId,
        /// What the client says about its user.
        user_details: Value,
        /// The products that it asks for, if it names any.
        products: Option<Vec<String>>,
        /// The beginning of a hash of the token.
        token_fingerprint: String,
    },
    /// A socket was turned away with a `connection.error`.
    Refused {
        /// The code of the error.
        code: i64,
    },
    /// A client sent a health check.
    Ping {
        /// The socket that it came from.
        connection_id: ConnectionId,
        /// What the client calls itself in it.
        client_id: Option<String>,
    },
    /// A client sent a message that means nothing to the coordinator.
    IgnoredFrame {
        /// The socket that it came from.
        connection_id: ConnectionId,
        /// Its length.
        bytes: usize,
    },
    /// A socket began to watch a call.
    Watched {
        /// The socket.
        connection_id: ConnectionId,
        /// The call.
        cid: CallCid,
    },
    /// Somebody asked to be a guest, and is one.
    GuestCreated {
        /// The id that the coordinator gave to the guest.
        user: UserId,
    },
    /// An event was handed to a socket.
    Pushed {
        /// The socket.
        connection_id: ConnectionId,
        /// The event's type, or `raw`.
        event: String,
    },
    /// A socket ended.
    SocketClosed {
        /// The socket, if it ever got an id.
        connection_id: Option<ConnectionId>,
        /// The code of the close frame, if there was one.
        code: Option<u16>,
        /// Who ended it.
        by: ClosedBy,
    },
    /// All tokens of a user became worthless.
    TokensExpired {
        /// The user.
        user: UserId,
    },
    /// A planned fault happened.
    FaultApplied {
        /// Where.
        place: String,
        /// What.
        fault: String,
    },
}

impl Entry {
    /// The REST request, if the entry is one.
    #[must_use]
    pub fn as_rest(&self) -> Option<&RestCall> {
        match self {
            Self::Rest(call) => Some(call),
            _ => None,
        }
    }

    /// Whether the entry is a REST request with this method and path.
    #[must_use]
    pub fn is_rest(&self, method: &str, path: &str) -> bool {
        self.as_rest()
            .is_some_and(|call| call.method == method && call.path == path)
    }

    /// The request for the location hint, if the entry is one.
    #[must_use]
    pub fn as_hint(&self) -> Option<&Probe> {
        match self {
            Self::Hint(probe) => Some(probe),
            _ => None,
        }
    }

    /// The edge that was measured and the request, if the entry is a latency test.
    #[must_use]
    pub fn as_latency_test(&self) -> Option<(&str, &Probe)> {
        match self {
            Self::LatencyTest { edge, probe } => Some((edge, probe)),
            _ => None,
        }
    }

    /// Whether the entry is an event of this type, handed to any socket.
    #[must_use]
    pub fn is_push_of(&self, event_type: &str) -> bool {
        matches!(self, Self::Pushed { event, .. } if event == event_type)
    }
}

/// Who ended a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClosedBy {
    /// The client, with a close frame.
    Client,
    /// The coordinator, with a close frame.
    Server,
    /// Nobody said a word: the connection broke.
    Cut,
    /// The coordinator, because the client did not read what it was sent.
    Overflow,
}

impl fmt::Display for ClosedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Cut => "cut",
            Self::Overflow => "overflow",
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dialed => f.write_str("dialed"),
            Self::Rest(call) => call.fmt(f),
            Self::Hint(probe) => write!(f, "hint {probe}"),
            Self::LatencyTest { edge, probe } => write!(f, "latency edge={edge} {probe}"),
            Self::SocketOpened { query, status, .. } => {
                write!(f, "socket -> {} query=[{}]", Shown(status), query.join(","))
            }
            Self::Authenticated {
                user,
                connection_id,
                products,
                token_fingerprint,
                ..
            } => write!(
                f,
                "authenticated user={user} connection={connection_id} products={} token={token_fingerprint}",
                Shown(&products.as_ref().map(|names| names.join(","))),
            ),
            Self::Refused { code } => write!(f, "refused code={code}"),
            Self::Ping { connection_id, .. } => write!(f, "ping connection={connection_id}"),
            Self::IgnoredFrame {
                connection_id,
                bytes,
            } => write!(f, "ignored {bytes} bytes connection={connection_id}"),
            Self::Watched { connection_id, cid } => {
                write!(f, "watched cid={cid} connection={connection_id}")
            }
            Self::GuestCreated { user } => write!(f, "guest created user={user}"),
            Self::Pushed {
                connection_id,
                event,
            } => write!(f, "pushed {event} connection={connection_id}"),
            Self::SocketClosed {
                connection_id,
                code,
                by,
            } => write!(
                f,
                "closed by {by} code={} connection={}",
                Shown(code),
                Shown(connection_id)
            ),
            Self::TokensExpired { user } => write!(f, "tokens expired user={user}"),
            Self::FaultApplied { place, fault } => write!(f, "fault {fault} at {place}"),
        }
    }
}
