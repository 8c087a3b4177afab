//! Runs a machine on the runtime. No policy: it does what the machine asks and reports what
//! happened.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Uri;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, warn};
use video_core::{Event, TokenError, TokenErrorKind, TokenSource, User, UserToken};

use super::ConnectOptions;
use super::codec;
use super::hub::{EventItem, Hub, SkippedFrame};
use super::job::Job;
use super::machine::{Epoch, Input, Loss, Machine, Output};
use super::me::Me;
use super::sleep_watch::SleepWatch;
use super::state::{ConnectionState, DisconnectReason, Network};
use super::wishes::Wish;
use crate::entropy::Entropy;
use crate::error::{ConnectError, ConnectErrorKind};
use crate::give_way::give_way;
use crate::socket::{CloseFrame, EventConnector, EventSocket, Frame, SocketError};

/// What the handle asks of the driver.
#[derive(Debug)]
pub(super) enum Command {
    Connect {
        options: ConnectOptions,
        patience: Option<Duration>,
        reply: Option<oneshot::Sender<Result<UserToken, ConnectError>>>,
        wish: Wish,
    },
    Disconnect(Option<oneshot::Sender<()>>),
    Pause(oneshot::Sender<()>),
    Resume(Wish),
    Shutdown,
}

/// What the driver works with.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) uri: Uri,
    pub(super) user: watch::Receiver<Arc<User>>,
    pub(super) connector: Arc<dyn EventConnector>,
    pub(super) tokens: Arc<dyn TokenSource>,
    pub(super) token_timeout: Duration,
    pub(super) close_timeout: Duration,
    pub(super) entropy: Entropy,
    pub(super) hub: Arc<Hub>,
    pub(super) state: watch::Sender<ConnectionState>,
    pub(super) me: Me,
    pub(super) commands: mpsc::Receiver<Box<Command>>,
    pub(super) network: watch::Receiver<Network>,
    pub(super) sleep_watch: SleepWatch,
    pub(super) tasks: Tasks,
}

/// What is under way for the machine.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    token: Option<Job<Fetched>>,
    opening: Option<(Epoch, Job<Opened>)>,
    socket: Option<(Epoch, Box<dyn EventSocket>)>,
    /// Whether the socket was sent a close, after which it is sent nothing.
    said_goodbye: bool,
    /// Until when the socket is not read, for listeners that are far behind.
    held: Option<Instant>,
    /// How many bytes of the socket are known to the machine.
    received: u64,
    include_details: bool,
    /// The last wish to be connected, until the state shows what became of it.
    wish: Option<Wish>,
    /// Whether no handle is left to ask for anything.
    orphaned: bool,
    skipped: u64,
    connect_waiters: Vec<oneshot::Sender<Result<UserToken, ConnectError>>>,
    close_waiters: Vec<oneshot::Sender<()>>,
}

/// What came on a socket. `None` after its end.
type Received = (Epoch, Option<Result<Frame, SocketError>>);

/// A socket, or why there is none.
type Opened = Result<Box<dyn EventSocket>, ConnectError>;

/// A token, or why there is none.
type Fetched = Result<UserToken, TokenError>;

impl Driver {
    /// Runs until shut down, or until no handle is left.
    ///
    /// Borrows, because a future that owned `self` would have room for it twice.
    pub(super) async fn run(&mut self) {
        while !self.machine.is_finished() {
            let deadline = self.deadline();
            // Not left to the timer alone, which a socket that always has more would hold up.
            if deadline.is_some_and(|deadline| deadline <= now()) {
                self.tick().await;
                continue;
            }
            let tasks = &mut self.tasks;
            let input = tokio::select! {
                biased;
                // Before a wish to connect that came after it.
                Ok(()) = self.network.changed() => {
                    Input::Network(*self.network.borrow_and_update())
                }
                command = self.commands.recv(), if !tasks.orphaned => self.command(command),
                token = fetched(&mut tasks.token) => {
                    tasks.token = None;
                    Input::Token(token)
                }
                (epoch, opened) = opened(&mut tasks.opening) => self.opened(epoch, opened),
                () = self.hub.caught_up(), if tasks.held.is_some() => {
                    tasks.held = None;
                    continue;
                }
                received = receive(&mut tasks.socket), if tasks.held.is_none() => {
                    self.burst(received).await;
                    continue;
                }
                () = sleep(deadline) => continue,
            };
            let now = now();
            // What came before it counts before it: life that is doubted has to be shown anew.
            self.account(now).await;
            self.handle(now, input).await;
        }
    }

