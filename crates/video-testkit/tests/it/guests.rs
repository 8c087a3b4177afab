//! Guests: made without a token, and users from then on.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use video_testkit::{Coordinator, Entry, Fault};

use crate::client::{Client, KEY, SECRET, coordinator};

const GUEST: &str = "/video/guest";
const CALL: &str = "/video/call/default/standup";

fn visitor() -> Value {
    json!({"user": {
        "id": "visitor7",
        "name": "Visitor 7",
        "image": "https://img.example.test/v.png",
        "custom": {"k": 1},
    }})
}

/// Makes a guest. Gives its id and a client with its token.
async fn guest(coordinator: &Coordinator) -> (String, Client) {
    let answer = Client::anonymous(coordinator).post(GUEST, visitor()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let body = answer.json();
    let mut client = Client::anonymous(coordinator);
    client.kind = "jwt";
    client.token = body["access_token"].as_str().map(str::to_owned);
    (body["user"]["id"].as_str().unwrap().to_owned(), client)
}

#[tokio::test(start_paused = true)]
async fn a_guest_gets_another_id_and_keeps_what_it_is_described_with() {
    let coordinator = coordinator();
    let answer = Client::anonymous(&coordinator).post(GUEST, visitor()).await;
    assert_eq!(answer.status, 201);
    let user = &answer.json()["user"];
    let id = user["id"].as_str().unwrap();
    let uuid = id.strip_prefix("guest-").unwrap();
    let uuid = uuid.strip_suffix("-visitor7").unwrap();
    assert_eq!(uuid.len(), 36, "{id}");
    assert_eq!(user["role"], "guest");
    assert_eq!(user["name"], "Visitor 7");
    assert_eq!(user["image"], "https://img.example.test/v.png");
    assert_eq!(user["custom"], json!({"k": 1}));
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_a_user_until_its_token_expires() {
    let coordinator = Coordinator::builder(KEY, SECRET)
        .guest_token_lifetime(Duration::from_secs(30))
        .build();
    let (_, client) = guest(&coordinator).await;
    let created = client.post(CALL, json!({})).await.json();
    assert_eq!(
        created["own_capabilities"],
        json!(["join-call", "read-call"])
    );
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(client.get(CALL).await.status, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(client.get(CALL).await.code(), (401, 40));
}

#[tokio::test(start_paused = true)]
async fn a_socket_of_a_guest_is_greeted_as_the_guest() {
    let coordinator = coordinator();
    let (id, client) = guest(&coordinator).await;
    let mut socket = crate::client::Socket::open(&coordinator, KEY).await;
    let token = client.token.as_deref();
    socket
        .send(&json!({"token": token, "user_details": {"id": id}}))
        .await;
    let me = &socket.event().await["me"];
    assert_eq!((&me["id"], &me["role"]), (&json!(id), &json!("guest")));
    assert_eq!(me["name"], "Visitor 7");
    assert_eq!(me["image"], "https://img.example.test/v.png");
    assert_eq!(me["custom"], json!({"k": 1}));
    // The id that was asked for is not the guest's.
    let mut socket = client.open("visitor7").await;
    assert_eq!(socket.event().await["error"]["code"], 5);
}

#[tokio::test(start_paused = true)]
async fn each_request_makes_another_guest_and_two_runs_make_the_same() {
    let run = async || {
        let coordinator = coordinator();
        let ids = [guest(&coordinator).await.0, guest(&coordinator).await.0];
        let known: Vec<_> = coordinator
            .guests()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(known, ids);
        let made = |e: &Entry| matches!(e, Entry::GuestCreated { user } if ids.contains(&user.to_string()));
        assert_eq!(coordinator.journal().count(made), 2);
        ids
    };
    let first = run().await;
    assert_ne!(first[0], first[1]);
    assert_eq!(first, run().await);
}

#[tokio::test(start_paused = true)]
async fn a_guest_without_a_usable_id_is_code_4_and_is_not_made() {
    let coordinator = coordinator();
    let visitor = Client::anonymous(&coordinator);
    let refused = async |body: Value| {
        let answer = visitor.post(GUEST, body).await;
        assert_eq!(answer.code(), (400, 4));
        answer.json()["exception_fields"].clone()
    };
    assert!(refused(json!({})).await["user"].is_string());
    assert!(refused(json!({"user": {"name": "x"}})).await["user.id"].is_string());
    assert!(refused(json!({"user": {"id": ""}})).await["user.id"].is_string());
    let long = json!({"user": {"id": "x".repeat(250)}});
    assert!(refused(long).await["user.id"].is_string());
    let empty = visitor.send(Method::POST, GUEST, Bytes::new()).await;
    assert_eq!(empty.unwrap().code(), (400, 4));
    assert_eq!(visitor.get(GUEST).await.status, 405);
    assert!(coordinator.guests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_request_for_a_guest_needs_a_key_and_no_token() {
    let coordinator = coordinator();
    let mut visitor = Client::anonymous(&coordinator);
    visitor.token = Some("not a token".to_owned());
    assert_eq!(visitor.post(GUEST, self::visitor()).await.status, 201);
    visitor.kind = "jwt";
    assert_eq!(visitor.post(GUEST, self::visitor()).await.code(), (401, 43));
    visitor.kind = "anonymous";
    visitor.key = "wrong";
    assert_eq!(visitor.post(GUEST, self::visitor()).await.code(), (401, 2));
    let entries = coordinator.journal().entries();
    let senders: Vec<_> = entries
        .iter()
        .filter_map(|record| record.entry.as_rest())
        .map(|call| call.user.as_deref().map(str::to_owned))
        .collect();
    assert_eq!(senders, [Some("!anon".to_owned()), None, None]);
}

#[tokio::test(start_paused = true)]
async fn the_making_of_a_guest_can_fail_and_be_tried_again() {
    let coordinator = coordinator();
    let visitor = Client::anonymous(&coordinator);
    let faults = coordinator.faults();
    faults
        .rest("POST", GUEST, Fault::status(503, "<html>"))
        .times(2);
    faults.rest_where("*", |path| path.ends_with("/guest"), Fault::ApiError(9));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(visitor.post(GUEST, self::visitor()).await.status);
    }
    assert_eq!(statuses, [503, 503, 429, 201]);
    assert_eq!(faults.pending(), 0);
    assert_eq!(coordinator.guests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_token_of_a_guest_is_in_the_journal() {
    let coordinator = coordinator();
    let (id, client) = guest(&coordinator).await;
    client.get(CALL).await;
    let shown = format!("{0} {0:?}", coordinator.journal());
    assert!(shown.contains(&format!("guest created user={id}")));
    for part in client.token.unwrap().split('.') {
        assert!(!shown.contains(part));
    }
}
