//! One HTTP request: which door it goes through, and the answers that any door can give.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::Value;

use super::upgrade::PendingSocket;
use super::{cors, probe, rest, upgrade};
use crate::rest::Route;
use crate::shared::Shared;
use crate::wire::error::ApiError;

pub(super) type Answer = Response<Full<Bytes>>;

/// The connection is to be cut instead of answering.
#[derive(Debug)]
pub(super) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

pub(super) async fn answer(
    shared: Arc<Shared>,
    upgraded: Arc<Mutex<Option<PendingSocket>>>,
    scheme: Option<&'static str>,
    request: Request<Incoming>,
) -> Result<Answer, Cut> {
    let path = request.uri().path();
    if request.method() == Method::OPTIONS {
        return Ok(cors::preflight());
    }
    let host = authority(&request);
    match Route::of(request.method(), host.as_ref(), path, &shared.config.edges) {
        Route::Home => Ok(json(StatusCode::OK, &Value::Object(serde_json::Map::new()))),
        Route::Probe(probed) => probe::answer(&shared, probed, request).await,
        Route::Connect => upgrade::answer(&shared, &upgraded, request).await,
        Route::Operation(operation) => {
            let origin = scheme.zip(host);
            let origin = origin.map(|(scheme, host)| format!("{scheme}://{host}"));
            rest::answer(&shared, operation, origin, request).await
        }
    }
}

pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    with_status(status, Bytes::from(body.to_string()))
}

pub(super) fn error(error: &ApiError) -> Answer {
    json(status(error.status), &error.body())
}

/// The answer of a planned fault. The body is sent as it is, and called JSON only if it is.
pub(super) fn planned(code: u16, body: Bytes, retry_after: Option<String>) -> Answer {
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
    let mut answer = with_status(status(code), body);
    let headers = answer.headers_mut();
    if !is_json {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    }
    if let Some(Ok(value)) = retry_after.map(HeaderValue::try_from) {
        headers.insert(RETRY_AFTER, value);
    }
    answer
}

/// An answer that scripts in browsers may read too.
pub(super) fn with_status(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// The host that a request is for.
pub(super) fn authority(request: &Request<Incoming>) -> Option<Authority> {
    let named = || header(request.headers(), HOST.as_str())?.parse().ok();
    request.uri().authority().cloned().or_else(named)
}

/// The text of a header, if it is there and readable.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
