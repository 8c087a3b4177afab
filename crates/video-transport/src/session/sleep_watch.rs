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
