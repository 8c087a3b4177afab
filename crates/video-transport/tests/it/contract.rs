//! What every message socket keeps to, shown for the scripted and for the real one.

use std::sync::Arc;

use serde_json::json;
use tokio::task::yield_now;
use video_testkit::Coordinator;
use video_transport::test_util::{ScriptedSocket, SocketScript, dialer_fn};
use video_transport::{
    CloseFrame, Entropy, EventConnector, EventSocket, Frame, SocketLimits, WebSocketConnector,
};

use crate::support;

/// The other end of a socket.
enum Peer {
    Script(SocketScript),
    Coordinator(Coordinator),
}

impl Peer {
    async fn say(&self, text: &str) {
        match self {
            Self::Script(script) => script.say(text.to_owned()).await,
            Self::Coordinator(coordinator) => {
                assert_eq!(coordinator.push_raw("jane", text.to_owned()), 1);
            }
        }
    }

    async fn close(&self, code: u16) {
        match self {
            Self::Script(script) => {
                let close = Frame::Close(Some(CloseFrame::new(code, "")));
                script.to_client.send(Ok(close)).await.unwrap();
            }
            Self::Coordinator(coordinator) => {
                assert_eq!(coordinator.close_connections(code, ""), 1);
            }
        }
    }
}

fn scripted() -> (Box<dyn EventSocket>, Peer) {
    let (socket, script) = ScriptedSocket::pair();
    (Box::new(socket), Peer::Script(script))
}

/// A socket that the coordinator has let in.
async fn real() -> (Box<dyn EventSocket>, Peer) {
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let served = coordinator.clone();
    let dialer = dialer_fn(move |_| std::future::ready(Ok(served.connect())));
    let entropy = Entropy::seeded(1);
    let connector = WebSocketConnector::new(Arc::new(dialer), SocketLimits::default(), entropy);
    let uri = format!("ws://h.test/video/connect?api_key={}", support::KEY);
    let mut socket = connector.open(uri.parse().unwrap()).await.unwrap();
    let greeting = json!({
        "token": coordinator.token("jane"),
        "products": ["video"],
        "user_details": {"id": "jane"},
    });
    let greeting = Frame::Text(greeting.to_string().into());
    socket.send(greeting).await.unwrap();
    assert!(text(&mut *socket).await.contains("connection.ok"));
    (socket, Peer::Coordinator(coordinator))
}

async fn text(socket: &mut dyn EventSocket) -> String {
    match socket.recv().await {
        Some(Ok(Frame::Text(text))) => String::from_utf8(text.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn messages_keep_their_order((mut socket, peer): (Box<dyn EventSocket>, Peer)) {
    for n in 0..20 {
        peer.say(&format!("message {n}")).await;
    }
    for n in 0..20 {
        assert_eq!(text(&mut *socket).await, format!("message {n}"));
    }
}

/// Each message is larger than what the connection holds, so that it comes in parts.
async fn a_cancelled_receive_loses_nothing((mut socket, peer): (Box<dyn EventSocket>, Peer)) {
    let mut cancelled = 0;
    for n in 0..5 {
        let message = n.to_string().repeat(200_000);
        tokio::select! {
            biased;
            early = text(&mut *socket) => panic!("{early}"),
            () = yield_now() => cancelled += 1,
        }
        peer.say(&message).await;
        let received = loop {
            tokio::select! {
                biased;
                received = text(&mut *socket) => break received,
                () = yield_now() => cancelled += 1,
            }
        };
        assert!(received == message, "message {n} was damaged");
    }
    assert!(cancelled >= 5);
}

async fn nothing_follows_the_end((mut socket, peer): (Box<dyn EventSocket>, Peer)) {
    peer.say("last").await;
    peer.close(4000).await;
    assert_eq!(text(&mut *socket).await, "last");
    match socket.recv().await {
        Some(Ok(Frame::Close(Some(close)))) => assert_eq!(close.code, 4000),
        other => panic!("{other:?}"),
    }
    drop(peer);
    assert!(socket.recv().await.is_none());
    assert!(socket.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_scripted_socket_delivers_messages_in_order() {
    messages_keep_their_order(scripted()).await;
}

#[tokio::test(start_paused = true)]
async fn a_real_socket_delivers_messages_in_order() {
    messages_keep_their_order(real().await).await;
}

#[tokio::test(start_paused = true)]
async fn a_scripted_socket_loses_nothing_to_a_cancelled_receive() {
    a_cancelled_receive_loses_nothing(scripted()).await;
}

#[tokio::test(start_paused = true)]
async fn a_real_socket_loses_nothing_to_a_cancelled_receive() {
    a_cancelled_receive_loses_nothing(real().await).await;
}

#[tokio::test(start_paused = true)]
async fn a_scripted_socket_ends_after_its_close_frame() {
    nothing_follows_the_end(scripted()).await;
}

#[tokio::test(start_paused = true)]
async fn a_real_socket_ends_after_its_close_frame() {
    nothing_follows_the_end(real().await).await;
}
