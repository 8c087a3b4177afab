//! What browsers ask before scripts of other origins may send a request.

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    CONTENT_TYPE, HeaderName, HeaderValue,
};

use super::http::{Answer, with_status};

/// What a preflight is told. That any origin may ask, each answer says.
const ALLOWED: [(HeaderName, HeaderValue); 3] = [
    (
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
    ),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "authorization, content-type, stream-auth-type, x-client-request-id, x-stream-client",
        ),
    ),
    (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
];

/// The answer to a preflight, which needs neither key nor token.
pub(super) fn preflight() -> Answer {
    let mut answer = with_status(StatusCode::NO_CONTENT, Bytes::new());
    let headers = answer.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.extend(ALLOWED);
    answer
}
