//! When to ask whether the peer still lives, and when to stop believing it.

use std::time::Duration;

/// The numbers of the keep-alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeartbeatPolicy {
    /// Time between two health checks that we send. 25 s; a session takes less than 1 s for 1 s.
    pub interval: Duration,
    /// Silence after which the peer counts as dead. 35 s. Any frame breaks the silence.
    pub idle: Duration,
    /// How long the peer may take to answer when there is reason to doubt it: the host's network
    /// changed, or the host slept. 2 s.
    pub probe: Duration,
}

impl Default for HeartbeatPolicy {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(25),
            idle: Duration::from_secs(35),
            probe: Duration::from_secs(2),
        }
    }
}
