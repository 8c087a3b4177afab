//! How often a REST request is attempted, and how long to wait between attempts.

use std::fmt;
use std::time::Duration;

/// Governs the attempts of REST requests. Sockets obey
/// [`ReconnectPolicy`](crate::ReconnectPolicy) instead.
///
/// Whether a failure may be retried at all is not a matter of policy: a request that may have
/// been executed is only repeated if that does no harm.
#[cfg_attr(any(test, feature = "test-util"), mockall::automock)]
pub trait RetryPolicy: fmt::Debug + Send + Sync {
    /// The number of attempts, the first included. One means no retry.
    fn max_attempts(&self) -> u32;

    /// The pause after the `attempt`-th failed attempt, counted from 1.
    ///
    /// `jitter` is uniform in `[0, 1)`.
    fn backoff(&self, attempt: u32, jitter: f64) -> Duration;
}

/// Five attempts, with pauses that grow linearly by 200 ms, plus up to 500 ms of jitter, to 3 s.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a unit struct on purpose: it names fixed numbers"
)]
pub struct StandardRetry;

const MAX_ATTEMPTS: u32 = 5;
const STEP: Duration = Duration::from_millis(200);
const MAX_JITTER: f64 = 0.5;
const MAX_BACKOFF: Duration = Duration::from_secs(3);

impl RetryPolicy for StandardRetry {
    fn max_attempts(&self) -> u32 {
        MAX_ATTEMPTS
    }

    fn backoff(&self, attempt: u32, jitter: f64) -> Duration {
        if attempt == 0 {
            return Duration::ZERO;
        }
        let jitter = Duration::from_secs_f64(MAX_JITTER * jitter.clamp(0.0, 1.0));
        STEP.saturating_mul(attempt)
            .saturating_add(jitter)
            .min(MAX_BACKOFF)
    }
}

/// One attempt, whatever happens.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a unit struct on purpose: it names fixed numbers"
)]
pub struct NeverRetry;

impl RetryPolicy for NeverRetry {
    fn max_attempts(&self) -> u32 {
        1
    }

    fn backoff(&self, _attempt: u32, _jitter: f64) -> Duration {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static_assertions::assert_obj_safe!(RetryPolicy);

    /// Promise: CK060
    #[test]
    fn the_standard_pause_grows_linearly_to_three_seconds() {
        let table = [
            (0, 0, 0),
            (1, 200, 700),
            (2, 400, 900),
            (10, 2000, 2500),
            (15, 3000, 3000),
        ];
        for (attempt, low, high) in table {
            let pause = |jitter| StandardRetry.backoff(attempt, jitter).as_millis();
            assert_eq!((pause(0.0), pause(1.0)), (low, high), "attempt {attempt}");
        }
    }

    #[test]
    fn a_call_is_attempted_five_times_or_once_if_retries_are_not_wished() {
        assert_eq!(StandardRetry.max_attempts(), 5);
        assert_eq!(NeverRetry.max_attempts(), 1);
    }

    proptest! {
        #[test]
        fn no_pause_leaves_the_table(attempt in 1_u32.., jitter in 0.0_f64..1.0) {
            let pause = StandardRetry.backoff(attempt, jitter);
            prop_assert!(pause >= Duration::from_millis(200));
            prop_assert!(pause <= MAX_BACKOFF);
        }
    }
}
