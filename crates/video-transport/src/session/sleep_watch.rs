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

/// A difference below this is no sleep, but a busy host or a clock that is kept in time.
const TOLERANCE: Duration = Duration::from_secs(30);

impl SleepWatch {
    pub(super) fn new(wall_clock: Arc<dyn WallClock>) -> Self {
        Self {
            wall_clock,
            last: None,
        }
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