    /// Takes a frame and those that came with it. A socket that always has more leaves the thread to
    /// others now and then.
    async fn burst(&mut self, first: Received) {
        let (now, before) = (now(), self.tasks.received);
        let mut received = Some(first);
        let mut frames = 0;
        while let Some((epoch, frame)) = received.take() {
            let is_event = matches!(frame, Some(Ok(Frame::Text(_) | Frame::Binary(_))));
            let input = self.received(epoch, frame).await;
            self.handle(now, input).await;
            if self.tasks.held.is_some() {
                return;
            }
            frames += 1;
            let bytes = self.tasks.received.saturating_sub(before);
            // An answer to what is no event may have taken time.
            if !is_event || frames >= BURST_FRAMES || bytes >= BURST_BYTES {
                return give_way().await;
            }
            received = at_hand(&mut self.tasks.socket).await;
        }
    }

    /// When to look at the clocks at the latest.
    fn deadline(&self) -> Option<Instant> {
        let look = self
            .tasks
            .socket
            .as_ref()
            .and_then(|_| self.sleep_watch.next_look());
        let machine = self.machine.deadline().map(Instant::from_std);
        machine.into_iter().chain(look).chain(self.tasks.held).min()
    }

    /// Time has passed.
    async fn tick(&mut self) {
        let now = now();
        if self.tasks.held.take_if(|held| *held <= now).is_some() {
            self.hub.give_up();
        }
        self.account(now).await;
        if self.sleep_watch.has_slept(now) {
            debug!("the host slept, or its clock was set");
            self.handle(now, Input::Doubted).await;
        }
        self.handle(now, Input::Tick).await;
    }

    fn command(&mut self, command: Option<Box<Command>>) -> Input {
        let Some(command) = command else {
            self.tasks.orphaned = true;
            return Input::Shutdown;
        };
        match *command {
            Command::Connect {
                options,
                patience,
                reply,
                wish,
            } => {
                self.tasks.wish = Some(wish);
                if !self.state.borrow().is_connected() {
                    self.tasks.include_details = options.include_user_details;
                }
                let waiters = &mut self.tasks.connect_waiters;
                waiters.retain(|waiter| !waiter.is_closed());
                waiters.extend(reply);
                Input::Connect { patience }
            }
            Command::Disconnect(reply) => {
                self.tasks.close_waiters.extend(reply);
                Input::Disconnect
            }
            Command::Pause(reply) => {
                self.tasks.close_waiters.push(reply);
                Input::Pause
            }
            Command::Resume(wish) => {
                self.tasks.wish = Some(wish);
                Input::Resume
            }
            Command::Shutdown => Input::Shutdown,
        }
    }

    fn opened(&mut self, epoch: Epoch, result: Opened) -> Input {
        self.tasks.opening = None;
        match result {
            Ok(socket) => {
                self.sleep_watch.start(now());
                self.tasks.received = 0;
                self.tasks.said_goodbye = false;
                self.tasks.socket = Some((epoch, socket));
                Input::Opened(epoch)
            }
            Err(error) => Input::OpenFailed(epoch, error),
        }
    }

