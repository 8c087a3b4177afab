//! Who a client is, and what proves it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::watch;
use video_auth::{OnTokenUpdated, SharedTokenLoader, TokenManager};
use video_core::{TokenError, TokenErrorKind, TokenSource, User, UserId, UserKind, UserToken};
use video_transport::RpcTransport;

use crate::builder::BuildError;
use crate::guest::GuestTokens;
use crate::options::StreamVideoOptions;

/// What an application gives so that its user can prove who they are.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    pub(crate) user_token: Option<SecretString>,
    pub(crate) token_loader: Option<SharedTokenLoader>,
    pub(crate) on_token_updated: Option<OnTokenUpdated>,
}

/// Who a client is, with the source of their tokens.
#[derive(Debug)]
pub(crate) enum Identity {
    Regular(Arc<TokenManager>),
    Guest(Arc<GuestTokens>),
    /// With tokens, if some were given.
    Anonymous(Option<Arc<TokenManager>>),
}

impl Identity {
    /// Fits the proof to the user. `anonymous` makes the requests that need none.
    pub(crate) fn new(
        user: &Arc<watch::Sender<Arc<User>>>,
        user_id: UserId,
        proof: Proof,
        options: &StreamVideoOptions,
        anonymous: impl FnOnce() -> Arc<dyn RpcTransport>,
    ) -> Result<Self, BuildError> {
        let kind = user.borrow().kind();
        let is_empty = proof.user_token.is_none() && proof.token_loader.is_none();
        Ok(match kind {
            UserKind::Guest if is_empty => {
                // Longer than the request, so that its own error comes first.
                let limit = options.request_limits.call + GUEST_MARGIN;
                let callback = proof.on_token_updated;
                let user = Arc::clone(user);
                let tokens = GuestTokens::new(anonymous(), user, user_id, callback, limit)?;
                Self::Guest(Arc::new(tokens))
            }
            UserKind::Guest => return Err(BuildError::TokenOfGuest),
            UserKind::Anonymous if is_empty => Self::Anonymous(None),
            UserKind::Anonymous => {
                Self::Anonymous(Some(Arc::new(proof.manager(user_id, options)?)))
            }
            _ => Self::Regular(Arc::new(proof.manager(user_id, options)?)),
        })
    }

    pub(crate) fn tokens(&self) -> Arc<dyn TokenSource> {
        match self {
            Self::Regular(tokens) | Self::Anonymous(Some(tokens)) => Arc::clone(tokens) as _,
            Self::Guest(tokens) => Arc::clone(tokens) as _,
            Self::Anonymous(None) => Arc::new(NoTokens),
        }
    }

    /// Begins to end what runs for tokens.
    pub(crate) fn close(&self) {
        match self {
            Self::Regular(tokens) | Self::Anonymous(Some(tokens)) => tokens.close(),
            Self::Guest(tokens) => tokens.close(),
            Self::Anonymous(None) => {}
        }
    }

    /// Closes, and waits until nothing runs.
    pub(crate) async fn shutdown(&self) {
        match self {
            Self::Regular(tokens) | Self::Anonymous(Some(tokens)) => tokens.shutdown().await,
            Self::Guest(tokens) => tokens.shutdown().await,
            Self::Anonymous(None) => {}
        }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous(_))
    }

    pub(crate) fn guest(&self) -> Option<&GuestTokens> {
        match self {
            Self::Guest(tokens) => Some(tokens),
            Self::Regular(_) | Self::Anonymous(_) => None,
        }
    }
}

impl Proof {
    fn manager(
        self,
        user_id: UserId,
        options: &StreamVideoOptions,
    ) -> Result<TokenManager, BuildError> {
        let mut tokens = TokenManager::builder(user_id)
            .loader_timeout(options.loader_timeout)
            .refresh_policy(options.refresh_policy)
            .wall_clock(Arc::clone(&options.wall_clock));
        if let Some(token) = self.user_token {
            tokens = tokens.static_token(token);
        }
        if let Some(loader) = self.token_loader {
            tokens = tokens.loader(loader);
        }
        if let Some(callback) = self.on_token_updated {
            tokens = tokens.on_token_updated(callback);
        }
        Ok(tokens.build()?)
    }
}

/// Small, so that request and callback together stay below what a connection gives its token.
const GUEST_MARGIN: Duration = Duration::from_millis(500);

/// The tokens of somebody who has none.
#[derive(Debug)]
struct NoTokens;

#[async_trait]
impl TokenSource for NoTokens {
    async fn token(&self) -> Result<UserToken, TokenError> {
        Err(TokenError::new(TokenErrorKind::Anonymous))
    }

    async fn refresh(&self, _rejected: &UserToken) -> Result<UserToken, TokenError> {
        self.token().await
    }
}
