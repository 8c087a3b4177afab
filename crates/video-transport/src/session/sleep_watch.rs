//! Notices that the host has slept: the wall clock went on, and the monotonic one did not.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use video_core::WallClock;

/// Compares two clocks from look to look.
#[derive(Debug)]
pub(super) struct SleepWatch {
    wall_clock: Arc<dyn WallClock>,
    last: Option<(Instant, SystemTime)>,
}

/// How often to look.
const PERIOD: Duration = Duration::from_secs(10);

/// A difference below this is no sleep, but a busy host or a clock that is kept in time.
const TOLERANCE: Duration = Duration::from_secs(30);

impl SleepWatch {
    pub(super) fn new(wall_clock: Arc<dyn WallClock>) -> Self {
        Self {
            wall_clock,
            last: None,
        }
    }

    /// A connection begins: what was before does not matter.
    pub(super) fn start(&mut self, now: Instant) {
        self.last = Some((now, self.wall_clock.now()));
    }

    /// When to look again, once started.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.last.map(|(last, _)| last + PERIOD)
    }

    /// Whether the host has slept, or its clock was set forward, since the last look. A clock that
    /// is set back tells nothing.
    pub(super) fn has_slept(&mut self, now: Instant) -> bool {
        let wall = self.wall_clock.now();
        let Some((last, last_wall)) = self.last.replace((now, wall)) else {
            return false;
        };
        let passed = now.saturating_duration_since(last);
        let on_the_wall = wall.duration_since(last_wall).unwrap_or_default();
        on_the_wall > passed + TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::UNIX_EPOCH;

    use super::*;

    /// A wall clock that the test sets.
    #[derive(Debug)]
    struct Wall(Mutex<SystemTime>);

    impl WallClock for Wall {
        fn now(&self) -> SystemTime {
            *self.0.lock().unwrap()
        }
    }

    /// Lets both clocks go on, each by so many milliseconds, and looks.
    struct Host {
        watch: SleepWatch,
        wall: Arc<Wall>,
        now: Instant,
    }

    impl Host {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary origin")]
        fn new() -> Self {
            let wall = Arc::new(Wall(Mutex::new(UNIX_EPOCH + 1000 * TOLERANCE)));
            Self {
                watch: SleepWatch::new(Arc::clone(&wall) as Arc<dyn WallClock>),
                wall,
                now: Instant::now(),
            }
        }

        fn has_slept(&mut self, awake: u64, on_the_wall: u64) -> bool {
            self.now += Duration::from_millis(awake);
            *self.wall.0.lock().unwrap() += Duration::from_millis(on_the_wall);
            self.watch.has_slept(self.now)
        }
    }

    #[test]
    fn a_wall_clock_that_is_ahead_by_more_than_half_a_minute_tells_of_one_sleep() {
        let mut host = Host::new();
        assert!(!host.has_slept(0, 3_600_000), "there was no look before");
        assert!(!host.has_slept(10_000, 10_000));
        assert!(!host.has_slept(10_000, 40_000), "kept in time");
        assert!(host.has_slept(10_000, 40_001));
        assert!(!host.has_slept(10_000, 10_000), "told already");
    }

    #[test]
    fn a_connection_that_begins_forgets_what_was_and_is_looked_at_in_ten_seconds() {
        let mut host = Host::new();
        assert_eq!(host.watch.next_look(), None);
        assert!(!host.has_slept(0, 0));
        *host.wall.0.lock().unwrap() += 100 * TOLERANCE;
        host.watch.start(host.now);
        assert_eq!(host.watch.next_look(), Some(host.now + PERIOD));
        assert!(!host.has_slept(10_000, 10_000));
    }

    #[test]
    fn a_long_time_awake_and_a_clock_that_is_set_back_are_no_sleep() {
        let mut host = Host::new();
        assert!(!host.has_slept(0, 0));
        assert!(!host.has_slept(3_600_000, 3_600_000));
        *host.wall.0.lock().unwrap() -= 100 * TOLERANCE;
        assert!(!host.has_slept(10_000, 10_000));
    }
}
