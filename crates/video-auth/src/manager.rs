//! The handle on a user's tokens.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use video_core::{
    SystemWallClock, TokenError, TokenErrorKind, TokenSource, UserId, UserToken, WallClock,
};

use crate::claims::{InvalidToken, parse_token};
use crate::loader::{OnTokenUpdated, SharedTokenLoader};
use crate::refresh::{RefreshPolicy, Refresher, Supply};
use crate::worker::{Loading, Request, Running, Worker, is_inside};

/// Supplies the tokens of one user: one load at a time, whoever asks.
///
/// Nothing runs before the first token is asked for, and not even then if one was given that nobody
/// is to hear of and that is not replaced ahead. Dropping it ends what runs, and so does
/// [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct TokenManager {
    current: watch::Receiver<Option<UserToken>>,
    marker: Arc<()>,
    /// What is started by the first whom the token in use does not serve.
    idle: Mutex<Option<Box<Worker>>>,
    running: OnceLock<Running>,
}

/// Why tokens can not be supplied at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenSetupError {
    /// There is neither a token nor a loader.
    #[error("neither a token nor a token loader was given")]
    Missing,
    /// The static token is not a token of the service.
    #[error("the token is not a token of the service")]
    Invalid(#[source] InvalidToken),
    /// The static token names another user.
    #[error("the token is for user `{actual}`, not for `{expected}`")]
    WrongUser {
        /// The user of the client.
        expected: UserId,
        /// The user that the token names.
        actual: UserId,
    },
}

/// Builds a [`TokenManager`].
#[derive(Debug)]
#[must_use = "does nothing until built"]
pub struct TokenManagerBuilder {
    user_id: UserId,
    static_token: Option<SecretString>,
    loader: Option<SharedTokenLoader>,
    on_token_updated: Option<OnTokenUpdated>,
    loader_timeout: Duration,
    refresh_policy: RefreshPolicy,
    once: bool,
    wall_clock: Arc<dyn WallClock>,
}

const LOADER_TIMEOUT: Duration = Duration::from_secs(10);

impl TokenManager {
    /// Begins with the user whose tokens are supplied.
    pub fn builder(user_id: UserId) -> TokenManagerBuilder {
        TokenManagerBuilder {
            user_id,
            static_token: None,
            loader: None,
            on_token_updated: None,
            loader_timeout: LOADER_TIMEOUT,
            refresh_policy: RefreshPolicy::default(),
            once: false,
            wall_clock: Arc::new(SystemWallClock),
        }
    }

    /// The token in use, without waiting. `None` before the first one was loaded, or given and told
    /// to whoever is to hear of it.
    #[must_use]
    pub fn current(&self) -> Option<UserToken> {
        self.current.borrow().clone()
    }

    /// Begins to end what runs, for ever. The token in use stays; no other is loaded.
    pub fn close(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        drop(idle.take());
        if let Some(running) = self.running.get() {
            running.task.abort();
        }
    }

    /// Closes as [`close`](Self::close) does, and waits until nothing runs.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it ends all the same.
    pub async fn shutdown(&self) {
        self.close();
        if let Some(running) = self.running.get() {
            running.requests.closed().await;
        }
    }

