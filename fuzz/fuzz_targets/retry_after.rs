//! `Retry-After` and the headers of a rate limit: no wait is longer than a minute.
//!
//! Eight bytes are the time of day, then comes a header on each line: `r`, `m` or `s`, and its value.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use video_transport::__internals::retry_after;

const MAX: Duration = Duration::from_secs(60);

fuzz_target!(|data: &[u8]| {
    let Some((now, lines)) = data.split_first_chunk::<8>() else {
        return;
    };
    let now = i64::from_be_bytes(*now);
    let age = Duration::from_secs(now.unsigned_abs());
    let moment = match now < 0 {
        true => UNIX_EPOCH.checked_sub(age),
        false => UNIX_EPOCH.checked_add(age),
    };
    let Some(moment) = moment else { return };
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let (name, value) = match line {
            [b'r', value @ ..] => ("retry-after", value),
            [b'm', value @ ..] => ("x-ratelimit-remaining", value),
            [b's', value @ ..] => ("x-ratelimit-reset", value),
            _ => continue,
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let wait = retry_after(&headers, moment);
    assert!(wait.is_none_or(|wait| wait <= MAX));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(seconds) = text("retry-after").and_then(|text| text.trim().parse::<u64>().ok()) {
        assert_eq!(wait, Some(Duration::from_secs(seconds).min(MAX)));
    } else if text("retry-after").is_none() {
        let limited =
            text("x-ratelimit-remaining").is_some() && text("x-ratelimit-reset").is_some();
        assert!(limited || wait.is_none());
        let plain = |name| text(name).and_then(|text| text.trim().parse::<u32>().ok());
        if let (Some(0), Some(reset)) = (plain("x-ratelimit-remaining"), plain("x-ratelimit-reset"))
        {
            let until =
                Duration::from_secs(u64::from(reset).saturating_sub(now.max(0).unsigned_abs()));
            assert_eq!(wait, Some(until.min(MAX)));
        }
    }
});
