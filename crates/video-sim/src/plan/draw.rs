//! Draws plans.

use std::time::Duration;

use fastrand::Rng;
use video_client::{Lifecycle, Network};
use video_testkit::Fault;

use super::{Action, CALLS, Goodbye, Kind, Leave, MemberPlan, Place, Plan, Step};
use crate::desk::Mode;
use crate::network::{Dialling, Loss};

pub(super) fn draw(rng: &mut Rng) -> Plan {
    let members = 1 + weighted(rng, &[4, 4, 2, 1]);
    let members: Vec<_> = (0..members).map(|_| member(rng)).collect();
    let (length, actions) = match weighted(rng, &[6, 3, 1]) {
        0 => (span(rng, 20_000, 200_000), rng.usize(8..32)),
        1 => (span(rng, 200_000, 1_800_000), rng.usize(12..48)),
        _ => (span(rng, 1_800_000, 3 * 3_600_000), rng.usize(12..48)),
    };
    let mut steps = Vec::new();
    // Everything may happen at any time, and much of it close to something else.
    let mut at = Duration::ZERO;
    for _ in 0..actions {
        at = match weighted(rng, &[3, 4, 3]) {
            0 => at + span(rng, 0, 60),
            1 => at + span(rng, 0, 8_000),
            _ => length.mul_f64(rng.f64()),
        };
        action(rng, at, members.len(), &mut steps);
    }
    steps.sort_by_key(|step| step.at);
    let least = span(rng, 1, 30);
    Plan {
        members,
        latency: (least, least + span(rng, 0, 200)),
        steps,
    }
}

fn member(rng: &mut Rng) -> MemberPlan {
    let kind = match weighted(rng, &[3, 5, 2, 1]) {
        0 => Kind::Static,
        1 => Kind::Loader,
        2 => Kind::Guest,
        _ => Kind::Anonymous,
    };
    MemberPlan {
        kind,
        auto_connect: rng.u8(..4) == 0,
        keep_alive_in_background: rng.u8(..6) == 0,
        event_buffer: [4, 16, 64, 1024][rng.usize(..4)],
        token_lifetime: match rng.bool() {
            true => Duration::from_secs(rng.u64(20..400)),
            false => Duration::from_secs(24 * 3600),
        },
        refresh_ahead: (rng.u8(..3) == 0).then(|| span(rng, 1_000, 120_000)),
        first_token: rng.bool(),
        asks_for_hint: rng.bool(),
        announcement: (rng.u8(..4) == 0).then(|| span(rng, 0, 6_000)),
    }
}

/// How often each kind of action is drawn, in the order of [`action`].
const WEIGHTS: [u32; 28] = [
    2, 10, 4, 2, 2, 4, 6, 1, 1, 3, 1, 1, 1, 2, 6, 3, 1, 3, 4, 2, 4, 4, 3, 3, 1, 3, 2, 12,
];

/// Adds one action, and its end if it has one.
fn action(rng: &mut Rng, at: Duration, members: usize, steps: &mut Vec<Step>) {
    let (who, call) = (rng.usize(..members), rng.usize(..CALLS));
    let mut later = |at, action| steps.push(Step { at, action });
    let action = match weighted(rng, &WEIGHTS) {
        0 => Action::Look,
        1 => Action::Connect(who, leave(rng)),
        2 => Action::Disconnect(who, leave(rng)),
        3 => {
            later(at + span(rng, 0, 90_000), Action::Resume(who));
            Action::Pause(who, leave(rng))
        }
        4 => Action::Resume(who),
        5 => {
            let back = Action::Lifecycle(who, Lifecycle::Foreground, leave(rng));
            later(at + span(rng, 0, 60_000), back);
            Action::Lifecycle(who, Lifecycle::Background, leave(rng))
        }
        6 => Action::Watch(who, call, leave(rng)),
        7 => Action::Join(who, call, leave(rng)),
        8 => Action::Get(who, call, leave(rng)),
        9 => Action::Send(who, call, leave(rng)),
        10 => Action::Token(who, leave(rng)),
        11 => Action::NewGuest(who, leave(rng)),
        12 => Action::Subscribe(who),
        13 => Action::Replace(who, goodbye(rng)),
        14 => Action::Push(who, burst(rng)),
        15 => Action::PushCall(call, burst(rng)),
        16 => Action::Garbage(who, rng.u32(1..4)),
        17 => Action::Revoke(who),
        18 => Action::Loader(who, mode(rng)),
        19 => Action::Jump([-7_200, -60, -1, 30, 90, 7_200][rng.usize(..6)]),
        20 => Action::Cut(who),
        21 => Action::HalfOpen(who, [Loss::Up, Loss::Down, Loss::Both][rng.usize(..3)]),
        22 => {
            let works = Action::Dialling(who, Dialling::Works);
            later(at + span(rng, 100, 90_000), works);
            Action::Dialling(who, trouble(rng))
        }
        23 => {
            let works = Action::Service(Dialling::Works);
            later(at + span(rng, 100, 60_000), works);
            Action::Service(trouble(rng))
        }
        24 => Action::Close([1000, 1001, 1008, 1011, 1012, 1013, 4000][rng.usize(..7)]),
        25 => {
            let online = Action::Network(who, Network::Online);
            // One who has a network all the time may be told of another.
            if rng.u8(..3) == 0 {
                online
            } else {
                later(at + span(rng, 0, 90_000), online);
                Action::Network(who, Network::Offline)
            }
        }
        26 => Action::HostClock(who, [-7_200, -20, 20, 90, 3_600, 7_200][rng.usize(..6)]),
        _ => {
            let (place, fault) = fault(rng);
            Action::Fault(place, fault, rng.usize(1..4))
        }
    };
    later(at, action);
}

