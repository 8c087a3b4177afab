//! Who makes the calls, and with what proof.

use std::sync::Arc;

use http::header::HeaderValue;
use video_core::{TokenError, TokenSource, UserToken};

use crate::session::ConnectionGate;

/// Who makes the calls, and with what proof.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A user, who has a token and may have a connection.
    User {
        /// Supplies the tokens.
        tokens: Arc<dyn TokenSource>,
        /// Where calls that watch wait for the connection.
        gate: ConnectionGate,
    },
    /// Nobody in particular. Has no connection: calls that would watch do not.
    Anonymous {
        /// Supplies the tokens, if the calls need one.
        tokens: Option<Arc<dyn TokenSource>>,
    },
}

impl Credentials {
    /// Calls of a user.
    #[must_use]
    pub fn user(tokens: Arc<dyn TokenSource>, gate: ConnectionGate) -> Self {
        Self::User { tokens, gate }
    }

    /// Calls of nobody in particular, with tokens if there are some.
    #[must_use]
    pub fn anonymous(tokens: Option<Arc<dyn TokenSource>>) -> Self {
        Self::Anonymous { tokens }
    }

    /// Protocol: the header `stream-auth-type`.
    pub(super) fn auth_type(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::User { .. } => "jwt",
            Self::Anonymous { .. } => "anonymous",
        })
    }

    /// The gate, if there can be a connection.
    pub(super) fn gate(&self) -> Option<&ConnectionGate> {
        match self {
            Self::User { gate, .. } => Some(gate),
            Self::Anonymous { .. } => None,
        }
    }

    /// The current token, or that there is none to have.
    pub(super) async fn token(&self) -> Result<Option<UserToken>, TokenError> {
        match self.tokens() {
            Some(tokens) => tokens.token().await.map(Some),
            None => Ok(None),
        }
    }

    /// A token other than the refused one.
    pub(super) async fn refresh(
        &self,
        rejected: &UserToken,
    ) -> Option<Result<UserToken, TokenError>> {
        Some(self.tokens()?.refresh(rejected).await)
    }

    fn tokens(&self) -> Option<&Arc<dyn TokenSource>> {
        match self {
            Self::User { tokens, .. } => Some(tokens),
            Self::Anonymous { tokens } => tokens.as_ref(),
        }
    }
}
