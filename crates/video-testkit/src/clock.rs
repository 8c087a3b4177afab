//! The coordinator's wall clock, which follows tokio's time, paused or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

/// A wall clock that starts at a chosen time and runs as fast as tokio's clock.
///
/// Under `#[tokio::test(start_paused = true)]` it stands still between two awaits, as everything
/// else does. Clones share one clock, so a client and the coordinator can agree on the time, or be
/// made to disagree: see [`advance_wall`](Self::advance_wall).
#[derive(Debug, Clone)]
pub struct VirtualWallClock {
    base: SystemTime,
    started: Instant,
    jump_nanos: Arc<AtomicI64>,
}

impl VirtualWallClock {
    /// Starts a clock that reads `base` now.
    ///
    /// Call it inside the runtime whose time it shall follow.
    #[must_use]
    pub fn starting_at(base: SystemTime) -> Self {
        Self {
            base,
            started: now(),
            jump_nanos: Arc::default(),
        }
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let time = self.base + self.elapsed();
        let jump = self.jump_nanos.load(Ordering::Relaxed);
        let span = Duration::from_nanos(jump.unsigned_abs());
        if jump < 0 { time - span } else { time + span }
    }

    /// How long the clock has been running. Jumps do not count.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Puts the wall clock forward, as a user or a time server would. Timers do not notice.
    pub fn advance_wall(&self, by: Duration) {
        self.jump(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX));
    }

    /// Puts the wall clock back. Timers do not notice.
    pub fn rewind_wall(&self, by: Duration) {
        self.jump(-i64::try_from(by.as_nanos()).unwrap_or(i64::MAX));
    }

    pub(crate) fn unix(&self) -> i64 {
        OffsetDateTime::from(self.now()).unix_timestamp()
    }

    pub(crate) fn rfc3339(&self) -> String {
        rfc3339(self.now())
    }

    fn jump(&self, nanos: i64) {
        self.jump_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// Writes a time as the service does on `/video/*`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    OffsetDateTime::from(time)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// Whether a text is a time that the service would read.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of the emulated service and its links reads tokio's time here and nowhere else"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a coordinator on a real clock starts at the machine's time"
)]
pub(crate) fn machine_time() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_wall_clock_follows_paused_time_and_jumps_on_request() {
        let clock = VirtualWallClock::starting_at(SystemTime::UNIX_EPOCH);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(clock.rfc3339(), "1970-01-01T00:00:01.5Z");
        clock.advance_wall(Duration::from_secs(10));
        assert_eq!(clock.unix(), 11);
        clock.clone().rewind_wall(Duration::from_secs(11));
        assert_eq!(clock.unix(), 0);
        assert_eq!(clock.elapsed(), Duration::from_millis(1500));
    }

    #[test]
    fn only_full_timestamps_are_times() {
        assert!(is_rfc3339("2026-03-04T10:10:00Z"));
        assert!(is_rfc3339("2026-03-04T10:10:00.123456789+02:00"));
        assert!(!is_rfc3339("tomorrow"));
    }
}
