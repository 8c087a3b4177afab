//! Where tokens are loaded from: slow, failing and forgetful as the plan says.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use video_client::WallClock as _;
use video_testkit::{Coordinator, TokenSpec};

use crate::host::HostClock;
use crate::witness::{LoadTrouble, Wire};

/// What a loader does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Gives a token after this time.
    Good(Duration),
    /// Fails after this time.
    Fails(Duration),
    Hangs,
    Panics,
    /// Gives what is no token.
    Malformed,
    /// Gives a token of another user.
    SomebodyElse,
    /// Gives the token again that it gave last.
    Repeats,
}

/// A cheap handle to the loader of one user, over the lives of all of their clients.
#[derive(Clone)]
pub(crate) struct Desk {
    coordinator: Coordinator,
    wire: Wire,
    host: HostClock,
    user: String,
    lifetime: Duration,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    last: Option<String>,
}

impl Desk {
    pub(crate) fn new(
        coordinator: Coordinator,
        wire: Wire,
        host: HostClock,
        user: &str,
        lifetime: Duration,
    ) -> Self {
        let state = State {
            mode: Mode::Good(Duration::ZERO),
            last: None,
        };
        Self {
            coordinator,
            wire,
            host,
            user: user.to_owned(),
            lifetime,
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// A token that was never used.
    pub(crate) fn issue(&self) -> String {
        let spec = TokenSpec::user(self.user.as_str()).expires_in(self.lifetime);
        let token = self.coordinator.token_with(spec);
        self.state().last = Some(token.clone());
        token
    }

    /// What the loader of a client does.
    pub(crate) async fn load(self, client: usize) -> Result<String, String> {
        let mode = self.state().mode;
        let now = self.coordinator.clock().elapsed();
        let words = format!("client {client} calls its loader: {mode:?}");
        self.wire.lock().note(now, words);
        let mut call = Call::begin(&self, client);
        match mode {
            Mode::Good(pause) => {
                sleep(pause).await;
                let token = self.issue();
                call.good = Some(token.clone());
                Ok(token)
            }
            Mode::Fails(pause) => {
                sleep(pause).await;
                Err("the backend is down".to_owned())
            }
            Mode::Hangs => std::future::pending().await,
            Mode::Panics => resume_unwind(Box::new("the loader panics")),
            Mode::Malformed => {
                call.trouble = Some(LoadTrouble::Malformed);
                Ok("no token".to_owned())
            }
            Mode::SomebodyElse => {
                call.trouble = Some(LoadTrouble::SomebodyElse);
                Ok(self.coordinator.token("somebody-else"))
            }
            Mode::Repeats => {
                let last = self.state().last.clone();
                call.good.clone_from(&last);
                last.ok_or_else(|| "there is none yet".to_owned())
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call of the loader that is not over.
struct Call<'a> {
    desk: &'a Desk,
    client: usize,
    good: Option<String>,
    trouble: Option<LoadTrouble>,
}

impl<'a> Call<'a> {
    fn begin(desk: &'a Desk, client: usize) -> Self {
        let mut witness = desk.wire.lock();
        witness.client(client).load_begins(desk.host.now());
        Self {
            desk,
            client,
            good: None,
            trouble: None,
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let (good, trouble) = (self.good.take(), self.trouble.take());
        let (wall, now) = (
            self.desk.host.now(),
            self.desk.coordinator.clock().elapsed(),
        );
        let mut witness = self.desk.wire.lock();
        let client = witness.client(self.client);
        client.load_ends(good, trouble, (wall, now));
    }
}
