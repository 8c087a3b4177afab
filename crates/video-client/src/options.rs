//! What can be chosen about a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use video_auth::RefreshPolicy;
use video_core::{
    ClientTag, Endpoint, HeartbeatPolicy, ReconnectPolicy, RetryPolicy, StandardRetry,
    SystemWallClock, WallClock,
};
use video_sdp::SdpPolicy;
#[cfg(feature = "tls")]
use video_transport::TlsRoots;
use video_transport::{Dialer, Entropy, Proxy, RpcLimits, SessionTimeouts, SocketLimits};

use crate::latency::LatencySettings;
use crate::lifecycle::BackgroundPolicy;
use crate::logging::{LogHandler, LogPriority, LogRecord};

/// What can be chosen about a client. Everything has a default that suits production.
///
/// | option | default | effect |
/// |---|---|---|
/// | `coordinator_rpc_url` | `https://video.stream-io-api.com` | where requests go, to `/video/…` below it |
/// | `coordinator_ws_url` | `wss://video.stream-io-api.com/video/connect` | where the socket goes |
/// | `auto_connect` | `true` | the client connects as soon as it is built |
/// | `include_user_details_for_auto_connect` | `true` | the service is then told name, image and custom data |
/// | `mute_video_when_in_background` | `false` | the camera of active calls is turned off there, and on again |
/// | `mute_audio_when_in_background` | `false` | the same with the microphone |
/// | `keep_connections_alive_when_in_background` | `false` | the connection stays open there without an active call |
/// | `retry_policy` | [`StandardRetry`] | how often a request is attempted, and how fast |
/// | `reconnect_policy` | 0.5 s doubling to 25 s, full jitter | when a lost socket is dialled again |
/// | `heartbeat_policy` | ask at 25 s, dead at 35 s | when a silent service is given up |
/// | `refresh_policy` | off | whether a token is replaced before it ends |
/// | `loader_timeout` | 10 s | how long the token loader may take |
/// | `timeouts` | see [`SessionTimeouts`] | how long the steps of a connection may take |
/// | `auth_grace` | 2 s | how long an open socket waits for the token |
/// | `request_limits` | see [`RpcLimits`] | how long a request may take |
/// | `socket_limits` | 16 MiB, 5 s | the largest event, and how long a write may take |
/// | `max_response` | 16 MiB | the largest response |
/// | `event_buffer` | 1024 | how far a listener may fall behind |
/// | `location` | found out | where the user is said to be, such as `AMS` |
/// | `location_hint_url` | that of Stream | who is asked where the user is |
/// | `latency_settings` | 3 rounds, 3 s | how the latencies of edges are measured |
/// | `log_priority` | [`LogPriority::None`] | which log lines a handler of this client gets |
/// | `log_handler_function` | writes to the standard error | what is done with them |
/// | `app`, `device_model` | none | what the service is told about the program |
/// | `sdp_policy` | edits, no hook | what a media engine does to session descriptions |
/// | `allow_plain_text_to` | this machine alone | which other hosts may be reached without TLS |
/// | `proxy` | that of the environment | the HTTP proxy on the way; never to this machine |
/// | `tls_roots` | those of the platform | which certificates are trusted |
/// | `dialer` | TCP and TLS | how byte streams are opened |
/// | `wall_clock` | the system's | when tokens are replaced ahead, whether the host has slept, how far off a date of the service is |
/// | `entropy` | the operating system | where jitter and request ids come from |
///
/// # Examples
///
/// ```
/// use video_client::StreamVideoOptions;
///
/// let options = StreamVideoOptions::default()
///     .auto_connect(false)
///     .app("my-app", "1.2.3")
///     .event_buffer(256);
/// ```
#[derive(Debug, Clone)]
#[must_use = "options do nothing until given to a builder"]
pub struct StreamVideoOptions {
    pub(crate) coordinator_rpc_url: Address,
    pub(crate) coordinator_ws_url: Address,
    pub(crate) auto_connect: bool,
    pub(crate) include_user_details_for_auto_connect: bool,
    pub(crate) background: BackgroundPolicy,
    pub(crate) retry_policy: Arc<dyn RetryPolicy>,
    pub(crate) reconnect_policy: ReconnectPolicy,
    pub(crate) heartbeat_policy: HeartbeatPolicy,
    pub(crate) refresh_policy: RefreshPolicy,
    pub(crate) loader_timeout: Duration,
    pub(crate) timeouts: SessionTimeouts,
    pub(crate) request_limits: RpcLimits,
    pub(crate) socket_limits: SocketLimits,
    pub(crate) max_response: usize,
    pub(crate) event_buffer: usize,
    pub(crate) location: Option<String>,
    pub(crate) location_hint_url: Option<Address>,
    pub(crate) latency_settings: LatencySettings,
    pub(crate) log_priority: LogPriority,
    pub(crate) log_handler: Option<LogHandler>,
    pub(crate) client_tag: ClientTag,
    pub(crate) sdp_policy: SdpPolicy,
    pub(crate) plain_text_hosts: Vec<String>,
    pub(crate) proxy: Option<Proxy>,
    #[cfg(feature = "tls")]
    pub(crate) tls_roots: TlsRoots,
    pub(crate) dialer: Option<Arc<dyn Dialer>>,
    pub(crate) entropy: Option<Entropy>,
    pub(crate) wall_clock: Arc<dyn WallClock>,
}