    async fn received(&mut self, epoch: Epoch, frame: Option<Result<Frame, SocketError>>) -> Input {
        // The machine hears of the frame itself.
        drop(self.heard());
        match frame {
            Some(Ok(Frame::Text(data) | Frame::Binary(data))) => match Event::parse(data) {
                Ok(event) => Input::Received(epoch, event),
                Err(error) => {
                    self.tasks.skipped += 1;
                    warn!(%error, total = self.tasks.skipped, "skipped a frame that is no event");
                    let total = self.tasks.skipped;
                    self.publish(EventItem::Skipped(SkippedFrame { error, total }));
                    Input::Heard(epoch)
                }
            },
            Some(Ok(Frame::Ping(data))) => {
                let failed = self.send(Frame::Pong(data)).await;
                failed.unwrap_or(Input::Heard(epoch))
            }
            Some(Ok(Frame::Pong(_))) => Input::Heard(epoch),
            Some(Ok(Frame::Close(frame))) => {
                // Echoed as the protocol asks; the socket is dropped either way.
                self.send(Frame::Close(frame.clone())).await;
                Input::Lost(epoch, Loss::Closed(frame))
            }
            Some(Err(error)) => {
                let close = CloseFrame::new(error.close_code(), "");
                if close.code != 1006 {
                    self.send(Frame::Close(Some(close))).await;
                }
                Input::Lost(epoch, Loss::Failed(error))
            }
            None => Input::Lost(epoch, Loss::Ended),
        }
    }

    /// Tells the machine of bytes that have come since the last look.
    async fn account(&mut self, now: Instant) {
        if let Some(heard) = self.heard() {
            self.handle(now, heard).await;
        }
    }

    /// That bytes have come since the last look, if they have.
    fn heard(&mut self) -> Option<Input> {
        let (epoch, socket) = self.tasks.socket.as_ref()?;
        let before = std::mem::replace(&mut self.tasks.received, socket.received());
        (self.tasks.received != before).then_some(Input::Heard(*epoch))
    }

    /// Gives the machine an input and does all that it asks for.
    async fn handle(&mut self, now: Instant, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.machine
                .handle(now.into_std(), self.entropy.jitter(), input);
            while let Some(output) = self.machine.poll() {
                // A send that fails is the next input, once the outputs are drained.
                if let Some(failed) = self.act(output).await {
                    next = Some(failed);
                }
            }
        }
        // While a socket is closed it is not taken up.
        if !self.machine.is_closing() && self.tasks.wish.take().is_some() {
            // Whoever waits for it looks again, if it came to nothing.
            self.state.send_if_modified(|state| !state.is_wished());
        }
    }

    async fn act(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Open(epoch) => self.open(epoch),
            Output::FetchToken { rejected } => self.fetch_token(rejected),
            Output::Authenticate(token) => {
                let user = self.user.borrow().details(self.tasks.include_details);
                return self
                    .send(Frame::Text(codec::authentication(&token, &user)))
                    .await;
            }
            Output::Ping(id) => return self.send(Frame::Text(codec::health_check(&id))).await,
            Output::Close => {
                // A socket that can not even be closed is dropped by the machine's deadline.
                let limit = self.close_timeout;
                let closing = self.send(Frame::Close(Some(CloseFrame::new(1000, ""))));
                return timeout(limit, closing).await.unwrap_or_default();
            }
            Output::Discard => {
                self.tasks.socket = None;
                self.tasks.held = None;
                self.tasks.opening = None;
            }
            Output::State(state) => {
                debug!(?state, "connection");
                if matches!(state, ConnectionState::Disconnected { .. }) {
                    self.me.forget();
                }
                self.state.send_replace(state.clone());
                self.publish(EventItem::Connection(state));
            }
            Output::Greeted(event) => self.me.greeted(&event),
            Output::Emit(event) => {
                self.me.heard(&event);
                self.publish(EventItem::Event(event));
            }
            Output::Resolve(result) => {
                for waiter in self.tasks.connect_waiters.drain(..) {
                    // A waiter that has gone needs no answer.
                    drop(waiter.send(result.clone()));
                }
            }
            Output::Closed => {
                for waiter in self.tasks.close_waiters.drain(..) {
                    waiter.send(()).unwrap_or_default();
                }
            }
        }
        None
    }

    fn open(&mut self, epoch: Epoch) {
        let (connector, uri) = (Arc::clone(&self.connector), self.uri.clone());
        let opening = Job::new(async move { connector.open(uri).await });
        self.tasks.opening = Some((epoch, opening));
    }

    fn fetch_token(&mut self, rejected: Option<UserToken>) {
        let (tokens, limit) = (Arc::clone(&self.tokens), self.token_timeout);
        self.tasks.token = Some(Job::new(async move {
            let fetch = async {
                match &rejected {
                    Some(rejected) => tokens.refresh(rejected).await,
                    None => tokens.token().await,
                }
            };
            let late = |_| Err(TokenError::new(TokenErrorKind::LoaderTimeout));
            timeout(limit, fetch).await.unwrap_or_else(late)
        }));
    }

    /// Sends, and tells if the socket is lost by it.
    async fn send(&mut self, frame: Frame) -> Option<Input> {
        let (epoch, socket) = self.tasks.socket.as_mut()?;
        if self.tasks.said_goodbye {
            return None;
        }
        self.tasks.said_goodbye = matches!(frame, Frame::Close(_));
        match socket.send(frame).await {
            Ok(()) => None,
            Err(error) => Some(Input::Lost(*epoch, Loss::Failed(error))),
        }
    }

    /// Gives an item to the subscribers. The socket waits a little if they are far behind, and
    /// nothing else does: no subscriber may hold up the connection.
    fn publish(&mut self, item: EventItem) {
        if self.hub.publish(item) && self.tasks.socket.is_some() {
            self.tasks.held.get_or_insert(now() + PATIENCE);
        }
    }
}

