//! The bearer token and the port that supplies it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::failure::{Classify, FailureClass};
use crate::id::UserId;
use crate::time::Timestamp;

/// A token of a user, with what it says about itself.
///
/// A cheap handle. `Debug` shows whose it is and when it ends, never the token. The text is
/// wiped from memory when the last handle is dropped.
#[derive(Clone)]
pub struct UserToken(Arc<Inner>);

struct Inner {
    raw: SecretString,
    user_id: UserId,
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

impl UserToken {
    /// Joins a raw token and the claims that were read from it.
    #[must_use]
    pub fn new(
        raw: SecretString,
        user_id: UserId,
        issued_at: Option<Timestamp>,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self(Arc::new(Inner {
            raw,
            user_id,
            issued_at,
            expires_at,
        }))
    }

    /// The user that the token names.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.0.user_id
    }

    /// When the token was issued, if it says so.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.0.issued_at
    }

    /// When the token ends, if it says so.
    ///
    /// The service decides whether a token is valid; this only tells when to expect a refusal.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at
    }

    /// The raw token, for the wire alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.raw.expose_secret()
    }
}

impl PartialEq for UserToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.expose() == other.expose()
    }
}

impl Eq for UserToken {}

impl fmt::Debug for UserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserToken")
            .field("user_id", &self.0.user_id.as_str())
            .field("issued_at", &self.0.issued_at)
            .field("expires_at", &self.0.expires_at)
            .finish_non_exhaustive()
    }
}

/// Supplies the token in use. The port between the layers: the auth layer implements it, the
/// transport layer consumes it, the facade introduces them.
#[cfg_attr(any(test, feature = "test-util"), mockall::automock)]
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// The current token, loaded if there is none yet.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if no token can be had.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a load in flight goes on for the other waiters.
    async fn token(&self) -> Result<UserToken, TokenError>;

    /// A token other than `rejected`, which the service refused.
    ///
    /// Loads only if `rejected` is still the current one, so a thousand refused requests cause
    /// one load.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if no other token can be had.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a load in flight goes on for the other waiters.
    async fn refresh(&self, rejected: &UserToken) -> Result<UserToken, TokenError>;
}

/// Why there is no token. One failure reaches many waiters, so it is a cheap clone.
#[derive(Debug, Clone)]
pub struct TokenError {
    kind: TokenErrorKind,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What kept a token from being had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// The token loader of the application failed.
    #[error("the token loader failed")]
    Loader,
    /// The token loader panicked.
    #[error("the token loader panicked")]
    LoaderPanicked,
    /// The token loader did not answer in time.
    #[error("the token loader did not answer in time")]
    LoaderTimeout,
    /// What the loader returned is not a token of the service.
    #[error("the loaded text is not a token of the service")]
    Malformed,
    /// The token names another user.
    #[error("the token is for user `{actual}`, not for `{expected}`")]
    WrongUser {
        /// The user of the client.
        expected: UserId,
        /// The user that the token names.
        actual: UserId,
    },
    /// The loader returned the very token that the service had refused.
    #[error("the token loader returned the token that was refused")]
    Unchanged,
    /// The only token there is was refused, and there is no loader.
    #[error("the static token was refused and there is no token loader to get another")]
    NoLoader,
    /// The guest could not be created this time.
    #[error("the guest could not be created")]
    GuestFailed,
    /// The service does not create the guest.
    #[error("the service refused to create the guest")]
    GuestRefused,
    /// The token of a guest was refused, and there is no other for the same guest.
    #[error("the token of the guest was refused, and only a new guest can get another")]
    GuestExpired,
    /// The user is anonymous and was given no token.
    #[error("the anonymous user was given no token")]
    Anonymous,
    /// The token manager has stopped.
    #[error("the token manager has stopped")]
    Stopped,
}

impl TokenError {
    /// An error without an underlying cause.
    #[must_use]
    pub fn new(kind: TokenErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    #[must_use]
    pub fn with_source(
        kind: TokenErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(Arc::from(source.into())),
        }
    }

    /// The same cause under another kind.
    #[must_use]
    pub fn with_kind(self, kind: TokenErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &TokenErrorKind {
        &self.kind
    }

    /// Whether asking again can not help.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.class() == FailureClass::Permanent
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The cause itself, so that it can be recognised by its type.
        self.source.as_deref().map(|source| source as _)
    }
}

impl Classify for TokenError {
    fn class(&self) -> FailureClass {
        match self.kind {
            TokenErrorKind::Loader
            | TokenErrorKind::LoaderPanicked
            | TokenErrorKind::LoaderTimeout
            | TokenErrorKind::GuestFailed => FailureClass::NotSent,
            TokenErrorKind::Malformed
            | TokenErrorKind::WrongUser { .. }
            | TokenErrorKind::Unchanged
            | TokenErrorKind::NoLoader
            | TokenErrorKind::GuestRefused
            | TokenErrorKind::GuestExpired
            | TokenErrorKind::Anonymous
            | TokenErrorKind::Stopped => FailureClass::Permanent,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn token(raw: &str) -> UserToken {
        let id = UserId::new("john").unwrap();
        UserToken::new(raw.into(), id, None, Timestamp::from_unix_seconds(0))
    }

    static_assertions::assert_obj_safe!(TokenSource);
    static_assertions::assert_impl_all!(UserToken: Send, Sync, Clone);
    static_assertions::assert_impl_all!(TokenError: Send, Sync, Clone);

    #[test]
    fn debug_shows_whose_token_it_is_and_never_the_token() {
        let text = format!("{:?}", token("very.secret.text"));
        assert!(!text.contains("secret"), "{text}");
        assert!(
            text.contains("john") && text.contains("1970-01-01T00:00:00Z"),
            "{text}"
        );
    }

    #[test]
    fn tokens_are_equal_when_their_text_is() {
        assert_eq!(token("a"), token("a"));
        assert_ne!(token("a"), token("b"));
    }

    /// Promise: T07
    #[test]
    fn an_error_of_the_loader_keeps_its_source_and_does_not_repeat_it() {
        let error = TokenError::with_source(TokenErrorKind::Loader, "backend down");
        assert_eq!(error.to_string(), "the token loader failed");
        assert_eq!(error.source().unwrap().to_string(), "backend down");
        let error = TokenError::with_source(TokenErrorKind::Loader, fmt::Error);
        assert!(error.source().unwrap().is::<fmt::Error>());
    }
}
