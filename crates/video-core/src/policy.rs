//! Pure policies: numbers in, decisions out. No clock, no randomness of their own.

mod budget;
mod heartbeat;
mod reconnect;
mod retry;

pub use budget::RetryBudget;
pub use heartbeat::HeartbeatPolicy;
pub use reconnect::{Pace, ReconnectPolicy};
#[cfg(feature = "test-util")]
pub use retry::MockRetryPolicy;
pub use retry::{NeverRetry, RetryPolicy, StandardRetry};
