//! The handle of a session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::Uri;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use video_core::model::OwnUser;
use video_core::{
    ApiKey, ClientTag, Endpoint, HeartbeatPolicy, ReconnectPolicy, SystemWallClock, TokenSource,
    User, UserToken, WallClock,
};

use super::codec::socket_uri;
use super::driver::{Command, Driver};
use super::events::Events;
use super::hub::Hub;
use super::machine::{Machine, Policies};
use super::me::Me;
use super::sleep_watch::SleepWatch;
use super::state::{ConnectionState, Network};
use super::wishes::Wishes;
use super::{ConnectOptions, ConnectionGate, EventChannel};
use crate::carry::carry_subscriber;
use crate::entropy::Entropy;
use crate::error::{ConnectError, ConnectErrorKind, Phase};
use crate::socket::EventConnector;

/// How long the steps of a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionTimeouts {
    /// How long whoever connects waits, all attempts together. 15 s.
    pub connect: Duration,
    /// Reaching the host and agreeing to a WebSocket. 5 s.
    pub open: Duration,
    /// The service's answer to the token. 5 s.
    pub greeting: Duration,
    /// How long an open socket waits for a token before it is given up. 2 s.
    pub auth_grace: Duration,
    /// The token, should its source not end by itself. 15 s.
    pub token: Duration,
    /// The service's answer to a close. 1 s.
    pub close: Duration,
}

impl Default for SessionTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            open: Duration::from_secs(5),
            greeting: Duration::from_secs(5),
            auth_grace: Duration::from_secs(2),
            token: Duration::from_secs(15),
            close: Duration::from_secs(1),
        }
    }
}

impl SessionTimeouts {
    /// The same, but so that no moment is beyond what a clock can tell.
    fn capped(self) -> Self {
        let cap = |timeout: Duration| timeout.min(FOR_EVER);
        Self {
            connect: cap(self.connect),
            open: cap(self.open),
            greeting: cap(self.greeting),
            auth_grace: cap(self.auth_grace),
            token: cap(self.token),
            close: cap(self.close),
        }
    }
}

/// What a session is made of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The address of the socket.
    pub socket: Uri,
    /// The application.
    pub api_key: ApiKey,
    /// The user, who may become another before each authentication, as a guest does.
    pub user: watch::Receiver<Arc<User>>,
    /// How the client introduces itself.
    pub client_tag: ClientTag,
    /// When a lost socket is dialled again.
    pub reconnect: ReconnectPolicy,
    /// When a silent peer is asked and when it counts as dead.
    pub heartbeat: HeartbeatPolicy,
    /// How long the steps may take.
    pub timeouts: SessionTimeouts,
    /// How many items a listener may fall behind: 1 to 65,536, and the next power of two.
    pub event_buffer: usize,
    /// Where jitter comes from.
    pub entropy: Entropy,
    /// Tells, beside the monotonic clock, that the host has slept.
    pub wall_clock: Arc<dyn WallClock>,
}

impl SessionConfig {
    /// The usual configuration, of a user who stays who they are.
    #[must_use]
    pub fn new(endpoint: &Endpoint, api_key: ApiKey, user: Arc<User>) -> Self {
        let (_, user) = watch::channel(user);
        Self {
            socket: endpoint.socket().clone(),
            api_key,
            user,
            client_tag: ClientTag::new(),
            reconnect: ReconnectPolicy::default(),
            heartbeat: HeartbeatPolicy::default(),
            timeouts: SessionTimeouts::default(),
            event_buffer: EVENT_BUFFER,
            entropy: Entropy::from_os(),
            wall_clock: Arc::new(SystemWallClock),
        }
    }
}

/// Longer than any program runs, and short enough to be added to any moment.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
const EVENT_BUFFER: usize = 1024;
/// Boxed, because a queue of the runtime has room for 32 from the start.
const COMMANDS: usize = 32;
/// The least time between two pings, so that a session does more than to ask.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// How much longer than the connect timeout a waiter stays, so that the machine's word comes first.
const MARGIN: Duration = Duration::from_secs(1);

