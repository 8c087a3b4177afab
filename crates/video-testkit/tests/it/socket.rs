//! Sockets: greeting, health checks, end.

use std::time::Duration;

use fastwebsockets::OpCode;
use serde_json::json;
use video_testkit::{ClosedBy, Coordinator, Entry, TokenSpec};

use crate::client::{Client, KEY, SECRET, Socket, coordinator, greeting, now};

async fn refused(client: &Client, user: &str) -> (i64, u64) {
    let mut socket = client.open(user).await;
    let error = socket.event().await;
    assert_eq!(error["type"], "connection.error");
    assert_eq!(socket.close_code().await, 1008);
    let error = &error["error"];
    (
        error["code"].as_i64().unwrap(),
        error["StatusCode"].as_u64().unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_good_greeting_is_answered_with_the_user() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let mut socket = john.open("john").await;
    let ok = socket.event().await;
    assert_eq!(ok["type"], "connection.ok");
    assert_eq!(ok["me"]["id"], "john");
    assert_eq!(ok["me"]["name"], "JOHN");
    assert_eq!(ok["me"]["custom"], json!({"n": 7}));
    let live = coordinator.connections();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].user_id, "john");
    assert_eq!(live[0].connection_id.as_str(), ok["connection_id"]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_greeting_is_answered_with_its_code_and_a_close() {
    let coordinator = coordinator();
    let of = |spec| Client::of(&coordinator, spec);
    let expired = TokenSpec::user("john").expired_for(Duration::from_secs(1));
    assert_eq!(refused(&of(expired), "john").await, (40, 401));
    let forged = TokenSpec::user("john").signed_with("other");
    assert_eq!(refused(&of(forged), "john").await, (43, 401));
    assert_eq!(
        refused(&of(TokenSpec::user("john")), "jane").await,
        (5, 401)
    );
    let mut client = of(TokenSpec::user("john"));
    client.key = "wrong";
    assert_eq!(refused(&client, "john").await, (2, 401));
    client.key = KEY;
    client.token = None;
    assert_eq!(refused(&client, "john").await, (5, 401));
    assert!(coordinator.connections().is_empty());
    let count = coordinator
        .journal()
        .count(|e| matches!(e, Entry::Refused { .. }));
    assert_eq!(count, 5);
}

#[tokio::test(start_paused = true)]
async fn a_first_frame_that_is_no_greeting_is_code_4() {
    let coordinator = coordinator();
    let mut socket = Socket::open(&coordinator, KEY).await;
    socket.send_as(OpCode::Text, b"hello").await;
    assert_eq!(socket.event().await["error"]["code"], 4);
}

#[tokio::test(start_paused = true)]
async fn a_greeting_may_come_in_a_binary_frame() {
    let coordinator = coordinator();
    let mut socket = Socket::open(&coordinator, KEY).await;
    let greeting = greeting(Some(&coordinator.token("john")), "john").to_string();
    socket.send_as(OpCode::Binary, greeting.as_bytes()).await;
    assert_eq!(socket.event().await["type"], "connection.ok");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_closed_after_the_greeting_timeout() {
    let coordinator = Coordinator::builder(KEY, SECRET)
        .greeting_timeout(Duration::from_secs(3))
        .build();
    let mut socket = Socket::open(&coordinator, KEY).await;
    let start = now();
    assert_eq!(socket.close_code().await, 1008);
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn health_checks_are_answered_in_both_forms() {
    let john = Client::new(&coordinator(), "john");
    let (mut socket, id) = john.connect("john").await;
    for check in [
        json!([{"type": "health.check", "client_id": "c"}]),
        json!({"type": "health.check", "client_id": "c"}),
    ] {
        socket.send(&check).await;
        let answer = socket.event().await;
        assert_eq!(answer["type"], "health.check");
        assert_eq!(answer["connection_id"], id.as_str());
    }
    let pings = john
        .coordinator
        .journal()
        .count(|e| matches!(e, Entry::Ping { client_id, .. } if client_id.as_deref() == Some("c")));
    assert_eq!(pings, 2);
}

#[tokio::test(start_paused = true)]
async fn a_ping_gets_a_pong_and_nothing_else() {
    let john = Client::new(&coordinator(), "john");
    let (mut socket, _) = john.connect("john").await;
    socket.send_as(OpCode::Ping, b"are you there").await;
    let pong = (OpCode::Pong, b"are you there".to_vec());
    assert_eq!(socket.frame().await, Some(pong));
    socket.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn unknown_messages_are_ignored_and_noted() {
    let john = Client::new(&coordinator(), "john");
    let (mut socket, _) = john.connect("john").await;
    socket.send(&json!({"type": "dance"})).await;
    socket.assert_quiet().await;
    let noted = |e: &Entry| matches!(e, Entry::IgnoredFrame { bytes: 16, .. });
    assert_eq!(john.coordinator.journal().count(noted), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_closed_if_that_is_asked_for() {
    let coordinator = Coordinator::builder(KEY, SECRET)
        .health_check_timeout(Duration::from_secs(30))
        .build();
    let john = Client::new(&coordinator, "john");
    let (mut socket, _) = john.connect("john").await;
    let start = now();
    tokio::time::sleep(Duration::from_secs(20)).await;
    socket.send(&json!({"type": "health.check"})).await;
    assert_eq!(socket.event().await["type"], "health.check");
    assert_eq!(socket.close_code().await, 1008);
    assert_eq!(start.elapsed(), Duration::from_secs(50));
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_is_echoed_and_the_socket_forgotten() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (mut socket, _) = john.connect("john").await;
    socket.send_as(OpCode::Close, &[15, 161, b'x']).await;
    assert_eq!(socket.close_code().await, 4001);
    let closed = coordinator
        .journal()
        .wait_for(|e| matches!(e, Entry::SocketClosed { .. }))
        .await;
    let Entry::SocketClosed { code, by, .. } = closed.entry else {
        panic!()
    };
    assert_eq!((code, by), (Some(4001), ClosedBy::Client));
    assert!(coordinator.connections().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_vanishes_is_forgotten() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (socket, _) = john.connect("john").await;
    drop(socket);
    let cut = |e: &Entry| {
        matches!(
            e,
            Entry::SocketClosed {
                by: ClosedBy::Cut,
                ..
            }
        )
    };
    coordinator.journal().wait_for(cut).await;
    assert!(coordinator.connections().is_empty());
}
