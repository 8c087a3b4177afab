//! Which events reach which sockets.

use bytes::Bytes;
use http::Method;
use serde_json::json;
use video_testkit::Entry;

use crate::client::{Client, coordinator};

const CALL: &str = "/video/call/default/standup";

#[tokio::test(start_paused = true)]
async fn a_custom_event_reaches_watchers_and_nobody_else() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let jane = Client::new(&coordinator, "jane");
    let (mut at_john, _) = john.connect("john").await;
    let (mut at_jane, jane_id) = jane.connect("jane").await;
    john.post(CALL, json!({})).await;
    assert_eq!(
        jane.get(&format!("{CALL}?connection_id={jane_id}"))
            .await
            .status,
        200
    );
    assert_eq!(coordinator.watchers("default:standup").len(), 1);

    let custom = json!({"type": "not-the-type", "x": [1, null]});
    let sent = john
        .post(&format!("{CALL}/event"), json!({"custom": custom}))
        .await;
    assert_eq!(sent.status, 201);
    let event = at_jane.event().await;
    assert_eq!(event["type"], "custom");
    assert_eq!(event["call_cid"], "default:standup");
    assert_eq!(event["user"]["id"], "john");
    assert_eq!(event["custom"], custom);
    at_john.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn the_creator_sees_the_creation_on_the_socket_that_watches() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (mut first, id) = john.connect("john").await;
    let (mut second, _) = john.connect("john").await;
    john.post(&format!("{CALL}?connection_id={id}"), json!({}))
        .await;
    assert_eq!(first.event().await["type"], "call.created");
    second.assert_quiet().await;
    john.post(&format!("{CALL}?connection_id={id}"), json!({}))
        .await;
    first.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn members_get_events_without_watching_and_only_once() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let jane = Client::new(&coordinator, "jane");
    let (mut at_jane, id) = jane.connect("jane").await;
    let members = json!({"data": {"members": [{"user_id": "jane"}]}});
    john.post(CALL, members).await;
    let created = at_jane.event().await;
    assert_eq!(created["type"], "call.created");
    assert_eq!(created["members"][0]["user_id"], "jane");

    jane.get(&format!("{CALL}?connection_id={id}")).await;
    let change = Bytes::from(json!({"custom": {"a": 1}}).to_string());
    john.send(Method::PATCH, CALL, change).await.unwrap();
    let updated = at_jane.event().await;
    assert_eq!(updated["type"], "call.updated");
    assert_eq!(updated["call"]["custom"]["a"], 1);
    john.post(&format!("{CALL}/mark_ended"), json!({})).await;
    let ended = at_jane.event().await;
    assert_eq!(ended["type"], "call.ended");
    assert_eq!(ended["user"]["id"], "john");
    at_jane.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn join_and_query_can_watch_too() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (_socket, id) = john.connect("john").await;
    let body = json!({"location": "AMS", "create": true});
    john.post("/video/call/default/a/join", body).await;
    john.post("/video/call/default/b", json!({})).await;
    let query = format!("/video/calls?connection_id={id}");
    john.post(&query, json!({})).await;
    assert_eq!(coordinator.watchers("default:b").len(), 0);
    let filter = json!({"watch": true, "filter_conditions": {"cid": {"$in": ["default:b"]}}});
    john.post(&query, filter).await;
    assert_eq!(coordinator.watchers("default:b").len(), 1);
    assert_eq!(coordinator.watchers("default:a").len(), 0);
    let path = format!("/video/call/default/a/join?connection_id={id}");
    john.post(&path, json!({"location": "AMS"})).await;
    assert_eq!(coordinator.watchers("default:a").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_or_foreign_connection_is_code_46_and_changes_nothing() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let jane = Client::new(&coordinator, "jane");
    let (_socket, id) = jane.connect("jane").await;
    for connection in ["gone", &id] {
        let query = format!("connection_id={connection}");
        let answer = john.post(&format!("{CALL}?{query}"), json!({})).await;
        assert_eq!(answer.code(), (400, 46));
        let path = format!("{CALL}/join?{query}");
        let body = json!({"location": "AMS", "create": true});
        assert_eq!(john.post(&path, body).await.code(), (400, 46));
        let calls = format!("/video/calls?{query}");
        assert_eq!(
            john.post(&calls, json!({"watch": true})).await.code(),
            (400, 46)
        );
    }
    assert_eq!(john.get(CALL).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn operations_that_do_not_watch_ignore_the_connection() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    john.post(CALL, json!({})).await;
    let path = format!("{CALL}/mark_ended");
    let answer = john
        .post(&format!("{path}?connection_id=gone"), json!({}))
        .await;
    assert_eq!(answer.status, 201);
    let noted = coordinator
        .journal()
        .wait_for(|e| e.is_rest("POST", &path))
        .await;
    let call = noted.entry.as_rest().unwrap();
    assert_eq!(call.connection_id.as_deref(), Some("gone"));
}

#[tokio::test(start_paused = true)]
async fn a_new_socket_watches_nothing() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (socket, id) = john.connect("john").await;
    john.post(&format!("{CALL}?connection_id={id}"), json!({}))
        .await;
    drop(socket);
    let closed = |e: &Entry| matches!(e, Entry::SocketClosed { .. });
    coordinator.journal().wait_for(closed).await;
    let (mut socket, _) = john.connect("john").await;
    assert!(coordinator.watchers("default:standup").is_empty());
    john.post(&format!("{CALL}/event"), json!({"custom": {}}))
        .await;
    socket.assert_quiet().await;
}