fn leave(rng: &mut Rng) -> Leave {
    match weighted(rng, &[5, 2, 2]) {
        0 => None,
        1 => Some(span(rng, 0, 50)),
        _ => Some(span(rng, 0, 5_000)),
    }
}

pub(super) fn goodbye(rng: &mut Rng) -> Goodbye {
    match weighted(rng, &[4, 3, 1, 2]) {
        0 => Goodbye::Drop,
        1 => Goodbye::Shutdown(None),
        2 => Goodbye::Shutdown(Some(span(rng, 0, 2))),
        _ => Goodbye::Shutdown(Some(span(rng, 0, 900))),
    }
}

fn burst(rng: &mut Rng) -> u32 {
    match weighted(rng, &[6, 2, 1]) {
        0 => rng.u32(1..4),
        1 => rng.u32(4..30),
        _ => rng.u32(30..120),
    }
}

fn mode(rng: &mut Rng) -> Mode {
    match weighted(rng, &[4, 4, 3, 2, 1, 1, 1, 1]) {
        0 => Mode::Good(Duration::ZERO),
        1 => Mode::Good(span(rng, 0, 14_000)),
        2 => Mode::Fails(span(rng, 0, 3_000)),
        3 => Mode::Hangs,
        4 => Mode::Panics,
        5 => Mode::Malformed,
        6 => Mode::SomebodyElse,
        _ => Mode::Repeats,
    }
}

fn trouble(rng: &mut Rng) -> Dialling {
    [Dialling::Refused, Dialling::Unreachable, Dialling::Lost][rng.usize(..3)]
}

fn fault(rng: &mut Rng) -> (Place, Fault) {
    let late = Fault::Delay(span(rng, 1, 9_000));
    match weighted(rng, &[2, 4, 9, 5, 1]) {
        0 => (Place::Dial, one(rng, [Fault::Refuse, Fault::Stall, late])),
        1 => {
            let faults = [
                Fault::Stall,
                Fault::Drop,
                status(rng),
                Fault::ApiError(spoken(rng)),
                Fault::WrongAcceptKey,
                late,
            ];
            (Place::Upgrade, one(rng, faults))
        }
        2 => {
            let faults = [
                Fault::Stall,
                Fault::Drop,
                Fault::ExpireToken,
                Fault::Close(1011),
                Fault::ConnectionError(spoken(rng)),
                Fault::Garbage,
                Fault::UnknownEvent,
                Fault::SplitFrames(rng.usize(1..40)),
                Fault::DuplicateEvents,
                late,
            ];
            let place = one(rng, [Place::Greeting, Place::HealthCheck]);
            (place, one(rng, faults))
        }
        3 => {
            let code = [-1, 4, 5, 9, 16, 17, 23, 40, 40, 41, 42, 43, 46][rng.usize(..13)];
            let faults = [
                Fault::Stall,
                Fault::Drop,
                status(rng),
                status(rng).retry_after("2"),
                Fault::ApiError(code),
                Fault::ExpireToken,
                late,
            ];
            (Place::Rest, one(rng, faults))
        }
        _ => {
            let faults = [Fault::Stall, Fault::Drop, status(rng), late];
            (Place::Hint, one(rng, faults))
        }
    }
}

fn status(rng: &mut Rng) -> Fault {
    Fault::status([401, 404, 429, 500, 502, 503][rng.usize(..6)], "<html>")
}

/// What the service may say of a connection. A code that no waiting heals is rare.
fn spoken(rng: &mut Rng) -> i64 {
    match rng.u8(..20) {
        0 => 2,
        _ => [-1, 9, 17, 40, 40, 43, 71][rng.usize(..7)],
    }
}

fn one<T: Clone>(rng: &mut Rng, of: impl AsRef<[T]>) -> T {
    let of = of.as_ref();
    of[rng.usize(..of.len())].clone()
}

/// A span between two numbers of milliseconds.
fn span(rng: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.u64(least..=most))
}

/// An index, the more often the greater its weight.
fn weighted(rng: &mut Rng, weights: &[u32]) -> usize {
    let mut drawn = rng.u32(..weights.iter().sum::<u32>());
    for (index, weight) in weights.iter().enumerate() {
        match drawn.checked_sub(*weight) {
            Some(rest) => drawn = rest,
            None => return index,
        }
    }
    weights.len() - 1
}
