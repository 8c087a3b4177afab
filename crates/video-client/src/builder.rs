//! Builds a client.

use std::future::Future;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::watch;
use video_auth::{
    IntoLoadedToken, InvalidToken, OnTokenUpdated, SharedTokenLoader, TokenLoader, TokenSetupError,
    token_loader_fn,
};
use video_core::{ApiKey, Endpoint, InvalidEndpoint, InvalidId, User, UserId, UserKind, UserToken};
use video_transport::{ConnectOptions, Credentials, EventChannel, InvalidProxy, NoSession};

use crate::client::{Extras, Owned, StreamVideo};
use crate::devices::Devices;
use crate::identity::{Identity, Proof};
use crate::logging::LogBridge;
use crate::options::StreamVideoOptions;
use crate::parts::Parts;
use crate::push::{PushNotificationManager, PushProviderFn};
use crate::wiring::Wiring;

/// Why a client can not be built. Nothing has been started then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The API key is not one.
    #[error("the API key is not valid")]
    ApiKey(#[source] InvalidId),
    /// The user id is not one.
    #[error("the user id is not valid")]
    UserId(#[source] InvalidId),
    /// A regular user proves who they are with a token.
    #[error("a regular user needs a token or a token loader")]
    NoToken,
    /// The token is not a token of the service.
    #[error("the user token is not valid")]
    Token(#[source] InvalidToken),
    /// The token is for somebody else.
    #[error("the user token is for `{actual}`, not for `{expected}`")]
    WrongUser {
        /// The user of the client.
        expected: UserId,
        /// The user that the token names.
        actual: UserId,
    },
    /// A guest gets a token from the service, and no other.
    #[error("a guest gets a token from the service; give neither a token nor a token loader")]
    TokenOfGuest,
    /// An address is not one.
    #[error("the address of the service is not valid")]
    Endpoint(#[source] InvalidEndpoint),
    /// The address of a proxy is none.
    #[error("the proxy can not be used")]
    Proxy(#[source] InvalidProxy),
    /// A client is installed, or being installed, and is not to be replaced.
    #[error(
        "a client is installed already; use `StreamVideo::instance()`, or `reset` it first, or set \
         `fail_if_singleton_exists(false)`"
    )]
    AlreadyInstalled,
    /// Connecting at once, or disconnecting the client that is replaced, needs a runtime.
    #[error(
        "connecting as soon as the client is built, or replacing an installed one, needs a tokio \
         runtime; do it inside one, or set `auto_connect(false)`"
    )]
    NoRuntime,
}

/// Builds a [`StreamVideo`].
#[derive(Debug)]
#[must_use = "does nothing until built"]
pub struct StreamVideoBuilder {
    api_key: String,
    user: User,
    proof: Proof,
    push_provider: Option<PushProviderFn>,
    fail_if_singleton_exists: bool,
    options: StreamVideoOptions,
}

impl StreamVideoBuilder {
    pub(crate) fn new(api_key: String, user: User) -> Self {
        Self {
            api_key,
            user,
            proof: Proof::default(),
            push_provider: None,
            fail_if_singleton_exists: true,
            options: StreamVideoOptions::default(),
        }
    }

    /// Sets the user's token. Without a loader it is the only one; with one it is the first.
    pub fn user_token(mut self, token: impl Into<SecretString>) -> Self {
        self.proof.user_token = Some(token.into());
        self
    }

    /// Sets where tokens come from: a closure that gives a `String`, or a `Result` of one.
    ///
    /// It is called when the first token is needed and again when the service refuses one, never
    /// twice at once.
    pub fn token_loader<F, Fut>(mut self, loader: F) -> Self
    where
        F: Fn(UserId) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoLoadedToken> + Send + 'static,
    {
        self.proof.token_loader = Some(token_loader_fn(loader));
        self
    }

    /// Sets where tokens come from: a type of your own.
    pub fn custom_token_loader(mut self, loader: impl TokenLoader) -> Self {
        self.proof.token_loader = Some(SharedTokenLoader::new(loader));
        self
    }

    /// Sets who hears of each new token, the first included, before it is used.
    ///
    /// Its faults are logged; they can not fail a connection.
    pub fn on_token_updated<F, Fut>(mut self, callback: F) -> Self
    where
        F: Fn(UserToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.proof.on_token_updated = Some(OnTokenUpdated::new(callback));
        self
    }

