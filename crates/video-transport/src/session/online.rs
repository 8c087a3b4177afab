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
    /// Cancel safe: a loss goes on counting from where it began.
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
