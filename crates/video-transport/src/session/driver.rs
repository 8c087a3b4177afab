//! Runs a machine on the runtime. No policy: it does what the machine asks and reports what
//! happened.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, warn};
use video_core::{Event, TokenError, TokenErrorKind, TokenSource, User, UserToken};

use super::ConnectOptions;
use super::codec;
use super::hub::{EventItem, Hub, SkippedFrame};
use super::machine::{Epoch, Input, Loss, Machine, Output};
use super::me::Me;
use super::sleep_watch::SleepWatch;
use super::state::{ConnectionState, DisconnectReason, Network};
use crate::carry::carry_subscriber;
use crate::entropy::Entropy;
use crate::error::ConnectError;
use crate::socket::{CloseFrame, EventConnector, EventSocket, Frame};

/// What the handle asks of the driver.
#[derive(Debug)]
pub(super) enum Command {
    Connect {
        options: ConnectOptions,
        patience: Option<Duration>,
        reply: Option<oneshot::Sender<Result<UserToken, ConnectError>>>,
    },
    Disconnect(Option<oneshot::Sender<()>>),
    Pause(oneshot::Sender<()>),
    Resume,
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
    pub(super) entropy: Entropy,
    pub(super) hub: Arc<Hub>,
    pub(super) state: watch::Sender<ConnectionState>,
    pub(super) me: Me,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) network: watch::Receiver<Network>,
    pub(super) sleep_watch: SleepWatch,
    pub(super) tasks: Tasks,
}

/// What is under way for the machine.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    jobs: JoinSet<Done>,
    opening: Option<(Epoch, AbortHandle)>,
    socket: Option<(Epoch, Box<dyn EventSocket>)>,
    /// How many bytes of the socket are known to the machine.
    received: u64,
    include_details: bool,
    /// Whether no handle is left to ask for anything.
    orphaned: bool,
    skipped: u64,
    connect_waiters: Vec<oneshot::Sender<Result<UserToken, ConnectError>>>,
    close_waiters: Vec<oneshot::Sender<()>>,
}

#[derive(Debug)]
enum Done {
    Opened(Epoch, Result<Box<dyn EventSocket>, ConnectError>),
    Token(Result<UserToken, TokenError>),
}

impl Driver {
    /// Runs until shut down, or until no handle is left.
    pub(super) async fn run(mut self) {
        while !self.machine.is_finished() {
            if self.sleep_watch.has_slept(now()) {
                debug!("the host slept, or its clock was set");
                self.handle(Input::Doubted).await;
            }
            let look = self
                .state
                .borrow()
                .is_connected()
                .then(|| now() + SLEEP_WATCH);
            let deadline = earlier(self.machine.deadline(), look);
            let tasks = &mut self.tasks;
            let input = tokio::select! {
                biased;
                command = self.commands.recv(), if !tasks.orphaned => Some(self.command(command)),
                Some(done) = tasks.jobs.join_next() => match done {
                    Ok(done) => self.job_done(done),
                    // An attempt that was given up, or a source of tokens that panicked.
                    Err(error) if error.is_cancelled() => None,
                    Err(_) => Some(Input::Token(Err(TokenError::new(
                        TokenErrorKind::LoaderPanicked,
                    )))),
                },
                Ok(()) = self.network.changed() => {
                    Some(Input::Network(*self.network.borrow_and_update()))
                }
                (epoch, frame) = receive(&mut tasks.socket) => self.received(epoch, frame).await,
                () = sleep(deadline) => {
                    if let Some(heard) = self.heard() {
                        self.handle(heard).await;
                    }
                    Some(Input::Tick)
                }
            };
            if let Some(input) = input {
                self.handle(input).await;
            }
        }
    }