/// An address that is not checked yet, and shown without what may be secret in it.
#[derive(Clone)]
pub(crate) struct Address(String);

impl Address {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = self.0.split(['?', '#']).next().unwrap_or_default();
        match bare.rsplit_once('@') {
            Some((_, host)) => write!(f, "\"…@{host}\""),
            None => fmt::Debug::fmt(bare, f),
        }
    }
}

impl Default for StreamVideoOptions {
    fn default() -> Self {
        Self {
            coordinator_rpc_url: Address(Endpoint::DEFAULT_REST.to_owned()),
            coordinator_ws_url: Address(Endpoint::DEFAULT_SOCKET.to_owned()),
            auto_connect: true,
            include_user_details_for_auto_connect: true,
            background: BackgroundPolicy::default(),
            retry_policy: Arc::new(StandardRetry),
            reconnect_policy: ReconnectPolicy::default(),
            heartbeat_policy: HeartbeatPolicy::default(),
            refresh_policy: RefreshPolicy::default(),
            loader_timeout: Duration::from_secs(10),
            timeouts: SessionTimeouts::default(),
            request_limits: RpcLimits::default(),
            socket_limits: SocketLimits::default(),
            max_response: 16 * 1024 * 1024,
            event_buffer: 1024,
            location: None,
            location_hint_url: None,
            latency_settings: LatencySettings::default(),
            log_priority: LogPriority::None,
            log_handler: None,
            client_tag: ClientTag::new(),
            sdp_policy: SdpPolicy::default(),
            plain_text_hosts: Vec::new(),
            proxy: None,
            #[cfg(feature = "tls")]
            tls_roots: TlsRoots::default(),
            dialer: None,
            entropy: None,
            wall_clock: Arc::new(SystemWallClock),
        }
    }
}

impl StreamVideoOptions {
    /// Sets the base of requests.
    pub fn coordinator_rpc_url(mut self, url: impl Into<String>) -> Self {
        self.coordinator_rpc_url = Address(url.into());
        self
    }

    /// Sets the address of the socket.
    pub fn coordinator_ws_url(mut self, url: impl Into<String>) -> Self {
        self.coordinator_ws_url = Address(url.into());
        self
    }

    /// Sets whether the client connects as soon as it is built.
    pub fn auto_connect(mut self, auto_connect: bool) -> Self {
        self.auto_connect = auto_connect;
        self
    }

