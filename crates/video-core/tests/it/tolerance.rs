//! What no schema allows and is met all the same.

use serde_json::{Map, Value, json};
use video_core::event::{CallUpdated, ConnectionOk};
use video_core::model::{EdgeList, JoinResponse};
use video_core::{Event, EventPayload};

use crate::{event, fixture, value};

const TYPED: [&str; 8] = [
    fixture!("event.connection.ok.json"),
    fixture!("event.connection.error.json"),
    fixture!("event.health.check.json"),
    fixture!("event.call.created.json"),
    fixture!("event.call.updated.json"),
    fixture!("event.call.ended.json"),
    fixture!("event.custom.json"),
    fixture!("event.user.updated.json"),
];

fn updated(raw: &str) -> CallUpdated {
    match event(raw).payload() {
        Ok(EventPayload::CallUpdated(updated)) => (**updated).clone(),
        other => panic!("{other:?}: {raw}"),
    }
}

fn connected(raw: &Value) -> ConnectionOk {
    match event(&raw.to_string()).payload() {
        Ok(EventPayload::ConnectionOk(ok)) => (**ok).clone(),
        other => panic!("{other:?}: {raw}"),
    }
}

/// Promise: W17
#[test]
fn nulls_and_values_from_the_future_are_read() {
    let raw = fixture!("tolerance/call.updated.nulls_unknowns.json");
    let updated = updated(raw);
    let call = updated.call;
    assert!(call.custom.is_empty() || call.custom.as_str() == "null");
    assert!(call.blocked_user_ids.is_empty());
    assert_eq!((call.session, call.team, call.ended_at), (None, None, None));
    let settings: Value = call.settings.parse().unwrap();
    assert_eq!(settings["video"]["camera_facing"], "periscope");
    assert_eq!(settings["aroma"], json!({"enabled": true}));
    let user = &updated.capabilities_by_role["user"];
    assert!(user.iter().any(|capability| capability == "levitate"));
}

#[test]
fn an_unknown_capability_changes_nothing() {
    let raw = fixture!("tolerance/call.permissions_updated.unknown_capability.json");
    let event = event(raw);
    assert_eq!(event.kind(), "call.permissions_updated");
    assert!(matches!(event.payload(), Ok(EventPayload::Unknown)));
    assert!(event.raw().contains("levitate"));
}

#[test]
fn a_join_with_gaps_and_surprises_is_read() {
    let body = fixture!("tolerance/join_call.nulls_missing_extra.json");
    let join: JoinResponse = serde_json::from_str(body).unwrap();
    assert!(join.details.members.is_empty());
    assert_eq!(join.details.own_capabilities.len(), 11);
    assert_eq!(join.stats_options.reporting_interval_ms, 0);
    assert_eq!(join.credentials.server.edge_name, "sfu-edge-test-1");
}

#[test]
fn an_edge_needs_nothing_but_its_id() {
    let body = r#"{"edges": [{"id": "a"}, {"id": "b", "latency_test_url": null, "green": -1,
        "yellow": 1.5, "red": "160", "latitude": "north", "longitude": null,
        "country_iso_code": null, "aroma": {"enabled": true}}]}"#;
    let list: EdgeList = serde_json::from_str(body).unwrap();
    let [bare, odd] = list.edges.as_slice() else {
        panic!("{list:?}");
    };
    assert_eq!(bare.latency_test_url, odd.latency_test_url);
    assert_eq!((odd.green, odd.yellow, odd.red), (None, None, None));
    assert_eq!((odd.latitude, odd.longitude), (None, None));
    for body in [r#"{"edges": null}"#, "{}"] {
        let none: EdgeList = serde_json::from_str(body).unwrap();
        assert!(none.edges.is_empty());
    }
}

