//! Random histories: what holds whatever happens in whatever order.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use video_core::{TokenError, TokenErrorKind};

use super::super::{Epoch, Input, Loss, Machine, Output, Policies};
use super::{custom, error, ok, token};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::DialErrorKind;
use crate::session::state::{ConnectionState, Network};

/// Something that may happen, to the current socket or to an older one.
#[derive(Debug, Clone)]
enum Step {
    Connect(bool),
    Disconnect,
    Pause,
    Resume,
    Token(u8),
    Opened(bool),
    OpenFailed(bool),
    Frame(bool, u8),
    Lost(bool),
    Network(bool),
    Doubted,
    Wait(u16),
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
        1 => any::<bool>().prop_map(Step::Lost),
        1 => any::<bool>().prop_map(Step::Network),
        1 => Just(Step::Doubted),
        4 => any::<u16>().prop_map(Step::Wait),
    ]
}

/// The world as a driver would see it, with the invariants.
#[expect(clippy::struct_excessive_bools, reason = "independent observations")]
struct World {
    machine: Machine,
    now: Instant,
    opening: Option<Epoch>,
    socket: Option<Epoch>,
    last: Epoch,
    authenticated: bool,
    /// Whether that was so when the current input came.
    may_hear: bool,
    fetching: bool,
    connected: bool,
    waiting: bool,
    closing: bool,
    offline: bool,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin")]
    fn new() -> Self {
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
            waiting: false,
            closing: false,
            offline: false,
        }
    }

    fn epoch(&self, old: bool) -> Epoch {
        if old { Epoch::default() } else { self.last }
    }

    fn apply(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let input = match *step {
            Step::Connect(wait) => {
                self.waiting = true;
                Input::Connect {
                    patience: wait.then_some(Duration::from_secs(15)),
                }
            }
            Step::Disconnect => {
                self.closing = true;
                Input::Disconnect
            }
            Step::Pause => Input::Pause,
            Step::Resume => Input::Resume,
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
            Step::Lost(old) if old || self.socket.is_some() => {
                Input::Lost(self.epoch(old), Loss::Ended)
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
                while let Some(deadline) = self.machine.deadline().filter(|at| *at <= until) {
                    self.now = self.now.max(deadline);
                    self.input(Input::Tick)?;
                }
                self.now = until;
                return Ok(());
            }
            Step::Token(_) | Step::Frame(..) | Step::Lost(_) => return Ok(()),
        };
        self.input(input)
    }

    fn input(&mut self, input: Input) -> Result<(), TestCaseError> {
        // An event is told after all that it caused, a new socket included.
        self.may_hear = self.authenticated;
        self.machine.handle(self.now, 0.5, input);
        while let Some(output) = self.machine.poll() {
            self.observe(output)?;
        }
        Ok(())
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
        steps in prop::collection::vec(step(), 0..60),
        wish: bool,
    ) {
        let mut world = World::new();
        for step in &steps {
            world.apply(step)?;
        }
        world.apply(&if wish { Step::Connect(false) } else { Step::Disconnect })?;
        world.settle()?;
        prop_assert!(!world.waiting, "somebody still waits to be connected");
        prop_assert!(!world.closing, "somebody still waits to be disconnected");
        prop_assert_eq!(world.connected, wish);
        if !wish {
            prop_assert!(world.socket.is_none() && world.opening.is_none());
            prop_assert_eq!(world.machine.deadline(), None);
        }
    }
}
