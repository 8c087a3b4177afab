//! A guest: created when the first token is needed, and once.

use std::error::Error as _;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tracing::debug;
use video_auth::{
    LoadTokenError, OnTokenUpdated, TokenClaims, TokenManager, TokenSetupError, token_loader_fn,
};
use video_core::model::{CreateGuestRequest, CreateGuestResponse, UserInfo};
use video_core::{
    Classify, FailureClass, TokenError, TokenErrorKind, TokenSource, User, UserId, UserToken,
};
use video_transport::{RpcError, RpcRequest, RpcTransport};

use crate::error;

/// The tokens of a guest. Each guest has one: its end is the end of the guest.
pub(crate) struct GuestTokens {
    recipe: Recipe,
    guest: Mutex<Arc<TokenManager>>,
    over: AtomicBool,
}

/// How a guest is made.
#[derive(Clone)]
struct Recipe {
    rpc: Arc<dyn RpcTransport>,
    /// Counts the guests; the last one is the user.
    latest: Arc<AtomicU64>,
    /// Who the guest would like to be.
    wish: User,
    wished_id: UserId,
    /// Who the guest is.
    user: Arc<watch::Sender<Arc<User>>>,
    on_token_updated: Option<OnTokenUpdated>,
    limit: Duration,
}

impl GuestTokens {
    /// The guest that `user` holds the wish for. Makes requests through `rpc`, which has to be
    /// one without credentials, and gives up a creation after `limit`.
    pub(crate) fn new(
        rpc: Arc<dyn RpcTransport>,
        user: Arc<watch::Sender<Arc<User>>>,
        wished_id: UserId,
        on_token_updated: Option<OnTokenUpdated>,
        limit: Duration,
    ) -> Result<Self, TokenSetupError> {
        let wish = User::clone(&user.borrow());
        let recipe = Recipe {
            rpc,
            latest: Arc::default(),
            wish,
            wished_id,
            user,
            on_token_updated,
            limit,
        };
        let guest = Mutex::new(Arc::new(recipe.prepare()?));
        let over = AtomicBool::new(false);
        Ok(Self {
            recipe,
            guest,
            over,
        })
    }

    /// Forgets the guest: the next token is another guest's.
    pub(crate) fn renew(&self) -> Result<(), TokenError> {
        // Held while it is numbered: the guest of the highest number is the one that stays.
        let mut guest = self.guest();
        if self.over.load(Ordering::Relaxed) {
            return Err(TokenError::new(TokenErrorKind::Stopped));
        }
        let next = self.recipe.prepare();
        *guest = Arc::new(next.map_err(|e| TokenError::with_source(TokenErrorKind::Stopped, e))?);
        Ok(())
    }

    /// Begins to end what runs. There is no other guest from then on.
    pub(crate) fn close(&self) {
        let guest = self.guest();
        self.over.store(true, Ordering::Relaxed);
        guest.close();
    }

    /// Closes, and waits until nothing runs.
    pub(crate) async fn shutdown(&self) {
        self.close();
        self.manager().shutdown().await;
    }

    fn manager(&self) -> Arc<TokenManager> {
        Arc::clone(&self.guest())
    }

    fn guest(&self) -> std::sync::MutexGuard<'_, Arc<TokenManager>> {
        self.guest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenSource for GuestTokens {
    async fn token(&self) -> Result<UserToken, TokenError> {
        loop {
            let manager = self.manager();
            let token = manager.token().await.map_err(explain);
            // A guest who was given up meanwhile serves nobody.
            if Arc::ptr_eq(&manager, &self.guest()) {
                return token;
            }
        }
    }

    async fn refresh(&self, rejected: &UserToken) -> Result<UserToken, TokenError> {
        loop {
            let manager = self.manager();
            let token = manager.refresh(rejected).await.map_err(explain);
            if Arc::ptr_eq(&manager, &self.guest()) {
                return token;
            }
        }
    }
}

impl Recipe {
    /// A guest to be created when the first token is asked for.
    fn prepare(&self) -> Result<TokenManager, TokenSetupError> {
        let recipe = self.clone();
        let number = self.latest.fetch_add(1, Ordering::Relaxed) + 1;
        let loader = token_loader_fn(move |_| {
            let recipe = recipe.clone();
            async move { recipe.create(number).await }
        });
        let mut manager = TokenManager::builder(self.wished_id.clone())
            .loader(loader)
            .loader_timeout(self.limit)
            .once();
        if let Some(callback) = &self.on_token_updated {
            manager = manager.on_token_updated(callback.clone());
        }
        manager.build()
    }

