//! The one error of the client.

use std::fmt;

use video_core::{ApiError, Classify, FailureClass, InvalidId, TokenError, TokenErrorKind};
use video_transport::{ConnectError, ConnectErrorKind, RpcError, RpcErrorKind};

use crate::builder::BuildError;

/// A result of the client.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something failed. One word wide; [`kind`](Self::kind) tells what to do about it, and the
/// source chain holds the details.
pub struct Error(Box<Source>);

#[derive(Debug)]
enum Source {
    Build(BuildError),
    Connect(ConnectError),
    Call(RpcError),
    Token(TokenError),
    Id(InvalidId),
    Encode(serde_json::Error),
    NotAGuest,
    NotInstalled,
}

/// What went wrong, by what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What the client was given can not work.
    ///
    /// # Troubleshooting
    ///
    /// The message says which part: an id, an address, a token, data that is not JSON.
    InvalidInput,
    /// The service refused the user's token, or there is none.
    ///
    /// # Troubleshooting
    ///
    /// With a static token: get a new one from your backend. With a loader: see whether it gives
    /// a token of this user and of this application. [`Error::api`] holds the service's words.
    Unauthorized,
    /// The service refused, for another reason than the token, a guest among others; see
    /// [`Error::api`].
    Refused,
    /// The service could not be reached, or the connection broke.
    Network,
    /// Something took too long.
    Timeout,
    /// The request wants to watch and the client is not connected.
    ///
    /// # Troubleshooting
    ///
    /// Call `connect()` first, or make the request with `watch(false)`.
    NotConnected,
    /// An anonymous user has no connection.
    ///
    /// # Troubleshooting
    ///
    /// Make requests without connecting; events are for users who sign in, guests among them.
    Anonymous,
    /// The client was told to disconnect meanwhile, or is shut down.
    Aborted,
    /// No client is installed.
    ///
    /// # Troubleshooting
    ///
    /// Build one with [`install`](crate::StreamVideoBuilder::install) first, or hand the client
    /// that you built to where it is needed.
    NotInstalled,
    /// The service answered in a form that this version does not understand.
    Protocol,
}

impl Error {
    /// What went wrong, by what can be done about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Source::Build(_) | Source::Id(_) | Source::Encode(_) | Source::NotAGuest => {
                ErrorKind::InvalidInput
            }
            Source::NotInstalled => ErrorKind::NotInstalled,
            Source::Token(error) => of_token(error.kind()),
            Source::Connect(error) => match error.kind() {
                ConnectErrorKind::TokenRejected { .. } => ErrorKind::Unauthorized,
                ConnectErrorKind::Token(kind) => of_token(kind),
                ConnectErrorKind::Rejected | ConnectErrorKind::Handshake { status: Some(_) } => {
                    ErrorKind::Refused
                }
                ConnectErrorKind::Timeout(_) | ConnectErrorKind::Silent => ErrorKind::Timeout,
                ConnectErrorKind::Aborted | ConnectErrorKind::Shutdown => ErrorKind::Aborted,
                ConnectErrorKind::Anonymous => ErrorKind::Anonymous,
                ConnectErrorKind::Protocol | ConnectErrorKind::Handshake { status: None } => {
                    ErrorKind::Protocol
                }
                _ => ErrorKind::Network,
            },
            Source::Call(error) => match error.kind() {
                RpcErrorKind::Unauthorized => ErrorKind::Unauthorized,
                RpcErrorKind::Token => find::<TokenError>(error)
                    .map_or(ErrorKind::Unauthorized, |error| of_token(error.kind())),
                RpcErrorKind::Api => ErrorKind::Refused,
                RpcErrorKind::NotConnected => ErrorKind::NotConnected,
                RpcErrorKind::Timeout => ErrorKind::Timeout,
                RpcErrorKind::Decode | RpcErrorKind::TooLarge => ErrorKind::Protocol,
                RpcErrorKind::InvalidRequest => ErrorKind::InvalidInput,
                _ => ErrorKind::Network,
            },
        }
    }

    /// What the service said, if it said something.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        let own = match &*self.0 {
            Source::Connect(error) => error.api(),
            Source::Call(error) => error.api(),
            _ => None,
        };
        // A guest who was not created: the words are those of the request that should have.
        own.or_else(|| find::<RpcError>(self.inner())?.api())
    }

    /// What is known of the connection that failed, if it was one.
    #[must_use]
    pub fn connect_error(&self) -> Option<&ConnectError> {
        match &*self.0 {
            Source::Connect(error) => Some(error),
            _ => None,
        }
    }

    /// The id of the request that failed, the same over all its attempts. Quote it to support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match &*self.0 {
            Source::Call(error) => Some(error.request_id()),
            _ => None,
        }
    }

    /// Whether the request may have been executed although it failed here.
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        matches!(&*self.0, Source::Call(error) if error.may_have_been_executed())
    }

    /// Whether the same may succeed later without anything being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.class(),
            FailureClass::NotSent | FailureClass::Transient | FailureClass::Throttled
        )
    }

    fn inner(&self) -> &(dyn std::error::Error + 'static) {
        match &*self.0 {
            Source::Build(error) => error,
            Source::Connect(error) => error,
            Source::Call(error) => error,
            Source::Token(error) => error,
            Source::Id(error) => error,
            Source::Encode(error) => error,
            Source::NotAGuest => &NotAGuest,
            Source::NotInstalled => &NotInstalled,
        }
    }

    pub(crate) fn not_a_guest() -> Self {
        Self(Box::new(Source::NotAGuest))
    }

    pub(crate) fn not_installed() -> Self {
        Self(Box::new(Source::NotInstalled))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("only a guest can become another guest")]
