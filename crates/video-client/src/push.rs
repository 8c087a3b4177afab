//! Pushes: registers the device of a user who is signed in, and forgets it when they sign out.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};
use video_transport::{ConnectionState, carry_subscriber};

use crate::devices::Devices;
use crate::guarded::guarded;

/// What a [`PushNotificationManager`] may fail with.
pub type PushError = Box<dyn std::error::Error + Send + Sync>;

/// Deals with the pushes of a platform. The application implements it, and gives the client a
/// [provider](crate::StreamVideoBuilder::push_notification_manager_provider) of it.
///
/// It is called by one task, one call at a time. Its errors and panics are logged; they fail
/// nothing.
///
/// # Examples
///
/// ```
/// use video_client::model::PushProvider;
/// use video_client::{Devices, PushError, PushNotificationManager, StreamVideo, User};
///
/// struct Firebase(Devices);
///
/// #[async_trait::async_trait]
/// impl PushNotificationManager for Firebase {
///     async fn register_device(&self) -> Result<(), PushError> {
///         Ok(self.0.create("token from Firebase", PushProvider::firebase()).await?)
///     }
///
///     async fn unregister_device(&self) -> Result<(), PushError> {
///         Ok(self.0.delete("token from Firebase").await?)
///     }
/// }
///
/// let builder = StreamVideo::builder("api-key", User::regular("john"))
///     .push_notification_manager_provider(Firebase);
/// ```
#[async_trait]
pub trait PushNotificationManager: Send + Sync + 'static {
    /// Tells the service where to send the pushes of the user. Called once the user is connected,
    /// and dropped unfinished if they disconnect meanwhile.
    ///
    /// # Errors
    ///
    /// Whatever went wrong. It is tried again after the next disconnect and connect.
    async fn register_device(&self) -> Result<(), PushError>;

    /// Tells the service to send no more. Begun before the connection is closed, which does not
    /// wait for its end; dropped unfinished after 10 s, or a second after the client is shut down.
    ///
    /// # Errors
    ///
    /// Whatever went wrong. It is not tried again.
    async fn unregister_device(&self) -> Result<(), PushError>;

    /// Called last, when the client is shut down, or dropped after it had connected; has a second.
    /// The device stays registered: pushes are for when the program does not run.
    async fn dispose(&self) {}
}

/// Keeps the device of a client registered as is wished.
pub(crate) struct Push {
    wish: watch::Sender<Wish>,
    phase: watch::Receiver<Phase>,
    task: Mutex<Task>,
}

enum Task {
    Ready(Box<Keeper>),
    Running(JoinHandle<()>),
    Over,
}

#[derive(Debug, Clone, Copy)]
struct Wish {
    device: Device,
    /// Whether the manager is to end.
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Device {
    Untouched,
    Registered,
    Unregistered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unregistered,
    Registering,
    Registered,
    Unregistering,
}

struct Keeper {
    manager: Box<dyn PushNotificationManager>,
    state: watch::Receiver<ConnectionState>,
    wish: watch::Receiver<Wish>,
    phase: watch::Sender<Phase>,
}

const REGISTER_LIMIT: Duration = Duration::from_secs(30);
const UNREGISTER_LIMIT: Duration = Duration::from_secs(10);
/// How long an unregistration may take once the client is shut down.
const LAST_UNREGISTER_LIMIT: Duration = Duration::from_secs(1);
const DISPOSE_LIMIT: Duration = Duration::from_secs(1);
/// How long a disconnect waits for the unregistration to begin.
const BEGIN_LIMIT: Duration = Duration::from_millis(100);

impl Push {
    pub(crate) fn new(
        manager: Box<dyn PushNotificationManager>,
        state: watch::Receiver<ConnectionState>,
    ) -> Self {
        let (wish, wishes) = watch::channel(Wish {
            device: Device::Untouched,
            over: false,
        });
        let (phases, phase) = watch::channel(Phase::Unregistered);
        let keeper = Keeper {
            manager,
            state,
            wish: wishes,
            phase: phases,
        };
        Self {
            wish,
            phase,
            task: Mutex::new(Task::Ready(Box::new(keeper))),
        }
    }

    /// Wishes the device to be registered once the client is connected, or not. One that is
    /// registered stays so.
    pub(crate) fn connecting(&self, register: bool) {
        match register {
            true => {
                self.wish_for(Device::Registered);
                self.start();
            }
            false if *self.phase.borrow() == Phase::Unregistered => {
                self.wish_for(Device::Untouched);
            }
            false => {}
        }
    }

    /// Wishes the device not to be registered, and waits until that has begun, not until it is
    /// so.
    pub(crate) async fn disconnecting(&self) {
        self.unregister(BEGIN_LIMIT, Phase::Unregistering).await;
    }

    /// Wishes the device not to be registered, and waits until it is so, within a limit.
    pub(crate) async fn forget(&self, limit: Duration) {
        self.unregister(limit, Phase::Unregistered).await;
    }

    async fn unregister(&self, limit: Duration, enough: Phase) {
        if self.wish.borrow().device == Device::Registered {
            self.wish_for(Device::Unregistered);
        }
        let mut phase = self.phase.clone();
        let done = phase.wait_for(|phase| *phase == enough || *phase == Phase::Unregistered);
        // Late, or the keeper is gone: nobody waits for it any longer.
        drop(timeout(limit, done).await);
    }

