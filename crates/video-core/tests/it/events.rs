//! Events: each golden file is read as what it is.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use video_core::event::{CallCreated, CallEnded, CallUpdated, ConnectionOk, Custom};
use video_core::{ApiCode, EventPayload};

use crate::{event, fixture, time, value};

/// The events that are decoded, on both surfaces: RFC 3339 text and nanoseconds.
const TYPED: [(&str, &str, &str); 8] = [
    (
        "connection.ok",
        fixture!("event.connection.ok.json"),
        fixture!("v2/event.connection.ok.json"),
    ),
    (
        "connection.error",
        fixture!("event.connection.error.json"),
        fixture!("v2/event.connection.error.json"),
    ),
    (
        "health.check",
        fixture!("event.health.check.json"),
        fixture!("v2/event.health.check.json"),
    ),
    (
        "call.created",
        fixture!("event.call.created.json"),
        fixture!("v2/event.call.created.json"),
    ),
    (
        "call.updated",
        fixture!("event.call.updated.json"),
        fixture!("v2/event.call.updated.json"),
    ),
    (
        "call.ended",
        fixture!("event.call.ended.json"),
        fixture!("v2/event.call.ended.json"),
    ),
    (
        "custom",
        fixture!("event.custom.json"),
        fixture!("v2/event.custom.json"),
    ),
    (
        "user.updated",
        fixture!("event.user.updated.json"),
        fixture!("v2/event.user.updated.json"),
    ),
];

/// All golden files of events, with the type that their names say.
fn all() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("the fixtures") {
        let path = entry.expect("a fixture").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let kind = name.and_then(|name| name.strip_prefix("event.")?.strip_suffix(".json"));
        if let Some(kind) = kind {
            let text = fs::read_to_string(&path).expect("a text");
            all.push((kind.replace("unknown", "call.hologram_projected"), text));
        }
    }
    all
}

/// Promise: W17
#[test]
fn every_event_has_its_type_its_call_and_its_json() {
    let all = all();
    assert_eq!(all.len(), 27);
    for (kind, raw) in all {
        let event = event(&raw);
        let cid = value(&raw)["call_cid"].as_str().map(str::to_owned);
        assert_eq!(event.kind(), kind);
        assert_eq!(event.call_cid().map(ToString::to_string), cid, "{kind}");
        assert_eq!(event.raw(), raw, "{kind}");
        let typed = TYPED.iter().any(|(known, ..)| *known == kind);
        let payload = event.payload().unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(!matches!(payload, EventPayload::Unknown), typed, "{kind}");
    }
}

#[test]
fn both_surfaces_tell_the_same() {
    for (kind, text, nanos) in TYPED {
        assert_ne!(value(text)["created_at"], value(nanos)["created_at"]);
        let (text, nanos) = (event(text), event(nanos));
        assert_eq!(text.payload().unwrap(), nanos.payload().unwrap(), "{kind}");
    }
}

macro_rules! payload {
    ($name:literal, $variant:ident) => {
        match event(fixture!($name)).payload().unwrap() {
            EventPayload::$variant(payload) => payload.clone(),
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn connection_ok_names_the_connection_and_the_user() {
    let ok: Box<ConnectionOk> = payload!("event.connection.ok.json", ConnectionOk);
    assert_eq!(&*ok.connection_id, "6f1e2d3c-0000-4000-8000-00000000abcd");
    assert_eq!(ok.created_at, time("2026-03-04T10:00:00.25Z"));
    let me = ok.me.unwrap();
    assert_eq!((&*me.id, &*me.name), ("noor-k", "Noor Kassim"));
    assert_eq!((&*me.role, &*me.language), ("user", ""));
    assert_eq!(me.created_at, time("2026-02-02T10:00:00.1205Z"));
    let custom: Value = me.custom.parse().unwrap();
    assert_eq!(custom, json!({"team_color": "teal", "badge": 7}));
}

#[test]
fn connection_error_holds_the_error_of_the_service() {
    let error = payload!("event.connection.error.json", ConnectionError).error;
    assert_eq!(error.code, Some(ApiCode::TOKEN_EXPIRED));
    assert_eq!(error.status, 401);
    assert_eq!(error.message, "token expired (synthetic)");
}

#[test]
fn health_check_names_the_connection() {
    let health = payload!("event.health.check.json", HealthCheck);
    let id = health.connection_id.unwrap();
    assert_eq!(&*id, "6f1e2d3c-0000-4000-8000-00000000abcd");
    assert_eq!(health.created_at, time("2026-03-04T10:00:25.25Z"));
}

#[test]
fn call_created_holds_the_call_and_its_members() {
    let created: Box<CallCreated> = payload!("event.call.created.json", CallCreated);
    assert_eq!(created.call_cid, "default:tide-7f3a");
    let call = created.call;
    assert_eq!(call.cid, "default:tide-7f3a");
    assert_eq!((&*call.call_type, &*call.id), ("default", "tide-7f3a"));
    assert_eq!(call.created_by.unwrap().name, "Noor Kassim");
    assert_eq!(call.created_at, time("2026-03-04T10:00:00.123456789Z"));
    assert_eq!(
        (call.current_session_id, call.session),
        (String::new(), None)
    );
    let settings: Value = call.settings.parse().unwrap();
    assert_eq!(settings["audio"]["default_device"], "speaker");
    let members: Vec<_> = created.members.iter().map(|m| &*m.user_id).collect();
    assert_eq!(members, ["noor-k", "tomas-b"]);
    assert_eq!(created.members[0].role.as_deref(), Some("admin"));
    assert_eq!(
        created.members[1].user.as_ref().unwrap().name,
        "Tomás Bravo"
    );
}

#[test]
fn call_updated_holds_the_session_and_the_capabilities() {
    let updated: Box<CallUpdated> = payload!("event.call.updated.json", CallUpdated);
    let custom: Value = updated.call.custom.parse().unwrap();
    assert_eq!(custom, json!({"title": "High tide planning"}));
    assert_eq!(updated.capabilities_by_role["guest"], ["join-call"]);
    let session = updated.call.session.unwrap();
    assert_eq!(session.id, updated.call.current_session_id);
    assert_eq!(session.participants_count_by_role["user"], 2);
    assert_eq!(session.participants.len(), 2);
    assert_eq!(session.participants[1].user.id, "tomas-b");
    let accepted = session.accepted_by.get("tomas-b").copied();
    assert_eq!(accepted, time("2026-03-04T10:00:03.000000001Z"));
}

#[test]
fn call_ended_says_who_ended_it_and_why() {
    let ended: Box<CallEnded> = payload!("event.call.ended.json", CallEnded);
    assert_eq!(ended.user.unwrap().id, "noor-k");
    assert_eq!(ended.reason.as_deref(), Some("host-left"));
    assert_eq!(ended.call.ended_at, time("2026-03-04T10:15:00Z"));
}

#[test]
fn custom_data_is_kept_to_the_byte() {
    let raw = fixture!("event.custom.json");
    let custom: Box<Custom> = payload!("event.custom.json", Custom);
    assert_eq!(custom.user.id, "noor-k");
    let sent: Value = custom.custom.parse().unwrap();
    assert_eq!(sent, value(raw)["custom"]);
    assert_eq!(sent["type"], "not-the-event-type");
    assert!(raw.contains(custom.custom.as_str()));
}
