//! Calls, their members and join credentials as the service shows them.

use serde_json::{Map, Value, json};

use super::{DURATION, user};
use crate::world::{Call, Caller, Member, Role, World};

/// What may be done in a call by users.
const FULL: [&str; 11] = [
    "join-call",
    "read-call",
    "create-call",
    "end-call",
    "send-audio",
    "send-video",
    "screenshare",
    "create-reaction",
    "mute-users",
    "update-call",
    "enable-noise-cancellation",
];

/// What may be done in a call by guests and by those without a name.
const VIEWING: [&str; 2] = ["join-call", "read-call"];

/// The call alone.
pub(crate) fn call(world: &World, call: &Call) -> Value {
    let mut body = json!({
        "type": call.kind,
        "id": call.id,
        "cid": call.cid,
        "current_session_id": "",
        "created_by": world.user(&call.created_by).map(user::public),
        "custom": call.custom,
        "created_at": call.created_at,
        "updated_at": call.updated_at,
        "recording": false,
        "transcribing": false,
        "captioning": false,
        "translating": false,
        "backstage": call.settings["backstage"]["enabled"],
        "blocked_user_ids": [],
        "settings": call.settings,
        "ingress": {
            "rtmp": {"address": format!("rtmps://ingress.example.test:443/{}.{}", call.kind, call.id)},
            "whip": {"address": format!("https://ingress.example.test/whip/{}/{}", call.kind, call.id)},
            "srt": {"address": format!("srt://ingress.example.test:2082?streamid={}", call.id)},
        },
        "egress": {"broadcasting": false, "rtmps": []},
        "join_ahead_time_seconds": call.settings["backstage"]["join_ahead_time_seconds"],
    });
    let optional = [
        ("team", &call.team),
        ("starts_at", &call.starts_at),
        ("ended_at", &call.ended_at),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value.as_str().into();
        }
    }
    body
}

pub(crate) fn members(world: &World, call: &Call, limit: usize) -> Vec<Value> {
    let listed = call.members.values().take(limit);
    listed.map(|m| member(world, m)).collect()
}

/// The call with what the asking one is and may do in it.
pub(crate) fn state(world: &World, of: &Call, asking: &Caller, limit: usize) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("call".to_owned(), call(world, of));
    body.insert("members".to_owned(), members(world, of, limit).into());
    let user = world.user(asking.id());
    let own = user.map_or(&VIEWING[..], |user| capabilities(user.role));
    body.insert("own_capabilities".to_owned(), json!(own));
    if let Some(membership) = of.members.get(asking.id()) {
        body.insert("membership".to_owned(), member(world, membership));
    }
    body
}

/// [`state`], with the duration that whole answers carry.
pub(crate) fn answer(world: &World, of: &Call, asking: &Caller, limit: usize) -> Value {
    let mut body = state(world, of, asking, limit);
    body.insert("duration".to_owned(), DURATION.into());
    Value::Object(body)
}

fn capabilities(role: Role) -> &'static [&'static str] {
    match role {
        Role::User => &FULL,
        Role::Guest => &VIEWING,
    }
}

pub(crate) fn capabilities_by_role() -> Value {
    json!({"user": capabilities(Role::User), "guest": capabilities(Role::Guest)})
}

/// Where the media server is, and how to get in.
pub(crate) fn credentials(url: &str, ws_endpoint: &str, token: &str) -> Value {
    json!({
        "server": {"edge_name": "sfu-emulated", "url": url, "ws_endpoint": ws_endpoint},
        "token": token,
        "ice_servers": [
            {
                "urls": [
                    "turn:turn.example.test:3478?transport=udp",
                    "turn:turn.example.test:3478?transport=tcp",
                ],
                "username": "emulated",
                "password": "emulated",
            },
            {"urls": ["stun:stun.example.test:3478"], "username": "", "password": ""},
        ],
    })
}

fn member(world: &World, member: &Member) -> Value {
    json!({
        "user_id": member.user,
        "user": world.user(&member.user).map(user::public),
        "role": member.role,
        "custom": member.custom,
        "created_at": member.created_at,
        "updated_at": member.created_at,
    })
}
