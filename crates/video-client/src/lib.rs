#![doc = include_str!("../README.md")]

mod api;
mod builder;
mod call;
mod client;
mod devices;
mod edges;
mod error;
mod guarded;
mod guest;
mod identity;
mod installed;
mod latency;
mod lifecycle;
mod location;
mod logging;
mod options;
mod parts;
mod push;
mod rewatch;
mod wiring;

pub use builder::{BuildError, StreamVideoBuilder};
pub use call::{
    Call, EndCall, GetCall, GetOrCreateCall, JoinCall, SendCustomEvent, UNKNOWN_LOCATION,
    UpdateCall,
};
pub use client::{Connect, StreamVideo};
pub use devices::{CreateDevice, Devices};
pub use error::{Error, ErrorKind, Result};
pub use latency::{EdgeLatency, LatencySettings};
pub use lifecycle::{ActiveCall, ActiveCallMedia, Lifecycle, MediaError, MediaSource};
pub use logging::{LogMessage, LogPriority, LogRecord};
pub use options::StreamVideoOptions;
#[cfg(feature = "test-util")]
pub use parts::Parts;
pub use push::{PushError, PushNotificationManager};
/// What a test puts in the place of the network, or of a whole layer.
#[cfg(feature = "test-util")]
pub mod test_util {
    pub use video_auth::test_util::{ScriptedLoader, unsigned_token};
    pub use video_core::MockTokenSource;
    pub use video_transport::test_util::{
        DialerFn, HttpFn, MockEventChannel, MockHttpTransport, MockRpcTransport, dialer_fn, http_fn,
    };
    pub use video_transport::{
        EventChannel, HttpError, HttpErrorKind, HttpTransport, RpcRequest, RpcResponse,
        RpcTransport,
    };
}
pub use video_auth::{LoadTokenError, OnTokenUpdated, RefreshPolicy, TokenClaims, TokenLoader};
pub use video_core::{
    ApiCode, ApiError, CallCid, Classify, ConnectionId, Event, EventPayload, FailureClass,
    HeartbeatPolicy, InvalidEndpoint, InvalidEvent, InvalidId, Json, NeverRetry, ReconnectPolicy,
    RetryPolicy, StandardRetry, Timestamp, TokenErrorKind, User, UserId, UserKind, UserToken,
    WallClock, event, model,
};
pub use video_sdp::{SdpKind, SdpPolicy, SdpSettings};
#[cfg(feature = "tls")]
pub use video_transport::TlsRoots;
pub use video_transport::{
    ConnectError, ConnectErrorKind, ConnectionState, DialErrorKind, Dialer, DisconnectReason,
    Entropy, EventItem, EventStream, Events, InvalidProxy, Network, NotConnected, Online, Phase,
    Proxy, RpcErrorKind, RpcLimits, SessionTimeouts, SkippedFrame, SocketLimits, WaitError,
};

/// Signing is no part of a client.
///
/// ```compile_fail
/// use video_client::TokenSigner;
/// ```
#[cfg(doctest)]
struct NoSigner;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct TopLevelReadme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/GUIDE.md")]
struct Guide;
