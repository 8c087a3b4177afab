//! One REST request: faults, admission and the journal.

use std::future::pending;
use std::sync::Arc;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use video_core::UserId;

use super::http::{Answer, Cut, error, json, planned};
use super::read::{Read, read};
use crate::fault::{Fault, FaultPlace};
use crate::hub::Hub;
use crate::journal::Entry;
use crate::jwt::Refusal;
use crate::rest::{self, Context, Operation, Query, Reply};
use crate::shared::Shared;
use crate::wire::error::{AUTH, ApiError, BAD_KEY};

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
            unix: shared.clock.unix(),
            config: &shared.config,
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
