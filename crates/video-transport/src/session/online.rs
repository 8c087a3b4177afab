//! Whether the user is online, without the blips.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::state::{ConnectionState, Network};

/// Whether the user is online, for a user interface: an outage is told once, and only if it lasts.
///
/// A connection that was lost counts as an outage after 5 s. One that is not wished for, or that
/// can not be because the host has no network, does so at once. A connection that is made is told
/// at once. [`ConnectionState`] has no such delay.
///
/// # Examples
///
/// ```no_run
/// # async fn example(mut online: video_transport::Online) {
/// while let Some(online) = online.changed().await {
///     println!("{}", if online { "back" } else { "offline" });
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Online {
    state: watch::Receiver<ConnectionState>,
    network: watch::Receiver<Network>,
    told: bool,
    /// When the loss that is not told yet becomes an outage.
    outage_at: Option<Instant>,
}

/// How long a loss may last before it is an outage.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the state says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Online,
    /// Lost, and perhaps back in a moment.
    Lost,
    Offline,
}

impl Online {
    /// What is the case is taken as told.
    #[must_use]
    pub fn new(state: watch::Receiver<ConnectionState>, network: watch::Receiver<Network>) -> Self {
        let mut this = Self {
            state,
            network,
            told: false,
            outage_at: None,
        };
        this.told = this.look() == Now::Online;
        this
    }

    /// What was told last.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.told
    }

    /// Waits until it is otherwise. `None` once the client is gone or shut down for ever.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a loss goes on counting from where it was first seen by this.
    pub async fn changed(&mut self) -> Option<bool> {
        loop {
            let online = match (self.look(), self.told) {
                (Now::Online, false) => Some(true),
                (Now::Offline, true) => Some(false),
                (Now::Lost, true) => {
                    let outage_at = *self.outage_at.get_or_insert_with(|| now() + PATIENCE);
                    (now() >= outage_at).then_some(false)
                }
                (Now::Online, true) | (Now::Lost | Now::Offline, false) => {
                    self.outage_at = None;
                    None
                }
            };
            if let Some(online) = online {
                self.outage_at = None;
                self.told = online;
                return Some(online);
            }
            let outage_at = self.outage_at;
            tokio::select! {
                biased;
                changed = self.state.changed() => changed.ok()?,
                changed = self.network.changed() => changed.ok()?,
                () = until(outage_at) => {}
            }
        }
    }

    fn look(&mut self) -> Now {
        let has_network = *self.network.borrow_and_update() == Network::Online;
        match &*self.state.borrow_and_update() {
            _ if !has_network => Now::Offline,
            ConnectionState::Connected { .. } => Now::Online,
            ConnectionState::Connecting { .. } | ConnectionState::Reconnecting { .. } => Now::Lost,
            ConnectionState::Idle
            | ConnectionState::Paused
            | ConnectionState::Offline { .. }
            | ConnectionState::Disconnected { .. } => Now::Offline,
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "counts how long a loss lasts")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;
    use video_core::ConnectionId;

    use super::*;
    use crate::error::{ConnectError, ConnectErrorKind};

    const SECOND: Duration = Duration::from_secs(1);

    fn connected() -> ConnectionState {
        ConnectionState::Connected {
            connection_id: ConnectionId::new("c1"),
        }
    }

    fn lost() -> ConnectionState {
        ConnectionState::Reconnecting {
            attempt: 1,
            cause: ConnectError::new(ConnectErrorKind::Broken),
            next_at: now().into_std(),
        }
    }

    /// Promise: W32
    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_once_after_five_seconds_and_its_end_at_once() {
        let (state, states) = watch::channel(connected());
        let (_network, networks) = watch::channel(Network::Online);
        let mut online = Online::new(states, networks);
        assert!(online.is_online());
        let start = now();
        state.send_replace(lost());
        assert!(timeout(2 * SECOND, online.changed()).await.is_err());
        // Another failure of the same outage does not begin it anew.
        state.send_replace(ConnectionState::Connecting { attempt: 1 });
        assert_eq!(online.changed().await, Some(false));
        assert_eq!(start.elapsed(), 5 * SECOND);
        state.send_replace(lost());
        assert!(timeout(60 * SECOND, online.changed()).await.is_err());
        state.send_replace(connected());
        let start = now();
        assert_eq!(online.changed().await, Some(true));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_blip_is_not_told_and_the_next_has_all_of_its_time() {
        let (state, states) = watch::channel(connected());
        let (_network, networks) = watch::channel(Network::Online);
        let mut online = Online::new(states, networks);
        for _ in 0..3 {
            state.send_replace(lost());
            assert!(timeout(4 * SECOND, online.changed()).await.is_err());
            state.send_replace(connected());
            assert!(timeout(SECOND, online.changed()).await.is_err());
        }
        assert!(online.is_online());
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_host_says_and_what_is_wished_for_is_told_at_once() {
        let (state, states) = watch::channel(connected());
        let (network, networks) = watch::channel(Network::Online);
        let mut online = Online::new(states, networks);
        let start = now();
        network.send_replace(Network::Offline);
        assert_eq!(online.changed().await, Some(false));
        assert!(!online.is_online());
        network.send_replace(Network::Online);
        assert_eq!(online.changed().await, Some(true));
        state.send_replace(ConnectionState::Paused);
        assert_eq!(online.changed().await, Some(false));
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(state);
        assert_eq!(online.changed().await, None);
    }
}
