//! When a lost socket is dialled again.

use std::time::Duration;

/// The schedule of reconnection: full jitter over a window that doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReconnectPolicy {
    /// The window of the first pause. 500 ms.
    pub first_window: Duration,
    /// The window of the first pause when the service asked for distance: it is going away,
    /// restarting or refuses to be dialled. 5 s.
    pub slow_window: Duration,
    /// The widest window. 25 s.
    pub max_window: Duration,
    /// How long a connection must live before its attempts are forgotten. 30 s.
    pub stable_after: Duration,
}

/// How much distance the last failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pace {
    /// An ordinary loss.
    Normal,
    /// The service is going away, restarting or not there.
    Slow,
    /// The service is refusing for load.
    Slowest,
}

impl ReconnectPolicy {
    /// The pause before dialling again after `failures` failures in a row, counted from 0.
    ///
    /// `jitter` is uniform in `[0, 1)`.
    #[must_use]
    pub fn delay(&self, failures: u32, pace: Pace, jitter: f64) -> Duration {
        let first = match pace {
            Pace::Normal => self.first_window,
            Pace::Slow => self.slow_window,
            Pace::Slowest => self.max_window,
        };
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        let window = first.saturating_mul(factor).min(self.max_window);
        window.mul_f64(jitter.clamp(0.0, 1.0))
    }
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            first_window: Duration::from_millis(500),
            slow_window: Duration::from_secs(5),
            max_window: Duration::from_secs(25),
            stable_after: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn windows_double_from_their_pace_to_the_cap() {
        let policy = ReconnectPolicy::default();
        let windows = |pace| [0, 1, 2, 6, 40].map(|n| policy.delay(n, pace, 1.0).as_millis());
        assert_eq!(windows(Pace::Normal), [500, 1000, 2000, 25_000, 25_000]);
        assert_eq!(windows(Pace::Slow), [5000, 10_000, 20_000, 25_000, 25_000]);
        assert_eq!(windows(Pace::Slowest), [25_000; 5]);
    }

    /// Promise: W21
    #[test]
    fn every_pause_is_jittered_over_its_whole_window_even_at_the_cap() {
        let policy = ReconnectPolicy::default();
        for failures in [0, 4, 100] {
            assert_eq!(policy.delay(failures, Pace::Normal, 0.0), Duration::ZERO);
            let half = policy.delay(failures, Pace::Normal, 0.5);
            assert_eq!(half * 2, policy.delay(failures, Pace::Normal, 1.0));
        }
    }

    proptest! {
        #[test]
        fn no_pause_exceeds_the_cap(failures: u32, jitter in 0.0_f64..1.0) {
            let policy = ReconnectPolicy::default();
            for pace in [Pace::Normal, Pace::Slow, Pace::Slowest] {
                prop_assert!(policy.delay(failures, pace, jitter) <= policy.max_window);
            }
        }
    }
}
