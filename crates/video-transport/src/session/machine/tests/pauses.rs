//! The pauses between attempts, after any course of failures.

use std::time::Duration;

use proptest::prelude::*;
use video_core::{ApiError, Pace};

use super::super::{Input, Policies};
use super::error;
use super::histories::{Lost, Step, World, lost};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::DialErrorKind;

/// What becomes of one attempt.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    /// There is no socket, because of this.
    NoSocket(NoSocket),
    /// The token is shown, and nobody answers in time.
    NoAnswer,
    /// The token is shown, and the service says this code.
    Refused(i32),
    /// There is a connection for so many milliseconds.
    Held(u16, End),
}

#[derive(Debug, Clone, Copy)]
enum NoSocket {
    Refused,
    Resolve,
    /// The handshake is answered with this status and this code.
    Handshake(u16, i32),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Lost(Lost),
    /// The service says this code.
    Error(i32),
    /// The service says nothing any more.
    Silence,
}

/// The token is refused.
const TOKEN: i32 = 40;
/// The service is too busy.
const BUSY: i32 = 9;
/// Something that is nobody's fault.
const OTHER: i32 = 17;

fn attempt() -> impl Strategy<Value = Attempt> {
    let no_socket = prop::sample::select(vec![
        NoSocket::Refused,
        NoSocket::Resolve,
        NoSocket::Handshake(429, BUSY),
        NoSocket::Handshake(503, -1),
        NoSocket::Handshake(401, TOKEN),
    ]);
    let code = prop::sample::select(vec![TOKEN, BUSY, OTHER]);
    let millis = prop_oneof![
        3 => 0_u16..30_000,
        2 => 29_990_u16..=30_010,
        1 => Just(29_999),
        1 => Just(30_000),
        3 => 30_000_u16..=60_000,
    ];
    let end = prop_oneof![
        3 => lost().prop_map(End::Lost),
        2 => code.clone().prop_map(End::Error),
        1 => Just(End::Silence),
    ];
    prop_oneof![
        2 => no_socket.prop_map(Attempt::NoSocket),
        1 => Just(Attempt::NoAnswer),
        2 => code.prop_map(Attempt::Refused),
        4 => (millis, end).prop_map(|(millis, end)| Attempt::Held(millis, end)),
    ]
}

/// What has to follow an attempt.
#[derive(Debug, PartialEq)]
enum Next {
    /// A pause for this distance.
    Pause(Pace),
    /// Another token, at once.
    Token,
    /// Nothing: another token was refused, too.
    End,
}

/// The failures that count, as the rules say it.
#[derive(Debug, Default)]
struct Count {
    failures: u32,
    /// Whether a token was refused and no connection made since.
    refused: bool,
}

impl Count {
    /// What follows the word of the service, or the refusal of a token.
    fn refused(&mut self, code: i32, was_live: bool) -> Next {
        match code {
            TOKEN if self.refused => Next::End,
            TOKEN => {
                self.refused = true;
                if self.failures > 0 {
                    return Next::Pause(Pace::Normal);
                }
                self.failures = u32::from(was_live);
                Next::Token
            }
            BUSY => Next::Pause(Pace::Slowest),
            _ => Next::Pause(Pace::Normal),
        }
    }
}

