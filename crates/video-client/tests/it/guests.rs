//! Guests: created once, by the service's word, and never another one without being asked.

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use video_client::{
    ApiCode, Classify, ConnectErrorKind, ConnectionState, DisconnectReason, ErrorKind,
    FailureClass, StreamVideo, StreamVideoBuilder, TokenErrorKind, User, UserKind,
};
use video_testkit::{Coordinator, Entry, Fault};

use crate::support::{KEY, SECOND, SECRET, World, until, until_connected};

const GUEST: &str = "/video/guest";

fn builder(world: &World) -> StreamVideoBuilder {
    let user = User::guest("sam")
        .name("Sam")
        .image("https://img.example.test/sam.png")
        .custom("k", 1);
    StreamVideo::builder(KEY, user).options(world.options())
}

fn guest(world: &World) -> StreamVideo {
    builder(world).build().unwrap()
}

/// What was asked for guests, with the proof that came along.
fn creations(world: &World) -> Vec<(serde_json::Value, bool, Option<String>)> {
    let entries = world.coordinator.journal().entries();
    let calls = entries.iter().filter_map(|record| record.entry.as_rest());
    calls
        .filter(|call| call.path == GUEST)
        .map(|call| {
            let body = call.body.clone().unwrap();
            (body, call.has_authorization, call.auth_type.clone())
        })
        .collect()
}

fn expired() -> impl Fn(&ConnectionState) -> bool {
    |state| {
        matches!(
            state,
            ConnectionState::Disconnected { reason: DisconnectReason::Failed(error) }
                if matches!(
                    error.kind(),
                    ConnectErrorKind::TokenRejected { refresh: Some(TokenErrorKind::GuestExpired), .. }
                )
        )
    }
}

/// Promise: CK045, U14
#[tokio::test(start_paused = true)]
async fn a_guest_is_asked_for_without_proof_and_with_all_that_is_known_of_them() {
    let world = World::new();
    let client = guest(&world);
    client.connect().await.unwrap();
    let body = serde_json::json!({"user": {
        "id": "sam",
        "name": "Sam",
        "image": "https://img.example.test/sam.png",
        "custom": {"k": 1},
    }});
    let anonymous = Some("anonymous".to_owned());
    assert_eq!(creations(&world), [(body, false, anonymous)]);
    let user = client.current_user();
    assert_eq!((user.kind(), user.role_name()), (UserKind::Guest, "guest"));
    assert_eq!(user.display_name(), "Sam");
    assert_eq!(user.image_url(), Some("https://img.example.test/sam.png"));
    assert_eq!(user.custom_data()["k"], 1);
}

/// Promise: CK046, U12
#[tokio::test(start_paused = true)]
async fn the_service_says_who_a_guest_is_before_the_socket_authenticates() {
    let world = World::new();
    let client = guest(&world);
    assert_eq!(client.current_user().id(), "sam");
    let token = client.connect().await.unwrap();
    let id = world.coordinator.guests().remove(0);
    assert!(id.starts_with("guest-") && id.ends_with("-sam"), "{id}");
    assert_eq!(id, client.current_user().id());
    assert_eq!(*token.user_id(), id);
    assert_eq!(client.own_user().borrow().as_ref().unwrap().id, id);
    let journal = world.coordinator.journal();
    let greeted = journal.count(|entry| {
        matches!(entry, Entry::Authenticated { user, user_details, .. }
            if *user == id && user_details["id"] == *id && user_details["name"] == "Sam")
    });
    assert_eq!(greeted, 1);
    let call = client.call("default", "standup");
    let created = call.get_or_create().await.unwrap();
    assert_eq!(created.call.created_by.unwrap().id, id);
}

/// Promise: CK047, BD31
#[tokio::test(start_paused = true)]
async fn whoever_observes_the_user_sees_the_guest_become_who_they_are() {
    let world = World::new();
    let client = guest(&world);
    let mut user = client.user();
    assert_eq!(user.borrow_and_update().id(), "sam");
    client.connect().await.unwrap();
    assert!(user.has_changed().unwrap());
    let now = Arc::clone(&user.borrow_and_update());
    assert_eq!(world.coordinator.guests()[0], now.id());
    assert_eq!((now.display_name(), now.custom_data().len()), ("Sam", 1));
    client.disconnect().await;
    client.connect().await.unwrap();
    assert!(!user.has_changed().unwrap());
}

/// Promise: U13
#[tokio::test(start_paused = true)]
async fn a_guest_whose_connect_is_tried_again_is_created_once() {
    let world = World::new();
    world.coordinator.faults().upgrade(Fault::Drop).times(2);
    world.coordinator.faults().greeting(Fault::Drop);
    let client = guest(&world);
    client.connect().await.unwrap();
    assert_eq!(world.sockets(), 4);
    let id = client.current_user().id().to_owned();
    world
        .coordinator
        .drop_connections(client.current_user().id());
    until(&client, |state| !state.is_connected()).await;
    until_connected(&client).await;
    client.disconnect().await;
    client.connect().await.unwrap();
    assert_eq!(world.guest(), *id);
    assert_eq!(creations(&world).len(), 1);
}

/// Promise: U11
#[tokio::test(start_paused = true)]
async fn requests_made_early_wait_for_the_guest_and_cause_one() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::Delay(2 * SECOND));
    let client = guest(&world);
    let mut early = JoinSet::new();
    for n in 0..20 {
        let call = client.call("default", n.to_string());
        early.spawn(call.get_or_create().watch(false).into_future());
    }
    client.connect().await.unwrap();
    let guests = world.coordinator.guests();
    assert_eq!(guests.len(), 1);
    for created in early.join_all().await {
        assert_eq!(created.unwrap().call.created_by.unwrap().id, guests[0]);
    }
}