    fn wish_for(&self, device: Device) {
        self.wish.send_if_modified(|wish| {
            let modified = wish.device != device;
            wish.device = device;
            modified
        });
    }

    /// Ends the manager, after an unregistration that is wished for.
    pub(crate) async fn dispose(&self) {
        self.wish.send_modify(|wish| wish.over = true);
        self.start();
        let task = std::mem::replace(&mut *self.task(), Task::Over);
        if let Task::Running(task) = task
            && let Err(error) = task.await
        {
            warn!(%error, "the keeper of the push device is gone");
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the keeper, owned by the client; it ends itself when the client is dropped"
    )]
    fn start(&self) {
        let mut task = self.task();
        *task = match std::mem::replace(&mut *task, Task::Over) {
            Task::Ready(keeper) => Task::Running(tokio::spawn(carry_subscriber(keeper.run()))),
            other => other,
        };
    }

    fn task(&self) -> std::sync::MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    async fn run(mut self: Box<Self>) {
        // It fails once the client is dropped.
        while self.wish.has_changed().is_ok() {
            let wish = *self.wish.borrow_and_update();
            let phase = *self.phase.borrow();
            match (wish.device, phase) {
                (Device::Unregistered, Phase::Registering | Phase::Registered) => {
                    self.unregister().await;
                }
                _ if wish.over => break,
                (Device::Registered, Phase::Unregistered | Phase::Registering) => {
                    self.register().await;
                }
                _ => drop(self.wish.changed().await),
            }
        }
        // The client went before its last wish was seen.
        let phase = *self.phase.borrow();
        if self.wish.borrow().device == Device::Unregistered && phase != Phase::Unregistered {
            self.unregister().await;
        }
        match timeout(DISPOSE_LIMIT, guarded(self.manager.dispose())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the push notification manager ended badly"),
            Err(_) => warn!("the push notification manager took too long to dispose of itself"),
        }
    }

    /// Registers once there is a connection. Gives up when that is not wished for any more.
    async fn register(&mut self) {
        let (manager, state, phase) = (&self.manager, &mut self.state, &self.phase);
        let register = async {
            if state.wait_for(ConnectionState::is_connected).await.is_err() {
                return std::future::pending().await;
            }
            phase.send_replace(Phase::Registering);
            match timeout(REGISTER_LIMIT, guarded(manager.register_device())).await {
                Ok(Ok(Ok(()))) => debug!("the device is registered for pushes"),
                Ok(Ok(Err(error))) => warn!(%error, "the device could not be registered"),
                Ok(Err(error)) => warn!(%error, "the device could not be registered"),
                Err(_) => warn!("the device could not be registered in time"),
            }
            phase.send_replace(Phase::Registered);
        };
        let given_up = |wish: &Wish| wish.over || wish.device != Device::Registered;
        tokio::select! {
            biased;
            _ = self.wish.wait_for(given_up) => {}
            () = register => {}
        }
    }

    /// Unregisters. What has begun ends by itself or by its limit, whatever becomes of the client.
    async fn unregister(&mut self) {
        let unregister = pin!(guarded(self.manager.unregister_device()));
        let unregister = begin(unregister, || {
            self.phase.send_replace(Phase::Unregistering);
        });
        let wish = &mut self.wish;
        let limit = async {
            let over = async {
                // A client that is dropped leaves the whole time.
                if wish.wait_for(|wish| wish.over).await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep(LAST_UNREGISTER_LIMIT).await;
            };
            drop(timeout(UNREGISTER_LIMIT, over).await);
        };
        tokio::select! {
            biased;
            done = unregister => match done {
                Ok(Ok(())) => debug!("the device is no longer registered for pushes"),
                Ok(Err(error)) => warn!(%error, "the device could not be unregistered"),
                Err(error) => warn!(%error, "the device could not be unregistered"),
            },
            () = limit => warn!("the device could not be unregistered in time"),
        }
        self.phase.send_replace(Phase::Unregistered);
    }
}

/// The same future, which tells when it has been polled for the first time.
fn begin<F: Future>(
    mut future: Pin<&mut F>,
    begun: impl FnOnce(),
) -> impl Future<Output = F::Output> {
    let mut begun = Some(begun);
    poll_fn(move |context| {
        let poll = future.as_mut().poll(context);
        if let Some(begun) = begun.take() {
            begun();
        }
        poll
    })
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push")
            .field("wish", &*self.wish.borrow())
            .field("phase", &*self.phase.borrow())
            .finish_non_exhaustive()
    }
}

/// Makes the manager of a client, of the devices of its user.
pub(crate) struct PushProviderFn(
    Box<dyn FnOnce(Devices) -> Box<dyn PushNotificationManager> + Send>,
);

impl PushProviderFn {
    pub(crate) fn new<M: PushNotificationManager>(
        provider: impl FnOnce(Devices) -> M + Send + 'static,
    ) -> Self {
        Self(Box::new(|devices| Box::new(provider(devices))))
    }

    pub(crate) fn call(self, devices: Devices) -> Box<dyn PushNotificationManager> {
        (self.0)(devices)
    }
}

impl fmt::Debug for PushProviderFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushProviderFn")
    }
}