struct NotAGuest;

#[derive(Debug, thiserror::Error)]
#[error("no client is installed; build one with `install()` first")]
struct NotInstalled;

impl Classify for Error {
    fn class(&self) -> FailureClass {
        match &*self.0 {
            Source::Build(_)
            | Source::Id(_)
            | Source::Encode(_)
            | Source::NotAGuest
            | Source::NotInstalled => FailureClass::Permanent,
            Source::Connect(error) => error.class(),
            Source::Call(error) => error.class(),
            Source::Token(error) => error.class(),
        }
    }
}

/// What can be done about a token that can not be had.
fn of_token(kind: &TokenErrorKind) -> ErrorKind {
    match kind {
        TokenErrorKind::GuestFailed => ErrorKind::Network,
        TokenErrorKind::GuestRefused => ErrorKind::Refused,
        TokenErrorKind::LoaderTimeout => ErrorKind::Timeout,
        TokenErrorKind::Stopped => ErrorKind::Aborted,
        _ => ErrorKind::Unauthorized,
    }
}

/// The first error of a type in a chain of sources.
pub(crate) fn find<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref())
}

// The client adds no words of its own: `Display`, `Debug` and `source` are those of the cause.

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::Encode(_) => f.write_str("the data can not be written as JSON"),
            _ => fmt::Display::fmt(self.inner(), f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.inner(), f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Source::Encode(error) => Some(error),
            _ => self.inner().source(),
        }
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self(Box::new(Source::Build(error)))
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self(Box::new(Source::Connect(error)))
    }
}

impl From<RpcError> for Error {
    fn from(error: RpcError) -> Self {
        Self(Box::new(Source::Call(error)))
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        Self(Box::new(Source::Token(error)))
    }
}

impl From<InvalidId> for Error {
    fn from(error: InvalidId) -> Self {
        Self(Box::new(Source::Id(error)))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self(Box::new(Source::Encode(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_impl_all!(Error: std::error::Error, Send, Sync);

    #[test]
    fn an_error_is_one_word_wide_and_does_not_repeat_its_source() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        let cause = ConnectError::new(ConnectErrorKind::Broken).caused_by("cable");
        let error = Error::from(cause);
        assert_eq!(error.to_string(), "the connection broke");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "cable");
    }
}
