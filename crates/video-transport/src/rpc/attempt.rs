//! Decides what follows an attempt. Sans-IO: time, jitter and outcomes are arguments.

use std::time::{Duration, Instant};

use video_core::{FailureClass, Idempotency, RetryPolicy};

use crate::session::FOR_EVER;

/// The course of one call.
///
/// Whether a failure may be repeated is decided here, by what it says about execution; how often
/// and how fast, by the policy.
#[derive(Debug)]
pub(super) struct CallMachine {
    deadline: Instant,
    idempotency: Idempotency,
    attempts: u32,
    refreshed: bool,
    reread: bool,
    /// Whether a failed attempt may have been executed.
    uncertain: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) class: FailureClass,
    pub(super) retry_after: Option<Duration>,
    /// The service does not know the connection id that was sent.
    pub(super) stale_connection: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Give up: the last failure is the result.
    GiveUp,
    /// Try again at this moment.
    RetryAt(Instant),
    /// Get another token and try again at once.
    Refresh,
    /// Read the connection id again and try again at once.
    Reread,
}

impl CallMachine {
    pub(super) fn new(now: Instant, timeout: Duration, idempotency: Idempotency) -> Self {
        let deadline = now + timeout.min(FOR_EVER);
        Self {
            deadline,
            idempotency,
            attempts: 0,
            refreshed: false,
            reread: false,
            uncertain: false,
        }
    }

    /// Begins an attempt and tells when it must be over.
    pub(super) fn begin(&mut self, now: Instant, attempt_timeout: Duration) -> Instant {
        self.attempts += 1;
        self.deadline.min(now + attempt_timeout.min(FOR_EVER))
    }

    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.deadline.saturating_duration_since(now)
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the call may have been executed by an attempt that failed.
    pub(super) fn may_have_been_executed(&self) -> bool {
        self.uncertain
    }

