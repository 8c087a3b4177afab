//! The coordinator's bodies and frames have the structure of the documented ones.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use video_testkit::TokenSpec;

use crate::client::{Client, coordinator};

const CALL: &str = "/video/call/default/tide-7f3a";

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../fixtures/", $name, ".json")))
            .unwrap()
    };
}

/// All paths to a value, with what kind of value it is. The content of custom data, which
/// applications choose, is left out; items of a list count as one.
fn paths(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            into.insert(format!("{at} object"));
            for (name, value) in fields {
                if name == "custom" {
                    into.insert(format!("{at}.custom"));
                } else {
                    paths(value, &format!("{at}.{name}"), into);
                }
            }
        }
        Value::Array(items) => {
            into.insert(format!("{at} list"));
            for item in items {
                paths(item, &format!("{at}[]"), into);
            }
        }
        Value::String(_) => drop(into.insert(format!("{at} text"))),
        Value::Number(_) => drop(into.insert(format!("{at} number"))),
        Value::Bool(_) => drop(into.insert(format!("{at} bool"))),
        Value::Null => drop(into.insert(format!("{at} null"))),
    }
}

/// Compares structures. A list that is empty on one side matches any list.
fn assert_same_structure(ours: &Value, theirs: &Value) {
    let of = |value| {
        let mut all = BTreeSet::new();
        paths(value, "", &mut all);
        all
    };
    let (ours, theirs) = (of(ours), of(theirs));
    let lists: BTreeSet<_> = ours.intersection(&theirs).cloned().collect();
    let in_empty_list = |path: &str, other: &BTreeSet<String>| {
        path.match_indices("[]").any(|(at, _)| {
            let list = &path[..at];
            let item = format!("{list}[]");
            lists.contains(&format!("{list} list")) && !other.iter().any(|p| p.starts_with(&item))
        })
    };
    let missing: Vec<_> = theirs
        .difference(&ours)
        .filter(|p| !in_empty_list(p, &ours))
        .collect();
    let extra: Vec<_> = ours
        .difference(&theirs)
        .filter(|p| !in_empty_list(p, &theirs))
        .collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:#?}, extra {extra:#?}"
    );
}

fn greeting(token: &str) -> Value {
    let mut greeting = fixture!("request.ws_auth");
    greeting["token"] = token.into();
    greeting["user_details"]["image"] = "https://img.example.test/noor-k.png".into();
    greeting
}

fn with_members() -> Value {
    let members = json!([{"user_id": "noor-k", "role": "admin"}, {"user_id": "noor-k"}]);
    json!({"data": {"members": members}})
}

#[tokio::test(start_paused = true)]
async fn frames_have_the_documented_structure() {
    let coordinator = coordinator();
    let noor = Client::new(&coordinator, "noor-k");
    let mut socket = crate::client::Socket::open(&coordinator, noor.key).await;
    socket.send(&greeting(&coordinator.token("noor-k"))).await;
    let ok = socket.event().await;
    assert_same_structure(&ok, &fixture!("event.connection.ok"));

    socket.send(&json!([{"type": "health.check"}])).await;
    assert_same_structure(&socket.event().await, &fixture!("event.health.check"));

    noor.post(CALL, with_members()).await;
    assert_same_structure(&socket.event().await, &fixture!("event.call.created"));

    noor.post(&format!("{CALL}/event"), json!({"custom": {"x": 1}}))
        .await;
    assert_same_structure(&socket.event().await, &fixture!("event.custom"));

    coordinator.expire_tokens("noor-k");
    assert_same_structure(&socket.event().await, &fixture!("event.connection.error"));
}

#[tokio::test(start_paused = true)]
async fn bodies_have_the_documented_structure() {
    let coordinator = coordinator();
    let noor = Client::new(&coordinator, "noor-k");
    let mut socket = crate::client::Socket::open(&coordinator, noor.key).await;
    socket.send(&greeting(&coordinator.token("noor-k"))).await;
    socket.event().await;

    let created = noor.post(CALL, with_members()).await.json();
    assert_same_structure(&created, &fixture!("response.get_or_create_call"));

    let join = format!("{CALL}/join");
    let joined = noor.post(&join, json!({"location": "AMS"})).await.json();
    let mut documented = fixture!("response.join_call");
    // Nobody is in a call of ours, for want of a media server.
    documented["call"]
        .as_object_mut()
        .unwrap()
        .remove("session");
    assert_same_structure(&joined, &documented);

    let refused = noor.post(&join, json!({})).await.json();
    assert_same_structure(&refused, &fixture!("error.input"));
    for device in [
        json!({"id": "a", "push_provider": "firebase", "push_provider_name": "main"}),
        json!({"id": "b", "push_provider": "apn", "push_provider_name": "v", "voip_token": true}),
    ] {
        noor.post("/video/devices", device).await;
    }
    let devices = noor.get("/video/devices").await.json();
    assert_same_structure(&devices, &fixture!("response.list_devices"));

    let edges = noor.get("/video/edges").await.json();
    assert_same_structure(&edges, &fixture!("response.edges"));

    let visitor = Client::anonymous(&coordinator);
    let user = json!({"id": "sam", "name": "Sam"});
    let guest = visitor.post("/video/guest", json!({"user": user})).await;
    assert_same_structure(&guest.json(), &fixture!("response.guest"));
    let barred = visitor.get(CALL).await.json();
    assert_same_structure(&barred, &fixture!("error.not_allowed"));
    let missing = noor.get("/video/call/default/none").await.json();
    assert_same_structure(&missing, &fixture!("error.not_found"));
    let expired = TokenSpec::user("noor-k").expired_for(std::time::Duration::ZERO);
    let expired = Client::of(&coordinator, expired).get(CALL).await.json();
    assert_same_structure(&expired, &fixture!("error.not_found"));
}

#[test]
fn the_comparison_sees_missing_and_extra_fields() {
    let same =
        |a: Value, b: Value| std::panic::catch_unwind(|| assert_same_structure(&a, &b)).is_ok();
    assert!(same(
        json!({"a": [], "custom": {"x": 1}}),
        json!({"a": [{"b": 1}], "custom": {}})
    ));
    assert!(!same(json!({"a": 1}), json!({"a": 1, "b": 2})));
    assert!(!same(json!({"a": 1, "b": 2}), json!({"a": 1})));
    assert!(!same(json!({"a": 1}), json!({"a": "1"})));
    assert!(!same(json!({"a": [{"b": 1}]}), json!({"a": [{"c": 1}]})));
}
