//! The requests of a call.

use serde_json::json;
use video_client::{ApiCode, ErrorKind};
use video_testkit::{Entry, Fault, RestCall};

use crate::support::World;

/// The request to this path, as the coordinator saw it.
fn request(world: &World, method: &str, path: &str) -> RestCall {
    let entries = world.coordinator.journal().entries();
    let found = entries.iter().rev().find_map(|record| {
        record
            .entry
            .as_rest()
            .filter(|call| call.method == method && call.path == path)
            .cloned()
    });
    found.unwrap_or_default()
}

/// Promise: CK050, CK051
#[tokio::test(start_paused = true)]
async fn each_request_has_key_token_tag_and_id_and_only_watching_ones_the_connection() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "a");
    call.get_or_create().await.unwrap();
    let watching = request(&world, "POST", "/video/call/default/a");
    assert_eq!(watching.query, ["api_key", "connection_id"]);
    assert_eq!(watching.auth_type.as_deref(), Some("jwt"));
    assert!(watching.has_authorization);
    assert!(
        watching
            .client_tag
            .unwrap()
            .starts_with("stream-video-rust-v")
    );
    call.get().watch(false).await.unwrap();
    let unwatched = request(&world, "GET", "/video/call/default/a");
    assert_eq!(unwatched.query, ["api_key"]);
    call.send_custom_event(&json!({})).await.unwrap();
    assert_eq!(
        request(&world, "POST", "/video/call/default/a/event").query,
        ["api_key"]
    );
    assert_ne!(watching.request_id, unwatched.request_id);
    assert_eq!(watching.request_id.unwrap().len(), 36);
}

/// Promise: CK062, BD46
#[tokio::test(start_paused = true)]
async fn a_body_holds_what_was_set_and_nothing_else() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "a");
    call.get_or_create().await.unwrap();
    assert_eq!(
        request(&world, "POST", "/video/call/default/a").body,
        Some(json!({}))
    );
    call.get_or_create()
        .members(["ada"])
        .members_limit(5)
        .custom(&json!({"k": 1}))
        .await
        .unwrap();
    assert_eq!(
        request(&world, "POST", "/video/call/default/a").body,
        Some(
            json!({"data": {"custom": {"k": 1}, "members": [{"user_id": "ada"}]}, "members_limit": 5})
        )
    );
    call.update()
        .settings_override(&json!({"ring": {}}))
        .await
        .unwrap();
    assert_eq!(
        request(&world, "PATCH", "/video/call/default/a").body,
        Some(json!({"settings_override": {"ring": {}}}))
    );
    call.update().custom(&json!({"k": 2})).await.unwrap();
    assert_eq!(
        request(&world, "PATCH", "/video/call/default/a").body,
        Some(json!({"custom": {"k": 2}}))
    );
}

/// Promise: BD41, BD61
#[tokio::test(start_paused = true)]
async fn the_service_s_own_error_reaches_whoever_asks_for_credentials() {
    let world = World::new();
    let client = world.connected("john").await;
    let error = client
        .call("default", "none")
        .join_credentials()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.api().unwrap().code, Some(ApiCode::DOES_NOT_EXIST));
    assert_eq!(error.api().unwrap().status, 404);
    let joined = client
        .call("default", "none")
        .join_credentials()
        .create(true)
        .await
        .unwrap();
    assert!(joined.credentials.server.url.ends_with("/twirp"));
    assert!(!joined.credentials.expose_token().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_ended_and_is_found_ended() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "a");
    call.get_or_create().await.unwrap();
    call.end().await.unwrap();
    assert!(call.get().await.unwrap().call.ended_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_not_valid_is_a_typed_error_and_sends_nothing() {
    let world = World::new();
    let client = world.client("john");
    let error = client.call("", "a").get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(world.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_watching_request_of_a_client_that_never_connects_says_so_at_once() {
    let world = World::new();
    let client = world.client("john");
    let error = client
        .call("default", "a")
        .get_or_create()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(
        client
            .call("default", "a")
            .get_or_create()
            .watch(false)
            .await
            .is_ok()
    );
}

/// Promise: CK061, BD43
#[tokio::test(start_paused = true)]
async fn reserved_characters_of_an_id_are_encoded_in_the_path() {
    let world = World::new();
    let client = world.connected("john").await;
    let details = client
        .call("default", "a/b?c#d%")
        .get_or_create()
        .await
        .unwrap();
    assert_eq!(details.call.cid, "default:a/b?c#d%");
    let sent = request(&world, "POST", "/video/call/default/a%2Fb%3Fc%23d%25");
    assert_eq!(sent.status, Some(201));
}

/// Promise: T17, CK064
#[tokio::test(start_paused = true)]
async fn a_service_that_accepts_and_stalls_is_a_timeout() {
    let world = World::new();
    let client = world.connected("john").await;
    world
        .coordinator
        .faults()
        .rest("*", "/video/call/default/a/event", Fault::Stall)
        .forever();
    let start = tokio::time::Instant::now();
    let sent = client
        .call("default", "a")
        .send_custom_event(&json!({}))
        .await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.may_have_been_executed());
    assert_eq!(start.elapsed(), std::time::Duration::from_secs(5));
    let count = world
        .coordinator
        .journal()
        .count(|entry: &Entry| entry.is_rest("POST", "/video/call/default/a/event"));
    assert!(count <= 1, "sent again");
}

/// Promise: CK063, BD45
#[tokio::test(start_paused = true)]
async fn no_argument_of_a_request_is_lost_on_its_way() {
    let world = World::new();
    let client = world.connected("john").await;
    let call = client.call("default", "standup");
    call.get_or_create().await.unwrap();
    world.coordinator.journal().clear();
    call.send_custom_event(&json!({"type": "wave", "strength": 3}))
        .await
        .unwrap();
    call.join_credentials().members_limit(25).await.unwrap();
    call.update()
        .settings_override(&json!({"broadcasting": {"enabled": true}}))
        .await
        .unwrap();
    let entries = world.coordinator.journal().entries();
    let calls = entries.iter().filter_map(|record| record.entry.as_rest());
    let bodies: Vec<_> = calls.filter_map(|call| call.body.clone()).collect();
    assert_eq!(bodies[0]["custom"], json!({"type": "wave", "strength": 3}));
    assert_eq!(bodies[1]["members_limit"], 25);
    assert_eq!(
        bodies[2]["settings_override"]["broadcasting"]["enabled"],
        true
    );
}
