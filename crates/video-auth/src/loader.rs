//! What the application implements: where tokens come from, and who hears of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;
use video_core::{UserId, UserToken};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Loads tokens from the application's backend.
///
/// A plain `async fn`; closures go through [`token_loader_fn`]. It may be called again at any
/// time, never twice at once, and has the loader timeout to answer.
///
/// # Examples
///
/// ```
/// use video_auth::{LoadTokenError, TokenLoader};
/// use video_core::UserId;
///
/// struct Backend;
///
/// impl TokenLoader for Backend {
///     async fn load_token(&self, user_id: UserId) -> Result<String, LoadTokenError> {
///         // Ask your backend here. Every error becomes a `LoadTokenError` by `?`.
///         let token = std::fs::read_to_string(format!("{user_id}.token"))?;
///         Ok(token.trim().to_owned())
///     }
/// }
/// ```
pub trait TokenLoader: Send + Sync + 'static {
    /// Loads a token for the user.
    ///
    /// # Errors
    ///
    /// [`LoadTokenError`] if there is none. It reaches whoever waits for the token, and the load
    /// is tried again when the next one is needed.
    fn load_token(
        &self,
        user_id: UserId,
    ) -> impl Future<Output = Result<String, LoadTokenError>> + Send;
}

/// Why the application has no token.
///
/// Not an error itself, so that every error becomes one by `?`; it is [`into_inner`] that reaches
/// those who wait, as the source of their error.
///
/// [`into_inner`]: Self::into_inner
#[derive(Debug)]
pub struct LoadTokenError(BoxError);

impl LoadTokenError {
    /// Wraps the application's own error, or words.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }

    /// The application's own error.
    #[must_use]
    pub fn into_inner(self) -> BoxError {
        self.0
    }
}

impl<E: Into<BoxError>> From<E> for LoadTokenError {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for LoadTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Mirrors [`TokenLoader`] so that it can be held behind a pointer.
trait DynTokenLoader: Send + Sync {
    fn load(self: Arc<Self>, user_id: UserId) -> BoxFuture<Result<SecretString, LoadTokenError>>;
}

impl<T: TokenLoader> DynTokenLoader for T {
    fn load(self: Arc<Self>, user_id: UserId) -> BoxFuture<Result<SecretString, LoadTokenError>> {
        Box::pin(async move { self.load_token(user_id).await.map(SecretString::from) })
    }
}

/// A token loader of any kind, as a cheap clone.
#[derive(Clone)]
pub struct SharedTokenLoader(Arc<dyn DynTokenLoader>);

impl SharedTokenLoader {
    /// Wraps a loader.
    #[must_use]
    pub fn new(loader: impl TokenLoader) -> Self {
        Self(Arc::new(loader))
    }

    pub(crate) fn load(&self, user_id: UserId) -> BoxFuture<Result<SecretString, LoadTokenError>> {
        Arc::clone(&self.0).load(user_id)
    }
}

impl<T: TokenLoader> From<T> for SharedTokenLoader {
    fn from(loader: T) -> Self {
        Self::new(loader)
    }
}

impl fmt::Debug for SharedTokenLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedTokenLoader")
    }
}

/// Makes a loader of a closure that gives a `String`, or a `Result` of one.
///
/// # Examples
///
/// ```
/// use video_auth::token_loader_fn;
///
/// let certain = token_loader_fn(|user_id| async move { format!("token of {user_id}") });
/// let fallible = token_loader_fn(|_| async { Err::<String, _>("the backend is down") });
/// ```
pub fn token_loader_fn<F, Fut>(load: F) -> SharedTokenLoader
where
    F: Fn(UserId) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoLoadedToken> + Send + 'static,
{
    struct Closure<F>(F);

    impl<F, Fut> TokenLoader for Closure<F>
    where
        F: Fn(UserId) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoLoadedToken> + Send + 'static,
    {
        async fn load_token(&self, user_id: UserId) -> Result<String, LoadTokenError> {
            (self.0)(user_id).await.into_loaded_token()
        }
    }

    SharedTokenLoader::new(Closure(load))
}

/// What a loading closure may give.
///
/// Sealed, so that more forms can be added without breaking anyone.
pub trait IntoLoadedToken: sealed::Sealed {
    /// The token, or why there is none.
    ///
    /// # Errors
    ///
    /// [`LoadTokenError`] with the error that the closure gave.
    fn into_loaded_token(self) -> Result<String, LoadTokenError>;
}

impl IntoLoadedToken for String {
    fn into_loaded_token(self) -> Result<String, LoadTokenError> {
        Ok(self)
    }
}

impl<E: Into<LoadTokenError>> IntoLoadedToken for Result<String, E> {
    fn into_loaded_token(self) -> Result<String, LoadTokenError> {
        self.map_err(Into::into)
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "that is what seals the trait")]
    pub trait Sealed {}

    impl Sealed for String {}

    impl<E: Into<super::LoadTokenError>> Sealed for Result<String, E> {}
}

/// Hears of each new token, before it is used.
///
/// A callback that panics or hangs is logged and left alone: it can not fail a connection.
#[derive(Clone)]
pub struct OnTokenUpdated(Arc<dyn Fn(UserToken) -> BoxFuture<()> + Send + Sync>);

impl OnTokenUpdated {
    /// Wraps a callback.
    pub fn new<F, Fut>(callback: F) -> Self
    where
        F: Fn(UserToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |token| Box::pin(callback(token))))
    }

    pub(crate) fn call(&self, token: UserToken) -> BoxFuture<()> {
        (self.0)(token)
    }
}

impl fmt::Debug for OnTokenUpdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnTokenUpdated")
    }
}
