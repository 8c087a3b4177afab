//! What a coordinator is built with.

use std::time::Duration;

use http::HeaderValue;

use crate::edge::Edge;

/// The settings that stay as they are while the coordinator lives.
pub(crate) struct Config {
    pub(crate) api_key: String,
    pub(crate) secret: String,
    /// How long a new socket may wait before its first frame.
    pub(crate) greeting_timeout: Duration,
    /// How long an authenticated socket may be silent.
    pub(crate) health_check_timeout: Option<Duration>,
    pub(crate) sfu: Sfu,
    pub(crate) edges: Vec<Edge>,
    /// Where clients seem to be; the hint says nothing without it.
    pub(crate) pop: Option<HeaderValue>,
    /// How long the token of a new guest is good.
    pub(crate) guest_token_lifetime: Duration,
    /// How many entries the journal keeps.
    pub(crate) journal_capacity: usize,
}

/// The media server that joining clients are sent to.
#[derive(Debug, Clone)]
pub(crate) struct Sfu {
    pub(crate) url: String,
    pub(crate) ws_endpoint: String,
}
