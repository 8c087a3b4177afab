#![doc = include_str!("../README.md")]

mod api_error;
mod client_tag;
mod endpoint;
pub mod event;
mod failure;
mod id;
mod json;
mod lenient;
pub mod model;
mod policy;
mod redact;
mod time;
mod token;
mod user;

pub use api_error::{ApiCode, ApiError};
pub use client_tag::ClientTag;
pub use endpoint::{Endpoint, InvalidEndpoint, is_loopback};
pub use event::{Event, EventPayload, InvalidEvent};
pub use failure::{Classify, FailureClass, Idempotency};
pub use id::{ApiKey, CallCid, CallId, CallType, ConnectionId, InvalidId, UserId};
pub use json::Json;
#[cfg(feature = "test-util")]
pub use policy::MockRetryPolicy;
pub use policy::{
    HeartbeatPolicy, NeverRetry, Pace, ReconnectPolicy, RetryBudget, RetryPolicy, StandardRetry,
};
pub use redact::{REDACTED, redact_tokens, redact_uri};
pub use time::{SystemWallClock, Timestamp, WallClock, since_epoch};
#[cfg(feature = "test-util")]
pub use token::MockTokenSource;
pub use token::{TokenError, TokenErrorKind, TokenSource, UserToken};
pub use user::{ANONYMOUS_ID, User, UserDetails, UserKind};