    /// Sets who deals with the pushes of the platform. It is made once, when the client is built,
    /// of the devices of the user.
    pub fn push_notification_manager_provider<M: PushNotificationManager>(
        mut self,
        provider: impl FnOnce(Devices) -> M + Send + 'static,
    ) -> Self {
        self.push_provider = Some(PushProviderFn::new(provider));
        self
    }

    /// Sets whether [`install`](Self::install) fails if a client is installed already. True by
    /// default; otherwise the old client is disconnected and replaced.
    pub fn fail_if_singleton_exists(mut self, fail: bool) -> Self {
        self.fail_if_singleton_exists = fail;
        self
    }

    pub(crate) fn must_be_alone(&self) -> bool {
        self.fail_if_singleton_exists
    }

    /// Sets everything else.
    pub fn options(mut self, options: StreamVideoOptions) -> Self {
        self.options = options;
        self
    }

    /// Builds the client, and begins to connect if that is wished for.
    ///
    /// Touches no other client: [`install`](Self::install) makes it the one of the process.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the client could never work. Nothing has been started then.
    pub fn build(self) -> Result<StreamVideo, BuildError> {
        let options = &self.options;
        let log = LogBridge::new(options.log_priority, options.log_handler.clone());
        log.clone().enter(|| self.build_inside(log))
    }

    fn build_inside(self, log: LogBridge) -> Result<StreamVideo, BuildError> {
        let Self {
            api_key,
            user,
            proof,
            push_provider,
            fail_if_singleton_exists: _,
            options,
        } = self;
        let api_key = ApiKey::new(api_key).map_err(BuildError::ApiKey)?;
        let user_id = user.checked_id().map_err(BuildError::UserId)?;
        let endpoint = Endpoint::with_plain_text(
            options.coordinator_rpc_url.as_str(),
            options.coordinator_ws_url.as_str(),
            &options.plain_text_hosts,
        )
        .map_err(BuildError::Endpoint)?;
        let auto_connect = options.auto_connect && user.kind() != UserKind::Anonymous;
        if auto_connect && tokio::runtime::Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let wiring = Wiring::new(&options, endpoint, api_key)?;
        let user = Arc::new(watch::Sender::new(Arc::new(user)));
        let identity = Identity::new(&user, user_id, proof, &options, || {
            Arc::new(wiring.rpc(Credentials::anonymous(None)))
        })?;
        let tokens = identity.tokens();
        let (events, credentials): (Arc<dyn EventChannel>, _) = match &identity {
            Identity::Anonymous(given) => {
                let given = given.as_ref().map(|_| Arc::clone(&tokens));
                (Arc::new(NoSession::new()), Credentials::anonymous(given))
            }
            Identity::Regular(_) | Identity::Guest(_) => {
                let session = wiring.session(user.subscribe(), &tokens)?;
                let gate = session.gate();
                let credentials = Credentials::user(Arc::clone(&tokens), gate);
                (Arc::new(session), credentials)
            }
        };
        let parts = Parts {
            user,
            rpc: Arc::new(wiring.rpc(credentials)),
            http: wiring.http(),
            events,
            tokens,
        };
        let extras = Extras {
            owned: Owned {
                api_key: Some(wiring.api_key()),
                identity: Some(identity),
                http: Some(wiring.pool()),
            },
            background: options.background,
            log,
            location: Some(wiring.location()?),
            latency: options.latency_settings,
            sdp_policy: options.sdp_policy.clone(),
            push_provider,
        };
        let client = StreamVideo::assemble(parts, extras);
        if auto_connect {
            client.connect_in_background(
                ConnectOptions::new()
                    .include_user_details(options.include_user_details_for_auto_connect),
            );
        }
        Ok(client)
    }
}

impl From<TokenSetupError> for BuildError {
    fn from(error: TokenSetupError) -> Self {
        match error {
            TokenSetupError::Invalid(invalid) => Self::Token(invalid),
            TokenSetupError::WrongUser { expected, actual } => Self::WrongUser { expected, actual },
            _ => Self::NoToken,
        }
    }
}

#[cfg(test)]
mod tests {
    use video_auth::test_util::unsigned_token;

    use super::*;

