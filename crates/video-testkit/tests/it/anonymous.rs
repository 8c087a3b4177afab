//! Requests of those who have no name.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use video_testkit::{Coordinator, TokenSpec};

use crate::client::{Client, Socket, coordinator, greeting, upgrade_request};

const OPEN: &str = "/video/call/livestream/open";
const OTHER: &str = "/video/call/livestream/other";

/// A coordinator with two calls.
async fn with_calls() -> Coordinator {
    let coordinator = coordinator();
    let host = Client::new(&coordinator, "host");
    for path in [OPEN, OTHER] {
        assert_eq!(host.post(path, json!({})).await.status, 201);
    }
    coordinator
}

fn viewer(coordinator: &Coordinator, spec: TokenSpec) -> Client {
    let mut viewer = Client::anonymous(coordinator);
    viewer.token = Some(coordinator.token_with(spec));
    viewer
}

fn spec() -> TokenSpec {
    TokenSpec::anonymous()
        .role("viewer")
        .call_cids(["livestream:open", "livestream:missing"])
}

#[tokio::test(start_paused = true)]
async fn a_token_opens_the_calls_that_it_names_and_no_others() {
    let coordinator = with_calls().await;
    let viewer = viewer(&coordinator, spec());
    let found = viewer.get(OPEN).await;
    assert_eq!(found.status, 200);
    let found = found.json();
    assert_eq!(found["own_capabilities"], json!(["join-call", "read-call"]));
    assert_eq!(found["call"]["cid"], "livestream:open");
    assert_eq!(viewer.get(OTHER).await.code(), (403, 17));
    let missing = "/video/call/livestream/missing";
    assert_eq!(viewer.get(missing).await.code(), (404, 16));
    let unnamed = "/video/call/livestream/none";
    assert_eq!(viewer.get(unnamed).await.code(), (403, 17));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_open_can_be_joined_and_not_created() {
    let coordinator = with_calls().await;
    let viewer = viewer(&coordinator, spec());
    let join = async |path: &str, body: Value| viewer.post(&format!("{path}/join"), body).await;
    let joined = join(OPEN, json!({"location": "AMS"})).await;
    assert_eq!(joined.status, 201);
    assert!(joined.json()["credentials"]["token"].is_string());
    let refused = join(OTHER, json!({"location": "AMS"})).await;
    assert_eq!(refused.code(), (403, 17));
    let create = json!({"location": "AMS", "create": true});
    let refused = join("/video/call/livestream/missing", create).await;
    assert_eq!(refused.code(), (403, 17));
    let host = Client::new(&coordinator, "host");
    let missing = host.get("/video/call/livestream/missing").await;
    assert_eq!(missing.status, 404);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_no_call_is_open() {
    let coordinator = with_calls().await;
    let nobody = Client::anonymous(&coordinator);
    assert_eq!(nobody.get(OPEN).await.code(), (403, 17));
    let join = format!("{OPEN}/join");
    let refused = nobody.post(&join, json!({"location": "AMS"})).await;
    assert_eq!(refused.code(), (403, 17));
    let unlisted = viewer(&coordinator, TokenSpec::anonymous());
    assert_eq!(unlisted.get(OPEN).await.code(), (403, 17));
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_user_is_refused_and_changes_nothing() {
    let coordinator = with_calls().await;
    let viewer = viewer(&coordinator, spec());
    let refused = async |method: Method, path: &str| {
        let body = Bytes::from_static(b"{\"custom\": {\"x\": 1}}");
        viewer.send(method, path, body).await.unwrap().code()
    };
    assert_eq!(refused(Method::POST, OPEN).await, (403, 17));
    assert_eq!(refused(Method::PATCH, OPEN).await, (403, 17));
    for action in ["mark_ended", "event"] {
        let path = format!("{OPEN}/{action}");
        assert_eq!(refused(Method::POST, &path).await, (403, 17));
    }
    assert_eq!(refused(Method::POST, "/video/calls").await, (403, 17));
    let call = &viewer.get(OPEN).await.json()["call"];
    assert_eq!(call["custom"], json!({}));
    assert!(call.get("ended_at").is_none());
}

#[tokio::test(start_paused = true)]
async fn each_wrong_token_has_its_own_code() {
    let coordinator = with_calls().await;
    let code = async |spec: TokenSpec| viewer(&coordinator, spec).get(OPEN).await.code();
    assert_eq!(code(spec().expired_for(Duration::ZERO)).await, (401, 40));
    assert_eq!(code(spec().signed_with("other")).await, (401, 43));
    assert_eq!(code(TokenSpec::user("host")).await, (401, 5));
    assert_eq!(code(TokenSpec::nobody()).await, (401, 5));
    let mut as_user = viewer(&coordinator, spec());
    as_user.kind = "jwt";
    assert_eq!(as_user.get(OPEN).await.code(), (401, 5));
    let old = viewer(&coordinator, spec());
    coordinator.expire_tokens("!anon");
    assert_eq!(old.get(OPEN).await.code(), (401, 40));
}

#[tokio::test(start_paused = true)]
async fn a_connection_id_is_not_looked_at() {
    let coordinator = with_calls().await;
    let viewer = viewer(&coordinator, spec());
    let (_socket, id) = Client::new(&coordinator, "host").connect("host").await;
    for id in ["nonsense", &id] {
        let path = format!("{OPEN}?connection_id={id}");
        assert_eq!(viewer.get(&path).await.status, 200);
    }
    assert!(coordinator.watchers("livestream:open").is_empty());
}

#[tokio::test(start_paused = true)]
async fn there_is_no_socket_without_a_name() {
    let coordinator = coordinator();
    let token = coordinator.token_with(spec());
    let client = viewer(&coordinator, spec());
    let mut socket = client.open("!anon").await;
    assert_eq!(socket.event().await["error"]["code"], 5);
    assert_eq!(socket.close_code().await, 1008);

    let mut request = upgrade_request(client.key);
    let address = request.uri().to_string();
    let anonymous = address.replace("auth-type=jwt", "auth-type=anonymous");
    *request.uri_mut() = anonymous.parse().unwrap();
    let mut socket = Socket::asking(coordinator.connect(), request)
        .await
        .ok()
        .unwrap();
    socket.send(&greeting(Some(&token), "!anon")).await;
    assert_eq!(socket.event().await["error"]["code"], 5);
    assert_eq!(socket.close_code().await, 1008);
    assert!(coordinator.connections().is_empty());
}