    /// Sets whether the service is told name, image and custom data when the client connects by
    /// itself.
    pub fn include_user_details_for_auto_connect(mut self, include: bool) -> Self {
        self.include_user_details_for_auto_connect = include;
        self
    }

    /// Sets whether the camera of active calls is turned off in the background. What was on is
    /// turned on again in the foreground.
    pub fn mute_video_when_in_background(mut self, mute: bool) -> Self {
        self.background.mute_camera = mute;
        self
    }

    /// Sets whether the microphone of active calls is turned off in the background. What was on
    /// is turned on again in the foreground.
    pub fn mute_audio_when_in_background(mut self, mute: bool) -> Self {
        self.background.mute_microphone = mute;
        self
    }

    /// Sets whether the connection stays open in the background when no call is active.
    pub fn keep_connections_alive_when_in_background(mut self, keep: bool) -> Self {
        self.background.keep_connection = keep;
        self
    }

    /// Sets how often a request is attempted.
    pub fn retry_policy(mut self, policy: impl RetryPolicy + 'static) -> Self {
        self.retry_policy = Arc::new(policy);
        self
    }

    /// Sets when a lost socket is dialled again.
    pub fn reconnect_policy(mut self, policy: ReconnectPolicy) -> Self {
        self.reconnect_policy = policy;
        self
    }

    /// Sets when a silent service is asked, and given up.
    pub fn heartbeat_policy(mut self, policy: HeartbeatPolicy) -> Self {
        self.heartbeat_policy = policy;
        self
    }

    /// Sets whether a token is replaced before it ends.
    pub fn refresh_policy(mut self, policy: RefreshPolicy) -> Self {
        self.refresh_policy = policy;
        self
    }

    /// Sets how long the token loader may take.
    pub fn loader_timeout(mut self, limit: Duration) -> Self {
        self.loader_timeout = limit;
        self
    }

    /// Sets how long the steps of a connection may take.
    pub fn timeouts(mut self, timeouts: SessionTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets how long an open socket waits for the token.
    pub fn auth_grace(mut self, grace: Duration) -> Self {
        self.timeouts.auth_grace = grace;
        self
    }

    /// Sets how long `connect()` waits, all attempts together.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.timeouts.connect = limit;
        self
    }

    /// Sets how long a request may take.
    pub fn request_limits(mut self, limits: RpcLimits) -> Self {
        self.request_limits = limits;
        self
    }

    /// Sets the largest event, and how long a write may take.
    pub fn socket_limits(mut self, limits: SocketLimits) -> Self {
        self.socket_limits = limits;
        self
    }

    /// Sets the largest response, in bytes.
    pub fn max_response(mut self, bytes: usize) -> Self {
        self.max_response = bytes;
        self
    }

    /// Sets how many items a listener may fall behind before it loses the oldest: 1 to
    /// 65,536, and the next power of two. What is beyond counts as the nearest of these.
    pub fn event_buffer(mut self, items: usize) -> Self {
        self.event_buffer = items;
        self
    }

    /// Sets where the user is, such as `AMS`, instead of finding it out.
    pub fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Sets who is asked where the user is. Without it Stream is, unless the service itself is on
    /// this machine, where the question has no meaning.
    pub fn location_hint_url(mut self, url: impl Into<String>) -> Self {
        self.location_hint_url = Some(Address(url.into()));
        self
    }

    /// Sets how the latencies of edges are measured.
    pub fn latency_settings(mut self, settings: LatencySettings) -> Self {
        self.latency_settings = settings;
        self
    }

    /// Sets from which priority on the log lines of this client are handed to a handler of its own.
    ///
    /// With [`LogPriority::None`] there are none, and what is logged goes to `tracing` alone, as
    /// it does in any case. With another and no [handler](Self::log_handler_function) the lines
    /// are written to the standard error.
    pub fn log_priority(mut self, priority: LogPriority) -> Self {
        self.log_priority = priority;
        self
    }

