//! What a test can make the coordinator do to its clients.

use std::time::Duration;

use serde_json::json;
use video_testkit::{Audience, ClosedBy, Entry, Fault};

use crate::client::{Client, coordinator};

#[tokio::test(start_paused = true)]
async fn events_can_be_pushed_to_a_user_a_call_and_everybody() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (mut at_john, id) = john.connect("john").await;
    let (mut at_jane, _) = Client::new(&coordinator, "jane").connect("jane").await;
    assert_eq!(coordinator.push_to_user("john", json!({"type": "a"})), 1);
    assert_eq!(coordinator.push(Audience::All, json!({"type": "b"})), 2);
    assert_eq!(
        coordinator.push_to_call("default:x", json!({"type": "c"})),
        0
    );
    john.post(
        &format!("/video/call/default/x?connection_id={id}"),
        json!({}),
    )
    .await;
    assert_eq!(
        coordinator.push_to_call("default:x", json!({"type": "c"})),
        1
    );
    assert_eq!(coordinator.push_raw("john", "not json"), 1);
    for event in ["a", "b", "call.created", "c"] {
        assert_eq!(at_john.event().await["type"], event);
    }
    assert_eq!(at_john.text().await, "not json");
    assert_eq!(at_jane.event().await["type"], "b");
    at_jane.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn dropped_connections_end_without_a_close_frame() {
    let coordinator = coordinator();
    let (mut at_john, _) = Client::new(&coordinator, "john").connect("john").await;
    let (mut at_jane, _) = Client::new(&coordinator, "jane").connect("jane").await;
    assert_eq!(coordinator.drop_connections("john"), 1);
    assert_eq!(coordinator.connections().len(), 1);
    assert!(at_john.is_cut().await);
    at_jane.assert_quiet().await;
    assert_eq!(coordinator.drop_connections(Audience::All), 1);
    assert!(at_jane.is_cut().await);
    let cut = |e: &Entry| {
        matches!(
            e,
            Entry::SocketClosed {
                by: ClosedBy::Cut,
                ..
            }
        )
    };
    assert_eq!(coordinator.journal().count(cut), 2);
}

#[tokio::test(start_paused = true)]
async fn closed_connections_end_with_the_code_that_was_asked_for() {
    let coordinator = coordinator();
    let (mut socket, _) = Client::new(&coordinator, "john").connect("john").await;
    coordinator.push("john", json!({"type": "last words"}));
    assert_eq!(coordinator.close_connections(1012, "restart"), 1);
    assert!(coordinator.connections().is_empty());
    assert_eq!(socket.event().await["type"], "last words");
    assert_eq!(socket.close_code().await, 1012);
    let closed = |e: &Entry| matches!(e, Entry::SocketClosed { .. });
    assert_eq!(coordinator.journal().count(closed), 1);
}

#[tokio::test(start_paused = true)]
async fn expired_tokens_throw_live_sockets_out() {
    let coordinator = coordinator();
    let (mut at_john, id) = Client::new(&coordinator, "john").connect("john").await;
    let (mut at_jane, _) = Client::new(&coordinator, "jane").connect("jane").await;
    coordinator.expire_tokens("john");
    let error = at_john.event().await;
    assert_eq!(error["type"], "connection.error");
    assert_eq!(error["error"]["code"], 40);
    assert_eq!(error["connection_id"], id.as_str());
    assert_eq!(at_john.close_code().await, 1008);
    at_jane.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut() {
    let coordinator = coordinator();
    let (_socket, _) = Client::new(&coordinator, "john").connect("john").await;
    for n in 0..1025 {
        coordinator.push("john", json!({"type": "flood", "n": n}));
    }
    assert!(coordinator.connections().is_empty());
    let overflow = |e: &Entry| {
        matches!(
            e,
            Entry::SocketClosed {
                by: ClosedBy::Overflow,
                ..
            }
        )
    };
    assert_eq!(coordinator.journal().count(overflow), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_coordinator_ends_its_connections() {
    let john = Client::new(&coordinator(), "john");
    let (mut socket, _) = john.connect("john").await;
    john.coordinator.assert_healthy();
    drop(john);
    assert!(socket.is_cut().await);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_gives_up_is_not_left_open() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    coordinator
        .faults()
        .rest("GET", "/video/call/default/x", Fault::Stall);
    let stalled = john.get("/video/call/default/x");
    assert!(
        tokio::time::timeout(Duration::from_secs(1), stalled)
            .await
            .is_err()
    );
    coordinator.faults().greeting(Fault::Stall);
    let stalled = john.connect("john");
    assert!(
        tokio::time::timeout(Duration::from_secs(1), stalled)
            .await
            .is_err()
    );
    let (socket, _) = john.connect("john").await;
    assert_eq!(coordinator.open_links(), 1);
    drop(socket);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(coordinator.open_links(), 0);
}
