//! What is going to happen: a pure function of the seed.

mod draw;

use std::time::Duration;

use video_client::{Lifecycle, Network};
use video_testkit::Fault;

use crate::desk::Mode;
use crate::network::{Dialling, Loss};

/// How many calls there are.
pub(crate) const CALLS: usize = 3;

/// A whole course of events.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) members: Vec<MemberPlan>,
    /// The least and the most that one way through the network takes.
    pub(crate) latency: (Duration, Duration),
    /// In the order of their time.
    pub(crate) steps: Vec<Step>,
}

/// Somebody who takes part.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "choices that have nothing to do with each other"
)]
pub(crate) struct MemberPlan {
    pub(crate) kind: Kind,
    pub(crate) auto_connect: bool,
    pub(crate) keep_alive_in_background: bool,
    pub(crate) event_buffer: usize,
    /// How long the tokens of this user are good.
    pub(crate) token_lifetime: Duration,
    /// How long before its end a token is replaced unasked, if it is.
    pub(crate) refresh_ahead: Option<Duration>,
    /// Whether the loader is given a token to begin with.
    pub(crate) first_token: bool,
    /// Whether the service is asked where the user is.
    pub(crate) asks_for_hint: bool,
    /// How long whoever hears of new tokens takes, if somebody does.
    pub(crate) announcement: Option<Duration>,
}

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With a token for ever.
    Static,
    /// With tokens from a loader.
    Loader,
    /// Not at all: the service says who they are.
    Guest,
    /// Not at all.
    Anonymous,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    pub(crate) action: Action,
}

/// After how long the future of an operation is dropped, if it is.
pub(crate) type Leave = Option<Duration>;

/// What happens. The first number is that of a member, the second that of a call.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Only a look at everything.
    Look,
    Connect(usize, Leave),
    Disconnect(usize, Leave),
    Pause(usize, Leave),
    Resume(usize),
    Lifecycle(usize, Lifecycle, Leave),
    Watch(usize, usize, Leave),
    Join(usize, usize, Leave),
    Get(usize, usize, Leave),
    Send(usize, usize, Leave),
    Token(usize, Leave),
    NewGuest(usize, Leave),
    /// Listens anew.
    Subscribe(usize),
    /// The client is shut down, or its handles are dropped, and another one takes its place.
    Replace(usize, Goodbye),
    /// The service pushes so many events to a user.
    Push(usize, u32),
    /// The service pushes so many events to a call.
    PushCall(usize, u32),
    /// The service sends so many messages that are no events.
    Garbage(usize, u32),
    /// All tokens of the user that there are become worthless.
    Revoke(usize),
    Loader(usize, Mode),
    /// The clock of the service jumps by so many seconds.
    Jump(i64),
    /// The clock of the host of a client jumps by so many seconds.
    HostClock(usize, i64),
    /// The host of a client says that it has no network, or one, or another.
    Network(usize, Network),
    Cut(usize),
    HalfOpen(usize, Loss),
    Dialling(usize, Dialling),
    /// All connections are cut, and from now on dialling ends like this.
    Service(Dialling),
    /// The service closes all sockets with this code.
    Close(u16),
    /// The service makes a mistake at this place, so many times.
    Fault(Place, Fault, usize),
}

/// How a client ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// It is shut down, and the future of that may be dropped midway.
    Shutdown(Leave),
    /// The handles are dropped.
    Drop,
}

/// Where the service makes a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Dial,
    Upgrade,
    Greeting,
    HealthCheck,
    Rest,
    Hint,
}

impl Goodbye {
    /// Draws one.
    pub(crate) fn of(rng: &mut fastrand::Rng) -> Self {
        draw::goodbye(rng)
    }
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        draw::draw(&mut fastrand::Rng::with_seed(seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_plan_in_the_order_of_time() {
        for seed in 0..50 {
            let plan = Plan::of(seed);
            assert_eq!(format!("{plan:?}"), format!("{:?}", Plan::of(seed)));
            assert!(plan.steps.is_sorted_by_key(|step| step.at));
        }
        assert_ne!(
            format!("{:?}", Plan::of(1).steps),
            format!("{:?}", Plan::of(2).steps)
        );
    }

    #[test]
    fn many_plans_hold_every_action_kind_and_fault() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..400 {
            for step in Plan::of(seed).steps {
                let text = format!("{:?}", step.action);
                let word = match &step.action {
                    Action::Fault(place, fault, _) => format!("{place:?} {fault}"),
                    _ => text.split('(').next().unwrap().to_owned(),
                };
                seen.insert(word);
            }
        }
        for action in [
            "Look",
            "Connect",
            "Disconnect",
            "Pause",
            "Resume",
            "Lifecycle",
            "Watch",
            "Join",
            "Get",
            "Send",
            "Token",
            "NewGuest",
            "Subscribe",
            "Replace",
            "Push",
            "PushCall",
            "Garbage",
            "Revoke",
            "Loader",
            "Jump",
            "HostClock",
            "Network",
            "Cut",
            "HalfOpen",
            "Dialling",
            "Service",
            "Close",
            "Upgrade wrong accept key",
            "Greeting stall",
            "Greeting expire token",
            "HealthCheck drop",
            "Rest stall",
            "Rest api error 40",
            "Hint stall",
            "Dial refuse",
        ] {
            assert!(seen.contains(action), "{action} in {seen:?}");
        }
    }
}
