//! Keeps a connection alive and notices when it is not. Sans-IO.

use std::time::Instant;

use video_core::HeartbeatPolicy;

/// The pulse of one live connection.
#[derive(Debug)]
pub(super) struct Heartbeat {
    policy: HeartbeatPolicy,
    last_heard: Instant,
    next_ping: Instant,
    /// When an answer is due, if the peer is doubted.
    probed_until: Option<Instant>,
}

/// What a look at the pulse shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulse {
    Steady,
    /// It is time to ask.
    Ask,
    /// The peer counts as dead.
    Dead,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, policy: HeartbeatPolicy) -> Self {
        Self {
            policy,
            last_heard: now,
            next_ping: now + policy.interval,
            probed_until: None,
        }
    }

    /// Anything that arrives proves life.
    pub(super) fn heard(&mut self, now: Instant) {
        self.last_heard = now;
        self.probed_until = None;
    }

    /// The peer is doubted: it is to be asked now, and has less time than usual to answer. Tells
    /// whether to ask.
    pub(super) fn doubt(&mut self, now: Instant) -> bool {
        if self.probed_until.is_some() {
            return false;
        }
        self.probed_until = Some(now + self.policy.probe);
        self.next_ping = now + self.policy.interval;
        true
    }

    pub(super) fn deadline(&self) -> Instant {
        self.next_ping.min(self.dead_at())
    }

    fn dead_at(&self) -> Instant {
        let idle = self.last_heard + self.policy.idle;
        self.probed_until.map_or(idle, |until| until.min(idle))
    }

    /// Looks at the pulse. Asks once an interval, whatever the answer.
    pub(super) fn check(&mut self, now: Instant) -> Pulse {
        if now >= self.dead_at() {
            Pulse::Dead
        } else if now >= self.next_ping {
            self.next_ping = now + self.policy.interval;
            Pulse::Ask
        } else {
            Pulse::Steady
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    struct Clock(Instant);

    impl Clock {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary origin")]
        fn new() -> Self {
            Self(Instant::now())
        }

        fn at(&self, seconds: u64) -> Instant {
            self.0 + Duration::from_secs(seconds)
        }
    }

    #[test]
    fn a_silent_peer_is_asked_once_and_dead_at_thirty_five_seconds() {
        let clock = Clock::new();
        let mut pulse = Heartbeat::new(clock.at(0), HeartbeatPolicy::default());
        assert_eq!(pulse.deadline(), clock.at(25));
        assert_eq!(pulse.check(clock.at(24)), Pulse::Steady);
        assert_eq!(pulse.check(clock.at(25)), Pulse::Ask);
        assert_eq!(pulse.deadline(), clock.at(35));
        assert_eq!(pulse.check(clock.at(34)), Pulse::Steady);
        assert_eq!(pulse.check(clock.at(35)), Pulse::Dead);
        // A look that comes late sees the same.
        assert_eq!(pulse.check(clock.at(3600)), Pulse::Dead);
    }

    /// Promise: W15
    #[test]
    fn a_peer_that_sends_but_does_not_answer_is_asked_again_and_again() {
        let clock = Clock::new();
        let mut pulse = Heartbeat::new(clock.at(0), HeartbeatPolicy::default());
        let mut asked = Vec::new();
        for second in 1..=100 {
            pulse.heard(clock.at(second));
            if pulse.check(clock.at(second)) == Pulse::Ask {
                asked.push(second);
            }
        }
        assert_eq!(asked, [25, 50, 75, 100]);
    }

    #[test]
    fn who_is_doubted_is_asked_once_and_has_two_seconds() {
        let clock = Clock::new();
        let mut pulse = Heartbeat::new(clock.at(0), HeartbeatPolicy::default());
        assert!(pulse.doubt(clock.at(10)));
        assert!(!pulse.doubt(clock.at(11)), "asked already");
        assert_eq!(pulse.deadline(), clock.at(12));
        assert_eq!(pulse.check(clock.at(11)), Pulse::Steady);
        assert_eq!(pulse.check(clock.at(12)), Pulse::Dead);

        pulse.heard(clock.at(11));
        assert_eq!(pulse.deadline(), clock.at(35));
        assert!(pulse.doubt(clock.at(34)));
        pulse.heard(clock.at(35));
        assert_eq!(pulse.check(clock.at(36)), Pulse::Steady);
    }

    #[test]
    fn a_doubt_does_not_lengthen_a_silence() {
        let clock = Clock::new();
        let mut pulse = Heartbeat::new(clock.at(0), HeartbeatPolicy::default());
        assert!(pulse.doubt(clock.at(34)));
        assert_eq!(pulse.deadline(), clock.at(35));
        assert_eq!(pulse.check(clock.at(35)), Pulse::Dead);
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Heard,
        Doubted,
        /// So many milliseconds pass, with a look whenever one is due.
        Wait(u64),
        /// So many milliseconds pass, and then comes a look.
        Late(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => Just(Step::Heard),
            1 => Just(Step::Doubted),
            3 => (0_u64..40_000).prop_map(Step::Wait),
            1 => (0_u64..40_000).prop_map(Step::Late),
        ]
    }

    /// A pulse, and what its promises say of it.
    struct Model {
        pulse: Heartbeat,
        now: Instant,
        heard: Instant,
        asked: Instant,
        probed_until: Option<Instant>,
    }

    impl Model {
        /// Tells whether the peer counts as dead.
        fn look(&mut self) -> Result<bool, TestCaseError> {
            let policy = HeartbeatPolicy::default();
            let silent = self.now >= self.heard + policy.idle;
            let unanswered = self.probed_until.is_some_and(|until| self.now >= until);
            let due = self.now >= self.asked + policy.interval;
            let expected = match (silent || unanswered, due) {
                (true, _) => Pulse::Dead,
                (false, true) => Pulse::Ask,
                (false, false) => Pulse::Steady,
            };
            prop_assert_eq!(self.pulse.check(self.now), expected);
            if expected == Pulse::Ask {
                self.asked = self.now;
            }
            if expected != Pulse::Dead {
                prop_assert!(
                    self.pulse.deadline() > self.now,
                    "a look that changes nothing"
                );
            }
            Ok(expected == Pulse::Dead)
        }
    }

    proptest! {
        #[test]
        fn in_any_history_a_silent_peer_is_dead_and_a_live_one_asked_once_an_interval(
            steps in prop::collection::vec(step(), 0..40),
        ) {
            let start = Clock::new().at(0);
            let mut model = Model {
                pulse: Heartbeat::new(start, HeartbeatPolicy::default()),
                now: start,
                heard: start,
                asked: start,
                probed_until: None,
            };
            for step in steps {
                match step {
                    Step::Heard => {
                        model.pulse.heard(model.now);
                        (model.heard, model.probed_until) = (model.now, None);
                    }
                    Step::Doubted => {
                        let asks = model.pulse.doubt(model.now);
                        prop_assert_eq!(asks, model.probed_until.is_none());
                        if asks {
                            let probe = HeartbeatPolicy::default().probe;
                            model.probed_until = Some(model.now + probe);
                            model.asked = model.now;
                        }
                    }
                    Step::Wait(millis) => {
                        let until = model.now + Duration::from_millis(millis);
                        while model.pulse.deadline() <= until {
                            model.now = model.now.max(model.pulse.deadline());
                            if model.look()? {
                                return Ok(());
                            }
                        }
                        model.now = until;
                    }
                    Step::Late(millis) => {
                        model.now += Duration::from_millis(millis);
                        if model.look()? {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }
}
