//! Guests: answers that are no guest, or somebody else.

use tokio::time::Instant;
use video_client::test_util::unsigned_token;
use video_client::{ConnectErrorKind, Error, StreamVideo};
use video_testkit::Fault;

use crate::ends::ends;
use crate::guests::{GUEST, asked, sam};
use crate::support::{SECOND, World};

/// What `connect()` says while each request for a guest is answered like this.
pub(crate) async fn refused(world: &World, client: &StreamVideo, fault: Fault) -> Error {
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, fault).forever();
    let error = client.connect().await.unwrap_err();
    faults.clear();
    error
}

/// The client is as it was, and becomes the next guest.
pub(crate) async fn recovers(world: &World, client: StreamVideo) {
    assert_eq!(client.current_user().id(), "sam");
    assert_eq!(world.logins(), 0);
    let token = client.connect().await.unwrap();
    assert_eq!(token.user_id(), &world.guest());
    assert_eq!(client.current_user().id(), world.guest().as_str());
    ends(world, client).await;
}

pub(crate) fn guest(user: &str, token: &str) -> String {
    let body = serde_json::json!({"user": {"id": user}, "access_token": token});
    body.to_string()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_guest_is_an_error_at_once_and_can_be_tried_again() {
    let token = unsigned_token("guest-1-sam", None);
    let bodies = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "<html>".to_owned(),
        r#"{"user":{"id":"guest-1-sam""#.to_owned(),
        r#"{"user":{"id":"guest-1-sam"},"duration":"1ms"}"#.to_owned(),
        r#"{"user":{"id":"guest-1-sam"},"access_token":null}"#.to_owned(),
        format!(r#"{{"access_token":"{token}"}}"#),
        format!(r#"{{"user":null,"access_token":"{token}"}}"#),
        format!(r#"{{"user":{{"name":"Sam"}},"access_token":"{token}"}}"#),
        guest("", &token),
        guest("guest-1\u{7}-sam", &token),
    ];
    for body in bodies {
        let world = World::new();
        let client = sam(&world);
        let start = Instant::now();
        let error = refused(&world, &client, Fault::status(201, body.clone())).await;
        let told = format!("{error} {error:?}");
        let kind = error.connect_error().unwrap().kind().clone();
        assert!(matches!(kind, ConnectErrorKind::Token(_)), "{body}: {told}");
        assert!(start.elapsed() < SECOND, "{body}: {told}");
        assert_eq!(asked(&world), 1, "{body}: {told}");
        recovers(&world, client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_in_trouble_is_asked_again_until_there_is_one_guest() {
    let troubles = [
        Fault::status(500, "oops"),
        Fault::status(503, "<html>"),
        Fault::status(429, "{}"),
        Fault::Drop,
        Fault::Stall,
    ];
    for trouble in troubles {
        let world = World::new();
        let faults = world.coordinator.faults();
        faults.rest("POST", GUEST, trouble.clone()).times(1);
        let client = sam(&world);
        let connected = client.connect().await;
        assert!(connected.is_ok(), "{trouble:?}: {connected:?}");
        assert_eq!(client.current_user().id(), world.guest().as_str());
        assert_eq!(asked(&world), 2, "{trouble:?}");
        ends(&world, client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_in_trouble_is_not_stormed_and_forgiven_later() {
    for trouble in [Fault::status(500, "oops"), Fault::Drop, Fault::Stall] {
        let world = World::new();
        let client = sam(&world);
        let start = Instant::now();
        refused(&world, &client, trouble.clone()).await;
        assert!(start.elapsed() <= 15 * SECOND, "{trouble:?}");
        assert!(asked(&world) <= 20, "{trouble:?}: {}", asked(&world));
        recovers(&world, client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_of_whom_little_is_said_is_a_guest() {
    let world = World::new();
    let client = sam(&world);
    let token = world.coordinator.token("guest-1-sam");
    let body = format!(
        r#"{{"user":{{"id":"guest-1-sam","name":null,"image":null,"custom":null,"teams":null,
            "role":"","language":"","new":[1]}},"access_token":"{token}"}}"#
    );
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::status(201, body));
    client.connect().await.unwrap();
    let user = client.current_user();
    assert_eq!(user.id(), "guest-1-sam");
    assert_eq!(
        client.own_user().borrow().as_ref().unwrap().id,
        "guest-1-sam"
    );
}
