//! The host that a client runs on: what time of day it says it is.

use std::time::{Duration, SystemTime};

use video_client::WallClock;
use video_testkit::VirtualWallClock;

/// A cheap handle to the wall clock of one host, which nobody but the plan sets.
#[derive(Debug, Clone)]
pub(crate) struct HostClock(VirtualWallClock);

impl HostClock {
    /// Shows the time that another clock shows now, and goes its own way from then on.
    pub(crate) fn set_by(clock: &VirtualWallClock) -> Self {
        Self(VirtualWallClock::starting_at(clock.now()))
    }

    /// Goes forward or back by so many seconds at once.
    pub(crate) fn jump(&self, seconds: i64) {
        jump(&self.0, seconds);
    }
}

impl WallClock for HostClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

/// Lets a clock go forward or back by so many seconds at once.
pub(crate) fn jump(clock: &VirtualWallClock, seconds: i64) {
    let span = Duration::from_secs(seconds.unsigned_abs());
    match seconds < 0 {
        true => clock.rewind_wall(span),
        false => clock.advance_wall(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_has_a_clock_of_its_own() {
        let base = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let service = VirtualWallClock::starting_at(base);
        let host = HostClock::set_by(&service);
        host.jump(30);
        host.clone().jump(-10);
        jump(&service, -60);
        assert_eq!(host.now(), base + Duration::from_secs(20));
        assert_eq!(service.now(), base - Duration::from_secs(60));
    }
}
