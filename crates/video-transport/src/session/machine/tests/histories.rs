//! Random histories: what holds whatever happens in whatever order.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use video_core::{TokenError, TokenErrorKind};

use super::super::{Epoch, Input, Loss, Machine, Output, Policies};
use super::{custom, error, ok, token};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::DialErrorKind;
use crate::session::state::{ConnectionState, DisconnectReason, Network};
use crate::socket::{CloseFrame, SocketError};

/// How a socket may be lost.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lost {
    Ended,
    Closed(u16),
    Broken,
    TooLarge,
}

impl Lost {
    fn loss(self) -> Loss {
        match self {
            Self::Ended => Loss::Ended,
            Self::Closed(code) => Loss::Closed(Some(CloseFrame::new(code, "bye"))),
            Self::Broken => Loss::Failed(SocketError::Broken("reset".into())),
            Self::TooLarge => Loss::Failed(SocketError::TooLarge { limit: 1 }),
        }
    }
}

/// Something that may happen, to the current socket or to an older one.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Connect(bool),
    Disconnect,
    Pause,
    Resume,
    Shutdown,
    Token(u8),
    Opened(bool),
    OpenFailed(bool),
    Frame(bool, u8),
    Lost(bool, Lost),
    Network(bool),
    Doubted,
    /// Time passes, and the machine is told when it wants to be.
    Wait(u16),
    /// Time passes, and the machine is told late.
    Sleep(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<bool>().prop_map(Step::Connect),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        4 => any::<u8>().prop_map(Step::Token),
        4 => any::<bool>().prop_map(Step::Opened),
        1 => any::<bool>().prop_map(Step::OpenFailed),
        6 => (any::<bool>(), any::<u8>()).prop_map(|(old, kind)| Step::Frame(old, kind)),
        1 => (any::<bool>(), lost()).prop_map(|(old, lost)| Step::Lost(old, lost)),
        1 => any::<bool>().prop_map(Step::Network),
        1 => Just(Step::Doubted),
        4 => any::<u16>().prop_map(Step::Wait),
        1 => any::<u16>().prop_map(Step::Sleep),
    ]
}

pub(super) fn lost() -> impl Strategy<Value = Lost> {
    let codes = prop::sample::select(vec![1000, 1001, 1012, 1013, 4001]);
    prop_oneof![
        Just(Lost::Ended),
        codes.prop_map(Lost::Closed),
        Just(Lost::Broken),
        Just(Lost::TooLarge),
    ]
}

/// A history. One in a few has a shutdown somewhere.
fn history() -> impl Strategy<Value = Vec<(Step, f64)>> {
    let steps = prop::collection::vec((step(), 0.0_f64..1.0), 0..60);
    let shutdown = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (steps, shutdown).prop_map(|(mut steps, shutdown)| {
        if let Some(at) = shutdown {
            let at = at.index(steps.len() + 1);
            steps.insert(at, (Step::Shutdown, 0.5));
        }
        steps
    })
}

