//! Bodies of responses that are no success: the status stays, and no token is shown.
//!
//! Two bytes are the status, the rest is the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use video_core::{ApiError, Classify, FailureClass};
use video_fuzz::text::shows_a_token;

fuzz_target!(|data: &[u8]| {
    let Some((status, body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let status = u16::from_be_bytes(*status);
    let error = ApiError::from_response(status, body);
    assert_eq!(error.status, status);
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!shows_a_token(&text), "{text}");
    }
    if status != 0 {
        assert!(error.to_string().contains(&format!("status {status}")));
    }
    if error.unrecoverable {
        assert_eq!(error.class(), FailureClass::Permanent);
    } else if error.code.is_none() && matches!(status, 408 | 500..) {
        assert_eq!(error.class(), FailureClass::Transient);
    }
    let value: Option<Value> = serde_json::from_slice(body).ok();
    match (error.code, value) {
        (Some(code), Some(value)) => {
            // A struct is read from a list too.
            let named = value.get("code").or(value.get(0));
            assert_eq!(named.and_then(Value::as_i64), Some(code.get().into()));
        }
        (None, _) => {
            assert!(error.message.chars().count() <= 512);
            let text = String::from_utf8_lossy(body);
            if !text.contains("eyJ") {
                assert!(text.starts_with(&error.message));
            }
        }
        (Some(_), None) => {}
    }
});