    fn command(&mut self, command: Option<Command>) -> Input {
        let Some(command) = command else {
            self.tasks.orphaned = true;
            return Input::Shutdown;
        };
        match command {
            Command::Connect {
                options,
                patience,
                reply,
            } => {
                if !self.state.borrow().is_connected() {
                    self.tasks.include_details = options.include_user_details;
                }
                self.tasks.connect_waiters.extend(reply);
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
            Command::Resume => Input::Resume,
            Command::Shutdown => Input::Shutdown,
        }
    }

    fn job_done(&mut self, done: Done) -> Option<Input> {
        match done {
            Done::Token(result) => Some(Input::Token(result)),
            Done::Opened(epoch, result) => {
                // An attempt that was given up just before it was done.
                self.tasks
                    .opening
                    .take_if(|(opening, _)| *opening == epoch)?;
                Some(match result {
                    Ok(socket) => {
                        self.tasks.socket = Some((epoch, socket));
                        Input::Opened(epoch)
                    }
                    Err(error) => Input::OpenFailed(epoch, error),
                })
            }
        }
    }

    async fn received(
        &mut self,
        epoch: Epoch,
        frame: Option<Result<Frame, crate::socket::SocketError>>,
    ) -> Option<Input> {
        // The machine hears of the frame itself.
        drop(self.heard());
        Some(match frame {
            Some(Ok(Frame::Text(data) | Frame::Binary(data))) => match Event::parse(data) {
                Ok(event) => Input::Received(epoch, event),
                Err(error) => {
                    self.tasks.skipped += 1;
                    warn!(%error, total = self.tasks.skipped, "skipped a frame that is no event");
                    let total = self.tasks.skipped;
                    self.publish(EventItem::Skipped(SkippedFrame { error, total }))
                        .await;
                    Input::Heard(epoch)
                }
            },
            Some(Ok(Frame::Ping(data))) => {
                if let Some(failed) = self.send(Frame::Pong(data)).await {
                    return Some(failed);
                }
                Input::Heard(epoch)
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
        })
    }

    /// That bytes have come since the last look, if they have.
    fn heard(&mut self) -> Option<Input> {
        let (epoch, socket) = self.tasks.socket.as_ref()?;
        let before = std::mem::replace(&mut self.tasks.received, socket.received());
        (self.tasks.received != before).then_some(Input::Heard(*epoch))
    }

    /// Gives the machine an input and does all that it asks for.
    async fn handle(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.machine
                .handle(now().into_std(), self.entropy.jitter(), input);
            while let Some(output) = self.machine.poll() {
                // A send that fails is the next input, once the outputs are drained.
                if let Some(failed) = self.act(output).await {
                    next = Some(failed);
                }
            }
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
                return self
                    .send(Frame::Close(Some(CloseFrame::new(1000, ""))))
                    .await;
            }
            Output::Discard => {
                self.tasks.socket = None;
                if let Some((_, job)) = self.tasks.opening.take() {
                    job.abort();
                }
            }
            Output::State(state) => {
                debug!(?state, "connection");
                if matches!(state, ConnectionState::Disconnected { .. }) {
                    self.me.forget();
                }
                self.state.send_replace(state.clone());
                self.publish(EventItem::Connection(state)).await;
            }
            Output::Greeted(event) => self.me.greeted(&event),
            Output::Emit(event) => {
                self.me.heard(&event);
                self.publish(EventItem::Event(event)).await;
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
        let job = self.tasks.jobs.spawn(carry_subscriber(async move {
            Done::Opened(epoch, connector.open(uri).await)
        }));
        self.tasks.opening = Some((epoch, job));
    }

    fn fetch_token(&mut self, rejected: Option<UserToken>) {
        let (tokens, limit) = (Arc::clone(&self.tokens), self.token_timeout);
        self.tasks.jobs.spawn(carry_subscriber(async move {
            let fetch = async {
                match &rejected {
                    Some(rejected) => tokens.refresh(rejected).await,
                    None => tokens.token().await,
                }
            };
            let late = |_| Err(TokenError::new(TokenErrorKind::LoaderTimeout));
            Done::Token(timeout(limit, fetch).await.unwrap_or_else(late))
        }));
    }

    /// Sends, and tells if the socket is lost by it.
    async fn send(&mut self, frame: Frame) -> Option<Input> {
        let (epoch, socket) = self.tasks.socket.as_mut()?;
        match socket.send(frame).await {
            Ok(()) => None,
            Err(error) => Some(Input::Lost(*epoch, Loss::Failed(error))),
        }
    }

    /// Gives an item to the subscribers, and them a chance to keep up: bounded, because no
    /// subscriber may hold up the connection.
    async fn publish(&mut self, item: EventItem) {
        let mut behind = self.hub.publish(item);
        for _ in 0..MAX_YIELDS {
            if !behind {
                break;
            }
            tokio::task::yield_now().await;
            behind = self.hub.is_behind();
        }
    }
}

const MAX_YIELDS: usize = 4;

/// How often a connected driver looks whether the host has slept.
const SLEEP_WATCH: Duration = Duration::from_secs(10);

fn earlier(
    deadline: Option<std::time::Instant>,
    look: Option<Instant>,
) -> Option<std::time::Instant> {
    let look = look.map(Instant::into_std);
    deadline.into_iter().chain(look).min()
}

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

async fn receive(
    socket: &mut Option<(Epoch, Box<dyn EventSocket>)>,
) -> (Epoch, Option<Result<Frame, crate::socket::SocketError>>) {
    match socket {
        Some((epoch, socket)) => (*epoch, socket.recv().await),
        None => std::future::pending().await,
    }
}

async fn sleep(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver: it tells the machine the time"
)]
fn now() -> Instant {
    Instant::now()
}