    /// The worker, started if it does not run yet.
    fn running(&self) -> Result<&Running, TokenError> {
        if let Some(running) = self.running.get() {
            return Ok(running);
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.is_some() {
            let runtime = Handle::try_current()
                .map_err(|error| TokenError::with_source(TokenErrorKind::Stopped, error))?;
            if let Some(worker) = idle.take() {
                return Ok(self.running.get_or_init(|| worker.start(&runtime)));
            }
        }
        self.running.get().ok_or_else(stopped)
    }

    async fn ask(&self, rejected: Option<&UserToken>) -> Result<UserToken, TokenError> {
        // What the worker would answer, without the way there and back.
        if let Some(current) = self.current()
            && rejected != Some(&current)
        {
            return Ok(current);
        }
        if is_inside(&self.marker) {
            let words = "the token loader, or `on_token_updated`, asked for the token that it is \
                         to supply";
            return Err(TokenError::with_source(TokenErrorKind::Loader, words));
        }
        let requests = &self.running()?.requests;
        let rejected = rejected.cloned();
        let (reply, answer) = oneshot::channel();
        let sent = requests.send(Request { rejected, reply }).await;
        sent.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn stopped() -> TokenError {
    TokenError::new(TokenErrorKind::Stopped)
}

#[async_trait]
impl TokenSource for TokenManager {
    async fn token(&self) -> Result<UserToken, TokenError> {
        self.ask(None).await
    }

    async fn refresh(&self, rejected: &UserToken) -> Result<UserToken, TokenError> {
        self.ask(Some(rejected)).await
    }
}

impl TokenManagerBuilder {
    /// Sets the token that is used first, and only, if there is no loader.
    pub fn static_token(mut self, token: impl Into<SecretString>) -> Self {
        self.static_token = Some(token.into());
        self
    }

    /// Sets where tokens come from.
    pub fn loader(mut self, loader: impl Into<SharedTokenLoader>) -> Self {
        self.loader = Some(loader.into());
        self
    }

    /// Sets who hears of each new token, the first included.
    pub fn on_token_updated(mut self, callback: OnTokenUpdated) -> Self {
        self.on_token_updated = Some(callback);
        self
    }

    /// Sets how long the loader may take. 10 s.
    pub fn loader_timeout(mut self, limit: Duration) -> Self {
        self.loader_timeout = limit;
        self
    }

    /// Sets whether a token is replaced before it ends.
    pub fn refresh_policy(mut self, policy: RefreshPolicy) -> Self {
        self.refresh_policy = policy;
        self
    }

    /// Takes the first token that is loaded, whomever it names, and loads no other: for a guest,
    /// whose every token is another guest's.
    ///
    /// A load that failed is followed by another when the next token is asked for. A token that is
    /// refused is the end: [`TokenErrorKind::GuestExpired`].
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Sets the clock that says when to replace a token.
    pub fn wall_clock(mut self, wall_clock: Arc<dyn WallClock>) -> Self {
        self.wall_clock = wall_clock;
        self
    }

    /// Checks what was given. Starts nothing and needs no runtime.
    ///
    /// # Errors
    ///
    /// [`TokenSetupError`] if there is neither token nor loader, or the token is not one of this
    /// user.
    pub fn build(self) -> Result<TokenManager, TokenSetupError> {
        let initial = match self.static_token {
            None if self.loader.is_none() => return Err(TokenSetupError::Missing),
            None => None,
            Some(raw) => {
                let token = parse_token(raw).map_err(TokenSetupError::Invalid)?;
                if *token.user_id() != self.user_id {
                    let (expected, actual) = (self.user_id, token.user_id().clone());
                    return Err(TokenSetupError::WrongUser { expected, actual });
                }
                Some(token)
            }
        };
        let supply = match self.loader {
            None => Supply::Static,
            Some(_) if self.once => Supply::Once,
            Some(_) => Supply::Loader,
        };
        let refresher = Refresher::new(initial.clone(), supply, self.refresh_policy);
        // With nobody to tell and nothing to replace ahead there is nothing to run for it.
        let is_quiet = self.on_token_updated.is_none() && refresher.deadline().is_none();
        let in_use = initial.clone().filter(|_| is_quiet);
        let (shown, current) = watch::channel(in_use);
        let marker = Arc::new(());
        let worker = Worker {
            refresher,
            initial,
            loading: Loading {
                marker: Arc::clone(&marker),
                user_id: self.user_id,
                anyone: self.once,
                loader: self.loader,
                on_token_updated: self.on_token_updated,
                limit: self.loader_timeout,
            },
            wall_clock: self.wall_clock,
            current: shown,
        };
        Ok(TokenManager {
            current,
            marker,
            idle: Mutex::new(Some(Box::new(worker))),
            running: OnceLock::new(),
        })
    }
}