    /// A builder that needs no runtime.
    fn builder(api_key: &str, user: &str) -> StreamVideoBuilder {
        let options = StreamVideoOptions::default().auto_connect(false);
        StreamVideo::builder(api_key, User::regular(user)).options(options)
    }

    fn john() -> StreamVideoBuilder {
        builder("key", "john")
    }

    #[test]
    fn a_client_with_a_token_or_a_loader_can_be_built_without_a_runtime() {
        let token = unsigned_token("john", None);
        let with_token = john().user_token(token.clone()).build().unwrap();
        assert_eq!(with_token.current_user().id(), "john");
        let load = move |_| {
            let token = token.clone();
            async move { token }
        };
        john().token_loader(load).build().unwrap();
    }

    /// Promise: CK002
    #[test]
    fn a_regular_user_with_neither_token_nor_loader_is_refused() {
        let error = john().build().unwrap_err();
        assert!(matches!(error, BuildError::NoToken), "{error:?}");
        assert!(error.to_string().contains("token loader"), "{error}");
    }

    /// Promise: CK003
    #[test]
    fn a_token_that_is_no_jwt_is_refused_and_not_repeated() {
        for token in [
            "",
            "secret-text",
            "secret.text",
            "secret.text.sign",
            "a.e30.c",
        ] {
            let error = john().user_token(token).build().unwrap_err();
            assert!(matches!(error, BuildError::Token(_)), "{token}: {error:?}");
            assert!(!format!("{error:?} {error}").contains("secret"));
        }
        // A loader does not make up for it.
        let error = john()
            .user_token("secret-text")
            .token_loader(|_| async { unsigned_token("john", None) })
            .build()
            .unwrap_err();
        assert!(matches!(error, BuildError::Token(_)), "{error:?}");
    }

    /// Promise: CK005
    #[test]
    fn a_token_for_somebody_else_is_refused_with_both_names() {
        let token = unsigned_token("jane", None);
        let error = john().user_token(token).build().unwrap_err();
        let BuildError::WrongUser { expected, actual } = &error else {
            panic!("{error:?}");
        };
        assert_eq!((expected.as_str(), actual.as_str()), ("john", "jane"));
        let words = "the user token is for `jane`, not for `john`";
        assert_eq!(error.to_string(), words);
    }

    #[test]
    fn keys_ids_and_addresses_that_are_none_are_refused() {
        let token = || unsigned_token("john", None);
        let error = builder("", "john").user_token(token()).build().unwrap_err();
        assert!(matches!(error, BuildError::ApiKey(_)), "{error:?}");
        let error = builder("key", "").user_token(token()).build().unwrap_err();
        assert!(matches!(error, BuildError::UserId(_)), "{error:?}");
        let options = || StreamVideoOptions::default().auto_connect(false);
        for options in [
            options().coordinator_rpc_url("video.example.test"),
            options().coordinator_rpc_url("http://video.example.test"),
            options().coordinator_ws_url("https://video.example.test/video/connect"),
            options().coordinator_ws_url("wss://video.example.test/video/connect?region=eu"),
            options().location_hint_url("http://hint.example.test"),
        ] {
            let built = john().options(options).user_token(token()).build();
            let error = built.unwrap_err();
            assert!(matches!(error, BuildError::Endpoint(_)), "{error:?}");
        }
    }

    #[test]
    fn plain_text_is_permitted_by_name() {
        let options = StreamVideoOptions::default()
            .auto_connect(false)
            .coordinator_rpc_url("http://coordinator.lan:3030")
            .coordinator_ws_url("ws://coordinator.lan:3030/video/connect")
            .location_hint_url("http://coordinator.lan:3030/hint");
        let build = |options| {
            let token = unsigned_token("john", None);
            john().options(options).user_token(token).build()
        };
        let error = build(options.clone().allow_plain_text_to("lan")).unwrap_err();
        assert!(matches!(error, BuildError::Endpoint(_)), "{error:?}");
        build(options.allow_plain_text_to("coordinator.lan")).unwrap();
    }

    #[test]
    fn auto_connect_outside_a_runtime_is_refused_with_a_way_out() {
        let error = john()
            .options(StreamVideoOptions::default())
            .user_token(unsigned_token("john", None))
            .build()
            .unwrap_err();
        assert!(matches!(error, BuildError::NoRuntime), "{error:?}");
        assert!(error.to_string().contains("auto_connect(false)"), "{error}");
    }
}
