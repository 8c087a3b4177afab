//! One REST request: reading, faults, admission and the journal.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value};
use video_core::UserId;

use super::http::{Answer, Cut, error, header, json, planned};
use crate::fault::{Fault, FaultPlace};
use crate::hub::Hub;
use crate::journal::{Entry, RestCall};
use crate::jwt::{self, Refusal};
use crate::rest::{self, Context, Operation, Query, Reply};
use crate::shared::Shared;
use crate::wire::error::{AUTH, ApiError, BAD_KEY, INPUT, TOO_BIG};

/// The longest body that is read.
const MAX_BODY: usize = 1 << 20;

/// How long a token for the media server lasts, in seconds.
const SFU_TOKEN_LIFETIME: i64 = 60 * 60;

/// A request that has been read.
struct Read {
    token: String,
    query: Query,
    body: Result<Option<Value>, ApiError>,
    call: RestCall,
}

pub(super) async fn answer(
    shared: &Arc<Shared>,
    operation: Result<Operation, ApiError>,
    request: Request<Incoming>,
) -> Result<Answer, Cut> {
    let read = read(shared, request).await?;
    let fault = shared.fault(FaultPlace::Rest, &read.call.method, &read.call.path);
    match fault {
        Some(Fault::Delay(span)) => tokio::time::sleep(span).await,
        Some(Fault::Stall) => {
            unanswered(shared, read);
            return pending().await;
        }
        Some(Fault::Drop) => {
            unanswered(shared, read);
            return Err(Cut);
        }
        Some(Fault::Status {
            status,
            body,
            retry_after,
        }) => {
            let answer = planned(status, body, retry_after);
            answered(shared, read, &answer, None);
            return Ok(answer);
        }
        Some(Fault::ApiError(code)) => {
            let failed = ApiError::new(code, "planned");
            answered(shared, read, &error(&failed), Some(code));
            return Ok(error(&failed));
        }
        Some(Fault::ExpireToken) => expire(shared, &read.token),
        _ => {}
    }
    Ok(decide(shared, operation, read))
}

async fn read(shared: &Shared, request: Request<Incoming>) -> Result<Read, Cut> {
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
        token: token.to_owned(),
        query,
        body,
        call,
    })
}

fn parse(body: &Bytes) -> Result<Option<Value>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(body);
    parsed
        .map(Some)
        .map_err(|_| ApiError::new(INPUT, "the body is not JSON"))
}

/// Admits the user and carries the operation out; journal and events are in this order.
fn decide(shared: &Shared, operation: Result<Operation, ApiError>, read: Read) -> Answer {
    let mut hub = shared.hub();
    let Read {
        token,
        query,
        body,
        mut call,
    } = read;
    let admitted = admit(shared, &hub, &query, &token);
    call.user = admitted.as_ref().ok().cloned();
    let reply = admitted.and_then(|user| {
        let request = rest::Request {
            user,
            operation: operation?,
            query,
            body: body?,
        };
        let now = shared.clock.rfc3339();
        let context = Context {
            now: &now,
            sfu: &shared.config.sfu,
            sfu_token: &|user, cid| sfu_token(shared, user, cid),
        };
        rest::answer(&mut hub.world, &context, request)
    });
    let (answer, effects) = match reply {
        Ok(Reply {
            status,
            body,
            effects,
        }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            (json(status, &body), effects)
        }
        Err(failed) => {
            call.code = Some(failed.code);
            (error(&failed), Vec::new())
        }
    };
    call.status = Some(answer.status().as_u16());
    shared.journal.write(Entry::Rest(Box::new(call)));
    hub.apply(effects);
    answer
}

fn admit(shared: &Shared, hub: &Hub, query: &Query, token: &str) -> Result<UserId, ApiError> {
    if query.get("api_key") != Some(shared.config.api_key.as_str()) {
        return Err(ApiError::new(BAD_KEY, "the API key is not valid"));
    }
    let checked = hub
        .world
        .check_token(token, &shared.config.secret, shared.clock.unix());
    checked.map_err(refused)
}

fn refused(refusal: Refusal) -> ApiError {
    let code = refusal.code();
    debug_assert!(code == AUTH || code >= 40);
    ApiError::new(code, refusal.message())
}

fn expire(shared: &Shared, token: &str) {
    let (unix, now) = (shared.clock.unix(), shared.clock.rfc3339());
    let mut hub = shared.hub();
    let checked = hub.world.check_token(token, &shared.config.secret, unix);
    if let Ok(user) = checked {
        hub.expire_tokens(&user, unix, &now);
    }
}

fn unanswered(shared: &Shared, read: Read) {
    shared.journal.write(Entry::Rest(Box::new(read.call)));
}

fn answered(shared: &Shared, read: Read, answer: &Answer, code: Option<i64>) {
    let mut call = read.call;
    call.status = Some(answer.status().as_u16());
    call.code = code;
    call.user = admit(shared, &shared.hub(), &read.query, &read.token).ok();
    shared.journal.write(Entry::Rest(Box::new(call)));
}

fn sfu_token(shared: &Shared, user: &UserId, cid: &str) -> String {
    let mut claims = Map::new();
    claims.insert("user_id".to_owned(), user.as_str().into());
    claims.insert("call_cid".to_owned(), cid.into());
    let expiry = shared.clock.unix() + SFU_TOKEN_LIFETIME;
    claims.insert("exp".to_owned(), expiry.into());
    jwt::sign(&claims, shared.config.secret.as_bytes())
}
