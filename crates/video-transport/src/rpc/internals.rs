//! `Retry-After`, for who feeds it headers of their own.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// How long an answer with these headers asks to wait.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    super::retry_after::retry_after(headers, now)
}