/// A supervised session. Nothing runs before it is first told to connect.
///
/// Dropping it closes the socket politely, in the background and within the close timeout. A
/// message that is being written has its own time before that, see
/// [`SocketLimits`](crate::SocketLimits).
#[derive(Debug)]
pub struct Session {
    commands: mpsc::Sender<Box<Command>>,
    hub: Arc<Hub>,
    state: watch::Receiver<ConnectionState>,
    me: watch::Receiver<Option<Arc<OwnUser>>>,
    network: watch::Sender<Network>,
    wishes: Wishes,
    connect_timeout: Duration,
    /// Kept free for a wish to end that must not be lost.
    place: Mutex<Option<mpsc::OwnedPermit<Box<Command>>>>,
    task: Mutex<Task>,
}

#[derive(Debug)]
enum Task {
    Ready(Box<Driver>),
    Running(JoinHandle<()>),
    Over,
}

impl Session {
    /// A session over sockets of `connector`, with tokens of `tokens`.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] of kind [`ConnectErrorKind::Handshake`] if the address takes no query.
    pub fn new(
        config: SessionConfig,
        connector: Arc<dyn EventConnector>,
        tokens: Arc<dyn TokenSource>,
    ) -> Result<Self, ConnectError> {
        let uri =
            socket_uri(&config.socket, &config.api_key, &config.client_tag).map_err(|error| {
                ConnectError::new(ConnectErrorKind::Handshake { status: None }).caused_by(error)
            })?;
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let (state_sender, state) = watch::channel(ConnectionState::Idle);
        let (me_sender, me) = Me::new();
        let network = watch::Sender::new(Network::Online);
        let hub = Arc::new(Hub::new(config.event_buffer));
        let timeouts = config.timeouts.capped();
        let mut heartbeat = config.heartbeat;
        for limit in [
            &mut heartbeat.interval,
            &mut heartbeat.idle,
            &mut heartbeat.probe,
        ] {
            *limit = (*limit).min(FOR_EVER);
        }
        heartbeat.interval = heartbeat.interval.max(MIN_INTERVAL);
        let policies = Policies {
            reconnect: config.reconnect,
            heartbeat,
            timeouts,
        };
        let driver = Driver {
            machine: Machine::new(policies),
            uri,
            user: config.user,
            connector,
            tokens,
            token_timeout: timeouts.token,
            close_timeout: timeouts.close,
            entropy: config.entropy,
            hub: Arc::clone(&hub),
            state: state_sender,
            me: me_sender,
            commands: receiver,
            network: network.subscribe(),
            sleep_watch: SleepWatch::new(config.wall_clock),
            tasks: super::driver::Tasks::default(),
        };
        let place = commands.clone().try_reserve_owned().ok();
        Ok(Self {
            place: Mutex::new(place),
            commands,
            hub,
            state,
            me,
            network,
            wishes: Wishes::default(),
            connect_timeout: timeouts.connect,
            task: Mutex::new(Task::Ready(Box::new(driver))),
        })
    }

    /// Lets requests wait for the connections of this session.
    #[must_use]
    pub fn gate(&self) -> ConnectionGate {
        ConnectionGate::with_wishes(self.state.clone(), self.wishes.clone())
    }

    /// Starts the driver if it does not run yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "the driver, owned by this session"
    )]
    fn start(&self) {
        let mut task = self.task();
        *task = match std::mem::replace(&mut *task, Task::Over) {
            Task::Ready(mut driver) => {
                let driving = async move { driver.run().await };
                Task::Running(tokio::spawn(carry_subscriber(driving)))
            }
            other => other,
        };
    }

    /// Ends what does not run, so that nobody starts it any more. Tells whether that was all.
    fn end_unless_running(&self) -> bool {
        let mut task = self.task();
        if matches!(&*task, Task::Running(_)) {
            return false;
        }
        let ended = std::mem::replace(&mut *task, Task::Over);
        // Its end wakes others, who may ask for the task.
        drop(task);
        drop(ended);
        true
    }

    fn has_started(&self) -> bool {
        matches!(&*self.task(), Task::Running(_))
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<mpsc::OwnedPermit<Box<Command>>>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn task(&self) -> std::sync::MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shut_down<T>(_: T) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Shutdown)
}