    /// Decides what follows a failed attempt. `withdraw` takes a retry from the budget, if one is
    /// left.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        jitter: f64,
        failure: Failure,
        policy: &dyn RetryPolicy,
        withdraw: impl FnOnce() -> bool,
    ) -> Next {
        self.uncertain |= failure.class == FailureClass::Transient;
        if failure.stale_connection && !self.reread {
            self.reread = true;
            // Free of charge: the service refused before it did anything.
            self.attempts -= 1;
            return Next::Reread;
        }
        match failure.class {
            FailureClass::Unauthorized if !self.refreshed => {
                self.refreshed = true;
                self.attempts -= 1;
                Next::Refresh
            }
            FailureClass::NotSent | FailureClass::Throttled => {
                self.retry(now, jitter, failure, policy, withdraw)
            }
            FailureClass::Transient if self.idempotency == Idempotency::Idempotent => {
                self.retry(now, jitter, failure, policy, withdraw)
            }
            _ => Next::GiveUp,
        }
    }

    fn retry(
        &self,
        now: Instant,
        jitter: f64,
        failure: Failure,
        policy: &dyn RetryPolicy,
        withdraw: impl FnOnce() -> bool,
    ) -> Next {
        if self.attempts >= policy.max_attempts() {
            return Next::GiveUp;
        }
        let pause = policy.backoff(self.attempts, jitter);
        let pause = pause.max(failure.retry_after.unwrap_or_default());
        let at = now + pause.min(FOR_EVER);
        if at >= self.deadline || !withdraw() {
            return Next::GiveUp;
        }
        Next::RetryAt(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use video_core::{NeverRetry, RetryBudget, StandardRetry};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn failure(class: FailureClass) -> Failure {
        Failure {
            class,
            retry_after: None,
            stale_connection: false,
        }
    }

    struct Course {
        machine: CallMachine,
        now: Instant,
        budget: RetryBudget,
    }

    impl Course {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary origin")]
        fn new(idempotency: Idempotency) -> Self {
            let now = Instant::now();
            let machine = CallMachine::new(now, TIMEOUT, idempotency);
            Self {
                machine,
                now,
                budget: RetryBudget::default(),
            }
        }

        fn fail(&mut self, failure: Failure) -> Next {
            self.machine.begin(self.now, Duration::from_secs(5));
            let next = self
                .machine
                .failed(self.now, 0.0, failure, &StandardRetry, || {
                    self.budget.withdraw()
                });
            if let Next::RetryAt(at) = next {
                self.now = at;
            }
            next
        }

        fn pauses(&mut self, class: FailureClass) -> Vec<u128> {
            let mut pauses = Vec::new();
            loop {
                let before = self.now;
                match self.fail(failure(class)) {
                    Next::RetryAt(at) => pauses.push((at - before).as_millis()),
                    _ => return pauses,
                }
            }
        }
    }

    #[test]
    fn a_call_with_every_trouble_goes_like_this() {
        let mut course = Course::new(Idempotency::Idempotent);
        let start = course.now;
        let stale = Failure {
            stale_connection: true,
            ..failure(FailureClass::Permanent)
        };
        let asked_to_wait = Failure {
            retry_after: Some(Duration::from_secs(2)),
            ..failure(FailureClass::Throttled)
        };
        let troubles = [
            failure(FailureClass::NotSent),
            failure(FailureClass::Unauthorized),
            stale,
            asked_to_wait,
            failure(FailureClass::Transient),
            failure(FailureClass::Unauthorized),
        ];
        let lines: Vec<String> = troubles
            .into_iter()
            .map(|trouble| {
                let at = (course.now - start).as_millis();
                let next = match course.fail(trouble) {
                    Next::GiveUp => "give up".to_owned(),
                    Next::RetryAt(at) => format!("again at {}", (at - start).as_millis()),
                    Next::Refresh => "another token".to_owned(),
                    Next::Reread => "another connection id".to_owned(),
                };
                format!("{at} {:?}: {next}", trouble.class)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "0 NotSent: again at 200",
                "200 Unauthorized: another token",
                "200 Permanent: another connection id",
                "200 Throttled: again at 2200",
                "2200 Transient: again at 2800",
                "2800 Unauthorized: give up",
            ]
        );
    }

    /// Promise: CK054
    #[test]
    fn an_idempotent_call_is_attempted_five_times_with_growing_pauses() {
        let mut course = Course::new(Idempotency::Idempotent);
        assert_eq!(course.pauses(FailureClass::Transient), [200, 400, 600, 800]);
        assert_eq!(course.machine.attempts(), 5);
    }

    /// Promise: T16, CK057
    #[test]
    fn a_call_that_may_have_been_executed_is_repeated_only_if_that_does_no_harm() {
        let mut course = Course::new(Idempotency::NotIdempotent);
        assert_eq!(course.fail(failure(FailureClass::Transient)), Next::GiveUp);
    }

    /// Promise: CK056
    #[test]
    fn a_call_that_was_never_sent_is_repeated_whatever_it_is() {
        for idempotency in [Idempotency::Idempotent, Idempotency::NotIdempotent] {
            assert_eq!(
                Course::new(idempotency).pauses(FailureClass::NotSent).len(),
                4
            );
            assert_eq!(
                Course::new(idempotency)
                    .pauses(FailureClass::Throttled)
                    .len(),
                4
            );
        }
    }

    /// Promise: CK055
    #[test]
    fn a_permanent_failure_ends_at_once_and_a_wait_asked_for_is_kept() {
        let mut course = Course::new(Idempotency::Idempotent);
        let wait = Duration::from_secs(3);
        let throttled = Failure {
            retry_after: Some(wait),
            ..failure(FailureClass::Throttled)
        };
        let before = course.now;
        assert_eq!(course.fail(throttled), Next::RetryAt(before + wait));
        assert_eq!(course.fail(failure(FailureClass::Permanent)), Next::GiveUp);
    }

    #[test]
    fn a_wait_beyond_the_deadline_is_not_begun() {
        let mut course = Course::new(Idempotency::Idempotent);
        let asked = |wait| Failure {
            retry_after: Some(wait),
            ..failure(FailureClass::Throttled)
        };
        assert_eq!(course.fail(asked(TIMEOUT)), Next::GiveUp);
        let just_before = TIMEOUT.saturating_sub(Duration::from_millis(1));
        assert!(matches!(course.fail(asked(just_before)), Next::RetryAt(_)));
    }

    /// Promise: T02, CK038
    #[test]
    fn a_token_is_refreshed_once_a_call_and_for_free() {
        let mut course = Course::new(Idempotency::NotIdempotent);
        assert_eq!(
            course.fail(failure(FailureClass::Unauthorized)),
            Next::Refresh
        );
        assert_eq!(course.machine.attempts(), 0);
        assert_eq!(
            course.fail(failure(FailureClass::Unauthorized)),
            Next::GiveUp
        );
    }

    /// Promise: W27
    #[test]
    fn a_stale_connection_id_is_read_again_once() {
        let mut course = Course::new(Idempotency::NotIdempotent);
        let stale = Failure {
            stale_connection: true,
            ..failure(FailureClass::Permanent)
        };
        assert_eq!(course.fail(stale), Next::Reread);
        assert_eq!(course.machine.attempts(), 0, "free of charge");
        assert_eq!(course.fail(stale), Next::GiveUp);
    }

    #[test]
    fn an_empty_budget_allows_no_retry() {
        let mut course = Course::new(Idempotency::Idempotent);
        while course.budget.withdraw() {}
        assert_eq!(course.fail(failure(FailureClass::Transient)), Next::GiveUp);
    }

    #[test]
    fn an_attempt_ends_with_the_call_at_the_latest() {
        let mut course = Course::new(Idempotency::Idempotent);
        let now = course.now;
        assert_eq!(course.machine.begin(now, TIMEOUT * 2), now + TIMEOUT);
        assert_eq!(course.machine.begin(now, TIMEOUT / 2), now + TIMEOUT / 2);
        assert_eq!(course.machine.remaining(now + TIMEOUT / 2), TIMEOUT / 2);
        assert_eq!(course.machine.remaining(now + TIMEOUT * 2), Duration::ZERO);
    }

    #[test]
    fn the_policy_can_forbid_retries() {
        let mut course = Course::new(Idempotency::Idempotent);
        course.machine.begin(course.now, TIMEOUT);
        let next = course.machine.failed(
            course.now,
            0.5,
            failure(FailureClass::NotSent),
            &NeverRetry,
            || course.budget.withdraw(),
        );
        assert_eq!(next, Next::GiveUp);
    }

    fn any_failure() -> impl Strategy<Value = Failure> {
        let class = prop_oneof![
            Just(FailureClass::NotSent),
            Just(FailureClass::Transient),
            Just(FailureClass::Throttled),
            Just(FailureClass::Unauthorized),
            Just(FailureClass::Permanent),
        ];
        (class, any::<Option<u8>>(), any::<bool>()).prop_map(|(class, wait, stale_connection)| {
            let retry_after = wait.map(|seconds| Duration::from_secs(seconds.into()));
            Failure {
                class,
                retry_after,
                stale_connection,
            }
        })
    }

    /// What is to follow each failure, told apart from the machine.
    struct Rules {
        idempotency: Idempotency,
        deadline: Instant,
        counted: u32,
        left: u32,
        refreshed: bool,
        reread: bool,
        uncertain: bool,
    }

    impl Rules {
        fn next(&mut self, now: Instant, jitter: f64, failure: Failure) -> Next {
            let is_transient = failure.class == FailureClass::Transient;
            self.uncertain |= is_transient;
            if failure.stale_connection && !std::mem::replace(&mut self.reread, true) {
                return Next::Reread;
            }
            if failure.class == FailureClass::Unauthorized
                && !std::mem::replace(&mut self.refreshed, true)
            {
                return Next::Refresh;
            }
            self.counted += 1;
            let may_repeat = match failure.class {
                FailureClass::NotSent | FailureClass::Throttled => true,
                FailureClass::Transient => self.idempotency == Idempotency::Idempotent,
                _ => false,
            };
            let pause = StandardRetry.backoff(self.counted, jitter);
            let at = now + pause.max(failure.retry_after.unwrap_or_default());
            if !may_repeat || self.counted == 5 || at >= self.deadline || self.left == 0 {
                return Next::GiveUp;
            }
            self.left -= 1;
            Next::RetryAt(at)
        }
    }

    proptest! {
        #[test]
        fn what_follows_each_failure_is_what_the_rules_say(
            failures in prop::collection::vec((any_failure(), 0.0..1.0, 0_u64..2_000), 1..12),
            idempotent: bool,
            left in 0_u32..6,
        ) {
            let idempotency = match idempotent {
                true => Idempotency::Idempotent,
                false => Idempotency::NotIdempotent,
            };
            let Course { mut machine, mut now, .. } = Course::new(idempotency);
            let mut rules = Rules {
                idempotency,
                deadline: now + TIMEOUT,
                counted: 0,
                left,
                refreshed: false,
                reread: false,
                uncertain: false,
            };
            let mut budget = left;
            for (failure, jitter, millis) in failures {
                let limit = Duration::from_secs(5);
                prop_assert_eq!(machine.begin(now, limit), rules.deadline.min(now + limit));
                now = rules.deadline.min(now + Duration::from_millis(millis));
                let withdraw = || {
                    let has_one = budget > 0;
                    budget -= u32::from(has_one);
                    has_one
                };
                let next = machine.failed(now, jitter, failure, &StandardRetry, withdraw);
                prop_assert_eq!(next, rules.next(now, jitter, failure));
                prop_assert_eq!(machine.may_have_been_executed(), rules.uncertain);
                match next {
                    Next::GiveUp => break,
                    Next::RetryAt(at) => now = at,
                    Next::Refresh | Next::Reread => {}
                }
            }
            prop_assert_eq!(budget, rules.left);
        }

        #[test]
        fn no_history_exceeds_attempts_deadline_or_one_refresh(
            failures in prop::collection::vec(any_failure(), 1..40),
            idempotent: bool,
        ) {
            let idempotency = match idempotent {
                true => Idempotency::Idempotent,
                false => Idempotency::NotIdempotent,
            };
            let mut course = Course::new(idempotency);
            let deadline = course.now + TIMEOUT;
            let (mut refreshes, mut rereads) = (0, 0);
            for failure in failures {
                match course.fail(failure) {
                    Next::GiveUp => break,
                    Next::RetryAt(at) => {
                        prop_assert!(at < deadline);
                        prop_assert!(
                            idempotent || failure.class != FailureClass::Transient
                        );
                    }
                    Next::Refresh => refreshes += 1,
                    Next::Reread => rereads += 1,
                }
                prop_assert!(course.machine.attempts() < 5);
            }
            prop_assert!(refreshes <= 1 && rereads <= 1);
        }
    }
}
