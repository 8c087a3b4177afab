//! Makes the layers beneath a client.

use std::sync::Arc;

use tokio::sync::watch;
use video_core::{ApiKey, Endpoint, InvalidEndpoint, TokenSource, User, is_loopback};
use video_transport::{
    Credentials, Dialer, Entropy, HttpTransport, HyperTransport, Proxy, ProxyDialer, RpcChannel,
    Session, SessionConfig, TcpDialer, WebSocketConnector,
};

use crate::builder::BuildError;
use crate::call::UNKNOWN_LOCATION;
use crate::location::LocationHint;
use crate::options::StreamVideoOptions;

/// What the layers beneath a client have in common.
pub(crate) struct Wiring<'a> {
    options: &'a StreamVideoOptions,
    endpoint: Endpoint,
    api_key: ApiKey,
    entropy: Entropy,
    dialer: Arc<dyn Dialer>,
    http: Arc<HyperTransport>,
}

impl<'a> Wiring<'a> {
    pub(crate) fn new(
        options: &'a StreamVideoOptions,
        endpoint: Endpoint,
        api_key: ApiKey,
    ) -> Result<Self, BuildError> {
        let entropy = options.entropy.clone().unwrap_or_else(Entropy::from_os);
        let dialer = match &options.dialer {
            Some(dialer) => Arc::clone(dialer),
            None => default_dialer(options)?,
        };
        let open = options.timeouts.open;
        let http = HyperTransport::new(Arc::clone(&dialer), open, options.max_response);
        Ok(Self {
            options,
            endpoint,
            api_key,
            entropy,
            dialer,
            http: Arc::new(http),
        })
    }

    pub(crate) fn api_key(&self) -> ApiKey {
        self.api_key.clone()
    }

    pub(crate) fn pool(&self) -> Arc<HyperTransport> {
        Arc::clone(&self.http)
    }

    pub(crate) fn http(&self) -> Arc<dyn HttpTransport> {
        self.pool()
    }

    /// A service on this machine is not told where in the world it is asked from, unless it has a
    /// hint of its own, so that nothing leaves the machine.
    pub(crate) fn location(&self) -> Result<LocationHint, BuildError> {
        let (options, http) = (self.options, self.http());
        Ok(match (&options.location, &options.location_hint_url) {
            (Some(location), _) => LocationHint::given(location.clone()),
            (None, Some(url)) => {
                let url = Endpoint::check_auxiliary(url.as_str(), &options.plain_text_hosts)
                    .map_err(BuildError::Endpoint)?;
                LocationHint::asked(http, url)
            }
            (None, None) if self.endpoint.rest().host().is_some_and(is_loopback) => {
                LocationHint::given(UNKNOWN_LOCATION.to_owned())
            }
            (None, None) => LocationHint::asked_by_default(http),
        })
    }

    /// Requests of whoever has these credentials.
    pub(crate) fn rpc(&self, credentials: Credentials) -> RpcChannel {
        let base = self.endpoint.rest().clone();
        let http = self.http();
        RpcChannel::new(base, self.api_key.clone(), http, credentials)
            .client_tag(&self.options.client_tag)
            .retry_policy(Arc::clone(&self.options.retry_policy))
            .limits(self.options.request_limits)
            .entropy(self.entropy.clone())
            .wall_clock(Arc::clone(&self.options.wall_clock))
    }

    /// The session of a user.
    pub(crate) fn session(
        &self,
        user: watch::Receiver<Arc<User>>,
        tokens: &Arc<dyn TokenSource>,
    ) -> Result<Session, BuildError> {
        let options = self.options;
        let first = Arc::clone(&user.borrow());
        let mut config = SessionConfig::new(&self.endpoint, self.api_key.clone(), first);
        config.user = user;
        config.client_tag = options.client_tag.clone();
        config.reconnect = options.reconnect_policy;
        config.heartbeat = options.heartbeat_policy;
        config.timeouts = options.timeouts;
        config.event_buffer = options.event_buffer;
        config.entropy = self.entropy.clone();
        config.wall_clock = Arc::clone(&options.wall_clock);
        let dialer = Arc::clone(&self.dialer);
        let connector =
            WebSocketConnector::new(dialer, options.socket_limits, self.entropy.clone());
        Session::new(config, Arc::new(connector), Arc::clone(tokens)).map_err(|_| {
            let url = options.coordinator_ws_url.as_str().to_owned();
            BuildError::Endpoint(InvalidEndpoint::Malformed { url })
        })
    }
}

fn default_dialer(options: &StreamVideoOptions) -> Result<Arc<dyn Dialer>, BuildError> {
    let proxy = match &options.proxy {
        Some(proxy) => proxy.clone(),
        None => Proxy::from_env().map_err(BuildError::Proxy)?,
    };
    let tcp = ProxyDialer::new(TcpDialer::new(options.timeouts.open), proxy);
    #[cfg(feature = "tls")]
    let tcp = video_transport::TlsDialer::new(tcp, options.tls_roots.clone());
    Ok(Arc::new(tcp))
}