    /// Creates a guest, who is the user from then on.
    ///
    /// Protocol: `CreateGuest`. Executed twice it would create two, so it is not repeated by
    /// itself once it may have been executed. Whoever asks for a token after that tries again: a
    /// guest whose creation was answered to nobody is left behind.
    async fn create(&self, number: u64) -> Result<String, LoadTokenError> {
        let body = serde_json::to_vec(&CreateGuestRequest::new(self.wish.details(true)))?;
        let request = RpcRequest::new(Method::POST, &["guest"]).body(body);
        let created: CreateGuestResponse = self.rpc.call(request).await?.decode()?;
        let guest = adopt(&self.wish, &created.user);
        let expected = created.user.id.clone();
        let token = created.into_access_token();
        let claims = TokenClaims::decode(token.expose_secret())
            .map_err(|error| TokenError::with_source(TokenErrorKind::Malformed, error))?;
        if claims.user_id != expected {
            let actual = claims.user_id;
            return Err(TokenError::new(TokenErrorKind::WrongUser { expected, actual }).into());
        }
        debug!(
            wished = self.wish.id(),
            id = guest.id(),
            "a guest was created"
        );
        // One who was given up meanwhile is not the user any more. Looked at with the user held, so
        // that a later guest comes after.
        self.user.send_if_modified(|user| {
            let is_latest = self.latest.load(Ordering::Relaxed) == number;
            if is_latest {
                *user = Arc::new(guest);
            }
            is_latest
        });
        Ok(token.expose_secret().to_owned())
    }
}

/// The guest that the service made of a wish.
fn adopt(wish: &User, made: &UserInfo) -> User {
    let mut guest = User::guest(made.id.as_str())
        .role(&made.role)
        .teams(&made.teams);
    let name = Some(made.name.as_str()).filter(|name| !name.is_empty());
    if let Some(name) = name.or(Some(wish.display_name())) {
        guest = guest.name(name);
    }
    if let Some(image) = made.image.as_deref().or(wish.image_url()) {
        guest = guest.image(image);
    }
    let custom = made.custom.parse().unwrap_or_default();
    let custom = match &custom {
        serde_json::Value::Object(custom) if !custom.is_empty() => custom,
        _ => wish.custom_data(),
    };
    for (key, value) in custom {
        guest = guest.custom(key, value.clone());
    }
    guest
}

/// A load that failed is a guest that was not created.
fn explain(failed: TokenError) -> TokenError {
    let kind = match failed.kind() {
        TokenErrorKind::Loader => {
            let cause = failed.source();
            if let Some(own) = cause.and_then(error::find::<TokenError>) {
                return own.clone();
            }
            let refusal = error::find::<RpcError>(&failed).map(Classify::class);
            match refusal {
                Some(FailureClass::Permanent | FailureClass::Unauthorized) => {
                    TokenErrorKind::GuestRefused
                }
                _ => TokenErrorKind::GuestFailed,
            }
        }
        TokenErrorKind::LoaderTimeout => TokenErrorKind::GuestFailed,
        kind => kind.clone(),
    };
    failed.with_kind(kind)
}

impl fmt::Debug for GuestTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestTokens")
            .field("wished_id", &self.recipe.wished_id)
            .finish_non_exhaustive()
    }
}
