//! The client of the process, for programs that want one within reach everywhere.

use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::builder::{BuildError, StreamVideoBuilder};
use crate::client::{SigningOut, StreamVideo};
use crate::error::{Error, Result};

/// What is installed, and what makes room for it.
#[derive(Default)]
struct Slot {
    client: Option<StreamVideo>,
    /// Whether a client is being built for it.
    reserved: bool,
    /// Clients that were replaced and disconnect.
    leaving: JoinSet<()>,
}

static SLOT: LazyLock<Mutex<Slot>> = LazyLock::new(Mutex::default);

fn slot() -> std::sync::MutexGuard<'static, Slot> {
    SLOT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StreamVideo {
    /// The client that was [installed](StreamVideoBuilder::install).
    ///
    /// # Errors
    ///
    /// An [`Error`] of kind [`NotInstalled`](crate::ErrorKind::NotInstalled) if none was.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use video_client::StreamVideo;
    ///
    /// # async fn example() -> Result<(), video_client::Error> {
    /// StreamVideo::instance()?.connect().include_user_details(false).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn instance() -> Result<Self> {
        slot().client.clone().ok_or_else(Error::not_installed)
    }

    /// Whether a client is installed.
    #[must_use]
    pub fn is_initialized() -> bool {
        slot().client.is_some()
    }

    /// Forgets the installed client, and disconnects it first if so told. Without `disconnect` it
    /// goes on for those who hold a clone, and ends if nobody does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the client is forgotten when this is first polled, and is disconnected all
    /// the same.
    pub async fn reset(disconnect: bool) {
        let client = slot().client.take();
        if let Some(client) = client
            && disconnect
        {
            client.disconnect().await;
        }
    }
}

impl StreamVideoBuilder {
    /// Builds the client and makes it [`StreamVideo::instance`].
    ///
    /// If there is one already this fails before anything has started, unless
    /// [`fail_if_singleton_exists`](Self::fail_if_singleton_exists) is off: then the old one is
    /// disconnected, in the background, and replaced. Of two installs at once one fails in any
    /// case.
    ///
    /// # Errors
    ///
    /// [`BuildError`] as of [`build`](Self::build), and [`BuildError::AlreadyInstalled`]. The
    /// installed client stays as it was.
    pub fn install(self) -> std::result::Result<StreamVideo, BuildError> {
        let _reservation = Reservation::new(self.must_be_alone())?;
        let client = self.build()?;
        put(client.clone());
        Ok(client)
    }
}

/// A claim on the slot. Building may call the application, so the slot is not locked meanwhile.
struct Reservation;

impl Reservation {
    fn new(must_be_alone: bool) -> std::result::Result<Self, BuildError> {
        let mut slot = slot();
        if slot.reserved || (must_be_alone && slot.client.is_some()) {
            return Err(BuildError::AlreadyInstalled);
        }
        if slot.client.is_some() && Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        slot.reserved = true;
        Ok(Self)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        slot().reserved = false;
    }
}

/// Installs a client for which there is a reservation.
fn put(client: StreamVideo) {
    let mut slot = slot();
    while slot.leaving.try_join_next().is_some() {}
    let signing_out = match &slot.client {
        // Their device is the new one's too.
        Some(old) if old.is_of_the_user_of(&client) => SigningOut::No,
        _ => SigningOut::Yes,
    };
    if let Some(old) = slot.client.replace(client) {
        slot.leaving
            .spawn(async move { old.leave(signing_out).await });
    }
}
