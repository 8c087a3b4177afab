//! How a coordinator is described.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use super::Coordinator;
use crate::clock::{VirtualWallClock, machine_time};
use crate::config::{Config, Sfu};
use crate::edge::Edge;
use crate::shared::Shared;

/// 2026-01-01T00:00:00Z, since the beginning of 1970.
const BASE_TIME: Duration = Duration::from_hours(20_454 * 24);

const JOURNAL_CAPACITY: usize = 100_000;

const GUEST_TOKEN_LIFETIME: Duration = Duration::from_hours(1);

const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// Describes a [`Coordinator`].
#[must_use = "a description alone serves nobody"]
pub struct CoordinatorBuilder {
    config: Config,
    base_time: SystemTime,
    seed: u64,
}

impl CoordinatorBuilder {
    pub(super) fn new(api_key: String, secret: String) -> Self {
        Self {
            config: Config {
                api_key,
                secret,
                greeting_timeout: GREETING_TIMEOUT,
                health_check_timeout: None,
                sfu: Sfu {
                    url: "https://sfu.example.test/twirp".to_owned(),
                    ws_endpoint: "wss://sfu.example.test/ws".to_owned(),
                },
                edges: Edge::defaults(),
                pop: Some(HeaderValue::from_static("AMS1-P2")),
                guest_token_lifetime: GUEST_TOKEN_LIFETIME,
                journal_capacity: JOURNAL_CAPACITY,
            },
            base_time: SystemTime::UNIX_EPOCH + BASE_TIME,
            seed: 0,
        }
    }

    /// Closes authenticated sockets whose client sends nothing for this long. Off by default.
    pub fn health_check_timeout(mut self, patience: Duration) -> Self {
        self.config.health_check_timeout = Some(patience);
        self
    }

    /// How long a new socket may wait before its first frame; 10 seconds by default.
    pub fn greeting_timeout(mut self, patience: Duration) -> Self {
        self.config.greeting_timeout = patience;
        self
    }

    /// The time of day at which the coordinator's clock starts; the beginning of 2026 by default.
    pub fn base_time(mut self, time: SystemTime) -> Self {
        self.base_time = time;
        self
    }

    /// Starts the coordinator's clock at the time of the machine.
    pub fn real_clock(self) -> Self {
        self.base_time(machine_time())
    }

    /// Where joining clients are sent: the base of the media server's RPCs, which ends in `/twirp`,
    /// and its WebSocket.
    pub fn sfu(mut self, url: impl Into<String>, ws_endpoint: impl Into<String>) -> Self {
        self.config.sfu = Sfu {
            url: url.into(),
            ws_endpoint: ws_endpoint.into(),
        };
        self
    }

    /// The edges that are listed; three of them, on three continents, by default.
    pub fn edges(mut self, edges: impl IntoIterator<Item = Edge>) -> Self {
        self.config.edges = edges.into_iter().collect();
        self
    }

    /// The point of presence that the location hint names; `AMS1-P2` by default.
    ///
    /// # Panics
    ///
    /// If the text can not stand in a header.
    pub fn pop(mut self, pop: &str) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text comes from the author of a test"
        )]
        let pop = HeaderValue::from_str(pop).expect("a point of presence is visible ASCII");
        self.config.pop = Some(pop);
        self
    }

    /// Lets the location hint name no point of presence.
    pub fn without_pop(mut self) -> Self {
        self.config.pop = None;
        self
    }

    /// How long the token is good that a new guest gets, in whole seconds; an hour by default.
    pub fn guest_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.guest_token_lifetime = lifetime;
        self
    }

    /// How many entries the journal keeps, at least one; 100 000 by default.
    pub fn journal_capacity(mut self, entries: usize) -> Self {
        self.config.journal_capacity = entries;
        self
    }

    /// Chooses another sequence of ids. The same seed gives the same ids.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes the coordinator. Its clock starts now.
    ///
    /// With paused time, call it inside the runtime.
    #[must_use]
    pub fn build(self) -> Coordinator {
        let clock = VirtualWallClock::starting_at(self.base_time);
        Coordinator::new(Shared::new(self.config, clock, self.seed))
    }
}

impl fmt::Debug for CoordinatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoordinatorBuilder")
            .field("api_key", &self.config.api_key)
            .field("secret", &"[redacted]")
            .field("greeting_timeout", &self.config.greeting_timeout)
            .field("health_check_timeout", &self.config.health_check_timeout)
            .field("base_time", &self.base_time)
            .field("sfu", &self.config.sfu)
            .field("edges", &self.config.edges)
            .field("pop", &self.config.pop)
            .field("guest_token_lifetime", &self.config.guest_token_lifetime)
            .field("journal_capacity", &self.config.journal_capacity)
            .field("seed", &self.seed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_key_and_hides_the_secret() {
        let builder = Coordinator::builder("the-key", "hush-hush");
        let shown = format!(
            "{builder:?} {:?}",
            Coordinator::builder("the-key", "hush-hush").build()
        );
        assert_eq!(shown.matches("the-key").count(), 2);
        assert!(!shown.contains("hush"));
    }
}
