//! How long the service asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use video_core::since_epoch;

/// The longest wait that is believed.
const MAX: Duration = Duration::from_secs(60);

/// Reads `Retry-After` (seconds or a date), else the moment at which the rate limit resets.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value
            .split(',')
            .map(str::trim)
            .find(|part| !part.is_empty())
            .map(str::to_owned)
    };
    let from_header = headers.get(RETRY_AFTER).and_then(|value| {
        let value = value.to_str().ok()?.trim();
        match value.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => Some(until(
                since_epoch(httpdate::parse_http_date(value).ok()?),
                now,
            )),
        }
    });
    from_header
        .or_else(|| {
            let exhausted = text("x-ratelimit-remaining")?.parse::<i64>().ok()? <= 0;
            let reset = text("x-ratelimit-reset")?.parse::<u64>().ok()?;
            exhausted.then(|| until(Duration::from_secs(reset), now))
        })
        .map(|wait| wait.min(MAX))
}

fn until(moment: Duration, now: SystemTime) -> Duration {
    moment.saturating_sub(since_epoch(now))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn wait(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&map, UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    /// Promise: T15
    #[test]
    fn seconds_and_dates_are_honoured_and_clamped() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(wait(&[("retry-after", "7")]), seconds(7));
        assert_eq!(wait(&[("retry-after", "86400")]), seconds(60));
        assert_eq!(
            wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")]),
            seconds(10)
        );
        assert_eq!(
            wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")]),
            seconds(0)
        );
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn an_exhausted_rate_limit_tells_when_it_resets() {
        let reset = ("x-ratelimit-reset", "784111780");
        let remaining = |n| ("x-ratelimit-remaining", n);
        assert_eq!(
            wait(&[remaining("0, 5"), reset]),
            Some(Duration::from_secs(3))
        );
        assert_eq!(wait(&[remaining("1"), reset]), None);
    }
}