/// The world as a driver would see it, with the invariants.
#[expect(clippy::struct_excessive_bools, reason = "independent observations")]
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Instant,
    pub(super) opening: Option<Epoch>,
    socket: Option<Epoch>,
    pub(super) last: Epoch,
    authenticated: bool,
    /// Whether that was so when the current input came.
    may_hear: bool,
    fetching: bool,
    pub(super) connected: bool,
    /// What is wished for: the last wish, unless its connection failed for good.
    wish: Wish,
    waiting: bool,
    closing: bool,
    offline: bool,
    shut: bool,
    pub(super) jitter: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Off,
    On,
    Paused,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin")]
    pub(super) fn new() -> Self {
        Self {
            machine: Machine::new(Policies::default()),
            now: Instant::now(),
            opening: None,
            socket: None,
            last: Epoch::default(),
            authenticated: false,
            may_hear: false,
            fetching: false,
            connected: false,
            wish: Wish::Off,
            waiting: false,
            closing: false,
            offline: false,
            shut: false,
            jitter: 0.5,
        }
    }

    fn epoch(&self, old: bool) -> Epoch {
        if old { Epoch::default() } else { self.last }
    }

    pub(super) fn apply(&mut self, step: &Step) -> Result<(), TestCaseError> {
        if self.machine.is_finished() {
            return Ok(());
        }
        let input = match *step {
            Step::Connect(wait) => {
                self.waiting = true;
                self.wish = Wish::On;
                Input::Connect {
                    patience: wait.then_some(Duration::from_secs(15)),
                }
            }
            Step::Disconnect => {
                self.closing = true;
                self.wish = Wish::Off;
                Input::Disconnect
            }
            Step::Pause => {
                self.closing = true;
                if self.wish == Wish::On {
                    self.wish = Wish::Paused;
                }
                Input::Pause
            }
            Step::Resume => {
                if self.wish == Wish::Paused {
                    self.wish = Wish::On;
                }
                Input::Resume
            }
            Step::Shutdown => {
                self.shut = true;
                Input::Shutdown
            }
            Step::Token(kind) if std::mem::take(&mut self.fetching) => Input::Token(match kind {
                0..=199 => Ok(token(if kind % 2 == 0 { "a" } else { "b" })),
                200..=239 => Err(TokenError::new(TokenErrorKind::Loader)),
                240.. => Err(TokenError::new(TokenErrorKind::Unchanged)),
            }),
            Step::Opened(old) => match self.opening {
                Some(epoch) if !old => {
                    self.opening = None;
                    prop_assert!(self.socket.replace(epoch).is_none(), "two sockets");
                    Input::Opened(epoch)
                }
                _ => Input::Opened(self.epoch(true)),
            },
            Step::OpenFailed(old) => match self.opening.take_if(|_| !old) {
                Some(epoch) => {
                    let kind = ConnectErrorKind::Dial(DialErrorKind::Refused);
                    Input::OpenFailed(epoch, ConnectError::new(kind))
                }
                None => return Ok(()),
            },
            Step::Frame(old, kind) if old || self.socket.is_some() => {
                let event = match kind {
                    0..=127 => ok("c"),
                    128..=149 => error(40),
                    150..=154 => error(2),
                    155..=169 => error(17),
                    170.. => custom(),
                };
                Input::Received(self.epoch(old), event)
            }
            Step::Lost(old, lost) if old || self.socket.is_some() => {
                Input::Lost(self.epoch(old), lost.loss())
            }
            Step::Network(online) => {
                self.offline = !online;
                Input::Network(match online {
                    true => Network::Online,
                    false => Network::Offline,
                })
            }
            Step::Doubted => Input::Doubted,
            Step::Wait(millis) => {
                let until = self.now + Duration::from_millis(millis.into());
                let mut ticks = 0;
                while let Some(deadline) = self.machine.deadline().filter(|at| *at <= until) {
                    self.now = self.now.max(deadline);
                    self.input(Input::Tick)?;
                    ticks += 1;
                    prop_assert!(ticks < 1000, "a deadline stays in the past");
                }
                self.now = until;
                return Ok(());
            }
            Step::Sleep(seconds) => {
                self.now += Duration::from_secs(seconds.into());
                return Ok(());
            }
            Step::Token(_) | Step::Frame(..) | Step::Lost(..) => return Ok(()),
        };
        self.input(input)
    }

    pub(super) fn input(&mut self, input: Input) -> Result<(), TestCaseError> {
        // An event is told after all that it caused, a new socket included.
        self.may_hear = self.authenticated;
        let is_old = self.is_old(&input);
        self.machine.handle(self.now, self.jitter, input);
        while let Some(output) = self.machine.poll() {
            prop_assert!(!is_old, "news of an old socket caused {output:?}");
            self.observe(output)?;
        }
        Ok(())
    }

    /// Whether it is news of a socket that was given up.
    fn is_old(&self, input: &Input) -> bool {
        let (Input::Opened(epoch)
        | Input::OpenFailed(epoch, _)
        | Input::Received(epoch, _)
        | Input::Heard(epoch)
        | Input::Lost(epoch, _)) = input
        else {
            return false;
        };
        *epoch != self.last
    }

    fn observe(&mut self, output: Output) -> Result<(), TestCaseError> {
        match output {
            Output::Open(epoch) => {
                prop_assert!(!self.offline, "a dial without a network");
                prop_assert!(
                    self.opening.is_none() && self.socket.is_none(),
                    "two sockets"
                );
                prop_assert!(epoch > self.last, "an epoch was reused");
                self.last = epoch;
                self.opening = Some(epoch);
                self.authenticated = false;
            }
            Output::FetchToken { .. } => {
                prop_assert!(!std::mem::replace(&mut self.fetching, true), "two fetches");
            }
            Output::Authenticate(_) => {
                prop_assert!(self.socket.is_some(), "a frame without a socket");
                prop_assert!(!std::mem::replace(&mut self.authenticated, true), "twice");
            }
            Output::Ping(_) => prop_assert!(self.connected, "a ping before the greeting"),
            Output::Close => prop_assert!(self.socket.is_some(), "a close without a socket"),
            Output::Discard => (self.opening, self.socket) = (None, None),
            Output::State(state) => {
                if let ConnectionState::Reconnecting { next_at, .. } = &state {
                    prop_assert!(
                        *next_at <= self.now + Duration::from_secs(25),
                        "beyond the cap"
                    );
                }
                self.connected = state.is_connected();
                if let ConnectionState::Disconnected {
                    reason: DisconnectReason::Failed(_),
                } = state
                {
                    self.wish = Wish::Off;
                }
                prop_assert!(
                    !self.connected || self.authenticated,
                    "connected without a token"
                );
            }
            Output::Greeted(_) => prop_assert!(self.authenticated, "a greeting before the token"),
            Output::Emit(_) => prop_assert!(self.may_hear, "an event before the token"),
            Output::Resolve(result) => {
                self.waiting = false;
                prop_assert!(
                    result.is_err() || self.connected,
                    "success without a connection"
                );
            }
            Output::Closed => self.closing = false,
        }
        Ok(())
    }

    /// Lets the world behave from now on.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        self.jitter = 0.5;
        self.apply(&Step::Network(true))?;
        for _ in 0..200 {
            self.apply(&Step::Token(0))?;
            self.apply(&Step::Opened(false))?;
            if self.socket.is_some() && !self.connected {
                self.apply(&Step::Frame(false, 0))?;
            }
            self.apply(&Step::Wait(300))?;
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Promise: U06
    #[test]
    fn any_history_keeps_one_socket_and_ends_in_the_last_wish(
        history in history(),
        last in prop::sample::select(vec![
            Step::Connect(false),
            Step::Disconnect,
            Step::Pause,
            Step::Resume,
        ]),
    ) {
        let mut world = World::new();
        for (step, jitter) in &history {
            world.jitter = *jitter;
            world.apply(step)?;
        }
        world.apply(&last)?;
        world.settle()?;
        prop_assert!(!world.waiting, "somebody still waits to be connected");
        prop_assert!(!world.closing, "somebody still waits to be disconnected");
        prop_assert_eq!(world.machine.is_finished(), world.shut);
        let wish = world.wish == Wish::On && !world.shut;
        prop_assert_eq!(world.connected, wish);
        match last {
            Step::Connect(_) => prop_assert!(wish || world.shut),
            Step::Disconnect | Step::Pause => prop_assert!(!wish),
            _ => {}
        }
        if !wish {
            prop_assert!(world.socket.is_none() && world.opening.is_none());
            prop_assert_eq!(world.machine.deadline(), None);
        }
    }
}
