//! Asking for a socket.

use serde_json::json;

use crate::client::{Client, KEY, Socket, coordinator, greeting, upgrade_request};

#[tokio::test(start_paused = true)]
async fn what_is_no_handshake_is_told_so() {
    let john = Client::new(&coordinator(), "john");
    let answer = john.get("/video/connect").await;
    assert_eq!(answer.status, 426);
    assert_eq!(answer.headers["sec-websocket-version"], "13");
}

#[tokio::test(start_paused = true)]
async fn compression_is_not_agreed_to_and_does_no_harm() {
    let coordinator = coordinator();
    let mut request = upgrade_request(KEY);
    let offer = "permessage-deflate; client_max_window_bits, permessage-deflate";
    let headers = request.headers_mut();
    headers.insert("sec-websocket-extensions", offer.parse().unwrap());
    // The helper makes sure that no extension is in the answer.
    let asked = Socket::asking(coordinator.connect(), request).await;
    let mut socket = asked.ok().unwrap();
    let token = coordinator.token("john");
    socket.send(&greeting(Some(&token), "john")).await;
    assert_eq!(socket.event().await["type"], "connection.ok");
    socket.send(&json!([{"type": "health.check"}])).await;
    assert_eq!(socket.event().await["type"], "health.check");
}