/// Promise: U15
#[tokio::test(start_paused = true)]
async fn a_guest_who_could_not_be_created_is_tried_again() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::ApiError(17));
    let client = guest(&world);
    let error = client.connect().await.unwrap_err();
    let kind = error.connect_error().unwrap().kind().clone();
    assert_eq!(kind, ConnectErrorKind::Token(TokenErrorKind::GuestRefused));
    assert_eq!(error.api().unwrap().code, Some(ApiCode::NOT_ALLOWED));
    client.connect().await.unwrap();
    assert_eq!(world.coordinator.guests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_created_once_the_service_can_be_reached() {
    let world = World::new();
    world.coordinator.faults().dial(Fault::Refuse).times(4);
    let client = guest(&world);
    client.connect().await.unwrap();
    assert_eq!(world.coordinator.guests().len(), 1);
}

/// Promise: BD29, CK043
#[tokio::test(start_paused = true)]
async fn a_guest_who_is_refused_with_401_does_not_wait_for_themself() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::ApiError(40)).times(2);
    let client = guest(&world);
    let call = client.call("default", "standup");
    let error = call.get().watch(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Permanent);
    assert!(world.coordinator.guests().is_empty());
}

/// Promise: CK048, U16
#[tokio::test(start_paused = true)]
async fn a_guest_whose_token_ends_stays_who_they_are_and_is_told() {
    let world = World::new();
    let client = guest(&world);
    client.connect().await.unwrap();
    let user = client.current_user();
    world.coordinator.expire_tokens(user.id());
    let call = client.call("default", "standup");
    let error = call.get_or_create().watch(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let words = std::error::Error::source(&error).unwrap().to_string();
    assert!(words.contains("only a new guest"), "{words}");
    world.coordinator.drop_connections(user.id());
    until(&client, expired()).await;
    sleep(60 * SECOND).await;
    assert_eq!(client.current_user(), user);
    assert_eq!(world.coordinator.guests().len(), 1);
    assert_eq!(creations(&world).len(), 1);
}

/// Promise: BD32
#[tokio::test(start_paused = true)]
async fn a_guest_becomes_another_when_told_to_and_not_before() {
    let world = World::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let client = builder(&world)
        .on_token_updated({
            let heard = Arc::clone(&heard);
            move |token| {
                heard.lock().unwrap().push(token.user_id().to_string());
                async {}
            }
        })
        .build()
        .unwrap();
    client.connect().await.unwrap();
    let before = client.current_user();
    let after = client.become_new_guest().await.unwrap();
    assert_ne!(before.id(), after.id());
    assert_eq!(client.current_user(), after);
    assert!(!client.state().borrow().is_connected());
    client.connect().await.unwrap();
    let connections = world.coordinator.connections();
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0].user_id, after.id());
    assert_eq!(*heard.lock().unwrap(), [before.id(), after.id()]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_guest_who_is_given_up_is_made_by_the_next_one() {
    let world = World::new();
    let faults = world.coordinator.faults();
    faults.rest("POST", GUEST, Fault::Delay(3 * SECOND));
    let client = guest(&world);
    let call = client.call("default", "standup");
    let early = tokio::spawn(call.get_or_create().watch(false).into_future());
    sleep(SECOND).await;
    let user = client.become_new_guest().await.unwrap();
    let created = early.await.unwrap().unwrap();
    assert_eq!(created.call.created_by.unwrap().id, *user.id());
}

/// Between threads there is no lucky order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_connected_is_the_user_and_is_known_at_once() {
    for _ in 0..50 {
        let world = World::new();
        let client = guest(&world);
        client.connect().await.unwrap();
        assert!(client.own_user().borrow().is_some());
        let changing = tokio::spawn({
            let client = client.clone();
            async move { client.become_new_guest().await }
        });
        let mut state = client.state();
        state.wait_for(|state| !state.is_connected()).await.unwrap();
        // Whether it comes before, amid or after the change.
        drop(client.connect().await);
        changing.await.unwrap().unwrap();
        client.connect().await.unwrap();
        // The coordinator may be a moment behind in noticing what the client has closed.
        let former_is_gone = async {
            while world.coordinator.connections().len() > 1 {
                sleep(SECOND / 1000).await;
            }
        };
        timeout(10 * SECOND, former_is_gone).await.unwrap();
        let connections = world.coordinator.connections();
        assert_eq!(connections.len(), 1);
        assert_eq!(connections[0].user_id, client.current_user().id());
        client.shutdown().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_whose_service_is_down_is_a_matter_of_the_network() {
    let world = World::new();
    world.coordinator.faults().dial(Fault::Refuse).forever();
    let client = guest(&world);
    let call = client.call("default", "standup");
    for error in [
        call.get().watch(false).await.unwrap_err(),
        client.token().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(error.is_retryable());
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_guest_becomes_another() {
    let world = World::new();
    let error = world.client("john").become_new_guest().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn a_guest_who_connects_by_themself_is_created_then() {
    let world = World::new();
    let options = world.options().auto_connect(true);
    let client = builder(&world).options(options).build().unwrap();
    until_connected(&client).await;
    assert_eq!(world.guest(), client.current_user().id());
}

#[tokio::test(start_paused = true)]
async fn a_guest_whose_token_ends_before_the_socket_opens_is_told_too() {
    let coordinator = Coordinator::builder(KEY, SECRET)
        .guest_token_lifetime(SECOND)
        .build();
    let world = World::of(coordinator);
    let client = guest(&world);
    client.token().await.unwrap();
    sleep(2 * SECOND).await;
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(expired()(&client.state().borrow()));
}
