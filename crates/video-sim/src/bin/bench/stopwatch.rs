//! Reads the clock: the one place of the benchmarks that does.

use std::time::Duration;

use tokio::time::Instant;

use crate::usage;

/// Wall and processor time since a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: f64,
}

/// How long something took, in seconds. Wall time is virtual where tokio's is paused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let cpu = usage::cpu_seconds();
        Self {
            cpu,
            ..Self::start_wall()
        }
    }

    /// For what is too short to ask for the processor time.
    #[expect(
        clippy::disallowed_methods,
        reason = "it measures how long things take"
    )]
    pub(crate) fn start_wall() -> Self {
        Self {
            wall: Instant::now(),
            cpu: f64::NAN,
        }
    }

    pub(crate) fn wall(self) -> Duration {
        self.wall.elapsed()
    }

    pub(crate) fn took(self) -> Took {
        Took {
            wall: self.wall().as_secs_f64(),
            cpu: usage::cpu_seconds() - self.cpu,
        }
    }
}
