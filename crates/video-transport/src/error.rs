//! Why a session has no connection.

use std::fmt;
use std::sync::Arc;

use video_core::{ApiError, Classify, FailureClass, Timestamp, TokenErrorKind, UserId};

use crate::net::DialErrorKind;

/// Why there is no connection: what ended an attempt, a connection or a wish to connect.
///
/// A cheap clone, because one failure reaches many waiters.
///
/// # Troubleshooting
///
/// [`api`](Self::api) holds the service's own words where it said something. The source chain
/// holds the rest.
#[derive(Clone)]
pub struct ConnectError(Arc<Inner>);

struct Inner {
    kind: ConnectErrorKind,
    api: Option<ApiError>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The host could not be reached.
    Dial(DialErrorKind),
    /// The host does not agree to a WebSocket.
    Handshake {
        /// The status with which it refused.
        status: Option<u16>,
    },
    /// The service refused the user's token, and there is no other.
    TokenRejected {
        /// The user that the token names.
        user_id: UserId,
        /// When the token says that it ends.
        expires_at: Option<Timestamp>,
        /// Why there is no other token, if one was asked for.
        refresh: Option<TokenErrorKind>,
    },
    /// There is no token to show.
    Token(TokenErrorKind),
    /// The service refused the connection for another reason than the token.
    Rejected,
    /// Something took too long.
    Timeout(Phase),
    /// The service closed the connection.
    Closed {
        /// The code that it gave.
        code: Option<u16>,
    },
    /// The connection broke.
    Broken,
    /// The service violated the protocol.
    Protocol,
    /// The service was silent for too long.
    Silent,
    /// The host says that it has no network.
    Offline,
    /// An anonymous user has no connection.
    Anonymous,
    /// The client was told to disconnect before it was connected.
    Aborted,
    /// The client is shut down.
    Shutdown,
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Reaching the host and agreeing to a WebSocket.
    Open,
    /// Getting a token while a socket was open.
    Token,
    /// The service's answer to the token.
    Greeting,
    /// All attempts together.
    Connect,
}

impl ConnectError {
    /// An error of a kind.
    #[must_use]
    pub fn new(kind: ConnectErrorKind) -> Self {
        Self(Arc::new(Inner {
            kind,
            api: None,
            source: None,
        }))
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let Inner { kind, api, .. } = &*self.0;
        let source = Some(Arc::from(source.into()));
        Self(Arc::new(Inner {
            kind: kind.clone(),
            api: api.clone(),
            source,
        }))
    }

    /// Adds what the service said.
    #[must_use]
    pub fn refused_with(self, api: ApiError) -> Self {
        let Inner { kind, source, .. } = &*self.0;
        let source = source.clone();
        Self(Arc::new(Inner {
            kind: kind.clone(),
            api: Some(api),
            source,
        }))
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ConnectErrorKind {
        &self.0.kind
    }

    /// What the service said, if it said something.
    ///
    /// For an error that only reports a deadline this is what the last attempt met.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }
}

impl Classify for ConnectError {
    fn class(&self) -> FailureClass {
        match &self.0.kind {
            ConnectErrorKind::Dial(kind) if kind.class() == FailureClass::Permanent => {
                FailureClass::Permanent
            }
            ConnectErrorKind::TokenRejected { .. } => FailureClass::Unauthorized,
            ConnectErrorKind::Handshake { status: Some(401) }
                if self.api().is_some_and(|api| api.code.is_none()) =>
            {
                FailureClass::Unauthorized
            }
            ConnectErrorKind::Token(kind) => video_core::TokenError::new(kind.clone()).class(),
            ConnectErrorKind::Rejected
            | ConnectErrorKind::Anonymous
            | ConnectErrorKind::Aborted
            | ConnectErrorKind::Shutdown => FailureClass::Permanent,
            _ => FailureClass::Transient,
        }
    }
}

impl fmt::Display for ConnectErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(_) => f.write_str("the service could not be reached"),
            Self::Handshake {
                status: Some(status),
            } => {
                write!(f, "the service refused the connection with status {status}")
            }
            Self::Handshake { status: None } => f.write_str("the WebSocket handshake failed"),
            Self::TokenRejected {
                user_id,
                expires_at,
                refresh,
            } => {
                write!(f, "the service refused the token of `{user_id}`")?;
                if let Some(expires_at) = expires_at {
                    write!(f, ", whose end is {expires_at}")?;
                }
                match refresh {
                    Some(reason) => write!(f, "; {reason}"),
                    None => Ok(()),
                }
            }
            Self::Token(_) => f.write_str("there is no token to show"),
            Self::Rejected => f.write_str("the service refused the connection"),
            Self::Timeout(Phase::Open) => f.write_str("the service did not open in time"),
            Self::Timeout(Phase::Token) => f.write_str("the token did not come in time"),
            Self::Timeout(Phase::Greeting) => {
                f.write_str("the service did not answer the token in time")
            }
            Self::Timeout(Phase::Connect) => f.write_str("there was no connection in time"),
            Self::Closed { code: Some(code) } => {
                write!(f, "the service closed the connection with code {code}")
            }
            Self::Closed { code: None } => f.write_str("the service closed the connection"),
            Self::Broken => f.write_str("the connection broke"),
            Self::Protocol => f.write_str("the service violated the protocol"),
            Self::Silent => f.write_str("the service was silent for too long"),
            Self::Offline => f.write_str("the host has no network"),
            Self::Anonymous => f.write_str(
                "an anonymous user has no connection and hears no events; requests work without",
            ),
            Self::Aborted => f.write_str("the client was told to disconnect"),
            Self::Shutdown => f.write_str("the client is shut down"),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        match &self.0.api {
            Some(api) => write!(f, " ({api})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectError")
            .field("kind", &self.0.kind)
            .field("api", &self.0.api)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
