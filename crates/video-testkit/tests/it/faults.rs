//! Things that go wrong on request.

use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::OpCode;
use http::Method;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use video_testkit::{Coordinator, Entry, Fault};

use crate::client::{Client, KEY, Socket, coordinator, greeting, now};

const CALL: &str = "/video/call/default/standup";
const LONG: Duration = Duration::from_mins(10);

fn john() -> Client {
    Client::new(&coordinator(), "john")
}

async fn health_check(socket: &mut Socket) {
    socket.send(&json!([{"type": "health.check"}])).await;
}

#[tokio::test(start_paused = true)]
async fn planned_answers_are_given_in_order_and_then_the_real_one() {
    let john = john();
    let faults = john.coordinator.faults();
    let html = Fault::status(503, "<html>down</html>").retry_after("7");
    faults.rest("POST", CALL, html).times(2);
    faults.rest("POST", CALL, Fault::ApiError(9));
    for _ in 0..2 {
        let answer = john.post(CALL, json!({})).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (503, "<html>down</html>")
        );
        assert_eq!(answer.headers["retry-after"], "7");
        assert_eq!(answer.headers["content-type"], "text/html");
    }
    assert_eq!(john.post(CALL, json!({})).await.code(), (429, 9));
    assert_eq!(john.post(CALL, json!({})).await.status, 201);
    let applied = |e: &Entry| matches!(e, Entry::FaultApplied { .. });
    assert_eq!(john.coordinator.journal().count(applied), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_are_delayed_stalled_and_dropped() {
    let john = john();
    let faults = john.coordinator.faults();
    faults.rest("POST", CALL, Fault::Delay(Duration::from_secs(3)));
    let start = now();
    assert_eq!(john.post(CALL, json!({})).await.status, 201);
    assert_eq!(start.elapsed(), Duration::from_secs(3));

    faults.rest("GET", CALL, Fault::Stall);
    assert!(timeout(LONG, john.get(CALL)).await.is_err());
    faults.rest("GET", CALL, Fault::Drop);
    assert!(john.send(Method::GET, CALL, Bytes::new()).await.is_err());
    let unanswered = |e: &Entry| e.as_rest().is_some_and(|call| call.status.is_none());
    assert_eq!(john.coordinator.journal().count(unanswered), 2);
    assert_eq!(john.get(CALL).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_that_is_given_up_is_noted_once_and_not_carried_out() {
    let john = john();
    let faults = john.coordinator.faults();
    faults.rest("POST", CALL, Fault::Delay(Duration::from_secs(3)));
    let given_up = timeout(Duration::from_secs(1), john.post(CALL, json!({})));
    assert!(given_up.await.is_err());
    tokio::time::sleep(LONG).await;
    let posts = |e: &Entry| e.is_rest("POST", CALL);
    assert_eq!(john.coordinator.journal().count(posts), 1);
    assert_eq!(john.get(CALL).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_token_can_expire_just_before_a_request() {
    let john = john();
    john.coordinator
        .faults()
        .rest("GET", CALL, Fault::ExpireToken);
    assert_eq!(john.get(CALL).await.code(), (401, 40));
    let renewed = Client::new(&john.coordinator, "john");
    assert_eq!(renewed.get(CALL).await.code(), (404, 16));
}

#[tokio::test(start_paused = true)]
async fn a_connection_can_be_refused_before_any_byte() {
    let coordinator = coordinator();
    coordinator.faults().dial(Fault::Refuse);
    let mut io = coordinator.connect();
    let mut bytes = Vec::new();
    assert_eq!(io.read_to_end(&mut bytes).await.unwrap(), 0);
    coordinator.faults().dial(Fault::Stall);
    let mut io = coordinator.connect();
    assert!(timeout(LONG, io.read_to_end(&mut bytes)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_upgrade_can_fail_in_each_way() {
    let coordinator = coordinator();
    let faults = coordinator.faults();
    faults.upgrade(Fault::status(502, "bad gateway"));
    let answer = Socket::over(coordinator.connect(), KEY)
        .await
        .err()
        .unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (502, "bad gateway"));
    faults.upgrade(Fault::ApiError(99));
    let answer = Socket::over(coordinator.connect(), KEY)
        .await
        .err()
        .unwrap();
    assert_eq!(answer.code(), (403, 99));
    faults.upgrade(Fault::Stall);
    let stalled = timeout(LONG, Socket::over(coordinator.connect(), KEY)).await;
    assert!(stalled.is_err());
    let statuses: Vec<_> = coordinator
        .journal()
        .entries()
        .into_iter()
        .filter_map(|record| match record.entry {
            Entry::SocketOpened { status, .. } => Some(status),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [Some(502), Some(403), None]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
async fn the_accept_key_can_be_wrong() {
    let coordinator = coordinator();
    coordinator.faults().upgrade(Fault::WrongAcceptKey);
    Socket::open(&coordinator, KEY).await;
}

#[tokio::test(start_paused = true)]
async fn a_greeting_can_be_refused_closed_dropped_and_stalled() {
    let john = john();
    let faults = john.coordinator.faults();
    faults.greeting(Fault::ConnectionError(71));
    let mut socket = john.open("john").await;
    assert_eq!(socket.event().await["error"]["code"], 71);
    assert_eq!(socket.close_code().await, 1008);
    faults.greeting(Fault::Close(1013));
    assert_eq!(john.open("john").await.close_code().await, 1013);
    faults.greeting(Fault::Drop);
    assert!(john.open("john").await.is_cut().await);
    faults.greeting(Fault::Stall);
    let mut socket = john.open("john").await;
    assert!(timeout(LONG, socket.frame()).await.is_err());
    faults.greeting(Fault::ExpireToken);
    assert_eq!(john.open("john").await.event().await["error"]["code"], 40);
    Client::new(&john.coordinator, "john").connect("john").await;
}

#[tokio::test(start_paused = true)]
async fn garbage_and_unknown_events_surround_a_good_answer() {
    let john = john();
    let faults = john.coordinator.faults();
    faults.greeting(Fault::Garbage);
    let mut socket = john.open("john").await;
    let garbage = socket.text().await;
    assert!(serde_json::from_str::<serde_json::Value>(&garbage).is_err());
    assert_eq!(socket.event().await["type"], "connection.ok");
    faults.health_check(Fault::UnknownEvent);
    health_check(&mut socket).await;
    assert_eq!(socket.event().await["type"], "health.check");
    assert_eq!(socket.event().await["type"], "emulator.novelty");
}

#[tokio::test(start_paused = true)]
async fn events_can_come_twice() {
    let john = john();
    john.coordinator.faults().greeting(Fault::DuplicateEvents);
    let (mut socket, _) = john.connect("john").await;
    assert_eq!(socket.event().await["type"], "connection.ok");
    john.coordinator.push("john", json!({"type": "a"}));
    assert_eq!(socket.event().await["type"], "a");
    assert_eq!(socket.event().await["type"], "a");
    socket.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn messages_can_come_in_fragments_with_pings_between_them() {
    let john = john();
    john.coordinator.faults().greeting(Fault::SplitFrames(3));
    let (mut socket, _) = john.connect("john").await;
    let event = json!({"type": "a", "text": "日本 and 🌊"});
    john.coordinator.push("john", &event);
    assert_eq!(socket.event().await, event);
}

#[tokio::test(start_paused = true)]
async fn fragments_are_as_long_as_was_asked_for() {
    let coordinator = coordinator();
    coordinator.faults().greeting(Fault::SplitFrames(5));
    let frames = raw_frames(&coordinator).await;
    let kinds: Vec<_> = frames.iter().map(|(first, _)| *first).collect();
    let text = frames.len() / 2;
    // Text, ping, continuation, ping, …, last continuation.
    assert_eq!(kinds[0], 0x01);
    assert!(kinds[1..].iter().step_by(2).all(|kind| *kind == 0x89));
    assert_eq!(
        kinds[2..].iter().step_by(2).filter(|k| **k == 0).count(),
        text - 1
    );
    assert_eq!(kinds[kinds.len() - 1], 0x80);
    assert!(
        frames
            .iter()
            .step_by(2)
            .rev()
            .skip(1)
            .all(|(_, length)| *length == 5)
    );
}

/// The first bytes and the lengths of the frames of one message.
async fn raw_frames(coordinator: &Coordinator) -> Vec<(u8, usize)> {
    use tokio::io::AsyncWriteExt;
    let mut io = coordinator.connect();
    let request = format!(
        "GET /video/connect?api_key={KEY} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    io.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    let greeting = greeting(Some(&coordinator.token("john")), "john").to_string();
    let length = u16::try_from(greeting.len()).unwrap().to_be_bytes();
    io.write_all(&[0x81, 0xfe, length[0], length[1], 0, 0, 0, 0])
        .await
        .unwrap();
    io.write_all(greeting.as_bytes()).await.unwrap();
    let mut frames = Vec::new();
    loop {
        let first = io.read_u8().await.unwrap();
        let length = usize::from(io.read_u8().await.unwrap());
        io.read_exact(&mut vec![0; length]).await.unwrap();
        frames.push((first, length));
        if first == 0x80 {
            return frames;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn health_checks_can_go_unanswered_or_end_the_socket() {
    let john = john();
    let faults = john.coordinator.faults();
    let (mut socket, _) = john.connect("john").await;
    faults.health_check(Fault::Stall).times(2);
    health_check(&mut socket).await;
    health_check(&mut socket).await;
    socket.assert_quiet().await;
    health_check(&mut socket).await;
    assert_eq!(socket.event().await["type"], "health.check");
    faults.health_check(Fault::ExpireToken);
    health_check(&mut socket).await;
    assert_eq!(socket.event().await["error"]["code"], 40);
    assert_eq!(socket.close_code().await, 1008);

    let john = Client::new(&john.coordinator, "john");
    faults.health_check(Fault::Close(1011));
    let (mut socket, _) = john.connect("john").await;
    health_check(&mut socket).await;
    assert_eq!(socket.close_code().await, 1011);
    faults.health_check(Fault::Drop);
    let (mut socket, _) = john.connect("john").await;
    socket
        .send_as(OpCode::Binary, br#"{"type":"health.check"}"#)
        .await;
    assert!(socket.is_cut().await);
}
