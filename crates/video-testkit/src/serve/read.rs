//! Reading one REST request.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use super::http::{Cut, header};
use crate::journal::RestCall;
use crate::jwt;
use crate::rest::{Operation, Query};
use crate::shared::Shared;
use crate::wire::error::{ApiError, INPUT, TOO_BIG};

/// The longest body that is read.
const MAX_BODY: usize = 1 << 20;

/// A request that has been read.
pub(super) struct Read {
    /// What is asked for, or why it is nothing.
    pub(super) operation: Result<Operation, ApiError>,
    /// The scheme and host that it was sent to; in memory there are none.
    pub(super) origin: Option<String>,
    pub(super) token: String,
    pub(super) query: Query,
    pub(super) body: Result<Option<Value>, ApiError>,
    /// What the journal is going to say.
    pub(super) call: RestCall,
}

pub(super) async fn read(
    shared: &Shared,
    operation: Result<Operation, ApiError>,
    origin: Option<String>,
    request: Request<Incoming>,
) -> Result<Read, Cut> {
    let (parts, body) = request.into_parts();
    let query = Query::parse(parts.uri.query());
    let text = |name| header(&parts.headers, name).map(|text| shared.redactor.text(text));
    let token = header(&parts.headers, "authorization").unwrap_or_default();
    let mut call = RestCall {
        method: parts.method.to_string(),
        path: shared.redactor.text(parts.uri.path()),
        query: query
            .names()
            .map(|name| shared.redactor.text(name))
            .collect(),
        connection_id: query
            .get("connection_id")
            .map(|id| shared.redactor.text(id)),
        request_id: text("x-client-request-id"),
        has_authorization: parts.headers.contains_key("authorization"),
        token_fingerprint: Some(token).filter(|t| !t.is_empty()).map(jwt::fingerprint),
        auth_type: text("stream-auth-type"),
        client_tag: text("x-stream-client"),
        ..RestCall::default()
    };
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => parse(&body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ApiError::new(TOO_BIG, "the body is too big"))
        }
        Err(_) => return Err(Cut),
    };
    if let Ok(Some(body)) = &body {
        call.body = Some(shared.redactor.json(body));
    }
    Ok(Read {
        operation,
        origin,
        token: token.to_owned(),
        query,
        body,
        call,
    })
}

/// The JSON of a body, whatever the request calls it; none if the body is empty.
fn parse(body: &Bytes) -> Result<Option<Value>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(body);
    parsed
        .map(Some)
        .map_err(|_| ApiError::new(INPUT, "the body is not JSON"))
}