#[async_trait]
impl EventChannel for Session {
    async fn connect(&self, options: ConnectOptions) -> Result<UserToken, ConnectError> {
        self.start();
        let (reply, answer) = oneshot::channel();
        let patience = Some(self.connect_timeout);
        let command = Box::new(Command::Connect {
            options,
            patience,
            reply: Some(reply),
            wish: self.wishes.begin(),
        });
        self.commands.send(command).await.map_err(shut_down)?;
        // The machine ends the wish with its last waiter; one who came earlier leaves by itself.
        if let Ok(answer) = timeout(self.connect_timeout + MARGIN, answer).await {
            return answer.map_err(shut_down)?;
        }
        let error = ConnectError::new(ConnectErrorKind::Timeout(Phase::Connect));
        Err(match self.state.borrow().error().cloned() {
            Some(cause) => error.caused_by(cause),
            None => error,
        })
    }

    fn connect_in_background(&self, options: ConnectOptions) {
        self.start();
        // Fails only if the session is over, or has so many wishes that one more is no news.
        drop(self.commands.try_send(Box::new(Command::Connect {
            options,
            patience: None,
            reply: None,
            wish: self.wishes.begin(),
        })));
    }

    async fn disconnect(&self) {
        if !self.has_started() {
            return;
        }
        let (reply, closed) = oneshot::channel();
        if self
            .commands
            .send(Box::new(Command::Disconnect(Some(reply))))
            .await
            .is_ok()
        {
            // An error means that the session is over, and so disconnected.
            drop(closed.await);
        }
    }

    fn disconnect_in_background(&self) {
        if !self.has_started() {
            return;
        }
        let mut place = self.place();
        let reserve = || self.commands.clone().try_reserve_owned().ok();
        // None only if the queue was full at the last such wish and is so again.
        if let Some(kept) = place.take().or_else(reserve) {
            let commands = kept.send(Box::new(Command::Disconnect(None)));
            *place = commands.try_reserve_owned().ok();
        }
    }

    async fn pause(&self) {
        if !self.has_started() {
            return;
        }
        let (reply, closed) = oneshot::channel();
        if self
            .commands
            .send(Box::new(Command::Pause(reply)))
            .await
            .is_ok()
        {
            drop(closed.await);
        }
    }

    async fn resume(&self) {
        if self.has_started() {
            // Fails only if the session is over.
            let command = Box::new(Command::Resume(self.wishes.begin()));
            drop(self.commands.send(command).await);
        }
    }

    async fn shutdown(&self) -> Result<(), ConnectError> {
        // Nobody starts it in between: what has not started is over at once.
        if self.end_unless_running() {
            return Ok(());
        }
        let kept = self.place().take();
        match kept {
            Some(kept) => drop(kept.send(Box::new(Command::Shutdown))),
            None => drop(self.commands.send(Box::new(Command::Shutdown)).await),
        }
        self.commands.closed().await;
        let task = std::mem::replace(&mut *self.task(), Task::Over);
        match task {
            Task::Running(task) => task.await.map_err(|error| shut_down(()).caused_by(error)),
            Task::Ready(_) | Task::Over => Ok(()),
        }
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.state.clone()
    }

    fn events(&self) -> Events {
        self.hub.subscribe()
    }

    fn set_network(&self, network: Network) {
        // The same again is news too: it may be another network.
        self.network.send_replace(network);
    }

    fn network(&self) -> watch::Receiver<Network> {
        self.network.subscribe()
    }

    fn me(&self) -> watch::Receiver<Option<Arc<OwnUser>>> {
        self.me.clone()
    }
}