    /// Sets what gets the log lines of this client, and of no other, from the
    /// [priority](Self::log_priority) on. Tokens and other secrets are in none of them.
    ///
    /// The handler is called where the line is logged, so it must not block. It lives as long as
    /// the client: one that holds the client keeps it alive for ever. What it logs itself
    /// through `tracing` is lost, and if it panics that is caught and reported once.
    ///
    /// The subscriber of `tracing` that is current when the client is built, or at a later call of
    /// it if there was none, hears all that it would hear without a handler. But with one, as with
    /// every subscriber, the feature `log` of `tracing` falls silent.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_client::{LogPriority, StreamVideoOptions};
    ///
    /// let options = StreamVideoOptions::default()
    ///     .log_priority(LogPriority::Info)
    ///     .log_handler_function(|line| {
    ///         if line.priority() >= LogPriority::Warning || line.tag().ends_with("session::driver") {
    ///             println!("[{}] {}", line.tag(), line.message());
    ///         }
    ///     });
    /// ```
    pub fn log_handler_function(
        mut self,
        handler: impl Fn(&LogRecord<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.log_handler = Some(LogHandler::new(handler));
        self
    }

    /// Tells the service the name and the version of the program.
    pub fn app(mut self, name: &str, version: &str) -> Self {
        self.client_tag = self.client_tag.app(name, version);
        self
    }

    /// Tells the service the model of the device.
    pub fn device_model(mut self, model: &str) -> Self {
        self.client_tag = self.client_tag.device_model(model);
        self
    }

    /// Sets what a media engine does to session descriptions. It finds the policy in
    /// [`StreamVideo::sdp_policy`](crate::StreamVideo::sdp_policy).
    pub fn sdp_policy(mut self, policy: SdpPolicy) -> Self {
        self.sdp_policy = policy;
        self
    }

    /// Permits addresses without TLS on a host of this name, in which there is no port. Whoever is
    /// on the way can then read all that is sent, tokens included: this is for a service on a
    /// network of your own. This machine needs no permission.
    pub fn allow_plain_text_to(mut self, host: impl Into<String>) -> Self {
        self.plain_text_hosts.push(host.into());
        self
    }

    /// Sets the HTTP proxy on the way. Without it, the one that `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY` name when the client is built. Without effect on a
    /// [dialer](Self::dialer) of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_client::{Proxy, StreamVideoOptions};
    ///
    /// let options = StreamVideoOptions::default().proxy(Proxy::url("http://proxy.example.test:3128")?);
    /// let direct = StreamVideoOptions::default().proxy(Proxy::none());
    /// # Ok::<(), video_client::InvalidProxy>(())
    /// ```
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets which certificates are trusted.
    #[cfg(feature = "tls")]
    pub fn tls_roots(mut self, roots: TlsRoots) -> Self {
        self.tls_roots = roots;
        self
    }

    /// Sets how byte streams are opened. It has to encrypt where the target asks for it.
    pub fn dialer(mut self, dialer: impl Dialer + 'static) -> Self {
        self.dialer = Some(Arc::new(dialer));
        self
    }

    /// Sets what tells the time of day: when a token is to be replaced ahead, whether the host has
    /// slept, and how far off the date is until which the service asks for a wait.
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.wall_clock = Arc::new(clock);
        self
    }

    /// Sets where jitter and request ids come from.
    pub fn entropy(mut self, entropy: Entropy) -> Self {
        self.entropy = Some(entropy);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_options_is_shown_without_its_password() {
        let options = StreamVideoOptions::default()
            .coordinator_rpc_url("https://joe:hush@h.test/?key=hush")
            .location_hint_url("https://joe:hush@hint.test");
        let shown = format!("{options:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("…@h.test/") && shown.contains("wss://video.stream"));
    }
}
