//! One REST request: faults, admission and the journal.

use std::future::pending;
use std::sync::Arc;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use video_core::UserId;

use super::admission::admit;
use super::http::{Answer, Cut, error, json, planned};
use super::late::late;
use super::read::{Read, read};
use crate::fault::{Fault, FaultPlace};
use crate::journal::Entry;
use crate::rest::{self, Context, Operation, Reply};
use crate::shared::Shared;
use crate::wire::error::ApiError;
use crate::world::Caller;

pub(super) async fn answer(
    shared: &Arc<Shared>,
    operation: Result<Operation, ApiError>,
    origin: Option<String>,
    request: Request<Incoming>,
) -> Result<Answer, Cut> {
    let read = read(shared, operation, origin, request).await?;
    let fault = shared.fault(FaultPlace::Rest, &read.call.method, &read.call.path);
    match fault {
        Some(Fault::Delay(span)) => {
            late(shared, span, Entry::Rest(Box::new(read.call.clone()))).await;
        }
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
            let answer = error(&failed);
            answered(shared, read, &answer, Some(code));
            return Ok(answer);
        }
        Some(Fault::ExpireToken) => expire(shared, &read.token),
        _ => {}
    }
    Ok(decide(shared, read))
}

/// Admits the user and carries the operation out; journal and events are in this order.
fn decide(shared: &Shared, read: Read) -> Answer {
    let mut hub = shared.hub();
    let admitted = admit(shared, &hub.world, &read);
    let Read {
        operation,
        origin,
        query,
        body,
        mut call,
        ..
    } = read;
    call.user = sender(&admitted);
    let reply = admitted.and_then(|caller| {
        let request = rest::Request {
            caller,
            operation: operation?,
            query,
            body: body?,
        };
        let now = shared.clock.rfc3339();
        let context = Context {
            now: &now,
            unix: shared.clock.unix(),
            config: &shared.config,
            origin: origin.as_deref(),
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

/// Whom the journal names as the sender.
fn sender(admitted: &Result<Caller, ApiError>) -> Option<UserId> {
    UserId::new(admitted.as_ref().ok()?.id()).ok()
}

fn expire(shared: &Shared, token: &str) {
    let (unix, now) = (shared.clock.unix(), shared.clock.rfc3339());
    let mut hub = shared.hub();
    let checked = hub.world.check_token(token, &shared.config.secret, unix);
    if let Ok(claims) = checked {
        hub.expire_tokens(&claims.user, unix, &now);
    }
}

fn unanswered(shared: &Shared, read: Read) {
    shared.journal.write(Entry::Rest(Box::new(read.call)));
}

fn answered(shared: &Shared, read: Read, answer: &Answer, code: Option<i64>) {
    let user = sender(&admit(shared, &shared.hub().world, &read));
    let mut call = read.call;
    call.status = Some(answer.status().as_u16());
    call.code = code;
    call.user = user;
    shared.journal.write(Entry::Rest(Box::new(call)));
}