/// Promise: CK068, BD17
#[test]
fn connection_ok_needs_nothing_but_the_id_of_the_connection() {
    let whole = value(fixture!("event.connection.ok.json"));
    let id = whole["connection_id"].clone();
    let fields: Vec<String> = map(&whole["me"]).keys().cloned().collect();
    for field in fields {
        for odd in [
            json!(null),
            json!(""),
            json!(7),
            json!([1]),
            json!({"a": 1}),
        ] {
            let mut raw = whole.clone();
            raw["me"][&field] = odd;
            assert_eq!(id, *connected(&raw).connection_id);
        }
        let mut raw = whole.clone();
        raw["me"].as_object_mut().unwrap().remove(&field);
        assert_eq!(id, *connected(&raw).connection_id);
    }
    for me in [json!(null), json!({}), json!([]), json!("noor-k")] {
        let raw = json!({"type": "connection.ok", "connection_id": id, "me": me});
        assert_eq!(connected(&raw).me, None);
    }
    let least = json!({"type": "connection.ok", "connection_id": id});
    assert_eq!(id, *connected(&least).connection_id);
}

/// Promise: U20
#[test]
fn an_empty_text_where_a_value_was_due_is_read() {
    let mut raw = value(fixture!("event.call.updated.json"));
    for text in [
        "role",
        "language",
        "name",
        "image",
        "created_at",
        "updated_at",
    ] {
        raw["call"]["created_by"][text] = json!("");
        updated(&raw.to_string());
    }
    for text in ["team", "starts_at", "ended_at", "current_session_id"] {
        raw["call"][text] = json!("");
        updated(&raw.to_string());
    }
}

/// Promise: C18
#[test]
fn empty_and_missing_containers_do_no_harm() {
    for raw in &TYPED[3..6] {
        let whole = value(raw);
        let mut paths = Vec::new();
        containers(&whole, String::new(), &mut paths);
        assert!(paths.len() > 30, "{paths:?}");
        for path in paths {
            let damaged = |change: &dyn Fn(&mut Map<String, Value>, &str)| {
                let mut damaged = whole.clone();
                let (parent, name) = path.rsplit_once('/').unwrap();
                change(object(damaged.pointer_mut(parent).unwrap()), name);
                let event = event(&damaged.to_string());
                assert!(event.payload().is_ok(), "{path}: {:?}", event.payload());
            };
            damaged(&|parent, name| drop(parent.remove(name)));
            damaged(&|parent, name| drop(parent.insert(name.to_owned(), Value::Null)));
            damaged(&|parent, name| {
                let empty = match parent[name] {
                    Value::Array(_) => json!([]),
                    _ => json!({}),
                };
                parent.insert(name.to_owned(), empty);
            });
        }
    }
}

/// Promise: BD18
#[test]
fn an_event_that_can_not_be_read_keeps_its_json() {
    let mut unreadable = 0;
    for raw in TYPED {
        let whole = value(raw);
        for field in map(&whole).keys().filter(|field| *field != "type") {
            for odd in [json!(null), json!(7), json!("::"), json!([[]]), json!({})] {
                let mut damaged = whole.clone();
                damaged[field] = odd;
                let text = damaged.to_string();
                let event = Event::parse(text.clone().into()).unwrap();
                unreadable += usize::from(event.payload().is_err());
                assert_eq!(event.raw(), text);
                assert_eq!(event.kind(), whole["type"].as_str().unwrap());
            }
        }
    }
    assert!(unreadable > 20, "{unreadable}");
}

fn map(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object")
}

/// The paths to all lists and maps in objects. An event, a call and a user are neither.
fn containers(value: &Value, at: String, into: &mut Vec<String>) {
    const THINGS: [&str; 3] = ["/call", "/user", "/created_by"];
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                containers(value, format!("{at}/{name}"), into);
            }
            if !at.is_empty() && !THINGS.iter().any(|thing| at.ends_with(thing)) {
                into.push(at);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Value::Object(fields) = item {
                    for (name, value) in fields {
                        containers(value, format!("{at}/{index}/{name}"), into);
                    }
                }
            }
            into.push(at);
        }
        _ => {}
    }
}