/// How long the socket waits for listeners that are far behind: longer than a busy host keeps a
/// thread from its processor, and too short to be felt.
const PATIENCE: Duration = Duration::from_millis(20);

/// How much is read in a row: much against what a change of threads costs, and little enough to stay
/// in a processor's cache until it is heard.
const BURST_FRAMES: u32 = 64;
const BURST_BYTES: u64 = 64 * 1024;

impl Drop for Driver {
    /// However the driver ends, and even if it never ran, nobody is left believing in it.
    fn drop(&mut self) {
        self.state.send_if_modified(|state| {
            let over = matches!(state, ConnectionState::Disconnected { .. });
            if !over {
                *state = ConnectionState::Disconnected {
                    reason: DisconnectReason::Shutdown,
                };
            }
            !over
        });
        self.hub.close();
    }
}

async fn opened(opening: &mut Option<(Epoch, Job<Opened>)>) -> (Epoch, Opened) {
    let Some((epoch, job)) = opening else {
        return pending().await;
    };
    let broken = |panicked| ConnectError::new(ConnectErrorKind::Broken).caused_by(panicked);
    let opened = job.run().await.map_err(broken).flatten();
    (*epoch, opened)
}

async fn fetched(token: &mut Option<Job<Fetched>>) -> Fetched {
    let Some(job) = token else {
        return pending().await;
    };
    let panicked = |_| TokenError::new(TokenErrorKind::LoaderPanicked);
    job.run().await.map_err(panicked).flatten()
}

async fn receive(socket: &mut Option<(Epoch, Box<dyn EventSocket>)>) -> Received {
    match socket {
        Some((epoch, socket)) => (*epoch, poll_fn(|cx| socket.poll_recv(cx)).await),
        None => pending().await,
    }
}

/// What a socket has at hand, if anything.
async fn at_hand(socket: &mut Option<(Epoch, Box<dyn EventSocket>)>) -> Option<Received> {
    let (epoch, socket) = socket.as_mut()?;
    match poll_fn(|cx| Poll::Ready(socket.poll_recv(cx))).await {
        Poll::Ready(frame) => Some((*epoch, frame)),
        Poll::Pending => None,
    }
}

async fn sleep(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver: it tells the machine the time"
)]
fn now() -> Instant {
    Instant::now()
}
