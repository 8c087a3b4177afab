//! The frames that the service sends.

use serde_json::{Value, json};
use video_core::{CallCid, ConnectionId};

use super::error::ApiError;
use super::{call, user};
use crate::world::{Call, Device, User, World};

pub(crate) fn connection_ok(
    connection: &ConnectionId,
    user: &User,
    devices: &[Device],
    now: &str,
) -> Value {
    json!({
        "type": "connection.ok",
        "created_at": now,
        "connection_id": connection,
        "me": user::own(user, devices, now),
    })
}

pub(crate) fn connection_error(connection: &ConnectionId, error: &ApiError, now: &str) -> Value {
    json!({
        "type": "connection.error",
        "created_at": now,
        "connection_id": connection,
        "error": error.body(),
    })
}

pub(crate) fn health_check(connection: &ConnectionId, now: &str) -> Value {
    json!({
        "type": "health.check",
        "created_at": now,
        "connection_id": connection,
        "cid": "*",
        "custom": {},
    })
}

/// An event of a type that no client knows.
pub(crate) fn unknown(now: &str) -> Value {
    json!({
        "type": "emulator.novelty",
        "created_at": now,
        "payload": {"deep": [1, null, {"type": "call.ended"}]},
    })
}

pub(crate) fn call_created(world: &World, call: &Call, now: &str) -> Value {
    let mut event = of_call("call.created", world, call, now);
    event["members"] = call::members(world, call, usize::MAX).into();
    event
}

pub(crate) fn call_updated(world: &World, call: &Call, now: &str) -> Value {
    let mut event = of_call("call.updated", world, call, now);
    event["capabilities_by_role"] = call::capabilities_by_role();
    event
}

pub(crate) fn call_ended(world: &World, call: &Call, by: &User, now: &str) -> Value {
    let mut event = of_call("call.ended", world, call, now);
    event["user"] = user::public(by);
    event
}

pub(crate) fn custom(cid: &CallCid, by: &User, custom: &Value, now: &str) -> Value {
    json!({
        "type": "custom",
        "created_at": now,
        "call_cid": cid,
        "user": user::public(by),
        "custom": custom,
    })
}

fn of_call(event_type: &str, world: &World, call: &Call, now: &str) -> Value {
    json!({
        "type": event_type,
        "created_at": now,
        "call_cid": call.cid,
        "call": call::call(world, call),
    })
}