/// Lets an attempt that was begun come to this, and tells what has to follow.
fn play(world: &mut World, count: &mut Count, attempt: Attempt) -> Result<Next, TestCaseError> {
    world.apply(&Step::Token(0))?;
    let (millis, end) = match attempt {
        Attempt::NoSocket(why) => {
            world.opening = None;
            let (error, pace) = why.error();
            world.input(Input::OpenFailed(world.last, error))?;
            return Ok(Next::Pause(pace));
        }
        Attempt::NoAnswer => {
            world.apply(&Step::Opened(false))?;
            world.now += Policies::default().timeouts.greeting;
            prop_assert_eq!(world.machine.deadline(), Some(world.now));
            world.input(Input::Tick)?;
            return Ok(Next::Pause(Pace::Normal));
        }
        Attempt::Refused(code) => {
            world.apply(&Step::Opened(false))?;
            world.input(Input::Received(world.last, error(code)))?;
            return Ok(count.refused(code, false));
        }
        Attempt::Held(millis, end) => (millis, end),
    };
    world.apply(&Step::Opened(false))?;
    world.apply(&Step::Frame(false, 0))?;
    prop_assert!(world.connected);
    count.refused = false;
    // The service is heard now and then, so that it does not count as silent.
    for part in [millis / 3, millis / 3, millis - millis / 3 * 2] {
        world.apply(&Step::Wait(part))?;
        world.input(Input::Heard(world.last))?;
    }
    let mut held = Duration::from_millis(millis.into());
    let next = match end {
        End::Lost(lost) => {
            settle(count, held);
            world.apply(&Step::Lost(false, lost))?;
            Next::Pause(match lost {
                Lost::Closed(1001 | 1012 | 1013) => Pace::Slow,
                _ => Pace::Normal,
            })
        }
        End::Error(code) => {
            settle(count, held);
            world.input(Input::Received(world.last, error(code)))?;
            count.refused(code, true)
        }
        End::Silence => {
            let before = world.now;
            for _ in 0..3 {
                let deadline = world.machine.deadline().filter(|_| world.connected);
                let Some(deadline) = deadline else { break };
                world.now = world.now.max(deadline);
                world.input(Input::Tick)?;
            }
            held += world.now - before;
            settle(count, held);
            Next::Pause(Pace::Normal)
        }
    };
    prop_assert!(!world.connected);
    Ok(next)
}

/// A connection that lived for long wipes out the failures before it.
fn settle(count: &mut Count, held: Duration) {
    if held >= Policies::default().reconnect.stable_after {
        count.failures = 0;
    }
}

impl NoSocket {
    fn error(self) -> (ConnectError, Pace) {
        let dial = |kind| ConnectError::new(ConnectErrorKind::Dial(kind));
        match self {
            Self::Refused => (dial(DialErrorKind::Refused), Pace::Slow),
            Self::Resolve => (dial(DialErrorKind::Resolve), Pace::Normal),
            Self::Handshake(status, code) => {
                let body = format!(r#"{{"code":{code}}}"#);
                let api = ApiError::from_response(status, body.as_bytes());
                let status = Some(status);
                let pace = match code {
                    BUSY => Pace::Slowest,
                    TOKEN => Pace::Slow,
                    _ => Pace::Normal,
                };
                let kind = ConnectErrorKind::Handshake { status };
                (ConnectError::new(kind).refused_with(api), pace)
            }
        }
    }
}

proptest! {
    /// Promise: W22
    #[test]
    fn pauses_grow_with_each_failure_to_the_cap_and_only_a_stable_connection_begins_anew(
        attempts in prop::collection::vec((attempt(), 0.0_f64..1.0), 1..30),
    ) {
        let policy = Policies::default().reconnect;
        let mut world = World::new();
        let mut count = Count::default();
        world.apply(&Step::Connect(false))?;
        for (attempt, jitter) in attempts {
            world.jitter = jitter;
            match play(&mut world, &mut count, attempt)? {
                Next::Pause(pace) => {
                    let pause = policy.delay(count.failures, pace, jitter);
                    prop_assert!(pause <= policy.max_window);
                    prop_assert_eq!(world.machine.deadline(), Some(world.now + pause));
                    prop_assert!(world.opening.is_none(), "an attempt before it is due");
                    count.failures += 1;
                    world.now += pause;
                    world.input(Input::Tick)?;
                }
                Next::Token => {}
                Next::End => {
                    prop_assert!(world.opening.is_none());
                    prop_assert_eq!(world.machine.deadline(), None);
                    return Ok(());
                }
            }
            prop_assert!(world.opening.is_some(), "no attempt when it is due");
        }
    }
}
